"""Registers of the office: chronic cards as 上高 counts them, what is wrong with them, hospitals, measures, filings."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from events.county_time import county_day
from infra.cli.names import names_of
from infra.cli.register_text import register_sheet
from infra.cli.row_output import write_sheets
from processors.registers import requests
from processors.registers.care_registers import ENTRIES, HOUSEHOLDS
from processors.registers.entries import RegisterEntryOrder, enter
from processors.registers.refusal import RegisterNoteRefused
from processors.registers.registers import (
    CARD_COUNTS,
    CARD_YEARS,
    CARDS,
    HOSPITAL_MEASURES,
    HOSPITALS,
    MISSING_CARDS,
    REFERRALS,
    REGISTERS,
)
from processors.registers.requests import AdvanceRequestOrder
from tests import facts
from tests.ledger import Books
from tests.projection_rows import differing
from tests.registers import listed

SHANGGAO = "360923"
BUREAU = f"bureau/{SHANGGAO}"


def cards_of_2019() -> Iterator[dict[str, Any]]:
    """2,703 registered poor with a card, 1,068 of them on site; 366 put right, 100 of whom had theirs by mistake."""
    for number in range(2803):
        person = f"P{number}"
        yield facts.enrol(person, 2019, SHANGGAO)
        yield facts.roster(person)
        on = f"2019-{1 + number % 12:02}-01"
        # 200 had been missed, 66 get a second one in place of one whose data lacked, the last 100 are taken back
        missed: dict[str, Any] = {"corrects": "missed"} if number < 200 else {}
        yield facts.card(person, on=on, source=BUREAU, on_site=number < 1068, **missed)
        if 200 <= number < 266:
            yield facts.card(person, on="2019-12-10", issued=False, source=BUREAU, corrects="incomplete")
            yield facts.card(person, on="2019-12-10", source=BUREAU)
        if number >= 2703:
            yield facts.card(person, on="2019-12-20", issued=False, source=BUREAU, corrects="wrong")
    # who is not poor, and a card of 2020, are counted apart
    yield facts.enrol("R1", 2019, SHANGGAO)
    yield facts.card("R1", on="2019-05-01", source=BUREAU, on_site=True)
    yield facts.card("P1", "hypertension", on="2020-01-01", source=BUREAU, on_site=True)


async def test_the_three_numbers_of_shanggao_s_report(books: Books) -> None:
    await books.publish(cards_of_2019())
    assert await books.refused() == []
    names = ("holders", "on_site", "corrected")
    # 上高 二1: 2,703 had a card by the end of 2019, 1,068 were given theirs where they live, 366 were put right
    assert await listed(books.engine, CARD_YEARS, *names, year=2019, region="360900", poor=True) == [(2703, 1068, 366)]
    assert await listed(books.engine, CARD_YEARS, *names, year=2019, poor=False) == [(1, 1, 0)]
    # 2,803 + 66 cards were issued, 66 + 100 withdrawn
    assert await listed(books.engine, CARD_YEARS, "cards_issued", "cards_withdrawn", year=2019, poor=True) == [
        (2869, 166)
    ]
    months = await listed(books.engine, CARD_COUNTS, "month", "issued", "withdrawn", poor=True, disease="diabetes")
    # the holders 0, 12, 24, … begin in January: 234 of 2,803; those 11, 23, … in December: 233, and 66 second cards
    assert (months[0], months[-1]) == (("2019-01", 234, 0), ("2019-12", 233 + 66, 166))
    assert sum(issued for _, issued, _ in months) == 2869
    assert await listed(books.engine, CARD_COUNTS, "issued", month="2020-01") == [(1,)]


async def test_what_is_wrong_with_a_card_or_lacks(books: Books) -> None:
    whole: dict[str, Any] = {"sex": "female", "birth_month": "1950-01", "household_id": "HH1", "township": "220621101"}
    await books.publish(
        [
            facts.card("nobody"),
            *(facts.enrol("P1"), facts.card("P1")),
            *(facts.enrol_as("P2", **whole), facts.roster("P2"), {**facts.card("P2"), "actor": "W07"}),
            # the class was wrong, and the first card was not withdrawn
            *(
                facts.enrol_as("P3", **whole),
                facts.roster("P3"),
                facts.card("P3"),
                facts.card("P3", class_="II", on="2019-02-01"),
            ),
            *(facts.enrol_as("P4", **whole), facts.roster("P4"), facts.card("P4"), facts.death("P4", "2019-03-10")),
            *(facts.enrol_as("P5", year=2018, **whole), facts.roster("P5"), facts.card("P5")),
            # withdrawn: nothing lacks any more
            *(facts.card("P6"), facts.card("P6", on="2019-01-01", issued=False)),
        ]
    )
    assert dict(await listed(books.engine, CARDS, "person_id", "faults", standing=True)) == {
        "nobody": ["unknown_person", "not_rostered"],
        "P1": ["no_sex", "no_birth_month", "no_household", "no_township", "not_rostered"],
        "P2": [],
        "P3": ["two_cards"],
        "P4": ["died"],
        "P5": ["not_enrolled"],
    }
    assert await listed(books.engine, CARDS, "source", "actor", person="P2") == [("bureau/220621", "W07")]
    assert await listed(books.engine, CARDS, "person_id", fault="two_cards") == [("P3",), ("P3",)]
    assert await listed(books.engine, CARDS, "person_id", "withdrawn_on", standing=False) == [("P6", "2019-01-01")]
    assert await listed(
        books.engine, CARDS, "person_id", household="HH1", township="220621101", since="2019-02-01"
    ) == [("P3",)]


async def test_who_is_enrolled_for_next_year_already_is_enrolled(books: Books) -> None:
    """In autumn the next year's enrollments come in: the card is held against the cover of today."""
    year = county_day(datetime.now(UTC)).year
    for person, years in (("P1", (year, year + 1)), ("P2", (year + 1,))):
        await books.publish([facts.enrol(person, each) for each in years] + [facts.card(person), facts.roster(person)])
    assert await listed(books.engine, CARDS, "person_id", fault="not_enrolled") == [("P2",)]


