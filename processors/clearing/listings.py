"""Clearings and receivables as commands show them: dicts with money in yuan."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME, county_day
from events.decisions import (
    CLEARING_APPROVED,
    CLEARING_DRAFTED,
    CLEARING_PAID,
    CLEARING_WITHDRAWN,
    PAYMENT_FILE_CANCELLED,
    PAYMENT_FILE_MADE,
    PAYMENT_RETURNED,
    PAYMENT_REVERSED,
    RECEIPT_REVERSED,
    RECEIVABLE_SETTLED,
    RETURN_REVERSED,
)
from events.money import yuan
from events.store.journal import database_time, entries
from events.store.rows import among
from policies.funds import BookedFund
from processors.clearing.fund_orders import load_orders, load_parts
from processors.clearing.funds import EMERGENCY_FUND, fund_place
from processors.clearing.journal import refusing_unreadable_rows
from processors.clearing.movements import history_rows
from processors.clearing.paying_funds import FundShare, FundTransfer
from processors.clearing.payment_holds import held_rows
from processors.clearing.prepayments import prepaid_rows
from processors.clearing.refusal import no_clearing, no_receivable
from processors.delivery.names import INTAKE_JOURNAL
from projections.claims import claims
from projections.clearing_register import ClearingRegister
from projections.clearing_rows import (
    ClearedPart,
    Clearing,
    ClearingLine,
    ClearingPayment,
    Receivable,
    SetOff,
)
from projections.clearing_table import ClearingTable
from projections.clearings import clearings, receivables
from projections.hospitals import load_hospitals

CLEARING_STEPS = (
    *(CLEARING_DRAFTED, CLEARING_APPROVED, CLEARING_WITHDRAWN),
    *(CLEARING_PAID, PAYMENT_RETURNED, PAYMENT_REVERSED, RETURN_REVERSED),
    *(PAYMENT_FILE_MADE, PAYMENT_FILE_CANCELLED),
)
FIGURES = ("payable", "released", "netted", "withheld", "prepaid", "amount")
KINDS = ("hospital", "person", EMERGENCY_FUND)


async def clearing_rows(engine: AsyncEngine, region: str | None = None) -> list[dict[str, Any]]:
    """All clearings, or one region's, oldest first. Raises ``StepRefused`` where a row can't be read."""
    found = ClearingTable(clearings, Clearing)
    async with engine.connect() as connection:
        with refusing_unreadable_rows():
            await found.load(connection, *([] if region is None else [clearings.c.region == region]))
    return [_head(each) for each in sorted(found, key=lambda each: (each.region, each.number))]


async def clearing(engine: AsyncEngine, clearing_id: str) -> dict[str, Any]:
    """One clearing with its lines, payments, repaid advances, what changed claim by claim, and every step on it.

    ``changes`` of kind ``adjusted`` with a person say what the person paid too much at discharge (under 0: too
    little), unless the claim was reversed by then. Raises ``StepRefused`` where there is no such clearing.
    """
    register = ClearingRegister()
    async with engine.connect() as connection:
        shown: tuple[ClearingTable[Any], ...] = (
            *(register.clearings, register.lines, register.payments, register.repayments),
        )
        with refusing_unreadable_rows():
            for table in shown:
                await table.load(connection, table.table.c.clearing_id == clearing_id)
        head = register.clearings.get((clearing_id,))
        if head is None:
            raise no_clearing(clearing_id)
        parts = await load_parts(connection, head)
        changes = await _changes(connection, head, parts)
        shares, transfers = await load_orders(connection, head, register.lines, parts, register.payments)
        ahead = await prepaid_rows(connection, head)
        today = county_day(await database_time(connection))
        held = await held_rows(connection, head, register.payments, today) if head.status != "withdrawn" else []
        history = await history_rows(connection, CLEARING_STEPS, "clearing_id", clearing_id)
    lines = sorted(register.lines, key=lambda line: (*_place(line), fund_place(line.fund)))
    return _head(head) | {
        "lines": [_line(line) for line in lines],
        "payments": [_payment(payment) for payment in sorted(register.payments, key=_place)],
        "funds": [_share(share) for share in sorted(shares, key=_share_place)],
        "orders": [_order(*order) for order in _orders(transfers)],
        "prepayments": ahead,
        "withholding": _withholding(head),
        "held": held,
        "repayments": [_shown(each, "amount") for each in register.repayments],
        "changes": changes,
        "history": history,
    }


async def receivable_rows(engine: AsyncEngine, today: date | None = None) -> list[dict[str, Any]]:
    """What is outstanding, oldest first; ``closed`` says that a hospital is no longer designated today.

    ``today`` is the database's day in the county, where it is not given. Raises ``StepRefused`` where a row can't
    be read.
    """
    async with engine.connect() as connection:
        return await _receivables(connection, today, receivables.c.stands, only_outstanding=True)


async def receivable(engine: AsyncEngine, receivable_id: str) -> dict[str, Any]:
    """One receivable, outstanding or not, with what drafts set off and every receipt, also those taken back.

    Raises ``StepRefused`` where there is none.
    """
    async with engine.connect() as connection:
        rows = await _receivables(connection, None, receivables.c.receivable_id == receivable_id)
        if not rows:
            raise no_receivable(receivable_id)
        set_off = [
            {"clearing_id": clearing_id, "amount": yuan(each.amount)}
            for clearing_id, each in await _set_off(connection, rows[0]["region"])
            if each.receivable_id == receivable_id
        ]
        types = (RECEIVABLE_SETTLED, RECEIPT_REVERSED)
        history = await history_rows(connection, types, "receivable_id", receivable_id)
    return rows[0] | {"set_off_by": set_off, "history": history}


async def _set_off(connection: AsyncConnection, region: str) -> list[tuple[str, SetOff]]:
    found = ClearingTable(clearings, Clearing)
    with refusing_unreadable_rows():
        await found.load(connection, clearings.c.region == region, clearings.c.status != "withdrawn")
    return [(each.clearing_id, taken) for each in sorted(found, key=lambda each: each.number) for taken in each.set_off]


async def _receivables(
    connection: AsyncConnection, today: date | None, condition: ColumnElement[bool], *, only_outstanding: bool = False
) -> list[dict[str, Any]]:
    found = ClearingTable(receivables, Receivable)
    with refusing_unreadable_rows():
        await found.load(connection, condition)
    day = today or (await database_time(connection)).astimezone(COUNTY_TIME).date()
    owed = [each for each in found if each.outstanding or not only_outstanding]
    named = {each.payee for each in owed if each.payee_kind == "hospital"}
    hospitals = await load_hospitals(connection, named)
    rows = []
    for each in sorted(owed, key=lambda each: (each.number, each.receivable_id)):
        hospital = hospitals.get(each.payee) if each.payee_kind == "hospital" else None
        until = None if hospital is None else hospital.designated_until
        rows.append(
            {
                "receivable_id": each.receivable_id,
                "clearing_id": each.clearing_id,
                "region": each.region,
                "payee_kind": each.payee_kind,
                "payee": each.payee,
                "amount": yuan(each.amount),
                "settled": yuan(each.settled),
                "set_off": yuan(each.set_off),
                "outstanding": yuan(each.outstanding),
                "closed": until is not None and until <= day,
            }
        )
    return rows


def _head(row: Clearing) -> dict[str, Any]:
    return {
        "clearing_id": row.clearing_id,
        "region": row.region,
        "month": f"{row.month:%Y-%m}",
        "status": row.status,
        "supplements": row.supplements,
        "drafted_by": row.drafted_by,
        "drafted_at": row.drafted_at.isoformat(),
        "approved_by": row.approved_by,
        "approved_at": row.approved_at and row.approved_at.isoformat(),
        "withdrawn_by": row.withdrawn_by,
        "ranges": {journal: list(taken) for journal, taken in row.ranges.items()},
        "set_off": [structs.asdict(each) | {"amount": yuan(each.amount)} for each in row.set_off],
    }


def _withholding(row: Clearing) -> dict[str, Any] | None:
    """By which text what share is kept back; what it is stands in payments and orders."""
    found = row.withholding
    if found is None:
        return None
    return {name: getattr(found, name) for name in ("share", "grade", "cite", "text", "hash")}


def _line(line: ClearingLine) -> dict[str, Any]:
    return _shown(line, "settled", "adjusted", "audit", "repaid") | {"payable": yuan(line.payable)}


def _payment(payment: ClearingPayment) -> dict[str, Any]:
    moments = {name: getattr(payment, name) for name in ("paid_at", "returned_at")}
    shown = {name: moment and moment.isoformat() for name, moment in moments.items()}
    return _shown(payment, "balance", "released", "set_off", "withheld", "prepaid", "amount", "paid") | shown


def _shown(row: Struct, *money: str) -> dict[str, Any]:
    """A row of a clearing without the clearing's id, some columns in yuan."""
    values = structs.asdict(row)
    del values["clearing_id"]
    return values | {name: yuan(values[name]) for name in money}


