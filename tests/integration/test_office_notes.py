"""What offices note in registers.0: requests for loans by two persons, entries of care, lists that went out."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import county_day
from infra.cli.names import names_of
from infra.cli.premium_lists import write_payer
from infra.files.register_file import read_entries
from infra.files.roster_book import roster_book, write_book
from infra.files.text_file import UnusableFile
from processors.accounts.listings import premium_transfer_rows
from processors.clearing.loans import loan
from processors.finance.catch_up import catch_up
from processors.offices.refusal import StepRefused
from processors.proof.verify import verify
from processors.queries.listings import WantedPremiums
from processors.registers import deliveries, entries, requests
from processors.registers.care_registers import CARE, ENTRIES, PREMIUM_LIST
from processors.registers.entries import RegisterEntryOrder
from processors.registers.journal import rebuild
from processors.registers.refusal import RegisterNoteRefused
from processors.registers.registers import ADVANCES
from processors.registers.requests import AdvanceRequestOrder
from processors.rosters.duty import RosterDuty, load_duty
from processors.rosters.month_changes import load_month_roster
from processors.rosters.period import Period
from tests import facts
from tests.facts import advance
from tests.ledger import Books
from tests.registers import listed

REGION, STATION = "220621", "220621101"
CONTRACTS, CHECKUPS, TUBERCULOSIS, TEN_DISEASES, CAUSES = ENTRIES


async def holds(books: Books) -> None:
    """The tables are what the journal says, and verify finds nothing."""
    assert await rebuild(books.engine) == 0
    assert (await verify(books.engine)).problems == []


def order(person: str = "P1", on: str = "2019-05-01", register: str = "contracts", **more: Any) -> RegisterEntryOrder:
    return RegisterEntryOrder(register, person, date.fromisoformat(on), **more)


async def test_a_loan_from_its_request_to_its_filing(books: Books) -> None:
    """上高 二5: asked for 3,000, another clerk of the township approves 2,500, filed after 20 days."""
    engine = books.engine
    await books.publish([facts.enrol(), facts.enrol("P2")])
    asked = AdvanceRequestOrder(REGION, "P1", 3000_00, date(2019, 3, 1), "operation in the province", STATION)
    first = await requests.apply(engine, asked, "wang")
    with pytest.raises(RegisterNoteRefused, match="was used before"):
        await requests.apply(
            engine, AdvanceRequestOrder(REGION, "P2", 1, date(2019, 3, 1), "x", advance_id=first), "wang"
        )
    with pytest.raises(ValueError, match="another person must approve"):
        await requests.approve(engine, REGION, first, "Wang", None)
    with pytest.raises(RegisterNoteRefused, match=r"3000\.00 was asked for"):
        await requests.approve(engine, REGION, first, "li", 3000_01)
    assert await requests.approve(engine, REGION, first, "li", 2500_00) == 2500_00
    with pytest.raises(RegisterNoteRefused, match="is approved"):
        await requests.approve(engine, REGION, first, "li", None)
    assert await listed(engine, ADVANCES, "state", "asked", "approved", "issued", "outstanding") == [
        ("approved", "3000.00", "2500.00", None, "0.00")
    ]
    with pytest.raises(StepRefused, match="is asked for \\(approved\\) and not lent"):
        await loan(engine, REGION, first)
    station = "poverty-office/220621"
    await books.publish([advance(first, "2500", "2019-03-05", source=station, lent_by="township_station")])
    assert await listed(engine, ADVANCES, "state", "faults") == [("lent", ["not_filed"])]
    await requests.file(engine, REGION, first, date(2019, 3, 25), "zhao")
    (row,) = await listed(engine, ADVANCES)
    # who approves must see for what; who entered and who filed it
    assert (row["need"], row["applied_by"], row["filed_by"]) == ("operation in the province", "wang", "zhao")
    assert (row["filed_on"], row["days_to_filing"], row["faults"], row["outstanding"]) == (
        "2019-03-25",
        20,
        [],
        "2500.00",
    )
    shown = await loan(engine, REGION, first)
    assert (shown["filed_on"], shown["request"]["asked"], shown["request"]["filed_by"]) == (
        *("2019-03-25", "3000.00", "zhao"),
    )
    assert await listed(engine, ADVANCES, "advance_id", late=20) == []
    assert await listed(engine, ADVANCES, "advance_id", late=19, township=STATION, state="lent") == [(first,)]
    with pytest.raises(RegisterNoteRefused, match="was filed already"):
        await requests.file(engine, REGION, first, date(2019, 3, 26), "zhao")
    await holds(books)


async def test_what_lacks_of_a_loan_is_told_and_the_old_event_alone_stands(books: Books) -> None:
    engine = books.engine
    await books.publish([facts.enrol(), facts.enrol("P2"), advance("L1", "700", "2019-03-01")])
    assert await listed(engine, ADVANCES, "advance_id", "state", "faults") == [
        ("L1", "lent", ["no_request", "not_filed"])
    ]
    with pytest.raises(RegisterNoteRefused, match="on or after 2019-03-01"):  # else it was filed in -1 days
        await requests.file(engine, REGION, "L1", date(2019, 2, 28), "zhao")
    await requests.file(engine, REGION, "L1", date(2019, 3, 2), "zhao")
    one = AdvanceRequestOrder(REGION, "P1", 500_00, date(2019, 4, 1), "x", advance_id="L2")
    await requests.apply(engine, one, "wang")
    with pytest.raises(ValueError, match="another person must decline"):
        await requests.decline(engine, REGION, "L2", "wang", "no")
    await requests.decline(engine, REGION, "L2", "li", "treated at home")
    # lent all the same, to another
    await books.publish([advance("L2", "600", "2019-04-02", person="P2")])
    await requests.apply(
        engine, AdvanceRequestOrder(REGION, "P1", 500_00, date(2019, 4, 1), "x", advance_id="L3"), "wang"
    )
    await requests.approve(engine, REGION, "L3", "li", None)
    await books.publish([advance("L3", "600", "2019-04-03")])
    filed = advance("L4", "50", "2019-04-04", filed_on="2019-04-05")
    await books.publish([filed])
    with pytest.raises(RegisterNoteRefused, match="was filed already"):
        await requests.file(engine, REGION, "L4", date(2019, 4, 6), "zhao")
    assert await listed(engine, ADVANCES, "advance_id", "faults") == [
        ("L1", ["no_request"]),
        ("L2", ["not_approved", "another_person", "not_filed"]),
        ("L3", ["over_approved", "not_filed"]),
        ("L4", ["no_request"]),
    ]
    for unknown in ("L9", "no"):
        with pytest.raises(RegisterNoteRefused, match="there is no advance"):
            await requests.file(engine, REGION, unknown, date(2019, 3, 2), "zhao")
    await holds(books)


async def test_who_has_a_doctor_and_whose_check_up_is_due(books: Books) -> None:
    """P1 has both, P2 a contract by the enrolment and no check-up, P3 nothing; P4 is not poor."""
    engine = books.engine
    lives: dict[str, Any] = {"township": STATION, "household_id": "HH1"}
    await books.publish(
        [
            *(facts.enrol_as(person, **lives) for person in ("P1", "P3", "P4")),
            facts.enrol_as("P2", contracted_doctor=True, **lives),
            *(facts.roster(person) for person in ("P1", "P2", "P3")),
            *(facts.card(person) for person in ("P1", "P2", "P4")),
        ]
    )
    (contract,) = await entries.enter(engine, [order(doctor="张医生团队")], "wang")
    assert await entries.enter(engine, [order(doctor="张医生团队")], "wang") == []  # typed again
    await entries.enter(engine, [order(register="checkups", finding="血压 150/95")], "wang")
    names = ("person_id", "contracted", "examined", "examination_due_on")
    assert await listed(engine, CARE, *names, year=2019, township=STATION) == [
        ("P1", True, True, None),
        ("P2", True, False, "2019-12-31"),
        ("P3", False, None, None),
    ]
    assert await listed(engine, CARE, "person_id", examined=False) == [("P2",)]
    # once a year: the next is due a year later, and that day is past
    assert await listed(engine, CHECKUPS, "person_id", "due_on", "state", due_by="2020-12-31") == [
        ("P1", "2020-05-01", "overdue")
    ]
    with pytest.raises(RegisterNoteRefused, match="between that day and today"):
        await entries.end(engine, contract, date(2019, 4, 1), "moved", "li")
    await entries.end(engine, contract, date(2019, 9, 1), "moved", "li")
    with pytest.raises(RegisterNoteRefused, match="is ended already"):
        await entries.withdraw(engine, contract, "twice", "li")
    assert await listed(engine, CONTRACTS, "state", "until", "reason", "household_id") == [
        ("ended", "2019-09-01", "moved", "HH1")
    ]
    assert await listed(engine, CARE, "contracted", person="P1") == [(False,)]
    await holds(books)


async def test_tuberculosis_ten_diseases_and_what_made_whom_poor(books: Books) -> None:
    engine = books.engine
    await books.publish([facts.enrol(), facts.enrol("P2")])
    drugs = order(register="tuberculosis", finding="异烟肼、利福平", due_on=date(2019, 6, 1), hospital_id="H1")
    cause = order("P2", register="poverty_causes", disease="lung_cancer", finding="住院手术")
    ten = order("P2", register="ten_diseases", disease="childhood_leukemia")
    (first, *_) = await entries.enter(engine, [drugs, cause, ten], "wang")
    assert await listed(engine, TUBERCULOSIS, "person_id", "due_on", "hospital_id", "state") == [
        ("P1", "2019-06-01", "H1", "overdue")
    ]
    assert await listed(engine, CAUSES, "person_id", "disease", "finding") == [("P2", "lung_cancer", "住院手术")]
    assert await listed(engine, TEN_DISEASES, "person_id", disease="childhood_leukemia") == [("P2",)]
    await entries.withdraw(engine, first, "another person", "li")
    assert await listed(engine, TUBERCULOSIS, "state") == [("withdrawn",)]
    await entries.enter(engine, [drugs], "wang")  # what was withdrawn may be entered again
    for wrong, why in (
        (order("nobody"), "was never enrolled"),
        (order(on="2999-01-01"), "is to come"),
        (order(until=date(2019, 5, 1)), "must be later"),
        (order(register="ten_diseases"), "which disease"),
        (order(register="poverty_causes", disease="no_such"), "is known"),
    ):
        # all or none: the good row before it is not entered either
        with pytest.raises(RegisterNoteRefused, match=why):
            await entries.enter(engine, [order("P2", on="2019-07-01"), wrong], "wang")
    assert await listed(engine, CONTRACTS) == []
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE projections.register_entries SET doctor = 'x' WHERE status = 'standing'"))
    assert {problem.check for problem in (await verify(engine)).problems} == {"register"}
    assert await rebuild(engine) == 3
    await holds(books)


def test_a_list_of_contracts_as_a_clinic_sends_it(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["某某卫生院签约名册"],
        ["序号", "参保人编号", "签约日期", "签约医生", "到期日期", "疾病"],
        [1, "P1", "2019年3月1日", "张医生", "2020-03-01", "糖尿病"],
        [2, "P2", date(2019, 3, 2), None, None, None],
        [3, None, None, None, None, None],
        [4, "P3", "三月", None, None, None],
        [5, "110101199003070011", "2019-03-01", None, None, None],
    ):
        sheet.append(row)
    book.save(tmp_path / "list.xlsx")
    read = read_entries(tmp_path / "list.xlsx", "contracts")
    assert [(each.person_id, each.held_on, each.until, each.doctor, each.disease) for each in read.orders] == [
        ("P1", date(2019, 3, 1), date(2020, 3, 1), "张医生", "diabetes"),
        ("P2", date(2019, 3, 2), None, None, None),
    ]
    assert [place for place, _ in read.refused] == ["Sheet 第6行 row 6", "Sheet 第7行 row 7"]
    (tmp_path / "list.csv").write_text("参保人编号,体检日\nP1,2019-03-01\n", encoding="gb18030")
    assert read_entries(tmp_path / "list.csv", "checkups").orders[0].held_on == date(2019, 3, 1)
    (tmp_path / "none.csv").write_text("姓名,日期\n", encoding="utf-8")
    with pytest.raises(UnusableFile, match="no row of headings"):
        read_entries(tmp_path / "none.csv", "contracts")


async def duties(books: Books, period: Period, today: date) -> RosterDuty:
    async with books.engine.connect() as connection:
        return await load_duty(connection, period, REGION, today)


async def received(engine: AsyncEngine) -> None:
    """The hospital signs for July's list, today: it went out today."""
    today = county_day(datetime.now(UTC))
    with pytest.raises(RegisterNoteRefused, match=f"the list went out on {today}: nobody had it before"):
        await deliveries.receive(engine, REGION, "2019-07", "H1", today - timedelta(days=1), "signed by Zhou", "li")
    await deliveries.receive(engine, REGION, "2019-07", "H1", today, "signed by Zhou", "li")
    with pytest.raises(RegisterNoteRefused, match="has received it already"):
        await deliveries.receive(engine, REGION, "2019-07", "H1", today, "again", "li")
    with pytest.raises(RegisterNoteRefused, match="no list of 2019-08"):
        await deliveries.receive(engine, REGION, "2019-08", "H1", date(2019, 8, 19), "x", "li")


