"""Who is signed in: a login of the database, whose own connections the session works on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, func, make_url, text, true
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from events.store.journal import database_time
from infra.access.logins import OFFICE_GROUPS
from infra.console.errors import FieldTrouble, Unprocessable
from infra.console.permissions import Permission, permissions_of
from infra.console.submissions import Submissions
from infra.postgres.engine import connect
from processors.offices.operators import login_of

LONGEST_LOGIN, LONGEST_PASSWORD = 63, 1_000
_MEMBER = text(
    "SELECT name FROM unnest(CAST(:groups AS text[])) AS name WHERE pg_has_role(session_user, name, 'USAGE')"
)


class SignInRefused(Exception):
    """PostgreSQL does not know the login, or its password is another."""


class LoginWithoutGroup(Exception):
    """The login is in none of the groups that hold the ledger's rights."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an investigator looks for: a case, or a reason in his words, or both."""

    case_id: str | None
    reason: str | None

    def text(self) -> str:
        """As it is shown."""
        return " ".join(filter(None, (self.case_id and f"案件 {self.case_id}", self.reason)))


@dataclass(eq=False)
class Visitor:
    """A session's login; ``engine`` makes connections under it, so that journals name it.

    ``is_owner``: the login owns the database, so that several persons may work under it, and a step asks who takes it.
    ``engine_of_its_own`` makes another one, for work that goes on when the session has ended; whoever asks disposes it.
    ``csrf`` stands in every form of the session. ``purpose`` is what an investigator looks for now. ``notices`` are
    shown on the next page: what a step has done. ``submissions`` are the forms that the session has sent.
    """

    login: str
    is_owner: bool
    groups: frozenset[str]
    engine: AsyncEngine
    engine_of_its_own: Callable[[], AsyncEngine]
    csrf: str
    permissions: frozenset[Permission] = frozenset()
    purpose: Purpose | None = None
    notices: list[str] = field(default_factory=list)
    submissions: Submissions = field(default_factory=Submissions)

    def may(self, permission: Permission) -> bool:
        """Whether a page, an export or a step is open to this login."""
        return permission in self.permissions

    def actor(self, typed: str) -> str:
        """Who takes a step: the login; under the owner's, whoever was typed. Raises ``Unprocessable``."""
        actor = typed.strip() if self.is_owner else self.login
        if not actor or len(actor) > LONGEST_LOGIN or not actor.isprintable():
            raise Unprocessable(FieldTrouble("经办人", "须填写，最多63个字", "who takes the step: up to 63 characters"))
        return actor

    def took(self, actor: str | None) -> bool:
        """Whether this login took a step, so that a second person's is not offered; the owner's may be anybody's."""
        return not self.is_owner and actor is not None and actor.casefold() == self.login.casefold()

    def is_others(self, actor: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition in SQL that somebody else took a step, as ``took`` tells it."""
        return true() if self.is_owner else func.lower(actor) != self.login.lower()

    async def require_login(self) -> None:
        """Ask the database whether the login is good still, before something is shown that is not read from there.

        Raises what a connection raises where it was dropped, or has another password.
        """
        async with self.engine.connect():
            pass

    async def today(self) -> date:
        """The county's day, by the database's clock."""
        async with self.engine.connect() as connection:
            return (await database_time(connection)).astimezone(COUNTY_TIME).date()


async def open_visitor(database_url: str, csrf: str, credentials: tuple[str, str] | None = None) -> Visitor:
    """Connect as a login and password, or as the program's own login where no credentials are given.

    Raises ``SignInRefused``; ``LoginWithoutGroup``; what a connection raises where the server is away.
    """
    url = make_url(database_url)
    if credentials is not None:
        login, password = credentials
        if not login or not password or "\0" in login + password:  # asyncpg would look for a password elsewhere
            raise SignInRefused
        if len(login) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD:
            raise SignInRefused
        url = url.set(username=login, password=password)
    make = partial(connect, url.render_as_string(hide_password=False), pool_size=1, parallel=False)
    engine = make()
    try:
        return await _visitor(engine, make, csrf)
    except BaseException:
        await engine.dispose()
        raise


async def _visitor(engine: AsyncEngine, make: Callable[[], AsyncEngine], csrf: str) -> Visitor:
    try:
        async with engine.connect() as connection:
            login, is_owner = await login_of(connection)
            groups = frozenset((await connection.execute(_MEMBER, {"groups": list(OFFICE_GROUPS)})).scalars())
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError) as error:
        raise SignInRefused from error
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", "") or "")
        if state.startswith("28") or state == "42501":  # the password is wrong; no right to connect
            raise SignInRefused from error
        raise
    if not groups and not is_owner:
        raise LoginWithoutGroup
    return Visitor(login, is_owner, groups, engine, make, csrf, permissions_of(groups, is_owner=is_owner))
