"""What the peers share with the ledger: how a fact is read, accepted and decided. Only how it is kept is their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.load import hash_of
from events import facts
from events.catalog import Fact
from events.decisions import CLAIM_ACCEPTED, CLAIM_SETTLED, PAYOUT_DECIDED
from events.store.journal import ACCEPTANCE_STAGE, SETTLEMENT_STAGE, Journal
from policies.claim import Claim, Payout, claim_json
from policies.engine import Schemes, decide, open_claim
from policies.limits import Books, Tracks
from policies.loader import by_hash, load_directory
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.kinds.discharge import accept_discharge
from processors.pipeline.kinds.outpatient import accept_outpatient
from processors.pipeline.state import LedgerState
from projections.statements import statement_json

Row = dict[str, Any]


def shipped() -> PinnedSchemes:
    """The shipped schemes, all in force."""
    loaded = load_directory()
    pinned = PinnedSchemes()
    pinned.by_hash, pinned.current = dict(by_hash(loaded)), list(loaded)
    return pinned


def accept(state: LedgerState, pinned: PinnedSchemes, fact: Fact, run: int) -> Claim:
    """The claim of a discharge or a visit; raises ``Refusal`` or ``WaitsFor``."""
    if isinstance(fact.data, facts.DischargeRecorded):
        return accept_discharge(state, pinned, fact.source, fact.data, run)
    assert isinstance(fact.data, facts.OutpatientRecorded)
    return accept_outpatient(state, pinned, fact.source, fact.data, run)


def decide_all(
    schemes: Schemes, claim: Claim, used: dict[str, Tracks], chain: Mapping[str, Sequence[Claim]]
) -> list[Payout]:
    """Let every layer of the claim's scheme decide it after what ``used`` holds, by layer; counts them in."""
    scheme = schemes[claim.scheme]
    bill = open_claim(scheme, claim)
    books: Books = {layer: {claim.year: used.setdefault(layer, {})} for layer in scheme.path}
    payouts = (decide(schemes, stage, bill, books, chain) for stage in range(len(scheme.path)))
    return [payout for payout in payouts if payout is not None]


@dataclass(frozen=True)
class Booking:
    """One claim's events in the ledger's own form: the fact, the acceptance, each payout, the statement."""

    fact: Fact
    raw: bytes
    stream_seq: int
    claim: Claim
    scheme: str
    payouts: list[Payout]
    statement: Row

    def book(self, journal: Journal) -> None:
        """Append them to a journal."""
        claim = self.claim
        of_claim = {"person_id": claim.person_id, "claim_id": claim.claim_id}
        number = record(journal, self.fact, self.raw, self.stream_seq, **of_claim)
        about: Row = of_claim | {
            "claim_number": claim.number,
            "run": claim.opened,
            "year": claim.year,
            "scheme": self.scheme,
        }
        data = {"claim": claim_json(claim), "fact": number}
        journal.append(CLAIM_ACCEPTED, data, stage=ACCEPTANCE_STAGE, **about)
        for payout in self.payouts:
            journal.append(
                PAYOUT_DECIDED,
                {"taken": payout.taken, "trace": payout.trace},
                stage=payout.stage,
                layer=payout.layer,
                track=payout.track,
                ran=1,
                base=payout.base,
                deductible=payout.deductible,
                paid=payout.paid,
                extra=payout.extra,
                **about,
            )
        self.statement["revision"] = 1
        self.statement["answer_id"] = f"{journal.name}-{journal.number + 1}"
        self.statement["answer_type"] = CLAIM_SETTLED
        data = {"statement": statement_json(self.statement)}
        journal.append(CLAIM_SETTLED, data, stage=SETTLEMENT_STAGE, **about)


def record(journal: Journal, fact: Fact, raw: bytes, stream_seq: int, **named: Any) -> int:
    """Append a fact as it was sent; returns its number."""
    return journal.append(fact.type, {}, source=fact.source, event_id=fact.id, stream_seq=stream_seq, raw=raw, **named)


def by_lane(events: Sequence[Row], lanes: int) -> list[list[tuple[int, Row]]]:
    """Events with their places, spread by person over lanes that may go side by side."""
    spread: list[list[tuple[int, Row]]] = [[] for _ in range(lanes)]
    for place, event in enumerate(events, start=1):
        spread[hash_of(event["data"]["person_id"]) % lanes].append((place, event))
    return spread
