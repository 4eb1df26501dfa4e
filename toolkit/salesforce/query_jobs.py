"""Reads large results through Bulk API 2.0: a job runs the query inside Salesforce and keeps its result for seven days.

The result comes as CSV, page by page; each page names the locator of the next one.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import requests

from toolkit.errors import RequestError
from toolkit.salesforce import jobs
from toolkit.salesforce.jobs import Job
from toolkit.salesforce.query import Column, Progress, from_parts, in_parts
from toolkit.salesforce.wire import Wire

RECORDS_PER_PAGE = 100_000
"""Records asked for in one page of a query job's result."""


def read_bulk(
    wire: Wire,
    columns: Sequence[Column],
    statement: str,
    progress: Progress | None = None,
    per_page: int = RECORDS_PER_PAGE,
) -> Iterator[pl.DataFrame]:
    """Yield the result of a query job page by page, as typed frames in the query's own order.

    `statement` selects what `query.in_parts` says: Bulk gives no compounds, they are put together from their parts.
    """
    job_id = start_query(wire, statement)
    try:
        for frame, _ in query_pages(wire, job_id, columns, None, progress, per_page):
            yield frame
    except KeyboardInterrupt:
        jobs.abort(wire, Job("query", job_id, ""))
        raise
    delete_query(wire, job_id)


def start_query(wire: Wire, statement: str) -> str:
    """Begin a query job and return its id."""
    asked = {"operation": "query", "query": statement, "lineEnding": "LF"}
    return str(wire.json("POST", "jobs/query", json=asked, repeatable=True)["id"])


def query_pages(
    wire: Wire,
    job_id: str,
    columns: Sequence[Column],
    locator: str | None,
    progress: Progress | None = None,
    per_page: int = RECORDS_PER_PAGE,
) -> Iterator[tuple[pl.DataFrame, str | None]]:
    """Yield the pages of a query job from `locator` on (None is the beginning), each with the locator of the next.

    Waits for the job's end. Raises RequestError when it failed, with status 404 when it is gone.
    """
    job = jobs.wait(wire, Job("query", job_id, ""), None)
    if job.state != "JobComplete":
        raise RequestError(
            f"The query job {job.id} ended as {job.state}: {job.error or 'no reason was given'}",
            hint="read through REST, or run it again",
            code=job.state,
        )
    yield from _pages(wire, job, columns, locator, progress, per_page)


def delete_query(wire: Wire, job_id: str) -> None:
    """Delete a query job that has ended, with its result."""
    jobs.delete(wire, Job("query", job_id, ""))


def _pages(
    wire: Wire,
    job: Job,
    columns: Sequence[Column],
    locator: str | None,
    progress: Progress | None,
    per_page: int,
) -> Iterator[tuple[pl.DataFrame, str | None]]:
    query = {"maxRecords": str(per_page)}

    def page(at: str | None) -> requests.Response:
        asked = {**query, "locator": at} if at else query
        return wire.call("GET", f"{job.path}/results", params=asked, headers={"Accept": "text/csv"})

    read = 0
    with ThreadPoolExecutor(1, "bulk-page") as ahead:  # the next page is on its way while this one is worked on
        coming = ahead.submit(page, locator)
        while True:
            answer = coming.result()
            following = answer.headers.get("Sforce-Locator", "null")
            ends = following in ("", "null")
            if not ends:
                coming = ahead.submit(page, following)
            frame = _typed(columns, jobs.result_frame(answer.content))
            read += frame.height
            yield frame, None if ends else following
            if progress:
                progress(read, job.processed or None)
            if ends:
                return


def _typed(columns: Sequence[Column], frame: pl.DataFrame) -> pl.DataFrame:
    paths = [each.path for each in in_parts(columns)]
    if frame.width != len(paths):
        frame = pl.DataFrame(schema=dict.fromkeys(paths, pl.String))
    return from_parts(columns, frame.rename(dict(zip(frame.columns, paths, strict=True))))
