"""Intake: one ordered consumer that accepts or refuses every event, fixes what acceptance fixes, and opens runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from events import facts
from events.catalog import Fact
from events.decisions import CLAIM_ACCEPTED, EVENT_REJECTED, EVENT_WAITING
from events.refusals import Refusal
from events.store.journal import ACCEPTANCE_STAGE, identities
from policies.claim import Audit, Claim, claim_json
from processors.delivery.answers import answer
from processors.delivery.run import Cause, open_runs
from processors.delivery.transaction import Delivery, Transaction
from processors.delivery.wire import send_runs
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline import acceptance
from processors.pipeline.duplicates import answer_again
from processors.pipeline.incoming_event import Envelope, read_batch
from processors.pipeline.premiums import PremiumBooking, enrolment_of
from processors.pipeline.run_opening import RunOpenings
from processors.pipeline.state import LedgerState, load_state, with_bill
from processors.resettlement import order
from projections.advances import Advance
from projections.cards import CardChange
from projections.hospitals import Hospital
from projections.refusals import refusals
from projections.rosters import RosterChange
from projections.suspensions import Suspension
from projections.waiting import Waiting

CONSUMER = "intake"
NOTHING: Mapping[str, object] = {}
"""What taking an event in fixes, where it fixes nothing."""


class Intake:
    """The handler of consumer ``intake``."""

    consumer = CONSUMER

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self.pinned = PinnedSchemes()
        self._left = b""

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Take a batch of events in the order of INTAKE."""
        if transaction.journal.hash != self._left:  # schemes are adopted in this journal alone
            await self.pinned.refresh(transaction.connection)
        envelopes = read_batch(batch)
        known = await identities(transaction.connection, [envelope.identity for envelope in envelopes])
        fresh: list[Envelope] = []
        repeated: list[Envelope] = []
        seen: set[tuple[str, str]] = set()
        for envelope in envelopes:
            (repeated if envelope.identity in known or envelope.identity in seen else fresh).append(envelope)
            seen.add(envelope.identity)
        state = await load_state(
            transaction.connection, [envelope.fact for envelope in fresh if envelope.fact is not None]
        )
        await self.pinned.require(transaction.connection, {claim.scheme for claim in state.claims.values()})
        desk = Desk(transaction, state, self.pinned)
        for envelope in fresh:
            desk.receive(envelope)
        state.save(transaction.writes)
        transaction.writes.upsert(refusals, desk.refused)
        open_runs(transaction.writes, desk.openings.runs, transaction.journal.recorded_at)
        send_runs(transaction, CONSUMER, [("basic", run) for run in desk.openings.runs], self.partitions)
        await answer_again(transaction, repeated)
        self._left = transaction.journal.hash


