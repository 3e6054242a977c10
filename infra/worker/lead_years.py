"""A process that looks at benefit years for rules on peers, while the one that started it looks at persons.

Both see one snapshot of the ledger. The first line of stdin says where the ledger is; of each year a line of stdout
says where its leads lie in a file of no name that both have open: a pipe would make it wait for its reader.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import IO

import msgspec
import uvloop
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.embedded.process import die_with_parent
from infra.postgres.engine import connect, database_url_of
from infra.worker.low_priority import StandBack, lower_backends
from processors.supervision.catch_up import CaughtUp, catch_up_leads, go_on
from processors.supervision.context import load_context
from processors.supervision.search import YearLookup, find_in_year, spared_collector
from processors.supervision.years import LoadedYears
from projections.leads import LeadContent

_LEADS = msgspec.json.Decoder(list[LeadContent])


class YearsAssignment(Struct, frozen=True):
    """Where the ledger is, the snapshot to see it by, the years in rising order, and ``waits_s`` of the whole look."""

    database_url: str
    snapshot: str
    years: list[int]
    waits_s: float | None = None


async def look_for_leads(
    engine: AsyncEngine, *, peers: bool = True, anew: bool = False, waits_s: float | None = None
) -> CaughtUp:
    """Look for leads in what is new; of much, with two processes.

    With ``waits_s`` it lets settlement go first: it waits for it so long in all, and its queries have low priority.
    """
    elsewhere = partial(years_elsewhere, database_url_of(engine), waits_s=waits_s)
    stand_back = _letting_go_first(engine, waits_s)
    return await catch_up_leads(engine, peers=peers, anew=anew, elsewhere=elsewhere, stand_back=stand_back)


def _letting_go_first(engine: AsyncEngine, waits_s: float | None) -> StandBack | Callable[[], Awaitable[None]]:
    if waits_s is None:
        return go_on
    lower_backends(engine)
    return StandBack(engine, waits_s)


@asynccontextmanager
async def years_elsewhere(
    database_url: str, snapshot: str, years: Sequence[int], *, waits_s: float | None = None
) -> AsyncIterator[YearLookup]:
    """Let another process look at years while the block runs. Its finder raises ``ChildProcessError``."""
    assignment = YearsAssignment(database_url, snapshot, list(years), waits_s)
    with TemporaryFile() as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", __name__, str(file.fileno())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(file.fileno(),),
        )
        try:
            await _tell(process, assignment)
            yield partial(_found, process, file)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def _tell(process: asyncio.subprocess.Process, assignment: YearsAssignment) -> None:
    if process.stdin is None:
        raise AssertionError("a pipe was asked for")
    process.stdin.write(msgspec.json.encode(assignment) + b"\n")
    process.stdin.close()


async def _found(process: asyncio.subprocess.Process, file: IO[bytes], year: int) -> list[LeadContent]:
    if process.stdout is None:
        raise AssertionError("a pipe was asked for")
    told = (await process.stdout.readline()).split()
    if len(told) != 3:
        _, said = await process.communicate()
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise ChildProcessError(f"the process that looks at years ended with {process.returncode}: {last}")
    of, start, length = map(int, told)
    if of != year:
        raise AssertionError(f"{year} was asked for, and {of} found")
    return _LEADS.decode(os.pread(file.fileno(), length, start))


async def look(assignment: YearsAssignment, file: int) -> None:
    """Look at the years, and say of each what was found."""
    engine = connect(assignment.database_url)
    stand_back = _letting_go_first(engine, assignment.waits_s)
    written = 0
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            # before any other statement: the first one would take a snapshot of its own
            await connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{assignment.snapshot}'")
            known = (await load_context(connection)).context
            loaded = LoadedYears(connection)
            for year in assignment.years:
                await stand_back()
                with spared_collector():
                    found = msgspec.json.encode(await find_in_year(loaded, year, known))
                os.pwrite(file, found, written)
                sys.stdout.write(f"{year} {written} {len(found)}\n")
                sys.stdout.flush()
                written += len(found)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    die_with_parent(signal.SIGKILL, os.getppid())
    uvloop.run(look(msgspec.json.decode(sys.stdin.buffer.readline(), type=YearsAssignment), int(sys.argv[1])))
