"""Prepayments (预拨): a fund pays a hospital ahead; the clearings that follow set it off until it is used up.

One person orders it, another approves it and notes the transfer. What is not set off the hospital pays back.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from events.decisions import (
    HOSPITAL_PREPAID,
    PREPAYMENT_ORDERED,
    PREPAYMENT_RETURNED,
    PREPAYMENT_WITHDRAWN,
)
from events.money import yuan
from policies.funds import BookedFund
from processors.clearing.bank_files import load_files
from processors.clearing.journal import ClearingJournal, open_journal, refusing_unreadable_rows
from processors.clearing.movements import history_rows, require_new_reference
from processors.clearing.payment_holds import load_holds, refuse_held
from processors.law.pinned_schemes import PinnedSchemes
from processors.law.terms import ledger_terms
from processors.offices.operators import Operator
from processors.offices.refusal import NoSuchRecord, StepRefused
from projections.clearing_rows import Clearing
from projections.clearing_table import ClearingTable
from projections.clearings import clearings
from projections.hospitals import load_hospitals
from projections.prepayments import Prepayment, prepayments

STATUS_NAMES: Mapping[str, str] = {"ordered": "待复核", "paid": "已预拨", "withdrawn": "已撤回"}
STEPS = (
    *(PREPAYMENT_ORDERED, PREPAYMENT_WITHDRAWN, HOSPITAL_PREPAID, PREPAYMENT_RETURNED),
    *("prepayment.reversed.v1", "prepayment_return.reversed.v1"),
)


async def order(
    engine: AsyncEngine, region: str, hospital_id: str, payer: BookedFund, amount: int, actor: str, reason: str
) -> str:
    """Order that a fund pays a hospital ahead, in fen; returns the prepayment's id.

    Raises ``StepRefused`` where it is nothing, where no such hospital is registered, or where no scheme in force of
    the region pays out of that fund, kept by that insurer. Where the schemes name one insurer, it need not be given.
    """
    if amount <= 0:
        raise StepRefused("预拨金额须大于 0。a prepayment is above 0")
    async with open_journal(engine) as journal:
        connection = journal.connection
        if hospital_id not in await load_hospitals(connection, [hospital_id]):
            raise StepRefused(f"没有登记医院 {hospital_id}。no hospital {hospital_id} is registered")
        known = await _payer(connection, region, payer)
        count = select(func.count()).where(prepayments.c.region == region)
        id_ = f"{region}-P{int((await connection.execute(count)).scalar_one()) + 1}"
        named = {"prepayment_id": id_, "region": region, "hospital_id": hospital_id, "amount": amount}
        journal.record(PREPAYMENT_ORDERED, {**named, **known.told(), "actor": actor, "reason": reason})
    return id_


async def approve(engine: AsyncEngine, prepayment_id: str, actor: str, reference: str, day: date) -> Prepayment:
    """Approve a prepayment and note its transfer of a day; clearings set it off from then on.

    Raises ``StepRefused`` where it is not ordered, where the day is to come, where a case holds the hospital's
    payments, where the reference was noted already, or where the actor may be who ordered it, or who took a noted
    transfer back as a mistake.
    """
    async with open_journal(engine) as journal:
        row = await _load(journal, prepayment_id, "ordered")
        by = journal.operator(actor)
        by.must_differ(Operator(row.ordered_by, row.ordered_login), f"ordered {prepayment_id}", "approve it")
        if row.reversed_by is not None:
            reversed_ = Operator(row.reversed_by, row.reversed_login)
            by.must_differ(reversed_, f"took back the transfer of {prepayment_id}", "note the next one")
        if day > (today := journal.journal.recorded_at.astimezone(COUNTY_TIME).date()):
            raise StepRefused(f"{day} 尚未到，今天是 {today}。{day} is to come")
        holds = await load_holds(journal.connection, row.region, today)
        refuse_held(
            f"{prepayment_id} {row.hospital_id}", [each for each in holds if each.hospital_id == row.hospital_id]
        )
        hospital = {("hospital", row.hospital_id)}
        await require_new_reference(journal.connection, HOSPITAL_PREPAID, reference, row.region, hospital)
        signed = {"ordered_by": row.ordered_by, "approved_by": actor, "actor": actor}
        journal.record(
            HOSPITAL_PREPAID, prepayment_said(row, row.amount) | signed | {"reference": reference, "day": str(day)}
        )
    return row


async def withdraw(engine: AsyncEngine, prepayment_id: str, actor: str) -> None:
    """Withdraw a prepayment that is not paid. Raises ``StepRefused``, also where a file for the bank pays it."""
    async with open_journal(engine) as journal:
        await _load(journal, prepayment_id, "ordered")
        for file in await load_files(journal.connection):
            if file.cancelled is None and any(item.prepayment_id == prepayment_id for item in file.items):
                raise StepRefused(
                    f"预拨 {prepayment_id} 在银行文件 {file.file_id} 中，没有送银行的先撤销文件。"
                    f"{prepayment_id} is in {file.file_id}: cancel the file first, if it was not sent"
                )
        journal.record(PREPAYMENT_WITHDRAWN, {"prepayment_id": prepayment_id, "actor": actor})


async def take_back(
    engine: AsyncEngine, prepayment_id: str, actor: str, reference: str, amount: int | None = None
) -> int:
    """Note what the hospital has paid back, in fen: all that is outstanding, or a part. Returns what is left.

    Raises ``StepRefused`` where less is outstanding, where the reference was noted already, or where the actor may
    be who ordered the prepayment.
    """
    async with open_journal(engine) as journal:
        row = await _load(journal, prepayment_id, "paid")
        orderer = Operator(row.ordered_by, row.ordered_login)
        journal.operator(actor).must_differ(orderer, f"ordered {prepayment_id}", "note what is paid back")
        hospital = {("hospital", row.hospital_id)}
        await require_new_reference(journal.connection, PREPAYMENT_RETURNED, reference, row.region, hospital)
        back = row.outstanding if amount is None else amount
        if not 0 < back <= row.outstanding:
            raise StepRefused(
                f"预拨 {prepayment_id} 未抵扣 {yuan(row.outstanding)} 元，不能登记退回 {yuan(back)} 元。"
                f"{yuan(row.outstanding)} is outstanding of {prepayment_id}, not {yuan(back)}"
            )
        journal.record(PREPAYMENT_RETURNED, prepayment_said(row, back) | {"actor": actor, "reference": reference})
    return row.outstanding - back


def prepayment_said(row: Prepayment, amount: int) -> dict[str, Any]:
    """What events of money say of a prepayment; ``amount`` in fen is what moved."""
    named = {"prepayment_id": row.prepayment_id, "region": row.region, "hospital_id": row.hospital_id}
    return {**named, "payee_kind": "hospital", "payee": row.hospital_id, **row.payer.told(), "amount": amount}


async def _load(journal: ClearingJournal, prepayment_id: str, status: str) -> Prepayment:
    table = journal.register.prepayments
    await table.load(journal.connection, prepayments.c.prepayment_id == prepayment_id)
    row = table.get((prepayment_id,))
    if row is None:
        raise no_prepayment(prepayment_id)
    if row.status != status:
        raise StepRefused(
            f"预拨 {prepayment_id} {STATUS_NAMES[row.status]}，这一步只能用于{STATUS_NAMES[status]}的预拨。"
            f"{prepayment_id} is {row.status}, not {status}"
        )
    return row


def no_prepayment(prepayment_id: str) -> NoSuchRecord:
    """There is no prepayment of an id."""
    return NoSuchRecord(
        f"没有预拨 {prepayment_id}，全部预拨见 claims prepayments。there is no prepayment {prepayment_id}"
    )


async def _payer(connection: AsyncConnection, region: str, payer: BookedFund) -> BookedFund:
    """The fund with its insurer, as schemes in force of the region pay out of it."""
    pinned = PinnedSchemes()
    await pinned.refresh(connection)
    known = dict.fromkeys(
        scheme.fund_of(layer) for scheme in pinned.current if scheme.fit(region) for layer in scheme.path
    )
    fitting = [each for each in known if each.fund == payer.fund and payer.insurer in (None, each.insurer)]
    if len(fitting) == 1:
        return fitting[0]
    if payer in fitting:
        return payer
    terms = await ledger_terms(connection)
    named = [(terms.funds.get(each.fund), terms.insurers.get(each.insurer or ""), each) for each in known]
    there = "、".join(
        " ".join([fund.name if fund else "", each.fund, insurer.name if insurer else "", each.insurer or ""]).strip()
        for fund, insurer, each in named
    )
    wrong = " ".join(filter(None, payer))
    raise StepRefused(
        f"统筹区 {region} 的在用政策不由 {wrong} 付款（承办公司用 --insurer 指明），可用的有：{there or '无 none'}。"
        f"no scheme in force of region {region} pays out of {wrong}: those are its funds, with their insurers"
    )


async def prepayment_rows(
    engine: AsyncEngine, region: str | None = None, hospital_id: str | None = None
) -> list[dict[str, Any]]:
    """All prepayments, oldest first, with what became of them. Raises ``StepRefused`` for an unreadable row."""
    wanted = ((prepayments.c.region, region), (prepayments.c.hospital_id, hospital_id))
    async with engine.connect() as connection:
        return await _rows(connection, *(column == value for column, value in wanted if value is not None))


async def prepayment(engine: AsyncEngine, prepayment_id: str) -> dict[str, Any]:
    """One prepayment with the clearings that set it off, and every step. Raises ``StepRefused``."""
    async with engine.connect() as connection:
        rows = await _rows(connection, prepayments.c.prepayment_id == prepayment_id)
        if not rows:
            raise no_prepayment(prepayment_id)
        found = ClearingTable(clearings, Clearing)
        with refusing_unreadable_rows():
            await found.load(connection, clearings.c.region == rows[0]["region"], clearings.c.status != "withdrawn")
        set_off = [
            {"clearing_id": each.clearing_id, "amount": yuan(taken.amount)}
            for each in sorted(found, key=lambda each: each.number)
            for taken in each.prepaid
            if taken.prepayment_id == prepayment_id
        ]
        history = await history_rows(connection, STEPS, "prepayment_id", prepayment_id)
    return rows[0] | {"set_off_by": set_off, "history": history}


async def prepaid_rows(connection: AsyncConnection, clearing: Clearing) -> list[dict[str, Any]]:
    """What a clearing sets off against prepayments, and what is outstanding of each by now."""
    table = ClearingTable(prepayments, Prepayment)
    await table.load(connection, prepayments.c.prepayment_id.in_([each.prepayment_id for each in clearing.prepaid]))
    return [
        {
            "prepayment_id": each.prepayment_id,
            "hospital_id": each.payee,
            "fund": each.fund,
            "insurer": each.insurer,
            "amount": yuan(table[each.prepayment_id,].amount),
            "set_off": yuan(each.amount),
            "outstanding": yuan(table[each.prepayment_id,].outstanding),
        }
        for each in clearing.prepaid
    ]


async def prepayment_statuses(connection: AsyncConnection) -> dict[str, str]:
    """The status of each prepayment by its id."""
    found = await connection.execute(select(prepayments.c.prepayment_id, prepayments.c.status))
    return {row.prepayment_id: row.status for row in found}


async def _rows(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> list[dict[str, Any]]:
    table = ClearingTable(prepayments, Prepayment)
    with refusing_unreadable_rows():
        await table.load(connection, *conditions)
    return [
        {
            "prepayment_id": row.prepayment_id,
            "region": row.region,
            "hospital_id": row.hospital_id,
            "fund": row.fund,
            "insurer": row.insurer,
            "status": row.status,
            "amount": yuan(row.amount),
            "set_off": yuan(row.set_off),
            "returned": yuan(row.returned),
            "outstanding": yuan(row.outstanding),
            "reason": row.reason,
            "ordered_by": row.ordered_by,
            "approved_by": row.approved_by,
            "reference": row.reference,
            "paid_on": row.paid_on and row.paid_on.isoformat(),
        }
        for row in sorted(table, key=lambda row: row.number)
    ]
