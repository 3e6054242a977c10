"""上高 三5 from events alone: the year 2019 of a county with 196 institutions, to the fen."""

from datetime import date
from decimal import Decimal
from typing import Any

from processors.cases import measures
from processors.cases.inspections import InspectionOrder, record_inspection
from processors.cases.year import supervision_year
from processors.clearing.draft import draft
from processors.clearing.steps import approve
from projections.cases import FindingClaim
from tests import facts
from tests.cases_of_supervision import OFFICERS, REGION, decided, found, measure, noted, opened, sent
from tests.clearings import LATER, MONTHS
from tests.ledger import Books

HOSPITALS = [f"H{number}" for number in range(1, 31)]
PHARMACIES = [f"Y{number}" for number in range(1, 167)]
"""30 + 166 = 196."""
DEALT_WITH = [*HOSPITALS[:20], *PHARMACIES[:41]]
"""61, of which the last 56 are fined."""
OUTSIDE = {"W1": 200_000_00, "W2": 138_243_81}
"""338,243.81 at two hospitals of another county of the prefecture."""
ELSEWHERE = "360902"


async def test_the_county_s_year_is_printed_from_its_events(books: Books) -> None:
    engine = books.engine
    houses = [facts.hospital(each, 1, REGION) for each in (*HOSPITALS, *PHARMACIES)]
    gone = facts.hospital("Z1", 1, REGION, until="2019-01-01")  # no institution of 2019 any more
    await books.publish([*houses, gone, *(facts.hospital(each, 2, ELSEWHERE) for each in OUTSIDE)])
    await books.publish([facts.enrol("P1", 2019, REGION), facts.roster()])
    await books.publish(facts.stay(1, on="2019-02-10", bill=facts.bill("9000", self_funded="1000")))
    # tier 1: what was paid of it is what its reversal gives back
    paid = await books.paid("C1")
    funds = sum(Decimal(amount) for layer, amount in paid.items() if layer not in ("patient", "hospital"))
    assert funds == Decimal("9000.00")

    for institutions, kind in ((HOSPITALS, "hospital"), (PHARMACIES, "pharmacy")):
        order = InspectionOrder(
            REGION, tuple(institutions), kind, "plan", OFFICERS, "problems", "上医保检1号", "全覆盖", date(2019, 3, 15)
        )
        await record_inspection(engine, order, "chen")
    again = InspectionOrder(
        REGION, ("H1", "W1"), "hospital", "again", OFFICERS, "clean", "J2", "回头看", date(2019, 6, 1)
    )
    await record_inspection(engine, again, "chen")  # a house that is seen twice counts once

    for number, house in enumerate(DEALT_WITH):
        await _deal_with(books, number, house)
    for house, amount in OUTSIDE.items():
        case_id = await opened(engine, house)
        await found(engine, case_id, amount=amount)
        await measure(engine, case_id, "talk")
        await decided(engine, case_id)
    # a decision of the next year is none of this one's
    case_id = await opened(engine, "Y100", subject_kind="pharmacy")
    await found(engine, case_id, amount=1_000_00)
    await decided(engine, case_id, date(2020, 1, 1))
    await sent(books)
    before = (await supervision_year(engine, 2019, REGION)).json()["inside"]
    # what the ledger pays less is taken back once a clearing has it
    assert (before["to_recover"], before["recovered"]) == ("598848.00", "589848.00")
    await approve(engine, await draft(engine, REGION, MONTHS[0], "wang", LATER), "li")

    year = (await supervision_year(engine, 2019, REGION)).json()
    assert (year["institutions"], year["inspected"], year["coverage"]) == (196, 196, "1.0000")
    assert (year["inspected_hospitals"], year["inspected_pharmacies"], year["inspected_outside"]) == (30, 166, 1)
    inside = year["inside"]
    # 10,000 + 59 × 24,000 + 46,341
    assert inside["found"] == "1472341.00"
    # 9,000 by the ledger + 60 × 9,830.80 paid in
    assert inside["to_recover"] == inside["recovered"] == "598848.00"
    # 55 × 44,000 + 68,408
    assert (inside["fined"], inside["fines"]) == (56, "2488408.00")
    assert inside["dealt_with"] == inside["cases"] == 61
    assert (inside["suspended_hospitals"], inside["suspended_pharmacies"]) == (4, 3)
    assert (inside["ended_hospitals"], inside["ended_pharmacies"]) == (0, 1)
    assert (inside["circulars"], inside["exposed"]) == (8, 2)
    outside = year["outside"]
    assert (outside["cases"], outside["found"], outside["dealt_with"], outside["fined"]) == (2, "338243.81", 2, 0)
    assert year["persons"]["cases"] == 0
    # the prefecture's year holds all of them inside
    prefecture = (await supervision_year(engine, 2019, "360900")).json()
    assert (prefecture["institutions"], prefecture["inside"]["found"]) == (198, "1810584.81")
    assert (await supervision_year(engine, 2020, REGION)).json()["inside"]["found"] == "1000.00"


async def _deal_with(books: Books, number: int, house: str) -> None:
    """One institution's case: found, given back, fined from the sixth on, and the other measures of the year."""
    engine = books.engine
    case_id = await opened(engine, house, subject_kind="hospital" if house in HOSPITALS else "pharmacy")
    if house == "H1":
        finding_id = await found(engine, case_id, FindingClaim("C1", 0, reverse=True))
        given_back: dict[str, Any] = {}
    else:
        finding_id = await found(engine, case_id, amount=46_341_00 if number == 60 else 24_000_00)
        given_back = {"amount": 9_830_80}
    refund = await measure(engine, case_id, "refund", finding_id=finding_id, **given_back)
    if number >= 5:
        fine = 68_408_00 if number == 60 else 44_000_00
        await noted(engine, case_id, "notice", amount=fine)
        await measure(engine, case_id, "fine", amount=fine)
    if house in (*HOSPITALS[:4], *PHARMACIES[:3]):
        await measure(engine, case_id, "suspension", from_on=date(2019, 5, 1), until=date(2019, 8, 1))
    if house == "Y4":
        await measure(engine, case_id, "agreement_ended", from_on=date(2019, 5, 1))
    if number < 9:  # the first and the last are named in one document
        await measure(engine, case_id, "circular", document_no=f"通报{number % 8 + 1}号")
    if number < 2:
        await measure(engine, case_id, "exposure", from_on=date(2019, 5, 1))
    await decided(engine, case_id)
    if given_back:
        await measures.pay(engine, refund, "wang", amount=9_830_80, paid_on=date(2019, 4, 10), reference=f"R{number}")
