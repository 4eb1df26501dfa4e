"""Agreements written down in one line, for the tests of revenue."""

from datetime import date

import polars as pl

from toolkit.frames import AGREEMENTS, conform


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def agreed(*rows: dict[str, object] | tuple[object, ...]) -> pl.DataFrame:
    """Agreements of (account, start, end, mrr) or of keys that differ from the usual; ids are A1, A2 in order."""
    usual = {"currency": "", "tacit": False, "status": "active", "name": "", "account_there_id": "001"}
    made = []
    for number, row in enumerate(rows, start=1):
        given = row if isinstance(row, dict) else dict(zip(("account_id", "start", "end", "mrr"), row, strict=True))
        full = {"id": f"A{number}", **usual, **dict.fromkeys(("plan", "notice", "one_time"))} | given
        full |= {name: day(full[name]) for name in ("start", "end", "notice") if isinstance(full.get(name), str)}
        made.append({"arr": round(float(full["mrr"]) * 12, 2), "end": None} | full)
    frame = pl.DataFrame(made, schema=dict(AGREEMENTS.schema), orient="row") if made else AGREEMENTS.empty()
    return conform(frame, AGREEMENTS)


def cents_of(frame: pl.DataFrame, *columns: str) -> list[tuple[int, ...]]:
    """The amounts of the columns as whole hundredths, so that they can be added up exactly."""
    return [tuple(round(value * 100) for value in row) for row in frame.select(columns).rows()]
