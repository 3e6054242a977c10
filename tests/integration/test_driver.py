"""Connections that befell something of which SQLAlchemy does not know are not handed on; errors name no person."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from events.store.driver import connected, fetch_text, is_connection_lost, transaction
from infra.postgres.connections import Connections
from infra.postgres.engine import connect


async def test_a_transaction_that_was_cancelled_anywhere_is_not_handed_on(database: str) -> None:
    engine = connect(database, pool_size=1, stalled_after_s=30)

    async def work() -> None:
        async with connected(engine) as connection, transaction(connection):
            await fetch_text(connection, "SELECT 1", [])

    for steps in range(60):  # of the event loop: in connecting, BEGIN, the question, COMMIT
        task = asyncio.create_task(work())
        for _ in range(steps % 20):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        async with connected(engine) as connection:
            [row] = await fetch_text(connection, "SELECT pg_current_xact_id_if_assigned() IS NULL AS alone", [])
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            assert row["alone"]
            assert not driver.is_in_transaction()
    await engine.dispose()


async def test_after_all_connections_were_ended_the_next_question_is_answered(database: str) -> None:
    engine = connect(database, pool_size=2, stalled_after_s=30)
    connections = Connections(engine)
    async with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            await connection.execute(text("SELECT 1"))
    connections.abort()
    for _ in range(3):
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    await engine.dispose()


async def test_work_on_a_connection_that_was_ended_says_that_it_is_lost(database: str) -> None:
    engine = connect(database, pool_size=1, stalled_after_s=30)
    connections = Connections(engine)
    async with connected(engine) as connection:
        connections.abort()  # asyncpg drops its protocol, and would fail with an AttributeError
        with pytest.raises(DBAPIError) as asked:
            await fetch_text(connection, "SELECT 1", [])
        with pytest.raises(DBAPIError) as begun:
            async with transaction(connection):
                pytest.fail("no transaction begins")
    assert is_connection_lost(asked.value)
    assert is_connection_lost(begun.value)
    await engine.dispose()


async def test_a_transaction_whose_connection_is_ended_meanwhile_says_that_it_is_lost(database: str) -> None:
    engine = connect(database, pool_size=1, stalled_after_s=30)
    connections = Connections(engine)

    async def work() -> None:
        async with connected(engine) as connection, transaction(connection):
            await fetch_text(connection, "SELECT 1", [])
            connections.abort()

    with pytest.raises(DBAPIError) as told:
        await work()
    assert is_connection_lost(told.value)
    await engine.dispose()


_SHUT_DOWN = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"


@pytest.mark.parametrize("begun", [False, True], ids=["statement", "BEGIN"])
async def test_an_operation_between_the_servers_last_word_and_its_end_says_that_it_is_lost(
    database: str, begun: bool
) -> None:
    engine = connect(database, pool_size=1, stalled_after_s=30)

    async def work() -> None:
        async with connected(engine) as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            driver._protocol.data_received(b"E" + (len(_SHUT_DOWN) + 4).to_bytes(4) + _SHUT_DOWN)
            assert not driver.is_closed()
            if begun:
                async with transaction(connection):
                    pytest.fail("no transaction begins")
            await fetch_text(connection, "SELECT 'a statement of its own'", [])

    with pytest.raises(DBAPIError) as told:
        await work()
    assert is_connection_lost(told.value)
    async with connected(engine) as connection:  # another one: the first was not handed on
        assert len(await fetch_text(connection, "SELECT 1", [])) == 1
    await engine.dispose()


async def test_a_fault_of_the_driver_on_a_healthy_connection_stays_one(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = connect(database, pool_size=1)

    async def failing(*_: object) -> None:
        raise asyncpg.InternalClientError("got result for unknown protocol state 3")

    async with connected(engine) as connection:
        monkeypatch.setattr(asyncpg.Connection, "fetch", failing)
        with pytest.raises(asyncpg.InternalClientError) as told:
            await fetch_text(connection, "SELECT 1", [])
    assert not is_connection_lost(told.value)
    await engine.dispose()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("INSERT INTO processors.mailboxes VALUES ('hospital', $1)", "duplicate key"),
        ("SELECT $1::bigint", "invalid input for query argument $1"),
        ("SELECT $1::text::bigint", "invalid input syntax for type bigint"),
    ],
)
async def test_an_error_says_what_is_wrong_and_not_of_whom(database: str, statement: str, said: str) -> None:
    engine = connect(database)
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO processors.mailboxes VALUES ('hospital', 'P-named')"))
    async with connected(engine) as connection:
        with pytest.raises(DBAPIError) as told:
            await fetch_text(connection, statement, ["P-named"])
    assert "P-named" not in f"{told.value} {told.value.__cause__}"
    assert said in str(told.value)
    await engine.dispose()
