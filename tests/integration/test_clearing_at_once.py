"""Two clerks at one step at the same moment: one of them is refused in Chinese, and nothing is noted twice."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.clearing import listings, loans, reversals, steps
from processors.clearing.draft import draft
from processors.offices.refusal import StepRefused
from tests import facts
from tests.clearings import LATER, MONTHS, REGION, cleared, drafted, holds, owed, payments
from tests.facts import advance
from tests.ledger import Books

AT_ONCE = 4


async def at_once(step: Callable[[str], Awaitable[Any]]) -> str:
    """The same step by several clerks at once: one goes through; returns what the others are told."""
    clerks = [f"clerk-{number}" for number in range(AT_ONCE)]
    done = await asyncio.gather(*(step(clerk) for clerk in clerks), return_exceptions=True)
    refused = [each for each in done if isinstance(each, BaseException)]
    assert all(isinstance(each, StepRefused) for each in refused), refused
    assert len(refused) == AT_ONCE - 1, done
    told = {str(each) for each in refused}
    assert all(re.search("[\u4e00-\u9fff]", text[:40]) for text in told), told
    return "\n".join(sorted(told))


@pytest.fixture
async def clearing_id(books: Books) -> str:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    shown: str = (await drafted(books))["clearing_id"]
    return shown


async def test_approved_paid_returned_and_taken_back_once(books: Books, clearing_id: str) -> None:
    engine: AsyncEngine = books.engine
    await at_once(lambda clerk: steps.approve(engine, clearing_id, clerk))
    await at_once(lambda clerk: steps.pay(engine, clearing_id, clerk, f"T-{clerk}"))
    await at_once(lambda clerk: steps.record_return(engine, clearing_id, f"r-{clerk}", "H1", "户名不符"))
    await at_once(lambda clerk: reversals.reverse_return(engine, clearing_id, f"u-{clerk}", "H1", "it arrived"))
    await at_once(lambda clerk: reversals.reverse_payment(engine, clearing_id, f"v-{clerk}", "H1", "never sent"))
    shown = await listings.clearing(engine, clearing_id)
    assert payments(shown) == {"H1": ("5520.00", "due")}
    assert [step["type"] for step in shown["history"]] == [
        "clearing.drafted.v1",
        "clearing.approved.v1",
        "clearing.paid.v1",
        "payment.returned.v1",
        "return.reversed.v1",
        "payment.reversed.v1",
    ]
    await holds(books)


async def test_a_draft_is_drawn_approved_or_withdrawn_once(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    engine = books.engine
    told = await at_once(lambda clerk: draft(engine, REGION, MONTHS[0], clerk, LATER))
    (shown,) = [row for row in await listings.clearing_rows(engine) if row["status"] == "drafted"]
    assert shown["clearing_id"] in told
    of = shown["clearing_id"]
    done = await asyncio.gather(
        steps.withdraw(engine, of, "wang"), steps.approve(engine, of, "li"), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["NoneType", "StepRefused"]
    await holds(books)


async def test_money_is_paid_in_and_a_loan_repaid_once(books: Books, clearing_id: str) -> None:
    """All of it by each clerk under a receipt of his own: what is outstanding is taken once."""
    engine = books.engine
    await steps.approve(engine, clearing_id, "li")
    await books.publish([facts.audit("C1", "1000", "hospital"), advance("L1", "3000")])
    owing = f"{(await cleared(books, 1))['clearing_id']}-hospital-H1"
    await at_once(lambda clerk: steps.settle_receivable(engine, owing, clerk, f"R-{clerk}", 600_00))
    assert await owed(books) == {}
    await at_once(lambda clerk: loans.repay_in_cash(engine, REGION, "L1", 2000_00, clerk, f"C-{clerk}"))
    assert (await loans.loan(engine, REGION, "L1"))["outstanding"] == "1000.00"
    await at_once(lambda clerk: loans.repay_in_cash(engine, REGION, "L1", 500_00, clerk, "ONE"))
    assert (await loans.loan(engine, REGION, "L1"))["outstanding"] == "500.00"
    await holds(books)


async def test_what_a_draft_sets_off_is_not_paid_in_at_the_same_moment(books: Books, clearing_id: str) -> None:
    """600.00 are owed; a draft would set them off against the next stay while a clerk notes that they were paid in."""
    engine = books.engine
    await steps.approve(engine, clearing_id, "li")
    await books.publish([facts.audit("C1", "1000", "hospital")])
    owing = f"{(await cleared(books, 1))['clearing_id']}-hospital-H1"
    await books.publish(facts.stay(2, on="2019-04-01"))
    done = await asyncio.gather(
        draft(engine, REGION, MONTHS[2], "wang", LATER),
        steps.settle_receivable(engine, owing, "li", "R-1", 600_00),
        return_exceptions=True,
    )
    shown = await listings.receivable(engine, owing)
    assert {shown["settled"], shown["set_off"]} == {"600.00", "0.00"}, done
    assert shown["outstanding"] == "0.00"
    assert isinstance(done[1], StepRefused) == (shown["settled"] == "0.00")
    await holds(books)
