"""What to do about a row that Salesforce refused, by its error code."""

import polars as pl

_ASK_ADMIN = "an automation of the org refused this: ask its admin"
_AGAIN = "Salesforce failed inside and took it back: retry the commit; if it stays, tell Salesforce's support the id"
_LATER = "nothing is wrong with the row: retry the commit later"
_JOB = "the Bulk job ended before this row: retry the commit"

REMEDIES = {
    # the value
    "NUMBER_OUTSIDE_VALID_RANGE": "widen the field in Setup, or map to one with more digits",
    "STRING_TOO_LONG": "shorten the value, or lengthen the field in Setup",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "add the value to the picklist in Setup, or map to another field",
    "INVALID_TYPE_ON_FIELD_IN_RECORD": "map to a field of the value's type",
    "INVALID_EMAIL_ADDRESS": "correct the address here",
    "INVALID_URL": "correct the web address here",
    "INVALID_MULTIPICKLIST": "each value between the semicolons has to be one of the picklist's",
    "INVALID_CURRENCY_ISO": "use a currency that is active in Setup > Manage Currencies",
    "INVALID_DATE": "correct the date here",
    "JSON_PARSER_ERROR": "a value has the wrong form for its field: see the message, and correct it here",
    "INVALID_CSV": "the row could not be read: look for odd characters in its values",
    "DUPLICATE_VALUE": "the field is unique: find the other record that has this value",
    "DUPLICATE_EXTERNAL_ID": "two records there have this external id: merge them, then pull and match again",
    "DUPLICATES_DETECTED": "a duplicate rule of the org refused this: merge the duplicates there",
    "REQUIRED_FIELD_MISSING": "fill the required field in Salesforce first",
    "FIELD_INTEGRITY_EXCEPTION": "the value contradicts another field of the record: see the message",
    "FIELD_FILTER_VALIDATION_EXCEPTION": "the lookup's filter does not allow this record: choose another",
    # the org's own rules
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "a validation rule of the org refused this: ask its admin",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _ASK_ADMIN,
    "CANNOT_EXECUTE_FLOW_TRIGGER": "a flow of the org failed on this: ask its admin",
    "APEX_ERROR": _ASK_ADMIN,
    "DEPENDENCY_EXISTS": "something else in the org depends on it: see the message",
    "DELETE_FAILED": "other records belong to it: move or delete them in Salesforce first",
    "MERGE_FAILED": "see the message; the records may belong to something that forbids it",
    "UNDELETE_FAILED": "it is no longer in the recycle bin, or what it belonged to is gone",
    "CIRCULAR_DEPENDENCY": "a record would be its own parent: correct the hierarchy here",
    "FAILED_ACTIVATION": "the record has to be a draft first: see the message",
    "INACTIVE_OWNER_OR_USER": "the user is inactive: choose an active one",
    "ENTITY_IS_LOCKED": "an approval process has locked the record: wait until it ends, or ask the org's admin",
    "LICENSE_LIMIT_EXCEEDED": "the org has no licence left for this: ask its admin",
    # rights and fields
    "INVALID_FIELD_FOR_INSERT_UPDATE": "give the integration user Visible, not Read-Only, on the field (CAT-16)",
    "INVALID_FIELD": "the field is gone or hidden from the integration user: refresh the fields and check the mapping",
    "INSUFFICIENT_ACCESS": "give the integration user the right on the object (permission set or profile)",
    "INSUFFICIENT_ACCESS_OR_READONLY": "give the integration user edit access to the record",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "give the integration user access to the record it points to",
    "TRANSFER_REQUIRES_READ": "the new owner may not read such records: choose another, or ask the org's admin",
    "INVALID_TYPE": "the integration user may not see the object: check the mapping and its rights",
    "INVALID_TYPE_FOR_OPERATION": "records of this object cannot be changed that way through the API",
    "FEATURENOTENABLED": "the integration user lacks this right: ask the org's admin",
    "InvalidBatch": "the job did not take the columns: refresh the fields and check the mapping",
    # the record
    "INVALID_CROSS_REFERENCE_KEY": "the record is gone or not visible: pull and match again",
    "INVALID_ID_FIELD": "the record is gone or not visible: pull and match again",
    "NOT_FOUND": "the record, or the field it is found by, is gone or not visible: pull and match again",
    "ENTITY_IS_DELETED": "the record is in the recycle bin: restore it, or pull and match again",
    "MALFORMED_ID": "the value has to be a record id",
    # what passes
    "UNABLE_TO_LOCK_ROW": "somebody else was saving the same record: plan and commit again",
    "REQUEST_RUNNING_TOO_LONG": "an automation took too long: commit fewer records at once, or ask the org's admin",
    "SERVER_UNAVAILABLE": _LATER,
    "UNKNOWN_EXCEPTION": _AGAIN,
    "InternalServerError": _AGAIN,
    "NOT_PROCESSED": _JOB,
    "TooManyLockFailure": "other work held the same records: commit when less is going on",
    "EXCEEDED_QUOTA": "an allowance of the org is used up: see Setup > Company Information, and retry tomorrow",
    "STORAGE_LIMIT_EXCEEDED": "the org's storage is full: its admin has to free some",
    "LIMIT_EXCEEDED": "an allowance of the org is used up: see Setup > Company Information",
    "HTTP_413": "the row is too large for one call: shorten its texts",
    "EXCEEDED_ID_LIMIT": "commit fewer records at once",
}
OTHERWISE = "see the message; plan again when it is mended"


def remedy(code: str) -> pl.Expr:
    """Return what to do about the error code in the column `code`."""
    return pl.col(code).replace_strict(REMEDIES, default=OTHERWISE, return_dtype=pl.String)
