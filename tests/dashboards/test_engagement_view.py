"""The engagement page: touches by type and CSM, silence, coverage, the community, pulses."""

from dataclasses import replace
from datetime import date

import panel as pn
import polars as pl
import pytest
from playwright.sync_api import expect

from dashboards.filters import Filters
from dashboards.reader import Reader
from dashboards.views import engagement
from dashboards.views.scene import Scene
from tests.dashboards.looking import card, cells, figure, rows_of, tables, words
from toolkit.engagement import by_kind, community, coverage, untouched

# Panel hands tables to Bokeh, which uses a keyword that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning")


@pytest.fixture(scope="module")
def snapshot(company_folder):
    return Reader(company_folder).snapshot()


def listed(snapshot, name, **pick):
    return tables(engagement.view(Scene(snapshot, pick={"list": name, **pick})))[0].value


def test_DSH_6_bars_are_by_type_and_csm_and_each_opens_its_interactions(snapshot):
    chart = next(iter(engagement.view(Scene(snapshot)).select(pn.pane.Vega)))
    rows = rows_of(chart)
    counted = by_kind(snapshot.interactions, snapshot.accounts, snapshot.now, 90)
    assert sum(row["interactions"] for row in rows) == counted["interactions"].sum()
    bar = rows[1]
    assert len(listed(snapshot, "interactions", kind=bar["kind"], csm=bar["csm"])) == bar["interactions"]


def test_DSH_6_silence_follows_the_period_and_opens_its_accounts(snapshot):
    for days in (30, 180):
        silent = untouched(snapshot.accounts, snapshot.interactions, snapshot.now, days)
        view = engagement.view(Scene(snapshot, Filters(days=days), {"list": "silent"}))
        assert f"No touch in {days} days" in words(view)
        assert tables(view)[0].value["name"].tolist() == silent["name"].to_list()


def test_DSH_6_coverage_counts_accounts_and_names_the_tag_that_is_not_mapped(snapshot):
    without = coverage(snapshot.accounts, snapshot.contacts).filter(pl.col("champion") == 0)
    assert len(listed(snapshot, "champion")) == without.height
    said = words(engagement.view(Scene(snapshot)))
    assert "Not mapped: key user; add [objects.contact.tags.key_user]" in said
    assert "Key user known" not in said


def test_DSH_6_pulses_are_shown_when_they_are_recorded_and_otherwise_said_not_to_be(snapshot):
    assert "No pulse is recorded" in words(engagement.view(Scene(snapshot)))
    felt = snapshot.here.with_columns(
        pulse=pl.when(pl.int_range(pl.len()) < 5).then(pl.lit("Good")), pulse_at=pl.lit(date(2026, 5, 1))
    )
    view = engagement.view(Scene(replace(snapshot, here=felt)))
    assert "Pulse out of date" in words(view)
    assert tables(view)[-1].value["days"].tolist() == [185] * 5


def test_CC_1_members_are_counted_by_account_with_what_they_did(snapshot):
    done = community(snapshot.accounts, snapshot.members, snapshot.activity)
    view = engagement.view(Scene(snapshot))
    table = next(table for table in tables(view) if "members" in table.titles)
    assert list(table.titles)[:4] == ["name", "members", "posts", "visited_on"]
    assert table.value["members"].tolist() == done["members"].to_list()
    assert "2 of 206 members belong to no account" in words(view)
    assert len(listed(snapshot, "no_members")) == snapshot.accounts.height - done.height


def test_DSH_6_CC_1_what_is_not_mapped_says_what_to_add(tmp_path, fill_store):
    fill_store(tmp_path, accounts=20, objects=False)
    said = words(engagement.view(Scene(Reader(tmp_path).snapshot())))
    assert "[objects.meeting]" in said
    assert "[objects.contact]" in said
    assert "Add a section [sources.members]" in said


def test_DSH_6_CC_1_a_reader_opens_the_silent_accounts_and_the_community(window, company_url, snapshot):
    page = window.open(f"{company_url}?view=engagement")
    silent = untouched(snapshot.accounts, snapshot.interactions, snapshot.now, 90)
    expect(figure(page, "No touch in 90 days")).to_have_text(str(silent.height))
    card(page, "No touch in 90 days").click()
    expect(page.get_by_text(f"{silent.height} accounts without an interaction since 4 Aug 2026")).to_be_visible()
    expect(page.get_by_text("interactions read 6 h ago")).to_be_visible()
    expect(page.get_by_role("heading", name="Community engagement by account")).to_be_visible()
    cells(page, "csm").first.click()
    expect(page.get_by_role("heading", name=silent["name"][0])).to_be_visible()
    page.go_back()
    expect(page.get_by_text(f"{silent.height} accounts without an interaction")).to_be_visible()
    assert page.evaluate("window.pwned") is None
