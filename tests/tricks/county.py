"""The made-up county: its hospitals, households and persons, and the file of events that they make."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from tests import facts

REGION, NEIGHBOUR, CITY = "990101", "990102", "990301"
FIRST_YEAR, YEAR = 2016, 2019
YEARS = range(FIRST_YEAR, YEAR + 1)
BUREAU = f"bureau/{REGION}"


@dataclass(frozen=True)
class House:
    """A hospital or pharmacy; ``weight`` is how many of the county's stays it has beside others, ``visits`` of its
    visits."""

    hospital_id: str
    name: str
    tier: int
    region: str = REGION
    weight: float = 0
    visits: float = 0


def houses() -> dict[str, House]:
    """By id. H01 to H10 are townships, H11 to H18 of tier 1, H21 to H23 county hospitals, H31 and H32 in a city, R a
    pharmacy."""
    found = [House(f"H{n:02d}", f"乡镇卫生院{n:02d}（虚构）", 0, weight=4, visits=8) for n in range(1, 11)]
    found += [House(f"H{n:02d}", f"民营医院{n:02d}（虚构）", 1, weight=4, visits=3) for n in range(11, 17)]
    found += [House("H17", "民营医院17（虚构）", 1, weight=0.4), House("H18", "邻县医院（虚构）", 1, NEIGHBOUR)]
    found += [
        House("H21", "县人民医院（虚构）", 2, weight=30, visits=14),
        House("H22", "县中医院（虚构）", 2, weight=12, visits=8),
    ]
    found += [House("H23", "县二院（虚构）", 2, weight=36, visits=8)]
    found += [House("H31", "市医院（虚构）", 3, CITY, weight=5), House("H32", "省医院（虚构）", 3, CITY, weight=3)]
    found += [House(f"R{n}", f"定点药店{n}（虚构）", 0) for n in range(1, 5)]
    return {house.hospital_id: house for house in found}


@dataclass(frozen=True)
class Person:
    """One insured; ``busy`` holds the days of stays and visits, so that an ordinary person is in one place at a
    time."""

    person_id: str
    household_id: str
    sex: str
    born: date
    poor: bool = False
    busy: set[date] = field(default_factory=set, compare=False)

    def age_on(self, day: date) -> int:
        """Whole years."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


def persons(rng: Random, households: int = 1_050) -> list[Person]:
    """Households of one to five: the old alone or in pairs, couples with children and a grandparent."""
    found: list[Person] = []
    for number in range(1, households + 1):
        poor = rng.random() < 0.15
        parent = rng.randint(1950, 1990)
        years = [parent, parent + rng.randint(-3, 3)][: rng.choice((1, 2, 2, 2))]
        years += [parent + rng.randint(21, 28) for _ in range(rng.choice((0, 1, 1, 2))) if parent < 1990]
        years += [parent - rng.randint(22, 27)] if rng.random() < 0.4 else []
        for place, year in enumerate(years):
            sex = ("male", "female")[place] if place < 2 else rng.choice(("male", "female"))
            born = date(max(1930, min(year, 2012)), rng.randint(1, 12), rng.randint(1, 28))
            found.append(Person(f"P{len(found) + 1:05d}", f"F{number:04d}", sex, born, poor))
    return found


@dataclass
class Stay:
    """A stay; ``parts`` are the bill's in fen: in scope, copay, over the limit, out of catalog."""

    claim_id: str
    person: Person
    house: House
    admitted: date
    discharged: date
    diagnosis: str
    parts: tuple[int, int, int, int]
    referred_from: str | None = None
    filing: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)
    disease: str | None = None

    @property
    def admission_id(self) -> str:
        """The number of the admission."""
        return f"A{self.claim_id}"


@dataclass
class Visit:
    """A visit or purchase."""

    claim_id: str
    person: Person
    house: House
    on: date
    setting: str
    parts: tuple[int, int, int, int]
    disease: str | None = None


def bill(parts: tuple[int, int, int, int]) -> dict[str, str]:
    """A bill as an event carries it."""
    told = [f"{fen // 100}.{fen % 100:02d}" for fen in parts]
    return facts.bill(told[0], upfront_copay=told[1], over_limit=told[2], self_funded=told[3])


