"""``make simulate SEEDS=n [FROM=k]``: random histories through the processors in memory, each held against settling
from scratch, against the same history at another pace, and against one that loses its runs under way now and then.
Between the events claims move to texts that name other funds and insurers.
Prints the first seed that fails, to be run again alone."""

import sys
import time

from tests.histories import History
from tests.memory import Memory
from tests.moves import with_moves


def simulate(seed: int, stays: int = 30) -> list[str]:
    """Run one seed; returns what differs."""
    history = History(seed, stays=stays)
    first, second, losing = Memory(seed), Memory(-seed - 1), Memory(-seed - 1)
    events = with_moves(seed, history.events, history.persons)
    first.settle(events)
    second.settle(events)
    losing.settle(events, losses=0.1)
    found = first.differences() + losing.differences()
    if first.outcome() != second.outcome():
        found.append("the outcome hangs on timing")
    return found + first.party_differences() + losing.party_differences()


def main(first: int, count: int) -> int:
    """Run seeds; 1 at the first that fails."""
    began = time.monotonic()
    for done, seed in enumerate(range(first, first + count), start=1):
        try:
            found = simulate(seed)
        except Exception:
            print(f"seed {seed} fails: python -m tests.simulate {seed} 1", file=sys.stderr)
            raise
        if found:
            print(f"seed {seed} fails: python -m tests.simulate {seed} 1", *found, sep="\n  ", file=sys.stderr)
            return 1
        if done % 100 == 0:
            print(f"{done} of {count} seeds, {time.monotonic() - began:.0f} s", file=sys.stderr)
    print(f"{count} seeds from {first}: 0 failures, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
