"""A plan as a file: CSV for people and their spreadsheets, Parquet for keeping and handing over.

A value that a spreadsheet would run as a formula is written with an apostrophe before it, as is one that begins with an
apostrophe; reading takes exactly one away again, so nothing is lost. A CSV file belongs to a plan that is kept: it
carries that plan's digest, and reading it back can only leave rows out, never change one. A Parquet file is the whole
plan, sealed by its digest.
"""

import json
from pathlib import Path

import polars as pl

from toolkit.errors import DigestError, InputError
from toolkit.frames import CHANGES, SIDES, conform
from toolkit.writeback.planning.operations import CHANGING, CREATE, FIELDS, MERGE, WHOLE
from toolkit.writeback.planning.plan import Plan
from toolkit.writeback.planning.rule_names import UNDO

EXCLUDE, DIGEST = "exclude", "digest"
"""The columns of a CSV file beside those of `CHANGES`: where a reviewer marks rows, and whose rows they are."""
UNMARKED = ("", "no", "n", "false", "0")
"""What in the column ``exclude`` leaves a row in; anything else leaves it out."""

_RISKY = r"^[=+\-@\t\r']"
_NUMBER = r"^-?\d+(\.\d+)?$"
_META = "cs-toolkit-plan"
_SEPARATORS = ",;\t"
_AGAIN = "Export the plan again."
_SHOWN = 60


def write_csv(plan: Plan, path: Path) -> None:
    """Write the plan's rows to a CSV file, UTF-8 with a byte order mark so that Excel reads it as such.

    The first column, ``exclude``, is empty: a reviewer marks the rows that are to be left out there. No value and an
    empty text are told apart: the latter is written as ``""``.
    """
    rows = plan.changes.select(
        pl.lit(None, dtype=pl.String).alias(EXCLUDE), pl.all(), pl.lit(plan.digest).alias(DIGEST)
    )
    safe_cells(rows).write_csv(path, include_bom=True)


def read_csv(path: Path) -> pl.DataFrame:
    """Return the rows (`CHANGES`) of a file of `write_csv`. Raises InputError when it is no such file."""
    raw = _raw(path)
    numbers = raw["seq"].cast(pl.UInt32, strict=False)
    if numbers.null_count() or numbers.n_unique() != numbers.len():
        raise InputError(f"{path} is no exported plan: its rows are not numbered.", hint=_AGAIN)
    return conform(raw, CHANGES)


def digest_in(path: Path) -> str:
    """Return the digest of the plan that a file of `write_csv` belongs to. Raises InputError when it names none."""
    raw = _raw(path)
    digests = raw[DIGEST].drop_nulls().unique().to_list() if DIGEST in raw.columns else []
    if len(digests) != 1 or raw[DIGEST].null_count():
        said = "names several plans" if len(digests) > 1 else "has rows that name no plan" if digests else "has no rows"
        raise InputError(
            f"{path} {said}, so nobody knows which plan it belongs to.",
            hint="Leave the column digest as it was exported. To leave every row out, do not commit the plan.",
        )
    return str(digests[0])


def left_out(plan: Plan, path: Path) -> list[int]:
    """Return which rows of `plan` (their seq) a reviewer left out of its CSV file: removed, or marked in ``exclude``.

    Raises DigestError, naming the row and the column, when any other cell is not what was exported, and when a row was
    added: what is to be written is decided in the plan, not in its copy.
    """
    raw = _raw(path)
    numbers = raw.with_columns(_line=pl.int_range(2, pl.len() + 2), _seq=pl.col("seq").cast(pl.UInt32, strict=False))
    _refuse_foreign(numbers, plan, path)
    expected = plan.changes.select("seq", pl.exclude("seq").cast(pl.String).name.suffix("_was"))
    beside = numbers.join(expected, left_on="_seq", right_on="seq", how="left", maintain_order="left")
    for name in CHANGES.schema:
        if name != "seq":
            _refuse_altered(beside, name, path)
    marks = pl.col(EXCLUDE).fill_null("").str.strip_chars().str.to_lowercase()
    marked = numbers.filter(~marks.is_in(UNMARKED))["_seq"] if EXCLUDE in raw.columns else numbers["_seq"].clear()
    gone = plan.changes.filter(~pl.col("seq").is_in(numbers["_seq"].implode()))["seq"]
    wanted = pl.concat([marked, gone])
    writes = plan.rows("write")["seq"]
    return writes.filter(writes.is_in(wanted.implode())).sort().to_list()


