from toolkit.widgets import Mismatches


def test_CARD_4_every_record_without_a_partner_is_shown_with_the_reason(ws):
    found = ws.mismatches()
    shown = Mismatches(ws)
    assert shown.grid.page["total"] == found.height > 0
    assert set(shown.frame["reason"]) == set(found["reason"])
    assert shown.summary() == f"{ws.links().height} pairs; {found.height} records without a partner"


def test_they_are_narrowed_down_by_side_kind_and_search(ws):
    shown = Mismatches(ws)
    shown.filters.choose(side="Salesforce")
    assert {row["cells"]["side"] for row in shown.grid.page["rows"]} == {"Salesforce"}
    shown.filters.choose(side="Here", kind="no partner")
    here = ws.mismatches().filter(side="here", kind="unmatched")
    assert shown.grid.page["total"] == here.height
    shown.grid.find(here["name"][0])
    assert shown.grid.page["rows"][0]["cells"]["id"] == here["id"][0]


def test_before_matching_there_is_nothing_to_show(connected):
    shown = Mismatches(connected)
    assert shown.summary() == "0 pairs; 0 records without a partner"
    assert shown.grid.page["rows"] == []
    assert "<tbody></tbody>" in shown.html()
