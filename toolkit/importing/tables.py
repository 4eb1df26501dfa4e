"""A customer-side file once it has been read: its records, what was left out of it, and how the mapping file names it.

It is what `toolkit.importing.sources` returns and what `toolkit.importing.metrics` measures.
"""

from dataclasses import dataclass, field

import polars as pl

from toolkit.config.sources import Source
from toolkit.frames import SKIPS


@dataclass(frozen=True)
class SourceTable:
    """One source. ``records`` has the account's id as ``id``, then every column of the file, in the file's order.

    ``skips`` has the shape of `frames.SKIPS`: the rows that were left out, with the reason.
    """

    name: str
    source: Source
    records: pl.DataFrame
    skips: pl.DataFrame = field(default_factory=SKIPS.empty)
