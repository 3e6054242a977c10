"""What the ledger's own seals saw is still there."""

from sqlalchemy.ext.asyncio import AsyncConnection

from processors.delivery.names import SEAL_JOURNAL as JOURNAL
from processors.proof.seals import SealedHeads, broken, root_of, seals
from processors.proof.verification.report import VerifyReport


async def check_seals(connection: AsyncConnection, report: VerifyReport) -> None:
    """Hold every seal in the ledger against the journals as they are.

    It shows a journal cut short or chained anew by somebody that left the seals alone; only a seal kept elsewhere
    (``claims seal --check``) shows what was done to them too.
    """
    async for number, data in seals(connection):
        report.seals += 1
        where = f"journal {JOURNAL}, entry {number}"
        try:
            kept = SealedHeads.model_validate_json(data)
        except ValueError:
            report.problem("seal", where, "entries that can be read", "unreadable")
            continue
        heads = kept.journals
        if root_of(heads) != kept.root:
            report.problem("seal", where, f"root {root_of(heads)}", f"root {kept.root}")
        for gone in await broken(connection, heads):
            place = f"{where}: journal {gone.journal}, entry {gone.number}"
            report.problem("seal", place, f"hash {gone.expected}", f"hash {gone.found}" if gone.found else "no entry")
