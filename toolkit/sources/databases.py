"""Tables and queries of the customer's databases, read and never written; no secret of an address leaves this module.

SQLite goes through the standard library, which is what the store is opened with: a second SQLite in one process would
drop the locks of the first. DuckDB and everything SQLAlchemy has a driver for are optional packages.
"""

import datetime as dt
import importlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import polars as pl

from toolkit.config.sources import Source
from toolkit.errors import SourceError

_LONGEST = 200
_TIME = pl.Datetime("us")
_ZONED = pl.Datetime("us", "UTC")


def database_columns(folder: Path, source: Source) -> pl.DataFrame:
    """Return what the source's table or query holds, with the database's types. Relative paths are from `folder`.

    Raises SourceError when the address is not known, its driver is not installed, or the database says no; what the
    database says is repeated without the address and its secrets.
    """
    url = database_url(source)
    readers = {"sqlite": _sqlite, "duckdb": _duckdb}
    read = readers.get(urlsplit(url).scheme, _sqlalchemy)
    return answered(lambda: read(url, folder, source), source, url)


def database_url(source: Source) -> str:
    """Return the source's address. Raises SourceError when it is in a variable that is not set, or is none."""
    url = source.url if source.url_env is None else os.environ.get(source.url_env, "").strip()
    if not url:
        raise SourceError(
            f"{source.label}: the environment variable {source.url_env} is not set.",
            hint="Set it to the database's URL, such as postgresql+psycopg://user:password@host/database.",
        )
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if not scheme or "://" not in url:
        raise SourceError(
            f"{source.label}: the environment variable {source.url_env} holds no URL.",
            hint="It looks like postgresql+psycopg://user:password@host/database.",
        )
    return url


def statement(source: Source) -> str:
    """Return the SQL that reads the source."""
    return source.query if source.query is not None else f"SELECT * FROM {source.table}"


def answered(ask: Callable[[], pl.DataFrame], source: Source, url: str) -> pl.DataFrame:
    """Return what a database answers. Raises SourceError with what it says, without anything of its address.

    The error of the driver is not kept as its cause: a traceback would show it, and it may hold the address.
    """
    try:
        return ask()
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own, and none may pass
        said = _scrubbed(str(getattr(error, "orig", None) or error), url)
    raise SourceError(
        f"{source.label} cannot be read: the database says: {said}",
        hint="Try the query in the database itself; mend it, or the address, and load again.",
    )


def optional(package: str, extra: str) -> Any:
    """Return an optional package. Raises SourceError with how to install it when it is not there."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError:
        pass
    raise SourceError(
        f"This source needs the package {package}, which is not installed.",
        hint=f"Install it: pip install 'cs-toolkit[{extra}]'",
    )


def duckdb_connection(url: str, folder: Path) -> Any:
    """Return a connection to a DuckDB file, or to none; it reads files from `folder` and installs nothing."""
    duckdb = optional("duckdb", "duckdb")
    file = _file(url, folder)
    options = {"autoinstall_known_extensions": "false", "file_search_path": str(folder)}
    return duckdb.connect(str(file) if file else ":memory:", read_only=file is not None, config=options)


def columns_of(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> pl.DataFrame:
    """Return rows of Python values as columns; a column of several types becomes text, and nothing is lost."""
    repeated = {name for name in names if list(names).count(name) > 1}
    if repeated:
        raise SourceError(
            f'The query has more than one column "{min(repeated)}".', hint='Give each a name: select a.id as "account".'
        )
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pl.DataFrame([_series(name, values) for name, values in zip(names, columns, strict=True)])


def _sqlite(url: str, folder: Path, source: Source) -> pl.DataFrame:
    file = _file(url, folder)
    if file is None:
        raise SourceError(f"{source.label}: the URL names no file.", hint="It looks like sqlite:///customers.db.")
    connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
    try:
        found = connection.execute(statement(source))
        return columns_of([each[0] for each in found.description], found.fetchall())
    finally:
        connection.close()


def _duckdb(url: str, folder: Path, source: Source) -> pl.DataFrame:
    connection = duckdb_connection(url, folder)
    try:
        return pl.DataFrame(connection.sql(statement(source)))
    finally:
        connection.close()


def _sqlalchemy(url: str, folder: Path, source: Source) -> pl.DataFrame:
    sqlalchemy = optional("sqlalchemy", "sql")
    try:
        engine = sqlalchemy.create_engine(_placed(url, folder), poolclass=sqlalchemy.pool.NullPool)
    except (sqlalchemy.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        missing = getattr(error, "name", None) or urlsplit(url).scheme
        engine = None
    if engine is None:
        raise SourceError(
            f"{source.label}: there is no driver for this kind of database: {missing} is not installed.",
            hint="Install the driver that SQLAlchemy names for it, such as psycopg for postgresql+psycopg://.",
        )
    with engine.connect() as connection:
        found = connection.exec_driver_sql(statement(source))
        return columns_of(list(found.keys()), found.fetchall())


def _file(url: str, folder: Path) -> Path | None:
    """Return the file of ``scheme:///file`` (relative to `folder`) or ``scheme:////file``; None when none is named."""
    path = unquote(urlsplit(url).path)[1:]
    if not path or path == ":memory:":
        return None
    file = folder / path
    if not file.is_file():
        raise SourceError(f"{file.name} is not in {file.parent}.", hint="Mend the path in the URL.")
    return file


def _placed(url: str, folder: Path) -> str:
    """Return the URL of a SQLite file for SQLAlchemy with its whole path."""
    if not urlsplit(url).scheme.startswith("sqlite+"):
        return url
    file = _file(url, folder)
    return url if file is None else f"{urlsplit(url).scheme}:///{file.absolute()}"


def _series(name: str, values: Sequence[Any]) -> pl.Series:
    kinds = {type(value) for value in values} - {type(None)}
    dtype = _dtype(name, kinds, values)
    if dtype == pl.String:
        return pl.Series(name, [_text(value) for value in values], pl.String)
    if dtype == pl.Float64:
        return pl.Series(name, [None if value is None else float(value) for value in values], pl.Float64)
    return pl.Series(name, values, dtype)


def _dtype(name: str, kinds: set[type], values: Sequence[Any]) -> Any:
    if kinds & {bytes, memoryview, list, dict, tuple}:
        raise SourceError(f'The column "{name}" holds bytes or lists.', hint="Leave it out of the query.")
    if kinds == {int}:
        return pl.Int64 if all(value is None or abs(value) < 2**63 for value in values) else pl.String
    if kinds and kinds <= {int, float, Decimal}:
        return pl.Float64
    if kinds == {dt.datetime}:
        zoned = {value.tzinfo is not None for value in values if value is not None}
        return (_ZONED if zoned == {True} else _TIME) if len(zoned) == 1 else pl.String
    return {frozenset({bool}): pl.Boolean, frozenset({dt.date}): pl.Date}.get(frozenset(kinds), pl.String)


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, dt.date) else str(value)


def _scrubbed(said: str, url: str) -> str:
    """Return the first line of what a driver says, without the address, its user, its password or its options."""
    secrets = [url]
    try:
        parts = urlsplit(url)
        secrets += [parts.netloc, parts.netloc.rpartition("@")[0], parts.password or "", unquote(parts.password or "")]
        secrets += [value for _, value in parse_qsl(parts.query)] + [parts.query]
    except ValueError:
        pass
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        said = said.replace(secret, "***")
    line = next((each.strip() for each in said.splitlines() if each.strip()), "nothing")
    line = re.sub(r"\w+://\S+", "***", line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
