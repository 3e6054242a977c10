"""A person's claims as they stand, with the bookings that made them so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from events import facts
from events.catalog import FACTS
from policies.buckets import OpenBill
from policies.claim import BillParts, Claim
from policies.engine import Schemes, settle
from policies.explain import render
from processors.person.file_model import (
    FileAdjustment,
    FileAid,
    FileAudit,
    FileBill,
    FileCause,
    FileClaim,
    FileLayer,
    FileQuota,
    FileReferral,
    FileRevision,
    FileUnmoved,
)
from processors.person.history import BookedCause, FactEntry, PayoutEntry, PersonHistory, StatementEntry
from processors.person.statement import Statement


def file_claims(history: PersonHistory, hospitals: Mapping[str, str]) -> list[FileClaim]:
    """Claims in ledger order; ``hospitals`` gives names by id."""
    payouts: dict[str, list[PayoutEntry]] = {}
    for payout in history.payouts():
        payouts.setdefault(payout.claim_id, []).append(payout)
    settlements: dict[str, list[StatementEntry]] = {}
    for settled in history.settlements():
        settlements.setdefault(settled.statement.claim_id, []).append(settled)
    claims = _Claims(history, hospitals)
    return [
        claims.claim(statement, payouts.get(statement.claim_id, []), settlements[statement.claim_id])
        for statement in history.statements
    ]


_AUDIT, _AID = facts.AuditFound | facts.AuditWithdrawn, facts.AidDecided | facts.AidWithdrawn
_ABOUT_A_CLAIM = facts.ClaimCorrected | facts.ClaimReversed | _AUDIT | _AID


class _Claims:
    """Makes claims of the file from the facts of a history, by what these are about."""

    def __init__(self, history: PersonHistory, hospitals: Mapping[str, str]) -> None:
        self.history, self.hospitals = history, hospitals
        self.live = {claim.claim_id: claim for claim in history.claims}
        self.by_event: dict[tuple[str, str], FactEntry] = {}
        self.by_number: dict[int, FactEntry] = {}
        self.admissions: dict[str, facts.AdmissionRecorded] = {}
        self.audits: dict[str, dict[str, FileAudit]] = {}
        self.aids: dict[str, dict[tuple[str, str], FileAid]] = {}
        self.about: dict[str, list[FactEntry]] = {}
        self.died_on: date | None = None
        # The values and steps as they are by now: a layer whose amount stayed the same has booked no new trace.
        self.bills, _ = settle(history.schemes, history.claims)
        for entry in history.facts():
            data = entry.fact.data
            self.by_event[entry.fact.source, entry.fact.id] = entry
            self.by_number[entry.number] = entry
            if isinstance(data, facts.AdmissionRecorded):
                self.admissions[data.admission_id] = data
            elif isinstance(data, facts.AdmissionChanged):
                said = data.model_dump(exclude_unset=True)
                admitted = self.admissions[data.admission_id]
                self.admissions[data.admission_id] = admitted.model_copy(update=said)
            elif isinstance(data, _AUDIT):
                self._audit(data)
            elif isinstance(data, facts.PersonDied):
                self.died_on = data.died_on
            elif isinstance(data, _AID):
                self._aid(entry.fact.source, data)
            if isinstance(data, _ABOUT_A_CLAIM):
                self.about.setdefault(data.claim_id, []).append(entry)

    def claim(
        self, statement: Statement, payouts: Sequence[PayoutEntry], settlements: Sequence[StatementEntry]
    ) -> FileClaim:
        """One claim; its bookings and settlements in the order recorded."""
        claim = self.live[statement.claim_id]
        fact = self._fact(statement.claim_id)
        of_stay = fact if isinstance(fact, facts.DischargeRecorded | facts.InterimRecorded) else None
        admission = self.admissions.get(of_stay.admission_id) if of_stay is not None else None
        paper = fact if isinstance(fact, facts.BillSubmitted) else None
        stay = paper or admission
        return FileClaim(
            claim_id=statement.claim_id,
            number=claim.number,
            day=statement.date,
            year=statement.year,
            setting=statement.setting,
            status=statement.status,
            revision=statement.revision,
            scheme=statement.scheme,
            tier=claim.tier,
            region=statement.region,
            hospital_id=claim.hospital_id,
            hospital_name=self.hospitals.get(claim.hospital_id, paper.hospital_name if paper else None),
            categories=list(statement.categories),
            card_class=claim.card_class,
            disease=fact.disease,
            admitted_on=stay.admitted_on if stay is not None else None,
            diagnoses=list(admission.diagnoses) if admission is not None else [],
            referred_from=self._referral(stay.referred_from if stay is not None else None),
            filed=claim.filed if claim.setting == "inpatient" else None,
            insurance_type=claim.insurance_type,
            age=claim.age,
            emergency=claim.emergency,
            stay_kind=claim.stay_kind,
            invoice=claim.invoice,
            papers=len(paper.papers) if paper is not None else 0,
            interim=claim.interim,
            payee=statement.payee,
            bill=claim.bill,
            layers=_layers(statement, payouts, claim, self.bills.get(claim.number), self.history.schemes),
            patient=statement.patient_share,
            hospital=statement.hospital_share,
            audits=list(self.audits.get(statement.claim_id, {}).values()),
            aids=list(self.aids.get(statement.claim_id, {}).values()),
            quota=_quota(self.bills.get(claim.number)),
            after_death=self.died_on is not None and statement.date > self.died_on,
            bills=self._bills(statement.claim_id),
            revisions=self._revisions(payouts, settlements),
            unmoved=self._unmoved(statement.claim_id, settlements),
        )

    def _audit(self, data: facts.AuditFound | facts.AuditWithdrawn) -> None:
        of_claim = self.audits.setdefault(data.claim_id, {})
        if isinstance(data, facts.AuditFound):
            finding = FileAudit(data.finding_id, data.amount, data.borne_by, data.reason, data.part)
        else:
            found = of_claim[data.finding_id]
            finding = replace(
                found,
                amount=found.amount - data.amount,
                withdrawn=found.withdrawn + data.amount,
                withdrawals=(*found.withdrawals, f"{data.document} {data.reason}"),
            )
        of_claim[data.finding_id] = finding

    def _aid(self, source: str, data: facts.AidDecided | facts.AidWithdrawn) -> None:
        of_claim = self.aids.setdefault(data.claim_id, {})
        key = source.partition("/")[2], data.decision_id
        if isinstance(data, facts.AidWithdrawn):
            of_claim[key] = replace(of_claim[key], withdrawn=data.reason)
            return
        by = data.decided_by, data.approved_by
        of_claim[key] = FileAid(data.decision_id, data.layer, data.amount, data.decided_on, *by, data.document)

    def _referral(self, referred_from: str | None) -> FileReferral | None:
        if referred_from is None:
            return None
        origin = self.admissions.get(referred_from)
        hospital_id = origin.hospital_id if origin is not None else None
        return FileReferral(referred_from, hospital_id, self.hospitals.get(hospital_id or ""))

    def _unmoved(self, claim_id: str, settlements: Iterable[StatementEntry]) -> list[FileUnmoved]:
        causes = {(entry.cause.source, entry.cause.event_id) for entry in settlements if entry.cause is not None}
        found = []
        for entry in self.about.get(claim_id, ()):
            fact = entry.fact
            if (fact.source, fact.id) not in causes:
                amount = fact.data.amount if isinstance(fact.data, _AUDIT | facts.AidDecided) else None
                found.append(FileUnmoved(entry.recorded_at, _told(entry), amount))
        return found

    def _fact(self, claim_id: str) -> facts.ClaimFact:
        """The fact that the claim was accepted for: moved to another text, a claim is accepted anew without one."""
        data = self._entry(claim_id).fact.data
        if not isinstance(data, facts.ClaimFact):
            raise TypeError(f"claim {claim_id} was accepted for a {type(data).__name__}")
        return data

    def _entry(self, claim_id: str) -> FactEntry:
        numbers = [each.fact for each in self.history.acceptances[claim_id] if each.fact is not None]
        return self.by_number[numbers[-1]]

    def _bills(self, claim_id: str) -> list[FileBill]:
        """The bill as the claim's fact told it, then each correction."""
        found: list[FileBill] = []
        for entry in (self._entry(claim_id), *self.about.get(claim_id, ())):
            data = entry.fact.data
            if isinstance(data, facts.ClaimFact | facts.ClaimCorrected):
                bill = data.bill
                parts = bill.total, bill.in_scope, bill.upfront_copay, bill.over_limit, bill.self_funded
                found = [replace(each, replaced=True) for each in found]
                found.append(FileBill(entry.recorded_at, _told(entry), BillParts(*parts), replaced=False))
        return found

    def _cause(self, booked: BookedCause | None) -> FileCause | None:
        """A cause with the reason that its fact gives."""
        if booked is None:
            return None
        entry = self.by_event.get((booked.source, booked.event_id))
        if entry is None:
            number = booked.number if booked.type in FACTS else None
            return FileCause(number, booked.type, booked.source, booked.event_id, None, None)
        return _told(entry)

    def _revisions(self, payouts: Iterable[PayoutEntry], settlements: Iterable[StatementEntry]) -> list[FileRevision]:
        moved: dict[int, list[FileAdjustment]] = {}
        for payout in payouts:
            if payout.cause is not None and payout.before != payout.after:
                party = payout.counterparty
                change = FileAdjustment(payout.layer, payout.before, payout.after, party, payout.payer)
                moved.setdefault(payout.run, []).append(change)
        return [
            FileRevision(
                recorded_at=settled.recorded_at,
                journal=settled.journal,
                entry=settled.number,
                number=settled.statement.revision,
                status=settled.statement.status,
                paid=settled.statement.paid,
                patient=settled.statement.patient_share,
                hospital=settled.statement.hospital_share,
                cause=self._cause(settled.cause),
                moved=moved.get(settled.run, []),
                due_at_window=settled.due_at_window,
            )
            for settled in settlements
        ]


