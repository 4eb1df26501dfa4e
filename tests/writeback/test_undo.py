"""Undo as a plan: every state a field may be in by the time somebody wants it back."""

import polars as pl
import pytest

from tests.writeback.samples import NOW, mapped, replaced, sides
from toolkit.frames import CHANGES, conform
from toolkit.writeback.committing.settling import intended
from toolkit.writeback.planning.merge import MERGED_COLUMNS
from toolkit.writeback.planning.plan import make_plan, seal
from toolkit.writeback.undoing.undo import undo_plan

OUT = mapped("segment", "CS_Segment__c", "output")


def undone(now, before="old", after="new", field=OUT, state="written"):
    """The undo of one write of `after` over `before`, when the side holds `now`."""
    here = {field.here: after if field is OUT else before}
    there = {field.there: before if field is OUT else after}
    plan = make_plan([sides([field], [here], [there])], org_id="00D", created_at=NOW)
    journal = intended(plan).with_columns(state=pl.lit(state))
    side = sides(
        [field], [{field.here: after if field is OUT else now}], [{field.there: now if field is OUT else after}]
    )
    return undo_plan(journal, [side])


@pytest.mark.parametrize("field", [OUT, mapped("industry", "CS_Segment__c", "input")])
@pytest.mark.parametrize(
    ("before", "now", "verdict", "reason"),
    [
        ("old", "new", "write", "puts back 'old' in place of 'new'"),
        (None, "new", "write", "puts back nothing in place of 'new'"),
        ("old", "other", "held", "changed since to 'other'; the commit had written 'new'"),
        ("old", None, "held", "changed since to nothing; the commit had written 'new'"),
        ("old", "old", None, None),
    ],
)
def test_BEY_5_only_what_we_wrote_is_taken_back(field, before, now, verdict, reason):
    rows = undone(now, before, field=field).to_dicts()
    if verdict is None:
        assert rows == []
        return
    (row,) = rows
    assert (row["verdict"], row["reason"], row["rule"], row["after"]) == (verdict, reason, "undo", before)
    assert row["operation"] == ("clear" if before is None else "update")
    assert row["side"] == ("there" if field is OUT else "here")


@pytest.mark.parametrize("state", ["failed", "held", "intended"])
def test_BEY_5_what_was_not_written_is_not_undone(state):
    assert undone("new", state=state).is_empty()


@pytest.mark.parametrize(("before", "after"), [(None, "new"), ("old", None)], ids=["filled", "cleared"])
def test_BEY_5_a_record_that_is_gone_is_held(before, after):
    base = [{"segment = CS_Segment__c": before}]
    given = sides([OUT], [{"segment": after}], [{"CS_Segment__c": before}], base)
    journal = intended(make_plan([given], org_id="00D", created_at=NOW)).with_columns(state=pl.lit("written"))
    gone = replaced(given, there=given.there.clear())
    (row,) = undo_plan(journal, [gone]).to_dicts()
    assert (row["verdict"], row["reason"]) == ("held", "the record is gone or out of view")


def test_BEY_5_an_undo_is_a_plan_like_any_other():
    changes = undone("new")
    assert tuple(changes.columns) == MERGED_COLUMNS
    given = sides([OUT], [{"segment": "new"}], [{"CS_Segment__c": "new"}])
    plan = seal(changes, [given], org_id="00D", org_name="", created_at=NOW, parent="abc", bulk_from=2000)
    assert conform(plan.changes, CHANGES).equals(plan.changes)
    assert plan.writes == 1


def test_BEY_5_undo_of_nothing_is_nothing():
    nothing = undone("new", state="held")
    assert nothing.is_empty()
    assert tuple(nothing.columns) == MERGED_COLUMNS
