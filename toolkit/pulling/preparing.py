"""What a pull knows before it reads: the fields with their types, the scope, the accounts in scope, what is stored.

Only describes and list views are asked for here, and nothing is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from toolkit import values
from toolkit.config.objects import ObjectMapping
from toolkit.errors import NotFoundError, StepMissingError, StoreError
from toolkit.frames import RECORD_KEY
from toolkit.pulling.ahead import Ahead
from toolkit.pulling.brakes import check_types
from toolkit.pulling.following import Accounts, Before
from toolkit.pulling.reader import ROWS_A_PART, STAMP, Reader, relationships
from toolkit.pulling.scope import ResolvedScope, resolve_scope
from toolkit.salesforce.describe import ObjectDescribe
from toolkit.salesforce.listviews import ListViewDescribe
from toolkit.salesforce.org import Org, ReadVia
from toolkit.salesforce.query import Progress
from toolkit.store import Store

OVERLAP = timedelta(minutes=15)
"""How far a pull goes back behind the watermark: ten minutes, as long as Salesforce lets a transaction run, and the
minutes that reading may take. Of a read that takes longer, its length is taken off the watermark as well."""

ViewOf = Callable[[str, str], ListViewDescribe]
"""Tells of an object's list view what it filters; raises NotFoundError when it is gone."""


@dataclass(frozen=True)
class Prepared:
    """How an object will be read. ``types`` are the Salesforce types of the fields that are read, ``last_scope`` is the
    text of the scope at the last pull. ``traceable`` says that what changed since then can be told from the stamps.
    """

    reader: Reader
    types: Mapping[str, str]
    last_scope: str | None
    traceable: bool

    def since(self, watermark: datetime | None) -> datetime | None:
        """Return the moment from which changes are read, None when everything has to be.

        An org whose clock shows less than the watermark was set back: its changes are stamped by what it shows now.
        """
        same_scope = self.last_scope == self.reader.scope.text
        if watermark is None or not self.traceable or not (same_scope or self.reader.scope.countable):
            return None
        return min(watermark, self.reader.clock or watermark) - OVERLAP


def prepare(
    org: Org,
    mapping: ObjectMapping,
    store: Store,
    *,
    name: str,
    full: bool = False,
    progress: Progress | None = None,
    via: ReadVia = "auto",
    per_part: int = ROWS_A_PART,
    accounts: ObjectMapping | None = None,
    accounts_scope: ResolvedScope | None = None,
    accept_retyped: bool = False,
    ahead: Ahead | None = None,
) -> Prepared:
    """Return how the object `name` is to be read; the arguments are those of `toolkit.pulling.pull.pull`.

    Raises what that raises of the org's fields and list views.
    """
    describe = org.describe(mapping.sobject)
    last_scope, last_types = store.pulled(name) or (None, {})
    types = _types_of(describe, mapping, last_types)
    if not accept_retyped:
        check_types(mapping.sobject, last_types, types)
    scope = scope_of(org, mapping, accounts, accounts_scope, ahead.view if ahead else None)
    schema: dict[str, pl.DataType] = {RECORD_KEY: pl.String()}
    schema |= {path: values.column_dtype(kind) for path, kind in types.items()}
    paths = tuple(path for path in mapping.there_paths if path in types)
    reader = Reader(
        *(org, mapping.sobject, paths, schema, scope, None, store.incoming(name), progress, via, per_part, ahead)
    )
    same_types = all(last_types.get(path, kind) == kind for path, kind in types.items())
    return Prepared(reader, types, last_scope, not full and same_types and _leaves_stamps(describe, paths))


def scope_of(
    org: Org,
    mapping: ObjectMapping,
    accounts: ObjectMapping | None = None,
    accounts_scope: ResolvedScope | None = None,
    view_of: ViewOf | None = None,
) -> ResolvedScope:
    """Return the scope of `mapping` as the org stands; raises like `resolve_scope`, and when the list view is gone."""
    view_of = view_of or org.list_view
    if mapping.acts_as in ("account", "user"):
        accounts = None
    if accounts is not None and accounts_scope is None:
        accounts_scope = scope_of(org, accounts, view_of=view_of)
    view = view_of(mapping.sobject, mapping.scope.list_view) if mapping.scope.list_view else None
    return resolve_scope(mapping, org.describe(mapping.sobject), view, accounts_scope, accounts)


