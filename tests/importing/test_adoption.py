"""Adoption: what only Salesforce has becomes a record here, once, whole, and never in place of another."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS, MISMATCHES
from toolkit.importing.adoption import FATE_ORDER, adopt
from toolkit.importing.exclusions import excluded
from toolkit.importing.records import blank_here, import_object
from toolkit.matching.match import match

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 5, 8, tzinfo=UTC)
FIELDS = [
    {"here": "name", "there": "Name", "direction": "input"},
    {"here": "stage", "there": "CS_Stage__c", "direction": "two_way"},
    {"here": "health_score", "there": "CS_Health_Score__c", "direction": "output"},
]


def mapping(object_name="account", **settings):
    given = {"match": ["external_id = Product_Id__c"], "id": "Product_Id__c", "create": True, "fields": FIELDS}
    return ObjectMapping.model_validate(given | settings).named(object_name)


def there(*rows):
    columns = ("id", "Name", "Product_Id__c", "CS_Stage__c")
    return pl.DataFrame(
        [dict(zip(columns, row, strict=False)) for row in rows], schema=dict.fromkeys(columns, pl.String)
    )


def here(*rows):
    columns = ("id", "external_id", "name", "stage")
    return pl.DataFrame(
        [dict(zip(columns, row, strict=False)) for row in rows], schema=dict.fromkeys(columns, pl.String)
    )


def imported(rows_there, rows_here=None, links=None, *, using=None, now=NOW, **more):
    """Match and import, as the workspace does it."""
    using = mapping() if using is None else using
    standing = blank_here(using) if rows_here is None else rows_here
    matched = match(standing, excluded(rows_there, using).kept, using, links, now, object_name=using.object)
    others = LINKS.empty() if links is None else links.filter(pl.col("object") != using.object)
    return import_object(
        using, rows_there, rows_here, pl.concat([matched.links, others]), now, mismatches=matched.mismatches, **more
    )


def again(done, rows_there, **more):
    return imported(rows_there, done.here, done.links, **more)


def fates(done):
    return dict(done.fates.select("id", "fate").iter_rows())


def why(done, record_id):
    return done.fates.row(by_predicate=pl.col("id") == record_id, named=True)["reason"]


ACME = ("001A", "Acme", "P-1", "Growth")
BOLT = ("001B", "Bolt", "P-2", "Adoption")


def test_VIT_10_a_record_that_only_salesforce_has_becomes_one_here():
    done = imported(there(ACME, BOLT), here(("h1", "P-1", "Acme", "Growth")))
    assert fates(done) == {"001A": "updated", "001B": "created"}
    assert done.here.select("id", "external_id", "name", "stage", "origin", "there_id").rows() == [
        ("P-2", "P-2", "Bolt", "Adoption", "salesforce", "001B"),
        ("h1", "P-1", "Acme", "Growth", None, "001A"),
    ]
    assert done.links.select("here_id", "there_id", "rule", "decided_by").rows() == [
        ("P-2", "001B", "import", "import"),
        ("h1", "001A", "external_id = Product_Id__c", "rule"),
    ]
    assert done.mismatches.is_empty()


def test_VIT_10_CC_7_without_create_only_matched_records_are_updated():
    done = imported(there(ACME, BOLT), here(("h1", "P-1", "Acme", "Growth")), using=mapping(create=False))
    assert done.here["id"].to_list() == ["h1"]
    assert done.fates.filter(fate="held").select("id", "rule").rows() == [("001B", "create (VIT-10)")]
    assert done.mismatches["id"].to_list() == ["001B"]


def test_CC_7_importing_automatically_is_turned_on_and_off_in_the_mapping():
    off = imported(there(ACME, BOLT), using=mapping(create=False))
    assert off.here.is_empty()
    on = again(off, there(ACME, BOLT))
    assert on.here["id"].to_list() == ["P-1", "P-2"]
    assert again(on, there(ACME, BOLT), using=mapping(create=False)).here.equals(on.here)  # what is here stays


@pytest.mark.parametrize(("mode", "adopted"), [("input", 2), ("two_way", 2), ("output", 0)])
def test_VIT_10_a_mode_that_lets_nothing_in_adopts_nothing(mode, adopted):
    done = imported(there(ACME, BOLT), using=mapping(mode=mode))
    assert done.here.height == adopted
    assert done.counts["created"] == adopted


def test_SKA_14_the_id_is_the_customers_own_where_there_is_one_else_the_record_id():
    done = imported(there(("001000000000001AAA", "Acme", " P-1 "), ("001000000000002AAA", "Bolt", " ")))
    assert done.here["id"].to_list() == ["001000000000002AAA", "P-1"]
    assert imported(there(ACME), using=mapping(id=None)).here["id"].to_list() == ["001A"]


def test_SKA_21_a_contact_has_the_common_id_or_the_one_of_the_crm():
    using = mapping("contact", sobject="Contact", id="Common_Id__c", fields=FIELDS[:1], match=[])
    rows = pl.DataFrame(
        {"id": ["003A", "003B"], "Name": ["Ada", "Bob"], "Common_Id__c": ["c-1", None], "AccountId": [None, None]}
    )
    assert imported(rows, using=using).here["id"].to_list() == ["003B", "c-1"]
    crm = imported(rows, using=using.model_copy(update={"id": None}).named("contact"))
    assert crm.here["id"].to_list() == ["003A", "003B"]


def test_SKA_14_record_ids_of_15_characters_are_the_same_records():
    short = there(("001D000000IqhSL", "Acme", None))
    done = imported(short)
    assert done.here["id"].to_list() == ["001D000000IqhSLIAZ"]
    assert done.here["there_id"].to_list() == ["001D000000IqhSLIAZ"]
    assert again(done, there(("001D000000IqhSLIAZ", "Acme", None))).counts["created"] == 0


def test_VIT_7_an_id_that_is_taken_here_stays_with_whoever_had_it_first():
    using = mapping(match=["domain = Domain__c"])
    rows = there(ACME).with_columns(Domain__c=pl.lit("acme.example"))
    standing = here(("p-1", None, "Somebody else", None)).with_columns(domain=pl.lit("else.example"))
    done = imported(rows, standing, using=using)
    assert fates(done) == {"001A": "skipped"}
    assert why(done, "001A") == ('Product_Id__c "P-1" is already the id of p-1 here; match on that field to link both')
    assert done.here["name"].to_list() == ["Somebody else"]
    assert done.skips.select("id", "rule").rows() == [("001A", "id (VIT-7)")]


def test_VIT_8_the_common_id_is_kept_in_the_field_that_is_matched_on():
    adopted = imported(there(ACME))
    assert adopted.here.select("id", "external_id").rows() == [("P-1", "P-1")]
    # the customer's file brings the same account later: it is the same record, not a second one
    later = adopted.here.with_columns(stage=pl.lit("Onboarding"))
    assert imported(there(ACME), later, adopted.links).here["id"].to_list() == ["P-1"]


def test_VIT_7_two_records_in_salesforce_with_one_id_are_both_left_out():
    done = imported(there(ACME, ("001X", "Acme again", "p-1"), BOLT), using=mapping(match=[]))
    assert fates(done) == {"001A": "skipped", "001B": "created", "001X": "skipped"}
    assert why(done, "001X") == 'Product_Id__c "p-1" is on several records in Salesforce, the first is 001A'


def test_what_matching_holds_is_not_adopted():
    done = imported(there(ACME, ("001X", "Acme again", "P-1"), BOLT), here(("h1", "P-1", "Acme", None)))
    assert fates(done) == {"001A": "held", "001B": "created", "001X": "held"}
    assert done.mismatches.select("side", "id").rows() == [("here", "h1"), ("there", "001A"), ("there", "001X")]


def test_a_record_that_was_not_matched_is_held_not_guessed():
    done = adopt(there(ACME), None, LINKS.empty(), mapping(), NOW, mismatches=MISMATCHES.empty())
    assert why(done, "001A") == "it was not matched yet"
    assert adopt(there(ACME), None, LINKS.empty(), mapping(), NOW, mismatches=None).counts["created"] == 1


def test_a_default_fills_what_salesforce_leaves_empty():
    fields = [*FIELDS[:1], FIELDS[1] | {"default": "Onboarding"}]
    done = imported(there(ACME, ("001B", "Bolt", "P-2", None)), using=mapping(fields=fields))
    assert done.here.select("id", "stage").rows() == [("P-1", "Growth"), ("P-2", "Onboarding")]


def test_columns_of_other_types_lose_nothing():
    rows = there(ACME, BOLT).with_columns(Seats__c=pl.Series([3.0, 2.5]), Since__c=pl.Series([date(2026, 1, 2), None]))
    fields = [
        {"here": "seats", "there": "Seats__c", "direction": "input"},
        {"here": "since", "there": "Since__c", "direction": "input"},
        {"here": "plan", "there": "CS_Stage__c", "direction": "input"},
    ]
    standing = here(("h1", "P-9", None, None)).with_columns(seats=pl.lit(7), since=pl.lit("2025-01-01"), plan=pl.lit(1))
    done = imported(rows, standing, using=mapping(fields=fields)).here.sort("id")
    assert done.select("seats", "since", "plan").rows() == [
        (3.0, "2026-01-02", "Growth"),
        (2.5, None, "Adoption"),
        (7.0, "2025-01-01", "1"),
    ]


def test_several_values_of_a_picklist_are_kept_beside_text_and_beside_nothing():
    rows = there(ACME, BOLT).with_columns(Areas__c=pl.Series([["B", "A"], None]))
    areas = mapping(fields=[*FIELDS, {"here": "areas", "there": "Areas__c", "direction": "input"}])
    first = imported(rows, using=areas)
    assert first.here["areas"].to_list() == [["B", "A"], None]
    assert again(first, rows, using=areas).here.equals(first.here)
    standing = here(("h1", "P-9", None, None)).with_columns(areas=pl.lit("C"))
    assert imported(rows, standing, using=areas).here["areas"].to_list() == ["A;B", None, "C"]


def test_text_that_html_or_a_spreadsheet_would_run_is_kept_as_it_is():
    names = ["<script>alert(1)</script>", '=HYPERLINK("http://x")', "+1", "名前 \N{PARTY POPPER}"]
    rows = there(*((f"001{place}", name, f"P-{place}") for place, name in enumerate(names)))
    assert imported(rows).here["name"].to_list() == names


@pytest.mark.parametrize("height", [0, 1])
def test_nothing_there_and_nothing_here_is_no_fault(height):
    done = imported(there(ACME).head(height), here().head(0))
    assert done.here.height == height
    assert imported(there(), None).here.is_empty()
    assert str(imported(there(), None)) == "nothing to import"


def test_CSU_1_the_first_import_brings_account_details_and_their_contacts():
    accounts = imported(there(ACME, BOLT))
    using = mapping("contact", sobject="Contact", id=None, match=[], fields=FIELDS[:1])
    rows = pl.DataFrame({"id": ["003A", "003B"], "Name": ["Ada", "Bob"], "AccountId": ["001A", "001B"]})
    contacts = imported(rows, links=accounts.links, using=using)
    assert contacts.here.select("id", "name", "account_id").rows() == [("003A", "Ada", "P-1"), ("003B", "Bob", "P-2")]


def test_a_record_whose_account_is_not_here_waits_for_it():
    using = mapping("contact", sobject="Contact", id=None, match=[], fields=FIELDS[:1])
    rows = pl.DataFrame({"id": ["003A", "003B"], "Name": ["Ada", "Bob"], "AccountId": ["001A", None]})
    waiting = imported(rows, using=using)
    assert fates(waiting)["003A"] == "skipped"
    assert why(waiting, "003A") == "its account 001A is not here; it comes once the account does"
    accounts = imported(there(ACME))
    links = pl.concat([waiting.links, accounts.links])
    assert imported(rows, waiting.here, links, using=using).counts["created"] == 1


def test_CSU_8_the_sales_representative_is_the_account_owner_by_name():
    owner = {"here": "sales_rep", "there": "OwnerId", "by": "Name", "direction": "input"}
    rows = there(ACME).with_columns(pl.lit("005A").alias("OwnerId"), pl.lit("Rita Rep").alias("Owner.Name"))
    assert imported(rows, using=mapping(fields=[*FIELDS, owner])).here["sales_rep"].to_list() == ["Rita Rep"]


def test_SKA_15_the_domain_is_that_of_the_website_unless_another_field_is_mapped():
    websites = ["https://www.Acme.example/about", "bolt.example", "mailto:", None]
    rows = there(*((f"001{place}", "x", f"P-{place}") for place in range(4))).with_columns(
        Website=pl.Series(websites), Shop__c=pl.lit("shop.example")
    )
    assert imported(rows).here["domain"].to_list() == ["acme.example", "bolt.example", None, None]
    other = {"here": "domain", "there": "Shop__c", "direction": "input"}
    assert set(imported(rows, using=mapping(fields=[*FIELDS, other])).here["domain"]) == {"shop.example"}


@pytest.mark.parametrize(("here_name", "requirement"), [("stage", "SKA_17"), ("segment", "SKA_18")])
def test_SKA_17_SKA_18_stage_and_profile_come_when_mapped_and_are_left_out_otherwise(here_name, requirement):
    name, source = FIELDS[0], {"here": here_name, "there": "CS_Stage__c", "direction": "input"}
    assert imported(there(ACME), using=mapping(fields=[name, source])).here[here_name].to_list() == ["Growth"]
    assert here_name not in imported(there(ACME), using=mapping(fields=[name])).here.columns


# -- whatever the records are ------------------------------------------------------------------------------------------

IDS = st.sampled_from([None, " ", "a", "A ", "b", "c", "001x"])


@st.composite
def two_sides(draw):
    keys_there = draw(st.lists(IDS, max_size=7))
    keys_here = draw(st.lists(IDS, max_size=4))
    long = draw(st.sets(st.integers(0, 6), max_size=2))
    rows = there(*((f"001{n:012d}AAA", "x" * 130 if n in long else f"N{n}", key) for n, key in enumerate(keys_there)))
    standing = here(*((f"h{n}" if key is None else (key.strip() or f"h{n}") + f"-{n}", key, None, None)
                      for n, key in enumerate(keys_here)))  # fmt: skip
    return rows, standing


USING = mapping(exclude={"name_over": 128}, left_scope="churn")


@settings(max_examples=60, deadline=None)
@given(two_sides(), st.randoms(use_true_random=False))
def test_adoption_deals_with_every_record_once_whatever_their_order(sides, random):
    rows, standing = sides
    done = imported(rows, standing, using=USING)
    counted = done.fates.filter(side="there")
    assert counted["id"].sort().to_list() == rows["id"].sort().to_list()
    assert set(counted["fate"]) <= set(FATE_ORDER)
    linked = counted.filter(pl.col("fate").is_in(["created", "returned", "updated", "unchanged"]))
    assert linked["id"].sort().to_list() == done.links["there_id"].sort().to_list()
    held = counted.filter(fate="held")["id"].to_list()
    assert set(held) <= set(done.mismatches.filter(side="there")["id"])
    assert set(counted.filter(fate="skipped")["id"]) <= set(done.skips["id"])
    assert standing.join(done.here, on=["id", "external_id", "name"], how="anti", nulls_equal=True).is_empty()
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=random.randint(0, 99)) for frame in (rows, standing)]
    other = imported(*shuffled, using=USING)
    for name in ("here", "links", "mismatches", "skips", "fates"):
        assert getattr(other, name).equals(getattr(done, name)), name


@settings(max_examples=40, deadline=None)
@given(two_sides())
def test_importing_twice_changes_nothing(sides):
    rows, standing = sides
    once = imported(rows, standing, using=USING)
    twice = again(once, rows, using=USING, now=LATER)
    for name in ("here", "links", "mismatches", "skips"):
        assert getattr(twice, name).equals(getattr(once, name)), name
    assert not any(twice.counts[fate] for fate in ("created", "returned", "updated", "churned", "archived"))