async def test_who_may_lack_a_card(books: Books) -> None:
    """P1 was refused twice, P2 was refused and has one since; P3 is poor through a disease for which P2 has a card."""
    engine = books.engine
    await books.publish(
        [
            *(facts.hospital(), facts.enrol("P1"), facts.enrol("P2"), facts.enrol("P3")),
            *(facts.visit(f"V{day}", "P1", on=f"2019-03-0{day}", disease="diabetes") for day in (1, 2)),
            facts.visit("V9", "P2", on="2019-03-01", disease="diabetes"),
            facts.card("P2", on="2019-04-01"),
        ]
    )
    assert [reason for _, reason in await books.refused()] == ["chronic_card_missing"] * 3
    causes = [
        RegisterEntryOrder("poverty_causes", "P3", date(2019, 5, 1), disease=each)
        for each in ("diabetes", "lung_cancer")
    ]
    await enter(engine, causes, "wang")
    assert await listed(engine, MISSING_CARDS, "person_id", "disease", "reason", "since", "times") == [
        ("P1", "diabetes", "refused", "2019-03-01", 2),
        ("P3", "diabetes", "poverty_cause", "2019-05-01", 1),
    ]


async def test_each_withdrawal_has_its_own_ground_and_the_dead_hold_no_card(books: Books) -> None:
    """P1's card was a mistake in March; a second one, given in June, was withdrawn in November for no mistake."""
    await books.publish(
        [
            *(facts.enrol(person, 2019, SHANGGAO) for person in ("P1", "P2")),
            facts.card("P1", on="2019-01-10", source=BUREAU),
            facts.card("P1", on="2019-03-01", issued=False, source=BUREAU, corrects="wrong"),
            facts.card("P1", on="2019-06-01", source=BUREAU),
            facts.card("P1", on="2019-11-01", issued=False, source=BUREAU),
            *(facts.card("P2", on="2019-01-10", source=BUREAU), facts.death("P2", "2019-08-01")),
        ]
    )
    said = ("issued_on", "withdrawn_on", "withdrawal_corrects")
    assert await listed(books.engine, CARDS, *said, person="P1") == [
        ("2019-01-10", "2019-03-01", "wrong"),
        ("2019-06-01", "2019-11-01", None),
    ]
    counted = await listed(books.engine, CARD_COUNTS, "month", "withdrawn", "corrected")
    assert [row for row in counted if row[1]] == [("2019-03", 1, 1), ("2019-11", 1, 0)]
    assert await listed(books.engine, CARD_YEARS, "holders", "corrected", year=2019) == [(0, 1)]


