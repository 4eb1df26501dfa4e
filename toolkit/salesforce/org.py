"""The org as the rest of the toolkit sees it: describe, read, write, and what it costs.

`connect` is the only way to an `Org`. Each method does one thing and leaves the how to the module it is named after.
"""

import random
import time
import webbrowser
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from toolkit.compounds import COMPOUND_TYPES, with_components
from toolkit.errors import InputError, RequestError
from toolkit.salesforce import bulk, downloads, jobs, listviews, opening, query, query_jobs
from toolkit.salesforce.bulk_writes import write_in_bulk
from toolkit.salesforce.collections import OnResults, Operation, checked_write
from toolkit.salesforce.describe import Describes, ObjectDescribe
from toolkit.salesforce.downloads import Bookmark, Way
from toolkit.salesforce.jobs import Job
from toolkit.salesforce.limits import Budget, Meter
from toolkit.salesforce.listviews import ListView, ListViewDescribe
from toolkit.salesforce.login import Credentials, ids_of, log_in
from toolkit.salesforce.opening import Opening, Organization, View
from toolkit.salesforce.query import Answer, Column, Page, Progress, Query
from toolkit.salesforce.rehearsals import rehearse
from toolkit.salesforce.rest_writes import write_rest
from toolkit.salesforce.soap_calls import SoapCalls
from toolkit.salesforce.soql import literal, select
from toolkit.salesforce.tooling import Tooling
from toolkit.salesforce.transport import Transport
from toolkit.salesforce.web_login import OpenPage, web_log_in
from toolkit.salesforce.wire import Wire

BULK_FROM = 20_000
"""Records from which reading goes through Bulk unless the caller decides: ten pages of REST."""

API_VERSION = "66.0"

ReadVia = Literal["auto", "rest", "bulk"]
WriteVia = Literal["collections", "composite", "bulk"]


def connect(
    *,
    login: str,
    login_url: str,
    credentials: Credentials,
    ca_file: Path | None = None,
    api_version: str = API_VERSION,
    timeout: tuple[float, float] = (5, 60),
    max_calls: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
    open_page: OpenPage = webbrowser.open,
) -> "Org":
    """Log in and return the org.

    `login` is client_credentials, refresh_token, token (an access token that was handed over) or web (a person logs in,
    in the window that `open_page` opens; the session is renewed where the app allows it). `timeout` is seconds
    to connect and to wait for an answer, `max_calls` a cap on calls, see `renew_cap`. `sleep` and `jitter` are
    how waits are made. Costs one API call, which proves that the API version and the user's API access are right.

    Raises LoginError, UnavailableError when nothing answers, AccessError without API access, InputError for an address
    that is not https or an API version that the org does not serve.
    """
    transport = Transport(ca_file=ca_file, timeout=timeout, sleep=sleep, jitter=jitter)
    if login == "web":
        grant = web_log_in(transport, login_url, credentials, open_page)
        login = "refresh_token" if credentials.refresh_token else "token"
    else:
        grant = log_in(transport, login, login_url, credentials)
    renew = None if login == "token" else partial(log_in, transport, login, login_url, credentials)
    wire = Wire(transport, grant, api_version=api_version, meter=Meter(max_calls), renew=renew)
    resources = _resources(wire)
    org_id, user_id = ids_of(grant.identity_url or str(resources.get("identity", "")))
    return Org(wire, org_id, user_id)


