"""Checks supervision's work: its tables are what its journal says, two persons took what takes two."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import BLACKLIST_APPROVED, CASE_DECIDED, CASE_RETURNED, MEASURE_PAYMENT_REVERSED
from processors.delivery.names import CASES_JOURNAL
from processors.offices.journal import read_journal
from processors.offices.operators import Operator
from processors.proof.verification.held_payments import DecidedHolds
from processors.proof.verification.report import VerifyReport
from projections.case_register import CaseRegister
from projections.cases import Case


async def check_cases(connection: AsyncConnection, report: VerifyReport) -> None:
    """Make cases, measures, inspections and the blacklist anew from their journal and compare them."""
    try:
        steps = await read_journal(connection, CASES_JOURNAL, _Steps(report))
        expected, found = steps.register, CaseRegister()
        await found.load(connection)
    except ValueError as error:
        report.problem("case", f"journal {CASES_JOURNAL}", "events and rows that can be read", error)
        return
    for mine, theirs in zip(expected.tables, found.tables, strict=True):
        for key in mine.differing(theirs):
            report.problem("case", key, "a row as its journal says", "another row")
    await steps.holds.check(connection, report)


_DECIDED = "a decision by another person than proposed it"
_RETURNED = "a return by another person than proposed it"


class _Steps:
    """Makes the register, and looks before each step that takes another person who took those before it."""

    def __init__(self, report: VerifyReport) -> None:
        self.register = CaseRegister()
        self.holds = DecidedHolds()
        self._report = report

    def apply(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        """Look at an event, then apply it."""
        who = Operator.of(data)
        for first, what in self._first(type_, data):
            if who.is_same(first):
                where = f"entry {number} of journal {CASES_JOURNAL}"
                self._report.problem("case", where, what, who.actor)
        self.holds.apply(self.register, type_, at, data)
        self.register.apply(type_, number, at, data)

    def _check_day(self, type_: str, case: Case, data: Mapping[str, Any]) -> None:
        """No decision comes before its proposal; proposals of before state no day."""
        if type_ == CASE_DECIDED and case.proposed_on is not None and data["decided_on"] < str(case.proposed_on):
            where = f"decision of case {case.case_id}"
            self._report.problem("case", where, f"no day before {case.proposed_on}", data["decided_on"])

    def _first(self, type_: str, data: Mapping[str, Any]) -> Iterator[tuple[Operator, str]]:
        """Who must not take a step, and by whom else it is to be taken."""
        register = self.register
        if type_ in (CASE_DECIDED, CASE_RETURNED):
            case = register.cases.get(data["case_id"])
            if case is not None:
                proposer = Operator(case.proposed_by or "", case.proposed_login)
                yield proposer, _DECIDED if type_ == CASE_DECIDED else _RETURNED
                self._check_day(type_, case, data)
        if type_ == CASE_DECIDED:
            for found in filter(None, map(register.findings.get, data["findings"])):
                noted = Operator(found.noted_by, found.noted_login)
                yield noted, "a decision by another person than noted the finding"
            for meant in filter(None, map(register.measures.get, data["measures"])):
                added = Operator(meant.proposed_by, meant.proposed_login)
                yield added, "a decision by another person than added the measure"
        if type_ == MEASURE_PAYMENT_REVERSED:
            measure = register.measures.get(data["measure_id"])
            for paid in measure.payments if measure is not None else ():
                if paid.reference == data["reference"]:
                    yield Operator(paid.actor, paid.login), "a reversal by another person than noted the payment"
        if type_ == BLACKLIST_APPROVED:
            entry = register.blacklist.get(data["entry_id"])
            if entry is not None:
                by = (entry.entered_by, entry.entered_login)
                removed_by = (entry.removal_entered_by, entry.removal_entered_login)
                first = removed_by if data["step"] == "removal" else by
                yield Operator(first[0] or "", first[1]), "approval by another person than entered it"