def members_of(store: Store, name: str, scope: ResolvedScope) -> Accounts | None:
    """Return the accounts that a scope keeps to, None when it keeps to none or they were not pulled."""
    if scope.accounts is None:
        return None
    now, then = store.scan_records("there", scope.accounts.object), store.scan_records("scope", name)
    if now is not None:
        return Accounts(_ids_of(now), None if then is None else _ids_of(then))
    if scope.countable:
        return None
    raise StepMissingError(
        f"{scope.label} is kept by the accounts in scope, which were not pulled yet",
        hint=f"pull {scope.accounts.object} first",
    )


def stored_before(store: Store, name: str, reader: Reader, *, forgive: bool) -> Before | None:
    """Return what the last pull left, None when there is nothing; with `forgive` also when it is damaged."""
    try:
        frame = store.scan_records("there", name)
    except StoreError:
        if not forgive:
            raise
        return None
    if frame is None:
        return None
    kept, wanted = frame.collect_schema(), reader.schema
    comparable = all(kept.get(column) == dtype for column, dtype in wanted.items())
    path = reader.scope.accounts.path.lower() if reader.scope.accounts else None
    return Before(
        frame=frame.select(*wanted) if comparable else frame,
        ids=_ids_of(frame),
        account=next((column for column in wanted if column.lower() == path), None),
        comparable=comparable,
        as_stored=list(kept) == list(wanted),
    )


def _types_of(describe: ObjectDescribe, mapping: ObjectMapping, last: Mapping[str, str]) -> dict[str, str]:
    """Return the Salesforce type of every field that is read. Raises NotFoundError naming all that are not there.

    A field that only is assumed, a website or whether an account is a person, is left out where the org has none.
    """
    types: dict[str, str] = {}
    missing: list[str] = []
    hint = ""
    for path in (STAMP, *mapping.there_paths):
        try:
            types[path] = describe.field(path).type
        except NotFoundError as error:
            if path in mapping.assumed_paths:
                continue
            was = f"; at the last pull it was a {last[path]}" if path in last else ""
            missing.append(f"  - {error.message}{was}")
            hint = hint or error.hint
    if missing:
        listed = "\n".join(missing)
        count = "a mapped field" if len(missing) == 1 else f"{len(missing)} mapped fields"
        raise NotFoundError(
            f"{count} cannot be read from {mapping.sobject}:\n{listed}",
            hint=f"{hint} (CAT-16, CAT-21); or correct `there` in the mapping file, or take the field out of it. "
            "Nothing was changed (BEY-8)",
        )
    return types


def _ids_of(frame: pl.LazyFrame) -> pl.Series:
    return frame.select(RECORD_KEY).collect(engine="streaming")[RECORD_KEY]


def _leaves_stamps(describe: ObjectDescribe, paths: tuple[str, ...]) -> bool:
    """Return whether a change of each field leaves a stamp: in the record, or in one that it refers to."""
    ways = relationships(paths)
    if any(_of_several_objects(describe, way) for way in ways):  # Salesforce tells no stamp of such a reference
        return False
    stamps = [f"{prefix}{STAMP}" for prefix in ways]
    return not any(describe.field(path).calculated for path in paths) and all(_has(describe, path) for path in stamps)


def _of_several_objects(describe: ObjectDescribe, way: str) -> bool:
    """Return whether a way, ``Owner.``, begins with a reference that leads to records of several objects."""
    first = way.partition(".")[0].lower()
    named = [each for each in describe.fields.values() if (each.relationship_name or "").lower() == first]
    return any(len(each.reference_to) > 1 for each in named)


def _has(describe: ObjectDescribe, path: str) -> bool:
    try:
        describe.field(path)
    except NotFoundError:
        return False
    return True
