"""Accounts, the bank's file and its reply, and the form, through the commands that clerks type."""

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from tests import facts
from tests.clearings import REGION
from tests.clerk import Clerk, clerk
from tests.months import months_from_now
from tests.payees import CARD, OTHER_CARD
from tests.program import write_lines


@pytest.fixture
async def program(database: str, nats_url: str, server_folder: Path) -> AsyncIterator[Clerk]:
    key = {"CLAIMS_PAYEES_KEY": str(server_folder / "payees.key")}
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_NATS_URL=nats_url, **key) as claims:
        yield claims


async def done(claims: Clerk, *arguments: object, code: int = 0) -> dict[str, Any]:
    ended = await claims(*arguments, "--json")
    assert ended.code == code, f"{arguments}: {ended.out.decode()}{ended.err}"
    return dict(json.loads(ended.out.decode().splitlines()[-1]))


async def refused(claims: Clerk, *arguments: object) -> str:
    ended = await claims(*arguments)
    assert (ended.code, ended.out) == (2, b""), arguments
    return ended.err


async def test_from_the_account_to_the_bank_s_reply(program: Clerk, server_folder: Path) -> None:
    this, _ = months_from_now()
    month, clearing = f"{this:%Y-%m}", f"{REGION}-{this:%Y-%m}-1"
    people = [facts.enrol(person) for person in ("P1", "P2", "P3")]
    stays = [*facts.stay(1), *facts.stay(2, "P2", prepaid=True), *facts.stay(3, "P3", prepaid=True)]
    await done(program, "settle", write_lines(server_folder / "stays.jsonl", [facts.hospital(), *people, *stays]))
    await done(program, "clearing", "draft", "--region", REGION, "--month", month, "--actor", "wang")
    await done(program, "clearing", "approve", clearing, "--actor", "li")

    out = server_folder / "pay.csv"
    paying = ("clearing", "payment-file", clearing, "--out", out, "--actor", "wang")
    assert "claims payees new-key" in await refused(program, *paying)
    await done(program, "payees", "new-key")
    key = server_folder / "payees.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert "rotate-key" in await refused(program, "payees", "new-key")
    assert "H1、P2、P3" in await refused(program, *paying)
    await accounts_of(program, server_folder)

    first = await done(program, *paying, "--only-ready")
    assert (first["file_id"], first["count"], first["total"]) == (f"{clearing}-B1", 2, "11040.00")
    assert first["left_out"] == [{"payee_kind": "person", "payee": "P3", "amount": "5520.00"}]
    assert out.stat().st_mode & 0o777 == 0o600
    table = list(csv.reader(out.read_text(encoding="utf-8-sig").splitlines()))
    assert table[0] == [
        *("付款基金", "承办公司", "序号", "户名"),
        *("账号", "开户行", "联行号", "金额", "用途", "凭证号"),
    ]
    assert table[2][3:6] == ["李四", CARD, "县信用社"]
    (fund,) = first["funds"]
    assert (fund["fund"], fund["insurer"], fund["count"], fund["total"]) == ("basic_fund", None, 2, "11040.00")
    assert table[3][2:4] == ["小计", "2 笔"]
    assert table[3][9] == f"校验 sha256 {fund['sha256']}"
    assert table[4][2:4] == ["合计", "2 笔"]
    assert table[5] == ["校验 sha256", first["sha256"]]
    await repeated(program, first, table, server_folder)
    await replied(program, clearing, table, server_folder)


