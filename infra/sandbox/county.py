"""The made-up county of the sandbox: institutions, persons, and what its offices tell the ledger of them.

The same seed makes the same county. Region 990101 is nobody's, and numbers of certificates begin with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from events.national_ids import checked_national_id
from processors.identities.identity import NATIONAL_ID, RESIDENTS, Identity, sex_of

REGION = "990101"
SEED = 2026
SCHEME = Path(__file__).with_name("scheme.yaml")
CATALOGUE = Path(__file__).with_name("catalogue.csv")
_BUREAU = f"bureau/{REGION}"
_CIVIL_AFFAIRS = f"civil-affairs/{REGION}"
_POVERTY_OFFICE = f"poverty-office/{REGION}"
_SINCE = "2020-01-01"
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙"
_GIVEN = "甲乙丙丁戊己庚辛壬癸子丑"
"""Names of persons of whom everybody knows that they are made up: 王甲, 李乙."""
_CATEGORIES = ((), ("destitute",), ("dibao",), ("registered_poor",), (), ("dibao", "registered_poor"))
"""One after the other to persons; the first of them is in none."""
_RESIDENT_TYPES = ((18, "14"), (60, "15"))
"""Below which age a resident is of which psn_type: minor, adult."""
_OLD = "16"


@dataclass(frozen=True, slots=True)
class Institution:
    """A hospital or pharmacy with a contract."""

    code: str
    name: str
    tier: int
    kind: str = "hospital"

    def json(self) -> dict[str, Any]:
        """As the sandbox tells it."""
        return {"fixmedins_code": self.code, "fixmedins_name": self.name, "tier": self.tier}


@dataclass(frozen=True, slots=True)
class SandboxPerson:
    """A person insured as a resident, in some categories of the rosters, who may hold chronic cards."""

    identity: Identity
    categories: tuple[str, ...]
    cards: tuple[tuple[str, str], ...]

    def json(self) -> dict[str, Any]:
        """As the sandbox tells it."""
        return {
            "psn_no": self.identity.person_id,
            "certno": self.identity.certificate,
            "psn_name": self.identity.name,
            "insuplc_admdvs": REGION,
            "categories": list(self.categories),
        }


HOSPITALS = (
    Institution("H99010100001", "模拟县人民医院", 2),
    Institution("H99010100002", "模拟县第一乡镇卫生院", 0),
    Institution("H99010100003", "模拟县妇幼保健院", 1),
    Institution("H99010100004", "模拟市中心医院", 3),
)
PHARMACY = Institution("P99010100001", "模拟县第一大药房", 0, "pharmacy")


def persons(seed: int = SEED) -> list[SandboxPerson]:
    """Who lives in the county, the same for each seed."""
    rng = Random(seed)  # noqa: S311 - made-up people need no secrets
    return [_person(rng, place) for place in range(len(_SURNAMES))]


def facts(people: list[SandboxPerson], year: int) -> Iterator[dict[str, Any]]:
    """What the county's offices tell the ledger, in order: events with ids of their own, the same each time.

    Persons are insured in ``year`` and the year before it.
    """
    for institution in (*HOSPITALS, PHARMACY):
        data = {
            "hospital_id": institution.code,
            "name": institution.name,
            "tier": institution.tier,
            "region": REGION,
            "designated_from": _SINCE,
            "kind": institution.kind,
        }
        yield _event(_BUREAU, f"sandbox-{institution.code}", "hospital.registered.v1", data)
    for person in people:
        yield from _facts_of(person, year)


def _facts_of(person: SandboxPerson, year: int) -> Iterator[dict[str, Any]]:
    id_ = person.identity.person_id
    for insured in (year - 1, year):
        data = {"person_id": id_, "region": REGION, "year": insured}
        yield _event(_BUREAU, f"sandbox-{id_}-{insured}", "enrollment.recorded.v1", data)
    for category in person.categories:
        source = _POVERTY_OFFICE if category == "registered_poor" else _CIVIL_AFFAIRS
        change = {"person_id": id_, "category": category, "change": "added", "effective_on": _SINCE}
        yield _event(source, f"sandbox-{id_}-{category}", "roster.changed.v1", change)
    for disease, class_ in person.cards:
        card = {"person_id": id_, "disease": disease, "disease_class": class_, "effective_on": _SINCE}
        yield _event(_BUREAU, f"sandbox-{id_}-{disease}", "chronic_card.issued.v1", card)


def _person(rng: Random, place: int) -> SandboxPerson:
    born = date(1940, 1, 1) + timedelta(days=rng.randrange(79 * 365))
    certificate = checked_national_id(f"{REGION}{born:%Y%m%d}{rng.randrange(100):02d}{rng.randrange(10)}")
    identity = Identity(
        person_id=f"N{REGION}{place + 1:05d}",
        name=_SURNAMES[place] + _GIVEN[place],
        certificate_type=NATIONAL_ID,
        certificate=certificate,
        sex=sex_of(certificate),
        born=born,
        ethnicity="01",
        insurance=RESIDENTS,
        person_type=_person_type(born),
        region=REGION,
    )
    cards = (("hypertension", "II"), ("diabetes", "II")) if place % 3 == 0 else ()
    return SandboxPerson(identity, _CATEGORIES[place % len(_CATEGORIES)], cards)


def _person_type(born: date) -> str:
    age = int(_SINCE[:4]) - born.year
    return next((code for below, code in _RESIDENT_TYPES if age < below), _OLD)


def _event(source: str, id_: str, type_: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"specversion": "1.0", "source": source, "id": id_, "type": type_, "data": data}
