"""Looks for leads let settlement go first: when they begin, between their parts, and on the processors."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.worker.lead_worker import LeadAssignment, look_elsewhere, look_once_at_rest
from infra.worker.lead_years import look_for_leads
from infra.worker.low_priority import NICE, StandBack
from processors.delivery.in_flight import is_settling
from processors.delivery.names import SETTLEMENT_CONSUMER
from processors.delivery.parked_runs import parked
from processors.delivery.run import runs
from processors.supervision.catch_up import anything_new, catch_up_leads
from processors.supervision.journal import hold_leads
from tests.leads import county, shown, stay
from tests.ledger import Books
from tests.program import BOUND_S, eventually

TWO_STAYS = [*stay(1, "2019-03-01", "2019-03-10"), *stay(2, "2019-03-12", "2019-03-20", in_scope="6000")]
FOR_EVER_S = 1e9
INTAKE = ("intake", 0)
WAITING = text("SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'projections.lead_journals'::regclass")


@pytest.fixture
async def settling(books: Books) -> Books:
    """Two stays are taken in, and nothing of them is settled."""
    await books.publish(county())
    books.enqueue(TWO_STAYS)
    while books.queues[INTAKE]:
        await books.step(INTAKE, 500)
    return books


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> asyncio.Semaphore:
    """Released each time that somebody looks whether claims are settling, which is often now."""
    times = asyncio.Semaphore(0)

    async def counted(connection: AsyncConnection) -> bool:
        times.release()
        return await is_settling(connection)

    monkeypatch.setattr("infra.worker.low_priority.is_settling", counted)
    monkeypatch.setattr("infra.worker.low_priority.POLL_S", 0.01)
    return times


async def times(asked: asyncio.Semaphore, count: int) -> None:
    """Wait until it was asked so often more."""
    for _ in range(count):
        await asyncio.wait_for(asked.acquire(), BOUND_S)


def assignment(books: Books) -> LeadAssignment:
    """A look at persons only."""
    return LeadAssignment(url_of(books), peers=False)


def url_of(books: Books) -> str:
    """Where the ledger is, with the password."""
    return books.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def test_who_stands_back_waits_until_nothing_is_settling(settling: Books, asked: asyncio.Semaphore) -> None:
    waiting = asyncio.create_task(StandBack(settling.engine, FOR_EVER_S)())
    await times(asked, 5)
    assert not waiting.done()
    await settling.drain()
    await asyncio.wait_for(waiting, BOUND_S)


async def test_it_waits_no_longer_than_it_may_and_then_never_again(settling: Books) -> None:
    stand_back = StandBack(settling.engine, 0.1)
    for _ in range(2):
        await asyncio.wait_for(stand_back(), BOUND_S)


async def test_a_run_that_is_parked_keeps_nobody_waiting(settling: Books) -> None:
    async with settling.engine.begin() as connection:
        for run in (await connection.execute(select(runs))).mappings().all():
            told = {name: run[name] for name in ("person_id", "run", "scheme", "year", "first_number")}
            more = {"consumer": SETTLEMENT_CONSUMER, "stage": 0, "reason": "-", "since": datetime.now(UTC), "body": b""}
            await connection.execute(insert(parked).values(told | more))
    await asyncio.wait_for(StandBack(settling.engine, FOR_EVER_S)(), BOUND_S)


async def test_a_look_that_has_begun_goes_on_for_who_waits_for_it(settling: Books, asked: asyncio.Semaphore) -> None:
    engine = settling.engine
    async with engine.connect() as looking, looking.begin():
        await hold_leads(looking)
        waiting = asyncio.create_task(StandBack(engine, FOR_EVER_S)())
        await times(asked, 2)
        assert not waiting.done()
        clerk = asyncio.create_task(catch_up_leads(engine))
        await asyncio.wait_for(waiting, BOUND_S)
        assert not clerk.done()
    await asyncio.wait_for(clerk, BOUND_S)


async def test_the_worker_s_look_begins_once_nothing_is_settling(settling: Books, asked: asyncio.Semaphore) -> None:
    look = asyncio.create_task(look_once_at_rest(settling.engine, assignment(settling)))
    await times(asked, 2)
    await settling.drain()
    await asyncio.wait_for(look, BOUND_S)
    # it saw what was settling when it was asked for
    assert [lead.claims for lead in await shown(settling.engine)] == [["C1", "C2"]]


async def test_a_look_stands_back_before_each_part(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    await books.publish([*county(), *TWO_STAYS, *stay(3, "2019-04-01", "2019-04-03", "P2", "H2")])
    monkeypatch.setattr("processors.supervision.catch_up.PERSONS_AT_ONCE", 1)
    stood_back = 0

    async def stand_back() -> None:
        nonlocal stood_back
        stood_back += 1

    done = await catch_up_leads(books.engine, stand_back=stand_back)
    assert (done.persons, done.years) == (2, 4)
    assert stood_back == 6


async def test_a_look_ends_though_claims_never_rest(settling: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.worker.lead_worker.PUT_OFF_S", 0.1)
    assignment = LeadAssignment(url_of(settling), peers=True, waits_s=0.1)
    await asyncio.wait_for(look_once_at_rest(settling.engine, assignment), BOUND_S)
    async with settling.engine.connect() as connection:
        assert await is_settling(connection)
    assert not await anything_new(settling.engine, peers=True)


async def test_a_look_has_low_priority_in_its_session_and_in_the_server(books: Books) -> None:
    async with books.engine.connect() as holding, holding.begin():
        await hold_leads(holding)
        look = asyncio.create_task(look_elsewhere(assignment(books)))
        await eventually(lambda: len(lookers()) == 1, lookers)
        [pid] = lookers()
        assert os.getsid(pid) == pid
        await eventually(lambda: waits_for_lock(holding), lookers)
        [backend] = (await holding.execute(WAITING)).scalars()
        for each in (pid, backend):
            assert os.getpriority(os.PRIO_PROCESS, each) == NICE
            assert nice_of_session(each) in (NICE, None)
    await asyncio.wait_for(look, BOUND_S)


async def test_a_look_that_somebody_waits_for_has_the_priority_of_any(books: Books) -> None:
    async with books.engine.connect() as holding, holding.begin():
        await hold_leads(holding)
        look = asyncio.create_task(look_for_leads(books.engine))
        await eventually(lambda: waits_for_lock(holding))
        [backend] = (await holding.execute(WAITING)).scalars()
        assert os.getpriority(os.PRIO_PROCESS, backend) == 0
    await asyncio.wait_for(look, BOUND_S)


async def waits_for_lock(connection: AsyncConnection) -> bool:
    """Whether a backend waits for a lock."""
    return len((await connection.execute(WAITING)).all()) == 1


def nice_of_session(pid: int) -> int | None:
    """How nice the session of a process is; None where the kernel does not tell sessions apart."""
    group = Path(f"/proc/{pid}/autogroup")
    return int(group.read_text(encoding="ascii").split()[-1]) if group.exists() else None


def lookers() -> list[int]:
    """The processes that this one has started to look for leads."""
    started = [path.read_text(encoding="ascii").split() for path in Path("/proc/self/task").glob("*/children")]
    pids = [int(pid) for children in started for pid in children]
    return [pid for pid in pids if b"infra.worker.lead_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
