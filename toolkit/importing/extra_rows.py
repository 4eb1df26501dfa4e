"""Reads the rows of other Salesforce objects that imports need: those of several objects in one call.

What is to be read says `toolkit.importing.extras`. Few ids are named in the question; of many, all rows are read and
those that were asked for are kept.
"""

from collections.abc import Iterable

import polars as pl

from toolkit.importing.extras import Read
from toolkit.salesforce import Org
from toolkit.salesforce.query import IDS_PER_CALL, Query
from toolkit.salesforce.soql import both, literal

MOST_NAMED = IDS_PER_CALL


class ExtraRows:
    """The rows that imports need, each kind asked for once however many imports need some of them."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._found: dict[Read, tuple[pl.Series, pl.DataFrame]] = {}

    def read_together(self, reads: Iterable[Read]) -> None:
        """Ask for the rows of several reads at once: one call for every five kinds of row whose ids can be named."""
        ids: dict[Read, pl.Series] = {}
        for read in reads:
            if read.by is not None:
                ids[read] = (
                    pl.concat([ids[read], read.ids]).unique().sort() if read in ids else read.ids.unique().sort()
                )
        named = {read: wanted for read, wanted in ids.items() if 0 < wanted.len() <= MOST_NAMED}
        answers = self._org.ask(*(_query(read, wanted) for read, wanted in named.items())) if named else ()
        for (read, wanted), answer in zip(named.items(), answers, strict=True):
            rows = pl.concat([answer.frame, *self._org.rest_of(answer)]).sort("Id").select(read.fields)
            self._found[read] = wanted, rows

    def rows(self, read: Read) -> pl.DataFrame:
        """Return the rows of a read, sorted by their ids."""
        ids = read.ids.unique()
        asked, found = self._found.get(read, (None, None))
        if found is None or asked is None or not ids.is_in(asked.implode()).all():
            return self._alone(read)
        return found if read.by is None else found.filter(pl.col(read.by).is_in(ids.implode()))

    def _alone(self, read: Read) -> pl.DataFrame:
        if read.by is None:
            return self._org.records(read.sobject, read.fields, read.where)
        ids = read.ids.unique().sort()
        if ids.len() > MOST_NAMED:
            found = self._org.records(read.sobject, read.fields, read.where)
            return found.filter(pl.col(read.by).is_in(ids.implode()))
        where = both(read.where, _in(read.by, ids)) if ids.len() else "Id = null"
        return self._org.records(read.sobject, read.fields, where)


def _query(read: Read, ids: pl.Series) -> Query:
    assert read.by is not None
    return Query(read.sobject, read.fields, both(read.where, _in(read.by, ids)), order_by="Id")


def _in(field: str, ids: pl.Series) -> str:
    return f"{field} IN {literal(ids.to_list())}"
