"""Suggest which records without a partner may be the same, for a person to decide; nothing is ever linked by this.

Names are compared as `toolkit.matching.names` brings them to one form. Candidates come from three searches (words,
grams, domains), their names get an exact score of 0 to 1, and what else is known of both moves it: an equal domain or
city lifts it, another country lowers it. What a person has decided about is not suggested again.

How often a suggestion of which score is right was measured: benchmarks/README.md, "Suggestions".
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY, SIDES, SUGGESTIONS, conform
from toolkit.matching.suggest_candidates import Search, candidates
from toolkit.matching.suggest_features import Features, Longs, grams, labels, words
from toolkit.matching.suggest_scores import name_scores
from toolkit.matching.suggest_traits import traits
from toolkit.matching.suggest_words import evidence

Truth: TypeAlias = npt.NDArray[np.bool_]
Scores: TypeAlias = npt.NDArray[np.float64]

TOP = 5
"""So many candidates are kept of each record here."""
LEAST = 0.65
"""Below this score a suggestion is hardly ever right; see the measured precision in benchmarks/README.md."""

WORDS, GRAMS, LABELS = (100 * 100, 15), (400 * 400, 9), (10 * 10, 5)
"""Of each search: names here times names there that may share a feature, and the candidates it gives for a name."""

_SAME_DOMAIN = {"account": 0.4, "other": 0.85}
_SAME_LABEL = {"account": 0.6, "other": 0.95}
_SAME_CITY, _OTHER_DOMAIN, _OTHER_CITY, _OTHER_COUNTRY = 0.85, 0.96, 0.98, 0.92
"""What is left of the doubt (1 - score) where something agrees, and of the score where it does not. Colleagues share a
domain, so that it says less of a person than of a company."""


def suggest(
    here: pl.DataFrame,
    there: pl.DataFrame,
    mapping: ObjectMapping,
    *,
    decided: pl.DataFrame | None = None,
    object_name: str = "account",
    top: int = TOP,
    least: float = LEAST,
) -> pl.DataFrame:
    """Return the best partners in `there` of each record of `here`, both without a partner so far (SUGGESTIONS).

    `decided` (PAIR_DECISIONS) names the pairs that a person decided about. At most `top` a record, none with a score
    below `least`; `runner_up` is the score of the next one, kept or not. The order of the rows changes nothing.
    """
    if here.is_empty() or there.is_empty():
        return SUGGESTIONS.empty()
    sides = (traits(here, mapping, "here"), traits(there, mapping, "there"))
    found = _scored(sides, "account" if mapping.acts_as == "account" else "other")
    if decided is not None:
        known = decided.filter(pl.col("object") == object_name)
        found = found.join(_places(known, sides), on=["here", "there"], how="anti")
    ranked = (
        found.sort("here", "score", "there", descending=[False, True, False])
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("here"),
            runner_up=pl.col("score").shift(-1).over("here"),
        )
        .filter((pl.col("rank") <= top) & (pl.col("score") >= least))
    )
    columns = [
        side[ranked[name]].select(pl.all().name.prefix(f"{name}_")) for name, side in zip(SIDES, sides, strict=True)
    ]
    beside = pl.concat([*columns, ranked.drop(SIDES)], how="horizontal")
    told = beside.with_columns(evidence(beside), object=pl.lit(object_name))
    return conform(told.with_columns(here_name="here_shown", there_name="there_shown"), SUGGESTIONS)


def _scored(sides: tuple[pl.DataFrame, pl.DataFrame], kind: str) -> pl.DataFrame:
    """Return the candidates as positions `here` and `there`, with `alike` (of the names) and `score`."""
    names = (sides[0]["name"], sides[1]["name"])
    of_grams: tuple[Features, Features] = (grams(names[0]), grams(names[1]))
    searches = [
        Search(words(names[0]), words(names[1]), *WORDS),
        Search(*of_grams, *GRAMS),
        Search(labels(sides[0]["domain"]), labels(sides[1]["domain"]), *LABELS),
    ]
    pairs = candidates(searches)
    alike = name_scores(sides, of_grams, pairs).astype(np.float64).round(4)
    places = dict(zip(SIDES, (each.astype(np.uint32) for each in pairs), strict=True))
    score = _score(alike, _agreements(sides, pairs), kind).round(4)
    return pl.DataFrame({**places, "alike": alike, "score": score})


def _agreements(sides: tuple[pl.DataFrame, pl.DataFrame], pairs: tuple[Longs, Longs]) -> dict[str, tuple[Truth, Truth]]:
    """Return for each trait of which pairs it is the same, and of which it is another; neither where one is unknown."""
    found = {}
    for trait in ("domain", "label", "city", "country"):
        both = pl.concat([side[trait] for side in sides]).to_frame("value")
        distinct = both.unique().drop_nulls().sort("value").with_row_index("code")
        codes = both.join(distinct, on="value", how="left", maintain_order="left")["code"].cast(pl.Int32)
        known = codes.fill_null(-1).to_numpy()
        here, there = known[pairs[0]], known[sides[0].height :][pairs[1]]
        given = (here >= 0) & (there >= 0)
        found[trait] = (given & (here == there), given & (here != there))
    return found


def _score(alike: Scores, agreements: dict[str, tuple[Truth, Truth]], kind: str) -> Scores:
    doubt, trust = np.ones(len(alike)), np.ones(len(alike))
    doubt[agreements["label"][0]] *= _SAME_LABEL[kind]
    doubt[agreements["domain"][0]] *= _SAME_DOMAIN[kind] / _SAME_LABEL[kind]
    doubt[agreements["city"][0]] *= _SAME_CITY
    for trait, left in (("label", _OTHER_DOMAIN), ("city", _OTHER_CITY), ("country", _OTHER_COUNTRY)):
        trust[agreements[trait][1]] *= left
    score: Scores = (1 - (1 - alike) * doubt) * trust
    return score


def _places(pairs: pl.DataFrame, sides: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    """Return pairs of ids (here_id, there_id) as positions, those of which both records are here."""
    for name, side in zip(SIDES, sides, strict=True):
        known = side.select(pl.col(RECORD_KEY).alias(f"{name}_id")).with_row_index(name)
        pairs = pairs.join(known, on=f"{name}_id", how="inner")
    return pairs.select(SIDES)
