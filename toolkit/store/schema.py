"""The tables of the store, and the steps that bring an older store to today's.

A step, once released, is never changed: a new one is added below it. The columns of the tables that hold frames follow
`toolkit.frames`; a test holds the two together, so that a changed frame asks for a new step here.
"""

import sqlite3
from datetime import UTC, datetime

from toolkit.errors import StoreError

_FIRST = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
INSERT INTO counters VALUES ('version', 0);
CREATE TABLE snapshots (
    side TEXT NOT NULL, object TEXT NOT NULL, file TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (side, object)
) STRICT;
CREATE TABLE watermarks (object TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
CREATE TABLE links (
    object TEXT NOT NULL, here_id TEXT NOT NULL, there_id TEXT, rule TEXT, value TEXT, linked_at TEXT, decided_by TEXT,
    PRIMARY KEY (object, here_id)
) STRICT;
CREATE TABLE mismatches (
    object TEXT NOT NULL, side TEXT NOT NULL, id TEXT NOT NULL, name TEXT, kind TEXT, value TEXT, reason TEXT,
    PRIMARY KEY (object, side, id)
) STRICT;
CREATE TABLE skips (
    object TEXT NOT NULL, side TEXT NOT NULL, id TEXT NOT NULL, name TEXT, rule TEXT NOT NULL, reason TEXT,
    PRIMARY KEY (object, side, id, rule)
) STRICT;
CREATE TABLE scores (
    id TEXT PRIMARY KEY, profile TEXT, version TEXT, score REAL, shown REAL, band TEXT, coverage REAL, as_of TEXT
) STRICT;
CREATE TABLE score_history (
    id TEXT NOT NULL, profile TEXT NOT NULL, version TEXT NOT NULL, score REAL, shown REAL, band TEXT, coverage REAL,
    as_of TEXT NOT NULL,
    PRIMARY KEY (id, as_of, profile, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE contributions (
    id TEXT NOT NULL, measure TEXT NOT NULL, "group" TEXT, value REAL, points REAL, weight REAL, contribution REAL,
    PRIMARY KEY (id, measure)
) STRICT;
CREATE TABLE plans (number INTEGER PRIMARY KEY, plan_id TEXT NOT NULL UNIQUE, meta TEXT NOT NULL) STRICT;
CREATE TABLE changes (
    plan_id TEXT NOT NULL, seq INTEGER NOT NULL, side TEXT, object TEXT, here_id TEXT, there_id TEXT, name TEXT,
    operation TEXT, field TEXT, partner TEXT, type TEXT, base TEXT, here TEXT, there TEXT, after TEXT, rule TEXT,
    verdict TEXT, reason TEXT,
    PRIMARY KEY (plan_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE commits (number INTEGER PRIMARY KEY, commit_id TEXT NOT NULL UNIQUE, meta TEXT NOT NULL) STRICT;
CREATE TABLE journal (
    commit_id TEXT NOT NULL, seq INTEGER NOT NULL, side TEXT, object TEXT, here_id TEXT, there_id TEXT, name TEXT,
    field TEXT, partner TEXT, type TEXT, before TEXT, after TEXT, state TEXT NOT NULL, code TEXT, message TEXT,
    PRIMARY KEY (commit_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_open ON journal (commit_id) WHERE state = 'intended';
CREATE TABLE runs (
    run_id INTEGER PRIMARY KEY AUTOINCREMENT, step TEXT, object TEXT, started_at TEXT, ended_at TEXT, status TEXT,
    read INTEGER, written INTEGER, skipped INTEGER, held INTEGER, failed INTEGER, api_calls INTEGER, note TEXT
) STRICT;
"""

_JOURNALED_BASE = """
ALTER TABLE journal ADD COLUMN base TEXT;
ALTER TABLE journal ADD COLUMN agreed TEXT;
"""

_JOURNALED_OPERATION = """
ALTER TABLE journal ADD COLUMN operation TEXT;
UPDATE journal SET operation = CASE WHEN after IS NULL THEN 'clear' ELSE 'update' END;
"""

_PULLED = """
CREATE TABLE pulls (object TEXT PRIMARY KEY, scope TEXT NOT NULL, fields TEXT NOT NULL) STRICT;
"""

_DECIDED = """
CREATE TABLE decisions (
    object TEXT NOT NULL, here_id TEXT NOT NULL, there_id TEXT NOT NULL, pair TEXT NOT NULL, choice TEXT, here TEXT,
    there TEXT, decided_by TEXT, decided_at TEXT, note TEXT,
    PRIMARY KEY (object, here_id, there_id, pair)
) STRICT;
CREATE TABLE approvals (
    plan_id TEXT NOT NULL, digest TEXT, person TEXT NOT NULL, at TEXT, note TEXT,
    PRIMARY KEY (plan_id, person)
) STRICT;
CREATE INDEX journal_record ON journal (object, here_id);
"""

_PAIRED = """
CREATE TABLE link_history (
    object TEXT NOT NULL, here_id TEXT NOT NULL, there_id TEXT NOT NULL, linked_at TEXT NOT NULL, rule TEXT,
    here_value TEXT, there_value TEXT, decided_by TEXT, ended_at TEXT, ended_why TEXT,
    PRIMARY KEY (object, here_id, there_id, linked_at)
) STRICT;
CREATE TABLE pair_decisions (
    object TEXT NOT NULL, here_id TEXT NOT NULL, there_id TEXT NOT NULL, verdict TEXT, decided_by TEXT, decided_at TEXT,
    evidence TEXT, note TEXT,
    PRIMARY KEY (object, here_id, there_id)
) STRICT;
CREATE TABLE suggestions (
    object TEXT NOT NULL, here_id TEXT NOT NULL, there_id TEXT NOT NULL, here_name TEXT, there_name TEXT, rank INTEGER,
    score REAL, evidence TEXT, runner_up REAL,
    PRIMARY KEY (object, here_id, there_id)
) STRICT;
CREATE TABLE proposals (
    proposal_id TEXT PRIMARY KEY, object TEXT, kind TEXT, here_id TEXT, there_id TEXT, to_here_id TEXT,
    to_there_id TEXT, name TEXT, evidence TEXT, action TEXT, state TEXT, decided_by TEXT, decided_at TEXT
) STRICT;
"""

_SPENT = """
CREATE TABLE spent_decisions (
    object TEXT NOT NULL, here_id TEXT NOT NULL, there_id TEXT NOT NULL, pair TEXT NOT NULL, choice TEXT, here TEXT,
    there TEXT, decided_by TEXT, decided_at TEXT, note TEXT, commit_id TEXT NOT NULL,
    PRIMARY KEY (commit_id, object, here_id, there_id, pair)
) STRICT;
CREATE INDEX spent_record ON spent_decisions (object, here_id);
"""

STEPS: tuple[tuple[str, str], ...] = (
    ("The first tables", _FIRST),
    ("The journal knows what both sides agreed on", _JOURNALED_BASE),
    ("The journal knows what each row does", _JOURNALED_OPERATION),
    ("A pull knows which scope and which types of field the last one read", _PULLED),
    ("Conflicts are decided and plans approved", _DECIDED),
    ("Links have a history, pairs are decided, and repairs proposed", _PAIRED),
    ("Decisions that were carried out are kept", _SPENT),
)
"""Name and SQL of every step. The version of a store is the number of steps it has been through."""

VERSION = len(STEPS)


def stored_version(connection: sqlite3.Connection) -> int:
    """Return the version of the store that is open, 0 when it has no tables yet."""
    query = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_versions'"
    if connection.execute(query).fetchone() is None:
        return 0
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema_versions").fetchone()[0])


def check_version(version: int) -> None:
    """Raise StoreError when a store of this version cannot be read by this program."""
    if version > VERSION:
        raise StoreError(
            f"the store was made by a newer version of the toolkit (its tables are version {version}, "
            f"this program knows up to {VERSION})",
            hint="upgrade the toolkit, or work in another folder",
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the store to today's version. The connection is inside a write transaction."""
    version = stored_version(connection)
    check_version(version)
    if version == 0:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_versions"
            " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"
        )
    for number, (name, script) in enumerate(STEPS[version:], start=version + 1):
        for statement in script.split(";\n"):  # executescript would commit the transaction that is open
            if statement.strip():
                connection.execute(statement)
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        connection.execute("INSERT INTO schema_versions VALUES (?, ?, ?)", (number, name, at))
