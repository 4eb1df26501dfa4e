"""Suggestions for records without a partner: what is found, how it is told, and how good it is on made-up companies."""

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.match_rules import MatchRule
from toolkit.config.objects import ObjectMapping
from toolkit.frames import PAIR_DECISIONS, SUGGESTIONS
from toolkit.matching.match import match
from toolkit.matching.suggest import LEAST, TOP, suggest
from toolkit.matching.suggest_features import acronyms, plain

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
MAPPING = ObjectMapping.model_validate({"sobject": "Account"}).named("account")
RENAMED = {"name": "Name", "domain": "Website", "city": "BillingCity", "country": "BillingCountry"}
SIZE = 1_000


def company_lists(size: int, seed: int):
    """The benchmark's own lists; benchmarks are no package."""
    path = Path(__file__).parents[2] / "benchmarks" / "company_names.py"
    spec = importlib.util.spec_from_file_location("company_names", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["company_names"] = module
    spec.loader.exec_module(module)
    return module.company_lists(size, seed)


@pytest.fixture(scope="module")
def lists():
    return company_lists(SIZE, seed=5)


def accounts(*names: str | None, **columns: list) -> pl.DataFrame:
    ids = [f"P-{n}" for n in range(len(names))]
    return pl.DataFrame(
        {"id": ids, "name": list(names), **columns}, schema_overrides={"id": pl.String, "name": pl.String}
    )


def there(*names: str | None, **columns: list) -> pl.DataFrame:
    return accounts(*names, **columns).rename({"name": "Name"}).with_columns(pl.col("id").str.replace("P-", "S-"))


def best(here: pl.DataFrame, others: pl.DataFrame, **options) -> dict[str, str]:
    found = suggest(here, others, MAPPING, **{"least": 0.0, **options}).filter(pl.col("rank") == 1)
    return dict(found.select("here_id", "there_id").iter_rows())


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("Velorix Technologies GmbH", "Velorxi Technologies AG"),
        ("Baker & Sons Logistics", "LOGISTICS BAKER AND SONS LTD."),
        ("Müller Maschinenbau", "Mueller Masch.bau GmbH"),
        ("Łódź Marine Supply", "Lodz Marine"),
        ("North Park Foods", "NorthPark Foods Inc."),
        ("Divia Engineering", "Dvia Engineering Holding"),
        ("Nordstrom Packaging", "Нордстром Пацкагинг"),
    ],
)
def test_BEY_11_a_company_is_found_however_it_is_written(written, other):
    names = ["Divia Software", "Velora Energy", "Baker Foods", "Blue Lake Capital", "North Sea Marine", "Park Hotel"]
    assert best(accounts(written), there(*names, other)) == {"P-0": f"S-{len(names)}"}


def test_BEY_11_recall_and_precision_hold_on_a_perturbed_set(lists):
    here, others = lists.here.select("id", "name"), lists.there.select("id", "name").rename({"name": "Name"})
    found = suggest(here, others, MAPPING, least=0.0)
    hit = lists.pairs.join(found, on=["here_id", "there_id"], how="left")
    assert hit["rank"].is_not_null().mean() >= 0.97
    assert (hit["rank"] == 1).mean() >= 0.92
    told = suggest(lists.here, lists.there.rename(RENAMED), MAPPING)
    hit = lists.pairs.join(told, on=["here_id", "there_id"], how="left")
    assert hit["rank"].is_not_null().mean() >= 0.97
    sure = told.filter((pl.col("rank") == 1) & (pl.col("score") >= 0.95))
    assert sure.join(lists.pairs, on=["here_id", "there_id"]).height >= 0.98 * sure.height > 0


def test_BEY_11_what_is_linked_without_review_is_right(lists):
    rules = (
        "domain(domain) = domain(Website) and name(name) = name(Name)",
        "name(name) = name(Name) and city = BillingCity",
    )
    mapping = MAPPING.model_copy(update={"match": tuple(MatchRule.model_validate(rule) for rule in rules)})
    links = match(lists.here, lists.there.rename(RENAMED), mapping, None, NOW).links
    right = links.join(lists.pairs, on=["here_id", "there_id"]).height
    assert links.height > SIZE * 0.1
    assert right / links.height >= 0.999


