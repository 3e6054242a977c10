"""A month of clearing through the commands that clerks type."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import month_start
from infra.postgres.engine import connect
from processors.clearing.draft import draft
from tests import facts
from tests.clearings import REGION, payments
from tests.clerk import Clerk, clerk
from tests.facts import advance
from tests.months import months_from_now
from tests.program import write_lines


@pytest.fixture
async def program(database: str, nats_url: str) -> AsyncIterator[Clerk]:
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_NATS_URL=nats_url) as claims:
        yield claims


async def done(claims: Clerk, *arguments: object) -> list[dict[str, Any]]:
    ended = await claims(*arguments, "--json")
    assert ended.code == 0, f"{arguments}: {ended.out.decode()}{ended.err}"
    return ended.rows


async def refused(claims: Clerk, *arguments: object) -> str:
    ended = await claims(*arguments)
    assert (ended.code, ended.out) == (2, b""), arguments
    return ended.err


async def test_a_month_through_the_program(program: Clerk, beside: AsyncEngine, server_folder: Path) -> None:
    this, following = months_from_now()
    first, second, third = f"{REGION}-{this:%Y-%m}-1", *(f"{REGION}-{following:%Y-%m}-{times}" for times in (1, 2))
    stays = [facts.hospital(), facts.enrol(), facts.enrol("P2"), *facts.stay(1), *facts.stay(2, "P2")]
    await done(program, "settle", write_lines(server_folder / "stays.jsonl", stays))
    (open_,) = await done(program, "clearing", "open")
    assert (open_["region"], open_["amount"], open_["draft"]) == (REGION, "11040.00", None)
    assert "11,040.00" in (await program("clearing", "open")).out.decode()
    drafting = ("clearing", "draft", "--region", REGION, "--month", f"{this:%Y-%m}")
    assert "--actor" in await refused(program, *drafting)
    await refused(program, *drafting, "--actor", "Wang Fang")
    await refused(program, *drafting[:-1], "2019-13", "--actor", "wang")
    (drawn,) = await done(program, *drafting, "--actor", "wang")
    assert payments(drawn) == {"H1": ("11040.00", "due")}
    assert "still a draft" in await refused(program, *drafting, "--actor", "wang")
    await refused(program, "clearing", "approve", first, "--actor", "wang")
    await done(program, "clearing", "approve", first, "--actor", "li")
    paying = ("clearing", "pay", first, "--reference", "T 1")
    assert "--kind" in await refused(program, *paying, "--actor", "li", "--kind", "hospital")
    assert await done(program, *paying, "--actor", "li", "--payee", "H1", "--kind", "hospital") == [
        {"clearing_id": first, "paid": "11040.00", "reference": "T 1"}
    ]
    returning = ("clearing", "return", first, "--actor", "li", "--payee", "H1", "--reason", "户名不符")
    assert (await done(program, *returning))[0]["due"] == "11040.00"
    listed = await done(program, "clearing", "list")
    assert [(row["clearing_id"], row["status"]) for row in listed] == [(first, "approved")]
    lines_csv = server_folder / "lines.csv"
    shown = await program("clearing", "show", first, "--out", lines_csv)
    assert "已退回" in shown.out.decode()
    with lines_csv.open(encoding="utf-8-sig", newline="") as file:
        assert [row["payable"] for row in csv.DictReader(file)] == ["11040.00"]
    assert lines_csv.stat().st_mode & 0o777 == 0o600  # it names persons
    book = server_folder / "clearing.xlsx"
    assert (await program("clearing", "show", first, "--out", book)).code == 0
    sheets = load_workbook(book)
    titles = ["明细", "拨付", "归还临时救急借款", "出院后调整", "付款基金", "预拨抵扣"]
    assert [name.split()[0] for name in sheets.sheetnames] == titles
    assert [cell.value for cell in sheets.worksheets[1][4]][:7] == ["医院", "医院H1 H1", 11040, 0, 11040, 0, "已退回"]
    assert "没有清算单 C9，全部清算单见 claims clearing list" in await refused(program, "clearing", "show", "C9")
    assert "抚松县 220621" in (await program("clearing", "list")).out.decode()

    await done(program, "settle", write_lines(server_folder / "audit.jsonl", [facts.audit("C1", "1000", "hospital")]))
    the_next = ("clearing", "draft", "--region", REGION, "--month", f"{following:%Y-%m}", "--actor", "wang")
    assert "has not begun" in await refused(program, *the_next)
    assert await draft(beside, REGION, following, "wang", now=month_start(following)) == second
    await done(program, "clearing", "withdraw", second, "--actor", "wang")
    assert await draft(beside, REGION, following, "wang", now=month_start(following)) == third
    await done(program, "clearing", "approve", third, "--actor", "li")
    (owing,) = await done(program, "receivables")
    assert (owing["payee"], owing["outstanding"], owing["closed"]) == ("H1", "600.00", False)
    settling = ("receivables", "settle", f"{third}-hospital-H1", "--actor", "li", "--reference", "R1", "--amount")
    await refused(program, *settling, "0.005")
    assert (await done(program, *settling, "200"))[0]["outstanding"] == "400.00"
    assert "400.00" in (await program("receivables")).out.decode()

    await loans_are_repaid_in_cash(program, server_folder)
    await a_hospital_s_month_is_reconciled(program, server_folder)
    (report,) = await done(program, "verify")
    assert (report["holds"], report["clearings"]) == (True, 3)


async def loans_are_repaid_in_cash(program: Clerk, server_folder: Path) -> None:
    await done(program, "settle", write_lines(server_folder / "lent.jsonl", [advance("L1", "300"), advance("L2", "5")]))
    repaying = ("advances", "repay", "L1", "--region", REGION, "--actor", "li", "--reference", "R2", "--amount")
    await refused(program, *repaying, "300.01")
    assert await done(program, *repaying, "120") == [{"region": REGION, "advance_id": "L1", "outstanding": "180.00"}]
    assert [(row["advance_id"], row["in_cash"]) for row in await done(program, "advances", "--person", "P1")] == [
        ("L1", "120.00"),
        ("L2", "0.00"),
    ]
    assert await done(program, "advances", "--person", "P2") == []
    assert "180.00" in (await program("advances")).out.decode()


async def a_hospital_s_month_is_reconciled(program: Clerk, server_folder: Path) -> None:
    heading, c1 = "claim_id,date,total,funds,patient_share", "C1,2019-03-10,10000.00,4920.00,4080.00"
    march = server_folder / "march.csv"
    compare = ("reconcile", "--hospital", "H1", "--month", "2019-03", march)
    march.write_text(f"{heading}\n{c1}\n", encoding="utf-8")
    compared = await program(*compare, "--json")
    assert (compared.code, [row["kind"] for row in compared.rows]) == (1, ["ledger_only", "summary"])
    march.write_text(f"{heading}\n{c1}\nC2,2019-03-10,x,1,1\n", encoding="utf-8")
    broken = await program(*compare)
    assert (broken.code, "第3行 row 3: 总额应以元为单位" in broken.err) == (2, True)


@pytest.fixture
async def beside(database: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(database)
    yield engine
    await engine.dispose()
