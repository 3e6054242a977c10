"""Payers are told every booking once, in order, whatever becomes of who tells them; settlement does not wait for it."""

import asyncio
import random
import signal
from pathlib import Path

import nats
import orjson
import pytest
from nats.aio.client import Client

from infra.messaging import payout_stream
from infra.messaging.sender import publish_whole
from infra.operations.quiescence import until_quiet
from infra.operations.settle import at_work
from infra.postgres.engine import connect
from infra.settings import Settings
from infra.worker.shares import Share
from infra.worker.worker import worker
from processors.delivery.names import INTAKE_CONSUMER, SETTLEMENT_CONSUMER
from tests import facts
from tests.faults.conftest import Undisturbed
from tests.faults.harness import Given, publish
from tests.faults.harness import until_quiet as until_settled
from tests.ledger import SHIPPED_LAYERS
from tests.payouts import booked, in_order, told
from tests.program import BOUND_S, eventually


async def all_told(client: Client, ids: set[str]) -> bool:
    return len(await told(client)) >= len(ids)


async def test_who_publishes_is_killed_in_the_middle(
    undisturbed: Undisturbed, database: str, nats_url: str, server_folder: Path
) -> None:
    """Other processes settle meanwhile; in the middle the store of PAYOUTS is lost as well."""
    draw, given, lines = random.Random(5), Given(database, nats_url), undisturbed.lines[:900]
    others = [
        argument for name in (INTAKE_CONSUMER, *SHIPPED_LAYERS, SETTLEMENT_CONSUMER) for argument in ("--only", name)
    ]
    client = await nats.connect(nats_url)
    engine = connect(database)
    try:
        async with given.worker(server_folder / "settle.log", *others):
            taken = 0
            for number, start in enumerate(range(0, len(lines), 300)):
                log = server_folder / f"payouts-{number}.log"
                async with given.worker(log, "--only", "payouts") as process:
                    taken = await publish(nats_url, lines[start : start + 300])
                    await asyncio.sleep(draw.uniform(0.1, 1.5))  # anywhere in the middle
                    process.send_signal(signal.SIGKILL)
                    await process.wait()
                if number == 1:
                    await client.jetstream().delete_stream("PAYOUTS")
            await until_settled(database, taken)
            entries = await booked(engine)
            ids = {f"{row.journal}-{row.number}" for row in entries}
            async with given.worker(server_folder / "payouts-last.log", "--only", "payouts"):
                await eventually(lambda: all_told(client, ids))
        messages = await told(client)
        assert sorted(message.id for message in messages) == sorted(ids)
        assert in_order(messages, entries) == []
    finally:
        await client.close()
        await engine.dispose()


async def test_settlement_does_not_wait_while_payouts_cannot_be_published(
    database: str, nats_url: str, server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NATS takes no batch of PAYOUTS for as long as it takes to settle; then all is told; and again once it is lost."""
    answers_again = asyncio.Event()

    async def held(*arguments: object) -> list[int]:
        await answers_again.wait()
        return await publish_whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(payout_stream, "publish_whole", held)
    async with worker(database, nats_url, Settings(data_dir=server_folder), Share()) as ours, at_work(ours):
        events = [facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1), *facts.stay(2)]
        async with asyncio.timeout(BOUND_S):
            await until_quiet(ours.engine, [await publish(nats_url, map(orjson.dumps, events))])
        assert await told(ours.broker.connection) == []
        answers_again.set()
        ids = {f"{row.journal}-{row.number}" for row in await booked(ours.engine)}
        await eventually(lambda: all_told(ours.broker.connection, ids))
        assert {message.id for message in await told(ours.broker.connection)} == ids
        await ours.broker.connection.jetstream().delete_stream("PAYOUTS")
        await eventually(lambda: all_told(ours.broker.connection, ids))
        assert sorted(message.id for message in await told(ours.broker.connection)) == sorted(ids)
