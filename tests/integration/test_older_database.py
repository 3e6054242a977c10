"""A database that is older than the streams is told by what the streams hold, and no other is (docs/concurrency.md)."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError
from sqlalchemy import text

from infra.embedded.nats import NatsServer
from infra.messaging import older_database
from infra.messaging.older_database import check_not_older
from infra.messaging.publisher import PublishedEvents, chunks
from infra.messaging.sender import publish_all
from infra.messaging.streams import INTAKE, OlderDatabase
from infra.operations.quiescence import until_quiet
from infra.operations.settle import at_work
from infra.settings import Settings
from infra.worker.database_check import DatabaseCheck
from infra.worker.worker import Worker, worker
from processors.backup.retention import begin_era
from processors.delivery.names import ANSWERS, RUNS
from tests import facts
from tests.program import eventually


async def settle(ours: Worker, *events: object) -> None:
    bodies = [orjson.dumps(event) for event in events]
    (chunk,) = chunks("events", bodies, 1_000_000, PublishedEvents())
    await until_quiet(ours.engine, await publish_all(ours.broker.connection, chunk))


async def set_back(ours: Worker, consumer: str, places: int) -> None:
    """As a database that lacks the last transactions of one consumer."""
    async with ours.engine.begin() as connection:
        await connection.execute(
            text("UPDATE processors.positions SET stream_seq = stream_seq - :places WHERE consumer = :consumer"),
            {"places": places, "consumer": consumer},
        )


@pytest.fixture
async def settled(database: str, nats_url: str, server_folder: Path) -> AsyncIterator[Worker]:
    """A worker that has settled two stays, and takes nothing more."""
    async with worker(database, nats_url, Settings(data_dir=server_folder)) as ours:
        async with at_work(ours):
            await settle(ours, facts.hospital(), facts.enrol(), *facts.stay(1), *facts.stay(2))
        yield ours


def streams(ours: Worker) -> JetStreamContext:
    return ours.broker.connection.jetstream()


async def test_a_loss_of_settlement_alone_is_told(settled: Worker) -> None:
    """It sends nothing on RUNS: its statements would be lost, and their runs never come again."""
    await check_not_older(settled.engine, settled.broker.connection, streams(settled))
    await set_back(settled, "settlement", 1)
    with pytest.raises(OlderDatabase, match=r"claims\.answers\..* has what settlement\.\d+ sent"):
        await check_not_older(settled.engine, settled.broker.connection, streams(settled))
    await set_back(settled, "settlement", -1)
    await check_not_older(settled.engine, settled.broker.connection, streams(settled))


async def test_the_last_answers_are_asked_for_at_once(settled: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one by one where that brought too few, as from a server that lags."""
    js = streams(settled)
    one_by_one, asked = js.get_msg, []

    async def noted(stream: str, *arguments: Any, **named: Any) -> RawStreamMsg:
        asked.append(stream)
        return await one_by_one(stream, *arguments, **named)

    monkeypatch.setattr(js, "get_msg", noted)
    await check_not_older(settled.engine, settled.broker.connection, js)
    assert set(asked) == {RUNS}
    at_once = older_database._batch

    async def lagging(client: Client, stream: str, first: int, count: int) -> dict[int, tuple[str, str]]:
        return dict(list((await at_once(client, stream, first, count)).items())[:-1])

    monkeypatch.setattr(older_database, "_batch", lagging)
    await check_not_older(settled.engine, settled.broker.connection, js)
    assert asked.count(ANSWERS) == 1
    await set_back(settled, "settlement", 1)
    with pytest.raises(OlderDatabase, match="what settlement"):
        await check_not_older(settled.engine, settled.broker.connection, js)


async def test_a_loss_of_intake_is_told_without_its_consumer_and_after_a_purge(settled: Worker) -> None:
    js = streams(settled)
    last = (await js.stream_info(INTAKE)).state.last_seq
    await js.purge_stream(INTAKE, seq=last + 1)  # up to the last, which the ledger has taken: nothing is missing
    with pytest.raises(NotFoundError):
        await js.get_msg(INTAKE, last)
    await js.delete_consumer(INTAKE, "intake-0")
    await js.delete_stream(RUNS)
    await js.purge_stream(ANSWERS)
    await check_not_older(settled.engine, settled.broker.connection, js)
    await set_back(settled, "intake", 1)
    with pytest.raises(
        OlderDatabase, match=f"INTAKE is taken or purged up to {last}, the database has taken {last - 1}"
    ):
        await check_not_older(settled.engine, settled.broker.connection, js)


@pytest.mark.parametrize("lost", [INTAKE, RUNS, ANSWERS])
async def test_a_stream_that_was_lost_is_no_older_database(settled: Worker, lost: str) -> None:
    await streams(settled).delete_stream(lost)
    await check_not_older(settled.engine, settled.broker.connection, streams(settled))
    await settled.recover_streams()
    await check_not_older(settled.engine, settled.broker.connection, streams(settled))
    async with at_work(settled):
        await settle(settled, *facts.stay(3))
    await check_not_older(settled.engine, settled.broker.connection, streams(settled))


async def test_a_restored_ledger_is_not_held_against_answers_of_before(settled: Worker) -> None:
    js = streams(settled)
    async with settled.engine.begin() as connection:
        await begin_era(connection)
    await set_back(settled, "settlement", 1)
    await check_not_older(settled.engine, settled.broker.connection, js)


async def test_a_new_ledger_beside_the_streams_of_another_is_told(settled: Worker) -> None:
    for consumer in ("intake", "settlement"):
        async with settled.engine.begin() as connection:
            await connection.execute(
                text("UPDATE processors.positions SET stream_seq = 0 WHERE consumer = :consumer"),
                {"consumer": consumer},
            )
    with pytest.raises(OlderDatabase):
        await check_not_older(settled.engine, settled.broker.connection, streams(settled))


async def test_lanes_that_wait_for_a_check_hear_together_that_it_failed(
    settled: Worker, nats_server: NatsServer
) -> None:
    """Six lanes whose leader was lost waited five seconds each, one after the other: 30; now 1.5 and 0.5."""
    check = DatabaseCheck(settled.engine, settled.broker.connection)
    await check.run()
    os.kill(nats_server.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        outcomes = await asyncio.gather(*(check.run(briefly=True) for _ in range(6)), return_exceptions=True)
        waited = time.monotonic() - began
    finally:
        os.kill(nats_server.pid, signal.SIGCONT)
    assert [type(outcome) for outcome in outcomes] == [NatsTimeout] * 6
    assert waited < 5.0

    async def holds() -> bool:
        with suppress(NatsTimeout):  # half a second is short for a busy machine
            await check.run()
            return True
        return False

    await eventually(holds)
