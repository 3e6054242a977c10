"""Checks that each reversal of clearing takes back, by another person, what was noted, and once."""

from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from processors.clearing.movements import REVERSALS, Movement, load_movements, load_reversals
from processors.proof.verification.report import VerifyReport


async def check_reversals(connection: AsyncConnection, report: VerifyReport) -> None:
    """Hold every reversal of a payment, return, receipt or repayment against the entry that it names."""
    noted: dict[tuple[str, int, str, str], Movement] = {}
    for each in await load_movements(connection, REVERSALS):
        noted[REVERSALS[each.type], each.entry, each.payee_kind, each.payee] = each
    for reversal in await load_reversals(connection):
        where = f"entry {reversal.entry} of journal clearing.0, which takes back entry {reversal.reverses}"
        # taken out: a second reversal of the same entry finds nothing
        mistaken = noted.pop((reversal.type, reversal.reverses, reversal.payee_kind, reversal.payee), None)
        if mistaken is None or mistaken.entry > reversal.entry:
            report.problem("clearing", where, "an entry that stands", "none")
        elif mistaken.amount != reversal.amount:
            report.problem("clearing", where, yuan(mistaken.amount), yuan(reversal.amount))
        elif mistaken.operator.is_same(reversal.operator):
            report.problem("clearing", where, "another person than noted it", reversal.operator.actor)
