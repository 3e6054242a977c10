"""Parked runs go on once what stopped them is mended: in their order, for the cause they had, in their lane's turn."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import nats
import orjson
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import PAYOUT_ADJUSTED
from events.store.journal import entries
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.operations.quiescence import until_quiet
from infra.postgres.engine import connect
from processors.delivery.names import RUNS
from processors.delivery.release import load_parked_runs, release_messages
from processors.delivery.transaction import Delivery
from processors.pipeline.layer import Layer
from processors.pipeline.recovery import begin_runs_anew
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from processors.queries import listings
from tests import facts
from tests.ledger import Books, is_lost
from tests.program import background, claims, dump, up_is_ready

READY = [facts.hospital(), facts.enrol("P1"), facts.enrol("P2"), facts.roster()]


async def _text(engine: AsyncEngine, scheme: str, value: bytes) -> bytes:
    """Put other bytes in a pinned text's place, past the triggers that refuse it; returns those that were there."""
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        named = {"name": scheme}
        before = await connection.execute(text("SELECT text FROM ledger.schemes WHERE name = :name"), named)
        there: bytes = before.scalar_one()
        changed = text("UPDATE ledger.schemes SET text = :value WHERE name = :name")
        await connection.execute(changed, named | {"value": value})
    return there


async def _release(books: Books) -> None:
    async with books.engine.connect() as connection:
        asked = release_messages(await load_parked_runs(connection), partitions=1)
    for request in asked:
        books.sequence[RUNS] += 1
        delivery = Delivery(books.sequence[RUNS], request.subject, request.body)
        books.queues[request.consumer, request.partition].append(delivery)


async def _parked(books: Books) -> list[tuple[str, str, int, str]]:
    rows = [row async for row in listings.parked_rows(books.engine)]
    return [(row["person_id"], row["consumer"], row["run"], row["reason"]) for row in rows]


