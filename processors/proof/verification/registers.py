"""Checks that the tables of offices' notes are what journal registers.0 says, and that two persons decided a loan."""

from sqlalchemy.ext.asyncio import AsyncConnection

from processors.delivery.names import REGISTERS_JOURNAL
from processors.offices.operators import Operator
from processors.proof.verification.report import VerifyReport
from processors.registers.journal import notes_from_journal
from projections.office_notes import OfficeNotes


async def check_registers(connection: AsyncConnection, report: VerifyReport) -> None:
    """Make the notes anew from their journal and compare them with the tables."""
    try:
        expected, found = await notes_from_journal(connection), OfficeNotes()
        await found.load_all(connection)
    except ValueError as error:
        report.problem("register", f"journal {REGISTERS_JOURNAL}", "events and rows that can be read", error)
        return
    for key in expected.differing(found):
        report.problem("register", f"entry {' '.join(key)}", expected.told(key), found.told(key))
    for request in expected.requests():
        applicant = Operator(request.applied_by or "", request.applied_login)
        if request.decided_by and applicant.is_same(Operator(request.decided_by, request.decided_login)):
            where = f"advance {request.region} {request.advance_id}"
            report.problem("register", where, "decision by another person than entered it", request.decided_by)
