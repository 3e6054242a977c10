"""A county's events, and the books of a run that nothing disturbed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from infra.demo import county, line_bytes
from infra.servers import Endpoints
from tests.conftest import cloned
from tests.faults.harness import Books, settle_undisturbed
from tests.program import Dump, folder_for_servers


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
    async with cloned(endpoints, template_database) as url:
        with folder_for_servers() as folder:
            books = await settle_undisturbed(url, lines, folder)
        yield Undisturbed(lines, books)
