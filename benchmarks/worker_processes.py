"""Worker processes as the measuring one sees them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.worker_process import PROFILE
from infra.embedded.process import die_with_parent
from infra.servers import Endpoints

START_S = 60.0


@dataclass
class WorkerProcesses:
    """Worker processes that are ready; ``usage`` of each is there once they have stopped."""

    processes: Sequence[asyncio.subprocess.Process]
    usage: list[dict[str, float]] = field(default_factory=list)

    def tell(self, order: str) -> None:
        """Give all of them an order."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(f"{order}\n".encode())

    async def hear(self) -> list[str]:
        """The next line of each."""
        return [(await process.stdout.readline()).decode().strip() for process in self.processes if process.stdout]

    async def stop(self) -> None:
        """Let them finish what they have in hand; note what they used."""
        self.tell("stop")
        self.usage = [json.loads(line) for line in await self.hear()]
        for process in self.processes:
            await process.wait()

    @property
    def cpu_s(self) -> float:
        """Their processor time from `go` to `stop`."""
        return sum(usage["cpu_s"] for usage in self.usage)

    @property
    def peak_rss_mb(self) -> float:
        """The largest of them at its peak."""
        return max(usage["peak_rss_mb"] for usage in self.usage)


def environment(endpoints: Endpoints) -> dict[str, str]:
    """This process's environment for a program that is to work on some servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMS_")}
    return kept | {"CLAIMS_DATABASE_URL": endpoints.database_url, "CLAIMS_NATS_URL": endpoints.nats_url}


@asynccontextmanager
async def start_workers(
    endpoints: Endpoints, workers: int, profile: Path | None = None
) -> AsyncIterator[WorkerProcesses]:
    """Start workers and wait until each is ready to go; they die with the block."""
    env = environment(endpoints)
    if profile is not None:
        env[PROFILE] = str(profile)
    me = os.getpid()
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.worker_process", str(index), str(workers)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=env,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL, me),
        )
        for index in range(workers)
    ]
    ours = WorkerProcesses(processes)
    try:
        said = await asyncio.wait_for(ours.hear(), START_S)
        if said != ["ready"] * workers:
            raise RuntimeError(f"a worker did not start: {said}")
        yield ours
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
