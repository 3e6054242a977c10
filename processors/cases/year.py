"""The year of supervision (上高 三5): what was inspected, found, given back and fined, in and outside the county."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import covers
from processors.cases.listings import MEASURES
from projections.case_register import CaseRegister
from projections.cases import INSTITUTIONS
from projections.hospitals import hospitals

SIDES = ("inside", "outside", "persons")
"""Hospitals and pharmacies of the region, those outside it, and persons and doctors."""
ENDING = ("agreement_ended", "contract_ended")

YEAR_LINES = (
    ("案件 cases", "cases"),
    ("查处违规金额，元 found", "found"),
    ("应追回基金，元 to recover", "to_recover"),
    ("已追回基金，元 recovered", "recovered"),
    ("处理家（人）数 dealt with", "dealt_with"),
    ("罚款家（人）数 fined", "fined"),
    ("罚款，元 fines", "fines"),
    ("已缴罚款，元 fines paid", "fines_paid"),
    ("中止协议：医院 suspended hospitals", "suspended_hospitals"),
    ("中止协议：药店 suspended pharmacies", "suspended_pharmacies"),
    ("解除、终止协议：医院 ended, hospitals", "ended_hospitals"),
    ("解除、终止协议：药店 ended, pharmacies", "ended_pharmacies"),
    ("暂停结算、拨付 payment holds", "payment_holds"),
    ("约谈 talks", "talks"),
    ("警告函 warning letters", "warning_letters"),
    ("通报，份 circulars", "circulars"),
    ("曝光家（人）数 exposed", "exposed"),
    ("移送 transferred", "transferred"),
)
"""What is told of each side: its name for people, and the field of ``SideOfYear``."""


@dataclass(slots=True)
class SideOfYear:
    """What was done about institutions inside or outside a region, or about persons; amounts in yuan.

    ``dealt_with``, ``fined``, ``suspended_*``, ``ended_*`` and ``exposed`` count institutions or persons, ``circulars``
    documents, the rest measures. ``to_recover`` is what the ledger pays less, and what refunds beside
    it are to pay in; ``recovered`` what of it was cleared or paid in.
    """

    cases: int = 0
    found: Decimal = Decimal("0.00")
    to_recover: Decimal = Decimal("0.00")
    recovered: Decimal = Decimal("0.00")
    dealt_with: int = 0
    fined: int = 0
    fines: Decimal = Decimal("0.00")
    fines_paid: Decimal = Decimal("0.00")
    suspended_hospitals: int = 0
    suspended_pharmacies: int = 0
    ended_hospitals: int = 0
    ended_pharmacies: int = 0
    payment_holds: int = 0
    talks: int = 0
    warning_letters: int = 0
    circulars: int = 0
    exposed: int = 0
    transferred: int = 0


@dataclass(slots=True)
class SupervisionYear:
    """A year of a region's supervision. ``institutions`` were designated on a day of it; so many ``inspected``."""

    year: int
    region: str
    institutions: int = 0
    inspected: int = 0
    inspected_hospitals: int = 0
    inspected_pharmacies: int = 0
    inspected_outside: int = 0
    inspections: int = 0
    inside: SideOfYear = field(default_factory=SideOfYear)
    outside: SideOfYear = field(default_factory=SideOfYear)
    persons: SideOfYear = field(default_factory=SideOfYear)

    @property
    def coverage(self) -> Decimal | None:
        """The share of institutions that were inspected, to four places; None where there are none."""
        return (
            None if not self.institutions else (Decimal(self.inspected) / self.institutions).quantize(Decimal("0.0001"))
        )

    def json(self) -> dict[str, Any]:
        """The year for people and programs: money in yuan, the coverage as a ratio."""
        told = asdict(self)
        for side in SIDES:
            told[side] = {name: str(each) if isinstance(each, Decimal) else each for name, each in told[side].items()}
        return told | {"coverage": None if self.coverage is None else str(self.coverage)}


async def supervision_year(engine: AsyncEngine, year: int, region: str) -> SupervisionYear:
    """The year of a region: by the day of inspection, and by that of the decision."""
    told = SupervisionYear(year, region)
    async with engine.connect() as connection:
        register = await CaseRegister().load(connection)
        places = {row.hospital_id: row for row in await connection.execute(select(hospitals))}
        _inspected(told, register, places)
        _found(told, register, places)
        await _measured(connection, told)
    return told


