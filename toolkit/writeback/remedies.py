"""What to do about a row that Salesforce refused, by its error code."""

import polars as pl

REMEDIES = {
    "NUMBER_OUTSIDE_VALID_RANGE": "widen the field in Setup, or map to one with more digits",
    "STRING_TOO_LONG": "shorten the value, or lengthen the field in Setup",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "add the value to the picklist in Setup, or map to another field",
    "INVALID_TYPE_ON_FIELD_IN_RECORD": "map to a field of the value's type",
    "INVALID_EMAIL_ADDRESS": "correct the address here",
    "DUPLICATE_VALUE": "the field is unique: find the other record that has this value",
    "DUPLICATES_DETECTED": "a duplicate rule of the org refused this: merge the duplicates there",
    "REQUIRED_FIELD_MISSING": "fill the required field in Salesforce first",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "a validation rule of the org refused this: ask its admin",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "an automation of the org refused this: ask its admin",
    "FIELD_INTEGRITY_EXCEPTION": "the value contradicts another field of the record: see the message",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "give the integration user Visible, not Read-Only, on the field (CAT-16)",
    "INVALID_FIELD": "the field is gone or hidden from the integration user: refresh the fields and check the mapping",
    "INSUFFICIENT_ACCESS_OR_READONLY": "give the integration user edit access to the record",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "give the integration user access to the record it points to",
    "INVALID_CROSS_REFERENCE_KEY": "the record is gone or not visible: pull and match again",
    "ENTITY_IS_DELETED": "the record is in the recycle bin: restore it, or pull and match again",
    "MALFORMED_ID": "the value has to be a record id",
    "UNABLE_TO_LOCK_ROW": "somebody else was saving the same record: plan and commit again",
}
OTHERWISE = "see the message; plan again when it is mended"


def remedy(code: str) -> pl.Expr:
    """Return what to do about the error code in the column `code`."""
    return pl.col(code).replace_strict(REMEDIES, default=OTHERWISE, return_dtype=pl.String)
