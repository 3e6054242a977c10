"""Checks that clearings take every booking once, to the fen, and are what the events of their journal make them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import CLEARING_DRAFTED
from events.money import yuan
from processors.clearing.approvers import Who
from processors.clearing.journal import Unfounded, from_journal, from_tables
from processors.clearing.refunds import Unreadable, load_refunds
from processors.clearing.set_off import set_off
from processors.clearing.steps import drafter
from processors.delivery.names import CLEARING_JOURNAL as JOURNAL
from processors.delivery.names import INTAKE_JOURNAL as REFUNDS
from processors.proof.verification.clearing_lines import check_lines
from processors.proof.verification.report import VerifyReport
from projections.advances import load_advances
from projections.clearings import (
    Register,
    Row,
    advance_receipts,
    advance_repayments,
    balances,
    clearing_lines,
    clearing_parts,
    clearing_payments,
    clearings,
    outstanding,
    payable,
    receivables,
)

_BOOKED = """
SELECT claim.region, entry.journal, sum(entry.paid)::bigint AS booked,
       coalesce(sum(entry.paid) FILTER (WHERE entry.number > taken.upto), 0)::bigint AS left
FROM ledger.entries AS entry
JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
JOIN unnest(CAST(:regions AS text[]), CAST(:journals AS text[]), CAST(:upto AS bigint[]))
  AS taken (region, journal, upto) ON taken.region = claim.region AND taken.journal = entry.journal