def test_the_order_of_the_rows_changes_nothing(lists):
    here, others = lists.here.head(300), lists.there.rename(RENAMED).head(600)
    found = suggest(here, others, MAPPING)
    assert found.equals(suggest(here.reverse(), others.sample(fraction=1, shuffle=True, seed=3), MAPPING))
    assert found.schema == SUGGESTIONS.schema
    assert found["rank"].max() <= TOP
    assert found["score"].min() >= LEAST


def test_BEY_11_evidence_and_the_runner_up_are_told():
    here = accounts("Acme Steel GmbH", website=["acme.de"], city=["Köln"], country=["Germany"])
    others = there(
        "ACME Steel AG", "Acme Steel Holding",
        Website=["https://www.acme.de/home", "acme-steel.fr"], BillingCity=["Koln", "Lyon"],
        BillingCountry=["Germany", "France"],
    )  # fmt: skip
    first, second = suggest(here, others, MAPPING, least=0.0).sort("rank").rows(named=True)
    told = (
        "the same name but for legal form, case and accents; same domain acme.de; same city Koln; same country Germany"
    )
    assert (first["evidence"], first["runner_up"]) == (told, second["score"])
    assert 'Salesforce also says "holding"' in second["evidence"]
    assert "another domain: acme.de and acme-steel.fr" in second["evidence"]
    assert "another country: Germany and France" in second["evidence"]
    assert (second["runner_up"], first["here_name"], first["there_name"]) == (None, "Acme Steel GmbH", "ACME Steel AG")


def test_a_domain_finds_what_the_name_does_not_and_a_country_code_is_no_other_country():
    here = accounts("Contoso", website=["contoso.com"], country=["DE"])
    others = there("Fabrikam Retail", Website=["contoso.com"], BillingCountry=["Germany"])
    (row,) = suggest(here, others, MAPPING, least=0.0).rows(named=True)
    assert "same domain contoso.com" in row["evidence"]
    assert "country" not in row["evidence"]
    free = suggest(
        accounts("Contoso", website=["gmail.com"]), there("Fabrikam", Website=["gmail.com"]), MAPPING, least=0
    )
    assert free.is_empty() or "domain" not in free["evidence"][0]


def test_a_company_is_found_by_its_initials():
    (row,) = suggest(accounts("Blue River Capital Partners"), there("BRCP"), MAPPING, least=0.0).rows(named=True)
    assert (row["score"], row["evidence"]) == (0.6, "one name is the initials of the other")


def test_BEY_11_a_decided_pair_is_not_suggested_again():
    here, others = accounts("Acme Steel"), there("Acme Steel AG", "Acme Steele")
    said = {"object": "account", "here_id": "P-0", "there_id": "S-0", "verdict": "different", "decided_by": "ada"}
    decided = pl.DataFrame([said | {"decided_at": NOW, "evidence": "", "note": ""}], schema=dict(PAIR_DECISIONS.schema))
    assert best(here, others) == {"P-0": "S-0"}
    assert best(here, others, decided=decided) == {"P-0": "S-1"}
    assert best(here, others, decided=decided, object_name="contact") == {"P-0": "S-0"}


def test_awkward_names_are_no_fault():
    names = [None, "", "  ", "GmbH", "日本電気", "🙂", "A", "\x00\x01", "a" * 5_000, "<script>", "Αθήνα Foods", "Асme"]
    found = suggest(accounts(*names), there(*reversed(names)), MAPPING, least=0.0)
    same = found.filter(pl.col("here_name") == "a" * 5_000)
    assert same["there_name"][0] == "a" * 5_000
    assert found.filter(pl.col("here_id") == "P-0").is_empty()
    assert suggest(accounts(), there("Acme"), MAPPING).is_empty()
    assert suggest(accounts("Acme"), there(), MAPPING).is_empty()
    assert suggest(accounts(None, None), there(None), MAPPING).is_empty()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=12), st.lists(st.text(max_size=20), min_size=1, max_size=12))
def test_any_text_gives_sound_suggestions(ours, theirs):
    found = suggest(accounts(*ours), there(*theirs), MAPPING, least=0.0)
    assert found["score"].is_between(0, 1).all()
    assert found.group_by("here_id").agg(pl.col("rank").sort() == pl.int_range(1, pl.len() + 1))["rank"].explode().all()


def test_names_are_reduced_to_letters_digits_and_their_initials():
    assert plain(pl.Series(["blue  river", None, "a·b c"])).to_list() == ["blue river", "", "ab c"]
    assert acronyms(pl.Series(["blue river capital", "acme", ""])).to_list() == ["brc", None, None]
