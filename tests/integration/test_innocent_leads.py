"""What is innocent is never called a violation; a lead keeps its id when a discharge follows its interim bill."""

from typing import Any

import pytest

from tests import facts
from tests.leads import REGION, assert_from_scratch, county, look, stay
from tests.ledger import Books


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # a mother and her newborn, who has no number yet and is billed under hers
        ({"diagnoses": ["O80.0"], "stay_kind": "maternity"}, {"diagnoses": ["P59.9"]}),
        ({"diagnoses": ["Z38.0"]}, {"diagnoses": ["O82.0"]}),
        # a family bed that nobody closed when its patient had to go to hospital
        ({"diagnoses": ["I69.3"], "stay_kind": "home_bed"}, {"diagnoses": ["J18.9"]}),
    ],
)
async def test_mother_and_newborn_and_a_family_bed_overlap_without_a_violation(
    books: Books, first: dict[str, Any], second: dict[str, Any]
) -> None:
    beside = stay(2, "2019-03-03", "2019-03-07", hospital_id="H2", **second)
    await books.publish([*county(), *stay(1, "2019-03-01", "2019-03-10", **first), *beside])
    assert await books.refused() == []
    [lead] = await look(books.engine, "overlapping_stays")
    assert lead.severity == "hint"


async def test_dialysis_coded_by_its_disease_alone_splits_no_stay(books: Books) -> None:
    """N18 without Z49: stays of every second day, four in a chain."""
    stays = [
        fact
        for number, day in enumerate((1, 4, 7, 10), 1)
        for fact in stay(number, f"2019-03-{day:02}", f"2019-03-{day + 1:02}", diagnoses=["N18.0"])
    ]
    await books.publish([*county(), *stays])
    assert await look(books.engine, "split_stay") == []


async def test_a_visit_on_the_day_of_admission_elsewhere_is_the_way_there(books: Books) -> None:
    """A visit at home before the admission in the city, and one after the discharge; the day between stays a lead."""
    visits = [
        facts.visit(f"V{day}", "P1", "H1", f"2019-05-{day:02}", "general", in_scope=str(200 + day))
        for day in (1, 5, 10)
    ]
    await books.publish([*county(), *stay(1, "2019-05-01", "2019-05-10", hospital_id="H3"), *visits])
    assert [lead.claims for lead in await look(books.engine, "two_places_one_day")] == [["C1", "V5"]]


async def test_an_emergency_in_a_suspended_hospital_is_no_violation(books: Books) -> None:
    suspension = facts.suspend("2019-03-01")
    planned, urgent = stay(1, "2019-03-05", "2019-03-08"), stay(2, "2019-04-05", "2019-04-08", emergency=True)
    await books.publish([*county(), *planned, *urgent, suspension])
    found = {tuple(lead.claims): lead.severity for lead in await look(books.engine, "suspended_hospital")}
    assert found == {("C1",): "violation", ("C2",): "suspicious"}


async def test_a_lead_of_a_bill_of_new_year_keeps_its_id_when_the_discharge_follows(books: Books) -> None:
    """Two stays overlap from 20 to 25 December; the second is billed on 31 December and ends in January."""
    first, second = stay(1, "2019-12-01", "2019-12-25"), stay(2, "2019-12-20", "2020-01-10", hospital_id="H2")
    interim = facts.event(
        "hospital/H2",
        "interim-2",
        "interim.recorded.v1",
        claim_id="C2a",
        person_id="P1",
        admission_id="A2",
        billed_on="2019-12-31",
        bill=facts.bill("8000"),
    )
    renewed = facts.enrol_as("P1", year=2020, region=REGION, birth_month="1970-05", sex="female")
    await books.publish([*county(), renewed, *first, second[0], interim])
    assert await books.refused() == []
    [lead] = await look(books.engine, "overlapping_stays")
    await books.publish([second[1]])
    assert [each.lead_id for each in await look(books.engine, "overlapping_stays")] == [lead.lead_id]
    await assert_from_scratch(books.engine)
