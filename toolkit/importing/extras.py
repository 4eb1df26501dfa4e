"""Which rows of other Salesforce objects an import needs beside the records themselves, so that the shell reads them.

Nothing is read here: a `Read` says what to ask for, and the frame it gives is handed in under the object's name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY
from toolkit.importing.exclusions import PARENT_PATH
from toolkit.importing.interaction_columns import ABOUT, OWNER_OBJECTS, owner_path
from toolkit.values import to_18

OPPORTUNITY_ROLES = "OpportunityContactRole"
ACCOUNT_RELATIONS = "AccountContactRelation"
DOCUMENT_LINKS = "ContentDocumentLink"

_WAYS = {"006": "Opportunity", "800": "Contract", "500": "Case", "003": "Contact"}
"""The objects an interaction may be about that lead on to an account, by the prefix of their record ids."""


@dataclass(frozen=True)
class Read:
    """Rows to read: `fields` of `sobject` that meet `where`; with `by`, those whose field `by` is one of `ids`."""

    sobject: str
    fields: tuple[str, ...]
    where: str | None = None
    by: str | None = None
    ids: pl.Series = field(default_factory=lambda: pl.Series("ids", dtype=pl.String), compare=False)


def extra_reads(mapping: ObjectMapping, there: pl.DataFrame) -> tuple[Read, ...]:
    """Return what to read for an import of `there`, at most one `Read` an object; nothing for most objects."""
    match mapping.acts_as:
        case "account":
            return tuple(_of_accounts(mapping))
        case "contact":
            return tuple(_of_contacts(mapping, there))
        case "interaction":
            return tuple(_of_interactions(mapping, there))
        case _:
            return ()


def _of_accounts(mapping: ObjectMapping) -> Iterator[Read]:
    if mapping.exclude.parents:  # a parent's children may be out of scope
        path = mapping.hierarchy.parent if mapping.hierarchy else PARENT_PATH
        yield Read(mapping.sobject, ("Id", path), f"{path} != null")


def _of_contacts(mapping: ObjectMapping, there: pl.DataFrame) -> Iterator[Read]:
    tags = mapping.tags.values()
    if any(tag.opportunity_roles for tag in tags):
        fields = ("Id", "ContactId", "OpportunityId", "Role")
        yield Read(OPPORTUNITY_ROLES, fields, "Role != null", "ContactId", there[RECORD_KEY])
    if any(tag.account_roles for tag in tags) or mapping.related_accounts or mapping.relations:
        yield relations_read(there)


def relations_read(there: pl.DataFrame) -> Read:
    """Return what to read to know every account of contacts (CC-14)."""
    fields = ("Id", "ContactId", "AccountId", "Roles", "IsDirect", "IsActive")
    return Read(ACCOUNT_RELATIONS, fields, None, "ContactId", there[RECORD_KEY])


def _of_interactions(mapping: ObjectMapping, there: pl.DataFrame) -> Iterator[Read]:
    yield from _named(there, [owner_path(mapping.sobject)], OWNER_OBJECTS, "Name")
    if mapping.sobject == "ContentNote":
        yield Read(
            DOCUMENT_LINKS, ("ContentDocumentId", "LinkedEntityId"), None, "ContentDocumentId", there[RECORD_KEY]
        )
    elif mapping.sobject not in ("Task", "Event"):  # Salesforce itself says which account these belong to
        yield from _named(there, [mapping.account_path, *ABOUT], _WAYS, "AccountId")


def _named(there: pl.DataFrame, paths: list[str | None], objects: Mapping[str, str], field_name: str) -> Iterator[Read]:
    """Yield what to read of each object that a record names in one of the fields."""
    named = [there[path].cast(pl.String) for path in dict.fromkeys(paths) if path in there.columns]
    ids = pl.concat([pl.Series("ids", dtype=pl.String), *(each.alias("ids") for each in named)])
    ids = pl.select(to_18(pl.lit(ids)).alias("ids")).to_series().drop_nulls().unique().sort()
    for prefix, sobject in objects.items():
        wanted = ids.filter(ids.str.starts_with(prefix))
        if wanted.len():
            yield Read(sobject, ("Id", field_name), None, "Id", wanted)
