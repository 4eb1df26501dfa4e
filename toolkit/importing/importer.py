"""The import step: records that only Salesforce has become records here, and what left the scope is dealt with.

This is the shell around `toolkit.importing.records` and `toolkit.importing.agreements`: it reads what they need, and
keeps what they return. `look` keeps nothing, so that a preview is what an import would do and cannot differ from it.
Nothing is ever written to Salesforce here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from toolkit import frames
from toolkit.config import ObjectMapping, Settings
from toolkit.config.sources import MEMBER
from toolkit.errors import StepMissingError
from toolkit.importing.adoption import Adopted
from toolkit.importing.agreements import AGREEMENT_RULES, Agreed, agreements
from toolkit.importing.contacts import contact_accounts
from toolkit.importing.extra_rows import ExtraRows
from toolkit.importing.extras import extra_reads, relations_read
from toolkit.importing.interactions import INTERACTION_RULES, interactions
from toolkit.importing.members import MEMBER_RULES, link_members
from toolkit.importing.preview import preview, preview_agreements, preview_fields, preview_terms
from toolkit.importing.records import RULES, import_object
from toolkit.matching.decisions import different
from toolkit.salesforce import Org
from toolkit.store import Store
from toolkit.writeback.planning.merge import new_base
from toolkit.writeback.planning.sides import Sides

ACCOUNT = "account"
AGREEMENTS, REMARKS = "agreements", "agreement_remarks"
INTERACTIONS, MEMBERS, CONTACT_ACCOUNTS = "interactions", "members", "contact_accounts"
"""What the frames that are worked out over all objects of a role are kept as, on the side ``derived``."""


@dataclass(frozen=True)
class Preview:
    """What an import of an object would do: ``outcomes`` (`frames.PREVIEW`), and ``fields`` with sample values."""

    object: str
    outcomes: pl.DataFrame
    fields: pl.DataFrame

    def __str__(self) -> str:
        counted = self.outcomes.group_by("outcome", maintain_order=True).agg(pl.col("records").sum())
        told = [f"{records:,} {outcome}" for outcome, records in counted.iter_rows()]
        return f"{self.object}: {', '.join(told) or 'nothing to import'}"


@dataclass(frozen=True)
class Importer:
    """Imports the objects of a mapping file one at a time, accounts first."""

    org: Org
    store: Store
    settings: Settings
    now: datetime
    extras: ExtraRows

    def read_together(self, object_names: Iterable[str]) -> None:
        """Read at once what imports of several objects need of others; each would else ask on its own."""
        pulled = {name: there for name in object_names if (there := self.store.records("there", name)) is not None}
        objects = [(self.settings.objects[name].in_effect, there) for name, there in pulled.items()]
        self.extras.read_together(read for mapping, there in objects for read in extra_reads(mapping, there))

    def look(self, object_name: str, accounts: Adopted | None = None) -> Adopted:
        """Return what an import of the object would do, once `accounts` are imported where they are given.

        Raises StepMissingError before the object's first pull.
        """
        mapping = self.settings.objects[object_name].in_effect
        there = self._pulled(object_name)
        return import_object(
            mapping,
            there,
            self.store.records("here", object_name),
            self._links(accounts),
            self.now,
            mismatches=self.store.read(frames.MISMATCHES, within={"object": object_name}),
            extras=self._extras(mapping, there),
            contacts=self._here_of("contact"),
            gone=self.store.read(frames.SKIPS, within={"object": object_name, "side": "there"}),
            apart=different(self.store.read(frames.PAIR_DECISIONS, within={"object": object_name})),
        )

    def preview(self, object_name: str) -> Preview:
        """Return what an import of the object would do, in tables; nothing is kept."""
        mapping, there = self.settings.objects[object_name], self._pulled(object_name)
        if mapping.acts_as == "agreement":
            agreed = self.look_at_agreements(object_name, self.look(ACCOUNT))
            return Preview(object_name, preview_agreements(agreed), preview_terms(mapping, there))
        accounts = self.look(ACCOUNT) if object_name != ACCOUNT and ACCOUNT in self.settings.objects else None
        done = self.look(object_name, accounts)
        return Preview(object_name, preview(done), preview_fields(done, mapping, there))

    def keep(self, done: Adopted) -> None:
        """Keep what an import did: the records here, their links, what was left out and why, and the base."""
        within = {"object": done.object}
        before = self.store.records("here", done.object)
        if before is None or not done.here.equals(before):
            self.store.save_records("here", done.object, done.here)
        self.store.write(frames.LINKS, done.links, within=within)
        self.store.write(frames.MISMATCHES, done.mismatches, within=within)
        for rule in RULES:
            self.store.write(frames.SKIPS, done.skips.filter(rule=rule), within={**within, "rule": rule})
        self._keep_base(done)

    def look_at_agreements(self, object_name: str, accounts: Adopted | None = None) -> Agreed:
        """Return the agreements that the object's records make. Raises StepMissingError before its first pull."""
        links = self._links(accounts).filter(object=ACCOUNT)
        there = self._pulled(object_name)
        return agreements(there, self.settings.objects[object_name], links, self.now.date())

    def keep_agreements(self, object_name: str, agreed: Agreed) -> None:
        """Keep agreements as the records here of their object, and what was left out and why."""
        self.store.save_records("here", object_name, agreed.agreements)
        self.store.save_records("derived", REMARKS, agreed.remarks)
        for rule in AGREEMENT_RULES:
            within = {"object": object_name, "rule": rule}
            self.store.write(frames.SKIPS, agreed.skips.filter(rule=rule), within=within)

    def gather(self) -> None:
        """Bring together what several objects hold: agreements, and interactions with their duplicates marked."""
        self.store.save_records("derived", AGREEMENTS, self._all_of("agreement", frames.AGREEMENTS))
        mappings = {name: each for name, each in self.settings.active_objects.items() if each.acts_as == "interaction"}
        here = {name: found for name in mappings if (found := self.store.records("here", name)) is not None}
        gathered = interactions(here, mappings)
        self.store.save_records("derived", INTERACTIONS, gathered.rows)
        self._keep_skips(gathered.skips, INTERACTION_RULES)
        self._link_members()
        self._relate_contacts()

    def _relate_contacts(self) -> None:
        """Keep every account of each contact, where the mapping asks for it (CC-14)."""
        contacts = {name: each for name, each in self.settings.active_objects.items() if each.acts_as == "contact"}
        asked = [name for name, each in contacts.items() if each.relations]
        links = self.store.read(frames.LINKS) if asked else frames.LINKS.empty()
        found = [frames.CONTACT_ACCOUNTS.empty()]
        for name in asked:
            there = self.store.records("there", name)
            if there is not None:
                found.append(contact_accounts(there, contacts[name], self.extras.rows(relations_read(there)), links))
        if asked or self.store.records("derived", CONTACT_ACCOUNTS) is not None:
            self.store.save_records("derived", CONTACT_ACCOUNTS, pl.concat(found))

    def _link_members(self) -> None:
        members, contacts = self.store.records("source", MEMBER), self._here_of("contact")
        if members is None or contacts is None:
            return
        linked = link_members(members, contacts, self.store.read(frames.LINKS))
        self.store.save_records("derived", MEMBERS, linked.links)
        self._keep_skips(linked.skips, MEMBER_RULES)

    def _keep_skips(self, skips: pl.DataFrame, rules: Iterable[str]) -> None:
        for rule in rules:
            self.store.write(frames.SKIPS, skips.filter(rule=rule), within={"rule": rule})

    def _here_of(self, role: str) -> pl.DataFrame | None:
        name = next((name for name, each in self.settings.active_objects.items() if each.acts_as == role), None)
        return self.store.records("here", name) if name else None

    def _all_of(self, role: str, spec: frames.FrameSpec) -> pl.DataFrame:
        names = [name for name, each in self.settings.active_objects.items() if each.acts_as == role]
        found = [rows for name in names if (rows := self.store.records("here", name)) is not None]
        return frames.conform(pl.concat([spec.empty(), *(each.select(list(spec.schema)) for each in found)]), spec)

    def _links(self, accounts: Adopted | None) -> pl.DataFrame:
        """Return the links of all objects, those of accounts as an import that is not kept yet makes them."""
        links = self.store.read(frames.LINKS)
        return links if accounts is None else pl.concat([links.filter(pl.col("object") != ACCOUNT), accounts.links])

    def _pulled(self, object_name: str) -> pl.DataFrame:
        there = self.store.records("there", object_name)
        if there is None:
            raise StepMissingError(
                f"Nothing was read from Salesforce yet: there are no records of {object_name} there.",
                hint="Run: cs-toolkit pull",
            )
        return there

    def _extras(self, mapping: ObjectMapping, there: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        return {read.sobject: self.extras.rows(read) for read in extra_reads(mapping, there)}

    def _keep_base(self, done: Adopted) -> None:
        """Note what both sides agree on: an imported record holds what Salesforce does. The rest is the plan's."""
        mapping = self.settings.objects[done.object].in_effect
        coming = tuple(field for field in mapping.fields if field.writes_here and field.here in done.here.columns)
        if not coming:
            return
        mapping = mapping.model_copy(update={"fields": coming})
        sides = Sides(
            object=done.object,
            mapping=mapping,
            describe=self.org.describe(mapping.sobject),
            links=done.links,
            here=done.here,
            there=self._pulled(done.object),
            base=self.store.records("base", done.object),
        )
        base = new_base(sides)
        if sides.base is None or not base.equals(sides.base):
            self.store.save_records("base", done.object, base)
