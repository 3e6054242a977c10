"""The login of the database under which a program serves HTTP."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.http.address import WrongLogin
from processors.offices.operators import login_of


async def require_program_login(engine: AsyncEngine, group: str, refused: str) -> None:
    """Raise ``WrongLogin`` unless the login owns the database or is of a group; ``refused`` names it by ``{login}``."""
    async with engine.connect() as connection:
        login, is_owner = await login_of(connection)
        member = text("SELECT pg_has_role(session_user, :group, 'USAGE')")
        if is_owner or (await connection.execute(member, {"group": group})).scalar_one():
            return
    raise WrongLogin(refused.format(login=login))
