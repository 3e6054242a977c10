"""What bureaus and hospitals say of a person and a stay beside the bill, and what acceptance fixes of it."""

from typing import Any

import pytest
from sqlalchemy import text

from processors.person.file import gather
from processors.person.replay import load_history
from processors.person.replay_json import replay_json
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from processors.queries import listings
from processors.registers.register import register_rows
from processors.registers.registers import REFERRALS
from tests import facts
from tests.facts import admit, change_admission, discharge, enrol, enrol_as, file_referral, hospital, visit
from tests.ledger import Books

FAR = hospital("H2", 3, "220100")
OF_JIAMUSI = [hospital(), FAR, enrol("P1", 2019, "230803")]
UNFILED = admit("A1", hospital_id="H2", on="2019-03-01", filed=False)
DISCHARGED = discharge(hospital_id="H2", in_scope="11500")
BUREAU = "230803"


async def claim(books: Books, claim_id: str = "C1") -> dict[str, Any]:
    async with books.engine.connect() as connection:
        rows = await connection.execute(text("SELECT * FROM projections.claims WHERE claim_id = :id"), {"id": claim_id})
        return dict(rows.mappings().one())


FIXED = ("insurance_type", "age", "sex", "household_id", "contracted_doctor", "emergency", "stay_kind")


async def fixed(books: Books, claim_id: str = "C1") -> dict[str, Any]:
    row = await claim(books, claim_id)
    return {name: row[name] for name in FIXED}


# (11,500 - 1,500) × 40% = 4,000.00 where it is not filed, × 50% = 5,000.00 where it is (佳木斯, outside the province)
@pytest.mark.parametrize(
    ("filing", "basic"),
    [
        (None, "4000.00"),
        (file_referral(region=BUREAU, on="2019-03-01"), "5000.00"),
        (file_referral(region=BUREAU, on="2019-03-02"), "4000.00"),
        (file_referral(region=BUREAU, until="2019-03-01"), "4000.00"),
        (file_referral(region=BUREAU, until="2019-03-02"), "5000.00"),
        (file_referral(region=BUREAU, kind="referral", to_hospital="H2"), "5000.00"),
        (file_referral(region=BUREAU, to_hospital="H1"), "4000.00"),
        (file_referral(region=BUREAU, to_region="220000"), "5000.00"),
        (file_referral(region=BUREAU, to_region="220200"), "4000.00"),
        (file_referral(region=BUREAU, to_region="220100", to_hospital="H1"), "4000.00"),
        (file_referral(region="230800"), "5000.00"),
        (file_referral(region="230804"), "4000.00"),
        (file_referral("R1", "P2", region=BUREAU), "4000.00"),
    ],
)
async def test_a_bureau_s_word_makes_an_unfiled_stay_filed(books: Books, filing: Any, basic: str) -> None:
    await books.publish([*OF_JIAMUSI, *([filing] if filing else []), UNFILED, DISCHARGED])
    assert (await books.paid("C1"))["basic"] == basic
    assert (await claim(books))["filed"] is (basic == "5000.00")


async def test_a_filing_takes_the_place_of_the_one_under_its_number_and_never_moves_what_was_accepted(
    books: Books,
) -> None:
    await books.publish([*OF_JIAMUSI, file_referral(region=BUREAU), UNFILED, DISCHARGED])
    taken_back = file_referral(region=BUREAU, until="2019-01-01", id_="taken-back")
    second = [admit("A2", hospital_id="H2", on="2019-03-01", filed=False), discharge("C2", "A2", hospital_id="H2")]
    of_another = file_referral(person="P2", region=BUREAU, id_="of-another")
    await books.publish([taken_back, *second, of_another, file_referral(person="P2", region="230800")])
    assert ((await claim(books, "C1"))["filed"], (await claim(books, "C2"))["filed"]) == (True, False)
    assert await books.refused() == [("of-another", "duplicate_filing")]
    (listed,) = [row async for row in register_rows(books.engine, REFERRALS, {"person": "P1"})]
    assert listed.pop("source") == f"bureau/{BUREAU}"
    assert [listed] == [
        {
            "region": BUREAU,
            "filing_id": "R1",
            "person_id": "P1",
            "kind": "away",
            "effective_on": "2019-01-01",
            "until": "2019-01-01",
            "to_region": None,
            "to_hospital": None,
            "reason": "lives with the children",
            # until its first day it covers nothing, and no stay uses it any more
            "state": "cancelled",
            "stays": 0,
            "first_used_on": None,
            "actor": None,
        }
    ]
    assert (await verify(books.engine)).problems == []


