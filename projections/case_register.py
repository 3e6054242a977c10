"""What the events of journal ``cases.0`` make: cases, findings, measures, facts, inspections, the blacklist."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec import Struct, ValidationError, convert, structs, to_builtins
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events import decisions
from events.store.rows import upsert
from projections.blacklist import BlacklistEntry, blacklist
from projections.cases import (
    Case,
    CaseFinding,
    CaseLead,
    CaseNote,
    case_findings,
    case_leads,
    case_notes,
    cases,
)
from projections.inspections import Inspection, inspections
from projections.measures import PAYABLE, CaseFact, Measure, Payment, case_facts, case_measures
from projections.signatures import login_told, signature

T = TypeVar("T", bound=Struct)
Data = Mapping[str, Any]
LASTING = ("suspension", "agreement_ended", "contract_ended", "payment_hold", "exposure")
"""Measures that hold until something lifts them."""


class Signature(NamedTuple):
    """The entry that tells a step, and when it was taken."""

    number: int
    data: Data
    at: datetime

    def fields(self, did: str) -> dict[str, Any]:
        """Who took the step, as columns ``<did>_by`` and ``<did>_login``."""
        return signature(did, self.data)


class Rows(Generic[T]):
    """The rows of one table by their key, and which have changed."""

    def __init__(self, table: Table, row: type[T]) -> None:
        self.table = table
        self.row = row
        self.changed: set[tuple[str, ...]] = set()
        self._rows: dict[tuple[str, ...], T] = {}
        self._key = tuple(column.name for column in table.primary_key)

    def __iter__(self) -> Iterator[T]:
        """The rows in the order in which they were entered."""
        return iter(self._rows.values())

    def get(self, *key: str) -> T | None:
        """One row."""
        return self._rows.get(key)

    def put(self, row: T) -> None:
        """Enter a row, or what has become of it."""
        key = tuple(str(getattr(row, name)) for name in self._key)
        self._rows[key] = row
        self.changed.add(key)

    def add(self, data: Data) -> T:
        """Enter a row from what an event says. Raises msgspec's ``ValidationError``."""
        row = convert({name: data[name] for name in self.row.__struct_fields__ if name in data}, self.row)
        self.put(row)
        return row

    def change(self, *key: str, **values: Any) -> T:
        """Change some values of a row. Raises ``KeyError``."""
        row = structs.replace(self._rows[key], **values)
        self.put(row)
        return row

    def differing(self, other: "Rows[T]") -> list[str]:
        """Table and key of each row that is not the same in both."""
        keys = self._rows.keys() | other._rows.keys()
        return [" ".join((self.table.name, *key)) for key in sorted(keys) if self.get(*key) != other.get(*key)]

    async def load(self, connection: AsyncConnection) -> None:
        """Read the table. Raises ``ValueError`` for a row that can't be read."""
        order = [column for name in ("number", "place") if (column := self.table.c.get(name)) is not None]
        query = select(self.table).order_by(*order, *self.table.primary_key)
        for found in (await connection.execute(query)).mappings():
            try:
                self.put(convert({str(name): value for name, value in found.items()}, self.row))
            except ValidationError as error:
                raise ValueError(f"{self.table.name} {found[self._key[0]]} can't be read: {error}") from error
        self.changed.clear()

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed."""
        rows = [to_builtins(self._rows[key], builtin_types=(date, datetime)) for key in sorted(self.changed)]
        await upsert(connection, self.table, rows)
        self.changed.clear()


class CaseRegister:
    """All that journal ``cases.0`` says."""

    def __init__(self) -> None:
        self.cases = Rows(cases, Case)
        self.notes = Rows(case_notes, CaseNote)
        self.findings = Rows(case_findings, CaseFinding)
        self.leads = Rows(case_leads, CaseLead)
        self.measures = Rows(case_measures, Measure)
        self.facts = Rows(case_facts, CaseFact)
        self.inspections = Rows(inspections, Inspection)
        self.blacklist = Rows(blacklist, BlacklistEntry)

    @property
    def tables(self) -> tuple[Rows[Any], ...]:
        """The rows of each table."""
        office = (self.cases, self.notes, self.findings, self.leads)
        return (*office, self.measures, self.facts, self.inspections, self.blacklist)

    def apply(self, type_: str, number: int, at: datetime, data: Data) -> None:
        """Apply one event of the journal.

        Raises ``KeyError`` where it names what is not there, msgspec's ``ValidationError`` where it can't be read.
        """
        signed = Signature(number, data, at)
        kind = type_.partition(".")[0]
        match kind:
            case "case":
                self._apply_case(type_, signed, data)
            case "finding":
                self._apply_finding(type_, signed, data)
            case "measure" | "measure_payment":
                self._apply_measure(type_, signed, data)
            case "inspection":
                self._apply_inspection(type_, signed, data)
            case "blacklist":
                self._apply_blacklist(type_, signed, data)
            case _:
                raise KeyError(type_)

    def differing(self, other: "CaseRegister") -> list[str]:
        """Table and key of each row that is not the same in both."""
        return [key for mine, theirs in zip(self.tables, other.tables, strict=True) for key in mine.differing(theirs)]

    def unchanged(self) -> "CaseRegister":
        """The same rows, of which ``save`` writes none until an event changes it."""
        for rows in self.tables:
            rows.changed.clear()
        return self

    async def load(self, connection: AsyncConnection) -> "CaseRegister":
        """Read the tables. Raises ``ValueError`` for a row that can't be read."""
        for rows in self.tables:
            await rows.load(connection)
        return self

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed to the tables."""
        for rows in self.tables:
            await rows.save(connection)

    def with_payments(self, measure: Measure) -> Measure:
        """A measure with what was paid of those that it took the place of, but for what paying them late cost."""
        before = self.measures.get(measure.of_measure or "")
        if measure.kind not in PAYABLE or before is None:
            return measure
        paid = [structs.replace(each, late=0) for each in self.with_payments(before).payments]
        return structs.replace(measure, payments=[*paid, *measure.payments])

    def of_case(self, rows: Rows[T], case_id: str) -> list[T]:
        """The rows of one case, in the order in which they were entered."""
        return [row for row in rows if row.case_id == case_id]  # type: ignore[attr-defined] # rows of a case alone

    def _apply_case(self, type_: str, signed: Signature, data: Data) -> None:
        case_id = data["case_id"]
        match type_:
            case decisions.CASE_OPENED:
                own = {"number": signed.number, "status": "open", "opened_at": signed.at}
                self.cases.add({**data, **own, **signed.fields("opened")})
                for lead_id in data["leads"]:
                    self.leads.put(CaseLead(lead_id, case_id, "in_case"))
            case decisions.CASE_NOTED:
                self.notes.add({**data, "number": signed.number, **signed.fields("noted")})
                if data["kind"] in ("extension", "expert_review"):
                    more = int(data["kind"] == "extension")
                    extensions = self.cases.change(case_id).extensions + more
                    due_on = date.fromisoformat(data["case_due_on"])
                    self.cases.change(case_id, due_on=due_on, extensions=extensions)
            case decisions.CASE_PROPOSED:
                day = date.fromisoformat(data["proposed_on"]) if "proposed_on" in data else None
                proposed = signed.fields("proposed") | {"proposed_at": signed.at, "proposed_on": day}
                self.cases.change(case_id, status="proposed", **proposed)
            case decisions.CASE_RETURNED:
                decided = self.cases.change(case_id).decided_on is not None
                self.cases.change(case_id, status="decided" if decided else "open")
            case decisions.CASE_DECIDED:
                self._decide(case_id, signed, data)
            case decisions.CASE_CLOSED:
                day, why = date.fromisoformat(data["closed_on"]), data["reason"]
                closed = signed.fields("closed") | {"closed_on": day, "closing_reason": why}
                self.cases.change(case_id, status="closed", **closed)
            case _:
                raise KeyError(type_)

    def _decide(self, case_id: str, signed: Signature, data: Data) -> None:
        """A decision: its findings stand, its measures are decided, and the facts that it makes are to be sent."""
        day = date.fromisoformat(data["decided_on"])
        said = {"decided_on": day, "decision_no": data["document_no"], "outcome": data["outcome"]}
        self.cases.change(case_id, status="decided", **said, **signed.fields("decided"))
        for finding_id in data["findings"]:
            self.findings.change(finding_id, status="confirmed", decided_on=day)
        for state in ("confirmed", "dismissed"):
            for lead_id in data[f"leads_{state}"]:
                self.leads.put(CaseLead(lead_id, case_id, state, day))
        for measure_id, due_on in data["measures"].items():
            due = None if due_on is None else date.fromisoformat(due_on)
            decided = self.measures.change(measure_id, status="decided", decided_on=day, due_on=due)
            if decided.of_measure is not None:
                self.measures.change(decided.of_measure, status="lifted", lifted_on=decided.from_on or day)
        for place, fact in enumerate(data["facts"]):
            self.facts.add({**fact, "number": signed.number, "place": place, "case_id": case_id})

    def _apply_finding(self, type_: str, signed: Signature, data: Data) -> None:
        match type_:
            case decisions.FINDING_RECORDED:
                self.findings.add({**data, "number": signed.number, "status": "noted", **signed.fields("noted")})
            case decisions.FINDING_DISMISSED:
                self.findings.change(data["finding_id"], status="dismissed", reason=data["reason"])
            case _:
                raise KeyError(type_)

    def _apply_measure(self, type_: str, signed: Signature, data: Data) -> None:
        measure_id = data["measure_id"]
        match type_:
            case decisions.MEASURE_PROPOSED:
                own = {"number": signed.number, "status": "proposed", **signed.fields("proposed")}
                self.measures.add({**data, **own})
            case decisions.MEASURE_WITHDRAWN:
                self.measures.change(measure_id, status="withdrawn")
            case decisions.MEASURE_PAID:
                paid = Payment(
                    *(data["amount"], data["late"], date.fromisoformat(data["paid_on"]), data["reference"]),
                    *(data["actor"], login_told(data)),
                )
                payments = [*self.measures.change(measure_id).payments, paid]
                self.measures.change(measure_id, payments=payments)
            case decisions.MEASURE_PAYMENT_REVERSED:
                left = [
                    each for each in self.measures.change(measure_id).payments if each.reference != data["reference"]
                ]
                self.measures.change(measure_id, payments=left)
            case decisions.MEASURE_ANSWERED:
                day = date.fromisoformat(data["answered_on"])
                self.measures.change(measure_id, answered_on=day, answer=data["reason"])
            case _:
                raise KeyError(type_)

    def _apply_inspection(self, type_: str, signed: Signature, data: Data) -> None:
        match type_:
            case decisions.INSPECTION_RECORDED:
                own = {"number": signed.number, "recorded_at": signed.at, **signed.fields("recorded")}
                self.inspections.add({**data, **own})
            case decisions.INSPECTION_WITHDRAWN:
                withdrawn = signed.fields("withdrawn") | {"withdrawal_reason": data["reason"]}
                self.inspections.change(data["inspection_id"], **withdrawn)
            case _:
                raise KeyError(type_)

    def _apply_blacklist(self, type_: str, signed: Signature, data: Data) -> None:
        entry_id = data["entry_id"]
        match type_:
            case decisions.BLACKLIST_ENTERED:
                own = {"number": signed.number, "status": "entered", "entered_at": signed.at}
                self.blacklist.add({**data, **own, **signed.fields("entered")})
            case decisions.BLACKLIST_APPROVED:
                if data["step"] == "removal":
                    self.blacklist.change(entry_id, status="removed", **signed.fields("removal_approved"))
                    return
                approved = signed.fields("approved") | {"approved_on": date.fromisoformat(data["approved_on"])}
                self.blacklist.change(entry_id, status="listed", **approved)
            case decisions.BLACKLIST_WITHDRAWN:
                listed = self.blacklist.change(entry_id).status == "removal_entered"
                self.blacklist.change(entry_id, status="listed" if listed else "withdrawn")
            case decisions.BLACKLIST_REMOVED:
                said = {"removed_on": date.fromisoformat(data["removed_on"]), "removal_reason": data["reason"]}
                removal = said | {"removal_no": data["document_no"]} | signed.fields("removal_entered")
                self.blacklist.change(entry_id, status="removal_entered", **removal)
            case _:
                raise KeyError(type_)
