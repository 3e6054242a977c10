"""One PostgreSQL for the run with a database per test cloned from a migrated template; one nats-server per test."""

import gc
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from infra.embedded.nats import NatsServer
from infra.postgres import engine as schema
from infra.servers import Endpoints, servers
from tests.program import folder_for_servers

pytest.register_assert_rewrite("tests.clearings", "tests.month", "tests.rosters")

TEMPLATE = "template_claims"

gc.disable()  # until all tests are collected: of what that makes nothing goes


def pytest_collection_finish() -> None:
    """The collector looks at what the tests leave behind, and not each time at all tests and modules."""
    gc.collect()
    gc.freeze()
    gc.enable()


# A busy machine is no fault of what is tested: an example may take as long as it takes, to be made and to be tried.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """An empty folder a server run by another user can reach (pytest's own tmp_path is closed to it)."""
    with folder_for_servers() as folder:
        yield folder


@pytest.fixture(scope="session")
async def endpoints() -> AsyncIterator[Endpoints]:
    with folder_for_servers() as folder:
        async with servers(folder, command="pytest", nats=False) as started:
            yield started


def database_url(endpoints: Endpoints, name: str) -> str:
    return urlsplit(endpoints.database_url)._replace(path=f"/{name}").geturl()


async def execute(endpoints: Endpoints, statement: str) -> None:
    connection = await asyncpg.connect(endpoints.database_url, ssl=False)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def cloned(endpoints: Endpoints, template: str, name: str = "") -> AsyncIterator[str]:
    """URL of a copy of a database to which nobody is connected, dropped with whatever is still connected."""
    name = name or f"test_{uuid.uuid4().hex}"
    await execute(endpoints, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")  # a third of wal_log
    try:
        yield database_url(endpoints, name)
    finally:
        await execute(endpoints, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def template_database(endpoints: Endpoints) -> str:
    await execute(endpoints, f"CREATE DATABASE {TEMPLATE}")
    await schema.migrate(database_url(endpoints, TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def database(endpoints: Endpoints, template_database: str) -> AsyncIterator[str]:
    """URL of a fresh migrated database, dropped after the test."""
    async with cloned(endpoints, template_database) as url:
        yield url


@pytest.fixture
async def nats_server(server_folder: Path) -> AsyncIterator[NatsServer]:
    """A nats-server of the test's own, not started: stream names are fixed, so tests can't share one."""
    server = NatsServer(server_folder / "nats")
    yield server
    await server.stop()


@pytest.fixture
async def nats_url(nats_server: NatsServer) -> str:
    return await nats_server.start()
