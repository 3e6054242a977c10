"""What each step costs a claim in processor time, in memory: the rules and the books without servers around them."""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from benchmarks.bench import Bench
from benchmarks.load import bodies, make_load
from events.store.journal import Journal
from infra.messaging.publisher import subject_of
from policies.loader import load_directory
from processors.delivery.parked_runs import ParkedRuns
from processors.delivery.run import Run, pack_run, unpack_run
from processors.delivery.transaction import Transaction
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.incoming_event import IncomingEvent, mailbox_of, split_repeated
from processors.pipeline.intake import IntakeBatch
from processors.pipeline.layer import LayerBatch, StageDecision
from processors.pipeline.settlement import SettlementBatch
from processors.pipeline.state import LedgerState

T = TypeVar("T")
CLAIMS = 2_000
ROUNDS = 4


async def steps(bench: Bench) -> None:
    """The least of some rounds, µs: an event, a claim, or a claim and layer."""
    load = make_load(CLAIMS)
    sent = bodies([*load.base, *load.work])
    least: dict[str, float] = {}
    for _ in range(ROUNDS):
        _round(sent, least)
    bench.figures["steps_us"] = least


def _round(sent: list[bytes], least: dict[str, float]) -> None:
    def timed(name: str, count: int, work: Callable[[], T]) -> T:
        gc.collect()
        began = time.process_time()
        result = work()
        spent = (time.process_time() - began) / max(count, 1) * 1e6
        least[name] = min(least.get(name, spent), spent)
        return result

    pinned = PinnedSchemes()
    pinned.current = load_directory()
    pinned.by_hash = {scheme.content_hash: scheme for scheme in pinned.current}
    read = timed("intake: read an event", len(sent), lambda: _read(sent))
    batch = IntakeBatch(_transaction("intake"), LedgerState(), pinned)
    timed("intake: decide an event", len(sent), lambda: _take(batch, read))
    runs = [run for run in batch.opener.runs if not run.revisits]
    claims = len(runs)
    packed = timed("a run into bytes", claims, lambda: [pack_run(run) for run in runs])
    path = pinned.by_hash[runs[0].claims[0].scheme].path
    for layer in path:
        runs = timed("a run out of bytes", claims, partial(_unpack, packed))
        book = LayerBatch(_transaction(layer), pinned, ParkedRuns(layer), {}, {})
        decided = timed(f"{layer}: decide", claims, partial(_decide, book, runs))
        timed(f"{layer}: book", claims, partial(_book, book, runs, decided))
        packed = [pack_run(run) for run in runs]
    timed("settlement: statement and answer", claims, lambda: _settle(runs, pinned))


def _transaction(journal: str) -> Transaction:
    written = Journal(journal)
    written.start(datetime.now(UTC))
    return Transaction(None, written, journal)  # type: ignore[arg-type] # nothing is written, so no connection is needed


def _read(sent: list[bytes]) -> list[IncomingEvent]:
    return [
        IncomingEvent.of(place, mailbox_of(subject_of(body)) or "unknown/_", body) for place, body in enumerate(sent, 1)
    ]


def _take(batch: IntakeBatch, read: list[IncomingEvent]) -> None:
    fresh, _ = split_repeated(read, ())
    for event in fresh:
        batch.receive(event)


def _unpack(packed: list[bytes]) -> list[Run]:
    return [unpack_run(body) for body in packed]


def _decide(batch: LayerBatch, runs: list[Run]) -> list[StageDecision]:
    return [batch.decide(run, batch.pinned.loaded(run.schemes)) for run in runs]


def _book(batch: LayerBatch, runs: list[Run], decided: list[StageDecision]) -> None:
    for run, decision in zip(runs, decided, strict=True):
        batch.book(run, decision, batch.pinned.loaded(run.schemes))
        run.stage += 1
    batch.changed_rows()


def _settle(runs: list[Run], pinned: PinnedSchemes) -> None:
    batch = SettlementBatch(_transaction("settlement"), pinned, ParkedRuns("settlement"), {})
    for run in runs:
        batch.receive(run)
    batch.settle()
