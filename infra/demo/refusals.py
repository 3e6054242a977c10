"""What the ledger refuses: each reason as it comes about in an office, a known number of times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any

import orjson

from events.money import yuan
from events.refusals import REASONS, Reason
from infra.demo.bills import GENERAL_COST, split
from infra.demo.hospitals import CLOSED_ON, Hospitals
from infra.demo.late import Late
from infra.demo.people import NEW_YEAR, DemoPerson
from infra.demo.schedule import BUREAU, REGION, YEAR, Event, EventSchedule, office_hours, some_days_after
from infra.demo.size import Size
from infra.demo.stays import Stay
from infra.demo.visits import GENERAL_FROM, Visit, visit_data

REFUSED: dict[Reason, int] = {
    "malformed": 12,
    "unknown_type": 4,
    "source_not_allowed": 8,
    "duplicate_claim": 6,
    "bill_does_not_add_up": 10,
    "already_discharged": 6,
    "admission_cancelled": 4,
    "person_mismatch": 5,
    "date_order": 5,
    "unknown_hospital": 4,
    "hospital_not_designated": 6,
    "not_enrolled": 10,
    "no_policy": 10,
    "chronic_card_missing": 10,
    "unknown_claim": 5,
    "already_reversed": 4,
    "duplicate_finding": 3,
    "unknown_admission": 3,
    "duplicate_admission": 4,
    "unknown_referral": 3,
    "reversed_while_waiting": 2,
}
"""How often the whole county is refused, by reason; every reason of the domain is there."""


@dataclass(slots=True)
class Errors:
    """Makes events that are refused, out of a county in which all else is well; ``number`` keeps their ids apart."""

    rng: Random
    schedule: EventSchedule
    people: list[DemoPerson]
    hospitals: Hospitals
    late: Late
    cancelled: list[tuple[Event, datetime]]
    number: int = 0

    def schedule_all(self, size: Size) -> None:
        """Schedule every refusal that a county of this size gets."""
        stays = iter(self.late.untouched)
        for reason in filter(REFUSED.__contains__, REASONS):
            make: Callable[[Stay, int], None] = getattr(self, f"_{reason}")
            for time in range(size.part(REFUSED[reason])):
                self.number += 1
                make(next(stays), time)

    def _id(self, prefix: str) -> str:
        return f"{prefix}R{self.number:04d}"

    def _visit(self) -> Visit:
        """A visit that would be accepted."""
        day = GENERAL_FROM[2] + timedelta(days=self.rng.randint(0, 130))
        person = self.rng.choice([one for one in self.people if one.enrolled_on == NEW_YEAR])
        parts = split(self.rng, GENERAL_COST.draw_fen(self.rng))
        hospital = self.rng.choice(self.hospitals.townships)
        return Visit(self._id("G"), person, hospital, day, "general", parts, office_hours(self.rng, day))

    def _send_visit(self, visit: Visit, **changes: object) -> None:
        self.schedule.add(visit.told, visit.hospital.source, "outpatient.recorded.v1", visit_data(visit) | changes)

    def _send_stay(self, moment: datetime, stay: Stay, **changes: object) -> None:
        """Another discharge of a stay, under a new claim_id."""
        data = stay.discharge["data"] | {"claim_id": self._id("C")} | changes
        self.schedule.add(moment, stay.hospital.source, "discharge.recorded.v1", data)

    def _send_admission(self, moment: datetime, stay: Stay, **changes: object) -> None:
        data: Mapping[str, Any] = stay.admission["data"] | changes
        self.schedule.add(moment, f"hospital/{data['hospital_id']}", "admission.recorded.v1", data)

    def _malformed(self, _: Stay, time: int) -> None:
        visit = self._visit()
        event = self.schedule.write(visit.told, visit.hospital.source, "outpatient.recorded.v1", visit_data(visit))
        event["id"] = self._id("E")
        raw = orjson.dumps(event)
        forms: list[Event | bytes] = [
            raw[: len(raw) * 2 // 3],
            event | {"data": event["data"] | {"note": "补录"}},
            raw.replace(b'"setting":"general"', '"setting":"门诊统筹"'.encode("gb18030")),
            event | {"data": event["data"] | {"bill": event["data"]["bill"] | {"total": "35.125"}}},
            raw.replace(b'"specversion":"1.0"', b'"specversion":1.0'),
            event | {"data": event["data"] | {"disease": None}},
            raw.replace(b'"setting"', b'"claim_id":"G1","setting"'),
            event | {"data": event["data"] | {"served_on": visit.served_on.strftime("%d/%m/%Y")}},
        ]
        self.schedule.add_line(visit.told, forms[time % len(forms)])

    def _unknown_type(self, stay: Stay, _: int) -> None:
        moment = some_days_after(self.rng, stay.told, 1, 5)
        self.schedule.add(moment, stay.hospital.source, "discharge.recorded.v2", stay.discharge["data"])

    def _source_not_allowed(self, stay: Stay, time: int) -> None:
        moment = some_days_after(self.rng, stay.told, 1, 5)
        other = next(one for one in cycle(self.hospitals.townships) if one is not stay.hospital)
        person_id = stay.person.person_id
        enrolment = {"person_id": person_id, "region": REGION, "year": YEAR}
        roster = {
            "person_id": person_id,
            "category": "dibao",
            "change": "added",
            "effective_on": NEW_YEAR.isoformat(),
        }
        source, type_, data = (
            (other.source, "discharge.recorded.v1", stay.discharge["data"] | {"claim_id": f"{stay.claim_id}-8"}),
            (stay.hospital.source, "roster.changed.v1", roster),
            ("bureau/360924", "enrollment.recorded.v1", enrolment),
            (stay.hospital.source, "claim.settled.v1", {"claim_id": stay.claim_id}),
        )[time % 4]
        self.schedule.add(moment, source, type_, data)

    def _duplicate_claim(self, stay: Stay, _: int) -> None:
        self._send_stay(some_days_after(self.rng, stay.told, 1, 5), stay, claim_id=stay.claim_id)

    def _bill_does_not_add_up(self, _: Stay, time: int) -> None:
        visit = self._visit()
        wrong: dict[str, str] = visit_data(visit)["bill"] | {"total": yuan(sum(visit.parts.values()) + 100)}
        self._send_visit(visit, bill=wrong)
        # Every second hospital mends it the same hour; a refused claim_id may be used again.
        if time % 2:
            self._send_visit(replace(visit, told=visit.told + timedelta(minutes=20)))

    def _already_discharged(self, stay: Stay, _: int) -> None:
        self._send_stay(some_days_after(self.rng, stay.told, 3, 5), stay)

    def _admission_cancelled(self, stay: Stay, time: int) -> None:
        admission, moment = self.cancelled[time % len(self.cancelled)]
        data = stay.discharge["data"] | {
            "claim_id": self._id("C"),
            "admission_id": admission["data"]["admission_id"],
            "person_id": admission["data"]["person_id"],
        }
        self.schedule.add(moment + timedelta(hours=2), admission["source"], "discharge.recorded.v1", data)

    def _person_mismatch(self, stay: Stay, _: int) -> None:
        other = next(one for one in self.people if one is not stay.person)
        self._send_stay(stay.told - timedelta(minutes=5), stay, person_id=other.person_id)

    def _date_order(self, stay: Stay, _: int) -> None:
        before = date.fromisoformat(stay.admission["data"]["admitted_on"]) - timedelta(days=1)
        self._send_stay(stay.told - timedelta(minutes=5), stay, discharged_on=before.isoformat())

    def _unknown_hospital(self, _: Stay, __: int) -> None:
        visit = self._visit()
        self._send_visit(replace(visit, hospital=replace(visit.hospital, hospital_id=f"H{REGION}99")))

    def _hospital_not_designated(self, _: Stay, __: int) -> None:
        day = CLOSED_ON + timedelta(days=self.rng.randint(0, 90))
        visit = replace(self._visit(), hospital=self.hospitals.closed, served_on=day, told=office_hours(self.rng, day))
        self._send_visit(visit)

    def _not_enrolled(self, _: Stay, __: int) -> None:
        visit = self._visit()
        self._send_visit(replace(visit, person=DemoPerson(f"P9{self.number:04d}")))

    def _no_policy(self, _: Stay, time: int) -> None:
        visit = self._visit()
        if time % 2 == 0:
            self._send_visit(replace(visit, hospital=self.hospitals.pharmacy, setting="pharmacy"))
        else:
            day = GENERAL_FROM[0] - timedelta(days=self.rng.randint(1, 120))
            self._send_visit(replace(visit, served_on=day, told=office_hours(self.rng, day)))

    def _chronic_card_missing(self, _: Stay, __: int) -> None:
        without = self.rng.choice([one for one in self.people if not one.cards and one.enrolled_on == NEW_YEAR])
        self._send_visit(replace(self._visit(), person=without, setting="chronic", disease="hypertension"))

    def _unknown_claim(self, stay: Stay, _: int) -> None:
        data = {"claim_id": f"{stay.claim_id}-9", "reason": "重复结算"}
        self.schedule.add(some_days_after(self.rng, stay.told, 1, 9), stay.hospital.source, "claim.reversed.v1", data)

    def _already_reversed(self, _: Stay, time: int) -> None:
        reversal = self.late.reversals[time % len(self.late.reversals)]
        data = {"claim_id": reversal.claim_id, "reason": "结算有误"}
        moment = some_days_after(self.rng, reversal.told, 1, 5)
        self.schedule.add(moment, reversal.hospital.source, "claim.reversed.v1", data)

    def _duplicate_finding(self, _: Stay, time: int) -> None:
        finding = self.late.findings[time % len(self.late.findings)]
        moment = some_days_after(self.rng, finding.told, 1, 5)
        self.schedule.add(moment, BUREAU, "audit.found.v1", finding.event["data"])

    def _unknown_admission(self, stay: Stay, _: int) -> None:
        data = {"admission_id": f"{stay.admission_id}-9", "reason": "登记错误"}
        self.schedule.add(stay.told, stay.hospital.source, "admission.cancelled.v1", data)

    def _duplicate_admission(self, stay: Stay, _: int) -> None:
        self._send_admission(stay.told + timedelta(minutes=5), stay)

    def _unknown_referral(self, stay: Stay, _: int) -> None:
        self._send_admission(stay.told, stay, admission_id=self._id("A"), referred_from="A999999")

    def _reversed_while_waiting(self, stay: Stay, _: int) -> None:
        claim_id, moment = self._id("C"), stay.told + timedelta(hours=30)
        self._send_stay(moment, stay, claim_id=claim_id, admission_id=self._id("A"))
        data = {"claim_id": claim_id, "reason": "误传"}
        self.schedule.add(moment + timedelta(hours=1), stay.hospital.source, "claim.reversed.v1", data)