async def test_an_enrollment_keeps_what_it_does_not_say_and_the_claim_what_was_said_then(books: Books) -> None:
    first = enrol_as(
        id_="first",
        birth_month="1951-04",
        household_id="HH1",
        township="220621101",
        contracted_doctor=True,
        self_paid="270",
    )
    await books.publish([hospital(), first])
    await books.publish([admit(on="2019-03-31"), discharge(on="2019-03-31")])
    assert await fixed(books) == {
        "insurance_type": "resident",
        "age": 67,  # 68 from 1 April on
        "sex": None,
        "household_id": "HH1",
        "contracted_doctor": True,
        "emergency": False,
        "stay_kind": "ordinary",
    }
    await books.publish(
        [enrol_as(sex="female", contracted_doctor=False), admit("A2"), discharge("C2", "A2", on="2019-04-01")]
    )
    assert (await fixed(books, "C2")) == {
        "insurance_type": "resident",
        "age": 68,
        "sex": "female",
        "household_id": "HH1",
        "contracted_doctor": False,
        "emergency": False,
        "stay_kind": "ordinary",
    }
    assert (await fixed(books))["contracted_doctor"] is True
    (row,) = [row async for row in listings.enrollment_rows(books.engine, year=2019)]
    assert (row["insurance_type"], row["township"], row["self_paid"]) == ("resident", "220621101", "270.00")
    (insured,) = (await gather(books.engine, "P1")).status.enrolled
    assert (insured.insurance_type, insured.birth_month, insured.sex) == ("resident", "1951-04", "female")
    assert (insured.township, insured.contracted_doctor, insured.self_paid) == ("220621101", False, 27_000)
    assert (await verify(books.engine)).problems == []


async def test_version_1_behind_version_2_is_a_resident_s(books: Books) -> None:
    await books.publish([hospital(), enrol_as(insurance_type="employee_active", birth_month="1980-01"), enrol()])
    await books.publish([admit(), discharge()])
    assert (await fixed(books))["insurance_type"] == "resident"
    assert (await fixed(books))["age"] == 39
    told = replay_json(await load_history(books.engine, "P1"))
    (accepted,) = [entry["claim"] for entry in told["history"] if entry["type"] == "claim.accepted.v1"]
    assert {name: accepted[name] for name in FIXED} == await fixed(books)
    assert told["consistent"] is True


async def test_a_month_of_birth_to_come_is_refused(books: Books) -> None:
    await books.publish([enrol_as(birth_month="2099-12"), enrol_as("P2", birth_month="2019-06")])
    assert await books.refused() == [("enrol-P1-2019-resident", "date_in_future")]


async def test_a_changed_admission_is_what_its_discharge_fixes(books: Books) -> None:
    await books.publish([*OF_JIAMUSI, UNFILED])
    await books.publish([change_admission(hospital_id="H2", filed=True, emergency=True, diagnoses=["O80"])])
    await books.publish(
        [change_admission(hospital_id="H2", id_="change-2", stay_kind="maternity", admitted_on="2019-02-01")]
    )
    await books.publish([DISCHARGED, change_admission(hospital_id="H2", id_="too-late", emergency=False)])
    assert (await books.paid("C1"))["basic"] == "5000.00"
    assert ((await fixed(books))["emergency"], (await fixed(books))["stay_kind"]) == (True, "maternity")
    (filed,) = (await gather(books.engine, "P1")).claims
    assert (str(filed.admitted_on), filed.diagnoses, filed.filed) == ("2019-02-01", ["O80"], True)
    # behind the discharge: reversed, changed, discharged anew
    again = [facts.reverse(source="hospital/H2"), change_admission(hospital_id="H2", id_="now", filed=False)]
    await books.publish([*again, discharge("C2", hospital_id="H2", in_scope="11500")])
    assert (await books.paid("C2"))["basic"] == "4000.00"
    assert await books.refused() == [("too-late", "already_discharged")]
    assert (await verify(books.engine)).problems == []


