"""Looks at persons on the command line, recorded as the console records its own."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.output import note
from processors.access_log.journal import Look, record_look
from processors.offices.operators import login_of

_MAY_WRITE = text("SELECT has_table_privilege('ledger.entries', 'INSERT') AND NOT pg_is_in_recovery()")


async def looked(engine: AsyncEngine, person_id: str, page: str, reason: str | None = None) -> None:
    """Record that this login looks at a person; call it once the person was found, and before anything is shown.

    ``page`` is a name of ``infra.words.looks``. Who may only read the ledger cannot write there, and could read all of
    it by SQL as well: such a login is told that nothing was recorded, and where it would be.
    """
    async with engine.connect() as connection:
        login, is_owner = await login_of(connection)
        may_write = (await connection.execute(_MAY_WRITE)).scalar_one()
    if may_write:
        await record_look(engine, Look(login, person_id, page, is_owner, reason=reason))
    else:
        note(
            f"登录 {login} 只读账本，这次查阅没有记录；在控制台查阅会记录。"
            f"{login} may only read the ledger: this look is not recorded, one in the console is"
        )