async def _entries(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM ledger.entries"))).scalar_one())


async def _adjusted(books: Books) -> list[tuple[str, str, str]]:
    """Cause, claim and counterparty of every adjustment."""
    async with books.engine.connect() as connection:
        rows = await connection.execute(
            select(entries.c.claim_id, entries.c.data)
            .where(entries.c.type == PAYOUT_ADJUSTED)
            .order_by(entries.c.recorded_at, entries.c.number)
        )
        told = [(row.claim_id, orjson.loads(row.data)) for row in rows]
    return [(data["cause"]["event_id"], claim_id, data["counterparty"]) for claim_id, data in told]


def _broken_anew(books: Books, layer: str = "basic") -> None:
    """A layer that has not read any scheme yet, as in a new process."""
    books.lanes[layer, 0] = Layer(layer, 1)


async def test_released_runs_settle_as_if_they_had_never_stood_still(books: Books, second_engine: AsyncEngine) -> None:
    await books.publish([facts.hospital()])
    good = await _text(books.engine, "fusong", b"name: fusong\n")
    shanggao = [facts.hospital("HS", 2, "360923"), facts.enrol("S", 2019, "360923")]
    events = [*READY, *shanggao, *facts.stay(1), *facts.stay(2), *facts.stay(3, "S", hospital_id="HS")]
    later = [facts.correct("C1", "20000"), *facts.stay(4)]
    await books.publish([*events, *later])
    assert await books.statement("C3") is not None, "other persons go on"
    stopped = await _parked(books)
    assert [(person, consumer, run) for person, consumer, run, _ in stopped] == [
        ("P1", "basic", 3), ("P1", "basic", 4)
    ], "the correction covers the two before it, and takes their place"  # fmt: skip
    assert "does not match its hash" in stopped[0][3]
    assert stopped[1][3] == "waits behind run 3"

    await _text(books.engine, "fusong", good)
    await _release(books)
    await books.drain()
    assert await _parked(books) == []
    report = await verify(books.engine)
    assert (report.problems, report.skipped) == ([], 0)
    undisturbed = await Books.open(second_engine)
    await undisturbed.publish([*events, *later])
    ours, theirs = await dump(books.engine), await dump(second_engine)
    for row in (*ours["statements"], *theirs["statements"]):
        row.pop("revision")  # C1 was first settled after its correction
    assert ours == theirs

    before = await _entries(books.engine)
    await _release(books)
    await books.drain()
    assert await _entries(books.engine) == before


async def test_a_new_claim_that_was_released_is_no_adjustment(books: Books) -> None:
    await books.publish(READY)
    good = await _text(books.engine, "fusong", b"name: fusong\n")
    await books.publish([*facts.stay(1), *facts.stay(2)])
    await _text(books.engine, "fusong", good)
    await _release(books)
    await books.drain()
    async with books.engine.connect() as connection:
        booked = select(entries.c.type, entries.c.run, entries.c.data).where(entries.c.journal == "basic.0")
        rows = (await connection.execute(booked.order_by(entries.c.number))).all()
    assert [(row.type, row.run) for row in rows] == [("payout.decided.v1", 1), ("payout.decided.v1", 2)]
    assert all("counterparty" not in orjson.loads(row.data) for row in rows), "the hospital was never told otherwise"


@pytest.mark.parametrize("damage", ["paid = 0", "base = base / 2, paid = paid / 2"])
async def test_a_damaged_accumulation_parks_its_own_person_alone(
    books: Books, second_engine: AsyncEngine, damage: str
) -> None:
    before = [*READY, facts.roster("P2"), *facts.stay(1), *facts.stay(2, "P2")]
    after = [facts.correct("C1", "1000"), *facts.stay(3, "P2"), *facts.stay(4)]
    await books.publish(before)
    async with books.engine.begin() as connection:
        damaged = f"UPDATE projections.accumulations SET {damage} WHERE person_id = 'P1' AND layer = 'basic'"
        await connection.execute(text(damaged))
    await books.publish(after)
    assert await books.statement("C3") is not None, "other persons go on"
    (stopped, behind) = await _parked(books)
    assert stopped[:2] == ("P1", "basic")
    assert "P1, 2019, fusong: basic has accumulated less" in stopped[3]
    assert "`claims rebuild accumulations`" in stopped[3]
    assert behind[3] == f"waits behind run {stopped[2]}"

    mended = await rebuild(books.engine, ["accumulations"])
    assert mended.found > 0
    await _release(books)
    await books.drain()
    assert await _parked(books) == []
    report = await verify(books.engine)
    assert (report.problems, report.skipped) == ([], 0)
    undisturbed = await Books.open(second_engine)
    await undisturbed.publish([*before, *after])
    assert await dump(books.engine) == await dump(second_engine)


async def test_what_is_still_broken_stands_still_for_its_new_reason(books: Books) -> None:
    await books.publish([facts.hospital()])
    await _text(books.engine, "fusong", b"name: fusong\n")
    await books.publish([*READY, *facts.stay(1), *facts.stay(2)])
    first = await _parked(books)
    since = [row["since"] async for row in listings.parked_rows(books.engine)]
    async with books.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("DELETE FROM ledger.schemes WHERE name = 'fusong'"))
    await _release(books)
    await _release(books)
    await books.drain()
    second = await _parked(books)
    assert [row[:3] for row in second] == [row[:3] for row in first]
    assert "was adopted" in second[0][3]
    assert second[1][3] == "waits behind run 1"
    assert [row["since"] async for row in listings.parked_rows(books.engine)] == since


async def test_runs_that_come_between_the_asking_and_the_release_keep_their_place(books: Books) -> None:
    await books.publish(READY)
    good = await _text(books.engine, "fusong", b"name: fusong\n")
    await books.publish(facts.stay(1))
    await _release(books)
    asked = books.queues["basic", 0].popleft()
    await books.publish(facts.stay(2))  # parked behind the first, after the asking
    await _text(books.engine, "fusong", good)
    books.enqueue(facts.stay(3))
    await books.step(("intake", 0), 10)
    # The third arrives before the release in one batch, yet was not there when the others were parked.
    books.queues["basic", 0].append(Delivery(books.sequence[RUNS] + 1, asked.subject, asked.body))
    books.sequence[RUNS] += 1
    await books.step(("basic", 0), 10)
    await books.drain()
    assert await _parked(books) == []
    async with books.engine.connect() as connection:
        runs = select(entries.c.run).where(entries.c.journal == "basic.0").order_by(entries.c.number)
        assert list((await connection.execute(runs)).scalars()) == [1, 2, 3]
    assert (await verify(books.engine)).problems == []


