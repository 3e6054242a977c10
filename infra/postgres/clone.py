"""Makes a database like another: with its owner, locale, rights and settings, which are in no dump of a database."""

from typing import Any

import asyncpg

_LISTS = frozenset(
    (
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    )
)
"""Settings whose value PostgreSQL keeps as a list of quoted names: it is written as it was read, without quoting."""

_DATABASE = """
SELECT pg_encoding_to_char(encoding) AS encoding, datlocprovider, datcollate, datctype, datlocale, datconnlimit,
       pg_get_userbyid(datdba) AS owner, spcname AS tablespace,
       dattablespace = (SELECT dattablespace FROM pg_database WHERE datname = 'template0') AS usual_tablespace
FROM pg_database JOIN pg_tablespace ON pg_tablespace.oid = dattablespace
WHERE datname = $1
"""
_RIGHTS = """
SELECT CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee) END AS grantee, privilege_type, is_grantable
FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
WHERE datname = $1
"""
_MAY = """
SELECT current_user AS login, rolsuper OR rolcreatedb AS may_create, pg_has_role(datdba, 'USAGE') AS owns,
       dattablespace = (SELECT dattablespace FROM pg_database WHERE datname = 'template0')
           OR has_tablespace_privilege(dattablespace, 'CREATE') AS may_use_tablespace,
       pg_get_userbyid(datdba) AS owner, spcname AS tablespace
FROM pg_database JOIN pg_tablespace ON pg_tablespace.oid = dattablespace, pg_roles
WHERE datname = $1 AND rolname = current_user
"""
_SETTINGS = """
SELECT CASE setrole WHEN 0 THEN NULL ELSE pg_get_userbyid(setrole) END AS role, unnest(setconfig) AS setting
FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
WHERE datname = $1
"""


class MayNotReplace(RuntimeError):
    """The login has no right to put another database in the place of this one."""


async def check_may_replace(server: asyncpg.Connection, name: str) -> None:
    """Raise ``MayNotReplace``, which says what an administrator grants, where a login may not replace a database."""
    may = await server.fetchrow(_MAY, name)
    if not may["owns"]:
        lacks = f"be the database's owner: restore as {may['owner']}"
    elif not may["may_create"]:
        lacks = f"create databases: an administrator runs ALTER ROLE {quoted(may['login'])} CREATEDB"
    elif not may["may_use_tablespace"]:
        grant = f"GRANT CREATE ON TABLESPACE {quoted(may['tablespace'])} TO {quoted(may['login'])}"
        lacks = f"use the database's tablespace: an administrator runs {grant}"
    else:
        return
    raise MayNotReplace(
        f"登录 {may['login']} 无权恢复。A restore makes a second database and exchanges the two, so "
        f"{may['login']} must {lacks}"
    )


async def create_clone(server: asyncpg.Connection, name: str, clone: str) -> None:
    """Create an empty database ``clone`` with the locale, owner and connect rights of the database ``name``."""
    like = await server.fetchrow(_DATABASE, name)
    provider = {b"b": "builtin", b"i": "icu", b"c": "libc"}[like["datlocprovider"]]
    options = [
        "TEMPLATE template0",
        f"OWNER {quoted(like['owner'])}",
        f"CONNECTION LIMIT {like['datconnlimit']}",
        f"ENCODING '{like['encoding']}'",
        f"LOCALE_PROVIDER {provider}",
        f"LC_COLLATE {_literal(like['datcollate'])}",
        f"LC_CTYPE {_literal(like['datctype'])}",
    ]
    if not like["usual_tablespace"]:  # to name a tablespace takes a right on it, which an owner need not have
        options.append(f"TABLESPACE {quoted(like['tablespace'])}")
    if like["datlocale"] is not None:
        options.append(f"{provider.upper()}_LOCALE {_literal(like['datlocale'])}")
    await server.execute(f"CREATE DATABASE {quoted(clone)} {' '.join(options)}")
    await server.execute(f"REVOKE ALL ON DATABASE {quoted(clone)} FROM PUBLIC")
    for right in await server.fetch(_RIGHTS, name):
        whom = "PUBLIC" if right["grantee"] is None else quoted(right["grantee"])
        further = " WITH GRANT OPTION" if right["is_grantable"] else ""
        await server.execute(f"GRANT {right['privilege_type']} ON DATABASE {quoted(clone)} TO {whom}{further}")


async def give_settings(server: asyncpg.Connection, name: str, clone: str) -> None:
    """Copy the settings of ``name`` (``ALTER DATABASE … SET``, ``ALTER ROLE … IN DATABASE … SET``) to ``clone``."""
    for row in await server.fetch(_SETTINGS, name):
        await server.execute(_setting(row, clone))


def _setting(row: Any, clone: str) -> str:
    setting, _, value = row["setting"].partition("=")
    of = f"DATABASE {quoted(clone)}"
    if row["role"] is not None:
        of = f"ROLE {quoted(row['role'])} IN {of}"
    parts = ".".join(quoted(part) for part in setting.split("."))
    return f"ALTER {of} SET {parts} TO {value if setting in _LISTS and value else _literal(value)}"


def quoted(name: str) -> str:
    """A name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    # E'' with doubled backslashes means the same under either value of standard_conforming_strings
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
