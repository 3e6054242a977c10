"""An engine on a fresh database, and the processors over it."""

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import connect
from infra.servers import Endpoints
from tests.conftest import database_url
from tests.ledger import Books


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    connected = connect(database, pool_size=2)
    yield connected
    await connected.dispose()


@pytest.fixture
async def books(engine: AsyncEngine) -> Books:
    return await Books.open(engine)


@pytest.fixture
async def second_engine(endpoints: Endpoints, template_database: str) -> AsyncIterator[AsyncEngine]:
    """Another fresh database, to hold the first one's books against."""
    name = f"test_{uuid.uuid4().hex}"
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
    connected = connect(database_url(endpoints, name), pool_size=2)
    yield connected
    await connected.dispose()
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()
