"""Clearings as tests draft, approve and read them."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy import text, true
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import month_end
from events.decisions import CLEARING_DRAFTED
from events.money import parse_yuan
from events.store.journal import write
from processors.clearing import listings, steps
from processors.clearing.draft import draft
from processors.clearing.journal import open_journal
from processors.offices.refusal import StepRefused
from processors.pipeline.recovery import begin_runs_anew
from processors.proof.verification.clearings import check_clearings
from processors.proof.verify import Problem, VerifyReport, verify
from tests.histories import REGIONS
from tests.ledger import Books, is_lost

REGION = "220621"
MONTHS = [date(2031, month, 1) for month in range(1, 13)]
"""After the day on which the tests run: everything booked so far lies before their end."""
LATER = month_end(MONTHS[11])
"""The clock of most drafts here: all these months have begun."""


def fen(text_: str) -> int:
    return -parse_yuan(text_[1:]) if text_.startswith("-") else parse_yuan(text_)


async def drafted(books: Books, month: int = 0, region: str = REGION) -> dict[str, Any]:
    shown = await listings.clearing(books.engine, await draft(books.engine, region, MONTHS[month], "wang", LATER))
    assert by_fund_differences(shown) == []
    return shown


def by_fund_differences(shown: dict[str, Any]) -> list[str]:
    """Where what the funds pay is not, to the fen, what the lines, balances and payments say."""
    sums = Counter[tuple[str, ...]]()
    for share in shown["funds"]:
        place = share["payee_kind"], share["payee"], share["line"]
        sums.update({(*place, "payable"): fen(share["payable"]), (*place, "repaid"): fen(share["repaid"])})
    for order in shown["orders"]:
        for each in order["transfers"]:
            left = fen(each["payable"]) + fen(each["released"]) - fen(each["netted"])
            assert left - fen(each["withheld"]) - fen(each["prepaid"]) == fen(each["amount"]) >= 0
            sums.update({(each["payee_kind"], each["payee"], "amount"): fen(each["amount"])})
    for line in shown["lines"]:
        place = line["payee_kind"], line["payee"], line["fund"]
        for name in ("payable", "repaid"):
            sums.subtract({(*place, name): fen(line[name])})
    for payment in shown["payments"]:
        sums.subtract({(payment["payee_kind"], payment["payee"], "amount"): fen(payment["amount"])})
    return [f"{' '.join(key)}: {amount} fen" for key, amount in sums.items() if amount]


async def cleared(books: Books, month: int = 0) -> dict[str, Any]:
    shown = await drafted(books, month)
    await steps.approve(books.engine, shown["clearing_id"], "li")
    return await listings.clearing(books.engine, shown["clearing_id"])


def lines(shown: dict[str, Any], *columns: str) -> dict[tuple[str, str], dict[str, str]]:
    """By payee and fund, the columns that are not zero."""
    named = columns or ("settled", "adjusted", "audit", "repaid")
    return {
        (line["payee"], line["fund"]): {name: line[name] for name in named if line[name] != "0.00"}
        for line in shown["lines"]
    }


def payments(shown: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["payee"]: (row["amount"], row["status"]) for row in shown["payments"]}


async def owed(books: Books) -> dict[str, str]:
    rows = await listings.receivable_rows(books.engine, date(2031, 1, 1))
    return {row["payee"]: row["outstanding"] for row in rows}


async def booked(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        query = """SELECT coalesce(sum(paid), 0) FROM ledger.entries
                   WHERE type LIKE 'payout.%' OR type LIKE 'grant.%' OR type = 'premium.refunded.v1'"""
        return int((await connection.execute(text(query))).scalar_one())


async def holds(books: Books) -> None:
    report = await verify(books.engine)
    assert report.problems == []


def total(shown: dict[str, Any]) -> int:
    return sum(fen(line["payable"]) for line in shown["lines"])


def payee_and_fund(line: dict[str, Any]) -> tuple[str, str, str]:
    return line["payee_kind"], line["payee"], line["fund"]


async def sent_again(books: Books) -> None:
    """All that is under way is lost with the store of NATS, and begun anew."""
    for queue in books.queues.values():
        queue.clear()
    assert await begin_runs_anew(books.engine, 1, is_lost) == 1
    await books.begin_anew()
    await books.drain()


class Amounts(Counter[tuple[str, str, str]]):
    """Fen by kind of payee, payee and fund; a Counter takes what is missing for 0 when it compares."""

    def __iadd__(self, other: Mapping[tuple[str, str, str], int]) -> "Amounts":  # type: ignore[misc,override]
        self.update(other)  # its own drops what is under 0
        return self


async def half_settled(books: Books) -> None:
    """All that waits is taken in, and every other consumer lags behind."""
    while books.queues["intake", 0]:
        await books.step(("intake", 0), 15)
        for lane in [lane for lane, queue in books.queues.items() if queue and lane[0] != "intake"][::2]:
            await books.step(lane, 2)


async def cleared_everywhere(books: Books, month: int) -> dict[tuple[str, str, str], int]:
    found = Amounts()
    for region in REGIONS:
        with suppress(StepRefused):  # nothing was accepted there yet
            shown = await drafted(books, month, region)
            await steps.approve(books.engine, shown["clearing_id"], "li")
            found += {payee_and_fund(line): fen(line["payable"]) for line in shown["lines"]}
    return found


def refunds(amounts: Amounts) -> Amounts:
    """What of it are refunds of premiums: the reversal of every claim leaves them."""
    return Amounts({key: amount for key, amount in amounts.items() if key[2].startswith("premium_refund.")})


class _Undone(Exception):
    """Leaves a transaction of the journal so that nothing of it stays."""


async def problems_after(books: Books, data: Mapping[str, Any], type_: str = CLEARING_DRAFTED) -> set[str]:
    """Which checks fail once an event of clearing says this, of which nothing stays."""
    return {problem.check for problem in await problems_with(books.engine, data, type_)}


async def problems_with(engine: AsyncEngine, data: Mapping[str, Any], type_: str) -> list[Problem]:
    """What verify finds once an event of clearing says this, of which nothing stays."""
    report = VerifyReport()
    with suppress(_Undone):
        async with open_journal(engine) as journal:
            if "clearing_id" in data:
                await journal.register.load_clearing(journal.connection, data["clearing_id"])
            await journal.register.prepayments.load(journal.connection)
            await journal.register.load_releases(journal.connection, true())
            journal.record(type_, data)
            await write(journal.connection, journal.journal)
            await journal.register.save(journal.connection)
            await check_clearings(journal.connection, report)
            raise _Undone
    return report.problems


CHANGZHI, ITS_NEIGHBOUR = "140421", "140422"
