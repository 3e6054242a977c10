"""Outpatient visits: on chronic cards all year, general ones from the day the county's rules began."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from infra.demo.bills import CHRONIC_COST, DIALYSIS_COST, GENERAL_COST, Parts, bill, split
from infra.demo.hospitals import DemoHospital, Hospitals
from infra.demo.people import YEAR_END, Card, DemoPerson
from infra.demo.schedule import YEAR, EventSchedule, office_hours
from infra.demo.size import Size

CHRONIC = 1_100
GENERAL = 600
GENERAL_FROM = {0: date(YEAR, 6, 1), 2: date(YEAR, 8, 13)}
"""First day of general outpatient care, by tier (the report, 二4)."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit with its claim; ``told`` is when it was sent."""

    claim_id: str
    person: DemoPerson
    hospital: DemoHospital
    served_on: date
    setting: str
    parts: Parts
    told: datetime
    disease: str | None = None


def pay_visits(
    rng: Random, schedule: EventSchedule, size: Size, people: list[DemoPerson], hospitals: Hospitals
) -> list[Visit]:
    """Schedule every visit; returns them."""
    visits = []
    holders = [person for person in people if person.cards]
    for number in range(1, size.part(CHRONIC) + 1):
        person = rng.choice(holders)
        visits.append(_chronic(rng, hospitals, person, person.cards[0], f"M{number:06d}"))
    visits += [
        _general(rng, hospitals, rng.choice(people), f"G{number:06d}") for number in range(1, size.part(GENERAL) + 1)
    ]
    for visit in visits:
        schedule.add(visit.told, visit.hospital.source, "outpatient.recorded.v1", visit_data(visit))
    return visits


def visit_data(visit: Visit) -> dict[str, Any]:
    """What a hospital says of a visit."""
    data: dict[str, Any] = {
        "claim_id": visit.claim_id,
        "person_id": visit.person.person_id,
        "hospital_id": visit.hospital.hospital_id,
        "served_on": visit.served_on.isoformat(),
        "setting": visit.setting,
        "bill": bill(visit.parts),
    }
    return data if visit.disease is None else data | {"disease": visit.disease}


def _chronic(rng: Random, hospitals: Hospitals, person: DemoPerson, card: Card, claim_id: str) -> Visit:
    day = card.since + timedelta(days=rng.randrange((card.until - card.since).days))
    cost = DIALYSIS_COST if card.disease == "renal_dialysis" else CHRONIC_COST
    hospital = hospitals.of_tier(rng, rng.choices((0, 2, 3), (60, 37, 3))[0])
    parts = split(rng, cost.draw_fen(rng))
    return Visit(claim_id, person, hospital, day, "chronic", parts, office_hours(rng, day), card.disease)


def _general(rng: Random, hospitals: Hospitals, person: DemoPerson, claim_id: str) -> Visit:
    tier = rng.choices((0, 2), (80, 20))[0]
    since = max(GENERAL_FROM[tier], person.enrolled_on)
    day = since + timedelta(days=rng.randrange((YEAR_END - since).days))
    hospital = hospitals.of_tier(rng, tier)
    return Visit(
        claim_id, person, hospital, day, "general", split(rng, GENERAL_COST.draw_fen(rng)), office_hours(rng, day)
    )
