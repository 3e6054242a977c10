"""The real processors without servers: intake's desk, a book per layer, settlement's desk, queues in between.

Thousands of random histories run here in the time that a database takes for a few. What only a database proves
(positions, transactions, journals on disk) is proved in tests/integration and tests/faults.
"""

import random
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import Journal, entries
from policies.claim import Claim, Used
from policies.engine import settle
from policies.grants import grants_due
from policies.loader import by_hash, load_directory
from processors.delivery.run import Run
from processors.delivery.transaction import Transaction
from processors.delivery.wire import pack_run, unpack_run
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.incoming_event import Envelope
from processors.pipeline.intake import Desk
from processors.pipeline.layer import SETTLEMENT, Book
from processors.pipeline.settlement import Desk as SettlementDesk
from processors.pipeline.settlement import grant_claims, statement_row
from processors.pipeline.state import LedgerState
from processors.premiums.history import booked_premiums, premiums_from_scratch

SHIPPED = load_directory()
FIGURES = ("base", "deductible", "paid", "extra", "claims")


class Memory:
    """A ledger in memory. ``seed`` decides who takes how much when: runs overtake each other wherever they can."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.pinned = PinnedSchemes()
        self.pinned.by_hash, self.pinned.current = dict(by_hash(SHIPPED)), list(SHIPPED)
        self.state = LedgerState()
        self.journals: dict[str, Journal] = {}
        self.books: dict[str, Book] = {}
        self.queues: dict[str, deque[bytes]] = {}
        self.known: set[tuple[str, str]] = set()
        self.sequence = 0
        self.refused: list[str] = []
        self.settlement = SettlementDesk(self._transaction(SETTLEMENT), {})

    def take(self, event: Mapping[str, Any]) -> None:
        """Intake takes one event; its runs are queued for basic, as bytes."""
        self.sequence += 1
        envelope = Envelope.of(self.sequence, str(event["source"]), orjson.dumps(event))
        if envelope.identity in self.known:
            return
        self.known.add(envelope.identity)
        desk = Desk(self._transaction("intake"), self.state, self.pinned)
        desk.receive(envelope)
        self.refused += [str(row["reason"]) for row in desk.refused]
        self.state.new.clear()
        self.state.changed.clear()
        self.state.counted.clear()
        self.state.gone.clear()
        for run in desk.openings.runs:
            self._queue("basic", run)

    def work(self, most: int) -> None:
        """Up to ``most`` runs go one stage further, each time from a queue drawn at random."""
        for _ in range(most):
            waiting = [consumer for consumer, queue in self.queues.items() if queue]
            if not waiting:
                return
            consumer = self.random.choice(waiting)
            run = unpack_run(self.queues[consumer].popleft())
            if consumer == SETTLEMENT:
                self._settle(run)
            else:
                self._decide(consumer, run)

    def settle(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Take events while the layers work at random paces, then let everything come to rest."""
        for event in events:
            self.take(event)
            if self.random.random() < 0.2:  # a source that sends again
                self.take(event)
            self.work(self.random.choice((0, 0, 1, 5, 40)))
        self.work(1_000_000)

    def _decide(self, layer: str, run: Run) -> None:
        book = self.books.setdefault(layer, Book({}, {}))
        path = self.pinned.by_hash[run.claims[0].scheme].path
        book.book(self._transaction(layer), run, book.decide(run, self.pinned.by_hash), layer)
        run.stage += 1
        self._queue(path[run.stage] if run.stage < len(path) else SETTLEMENT, run)

    def _settle(self, run: Run) -> None:
        history = self.settlement.histories.setdefault(run.person_id, {})
        for claim, payouts in zip(run.claims, run.decided, strict=True):
            row = statement_row(claim, payouts, self.pinned.by_hash[claim.scheme])
            self.settlement.settle(run, claim, row)
            history[claim.claim_id] = self.settlement.known[claim.claim_id]
        self.settlement.grant(run, self.pinned.by_hash)

    def _queue(self, consumer: str, run: Run) -> None:
        self.queues.setdefault(consumer, deque()).append(pack_run(run))

    def _transaction(self, name: str) -> Transaction:
        journal = self.journals.setdefault(name, Journal(name))
        journal.start(datetime.now(UTC))
        return Transaction(cast("AsyncConnection", None), journal, name)

    def differences(self) -> list[str]:
        """Where the books differ from settling every person's standing claims from scratch (DOMAIN 3.6)."""
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
        return found + self._premium_differences()

    def entries(self, journal: str) -> list[dict[str, Any]]:
        """What a journal holds, by the names of the columns."""
        return [dict(zip(entries.columns.keys(), row, strict=True)) for row in self.journals[journal].rows]

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
            for layer, book in self.books.items()
            for (person, year, scheme), tracks in book.accumulated.items()
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
        held = self.settlement.known.get(claim.claim_id, {})
        wrong = {name: (held.get(name), value) for name, value in wanted.items() if held.get(name) != value}
        return [f"{claim.claim_id}: statement {wrong}"] if wrong else []

    def _grant_differences(self, person_id: str) -> list[str]:
        rows = list(self.settlement.histories.get(person_id, {}).values())
        held = {key: row["claim_id"] for key, row in self.settlement.granted.get(person_id, {}).items()}
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
                premiums_from_scratch(told[person_id], roster, self.pinned.by_hash),
            )
            if held != wanted:
                found.append(f"{person_id}: premiums {held}, from scratch {wanted}")
        return found

    def outcome(self) -> list[dict[str, Any]]:
        """Every statement, to compare two ledgers: revisions too, for they must not hang on timing."""
        rows = sorted(self.settlement.known.values(), key=lambda row: str(row["claim_id"]))
        return [{name: value for name, value in row.items() if name != "answer_id"} for row in rows]
