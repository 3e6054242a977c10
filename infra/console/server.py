"""Serves the console over HTTP until it is asked to end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from infra.console.application import console, console_state
from infra.console.state import ConsoleState
from infra.http.address import Address
from infra.http.program_login import require_program_login
from infra.http.server import listening
from infra.settings import Settings

GRACE_S = 5
"""How long requests that are under way may last once the console is asked to end."""


@dataclass(frozen=True, slots=True)
class Running:
    """A console that answers; ``link`` signs the owner in, once, where it serves embedded servers."""

    url: str
    link: str | None
    state: ConsoleState

    def json(self) -> dict[str, str | None]:
        """As a program reads it."""
        return {"url": self.url, "link": self.link}


_NO_WRITER = (
    "登录 {login} 不能写查阅记录，控制台须用 ledger_writer 或数据库所有者的登录运行。login {login} may not write "
    "the record of looks: run the console under a login of ledger_writer, or as the owner of the database"
)
"""What the console records about looks at persons, it writes under the program's own login."""


@asynccontextmanager
async def serving(
    database_url: str, nats_url: str, settings: Settings, address: Address, host_names: frozenset[str] = frozenset()
) -> AsyncIterator[Running]:
    """The console at work within the block. Raises ``ListenError``, ``WrongLogin``."""
    listener = address.bound()
    state = console_state(database_url, nats_url, settings)
    try:
        await require_program_login(state.engine, "ledger_writer", _NO_WRITER)
    except BaseException:
        listener.close()
        await state.engine.dispose()
        raise
    app = console(state, address.host_names(host_names))
    async with listening(app, listener, address, "控制台没有启动。The console did not start", GRACE_S) as url:
        link = f"{url}/session/link/{state.links.make()}" if settings.external is None else None
        yield Running(url, link, state)
