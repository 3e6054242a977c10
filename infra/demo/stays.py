"""Stays in hospital: who is admitted where, for how long and for how much, and what arrives in the wrong order."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from infra.demo.bills import OUT_OF_CATALOG_STAYS, SEVERE_YEAR_COST, STAY_COST, Parts, bill, split
from infra.demo.hospitals import DemoHospital, Hospitals
from infra.demo.people import NEW_YEAR, YEAR_END, DemoPerson
from infra.demo.schedule import Event, EventSchedule, office_hours
from infra.demo.size import Size

SEVERE_AIDED, SEVERE_OTHERS = 55, 27
"""A grave illness is a common way to dibao, so those who hold it are ill more often than their number says."""
STAYS_OF_NOT_POOR = 130
CANCELLED = 15
EARLY_DISCHARGES = 20
PREPAID = 0.02
NOT_FILED = 0.06
TYPICAL_DAYS, MOST_DAYS = 7, 45

TIERS = (0, 1, 2, 3)
_TIER_WEIGHTS = (53, 6, 38, 3)
_DIAGNOSES = ("J18.9", "J44.1", "I10.x00", "E11.9", "K29.5", "M51.2", "I25.1", "N20.0", "S52.5", "K80.2")
_SEVERE = (
    ("lung_cancer", "C34.9"),
    ("gastric_cancer", "C16.9"),
    ("liver_cancer", "C22.0"),
    ("colon_cancer", "C18.9"),
    ("breast_cancer", "C50.9"),
    ("renal_failure", "N18.5"),
    ("acute_myocardial_infarction", "I21.9"),
    ("cerebral_infarction", "I63.9"),
    ("hemophilia", "D66"),
)


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay: its two events as they were sent, the discharge at ``told``.

    ``poor`` says that its day is on the roster as it stands in the end; ``early`` that the discharge came first.
    """

    person: DemoPerson
    hospital: DemoHospital
    parts: Parts
    admission: Event
    discharge: Event
    told: datetime
    poor: bool
    early: bool

    @property
    def claim_id(self) -> str:
        """The claim's number."""
        return str(self.discharge["data"]["claim_id"])

    @property
    def admission_id(self) -> str:
        """The admission's number."""
        return str(self.admission["data"]["admission_id"])


@dataclass(frozen=True, slots=True)
class Plan:
    """A stay to be: its slot of the year, where, and what it costs."""

    person: DemoPerson
    slot: tuple[date, date]
    tier: int
    cost_fen: int
    poor: bool = True
    disease: tuple[str, str] | None = None
    referred: bool = False


def keep_stays(
    rng: Random, schedule: EventSchedule, size: Size, people: list[DemoPerson], hospitals: Hospitals
) -> list[Stay]:
    """Schedule every stay's admission and discharge, and admissions that are cancelled; returns the stays."""
    plans = [*_plan_poor(rng, size, people[: size.persons]), *_plan_others(rng, size, people)]
    early = set(rng.sample(range(len(plans)), size.part(EARLY_DISCHARGES)))
    stays: list[Stay] = []
    for number, plan in enumerate(plans):
        before = stays[-1] if plan.referred else None
        stays.append(_stay(rng, schedule, hospitals, plan, number + 1, before, early=number in early))
    return stays


def _plan_poor(rng: Random, size: Size, roster: list[DemoPerson]) -> Iterator[Plan]:
    """Exactly ``size.inpatient`` stays on days on which the person is on the roster."""
    left = size.inpatient
    for person in roster:
        if person.unknown is not None and person.poor is not None and person.unknown[0] == person.poor[0]:
            yield _ordinary(rng, person, person.unknown)
            left -= 1
    whole_year = [person for person in roster if person.poor == (NEW_YEAR, YEAR_END)]
    patients = rng.sample(whole_year, len(whole_year))
    aided = [person for person in patients if person.aided][: size.part(SEVERE_AIDED)]
    severe = aided + [person for person in patients if not person.aided][: size.part(SEVERE_OTHERS)]
    for person in severe:
        plans = _severe(rng, person)
        left -= len(plans)
        yield from plans
    taken = {person.person_id for person in severe}
    ordinary = iter([person for person in patients if person.person_id not in taken])
    while left > 0:
        person = next(ordinary)
        count = min(left, _times(rng))
        left -= count
        for slot in _slots((NEW_YEAR, YEAR_END), count):
            yield _ordinary(rng, person, slot)


def _plan_others(rng: Random, size: Size, people: list[DemoPerson]) -> Iterator[Plan]:
    for person in people[: size.persons]:
        if person.unknown is not None and person.poor is not None and person.unknown[0] == person.poor[1]:
            yield _ordinary(rng, person, person.unknown, poor=False)
    others = people[size.persons :]
    for person in rng.sample(others, min(len(others), size.part(STAYS_OF_NOT_POOR))):
        # A child born in the year is insured from its day on; the last of them is born at the end of October.
        yield _ordinary(rng, person, (person.enrolled_on, YEAR_END), poor=False)


def _times(rng: Random) -> int:
    times = 1
    while times < 6 and rng.random() < 0.5:
        times += 1
    return times


