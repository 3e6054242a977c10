"""Checks that clearings take every booking once, to the fen, and are what the events of their journal make them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct, structs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import CLEARING_DRAFTED
from events.money import yuan
from processors.clearing.journal import (
    InvalidClearingEvent,
    register_from_journal,
    register_from_tables,
)
from processors.clearing.paying_funds import FundTransfer
from processors.clearing.premium_refunds import UnreadableRefund, load_refunds
from processors.clearing.set_off import set_off
from processors.clearing.steps import drafter
from processors.delivery.names import CLEARING_JOURNAL, INTAKE_JOURNAL
from processors.offices.operators import Operator
from processors.proof.column_values import column_text
from processors.proof.verification.bank_files import check_bank_files
from processors.proof.verification.clearing_funds import (
    check_clearing_funds,
    check_prepayments,
    check_stated_shares,
    check_withholdings,
)
from processors.proof.verification.clearing_lines import check_lines
from processors.proof.verification.movements import check_reversals
from processors.proof.verification.report import VerifyReport
from processors.supervision.adoption import adopted_texts
from projections.advances import load_advances
from projections.bookings import IS_BOOKING
from projections.clearing_register import ClearingRegister
from projections.clearing_rows import (
    ClearedPart,
    Clearing,
    ClearingDraft,
    ClearingLine,
    ClearingPayment,
    SetOff,
    dues,
)
from projections.prepayments import Prepayment

_BOOKED = f"""
SELECT claim.region, entry.journal, sum(entry.paid)::bigint AS booked,
       coalesce(sum(entry.paid) FILTER (WHERE entry.number > taken.upto), 0)::bigint AS left
FROM ledger.entries AS entry
JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
JOIN unnest(CAST(:regions AS text[]), CAST(:journals AS text[]), CAST(:upto AS bigint[]))
  AS taken (region, journal, upto) ON taken.region = claim.region AND taken.journal = entry.journal
