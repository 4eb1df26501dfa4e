"""New records found again by what was sent: exact ones first, then the nearest, each once."""

import polars as pl
import pytest

from toolkit.writeback.committing.recognising import recognised


def cells(records, key, value):
    rows = [(name, field, text) for name, values in records.items() for field, text in values.items()]
    return pl.DataFrame(rows, schema=[(key, pl.String), ("field", pl.String), (value, pl.String)], orient="row")


def found(sent, there, key=None):
    pairs = recognised(cells(sent, "here_id", "after"), cells(there, "there_id", "value"), key)
    assert pairs["here_id"].is_unique().all()
    assert pairs["there_id"].is_unique().all()
    return dict(pairs.iter_rows())


CALL = {"Subject": "Rang", "Description": "out", "WhatId": "001", "TaskSubtype": "Call"}


def test_BEY_6_a_record_with_every_value_is_the_one_and_fields_that_were_not_sent_do_not_count():
    assert found({"c": CALL}, {"t": {**CALL, "Priority": "High"}, "u": {**CALL, "WhatId": "002"}}) == {"c": "t"}


def test_BEY_6_of_records_alike_each_is_taken_once():
    pairs = found({"a": CALL, "b": CALL, "c": CALL}, {"t": CALL, "u": CALL})
    assert set(pairs.values()) == {"t", "u"}
    assert len(pairs) == 2


def test_BEY_6_the_record_of_which_most_was_sent_is_told_first():
    short = {"Subject": "Rang"}
    assert found({"a": short, "b": CALL}, {"t": CALL, "u": {**CALL, "WhatId": "002"}}) == {"b": "t", "a": "u"}


@pytest.mark.parametrize(("changed", "same"), [(1, True), (2, True), (3, False), (4, False)])
def test_BEY_6_a_record_changed_since_is_recognised_by_half_of_its_values(changed, same):
    now = {**CALL, **dict.fromkeys(list(CALL)[:changed], "edited")}
    assert found({"c": CALL}, {"t": now}) == ({"c": "t"} if same else {})


def test_BEY_6_two_records_changed_alike_are_two():
    now = {**CALL, "Description": "edited"}
    assert len(found({"a": CALL, "b": CALL}, {"t": now, "u": now})) == 2


def test_BEY_6_an_external_id_alone_decides():
    sent = {"a": {"Name": "A", "Product_Id__c": "P-1"}, "b": {"Name": "B"}}
    there = {"t": {"Name": "renamed", "Product_Id__c": "p-1"}, "u": {"Name": "A", "Product_Id__c": "P-2"}}
    assert found(sent, there, "Product_Id__c") == {"a": "t"}
