"""A plan as a file and back, safe in a spreadsheet."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.writeback.samples import NOW, mapped, sides
from toolkit.errors import DigestError, InputError
from toolkit.frames import CHANGES, conform
from toolkit.writeback.planning.digest import digest_of
from toolkit.writeback.planning.export import (
    digest_in,
    left_out,
    read_csv,
    read_parquet,
    refuse_unknown,
    safe_cells,
    write_csv,
    write_parquet,
)
from toolkit.writeback.planning.plan import make_plan

AWKWARD = ["=2+3", "+1 555", "-5", "-5 apples", "@home", "'quoted", "''twice", 'with "quotes", and comma', "a\nb", "é"]


def awkward_plan():
    field = mapped("segment", "CS_Segment__c", "output")
    given = sides([field], [{"segment": value} for value in AWKWARD], [{"CS_Segment__c": None} for _ in AWKWARD])
    return make_plan([given], org_id="00D", created_at=NOW)


def test_BEY_1_a_plan_goes_to_csv_and_back(tmp_path):
    plan = awkward_plan()
    write_csv(plan, tmp_path / "plan.csv")
    assert read_csv(tmp_path / "plan.csv").equals(plan.changes)


def test_a_csv_cell_is_never_a_formula(tmp_path):
    write_csv(awkward_plan(), tmp_path / "plan.csv")
    cells = pl.read_csv(tmp_path / "plan.csv", infer_schema=False)["after"].to_list()
    assert "'=2+3" in cells
    assert "-5" in cells
    assert not [cell for cell in cells if cell[0] in "=+@\t\r" or (cell[0] == "-" and cell != "-5")]


@given(st.lists(st.none() | st.text(min_size=1), min_size=1))
def test_one_apostrophe_is_put_on_and_taken_off(texts):
    frame = pl.DataFrame({"x": texts}, schema={"x": pl.String})
    safe = safe_cells(frame)["x"]
    assert safe.str.replace("^'", "").to_list() == texts


def test_BEY_1_a_plan_goes_to_parquet_and_back(tmp_path):
    plan = awkward_plan()
    write_parquet(plan, tmp_path / "plan.parquet")
    again = read_parquet(tmp_path / "plan.parquet")
    assert again.meta() == plan.meta()
    assert again.changes.equals(plan.changes)


def test_BEY_1_a_tampered_file_is_refused(tmp_path):
    plan = awkward_plan()
    write_parquet(plan, tmp_path / "plan.parquet")
    meta = pl.read_parquet_metadata(tmp_path / "plan.parquet")["cs-toolkit-plan"]
    plan.changes.with_columns(after=pl.lit("mine")).write_parquet(
        tmp_path / "plan.parquet", metadata={"cs-toolkit-plan": meta}
    )
    with pytest.raises(DigestError, match="not the rows that were reviewed"):
        read_parquet(tmp_path / "plan.parquet")


def test_a_file_that_is_no_plan_is_refused(tmp_path):
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "other.parquet")
    pl.DataFrame({"x": [1]}).write_csv(tmp_path / "other.csv")
    for read, name in [(read_parquet, "other.parquet"), (read_csv, "other.csv"), (read_parquet, "none.parquet"),
                       (read_parquet, "other.csv"), (read_csv, "none.csv")]:  # fmt: skip
        with pytest.raises(InputError):
            read(tmp_path / name)


def odd_plan(texts):
    """A sealed plan whose cells are these texts, whatever a merge would make of them."""
    number = len(texts)
    columns = {
        name: [texts[(place + row) % number] for row in range(number)] for place, name in enumerate(CHANGES.schema)
    }
    frame = pl.DataFrame(columns, schema=dict.fromkeys(CHANGES.schema, pl.String))
    changes = conform(frame.with_columns(seq=pl.int_range(1, pl.len() + 1), verdict=pl.lit("write")), CHANGES)
    return replace(awkward_plan(), digest=digest_of(changes, "00D", None), changes=changes)


ODD = [
    "",
    " ",
    "=1+1",
    "'",
    "''",
    "@",
    "\t",
    "\r",
    "\n",
    "\r\n",
    '"',
    '""',
    ",",
    ";",
    "-",
    "-1",
    "+1",
    "\ufeff",
    "é" * 40_000,
]
CELLS = st.none() | st.text(max_size=6) | st.sampled_from(ODD)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=5))
def test_BEY_1_whatever_is_in_a_plan_comes_back_cell_for_cell_from_either_file(tmp_path, texts):
    plan = odd_plan(texts)
    write_csv(plan, tmp_path / "plan.csv")
    assert read_csv(tmp_path / "plan.csv").equals(plan.changes)
    assert digest_of(read_csv(tmp_path / "plan.csv"), "00D", None) == plan.digest
    assert (digest_in(tmp_path / "plan.csv"), left_out(plan, tmp_path / "plan.csv")) == (plan.digest, [])
    write_parquet(plan, tmp_path / "plan.parquet")
    assert read_parquet(tmp_path / "plan.parquet").changes.equals(plan.changes)


def cells_of(path):
    return pl.read_csv(path, infer_schema=False)


def test_BEY_1_rows_that_a_reviewer_removed_or_marked_are_left_out(tmp_path):
    plan, path = awkward_plan(), tmp_path / "plan.csv"
    write_csv(plan, path)
    assert cells_of(path).columns == ["exclude", *CHANGES.schema, "digest"]
    marks = ["x", None, " No ", "0", "yes", "", None, None, "false", "TRUE"]
    reviewed = cells_of(path).with_columns(exclude=pl.Series(marks)).filter(pl.col("seq") != "2").reverse()
    reviewed.write_csv(path)
    assert left_out(plan, path) == [1, 2, 5, 10]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_BEY_1_a_file_that_a_spreadsheet_saved_anew_is_understood(tmp_path, separator):
    plan, path = awkward_plan(), tmp_path / "plan.csv"
    write_csv(plan, path)
    saved = cells_of(path).with_columns(pl.all().fill_null("")).write_csv(separator=separator, line_terminator="\r\n")
    path.write_bytes(saved.encode())
    assert (digest_in(path), left_out(plan, path)) == (plan.digest, [])


def test_BEY_1_an_altered_cell_is_refused_with_its_row_and_column(tmp_path):
    plan, path = awkward_plan(), tmp_path / "plan.csv"
    write_csv(plan, path)
    whole = cells_of(path)
    for name in CHANGES.schema:
        if name == "seq":
            continue
        mark = pl.when(pl.col("seq") == "3").then(pl.lit("mine")).otherwise(name).alias(name)
        whole.with_columns(mark).write_csv(path)
        with pytest.raises(DigestError, match=rf"row 4 \(seq 3\), column {name}: 'mine' was") as caught:
            left_out(plan, path)
        assert "thinned out, not edited" in caught.value.hint
    whole.filter(pl.col("seq") != "1").with_columns(after=pl.col("after").str.to_uppercase()).write_csv(path)
    with pytest.raises(DigestError, match=r"row \d+ \(seq \d+\), column after"):
        left_out(plan, path)


def test_BEY_1_a_row_that_was_added_or_doubled_is_refused(tmp_path):
    plan, path = awkward_plan(), tmp_path / "plan.csv"
    write_csv(plan, path)
    whole = cells_of(path)
    added = [pl.concat([whole, whole.head(1)]), pl.concat([whole, whole.head(1).with_columns(seq=pl.lit("99"))]),
             whole.with_columns(seq=pl.lit(None, dtype=pl.String))]  # fmt: skip
    for rows in added:
        rows.write_csv(path)
        with pytest.raises(DigestError, match="column seq"):
            left_out(plan, path)


def test_BEY_1_a_file_says_which_plan_it_belongs_to(tmp_path):
    plan, path = awkward_plan(), tmp_path / "plan.csv"
    write_csv(plan, path)
    whole = cells_of(path)
    wrong = {
        "has no rows": whole.clear(),
        "names several plans": whole.with_columns(digest=pl.col("seq")),
        "has rows that name no plan": whole.with_columns(digest=pl.when(pl.col("seq") == "1").then("digest")),
    }
    for said, rows in wrong.items():
        rows.write_csv(path)
        with pytest.raises(InputError, match=said):
            digest_in(path)
    path.write_bytes(b"\xff\xfe\x00seq")
    with pytest.raises(InputError, match="cannot be read"):
        digest_in(path)


@pytest.mark.parametrize(
    "odd",
    [{"operation": "renew"}, {"side": "nowhere"}, {"there_id": None}, {"operation": "delete", "there_id": None}],
)
def test_BEY_1_a_file_with_a_row_that_no_commit_knows_is_not_imported(tmp_path, odd):
    plan = awkward_plan()
    first = pl.col("seq") == 1
    changes = plan.changes.with_columns(
        pl.when(first).then(pl.lit(value, pl.String)).otherwise(name).alias(name) for name, value in odd.items()
    )
    resealed = replace(plan, changes=changes, digest=digest_of(changes, plan.org_id, plan.parent))
    write_parquet(resealed, tmp_path / "plan.parquet")
    with pytest.raises(InputError, match=r"plan.parquet, seq 1: nobody knows how to carry out"):
        refuse_unknown(read_parquet(tmp_path / "plan.parquet"), tmp_path / "plan.parquet")
    refuse_unknown(plan, tmp_path / "plan.parquet")
