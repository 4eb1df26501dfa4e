"""Data quality: every figure, and the list behind each."""

import polars as pl
import pytest
from playwright.sync_api import expect

from dashboards.filters import Filters
from dashboards.reader import Reader
from dashboards.views import quality
from dashboards.views.scene import Scene
from tests.dashboards.looking import ON_A_PHONE, kept, tables, words
from tests.dashboards.samples import fill
from toolkit.data_quality import PICKLISTS, PICKLISTS_OF
from toolkit.frames import MISMATCHES, conform
from toolkit.store import Store

# Panel hands tables to Bokeh, which uses a keyword that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning")

ALONE = {"object": "account", "side": "here", "id": "P-9001", "name": "<b>Lone</b>", "kind": "unmatched", "value": "x"}


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quality")
    fill(folder, accounts=30, objects=False)
    with Store.open(folder) as store:
        here, there = store.records("here", "account"), store.records("there", "account")
        lone = here.head(1).with_columns(id=pl.lit("P-9001"), name=pl.lit("<b>Lone</b>"), stage=pl.lit("Odd one"))
        store.save_records("here", "account", pl.concat([here, lone]))
        store.write(MISMATCHES, conform(pl.DataFrame([ALONE | {"reason": "nobody has it"}]), MISMATCHES))
        stages = [("stage", "CS_Stage__c", value) for value in here["stage"].drop_nulls().unique()]
        store.save_records("derived", PICKLISTS_OF.format("account"), pl.DataFrame(stages, PICKLISTS, orient="row"))
        assert there.height >= 30
    return Reader(folder)


def look(reader: Reader, filters: Filters | None = None, **pick: str):
    snapshot = reader.snapshot()
    scene = Scene(snapshot, filters or Filters(), pick)
    return quality.view(scene, reader.quality(snapshot), lambda *asked: reader.records(snapshot, *asked))


def card_says(page, label: str, value: str) -> bool:
    return f'{label}<span class="go" aria-hidden="true">›</span></div><div class="figure">{value}</div>' in words(page)


def ids(page) -> list[str]:
    return list(tables(page)[0].value["id"])


def test_DSH_9_each_record_is_counted_in_one_class_and_the_counts_add_up(reader):
    page, found = look(reader), reader.quality(reader.snapshot())
    assert card_says(page, "Records", f"{found.classes.height:,}")
    said = words(page)
    for side in ("here", "there"):
        assert f"{found.classes.filter(side=side).height:,}" in said
    assert "All of account" in said
    assert "Only here" in said
    waiting = found.classes.filter(~pl.col("record_class").is_in(quality.CALM))
    assert card_says(page, "Want a look", str(waiting.height))
    assert "&lt;b&gt;Lone" not in said


def test_DSH_9_the_list_behind_every_class_is_as_long_as_its_number(reader):
    found = reader.quality(reader.snapshot()).classes
    counted = found.group_by("object", "side", "record_class").len()
    for object_name, side, record_class, records in counted.rows():
        page = look(reader, list="class", object=object_name, side=side, record_class=record_class)
        assert len(tables(page)[0].value) == records
    alone = look(reader, list="class", object="account", side="here", record_class="unmatched_here")
    assert "P-9001" in ids(alone)
    assert sum(kept(tables(alone)[0]).values()) <= ON_A_PHONE


def test_DSH_9_fill_rates_open_the_records_without_a_value(reader):
    filled = reader.quality(reader.snapshot()).filled
    gaps = filled.filter(pl.col("filled") < pl.col("records"))
    assert gaps.height
    for row in gaps.head(3).iter_rows(named=True):
        page = look(reader, list="empty", object=row["object"], field=row["field"], side=row["side"])
        assert len(tables(page)[0].value) == row["records"] - row["filled"]


def test_DSH_9_unknown_picklist_values_open_their_records(reader):
    unknown = reader.quality(reader.snapshot()).unknown
    assert unknown.filter(side="here").select("field", "value", "records").rows() == [("stage", "Odd one", 1)]
    page = look(reader, list="unknown", object="account", field="stage", side="here", value="Odd one")
    assert ids(page) == ["P-9001"]
    assert "Odd one" in words(look(reader))


def test_DSH_9_the_common_filters_narrow_the_accounts(reader):
    snapshot = reader.snapshot()
    segment = snapshot.accounts["segment"].drop_nulls()[0]
    narrowed = look(reader, Filters(segments=(segment,)))
    kept = snapshot.accounts.filter(pl.col("segment") == segment)["id"]
    found = reader.quality(snapshot).classes
    here = found.filter((pl.col("side") == "here") & pl.col("id").is_in(kept.implode())).height
    there = found.filter((pl.col("side") == "there") & pl.col("partner_id").is_in(kept.implode())).height
    assert card_says(narrowed, "Records", str(here + there))
    assert "not counted" in words(narrowed)


def test_DSH_9_a_number_is_a_link_in_the_page(reader, serve_folder, window):
    page = window.open(serve_folder(reader.folder) + "?view=quality")
    page.get_by_role("link", name="Only here, account, Here: 1").click()
    expect(page.get_by_text("Only here, account, Here").first).to_be_visible()
    expect(page.locator(".tabulator-row")).to_have_count(1)
    assert "list=class" in page.url
