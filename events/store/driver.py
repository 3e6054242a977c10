"""Statements straight to asyncpg, the driver under SQLAlchemy, for the reads and writes of every hop of every claim.

SQLAlchemy compiles a statement once. Its own execution of a statement and its handling of each row would cost more than
the rules do. Many rows go in by COPY, which costs client and server half of what an INSERT a row does.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import ClauseElement, Table
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

DIALECT = dialect()  # type: ignore[no-untyped-call]
"""The dialect that statements are compiled for."""
_FEW = 20
"""Below so many rows an INSERT's one round trip is cheaper than COPY's two."""


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection on which each statement is a transaction of its own. Raises ``DBAPIError``."""
    async with _autocommitting(engine).connect() as connection:
        yield connection


@asynccontextmanager
async def transaction(connection: AsyncConnection) -> AsyncIterator[None]:
    """One transaction of the driver's own on such a connection.

    SQLAlchemy's own begin and commit cost as much as all that a layer does with a claim. Raises ``DBAPIError``.
    """
    driver = _open_driver(connection, "BEGIN")
    begun = driver.transaction()
    with _ended_on_error(driver), _as_sqlalchemy_says("BEGIN", driver):
        await begun.start()
    try:
        yield
    except BaseException:
        if not driver.is_closed():
            with _ended_on_error(driver), _as_sqlalchemy_says("ROLLBACK", driver):
                await begun.rollback()
        raise
    with _ended_on_error(driver), _as_sqlalchemy_says("COMMIT", driver):
        await begun.commit()


@contextmanager
def _ended_on_error(driver: Any) -> Iterator[None]:
    """End the connection where BEGIN, COMMIT or ROLLBACK failed or was cancelled.

    Then it is unknown whether a transaction is open, and SQLAlchemy's pool would give the connection to the next user.
    """
    try:
        yield
    except BaseException:
        driver.terminate()
        raise


_AUTOCOMMIT = "AUTOCOMMIT"
_engines: WeakKeyDictionary[AsyncEngine, AsyncEngine] = WeakKeyDictionary()


def _autocommitting(engine: AsyncEngine) -> AsyncEngine:
    """The engine, set so that SQLAlchemy begins no transactions. It is made once: making it costs more than a query."""
    found = _engines.get(engine)
    if found is None:
        found = _engines[engine] = engine.execution_options(isolation_level=_AUTOCOMMIT)
    return found


class Prepared:
    """A statement that is compiled once; its parameters are given by name."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=DIALECT)
        self.text = str(compiled)
        self._names: Sequence[str] = compiled.positiontup or ()  # type: ignore[attr-defined]
        self._fixed: dict[str, Any] = compiled.params

    async def fetch(self, connection: AsyncConnection, **parameters: Any) -> list[asyncpg.Record]:
        """The rows it gives. Raises ``DBAPIError``."""
        values = self._fixed | parameters
        return await fetch_text(connection, self.text, [values[name] for name in self._names])


async def fetch_text(connection: AsyncConnection, statement: str, parameters: Sequence[Any]) -> list[asyncpg.Record]:
    """The rows that a statement gives. Raises ``DBAPIError``."""
    driver = await _driver(connection, statement)
    with _as_sqlalchemy_says(statement, driver):
        rows: list[asyncpg.Record] = await driver.fetch(statement, *parameters)
    return rows


async def insert_rows(connection: AsyncConnection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Add rows, values in the order of the table's columns; one that is there already breaks the transaction.

    Raises ``DBAPIError``.
    """
    columns = [column.name for column in table.columns]
    driver = await _driver(connection, f"COPY {table}")
    with _as_sqlalchemy_says(f"COPY {table}", driver):
        if len(rows) < _FEW:
            await driver.executemany(insert_text(table), rows)
        else:
            await driver.copy_records_to_table(table.name, schema_name=table.schema, columns=columns, records=rows)


