"""The events that every figure is measured on: a made-up county of 上高's mix, cut into what stands and what comes."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infra.demo import county, line_bytes

SEED = 7
CLAIMS_PER_STAY = 1.25
"""Claims of a county (outpatient ones and those of the not poor among them) for each stay of its poor; rather less."""
PERSONS_PER_STAY = 1.3
CLAIMS = frozenset({"discharge.recorded.v1", "outpatient.recorded.v1"})
_STANDING = frozenset(
    {"hospital.registered.v1", "enrollment.recorded.v1", "chronic_card.issued.v1", "roster.changed.v1"}
)
_NAMES = ("person_id", "claim_id", "admission_id", "referred_from", "finding_id", "advance_id")

Line = dict[str, Any] | bytes


@dataclass(frozen=True)
class Load:
    """``base`` is settled before the clock starts (hospitals, enrolments, rosters and cards as first told); ``work``
    is what the clock runs over, ``claims`` of its events claim a bill."""

    base: list[Line]
    work: list[Line]

    @cached_property
    def claims(self) -> int:
        """How many events of the work claim a bill, refused and repeated ones among them."""
        return sum(type_of(line) in CLAIMS for line in self.work)


def type_of(line: Line) -> str:
    """The type of an event, "" where it has none."""
    return str(line.get("type", "")) if isinstance(line, dict) else ""


def make_load(claims: int, seed: int = SEED) -> Load:
    """A county cut off behind the event that makes ``claims`` claims."""
    stays = max(100, round(claims / CLAIMS_PER_STAY) + 1)
    lines = county(seed, persons=round(stays * PERSONS_PER_STAY), inpatient=stays)
    base: list[Line] = []
    work: list[Line] = []
    count = 0
    for line in lines:
        type_ = type_of(line)
        if count < claims and type_ not in _STANDING:
            work.append(line)
            count += type_ in CLAIMS
        elif type_ == "roster.changed.v1" and _changes_the_past(line):
            if count < claims:
                work.append(line)
        elif type_ in _STANDING:
            base.append(line)
    return Load(base, work)


def _changes_the_past(line: Line) -> bool:
    """Whether a roster change comes after its day: those belong to the work, for they settle claims again."""
    assert isinstance(line, dict)
    return str(line["time"])[:10] > str(line["data"]["effective_on"])


def renamed(load: Load, prefix: str) -> Load:
    """The same county with other persons and claims, so that several fit into one ledger; hospitals stay."""
    return Load(list(_renamed(load.base, prefix)), list(_renamed(load.work, prefix)))


def _renamed(lines: list[Line], prefix: str) -> Iterator[Line]:
    for line in lines:
        if isinstance(line, bytes) or type_of(line) == "hospital.registered.v1" or not isinstance(line["data"], dict):
            continue
        names = {name: f"{prefix}{line['data'][name]}" for name in _NAMES if name in line["data"]}
        yield line | {"id": f"{prefix}{line['id']}", "data": line["data"] | names}


def sample(load: Load, claims: int) -> list[dict[str, Any]]:
    """Admissions and bills of some persons, all of each person's, in order: the same mix, fewer of them.

    What is learnt late is left out: the peers it is for do not settle again.
    """
    kinds = CLAIMS | {"admission.recorded.v1"}
    events = [line for line in load.work if isinstance(line, dict) and type_of(line) in kinds]
    by_person: dict[str, int] = {}
    for event in events:
        person = event["data"]["person_id"]
        by_person[person] = by_person.get(person, 0) + (event["type"] in CLAIMS)
    chosen: set[str] = set()
    count = 0
    for person in sorted(by_person, key=hash_of):
        if count >= claims:
            break
        chosen.add(person)
        count += by_person[person]
    return [event for event in events if event["data"]["person_id"] in chosen]


def hash_of(name: str) -> int:
    """A number that spreads names evenly and is the same in every run."""
    return zlib.crc32(name.encode())


def bodies(lines: list[Line]) -> list[bytes]:
    """Events as they are sent."""
    return [line_bytes(line) for line in lines]
