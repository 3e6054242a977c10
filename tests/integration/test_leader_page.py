"""The county's year on one page: figures that are the reports', nobody named, nothing that overflows or is cut off."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from infra.cli.names import names_of
from infra.leader_page.figures import LeaderYear, gather
from infra.leader_page.page import page
from policies.supervision.text import SupervisionHistory
from processors.accounts.budgets import BudgetOrder, approve_budget, enter_budget
from processors.accounts.steps import FundMovementOrder, approve, enter
from processors.clearing.draft import draft
from processors.finance.catch_up import catch_up
from processors.supervision.catch_up import catch_up_leads
from tests import facts
from tests.browser import CHROMIUM, NO_CHROMIUM, looked_at
from tests.clerk import clerk
from tests.ledger import Books
from tests.months import months_from_now
from tests.program import write_lines

ANYI = "360123"
PERSONS = [f"P{number:02}" for number in range(1, 25)]
DISEASES = ("thalassemia", "cerebral_infarction", None)


def two_years() -> list[dict[str, Any]]:
    """安义, 2018 and 2019: a stay a person and year, dearer in the second; H3 more than 10% and 5%."""
    events = [facts.hospital(f"H{tier}", tier, ANYI) for tier in (1, 2, 3)]
    for place, person in enumerate(PERSONS):
        home: dict[str, Any] = {"household_id": f"HH{place // 3}", "township": f"{ANYI}{1 + place % 4:03}"}
        events += [facts.enrol_as(person, year=year, region=ANYI, **home) for year in (2018, 2019)]
        if place % 3:
            events.append(facts.roster(person))
    for year, rise in ((2018, 100), (2019, 104)):
        for place, person in enumerate(PERSONS):
            tier = 1 + place % 3
            fen = (3_000 + 400 * place) * (rise + (15 if tier == 3 and year == 2019 else 0))
            bill = facts.bill(yuan(fen), self_funded=yuan(fen // 12))
            number = (year - 2018) * len(PERSONS) + place
            disease = DISEASES[place % 3] if tier > 1 else None
            on = f"{year}-{1 + place * 7 % 12:02}-{10 + place % 15}"
            events += facts.stay(number, person, on, hospital_id=f"H{tier}", bill=bill, disease=disease)
    return events


async def county(books: Books) -> AsyncEngine:
    """The two years, money and a budget of two funds, a discharge that waits, a clearing that is not paid."""
    engine = books.engine
    await books.publish(two_years())
    await books.publish([facts.discharge("C99", "A99", "P01", "H2")])
    for number, (fund, opening, yearly) in enumerate((("basic_fund", 20, 150), ("supplementary", 15, 40))):
        for kind, thousands, year in (
            ("opening", opening, 2018),
            ("appropriation", yearly, 2018),
            ("appropriation", yearly, 2019),
        ):
            order = FundMovementOrder(
                kind=kind,
                scheme="anyi",
                region=ANYI,
                amount=thousands * 1_000_00,
                moved_on=date(year, 1, 20),
                reference=f"B{number}-{kind}-{year}",
                to_fund=fund,
            )
            await approve(engine, await enter(engine, order, "wang"), "li")
        budget = BudgetOrder(
            scheme="anyi", region=ANYI, fund=fund, year=2019, spending=yearly * 1_000_00, order_no="安财社〔2019〕1号"
        )
        await approve_budget(engine, await enter_budget(engine, budget, "wang"), "li")
    await catch_up(engine)
    return engine


async def year_of(engine: AsyncEngine, year: int = 2019, region: str | None = ANYI) -> LeaderYear:
    return await gather(engine, SupervisionHistory(), year, region)


async def test_its_figures_are_those_of_the_reports(books: Books) -> None:
    engine = await county(books)
    told = await year_of(engine)
    assert (told.now.claims, told.before.claims) == (len(PERSONS), len(PERSONS))
    # each claim's bill, as two_years makes it up
    assert told.now.total == told.now.paid + told.now.patient_share + told.now.hospital_share
    assert sum(told.now.layers.values()) == told.now.paid == sum(now for now, _ in told.months)
    assert told.before.paid == sum(before for _, before in told.months)
    assert {row["hospital_id"] for row in told.hospitals_over} == {"H3"}
    assert {row["hospital_id"] for row in told.disease_hospitals_over} <= {"H2", "H3"}
    assert sum(fund.spending for fund in told.funds if fund.account.fund in ("basic_fund", "supplementary")) > 0
    assert (told.open.waiting.number, told.open.parked.number, told.open.owed.number) == (1, 0, 0)
    (uncleared,) = told.uncleared
    assert uncleared["region"] == ANYI


async def test_what_is_cleared_and_not_paid_stands_there(books: Books) -> None:
    engine = await county(books)
    month, _ = months_from_now()
    clearing_id = await draft(engine, ANYI, month, "wang")
    (drafted,) = (await year_of(engine)).open.unpaid
    assert (drafted.clearing_id, drafted.status) == (clearing_id, "drafted")
    assert drafted.amount > 0
    assert (await year_of(engine, region="220600")).open.unpaid == []


async def test_leads_stand_there_by_rule_with_what_is_at_risk(books: Books) -> None:
    engine = await county(books)
    stays = (("H1", "2019-08-01", "2019-08-20"), ("H2", "2019-08-05", "2019-08-10"))
    for number, (hospital, begun, ended) in enumerate(stays):
        claim, admission = f"C9{number}", f"A9{number}"
        await books.publish([facts.admit(admission, "P20", hospital, begun)])
        await books.publish([facts.discharge(claim, admission, "P20", hospital, ended, in_scope="3000")])
    await catch_up(engine)
    await catch_up_leads(engine)
    told = await year_of(engine)
    (overlap,) = [row for row in told.supervision.leads if row["rule"] == "overlapping_stays"]
    assert (overlap["number"], overlap["open"], overlap["confirmed"]) == (1, 1, 0)
    assert told.supervision.at_risk >= overlap["at_risk"] > 0
    assert "重叠" in page(told, await names_of(engine))
    # it is about 2019 and about this county
    before = (await year_of(engine, 2017)).supervision.leads
    elsewhere = (await year_of(engine, region="220600")).supervision.leads
    assert (before, elsewhere) == ([], [])


async def test_nobody_is_named_and_every_chart_has_its_bars(books: Books) -> None:
    engine = await county(books)
    written = page(await year_of(engine), await names_of(engine))
    for person in PERSONS:
        assert not re.search(rf"\b{person}\b", written)
    assert "HH1" not in written
    assert "安义县 360123" in written
    assert written.count('class="now"') >= 12
    assert "基本医保基金" in written
    assert "http" not in written.replace("http-equiv", "")


async def test_an_empty_ledger_has_a_page(books: Books) -> None:
    await catch_up(books.engine)
    written = page(await year_of(books.engine), await names_of(books.engine))
    assert "没有部门报送过名册" in written


@pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
async def test_a_browser_shows_it_whole(books: Books, tmp_path: Path) -> None:
    engine = await county(books)
    written = page(await year_of(engine), await names_of(engine))
    pages = [("leader", written, wide) for wide in (1100, 390)]
    seen = await looked_at(pages, tmp_path)
    assert [(each["page"], each["found"]) for each in seen] == [("leader-1100.html", []), ("leader-390.html", [])]


async def test_the_command_writes_it(tmp_path: Path) -> None:
    lines = write_lines(tmp_path / "county.jsonl", two_years())
    async with clerk("--data-dir", tmp_path / "ledger") as claims:
        assert (await claims("settle", lines)).code == 0
        out = tmp_path / "page.html"
        listed = tmp_path / "list.csv"
        listed.write_text("参保人编号,救助对象类别\nP01,低保对象\n", encoding="utf-8")
        for period, received in (("2019-06", "2019-06-12"), ("2019-07", "2019-07-09")):
            said = ("--source", f"civil-affairs/{ANYI}", "--period", period, "--received", received)
            sent = await claims("roster", "import", listed, *said, "--actor", "wang")
            assert sent.code == 0, sent.err
        done = await claims("report", "leader", "--year", "2019", "--region", ANYI, "--out", out)
        wrong = await claims("report", "leader", "--year", "2019", "--out", tmp_path / "page.pdf")
    assert (done.code, wrong.code) == (0, 2), done.err
    written = out.read_text(encoding="utf-8")
    assert "2019年医保基金运行" in written
    # delivered by the 10th: July; late: June; of the other ten months nothing came
    row = re.search(r"<td>民政 360123</td>(.*?)</tr>", written, re.DOTALL)
    assert row is not None
    assert re.findall(r"<td[^>]*>(.*?)</td>", row[1]) == ["1", "6", "1、2、3、4、5、8、9、10、11、12"]


async def test_what_cannot_be_compared_says_why(books: Books) -> None:
    """Of 2017 the ledger knows nothing: 2018 is held against no zero."""
    engine = await county(books)
    told, names = await year_of(engine, 2018), await names_of(engine)
    written = page(told, names)
    assert told.incomparable == "账本没有2017年数据 no data of 2017"
    # six tiles, and the share of serious diseases
    assert written.count("上年无数据") == 7
    assert "总费用超线的医院：不能比较，账本没有2017年数据" in written
    assert "<small>0.00</small>" not in written
    assert "上年无数据" not in page(await year_of(engine), names)
    # the region stands in the heading alone, and the one scheme nowhere
    assert page(await year_of(engine), names).count("安义县") == 1


async def test_a_claim_that_two_rules_name_is_at_risk_once(books: Books) -> None:
    """The second stay follows the first within days and overlaps the third: what both leads name counts once."""
    await books.publish(
        [facts.hospital("H1", 2, ANYI), facts.hospital("H2", 2, ANYI), facts.enrol_as("P1", region=ANYI)]
    )
    stays = (("H1", "2019-03-01", "2019-03-10"), ("H1", "2019-03-13", "2019-03-20"), ("H2", "2019-03-15", "2019-03-18"))
    for number, (hospital, begun, ended) in enumerate(stays):
        await books.publish([facts.admit(f"A{number}", "P1", hospital, begun)])
        bill = facts.bill("18000")
        await books.publish([facts.discharge(f"C{number}", f"A{number}", "P1", hospital, ended, bill=bill)])
    await catch_up(books.engine)
    await catch_up_leads(books.engine)
    told = await year_of(books.engine)
    by_rule = {row["rule"]: row["at_risk"] for row in told.supervision.leads}
    assert {"split_stay", "overlapping_stays"} <= by_rule.keys()
    # the funds paid 14,080 of each; either lead puts one stay at risk, half on each of its two: 14,080 x 3 / 2
    assert by_rule["split_stay"] == by_rule["overlapping_stays"] == Decimal("14080.00")
    assert told.supervision.at_risk == Decimal("21120.00")
