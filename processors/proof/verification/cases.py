"""Checks supervision's work: its tables are what its journal says, two persons took what takes two."""

from sqlalchemy.ext.asyncio import AsyncConnection

from processors.cases.journal import register_from_journal
from processors.clearing.operators import Operator
from processors.delivery.names import CASES_JOURNAL
from processors.proof.verification.report import VerifyReport
from projections.case_register import CaseRegister


async def check_cases(connection: AsyncConnection, report: VerifyReport) -> None:
    """Make cases, measures, inspections and the blacklist anew from their journal and compare them."""
    try:
        expected, found = await register_from_journal(connection), CaseRegister()
        await found.load(connection)
    except ValueError as error:
        report.problem("case", f"journal {CASES_JOURNAL}", "events and rows that can be read", error)
        return
    for mine, theirs in zip(expected.tables, found.tables, strict=True):
        for key in mine.differing(theirs):
            report.problem("case", key, "a row as its journal says", "another row")
    _check_persons(expected, report)


def _check_persons(register: CaseRegister, report: VerifyReport) -> None:
    for case in register.cases:
        proposer = Operator(case.proposed_by or "", case.proposed_login)
        if case.status in ("decided", "closed") and proposer.is_same(
            Operator(case.decided_by or "", case.decided_login)
        ):
            report.problem(
                "case", f"case {case.case_id}", "a decision by another person than proposed it", case.decided_by
            )
    for entry in register.blacklist:
        pairs = (
            (entry.entered_by, entry.entered_login, entry.approved_by, entry.approved_login),
            (
                *(entry.removal_entered_by, entry.removal_entered_login),
                *(entry.removal_approved_by, entry.removal_approved_login),
            ),
        )
        for by, login, approver, its_login in pairs:
            if approver is not None and Operator(by or "", login).is_same(Operator(approver, its_login)):
                report.problem(
                    "case", f"entry {entry.entry_id}", "approval by another person than entered it", approver
                )
