"""The wide frame of records *here*: a file's rows, what Salesforce brought, and for accounts the metrics and the score.

A value here has several authors: the customer's file, a person who edits it, and, for fields mapped ``input`` or
``two_way``, Salesforce. Loading an unchanged file again must not undo what the others did, and an edit of the file must
not be lost. So a load is a three-way comparison per value: where the file says the same as when it was last loaded,
what stands here stays; where the file itself changed, the file wins. Records that no file ever had were made here, by
an import or by a person, and stay.
"""

import polars as pl

from toolkit.config.models import HEALTH_FIELDS
from toolkit.config.objects import ObjectMapping
from toolkit.frames import KEPT, RECORD_KEY
from toolkit.values import text_to_column, to_text

_EVERY_DECIMAL = 15
_SCORE_COLUMNS = dict(zip(HEALTH_FIELDS, ("shown", "band", "coverage", "as_of"), strict=True))


def here_records(
    source_new: pl.DataFrame | None,
    source_old: pl.DataFrame | None,
    here_old: pl.DataFrame | None,
    metrics: pl.DataFrame | None,
    scores: pl.DataFrame | None,
    mapping: ObjectMapping,
) -> pl.DataFrame:
    """Return the records here, sorted by `id`: a row for each row of `source_new`, and those that no file ever had.

    `source_new` and `source_old` are the rows of the object's source now and when it was last loaded (None without
    one), `here_old` what this function and the syncs since made of the latter, `metrics` as from `measure`, `scores` as
    `frames.SCORES`.

    Columns: those of the source; those that the toolkit keeps (`KEPT`) or only pulls fill (text until a pull has filled
    them); without a source, those of the match rules; the metrics, always as measured now; and `health_score`,
    `health_band`, `health_coverage`, `health_as_of`, as shown. Where a metric has the name of a column of the source,
    the source's column stands. A record that left the source leaves here.
    """
    files = _NO_ROWS if source_new is None else _merged(source_new, source_old, here_old)
    measured = set(metrics.columns if metrics is not None else ())
    here = _with_kept(files, source_old, here_old, mapping, measured | set(HEALTH_FIELDS))
    if metrics is not None:
        new = [name for name in metrics.columns if name not in here.columns]
        here = here.join(metrics.select(RECORD_KEY, *new), on=RECORD_KEY, how="left")
    return with_scores(here, scores)


def with_scores(here: pl.DataFrame, scores: pl.DataFrame | None) -> pl.DataFrame:
    """Return the records here, sorted by `id`, with the health columns that `scores` (`frames.SCORES`) give them."""
    if scores is None:
        return here.sort(RECORD_KEY)
    shown = scores.select(RECORD_KEY, **{name: pl.col(column) for name, column in _SCORE_COLUMNS.items()})
    return here.drop(_SCORE_COLUMNS, strict=False).join(shown, on=RECORD_KEY, how="left").sort(RECORD_KEY)


def made_here(source: pl.DataFrame | None, here: pl.DataFrame | None) -> pl.DataFrame:
    """Return the records here that were never in their file: an import or a person made them."""
    if here is None:
        return _NO_ROWS
    return here if source is None else here.join(source, on=RECORD_KEY, how="anti")


def still_agreed(
    base: pl.DataFrame,
    here: pl.DataFrame,
    here_old: pl.DataFrame,
    source_new: pl.DataFrame | None,
    source_old: pl.DataFrame | None,
) -> pl.DataFrame:
    """Return what both sides agreed on last (`toolkit.writeback.merge.new_base`), without what a load has undone.

    A column that is not here any more, as its field left the mapping, or was not here before, is no emptied one:
    nothing is agreed on in it. A record that the file knows now and did not before brings values that nobody has
    compared with those of Salesforce (BEY-2).
    """
    known = {*here.columns} & {*here_old.columns}
    stays = base.drop(name for name in base.columns if (column := _column_of(name)) and column not in known)
    if source_new is None:
        return stays
    come = source_new if source_old is None else source_new.join(source_old, on=RECORD_KEY, how="anti")
    return stays.join(come, left_on="here_id", right_on=RECORD_KEY, how="anti", maintain_order="left")


def _column_of(pair: str) -> str:
    """Return the column here of a pair of fields, ``stage = CS_Stage__c``; nothing for the ids."""
    column, equals, _ = pair.partition(" = ")
    return column if equals else ""


_NO_ROWS = pl.DataFrame(schema={RECORD_KEY: pl.String})


