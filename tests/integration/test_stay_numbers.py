"""What of the year a rule may read beside limits, on a ledger: the number of a stay, one deductible for all visits.

Late facts move both, and the books hold."""

from pathlib import Path

import orjson
import pytest

from policies.loader import load_file
from processors.law.adoption import adopt_schemes
from processors.person.quote import Quotes
from processors.pipeline.recovery import begin_runs_anew
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from tests.facts import admit, correct, discharge, enrol_as, hospital, reverse, stay, visit
from tests.ledger import Books, is_lost

LAKE = load_file(Path(__file__).parents[1] / "data" / "schemes" / "lake.yaml")
CITY = load_file(Path(__file__).parents[2] / "docs" / "examples" / "city.yaml")
PEOPLE = [hospital("H1", 1, "990101"), enrol_as(year=2024, region="990101", birth_month="1964-06")]


@pytest.fixture
async def lake(books: Books) -> Books:
    await adopt_schemes(books.engine, [LAKE], "王芳")
    await books.publish(PEOPLE)
    return books


async def basic(books: Books, *claims: str) -> list[str]:
    return [(await books.paid(claim))["basic"] for claim in claims]


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_reversed_stay_makes_the_next_ones_the_earlier_ones(lake: Books, batch: int) -> None:
    stays = [event for number in (1, 2, 3, 4) for event in stay(number, on="2024-05-01", in_scope="1600")]
    await lake.publish([*stays, visit(setting="general", on="2024-05-02", in_scope="100")], batch)
    # deductible 600, 300, then none; at 59 70% in the county
    assert await basic(lake, "C1", "C2", "C3", "C4", "V1") == ["700.00", "910.00", "1120.00", "1120.00", "50.00"]
    await lake.publish([reverse("C1")], batch)
    assert await basic(lake, "C2", "C3", "C4") == ["700.00", "910.00", "1120.00"]
    await lake.publish([discharge("C5", "A1", on="2024-05-01", in_scope="1600")], batch)
    assert await basic(lake, "C2", "C3", "C4", "C5") == ["700.00", "910.00", "1120.00", "1120.00"]
    assert (await verify(lake.engine)).problems == []
    await rebuild(lake.engine, ["claims"])
    await lake.publish([correct("C3", "2600")], batch)
    assert await basic(lake, "C3", "C4") == ["1610.00", "1120.00"]  # (2,600 − 300) × 70%
    assert (await verify(lake.engine)).problems == []


async def test_a_stay_and_its_reversal_in_one_batch_and_a_discharge_that_waited(lake: Books) -> None:
    waits = discharge("C2", "A2", on="2024-05-01", in_scope="1600")
    await lake.publish([*stay(1, on="2024-05-01", in_scope="1600"), waits, reverse("C1"), *stay(3, on="2024-05-01")])
    assert await basic(lake, "C3") == ["6580.00"]  # the first that stands: (10,000 − 600) × 70%
    await lake.publish([admit("A2", on="2024-05-01")])
    assert await basic(lake, "C2") == ["910.00"]  # accepted behind C3
    assert (await verify(lake.engine)).problems == []


async def test_a_quote_and_a_lost_stream_know_the_number(lake: Books) -> None:
    await lake.publish(stay(1, on="2024-05-01", in_scope="1600"))
    await lake.publish([admit("A2", on="2024-05-01")])
    asked = discharge("C2", "A2", on="2024-06-01", in_scope="1600")
    told = await Quotes(lake.engine).quote(None, orjson.dumps(asked))
    # (1,600 − 300) × 75%: 60 from 1 June on
    assert [layer["paid"] for layer in told["statement"]["layers"]] == ["975.00"]
    lake.enqueue([asked])
    await lake.step(("intake", 0), 10)
    for queue in lake.queues.values():
        queue.clear()
    assert await begin_runs_anew(lake.engine, 1, is_lost) == 1
    await lake.begin_anew()
    await lake.drain()
    assert await basic(lake, "C1", "C2") == ["700.00", "975.00"]
    assert (await verify(lake.engine)).problems == []


async def test_a_deductible_of_the_year_moves_on_where_a_visit_is_reversed(books: Books) -> None:
    await adopt_schemes(books.engine, [CITY], "王芳")
    await books.publish([hospital("H1", 1, "990203"), enrol_as("P1", "employee_active", 2024, "990203")])
    days = ("2024-03-01", "2024-03-02", "2024-03-03")
    await books.publish(
        visit(f"V{number}", setting="general", on=day, in_scope="150") for number, day in enumerate(days, start=1)
    )
    # of the deductible of 200 they bear 150, 50 and 0; in the county 60% at tier 1
    assert await basic(books, "V1", "V2", "V3") == ["0.00", "60.00", "90.00"]
    await books.publish([reverse("V1")])
    assert await basic(books, "V2", "V3") == ["0.00", "60.00"]
    await books.publish([correct("V2", "250")])
    assert await basic(books, "V2", "V3") == ["30.00", "90.00"]
    assert (await verify(books.engine)).problems == []
