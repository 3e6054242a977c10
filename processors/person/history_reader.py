"""Reads a person's ledger entries into a typed history, and sums what they have booked."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from events.catalog import FACTS, read
from events.decisions import CLAIM_ACCEPTED, GRANT_AWARDED, GRANT_WITHDRAWN
from events.store.journal import SETTLEMENT_STAGE
from policies.claim import Used
from policies.funds import booked_fund
from processors.delivery.names import INTAKE_JOURNAL
from processors.person.history import (
    AcceptanceEntry,
    AccumulationKey,
    BookedCause,
    FactEntry,
    GrantEntry,
    HistoryEntry,
    PayoutEntry,
    PremiumEntry,
    StatementEntry,
)
from processors.person.premium_history import PREMIUM_KINDS, read_premium, sum_premiums
from processors.person.recalculation import HeldGrant, StageBooking
from processors.person.statement import Statement, StatementRecord, signed_fen
from processors.pipeline.claim_history import read_acceptance
from processors.pipeline.fact_decoders import EntryRow
from projections.grants import GrantKey
from projections.premiums import PayerPremium, PremiumKey


class _PayoutData(Struct, gc=False):
    trace: tuple[Any, ...] = ()
    before: int = 0
    after: int | None = None
    cause: BookedCause | None = None
    counterparty: str | None = None
    fund: str | None = None
    insurer: str | None = None


class _SettlementData(Struct, gc=False):
    statement: StatementRecord
    cause: BookedCause | None = None
    due_at_window: str | None = None


class _GrantData(Struct, gc=False):
    person_id: str
    scheme: str
    grant: str
    year: int | None
    amount: int
    claim_id: str
    cause: BookedCause


class _PremiumData(Struct, gc=False):
    before: int
    after: int
    cause: BookedCause


class _Caused(Struct, gc=False):
    cause: BookedCause | None = None


_PAYOUTS = msgspec.json.Decoder(_PayoutData)
_SETTLEMENTS = msgspec.json.Decoder(_SettlementData)
_GRANTS = msgspec.json.Decoder(_GrantData)
_PREMIUMS = msgspec.json.Decoder(_PremiumData)
_CAUSES = msgspec.json.Decoder(_Caused)

EntryPlace = tuple[datetime, str, int, str]
"""recorded_at, journal, number, type"""


class HistoryReader:
    """Reads rows of one person in the order recorded: a payout needs the acceptances and payouts before it."""

    def __init__(self) -> None:
        self._pinned: dict[str, list[tuple[int, str]]] = {}
        self._accumulated: dict[AccumulationKey, Used] = {}

    def read(self, rows: Iterable[EntryRow]) -> list[HistoryEntry]:
        """The rows as typed entries; raises ``ValueError``, ``LookupError`` or ``Refusal`` for one not readable."""
        return [self._entry(row) for row in rows]

    def _entry(self, row: EntryRow) -> HistoryEntry:
        place = row["recorded_at"], row["journal"], row["number"], row["type"]
        type_, data = row["type"], row["data"]
        if type_ in FACTS:
            return FactEntry(*place, fact=read(row["raw"], row["source"]))
        if type_ == CLAIM_ACCEPTED:
            acceptance = read_acceptance(data)
            pins = self._pinned.setdefault(acceptance.claim.claim_id, [])
            pins.append((row["run"], acceptance.claim.scheme))
            return AcceptanceEntry(*place, acceptance=acceptance)
        if type_ in (GRANT_AWARDED, GRANT_WITHDRAWN):
            return _grant_entry(place, row)
        if type_ in PREMIUM_KINDS:
            booked = _PREMIUMS.decode(data)
            return PremiumEntry(*place, read_premium(row), booked.before, booked.after, booked.cause)
        if row["stage"] == SETTLEMENT_STAGE:
            settled = _SETTLEMENTS.decode(data)
            due = None if settled.due_at_window is None else signed_fen(settled.due_at_window)
            return StatementEntry(
                *(*place, row["claim_id"], row["claim_number"], row["run"], settled.cause),
                statement=settled.statement.statement(),
                due_at_window=due,
            )
        return self._payout(place, row)

    def _payout(self, place: EntryPlace, row: EntryRow) -> PayoutEntry:
        data = _PAYOUTS.decode(row["data"])
        booked = Used(row["base"], row["deductible"], row["paid"], row["extra"], row["ran"])
        used = self._accumulated.setdefault((row["year"], row["scheme"], row["layer"]), Used())
        used.merge(booked)
        return PayoutEntry(
            *place,
            claim_id=row["claim_id"],
            claim_number=row["claim_number"],
            run=row["run"],
            cause=data.cause,
            stage=row["stage"],
            year=row["year"],
            scheme=row["scheme"],
            scheme_hash=self._text_of(row),
            layer=row["layer"],
            track=row["track"],
            booked=booked,
            before=data.before,
            after=row["paid"] if data.after is None else data.after,
            counterparty=data.counterparty,
            fund=booked_fund(data.fund, data.insurer, row["layer"]),
            trace=data.trace,
            accumulated=Used(used.base, used.deductible, used.paid, used.extra, used.claims),
        )

    def _text_of(self, row: EntryRow) -> str:
        """The text that a payout was decided under: a run under way when the claim moved has kept the older one."""
        pins = self._pinned[row["claim_id"]]
        return next((text for run, text in reversed(pins) if run <= row["run"]), pins[0][1])


def _grant_entry(place: EntryPlace, row: EntryRow) -> GrantEntry:
    data = _GRANTS.decode(row["data"])
    grant = HeldGrant(data.scheme, data.grant, data.year or 0, data.amount, data.claim_id)
    return GrantEntry(
        *place,
        row["claim_id"],
        row["claim_number"],
        row["run"],
        data.cause,
        data.person_id,
        grant,
        row["type"] == GRANT_WITHDRAWN,
        row["paid"],
    )


def last_statements(entries: Iterable[HistoryEntry]) -> list[Statement]:
    """The last statement of each claim, in ledger order."""
    last = {entry.claim_number: entry.statement for entry in entries if isinstance(entry, StatementEntry)}
    return [last[number] for number in sorted(last)]


def held_grants(entries: Iterable[HistoryEntry]) -> list[HeldGrant]:
    """The grants that stand, in the order of scheme, kind and year."""
    held: dict[GrantKey, HeldGrant] = {}
    for entry in entries:
        if isinstance(entry, GrantEntry):
            if entry.withdrawn:
                held.pop(entry.grant.key, None)
            else:
                held[entry.grant.key] = entry.grant
    return [held[key] for key in sorted(held)]


def accumulations(
    entries: Iterable[HistoryEntry], days: dict[str, date], on: date | None
) -> dict[AccumulationKey, Used]:
    """The sums of what layers have booked, for claims dated up to ``on`` where a day is given; ``days`` by claim id."""
    sums: dict[AccumulationKey, Used] = {}
    for entry in entries:
        if isinstance(entry, PayoutEntry) and (on is None or days[entry.claim_id] <= on):
            sums.setdefault((entry.year, entry.scheme, entry.layer), Used()).merge(entry.booked)
    return sums


def net_premiums(entries: Iterable[HistoryEntry]) -> dict[PremiumKey, PayerPremium]:
    """The premiums that stand."""
    return sum_premiums(entry.premium for entry in entries if isinstance(entry, PremiumEntry))


def net_bookings(entries: Iterable[HistoryEntry]) -> list[StageBooking]:
    """What layers have booked in sum, in the order of claim and stage."""
    found: dict[tuple[int, int, str, str], StageBooking] = {}
    for entry in entries:
        if isinstance(entry, PayoutEntry):
            key = entry.claim_number, entry.stage, entry.layer, entry.track
            if key not in found:
                net = entry.claim_id, entry.claim_number, entry.stage, entry.year, entry.scheme
                found[key] = StageBooking(*net, entry.layer, entry.track, Used())
            found[key].net.merge(entry.booked)
    return [found[key] for key in sorted(found)]


def run_in_flight(known: Sequence[HistoryEntry], later: Iterable[EntryRow]) -> str | None:
    """Why the books were not at rest at the moment between ``known`` and ``later``, or None where they were.

    A run was in flight when something was decided afterwards because of a fact recorded before. Of what is later only
    the causes are read, so that a later entry that is not readable does not stop a replay of the past.
    """
    last = max((entry.number for entry in known if entry.journal == INTAKE_JOURNAL), default=-1)
    accepted = {entry.claim.claim_id for entry in known if isinstance(entry, AcceptanceEntry)}
    for entry in later:
        if entry["journal"] == INTAKE_JOURNAL:
            continue
        followed = f"{entry['type']} followed at {entry['recorded_at'].isoformat()}"
        try:
            cause = _CAUSES.decode(entry["data"]).cause
        except (ValueError, TypeError):
            return f"run {entry['run']} may have been in flight: {followed}, and its cause can't be read"
        # Recovery sends again what was in flight: which fact it was for is not known any more.
        if cause.number <= last if cause is not None and cause.type in FACTS else entry["claim_id"] in accepted:
            return f"run {entry['run']} was in flight: {followed}"
    return None
