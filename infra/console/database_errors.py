"""What an error says of the database: that the login has no right, that it is gone, or that nobody answers."""

from typing import Literal

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

Meaning = Literal["no_right", "no_login", "away"]
AWAY_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
"""What is raised where a server does not answer, or ends a connection."""
DATABASE_SAYS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)
"""What nothing but a database raises, of all that may be raised by work that also writes files."""
_AWAY_STATES = ("08", "57", "53")
"""Classes of PostgreSQL's errors: the connection, the operator's intervention, resources."""
_NO_RIGHT = "42501"
_NO_LOGIN = "28"
WORDS: dict[Meaning, str] = {
    "no_right": "本登录无权这样做，数据库不允许，权限见 docs/access.md。The database refuses that to this login",
    "no_login": "本登录已停用，或密码已更换。The login was dropped, or has another password by now",
    "away": (
        "数据库没有应答，请稍候重试；仍不行请联系信息中心。The database does not answer: try again in a moment, then "
        "call the information centre"
    ),
}
"""As it is told to a visitor."""


def meaning(error: Exception) -> Meaning | None:
    """What an error of a database says; None where it is a fault of the program."""
    said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    state = str(getattr(said, "sqlstate", "") or "")
    if state == _NO_RIGHT:
        return "no_right"
    if state.startswith(_NO_LOGIN):
        return "no_login"
    invalid = isinstance(error, DBAPIError) and error.connection_invalidated
    if invalid or not state or state[:2] in _AWAY_STATES or isinstance(said, AWAY_ERRORS):
        return "away"
    return None
