"""A layer's consumer: lets the engine decide its stage for every run, and books what differs from what is booked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import PAYOUT_ADJUSTED, PAYOUT_DECIDED, PAYOUT_WITHDRAWN
from events.store.journal import entries
from events.store.rows import among
from policies.claim import Claim, Payout, Used
from policies.engine import Schemes, decide, open_claim, settle
from policies.funds import BookedFund, booked_fund
from policies.limits import Tracks, Years
from policies.scheme import Scheme
from processors.delivery.names import SETTLEMENT_CONSUMER
from processors.delivery.parked_runs import ParkedRuns, arrived_runs
from processors.delivery.run import ALL_YEARS, Run, send_runs
from processors.delivery.transaction import Delivery, Transaction
from processors.law.pinned_schemes import PinnedSchemes
from projections.accumulations import Key, accumulations, load_accumulations
from projections.bookings import FUND, INSURER

BookingKey = tuple[str, int, int]
"""person, claim number, stage"""


class DamagedAccumulationsError(RuntimeError):
    """A person's accumulations are less than what is booked of them: their rows say something else than the journal."""


class NetBooking(Struct):
    """What is booked net for one claim at one stage, where anything ever was; ``paid`` gives the fen of each fund."""

    track: str
    used: Used
    paid: dict[BookedFund, int]

    def elsewhere(self, fund: BookedFund) -> BookedFund | None:
        """Another fund that pays by what is booked: None where none does, as is so unless a text moved the claim."""
        return next((other for other, amount in self.paid.items() if amount and other != fund), None)


class Layer:
    """The handler of one layer's consumer."""

    def __init__(self, layer: str, partitions: int) -> None:
        self.consumer = layer
        self.partitions = partitions
        self.pinned = PinnedSchemes()

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Handle packed runs in order; pass each on to the next stage of its path."""
        connection = transaction.connection
        arrived = await arrived_runs(transaction, self.consumer, batch)
        await self.pinned.load(connection, {scheme for run in arrived for scheme in run.schemes})
        runs = LayerBatch(
            transaction,
            self.pinned,
            await ParkedRuns.load(connection, self.consumer, arrived if transaction.any_parked else ()),
            await load_accumulations(connection, self.consumer, {run.person_id for run in arrived}),
            await load_booked(connection, [run for run in arrived if run.revisits]),
        )
        for run in arrived:
            runs.receive(run)
        runs.save(self.partitions)


@dataclass(slots=True)
class StageDecision:
    """A stage's answer to a run: payouts in the order of its claims, and the accumulations after them by year."""

    payouts: list[Payout | None]
    years: Years


