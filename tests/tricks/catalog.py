"""Each trick once: what it adds to the file, and the lead that it must give."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tests import facts
from tests.tricks.county import REGION, YEAR, Person, Stay, Visit
from tests.tricks.ordinary import Ordinary

SPARE_PERSONS = 450
"""So many persons, the last of the county, have tricks alone: an ordinary claim of theirs would muddle what is
found."""


@dataclass(frozen=True)
class Trick:
    """The lead must name the rule, all of ``claims``, and the hospital and person where they are given."""

    rule: str
    claims: tuple[str, ...]
    hospital_id: str | None = None
    person_id: str | None = None
    kind: str | None = None


@dataclass
class Planter:
    """Plants tricks into a county that has its ordinary claims."""

    ordinary: Ordinary
    spare: Iterator[Person]

    def person(self, sex: str | None = None) -> Person:
        """A grown person who has no other claim."""
        return next(one for one in self.spare if one.born.year < 1980 and sex in (None, one.sex))

    def stay(
        self,
        claim_id: str,
        person: Person,
        house: str,
        admitted: str,
        days: int,
        code: str = "J18.9",
        yuan: float = 3_000,
        **more: object,
    ) -> Stay:
        """A stay of the year, in scope but for a tenth."""
        begun = date.fromisoformat(f"{YEAR}-{admitted}")
        parts = parts_of(yuan)
        found = Stay(claim_id, person, self.ordinary.houses[house], begun, begun + timedelta(days=days), code, parts)
        found.filing = bool(more.pop("filing", True))
        found.more = more
        self.ordinary.file.stay(found)
        return found

    def visit(
        self, claim_id: str, person: Person, house: str, on: str, yuan: float = 120, setting: str = "general"
    ) -> None:
        """A visit of the year."""
        day = date.fromisoformat(f"{YEAR}-{on}")
        self.ordinary.file.visit(Visit(claim_id, person, self.ordinary.houses[house], day, setting, parts_of(yuan)))


def parts_of(yuan: float, outside: float = 0.06) -> tuple[int, int, int, int]:
    """A bill of just so many yuan."""
    total = round(yuan * 100)
    out = round(total * outside)
    return total - out, 0, 0, out


def split_stay(at: Planter) -> Trick:
    """Discharged on 10 April, admitted again the next day, the same illness in the same hospital."""
    person = at.person()
    at.stay("X-split-1", person, "H02", "04-02", 8, "J44.1")
    at.stay("X-split-2", person, "H02", "04-11", 7, "J44.1")
    return Trick("split_stay", ("X-split-1", "X-split-2"), person_id=person.person_id)


def overlapping_stays(at: Planter) -> Trick:
    """In a township from 1 to 12 April, and in the county from the 5th to the 9th."""
    person = at.person()
    at.stay("X-overlap-1", person, "H03", "04-01", 11)
    at.stay("X-overlap-2", person, "H22", "04-05", 4)
    return Trick("overlapping_stays", ("X-overlap-1", "X-overlap-2"), person_id=person.person_id)


def visit_in_stay(at: Planter) -> Trick:
    """Two visits elsewhere while in bed."""
    person = at.person()
    at.stay("X-in-0", person, "H04", "05-02", 14)
    at.visit("X-in-1", person, "R1", "05-06", setting="pharmacy")
    at.visit("X-in-2", person, "R1", "05-10", setting="pharmacy")
    return Trick("visit_in_stay", ("X-in-0", "X-in-1", "X-in-2"), person_id=person.person_id)


def low_standard_stay(at: Planter) -> Trick:
    """A day in a county hospital for a cold."""
    person = at.person()
    at.stay("X-light", person, "H22", "03-04", 1, "J06.9", 720)
    return Trick("low_standard_stay", ("X-light",), "H22", person.person_id)


def long_stay(at: Planter) -> Trick:
    """Seventy-six days with a bad back."""
    person = at.person()
    at.stay("X-long", person, "H05", "02-01", 76, "M51.2", 9_000)
    return Trick("long_stay", ("X-long",), person_id=person.person_id)


def two_places_one_day(at: Planter) -> Trick:
    """In the county's south and in the neighbour's hospital on one day."""
    person = at.person()
    at.visit("X-two-1", person, "H06", "06-11")
    at.visit("X-two-2", person, "H18", "06-11")
    return Trick("two_places_one_day", ("X-two-1", "X-two-2"), person_id=person.person_id)


def frequent_visits(at: Planter) -> Trick:
    """To the pharmacy nearly every day of July."""
    person = at.person()
    claims = tuple(f"X-often-{day:02d}" for day in range(1, 28))
    for day, claim_id in enumerate(claims, start=1):
        at.visit(claim_id, person, f"R{1 + day % 4}", f"07-{day:02d}", 150, "pharmacy")
    return Trick("frequent_visits", claims, person_id=person.person_id, kind="visits")


def same_bill(at: Planter) -> Trick:
    """One visit billed twice under two numbers."""
    person = at.person()
    at.visit("X-same-1", person, "H07", "08-06", 386.4)
    at.visit("X-same-2", person, "H07", "08-06", 386.4)
    return Trick("same_bill", ("X-same-1", "X-same-2"), person_id=person.person_id)


def after_death(at: Planter) -> Trick:
    """A stay three weeks after the death, which was told too late."""
    person = at.person()
    at.stay("X-death", person, "H08", "07-20", 6)
    death = facts.death(person.person_id, f"{YEAR}-07-01", f"civil-affairs/{REGION}")
    at.ordinary.file.add(date(YEAR, 8, 20), death)
    return Trick("after_death", ("X-death",), person_id=person.person_id)


def suspended_hospital(at: Planter) -> Trick:
    """A visit within a suspension that was told too late; no ordinary claim of the hospital lies in it."""
    person = at.person()
    at.visit("X-suspended", person, "H17", "09-12", 310)
    source = {"source": f"bureau/{REGION}"}
    at.ordinary.file.add(date(YEAR, 10, 20), facts.suspend(f"{YEAR}-09-10", "H17") | source)
    at.ordinary.file.add(date(YEAR, 10, 20), facts.reinstate(f"{YEAR}-09-15", "H17") | source)
    return Trick("suspended_hospital", ("X-suspended",), "H17", person.person_id)


def unfiled_full_rate(at: Planter) -> Trick:
    """A stay in the city that nobody filed, where the county's bureau files all others."""
    person = at.person()
    at.stay("X-unfiled", person, "H31", "10-08", 9, "I63.9", 24_000, filing=False)
    return Trick("unfiled_full_rate", ("X-unfiled",), person_id=person.person_id)


