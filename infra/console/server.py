"""Serves the console over HTTP until it is asked to end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from sqlalchemy import text

from infra.console.address import ANYWHERE, Address, ListenError, WrongLogin
from infra.console.application import console, console_state
from infra.console.state import ConsoleState
from infra.settings import Settings
from processors.offices.operators import login_of

GRACE_S = 5
"""How long requests that are under way may last once the console is asked to end."""

KEEP_ALIVE_S = 75
"""How long an idle connection stays open: longer than a browser's pool or a proxy (60 s) holds one, so that it is the
client that closes. A server that closes first may do so under a request that is on its way, which then has no answer.
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A console that answers; ``link`` signs the owner in, once, where it serves embedded servers."""

    url: str
    link: str | None
    state: ConsoleState

    def json(self) -> dict[str, str | None]:
        """As a program reads it."""
        return {"url": self.url, "link": self.link}


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command, which ends other things besides."""
        yield


@asynccontextmanager
async def serving(
    database_url: str, nats_url: str, settings: Settings, address: Address, host_names: frozenset[str] = frozenset()
) -> AsyncIterator[Running]:
    """The console at work within the block. Raises ``ListenError``, ``WrongLogin``."""
    listener = address.bound()
    state = console_state(database_url, nats_url, settings)
    try:
        await _require_writer(state)
    except BaseException:
        listener.close()
        await state.engine.dispose()
        raise
    app = console(state, address.host_names(host_names))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # addresses name persons, if only by pseudonyms
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                await task
                raise ListenError("控制台没有启动。The console did not start")
            await asyncio.sleep(0.01)
        url = f"http://{_shown_host(address.host)}:{listener.getsockname()[1]}"
        link = f"{url}/session/link/{state.links.make()}" if settings.external is None else None
        yield Running(url, link, state)
    finally:
        server.should_exit = True
        await task
        listener.close()


def _shown_host(host: str) -> str:
    if host in ANYWHERE:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


async def _require_writer(state: ConsoleState) -> None:
    """What the console records about looks at persons, it writes under the program's own login."""
    async with state.engine.connect() as connection:
        login, is_owner = await login_of(connection)
        member = text("SELECT pg_has_role(session_user, 'ledger_writer', 'USAGE')")
        if is_owner or (await connection.execute(member)).scalar_one():
            return
    raise WrongLogin(
        f"登录 {login} 不能写查阅记录，控制台须用 ledger_writer 或数据库所有者的登录运行。login {login} may not write "
        "the record of looks: run the console under a login of ledger_writer, or as the owner of the database"
    )
