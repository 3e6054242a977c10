"""Warnings of funds from a ledger: budgets in two steps, flows by the month of service, lines with their source."""

from datetime import date
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.supervision.text import SupervisionHistory
from processors.accounts.budgets import BudgetOrder, approve_budget, budget_rows, enter_budget, withdraw_budget
from processors.accounts.journal import rebuild
from processors.accounts.refusal import FundMovementRefused
from processors.accounts.steps import FundMovementOrder, approve, enter
from processors.accounts.warnings import fund_warnings
from processors.finance.catch_up import catch_up
from processors.offices.refusal import StepRefused
from processors.proof.verify import verify
from tests import facts
from tests.clerk import clerk
from tests.finance import query
from tests.ledger import Books

SHANGGAO = "360923"
ORDER = BudgetOrder(
    scheme="shanggao", region=SHANGGAO, fund="basic_fund", year=2019, spending=8_000_00, order_no="上财社〔2019〕1号"
)


async def approved(engine: AsyncEngine, order: BudgetOrder) -> str:
    budget_id = await enter_budget(engine, order, "wang")
    await approve_budget(engine, budget_id, "li")
    return budget_id


async def warned(engine: AsyncEngine, **asked: Any) -> list[dict[str, Any]]:
    await catch_up(engine)
    async with engine.connect() as connection:
        return [each.json() for each in await fund_warnings(connection, SupervisionHistory(), **asked)]


@pytest.fixture
async def shanggao(books: Books) -> Books:
    """A poor person of 上高 insured for 2019, and one stay in March: basic 6,880, supplementary 2,120."""
    bill = facts.bill("9000", self_funded="1000")
    await books.publish([facts.hospital(region=SHANGGAO, tier=2), facts.enrol("P1", 2019, SHANGGAO), facts.roster()])
    await books.publish(facts.stay(1, bill=bill))
    return books


async def test_a_budget_counts_once_two_persons_have(shanggao: Books) -> None:
    engine = shanggao.engine
    budget_id = await enter_budget(engine, ORDER, "wang")
    with pytest.raises(StepRefused, match="另一人"):
        await approve_budget(engine, budget_id, "wang")
    with pytest.raises(FundMovementRefused, match=budget_id):
        await enter_budget(engine, ORDER, "chen")  # another one waits
    assert await query(engine, "SELECT * FROM finance.fund_budgets") == []
    await approve_budget(engine, budget_id, "li")
    raised = BudgetOrder(
        scheme="shanggao", region=SHANGGAO, fund="basic_fund", year=2019, spending=9_000_00, order_no="调整"
    )
    later = await approved(engine, raised)
    (row,) = await query(engine, "SELECT spending, order_no FROM finance.fund_budgets")
    assert (str(row["spending"]), row["order_no"]) == ("9000.00", "调整")
    assert [(each["budget_id"], each["counts"]) for each in await budget_rows(engine)] == [
        (budget_id, False),
        (later, True),
    ]
    withdrawn = await enter_budget(engine, ORDER, "wang")
    await withdraw_budget(engine, withdrawn, "wang", "wrong sum")
    with pytest.raises(FundMovementRefused, match="已撤回"):
        await approve_budget(engine, withdrawn, "li")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("scheme", "nowhere", "nowhere"),
        ("region", "220621", "220621"),
        ("fund", "no_fund", "no_fund"),
        ("insurer", "picc", "picc"),
        ("year", 2099, "2099"),
        ("spending", 0, "大于 0"),
    ],
)
async def test_what_a_budget_may_not_say(books: Books, field: str, value: Any, told: str) -> None:
    said = {name: getattr(ORDER, name) for name in ORDER.__struct_fields__} | {field: value}
    with pytest.raises(FundMovementRefused, match=told):
        await enter_budget(books.engine, BudgetOrder(**said), "wang")


async def test_a_fund_of_a_year_by_hand(shanggao: Books) -> None:
    engine = shanggao.engine
    for kind, fen, reference in (("opening", 10_000_00, "B1"), ("appropriation", 5_000_00, "B2")):
        order = FundMovementOrder(
            kind=kind,
            scheme="shanggao",
            region=SHANGGAO,
            amount=fen,
            moved_on=date(2019, 1, 5),
            reference=reference,
            to_fund="basic_fund",
        )
        await approve(engine, await enter(engine, order, "wang"), "li")
    await approved(engine, ORDER)
    (basic,) = await warned(engine, year=2019, fund="basic_fund")
    # 10,000 + 5,000 + 250 due for P1 − 6,880 for C1 − 75 for P1's critical-illness insurance
    assert (basic["balance"], basic["income"], basic["spending"]) == ("8295.00", "5250.00", "6955.00")
    # 8,295 / (6,955 / 12) = 14.31; 6,955 / 5,250; 6,955 / 8,000 − 1
    assert (basic["months_payable"], basic["payment_rate"], basic["budget_deviation"]) == ("14.31", "1.3248", "-0.1306")
    assert (basic["as_of"], basic["level"], basic["basis"]) == ("2019-12-31", "red", "one_year")
    assert basic["levels"] == {
        "months_payable": "normal",
        "payment_rate": "red",
        "time_progress": "normal",
        "budget_deviation": "normal",
        "growth_gap": "unknown",
        "run_out": "normal",
    }
    # 8,295 less 1,705 a year: 2020 to 2022 leave 3,180; with 5% more 347.75 − 1,705 ... is never below in 36 months
    assert basic["run_out"]["base"] is None
    # booked in this month, it belongs to that of the stay and of the premium's year
    months = await query(
        engine, "SELECT month, income, spending FROM finance.fund_months WHERE fund = 'basic_fund' ORDER BY month"
    )
    assert [(row["month"], str(row["income"]), str(row["spending"])) for row in months] == [
        ("2019-01", "5250.00", "75.00"),
        ("2019-03", "0.00", "6880.00"),
    ]
    # nobody notes what the county's own money is
    (county,) = await warned(engine, year=2019, fund="county_finance")
    assert (county["level"], county["months_payable"]) == ("unknown", None)
    assert [each["fund"] for each in await warned(engine, region="360900")] == [
        "basic_fund",
        "county_finance",
        "critical_illness",
        "supplementary",
    ]