WHERE {IS_BOOKING}
GROUP BY 1, 2
"""  # noqa: S608 - our own condition

OfClearing = TypeVar("OfClearing", ClearingLine, ClearedPart, ClearingPayment)


async def check_clearings(connection: AsyncConnection, report: VerifyReport) -> None:
    """Make the register anew from its journal; compare it with the tables, and its sums with the bookings."""
    try:
        outstanding: dict[str, list[Prepayment]] = {}
        register = await register_from_journal(connection, partial(_check_set_off, report, outstanding))
    except InvalidClearingEvent as error:
        report.problem("clearing", f"journal {CLEARING_JOURNAL}", "events that follow from each other", error)
        return
    report.clearings += len(register.clearings)
    _compare(register, await register_from_tables(connection), report)
    standing = [clearing for clearing in register.clearings if clearing.status != "withdrawn"]
    by_region: dict[str, list[Clearing]] = {}
    for clearing in sorted(standing, key=lambda clearing: clearing.number):
        by_region.setdefault(clearing.region, []).append(clearing)
    for history in by_region.values():
        _check_ranges(history, report)
    lines, parts, payments = _by_clearing(register.lines), _by_clearing(register.parts), _by_clearing(register.payments)
    transfers: dict[str, list[FundTransfer]] = {}
    try:
        for clearing in standing:
            own_lines = lines[clearing.clearing_id]
            await check_lines(connection, clearing, own_lines, parts[clearing.clearing_id], report)
            _check_repaid(register, clearing.clearing_id, own_lines, report)
            named = clearing.clearing_id
            own = parts[named], payments[named], outstanding[named]
            transfers[named] = await check_clearing_funds(connection, clearing, own_lines, *own, report)
        await _check_totals(connection, lines, by_region, report)
    except UnreadableRefund as error:
        report.problem("clearing", f"journal {INTAKE_JOURNAL}", "refunds of premiums that can be read", error)
    await _check_advances(connection, register, report)
    check_prepayments(register.prepayments, report)
    check_withholdings(register.withheld, standing, report)
    check_stated_shares(await adopted_texts(connection), standing, report)
    _check_payments(register, report)
    await check_bank_files(connection, register, transfers, report)
    await check_reversals(connection, report)
    for owed in register.receivables:
        if owed.outstanding < 0 or owed.settled < 0:
            where = f"receivable {owed.receivable_id}"
            report.problem("clearing", where, f"at most {yuan(owed.amount)}", yuan(owed.settled + owed.set_off))


def _compare(register: ClearingRegister, found: ClearingRegister, report: VerifyReport) -> None:
    for table, other in zip(register.tables, found.tables, strict=True):
        for key in table.differing(other):
            expected, there = table.get(key), other.get(key)
            where = f"{table.table.name} {' '.join(map(str, key))}"
            found_row = "unreadable" if other.is_unreadable(key) else _differing(there, expected)
            report.problem("clearing", where, _differing(expected, there), found_row)


def _differing(row: Struct | None, other: Struct | None) -> str:
    if row is None:
        return "none"
    values = structs.asdict(row)
    return ", ".join(
        f"{name} {column_text(name, value)}"
        for name, value in values.items()
        if other is None or getattr(other, name) != value
    )


def _check_ranges(history: list[Clearing], report: VerifyReport) -> None:
    """Each clearing of a region begins where the one before ended."""
    ended: dict[str, int] = {}
    for clearing in history:
        approver = Operator(clearing.approved_by or "", clearing.approved_login)
        if clearing.approved_by is not None and approver.is_same(drafter(clearing)):
            report.problem("clearing", clearing.clearing_id, "approval by another person", _login(approver))
        for journal in sorted(ended.keys() | clearing.ranges.keys()):
            expected = ended.get(journal, 0)
            taken = clearing.ranges.get(journal)
            if taken is None or taken[0] != expected or taken[1] < expected:
                where = f"{clearing.clearing_id}, journal {journal}"
                found = f"from {taken[0]} to {taken[1]}" if taken else "none"
                report.problem("clearing", where, f"from {expected} on", found)
        ended |= {journal: to for journal, (_, to) in clearing.ranges.items()}


def _by_clearing(rows: Iterable[OfClearing]) -> defaultdict[str, list[OfClearing]]:
    found: defaultdict[str, list[OfClearing]] = defaultdict(list)
    for row in rows:
        found[row.clearing_id].append(row)
    return found


def _check_set_off(
    report: VerifyReport,
    outstanding: dict[str, list[Prepayment]],
    register: ClearingRegister,
    type_: str,
    data: Mapping[str, Any],
) -> None:
    """A draft sets off what its payees owed the region before it, no more and no less.

    ``outstanding`` is told which prepayments stood before it.
    """
    if type_ != CLEARING_DRAFTED:
        return
    draft = ClearingDraft.from_event(data)
    outstanding[draft.clearing_id] = [each for each in register.prepayments if each.region == draft.region]
    owed = [each for each in register.receivables if each.region == draft.region and each.stands]
    expected = _set_off_amounts(set_off(owed, dues(draft.lines, draft.released)))
    found = _set_off_amounts(draft.set_off)
    if expected != found or len(found) != len(draft.set_off):
        report.problem("clearing", f"{draft.clearing_id}, set off", _amounts(expected), _amounts(found))


def _set_off_amounts(each_set_off: Iterable[SetOff]) -> dict[tuple[str, str, str], int]:
    return {(each.receivable_id, each.payee_kind, each.payee): each.amount for each in each_set_off}


def _check_repaid(
    register: ClearingRegister, clearing_id: str, lines: Iterable[ClearingLine], report: VerifyReport
) -> None:
    """What repays advances is at most what a line brings, and goes to the parties that the events name."""
    repaid: dict[tuple[str, str, str], int] = {}
    for line in lines:
        if line.repaid:
            repaid[line.payee_kind, line.payee, line.fund] = line.repaid
            if line.payable < 0:
                where = f"{clearing_id}, {line.payee_kind} {line.payee}, fund {line.fund}"
                report.problem("clearing", where, f"at most {yuan(line.booked)} repaid", yuan(line.repaid))
    named: dict[tuple[str, str, str], int] = {}
    for each in register.repayments:
        if each.clearing_id != clearing_id:
            continue
        for key, amount in (
            (("person", each.person_id, each.fund), each.amount),
            (("emergency_fund", each.region, each.fund), -each.amount),
        ):
            named[key] = named.get(key, 0) + amount
    if named != repaid:
        report.problem("clearing", f"{clearing_id}, advances repaid", _amounts(named), _amounts(repaid))


def _check_payments(register: ClearingRegister, report: VerifyReport) -> None:
    """What came back is paid again by another person than noted its return."""
    for paid in register.payments:
        if paid.status != "paid" or paid.returned_by is None:
            continue
        payer = Operator(paid.paid_by or "", paid.paid_login)
        if payer.is_same(Operator(paid.returned_by, paid.returned_login)):
            where = f"{paid.clearing_id}, {paid.payee_kind} {paid.payee}"
            report.problem("clearing", where, "payment by another person than noted its return", _login(payer))


async def _check_totals(
    connection: AsyncConnection,
    lines: Mapping[str, list[ClearingLine]],
    by_region: Mapping[str, list[Clearing]],
    report: VerifyReport,
) -> None:
    """All clearings of a region and what is not cleared yet come to all that was ever booked for it."""
    upto = list(_ends(by_region))
    if not upto:
        return
    names = ("regions", "journals", "upto")
    within = dict(zip(names, map(list, zip(*upto, strict=True)), strict=True))
    booked: dict[str, int] = {}
    for row in await connection.execute(text(_BOOKED), within):
        booked[row.region] = booked.get(row.region, 0) + row.booked - row.left
    refunds_upto = {region: to for region, journal, to in upto if journal == INTAKE_JOURNAL}
    async for refund in load_refunds(connection, 0, max(refunds_upto.values(), default=0)):
        if refund.number <= refunds_upto.get(refund.region, 0):
            booked[refund.region] = booked.get(refund.region, 0) + refund.amount
    for region, history in by_region.items():
        cleared = sum(line.booked for clearing in history for line in lines[clearing.clearing_id])
        if cleared != booked.get(region, 0):
            where = f"region {region}, all clearings"
            report.problem("clearing", where, yuan(booked.get(region, 0)), yuan(cleared))


def _ends(by_region: Mapping[str, list[Clearing]]) -> Iterator[tuple[str, str, int]]:
    for region, history in by_region.items():
        for journal, (_, to) in history[-1].ranges.items():
            yield region, journal, to


async def _check_advances(connection: AsyncConnection, register: ClearingRegister, report: VerifyReport) -> None:
    repaid: dict[tuple[str, str], int] = {}
    for each in (*register.repayments, *register.receipts):
        key = each.region, each.advance_id
        repaid[key] = repaid.get(key, 0) + each.amount
    issued = {(advance.region, advance.advance_id): advance.amount for advance in await load_advances(connection)}
    for key, amount in sorted(repaid.items()):
        if amount > issued.get(key, 0):
            where = f"advance {key[1]} of region {key[0]}"
            report.problem("clearing", where, f"at most {yuan(issued.get(key, 0))} repaid", yuan(amount))


def _login(operator: Operator) -> str:
    return operator.actor if operator.login is None else f"{operator.actor}, login {operator.login}"


def _amounts(amounts: Mapping[tuple[str, str, str], Any]) -> str:
    return ", ".join(f"{' '.join(key)} {yuan(amount)}" for key, amount in sorted(amounts.items())) or "none"
