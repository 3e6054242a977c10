"""A round's servers, proxies, workers and source, and the books that its lines come to undisturbed."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import asyncpg

from infra.demo import county, line_bytes
from infra.embedded.nats import NatsServer
from infra.embedded.postgres import PostgresServer
from infra.postgres.engine import migrate
from tests.faults.chaos_round import PARTITIONS, ChaosRound
from tests.faults.disk import mount_disk, unmount_disk
from tests.faults.given import FinalBooks, Given, settle_undisturbed, source
from tests.faults.proxy import proxy_of
from tests.faults.restarts import RestartedServers
from tests.faults.supervised import Supervised

PERSONS, INPATIENT = 900, 675
DISK_MB = 700


@asynccontextmanager
async def players(seed: int, folder: Path, log: Callable[[str], None]) -> AsyncIterator[tuple[ChaosRound, FinalBooks]]:
    """Everybody in place, and the books that the lines come to undisturbed."""
    lines = [line_bytes(line) for line in county(seed, persons=PERSONS, inpatient=INPATIENT)]
    async with AsyncExitStack() as stack:
        disk = folder / "disk"
        refused = mount_disk(disk, DISK_MB)
        if refused:
            log(f"no fault disk_full: a small file system can't be mounted here ({refused})")
        else:
            stack.callback(unmount_disk, disk)
        database = PostgresServer(disk / "postgres")
        database_url = await database.start()
        broker = NatsServer(folder / "nats")
        servers = RestartedServers(folder, database, database_url, broker, await broker.start())
        stack.push_async_callback(database.stop)
        stack.push_async_callback(lambda: servers.broker.stop())
        expected = await undisturbed_books(database_url, lines, folder)
        to_database = await stack.enter_async_context(proxy_of(database_url))
        to_nats = await stack.enter_async_context(proxy_of(servers.nats_url))
        near = Given(database_url, servers.nats_url, {"CLAIMS_PARTITIONS": f"{PARTITIONS}"})
        far = Given(to_database.url(database_url), to_nats.url(servers.nats_url), near.more)
        # each wants a third of the lanes at once and takes what else is free later
        workers = [
            await stack.enter_async_context(Supervised.started(given, folder / f"worker{number}.log", number))
            for number, given in enumerate((far, near), start=1)
        ]
        sender = await stack.enter_async_context(source(servers.nats_url))
        small = None if refused else disk
        yield ChaosRound(Random(seed), lines, servers, workers, to_database, to_nats, sender, small), expected


async def undisturbed_books(database_url: str, lines: list[bytes], folder: Path) -> FinalBooks:
    connection = await asyncpg.connect(database_url, ssl=False)
    await connection.execute("CREATE DATABASE undisturbed")
    url = urlsplit(database_url)._replace(path="/undisturbed").geturl()
    apart = folder / "undisturbed"
    apart.mkdir(mode=0o711)
    try:
        await migrate(url)
        return await settle_undisturbed(url, lines, apart)
    finally:
        await connection.execute("DROP DATABASE undisturbed WITH (FORCE)")
        await connection.close()
