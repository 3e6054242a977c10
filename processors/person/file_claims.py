"""A person's claims as they stand, with the bookings that made them so."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from processors.person.file_model import Audit, Bill, Cause, Decided, Entry, FiledClaim, Moved, Revision, fen


def claims_of(
    history: Sequence[Entry], statements: Iterable[Mapping[str, Any]], hospitals: Mapping[str, str]
) -> list[FiledClaim]:
    """Claims in ledger order; ``statements`` are the last of each, ``hospitals`` gives names by id."""
    facts = _Facts(history)
    payouts: dict[str, list[Entry]] = {}
    settlements: dict[str, list[Entry]] = {}
    accepted: dict[str, Mapping[str, Any]] = {}
    for entry in history:
        if "claim" in entry:
            # a claim moved to another text of its scheme is accepted anew, without its fact
            told = entry["claim"]
            fact = told["fact"] or accepted[told["claim_id"]]["fact"]
            accepted[told["claim_id"]] = {**told, "fact": fact}
        elif "trace" in entry:
            payouts.setdefault(entry["claim_id"], []).append(entry)
        elif "statement" in entry:
            settlements.setdefault(entry["statement"]["claim_id"], []).append(entry)
    return [
        _claim(
            statement,
            accepted[statement["claim_id"]],
            payouts.get(statement["claim_id"], []),
            settlements[statement["claim_id"]],
            facts,
            hospitals,
        )
        for statement in statements
    ]


class _Facts:
    """The facts of a history by what they are about."""

    def __init__(self, history: Iterable[Entry]) -> None:
        self.by_event: dict[tuple[str, str], Entry] = {}
        self.by_number: dict[int, Entry] = {}
        self.admissions: dict[str, Mapping[str, Any]] = {}
        self.bills: dict[str, Mapping[str, Any]] = {}
        self.audits: dict[str, list[Audit]] = {}
        for entry in history:
            if "source" not in entry:
                continue
            data = entry["data"]
            self.by_event[entry["source"], entry["id"]] = entry
            self.by_number[entry["number"]] = entry
            if entry["type"] == "admission.recorded.v1":
                self.admissions[data["admission_id"]] = data
            elif entry["type"] == "claim.corrected.v1":
                self.bills[data["claim_id"]] = data["bill"]
            elif entry["type"] == "audit.found.v1":
                found = Audit(data["finding_id"], fen(data["amount"]), data["borne_by"], data["reason"])
                self.audits.setdefault(data["claim_id"], []).append(found)

    def cause(self, told: Mapping[str, Any] | None) -> Cause | None:
        """A cause as an entry tells it, with the reason that its fact gives."""
        if told is None:
            return None
        fact = self.by_event.get((told["source"], told["event_id"]))
        reason = fact["data"].get("reason") if fact else None
        return Cause(told["type"], told["source"], told["event_id"], reason, fact["actor"] if fact else None)


def _claim(
    statement: Mapping[str, Any],
    accepted: Mapping[str, Any],
    payouts: Sequence[Entry],
    settlements: Sequence[Entry],
    facts: _Facts,
    hospitals: Mapping[str, str],
) -> FiledClaim:
    claim_id = statement["claim_id"]
    fact = facts.by_number[accepted["fact"]]["data"]
    admission = facts.admissions.get(fact.get("admission_id", ""), {})
    return FiledClaim(
        claim_id=claim_id,
        number=accepted["claim_number"],
        day=date.fromisoformat(statement["date"]),
        year=statement["year"],
        setting=statement["setting"],
        status=statement["status"],
        revision=statement["revision"],
        scheme=statement["scheme"],
        tier=accepted["tier"],
        region=statement["region"],
        hospital_id=accepted["hospital_id"],
        hospital_name=hospitals.get(accepted["hospital_id"]),
        categories=list(statement["categories"]),
        card_class=accepted["card_class"],
        disease=fact.get("disease"),
        admitted_on=date.fromisoformat(admission["admitted_on"]) if admission else None,
        diagnoses=list(admission.get("diagnoses", ())),
        payee=statement["payee"],
        bill=Bill(**{part: fen(amount) for part, amount in facts.bills.get(claim_id, fact["bill"]).items()}),
        layers=_layers(statement, payouts),
        patient=fen(statement["patient_share"]),
        hospital=fen(statement["hospital_share"]),
        audits=facts.audits.get(claim_id, []),
        revisions=_revisions(payouts, settlements, facts),
    )


def _layers(statement: Mapping[str, Any], payouts: Iterable[Entry]) -> list[Decided]:
    """The layers of a statement with the trace of each one's last booking: a path may name a layer twice."""
    last = {entry["stage"]: entry for entry in payouts}
    running = [last[stage] for stage in sorted(last) if last[stage]["runs_now"]]
    layers = []
    for told in statement["layers"]:
        entry = next((entry for entry in running if entry["layer"] == told["layer"]), None)
        if entry is not None:
            running.remove(entry)
        layers.append(Decided(told["layer"], fen(told["paid"]), list(entry["trace"]) if entry else []))
    return layers


def _revisions(payouts: Iterable[Entry], settlements: Iterable[Entry], facts: _Facts) -> list[Revision]:
    moved: dict[int, list[Moved]] = {}
    for entry in payouts:
        if entry["cause"] is not None and entry["before"] != entry["after"]:
            change = Moved(entry["layer"], fen(entry["before"]), fen(entry["after"]), entry["counterparty"])
            moved.setdefault(entry["run"], []).append(change)
    revisions = []
    for entry in settlements:
        statement = entry["statement"]
        revisions.append(
            Revision(
                recorded_at=datetime.fromisoformat(entry["recorded_at"]),
                number=statement["revision"],
                status=statement["status"],
                paid=sum(fen(layer["paid"]) for layer in statement["layers"]),
                patient=fen(statement["patient_share"]),
                hospital=fen(statement["hospital_share"]),
                cause=facts.cause(entry["cause"]),
                moved=moved.get(entry["run"], []),
            )
        )
    return revisions
