"""What a workspace keeps: SQLite and Parquet behind one door, `Store`."""

from toolkit.store.store import Side, Store

__all__ = ["Side", "Store"]
