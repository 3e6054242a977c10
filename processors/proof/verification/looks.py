"""Checks that every event of journal access.0 says who looked at whom, on which page."""

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import PERSON_LOOKED_UP
from events.store.journal import entries
from processors.access_log.journal import Look
from processors.delivery.names import ACCESS_JOURNAL
from processors.proof.verification.report import VerifyReport

_LOOKS = msgspec.json.Decoder(Look)


async def check_looks(connection: AsyncConnection, report: VerifyReport) -> None:
    """Read each event, and name those that do not say it."""
    rows = await connection.stream(
        select(entries.c.number, entries.c.type, entries.c.data)
        .where(entries.c.journal == ACCESS_JOURNAL)
        .order_by(entries.c.number)
    )
    async for row in rows:
        where = f"journal {ACCESS_JOURNAL}, entry {row.number}"
        if row.type != PERSON_LOOKED_UP:
            report.problem("access", where, PERSON_LOOKED_UP, row.type)
            continue
        try:
            look = _LOOKS.decode(bytes(row.data))
        except msgspec.MsgspecError as error:
            report.problem("access", where, "a look that can be read", error)
            continue
        if not (look.login and look.person_id and look.page):
            report.problem("access", where, "a look that can be read", "a login, person or page that is empty")
