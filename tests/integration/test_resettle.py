"""A county replaces an assumed value: earlier claims keep the text they are pinned to until they are settled again."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import text

from infra.messaging.publisher import subject_of
from infra.messaging.sender import Outgoing, publish_all
from infra.operations.quiescence import until_quiet
from infra.operations.resettle import OrderRefused, resettle
from infra.operations.settle import at_work
from infra.settings import Settings
from infra.worker.worker import worker
from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.person.replay import replay
from processors.proof.verify import verify
from processors.resettlement.order import (
    CLAIMS_PER_ORDER,
    SchemeChange,
    TouchedPerson,
    change_to,
    order_event,
    persons_touched,
    split_into_orders,
)
from tests import facts
from tests.clerk import Clerk, clerk
from tests.integration.test_seventh_scheme import XUZHOU, Program
from tests.integration.test_up import source_of
from tests.ledger import SHIPPED, Books
from tests.program import Done, background, claims, dump_of, eventually, kill_group, up_is_ready, write_lines

LEDGER = "ledger/claims"
NEWER = XUZHOU.replace("value: 70%", "value: 80%").replace("value: 1000,", "value: 2000,")
ASKED = ("resettle", "--scheme", "xuzhou", "--from", "2019-04-01")


class AtTheDesk(Program):
    """Command after command in one process."""

    def __init__(self, database_url: str, nats_url: str, folder: Path, typed: Clerk) -> None:
        super().__init__(database_url, nats_url, folder)
        self.typed = typed

    async def run(self, *arguments: object) -> Done:
        return await self.typed(*arguments)


async def test_claims_move_to_the_text_in_force_from_a_day_on(
    database: str, nats_url: str, server_folder: Path
) -> None:
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_NATS_URL=nats_url) as typed:
        await _claims_move(AtTheDesk(database, nats_url, server_folder, typed))


async def _claims_move(program: Program) -> None:
    await program.adopt(XUZHOU)
    people = [facts.hospital("HX", 3, "320301"), facts.enrol("X", 2019, "320300"), facts.roster("X", "dibao")]
    stays = [
        *facts.stay(1, "X", "2019-03-10", "3000", hospital_id="HX"),
        *facts.stay(2, "X", "2019-04-10", "9000", hospital_id="HX"),
    ]
    await program.settle(*people, *stays)
    # C1: (3,000 − 900) × 70% = 1,470; half of the 1,530 left is 765.
    # C2: (9,000 − 900) × 70% = 5,670; half of 3,330 is 1,665; 1,000 − 765 = 235 of the limit left.
    first = {"basic": "1470.00", "assistance": "765.00", "patient": "765.00"}
    assert await program.paid() == {
        "C1": first,
        "C2": {"basic": "5670.00", "assistance": "235.00", "patient": "3095.00"},
    }
    await program.adopt(NEWER)

    # C2 anew: (9,000 − 900) × 80% = 6,480; half of 2,520 is 1,260; 2,000 − 765 = 1,235 of the limit left.
    foreseen = await program.run(*ASKED, "--dry-run", "--json")
    moved = {"basic": "810.00", "assistance": "1000.00"}
    assert foreseen.rows == [{"dry_run": True, "claims": 1, "persons": 1, "moved": moved}]
    assert (await program.paid())["C2"]["basic"] == "5670.00"

    booked = await program.run(*ASKED, "--actor", "王芳", "--json")
    assert booked.rows == [{"dry_run": False, "claims": 1, "persons": 1, "moved": moved}]
    second = {"basic": "6480.00", "assistance": "1235.00", "patient": "1285.00"}
    assert await program.paid() == {"C1": first, "C2": second}
    told = (await program.run("replay", "X", "--json")).rows[0]
    assert told["consistent"]
    adjusted = [entry for entry in told["history"] if entry["type"] == "payout.adjusted.v1"]
    assert {entry["cause"]["type"] for entry in adjusted} == {"resettlement.ordered.v1"}
    (moved_claim,) = [entry["claim"] for entry in told["history"] if entry.get("claim", {}).get("instead_of")]
    assert (moved_claim["claim_id"], moved_claim["actor"]) == ("C2", "王芳")

    again = await program.run(*ASKED, "--dry-run", "--json")
    assert again.rows == [{"dry_run": True, "claims": 0, "persons": 0, "moved": {}}]
    await program.settle(facts.reverse("C1", "hospital/HX"))
    # C1 gone, all of the new limit is there for C2: half of 2,520.
    assert (await program.paid())["C2"] == {"basic": "6480.00", "assistance": "1260.00", "patient": "1260.00"}


async def test_what_cannot_be_settled_again_is_said(database: str, nats_url: str, server_folder: Path) -> None:
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_NATS_URL=nats_url) as typed:
        await _cannot(AtTheDesk(database, nats_url, server_folder, typed))


async def _cannot(program: Program) -> None:
    unknown = await program.run("resettle", "--scheme", "atlantis", "--from", "2019-01-01", "--dry-run")
    assert unknown.code == 2
    assert "没有在用的政策 atlantis，在用的有：anyi, changzhi" in unknown.err
    assert "no scheme atlantis is in force" in unknown.err
    for nobody in ((), ("--actor", " ")):
        refused = await program.run("resettle", "--scheme", "anyi", "--from", "2019-01-01", *nobody)
        assert refused.code == 2
        assert "--actor" in refused.err


FUSONG = next(scheme for scheme in SHIPPED if scheme.name == "fusong")
CHEAPER = load_text(FUSONG.text.replace(b"value: 800,", b"value: 700,"), "fusong")
COUNTY = [facts.hospital(), facts.enrol("P1"), facts.enrol("P2"), facts.roster("P2")]


async def ordered(books: Books, since: date = date(2019, 4, 1)) -> SchemeChange:
    """The new text is adopted."""
    await adopt_schemes(books.engine, [CHEAPER], "test")
    return await change_to(books.engine, "fusong", since)


async def pinned(books: Books) -> dict[str, str]:
    async with books.engine.connect() as connection:
        rows = await connection.execute(text("SELECT claim_id, scheme FROM projections.claims"))
        return {row.claim_id: "new" if row.scheme == CHEAPER.content_hash else "old" for row in rows}


async def count(books: Books, type_: str) -> int:
    async with books.engine.connect() as connection:
        found = await connection.scalar(text("SELECT count(*) FROM ledger.entries WHERE type = :t"), {"t": type_})
        return int(found or 0)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
async def test_an_order_has_its_place_among_the_events(books: Books, seed: int | None) -> None:
    """What is in flight when it comes, and what arrives behind it, come out as if each had been settled in its turn."""
    books = Books(books.engine, 1, seed=seed)
    await books.publish([*COUNTY, *facts.stay(1), *facts.stay(2, on="2019-04-10"), *facts.stay(3, "P2", "2019-05-01")])
    await books.publish([facts.reverse("C3"), *facts.stay(4, "P2", "2019-06-01")])
    books.enqueue([*facts.stay(5, on="2019-07-01"), facts.discharge("C7", "A7", on="2019-08-01")])
    await books.step(("intake", 0), 10)  # C5 is in flight, C7 waits for its admission
    change = await ordered(books)
    books.enqueue([order_event(change, ["P1", "P404", "P2", "P1"], "王芳", "1")], LEDGER)
    books.enqueue(facts.stay(6, on="2019-03-20"))
    books.enqueue([facts.audit("C5", "61"), facts.admit("A7", on="2019-08-01")])
    most = 10 if seed is None else seed
    while books.queues["intake", 0]:
        await books.step(("intake", 0), most)
    await books.drain()
    moved = {"C1": "old", "C2": "new", "C3": "new", "C4": "new", "C5": "new", "C6": "new", "C7": "new"}
    assert await pinned(books) == moved
    assert (await verify(books.engine)).problems == []
    # (10,000 − 800) × 60% = 5,520 of C1, whose text stays; (10,000 − 700) × 60% = 5,580 of C2.
    assert [(await books.paid(claim))["basic"] for claim in ("C1", "C2")] == ["5520.00", "5580.00"]
    assert await books.refused() == []


async def test_an_order_that_has_nothing_to_move_is_recorded_and_does_nothing(books: Books) -> None:
    await books.publish([*COUNTY, *facts.stay(1), *facts.stay(2, "P2", "2019-04-10")])
    change = await ordered(books)
    order = order_event(change, ["P1", "P2"], "test", "1")
    await books.publish([order], mailbox=LEDGER)
    accepted, adjusted = await count(books, "claim.accepted.v1"), await count(books, "payout.adjusted.v1")
    assert (accepted, adjusted) == (3, 4)  # C1 is of a day before; every layer of a poor person's C2
    repeated, other = order, order_event(change, ["P1", "P2", "P404"], "test", "2")
    await books.publish([repeated, other], mailbox=LEDGER)
    assert await count(books, "resettlement.ordered.v1") == 2
    assert (await count(books, "claim.accepted.v1"), await count(books, "payout.adjusted.v1")) == (accepted, adjusted)
    assert [page async for page in persons_touched(books.engine, change)] == []
    assert (await verify(books.engine)).problems == []


async def test_an_order_whose_text_is_no_longer_in_force_is_refused(books: Books) -> None:
    await books.publish([*COUNTY, *facts.stay(1)])
    change = await ordered(books, date(2019, 1, 1))
    dearer = load_text(FUSONG.text.replace(b"value: 800,", b"value: 900,"), "fusong")
    await adopt_schemes(books.engine, [dearer], "test")
    await books.publish([order_event(change, ["P1"], "test", "1")], mailbox=LEDGER)
    ((_, reason),) = await books.refused()
    assert reason == "no_policy"
    answer = books.answers[-1]
    assert f"{CHEAPER.content_hash} of scheme fusong is not in force" in answer.data["detail"]
    assert answer.subject.startswith("claims.answers.ledger.claims.resettlement-")
    assert await pinned(books) == {"C1": "old"}
    assert (await verify(books.engine)).problems == []


@pytest.mark.parametrize("mailbox", ["hospital/H1", "bureau/220621"])
@pytest.mark.parametrize("source", [LEDGER, None])
async def test_nobody_else_orders(books: Books, mailbox: str, source: str | None) -> None:
    await books.publish([*COUNTY, *facts.stay(1)])
    order = orjson.loads(order_event(await ordered(books, date(2019, 1, 1)), ["P1"], "test", "1"))
    forged = orjson.dumps(order | {"source": source or mailbox})
    await books.publish([forged], mailbox=mailbox)
    assert await books.refused() == [(order["id"], "source_not_allowed")]
    assert await pinned(books) == {"C1": "old"}
    await books.publish([order])  # its id was not used up by the forged event that used it first
    assert await pinned(books) == {"C1": "new"}


async def test_what_was_known_before_an_order_was_not_in_flight(books: Books) -> None:
    async def now() -> Any:
        async with books.engine.connect() as connection:
            return await connection.scalar(text("SELECT max(recorded_at) FROM ledger.entries"))

    await books.publish([*COUNTY, *facts.stay(1)])
    before = await now()
    books.enqueue([order_event(await ordered(books, date(2019, 1, 1)), ["P1"], "test", "1")], LEDGER)
    await books.step(("intake", 0), 1)
    between = await now()
    await books.drain()
    then = await replay(books.engine, "P1", before)
    assert (then["consistent"], then["statements"][0]["layers"][0]["paid"]) == (True, "5520.00")
    assert "was in flight" in (await replay(books.engine, "P1", between))["skipped"]
    assert (await replay(books.engine, "P1"))["consistent"] is True


async def test_the_command_stops_where_another_text_comes_into_force(database: str, nats_url: str) -> None:
    async with worker(database, nats_url, Settings()) as ours, at_work(ours):
        client, events = ours.broker.connection, [*COUNTY, *facts.stay(1)]
        last = await publish_all(client, [Outgoing(subject_of(body), body) for body in map(orjson.dumps, events)])
        await until_quiet(ours.engine, last)
        books = Books(ours.engine, 1)
        overtaken = await ordered(books, date(2019, 1, 1))
        dearer = load_text(FUSONG.text.replace(b"value: 800,", b"value: 900,"), "fusong")
        await adopt_schemes(ours.engine, [dearer], "test")
        with pytest.raises(OrderRefused, match=r"no_policy: the text .* of scheme fusong is not in force"):
            await resettle(ours.engine, client, overtaken, "test")
        assert await pinned(books) == {"C1": "old"}
        told: list[int] = []
        await resettle(
            ours.engine, client, await change_to(ours.engine, "fusong", date(2019, 1, 1)), "test", told.append
        )
        assert told == [1]
        assert (await books.paid("C1"))["basic"] == "5460.00"  # (10,000 − 900) × 60%
        assert (await verify(ours.engine)).problems == []


def test_orders_are_small_and_a_persons_claims_are_not_divided() -> None:
    many = [TouchedPerson(f"P{number}", 1) for number in range(45)]
    assert [len(order) for order in split_into_orders(many)] == [20, 20, 5]
    heavy = [
        TouchedPerson("P1", 60),
        TouchedPerson("P2", 40),
        TouchedPerson("P3", CLAIMS_PER_ORDER + 1),
        TouchedPerson("P4", 1),
    ]
    assert [[touched.person_id for touched in order] for order in split_into_orders(heavy)] == [
        ["P1", "P2"],
        ["P3"],
        ["P4"],
    ]
    assert list(split_into_orders([])) == []


PEOPLE = 300
Ask = Callable[[str], Awaitable[int]]
IN_FORCE = "SELECT hash FROM ledger.schemes WHERE name = 'xuzhou' ORDER BY adopted DESC LIMIT 1"
LEFT = f"SELECT count(*) FROM projections.claims WHERE scheme <> ({IN_FORCE})"


@asynccontextmanager
async def session(data: Path) -> AsyncIterator[asyncpg.Connection]:
    """A session on the database of whatever runs on a data directory, once it is there."""
    connection: asyncpg.Connection | None = None

    async def connects() -> bool:
        nonlocal connection
        try:
            connection = await asyncpg.connect(
                json.loads((data / "endpoints.json").read_text())["database_url"], ssl=False
            )
        except (OSError, ValueError, asyncpg.PostgresError):
            return False
        return True

    await eventually(connects)
    assert connection is not None
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


@asynccontextmanager
async def asking(data: Path) -> AsyncIterator[Ask]:
    """Questions to that database."""
    async with session(data) as connection:

        async def ask(query: str) -> int:
            return int(await connection.fetchval(query))

        yield ask


def crowd() -> list[dict[str, Any]]:
    """People of 徐州 with a stay each, in April."""
    events: list[dict[str, Any]] = [facts.hospital("HX", 3, "320301")]
    for number in range(PEOPLE):
        events.append(facts.enrol(f"X{number:03}", 2019, "320300"))
        events += facts.stay(number, f"X{number:03}", "2019-04-10", "9000", hospital_id="HX")
    return events


async def settled_crowd(data: Path, folder: Path) -> None:
    """A ledger whose claims are pinned to a text that is no longer in force."""
    older, newer = folder / "older.yaml", folder / "newer.yaml"
    older.write_text(XUZHOU, encoding="utf-8")
    newer.write_text(NEWER, encoding="utf-8")
    async with clerk("--data-dir", data) as run:
        assert (await run("schemes", "adopt", older, "--actor", "王芳")).code == 0
        done = await run("settle", write_lines(folder / "crowd.jsonl", crowd()), "--json")
        assert (done.code, done.rows[0]["claims"]) == (0, PEOPLE), done.err
        assert (await run("schemes", "adopt", newer, "--actor", "王芳")).code == 0


async def killed_half_way(command: Sequence[object], data: Path, log: Path, whole: int, held: str) -> int:
    """Kill -9 of a re-settlement while some of the claims have moved and others have not; returns how many are left.

    The order that has the person ``held`` in it is not taken before the kill, so no order behind it is given.
    """
    left = whole
    async with background(*command, log=log) as process, session(data) as holding:
        await holding.execute("BEGIN")  # ends with the session
        await holding.execute("SELECT FROM projections.claims WHERE person_id = $1 FOR UPDATE", held)

        async def some_moved() -> bool:
            nonlocal left
            left = int(await holding.fetchval(LEFT))
            return left < whole

        await eventually(some_moved, log.read_text)
        kill_group(process)
        await process.wait()
    return left


async def test_a_re_settlement_killed_again_and_again_beside_new_discharges(server_folder: Path) -> None:
    data, log = server_folder / "data", server_folder / "log"
    await settled_crowd(data, server_folder)
    command = (*ASKED, "--actor", "王芳", "--json", "--data-dir", data)
    left = await killed_half_way(
        command, data, server_folder / "own", PEOPLE, "X150"
    )  # with servers and processors of its own
    async with background("up", "--data-dir", data, log=log) as up:
        await up_is_ready(log)
        async with source_of(data) as hospital, asking(data) as ask:
            left = await killed_half_way(command, data, server_folder / "beside", left, "X250")
            again = asyncio.create_task(claims(*command))
            new = [f"X{number:03}" for number in range(0, PEOPLE, 20)]
            for number, person in enumerate(new, start=PEOPLE):
                for event in facts.stay(number, person, "2019-04-20", "3000", hospital_id="HX"):
                    await hospital.publish(event)
            for number in range(PEOPLE, PEOPLE + len(new)):
                assert (await hospital.answer(f"C{number}", "hospital/HX"))["type"] == "claim.settled.v1"
            done = await again
            assert done.code == 0, done.err
            assert 0 < done.rows[0]["claims"] <= left
            assert await ask(LEFT) == 0
            assert await ask("SELECT count(*) FROM processors.runs") == 0
        books = await dump_of(json.loads((data / "endpoints.json").read_text())["database_url"])
        assert up.returncode is None
    paid = {row["claim_id"]: row["layers"][0]["paid"] for row in books["statements"]}
    # (9,000 − 900) × 80% and (3,000 − 900) × 80%
    assert paid == {f"C{number}": "6480.00" if number < PEOPLE else "1680.00" for number in range(PEOPLE + len(new))}