def _told(entry: FactEntry) -> FileCause:
    """A fact as a cause, with the reason and the actor that it gives."""
    fact, said = entry.fact, entry.fact.data
    reason = said.document if isinstance(said, facts.AidDecided) else getattr(said, "reason", None)
    actor = fact.extensions.get("actor")
    return FileCause(entry.number, fact.type, fact.source, fact.id, reason, None if actor is None else str(actor))


def _layers(
    statement: Statement, payouts: Sequence[PayoutEntry], claim: Claim, bill: OpenBill | None, schemes: Schemes
) -> list[FileLayer]:
    """The layers of a statement, each with its trace: a path may name a layer twice.

    The trace is that of settling anew, where it gives what is booked: the values may have changed though the amount
    has not, and then nothing was booked. Else it is that of the last booking.
    """
    last = {payout.stage: payout for payout in payouts}
    fresh = {payout.stage: payout for payout in bill.payouts} if bill is not None else {}
    running = [last[stage] for stage in sorted(last) if last[stage].runs_now]
    layers = []
    for layer, paid in statement.layers:
        payout = next((payout for payout in running if payout.layer == layer), None)
        trace: list[dict[str, str]] = []
        if payout is not None:
            running.remove(payout)
            anew = fresh.get(payout.stage)
            if anew is not None and (anew.layer, anew.paid) == (layer, payout.after):
                trace = render(schemes[claim.scheme], anew.trace)
            else:
                trace = render(schemes[payout.scheme_hash], payout.trace)
        layers.append(FileLayer(layer, paid, trace))
    return layers


def _quota(bill: OpenBill | None) -> FileQuota | None:
    return None if bill is None or bill.quota is None else FileQuota(bill.quota, bill.total - bill.quota)
