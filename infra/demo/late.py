"""What is learnt after a claim was settled: corrections, reversals, audits, a loan; and the same event twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from events.money import yuan
from infra.demo.bills import bill, scaled
from infra.demo.hospitals import DemoHospital
from infra.demo.schedule import BUREAU, POVERTY_OFFICE, Event, EventSchedule, some_days_after
from infra.demo.size import Size
from infra.demo.stays import Stay
from infra.demo.visits import Visit

CORRECTED_STAYS, CORRECTED_VISITS = 32, 8
REVERSED_STAYS, REVERSED_VISITS = 30, 10
AUDITED_BY_PAYER = 20
TWICE = 25


@dataclass(frozen=True, slots=True)
class Reversal:
    """A claim that was reversed for good under its claim_id."""

    claim_id: str
    hospital: DemoHospital
    told: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """An audit finding as it was sent."""

    event: Event
    told: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """``untouched`` are the stays on which nothing was learnt later."""

    reversals: list[Reversal]
    findings: list[Finding]
    untouched: list[Stay]


def learn_late(rng: Random, schedule: EventSchedule, size: Size, stays: list[Stay], visits: list[Visit]) -> Late:
    """Schedule what is learnt late; a stay that is reversed is discharged again, a visit is not."""
    poor = rng.sample([stay for stay in stays if stay.poor], sum(1 for stay in stays if stay.poor))
    seen = rng.sample(visits, len(visits))
    for _ in range(size.part(CORRECTED_STAYS)):
        _correct(rng, schedule, poor.pop())
    for _ in range(size.part(CORRECTED_VISITS)):
        _correct(rng, schedule, seen.pop())
    reversals = [_reverse(rng, schedule, poor.pop()) for _ in range(size.part(REVERSED_STAYS))]
    reversals += [_reverse(rng, schedule, seen.pop()) for _ in range(size.part(REVERSED_VISITS))]
    findings = [
        _audit(rng, schedule, poor.pop(), f"F{number + 1:04d}", "hospital" if number % 2 else "person")
        for number in range(2 * size.part(AUDITED_BY_PAYER))
    ]
    for _ in range(size.part(TWICE)):
        _send_twice(rng, schedule, poor.pop())
    dearest = max(stays, key=lambda stay: sum(stay.parts.values()))
    _lend(schedule, dearest)
    return Late(reversals, findings, [stay for stay in poor if not stay.early])


def _correct(rng: Random, schedule: EventSchedule, claim: Stay | Visit) -> None:
    parts = scaled(claim.parts, rng.uniform(0.75, 1.15))
    data = {"claim_id": claim.claim_id, "bill": bill(parts), "reason": "费用录入错误"}
    schedule.add(some_days_after(rng, claim.told, 5, 60), claim.hospital.source, "claim.corrected.v1", data)


def _reverse(rng: Random, schedule: EventSchedule, claim: Stay | Visit) -> Reversal:
    told = some_days_after(rng, claim.told, 5, 60)
    source = claim.hospital.source if rng.random() < 0.7 else BUREAU
    schedule.add(told, source, "claim.reversed.v1", {"claim_id": claim.claim_id, "reason": "结算有误，冲正重结"})
    if isinstance(claim, Stay):
        again = claim.discharge["data"] | {
            "claim_id": f"{claim.claim_id}-2",
            "bill": bill(scaled(claim.parts, rng.uniform(0.85, 1.0))),
        }
        schedule.add(told + timedelta(hours=1), claim.hospital.source, "discharge.recorded.v1", again)
    return Reversal(claim.claim_id, claim.hospital, told)


def _audit(rng: Random, schedule: EventSchedule, stay: Stay, finding_id: str, borne_by: str) -> Finding:
    amount_fen = round(sum(stay.parts.values()) * rng.uniform(0.03, 0.15))
    told = some_days_after(rng, stay.told, 20, 60)
    data = {
        "finding_id": finding_id,
        "claim_id": stay.claim_id,
        "amount": yuan(amount_fen),
        "borne_by": borne_by,
        "reason": "过度检查" if borne_by == "hospital" else "挂床住院",
    }
    return Finding(schedule.add(told, BUREAU, "audit.found.v1", data), told)


def _send_twice(rng: Random, schedule: EventSchedule, stay: Stay) -> None:
    schedule.add_line(some_days_after(rng, stay.told, 3, 20), stay.discharge)


def _lend(schedule: EventSchedule, stay: Stay) -> None:
    """The emergency fund lent to one person that year (the report, 二5)."""
    data = {
        "advance_id": "L0001",
        "person_id": stay.person.person_id,
        "amount": "20000.00",
        "issued_on": stay.admission["data"]["admitted_on"],
        "lent_by": "township_station",
        "filed_on": (stay.told - timedelta(days=1)).date().isoformat(),
    }
    schedule.add(stay.told - timedelta(days=1), POVERTY_OFFICE, "advance.issued.v1", data)
