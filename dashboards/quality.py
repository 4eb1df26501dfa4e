"""The quality of the data, read from the store when its view is opened: classes of records, fill rates, odd values."""

from dataclasses import dataclass, field

import polars as pl

from toolkit.config import ObjectMapping, Settings
from toolkit.data_quality import (
    FILLED,
    PICKLISTS,
    PICKLISTS_OF,
    UNKNOWN,
    fill_rates,
    has_value,
    unknown_values,
    values_of,
)
from toolkit.frames import RECORD_CLASSES, RECORD_KEY, SIDES
from toolkit.matching.keys import names_of
from toolkit.record_classes import record_classes
from toolkit.store import Store

RECORDS = {RECORD_KEY: pl.String, "name": pl.String, "side": pl.String}


@dataclass(frozen=True)
class Quality:
    """What the view shows; the frames are those of `toolkit.data_quality` and `frames.RECORD_CLASSES`."""

    classes: pl.DataFrame = field(default_factory=RECORD_CLASSES.empty)
    filled: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FILLED))
    unknown: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=UNKNOWN))
    picklists_known: bool = False


def read_quality(store: Store, settings: Settings) -> Quality:
    """Return the quality of all objects that are synced and merged."""
    filled, unknown, known_any = [], [], False
    for name, mapping in _merged(settings).items():
        sides = {side: store.records(side, name) for side in SIDES}
        filled.append(fill_rates(mapping, sides))
        known = store.records("derived", PICKLISTS_OF.format(name))
        known_any = known_any or known is not None
        unknown.append(unknown_values(mapping, known if known is not None else pl.DataFrame(schema=PICKLISTS), sides))
    return Quality(
        record_classes(store, settings),
        pl.concat([pl.DataFrame(schema=FILLED), *filled]),
        pl.concat([pl.DataFrame(schema=UNKNOWN), *unknown]),
        known_any,
    )


def read_records(
    store: Store, settings: Settings, object_name: str, side: str, column: str, value: str
) -> pl.DataFrame:
    """Return the records (`RECORDS`) of a side that have no value in a column; with `value`, those that hold it."""
    mapping = _merged(settings).get(object_name)
    records = store.records("here" if side == "here" else "there", object_name) if mapping is not None else None
    if mapping is None or records is None:
        return pl.DataFrame(schema=RECORDS)
    if column not in records.columns:
        found = records if not value else records.clear()
    elif value:
        held = values_of(records, column).filter(pl.col("value") == value)
        found = records.join(held, on=RECORD_KEY, how="semi")
    else:
        found = records.filter(~has_value(column, records.schema[column]))
    names = names_of(found, mapping, side)
    return pl.DataFrame([found[RECORD_KEY].cast(pl.String), names]).with_columns(side=pl.lit(side))


def _merged(settings: Settings) -> dict[str, ObjectMapping]:
    return {name: mapping for name, mapping in settings.active_objects.items() if mapping.is_merged}
