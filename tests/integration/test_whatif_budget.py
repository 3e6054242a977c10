"""``claims whatif budget``: the value that meets a goal, worked by hand; months payable under assumptions."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from infra.postgres.engine import database_url_of
from tests.clerk import Clerk, clerk
from tests.ledger import Books
from tests.simulation_county import LINE, RATIO, reform_file, two_persons

RANGE = {"least": "0", "most": "10000", "step": "100"}
FUND = {"name": "大病基金", "layers": ["critical_illness"], "balance": "6000", "income": "5000"}


@pytest.fixture
async def typed(books: Books) -> AsyncIterator[Clerk]:
    await books.publish(two_persons())
    async with clerk(CLAIMS_DATABASE_URL=database_url_of(books.engine)) as commands:
        yield commands


def goal(folder: Path, change: dict[str, Any], values: dict[str, str], **wanted: Any) -> Path:
    return reform_file(folder, "目标<b>", "shanggao", {**change, "value": values}, goal=wanted)


def assumptions(folder: Path, **more: Any) -> Path:
    file = folder / "assumptions.yaml"
    file.write_bytes(orjson.dumps({"year": 2019, "funds": [FUND], **more}))
    return file


async def test_the_lowest_line_within_a_budget_is_found_to_the_step(typed: Clerk, tmp_path: Path) -> None:
    # Of 2019 P1 has 8,600 + 4,600 = 13,200 left in scope, P2 8,600, whom the line of the poor does not meet. Over a
    # line of 5,200 critical illness pays (13,200 - 5,200) x 50% = 4,000; over 5,100 it is 4,050.
    file = goal(tmp_path, LINE, RANGE, paid="critical_illness", year=2019, at_most="4000")
    out = tmp_path / "out"
    done = await typed("whatif", "budget", file, "--json", "--out", out)
    assert done.code == 0, done.err
    (told,) = done.rows
    assert (told["value"], told["next"], told["figure"], told["turns"]) == ("5200.00", "5100.00", "4000.00", 1)
    assert told["baseline"] == "2850.00"
    assert told["interval"]["draws"] == 200
    curve = {point["value"]: point for point in told["curve"]}
    assert (curve["0.00"]["figure"], curve["0.00"]["met"]) == ("6600.00", False)
    assert (curve["10000.00"]["figure"], curve["10000.00"]["met"]) == ("1600.00", True)
    alone = reform_file(tmp_path, "单", "shanggao", {**LINE, "value": "5200"})
    single = (await typed("whatif", alone, "--json")).rows[0]
    assert curve["5200.00"]["paid"] == single["reform"]["paid"]
    assert curve["5200.00"]["patient_share"] == single["reform"]["patient_share"]
    page = (out / "budget.html").read_text()
    for said in ("静态测算", "目标&lt;b&gt;", "<polyline", "不超过 4,000 元", "取 5200.00 达到目标"):
        assert said in page
    assert "://" not in page
    assert stat.S_IMODE((out / "budget.html").stat().st_mode) == 0o600
    assert orjson.loads((out / "budget.json").read_bytes())["identity"] == told["identity"]
    for_people = (await typed("whatif", "budget", file, "--workers", 2)).out.decode()
    assert "5200.00" in for_people


async def test_a_goal_may_be_the_persons_of_whose_bills_enough_is_paid(typed: Clerk, tmp_path: Path) -> None:
    # P2 bears 8,600 of 20,600 at 60%: 6,600 at 70%, 5,600 at 75%, that is 27%; 6,000 at 73%, more than 28%
    percent = {"least": "60%", "most": "90%", "step": "1%"}
    file = goal(tmp_path, RATIO, percent, reach="72%", at_least="100%")
    (told,) = (await typed("whatif", "budget", file, "--json")).rows
    # of 20,600 at most 28% = 5,768 may be left: 600 + 20,000 x (1 - r) <= 5,768 from 75% on
    assert (told["value"], told["next"], told["figure"], told["baseline"]) == ("75%", "74%", "100.00%", "50.00%")
    poor = goal(tmp_path, RATIO, percent, reach="72%", persons="poor", at_least="100%")
    done = await typed("whatif", "budget", poor, "--json")
    assert (done.code, done.rows[0]["value"]) == (1, None)  # P1, the one who is poor, has 90% paid as it is
    assert "都达到目标" in (await typed("whatif", "budget", poor)).err


async def test_months_payable_are_those_of_the_assumptions(typed: Clerk, tmp_path: Path) -> None:
    file = goal(tmp_path, LINE, RANGE, months="大病基金", at_least="12")
    assumed = assumptions(tmp_path, years=1, growth="10%")
    (told,) = (await typed("whatif", "budget", file, "--assumptions", assumed, "--json")).rows
    # spent s in 2019, 1.1 s in 2020, at the end of which 11,000 - 1.1 s are left: twelve months or more where
    # 11,000 - 1.1 s >= 1.1 s, s <= 5,000: (13,200 - line) / 2 <= 5,000
    assert (told["value"], told["next"], told["figure"]) == ("3200.00", "3100.00", "12.00")
    plain = reform_file(tmp_path, "线", "shanggao", {**LINE, "value": "3200"})
    result = (await typed("whatif", plain, "--assumptions", assumed, "--json")).rows[0]
    (fund,) = result["funds"]
    assert [year["months"] for year in fund["reform"]] == ["14.40", "12.00"]
    assert [year["balance"] for year in fund["baseline"]] == ["6000.00", "7865.00"]
    people = (await typed("whatif", plain, "--assumptions", assumed, "--out", tmp_path / "out")).out.decode()
    assert "大病基金 今后可支付月数" in people
    assert "今后可支付月数" in (tmp_path / "out" / "whatif.html").read_text()
    assert (tmp_path / "out" / "funds.parquet").exists()


async def test_what_cannot_be_used_is_said(typed: Clerk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    months = goal(tmp_path, LINE, RANGE, months="职工基金", at_least="12")
    unknown = assumptions(other, funds=[{**FUND, "layers": ["critical"]}])
    for arguments, said in (
        ((months,), "假设文件中没有基金“职工基金”，有：无"),
        ((months, "--assumptions", assumptions(tmp_path)), "有：大病基金"),
        ((months, "--assumptions", unknown), "没有保障线 critical，有："),
        ((goal(other, LINE, RANGE, paid="critical", at_most="1"),), "没有保障线 critical，有："),
        ((reform_file(tmp_path, "线", "shanggao", LINE),), "goal: 缺少这一项"),
        ((months, "--by", "year"), "budget 只用一个文件"),
    ):
        done = await typed("whatif", "budget", *arguments)
        assert done.code == 2, (arguments, done.out, done.err)
        assert said in done.err
