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
    "CAT_9": "a missing field is reported with the recipe; it is created only by a plan of its own",
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
    "VIT_1": "all accounts, a subset of them, or a custom object take part",
    "VIT_2": "accounts that are here already are linked with their partners",
    "VIT_3": "a field of Salesforce is changed from here",
    "VIT_4": "records in Salesforce carry health, segments and more",
    "VIT_7": "the id that the first system gave an account stays",
    "VIT_8": "that id can be one that all systems share",
    "VIT_9": "without one, another value of both sides links them",
    "VIT_10": "records without a partner are created here, or not",
    "VIT_11": "a filter keeps to some of them; it knows contains",
    "VIT_12": "without create, only what is here is updated",
    "VIT_13": "accounts that are no customers stay out",
    "VIT_14": "only mapped fields come in",
    "VIT_15": "an edit of a field that allows it is in Salesforce at once",
    "CSU_1": "the first import brings details and contacts",
    "CSU_2": "values travel as they change",
    "CSU_3": "most fields of Account can be mapped, both ways",
    "CSU_4": "each field is editable here or read-only",
    "CSU_5": "looking at a record syncs it only when a setting says so, and says what it wrote",
    "CSU_6": "the CSM is written to its field",
    "CSU_7": "the success score is written to its field",
    "CSU_8": "the sales rep is the account owner's name",
    "CSU_10": "nine kinds of fields can be left out",
    "CSU_13": "a pairing is kept by the record id",
    "CSU_14": "an id that is gone is told",
    "CSU_16": "fields are shown by their switch",
    "CSU_17": "and in their order",
    "CSU_18": "the first five are columns and filters",
    "CSU_19": "the others are on the account's page",
    "CC_1": "members are linked to accounts, whose engagement is shown",
    "CC_2": "the fields that may identify a customer are offered",
    "CC_3": "the identifying field is a picklist",
    "CC_5": "it is selected",
    "CC_6": "one or several of its values are",
    "CC_7": "import can be switched off",
    "CC_9": "accounts are matched with members",
    "CC_10": "every six hours; what was added, changed or removed is seen",
    "CC_11": "a member is its e-mail's contact, and that contact's account",
    "CC_12": "the same linking answers from either end",
    "CC_13": "parents can be left out",
    "CC_14": "a member belongs to one account",
    "CC_15": "long names can be left out, never in silence",
    "CC_16": "so can people",
    "CC_17": "several values of the one field are taken",
    "SKA_1": "customers, contacts, agreements, interactions and notes come in",
    "SKA_2": "a window asks for credentials",
    "SKA_3": "the user needs access to the API",
    "SKA_4": "input: nothing of it goes out",
    "SKA_5": "two-way: customers, contacts, interactions",
    "SKA_6": "output: interactions",
    "SKA_7": "disabled: neither read nor written",
    "SKA_8": "after the first import an object is switched to two ways",
    "SKA_9": "a list view says who takes part",
    "SKA_10": "the usual view is offered first",
    "SKA_11": "a view that others may edit is warned of",
    "SKA_12": "who leaves the view churns, and stays",
    "SKA_13": "parents and children, to a number of levels",
    "SKA_14": "the id is a shared one, else the record's",
    "SKA_15": "the domain is the website's, unless another field is mapped",
    "SKA_16": "the CSM is a lookup to a user",
    "SKA_17": "the stage is mapped or left alone",
    "SKA_18": "so is the profile",
    "SKA_19": "contacts are those of the accounts in scope",
    "SKA_20": "or those of a view",
    "SKA_21": "a contact's id is a shared one, else the record's",
    "SKA_22": "four tags of contacts",
    "SKA_23": "agreements are disabled until they are said to come in",
    "SKA_24": "the object that holds them is chosen",
    "SKA_25": "won opportunities, or all that is linked",
    "SKA_26": "MRR or ARR must be said",
    "SKA_27": "so must the amount",
    "SKA_28": "plan and one-time fee may be",
    "SKA_29": "the start is seldom the closing date",
    "SKA_30": "end and notice each in three ways",
    "SKA_31": "tacit renewal in three ways",
    "SKA_32": "e-mails, meetings, calls and notes, each by itself",
    "SKA_33": "only what was entered by hand goes to the CRM",
    "SKA_34": "a calendar's meetings do not double",
    "BEY_2": "three-way merge; a conflict follows its field's rule",
    "BEY_3": "what changed since the plan is held",
    "BEY_4": "every violation is found before a call",
    "BEY_6": "no crash loses or doubles a row",
    "BEY_7": "calls are predicted, counted and capped",
    "DSH_1": "my book, in order of attention",
    "DSH_3": "renewals, with notice and tacit renewal",
    "DSH_4": "GRR, NRR and the waterfall",
    "DSH_6": "engagement and coverage",
    "DSH_7": "everything about one account",
    "SKA_35": "score and pulse are uploaded to fields of their own",
    "BEY_8": "a run that would change, churn or clear too much stops and asks",
    "BEY_9": "merged, deleted, restored, renamed and doubled records are proposed for repair",
    "BEY_10": "every record of both sides is in exactly one class",
    "BEY_11": "a match is explained, a suggestion never applied unasked, a decision never asked twice",
    "BEY_14": "of any value one can ask where it came from",
    "BEY_15": "a field is created by plan, with its permissions, and undone",
    "BEY_1": "a plan is a reviewable artefact, committed by its digest",
    "BEY_5": "a commit can be undone, by a plan of its own",
    "BEY_16": "everything works offline on the embedded demo org",
    "HLT_4": "0-10 and 0-100 convert exactly and round by a stated rule",
    "DSH_2": "the dashboard shows how health is distributed",
    "DSH_8": "the dashboard shows the health of the sync",
    "DSH_9": "the dashboard shows the quality of the data",
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
