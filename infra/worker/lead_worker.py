"""A process that looks for leads once and ends; the first line of stdin says where the ledger is.

Rules keep a processor busy, so the lanes' process does not run them, and this one stands back behind all others.
"""

import asyncio
import os
import signal
import sys

import msgspec
import uvloop
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.embedded.process import die_with_parent
from infra.postgres.engine import connect
from infra.worker.lead_years import look_for_leads
from infra.worker.low_priority import StandBack, take_low_priority

WAITS_S = 60.0
"""So long a look that has begun waits for settlement in all: its snapshot keeps the server from clearing old rows, and
the server ends a transaction that is idle for twice as long."""
PUT_OFF_S = 1_800.0
"""So long a look is put off while claims are settling: leads are late by this at most, however much comes in."""


class LeadAssignment(Struct, frozen=True):
    """Where the ledger is, whether the rules on peers run too, and how long in all a look waits for settlement."""

    database_url: str
    peers: bool
    waits_s: float = WAITS_S


async def look(assignment: LeadAssignment) -> None:
    """Look for leads in what is new."""
    engine = connect(assignment.database_url)
    try:
        await look_for_leads(engine, peers=assignment.peers, waits_s=assignment.waits_s)
    finally:
        await engine.dispose()


async def look_once_at_rest(engine: AsyncEngine, assignment: LeadAssignment) -> None:
    """``look_elsewhere`` once nothing is settling, at the latest after ``PUT_OFF_S``."""
    await StandBack(engine, PUT_OFF_S)()
    await look_elsewhere(assignment)


async def look_elsewhere(assignment: LeadAssignment) -> None:
    """Let another process look, and wait for its end; it ends with this one. Raises ``ChildProcessError``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "infra.worker.lead_worker"),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        # before the program is loaded, which is a second of work
        preexec_fn=take_low_priority,
    )
    try:
        _, said = await process.communicate(msgspec.json.encode(assignment) + b"\n")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise ChildProcessError(f"it ended with {process.returncode}: {last}")


if __name__ == "__main__":
    die_with_parent(signal.SIGKILL, os.getppid())
    uvloop.run(look(msgspec.json.decode(sys.stdin.buffer.readline(), type=LeadAssignment)))