async def test_registers_read_no_text_of_a_scheme_as_an_event(books: Books) -> None:
    """Texts of schemes and what was refused lie in the journal of the facts: a condition must not be tried on them."""
    await books.publish(
        [
            *(facts.hospital(), facts.enrol("P1"), facts.enrol("P2"), facts.death("P2", "2019-05-01")),
            *({**facts.card("P1"), "actor": "W1"}, {**facts.suspend("2019-08-01"), "actor": "W1"}),
            {**facts.file_referral(), "actor": "W1"},
            *(facts.visit(f"V{person}", person, on="2019-03-01", disease="hypertension") for person in ("P1", "P2")),
        ]
    )
    assert [reason for _, reason in await books.refused()] == ["chronic_card_missing"] * 2
    # P2, who died since, needs none any more
    assert await listed(books.engine, MISSING_CARDS, "person_id", reason="refused") == [("P1",)]
    async with books.engine.connect() as connection:
        # the plan of a larger ledger, which reads the journal by itself
        await connection.execute(text("SET LOCAL enable_nestloop = off"))
        assert await connection.scalar(text("SELECT count(*) FROM finance.missing_cards")) == 1
        for view in ("chronic_cards", "hospital_measures", "referral_register"):
            query = text(f"SELECT count(*) FROM finance.{view} WHERE actor = 'W1'")
            assert await connection.scalar(query) == 1, view


async def test_a_household_has_what_its_region_settled_and_no_dead(books: Books) -> None:
    """P1 moved to another county in July; P2 died in March."""
    lives: dict[str, Any] = {"household_id": "HH1", "township": "360923101"}
    there: dict[str, Any] = {
        "household_id": "HX",
        "township": "360123101",
        "effective_on": "2019-07-01",
        "id_": "moved",
    }
    await books.publish(
        [
            facts.hospital("H1", 2, SHANGGAO),
            *(facts.enrol_as(person, region=SHANGGAO, **lives) for person in ("P1", "P2")),
            *(facts.roster(person) for person in ("P1", "P2")),
            *(facts.card(person, source=BUREAU) for person in ("P1", "P2")),
            *(*facts.stay(1, "P1", "2019-02-10", "4000"), *facts.stay(2, "P2", "2019-02-11", "3000")),
            facts.enrol_as("P1", region="360123", **there),
            *(*facts.stay(3, "P1", "2019-09-10", "5000"), facts.death("P2", "2019-03-10")),
        ]
    )
    assert await books.refused() == []
    said = ("region", "household_id", "township", "insured", "registered_poor", "with_card", "stays", "total")
    assert await listed(books.engine, HOUSEHOLDS, *said, year=2019) == [
        ("360123", "HX", "360123101", 1, 1, 1, 1, "5000.00"),
        ("360923", "HH1", "360923101", 0, 0, 0, 1, "3000.00"),
        # whom the county no longer has: its stay of February, and no place
        ("360923", "HH1", None, 0, 0, 0, 1, "4000.00"),
    ]


async def test_nothing_is_noted_of_the_dead_nor_twice(books: Books) -> None:
    """P1 died on 10 March: that day still counts; the same request is not entered again while it waits."""
    engine = books.engine
    await books.publish(
        [*(facts.enrol(person, 2019, SHANGGAO) for person in ("P1", "P2")), facts.death("P1", "2019-03-10")]
    )

    async def ask(person: str, day: int) -> str:
        order = AdvanceRequestOrder(SHANGGAO, person, 500_00, date(2019, 3, day), "operation")
        return await requests.apply(engine, order, "wang")

    await ask("P1", 10)
    with pytest.raises(RegisterNoteRefused, match="P1 died on 2019-03-10, before 2019-03-11"):
        await ask("P1", 11)
    first = await ask("P2", 11)
    with pytest.raises(RegisterNoteRefused, match=f"{first} asks the same"):
        await ask("P2", 11)
    await requests.decline(engine, SHANGGAO, first, "li", "no document")
    assert await ask("P2", 11) != first
    with pytest.raises(RegisterNoteRefused, match="have the death corrected first"):
        await enter(engine, [RegisterEntryOrder("checkups", "P1", date(2019, 5, 1))], "wang")
    assert (
        len(
            await enter(
                engine, [RegisterEntryOrder("poverty_causes", "P1", date(2019, 5, 1), disease="diabetes")], "wang"
            )
        )
        == 1
    )
    await enter(engine, [RegisterEntryOrder("checkups", "P2", date(2020, 2, 29))], "wang")
    assert await listed(engine, ENTRIES[1], "due_on") == [("2021-02-28",)]