async def accounts_of(program: Clerk, folder: Path) -> None:
    """A hospital's account by hand, persons' by a list with rows that can't be used."""
    hospital = ("H1", "--kind", "hospital", "--holder", "县医院", "--bank", "工行", "--account", "0702000109000000000")
    await done(program, "payees", "set", *hospital, "--actor", "chen")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["某乡 收款账户"])
    sheet.append(["参保人编号", "户名", "账号", "开户行", "关系", "原因"])
    sheet.append(["P2", "李四", CARD, "县信用社", None, None])
    sheet.append(["P3", "王五", int(OTHER_CARD), "县信用社", None, None])  # the workbook has rounded it
    sheet.append(["P9", "赵六", OTHER_CARD, "县信用社", None, None])
    sheet.append(["P1", "张三", OTHER_CARD, "县信用社", "监护人", None])
    book.save(folder / "accounts.xlsx")
    ended = await program("payees", "import", folder / "accounts.xlsx", "--actor", "chen", "--json")
    assert ended.code == 1
    told = json.loads(ended.out)
    assert (told["entered"], [each["row"] for each in told["refused"]]) == ([2], [4, 5, 6])
    assert "存为文本" in told["refused"][0]["reason"]
    assert CARD not in ended.err + ended.out.decode()
    again = await done(program, "payees", "import", folder / "accounts.xlsx", "--actor", "chen", code=1)
    assert (again["entered"], again["unchanged"]) == ([], 1)
    assert (await done(program, "payees", "approve", "--all", "--actor", "chen"))["left"] == 2
    assert (await done(program, "payees", "approve", "--all", "--actor", "zhou"))["approved"] == [1, 2]
    shown = (await program("payees", "list")).out.decode()
    assert CARD not in shown
    assert f"****{CARD[-4:]}" in shown
    rotated = await done(program, "payees", "rotate-key")
    assert rotated["accounts"] == 2
    assert (await done(program, "payees", "list", "--payee", "P2", "--whole"))["account"] == CARD
    assert [row["step"] for row in (await program("payees", "history", "P2", "--json")).rows] == ["set", "approved"]


async def repeated(program: Clerk, first: dict[str, Any], table: list[list[str]], folder: Path) -> None:
    """The file again, as a workbook in which long numbers are whole."""
    book = folder / "pay.xlsx"
    again = await done(program, "clearing", "repeat-file", first["file_id"], "--out", book)
    assert again["sha256"] == first["sha256"]
    sheet = load_workbook(book).active
    assert sheet is not None
    cells = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert first["sha256"] in str(cells[1][0])
    assert [cells[3][2], cells[4][2]] == [table[1][4], table[2][4]]
    assert "审批" in str(cells[-1][0])
    assert "与文件名" in await refused(
        program, "clearing", "payment-file", "X", "--out", book, "--format", "csv", "--actor", "wang"
    )


async def replied(program: Clerk, clearing: str, table: list[list[str]], folder: Path) -> None:
    """The bank's own table: one line paid, one returned, and two that can't be right."""
    reply = folder / "reply.csv"
    rows = [
        ["付款凭证号", "付款金额(元)", "处理结果", "失败原因"],
        [table[1][9], "5,520.00", "交易成功", ""],
        [table[2][9], "5520.00", "退汇", "户名不符"],
        [f"{clearing}-B8-0001", "5520.00", "成功", ""],
        [table[2][9] + "9", "5520", "处理中", ""],
    ]
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    reply.write_bytes(text.encode("gb18030"))
    ended = await program("clearing", "bank-reply", reply, "--actor", "li")
    assert ended.code == 1
    assert "已付 paid 1 笔 5520.00 元；退汇 returned 1 笔 5520.00 元" in ended.out.decode()
    assert "第 4 行未登记" in ended.err
    assert "第 5 行未登记" in ended.err
    again = await done(program, "clearing", "bank-reply", reply, "--actor", "li", code=1)
    assert (again["paid"], again["returned"], again["unchanged"], len(again["refused"])) == (0, 0, 2, 2)
    (file,) = (await program("clearing", "payment-files", "--json")).rows
    assert (file["count"], file["open"]) == (2, 0)
    form = folder / "form.html"
    ended = await program("clearing", "form", clearing, "--out", form, "--persons")
    assert ended.code == 0, ended.err
    page = form.read_text(encoding="utf-8")
    assert "壹万陆仟伍佰陆拾元整" in page  # 3 x 5,520.00
    assert CARD not in page
    for place in ("制表", "复核", "审批", "财务"):
        assert place in page