def _share(share: FundShare) -> dict[str, Any]:
    return {
        "payee_kind": share.payee_kind,
        "payee": share.payee,
        "line": share.line,
        "fund": share.payer.fund,
        "insurer": share.payer.insurer,
        "booked": yuan(share.booked),
        "repaid": yuan(share.repaid),
        "payable": yuan(share.payable),
    }


def _share_place(share: FundShare) -> tuple[Any, ...]:
    return KINDS.index(share.payee_kind), share.payee, fund_place(share.line), str(share.payer)


def _orders(transfers: Iterable[FundTransfer]) -> list[tuple[BookedFund, list[FundTransfer]]]:
    found: dict[BookedFund, list[FundTransfer]] = {}
    for transfer in transfers:
        found.setdefault(transfer.payer, []).append(transfer)
    return list(found.items())


def _order(payer: BookedFund, transfers: Iterable[FundTransfer]) -> dict[str, Any]:
    """What one fund is to transfer, payee by payee."""
    rows = sorted(transfers, key=lambda each: (KINDS.index(each.payee_kind), each.payee))
    sums = {name: yuan(sum(getattr(row, name) for row in rows)) for name in FIGURES}
    shown = [
        {"payee_kind": row.payee_kind, "payee": row.payee} | {name: yuan(getattr(row, name)) for name in FIGURES}
        for row in rows
    ]
    return {"fund": payer.fund, "insurer": payer.insurer, **sums, "transfers": shown}


