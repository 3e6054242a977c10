"""Logins of the database, each a member of one of the groups that hold the rights (infra/postgres/rights.sql)."""

import re
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.access.passwords import new_password, scram_verifier

OFFICE_GROUPS = ("ledger_writer", "finance_reader", "leader", "investigator", "payee_keeper", "identity_keeper")
"""Groups of persons, who work in the console too."""
GROUPS = (*OFFICE_GROUPS, "gateway")
"""All of them: also those under which a program alone runs."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class LoginError(RuntimeError):
    """The login can't be made, changed or dropped; the message says why."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login, and the group whose rights it has."""

    name: str
    group: str


async def logins(engine: AsyncEngine) -> list[Login]:
    """All logins made here, by name."""
    async with engine.connect() as connection:
        return await _logins(connection)


async def create_login(engine: AsyncEngine, login: Login) -> str:
    """Make a login; returns its password. Raises ``LoginError``."""
    if login.group not in GROUPS:
        known = ", ".join(GROUPS)
        raise LoginError(f"没有角色 {login.group}，可用的有 {known}。{login.group} is no role: those are all")
    if _NAME.fullmatch(login.name) is None or login.name.startswith("pg_"):
        raise LoginError(
            f"登录名 {login.name} 不可用，应以小写字母开头，只含小写字母、数字和 _，最多63个。"
            f"{login.name} is no name of a login: small letters, digits and _, a letter first, up to 63"
        )
    password = new_password()
    async with engine.begin() as connection:
        if await _exists(connection, login.name):
            raise LoginError(
                f"已有登录 {login.name}，换密码用 --rotate。"
                f"there is a role {login.name} already: --rotate gives it a new password"
            )
        verifier = scram_verifier(password)
        # a name can't be a parameter here: it was checked
        await connection.exec_driver_sql(
            f"CREATE ROLE \"{login.name}\" LOGIN PASSWORD '{verifier}' IN ROLE {login.group}"
        )
    return password


async def rotate_login(engine: AsyncEngine, name: str) -> tuple[Login, str]:
    """Give a login a new password; connections made with the old one are ended. Raises ``LoginError``."""
    password = new_password()
    async with engine.begin() as connection:
        login = await _ours(connection, name)
        await connection.exec_driver_sql(f"ALTER ROLE \"{login.name}\" PASSWORD '{scram_verifier(password)}'")
    await _disconnect(engine, login)
    return login, password


async def drop_login(engine: AsyncEngine, name: str) -> Login:
    """Drop a login, disconnecting it. Raises ``LoginError``."""
    async with engine.begin() as connection:
        login = await _ours(connection, name)
        await connection.exec_driver_sql(
            f'ALTER ROLE "{login.name}" NOLOGIN'
        )  # before its sessions end: none may follow
    await _disconnect(engine, login)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f'DROP ROLE "{login.name}"')
    return login


async def _logins(connection: AsyncConnection) -> list[Login]:
    """Superusers, and logins that may make roles, belong to administrators, whatever groups they are in."""
    rows = await connection.execute(
        text(
            "SELECT member.rolname AS name, granted.rolname AS granted FROM pg_auth_members"
            " JOIN pg_roles member ON member.oid = pg_auth_members.member"
            " JOIN pg_roles granted ON granted.oid = pg_auth_members.roleid"
            " WHERE granted.rolname = ANY(:groups) AND NOT member.rolsuper AND NOT member.rolcreaterole"
            " ORDER BY member.rolname"
        ),
        {"groups": list(GROUPS)},
    )
    return [Login(row.name, row.granted) for row in rows]


async def _ours(connection: AsyncConnection, name: str) -> Login:
    for login in await _logins(connection):
        if login.name == name and _NAME.fullmatch(name):
            return login
    raise LoginError(
        f"没有登录 {name}，已有的见 claims access list。there is no login {name} of the roles {', '.join(GROUPS)}"
    )


async def _exists(connection: AsyncConnection, name: str) -> bool:
    found = await connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name})
    return found.first() is not None


async def _disconnect(engine: AsyncEngine, login: Login) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = :name"),
            {"name": login.name},
        )
