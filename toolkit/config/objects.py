"""The objects of the mapping file: which records of a Salesforce object take part, and what becomes of each field.

An object of ours (account, contact, agreement, meeting, ...) corresponds to one Salesforce object. Its name says what
it is; for any other name ``role`` does.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, model_validator

from toolkit.config.agreements import AgreementTerms
from toolkit.config.interactions import standard_paths
from toolkit.config.match_rules import MatchRule
from toolkit.config.terms import ApiName, FieldPath, Model, Scalar, Word

Direction = Literal["output", "input", "two_way"]
ConflictRule = Literal["hold", "salesforce_wins", "toolkit_wins", "newest_wins"]
NullRule = Literal["clear", "keep"]
Mode = Literal["input", "two_way", "output", "disabled"]
Role = Literal["account", "contact", "agreement", "interaction", "user", "other"]
FieldKind = Literal[
    "multipicklist", "address", "phone", "complexvalue", "location", "reference", "external_reference", "richtext",
    "encryptedstring",
]  # fmt: skip
"""The nine kinds of field that an object can leave out (CSU-10)."""
InteractionKind = Literal["email", "meeting", "call", "note"]
INTERACTIONS: tuple[InteractionKind, ...] = ("email", "meeting", "call", "note")
ROLE_TAGS = ("champion", "sponsor", "key_user", "end_user")
"""The four tags a contact may carry (SKA-22)."""

MODES: dict[Role, tuple[Mode, ...]] = {
    "account": ("input", "two_way", "output", "disabled"),
    "contact": ("input", "two_way", "disabled"),
    "agreement": ("input", "disabled"),
    "interaction": ("input", "two_way", "output", "disabled"),
    "user": ("input", "disabled"),
    "other": ("input", "two_way", "output", "disabled"),
}
"""The modes that make sense for each role (SKA-4 to SKA-7)."""

DEFAULT_RULES: dict[Direction, ConflictRule] = {
    "output": "toolkit_wins",  # CAT-18: what somebody typed into the Salesforce field is overwritten
    "input": "salesforce_wins",
    "two_way": "hold",
}
"""What happens when both sides changed a field and the mapping does not say."""


ACCOUNT_PATHS = {
    "Contact": "AccountId",
    "Opportunity": "AccountId",
    "Contract": "AccountId",
    "Case": "AccountId",
    "Task": "AccountId",
    "Event": "AccountId",
    "EmailMessage": "RelatedToId",
    "Note": "ParentId",
}
"""The way from a standard object to the account, where the mapping does not say."""


NAME_FIELDS = {
    "Task": "Subject",
    "Event": "Subject",
    "EmailMessage": "Subject",
    "Note": "Title",
    "ContentNote": "Title",
    "Contract": "ContractNumber",
    "Case": "CaseNumber",
}
"""The field that names a record, of the standard objects where it is not Name."""


class Picklist(Model):
    """Records whose picklist ``field`` has one of ``values`` (CC-3, CC-5, CC-6)."""

    field: FieldPath
    values: Annotated[tuple[str, ...], Field(min_length=1)]


class Scope(Model):
    """Which records take part (VIT-1). All that is given must hold; when nothing is, every record does.

    ``list_view`` is a list view by label, API name or id. ``filter`` is a condition in words, see
    `toolkit.config.filters`. ``of_accounts`` keeps to the records of the accounts in scope, where the object has a path
    to them (SKA-19); ``won`` keeps to won opportunities (SKA-25).
    """

    list_view: Annotated[str, Field(min_length=1)] | None = None
    picklist: Picklist | None = None
    filter: Annotated[str, Field(min_length=1)] | None = None
    of_accounts: bool = True
    won: bool | None = None


class Hierarchy(Model):
    """Parents: the field that points to them, and how many levels are kept (SKA-13); None keeps every level."""

    parent: FieldPath = "ParentId"
    levels: Annotated[int, Field(ge=1)] | None = None


class Exclusions(Model):
    """Records that are left out although they are in scope; each is recorded in ``skips`` with its reason.

    ``name_over`` leaves out names of more characters (CC-15), ``person_accounts`` people (CC-16), ``parents`` accounts
    that have children (CC-13).
    """

    name_over: Annotated[int, Field(ge=1)] | None = None
    person_accounts: bool = False
    parents: bool = False


class RoleTag(Model):
    """Who carries a tag (SKA-22): contacts whose ``field`` has one of ``values``, or who have one of these roles in an
    opportunity (``OpportunityContactRole``) or with the account (``AccountContactRelation``).
    """

    field: FieldPath | None = None
    values: tuple[str | bool, ...] = (True,)
    opportunity_roles: tuple[str, ...] = ()
    account_roles: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> "RoleTag":
        if (self.field is not None) + bool(self.opportunity_roles) + bool(self.account_roles) != 1:
            raise ValueError('needs exactly one of "field", "opportunity_roles" and "account_roles" (SKA-22)')
        return self


class FieldMapping(Model):
    """One field of a mapping: its name on both sides and the way values travel.

    ``output`` goes to Salesforce only, ``input`` comes from it only. ``on_conflict`` decides when both sides changed.
    ``editable`` lets a person change the value in the toolkit (CSU-4, VIT-15); ``visible`` and ``order`` decide whether
    and where tables show it (CSU-16, CSU-17): ordered fields first, ascending, then the rest by name.

    ``by`` is for references: the field of the referred record that is kept here instead of its id, ``Name`` or
    ``Email`` of an owner, or an external id. ``nulls`` says whether an empty value clears the other side or leaves it
    (``keep``). ``default`` is written where this side has no value.
    """

    here: Word
    there: FieldPath
    direction: Direction
    by: FieldPath | None = None
    nulls: NullRule = "clear"
    default: Scalar | None = None
    on_conflict: ConflictRule = Field(default_factory=lambda data: DEFAULT_RULES[data["direction"]])
    editable: bool = False
    visible: bool = True
    order: int | None = None

    @property
    def reads(self) -> str:
        """The Salesforce path whose value is compared: ``there``, or the field ``by`` of the record it refers to."""
        if self.by is None:
            return self.there
        relationship = re.sub(r"(Id|__c)$", lambda end: "__r" if end[0] == "__c" else "", self.there)
        return f"{relationship}.{self.by}"

    @property
    def writes_here(self) -> bool:
        """Whether a sync may change the value here."""
        return self.direction in ("input", "two_way")

    @property
    def writes_there(self) -> bool:
        """Whether a sync may change the value in Salesforce."""
        return self.direction in ("output", "two_way")

    def under(self, mode: Mode) -> "FieldMapping | None":
        """Return the field as it travels in a mode of its object, or None when it does not travel at all."""
        if mode == "disabled" or (mode == "output" and self.direction == "input"):
            return None
        if mode == "two_way" or self.direction != "two_way":
            return self
        said = self.on_conflict if "on_conflict" in self.model_fields_set else DEFAULT_RULES[mode]
        return self.model_copy(update={"direction": mode, "on_conflict": said})


class ObjectMapping(Model):
    """How one of our objects corresponds to a Salesforce object (VIT-5).

    ``mode`` limits what a sync may write (SKA-4 to SKA-7): in ``input`` a two-way field only comes in and only what is
    worked out here goes out, in ``output`` nothing comes in. ``id`` is the field whose value is the id here of records
    that Salesforce brings (SKA-14); the record id when it is not said, or blank. ``account`` is the path to the
    customer's record. ``create`` makes records here for those that only Salesforce has (VIT-10), ``create_there`` the
    other way round. ``left_scope`` says what becomes of a record here that is no longer in scope there (SKA-12).
    ``related_accounts`` lets a contact whose own account is not here belong to one that it is related to, and
    ``relations`` keeps every account that a contact has to do with, beside the one that it belongs to (CC-14).
    ``exclude_types`` are kinds of field that may not be mapped (CSU-10); none when it is not said.
    """

    sobject: ApiName = "Account"
    role: Role | None = None
    kind: InteractionKind | None = None
    mode: Mode = "two_way"
    scope: Scope = Field(default_factory=Scope)
    match: tuple[MatchRule, ...] = ()
    name: FieldPath = "Name"
    id: FieldPath | None = None
    account: FieldPath | None = None
    create: bool = False
    create_there: bool = False
    left_scope: Literal["keep", "churn", "archive"] = "keep"
    hierarchy: Hierarchy | None = None
    related_accounts: bool = False
    relations: bool = False
    exclude: Exclusions = Field(default_factory=Exclusions)
    exclude_types: tuple[FieldKind, ...] = ()
    tags: dict[Literal["champion", "sponsor", "key_user", "end_user"], RoleTag] = Field(default_factory=dict)
    terms: AgreementTerms | None = None
    fields: tuple[FieldMapping, ...] = ()
    _object: str = PrivateAttr("account")

    def named(self, name: str) -> "ObjectMapping":
        """Return the mapping as the object `name` of the mapping file; `Settings` does this for each of its objects."""
        copy = self.model_copy()
        copy._object = name
        if "name" not in self.model_fields_set:  # not set for good, so that a save does not write what nobody said
            copy.__dict__["name"] = NAME_FIELDS.get(self.sobject, "Name")
        return copy

    @property
    def object(self) -> str:
        """Our name of the object: ``account``, ``contact``, ``meeting``."""
        return self._object

    @property
    def acts_as(self) -> Role:
        """What the object is to the toolkit: its role, which its name says when it is not given."""
        if self.role is not None:
            return self.role
        if self._object in INTERACTIONS:
            return "interaction"
        return self._object if self._object in MODES else "other"

    @property
    def is_merged(self) -> bool:
        """Whether records of both sides are matched and their fields merged; agreements and users only come in."""
        return self.acts_as not in ("agreement", "user")

    @property
    def interaction_kind(self) -> InteractionKind | None:
        """Which interaction the object is (SKA-32), or None when it is none."""
        if self.acts_as != "interaction":
            return None
        return self.kind or next((kind for kind in INTERACTIONS if kind == self._object), None)

    @property
    def account_path(self) -> str | None:
        """The path to the customer's record, or None for an object that does not hang on accounts."""
        if self.account is not None or self.acts_as in ("account", "user"):
            return self.account
        return ACCOUNT_PATHS.get(self.sobject)

    @property
    def in_effect(self) -> "ObjectMapping":
        """The mapping as its mode leaves it: each field with its direction, without those that do not travel."""
        if self.mode == "two_way":
            return self
        kept = [turned for field in self.fields if (turned := field.under(self.mode))]
        return self.model_copy(update={"fields": tuple(kept)})

    @property
    def visible_fields(self) -> tuple[FieldMapping, ...]:
        """The fields that tables show: by order, then alphabetically (CSU-16, CSU-17, CSU-18)."""
        shown = [field for field in self.fields if field.visible]
        return tuple(sorted(shown, key=lambda field: (field.order is None, field.order or 0, field.here)))

    @property
    def there_paths(self) -> tuple[str, ...]:
        """Every Salesforce field that a pull reads, each once: name, ids, mapped fields, and what its role needs."""
        return tuple(dict.fromkeys([*self._said(), *self._assumed()]))

    @property
    def assumed_paths(self) -> frozenset[str]:
        """Those of `there_paths` that the mapping does not name: they are read where the org has and shows them."""
        return frozenset(self._assumed()) - frozenset(self._said())

    def _said(self) -> Iterator[str]:
        """Yield the fields that the mapping names, and those that its parents, tags and terms are seen by."""
        rules = [path for rule in self.match for path in rule.there_paths]
        mapped = [field.reads for field in self.fields]
        yield from (path for path in (self.name, *rules, *mapped, self.id, self.account_path) if path)
        if self.hierarchy or self.exclude.parents:
            yield self.hierarchy.parent if self.hierarchy else "ParentId"
        yield from (tag.field for tag in self.tags.values() if tag.field)
        if self.terms:
            yield from self.terms.paths
            yield from ("IsWon", self.terms.amount or "Amount") if self.sobject == "Opportunity" else ()

    def _assumed(self) -> Iterator[str]:
        if self.exclude.person_accounts:
            yield "IsPersonAccount"  # only orgs with person accounts have it (CC-16)
        if self.acts_as == "account" and self.sobject == "Account":
            yield "Website"  # the domain, where none is mapped (SKA-15)
        yield from standard_paths(self.sobject, self.interaction_kind)
