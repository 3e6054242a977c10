"""An engine on an empty database, and the processors over it."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.metadata import metadata
from infra.postgres.engine import connect
from infra.servers import Endpoints
from tests.conftest import cloned, database_url
from tests.integration.backups import BackedUpLedger
from tests.ledger import Books


async def _emptied(engine: AsyncEngine) -> AsyncEngine:
    """Deletes what a test left: a tenth of the time that a new database takes."""
    async with engine.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)
        # in one round trip, past the triggers that keep the ledger append only
        deleted = (f"DELETE FROM {name}" for name in metadata.tables)
        await driver.execute("; ".join(["SET LOCAL session_replication_role = replica", *deleted]))
    return engine


async def _new_engine(endpoints: Endpoints, template: str) -> AsyncIterator[AsyncEngine]:
    async with cloned(endpoints, template) as url:
        connected = connect(url, pool_size=2)
        yield connected
        await connected.dispose()


@pytest.fixture(scope="session")
async def shared_engine(endpoints: Endpoints, template_database: str) -> AsyncIterator[AsyncEngine]:
    async for engine in _new_engine(endpoints, template_database):
        yield engine


@pytest.fixture(scope="session")
async def second_shared_engine(endpoints: Endpoints, template_database: str) -> AsyncIterator[AsyncEngine]:
    async for engine in _new_engine(endpoints, template_database):
        yield engine


@pytest.fixture
async def engine(shared_engine: AsyncEngine) -> AsyncEngine:
    return await _emptied(shared_engine)


@pytest.fixture
async def second_engine(second_shared_engine: AsyncEngine) -> AsyncEngine:
    """Another empty database, to hold the first one's books against."""
    return await _emptied(second_shared_engine)


@pytest.fixture
async def books(engine: AsyncEngine) -> Books:
    return await Books.open(engine)


@pytest.fixture
def ledger(database: str, nats_url: str, server_folder: Path) -> BackedUpLedger:
    return BackedUpLedger(database, nats_url, server_folder)


@pytest.fixture
async def url(endpoints: Endpoints) -> AsyncIterator[str]:
    """An empty database, never migrated."""
    name = f"test_{uuid.uuid4().hex}"
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute(f"CREATE DATABASE {name}")
    yield database_url(endpoints, name)
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@pytest.fixture
async def database_engine(url: str) -> AsyncIterator[AsyncEngine]:
    """Connected to the database of ``url``."""
    engine = connect(url, pool_size=2)
    yield engine
    await engine.dispose()