async def test_what_was_followed_is_not_overdue(books: Books) -> None:
    """P1 was examined in 2019 and again in 2020, and P2 died: only P1's last check-up is overdue."""
    _, checkups, *_ = ENTRIES
    await books.publish([facts.enrol("P1"), facts.enrol("P2")])
    days = (("P1", 2019), ("P1", 2020), ("P2", 2019))
    orders = [RegisterEntryOrder("checkups", person, date(year, 6, 1)) for person, year in days]
    await enter(books.engine, orders, "wang")
    await books.publish([facts.death("P2", "2019-08-01")])
    assert await listed(books.engine, checkups, "person_id", "held_on", "due_on", "state") == [
        ("P1", "2019-06-01", None, "standing"),
        ("P1", "2020-06-01", "2021-06-01", "overdue"),
        ("P2", "2019-06-01", None, "ended"),
    ]
    assert await listed(books.engine, checkups, "held_on", due_by="2025-01-01") == [("2020-06-01",)]


async def test_who_is_designated_and_what_was_done(books: Books, tmp_path: Path) -> None:
    await books.publish(
        [
            facts.hospital("H1", 2),
            facts.hospital("D1", 0, kind="pharmacy"),
            facts.hospital("D1", 0, until="2019-12-31"),  # names no kind: it stays a pharmacy
            *(
                facts.suspend("2019-03-01", "H1"),
                facts.reinstate("2019-06-01", "H1"),
                facts.suspend("2019-09-01", "H1"),
            ),
            facts.fine("F1", "H1", "20000"),
            *(facts.enrol("P1"), *facts.stay(1, "P1", on="2019-02-01", in_scope="9000")),
            *(facts.audit("C1", "400"), facts.withdraw_audit("C1", "100")),
            *(facts.audit("C1", "50", finding="F2"), facts.withdraw_audit("C1", "50", "F2")),
        ]
    )
    assert await books.refused() == []
    said = ("hospital_id", "kind", "state", "suspended_since", "suspensions", "fined", "audits", "audited")
    assert await listed(books.engine, HOSPITALS, *said) == [
        ("H1", "hospital", "suspended", "2019-09-01", 2, "20000.00", 1, "300.00"),
        ("D1", "pharmacy", "ended", None, 0, "0.00", 0, "0.00"),
    ]
    assert await listed(books.engine, HOSPITALS, "hospital_id", kind="pharmacy", tier=0) == [("D1",)]
    assert await listed(books.engine, HOSPITAL_MEASURES, "day", "measure", "amount") == [
        ("2019-03-01", "suspended", None),
        ("2019-06-01", "reinstated", None),
        ("2019-07-01", "fined", "20000.00"),
        ("2019-09-01", "suspended", None),
    ]
    assert await differing(books.engine) == []
    # the workbook of the bureau: names and not codes
    rows = await listed(books.engine, HOSPITALS)
    write_sheets(tmp_path / "h.xlsx", [register_sheet(HOSPITALS, rows, await names_of(books.engine))])
    sheet = load_workbook(tmp_path / "h.xlsx").active
    assert sheet is not None
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    (pharmacy,) = [row for row in cells if row[0] == "D1"]
    assert pharmacy[2:4] == ["定点零售药店", 0]
    assert "已终止" in pharmacy


async def test_a_filing_is_open_or_expired_used_or_not(books: Books) -> None:
    await books.publish(
        [
            *(facts.hospital("H1", 3, "220621"), facts.hospital("H2", 3, "220101"), facts.enrol("P1")),
            facts.file_referral("R1", "P1", "2019-01-01", region="220621", to_region="220100"),
            facts.file_referral("R2", "P1", "2019-01-01", region="220621", until="2019-02-01"),
            facts.file_referral("R3", "P1", "2019-01-01", region="220621", to_hospital="H3"),
            # at home no filing is used; the first stay elsewhere is before R2 ends, the second is not
            facts.admit("A1", "P1", "H1", "2019-01-10"),
            facts.admit("A2", "P1", "H2", "2019-01-20", filed=False),
            facts.admit("A3", "P1", "H2", "2019-03-20", filed=False),
        ]
    )
    assert await books.refused() == []
    assert await listed(books.engine, REFERRALS, "filing_id", "state", "stays", "first_used_on") == [
        ("R1", "open", 2, "2019-01-20"),
        ("R2", "expired", 1, "2019-01-20"),
        ("R3", "open", 0, None),
    ]
    assert await listed(books.engine, REFERRALS, "filing_id", used=False, state="open", kind="away") == [("R3",)]


async def test_every_column_of_every_register_is_one_of_its_view(books: Books) -> None:
    for register in (*REGISTERS, REFERRALS):
        assert await listed(books.engine, register) == []
        names = {field.name for field in register.fields}
        assert {*register.summed, *register.by[:1]} <= names | {"number"}
