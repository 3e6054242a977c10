"""Drafting a clearing: what the funds owe for a region until the end of a month, fixed in one event."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import covers
from events.decisions import CLEARING_DRAFTED
from processors.clearing.advances import Repayment, repay
from processors.clearing.bookings import Booked, load_booked, load_prepaid
from processors.clearing.funds import EMERGENCY_FUND, FUNDS
from processors.clearing.journal import desk
from processors.clearing.loans import load_loans
from processors.clearing.ranges import begin_of, next_ranges
from processors.clearing.refusal import ClearingRefused
from processors.clearing.set_off import set_off
from projections.advances import Advance
from projections.claims import claims
from projections.clearings import balances, clearings, receivables


async def draft(engine: AsyncEngine, region: str, month: date, actor: str, now: datetime) -> str:
    """Draft the clearing of a region for a month (its first day); returns its id.

    ``now`` is the clock by which a month has begun. Raises ``ClearingRefused`` where it has not, where nothing was
    ever booked for the region, another draft of it is open, or the month is not after that of its last clearing.
    """
    # months go in order: one approved years ahead would leave the region without clearings until then
    if now < begin_of(month):
        raise ClearingRefused(f"{month:%Y-%m} has not begun: draft the current month, or one before it")
    async with desk(engine) as at:
        number = await _check(at.connection, region, month)
        ranges = await next_ranges(at.connection, region, month)
        booked = await load_booked(at.connection, region, ranges)
        if not booked:
            await _check_region(at.connection, region)
        lines = _lines(booked)
        owed = await _outstanding_advances(at.connection, region)
        persons = {advance.person_id for advance, _ in owed}
        prepaid = await load_prepaid(at.connection, region, ranges, persons) if persons else []
        payable = {payee: fen for (kind, payee), fen in balances(lines.values()).items() if kind == "person"}
        repayments = repay(owed, [*booked, *prepaid], payable)
        _enter(lines, repayments)
        await at.register.load(
            at.connection, receivables, receivables.c.region == region, receivables.c.stands.is_(True)
        )
        clearing_id = f"{region}-{month:%Y-%m}-{number}"
        at.record(
            CLEARING_DRAFTED,
            {
                "clearing_id": clearing_id,
                "region": region,
                "month": f"{month:%Y-%m}",
                "actor": actor,
                "ranges": ranges,
                "lines": [lines[key] for key in sorted(lines, key=_place)],
                "repayments": [_repayment(each) for each in repayments],
                "set_off": set_off(at.register.of(receivables), balances(lines.values())),
                "parts": _parts(booked),
            },
        )
    return clearing_id


async def _check(connection: AsyncConnection, region: str, month: date) -> int:
    """How often the month was drafted, this time included."""
    rows = await connection.execute(
        select(clearings.c.clearing_id, clearings.c.status, clearings.c.month)
        .where(clearings.c.region == region, clearings.c.status != "withdrawn")
        .order_by(clearings.c.number.desc())
        .limit(1)
    )
    last = rows.one_or_none()
    if last is not None and last.status == "drafted":
        raise ClearingRefused(f"{last.clearing_id} is still a draft: have it approved, or withdraw it")
    if last is not None and month <= last.month:
        raise ClearingRefused(f"{last.clearing_id} was cleared already: draft a month after {last.month:%Y-%m}")
    drafted = select(func.count()).where(clearings.c.region == region, clearings.c.month == month)
    return int((await connection.execute(drafted)).scalar_one()) + 1


async def _check_region(connection: AsyncConnection, region: str) -> None:
    known = exists().where(claims.c.region == region) | exists().where(clearings.c.region == region)
    if not (await connection.execute(select(known))).scalar_one():
        raise ClearingRefused(f"no claim of region {region} was ever accepted, and no premium refunded")


async def _outstanding_advances(connection: AsyncConnection, region: str) -> list[tuple[Advance, int]]:
    return [
        (loan.advance, loan.outstanding)
        for loan in await load_loans(connection)
        if covers(loan.advance.region, region) and loan.outstanding > 0
    ]


LineKey = tuple[str, str, str]
"""payee kind, payee, fund"""


def _lines(booked: Iterable[Booked]) -> dict[LineKey, dict[str, Any]]:
    lines: dict[LineKey, dict[str, Any]] = {}
    for entry in booked:
        _line(lines, entry.party, entry.payee, entry.fund)[entry.kind] += entry.amount
    return lines


def _line(lines: dict[LineKey, dict[str, Any]], kind: str, payee: str, fund: str) -> dict[str, Any]:
    empty = {"payee_kind": kind, "payee": payee, "fund": fund, "settled": 0, "adjusted": 0, "audit": 0, "repaid": 0}
    return lines.setdefault((kind, payee, fund), empty)


def _enter(lines: dict[LineKey, dict[str, Any]], repayments: Iterable[Repayment]) -> None:
    """What is taken from a line goes to the fund that lent: the lines still sum to what was booked."""
    for each in repayments:
        _line(lines, "person", each.advance.person_id, each.fund)["repaid"] += each.amount
        _line(lines, EMERGENCY_FUND, each.advance.region, each.fund)["repaid"] -= each.amount


def _repayment(each: Repayment) -> dict[str, Any]:
    return {
        "region": each.advance.region,
        "advance_id": each.advance.advance_id,
        "person_id": each.advance.person_id,
        "fund": each.fund,
        "amount": each.amount,
    }


def _parts(booked: Iterable[Booked]) -> list[dict[str, Any]]:
    """With whom what later runs have booked is cleared, claim by claim: from now on a fact, and not told again.

    By stage, for that is how a reversal undoes it.
    """
    sums: dict[tuple[str, str, str, int, str], int] = {}
    for entry in booked:
        if entry.claim is not None and entry.stage is not None:
            key = entry.claim.claim_id, entry.party, entry.fund, entry.stage, entry.kind
            sums[key] = sums.get(key, 0) + entry.amount
    names = ("claim_id", "payee_kind", "fund", "stage", "kind")
    return [dict(zip(names, key, strict=True)) | {"amount": amount} for key, amount in sums.items() if amount]


def _place(key: LineKey) -> tuple[int, str, int]:
    kind, payee, fund = key
    return ("hospital", "person", EMERGENCY_FUND).index(kind), payee, FUNDS.index(fund)
