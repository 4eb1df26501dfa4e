"""Taking back a part of a commit: which rows are meant, what belongs to them, and what has no way back."""

import polars as pl
import pytest

from tests.writeback.structure import commit, opened, read
from toolkit.errors import InputError
from toolkit.frames import CHANGES, JOURNAL, conform
from toolkit.writeback.planning.irreversible import irreversible
from toolkit.writeback.undoing.selecting import selected


def rows_of(spec, *rows):
    blank = dict.fromkeys(spec.schema)
    given = [{**blank, "seq": number, **each} for number, each in enumerate(rows, 1)]
    return conform(pl.DataFrame(given, schema=dict(spec.schema)), spec)


def journal():
    edit = {"object": "account", "here_id": "P-1", "there_id": "001A", "operation": "update"}
    return rows_of(
        JOURNAL,
        {**edit, "commit_id": "c", "side": "here", "field": "stage", "partner": "CS_Stage__c"},
        {**edit, "commit_id": "c", "side": "there", "field": "CS_Stage__c", "partner": "stage"},
        {**edit, "commit_id": "c", "side": "there", "field": "CS_Segment__c", "partner": "segment", "here_id": "P-2",
         "there_id": "001B"},
        {"commit_id": "c", "object": "contact", "side": "here", "operation": "create", "here_id": "C-1",
         "field": "email"},
        {"commit_id": "c", "object": "contact", "side": "there", "operation": "create", "here_id": "C-1",
         "there_id": "003A", "field": "Email"},
        {"commit_id": "c", "object": "contact", "side": "there", "operation": "create", "here_id": "C-1",
         "there_id": "003A", "field": "LastName"},
        {"commit_id": "c", "object": "account", "side": "there", "operation": "create_field", "field": "CS_X__c",
         "partner": "x"},
        {"commit_id": "c", "object": "account", "side": "there", "operation": "grant_field", "field": "CS_X__c",
         "partner": "x"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("part", "seqs"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"seqs": [2]}, [1, 2]),  # the other half of an edit comes along
        ({"seqs": [6]}, [4, 5, 6]),  # a record as a whole, on both sides
        ({"seqs": [7]}, [7, 8]),  # who may see a field goes with it
        ({"seqs": [8]}, [8]),
        ({"objects": ["account"]}, [1, 2, 3, 7, 8]),
        ({"fields": ["stage"]}, [1, 2]),
        ({"fields": ["CS_Segment__c", "Email"]}, [3]),  # a created record has no single fields
        ({"records": ["001B"]}, [3]),
        ({"records": ["C-1"]}, [4, 5, 6]),
        ({"objects": ["account"], "records": ["P-1", "C-1"]}, [1, 2]),
    ],
    ids=str,
)
def test_BEY_5_a_part_is_named_by_rows_objects_fields_or_records(part, seqs):
    assert selected(journal(), **part)["seq"].to_list() == seqs


@pytest.mark.parametrize(
    ("part", "message"),
    [({"seqs": [99]}, "no row 99"), ({"fields": ["none"]}, "Nothing of the commit"), ({"records": []}, "Nothing of")],
)
def test_BEY_5_a_part_that_is_none_is_said(part, message):
    with pytest.raises(InputError, match=message):
        selected(journal(), **part)


def test_BEY_5_one_field_of_one_record_goes_back_and_the_rest_stays(tmp_path):
    with opened(tmp_path / "w") as ws:
        read(ws)
        commit(ws, ws.plan())
        score = "CS_Health_Score__c"
        record, untouched = ws.there().drop_nulls(score)["id"].head(2)

        def now(record_id):
            return ws.demo_org.rows(f"SELECT {score}, CS_Health_Band__c FROM Account WHERE Id = '{record_id}'")[0]

        before = now(record), now(untouched)
        undo = ws.undo(fields=["health_score"], records=[record])
        assert undo.changes.select("there_id", "field", "verdict").rows() == [(record, score, "write")]
        taken_back = commit(ws, undo)
        assert now(record)[score] is None
        assert now(record)["CS_Health_Band__c"] == before[0]["CS_Health_Band__c"]
        assert now(untouched) == before[1]
        commit(ws, ws.undo(taken_back.commit_id))  # an undo of an undo
        assert now(record) == before[0]
        ws.pull()
        assert ws.plan().writes == 0


def test_BEY_5_what_has_no_way_back_is_said_in_the_plan():
    write = {"side": "there", "object": "account", "verdict": "write"}
    changes = rows_of(
        CHANGES,
        {**write, "operation": "merge", "there_id": "001A", "after": "001B"},
        {**write, "operation": "delete", "there_id": "001C"},
        {**write, "operation": "delete", "there_id": "001D", "verdict": "held"},
        {**write, "operation": "delete_field", "field": "CS_X__c"},
        {**write, "operation": "create_field", "field": "CS_Y__c"},
        {**write, "operation": "create", "here_id": "P-1", "field": "Name"},
        {**write, "operation": "create", "here_id": "P-1", "field": "Phone"},
        {**write, "operation": "update", "there_id": "001E", "field": "Phone"},
    )
    told = irreversible(changes)
    assert [(each.severity, each.message.split(" ", 1)[0]) for each in told] == [
        ("warning", "1"), ("warning", "1"), ("warning", "1"), ("info", "1"), ("info", "1"),
    ]  # fmt: skip
    assert {each.requirement for each in told} == {"BEY-5"}
    assert irreversible(changes.filter(operation="update")) == ()