def _slots(window: tuple[date, date], count: int) -> list[tuple[date, date]]:
    """Cut a window into parts, so that a person is in one hospital at a time."""
    days = (window[1] - window[0]).days // count
    starts = [window[0] + timedelta(days=days * part) for part in range(count)]
    return [(start, start + timedelta(days=days)) for start in starts]


def _ordinary(rng: Random, person: DemoPerson, slot: tuple[date, date], *, poor: bool = True) -> Plan:
    tier = rng.choices(TIERS, _TIER_WEIGHTS)[0]
    return Plan(person, slot, tier, STAY_COST[tier].draw_fen(rng), poor)


def _severe(rng: Random, person: DemoPerson) -> list[Plan]:
    """A year of a severe illness: found in the county, treated outside; two to five stays."""
    disease = rng.choice(_SEVERE)
    slots = _slots((NEW_YEAR, YEAR_END), rng.randint(2, 5))
    weights = [rng.uniform(0.5, 1.5) for _ in slots[1:]]
    year_fen = SEVERE_YEAR_COST.draw_fen(rng)
    plans = [Plan(person, slots[0], 2, STAY_COST[2].draw_fen(rng), disease=disease)]
    for slot, weight in zip(slots[1:], weights, strict=True):
        cost_fen = round(year_fen * weight / sum(weights))
        plans.append(Plan(person, slot, 3, cost_fen, disease=disease, referred=True))
    return plans


def _stay(
    rng: Random,
    schedule: EventSchedule,
    hospitals: Hospitals,
    plan: Plan,
    number: int,
    before: Stay | None,
    *,
    early: bool,
) -> Stay:
    hospital = hospitals.of_tier(rng, plan.tier)
    slot_days = (plan.slot[1] - plan.slot[0]).days
    drawn = rng.randint(2, min(14, slot_days - 5))
    discharged_on = plan.slot[0] + timedelta(days=rng.randint(0, slot_days - drawn - 4) + drawn)
    admitted_on = max(plan.slot[0], discharged_on - timedelta(days=_days(plan, drawn)))
    disease, diagnosis = plan.disease or (None, rng.choice(_DIAGNOSES))
    filed = plan.tier != 3 or rng.random() >= NOT_FILED
    parts = split(rng, plan.cost_fen, mostly_out_of_catalog=rng.random() < OUT_OF_CATALOG_STAYS)
    admission: dict[str, object] = {
        "admission_id": f"A{number:06d}",
        "person_id": plan.person.person_id,
        "hospital_id": hospital.hospital_id,
        "admitted_on": admitted_on.isoformat(),
        "diagnoses": [diagnosis],
    }
    if not filed:
        admission["filed"] = False
    if before is not None:
        admission["referred_from"] = before.admission_id
    discharge: dict[str, object] = {
        "claim_id": f"C{number:06d}",
        "admission_id": admission["admission_id"],
        "person_id": plan.person.person_id,
        "discharged_on": discharged_on.isoformat(),
        "bill": bill(parts),
    }
    if disease is not None:
        discharge["disease"] = disease
    if not filed or rng.random() < PREPAID:
        discharge["prepaid"] = True
    told = office_hours(rng, discharged_on)
    arrives = told + timedelta(minutes=rng.randint(30, 1_800)) if early else office_hours(rng, admitted_on)
    return Stay(
        person=plan.person,
        hospital=hospital,
        parts=parts,
        admission=schedule.add(arrives, hospital.source, "admission.recorded.v1", admission),
        discharge=schedule.add(told, hospital.source, "discharge.recorded.v1", discharge),
        told=told,
        poor=plan.poor,
        early=early,
    )


def _days(plan: Plan, drawn: int) -> int:
    """A stay's days grow with its bill, as care does: ``TYPICAL_DAYS`` at its tier's median, a fifth more or less.

    ``drawn`` is from 2 to 14. Days that know nothing of the bill would look like empty beds by the hundred.
    """
    times_median = plan.cost_fen / 100 / STAY_COST[plan.tier].median
    spread = 0.8 + 0.4 * (drawn - 2) / 12
    return min(MOST_DAYS, max(1, round(TYPICAL_DAYS * math.sqrt(times_median) * spread)))


def cancel_admissions(
    rng: Random, schedule: EventSchedule, size: Size, people: list[DemoPerson], hospitals: Hospitals
) -> list[tuple[Event, datetime]]:
    """Schedule admissions that are taken back; returns each with the moment at which it was."""
    cancelled = []
    for number in range(1, size.part(CANCELLED) + 1):
        hospital = rng.choice(hospitals.townships)
        day = NEW_YEAR + timedelta(days=rng.randint(5, 350))
        moment = office_hours(rng, day)
        data = {
            "admission_id": f"AX{number:04d}",
            "person_id": rng.choice(people).person_id,
            "hospital_id": hospital.hospital_id,
            "admitted_on": day.isoformat(),
            "diagnoses": [rng.choice(_DIAGNOSES)],
        }
        admission = schedule.add(moment, hospital.source, "admission.recorded.v1", data)
        moment += timedelta(hours=1)
        taken_back = {"admission_id": data["admission_id"], "reason": "登记错误"}
        schedule.add(moment, hospital.source, "admission.cancelled.v1", taken_back)
        cancelled.append((admission, moment))
    return cancelled