async def test_a_month_s_lists_go_out_and_are_received(books: Books, tmp_path: Path) -> None:
    """June's list is the first; in July P1 leaves, P3 comes, and a late change of June is told in July too."""
    engine = books.engine
    there = {"P1": STATION, "P2": STATION, "P3": "220621102", "P4": "220621102"}
    await books.publish(
        [
            facts.hospital(),
            *(facts.enrol_as(person, township=township) for person, township in there.items()),
            *(facts.roster(person, on="2019-01-01") for person in ("P1", "P2")),
        ]
    )
    june, july = Period(2019, 6), Period(2019, 7)

    async def publish(period: Period, actor: str = "wang") -> list[str]:
        async with engine.connect() as connection:
            month = await load_month_roster(connection, REGION, period)
        book = roster_book(month, ["H1"])
        write_book(tmp_path / str(period), book)
        return await deliveries.publish(engine, REGION, str(period), book.sent, actor)

    # the health bureau, one township in which somebody is rostered, one hospital
    assert len(await publish(june)) == 3
    assert await publish(june) == []  # the same lists
    await books.publish(
        [
            facts.roster("P1", change="removed", on="2019-07-01"),
            facts.roster("P3", on="2019-07-01"),
            facts.roster("P4", on="2019-06-01"),  # of June, told after June's list had gone
        ]
    )
    await publish(july)
    told = (tmp_path / "2019-07" / "changes-2019-07-220621102.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in told[1:]] == [["新增", "P3"], ["新增", "P4"]]
    left = (tmp_path / "2019-07" / f"changes-2019-07-{STATION}.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in left[1:]] == [["减少", "P1"]]
    health = (tmp_path / "2019-07" / f"health-2019-07-{REGION}.csv").read_text(encoding="utf-8-sig")
    assert [line.split(",")[0] for line in health.splitlines()[1:]] == ["P2", "P3", "P4"]
    await received(engine)
    duty, waiting = await duties(books, july, date(2019, 8, 1)), await duties(books, july, date(2019, 7, 5))
    out = {
        each.recipient: (each.recipient_kind, each.state, each.additions, each.removals, each.receipt)
        for each in duty.lists_out
    }
    # published today, years after the 20th of July 2019
    assert out == {
        REGION: ("health_bureau", "late", 2, 1, None),
        STATION: ("township", "late", 0, 1, None),
        "220621102": ("township", "late", 2, 0, None),
        "H1": ("hospital", "late", 2, 1, "signed by Zhou"),
    }
    assert [(each.source, each.state) for each in duty.lists_in] == [
        ("civil-affairs/220621", "missing"),
        ("poverty-office/220621", "missing"),
    ]
    assert {each.state for each in waiting.lists_in} == {"waiting"}
    await holds(books)


async def test_no_list_goes_to_another_county_s_township(books: Books) -> None:
    """P1 is listed here and lives in another county: whoever is there is told in the list that nobody gets."""
    await books.publish([facts.enrol_as("P1", region="220622", township="220622101"), facts.roster("P1")])
    async with books.engine.connect() as connection:
        month = await load_month_roster(connection, REGION, Period(2019, 6))
    assert month.township_of("P1") is None
    assert [sent.recipient_kind for sent in roster_book(month, []).sent] == ["health_bureau"]


async def test_a_month_without_a_list_loses_no_change(books: Books, tmp_path: Path) -> None:
    """May's list knew of P1's addition from June on; none went out in June, so July's tells it."""
    engine = books.engine
    people = [facts.enrol_as(person, township=STATION) for person in ("P1", "P2")]
    await books.publish([*people, facts.roster("P2", on="2019-01-01"), facts.roster("P1", on="2019-06-01")])
    for period, told in ((Period(2019, 5), []), (Period(2019, 7), [("added", "P1")])):
        async with engine.connect() as connection:
            month = await load_month_roster(connection, REGION, period)
        assert [(change.kind, change.person_id) for change in month.changes] == told
        book = roster_book(month, [])
        write_book(tmp_path / str(period), book)
        await deliveries.publish(engine, REGION, str(period), book.sent, "wang")


async def test_premiums_to_hand_over_by_payer_and_township(books: Books, tmp_path: Path) -> None:
    """长治 三(一)2: county finance pays the registered poor's 220 of 2019; the 100 that P1 had paid go back to P1."""
    engine = books.engine
    await books.publish(
        [
            facts.enrol_as("P1", region="140421", township="140421101", self_paid="100"),
            facts.enrol_as("P2", region="140421", township="140421102"),
            *(facts.roster(person, on="2019-01-01") for person in ("P1", "P2")),
        ]
    )
    names = ("township", "person_id", "amount", "refunded", "to_fund")
    assert await listed(engine, PREMIUM_LIST, *names, payer="county_finance", region="140400", year=2019) == [
        ("140421101", "P1", "220.00", "100.00", "120.00"),
        ("140421102", "P2", "220.00", "0.00", "220.00"),
    ]
    await catch_up(engine)
    transfers = [row async for row in premium_transfer_rows(engine, region="140421")]
    rows = await listed(engine, PREMIUM_LIST, payer="county_finance")
    wanted = WantedPremiums(year=2019, region="140421")
    told = write_payer(tmp_path, "county_finance", rows, transfers, wanted, await names_of(engine))
    assert told == {
        "payer": "county_finance",
        "persons": 2,
        "amount": "440.00",
        "refunded": "100.00",
        "to_fund": "340.00",
        "file": str(tmp_path / "premiums-county_finance-2019-140421.xlsx"),
    }
    book = load_workbook(told["file"])
    by_township, moved, persons = ([[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book)
    assert [row[2] for row in by_township if str(row[2]).startswith("1404")] == ["140421101", "140421102"]
    # 340 are due to the fund that insures, as the transfers say, and nothing has moved
    assert [row[4:7] for row in moved if row[0] == 2019] == [[340, 0, 340]]
    assert {row[5] for row in persons} >= {"P1", "P2"}
