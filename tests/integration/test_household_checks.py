"""Households as 上高 checked them (二3): who is insured, who has a card, how much of the stays was paid."""

from typing import Any

from sqlalchemy import text

from processors.finance.catch_up import catch_up
from processors.registers.care_registers import HOUSEHOLDS, TOWNSHIPS
from tests import facts
from tests.ledger import Books
from tests.registers import listed

STATION = "220621101"


async def test_households_and_townships_as_shanggao_checked_them(books: Books) -> None:
    """P1 and P2 are one household; the stay of P2, who is not rostered, is held to no line.

    抚松's backstop lifts a stay of the registered poor to 90%; dibao alone have assistance and no backstop.
    """
    lives: dict[str, Any] = {"township": STATION, "village": "220621101204", "household_id": "HH1"}
    await books.publish(
        [
            *(facts.hospital(), facts.hospital("H9", 3, "110108")),
            *(facts.enrol_as(person, **lives) for person in ("P1", "P2")),
            facts.enrol_as("P3", township=STATION, household_id="HH2"),
            *(facts.roster("P1"), facts.roster("P3", "dibao"), facts.card("P1")),
            *facts.stay(1, "P1", in_scope="18000"),
            *facts.stay(2, "P2", in_scope="18000", prepaid=True),
            *facts.stay(3, "P3", in_scope="9000"),
        ]
    )
    assert await books.refused() == []
    await catch_up(books.engine)
    names = ("household_id", "members", "registered_poor", "with_card", "stays", "stays_under", "stays_at_once")
    assert await listed(books.engine, HOUSEHOLDS, *names, year=2019) == [
        ("HH1", 2, 1, 1, 2, 0, 1),
        ("HH2", 1, 0, 0, 1, 1, 1),
    ]
    assert await listed(books.engine, HOUSEHOLDS, "household_id", under=True) == [("HH2",)]
    assert await listed(books.engine, HOUSEHOLDS, "household_id", poor=True) == [("HH1",)]
    assert await listed(books.engine, HOUSEHOLDS, "household_id", person="P2") == [("HH1",)]
    (township,) = await listed(books.engine, TOWNSHIPS)
    assert (township["households"], township["households_under"], township["members"], township["stays"]) == (
        2,
        1,
        3,
        3,
    )


async def test_what_audits_take_off_a_bill_is_in_nobody_s_share(books: Books) -> None:
    """抚松's backstop pays 90% of the bill after audits, whoever bears them, and so much is asked of it.

    P1: the hospital bears 4,000 of 9,000, and 4,500 of 5,000 are paid. P2: 1,000 are the hospital's and 2,000 his own,
    and 6,300 of 7,000 are paid. P3: the hospital bears it all.
    """
    persons = ("P1", "P2", "P3")
    await books.publish(
        [
            facts.hospital(),
            *(facts.enrol_as(each, township=STATION, household_id=f"H{each}") for each in persons),
            *(facts.roster(each) for each in persons),
            *facts.stay(1, "P1", in_scope="9000"),
            *facts.stay(2, "P2", in_scope="10000"),
            *facts.stay(3, "P3", in_scope="9000"),
            facts.audit("C1", "4000", "hospital", "F1"),
            facts.audit("C2", "1000", "hospital", "F2"),
            facts.audit("C2", "2000", "person", "F3"),
            facts.audit("C3", "9000", "hospital", "F4"),
        ]
    )
    assert await books.refused() == []
    await catch_up(books.engine)
    names = ("household_id", "stays", "stays_under", "total", "base", "paid", "share")
    checked = await listed(books.engine, HOUSEHOLDS, *names, year=2019)
    assert [(*row[:3], *(str(value) for value in row[3:])) for row in checked] == [
        ("HP1", 1, 0, "9000.00", "5000.00", "4500.00", "0.9000"),
        ("HP2", 1, 0, "10000.00", "7000.00", "6300.00", "0.9000"),
        ("HP3", 1, 0, "9000.00", "0.00", "0.00", "None"),
    ]
    (township,) = await listed(books.engine, TOWNSHIPS)
    assert (township["households_under"], str(township["base"]), str(township["share"])) == (0, "12000.00", "0.9000")
    async with books.engine.connect() as connection:
        missed = (await connection.execute(text("SELECT person_id FROM finance.targets"))).all()
        met = "SELECT met, persons FROM finance.attainment WHERE target = 'reimbursement'"
        assert (missed, (await connection.execute(text(met))).all()) == ([], [(2, 2)])
        spent = "SELECT asked, under FROM finance.townships"
        assert (await connection.execute(text(spent))).all() == [(2, 0)]
