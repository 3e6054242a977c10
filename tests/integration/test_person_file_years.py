"""A person's file over the years: accumulations with their bounds, categories and cards, premiums."""

import re
from datetime import date

import pytest

from infra.person_file.steps import step_chart
from infra.person_file.timeline import timeline
from processors.clearing.loans import repay_in_cash
from processors.person.file_model import Span
from tests import facts
from tests.facts import card, enrol, hospital, roster, stay
from tests.ledger import Books
from tests.person_pages import SCHEDULE, file_and_page, many_claims


async def test_accumulations_end_where_the_books_stand_and_are_held_against_their_bounds(books: Books) -> None:
    await books.publish(many_claims())
    file, _ = await file_and_page(books)
    ends: dict[tuple[int, str, str], int] = {}
    for growth in file.growth:
        key = growth.year, growth.layer, growth.measure
        ends[key] = ends.get(key, 0) + growth.steps[-1].value
    rows = {(row.year, row.layer): row for row in file.accumulations}
    for (year, layer, measure), value in ends.items():
        assert value == getattr(rows[year, layer], measure)
    assert {growth.limit for growth in file.growth} == {"cap", "limit", "line"}
    lines = {growth.year: growth.steps[-1].limit for growth in file.growth if growth.limit == "line"}
    assert lines == {2018: 500000, 2019: 300000, 2020: 300000}
    # 2018 has a cap of critical illness for the poor, later years have none
    caps = {growth.year for growth in file.growth if (growth.layer, growth.limit) == ("critical_illness", "cap")}
    assert caps == {2018}
    tracks = {growth.track for growth in file.growth if (growth.layer, growth.year) == ("basic", 2019)}
    assert tracks == {"chronic", "inpatient"}
    for growth in file.growth:
        chart = step_chart(growth)
        assert all(0 <= column.height <= 90.0001 for column in chart.columns)
        assert max(max(column.height, column.limit or 0) for column in chart.columns) == pytest.approx(90)


async def test_a_bound_is_that_of_each_claim(books: Books) -> None:
    later = [*stay(2, on="2019-09-01", in_scope="20000")]
    await books.publish([hospital(), enrol(), *stay(1, in_scope="20000"), roster(on="2019-08-01"), *later])
    file, _ = await file_and_page(books)
    (line,) = [growth for growth in file.growth if growth.limit == "line"]
    assert [(step.claim_id, step.limit) for step in line.steps] == [("C1", 600000), ("C2", 300000)]


async def test_what_was_held_when(books: Books) -> None:
    await books.publish(
        [
            *SCHEDULE,
            roster(on="2018-03-01"),
            roster("P1", "dibao", on="2018-06-01"),
            roster(change="removed", on="2019-01-01"),
            roster(on="2019-04-01"),
            card(on="2018-02-01"),
            card(on="2019-02-01", issued=False),
            card(class_="II", on="2019-05-01"),
            facts.death(on="2019-11-30"),
        ]
    )
    file, read = await file_and_page(books)
    assert file.status.categories == [
        Span("registered_poor", "", date(2018, 3, 1), date(2019, 1, 1)),
        Span("dibao", "", date(2018, 6, 1), None),
        Span("registered_poor", "", date(2019, 4, 1), None),
    ]
    assert file.status.cards == [
        Span("diabetes", "I", date(2018, 2, 1), date(2019, 2, 1)),
        Span("diabetes", "II", date(2019, 5, 1), None),
    ]
    assert [(enrolled.year, enrolled.last) for enrolled in file.status.enrolled][:2] == [
        (2018, date(2018, 12, 31)),
        (2019, date(2019, 11, 30)),
    ]
    assert "死亡日期 died on 2019-11-30" in re.sub(r"\s+", " ", read.texts[""])
    drawn = timeline(file)
    assert drawn is not None
    assert [row.kind for row in drawn.rows] == ["enrolled", "category", "category", "card", "card"]
    assert all(part.start >= 0 and part.start + part.width <= 100.0001 for row in drawn.rows for part in row.stretches)


async def test_premiums_by_payer_and_year_count_a_refund_once(books: Books) -> None:
    region = "140421"
    await books.publish(
        [
            hospital(region=region),
            enrol(year=2018, region=region, self_paid="180"),
            enrol(year=2019, region=region),
            roster(category="dibao"),
            *stay(1, on="2018-03-01", disease="lung_cancer", stage="late"),
            facts.event(f"bureau/{region}", "adv", "advance.issued.v1", advance_id="V7", person_id="P1", amount="3000")
            | {"data": {"advance_id": "V7", "person_id": "P1", "amount": "3000", "issued_on": "2018-02-27"}},
        ]
    )
    assert await repay_in_cash(books.engine, region, "V7", 1200_00, "li", "receipt 1") == 1800_00
    file, read = await file_and_page(books)
    flat = re.sub(r"\s+", "", read.texts[""])
    # 长治 三(一)2: 180 in 2018, of it 180 back to him; 220 in 2019
    assert "民政civilaffairs基本医保basicinsurance代缴hiscontribution,paidforhim180.00220.00" in flat
    assert "其中退还本人ofitrefundedtohim180.00—" in flat
    assert "notaddedagain180.00220.00" in flat
    assert [(grant.kind, grant.amount) for grant in file.grants] == [("one_off", 500000)]
    assert "V7，未还outstanding1,800.003,000.00" in flat


async def test_a_person_without_claims(books: Books) -> None:
    await books.publish([hospital(), enrol("P0")])
    file, read = await file_and_page(books, "P0")
    assert (file.claims, file.growth, file.years, read.bars) == ([], [], [2019], {})
    assert read.texts[""].count("无 none") >= 5