class SetAside:
    """Takes an event that broke intake: refused as malformed and stored whole, nothing in it believed."""

    consumer = CONSUMER

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Refuse every event of a batch; one that was set aside before is answered again."""
        refusal = Refusal("malformed", "the event can't be taken in: ask the bureau's administrator")
        envelopes = {envelope.identity: envelope for envelope in (Envelope.unnamed(each, refusal) for each in batch)}
        known = await identities(transaction.connection, list(envelopes))
        desk = Desk(transaction, LedgerState(), PinnedSchemes())
        for identity, envelope in envelopes.items():
            if identity not in known:
                desk.receive(envelope)
        transaction.writes.upsert(refusals, desk.refused)
        await answer_again(transaction, [envelopes[identity] for identity in known])


@dataclass(slots=True)
class Desk:
    """Decides the facts of one batch, one after the other."""

    transaction: Transaction
    state: LedgerState
    pinned: PinnedSchemes
    refused: list[dict[str, object]] = field(default_factory=list)
    openings: RunOpenings = field(init=False)
    premiums: PremiumBooking = field(init=False)

    def __post_init__(self) -> None:
        self.premiums = PremiumBooking(self.transaction.journal, self.state, self.pinned)
        self.openings = RunOpenings(self.state, self.pinned.by_hash)

    def receive(self, envelope: Envelope) -> None:
        """Take one event: into the books, or refused, or waiting."""
        if envelope.fact is None:
            self._reject(envelope, envelope.refusal)
            return
        try:
            self._decide(envelope, envelope.fact)
        except Refusal as refusal:
            self._reject(envelope, refusal)
        except acceptance.WaitsFor as missing:
            self._wait(envelope, envelope.fact, missing.admission_id)

    def _decide(self, envelope: Envelope, fact: Fact) -> None:
        state = self.state
        match fact.data:
            # the most frequent first: each pydantic class that is asked in vain costs a microsecond
            case facts.DischargeRecorded() as data:
                run = self._next_run(data.person_id)
                self._accept(envelope, fact, acceptance.accept_discharge(state, self.pinned, fact, data, run))
            case facts.OutpatientRecorded() as data:
                run = self._next_run(data.person_id)
                self._accept(envelope, fact, acceptance.accept_outpatient(state, self.pinned, fact, data, run))
            case facts.AdmissionRecorded() as data:
                admission = acceptance.accept_admission(state, data)
                self._record(envelope, fact, person_id=data.person_id)
                state.put_admission(admission)
                self._go_on(data.admission_id)
            case facts.HospitalRegistered() as data:
                self._record(envelope, fact)
                state.register_hospital(
                    Hospital(
                        data.hospital_id, data.name, data.tier, data.region, data.designated_from, data.designated_until
                    )
                )
            case facts.HospitalSuspended() | facts.HospitalReinstated() as data:
                acceptance.registered_hospital(state, data.hospital_id)
                state.suspend(_suspension(self._record(envelope, fact), fact.source, data))
            case facts.FineImposed() as data:
                acceptance.new_fine(state, data)
                state.add_fine(self._record(envelope, fact), fact.source, data)
            case facts.PersonDied() as data:
                number = self._record(envelope, fact, person_id=data.person_id)
                state.report_death(number, fact.source, data)
                self.premiums.settle(data.person_id, _cause(number, fact))
            case facts.EnrollmentRecorded() as data:
                enrolment = enrolment_of(self.pinned, data, state.deaths.get(data.person_id))
                number = self._record(envelope, fact, person_id=data.person_id, fixed={"scheme": enrolment.scheme})
                self.premiums.enrol(enrolment, _cause(number, fact))
            case facts.RosterChanged() as data:
                number = self._record(envelope, fact, person_id=data.person_id)
                self._change_roster(
                    RosterChange(number, data.person_id, data.category, data.change == "added", data.effective_on),
                    _cause(number, fact),
                )
            case facts.ChronicCardIssued() | facts.ChronicCardRevoked() as data:
                number = self._record(envelope, fact, person_id=data.person_id)
                issued = isinstance(data, facts.ChronicCardIssued)
                state.change_card(
                    CardChange(number, data.person_id, data.disease, data.disease_class, issued, data.effective_on)
                )
            case facts.AdmissionCancelled() as data:
                admission = acceptance.cancelled_admission(state, fact, data)
                self._record(envelope, fact, person_id=admission.person_id)
                state.put_admission(replace(admission, cancelled=True))
            case facts.ClaimReversed() as data:
                self._reverse(envelope, fact, data)
            case facts.ClaimCorrected() as data:
                claim = acceptance.corrected_claim(state, fact, data)
                number = self._record_on(envelope, fact, claim)
                changed = with_bill(claim, data.bill)
                state.put_claim(changed)
                self.openings.reopen([changed], _cause(number, fact))
            case facts.AuditFound() as data:
                claim = acceptance.audited_claim(state, data)
                number = self._record_on(envelope, fact, claim)
                audited = state.add_audit(data.finding_id, number, claim, Audit(data.amount, data.borne_by))
                laid_on = claim.claim_id if data.borne_by == "hospital" else None
                if claim.standing:
                    self.openings.reopen([audited], replace(_cause(number, fact), laid_on_hospital=laid_on))
            case facts.AdvanceIssued() as data:
                region = _office(fact)
                acceptance.new_advance(state, region, data)
                number = self._record(envelope, fact, person_id=data.person_id)
                state.add_advance(Advance(region, data.advance_id, number, data.person_id, data.amount, data.issued_on))
            case facts.ResettlementOrdered() as data:
                scheme = order.ordered_scheme(self.pinned, data)
                cause = _cause(self._record(envelope, fact), fact)
                order.carry_out(self.transaction.journal, state, self.openings, data, scheme, cause)
            case other:
                raise AssertionError(f"{type(other).__name__} is no fact")

    def _accept(self, envelope: Envelope, fact: Fact, claim: Claim) -> None:
        number = self._record_on(envelope, fact, claim)
        self.transaction.journal.append(
            CLAIM_ACCEPTED,
            {"claim": claim_json(claim), "fact": number},
            person_id=claim.person_id,
            claim_id=claim.claim_id,
            claim_number=claim.number,
            run=claim.opened,
            stage=ACCEPTANCE_STAGE,
            year=claim.year,
            scheme=self.pinned.by_hash[claim.scheme].name,
        )
        self.state.put_claim(claim)
        if claim.admission_id is not None:
            admission = self.state.admissions[claim.admission_id]
            self.state.put_admission(replace(admission, discharged_by=claim.claim_id))
        self.openings.open_new(claim, _cause(number, fact))

    def _reverse(self, envelope: Envelope, fact: Fact, data: facts.ClaimReversed) -> None:
        waits = [entry for entry in self.state.waiting if entry.claim_id == data.claim_id]
        if waits and data.claim_id not in self.state.claims:
            waits = acceptance.own_waiting(fact, waits, data.claim_id)
            self._record(envelope, fact, claim_id=data.claim_id)
            for entry in waits:
                self.state.stop_waiting(entry)
                detail = f"claim {data.claim_id} was reversed while it waited for admission {entry.admission_id}"
                self._reject(_waited(entry), Refusal("reversed_while_waiting", detail))
            return
        claim = acceptance.changed_claim(self.state, fact, data.claim_id)
        number = self._record_on(envelope, fact, claim)
        reversed_ = replace(claim, standing=False)
        self.state.put_claim(reversed_)
        if claim.admission_id is not None:
            admission = self.state.admissions.get(claim.admission_id)
            if admission is None:
                raise AssertionError(f"admission {claim.admission_id} of claim {claim.claim_id} was not loaded")
            self.state.put_admission(replace(admission, discharged_by=None))
        self.openings.reopen([reversed_], _cause(number, fact))

    def _change_roster(self, change: RosterChange, cause: Cause) -> None:
        before = dict(self.state.by_person.get(change.person_id, {}))
        self.state.change_roster(change)
        after = self.state.by_person.get(change.person_id, {})
        # A reversed claim's statement shows the categories too; a run over it pays nothing.
        touched = [claim for number, claim in after.items() if claim.categories != before[number].categories]
        self.openings.reopen(touched, cause)
        self.premiums.settle(change.person_id, cause)

    def _go_on(self, admission_id: str) -> None:
        for entry in [entry for entry in self.state.waiting if entry.admission_id == admission_id]:
            self.state.stop_waiting(entry)
            self.receive(_waited(entry))

    def _next_run(self, person_id: str) -> int:
        person = self.state.persons.get(person_id)
        return person.runs + 1 if person else 1

    def _record(
        self,
        envelope: Envelope,
        fact: Fact,
        *,
        person_id: str | None = None,
        claim_id: str | None = None,
        fixed: Mapping[str, object] = NOTHING,
    ) -> int:
        return self.transaction.journal.append(
            fact.type,
            fixed,
            source=fact.source,
            event_id=fact.id,
            stream_seq=envelope.stream_seq,
            person_id=person_id,
            claim_id=claim_id,
            raw=envelope.raw,
        )

    def _record_on(self, envelope: Envelope, fact: Fact, claim: Claim) -> int:
        return self._record(envelope, fact, person_id=claim.person_id, claim_id=claim.claim_id)

    def _reject(self, envelope: Envelope, refusal: Refusal | None) -> None:
        if refusal is None:
            raise AssertionError(f"event {envelope.stream_seq} has neither a fact nor a refusal")
        read_source, read_type = envelope.said
        row = {
            "source": read_source,
            "event_id": envelope.event_id,
            "type": read_type,
            "reason": refusal.reason,
            "detail": refusal.detail,
        }
        number = self.transaction.journal.append(
            EVENT_REJECTED,
            row,
            source=envelope.identity[0],
            event_id=envelope.identity[1],
            stream_seq=envelope.stream_seq,
            claim_id=envelope.claim_id,
            raw=envelope.raw,
        )
        self.refused.append(
            row
            | {
                "number": number,
                "stream_seq": envelope.stream_seq,
                "identity_source": envelope.identity[0],
                "identity_id": envelope.identity[1],
                "mailbox": envelope.mailbox,
                "subject": envelope.token,
            }
        )
        answer(self.transaction, envelope.mailbox, envelope.token, EVENT_REJECTED, f"intake-{number}", row)

    def _wait(self, envelope: Envelope, fact: Fact, admission_id: str) -> None:
        data = {"source": fact.source, "event_id": fact.id, "waits_for": admission_id}
        number = self.transaction.journal.append(
            EVENT_WAITING,
            data,
            source=fact.source,
            event_id=fact.id,
            stream_seq=envelope.stream_seq,
            claim_id=envelope.claim_id,
            raw=envelope.raw,
        )
        self.state.wait(
            Waiting(
                number, envelope.stream_seq, fact.source, fact.id, envelope.claim_id or "", admission_id, envelope.raw
            )
        )
        answer(self.transaction, envelope.mailbox, envelope.token, EVENT_WAITING, f"intake-{number}", data)


def _cause(number: int, fact: Fact) -> Cause:
    return Cause(number, fact.source, fact.id, fact.type)


def _suspension(number: int, source: str, data: facts.HospitalSuspended | facts.HospitalReinstated) -> Suspension:
    suspended = isinstance(data, facts.HospitalSuspended)
    clause = data.clause if isinstance(data, facts.HospitalSuspended) else None
    return Suspension(number, data.hospital_id, suspended, data.effective_on, data.reason, clause, source)


def _office(fact: Fact) -> str:
    """The region that the office which states a fact serves."""
    return fact.source.partition("/")[2]


def _waited(entry: Waiting) -> Envelope:
    return Envelope.of(entry.stream_seq, entry.source, entry.raw)
