"""Proves the books in a process of its own, for who serves others meanwhile: `python -m infra.worker.proof_process`.

The database's URL comes as a line of JSON on stdin; progress and the report go out as lines on stdout. The process ends
with its stdin, however its parent ends.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from contextlib import suppress

import msgspec
import uvloop
from msgspec import Struct

from infra.whole_writes import standard_output
from infra.worker.proof_workers import ENDS_S, LONGEST_LINE, CheckerDied, prove
from processors.proof.verification.report import Progress, VerifyReport


class ProofLine(Struct, frozen=True, omit_defaults=True):
    """A line of output: how many more of ``what`` were checked, or the report."""

    what: str = ""
    count: int = 0
    report: VerifyReport | None = None


LINES = msgspec.json.Decoder(ProofLine)


async def prove_apart(database_url: str, progress: Progress) -> VerifyReport:
    """``prove`` in another process, which ends when this is cancelled. Raises ``CheckerDied``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "infra.worker.proof_process"), stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("no pipes to the proof")
    try:
        process.stdin.write(msgspec.json.encode(database_url) + b"\n")
        while line := await process.stdout.readline():
            said = LINES.decode(line)
            if said.report is not None:
                return said.report
            progress(said.what, said.count)
        raise CheckerDied(f"the proof, process {process.pid}, ended before its work was done")
    finally:
        process.stdin.close()  # tells it to end
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), ENDS_S)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def main() -> None:
    """Prove the ledger whose URL stdin tells, until it is done or stdin ends."""
    loop = asyncio.get_running_loop()
    requests = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    database_url = msgspec.json.decode(await requests.readline(), type=str)
    tell = _teller()
    proof = asyncio.create_task(prove(database_url, lambda what, count: tell(ProofLine(what, count))))
    ended = asyncio.create_task(requests.read())
    await asyncio.wait([proof, ended], return_when=asyncio.FIRST_COMPLETED)
    if proof.done():
        tell(ProofLine(report=proof.result()))
    else:
        proof.cancel()
        with suppress(asyncio.CancelledError):
            await proof


def _teller() -> Callable[[ProofLine], None]:
    answers = standard_output()

    def tell(line: ProofLine) -> None:
        answers.write(msgspec.json.encode(line) + b"\n")
        answers.flush()

    return tell


if __name__ == "__main__":
    uvloop.run(main())