def safe_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with text that no spreadsheet takes for a formula; plain negative numbers stay as they are."""
    text = pl.col(pl.String)
    risky = text.str.contains(_RISKY) & ~text.str.contains(_NUMBER)
    return frame.with_columns(pl.when(risky).then(pl.lit("'") + text).otherwise(text).name.keep())


def write_parquet(plan: Plan, path: Path) -> None:
    """Write the whole plan to a Parquet file, its digest included."""
    plan.changes.write_parquet(path, metadata={_META: json.dumps(plan.meta())})


def read_parquet(path: Path) -> Plan:
    """Return the plan of a file of `write_parquet`.

    Raises DigestError when a row was tampered with, InputError when the file is not an exported plan.
    """
    _refuse_missing(path)
    try:
        changes, meta = pl.read_parquet(path), pl.read_parquet_metadata(path).get(_META)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}", hint=_AGAIN) from error
    if meta is None:
        raise InputError(f"{path} is no exported plan.", hint="Export one from the plan review, or with write_parquet.")
    return Plan.load(json.loads(meta), changes)


def refuse_unknown(plan: Plan, path: Path) -> None:
    """Raise InputError for a row that no commit knows how to write: it would stay intended for ever."""
    there, operation = pl.col("side") == "there", pl.col("operation")
    known = pl.col("side").is_in(SIDES) & operation.is_in([*CHANGING, *WHOLE, *FIELDS])
    record = pl.when(there & (operation != CREATE)).then("there_id").otherwise("here_id")
    odd = plan.rows("write").filter(~(known & (record.is_not_null() | operation.is_in(FIELDS))).fill_null(value=False))
    if odd.height:
        seq, side, deed = odd.select("seq", "side", "operation").row(0)
        raise InputError(
            f"{path}, seq {seq}: nobody knows how to carry out {_said(deed)} on the side {_said(side)} for that "
            "record. Nothing was imported.",
            hint=_AGAIN,
        )


def refuse_strangers(plan: Plan, journal: pl.DataFrame, path: Path) -> None:
    """Raise InputError for a row that goes past the mapping, as an undo and a merge may, and is of neither.

    An undo takes back what a commit of this workspace wrote (`journal`, `JOURNAL`); a value without a partner is taken
    from a record that the same plan merges.
    """
    writes, record = plan.rows("write"), ["object", "side", "here_id", "there_id"]
    changing, done = pl.col("operation").is_in(CHANGING), journal.filter(state="written")
    undo = writes.filter(rule=UNDO)
    taken = writes.filter(changing & pl.col("partner").is_null() & (pl.col("rule") != UNDO), side="there")
    survivors = writes.filter(operation=MERGE).select("object", there_id="after")
    strange = pl.concat(
        [
            undo.filter(~changing).join(done, on=record, how="anti", nulls_equal=True),
            undo.filter(changing).join(done, on=[*record, "field"], how="anti", nulls_equal=True),
            taken.join(survivors, on=["object", "there_id"], how="anti"),
        ]
    ).sort("seq")
    if strange.height:
        seq, field, rule = strange.select("seq", "field", "rule").row(0)
        raise InputError(
            f"{path}, seq {seq}: {_said(field)} would be written by the rule {_said(rule)}, and no commit of this "
            "workspace wrote it, nor is its record merged. Nothing was imported.",
            hint="Commit an undo, or a merge, in the workspace that it was planned in.",
        )


def _raw(path: Path) -> pl.DataFrame:
    """Every cell of a CSV file as text, without the apostrophe; the separator is a comma, or what a spreadsheet made
    of it."""
    _refuse_missing(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            heading = file.readline()
        separator = max(_SEPARATORS, key=heading.count)
        raw = pl.read_csv(path, infer_schema=False, separator=separator, glob=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", hint=_AGAIN) from error
    missing = [name for name in CHANGES.schema if name not in raw.columns]
    if missing:
        raise InputError(f"{path} is no exported plan: it has no column {missing[0]}.", hint=_AGAIN)
    return raw.with_columns(pl.col(pl.String).str.replace("^'", ""))


def _refuse_missing(path: Path) -> None:
    if not path.is_file():
        raise InputError(
            f"There is no file {path}.", hint="Name the .csv or .parquet file that the plan was exported to."
        )


def _refuse_foreign(rows: pl.DataFrame, plan: Plan, path: Path) -> None:
    """Raise DigestError for a row that the plan does not have, or has only once."""
    known = pl.col("_seq").is_in(plan.changes["seq"].implode()).fill_null(value=False)
    foreign = rows.filter(~known | pl.col("_seq").is_duplicated())
    if foreign.height:
        line, seq = foreign.select("_line", "seq").row(0)
        raise DigestError(
            f"{path}, row {line}, column seq: plan {plan.plan_id} has no second row, or none at all, numbered "
            f"{seq!r}. Nothing was imported.",
            hint="An exported plan can be thinned out, not added to. Mark rows in the column exclude, or remove them.",
        )


def _refuse_altered(rows: pl.DataFrame, name: str, path: Path) -> None:
    """Raise DigestError for a cell that is not what was exported; a spreadsheet saves no value and no text alike."""
    was, now = pl.col(f"{name}_was"), pl.col(name)
    altered = rows.filter(_as_saved(now).ne_missing(_as_saved(was)))
    if altered.height:
        line, seq, before, after = altered.select("_line", "seq", was, now).row(0)
        more = f" {altered.height - 1:,} more cells of the column differ." if altered.height > 1 else ""
        raise DigestError(
            f"{path}, row {line} (seq {seq}), column {name}: {_said(after)} was {_said(before)} when the "
            f"plan was exported.{more} Nothing was imported.",
            hint="An exported plan can be thinned out, not edited. If a spreadsheet rewrote dates or numbers, open the "
            "file with every column as text; then mark rows in the column exclude, or remove them.",
        )


def _as_saved(text: pl.Expr) -> pl.Expr:
    """Text as a spreadsheet leaves it: no value is the empty text, and a line ends as the machine ends lines."""
    return text.fill_null("").str.replace_all("\r\n?", "\n")


def _said(value: str | None) -> str:
    if value is None:
        return "nothing"
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")
