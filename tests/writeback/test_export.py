"""A plan as a file and back, safe in a spreadsheet."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.writeback.samples import NOW, mapped, sides
from toolkit.errors import DigestError, InputError
from toolkit.writeback.export import read_csv, read_parquet, safe_cells, write_csv, write_parquet
from toolkit.writeback.plan import make_plan

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
