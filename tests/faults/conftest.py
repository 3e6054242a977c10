"""A county's events, and the books of a run that nothing disturbed."""

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from infra.county import county, line_bytes
from infra.embedded.nats import NatsServer
from infra.servers import Endpoints
from infra.settings import Settings
from infra.settling import settle_files
from tests.conftest import database_url
from tests.program import Dump, dump_of, write_lines


@dataclass(frozen=True)
class Undisturbed:
    """The lines, and what they come to."""

    lines: list[bytes]
    dump: Dump


@pytest.fixture(scope="session")
async def undisturbed(endpoints: Endpoints, template_database: str) -> AsyncIterator[Undisturbed]:
    """Some 4,000 events with late facts, reversals, repeats and refusals."""
    lines = [line_bytes(line) for line in county(7, persons=950, inpatient=712)]
    name = f"test_{uuid.uuid4().hex}"
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
    with tempfile.TemporaryDirectory(prefix="claims-undisturbed-") as folder:
        file = write_lines(Path(folder) / "events.jsonl", lines)
        nats = NatsServer(Path(folder) / "nats")
        await asyncio.to_thread(Path(folder).chmod, 0o711)
        url = database_url(endpoints, name)
        try:
            await settle_files(Endpoints(url, await nats.start(), owned=True), Settings(), [str(file)])
        finally:
            await nats.stop()
    yield Undisturbed(lines, await dump_of(url))
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()
