"""Every requirement that is done has a test that carries its id, so that ``pytest -k CAT_13`` shows it.

`DONE` grows with the project; an id that only describes another product's screens has no test of ours.
"""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

DONE = {
    "CARD_2": "the top level is notebooks, toolkit, dashboards, data, tests, benchmarks and the few usual files",
    "CARD_3": "the package connects, imports, matches, scores and writes back",
    "CARD_4": "notebooks and dashboard preview mappings, dry-run and inspect before a commit",
    "CARD_5": "admins step through notebooks, CS leaders look at the dashboard, notebooks are regression tests",
    "CAT_1": "only those the mapping file names may commit",
    "CAT_3": "pushing health is opted into by mapping it",
    "CAT_4": "health goes one way, nightly",
    "CAT_5": "a health profile must be configured first",
    "CAT_6": "so must the connection",
    "CAT_8": "what Bulk API 2.0 costs of the daily API requests is measured, not claimed",
    "CAT_9": "a missing field is reported with the recipe; the toolkit does not create it",
    "CAT_11": "the field must be a number",
    "CAT_12": "the recipe recommends a clear label",
    "CAT_13": "length 2 with one decimal holds 99.9: 0-10 fits, 0-100 does not",
    "CAT_14": "the field's name follows its label",
    "CAT_15": "the recipe ticks the existing report types",
    "CAT_16": "the integration user needs the field visible and not read-only",
    "CAT_17": "read-only for everybody else is a tip",
    "CAT_18": "what people type in is overwritten, and said to be",
    "CAT_20": "the field is chosen in the mapping and saved",
    "CAT_21": "a new field shows up after a refresh of the fields",
    "CAT_22": "the push runs once a day",
    "CAT_23": "both sides may differ until the next sync; that is drift, not an error",
    "VIT_5": "the Salesforce object that corresponds to an account is chosen",
    "VIT_6": "the Salesforce field that holds the account's own id is chosen",
    "VIT_16": "only linked accounts are written",
    "VIT_17": "score, subscription, NPS, segments and success metrics can be pushed",
    "VIT_18": "the field must exist first",
    "VIT_19": "its name must start with the guard prefix",
    "VIT_20": "its type must suit the value",
    "VIT_21": "each value is mapped to one field",
    "BEY_1": "a plan is a reviewable artefact, committed by its digest",
    "BEY_5": "a commit can be undone, by a plan of its own",
    "BEY_16": "everything works offline on the embedded demo org",
    "HLT_4": "0-10 and 0-100 convert exactly and round by a stated rule",
    "DSH_2": "the dashboard shows how health is distributed",
    "DSH_10": "the dashboard shows the pending plan",
}


def names_of_tests() -> set[str]:
    """Return the names of all tests, and the ids that parametrised ones carry, as written in the source."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        found |= {node.name for node in ast.walk(tree) if isinstance(node, functions)}
        found |= set(re.findall(r'id="([A-Z]+_\d+[^"]*)"', path.read_text("utf-8")))
    return found


NAMES = names_of_tests()


@pytest.mark.parametrize("requirement", DONE)
def test_a_requirement_that_is_done_has_a_test_of_its_name(requirement):
    pattern = re.compile(rf"(^|_){requirement}(_|$)")
    assert any(pattern.search(name) for name in NAMES), f"no test is named after {requirement}: {DONE[requirement]}"