def _merged(new: pl.DataFrame, old: pl.DataFrame | None, here: pl.DataFrame | None) -> pl.DataFrame:
    """Return the source's columns: what stands here where the file did not change, the file's value where it did."""
    if old is None or here is None:
        return new
    columns = [name for name in new.columns if name != RECORD_KEY and name in here.columns]
    beside = new.join(_prefixed(old, columns, "old "), on=RECORD_KEY, how="left").join(
        _prefixed(here, columns, "here "), on=RECORD_KEY, how="left"
    )
    known = pl.col(RECORD_KEY).is_in(here[RECORD_KEY].implode())
    merged = []
    for name in columns:
        unchanged = beside.select(known & _same(name, f"old {name}", beside.schema)).to_series()
        stands = _fitted(beside[f"here {name}"].set(~unchanged, None), beside[name].dtype)
        merged.append(pl.when(unchanged).then(stands).otherwise(beside[name].cast(stands.dtype)).alias(name))
    return beside.with_columns(merged).select(new.columns)


def _fitted(stands: pl.Series, given: pl.DataType) -> pl.Series:
    """Return what stands here in the file's type if every value is the same in it, else as wider numbers or as text."""
    if stands.null_count() == stands.len():
        return pl.Series(stands.name, [None] * stands.len(), given)
    kind = _kind(given)
    if given != pl.String and (stands.dtype == pl.String or _kind(stands.dtype) == kind):
        typed = stands if stands.dtype != pl.String else pl.select(text_to_column(pl.lit(stands), kind)).to_series()
        for dtype in (given, pl.Float64()) if given.is_numeric() else (given,):
            fitted = typed.cast(dtype, strict=False)
            if _text(fitted, kind).equals(_text(stands, kind)):
                return fitted
    return _text(stands, kind) if stands.dtype.is_nested() else stands.cast(pl.String)


def _text(values: pl.Series, kind: str) -> pl.Series:
    return pl.select(to_text(pl.lit(values), values.dtype, kind, _EVERY_DECIMAL)).to_series()


def _prefixed(frame: pl.DataFrame, columns: list[str], prefix: str) -> pl.DataFrame:
    """Return the columns under new names; one that the frame lacks was never given, so it is null throughout."""
    return frame.select(
        RECORD_KEY,
        *((pl.col(name) if name in frame.columns else pl.lit(None)).alias(f"{prefix}{name}") for name in columns),
    )


def _same(new: str, old: str, types: pl.Schema) -> pl.Expr:
    """Return whether two columns agree, nulls included.

    A file's column may have changed its type between loads: one "n/a" makes text of a column of numbers, and the cells
    beside it still say what they said. Both are then compared in the form of the type that is not text.
    """
    if types[new] == types[old]:
        return pl.col(new).eq_missing(pl.col(old))
    kind = _kind(types[old] if types[new] == pl.String else types[new])
    one, other = (to_text(pl.col(name), types[name], kind, _EVERY_DECIMAL) for name in (new, old))
    return one.eq_missing(other)


_KINDS = {
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "datetime",
    pl.Time: "time",
    pl.List: "multipicklist",
}
"""What is no number, by the Salesforce type whose text tells its values apart; everything else is text."""


def _kind(dtype: pl.DataType) -> str:
    """Return the Salesforce type whose canonical text tells values of a type apart."""
    if dtype.is_numeric():
        return "double"
    return _KINDS.get(dtype.base_type(), "string")


def _with_kept(
    files: pl.DataFrame,
    source_old: pl.DataFrame | None,
    here_old: pl.DataFrame | None,
    mapping: ObjectMapping,
    computed: set[str],
) -> pl.DataFrame:
    """Return the file's records with the columns that come from no file, and below them the records that do not."""
    pulled = dict.fromkeys(field.here for field in mapping.fields if field.writes_here)
    given = set() if source_old is None else set(source_old.columns)
    sent = [field.here for field in mapping.fields if not field.writes_here and field.here not in given]
    if files.columns == [RECORD_KEY]:  # there is no file: an import fills what the rules compare as well
        pulled |= dict.fromkeys(here for rule in mapping.match for here, _ in rule.carried if here != RECORD_KEY)
    here = here_old if here_old is not None else _NO_ROWS
    kept = [
        name for name in (*pulled, *sent, *KEPT) if name in here.columns and name not in {*files.columns, *computed}
    ]
    kept = list(dict.fromkeys(kept))
    joined = files.join(here.select(RECORD_KEY, *kept), on=RECORD_KEY, how="left") if kept else files
    made = made_here(source_old, here_old).join(files, on=RECORD_KEY, how="anti")
    if made.height:
        columns = [name for name in joined.columns if name in made.columns]
        joined = pl.concat([joined, made.select(columns)], how="diagonal_relaxed")
    said = [field.here for field in mapping.fields if field.editable]  # by people alone, as a pulse is
    unknown = [name for name in dict.fromkeys([*pulled, *said]) if name not in {*joined.columns, *computed}]
    return joined.with_columns(pl.lit(None, pl.String).alias(name) for name in unknown)