async def test_two_years_against_their_budgets_by_hand(shanggao: Books) -> None:
    """2019 spends a twentieth more than its budget, 2020 more than a seventh: each year is held against its own."""
    engine = shanggao.engine
    await shanggao.publish([facts.enrol("P1", 2020, SHANGGAO)])
    for number, day in ((2, "2020-02-03"), (3, "2020-08-03")):
        await shanggao.publish(facts.stay(number, on=day, bill=facts.bill("9000", self_funded="1000")))
    await approved(engine, structs.replace(ORDER, spending=6_500_00))
    await approved(engine, structs.replace(ORDER, year=2020, spending=12_000_00, order_no="上财社〔2020〕1号"))
    told = {year: (await warned(engine, year=year, fund="basic_fund"))[0] for year in (2019, 2020)}
    # 2019: (9,000 − 400) × 80% = 6,880, and 75 for P1's critical-illness insurance, of 6,500: 7.00% more, over 5%
    first = told[2019]
    assert (first["budget"], first["spending"], first["budget_deviation"]) == ("6500.00", "6955.00", "0.0700")
    assert (first["levels"]["budget_deviation"], first["levels"]["time_progress"]) == ("yellow", "yellow")
    # 2020: 2 × 6,880 + 75 = 13,835 of 12,000: 15.29% more, over 15% and, at the year's end, 10 points ahead
    second = told[2020]
    assert (second["budget"], second["spending"], second["budget_deviation"]) == ("12000.00", "13835.00", "0.1529")
    assert (second["levels"]["budget_deviation"], second["levels"]["time_progress"]) == ("red", "red")
    # 250 of premiums a year: 250 − 6,955 + 250 − 13,835
    assert (first["balance"], second["balance"]) == ("-6705.00", "-20290.00")
    # nobody has noted what the fund had or got beside premiums: no months are told of such a balance
    assert (second["levels"]["months_payable"], second["level"]) == ("unknown", "red")
    # a budget that is raised to 13,500 leaves 2.48%: no line is passed, and 2019 stays as it was
    await approved(engine, structs.replace(ORDER, year=2020, spending=13_500_00, order_no="上财社〔2020〕9号"))
    raised = {year: (await warned(engine, year=year, fund="basic_fund"))[0] for year in (2019, 2020)}
    assert (raised[2020]["budget_deviation"], raised[2020]["levels"]["budget_deviation"]) == ("0.0248", "normal")
    assert raised[2019]["budget_deviation"] == "0.0700"


async def test_verify_and_rebuild_know_budgets(shanggao: Books) -> None:
    engine = shanggao.engine
    budget_id = await approved(engine, ORDER)
    await catch_up(engine)
    assert (await verify(engine)).problems == []
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE projections.fund_budgets SET spending = 7"))
    problems = (await verify(engine)).problems
    assert [problem.where for problem in problems] == [f"budget {budget_id}"]
    assert await rebuild(engine) == {"fund_movements": 0, "fund_budgets": 1}
    assert (await verify(engine)).problems == []


async def test_clerks_enter_approve_and_read(shanggao: Books) -> None:
    url = shanggao.engine.url.render_as_string(hide_password=False)
    async with clerk(CLAIMS_DATABASE_URL=url, CLAIMS_NATS_URL="nats://127.0.0.1:1") as claims:
        place = ("--scheme", "shanggao", "--region", SHANGGAO, "--fund", "basic_fund", "--year", "2019")
        entered = await claims(
            "funds", "budget", *place, "--spending", "8000", "--order", "1号", "--actor", "wang", "--json"
        )
        (budget,) = entered.rows
        own = await claims("funds", "approve", budget["budget_id"], "--actor", "wang")
        done = await claims("funds", "approve", budget["budget_id"], "--actor", "li")
        listed = await claims("funds", "budgets", "--json")
        rows = (await claims("funds", "warning", "--year", "2019", "--region", SHANGGAO, "--json")).rows
        shown = await claims("funds", "warning", "--year", "2019")
    assert (own.code, done.code) == (2, 0), (own.err, done.err)
    assert [(row["spending"], row["counts"]) for row in listed.rows] == [("8000.00", True)]
    (basic,) = [row for row in rows if row["fund"] == "basic_fund"]
    assert (basic["budget"], basic["lines"]["payment_rate_red"]["grade"]) == ("8000.00", "assumed")
    told = shown.out.decode()
    assert "基本医保基金" in told
    assert "未登记收入" in told.replace("\n", "").replace(" ", "")
