"""A made-up county of the size of 上高 2019, for `make demo`: every event its offices and hospitals would have sent.

Only counts are real (上高县医疗保障局2019年度报告: 9,619 on the roster, 7,383 inpatient claims, 2,703 chronic cards, 16
townships, one loan of the emergency fund). Persons, hospitals, dates and costs come from a seeded generator.

The costs are chosen so that our scheme, whose ratios for 上高 are mostly assumed, pays about what the report says: with
seed 2019 every layer comes within 5% of the published sum, and all layers pay 90% of the bills, as the report's 二2 has
it. That part hardly moves with the seed, for supplementary insurance stops where all layers have paid 90%, and the
backstop fills up to there. Other seeds move the total by about 2% and the layers that a few bills make by more:
critical_illness by up to 15%, since 82 persons bear the heavy tail, assistance by 8%, backstop by up to 60%, since it
hangs on some 300 bills that are mostly out of catalog.

Assistance pays what is left in scope on aided persons' bills. Under the ceiling that is 10% of the total less what lies
outside the scope, which makes assistance small: made-up bills hold 5% to 13% outside.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import orjson

from infra.demo.hospitals import open_hospitals
from infra.demo.late import learn_late
from infra.demo.people import settle_people
from infra.demo.refusals import Errors
from infra.demo.schedule import EventSchedule, Line
from infra.demo.size import INPATIENT, ROSTER, Size
from infra.demo.stays import cancel_admissions, keep_stays
from infra.demo.visits import pay_visits


def county(seed: int = 2019, *, persons: int = ROSTER, inpatient: int = INPATIENT) -> Iterator[Line]:
    """Every line of the county's year, in the order of sending: CloudEvents, and bytes that are none.

    The same seed gives the same lines. All but ``persons`` and ``inpatient`` is in proportion to ``persons``.
    Raises ValueError for a county that would be too small or too ill.
    """
    size = Size(persons, inpatient)
    rng, schedule = Random(seed), EventSchedule()  # noqa: S311 - made-up people need no secrets
    hospitals = open_hospitals(rng, schedule)
    people = settle_people(rng, schedule, size)
    stays = keep_stays(rng, schedule, size, people, hospitals)
    cancelled = cancel_admissions(rng, schedule, size, people, hospitals)
    visits = pay_visits(rng, schedule, size, people, hospitals)
    late = learn_late(rng, schedule, size, stays, visits)
    Errors(rng, schedule, people, hospitals, late, cancelled).schedule_all(size)
    return schedule.in_order()


def line_bytes(line: Line) -> bytes:
    """A line of a file of events, without its end."""
    return line if isinstance(line, bytes) else orjson.dumps(line)


def write_county(path: Path, seed: int) -> int:
    """Write the whole county as JSON Lines; returns how many lines there are."""
    count = 0
    with path.open("wb") as file:
        for line in county(seed):
            file.write(line_bytes(line) + b"\n")
            count += 1
    return count
