"""Reconciliation over the national interface: sums and lines agree with what was answered, to the fen (3201, 3202)."""

import random
import zipfile
from decimal import Decimal
from typing import Any

import pytest

from tests import facts
from tests.gateway.national.books import DayBook, damaged, packed, sendable, upload, verdicts, zipped
from tests.gateway.national.county import JIAMUSI, GatewayCounty
from tests.gateway.national.his import His, line, refusal

LINES = [line("1", "12000.00"), line("2", 8000)]
TOTAL = "20000.00"


async def totals(his: His, stated: dict[str, Any]) -> dict[str, Any]:
    """3201."""
    return dict((await his.call("3201", {"data": sendable(stated)}))["stmtinfo"])


async def settled_visit(his: His, book: DayBook, amount: str) -> dict[str, Any]:
    """A visit settled, and entered."""
    mdtrt_id = await his.register()
    await his.upload_batch(mdtrt_id, "B1", [line("1", amount)])
    told = dict(await his.settle_batch(mdtrt_id, "B1", amount))
    book.enter(told)
    return told


async def random_day(his: His, book: DayBook, chosen: random.Random) -> None:
    """Visits settled, reversed, settled again, reversals and settlements taken back by message."""
    for _ in range(8):
        amount = f"{chosen.randint(1, 90_000) / 100:.2f}"
        told = await settled_visit(his, book, amount)
        number = told["setlinfo"]["setl_id"]
        match chosen.choice(("stays", "reversed", "again", "withdrawn", "reversal withdrawn")):
            case "reversed":
                book.enter(await his.take_back(told, "2208"), refund=True)
            case "again":
                book.enter(await his.take_back(told, "2208"), refund=True)
                book.enter(await his.settle_batch(told["setlinfo"]["mdtrt_id"], "B1", amount))
            case "withdrawn":
                await his.withdraw("2207")
                book.strike(number)
            case "reversal withdrawn":
                book.enter(await his.take_back(told, "2208"), refund=True)
                await his.withdraw("2208")
                book.strike(number, refund=True)


@pytest.mark.parametrize(("hospital_id", "seed"), [("H3", 1), ("H4", 2)])
async def test_a_random_day_agrees_to_the_fen(county: GatewayCounty, hospital_id: str, seed: int) -> None:
    his, book = county.his(hospital_id, JIAMUSI), DayBook()
    await random_day(his, book, random.Random(seed))
    stated = book.stated()
    told = await totals(his, stated)
    assert told["stmt_rslt"] == "0", told
    without = book.stated(refunds=False)
    for spelling in ("REFD_SETL_FLAG", "refd_setl_flag"):
        assert (await totals(his, without | {spelling: "0"}))["stmt_rslt"] == "0"
    found = await verdicts(county, his, book.lines(), stated)
    assert {row["stmt_rslt"] for row in found.values()} == {"0"}, found
    assert len(found) == len(book.rows)
    # a file without the flag tells a refund by its amount
    found = await verdicts(county, his, book.lines(flagged=False), stated)
    assert {row["stmt_rslt"] for row in found.values()} == {"0"}
    # a fen more on either side is told
    for apart, result in ((Decimal("0.01"), "2"), (Decimal("-0.01"), "1")):
        other = stated | {"fund_pay_sumamt": stated["fund_pay_sumamt"] + apart}
        assert (await totals(his, other))["stmt_rslt"] == result
    assert (await totals(his, stated | {"fixmedins_setl_cnt": 0, "medfee_sumamt": 10**6}))["stmt_rslt"] == "3"


async def test_each_line_has_its_verdict(county: GatewayCounty) -> None:
    his, book = county.his("H5", JIAMUSI), DayBook()
    equal, lacking, wrong = [(await settled_visit(his, book, amount))["setlinfo"] for amount in ("100", "50", "70.5")]
    lines = [each for each in book.lines() if each[0] != lacking["setl_id"]]
    lines[-1][3] = Decimal("70.51")
    lines.append(["NOWHERE", "M", "P", "1.00", "0.50", "null", "0"])
    lines.append(lines[0])
    found = await verdicts(county, his, lines, book.stated())
    results = {number: row["stmt_rslt"] for (number, _), row in found.items()}
    assert results[lacking["setl_id"]] == "1"
    assert results["NOWHERE"] == "2"
    assert results[wrong["setl_id"]] == "3"
    row = found[wrong["setl_id"], "0"]
    assert row["memo"] == "medfee_sumamt 机构 70.51，中心 70.50"
    assert (row["psn_no"], row["mdtrt_id"], row["msgid"]) == tuple(
        wrong[n] for n in ("psn_no", "mdtrt_id", "medins_setl_id")
    )
    # the same settlement twice: the second line is the hospital's alone
    assert (results[equal["setl_id"]], found[equal["setl_id"], "0"]["memo"]) == ("2", "同一结算重复列出")