async def test_why_a_change_of_an_admission_is_refused(books: Books) -> None:
    await books.publish([hospital(), hospital("H2"), enrol(), admit(), admit("A2"), facts.cancel("A2")])
    changes = [
        change_admission("A9", id_="unknown", emergency=True),
        change_admission("A1", "H2", id_="another-s", emergency=True),
        change_admission("A1", id_="to-come", admitted_on="2099-01-01"),
        change_admission("A2", id_="cancelled", emergency=True),
        change_admission("H2-A1", id_="not-own", emergency=True),
    ]
    await books.publish(changes)
    assert await books.refused() == [
        ("unknown", "unknown_admission"),
        ("another-s", "unknown_admission"),
        ("to-come", "date_in_future"),
        ("cancelled", "admission_cancelled"),
        ("not-own", "source_not_allowed"),
    ]


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_a_change_waits_beside_a_discharge_and_goes_before_it(books: Books, batch: int) -> None:
    change = change_admission(hospital_id="H2", filed=True)
    await books.publish([*OF_JIAMUSI, DISCHARGED, change], batch)
    assert [row["event_id"] async for row in listings.waiting_rows(books.engine)] == ["discharge-C1", "change-A1"]
    (told,) = books.answered("change-A1")
    assert (told.type, told.data["waits_for"]) == ("event.waiting.v1", "A1")
    await books.publish([UNFILED], batch)
    assert (await books.paid("C1"))["basic"] == "5000.00"
    assert await books.refused() == []
    assert [row async for row in listings.waiting_rows(books.engine)] == []
    assert (await verify(books.engine)).problems == []


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_a_change_waits_no_longer_than_its_discharges(books: Books, batch: int) -> None:
    """Left alone it would keep the id of the admission from the hospital that uses it."""
    change = change_admission("X1", emergency=True)
    await books.publish([hospital(), FAR, discharge("C1", "X1"), discharge("C2", "X1"), change], batch)
    await books.publish([facts.reverse("C2"), facts.reverse("C9")], batch)
    assert [row["event_id"] async for row in listings.waiting_rows(books.engine)] == ["discharge-C1", "change-X1"]
    await books.publish([facts.reverse("C1"), admit("X1", hospital_id="H2")], batch)
    assert await books.refused() == [
        ("discharge-C2", "reversed_while_waiting"),
        ("reverse-C9", "unknown_claim"),
        ("discharge-C1", "reversed_while_waiting"),
        ("change-X1", "unknown_admission"),
    ]
    assert [row async for row in listings.waiting_rows(books.engine)] == []
    assert (await verify(books.engine)).problems == []
    assert (await rebuild(books.engine, dry_run=True)).found == 0


async def test_a_repeated_change_that_waits_is_told_so_again(books: Books) -> None:
    change = change_admission(emergency=True)
    await books.publish([hospital(), enrol(), discharge(), change])
    await books.publish([change])
    first, again = books.answered("change-A1")  # 'accepted' would be untrue: a reversal may still refuse it
    assert (again.type, again.id, again.data) == (first.type, first.id, first.data)
    assert first.type == "event.waiting.v1"
    await books.publish([admit()])
    await books.publish([change])
    told = [answer.type for answer in books.answered("change-A1")]
    assert told == ["event.waiting.v1", "event.waiting.v1", "event.accepted.v1", "event.accepted.v1"]


async def test_a_visit_says_whether_it_was_an_emergency(books: Books) -> None:
    await books.publish([hospital(tier=1), enrol_as(region="230803"), visit("V1", setting="general", emergency=True)])
    assert ((await fixed(books, "V1"))["emergency"], (await fixed(books, "V1"))["stay_kind"]) == (True, "ordinary")


async def test_a_scheme_that_names_no_insurance_type_settles_no_employee_as_a_resident(books: Books) -> None:
    """Nor is a premium due for one: 抚松 pays 270 yuan for a registered poor resident in 2019."""
    poor = [facts.roster("P1"), facts.roster("P2")]
    await books.publish([hospital(), *poor, enrol_as("P1", "employee_active"), enrol_as("P2"), admit(), discharge()])
    assert await books.refused() == [("discharge-C1", "no_policy")]
    (told,) = books.answered("C1")
    assert told.data["detail"] == "no scheme serves region 220621 on 2019-03-10 for those insured as employee_active"
    assert told.data["detail_zh"] == "统筹区 220621 在 2019-03-10 没有适用于参保类型在职职工的政策"
    premiums = [row async for row in listings.premium_rows(books.engine)]
    assert {row["person_id"] for row in premiums} == {"P2"}
    # a resident who becomes an employee: what was due is taken back
    await books.publish([enrol_as("P2", "employee_retired")])
    assert [row async for row in listings.premium_rows(books.engine)] == []
    assert (await verify(books.engine)).problems == []


async def test_a_household_and_a_place_are_those_of_one_region(books: Books) -> None:
    first = enrol_as(household_id="HH3", township="220621101", birth_month="1990-01", self_paid="270")
    await books.publish([first, enrol_as(region="220622", id_="moved", contracted_doctor=True)])
    (row,) = [row async for row in listings.enrollment_rows(books.engine, person_id="P1")]
    assert (row["region"], row["household_id"], row["township"]) == ("220622", None, None)
    assert (row["birth_month"], row["contracted_doctor"], row["self_paid"]) == ("1990-01", True, "270.00")
    village = enrol_as(region="220622", id_="village", village="220622101204")
    await books.publish([village, enrol_as(region="220622", id_="township", township="220622102")])
    (row,) = [row async for row in listings.enrollment_rows(books.engine, person_id="P1")]
    assert (row["township"], row["village"]) == ("220622102", None)
    (insured,) = (await gather(books.engine, "P1")).status.enrolled
    assert (insured.township, insured.village, insured.household_id) == ("220622102", None, None)
    assert (await rebuild(books.engine, dry_run=True)).found == 0
