"""Where PostgreSQL and NATS are for this command: given from outside, our own, or those of a running `claims`."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.directory import DirectoryInUse, Owner, claim_directory
from infra.embedded.keeper import kept_running
from infra.embedded.nats import NatsServer
from infra.embedded.postgres import PostgresServer
from infra.embedded.process import ServerError


@dataclass(frozen=True)
class Endpoints:
    """`nats_url` is empty when NATS was not asked for; `owned` is true when this process runs the servers."""

    database_url: str
    nats_url: str
    owned: bool


@asynccontextmanager
async def servers(
    data_dir: Path,
    *,
    command: str,
    external: tuple[str, str] | None = None,
    share_with: frozenset[str] = frozenset(),
    nats: bool = True,
) -> AsyncIterator[Endpoints]:
    """Yield the endpoints for `command`; servers started here stop at the end, and with this process however it ends.

    `external` (database URL, NATS URL) wins over the data directory. Call from the main thread.
    Raises DirectoryInUse when another process owns `data_dir` and its command is not in `share_with`; ServerError when
    a server can't be started.
    """
    if external is not None:
        if nats and not external[1]:
            raise ServerError(
                "只设了 CLAIMS_DATABASE_URL，还须设 CLAIMS_NATS_URL。"
                "CLAIMS_DATABASE_URL is set and CLAIMS_NATS_URL is not: this command needs both"
            )
        yield Endpoints(database_url=external[0], nats_url=external[1], owned=False)
        return
    directory = await claim_directory(data_dir, command=command, share_with=share_with)
    if isinstance(directory, Owner):
        if nats and not directory.nats_url:
            raise DirectoryInUse(f"{data_dir} is in use by `claims {directory.command}`, which runs no NATS")
        yield Endpoints(directory.database_url, directory.nats_url, owned=False)
        return
    async with AsyncExitStack() as stack:
        stack.callback(directory.release)
        # The servers hold the lock too: after a kill -9 of this process no other starts before they are gone.
        postgres = PostgresServer(directory.path / "postgres", keep_fds=(directory.lock_fd,))
        stack.push_async_callback(postgres.stop)
        database_url = await postgres.start()
        nats_url, broker = "", None
        if nats:
            broker = NatsServer(directory.path / "nats", keep_fds=(directory.lock_fd,))
            stack.push_async_callback(broker.stop)
            nats_url = await broker.start()
        directory.announce(database_url=database_url, nats_url=nats_url)
        stack.callback(directory.withdraw)
        await stack.enter_async_context(kept_running(directory.path, postgres, broker, nats_url))
        yield Endpoints(database_url, nats_url, owned=True)
