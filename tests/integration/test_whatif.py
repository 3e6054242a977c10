"""A simulation gives to the fen what adopting a reform and settling again books, and books nothing itself."""

import random
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.catalog import ITSELF
from policies.loader import SchemeError
from policies.reform import ReformError, ReformFile
from policies.scheme import Scheme
from processors.law.adoption import adopt_schemes
from processors.proof.verification.snapshot import snapshot
from processors.resettlement.order import (
    ChangeEffect,
    change_to,
    order_event,
    persons_touched,
    preview,
    split_into_orders,
)
from processors.simulation.bases import LawOfLedger, read_law, replacements
from processors.simulation.facts import person_ranges, read_facts
from processors.simulation.plan import Asked, planned
from processors.simulation.totals import SimulatedSums, SimulationTotals
from projections.grants import grants
from projections.statements import StatementRow, statements
from tests.histories import History
from tests.ledger import SHIPPED, Books
from tests.reforms import claims_lines, days_of, random_change, reform

ROW = tuple(StatementRow.__struct_fields__)
SINCE = (date(2010, 1, 1), date(2018, 7, 1), date(2019, 1, 1), date(2019, 6, 1))
Rows = Mapping[str, tuple[Any, ...]]


async def law_of(engine: AsyncEngine) -> LawOfLedger:
    async with engine.connect() as connection:
        return await read_law(connection)


def random_reform(law: LawOfLedger, text: Scheme, draw: random.Random, base: str) -> tuple[ReformFile, Scheme]:
    """A few values changed, so that the text can be adopted."""
    for _ in range(50):
        lines = draw.choices(claims_lines(text), k=draw.randint(2, 8))
        file = reform(base, *(random_change(text, line, draw, days_of(text)) for line in lines))
        try:
            after = next(iter(replacements(file, law, {}).values()))
        except ReformError:
            continue
        return file, after
    raise AssertionError("no such reform")


async def simulated(engine: AsyncEngine, file: ReformFile, asked: Asked) -> tuple[SimulationTotals, Rows, Any]:
    """Totals, and what each claim and grant would be."""
    async with snapshot(engine) as connection:
        plan = (await planned(connection, [file], asked)).plan
        fold = plan.fold()
        rows: dict[str, tuple[Any, ...]] = {}
        granted: set[tuple[Any, ...]] = set()
        totals = fold.totals()
        for part in await person_ranges(connection, 3):
            async for persons in read_facts(connection, part):
                for person in persons:
                    fold.count(person, totals)
                    settled = fold.settled(person.claims)
                    (after,) = settled.variants
                    due = after or settled.baseline
                    rows |= {row.claim_id: figures(row) for row in due.statements}
                    granted |= {
                        (person.person_id, *key, held.amount, held.claim_id) for key, held in due.grants.items()
                    }
    return totals, rows, granted


def figures(row: Any) -> tuple[Any, ...]:
    return tuple(
        list(map(list, value)) if name == "layers" else value
        for name in ROW
        if name != "scheme_hash"
        for value in [getattr(row, name)]
    )


async def booked(engine: AsyncEngine) -> tuple[Rows, Any]:
    columns = (grants.c.person_id, grants.c.scheme, grants.c.grant, grants.c.year, grants.c.amount, grants.c.claim_id)
    async with engine.connect() as connection:
        rows = {row.claim_id: figures(row) for row in await connection.execute(select(statements))}
        return rows, {tuple(row) for row in await connection.execute(select(*columns))}


async def sums_of(engine: AsyncEngine, name: str) -> SimulatedSums:
    sums = SimulatedSums()
    async with engine.connect() as connection:
        standing = select(statements).where(statements.c.scheme == name, statements.c.status == "settled")
        for row in await connection.execute(standing):
            sums.count(StatementRow(**{each: getattr(row, each) for each in ROW}))
        held = select(grants.c.amount).where(grants.c.scheme == name)
        sums.grants = sum((await connection.execute(held)).scalars())
    return sums


async def settle_again(books: Books, name: str, since: date, stamp: str) -> ChangeEffect:
    """Move claims to the text in force; returns what a dry run had foreseen."""
    change, effect = await change_to(books.engine, name, since), ChangeEffect()
    async for page in persons_touched(books.engine, change):
        await preview(books.engine, change, [touched.person_id for touched in page], effect)
        for order in split_into_orders(page):
            books.enqueue([order_event(change, [touched.person_id for touched in order], "王芳", stamp)], ITSELF)
    await books.publish([])
    return effect


def paid(sums: SimulatedSums | Mapping[str, int]) -> dict[str, int]:
    by_layer = sums.paid if isinstance(sums, SimulatedSums) else sums
    return {layer: amount for layer, amount in by_layer.items() if amount}


def shares(sums: SimulatedSums) -> tuple[int, int, int]:
    return sums.patient_share, sums.hospital_share, sums.grants


@pytest.mark.parametrize("seed", [21, 22, 23])
async def test_a_reform_is_what_adopting_it_and_settling_again_books(books: Books, seed: int) -> None:
    draw = random.Random(seed)
    await books.publish(History(seed, stays=120).events)
    changed = settled = 0
    for turn, scheme in enumerate(SHIPPED * 3):
        law, since = await law_of(books.engine), draw.choice(SINCE)
        text = [each for each in law.texts.values() if each.name == scheme.name][-1]
        # the second time some claims stand under the shipped text, others under the first reform's
        base = scheme.name if turn < len(SHIPPED) else text.content_hash
        file, after = random_reform(law, text, draw, base)
        try:
            totals, rows, granted = await simulated(books.engine, file, Asked(since))
        except ReformError:  # a text under which somebody's bill would not balance
            continue
        assert totals.unlike == []
        assert totals.in_flight == 0
        was = await sums_of(books.engine, scheme.name)
        assert (paid(totals.baseline), shares(totals.baseline)) == (paid(was), shares(was))
        try:
            await adopt_schemes(books.engine, [after], "王芳")
        except SchemeError:  # what is unsound can be simulated, and not adopted
            continue
        before, _ = await booked(books.engine)
        foreseen = await settle_again(books, scheme.name, since, str(turn))
        booked_rows, booked_grants = await booked(books.engine)
        assert [each for each in rows if rows[each] != booked_rows[each]] == []
        assert rows == booked_rows
        assert granted == booked_grants
        (variant,) = totals.variants
        now, sums = await sums_of(books.engine, scheme.name), totals.baseline.plus(variant.difference)
        assert (paid(sums), shares(sums)) == (paid(now), shares(now))
        moved = {layer: foreseen.after.get(layer, 0) - foreseen.before.get(layer, 0) for layer in foreseen.after}
        assert paid(variant.difference) == paid(moved)
        assert variant.claims_changed == sum(before[each] != rows[each] for each in rows)
        changed, settled = changed + variant.claims_changed, settled + variant.settled
    assert changed > 30
    assert settled > 10