@dataclass(slots=True)
class LayerBatch:
    """Decides the runs of one batch, one after the other, over a layer's accumulations and booked payouts."""

    transaction: Transaction
    pinned: PinnedSchemes
    parked: ParkedRuns
    accumulated: dict[Key, Tracks]
    booked: dict[BookingKey, NetBooking]
    changed: set[Key] = field(default_factory=set)
    onward: list[tuple[str, Run]] = field(default_factory=list)

    def receive(self, run: Run) -> None:
        """Decide and book one run and pass it on, or park it."""
        if not self.parked.admit(run):
            return
        try:
            schemes = self.pinned.loaded(run.schemes)
            decision = self.decide(run, schemes)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with one run parks that person's runs alone
            self.parked.park(run, error)
            return
        self.book(run, decision, schemes)
        path = run.path or schemes[run.claims[0].scheme].path
        run.stage += 1
        self.onward.append((path[run.stage] if run.stage < len(path) else SETTLEMENT_CONSUMER, run))

    def save(self, partitions: int) -> None:
        """Write what was decided, and send the runs on."""
        self.transaction.writes.upsert(accumulations, self.changed_rows())
        self.parked.save(self.transaction.writes, self.transaction.journal.recorded_at)
        send_runs(self.transaction, self.layer, self.onward, partitions)

    def decide(self, run: Run, schemes: Schemes) -> StageDecision:
        """Fold the stage over the run's claims, after what stood before its first one. Changes nothing.

        Raises ``DamagedAccumulationsError``, so that damaged rows park the runs of their own person alone: the table
        refuses what is negative, and with it the whole batch.
        """
        years = self._years_before(run)
        together = any(schemes[claim.scheme].spans_layers for claim in run.claims)
        payouts = _settled_together(run, schemes, years) if together else _fold(run, schemes, years, self.layer)
        self._check_not_negative(run, years)
        return StageDecision(payouts, years)

    @property
    def layer(self) -> str:
        """The layer that it decides for, by which its consumer is named."""
        return self.parked.consumer

    def _years_before(self, run: Run) -> Years:
        """By year what stood before the run's first claim."""
        held = {claim.year for claim in run.claims}
        if run.year == ALL_YEARS:
            own = run.person_id, run.scheme
            held |= {year for person_id, year, scheme in self.accumulated if (person_id, scheme) == own}
        years: Years = {
            year: {track: Used(*_parts(used)) for track, used in self.accumulated.get(_key(run, year), {}).items()}
            for year in held
        }
        for claim in run.claims:
            booked = self._booked(run, claim)
            if booked is not None:
                years[claim.year].setdefault(booked.track, Used()).merge(booked.used, -1)
        self._check_not_negative(run, years)
        return years

    def book(self, run: Run, decision: StageDecision, schemes: Schemes) -> None:
        """Book each difference, and pass the payouts on with the run."""
        for claim, earlier, payout in zip(run.claims, run.decided, decision.payouts, strict=True):
            self._book_claim(run, claim, payout, schemes[claim.scheme])
            if payout is not None:
                earlier.append(structs.replace(payout, trace=()))
        for year, decided in decision.years.items():
            key = _key(run, year)
            tracks = {track: used for track, used in decided.items() if any(_parts(used))}
            before = self.accumulated.get(key, {})
            if tracks != before:
                emptied = {track: Used() for track in before.keys() - tracks.keys()}
                self.accumulated[key] = tracks | emptied
                self.changed.add(key)

    def _book_claim(self, run: Run, claim: Claim, payout: Payout | None, scheme: Scheme) -> None:
        """Book what differs, on the fund that pays by the claim's text; what another fund had paid comes back to it."""
        booked = self._booked(run, claim)
        if payout is None and booked is None:
            return
        fund = scheme.fund_of(self.layer)
        if payout is not None and booked is not None and booked.track != payout.track and any(_parts(booked.used)):
            booked = self._leave_track(run, claim, booked, payout.track, fund)
        target = Used()
        if payout is not None:
            target.add(payout)
        difference = Used(*_parts(target))
        paid: dict[BookedFund, int] = {}
        if booked is not None:
            difference.merge(booked.used, -1)
            paid = dict(booked.paid)
            other = booked.elsewhere(fund)
            if other is not None and target.paid == paid[other] + difference.paid == 0:
                fund = other  # all that it had paid comes back, and nobody else pays
            elif other is not None:
                self._withdraw(run, claim, booked, other)
                difference.paid += paid.pop(other)
        track = payout.track if payout is not None else booked.track if booked is not None else ""
        before = paid.get(fund, 0)
        paid[fund] = before + difference.paid
        self.booked[run.person_id, claim.number, run.stage] = NetBooking(track, target, paid)
        if not any(_parts(difference)):
            return
        data: dict[str, Any] = fund.told()
        if payout is not None:
            data |= {"taken": payout.taken, "trace": payout.trace}
        if claim.opened < run.number:  # also where a layer runs for the first time: a late fact brought it about
            data |= self._cause(run, claim) | {"before": before, "after": paid[fund]}
        self._append(run, claim, PAYOUT_DECIDED if booked is None else PAYOUT_ADJUSTED, data, track, difference)

    def _leave_track(self, run: Run, claim: Claim, booked: NetBooking, track: str, fund: BookedFund) -> NetBooking:
        """Book back what a claim has on a track that it counts to no longer: another case decides it by now.

        The fund that paid gets it back. Returns what is left: nothing, on the new track. It is an entry of another type
        than the one on the new track: a run has one of a type for a claim and stage.
        """
        payer = next((other for other, amount in booked.paid.items() if amount), fund)
        back = Used()
        back.merge(booked.used, -1)
        self._give_back(run, claim, booked, payer, back)
        return NetBooking(track, Used(), {})

    def _withdraw(self, run: Run, claim: Claim, booked: NetBooking, fund: BookedFund) -> None:
        """Book back on a fund what it has paid of a claim that another fund pays by now (docs/decisions/0018)."""
        self._give_back(run, claim, booked, fund, Used(paid=-booked.paid[fund]))

    def _give_back(self, run: Run, claim: Claim, booked: NetBooking, fund: BookedFund, back: Used) -> None:
        data = fund.told() | self._cause(run, claim) | {"before": -back.paid, "after": 0}
        self._append(run, claim, PAYOUT_WITHDRAWN, data, booked.track, back)

    def _cause(self, run: Run, claim: Claim) -> dict[str, Any]:
        return {"cause": run.cause.json(), "counterparty": run.cause.counterparty(claim)}

    def _append(
        self, run: Run, claim: Claim, type_: str, data: Mapping[str, Any], track: str, difference: Used
    ) -> None:
        self.transaction.journal.append(
            type_,
            data,
            person_id=run.person_id,
            claim_id=claim.claim_id,
            claim_number=claim.number,
            run=run.number,
            stage=run.stage,
            year=claim.year,
            scheme=run.scheme,
            layer=self.layer,
            track=track,
            ran=difference.claims,
            base=difference.base,
            deductible=difference.deductible,
            paid=difference.paid,
            extra=difference.extra,
        )

    def changed_rows(self) -> list[dict[str, Any]]:
        """The accumulation rows that changed."""
        return [
            {"person_id": person_id, "year": year, "scheme": scheme, "layer": self.layer, "track": track}
            | {name: getattr(used, name) for name in ("base", "deductible", "paid", "extra", "claims")}
            for person_id, year, scheme in sorted(self.changed)
            for track, used in self.accumulated[person_id, year, scheme].items()
        ]

    def _check_not_negative(self, run: Run, years: Years) -> None:
        for year, tracks in years.items():
            for track, used in tracks.items():
                if min(_parts(used)) < 0:
                    raise DamagedAccumulationsError(
                        f"{run.person_id}, {year}, {run.scheme}: {self.layer} has accumulated less in track {track!r} "
                        "than is booked there: `claims rebuild accumulations`, then `claims parked --release`"
                    )

    def _booked(self, run: Run, claim: Claim) -> NetBooking | None:
        return self.booked.get((run.person_id, claim.number, run.stage))


