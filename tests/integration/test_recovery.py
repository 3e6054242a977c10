"""Open runs are made anew after the store of NATS is lost, and lost again before they are booked."""

import orjson
import pytest
from sqlalchemy import select

from events.decisions import PAYOUT_ADJUSTED
from events.store.journal import entries
from processors.delivery.run import runs
from processors.pipeline.recovery import begin_runs_anew
from processors.proof.verify import verify
from tests import facts
from tests.ledger import Books, is_lost


async def _lost(books: Books) -> None:
    for queue in books.queues.values():
        queue.clear()
    assert await begin_runs_anew(books.engine, 1, is_lost) == 1
    await books.begin_anew()


async def _laid(books: Books) -> set[str | None]:
    async with books.engine.connect() as connection:
        rows = await connection.execute(select(entries.c.data).where(entries.c.type == PAYOUT_ADJUSTED))
    return {orjson.loads(row.data)["cause"]["laid_on_hospital"] for row in rows}


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_an_audit_is_laid_on_the_hospital_however_often_its_run_is_lost(books: Books, times: int) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="20000"), *facts.stay(2)])
    books.enqueue([facts.audit("C1", "1000", "hospital")])
    await books.step(("intake", 0), 1)
    for _ in range(times):
        await _lost(books)
    await books.drain()
    assert await _laid(books) == {"C1"}
    assert (await verify(books.engine)).problems == []


async def test_a_withdrawn_audit_is_laid_on_the_hospital_though_its_run_is_lost(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="20000"), *facts.stay(2)])
    await books.publish([facts.audit("C1", "1000", "hospital")])
    books.enqueue([facts.withdraw_audit("C1", "1000")])
    await books.step(("intake", 0), 1)
    await _lost(books)
    await books.drain()
    assert await _laid(books) == {"C1"}
    assert (await verify(books.engine)).problems == []


async def test_which_of_two_audits_a_run_was_for_is_not_guessed(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="20000"), *facts.stay(2)])
    books.enqueue([facts.audit("C1", "1000", "hospital", "F1"), facts.audit("C2", "1000", "hospital", "F2")])
    await books.step(("intake", 0), 1)
    await books.step(("intake", 0), 1)
    for _ in range(2):
        await _lost(books)
    await books.drain()
    assert await _laid(books) == {None}


async def test_a_run_made_anew_is_open_since_its_first_was(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    books.enqueue([facts.correct("C1", "9000")])
    await books.step(("intake", 0), 1)
    query = select(runs.c.opened_at)
    async with books.engine.connect() as connection:
        before = (await connection.execute(query)).scalar_one()
    await _lost(books)
    async with books.engine.connect() as connection:
        assert (await connection.execute(query)).scalar_one() == before
