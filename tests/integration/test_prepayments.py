"""Prepayments: a fund pays a hospital ahead, and the clearings that follow set it off until it is used up."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from events.decisions import CLEARING_DRAFTED
from policies.funds import BookedFund
from processors.backup.lost_steps import last_work
from processors.clearing import prepayments, reversals, steps
from processors.law.adoption import adopt_schemes
from processors.offices.refusal import StepRefused
from tests import facts
from tests.clearings import REGION, cleared, drafted, holds, problems_with
from tests.clerk import clerk
from tests.integration.test_paying_funds import FIRST, FUSONG, SECOND
from tests.ledger import Books
from tests.moves import paid_by
from tests.unit.test_contract import LISTS

BASIC = BookedFund("basic_fund")
DAY = date(2019, 1, 5)
COUNTY = [facts.hospital(), facts.enrol("P1")]


async def prepaid(books: Books, fen: int, payer: BookedFund = BASIC, reference: str = "T1") -> str:
    await books.publish(COUNTY)
    id_ = await prepayments.order(books.engine, REGION, "H1", payer, fen, "wang", "年初预拨")
    await prepayments.approve(books.engine, id_, "li", reference, DAY)
    return id_


async def balance(books: Books, id_: str) -> tuple[str, str, str, str]:
    row = await prepayments.prepayment(books.engine, id_)
    return row["status"], row["set_off"], row["returned"], row["outstanding"]


def paid(shown: dict[str, Any]) -> dict[str, tuple[str, str, str, str]]:
    """By fund: payable, netted, prepaid, to pay."""
    return {
        order["fund"]: tuple(order[name] for name in ("payable", "netted", "prepaid", "amount"))
        for order in shown["orders"]
    }


def payment(shown: dict[str, Any]) -> tuple[str, str, str, str]:
    (row,) = shown["payments"]
    return row["balance"], row["set_off"], row["prepaid"], row["amount"]


async def test_clearings_set_a_prepayment_off_until_it_is_used_up(books: Books) -> None:
    """抚松 2019, tier 3, 20,000 in scope: basic 11,520.00, critical illness 1,364.00; basic prepaid 13,000.00."""
    id_ = await prepaid(books, 13_000_00)
    assert await balance(books, id_) == ("paid", "0.00", "0.00", "13000.00")
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    first = await cleared(books)
    assert payment(first) == ("12884.00", "0.00", "11520.00", "1364.00")
    assert paid(first) == {
        "basic_fund": ("11520.00", "0.00", "11520.00", "0.00"),
        "critical_illness": ("1364.00", "0.00", "0.00", "1364.00"),
    }
    assert await balance(books, id_) == ("paid", "11520.00", "0.00", "1480.00")
    assert [(row["set_off"], row["outstanding"]) for row in first["prepayments"]] == [("11520.00", "1480.00")]
    await holds(books)
    # 4,000: (4,000 − 800) × 60% = 1,920.00, of which 1,480.00 is prepaid; critical illness 55% × 2,080 = 1,144.00
    await books.publish(facts.stay(2, on="2019-05-01", in_scope="4000"))
    second = await cleared(books, 1)
    assert payment(second) == ("3064.00", "0.00", "1480.00", "1584.00")
    assert paid(second)["basic_fund"] == ("1920.00", "0.00", "1480.00", "440.00")
    assert await balance(books, id_) == ("paid", "13000.00", "0.00", "0.00")
    assert await steps.pay(books.engine, second["clearing_id"], "li", "T9") == 1_584_00
    await holds(books)


async def test_what_is_left_is_paid_back_and_the_oldest_goes_first(books: Books) -> None:
    first, second = await prepaid(books, 1_000_00), await prepaid(books, 5_000_00, reference="T2")
    await books.publish([*COUNTY, *facts.stay(1, in_scope="4000")])  # (4,000 − 800) × 60% = 1,920.00
    shown = await drafted(books)
    assert [(row["prepayment_id"], row["set_off"]) for row in shown["prepayments"]] == [
        (first, "1000.00"),
        (second, "920.00"),
    ]
    await steps.withdraw(books.engine, shown["clearing_id"], "wang")  # frees what it had set off
    assert await balance(books, second) == ("paid", "0.00", "0.00", "5000.00")
    await holds(books)
    assert payment(await cleared(books)) == ("1920.00", "0.00", "1920.00", "0.00")
    with pytest.raises(StepRefused, match=r"未抵扣 4080.00"):
        await prepayments.take_back(books.engine, second, "li", "R1", 4_080_01)
    assert await prepayments.take_back(books.engine, second, "li", "R1", 80_00) == 4_000_00
    with pytest.raises(StepRefused, match="已登记"):
        await prepayments.take_back(books.engine, second, "li", "r 1", 10_00)
    await reversals.reverse_prepayment(books.engine, second, "zhao", "R1", "登错", returned=True)
    assert await balance(books, second) == ("paid", "920.00", "0.00", "4080.00")
    assert await prepayments.take_back(books.engine, second, "li", "R2") == 0
    assert await balance(books, second) == ("paid", "920.00", "4080.00", "0.00")
    await holds(books)


async def test_only_the_insurer_that_prepaid_has_it_set_off(books: Books) -> None:
    await adopt_schemes(books.engine, [paid_by(FUSONG, FIRST)], "test")
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    id_ = await prepaid(books, 1_000_00, BookedFund("critical_illness"))  # of the only insurer that the text names
    assert (await prepayments.prepayment(books.engine, id_))["insurer"] == FIRST
    with pytest.raises(StepRefused, match=r"不由 critical_illness second_insurance 付款.*甲保险公司"):
        await prepayments.order(books.engine, REGION, "H1", BookedFund("critical_illness", SECOND), 1, "wang", "预拨")
    shown = await cleared(books)
    assert paid(shown)["critical_illness"] == ("1364.00", "0.00", "1000.00", "364.00")
    await adopt_schemes(books.engine, [paid_by(FUSONG, SECOND)], "test")
    other = await prepaid(books, 1_000_00, BookedFund("critical_illness"), "T2")
    await books.publish([facts.correct("C1", bill=facts.bill("24000"))])
    later = await cleared(books, 1)  # of C1, which 甲 pays: (24,000 − 20,000) × 40% × 55% = 880.00
    assert paid(later)["critical_illness"] == ("880.00", "0.00", "0.00", "880.00")
    assert await balance(books, other) == ("paid", "0.00", "0.00", "1000.00")
    await holds(books)


async def test_it_takes_two_persons_and_what_was_noted_by_mistake_is_taken_back(books: Books) -> None:
    await books.publish(COUNTY)
    id_ = await prepayments.order(books.engine, REGION, "H1", BASIC, 1_000_00, "wang", "预拨")
    with pytest.raises(StepRefused, match="须由另一人"):
        await prepayments.approve(books.engine, id_, "Wang", "T1", DAY)
    with pytest.raises(StepRefused, match="待复核"):
        await prepayments.take_back(books.engine, id_, "li", "R1")
    await prepayments.approve(books.engine, id_, "li", "T1", DAY)
    with pytest.raises(StepRefused, match="须由另一人"):
        await reversals.reverse_prepayment(books.engine, id_, "li", "T1", "未汇出")
    await reversals.reverse_prepayment(books.engine, id_, "zhao", "T1", "未汇出")
    assert await balance(books, id_) == ("ordered", "0.00", "0.00", "0.00")
    with pytest.raises(StepRefused, match="须由另一人"):
        await prepayments.approve(books.engine, id_, "zhao", "T2", DAY)
    await prepayments.approve(books.engine, id_, "li", "T1", DAY)
    await books.publish(facts.stay(1, in_scope="4000"))
    await cleared(books)
    with pytest.raises(StepRefused, match="已抵扣"):
        await reversals.reverse_prepayment(books.engine, id_, "zhao", "T1", "未汇出")
    other = await prepayments.order(books.engine, REGION, "H1", BASIC, 1_00, "wang", "预拨")
    await prepayments.withdraw(books.engine, other, "wang")
    with pytest.raises(StepRefused, match="已撤回"):
        await prepayments.approve(books.engine, other, "li", "T3", DAY)
    with pytest.raises(StepRefused, match="没有登记医院 H9"):
        await prepayments.order(books.engine, REGION, "H9", BASIC, 1_00, "wang", "预拨")
    with pytest.raises(StepRefused, match=r"可用的有：基本医保基金 basic_fund"):
        await prepayments.order(books.engine, REGION, "H1", BookedFund("lottery"), 1_00, "wang", "预拨")
    with pytest.raises(StepRefused, match="须大于 0"):
        await prepayments.order(books.engine, REGION, "H1", BASIC, 0, "wang", "预拨")
    late = await prepayments.order(books.engine, REGION, "H1", BASIC, 1_00, "wang", "预拨")
    with pytest.raises(StepRefused, match="2099-01-01 尚未到"):
        await prepayments.approve(books.engine, late, "li", "T4", date(2099, 1, 1))
    async with books.engine.connect() as connection:  # what a restored backup names as its last step
        last = (await last_work(connection)).last_step
    assert last is not None
    assert (last.type, last.of) == ("prepayment.ordered.v1", late)
    await holds(books)


async def test_verify_finds_a_draft_that_sets_off_another_amount(books: Books) -> None:
    await prepaid(books, 1_000_00)
    await books.publish([*COUNTY, *facts.stay(1, in_scope="4000")])
    shown = await drafted(books)
    async with books.engine.connect() as connection:
        query = text("SELECT data FROM ledger.entries WHERE type = 'clearing.drafted.v1'")
        said = orjson.loads((await connection.execute(query)).scalar_one())
    await steps.withdraw(books.engine, shown["clearing_id"], "wang")
    said["prepaid"][0]["amount"] -= 1
    found = await problems_with(books.engine, {**said, "clearing_id": f"{REGION}-2031-01-2"}, CLEARING_DRAFTED)
    assert [problem.where for problem in found] == [f"{REGION}-2031-01-2, set off against prepayments"]


async def test_a_clerk_orders_approves_lists_and_prints(books: Books, tmp_path: Path) -> None:
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    async with clerk(CLAIMS_DATABASE_URL=books.engine.url.render_as_string(hide_password=False)) as claims:
        asked = (
            "prepayments",
            "order",
            "--region",
            REGION,
            "--hospital",
            "H1",
            "--amount",
            "10000",
            "--reason",
            "预拨",
        )
        unknown = await claims(*asked, "--fund", "lottery", "--actor", "wang")
        assert (unknown.code, "基本医保基金 basic_fund" in unknown.err) == (2, True)
        ordered = await claims(*asked, "--fund", "basic_fund", "--actor", "wang", "--json")
        (row,) = ordered.rows
        assert (await claims("prepayments", "approve", row["prepayment_id"], "--actor", "wang")).code == 2
        approved = ("prepayments", "approve", row["prepayment_id"], "--actor", "li", "--reference", "T1")
        assert (await claims(*approved, "--day", "2019-01-05")).code == 0
        (listed,) = (await claims("prepayments", "--hospital", "H1", "--json")).rows
        assert list(listed) == LISTS["prepayments"]
        assert (listed["outstanding"], listed["approved_by"], listed["paid_on"]) == ("10000.00", "li", "2019-01-05")
        assert (await claims("prepayments", "--out", tmp_path / "list.xlsx")).code == 0
        shown = await cleared(books)
        printed = (await claims("clearing", "show", shown["clearing_id"])).out.decode()
        assert "预拨抵扣" in printed
        assert "10,000.00" in printed
        orders = ("clearing", "orders", shown["clearing_id"])
        rows = (await claims(*orders, "--fund", "basic_fund", "--json")).rows
        assert [(each["fund"], each["prepaid"], each["amount"]) for each in rows] == [
            ("basic_fund", "10000.00", "1520.00")
        ]
        wrong = await claims(*orders, "--fund", "lottery")
        assert (wrong.code, "basic_fund" in wrong.err) == (2, True)
        assert (await claims(*orders, "--out", tmp_path / "orders.xlsx")).code == 0
        (one,) = (await claims("prepayments", "show", row["prepayment_id"], "--json")).rows
        assert one["set_off_by"] == [{"clearing_id": shown["clearing_id"], "amount": "10000.00"}]
        assert [step["type"] for step in one["history"]] == ["prepayment.ordered.v1", "hospital.prepaid.v1"]
    book = load_workbook(tmp_path / "orders.xlsx")
    assert len(book.sheetnames) == 2  # basic, critical illness