class Org:
    """A connected Salesforce org. Safe to use from several threads."""

    def __init__(self, wire: Wire, org_id: str, user_id: str) -> None:
        self._wire = wire
        self._describes = Describes(wire)
        self.org_id = org_id
        self.user_id = user_id

    @cached_property
    def soap(self) -> SoapCalls:
        """What only SOAP can do: merge and undelete."""
        return SoapCalls(self._wire)

    @cached_property
    def tooling(self) -> Tooling:
        """The org's custom fields, to look for, make and delete."""
        return Tooling(self._wire)

    @property
    def url(self) -> str:
        """The org's address."""
        return self._wire.instance_url

    @property
    def api_version(self) -> str:
        """The API version in use, for example 66.0."""
        return str(self._wire.sf_version)

    @cached_property
    def username(self) -> str:
        """The name of the user that is logged in."""
        found = self._one(select(["Username"], "User", where=f"Id = {literal(self.user_id)}"))
        return str(found.get("Username", ""))

    @cached_property
    def organization(self) -> Organization:
        """The org's name, and whether it is a sandbox."""
        return Organization.of(self._one(opening.ORGANIZATION))

    @property
    def budget(self) -> Budget:
        """What the org allows in a day, what is used of it, and what this connection spent."""
        return self._wire.meter.budget()

    def renew_cap(self) -> None:
        """Begin to count towards `max_calls` anew, for the next step of a connection that lives long."""
        self._wire.meter.renew()

    def pause(self, attempt: int) -> None:
        """Wait before try number `attempt` + 1 of something that may take Salesforce a while: seconds, growing."""
        self._wire.transport.pause(attempt)

    def limits(self) -> dict[str, tuple[int, int]]:
        """Return every allowance of the org as name -> (maximum, remaining). Costs one call."""
        return {name: (each["Max"], each["Remaining"]) for name, each in self._wire.limits().items()}

    def describe(self, sobject: str, refresh: bool = False) -> ObjectDescribe:
        """Return an object's describe; `refresh` asks the org again. Raises NotFoundError with names that come near."""
        return self._describes.get(sobject, refresh)

    def open_up(self, sobjects: Iterable[str], views: Iterable[View], now: datetime) -> Opening:
        """Ask at once for what a run over these objects and list views will need to know; see `opening.open_up`."""
        unknown = "organization" not in self.__dict__
        found = opening.open_up(self._wire, self._describes, sobjects, views, now, organization=unknown)
        if found.organization is not None:
            self.__dict__["organization"] = found.organization
        return found

    def list_views(self, sobject: str) -> list[ListView]:
        """Return the list views of an object that the user may see."""
        return listviews.list_views(self._wire, self._describes, sobject)

    def list_view(self, sobject: str, label_or_name_or_id: str) -> ListViewDescribe:
        """Return one list view with its filter. Raises NotFoundError, which names those that exist."""
        return listviews.list_view(self._wire, self._describes, sobject, label_or_name_or_id)

    def count(self, sobject: str, where: str | None = None, scope: str | None = None) -> int:
        """Return how many records there are."""
        return query.count(self._wire, sobject, where, scope)

    def newest(self, sobject: str, field: str, where: str | None = None) -> str | None:
        """Return the greatest value of a field, a time as Salesforce writes it, or None when there is no record."""
        field = self.describe(sobject).path(field)
        found = self._one(f"{select([field], sobject, where=where, order_by=f'{field} DESC NULLS LAST')} LIMIT 1")
        return None if found.get(field) is None else str(found[field])

    def records(
        self,
        sobject: str,
        fields: Sequence[str],
        where: str | None = None,
        scope: str | None = None,
        via: ReadVia = "auto",
        progress: Progress | None = None,
        bulk_from: int = BULK_FROM,
    ) -> pl.DataFrame:
        """Return records as a frame sorted by Id: one column a field path, named as given, typed by the field.

        `where` is SOQL text, `scope` a word for USING SCOPE. `auto` reads the first page over REST and goes to Bulk
        when the result has `bulk_from` records or more. Raises NotFoundError for a field that does not exist.
        """
        wanted = query.columns_of(self.describe(sobject), fields)
        columns = query.with_id(wanted)
        if via not in get_args(ReadVia):
            raise InputError(f"There is no way to read called {via!r}", hint="use auto, rest or bulk")
        in_bulk = partial(self._read_bulk, sobject, columns, where, scope, progress)
        if via == "bulk":
            return _gathered(columns, wanted, in_bulk())
        pages = query.pages(self._wire, columns, sobject, where, scope)
        first = next(pages)
        if via == "auto" and first.total >= bulk_from and not any(each.only_rest for each in columns):
            return _gathered(columns, wanted, in_bulk())
        return _gathered(columns, wanted, _frames(columns, chain([first], pages), progress))

    def by_ids(self, sobject: str, ids: Iterable[str], fields: Sequence[str]) -> pl.DataFrame:
        """Return the records with these ids as a frame sorted by Id, like `records`; ids that are gone are left out."""
        wanted = query.columns_of(self.describe(sobject), fields)
        columns = query.with_id(wanted)
        asked = list(dict.fromkeys(ids))
        pages = query.pages_by_id(self._wire, columns, sobject, asked)
        return _gathered(columns, wanted, _frames(columns, pages, None))

    def ask(self, *queries: Query) -> list[Answer]:
        """Return the first page of each query's result: all of them in one call, of up to five queries.

        Raises like `records`.
        """
        asked = [(each, self._columns(each.sobject, each.fields) if each.fields else []) for each in queries]
        bodies = query.first_pages(self._wire, asked)
        return [Answer.of(columns, body) for (_, columns), body in zip(asked, bodies, strict=True)]

    def ask_ahead(self, queries: Iterable[Query]) -> dict[Query, Answer]:
        """Return the first page of each query's result, like `ask`, but for those that the org refuses."""
        asked = [(each, self._columns(each.sobject, each.fields) if each.fields else []) for each in queries]
        answers = zip(asked, query.first_answers(self._wire, asked), strict=True) if asked else ()
        return {each: Answer.of(columns, found.body) for (each, columns), found in answers if found.error is None}

    def rest_of(self, answer: Answer) -> Iterator[pl.DataFrame]:
        """Yield the pages of a result that follow its first one."""
        address = answer.following
        while address:
            page = Answer.of(answer.columns, query.next_page(self._wire, address))
            yield page.frame
            address = page.following

    def download(
        self,
        sobject: str,
        fields: Sequence[str],
        where: str | None = None,
        scope: str | None = None,
        *,
        begin: Way | Bookmark,
        per_page: int = query_jobs.RECORDS_PER_PAGE,
    ) -> Iterator[tuple[pl.DataFrame, Bookmark | None]]:
        """Yield records in pieces, unsorted, each with the bookmark behind it; None behind the last.

        `begin` is the way to read, or the bookmark of an earlier download with the same arguments, which is gone on
        with. The first piece of a Bulk download that begins is empty: it brings the job's bookmark. Raises
        NotFoundError when Salesforce no longer has what the bookmark is in.
        """
        columns = self._columns(sobject, fields)
        names = [*fields] if "Id" in fields else ["Id", *fields]
        if not isinstance(begin, Bookmark):
            begin = downloads.begin(self._wire, columns, sobject, where, scope, begin)
            if begin.job:
                yield query.empty_frame(columns).select(names), begin
        for frame, bookmark in downloads.pieces(self._wire, columns, sobject, where, scope, begin, per_page):
            yield frame.select(names), bookmark

    def cheaper_way(self, sobject: str, fields: Sequence[str], records: int) -> Way:
        """Return the way to read so many records that costs least, as far as the fields and the allowance let it."""
        only_rest = any(each.only_rest for each in self._columns(sobject, fields))
        return downloads.cheaper_way(records, only_rest=only_rest, calls_left=self.budget.left)

    def fates(self, sobject: str, ids: Sequence[str]) -> pl.DataFrame:
        """Return what became of records: ``Id``, ``IsDeleted`` and ``MasterRecordId``, the record that one was merged
        into, or null. Those that are gone even from the recycle bin are not in it.
        """
        fields = [each for each in ("Id", "IsDeleted", "MasterRecordId") if each in self.describe(sobject).fields]
        columns = self._columns(sobject, fields)
        pages = query.pages_by_id(self._wire, columns, sobject, ids, deleted_too=True)
        found = _gathered(columns, columns, _frames(columns, pages, None))
        missing = {"IsDeleted": pl.lit(False), "MasterRecordId": pl.lit(None, pl.String)}
        return found.with_columns(**{name: each for name, each in missing.items() if name not in fields})

    def _columns(self, sobject: str, fields: Sequence[str]) -> list[Column]:
        return query.with_id(query.columns_of(self.describe(sobject), fields))

    def write(
        self,
        sobject: str,
        operation: Operation,
        rows: pl.DataFrame,
        types: dict[str, str],
        via: WriteVia = "collections",
        external_id: str | None = None,
        progress: Progress | None = None,
        on_job: bulk.OnJob | None = None,
        on_results: OnResults | None = None,
        sparse: bool = False,
    ) -> pl.DataFrame:
        """Write rows and return what became of each, in the form of `frames.WRITE_RESULTS`, in the order of `rows`.

        `rows` are canonical text (`toolkit.values`); null sets the field to null; every column is written in every row,
        unless they are `sparse`: then an empty text leaves that field of that record as it is.
        `types` gives the Salesforce type of each field; an address or a place is written as its components. A row is
        identified by Id (update, delete), by the field `external_id` (upsert) or not at all (insert, whose failed rows
        have a null id). Through "composite" five collections of 200 share a call. Rows that Bulk's CSV cannot carry go
        over REST. A row that was locked is sent again a few times; a call that is refused because of a row is halved
        until that row is alone. `on_job` hears of job ids, `on_results` of final results as they arrive.

        Raises InputError for rows that cannot be sent, SalesforceError when a call fails that no row is to blame for.
        """
        write = checked_write(sobject, operation, *self._in_components(sobject, rows, types), external_id, sparse)
        if via not in get_args(WriteVia):
            raise InputError(f"There is no way to write called {via!r}", hint="use collections, composite or bulk")
        if via == "bulk":
            return write_in_bulk(self._wire, write, progress, on_job, on_results)
        return write_rest(self._wire, write, progress, on_results, together_in_one=via == "composite")

    def rehearse(self, sobject: str, operation: Operation, rows: pl.DataFrame, types: dict[str, str]) -> pl.DataFrame:
        """Return what a sparse `write` of rows would answer, and save nothing (`toolkit.salesforce.rehearsals`)."""
        write = checked_write(sobject, operation, *self._in_components(sobject, rows, types), None, sparse=True)
        return rehearse(self._wire, write, self.describe(sobject))

    def collect(
        self,
        job_id: str,
        sobject: str,
        operation: Operation,
        rows: pl.DataFrame,
        types: dict[str, str],
        external_id: str | None = None,
        progress: Progress | None = None,
        sparse: bool = False,
    ) -> pl.DataFrame:
        """Return what became of those rows that a Bulk job of an earlier run held; `forget` deletes the job.

        The arguments are those of the `write` that reported `job_id`; rows that were in other jobs are left out. The
        column ``row`` says which row each answer is for, from 0.
        Raises NotFoundError when the job is gone, or was never closed and so did nothing.
        """
        write = checked_write(sobject, operation, *self._in_components(sobject, rows, types), external_id, sparse)
        return bulk.collect_left_over(self._wire, job_id, write, progress)

    def forget(self, job_id: str) -> None:
        """Delete a Bulk job that was collected, when its results are safe."""
        jobs.delete(self._wire, Job("ingest", job_id, ""))

    def _in_components(
        self, sobject: str, rows: pl.DataFrame, types: dict[str, str]
    ) -> tuple[pl.DataFrame, dict[str, str]]:
        for name in [each for each in rows.columns if types.get(each) in COMPOUND_TYPES]:
            components = self.describe(sobject).field(name).components
            rows = with_components(rows, name, types[name], {part: each.name for part, each in components.items()})
            types = types | {each.name: each.type for each in components.values()}
        return rows, types

    def __repr__(self) -> str:
        return f"Org({self.url}, API {self.api_version})"

    def _one(self, statement: str) -> dict[str, Any]:
        records: list[dict[str, Any]] = query.read_statement(self._wire, statement)["records"]
        return records[0] if records else {}

    def _read_bulk(
        self,
        sobject: str,
        columns: Sequence[Column],
        where: str | None,
        scope: str | None,
        progress: Progress | None,
    ) -> Iterable[pl.DataFrame]:
        statement = select([each.path for each in query.in_parts(columns)], sobject, where=where, scope=scope)
        return query_jobs.read_bulk(self._wire, columns, statement, progress)


def _resources(wire: Wire) -> dict[str, Any]:
    try:
        return dict(wire.json("GET", f"{wire.version_path}/"))
    except RequestError as error:
        if error.code not in ("NOT_FOUND", "UNSUPPORTED_API_VERSION"):
            raise
    raise InputError(
        f"{wire.instance_url} does not serve API version {wire.sf_version}",
        hint=f"set api_version to one it serves, for example {API_VERSION}",
    )


def _frames(columns: Sequence[Column], pages: Iterable[Page], progress: Progress | None) -> Iterator[pl.DataFrame]:
    done = 0
    for page in pages:
        done += len(page.records)
        if progress:
            progress(done, page.total)
        yield query.frame_of(columns, page.records)


def _gathered(columns: Sequence[Column], wanted: Sequence[Column], parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    key = next(each.name for each in columns if each.path == "Id")
    whole = pl.concat([query.empty_frame(columns), *parts])
    return whole.sort(key).select(each.name for each in wanted)
