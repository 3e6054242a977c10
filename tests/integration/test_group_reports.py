"""Reports by disease, township and household: who is over a line or under a target, to the fen."""

from decimal import Decimal
from typing import Any

from sqlalchemy import text

from processors.finance.catch_up import catch_up
from processors.finance.group_reports import ASSISTANCE_SHARES, DISEASE_HOSPITALS, DISEASES, TOWNSHIPS
from tests import facts
from tests.finance import report_of
from tests.ledger import Books

ANYI, CHANGZHI = "360123", "140421"
BADAI, WANJIA = f"{ANYI}001", f"{ANYI}002"


def stay_for(
    number: int, person: str, disease: str | None, day: str, bill: dict[str, str], hospital_id: str = "H1"
) -> list[dict[str, Any]]:
    return facts.stay(number, person, on=day, hospital_id=hospital_id, bill=bill, disease=disease)


async def test_a_disease_s_average_is_held_to_five_per_cent(books: Books) -> None:
    """安义 三(十二): the average of 2018 is (10,000 + 12,000) / 2 = 11,000, and 5% more is 11,550."""
    await books.publish([facts.hospital("H1", 3, ANYI), facts.hospital("H2", 2, ANYI)])
    await books.publish([facts.enrol("P1", year, ANYI) for year in (2016, 2018, 2019)])
    bills = [
        (2018, "H1", "10000", "0", "thalassemia"),
        (2018, "H2", "10000", "2000", "thalassemia"),
        (2019, "H1", "10000", "1550", "thalassemia"),
        (2019, "H2", "11550", "0.02", "thalassemia"),
        (2018, "H1", "100", "0", None),
        (2019, "H1", "200", "0", None),  # twice as much, but no disease under a quota
    ]
    for number, (year, hospital, in_scope, outside, disease) in enumerate(bills):
        bill = facts.bill(in_scope, self_funded=outside)
        await books.publish(stay_for(number, "P1", disease, f"{year}-03-{number + 1:02}", bill, hospital))
    await catch_up(books.engine)
    rows = await report_of(books.engine, DISEASES, year=2019)
    by_disease = {row["disease"]: row for row in rows}
    # (11,550.00 + 11,550.02) / 2 = 11,550.01: over by a fen, though the growth rounds to 5%
    grown = by_disease["thalassemia"]
    assert (grown["claims"], grown["average"], grown["average_before"]) == (
        2,
        Decimal("11550.01"),
        Decimal("11000.00"),
    )
    assert (grown["growth"], grown["line"], grown["over_line"]) == (Decimal("0.0500"), Decimal("0.05"), True)
    assert (grown["serious"], grown["quota"]) == (True, True)
    # 1,550.02 / 23,100.02
    assert (grown["out_of_catalog_share"], grown["base_share"], grown["over_base"]) == (Decimal("0.0671"), None, None)
    other = by_disease[None]
    assert (other["growth"], other["line"], other["over_line"], other["serious"]) == (
        Decimal("1.0000"),
        None,
        None,
        False,
    )
    hospitals = await report_of(books.engine, DISEASE_HOSPITALS, year=2019)
    assert [(row["hospital_id"], row["average"], row["average_before"], row["over_line"]) for row in hospitals] == [
        ("H1", Decimal("11550.00"), Decimal("11000.00"), False),
        ("H2", Decimal("11550.02"), Decimal("11000.00"), True),
    ]
    # a correction and a reversal leave no trace of what stood before
    await books.publish([facts.correct("C3", "11550", "H2"), facts.reverse("C2")])
    await catch_up(books.engine)
    mended = {row["disease"]: row for row in await report_of(books.engine, DISEASES, year=2019)}["thalassemia"]
    assert (mended["claims"], mended["total"], mended["over_line"]) == (1, Decimal("11550.00"), False)


async def test_the_share_of_serious_diseases_in_medical_assistance(books: Books) -> None:
    """长治 三(三): C1 of the domain twice, once for a disease of the 24, and the grant of 5,000 at its late stage."""
    await books.publish([facts.hospital("H1", 2, CHANGZHI)])
    for person in ("P1", "P2"):
        await books.publish([facts.enrol(person, 2018, CHANGZHI), facts.roster(person, "dibao", on="2018-01-01")])
    late = facts.stay(1, "P1", on="2018-03-09", in_scope="4500", disease="lung_cancer", stage="late")
    await books.publish([*late, *facts.stay(2, "P2", on="2018-03-09", in_scope="4500")])
    await catch_up(books.engine)
    (row,) = await report_of(books.engine, ASSISTANCE_SHARES)
    # 1,190 + 1,190 + 5,000 = 7,380, of it 6,190 for lung cancer
    assert (row["assistance"], row["granted"], row["serious"]) == (
        Decimal("7380.00"),
        Decimal("5000.00"),
        Decimal("6190.00"),
    )
    assert (row["share"], row["share_before"]) == (Decimal("0.8388"), None)
    (cancer,) = [row for row in await report_of(books.engine, DISEASES) if row["disease"] == "lung_cancer"]
    assert (cancer["serious"], cancer["quota"], cancer["assistance"]) == (True, False, Decimal("1190.00"))


async def _townships(books: Books) -> dict[str | None, tuple[int, int, int, int]]:
    rows = await report_of(books.engine, TOWNSHIPS)
    return {row["township"]: (row["enrolled"], row["claims"], row["asked"], row["under"]) for row in rows}


async def test_townships_under_ninety_per_cent(books: Books) -> None:
    """上高 二3's check: 上高's own layers reach 90% of what hospitals do not bear; 10,000 at tier 2."""
    region, first, second = "360923", "360923001", "360923002"
    await books.publish([facts.hospital("H1", 2, region)])
    homes = [("P1", "HH1", first), ("P2", "HH1", first), ("P3", "HH2", second), ("P4", None, None)]
    for person, household, township in homes:
        placed: dict[str, Any] = {
            name: value for name, value in (("household_id", household), ("township", township)) if value
        }
        await books.publish([facts.enrol_as(person, region=region, **placed), facts.roster(person)])
    for number, person in enumerate(("P1", "P2", "P3", "P4"), start=1):
        outside = "15000" if person == "P3" else "0"
        bill = facts.bill("10000", self_funded=outside)
        await books.publish(facts.stay(number, person, bill=bill))
    await catch_up(books.engine)
    # of C1 the hospital bears 1,000: 8,100 of 9,000 are paid, and nobody is under the line
    await books.publish([facts.audit("C1", "1000", "hospital")])
    await catch_up(books.engine)
    assert await _townships(books) == {first: (2, 2, 2, 0), second: (1, 1, 1, 0), None: (1, 1, 1, 0)}
    async with books.engine.begin() as connection:
        await connection.execute(text("UPDATE projections.targets SET value = 0.95 WHERE target = 'reimbursement'"))
    assert await _townships(books) == {first: (2, 2, 2, 2), second: (1, 1, 1, 1), None: (1, 1, 1, 1)}