@lru_cache(maxsize=256)
def insert_text(table: Table) -> str:
    """An INSERT of one row, its values in the order of the table's columns."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    places = ", ".join(f"${number}" for number in range(1, len(table.columns) + 1))
    return f'INSERT INTO {table.schema}."{table.name}" ({names}) VALUES ({places})'  # noqa: S608 - our own names


async def execute_many(connection: AsyncConnection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """A statement once a row of parameters. Raises ``DBAPIError``."""
    driver = await _driver(connection, statement)
    with _as_sqlalchemy_says(statement, driver):
        await driver.executemany(statement, rows)


async def _driver(connection: AsyncConnection, statement: str) -> Any:
    driver = _open_driver(connection, statement)
    if not driver.is_in_transaction() and not _autocommits(connection):
        # SQLAlchemy begins the driver's transaction with its own first statement: without it the driver would commit
        # each statement on its own.
        await connection.exec_driver_sql("SELECT 1")
    return driver


def _autocommits(connection: AsyncConnection) -> bool:
    set_for_it = connection.sync_connection.get_execution_options() if connection.sync_connection else {}
    return set_for_it.get("isolation_level") == _AUTOCOMMIT


def _open_driver(connection: AsyncConnection, statement: str) -> Any:
    """The driver's connection. Raises ``DBAPIError`` where it was ended meanwhile: asyncpg itself would fail on it with
    an ``AttributeError``."""
    if connection.sync_connection is None:
        raise AssertionError("the connection is not open")
    driver = connection.sync_connection.connection.driver_connection
    if driver is None or driver.is_closed():
        raise _ended(statement)
    return driver


def _ended(statement: str) -> DBAPIError:
    return DBAPIError(statement, None, asyncpg.InterfaceError("connection is closed"), hide_parameters=True)


@contextmanager
def _as_sqlalchemy_says(statement: str, driver: Any) -> Iterator[None]:
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # without parameters and rows: they name persons and end up in logs
        raise DBAPIError(statement, None, _nameless(error), hide_parameters=True) from error
    except (asyncpg.InternalClientError, AttributeError) as error:
        if not driver.is_closed():
            if not is_connection_lost(error):
                raise
            driver.terminate()  # or the pool would hand it on until the server has closed it
        raise _ended(statement) from error  # ended between two steps of asyncpg, which drops its protocol then


_LOST_STATES = ("57P01", "57P02", "57P03", "57P05", "25P03", "25P04")
"""The server shuts down, has crashed, is starting, or has ended a session or a transaction that was silent too long."""
_LOST_IN_PROTOCOL = ("another operation (2) is in progress", 'the "failed" state', "not connected")
"""What asyncpg says where it begins an operation after the server's last word and before the end of the connection.

In state 2 it throws messages away. An operation finds that state only where the server has spoken without being asked,
and a server does so only to end the session. Two operations at once are an ``InterfaceError`` instead.
"""


def is_connection_lost(error: BaseException) -> bool:
    """Whether an error says that a connection to the database was cut, refused, or ended by the server or by us."""
    if isinstance(error, DBAPIError):
        said = [each for each in (error.orig, error.orig.__cause__ if error.orig else None) if each is not None]
        return error.connection_invalidated or any(map(is_connection_lost, said))
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state.startswith("08") or state in _LOST_STATES
    if isinstance(error, asyncpg.InterfaceError):
        return "connection is closed" in str(error) or "connection was closed" in str(error)
    if isinstance(error, asyncpg.InternalClientError):
        return any(said in str(error) for said in _LOST_IN_PROTOCOL)
    if isinstance(error, AttributeError):
        return error.obj is None and _raised_in_asyncpg(error)
    return isinstance(error, ConnectionError)


def _raised_in_asyncpg(error: BaseException) -> bool:
    """Whether asyncpg's own code raised an error: on None it does where a connection ends between two of its steps."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith("asyncpg.")


def _nameless(error: Any) -> Any:
    """An error of the driver without the row or the value that it is about."""
    if isinstance(error, asyncpg.PostgresError):
        error.detail = error.where = None
    if str(getattr(error, "sqlstate", "")).startswith("22") or isinstance(error, ValueError):  # it tells the value
        error.args = (str(error).partition(":")[0],)
    return error
