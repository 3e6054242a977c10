"""A layer's consumer: lets the engine decide its stage for every run, and books what differs from what is booked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import PAYOUT_ADJUSTED, PAYOUT_DECIDED
from events.store.journal import entries
from events.store.rows import among
from policies.claim import Claim, Payout, Used
from policies.engine import Schemes, Tracks, decide, open_claim
from processors.delivery.parked_runs import ParkedRuns
from processors.delivery.release import arrivals
from processors.delivery.run import Run
from processors.delivery.transaction import Delivery, Transaction
from processors.delivery.wire import send_runs
from processors.law.pinned_schemes import PinnedSchemes
from projections.accumulations import Key, accumulations, load_accumulations

SETTLEMENT = "settlement"


class Booked(Struct):
    """What is booked net for one claim at one stage, where anything ever was."""

    track: str
    used: Used


BookedKey = tuple[str, int, int]
"""person, claim number, stage"""


class Layer:
    """The handler of one layer's consumer."""

    def __init__(self, layer: str, partitions: int) -> None:
        self.consumer = layer
        self.partitions = partitions
        self.pinned = PinnedSchemes()

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Take packed runs in order; pass each on to the next stage of its path."""
        connection = transaction.connection
        arrived = await arrivals(transaction, self.consumer, batch)
        lanes = await ParkedRuns.load(connection, self.consumer, arrived if transaction.any_parked else ())
        book = Book(
            await load_accumulations(connection, self.consumer, {run.person_id for run in arrived}),
            await load_booked(connection, [run for run in arrived if run.revisits]),
        )
        onward: list[tuple[str, Run]] = []
        for run in arrived:
            if not lanes.clear(run):
                continue
            try:
                schemes = await self.pinned.require(connection, hashes(run))
                decided = book.decide(run, schemes)
            except SQLAlchemyError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever goes wrong with one run parks that person's lane alone
                lanes.park(run, error)
                continue
            book.book(transaction, run, decided, schemes[run.claims[0].scheme].path[run.stage])
            path = schemes[run.claims[0].scheme].path
            run.stage += 1
            onward.append((path[run.stage] if run.stage < len(path) else SETTLEMENT, run))
        transaction.writes.upsert(accumulations, book.changed_rows(self.consumer))
        lanes.save(transaction.writes, transaction.journal.recorded_at)
        send_runs(transaction, self.consumer, onward, self.partitions)


def hashes(run: Run) -> set[str]:
    """The schemes that a run's claims, and those of its referral chains, are pinned to."""
    chained = {claim.scheme for claims in run.chain.values() for claim in claims}
    return {claim.scheme for claim in run.claims} | chained


@dataclass(slots=True)
class Decided:
    """A stage's answer to a run: payouts in the order of its claims, and the accumulations after them."""

    payouts: list[Payout | None]
    tracks: Tracks