async def test_what_the_ledger_has_made_of_a_settlement_since_is_told(county: GatewayCounty) -> None:
    his, book = county.his("H6"), DayBook()
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    book.enter(told)
    # a late fact: the person was on the roster all the time
    await county.ledger.publish([facts.roster(his.psn_no, "dibao")])
    (statement,) = await county.ledger.claims(his.psn_no)
    now, before = county.ledger.figures(statement)["fund_pay_sumamt"], told["setlinfo"]["fund_pay_sumamt"]
    assert now > before
    stated = book.stated(clr_type="21")
    answered = await totals(his, stated)
    assert answered["stmt_rslt"] == "0"
    assert f"1 笔其后再结算或被冲销，基金支付差额 {now - before:.2f}" in answered["stmt_rslt_dscr"]
    (row,) = (await verdicts(county, his, book.lines(), stated)).values()
    assert (row["stmt_rslt"], row["fund_pay_sumamt"]) == ("3", f"{now:.2f}")
    assert f"基金支付原 {before:.2f}，现 {now:.2f}，差额 {now - before:.2f}" in str(row["memo"])
    # whose own book has it as it is now agrees
    lines = book.lines()
    lines[0][4] = now
    (row,) = (await verdicts(county, his, lines, stated)).values()
    assert row["stmt_rslt"] == "0"
    # a bureau reverses the claim, of which the hospital was told nothing
    await county.ledger.reverse(told["setlinfo"]["setl_id"])
    (row,) = (await verdicts(county, his, book.lines(), stated)).values()
    assert (row["stmt_rslt"], row["fund_pay_sumamt"]) == ("2", None)
    assert "经办机构已冲销" in str(row["memo"])
    assert await verdicts(county, his, [["X", None, None, 1, 1, 0]], stated) == {
        ("X", "0"): {
            **dict.fromkeys(row),
            "setl_id": "X",
            "stmt_rslt": "2",
            "refd_setl_flag": "0",
            "memo": "中心无此结算",
        }
    }


async def test_a_hospital_gets_its_own_files_alone(county: GatewayCounty, his: His, other_his: His) -> None:
    number = await upload(his, packed([["S", "M", "P", 1, 1, 0]], encoding="gb18030"))
    asked = {"fsDownloadIn": {"file_qury_no": number, "filename": "dz.zip", "fixmedins_code": "H1"}}
    assert (await county.fetch(his.envelope("9102", asked))).content == packed([["S", "M", "P", 1, 1, 0]])
    assert "不存在或已过下载期" in (await refusal(other_his.call("9102", asked))).err_msg
    stated = sendable(DayBook().stated()) | {"file_qury_no": number}
    assert "请先上传对账文件(9101)" in (await refusal(other_his.call("3202", {"data": stated}))).err_msg
    # the same message again is the same file
    assert (await his.again("9101"))["file_qury_no"] == number


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no zip", "不是完好的zip压缩文件"),
        (zipped({"a.txt": b"1", "b.txt": b"2"}), "应只含一个文本文件，实有 2 个"),
        (zipped({"../../etc/passwd": b"1"}), "不得带路径"),
        (zipped({"C:\\dz.txt": b"1"}), "不得带路径"),
        (zipped({"bomb.txt": bytes(21 * 1024 * 1024)}), "解压后超过20MB"),
        (packed([["S", "M", "P", 1, 1, 0]])[:-30], "不是完好的zip压缩文件"),
        (bytes(8 * 1024 * 1024), "报文超过10MB"),
        (zipped({"bomb.txt": bytes(21 * 1024 * 1024)}, zipfile.ZIP_BZIP2), "通常的方式(deflate)"),
        (damaged(zipped({"dz.txt": bytes(range(256)) * 40})), "不是完好的zip压缩文件"),
    ],
    ids=[
        "text",
        "two files",
        "path above",
        "path of Windows",
        "bomb",
        "cut off",
        "too large",
        "bomb of bzip2",
        "damaged",
    ],
)
async def test_a_file_that_is_none_is_refused(his: His, content: bytes, told: str) -> None:
    assert told in (await refusal(upload(his, content))).err_msg


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"in": "*", "filename": "dz.zip"}, "base64文本或字节数组"),
        ({"in": [1, 999], "filename": "dz.zip"}, "不是字节的数"),
        ({"in": "UEs=", "filename": "../dz.zip"}, "不得带路径或控制字符"),
        ({"filename": "dz.zip"}, "in（文件内容） 必填"),
    ],
)
async def test_an_upload_that_is_none_is_refused(his: His, node: dict[str, Any], told: str) -> None:
    assert told in (await refusal(his.call("9101", {"fsUploadIn": node}))).err_msg


async def test_bytes_come_as_a_list_too(his: His) -> None:
    """As Java writes them: from -128 to 127."""
    content = [each - 256 if each > 127 else each for each in packed([["S", "M", "P", 1, 1, 0]])]
    answer = await his.call("9101", {"fsUploadIn": {"in": content, "filename": "dz.zip", "fixmedins_code": "H1"}})
    assert answer["file_qury_no"].startswith("H1F")
    assert answer["dld_endtime"] > "2026"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([["S", "M", "P", "1.00"]], "文件第 1 行有误：应以TAB分隔"),
        ([["S", "M", "P", 1, 1, 0], ["S", "M", "P", "壹", 1, 0]], "文件第 2 行的金额“壹”有误"),
        ([[None, "M", "P", 1, 1, 0]], "文件第 1 行有误"),
    ],
)
async def test_a_line_that_cannot_be_read_is_named(his: His, lines: list[list[Any]], told: str) -> None:
    number = await upload(his, packed(lines))
    stated = sendable(DayBook().stated()) | {"file_qury_no": number}
    assert told in (await refusal(his.call("3202", {"data": stated}))).err_msg


async def test_too_many_days_are_refused(his: His) -> None:
    stated = DayBook().stated() | {"stmt_begndate": "2019-01-01", "stmt_enddate": "2020-01-02"}
    assert "至多 366 天" in (await refusal(totals(his, stated))).err_msg
    assert "至多 366 天" in (await refusal(totals(his, stated | {"stmt_enddate": "2018-12-31"}))).err_msg
