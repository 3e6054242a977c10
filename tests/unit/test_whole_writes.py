"""What a command prints arrives whole, whatever happens to its process while the reader is slow."""

import array
import asyncio
import fcntl
import json
import os
import signal
import sys
import termios
from pathlib import Path

import pytest

from tests.program import environment, eventually

PRINTS = """
import infra.cli
from infra.cli.output import print_json
infra.cli.app = lambda: print_json([{"whole": "x" * 300_000}])
infra.cli.main()
"""


def waiting(pipe: int) -> int:
    """Bytes that a pipe holds."""
    found = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, found)
    return found[0]


def is_stopped(pid: int) -> bool:
    """Whether a process does nothing until it is told to go on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize("unbuffered", ["", "1"])
async def test_a_process_that_is_stopped_while_it_writes_writes_the_rest(unbuffered: str) -> None:
    """A write of more than a pipe holds ends with what the pipe took, in a process that is stopped and goes on."""
    read, write = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PRINTS, stdout=write, env=environment(PYTHONUNBUFFERED=unbuffered)
        )
        os.close(write)
        await eventually(lambda: waiting(read) == fcntl.fcntl(read, fcntl.F_GETPIPE_SZ))
        process.send_signal(signal.SIGSTOP)
        await eventually(lambda: is_stopped(process.pid))
        process.send_signal(signal.SIGCONT)
        with os.fdopen(read, "rb", closefd=False) as pipe:
            said = await asyncio.to_thread(pipe.read)
        assert await process.wait() == 0
    finally:
        os.close(read)
    assert json.loads(said) == {"whole": "x" * 300_000}