WHERE entry.type IN ('payout.decided.v1', 'payout.adjusted.v1', 'grant.awarded.v1', 'grant.withdrawn.v1')
GROUP BY 1, 2
"""


async def check_clearings(connection: AsyncConnection, report: VerifyReport) -> None:
    """Make the register anew from its journal; compare it with the tables, and its sums with the bookings."""
    try:
        register = await from_journal(connection, partial(_check_set_off, report))
    except Unfounded as error:
        report.problem("clearing", f"journal {JOURNAL}", "events that follow from each other", error)
        return
    report.clearings += len(register.rows[clearings])
    _compare(register, await from_tables(connection), report)
    standing = [row for row in register.of(clearings) if row["status"] != "withdrawn"]
    by_region: dict[str, list[Row]] = {}
    for row in sorted(standing, key=lambda row: row["number"]):
        by_region.setdefault(row["region"], []).append(row)
    for history in by_region.values():
        _check_ranges(history, report)
    try:
        lines, parts = _by_clearing(register, clearing_lines), _by_clearing(register, clearing_parts)
        for row in standing:
            clearing_id = row["clearing_id"]
            await check_lines(connection, row, lines[clearing_id], parts[clearing_id], report)
            _check_repaid(register, clearing_id, lines[clearing_id], report)
        await _check_totals(connection, register, by_region, report)
    except Unreadable as error:
        report.problem("clearing", f"journal {REFUNDS}", "refunds of premiums that can be read", error)
    await _check_advances(connection, register, report)
    for paid in register.of(clearing_payments, status="paid"):
        payer = Who(paid["paid_by"], paid["paid_login"])
        if paid["returned_by"] is not None and payer.is_same(Who(paid["returned_by"], paid["returned_login"])):
            where = f"{paid['clearing_id']}, {paid['payee_kind']} {paid['payee']}"
            report.problem("clearing", where, "payment by another person than noted its return", _login(payer))
    for owed in register.of(receivables):
        if outstanding(owed) < 0:
            where = f"receivable {owed['receivable_id']}"
            report.problem(
                "clearing", where, f"at most {yuan(owed['amount'])}", yuan(owed["settled"] + owed["set_off"])
            )


def _compare(register: Register, found: Register, report: VerifyReport) -> None:
    for table, key in register.differing(found):
        expected, there = register.rows[table].get(key), found.rows[table].get(key)
        where = f"{table.name} {' '.join(map(str, key))}"
        report.problem("clearing", where, _differing(expected, there), _differing(there, expected))


def _differing(row: Row | None, other: Row | None) -> str:
    if row is None:
        return "none"
    return ", ".join(f"{name} {value}" for name, value in row.items() if other is None or other[name] != value)


def _check_ranges(history: list[Row], report: VerifyReport) -> None:
    """Each clearing of a region begins where the one before ended."""
    ended: dict[str, int] = {}
    for row in history:
        approver = Who(row["approved_by"] or "", row["approved_login"])
        if row["approved_by"] is not None and approver.is_same(drafter(row)):
            report.problem("clearing", row["clearing_id"], "approval by another person", _login(approver))
        for journal in sorted(ended.keys() | row["ranges"].keys()):
            begun, to = row["ranges"].get(journal, (None, None))
            if begun != ended.get(journal, 0) or to < begun:
                where = f"{row['clearing_id']}, journal {journal}"
                report.problem("clearing", where, f"from {ended.get(journal, 0)} on", f"from {begun} to {to}")
        ended |= {journal: to for journal, (_, to) in row["ranges"].items()}


def _by_clearing(register: Register, table: Table) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in register.of(table):
        found[row["clearing_id"]].append(row)
    return found


def _check_set_off(report: VerifyReport, register: Register, type_: str, data: Mapping[str, Any]) -> None:
    """A draft sets off what its payees owed the region before it, no more and no less."""
    if type_ != CLEARING_DRAFTED:
        return
    owed = register.of(receivables, region=data["region"], stands=True)
    expected, found = (
        {(each["receivable_id"], each["payee_kind"], each["payee"]): each["amount"] for each in entries}
        for entries in (set_off(owed, balances(data["lines"])), data["set_off"])
    )
    if expected != found or len(found) != len(data["set_off"]):
        report.problem("clearing", f"{data['clearing_id']}, set off", _amounts(expected), _amounts(found))


def _check_repaid(register: Register, clearing_id: str, lines: Iterable[Row], report: VerifyReport) -> None:
    """What repays advances is at most what a line brings, and goes to the parties that the events name."""
    repaid: dict[tuple[str, str, str], int] = {}
    for line in lines:
        if line["repaid"]:
            repaid[line["payee_kind"], line["payee"], line["fund"]] = line["repaid"]
            if payable(line) < 0:
                where = f"{clearing_id}, {line['payee_kind']} {line['payee']}, fund {line['fund']}"
                brought = yuan(payable(line) + line["repaid"])
                report.problem("clearing", where, f"at most {brought} repaid", yuan(line["repaid"]))
    named: dict[tuple[str, str, str], int] = {}
    for each in register.of(advance_repayments, clearing_id=clearing_id):
        for key, amount in (
            (("person", each["person_id"], each["fund"]), each["amount"]),
            (("emergency_fund", each["region"], each["fund"]), -each["amount"]),
        ):
            named[key] = named.get(key, 0) + amount
    if named != repaid:
        report.problem("clearing", f"{clearing_id}, advances repaid", _amounts(named), _amounts(repaid))


async def _check_totals(
    connection: AsyncConnection, register: Register, by_region: Mapping[str, list[Row]], report: VerifyReport
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
    refunds_upto = {region: to for region, journal, to in upto if journal == REFUNDS}
    async for refund in load_refunds(connection, 0, max(refunds_upto.values(), default=0)):
        if refund.number <= refunds_upto.get(refund.region, 0):
            booked[refund.region] = booked.get(refund.region, 0) + refund.amount
    for region, history in by_region.items():
        cleared = sum(
            line["settled"] + line["adjusted"] + line["audit"]
            for row in history
            for line in register.of(clearing_lines, clearing_id=row["clearing_id"])
        )
        if cleared != booked.get(region, 0):
            where = f"region {region}, all clearings"
            report.problem("clearing", where, yuan(booked.get(region, 0)), yuan(cleared))


def _ends(by_region: Mapping[str, list[Row]]) -> Iterator[tuple[str, str, int]]:
    for region, history in by_region.items():
        for journal, (_, to) in history[-1]["ranges"].items():
            yield region, journal, to


async def _check_advances(connection: AsyncConnection, register: Register, report: VerifyReport) -> None:
    repaid: dict[tuple[str, str], int] = {}
    for each in (*register.of(advance_repayments), *register.of(advance_receipts)):
        key = each["region"], each["advance_id"]
        repaid[key] = repaid.get(key, 0) + each["amount"]
    issued = {(advance.region, advance.advance_id): advance.amount for advance in await load_advances(connection)}
    for key, amount in sorted(repaid.items()):
        if amount > issued.get(key, 0):
            where = f"advance {key[1]} of bureau/{key[0]}"
            report.problem("clearing", where, f"at most {yuan(issued.get(key, 0))} repaid", yuan(amount))


def _login(who: Who) -> str:
    return who.actor if who.login is None else f"{who.actor}, login {who.login}"


def _amounts(amounts: Mapping[tuple[str, str, str], Any]) -> str:
    return ", ".join(f"{' '.join(key)} {yuan(amount)}" for key, amount in sorted(amounts.items())) or "none"
