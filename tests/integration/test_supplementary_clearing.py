"""One more clearing of a month that is cleared already."""

from datetime import timedelta
from typing import Any

import pytest

from events.county_time import county_day
from events.store.journal import database_time
from processors.clearing import listings, steps
from processors.clearing.draft import Supplement, draft
from processors.clearing.uncleared_bookings import uncleared_rows
from processors.offices.refusal import StepRefused
from tests import facts
from tests.clearings import LATER, MONTHS, REGION, cleared, drafted, fen, holds, payments, problems_after, total
from tests.ledger import Books

JANUARY, FEBRUARY, MARCH = MONTHS[:3]


async def test_a_month_is_cleared_once_more_with_what_was_booked_since(books: Books) -> None:
    persons = [facts.enrol(person) for person in ("P1", "P2", "P3")]
    await books.publish([facts.hospital(), *persons, *facts.stay(1)])
    engine = books.engine
    with pytest.raises(StepRefused, match="only the month of the last clearing"):
        await draft(engine, REGION, JANUARY, "wang", LATER, Supplement())
    first = await cleared(books, 0)
    with pytest.raises(StepRefused, match=f"nothing was booked since {first['clearing_id']}"):
        await draft(engine, REGION, JANUARY, "wang", LATER, Supplement())
    # booked after the month's clearing: another stay, and an audit of the first one that lies on the hospital
    await books.publish([*facts.stay(2, "P2"), facts.audit("C1", "1000", "hospital")])
    with pytest.raises(StepRefused, match="or supplement it"):
        await draft(engine, REGION, JANUARY, "wang", LATER)
    second_id = await draft(engine, REGION, JANUARY, "wang", LATER, Supplement())
    assert second_id == f"{REGION}-2031-01-2"
    with pytest.raises(StepRefused, match="still a draft"):
        await draft(engine, REGION, FEBRUARY, "wang", LATER)
    with pytest.raises(StepRefused, match="another person"):
        await steps.approve(engine, second_id, "wang")
    await steps.approve(engine, second_id, "li")
    second = await listings.clearing(engine, second_id)
    assert second["supplements"] == first["clearing_id"]
    # (10,000 - 800) x 60% = 5,520 of the new stay, less 60% of the 1,000 that the audit took off the first
    assert payments(second) == {"H1": ("4920.00", "due")}
    assert await uncleared_rows(engine) == []
    await books.publish(facts.stay(3, "P3"))
    third = await drafted(books, 1)
    assert third["supplements"] is None
    assert payments(third) == {"H1": ("5520.00", "due")}
    assert total(first) + total(second) + total(third) == 3 * 5520_00 - 600_00
    with pytest.raises(StepRefused, match="still a draft"):
        await draft(engine, REGION, FEBRUARY, "wang", LATER, Supplement())
    await holds(books)


async def test_a_supplement_that_is_withdrawn_frees_what_it_took(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.enrol("P2"), *facts.stay(1)])
    first = await cleared(books, 0)
    await books.publish(facts.stay(2, "P2"))
    second = await draft(books.engine, REGION, JANUARY, "wang", LATER, Supplement())
    await steps.withdraw(books.engine, second, "wang")
    third = await draft(books.engine, REGION, JANUARY, "wang", LATER, Supplement())
    assert third == f"{REGION}-2031-01-3"
    shown = await listings.clearing(books.engine, third)
    assert (shown["supplements"], payments(shown)) == (first["clearing_id"], {"H1": ("5520.00", "due")})
    await holds(books)


async def test_a_supplement_takes_what_was_booked_until_a_later_day(books: Books) -> None:
    """Bookings carry the day of the test: the month before it is cleared, then supplemented until that day."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    async with books.engine.connect() as connection:
        now = await database_time(connection)
    today = county_day(now)
    before = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    first = await draft(books.engine, REGION, before, "wang")
    assert (await listings.clearing(books.engine, first))["lines"] == []  # nothing was booked in that month
    await steps.approve(books.engine, first, "li")
    with pytest.raises(StepRefused, match="--until takes what was booked later"):
        await draft(books.engine, REGION, before, "wang", supplement=Supplement())
    for wrong in (today + timedelta(days=2), before - timedelta(days=1)):
        with pytest.raises(StepRefused, match="until a day from"):
            await draft(books.engine, REGION, before, "wang", supplement=Supplement(wrong))
    second = await draft(books.engine, REGION, before, "wang", supplement=Supplement(today))
    assert payments(await listings.clearing(books.engine, second)) == {"H1": ("5520.00", "due")}
    await holds(books)


def _as_drafted(line: dict[str, Any]) -> dict[str, Any]:
    names = {name: line[name] for name in ("payee_kind", "payee", "fund")}
    return names | {name: fen(line[name]) for name in ("settled", "adjusted", "audit", "repaid")}


async def test_verify_finds_a_supplement_that_clears_something_twice(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    first = await cleared(books, 0)
    forged = {
        "clearing_id": f"{REGION}-2031-01-2",
        "region": REGION,
        "month": "2031-01",
        "actor": "wang",
        "supplements": first["clearing_id"],
        "ranges": first["ranges"],
        "lines": [_as_drafted(line) for line in first["lines"]],
        "repayments": [],
        "set_off": [],
    }
    assert "clearing" in await problems_after(books, forged)
