"""Settles files of events: publishes them, runs every processor until nothing is in flight, sums up."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nats.aio.client import Client

from infra.messaging.publisher import PublishedEvents, publish_file
from infra.operations.quiescence import until_quiet
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import Worker, worker
from processors.delivery.in_flight import InFlight
from processors.queries.summary import Summary, summarise


@dataclass(frozen=True, slots=True)
class SettledFiles:
    """What came of it; ``seconds`` from the first line published until nothing was in flight."""

    summary: Summary
    published: PublishedEvents
    seconds: float


Progress = Callable[[str, int, int], None]
"""Called with what is going on, how much of it is done, and of how much."""


async def settle_files(
    endpoints: Endpoints, settings: Settings, names: Sequence[str], progress: Progress | None = None
) -> SettledFiles:
    """Settle files (``-`` is stdin). With servers of our own, or given ones, this process does the work; beside a
    running ``claims up`` that one does."""
    async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours:
        shared = not endpoints.owned and settings.external is None
        async with nullcontext() if shared else at_work(ours):
            began = time.monotonic()
            published = await publish_files(ours.broker.connection, names, progress)

            def report(flight: InFlight) -> None:
                if progress is not None and published.sequences:
                    done = flight.intake - published.sequences[0] + 1
                    progress("结算 settling", max(0, done), len(published.sequences))

            await until_quiet(ours.engine, published.sequences, report)
            seconds = time.monotonic() - began
            async with ours.engine.connect() as connection:
                summary = await summarise(connection, published.sequences)
    return SettledFiles(summary, published, seconds)


async def publish_files(client: Client, names: Sequence[str], progress: Progress | None = None) -> PublishedEvents:
    """Publish files in order."""
    published = PublishedEvents()
    for name in names:
        with _open(name) as file:
            async for _ in publish_file(client, name, file, published):
                if progress is not None:
                    progress("发送 publishing", len(published.sequences), len(published.sequences))
    return published


def _open(name: str) -> BinaryIO:
    return sys.stdin.buffer if name == "-" else Path(name).open("rb")


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[None]:
    """A worker running beside what the block does; an error that ends it is raised at the end of the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task