async def load_booked(connection: AsyncConnection, runs: Sequence[Run]) -> dict[BookingKey, NetBooking]:
    """The net of what is booked for the claims of runs, each at its run's stage."""
    if not runs:
        return {}
    stages = {(run.person_id, run.stage) for run in runs}
    entry = entries.alias("entry")
    sums = [func.sum(entry.c[name]) for name in ("base", "deductible", "paid", "extra", "ran")]
    names: list[ColumnElement[Any]] = [
        entry.c[name] for name in ("person_id", "claim_number", "stage", "track", "layer")
    ]
    names += [literal_column(each) for each in (FUND, INSURER)]
    rows = await connection.execute(
        select(*names, *sums)
        .where(
            among(entry.c.person_id, {person_id for person_id, _ in stages}),
            entry.c.stage.in_(sorted({stage for _, stage in stages})),
        )
        .group_by(*names)
    )
    found: dict[BookingKey, NetBooking] = {}
    ran: dict[tuple[BookingKey, str], int] = {}
    for person_id, number, stage, track, layer, fund, insurer, *parts in rows:
        net, paid_by = Used(*(int(part) for part in parts)), booked_fund(fund, insurer, layer)
        key = person_id, number, stage
        booked = found.setdefault(key, NetBooking(track, Used(), {}))
        booked.used.merge(net)
        booked.paid[paid_by] = booked.paid.get(paid_by, 0) + net.paid
        ran[key, track] = ran.get((key, track), 0) + net.claims
    for (key, track), times in ran.items():
        if times:  # over all funds: on other tracks it has come to nothing
            found[key].track = track
    return found


def _fold(run: Run, schemes: Schemes, years: Years, layer: str) -> list[Payout | None]:
    """What the run's stage decides for each of its claims, one after the other, behind ``years``."""
    payouts: list[Payout | None] = []
    for claim, earlier in zip(run.claims, run.decided, strict=True):
        if not claim.standing:
            payouts.append(None)
            continue
        bill = open_claim(schemes[claim.scheme], claim)
        for decided in earlier:
            bill.apply(decided)
        payouts.append(decide(schemes, run.stage, bill, {layer: years}, run.chain))
    return payouts


def _settled_together(run: Run, schemes: Schemes, years: Years) -> list[Payout | None]:
    """What the run's stage decides where it depends on what the layers behind it have paid on the claims before.

    The run holds all claims of its group: they are settled from scratch through all layers, and the stage's own answers
    kept. What the layers before it have answered must be what settling them here gives.
    """
    bills, _ = settle(schemes, run.claims, chain=run.chain)
    payouts: list[Payout | None] = []
    for claim, earlier in zip(run.claims, run.decided, strict=True):
        all_ = bills[claim.number].payouts if claim.standing else []
        if [(each.stage, each.paid) for each in all_ if each.stage < run.stage] != [
            (each.stage, each.paid) for each in earlier
        ]:
            raise AssertionError(f"claim {claim.claim_id}: the layers before decided otherwise than together")
        payout = next((each for each in all_ if each.stage == run.stage), None)
        if payout is not None:
            years[claim.year].setdefault(payout.track, Used()).add(payout)
        payouts.append(payout)
    return payouts


def _key(run: Run, year: int) -> Key:
    return run.person_id, year, run.scheme


def _parts(used: Used) -> tuple[int, int, int, int, int]:
    return used.base, used.deductible, used.paid, used.extra, used.claims
