"""Random histories under all schemes, taken in random cuts: the books hold, and equal those of any other cut."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.proof.verify import verify
from projections.statements import statements
from tests.histories import History
from tests.ledger import Books


async def outcome(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    columns = [column for column in statements.columns if column.name not in ("answer_id", "answer_type")]
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(statements.c.claim_id))]


@pytest.mark.parametrize("seed", [1, 2])
async def test_random_histories_converge_however_they_are_cut(
    engine: AsyncEngine, second_engine: AsyncEngine, seed: int
) -> None:
    history = History(seed, stays=30)
    cut = await Books.open(engine, partitions=2, seed=seed)
    for start in range(0, len(history.events), 40):
        await cut.publish(history.events[start : start + 40], batch=7)
    whole = await Books.open(second_engine)
    await whole.publish(history.events, batch=10_000)

    report = await verify(engine)
    assert report.problems == []
    assert report.skipped == 0
    assert report.claims > 15
    assert (await verify(second_engine)).problems == []
    assert await outcome(engine) == await outcome(second_engine)
    assert await cut.refused() == await whole.refused()