@dataclass(slots=True)
class Book:
    """A layer's accumulations and booked payouts, as the runs of one batch read and change them."""

    accumulated: dict[Key, Tracks]
    booked: dict[BookedKey, Booked]
    changed: set[Key] = field(default_factory=set)

    def decide(self, run: Run, schemes: Schemes) -> Decided:
        """Fold the stage over the run's claims, after what stood before its first one. Changes nothing."""
        tracks = {track: Used(*_parts(used)) for track, used in self.accumulated.get(_key(run), {}).items()}
        for claim in run.claims:
            booked = self._booked(run, claim)
            if booked is not None:
                tracks.setdefault(booked.track, Used()).merge(booked.used, -1)
        payouts: list[Payout | None] = []
        for claim, earlier in zip(run.claims, run.decided, strict=True):
            if not claim.standing:
                payouts.append(None)
                continue
            bill = open_claim(schemes[claim.scheme], claim)
            for decided in earlier:
                bill.apply(decided)
            payout = decide(schemes, run.stage, bill, tracks, run.chain)
            booked = self._booked(run, claim)
            if payout is not None and booked is not None and booked.used.claims and booked.track != payout.track:
                raise AssertionError(f"claim {claim.claim_id}: track {booked.track} became {payout.track}")
            payouts.append(payout)
        return Decided(payouts, tracks)

    def book(self, transaction: Transaction, run: Run, decided: Decided, layer: str) -> None:
        """Book each difference, and pass the payouts on with the run."""
        for claim, earlier, payout in zip(run.claims, run.decided, decided.payouts, strict=True):
            self._book_claim(transaction, run, claim, payout, layer)
            if payout is not None:
                earlier.append(structs.replace(payout, trace=()))
        tracks = {track: used for track, used in decided.tracks.items() if any(_parts(used))}
        before = self.accumulated.get(_key(run), {})
        if tracks != before:
            emptied = {track: Used() for track in before.keys() - tracks.keys()}
            self.accumulated[_key(run)] = tracks | emptied
            self.changed.add(_key(run))

    def _book_claim(self, transaction: Transaction, run: Run, claim: Claim, payout: Payout | None, layer: str) -> None:
        booked = self._booked(run, claim)
        if payout is None and booked is None:
            return
        target = Used()
        if payout is not None:
            target.add(payout)
        difference = Used(*_parts(target))
        if booked is not None:
            difference.merge(booked.used, -1)
        if not any(_parts(difference)):
            return
        track = payout.track if payout is not None else booked.track if booked is not None else ""
        data: dict[str, Any] = {"taken": payout.taken, "trace": payout.trace} if payout is not None else {}
        if claim.opened < run.number:  # also where a layer runs for the first time: a late fact brought it about
            data |= {"cause": run.cause.json(), "counterparty": run.cause.counterparty(claim.claim_id)}
            data |= {"before": booked.used.paid if booked is not None else 0, "after": target.paid}
        transaction.journal.append(
            PAYOUT_DECIDED if booked is None else PAYOUT_ADJUSTED,
            data,
            person_id=run.person_id,
            claim_id=claim.claim_id,
            claim_number=claim.number,
            run=run.number,
            stage=run.stage,
            year=run.year,
            scheme=run.scheme,
            layer=layer,
            track=track,
            ran=difference.claims,
            base=difference.base,
            deductible=difference.deductible,
            paid=difference.paid,
            extra=difference.extra,
        )
        self.booked[run.person_id, claim.number, run.stage] = Booked(track, target)

    def changed_rows(self, layer: str) -> list[dict[str, Any]]:
        """The accumulation rows that changed."""
        return [
            {"person_id": person_id, "year": year, "scheme": scheme, "layer": layer, "track": track}
            | {name: getattr(used, name) for name in ("base", "deductible", "paid", "extra", "claims")}
            for person_id, year, scheme in sorted(self.changed)
            for track, used in self.accumulated[person_id, year, scheme].items()
        ]

    def _booked(self, run: Run, claim: Claim) -> Booked | None:
        return self.booked.get((run.person_id, claim.number, run.stage))


async def load_booked(connection: AsyncConnection, runs: Sequence[Run]) -> dict[BookedKey, Booked]:
    """The net of what is booked for the claims of runs, each at its run's stage."""
    if not runs:
        return {}
    stages = {(run.person_id, run.stage) for run in runs}
    sums = [func.sum(entries.c[name]) for name in ("base", "deductible", "paid", "extra", "ran")]
    rows = await connection.execute(
        select(entries.c.person_id, entries.c.claim_number, entries.c.stage, entries.c.track, *sums)
        .where(
            among(entries.c.person_id, {person_id for person_id, _ in stages}),
            entries.c.stage.in_(sorted({stage for _, stage in stages})),
        )
        .group_by(entries.c.person_id, entries.c.claim_number, entries.c.stage, entries.c.track)
    )
    return {
        (person_id, number, stage): Booked(track, Used(*(int(part) for part in parts)))
        for person_id, number, stage, track, *parts in rows
    }


def _key(run: Run) -> Key:
    return run.person_id, run.year, run.scheme


def _parts(used: Used) -> tuple[int, int, int, int, int]:
    return used.base, used.deductible, used.paid, used.extra, used.claims
