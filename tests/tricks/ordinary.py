"""Ordinary claims: seasons, chronic visits, dialysis, births, chemotherapy, referrals, families, and what goes wrong
anyway."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from tests import facts
from tests.tricks.county import REGION, YEAR, YEARS, EventFile, House, Person, Stay, Visit, bill

STAYS_A_YEAR = 1_560
SEASON = (13, 12, 9, 8, 8, 7, 7, 7, 8, 8, 9, 12)
"""Stays by month: winter brings pneumonia."""
ILLNESSES = {
    "J18.9": (1.0, 9), "J44.1": (1.2, 10), "I10": (0.9, 7), "E11.9": (1.0, 9), "K29.5": (0.7, 6), "M51.2": (1.1, 10),
    "I25.1": (1.3, 9), "N20.0": (1.1, 6), "S52.5": (1.6, 10), "K80.2": (1.5, 8), "I63.9": (1.6, 12), "K35.8": (1.4, 7),
}  # fmt: skip
"""By ICD-10 code the cost beside the tier's, and the usual days."""
TIER_COST = {0: 2_000, 1: 2_600, 2: 4_600, 3: 11_000}
CHRONIC = (("hypertension", 110), ("diabetes", 160), ("tuberculosis", 140))


@dataclass
class Ordinary:
    """Writes ordinary claims; ``stays`` and ``visits`` are those written.

    Hospitals in ``dear`` cost half as much again from a day on; ``dearer`` are those claims. ``dead`` are persons.
    ``years`` end with the one of the tricks.
    """

    rng: Random
    houses: dict[str, House]
    people: Sequence[Person]
    file: EventFile
    stays: list[Stay] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    number: int = 0
    dear: dict[str, date] = field(default_factory=dict)
    dearer: list[str] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    years: range = YEARS

    def write(self, claims: int) -> None:
        """So many claims in all."""
        for year in self.years:
            self._standing_treatments(year)
            self._births(year)
            self._families(year)
            self._referrals(year)
            self._stays(year)
        self._deaths()
        self._school_checks()
        self._chronic()
        self._coincidences()
        self._mistakes()
        while self.file.claims < claims:
            self._outpatient()

    def claim_id(self) -> str:
        """The next number."""
        self.number += 1
        return f"C{self.number:05d}"

    def parts(self, yuan: float, *, out_of_catalog: float | None = None) -> tuple[int, int, int, int]:
        """A bill of about so many yuan."""
        total = max(1_000, round(yuan * 100 * self.rng.lognormvariate(0, 0.35)))
        outside = self.rng.uniform(0.03, 0.1) if out_of_catalog is None else out_of_catalog
        copay, over, out = (
            round(total * self.rng.uniform(0, 0.04)),
            round(total * self.rng.uniform(0, 0.01)),
            round(total * outside),
        )
        return total - copay - over - out, copay, over, out

    def free(self, person: Person, first: date, last: date) -> bool:
        """Whether a person is nowhere else on these days and the weeks about them, which then are taken."""
        margin_days = timedelta(days=18 if self.rng.random() < 0.95 else 5)  # some fall ill again soon
        if any(first - day < margin_days and day - last < margin_days for day in person.busy):
            return False
        person.busy.update(first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return True

    def stay(self, stay: Stay) -> None:
        """Write a stay."""
        since = self.dear.get(stay.house.hospital_id)
        if since is not None and stay.discharged >= since:
            stay.parts = (stay.parts[0] + sum(stay.parts) // 2, *stay.parts[1:])
            self.dearer.append(stay.claim_id)
        self.file.stay(stay)
        self.stays.append(stay)

    def visit(self, visit: Visit) -> None:
        """Write a visit."""
        self.file.visit(visit)
        self.visits.append(visit)

    def _day(self, year: int) -> date:
        month = self.rng.choices(range(1, 13), SEASON)[0]
        return date(year, month, self.rng.randint(1, 28))

    def _house(self) -> House:
        inside = [house for house in self.houses.values() if house.weight]
        return self.rng.choices(inside, [house.weight for house in inside])[0]

    def _stays(self, year: int) -> None:
        written = 0
        while written < STAYS_A_YEAR:
            person = self._patient(year)
            house, code = self._house(), self.rng.choice(list(ILLNESSES))
            cost, usual = ILLNESSES[code]
            days = max(3, round(self.rng.gauss(usual, 2)))
            admitted = self._day(year)
            discharged = admitted + timedelta(days=days)
            if discharged.year != year or not self.free(person, admitted, discharged):
                continue
            more: dict[str, Any] = {"emergency": True} if self.rng.random() < 0.1 else {}
            if self.rng.random() < 0.03:
                days, more, discharged = 1, {"stay_kind": "day_surgery"}, admitted + timedelta(days=1)
            parts = self.parts(TIER_COST[house.tier] * cost * days / usual)
            self.stay(Stay(self.claim_id(), person, house, admitted, discharged, code, parts, more=more))
            written += 1

    def _patient(self, year: int) -> Person:
        while True:
            person = self.rng.choice(self.people)
            if self.rng.random() < 0.2 + max(0, person.age_on(date(year, 7, 1)) - 30) / 60 and person.born.year < year:
                return person

    def _standing_treatments(self, year: int) -> None:
        """Three persons on dialysis twice a week, six with chemotherapy every three weeks for half a year."""
        for person in self.people[:3]:
            day = date(year, 1, 2)
            while day.year == year:
                self.visit(
                    Visit(
                        self.claim_id(), person, self.houses["H21"], day, "chronic", self.parts(400), "renal_dialysis"
                    )
                )
                person.busy.add(day)
                day += timedelta(days=3 if day.weekday() < 3 else 4)
        for person in self.people[10 * (year - self.years[0] + 1) :][:6]:
            for cycle in range(8):
                admitted = date(year, 2, 1) + timedelta(days=21 * cycle + int(person.person_id[1:]) % 5)
                discharged = admitted + timedelta(days=3)
                if not person.busy & {admitted + timedelta(days=offset) for offset in range(4)}:
                    person.busy.update(admitted + timedelta(days=offset) for offset in range(4))
                    parts = self.parts(7_000)
                    self.stay(Stay(self.claim_id(), person, self.houses["H31"], admitted, discharged, "Z51.1", parts))

    def _births(self, year: int) -> None:
        mothers = [one for one in self.people if one.sex == "female" and 20 <= one.age_on(date(year, 1, 1)) <= 38]
        for mother in self.rng.sample(mothers, min(30, len(mothers))):
            admitted = self._day(year)
            discharged = admitted + timedelta(days=self.rng.randint(2, 4))
            if discharged.year == year and self.free(mother, admitted, discharged):
                house = self.houses[self.rng.choice(("H21", "H22", "H23"))]
                more = {"stay_kind": "maternity"}
                parts = self.parts(3_000)
                self.stay(Stay(self.claim_id(), mother, house, admitted, discharged, "O80.0", parts, more=more))

    def _families(self, year: int) -> None:
        """Two of a household fall ill together and lie in one township."""
        for _ in range(6):
            first = self._patient(year)
            family = [one for one in self.people if one.household_id == first.household_id and one.born.year < year][:2]
            admitted = self._day(year)
            discharged = admitted + timedelta(days=6)
            house = self.houses[f"H{self.rng.randint(1, 4):02d}"]
            if discharged.year == year:
                for person in family:
                    if self.free(person, admitted, discharged):
                        parts = self.parts(1_900)
                        self.stay(Stay(self.claim_id(), person, house, admitted, discharged, "J18.9", parts))

    def _referrals(self, year: int) -> None:
        """A township sends a patient on to the county or the city, the same day."""
        for _ in range(25):
            person, start = self._patient(year), self._day(year)
            middle, end = start + timedelta(days=2), start + timedelta(days=12)
            if end.year != year or not self.free(person, start, end):
                continue
            below = self.houses[f"H{self.rng.randint(1, 4):02d}"]
            above = self.houses[self.rng.choice(("H21", "H22", "H31"))]
            first = Stay(self.claim_id(), person, below, start, middle, "I63.9", self.parts(900))
            self.stay(first)
            parts = self.parts(TIER_COST[above.tier] * 1.6)
            self.stay(
                Stay(self.claim_id(), person, above, middle, end, "I63.9", parts, referred_from=first.admission_id)
            )

    def _school_checks(self) -> None:
        """One day thirty children are seen in one township."""
        children = [one for one in self.people if 6 <= one.age_on(date(YEAR, 5, 20)) <= 16]
        for child in children[:30]:
            day = date(YEAR, 5, 20)
            if day not in child.busy:
                child.busy.add(day)
                self.visit(Visit(self.claim_id(), child, self.houses["H04"], day, "general", self.parts(40)))

    def _chronic(self) -> None:
        """A hundred and ten hold cards and come about monthly; now and then the family fetches drugs during a stay."""
        old = [person for person in self.people if person.born.year < 1965][:110]
        for place, person in enumerate(old):
            disease, cost = CHRONIC[0 if place % 3 else 1 + place % 2]
            house = self.houses[f"H{1 + place % 10:02d}"]
            for year in self.years:
                day = date(year, 1, 3 + place % 25)
                while day.year == year:
                    if day not in person.busy or (place == 7 and person.person_id not in self.dead):
                        person.busy.add(day)
                        self.visit(Visit(self.claim_id(), person, house, day, "chronic", self.parts(cost), disease))
                    day += timedelta(days=self.rng.randint(26, 34))

    def _outpatient(self) -> None:
        person, year = self.rng.choice(self.people), self.rng.choice(self.years)
        day = self._day(year)
        if person.born.year >= year or day in person.busy:
            return
        person.busy.add(day)
        if self.rng.random() < 0.3:
            house = self.houses[f"R{self.rng.randint(1, 4)}"]
            self.visit(Visit(self.claim_id(), person, house, day, "pharmacy", self.parts(60)))
        else:
            inside = [one for one in self.houses.values() if one.visits]
            house = self.rng.choices(inside, [one.visits for one in inside])[0]
            self.visit(Visit(self.claim_id(), person, house, day, "general", self.parts(80 if house.tier < 2 else 150)))

    def _deaths(self) -> None:
        """Some of the old die in hospital, which is told three weeks later."""
        last = {stay.person.person_id: stay for stay in sorted(self.stays, key=lambda stay: stay.discharged)}
        ends = [
            stay for stay in last.values() if stay.discharged.year == YEAR and stay.person.age_on(stay.discharged) > 68
        ]
        for stay in ends[:12]:
            day = stay.discharged
            self.dead.add(stay.person.person_id)
            stay.person.busy.update(day + timedelta(days=offset) for offset in range((date(YEAR + 1, 1, 1) - day).days))
            death = facts.death(stay.person.person_id, day.isoformat(), f"civil-affairs/{REGION}")
            self.file.add(day + timedelta(days=20), death)

    def _coincidences(self) -> None:
        """What looks odd and is not: back with the same illness, drugs fetched by the family, seen before admission."""
        chosen = self.rng.sample([stay for stay in self.stays if not stay.more and stay.house.tier < 3], 60)
        chosen = [stay for stay in chosen if stay.person.person_id not in self.dead]
        for stay in chosen[:12]:
            back = stay.discharged + timedelta(days=self.rng.randint(9, 14))
            if not stay.person.busy & {back + timedelta(days=offset) for offset in range(8)} and back.month < 12:
                self.stay(
                    Stay(
                        self.claim_id(),
                        stay.person,
                        stay.house,
                        back,
                        back + timedelta(days=7),
                        stay.diagnosis,
                        stay.parts,
                    )
                )
        for stay in chosen[12:30]:
            day, parts = stay.admitted + timedelta(days=2), self.parts(90)
            self.visit(Visit(self.claim_id(), stay.person, self.houses["R1"], day, "pharmacy", parts))
        for stay in chosen[30:45]:
            self.visit(
                Visit(self.claim_id(), stay.person, self.houses["H03"], stay.admitted, "general", self.parts(60))
            )
        for stay in chosen[45:]:
            day, parts = stay.discharged + timedelta(days=1), self.parts(20)
            for _ in range(2):  # one box each, at two tills
                self.visit(Visit(self.claim_id(), stay.person, self.houses["R2"], day, "pharmacy", parts))

    def _mistakes(self) -> None:
        """One stay in a hundred and fifty is billed anew at the same sum, one in two hundred corrected."""
        alone = [
            stay for stay in self.stays if stay.claim_id not in self.dearer and stay.person.person_id not in self.dead
        ]
        wrong = self.rng.sample(alone, len(alone) // 85)
        for stay in wrong[: len(alone) // 150]:
            self.bill_again(stay, f"{stay.claim_id}-2", stay.parts, stay.discharged + timedelta(days=3))
        for stay in wrong[len(alone) // 150 :]:
            less = f"{stay.parts[0] // 100 - 1}"
            self.file.add(
                stay.discharged + timedelta(days=2), facts.correct(stay.claim_id, less, stay.house.hospital_id)
            )

    def bill_again(self, stay: Stay, claim_id: str, parts: tuple[int, int, int, int], told: date) -> None:
        """Reverse a stay's bill and claim it once more."""
        house = stay.house.hospital_id
        self.file.add(told, facts.reverse(stay.claim_id, f"hospital/{house}"))
        day, person = stay.discharged.isoformat(), stay.person.person_id
        again = facts.discharge(claim_id, stay.admission_id, person, house, day, bill=bill(parts), disease=stay.disease)
        self.file.add(told, again)
        self.file.claims += 1
