"""Which lanes a worker wants first: lanes are shared out so that each worker has about the same CPU load."""

from collections.abc import Sequence
from dataclasses import dataclass

from processors.delivery.names import INTAKE_CONSUMER, PAYOUTS_CONSUMER, SETTLEMENT_CONSUMER

FOLLOWER = (PAYOUTS_CONSUMER, 0)
"""Who publishes what is booked: it is owned as a lane is, by one worker."""
WEIGHTS = {INTAKE_CONSUMER: 35, SETTLEMENT_CONSUMER: 15}
LAYER_WEIGHT = 10
"""What each consumer takes of a CPU, measured on a county all of whose layers work (docs/performance.md)."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which lanes a worker wants first: those of ``index`` of ``count`` workers; ``only`` some consumers, if given."""

    index: int = 0
    count: int = 1
    only: frozenset[str] = frozenset()


def lanes_of(consumers: Sequence[str], partitions: int) -> list[tuple[str, int]]:
    """The lanes of some consumers, by consumer and partition: intake has one, every other one a partition."""
    return [
        (consumer, partition)
        for consumer in consumers
        for partition in range(1 if consumer == INTAKE_CONSUMER else partitions)
    ]


def worker_of_each(consumers: Sequence[str], count: int) -> list[int]:
    """The worker, by its index of ``count``, of each lane: the heaviest first, each to the worker with the least."""
    load = [0] * count
    chosen = [0] * len(consumers)
    for place in sorted(range(len(consumers)), key=lambda place: -WEIGHTS.get(consumers[place], LAYER_WEIGHT)):
        index = load.index(min(load))
        chosen[place] = index
        load[index] += WEIGHTS.get(consumers[place], LAYER_WEIGHT)
    return chosen
