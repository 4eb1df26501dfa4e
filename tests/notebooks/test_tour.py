"""Saved notebooks are what they give when run: byte for byte by our own script, and output for output by nbval."""

import ast
import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SAVED = sorted(NOTEBOOKS.glob("*.ipynb"))
KEPT_MIMES = {"text/plain", "text/html"}

every_notebook = pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text("utf-8"))["cells"]


def code_cells(path: Path) -> list[dict]:
    return [cell for cell in cells(path) if cell["cell_type"] == "code"]


def test_the_tour_and_each_import_have_a_notebook():
    assert [path.stem for path in SAVED] == [
        "00_tour",
        "01_import_accounts",
        "02_import_contacts",
        "03_import_agreements",
        "04_import_interactions",
        "05_plan_and_commit",
        "06_undo_and_resume",
        "07_match",
        "08_inspect_mismatches",
    ]


@every_notebook
def test_every_code_cell_was_run_in_order_and_shows_what_it_gave(path):
    code = code_cells(path)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(cell["outputs"] for cell in code)
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]


@every_notebook
def test_a_reader_without_a_kernel_sees_every_result(path):
    outputs = [output for cell in code_cells(path) for output in cell["outputs"] if "data" in output]
    assert {mime for output in outputs for mime in output["data"]} == KEPT_MIMES
    assert all("text/html" in output["data"] for output in outputs)


@every_notebook
def test_a_notebook_is_short_and_says_before_each_cell_what_comes(path):
    assert 8 <= len(code_cells(path)) <= 14
    kinds = [cell["cell_type"] for cell in cells(path)]
    assert all(before == "markdown" for before, kind in pairwise(kinds) if kind == "code")
    for cell in code_cells(path):
        nodes = ast.walk(ast.parse("".join(cell["source"])))
        assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)]
    assert path.stat().st_size < 120_000


@every_notebook
def test_nothing_of_this_machine_or_hour_is_saved(path):
    saved = path.read_text("utf-8")
    for volatile in ("127.0.0.1", "/tmp/", "cs-toolkit-demo-", "object at 0x", "widget-view", str(NOTEBOOKS.parent)):
        assert volatile not in saved, volatile


def test_CARD_5_run_again_every_notebook_gives_the_same_bytes():
    command = [sys.executable, str(NOTEBOOKS / "execute.py"), "--check"]
    again = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert again.returncode == 0, again.stdout


def test_CARD_5_nbval_finds_the_saved_outputs_and_one_figure_that_was_changed(tmp_path):
    changed = Path(shutil.copy(SAVED[0], tmp_path / "changed.ipynb"))
    text = changed.read_text("utf-8")
    changed.write_text(re.sub(r"\d+ pairs; ", "7 pairs; ", text), "utf-8")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-rf", "-p", "no:cacheprovider"]
    checked = subprocess.run(
        [*command, *SAVED, changed], cwd=NOTEBOOKS.parent, capture_output=True, text=True, timeout=280
    )
    failed = re.findall(r"^FAILED (\S*)::Cell (\d+)", checked.stdout, re.MULTILINE)
    assert [cell for _, cell in failed] == ["3"], checked.stdout[-4000:]
    assert not [name for name, _ in failed if name.endswith(SAVED[0].name)]
    total = sum(len(code_cells(path)) for path in [*SAVED, changed])
    assert f"1 failed, {total - 1} passed" in checked.stdout