def out_of_catalog_share(at: Planter) -> Trick:
    """From June to August nearly half of each bill is out of catalog."""
    claims = []
    for number in range(39):
        person = at.person()
        begun = date(YEAR, 6 + number % 3, 1 + number // 3)
        claims.append(f"X-outside-{number:02d}")
        house = at.ordinary.houses["H16"]
        parts = parts_of(2_400 + 20 * number, 0.40 + number % 7 / 100)
        at.ordinary.file.stay(Stay(claims[-1], person, house, begun, begun + timedelta(days=6), "M51.2", parts))
    return Trick("out_of_catalog_share", tuple(claims), "H16", kind="month")


def cost_growth(at: Planter) -> Trick:
    """From October on the second county hospital costs half as much again: its ordinary stays, changed as they were
    made."""
    return Trick("cost_growth", (), "H23")


def near_limit(at: Planter) -> Trick:
    """Forty stays just under 5,000 yuan."""
    claims = []
    for number in range(40):
        claims.append(f"X-near-{number:02d}")
        admitted = f"{1 + number % 11:02d}-{3 + number % 20:02d}"
        at.stay(claims[-1], at.person(), "H14", admitted, 8, "K80.2", 4_760 + 6 * number)
    return Trick("near_limit", tuple(claims), "H14", kind="line")


def period_peak(at: Planter) -> Trick:
    """Forty-five stays more in December."""
    claims = []
    for number in range(45):
        claims.append(f"X-peak-{number:02d}")
        at.stay(claims[-1], at.person(), "H15", f"12-{3 + number % 18:02d}", 6, "I10", 2_000 + 30 * number)
    return Trick("period_peak", tuple(claims), "H15")


def reversals(at: Planter) -> Trick:
    """Twenty stays reversed, and billed again at a third more."""
    claims = []
    for number in range(20):
        first, again = f"X-back-{number:02d}", f"X-again-{number:02d}"
        admitted = f"{1 + number % 10:02d}-{2 + number:02d}"
        stay = at.stay(first, at.person(), "H05", admitted, 7, "J18.9", 1_800 + 10 * number)
        more = parts_of((1_800 + 10 * number) * 4 / 3)
        at.ordinary.bill_again(stay, again, more, stay.discharged + timedelta(days=9))
        claims += [first, again]
    return Trick("reversals", tuple(claims), "H05", kind="rebilled")


def state_conflict(at: Planter) -> Trick:
    """A man gives birth."""
    person = at.person("male")
    at.stay("X-state", person, "H21", "11-04", 3, "O80.0")
    return Trick("state_conflict", ("X-state",), person_id=person.person_id)


def admitted_together(at: Planter) -> Trick:
    """Four persons of four households come together in March, June and September."""
    claims = []
    four: list[Person] = []
    while len(four) < 4:
        person = at.person()
        if person.household_id not in {other.household_id for other in four}:
            four.append(person)
    for number, person in enumerate(four):
        for occasion, day in enumerate(("03-11", "06-03", "09-17")):
            claims.append(f"X-group-{number}-{occasion}")
            start = date.fromisoformat(f"{YEAR}-{day}") + timedelta(days=number % 2)
            at.stay(claims[-1], person, "H06", start.isoformat()[5:], 7, "M51.2")
    return Trick("admitted_together", tuple(claims), "H06")


TRICKS: dict[str, Callable[[Planter], Trick]] = {
    trick.__name__: trick
    for trick in (
        split_stay,
        overlapping_stays,
        visit_in_stay,
        low_standard_stay,
        long_stay,
        two_places_one_day,
        frequent_visits,
        same_bill,
        after_death,
        suspended_hospital,
        unfiled_full_rate,
        out_of_catalog_share,
        cost_growth,
        near_limit,
        period_peak,
        reversals,
        state_conflict,
        admitted_together,
    )
}
"""By the rule's code, all of the issue's."""
