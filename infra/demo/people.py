"""Who lives in the county: enrolled, on the rosters, holding chronic cards, with what is learnt too late."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from infra.demo.schedule import BUREAU, CIVIL_AFFAIRS, POVERTY_OFFICE, REGION, YEAR, EventSchedule, office_hours
from infra.demo.size import Size

NEW_YEAR = date(YEAR, 1, 1)
YEAR_END = date(YEAR + 1, 1, 1)
PREMIUM = "250.00"

NOT_POOR = 250
BORN_IN_THE_YEAR = 20
JOINED, JOINED_BACKDATED = 90, 30
LEFT, LEFT_BACKDATED = 60, 30
DESTITUTE, DIBAO = 110, 400
CARDS, REVOKED = 2_703, 40

CARD_DISEASES = (
    ("hypertension", "II"),
    ("diabetes", "II"),
    ("tuberculosis", "II"),
    ("epilepsy", "II"),
    ("severe_mental_illness", "I"),
    ("renal_dialysis", "I"),
    ("lung_cancer", "I"),
)
_CARD_WEIGHTS = (48, 26, 6, 6, 7, 3, 4)


@dataclass(frozen=True, slots=True)
class Card:
    """A chronic card, valid on [``since``, ``until``)."""

    disease: str
    since: date
    until: date


@dataclass(slots=True)
class DemoPerson:
    """``poor`` holds the days [from, until) on the roster as it stands in the end.

    ``unknown`` are the days on which the roster said something else, because the change came later than its day;
    ``aided`` says that the person is destitute or dibao as well.
    """

    person_id: str
    enrolled_on: date = NEW_YEAR
    poor: tuple[date, date] | None = None
    unknown: tuple[date, date] | None = None
    aided: bool = False
    cards: list[Card] = field(default_factory=list)


def settle_people(rng: Random, schedule: EventSchedule, size: Size) -> list[DemoPerson]:
    """Everyone who is enrolled, those on the roster first; schedules enrolments, rosters and cards."""
    count = size.persons + size.part(NOT_POOR)
    people = [DemoPerson(f"P{number:05d}") for number in range(1, count + 1)]
    roster, others = people[: size.persons], people[size.persons :]
    _put_on_roster(rng, schedule, size, roster)
    for person in others[: size.part(BORN_IN_THE_YEAR)]:
        person.enrolled_on = NEW_YEAR + timedelta(days=rng.randint(30, 300))
    _enrol(rng, schedule, people)
    _put_in_categories(rng, schedule, size, roster)
    _issue_cards(rng, schedule, size, roster)
    return people


def _put_on_roster(rng: Random, schedule: EventSchedule, size: Size, roster: list[DemoPerson]) -> None:
    movers = rng.sample(roster, sum(size.part(n) for n in (JOINED, JOINED_BACKDATED, LEFT, LEFT_BACKDATED)))
    for person in roster:
        person.poor = (NEW_YEAR, YEAR_END)
    for kind, number in (("joined", JOINED), ("joined", -JOINED_BACKDATED), ("left", LEFT), ("left", -LEFT_BACKDATED)):
        backdated = number < 0
        for _ in range(size.part(abs(number))):
            person = movers.pop()
            day = date(YEAR, rng.randint(3, 8), 1)
            told = day + timedelta(days=rng.randint(50, 110) if backdated else -rng.randint(3, 20))
            person.unknown = (day, told) if backdated else None
            if kind == "joined":
                person.poor = (day, YEAR_END)
                _change(rng, schedule, person, "added", day, told)
            else:
                person.poor = (NEW_YEAR, day)
                _change(rng, schedule, person, "removed", day, told)
    for person in roster:
        if person.poor is not None and person.poor[0] == NEW_YEAR:
            _change(rng, schedule, person, "added", NEW_YEAR, date(YEAR - 1, 12, rng.randint(21, 31)))


def _change(rng: Random, schedule: EventSchedule, person: DemoPerson, change: str, day: date, told: date) -> None:
    data = {
        "person_id": person.person_id,
        "category": "registered_poor",
        "change": change,
        "effective_on": day.isoformat(),
    }
    schedule.add(office_hours(rng, told), POVERTY_OFFICE, "roster.changed.v1", data)


def _enrol(rng: Random, schedule: EventSchedule, people: list[DemoPerson]) -> None:
    for person in people:
        data: dict[str, object] = {"person_id": person.person_id, "region": REGION, "year": YEAR}
        told = date(YEAR - 1, 12, rng.randint(1, 20))
        if person.enrolled_on != NEW_YEAR:
            data["effective_on"] = person.enrolled_on.isoformat()
            told = person.enrolled_on
        # A person who was not on the roster when the premium fell due has paid it: the ledger owes a refund or nothing.
        if person.poor is None or person.poor[0] != NEW_YEAR:
            data["self_paid"] = PREMIUM
        schedule.add(office_hours(rng, told), BUREAU, "enrollment.recorded.v1", data)


def _put_in_categories(rng: Random, schedule: EventSchedule, size: Size, roster: list[DemoPerson]) -> None:
    destitute = size.part(DESTITUTE)
    for place, person in enumerate(rng.sample(roster, destitute + size.part(DIBAO))):
        person.aided = True
        data = {
            "person_id": person.person_id,
            "category": "destitute" if place < destitute else "dibao",
            "change": "added",
            "effective_on": NEW_YEAR.isoformat(),
        }
        told = office_hours(rng, date(YEAR - 1, 12, rng.randint(21, 31)))
        schedule.add(told, CIVIL_AFFAIRS, "roster.changed.v1", data)


def _issue_cards(rng: Random, schedule: EventSchedule, size: Size, roster: list[DemoPerson]) -> None:
    holders = rng.sample(roster, size.part(CARDS))
    revoked = size.part(REVOKED)
    for place, person in enumerate(holders):
        disease, disease_class = rng.choices(CARD_DISEASES, _CARD_WEIGHTS)[0]
        since = NEW_YEAR if rng.random() < 0.6 else NEW_YEAR + timedelta(days=rng.randint(10, 300))
        until = YEAR_END
        data = {
            "person_id": person.person_id,
            "disease": disease,
            "disease_class": disease_class,
            "effective_on": since.isoformat(),
        }
        told = since - timedelta(days=rng.randint(1, 9))
        schedule.add(office_hours(rng, told), BUREAU, "chronic_card.issued.v1", data)
        if place < revoked:
            until = since + timedelta(days=rng.randint(20, 60))
            schedule.add(
                office_hours(rng, until - timedelta(days=1)),
                BUREAU,
                "chronic_card.revoked.v1",
                data | {"effective_on": until.isoformat()},
            )
        person.cards.append(Card(disease, since, until))
