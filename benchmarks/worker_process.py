"""A worker in a process of its own, as `claims up` runs it, that waits for its orders on stdin.

Lines in: `go` (own lanes and work), `stop`. Lines out: `ready`, and at the end what the process has used, as JSON.
"""

import asyncio
import cProfile
import json
import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from infra.cli.session import run
from infra.logs import configure
from infra.settings import Settings
from infra.worker.shares import Share
from infra.worker.worker import worker

PROFILE = "BENCH_PROFILE"
"""Environment: a file for cProfile's figures of the worker while it works."""


async def main() -> int:
    """Obey until `stop`."""
    settings = Settings()
    assert settings.external is not None
    share = Share(int(sys.argv[1]), int(sys.argv[2]))
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    stop = asyncio.Event()
    tasks = []
    began_s = 0.0
    async with worker(*settings.external, settings, share) as ours:
        print("ready", flush=True)
        while line := (await orders.readline()).decode().split():
            match line:
                case ["go"]:
                    began_s = time.process_time()
                    tasks.append(asyncio.create_task(ours.run(stop)))
                case _:
                    break
        cpu_s = time.process_time() - began_s
        stop.set()
        await asyncio.gather(*tasks)
    print(json.dumps({"cpu_s": cpu_s, "peak_rss_mb": peak_rss_mb()}), flush=True)
    return 0


def peak_rss_mb() -> float:
    """The most memory that this program held. (``getrusage`` counts what the process was before it became this one.)"""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [kib] = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kib) / 1024


if __name__ == "__main__":
    configure("warning")
    file = os.environ.get(PROFILE)
    profile = cProfile.Profile() if file else None
    with profile or nullcontext():
        code = run(main)
    if profile is not None and file is not None:
        profile.dump_stats(file)
    sys.exit(code)
