"""A county's events, and the books of a run that nothing disturbed."""

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from infra.demo import county, line_bytes
from infra.servers import Endpoints
from tests.conftest import database_url
from tests.faults.harness import Books, settle_undisturbed
from tests.program import Dump


@dataclass(frozen=True)
class Undisturbed:
    """The lines, and what they come to."""

    lines: list[bytes]
    books: Books

    @property
    def first_discharge(self) -> int:
        """How many lines come before: half of them, and none gives a layer anything to do."""
        return next(number for number, line in enumerate(self.lines) if b'"discharge.recorded' in line)

    @property
    def dump(self) -> Dump:
        return self.books.dump


@pytest.fixture(scope="session")
async def undisturbed(endpoints: Endpoints, template_database: str) -> AsyncIterator[Undisturbed]:
    """Some 2,000 events with late facts, reversals, repeats and refusals."""
    lines = [line_bytes(line) for line in county(7, persons=480, inpatient=360)]
    name = f"test_{uuid.uuid4().hex}"
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
    with tempfile.TemporaryDirectory(prefix="claims-undisturbed-") as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o711)
        books = await settle_undisturbed(database_url(endpoints, name), lines, Path(folder))
    yield Undisturbed(lines, books)
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()
