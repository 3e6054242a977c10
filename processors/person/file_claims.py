"""A person's claims as they stand, with the bookings that made them so."""

from collections.abc import Iterable, Mapping, Sequence

from events import facts
from policies.engine import Schemes
from policies.explain import render
from processors.person.file_model import FileAdjustment, FileAudit, FileCause, FileClaim, FileLayer, FileRevision
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


class _Claims:
    """Makes claims of the file from the facts of a history, by what these are about."""

    def __init__(self, history: PersonHistory, hospitals: Mapping[str, str]) -> None:
        self.history, self.hospitals = history, hospitals
        self.live = {claim.claim_id: claim for claim in history.claims}
        self.by_event: dict[tuple[str, str], FactEntry] = {}
        self.by_number: dict[int, FactEntry] = {}
        self.admissions: dict[str, facts.AdmissionRecorded] = {}
        self.audits: dict[str, list[FileAudit]] = {}
        for entry in history.facts():
            data = entry.fact.data
            self.by_event[entry.fact.source, entry.fact.id] = entry
            self.by_number[entry.number] = entry
            if isinstance(data, facts.AdmissionRecorded):
                self.admissions[data.admission_id] = data
            elif isinstance(data, facts.AuditFound):
                finding = FileAudit(data.finding_id, data.amount, data.borne_by, data.reason)
                self.audits.setdefault(data.claim_id, []).append(finding)

    def claim(
        self, statement: Statement, payouts: Sequence[PayoutEntry], settlements: Iterable[StatementEntry]
    ) -> FileClaim:
        """One claim; its bookings and settlements in the order recorded."""
        claim = self.live[statement.claim_id]
        fact = self._fact(statement.claim_id)
        admission = self.admissions.get(fact.admission_id) if isinstance(fact, facts.DischargeRecorded) else None
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
            hospital_name=self.hospitals.get(claim.hospital_id),
            categories=list(statement.categories),
            card_class=claim.card_class,
            disease=fact.disease,
            admitted_on=admission.admitted_on if admission is not None else None,
            diagnoses=list(admission.diagnoses) if admission is not None else [],
            payee=statement.payee,
            bill=claim.bill,
            layers=_layers(statement, payouts, self.history.schemes),
            patient=statement.patient_share,
            hospital=statement.hospital_share,
            audits=self.audits.get(statement.claim_id, []),
            revisions=self._revisions(payouts, settlements),
        )

    def _fact(self, claim_id: str) -> facts.DischargeRecorded | facts.OutpatientRecorded:
        """The fact that the claim was accepted for: moved to another text, a claim is accepted anew without one."""
        numbers = [each.fact for each in self.history.acceptances[claim_id] if each.fact is not None]
        data = self.by_number[numbers[-1]].fact.data
        if not isinstance(data, facts.DischargeRecorded | facts.OutpatientRecorded):
            raise TypeError(f"claim {claim_id} was accepted for a {type(data).__name__}")
        return data

    def _cause(self, booked: BookedCause | None) -> FileCause | None:
        """A cause with the reason that its fact gives."""
        if booked is None:
            return None
        entry = self.by_event.get((booked.source, booked.event_id))
        reason = getattr(entry.fact.data, "reason", None) if entry is not None else None
        actor = entry.fact.extensions.get("actor") if entry is not None else None
        return FileCause(booked.type, booked.source, booked.event_id, reason, None if actor is None else str(actor))

    def _revisions(self, payouts: Iterable[PayoutEntry], settlements: Iterable[StatementEntry]) -> list[FileRevision]:
        moved: dict[int, list[FileAdjustment]] = {}
        for payout in payouts:
            if payout.cause is not None and payout.before != payout.after:
                change = FileAdjustment(payout.layer, payout.before, payout.after, payout.counterparty)
                moved.setdefault(payout.run, []).append(change)
        return [
            FileRevision(
                recorded_at=settled.recorded_at,
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


def _layers(statement: Statement, payouts: Iterable[PayoutEntry], schemes: Schemes) -> list[FileLayer]:
    """The layers of a statement with the trace of each one's last booking: a path may name a layer twice."""
    last = {payout.stage: payout for payout in payouts}
    running = [last[stage] for stage in sorted(last) if last[stage].runs_now]
    layers = []
    for layer, paid in statement.layers:
        payout = next((payout for payout in running if payout.layer == layer), None)
        if payout is not None:
            running.remove(payout)
        trace = render(schemes[payout.scheme_hash], payout.trace) if payout is not None else []
        layers.append(FileLayer(layer, paid, trace))
    return layers
