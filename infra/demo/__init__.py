"""A made-up county of the size of 上高 2019, for `make demo`: every event its offices and hospitals would have sent.

Only counts are real (上高县医疗保障局2019年度报告: 9,619 on the roster, 7,383 inpatient claims, 2,703 chronic cards, 16
townships, one loan of the emergency fund). Persons, hospitals, dates and costs come from a seeded generator.

The costs are chosen so that our scheme, whose ratios for 上高 are mostly assumed, pays about what the report says:
with seed 2019 the funds' total and basic come within 2%, critical_illness and supplementary within 6%, assistance
within 15%; backstop only in its order of magnitude. It hangs on a few bills with much out of catalog, and so on the
seed; other seeds move the total by about 3% and critical_illness by about 15%, since 82 persons bear the heavy tail.

What cannot be had at once: the report also says that about 90% of the cost was paid. That would make bills of about
4,175万 and leave the patients 10%; a supplementary insurance that pays 90% in and 75% out of catalog (assumed, from
安义) leaves them less than that on any bill whose in-catalog part is not paid out already, or costs far more than the
published 777万. So the made-up bills hold next to nothing outside the scope, which real bills do, and the patients
bear about 2%. The county's real ratios would mend this; they are not published.
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
