"""The facts that a decision makes of its measures: events of the bureau, each under an id of its own for ever.

They stand in the decision's own event in journal ``cases.0``. So the decision and what it sends are written together,
and are sent until intake holds them, taken or refused: nothing is lost, and nothing counts twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from msgspec import Struct, structs
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import BUREAU
from events.money import yuan
from events.store.journal import entries
from processors.cases.journal import CaseJournal
from projections.case_register import CaseRegister
from projections.cases import Case, CaseFinding
from projections.measures import CaseFact, Measure, case_facts
from projections.suspensions import load_suspensions

ENDS_AGREEMENT = ("suspension", "agreement_ended", "contract_ended")
"""Measures that keep a hospital from having claims taken."""


class DecisionReference(Struct, frozen=True):
    """What facts of a decision say of it."""

    document_no: str
    decided_on: date
    time: str
    era: str


async def facts_of(
    journal: CaseJournal, case: Case, measures: Iterable[Measure], decision: DecisionReference
) -> list[dict[str, Any]]:
    """The facts of a decision's measures, as ``case.decided.v1`` holds them."""
    made: list[dict[str, Any]] = []
    days = await _reinstatements(journal, case.hospital_id)
    for measure in measures:
        stated = list(_stated(journal.register, case, measure, decision, days))
        for place, (type_, data) in enumerate(stated, 1):
            event_id = f"{_number(measure.measure_id, decision)}-E{place}"
            body = {
                "specversion": "1.0",
                "id": event_id,
                "source": f"{BUREAU}/{case.region}",
                "type": type_,
                "time": decision.time,
                "datacontenttype": "application/json",
                "data": {name: value for name, value in data.items() if value is not None},
            }
            fact = {"source": body["source"], "event_id": event_id, "measure_id": measure.measure_id, "type": type_}
            made.append(fact | {"body": orjson.dumps(body).decode()})
    return made


def _number(number: str, decision: DecisionReference) -> str:
    """A case's number for intake: one that a restored ledger gives a second time is another."""
    return f"{number}{decision.era.replace('@', '-')}"


Stated = Iterator[tuple[str, Mapping[str, Any]]]
Lasting = tuple[date, date | None]
"""The first day of a suspension, and the first on which it holds no longer; None: it has no end."""


def _stated(
    register: CaseRegister, case: Case, measure: Measure, decision: DecisionReference, days: set[date]
) -> Stated:
    reason = f"{decision.document_no} {measure.reason}"[:500]
    match measure.kind:
        case "refund":
            finding = register.findings.get(measure.finding_id or "")
            if finding is not None:
                yield from _refunds(finding, decision, reason)
        case "fine" if case.hospital_id is not None and case.subject_kind in ("hospital", "pharmacy"):
            fine = {"fine_id": _number(measure.measure_id, decision), "hospital_id": case.hospital_id}
            said = {"amount": yuan(measure.amount or 0), "imposed_on": decision.decided_on.isoformat()}
            replaced = [fact for fact in register.facts if fact.measure_id == measure.of_measure]
            named = orjson.loads(replaced[0].body)["data"]["fine_id"] if replaced else None
            yield "fine.imposed.v1", fine | said | {"reason": reason, "clause": measure.basis, "replaces": named}
        case kind if kind in ENDS_AGREEMENT and case.hospital_id is not None:
            data = {"hospital_id": case.hospital_id, "reason": reason}
            yield from _agreement(measure, _lasting(register, case, measure), days, data)
        case "lifting" if case.hospital_id is not None:
            lifted = register.measures.get(measure.of_measure or "")
            if lifted is not None and lifted.kind in ENDS_AGREEMENT:
                data = {"hospital_id": case.hospital_id, "reason": reason}
                upto = structs.replace(measure, until=lifted.until)
                yield from _agreement(upto, _lasting(register, case, measure), days, data)


def _refunds(finding: CaseFinding, decision: DecisionReference, reason: str) -> Stated:
    for place, claim in enumerate(finding.claims, 1):
        if claim.reverse:
            yield "claim.reversed.v1", {"claim_id": claim.claim_id, "reason": reason}
            continue
        number = f"{_number(finding.finding_id, decision)}-{place}"
        found = {"finding_id": number, "claim_id": claim.claim_id, "amount": yuan(claim.amount)}
        yield "audit.found.v1", found | {"borne_by": claim.borne_by, "part": claim.part, "reason": reason}


def _agreement(measure: Measure, lasts: Sequence[Lasting], days: set[date], data: Mapping[str, str]) -> Stated:
    """From the days on which a measure begins, ends or is lifted, and those between on which it matters: whether the
    hospital is suspended from each on.

    ``lasts`` are all measures on the hospital, as they are once this one is decided; ``days`` those on which it was
    reinstated by what no case knows.
    """
    begin, end = measure.from_on, measure.until
    if begin is None:
        raise AssertionError(f"measure {measure.measure_id} has no first day")
    turning = days | {day for each in lasts for day in each if day is not None} | ({end} if end else set())
    for day in sorted({begin, *(day for day in turning if begin < day and (end is None or day <= end))}):
        said = {**data, "effective_on": day.isoformat()}
        if any(first <= day and (last is None or day < last) for first, last in lasts):
            yield "hospital.suspended.v1", said | {"clause": measure.basis}
        else:
            yield "hospital.reinstated.v1", said


def _lasting(register: CaseRegister, case: Case, deciding: Measure) -> list[Lasting]:
    """First day and end of each measure that suspends a case's hospital, ``deciding`` as well."""
    of_hospital = {each.case_id for each in register.cases if each.hospital_id == case.hospital_id}
    found = []
    for each in register.measures:
        decided = each.status in ("decided", "lifted") or each.measure_id == deciding.measure_id
        if decided and each.kind in ENDS_AGREEMENT and each.case_id in of_hospital and each.from_on is not None:
            lifted = deciding.from_on if deciding.of_measure == each.measure_id else each.lifted_on
            found.append((each.from_on, min(filter(None, (each.until, lifted)), default=None)))
    return found


async def _reinstatements(journal: CaseJournal, hospital_id: str | None) -> set[date]:
    """The days on which the ledger has a hospital reinstated."""
    if hospital_id is None:
        return set()
    known = await load_suspensions(journal.connection, [hospital_id])
    return {change.effective_on for change in known.get(hospital_id, []) if not change.suspended}


async def unsent_facts(connection: AsyncConnection) -> list[CaseFact]:
    """The facts of decisions that the ledger does not hold yet, neither taken nor refused, in their order."""
    held = exists().where(
        entries.c.source == case_facts.c.source,
        entries.c.event_id == case_facts.c.event_id,
        entries.c.source.is_not(None),
    )
    query = select(case_facts).where(~held).order_by(case_facts.c.number, case_facts.c.place)
    return [
        CaseFact(**{str(name): value for name, value in row.items()})
        for row in (await connection.execute(query)).mappings()
    ]
