"""Reads large results in pieces, each with a bookmark from which an interrupted reading goes on.

Over REST the pieces are pages in the order of Id, and a bookmark is the last Id; in Bulk they are the pages of a query
job, whose result Salesforce keeps for seven days, and a bookmark is the job with the locator of its next page.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from toolkit.errors import NotFoundError, RequestError
from toolkit.salesforce import query, query_jobs
from toolkit.salesforce.query import IDS_PER_CALL, Column
from toolkit.salesforce.soql import both, literal, select
from toolkit.salesforce.wire import Wire

Way = Literal["rest", "bulk"]

JOB_CALLS = 6
"""Calls of a query job besides its pages: create, a few looks at it, delete."""
WORTH_A_JOB = 2
"""A job, which takes its time to begin, has to save as many times its calls."""
FEW_LEFT = 10
"""Calls are few when the org has less than so many times of what REST would take left."""


@dataclass(frozen=True)
class Bookmark:
    """Where a reading stands: ``job`` and ``locator`` in Bulk, the ``last`` Id over REST."""

    way: Way
    job: str | None = None
    locator: str | None = None
    last: str | None = None


def cheaper_way(records: int, *, only_rest: bool, calls_left: int | None) -> Way:
    """Return how so many records are read at the least cost.

    REST answers at once and takes a call for every 2,000 records; Bulk takes one for every 100,000 but first some for
    its job, and time to begin. When few calls are left, what saves any is better.
    """
    rest = math.ceil(records / IDS_PER_CALL)
    in_bulk = JOB_CALLS + math.ceil(records / query_jobs.RECORDS_PER_PAGE)
    few = calls_left is not None and calls_left < FEW_LEFT * rest
    saves = rest > in_bulk * (1 if few else WORTH_A_JOB)
    return "bulk" if saves and not only_rest else "rest"


def begin(
    wire: Wire, columns: Sequence[Column], sobject: str, where: str | None, scope: str | None, way: Way
) -> Bookmark:
    """Return the bookmark of a reading's beginning; in Bulk this makes its job."""
    if way == "rest":
        return Bookmark("rest")
    paths = [each.path for each in query.in_parts(columns)]
    return Bookmark("bulk", query_jobs.start_query(wire, select(paths, sobject, where=where, scope=scope)))


def pieces(
    wire: Wire,
    columns: Sequence[Column],
    sobject: str,
    where: str | None,
    scope: str | None,
    bookmark: Bookmark,
    per_page: int = query_jobs.RECORDS_PER_PAGE,
) -> Iterator[tuple[pl.DataFrame, Bookmark | None]]:
    """Yield what follows a bookmark, piece by piece, each with the bookmark behind it; None behind the last.

    `columns` hold Id. A finished job is deleted; one of a reading that broke off is left for the next try. Raises
    NotFoundError when a job's result is no longer there.
    """
    if bookmark.job is not None:
        yield from _of_job(wire, columns, bookmark, bookmark.job, per_page)
        return
    after = f"Id > {literal(bookmark.last)}" if bookmark.last else None
    read = 0
    for page in query.pages(wire, columns, sobject, both(where, after) if after else where, scope):
        read += len(page.records)
        last = page.records[-1]["Id"] if page.records else None
        follows = Bookmark("rest", last=last) if read < page.total else None
        yield query.frame_of(columns, page.records), follows


def _of_job(
    wire: Wire, columns: Sequence[Column], bookmark: Bookmark, job: str, per_page: int
) -> Iterator[tuple[pl.DataFrame, Bookmark | None]]:
    try:
        for frame, locator in query_jobs.query_pages(wire, job, columns, bookmark.locator, None, per_page):
            yield frame, Bookmark("bulk", job, locator) if locator else None
    except RequestError as error:
        if error.status != 404 and error.code not in ("Aborted", "Failed"):
            raise
        gone = error
    else:
        query_jobs.delete_query(wire, job)
        return
    raise NotFoundError(f"The result of the query job {job} is gone: {gone.message}", hint="read again from the start")
