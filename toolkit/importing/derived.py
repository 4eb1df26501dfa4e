"""Columns that an import works out from Salesforce beside the mapped fields, the same in shape for every object."""

from dataclasses import dataclass

import polars as pl

ACCOUNT_THERE_ID = "account_there_id"
"""A derived column of this name says which account a record belongs to, in place of the mapping's path."""


@dataclass(frozen=True)
class Derived:
    """What is worked out of the records there: a frame keyed by their ``id``, and `frames.SKIPS` about it.

    ``always`` names the columns that follow Salesforce in every linked record; the others only do so in records that
    Salesforce created, and elsewhere fill what is empty. A mapped field of the same name goes before any of them.
    """

    columns: pl.DataFrame
    skips: pl.DataFrame
    always: tuple[str, ...] = ()
