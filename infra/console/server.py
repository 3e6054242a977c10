"""Serves the console over HTTP until it is asked to end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from sqlalchemy import text

from infra.console.application import console, console_state
from infra.console.security import LOOPBACK
from infra.console.state import ConsoleState
from infra.settings import Settings
from processors.clearing.operators import login_of

GRACE_S = 5
"""How long requests that are under way may last once the console is asked to end."""
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


class ListenError(RuntimeError):
    """The address can't be listened on; the message says why."""


class WrongLogin(RuntimeError):
    """The program's own login may not write what the console records."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the console listens; port 0 takes a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, listed: str) -> "Address":
        """``127.0.0.1:8700``, ``[::1]:8700`` or ``:8700``. Raises ``ListenError``."""
        host, colon, port = listed.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65_535:
            raise ListenError(f"--listen：“{listed}”应写成 127.0.0.1:8700。{listed}: write HOST:PORT")
        return cls(host.strip("[]"), int(port))

    def bound(self) -> socket.socket:
        """A socket that listens here. Raises ``ListenError``."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(256)
        except OSError as error:
            listener.close()
            raise ListenError(
                f"不能在 {self.host}:{self.port} 监听（{error.strerror}），请用 --listen 换一个。"
                f"can't listen on {self.host}:{self.port}: {error.strerror}; choose another by --listen"
            ) from None
        return listener

    def host_names(self, more: frozenset[str]) -> frozenset[str]:
        """The names by which browsers may ask for it."""
        own = frozenset() if self.host in _ANYWHERE else frozenset({self.host})
        return LOOPBACK | own | frozenset(name.casefold() for name in more)


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
    if host in _ANYWHERE:
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