async def _changes(
    connection: AsyncConnection, clearing: Clearing, parts: Iterable[ClearedPart]
) -> list[dict[str, Any]]:
    """What was booked after claims' first settlements, claim by claim."""
    sums: dict[tuple[str, str, str, str], int] = {}
    for part in parts:
        if part.kind != "settled":
            key = part.claim_id, part.payee_kind, part.fund, part.kind
            sums[key] = sums.get(key, 0) + part.amount
    # Whether a claim was reversed is asked as of the draft: what is shown of a clearing does not change.
    _, facts = clearing.ranges.get(INTAKE_JOURNAL, (0, 0))
    reversed_by_then = (
        exists()
        .where(entries.c.person_id == claims.c.person_id, entries.c.claim_id == claims.c.claim_id)
        .where(entries.c.type == "claim.reversed.v1", entries.c.journal == INTAKE_JOURNAL, entries.c.number <= facts)
    )
    about = {
        row.claim_id: row
        for row in await connection.execute(
            select(
                claims.c.claim_id, claims.c.person_id, claims.c.hospital_id, reversed_by_then.label("reversed")
            ).where(among(claims.c.claim_id, {claim_id for claim_id, *_ in sums}))
        )
    }
    return [_change(about[key[0]], *key[1:], amount) for key, amount in sums.items() if amount]


def _change(claim: Any, payee_kind: str, fund: str, kind: str, amount: int) -> dict[str, Any]:
    # Of a reversed claim the person gets back, or gives back, everything: nothing was overpaid at discharge.
    after_discharge = payee_kind == "person" and kind == "adjusted" and not claim.reversed
    return {
        "claim_id": claim.claim_id,
        "person_id": claim.person_id,
        "hospital_id": claim.hospital_id,
        "payee_kind": payee_kind,
        "fund": fund,
        "kind": kind,
        "amount": yuan(amount),
        "overpaid_at_discharge": yuan(amount) if after_discharge else None,
    }


def _place(row: ClearingLine | ClearingPayment) -> tuple[int, str]:
    return KINDS.index(row.payee_kind), row.payee