@pytest.mark.parametrize("way", ["released", "superseded", "sent again"])
async def test_an_audit_stays_with_the_hospital(books: Books, way: str) -> None:
    await books.publish([*READY, *facts.stay(1), *facts.stay(2)])
    good = await _text(books.engine, "fusong", b"name: fusong\n")
    _broken_anew(books)
    await books.publish([facts.audit("C1", "1000", "hospital", "F1")])
    assert [row[2] for row in await _parked(books)] == [3]
    await _text(books.engine, "fusong", good)
    if way == "released":
        await _release(books)
        await books.drain()
    elif way == "superseded":
        await books.publish([facts.roster("P1", "dibao")])
        await books.drain()
    else:
        await _send_again(books)
    assert await _parked(books) == []
    adjusted = await _adjusted(books)
    cause = {"released": "audit-F1", "sent again": "runs-sent-again"}.get(way, "roster-P1-dibao-added-2018-01-01")
    assert (cause, "C1", "hospital") in adjusted
    assert {party for _, claim, party in adjusted if claim == "C2"} <= {"person"}
    report = await verify(books.engine)
    assert (report.problems, report.skipped) == ([], 0)


async def _send_again(books: Books) -> None:
    """The store of NATS was lost."""
    assert await begin_runs_anew(books.engine, 1, is_lost) == 1
    await books.begin_anew()
    await books.drain()


async def test_the_command_releases_beside_up_and_alone(server_folder: Path) -> None:
    data, log = server_folder / "data", server_folder / "log"

    async def ask(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
        done = await claims("parked", "--release", *arguments, "--json", "--data-dir", data)
        return done.code, done.rows

    async with background("up", "--data-dir", data, log=log):
        await up_is_ready(log)
        told = json.loads((data / "endpoints.json").read_text())
        engine = connect(told["database_url"])
        try:
            taken = await _publish(told["nats_url"], READY)
            await until_quiet(engine, taken)  # intake has read the schemes
            good = await _text(engine, "fusong", b"name: fusong\n")
            taken = await _publish(told["nats_url"], [*facts.stay(1), *facts.stay(2, "P2")])
            assert (await until_quiet(engine, taken)).parked == 2
            code, rows = await ask()
            assert (code, [row["state"] for row in rows]) == (1, ["parked", "parked"])
            assert "does not match its hash" in rows[0]["reason"]

            await _text(engine, "fusong", good)
            assert await ask("--person", "P1") == (
                0, [{"person_id": "P1", "consumer": "basic", "run": 1, "state": "settled", "reason": None}]
            )  # fmt: skip
        finally:
            await engine.dispose()
    code, rows = await ask("--consumer", "basic")
    assert (code, [(row["person_id"], row["state"]) for row in rows]) == (0, [("P2", "settled")])


async def _publish(nats_url: str, events: list[dict[str, Any]]) -> list[int]:
    client = await nats.connect(nats_url)
    published = PublishedEvents()
    async for _ in publish_file(client, "events", BytesIO(b"\n".join(map(orjson.dumps, events))), published):
        pass
    await client.close()
    return published.sequences


async def test_a_parked_run_of_an_older_program_is_told(books: Books, database: str) -> None:
    await books.publish(READY)
    await _text(books.engine, "fusong", b"name: fusong\n")
    await books.publish(facts.stay(1))
    connection = await asyncpg.connect(
        books.engine.url.set(drivername="postgresql").render_as_string(hide_password=False), ssl=False
    )
    await connection.execute("UPDATE processors.parked SET body = $1", b'["P1", {}]')
    await connection.close()
    await _release(books)
    await books.drain()
    assert "older program" in (await _parked(books))[0][3]
