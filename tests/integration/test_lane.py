"""What a lane deletes from the streams, and what it sets aside."""

from collections.abc import Sequence

import nats
import orjson
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.driver import insert_rows
from events.store.journal import entries
from infra.messaging.sender import Outgoing, publish_all
from infra.messaging.streams import INTAKE, ensure_streams
from infra.worker.database_check import DatabaseCheck
from infra.worker.lane import Lane
from policies.loader import load_directory
from processors.delivery.layout import layout
from processors.delivery.position import all_positions
from processors.delivery.transaction import Delivery, Transaction
from processors.law.adoption import initialise
from processors.pipeline.intake import Intake
from processors.queries import listings
from projections.finance import roster_years
from tests import facts


@pytest.mark.parametrize("first_seq", [1, 40])
async def test_a_lane_that_has_read_no_position_deletes_nothing(
    engine: AsyncEngine, nats_url: str, first_seq: int
) -> None:
    client = await nats.connect(nats_url)
    js = client.jetstream()
    await ensure_streams(js, {INTAKE: first_seq - 1})
    sent = await publish_all(client, [Outgoing("claims.intake.hospital.H1._", b"{}")] * 3)
    await Lane(engine, client, Intake(1), 0, DatabaseCheck(engine, client)).purge()
    state = (await js.stream_info(INTAKE)).state
    assert (sent, state.messages, state.first_seq) == ([first_seq + n for n in range(3)], 3, first_seq)
    await client.close()


class Fragile(Intake):
    """Intake with a bug of the kind that an event's bytes can hit."""

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        if any(b"poison" in delivery.body for delivery in batch):
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "poison")
        await super().handle(transaction, batch)


class Failing(Intake):
    """Intake with a bug that hits everything."""

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        raise AssertionError("our own fault")


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_an_event_that_breaks_intake_is_set_aside_whole_and_the_others_go_on(
    engine: AsyncEngine, nats_url: str, place: int
) -> None:
    await initialise(engine, load_directory())
    bodies = [orjson.dumps(facts.hospital(f"H{number}")) for number in range(2)]
    bodies.insert(place, b'{"poison": true}')
    lane, messages, client = await lane_with(engine, nats_url, Fragile(1), bodies)
    await lane.position()
    await lane.take(messages)
    async with engine.connect() as connection:
        taken = await connection.execute(
            select(entries.c.stream_seq, entries.c.type, entries.c.raw)
            .where(entries.c.stream_seq.is_not(None))
            .order_by(entries.c.number)
        )
        rows = [tuple(row) for row in taken]
        positions = await all_positions(connection)
    expected = ["event.rejected.v1" if body.startswith(b'{"poison') else "hospital.registered.v1" for body in bodies]
    assert rows == [(seq, type_, body) for seq, (type_, body) in enumerate(zip(expected, bodies, strict=True), start=1)]
    assert positions["intake", 0] == 3
    assert [row["reason"] async for row in listings.refusal_rows(engine)] == ["malformed"]

    # the same bytes again change nothing and stop nothing
    await publish_all(client, [Outgoing("claims.intake.bureau.220621._", body) for body in bodies])
    subscription = await client.jetstream().pull_subscribe("claims.intake.*.*.*", "again", stream=INTAKE)
    await lane.take((await subscription.fetch(6))[3:])
    async with engine.connect() as connection:
        assert (await all_positions(connection))["intake", 0] == 6
    assert len([row async for row in listings.refusal_rows(engine)]) == 1
    await client.close()


class TooLarge(Intake):
    """Intake that lets a number through which no column takes; by each way into the database."""

    def __init__(self, ways: int) -> None:
        super().__init__(1)
        self.ways = ways

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        if any(b"poison" in delivery.body for delivery in batch):
            if self.ways:
                await insert_rows(transaction.connection, layout, [(2**70, "", [])] * self.ways)
            else:
                await transaction.connection.execute(layout.insert().values(partitions=2**70))
        await super().handle(transaction, batch)


class BelowZero(Intake):
    """Intake whose model lets through what a table's check refuses."""

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        if any(b"poison" in delivery.body for delivery in batch):
            below_zero = {"year": 2019, "region": "220621", "rostered": -1, "enrolled": 0}
            transaction.writes.upsert(roster_years, [below_zero])
        await super().handle(transaction, batch)


@pytest.mark.parametrize("rows", [0, 1, 30], ids=["SQLAlchemy", "driver", "COPY"])
async def test_a_value_that_the_driver_does_not_send_sets_its_event_aside(
    engine: AsyncEngine, nats_url: str, rows: int
) -> None:
    await initialise(engine, load_directory())
    bodies = [b'{"poison": true}', orjson.dumps(facts.hospital())]
    lane, messages, client = await lane_with(engine, nats_url, TooLarge(rows), bodies)
    await lane.position()
    await lane.take(messages)
    async with engine.connect() as connection:
        assert (await all_positions(connection))["intake", 0] == len(bodies)
    assert [row["reason"] async for row in listings.refusal_rows(engine)] == ["malformed"]
    await client.close()


async def test_a_value_that_a_check_refuses_sets_its_event_aside(engine: AsyncEngine, nats_url: str) -> None:
    await initialise(engine, load_directory())
    bodies = [b'{"poison": true}', orjson.dumps(facts.hospital())]
    lane, messages, client = await lane_with(engine, nats_url, BelowZero(1), bodies)
    await lane.position()
    await lane.take(messages)
    async with engine.connect() as connection:
        assert (await all_positions(connection))["intake", 0] == len(bodies)
        hospitals = (await connection.execute(text("SELECT count(*) FROM projections.hospitals"))).scalar_one()
    assert hospitals == 1
    assert [row["reason"] async for row in listings.refusal_rows(engine)] == ["malformed"]
    await client.close()


async def test_a_fault_of_our_own_sets_no_event_aside(engine: AsyncEngine, nats_url: str) -> None:
    await initialise(engine, load_directory())
    lane, messages, client = await lane_with(engine, nats_url, Failing(1), [b"{}"])
    await lane.position()
    with pytest.raises(AssertionError, match="our own fault"):
        await lane.take(messages)
    assert [row async for row in listings.refusal_rows(engine)] == []
    await client.close()


async def lane_with(
    engine: AsyncEngine, nats_url: str, handler: Intake, bodies: Sequence[bytes]
) -> tuple[Lane, list[Msg], Client]:
    """A lane over INTAKE, and the messages that these bodies arrive as."""
    client = await nats.connect(nats_url)
    js = client.jetstream()
    await ensure_streams(js, {})
    await publish_all(client, [Outgoing("claims.intake.bureau.220621._", body) for body in bodies])
    subscription = await js.pull_subscribe("claims.intake.*.*.*", "intake-0", stream=INTAKE)
    lane = Lane(engine, client, handler, 0, DatabaseCheck(engine, client))
    return lane, await subscription.fetch(len(bodies)), client
