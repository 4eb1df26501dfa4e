"""Each code that a row can be refused with comes with what to do about it."""

import re
from pathlib import Path

import polars as pl

import toolkit.demo_org
from toolkit.writeback.committing.remedies import OTHERWISE, REMEDIES, remedy

SAVING = ("validation", "saving", "records", "deletion", "recycling", "merging", "consequences", "duplicates", "rules")
"""The modules of the demo org that refuse a row."""
OF_A_REQUEST = {
    "ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_NUMBER_OF_RECORDS", "INVALID_OPERATION", "MISSING_ARGUMENT",
}  # fmt: skip
"""Codes that speak of a request, or of its other rows."""


def test_BEY_6_every_reason_for_which_the_org_refuses_a_row_has_a_remedy():
    folder = Path(toolkit.demo_org.__file__).parent
    text = "".join((folder / f"{name}.py").read_text("utf-8") for name in SAVING)
    codes = set(re.findall(r'Refusal\(\s*\d+,\s*"([A-Z_]+)"', text)) | {"UNABLE_TO_LOCK_ROW", "DUPLICATES_DETECTED"}
    assert len(codes) > 15
    assert codes - OF_A_REQUEST <= set(REMEDIES), codes - OF_A_REQUEST - set(REMEDIES)


def test_BEY_6_what_nobody_knows_says_to_read_the_message():
    codes = pl.DataFrame({"code": ["STRING_TOO_LONG", "NEVER_SEEN", None]})
    assert codes.select(remedy("code")).to_series().to_list() == [REMEDIES["STRING_TOO_LONG"], OTHERWISE, OTHERWISE]
