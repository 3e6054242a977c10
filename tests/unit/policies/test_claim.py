"""Claims that the ledger keeps for ever, and those under way when a program of later takes over."""

from datetime import date

import msgspec
import pytest

from policies.claim import Claim, age_on, claim_json
from processors.pipeline.claim_history import read_acceptance
from tests.engine import claim

OLDER = (
    b'{"claim":{"claim_id":"C1","person_id":"P1","number":1,"scheme":"ab","date":"2019-03-10","setting":"inpatient",'
    b'"tier":3,"hospital_id":"H1","hospital_region":"220621","region":"220621","filed":true,"prescriber_tier":0,'
    b'"card_class":null,"any_card":false,"disease":null,"late":false,"prepaid":false,"admission_id":"A1",'
    b'"referral":[],"opened":1,"source":"hospital/H1","bill":{"total":1000,"in_scope":1000,"upfront_copay":0,'
    b'"over_limit":0,"self_funded":0},"categories":["dibao"],"audits":[],"standing":true},"fact":7}'
)
"""The data of an acceptance as versions up to migration 0004 wrote it."""
ADDED = {
    "insurance_type": "resident",
    "age": None,
    "sex": None,
    "household_id": None,
    "contracted_doctor": None,
    "emergency": False,
    "stay_kind": "ordinary",
    "stay_number": 0,
    "invoice": None,
    "admitted_on": None,
    "card_diseases": (),
    "years_insured": None,
}


def test_an_acceptance_of_an_older_version_is_a_resident_s() -> None:
    accepted = read_acceptance(OLDER)
    assert accepted.fact == 7
    told = claim_json(accepted.claim)
    assert {name: told[name] for name in ADDED} == ADDED
    stored = msgspec.json.decode(OLDER)["claim"]
    assert set(told) - set(stored) == {*ADDED, "aids", "interim"}
    assert {name: value for name, value in told.items() if name in stored} == stored | {
        "date": date(2019, 3, 10),
        "referral": (),
        "categories": ("dibao",),
    }


@pytest.mark.parametrize("change", [b'"nickname":"x","standing":true', b'"standing":1'])
def test_what_is_no_claim_is_not_read(change: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_acceptance(OLDER.replace(b'"standing":true', change))


def test_a_claim_under_way_in_a_run_of_an_older_version_is_read() -> None:
    """In a run a claim is a list: that of an older version ends before what was added."""
    sent = claim("fusong", "2019-03-10", in_scope="10000")
    listed = msgspec.json.decode(msgspec.json.encode(sent))
    assert msgspec.json.decode(msgspec.json.encode(listed[: -len(ADDED)]), type=Claim) == sent
    told = msgspec.structs.replace(sent, insurance_type="employee_active", age=40, emergency=True)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Claim) == told


@pytest.mark.parametrize(
    ("day", "birth_month", "age"),
    [
        ("2019-03-31", "1951-04", 67),
        ("2019-04-01", "1951-04", 68),
        ("2019-12-31", "2019-12", 0),
        ("2019-03-31", "2019-12", 0),  # told wrong: not under 0
        ("2019-03-31", None, None),
    ],
)
def test_an_age_is_reached_on_the_first_of_the_month_of_birth(
    day: str, birth_month: str | None, age: int | None
) -> None:
    assert age_on(date.fromisoformat(day), birth_month) == age