class EventFile:
    """The events in the order of their days; of one day in the order of adding."""

    def __init__(self) -> None:
        self._lines: list[tuple[date, int, dict[str, Any]]] = []
        self._enrolled: set[tuple[str, int]] = set()
        self._carded: set[tuple[str, str]] = set()
        self.claims = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for _, _, event in sorted(self._lines, key=lambda line: line[:2]):
            yield event

    def add(self, day: date, event: dict[str, Any]) -> None:
        """Add one event that is sent on a day."""
        self._lines.append((day, len(self._lines), event))

    def open(self, known: Mapping[str, House]) -> None:
        """Register the hospitals."""
        for house in known.values():
            self.add(
                date(FIRST_YEAR - 1, 12, 1),
                facts.event(
                    f"bureau/{house.region}",
                    f"hospital-{house.hospital_id}",
                    "hospital.registered.v1",
                    hospital_id=house.hospital_id,
                    name=house.name,
                    tier=house.tier,
                    region=house.region,
                    designated_from="2010-01-01",
                ),
            )

    def enrol(self, person: Person, year: int) -> None:
        """Enrol a person for a year, once; the poor stand on the roster from the first year on."""
        if (person.person_id, year) in self._enrolled:
            return
        if person.poor and not any((person.person_id, other) in self._enrolled for other in YEARS):
            said = {"category": "registered_poor", "change": "added", "effective_on": f"{FIRST_YEAR}-01-01"}
            source, id_ = f"poverty-office/{REGION}", f"roster-{person.person_id}"
            self.add(
                date(FIRST_YEAR - 1, 12, 20),
                facts.event(source, id_, "roster.changed.v1", person_id=person.person_id, **said),
            )
        self._enrolled.add((person.person_id, year))
        born = person.born
        self.add(
            max(date(year - 1, 12, 10), born),
            facts.enrol_as(
                person.person_id,
                year=year,
                region=REGION,
                sex=person.sex,
                birth_month=f"{born.year}-{born.month:02d}",
                household_id=person.household_id,
                effective_on=born.isoformat() if born.year == year else None,
            ),
        )

    def stay(self, stay: Stay) -> None:
        """Admit and discharge."""
        person, house = stay.person, stay.house
        self.enrol(person, stay.discharged.year)
        if house.region != REGION and stay.filing:
            filed = facts.file_referral(
                f"R{stay.claim_id}",
                person.person_id,
                stay.admitted.isoformat(),
                REGION,
                kind="referral",
                to_hospital=house.hospital_id,
                until=(stay.discharged + timedelta(days=1)).isoformat(),
            )
            self.add(stay.admitted - timedelta(days=1), filed)
        admission = facts.admit(
            stay.admission_id,
            person.person_id,
            house.hospital_id,
            stay.admitted.isoformat(),
            referred_from=stay.referred_from,
            **stay.more,
        )
        admission["data"]["diagnoses"] = [stay.diagnosis]
        self.add(stay.admitted, admission)
        self.add(
            stay.discharged,
            facts.discharge(
                stay.claim_id,
                stay.admission_id,
                person.person_id,
                house.hospital_id,
                stay.discharged.isoformat(),
                bill=bill(stay.parts),
                disease=stay.disease,
            ),
        )
        self.claims += 1

    def visit(self, visit: Visit) -> None:
        """A visit, with the card that it needs."""
        self.enrol(visit.person, visit.on.year)
        if visit.setting == "chronic" and (visit.person.person_id, str(visit.disease)) not in self._carded:
            self._carded.add((visit.person.person_id, str(visit.disease)))
            card = facts.card(
                visit.person.person_id,
                str(visit.disease),
                "I" if visit.disease == "renal_dialysis" else "II",
                f"{FIRST_YEAR}-01-01",
            )
            self.add(date(FIRST_YEAR, 1, 1), card | {"source": BUREAU})
        self.add(
            visit.on,
            facts.visit(
                visit.claim_id,
                visit.person.person_id,
                visit.house.hospital_id,
                visit.on.isoformat(),
                visit.setting,
                bill=bill(visit.parts),
                disease=visit.disease,
            ),
        )
        self.claims += 1
