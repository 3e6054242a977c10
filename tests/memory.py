"""The real processors without servers: intake, the layers and settlement over a state in memory, queues in between.

The batches that decide, book and settle are those that the handlers run; only what a handler loads from the database
is kept here in memory. Thousands of random histories run in the time that a database takes for a few. What only a
database proves (positions, transactions, journals on disk, parked runs) is proved in tests/integration and
tests/faults.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import CLAIM_ACCEPTED, REFUSAL_LIFTED
from events.store.journal import Journal, KnownEvent, entries
from policies.claim import Claim, Used
from policies.engine import settle
from policies.funds import BookedFund
from policies.grants import grants_due
from policies.limits import Tracks
from policies.loader import by_hash, load_directory
from policies.scheme import Scheme
from processors.delivery.names import ANSWERS, INTAKE_CONSUMER, RUNS, SETTLEMENT_CONSUMER
from processors.delivery.parked_runs import ParkedRuns
from processors.delivery.run import Cause, Run, pack_run, send_runs, unpack_run, unpack_runs
from processors.delivery.transaction import Transaction
from processors.law.pinned_schemes import PinnedSchemes
from processors.person.premium_history import booked_premiums, premiums_due, read_enrolments
from processors.pipeline.claim_history import CLAIM_HISTORY_TYPES, CORRECTED
from processors.pipeline.incoming_event import Identity, IncomingEvent, split_repeated
from processors.pipeline.intake import IntakeBatch
from processors.pipeline.kinds.audit import FINDINGS
from processors.pipeline.known_events import told_apart
from processors.pipeline.layer import BookingKey, LayerBatch, NetBooking
from processors.pipeline.run_opening import RunOpener
from processors.pipeline.settlement import Row, SettlementBatch, grant_claims, statement_row
from processors.pipeline.state import LedgerState
from processors.pipeline.unenrolled_claims import UNENROLLED
from processors.pipeline.window_amounts import OwnChange, WindowAmounts, window_change
from processors.resettlement.order import ORDERED
from projections.accumulations import Key
from projections.grants import GrantKey
from projections.refusals import UnenrolledClaim
from tests.moves import TEXTS
from tests.parties import ToldFact, party_differences
from tests.payers import payer_differences

SHIPPED = load_directory()
FIGURES = ("base", "deductible", "paid", "extra", "claims")
_COLUMNS = tuple(entries.columns.keys())


class _WatchedBatch(IntakeBatch):
    """Tells before each fact: a discharge that waited and its corrections are taken in with one event."""

    before_fact: Callable[[Journal], None]

    def record(self, event: IncomingEvent, **about: Any) -> int:
        self.before_fact(self.transaction.journal)
        return super().record(event, **about)


class Memory:
    """A ledger in memory. ``seed`` decides which consumer works when: runs overtake each other wherever they can."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.pinned = PinnedSchemes()
        self.pinned.by_hash, self.pinned.current = dict(by_hash(SHIPPED)) | TEXTS, list(SHIPPED)
        self.ordered = 0
        self.state = LedgerState()
        self.journals: dict[str, Journal] = {}
        self.accumulated: dict[str, dict[Key, Tracks]] = {}
        self.booked: dict[str, dict[BookingKey, NetBooking]] = {}
        self.statements: dict[str, Row] = {}
        self.granted: dict[str, dict[GrantKey, Row]] = {}
        self.paying: dict[tuple[str, GrantKey], BookedFund] = {}
        self.queues: dict[str, deque[bytes]] = {}
        self.known: dict[Identity, KnownEvent] = {}
        self.lifted: list[str] = []
        self.sequence = 0
        self.refused: list[str] = []
        self.accepted: dict[str, tuple[int, tuple[Claim, ...]]] = {}
        self.told: dict[str, list[ToldFact]] = {}
        self.claims_of: dict[str, tuple[Claim, ...]] = {}
        self.remembered = 0
        self.open: dict[tuple[str, int], Run] = {}
        self.opened: list[Run] = []
        self.superseding: set[tuple[str, int]] = set()
        self.known_at_settlement: dict[str, int] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        """Intake takes one event; its runs are queued for basic, as bytes."""
        self.sequence += 1
        if event["type"] == ORDERED:
            self._adopt(TEXTS[event["data"]["scheme_hash"]])
        incoming = IncomingEvent.of(self.sequence, str(event["source"]), orjson.dumps(event))
        fresh, _ = split_repeated(told_apart([incoming], self.known), self.known)
        batch = _WatchedBatch(self._transaction(INTAKE_CONSUMER), self.state, self.pinned)
        batch.before_fact = self._remember
        for each in fresh:
            self.known[each.identity] = KnownEvent(0, str(event["type"]), self.sequence, b"{}", each.raw)
            batch.receive(each)
        batch.save(partitions=1)
        for refused in filter(None, map(UnenrolledClaim.of_row, batch.refused)):
            self.state.of(UNENROLLED).setdefault(refused.person_id, []).append(refused)
        self.refused += [str(row["reason"]) for row in batch.refused]
        self._remember(batch.transaction.journal)
        self._carry(batch.transaction)

    def _adopt(self, scheme: Scheme) -> None:
        self.pinned.current = [scheme if each.name == scheme.name else each for each in self.pinned.current]
        self.pinned._serving.clear()
        self.pinned._terms.clear()
        self.pinned._paths.clear()

    def lose(self) -> None:
        """All runs under way are lost; one fresh run for each person, year and scheme takes the place of its own."""
        lost: dict[tuple[str, int, str], int] = {}
        for run in self.open.values():
            key = run.person_id, run.year, run.scheme
            lost[key] = min(lost.get(key, run.claims[0].number), run.claims[0].number)
        self.queues.clear()
        self.open.clear()
        transaction = self._transaction(INTAKE_CONSUMER)
        opener = RunOpener(self.state, self.pinned)
        cause = Cause(transaction.journal.number, "ledger/claims", "runs-sent-again", "recovery")
        for (person_id, year, scheme), number in sorted(lost.items()):
            opener.open_from(person_id, (year, scheme), number, cause)
        self.superseding |= {(run.person_id, run.number) for run in opener.runs}
        send_runs(transaction, INTAKE_CONSUMER, [("basic", run) for run in opener.runs], 1)
        self._carry(transaction)

    def work(self, most: int) -> None:
        """Up to ``most`` runs go one stage further, each time from a queue drawn at random."""
        for _ in range(most):
            waiting = [consumer for consumer, queue in self.queues.items() if queue]
            if not waiting:
                return
            consumer = self.random.choice(waiting)
            run = unpack_run(self.queues[consumer].popleft())
            if consumer == SETTLEMENT_CONSUMER:
                self._settle(run)
                self.open.pop((run.person_id, run.number), None)
            else:
                self._decide(consumer, run)

    def settle(self, events: Iterable[Mapping[str, Any]], losses: float = 0) -> None:
        """Take events while the layers work at random paces, then let everything come to rest.

        ``losses`` is how likely the runs under way are lost behind each event.
        """
        for event in events:
            self.take(event)
            if self.random.random() < 0.2:  # a source that sends again
                self.take(event)
            self.work(self.random.choice((0, 0, 1, 5, 40)))
            if losses and self.random.random() < losses:
                self.lose()
        self.work(1_000_000)

    def _decide(self, layer: str, run: Run) -> None:
        accumulated, booked = self.accumulated.setdefault(layer, {}), self.booked.setdefault(layer, {})
        batch = LayerBatch(self._transaction(layer), self.pinned, ParkedRuns(layer), accumulated, booked)
        batch.receive(run)
        assert not batch.parked.arrived, batch.parked.arrived
        batch.save(partitions=1)
        self._carry(batch.transaction)

    def _settle(self, run: Run) -> None:
        known = {claim.claim_id: self.statements[claim.claim_id] for claim in run.claims if self._settled(claim)}
        parked = ParkedRuns(SETTLEMENT_CONSUMER)
        windows = WindowAmounts(self._own_changes(run), self.known_at_settlement)
        transaction = self._transaction(SETTLEMENT_CONSUMER)
        batch = SettlementBatch(transaction, self.pinned, parked, known, self.superseding, windows)
        batch.receive(run)
        assert not batch.parked.arrived, batch.parked.arrived
        granting = batch.persons_with_grants() | ({run.person_id} & self.granted.keys() if run.revisits else set())
        batch.add_histories(granting, {run.person_id: self._history(run.person_id)})
        held = {run.person_id: self.granted.get(run.person_id, {}).values()} if granting else {}
        batch.add_grants(held, self.paying)
        batch.settle()
        batch.save()
        self.statements |= batch.changed
        self.granted |= batch.granted
        self.paying |= batch.paying

    def _own_changes(self, run: Run) -> dict[str, list[OwnChange]]:
        found: dict[str, list[OwnChange]] = {}
        if (run.person_id, run.number) not in self.superseding:
            return found
        for fact in self.told.get(run.person_id, ()):
            corrects = fact.type == CORRECTED
            on_paper = any(claim.claim_id == fact.claim_id and claim.invoice is not None for claim in fact.claims)
            if fact.claim_id is not None and (fact.borne_by == "hospital" or (corrects and not on_paper)):
                schemes = self.pinned.by_hash
                due = window_change(schemes, fact.claim_id, fact.claims_before, fact.claims, corrects=corrects)
                found.setdefault(fact.claim_id, []).append(OwnChange(fact.number, due))
        return found

    def _settled(self, claim: Claim) -> bool:
        return claim.claim_id in self.statements

    def _history(self, person_id: str) -> list[Row]:
        claims = self.state.by_person[person_id].values()
        return [self.statements[claim.claim_id] for claim in claims if self._settled(claim)]

    def _carry(self, transaction: Transaction) -> None:
        """Queue the runs that a transaction sends, each in a message of its own."""
        for message in transaction.outgoing:
            if message.stream == ANSWERS and REFUSAL_LIFTED.encode() in message.body:
                self.lifted.append(orjson.loads(message.body)["data"]["claim_id"])
            if message.stream == RUNS:
                _, _, consumer, _, _ = message.subject.split(".")
                carried = unpack_runs(message.body)
                self.opened += [run for run in carried if run.stage == 0]
                self.open |= {(run.person_id, run.number): run for run in carried}
                self.queues.setdefault(consumer, deque()).extend(map(pack_run, carried))

    def _transaction(self, name: str) -> Transaction:
        journal = self.journals.setdefault(name, Journal(name))
        journal.start(datetime.now(UTC))
        return Transaction(cast("AsyncConnection", None), journal, name)

    def differences(self) -> list[str]:
        """Where the books differ from settling every person's standing claims from scratch (docs/domain.md#3.6)."""
        found: list[str] = []
        booked = self._booked()
        for person_id, claims in self.state.by_person.items():
            history = list(claims.values())
            bills, used = settle(self.pinned.by_hash, history)
            wanted: dict[tuple[str, int, int], Used] = {}
            for number, bill in bills.items():
                for payout in bill.payouts:
                    wanted.setdefault((person_id, number, payout.stage), Used()).add(payout)
            mine = {key: value for key, value in booked.items() if key[0] == person_id}
            if mine != wanted:
                found.append(f"{person_id}: booked {mine}, from scratch {wanted}")
            found += self._accumulation_differences(person_id, used)
            for claim in history:
                found += self._statement_differences(claim, bills)
            found += self._grant_differences(person_id)
        return found + self._premium_differences() + self._lifted_differences() + self._payer_differences()

    def _payer_differences(self) -> list[str]:
        """Where a fund has paid or got something else than the texts lay on it (docs/decisions/0018)."""
        rows = [row for journal in self.journals for row in self.entries(journal)]
        return payer_differences(rows, self.state, self.pinned.by_hash)

    def party_differences(self) -> list[str]:
        """Where clearing would settle bookings with another party than their facts name (docs/domain.md#3.8)."""
        rows = [row for journal in self.journals if journal != INTAKE_CONSUMER for row in self.entries(journal)]
        claims = [claim for own in self.state.by_person.values() for claim in own.values()]
        return party_differences(self.accepted, self.told, rows, claims, self.pinned.by_hash)

    def _remember(self, journal: Journal) -> None:
        """The claims of each person as they stand behind a fact that was taken in."""
        for row in self.entries(journal.name, self.remembered):
            number, type_, claim_id = row["number"], row["type"], row["claim_id"]
            self.ordered = number if type_ == ORDERED else self.ordered
            if type_ in CLAIM_HISTORY_TYPES:
                claims = tuple(self.state.by_person.get(row["person_id"], {}).values())
                if type_ == CLAIM_ACCEPTED and claim_id not in self.accepted:
                    self.accepted[claim_id] = number, claims
                elif type_ == CLAIM_ACCEPTED:
                    self._remember_move(row["person_id"], claims)
                else:
                    said = orjson.loads(row["raw"])["data"]
                    finding = self.state.of(FINDINGS).get(said.get("finding_id"))
                    borne_by = None if finding is None else finding.borne_by
                    fact = ToldFact(number, type_, claim_id, borne_by, self.claims_of.get(row["person_id"], ()), claims)
                    self.told.setdefault(row["person_id"], []).append(fact)
                self.claims_of[row["person_id"]] = claims
        self.remembered = journal.number

    def _remember_move(self, person_id: str, claims: tuple[Claim, ...]) -> None:
        """One order moves several claims of a person: a run knows all of it by the order's number."""
        told = self.told.setdefault(person_id, [])
        if not told or told[-1].number != self.ordered:
            told.append(ToldFact(self.ordered, CLAIM_ACCEPTED, None, None, self.claims_of[person_id], claims))

    def entries(self, journal: str, after: int = 0) -> list[dict[str, Any]]:
        """What a journal holds behind an entry's number, by the names of the columns."""
        return [dict(zip(_COLUMNS, row, strict=True)) for row in self.journals[journal].rows[after:]]

    def _booked(self) -> dict[tuple[str, int, int], Used]:
        sums: dict[tuple[str, int, int], Used] = {}
        for journal in self.journals:
            for row in self.entries(journal):
                if row["stage"] is not None and 0 <= row["stage"] < 100:
                    used = sums.setdefault((row["person_id"], row["claim_number"], row["stage"]), Used())
                    for name, column in zip(FIGURES, ("base", "deductible", "paid", "extra", "ran"), strict=True):
                        setattr(used, name, getattr(used, name) + row[column])
        return {key: used for key, used in sums.items() if used != Used()}

    def _accumulation_differences(self, person_id: str, used: Mapping[tuple[int, str, str], Any]) -> list[str]:
        held = {
            (year, scheme, layer): {track: value for track, value in tracks.items() if value != Used()}
            for layer, accumulated in self.accumulated.items()
            for (person, year, scheme), tracks in accumulated.items()
            if person == person_id
        }
        held = {key: tracks for key, tracks in held.items() if tracks}
        wanted = {
            key: {track: value for track, value in tracks.items() if value != Used()} for key, tracks in used.items()
        }
        wanted = {key: tracks for key, tracks in wanted.items() if tracks}
        return [] if held == wanted else [f"{person_id}: accumulated {held}, from scratch {wanted}"]

    def _statement_differences(self, claim: Claim, bills: Mapping[int, Any]) -> list[str]:
        payouts = bills[claim.number].payouts if claim.standing else []
        wanted = statement_row(claim, payouts, self.pinned.by_hash[claim.scheme])
        held = self.statements.get(claim.claim_id, {})
        wrong = {name: (held.get(name), value) for name, value in wanted.items() if held.get(name) != value}
        return [f"{claim.claim_id}: statement {wrong}"] if wrong else []

    def _grant_differences(self, person_id: str) -> list[str]:
        rows = self._history(person_id)
        held = {key: row["claim_id"] for key, row in self.granted.get(person_id, {}).items()}
        wanted = {}
        for scheme in {row["scheme"] for row in rows}:
            claims = grant_claims([row for row in rows if row["scheme"] == scheme])
            offered = {key: scheme.grants for key, scheme in self.pinned.by_hash.items()}
            for grant in grants_due(claims, offered):
                wanted[scheme, grant.kind, grant.year or 0] = grant.claim_id
        return [] if held == wanted else [f"{person_id}: grants {held}, from scratch {wanted}"]

    def _premium_differences(self) -> list[str]:
        told: dict[str, list[dict[str, Any]]] = {}
        for row in self.entries("intake") if "intake" in self.journals else ():
            told.setdefault(row["person_id"], []).append(row)
        found = []
        for person_id, roster in self.state.rosters.items():
            held, wanted = (
                booked_premiums(told[person_id]),
                premiums_due(read_enrolments(told[person_id]), roster, self.pinned.by_hash),
            )
            if held != wanted:
                found.append(f"{person_id}: premiums {held}, from scratch {wanted}")
        return found

    def _lifted_differences(self) -> list[str]:
        """Claims refused as not enrolled that could be sent again now, and of which their hospital was told nothing."""
        return [
            f"{refused.subject}: refused as not enrolled on {refused.day}, insured by now, and not told"
            for own in self.state.of(UNENROLLED).values()
            for refused in own
            if refused.subject not in self.state.claims
            and refused.subject not in self.lifted
            and (now := self.state.enrolments.get((refused.person_id, refused.day.year))) is not None
            and now.insures(refused.day)
        ]

    def outcome(self) -> list[dict[str, Any]]:
        """Every statement, to compare two ledgers: revisions too, for they must not hang on timing."""
        rows = sorted(self.statements.values(), key=lambda row: str(row["claim_id"]))
        return [{name: value for name, value in row.items() if name != "answer_id"} for row in rows]
