"""The three-way merge, as a table of every combination and as properties that hold for all of them."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.writeback.samples import FIELDS, mapped, replaced, sides
from toolkit.errors import StepMissingError
from toolkit.frames import CHANGES
from toolkit.salesforce.describe import FieldDescribe
from toolkit.writeback.planning.merge import MERGED_COLUMNS, merge, new_base
from toolkit.writeback.planning.sides import pair

NOTHING = None

# base, here, there -> (side, rule, verdict, after) or NOTHING; a and b are values, None is empty.
TABLE = {
    ("output", "toolkit_wins"): {
        (None, None, None): NOTHING,
        (None, None, "b"): ("there", "output", "held", None),
        (None, "a", None): ("there", "output", "write", "a"),
        (None, "a", "a"): NOTHING,
        (None, "a", "b"): ("there", "output", "write", "a"),
        ("x", None, None): NOTHING,
        ("x", None, "x"): ("there", "output", "write", None),
        ("x", None, "b"): ("there", "output", "write", None),
        ("x", "x", None): ("there", "output", "write", "x"),
        ("x", "x", "x"): NOTHING,
        ("x", "x", "b"): ("there", "output", "write", "x"),
        ("x", "a", None): ("there", "output", "write", "a"),
        ("x", "a", "x"): ("there", "output", "write", "a"),
        ("x", "a", "a"): NOTHING,
        ("x", "a", "b"): ("there", "output", "write", "a"),
    },
    ("output", "hold"): {
        (None, None, "b"): ("there", "output", "held", None),
        (None, "a", None): ("there", "output", "write", "a"),
        (None, "a", "b"): ("there", "hold", "conflict", None),
        ("x", None, "x"): ("there", "output", "write", None),
        ("x", None, "b"): ("there", "hold", "conflict", None),
        ("x", "x", "b"): ("there", "hold", "conflict", None),
        ("x", "x", None): ("there", "hold", "conflict", None),
        ("x", "a", "x"): ("there", "output", "write", "a"),
        ("x", "a", "a"): NOTHING,
        ("x", "a", "b"): ("there", "hold", "conflict", None),
    },
    ("input", "salesforce_wins"): {
        (None, None, None): NOTHING,
        (None, "a", None): ("here", "input", "held", None),
        (None, None, "b"): ("here", "input", "write", "b"),
        (None, "b", "b"): NOTHING,
        (None, "a", "b"): ("here", "input", "write", "b"),
        ("x", None, None): NOTHING,
        ("x", "x", None): ("here", "input", "write", None),
        ("x", "a", None): ("here", "input", "write", None),
        ("x", None, "x"): ("here", "input", "write", "x"),
        ("x", "x", "x"): NOTHING,
        ("x", "a", "x"): ("here", "input", "write", "x"),
        ("x", None, "b"): ("here", "input", "write", "b"),
        ("x", "x", "b"): ("here", "input", "write", "b"),
        ("x", "a", "a"): NOTHING,
        ("x", "a", "b"): ("here", "input", "write", "b"),
    },
    ("input", "hold"): {
        (None, "a", None): ("here", "input", "held", None),
        (None, "a", "b"): ("here", "hold", "conflict", None),
        ("x", "a", "x"): ("here", "hold", "conflict", None),
        ("x", "x", "b"): ("here", "input", "write", "b"),
        ("x", "a", "b"): ("here", "hold", "conflict", None),
    },
}
TWO_WAY = {
    (None, None, None): NOTHING,
    (None, "a", None): ("there", "two_way", "write", "a"),
    (None, None, "b"): ("here", "two_way", "write", "b"),
    (None, "a", "a"): NOTHING,
    ("x", None, None): NOTHING,
    ("x", "x", "x"): NOTHING,
    ("x", "a", "a"): NOTHING,
    ("x", "a", "x"): ("there", "two_way", "write", "a"),
    ("x", None, "x"): ("there", "two_way", "write", None),
    ("x", "x", "b"): ("here", "two_way", "write", "b"),
    ("x", "x", None): ("here", "two_way", "write", None),
}
CLASHES = [(None, "a", "b"), ("x", "a", "b"), ("x", None, "b"), ("x", "a", None)]
for rule, decided in {
    "hold": lambda here, there: ("there", "hold", "conflict", None),
    "salesforce_wins": lambda here, there: ("here", "salesforce_wins", "write", there),
    "toolkit_wins": lambda here, there: ("there", "toolkit_wins", "write", here),
}.items():
    TABLE["two_way", rule] = TWO_WAY | {clash: decided(*clash[1:]) for clash in CLASHES}

ROWS = [(*key, *values, expected) for key, table in TABLE.items() for values, expected in table.items()]


def merged(direction, rule, base, here, there, field="CS_Segment__c", name="segment"):
    given = mapped(name, field, direction, on_conflict=rule)
    return merge(sides([given], [{name: here}], [{field: there}], [{pair(given): base}]))


@pytest.mark.parametrize(("direction", "rule", "base", "here", "there", "expected"), ROWS)
def test_BEY_2_every_combination_has_its_verdict(direction, rule, base, here, there, expected):
    rows = merged(direction, rule, base, here, there).to_dicts()
    if expected is NOTHING:
        assert rows == []
        return
    (row,) = rows
    assert (row["side"], row["rule"], row["verdict"], row["after"]) == expected
    assert (row["base"], row["here"], row["there"]) == (base, here, there)
    names = ("CS_Segment__c", "segment")
    assert (row["field"], row["partner"]) == (names if row["side"] == "there" else names[::-1])
    assert row["operation"] == ("clear" if row["verdict"] != "conflict" and row["after"] is None else "update")
    assert row["type"] == "string"


@pytest.mark.parametrize(("direction", "rule", "base", "here", "there", "expected"), ROWS)
def test_BEY_2_no_value_is_lost_in_silence(direction, rule, base, here, there, expected):
    for row in merged(direction, rule, base, here, there).to_dicts():
        lost = row["there"] if row["side"] == "there" else row["here"]
        assert row["reason"]
        if lost is not None:
            assert f"'{lost}'" in row["reason"]


@pytest.mark.parametrize(
    ("direction", "rule", "base", "here", "there", "reason"),
    [
        ("output", "toolkit_wins", None, "a", None, "not in Salesforce yet"),
        ("output", "toolkit_wins", "x", "a", "x", "changed here from 'x' to 'a'"),
        ("output", "toolkit_wins", "x", None, "x", "changed here from 'x' to nothing"),
        ("output", "toolkit_wins", "x", "a", "b", ("edited in Salesforce from 'x' to 'b'; overwritten, because this "
         "field goes to Salesforce only")),
        ("output", "toolkit_wins", None, "a", "b", ("'b' in Salesforce was never agreed; overwritten, because this "
         "field goes to Salesforce only")),
        ("output", "toolkit_wins", None, None, "b", ("nothing here to copy, and 'b' in Salesforce was never agreed, "
         "so it stays")),
        ("output", "hold", "x", "a", "b", ("edited in Salesforce from 'x' to 'b', while here it is 'a'; somebody has "
         "to decide")),
        ("input", "salesforce_wins", "x", "x", "b", "changed in Salesforce from 'x' to 'b'"),
        ("input", "salesforce_wins", "x", "a", "x", ("edited here from 'x' to 'a'; overwritten, because this field "
         "comes from Salesforce only")),
        ("two_way", "hold", "x", "a", "b", ("changed from 'x' to 'a' here and to 'b' in Salesforce; somebody has to "
         "decide")),
        ("two_way", "salesforce_wins", None, "a", "b", ("never agreed: here 'a', in Salesforce 'b'; Salesforce wins, "
         "the value here is lost")),
        ("two_way", "toolkit_wins", "x", "a", None, ("changed from 'x' to 'a' here and to nothing in Salesforce; the "
         "toolkit wins, the value in Salesforce is lost")),
    ],
)  # fmt: skip
def test_CAT_18_the_reason_is_a_sentence_with_the_values(direction, rule, base, here, there, reason):
    assert merged(direction, rule, base, here, there)["reason"].to_list() == [reason]


def test_a_reason_cuts_a_long_value():
    (reason,) = merged("output", "toolkit_wins", None, "a", "y" * 300)["reason"]
    assert "'" + "y" * 60 + "…'" in reason


def test_BEY_2_values_are_compared_as_the_field_would_hold_them():
    score = mapped("health_score", "CS_Health_Score__c", "output")
    assert merge(sides([score], [{"health_score": 7.349999}], [{"CS_Health_Score__c": 7.3}])).is_empty()
    segment = mapped("segment", "CS_Segment__c", "output")
    assert merge(sides([segment], [{"segment": " SMB "}], [{"CS_Segment__c": "SMB"}])).is_empty()
    users = mapped("users", "CS_Active_Users__c", "output")
    assert merge(sides([users], [{"users": 12}], [{"CS_Active_Users__c": 12.0}])).is_empty()
    assert merge(sides([users], [{"users": "12"}], [{"CS_Active_Users__c": 12.0}])).is_empty()


def test_VIT_16_only_linked_records_are_merged():
    both = sides([mapped("segment", "CS_Segment__c", "output")], [{"segment": "a"}] * 3, [{"CS_Segment__c": None}] * 3)
    some = replaced(both, links=both.links.head(2), there=both.there.tail(2))
    assert merge(some)["here_id"].to_list() == ["P-00002"]


def test_a_field_mapped_from_a_step_that_never_ran_is_an_error_and_not_a_clear():
    output = sides([mapped("health_score", "CS_Health_Score__c", "output")], [{}], [{"CS_Health_Score__c": 7.0}])
    with pytest.raises(StepMissingError, match="health_score has no values here"):
        merge(output)
    unpulled = sides([mapped("segment", "CS_Segment__c", "input")], [{"segment": "a"}], [{}])
    with pytest.raises(StepMissingError, match="CS_Segment__c was not pulled"):
        merge(unpulled)


def test_an_input_field_that_has_no_column_here_yet_is_filled():
    given = sides([mapped("segment", "CS_Segment__c", "input")], [{}], [{"CS_Segment__c": "SMB"}])
    assert merge(given)["after"].to_list() == ["SMB"]


def test_a_base_of_another_link_does_not_count():
    field = mapped("segment", "CS_Segment__c", "two_way")
    given = sides([field], [{"segment": "a"}], [{"CS_Segment__c": "x"}], [{pair(field): "x"}])
    relinked = replaced(given, base=given.base.with_columns(here_id=pl.lit("P-99999")))
    assert merge(given)["verdict"].to_list() == ["write"]
    assert merge(relinked)["verdict"].to_list() == ["conflict"]


def test_new_base_keeps_what_was_agreed_and_takes_what_is():
    stage, segment = mapped("stage", "CS_Stage__c", "two_way"), mapped("segment", "CS_Segment__c", "output")
    given = sides(
        [stage, segment],
        [{"stage": "Growth", "segment": "a"}, {"stage": "Adoption", "segment": None}],
        [{"CS_Stage__c": "Growth", "CS_Segment__c": "b"}, {"CS_Stage__c": "Growth", "CS_Segment__c": None}],
        [{pair(stage): "Adoption", pair(segment): "x"}, {pair(stage): "Adoption", pair(segment): "x"}],
    )
    assert new_base(given).drop("id", "here_id").rows() == [("Growth", "x"), ("Adoption", None)]


def test_new_base_keeps_the_records_that_are_out_of_view():
    segment = mapped("segment", "CS_Segment__c", "output")
    given = sides(
        [segment], [{"segment": "a"}] * 2, [{"CS_Segment__c": "a"}] * 2, [{pair(segment): "x"}, {pair(segment): "y"}]
    )
    narrowed = replaced(given, there=given.there.head(1))
    assert new_base(narrowed)[pair(segment)].to_list() == ["a", "y"]


def test_new_base_keeps_the_pairs_that_are_not_mapped_now():
    segment, stage = mapped("segment", "CS_Segment__c", "output"), mapped("stage", "CS_Stage__c", "two_way")
    values = [{"segment": "a", "stage": "Growth"}], [{"CS_Segment__c": "a", "CS_Stage__c": "Growth"}]
    base = new_base(sides([segment, stage], *values))
    again = new_base(replaced(sides([segment], *values), base=base))
    assert again.select(sorted(again.columns)).equals(base.select(sorted(base.columns)))


# Properties: any values, any directions, any rules.

RULES = {"output": ["toolkit_wins", "hold"], "input": ["salesforce_wins", "hold"],
         "two_way": ["hold", "salesforce_wins", "toolkit_wins"]}  # fmt: skip
KINDS = {
    "string": st.none() | st.sampled_from(["a", "b", "x", " a", ""]),
    "double": st.none() | st.sampled_from([1.0, 1.04, 7.25, 7.3, -0.04]),
    "date": st.none() | st.dates(),
}


@st.composite
def some_sides(draw):
    fields, facts = [], {}
    for number, kind in enumerate(draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3))):
        direction = draw(st.sampled_from(sorted(RULES)))
        there = f"CS_{number}__c"
        rule = draw(st.sampled_from(RULES[direction]))
        fields.append(mapped(f"field_{number}", there, direction, on_conflict=rule))
        facts[there] = FieldDescribe(there, type=kind, length=80, precision=4, scale=1)
    count = draw(st.integers(1, 4))
    kinds = [(field, KINDS[facts[field.there].type]) for field in fields]
    here = [{field.here: draw(kind) for field, kind in kinds} for _ in range(count)]
    there = [{field.there: draw(kind) for field, kind in kinds} for _ in range(count)]
    return sides(fields, here, there, None, facts)


def applied(given, changes):
    """The sides after a commit of `changes`, written cell by cell, and the base of the next merge."""
    here = {row["id"]: row for row in given.here.to_dicts()}
    there = {row["id"]: row for row in given.there.to_dicts()}
    for row in changes.filter(pl.col("verdict") == "write").to_dicts():
        target = here[row["here_id"]] if row["side"] == "here" else there[row["there_id"]]
        target[row["field"]] = row["after"]
    text = dict.fromkeys(given.here.columns, pl.String), dict.fromkeys(given.there.columns, pl.String)
    frames = (
        pl.DataFrame(
            [{k: None if v is None else str(v) for k, v in row.items()} for row in side.values()], schema=types
        )
        for side, types in zip((here, there), text, strict=True)
    )
    after = replaced(given, **dict(zip(("here", "there"), frames, strict=True)))
    return replaced(after, base=new_base(after))


@settings(max_examples=150, deadline=None)
@given(some_sides())
def test_BEY_1_a_second_plan_after_the_commit_has_nothing_to_write(given_sides):
    first = merge(given_sides)
    again = merge(applied(given_sides, first))
    assert again.filter(pl.col("verdict") == "write").is_empty()
    open_cells = first.filter(pl.col("verdict") != "write").select("side", "field", "here_id", "verdict")
    assert again.select(open_cells.columns).sort(pl.all()).equals(open_cells.sort(pl.all()))


@settings(max_examples=100, deadline=None)
@given(some_sides(), st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(given_sides, random):
    def shuffled(frame):
        order = list(range(frame.height))
        random.shuffle(order)
        return frame[order]

    mixed = replaced(given_sides, **{name: shuffled(getattr(given_sides, name)) for name in ("links", "here", "there")})
    key = ["side", "here_id", "field"]
    assert merge(mixed).sort(key).equals(merge(given_sides).sort(key))
    assert new_base(mixed).equals(new_base(given_sides))


@settings(max_examples=100, deadline=None)
@given(some_sides())
def test_every_change_differs_and_names_a_mapped_field(given_sides):
    changes = merge(given_sides)
    assert tuple(changes.columns) == MERGED_COLUMNS
    assert dict(changes.schema) == {name: CHANGES.schema[name] for name in MERGED_COLUMNS}
    assert not changes.filter(pl.col("here").eq_missing(pl.col("there"))).height
    assert not changes.select("side", "field", "here_id").is_duplicated().any()
    writes = changes.filter(pl.col("verdict") == "write")
    held = pl.when(pl.col("side") == "there").then("there").otherwise("here")
    assert not writes.filter(held.eq_missing(pl.col("after"))).height


def test_BEY_2_the_sample_fields_cover_the_types():
    assert {each.type for each in FIELDS.values()} > {"double", "date", "datetime", "boolean", "picklist", "reference"}
