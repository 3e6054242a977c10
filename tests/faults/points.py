"""Workers killed at each point of a batch: between read, decide, write, commit, send and acknowledge."""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

from tests.faults.crash import POINTS
from tests.faults.harness import Given, publish, until_quiet
from tests.program import BOUND_S

CONSUMERS = ("intake", "basic", "critical_illness", "supplementary", "assistance", "settlement")


@dataclass(frozen=True)
class Death:
    """A consumer, a point of its batch, and which of its batches since the start."""

    consumer: str
    point: str
    nth: int = 1


def all_deaths() -> list[Death]:
    """Every consumer at every point."""
    return [Death(consumer, point) for consumer in CONSUMERS for point in POINTS]


def some_deaths(seed: int) -> list[Death]:
    """Every point once, every kind of consumer (intake, a layer, settlement) at least twice."""
    draw = Random(seed)
    kinds = ["intake", "layer", "settlement"] * 3
    points = draw.sample(POINTS, len(POINTS))
    return [
        Death(draw.choice(CONSUMERS[1:-1]) if kind == "layer" else kind, point)
        for kind, point in zip(kinds, points, strict=False)
    ]


async def die_again_and_again(given: Given, lines: Sequence[bytes], deaths: Sequence[Death], folder: Path) -> None:
    """Publish the lines in as many parts as there are deaths; each part's worker dies of one, the last one ends them.

    AssertionError where a worker does not reach its point.
    """
    # before the first discharge no layer has anything to take
    first = next(number for number, line in enumerate(lines) if b'"discharge.recorded' in line)
    cuts = [first + (len(lines) - first) * number // (len(deaths) + 1) for number in range(len(deaths) + 2)]
    log = folder / "points.log"
    async with given.worker(log):  # makes the streams
        await until_quiet(given.database_url, await publish(given.nats_url, lines[:first]))
    for death, (start, end) in zip(deaths, pairwise(cuts), strict=False):
        await publish(given.nats_url, lines[start:end])
        async with given.dying_worker(log, [death.consumer, death.point, str(death.nth), "kill"]) as worker:
            try:
                await asyncio.wait_for(worker.wait(), BOUND_S)
            except TimeoutError:
                raise AssertionError(f"{death} did not come about: {log.read_text()[-2000:]}") from None
            assert worker.returncode == -signal.SIGKILL, (death, log.read_text()[-2000:])
    async with given.worker(log):
        last = await publish(given.nats_url, lines[cuts[-2] :])
        await until_quiet(given.database_url, last)
