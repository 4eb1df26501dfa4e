"""What the org itself noted of the integration user's saves, held against the journal: the judge of fault tests."""

from collections import Counter

import polars as pl

KINDS = {"create": "create", "delete": "delete", "update": "update", "clear": "update"}
ALREADY = "ALREADY_SO"
STATES = {"written", "failed", "held"}

Saves = Counter[tuple[str, str]]


class Truth:
    """The saves of the integration user from now on: how often each record was created, changed and deleted."""

    def __init__(self, desk):
        self._org, self._store = desk.demo_org, desk.store
        self._sobjects = sorted({mapping.sobject for mapping in desk.settings.objects.values()})
        self._earlier = set(desk.store.commits()["commit_id"])
        self._since = self._org._state.database.connection.execute("SELECT coalesce(max(number), 0) FROM _changes")
        self._since = self._since.fetchone()[0]

    def saves(self) -> Saves:
        """How often each record was saved, by record and kind of save, whether or not that changed a value."""
        marks = ", ".join("?" * len(self._sobjects))  # what the org makes of its own accord is none of ours
        with self._org._state.database.reading() as connection:
            rows = connection.execute(
                f"SELECT record, kind, count(*) FROM _changes WHERE number > ? AND by = ? AND object IN ({marks}) "
                "GROUP BY record, kind",
                (self._since, self._org.user_id, *self._sobjects),
            ).fetchall()
        return Counter({(record, kind): count for record, kind, count in rows})

    def journalled(self) -> Saves:
        """How often each record was saved as the journal has it: once for all its written rows of a commit."""
        written = (pl.col("state") == "written") & (pl.col("side") == "there") & pl.col("code").ne_missing(ALREADY)
        rows = self.journal().filter(written).with_columns(kind=pl.col("operation").replace_strict(KINDS))
        return Counter(rows.select("commit_id", "there_id", "kind").unique().select("there_id", "kind").iter_rows())

    def journal(self) -> pl.DataFrame:
        """The rows of every commit since."""
        return self._store.journal().filter(~pl.col("commit_id").is_in(list(self._earlier)))

    def agrees(self) -> None:
        """Journal and org agree: every save is in the journal, happened once, and no row is left without an end."""
        assert set(self.journal()["state"]) <= STATES
        saves, journalled = self.saves(), self.journalled()
        assert saves == journalled, (saves - journalled, journalled - saves)
