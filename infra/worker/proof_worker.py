"""A process that checks parts of a verification: an assignment, then a part a line, on stdin.

It imports little: what it takes to start is lost to the proof.
"""

import gc
import sys

import asyncpg
import msgspec
import uvloop
from msgspec import Struct

from processors.law.pinned_schemes import load_pinned
from processors.proof.verification.parts import Part, check
from processors.proof.verification.snapshot import join

READY = b"ready\n"
PARTS: msgspec.json.Decoder[Part] = msgspec.json.Decoder(Part)


class Assignment(Struct, frozen=True):
    """The first line that a helper reads: where the ledger is, which moment of it, and what was adopted as law."""

    database_url: str
    shared: str
    schemes: list[tuple[str, bytes]]
    """name and text"""


async def help_out() -> None:
    """Work until stdin ends. Reading it may block: nothing else goes on in this process."""
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    assignment = msgspec.json.decode(orders.readline(), type=Assignment)
    connection = await asyncpg.connect(
        assignment.database_url, server_settings={"application_name": "claims", "jit": "off"}
    )
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(join(assignment.shared))
            loaded = [load_pinned(text, name) for name, text in assignment.schemes]
            schemes = {scheme.content_hash: scheme for scheme in loaded}
            gc.freeze()  # what is loaded stays: the collector need not look at it again and again
            answers.write(READY)
            answers.flush()
            while line := orders.readline():
                report = await check(connection, schemes, PARTS.decode(line), _silent)
                answers.write(msgspec.json.encode(report) + b"\n")
                answers.flush()
    finally:
        await connection.close()


def _silent(_what: str, _count: int) -> None:
    return None


if __name__ == "__main__":
    uvloop.run(help_out())
