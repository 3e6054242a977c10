"""Who takes a step of an office, and when two steps need two persons.

Persons are told apart by the id that they type, and by the login of the database where a login belongs to one person.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.offices.refusal import StepRefused
from projections.signatures import login_told

_LOGIN = text(
    "SELECT session_user::text, pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()"
)


async def login_of(connection: AsyncConnection) -> tuple[str, bool]:
    """The login of the database under which a step is taken, and whether it owns the database."""
    login, owner = (await connection.execute(_LOGIN)).one()
    return login, login == owner


class Operator(NamedTuple):
    """Who took a step: the id that was typed, and the login of the database.

    ``login`` is None for the database's owner: everybody who runs the program may work under that login.
    """

    actor: str
    login: str | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Operator":
        """Who took the step that an event tells."""
        return cls(data["actor"], login_told(data))

    def is_same(self, other: "Operator") -> bool:
        """Whether one person may have taken both steps."""
        return self.actor.casefold() == other.actor.casefold() or self._shares_login(other)

    def must_differ(self, first: "Operator", did: str, must: str) -> None:
        """Refuse a second step by the person of the first; ``did`` and ``must`` name the steps in the message.

        Raises ``StepRefused`` where one person may have taken both.
        """
        if self.actor.casefold() == first.actor.casefold():
            raise StepRefused(
                f"{self.actor} 已办理前一步，这一步须由另一人办理。{self.actor} {did}: another person must {must}"
            )
        if self._shares_login(first):
            raise StepRefused(
                f"数据库登录 {self.login} 已以 {first.actor} 之名办理前一步，这一步须由另一人用自己的登录办理。"
                f"login {self.login} {did}, as {first.actor}: another person must {must}, under a login of his own"
            )

    def _shares_login(self, other: "Operator") -> bool:
        return self.login is not None and self.login == other.login
