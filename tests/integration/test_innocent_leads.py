"""What is innocent is never called a violation; a lead keeps its id when a discharge follows its interim bill."""

from typing import Any

import pytest

from policies.supervision.text import SupervisionHistory
from processors.supervision.claim import SupervisedPerson, stays_of
from processors.supervision.rule import SupervisionContext
from processors.supervision.rules import overlapping_stays
from tests import facts
from tests.leads import county, look, stay
from tests.ledger import Books
from tests.peer_claims import claim


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


def test_a_lead_of_a_bill_of_new_year_keeps_its_id_when_the_discharge_follows() -> None:
    """Two stays overlap from 20 to 25 December; the second is billed on 31 December and ends in January."""
    context = SupervisionContext(SupervisionHistory([]), {}, {})

    first = claim(on="2019-12-25", days=24, claim_id="C1", admission_id="A1")
    interim = claim(on="2019-12-31", days=11, claim_id="C2", admission_id="A2", hospital="H2")
    rest = claim(on="2020-01-10", days=21, claim_id="C3", admission_id="A2", hospital="H2")
    keys = []
    for claims in ([first, interim], [first, interim, rest]):
        [found] = overlapping_stays.find(SupervisedPerson("P1", claims, stays_of(claims)), context)
        keys.append((found.key, found.evidence["shared_days"]))
    assert keys == [(("A1", "A2"), 6)] * 2
