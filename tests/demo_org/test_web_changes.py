"""What was changed or deleted between two moments. The org's clock stands at 8:00 but for a second a write."""

import pytest

WINDOW = {"start": "2026-11-02T08:00:59Z", "end": "2026-11-02T10:00:00+01:00"}


def test_a_changed_record_is_among_the_updated_ones_and_a_deleted_one_among_the_deleted(api):
    kept, gone = (api.post("/sobjects/Account", {"Name": name}).json()["id"] for name in ("Stays", "Goes"))
    api.delete(f"/sobjects/Account/{gone}")
    updated = api.get("/sobjects/Account/updated/", params=WINDOW).json()
    assert updated == {"ids": [kept], "latestDateCovered": "2026-11-02T08:00:00.000+0000"}
    deleted = api.get("/sobjects/Account/deleted/", params=WINDOW).json()
    assert [each["id"] for each in deleted["deletedRecords"]] == [gone]
    assert deleted["deletedRecords"][0]["deletedDate"].startswith("2026-11-02T08:00:0")


@pytest.mark.parametrize("start", ["rubbish", "2026-11-02T10:00:00Z", "2020-01-01T00:00:00Z"])
def test_a_window_that_cannot_be_is_refused(api, start):
    answer = api.get("/sobjects/Account/updated", params={**WINDOW, "start": start})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")