def _inspected(told: SupervisionYear, register: CaseRegister, places: Mapping[str, Any]) -> None:
    first, behind = date(told.year, 1, 1), date(told.year + 1, 1, 1)
    designated = {
        row.hospital_id
        for row in places.values()
        if covers(told.region, row.region)
        and row.designated_from < behind
        and (row.designated_until is None or row.designated_until > first)
    }
    done = [
        each
        for each in register.inspections
        if each.withdrawn_by is None and first <= each.inspected_on < behind and covers(told.region, each.region)
    ]
    seen = {each.hospital_id for each in done}
    kind_of = {each.hospital_id: each.institution_kind for each in done}
    told.institutions = len(designated)
    told.inspected = len(seen & designated)
    told.inspected_hospitals = sum(kind_of[each] == "hospital" for each in seen & designated)
    told.inspected_pharmacies = told.inspected - told.inspected_hospitals
    told.inspected_outside = sum(not covers(told.region, places[each].region) for each in seen if each in places)
    told.inspections = len(done)


def _found(told: SupervisionYear, register: CaseRegister, places: Mapping[str, Any]) -> None:
    decided: dict[str, set[str]] = {side: set() for side in SIDES}
    for finding in register.findings:
        case = register.cases.get(finding.case_id)
        if case is None or finding.status != "confirmed" or not covers(told.region, case.region):
            continue
        if finding.decided_on is None or finding.decided_on.year != told.year:
            continue
        place = places.get(case.hospital_id or "")
        side = _side(told.region, case.subject_kind, None if place is None else place.region)
        decided[side].add(case.case_id)
        getattr(told, side).found += Decimal(finding.amount) / 100
    for side, of_side in decided.items():
        getattr(told, side).cases = len(of_side)


async def _measured(connection: AsyncConnection, told: SupervisionYear) -> None:
    view = MEASURES.c
    query = select(MEASURES).where(
        view.status.in_(("decided", "lifted")),
        view.decided_on >= date(told.year, 1, 1),
        view.decided_on <= date(told.year, 12, 31),
    )
    rows = [row for row in await connection.execute(query) if covers(told.region, row.region)]
    for side in SIDES:
        of_side = [row for row in rows if _side(told.region, row.subject_kind, row.subject_region) == side]
        _count(getattr(told, side), of_side)


def _count(side: SideOfYear, rows: Iterable[Any]) -> None:
    rows = list(rows)

    def subjects(*kinds: str, of: tuple[str, ...] = ()) -> int:
        return len({row.subject_id for row in rows if row.kind in kinds and (not of or row.subject_kind in of)})

    side.dealt_with = len({row.subject_id for row in rows if row.kind != "lifting"})
    side.to_recover = sum((row.to_recover for row in rows), start=Decimal("0.00"))
    side.recovered = sum((row.recovered for row in rows), start=Decimal("0.00"))
    side.fined = subjects("fine")
    side.fines = sum(
        (row.amount for row in rows if row.kind == "fine" and row.status == "decided"), start=Decimal("0.00")
    )
    side.fines_paid = sum((row.paid for row in rows if row.kind == "fine"), start=Decimal("0.00"))
    side.suspended_hospitals = subjects("suspension", of=("hospital",))
    side.suspended_pharmacies = subjects("suspension", of=("pharmacy",))
    side.ended_hospitals = subjects(*ENDING, of=("hospital",))
    side.ended_pharmacies = subjects(*ENDING, of=("pharmacy",))
    side.circulars = len({row.document_no for row in rows if row.kind == "circular"})
    side.exposed = subjects("exposure")
    for name, kind in (
        ("payment_holds", "payment_hold"),
        ("talks", "talk"),
        ("warning_letters", "warning_letter"),
        ("transferred", "transfer"),
    ):
        setattr(side, name, sum(row.kind == kind for row in rows))


def _side(region: str, subject_kind: str, place: str | None) -> str:
    if subject_kind not in INSTITUTIONS:
        return "persons"
    return "inside" if place is not None and covers(region, place) else "outside"
