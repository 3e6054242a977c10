"""A process that checks parts of a verification: an assignment, then a part a line, on stdin.

It imports little, because a verification waits for its start.
"""

import gc
import sys

import asyncpg
import msgspec
import uvloop
from msgspec import Struct

from infra.whole_writes import standard_output
from processors.law.pinned_schemes import load_pinned
from processors.proof.verification.parts import VerificationPart, check
from processors.proof.verification.snapshot import join

READY = b"ready\n"
PARTS: msgspec.json.Decoder[VerificationPart] = msgspec.json.Decoder(VerificationPart)


class Assignment(Struct, frozen=True):
    """The first line of input: where the ledger is, which snapshot of it to read, and the schemes that were adopted."""

    database_url: str
    shared: str
    schemes: list[tuple[str, bytes]]
    """name and text"""


async def check_parts() -> None:
    """Check parts until stdin ends. Reading it may block: this process does nothing else."""
    requests, answers = sys.stdin.buffer, standard_output()
    assignment = msgspec.json.decode(requests.readline(), type=Assignment)
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
            while line := requests.readline():
                report = await check(connection, schemes, PARTS.decode(line), _silent)
                answers.write(msgspec.json.encode(report) + b"\n")
                answers.flush()
    finally:
        await connection.close()


def _silent(_what: str, _count: int) -> None:
    return None


if __name__ == "__main__":
    uvloop.run(check_parts())
