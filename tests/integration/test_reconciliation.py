"""Reconciliation: each planted error is found where it was planted, and nothing else is."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select, text

from events.money import parse_yuan, yuan
from infra.files.hospital_file import read_detail, read_totals
from infra.files.text_file import UnusableFile
from processors.reconciliation.comparison import HospitalClaim, Reconciliation, reconcile
from projections.statements import statement_json, statements
from tests import facts
from tests.clerk import clerk
from tests.ledger import Books
from tests.months import months_from_now

MARCH = date(2019, 3, 1)
COLUMNS = (
    "claim_id",
    "date",
    "status",
    "total",
    "basic",
    "critical_illness",
    "assistance",
    "backstop",
    "funds",
    "patient_share",
)


@pytest.fixture
async def march(books: Books) -> list[dict[str, str]]:
    """A month of H1 beside another hospital and another month, and the file that H1 would write of it."""
    await books.publish([facts.hospital(), facts.hospital("H2"), facts.enrol(), facts.enrol("P2"), facts.roster("P2")])
    await books.publish([*facts.stay(1), *facts.stay(2, "P2"), *facts.stay(3, on="2019-03-31"), *facts.stay(4, "P2")])
    await books.publish([*facts.stay(5, on="2019-04-01"), *facts.stay(6, hospital_id="H2"), facts.reverse("C3")])
    async with books.engine.connect() as connection:
        rows = (await connection.execute(select(statements).where(statements.c.hospital_id == "H1"))).mappings()
        told = [statement_json(dict(row)) for row in rows if row["date"].month == 3]
    return sorted(map(row_of, told), key=lambda row: row["claim_id"])


def row_of(statement: Mapping[str, Any]) -> dict[str, str]:
    paid = {entry["layer"]: entry["paid"] for entry in statement["layers"]}
    funds = sum(map(parse_yuan, paid.values()))
    stated = {name: statement[name] for name in ("claim_id", "date", "status", "total", "patient_share")}
    return stated | paid | {"funds": yuan(funds)}


def write(
    folder: Path, rows: Iterable[Mapping[str, str]], columns: Iterable[str] = COLUMNS, encoding: str = "utf-8"
) -> Path:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / "march.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return path


async def held(books: Books, path: Path, **more: Any) -> Reconciliation:
    return await reconcile(books.engine, "H1", MARCH, read_detail(path, MARCH).claims, **more)


def told(found: Reconciliation) -> list[tuple[Any, ...]]:
    return [(each.kind, each.claim_id, each.field, each.difference) for each in found.differences]


async def test_the_ledger_s_own_month_agrees(books: Books, march: list[dict[str, str]], tmp_path: Path) -> None:
    assert [row["claim_id"] for row in march] == ["C1", "C2", "C3", "C4"]
    found = await held(books, write(tmp_path, march))
    assert told(found) == []
    assert found.hospital == {name: found.ledger[name] for name in found.hospital}
    assert found.ledger["claims"] == 3  # C3 is reversed
    columns = [name for name in COLUMNS if name not in ("basic", "critical_illness", "assistance", "backstop")]
    assert told(await held(books, write(tmp_path, march, columns))) == []
    without_reversed = [row for row in march if row["claim_id"] != "C3"]
    assert told(await held(books, write(tmp_path, without_reversed))) == []


async def test_each_planted_error_is_found(books: Books, march: list[dict[str, str]], tmp_path: Path) -> None:
    c1, c2, c3, c4 = march

    async def of(*rows: dict[str, str]) -> list[tuple[Any, ...]]:
        return told(await held(books, write(tmp_path, rows)))

    assert await of(c1, c2, c3) == [("ledger_only", "C4", None, None)]
    assert await of(*march, c1 | {"claim_id": "C99"}) == [("hospital_only", "C99", None, None)]
    assert await of(*march, c1 | {"claim_id": "C6"}) == [("hospital_only", "C6", None, None)]  # it is H2's
    assert await of(c1 | {"status": "reversed"}, c2, c3, c4) == [("reversed_at_hospital", "C1", "status", None)]
    assert await of(c1, c2, c3 | {"status": "settled"}, c4) == [("reversed_in_ledger", "C3", "status", None)]
    assert await of(c1 | {"date": "2019-03-11"}, c2, c3, c4) == [("date_differs", "C1", "date", None)]
    basic = yuan(parse_yuan(c1["basic"]) - 150)
    assert await of(c1 | {"basic": basic, "funds": ""}, c2, c3, c4) == [("amount_differs", "C1", "basic", "-1.50")]
    share = yuan(parse_yuan(c4["patient_share"]) + 150)
    assert await of(c1, c2, c3, c4 | {"patient_share": share, "total": "10000.01"}) == [
        ("amount_differs", "C4", "total", "0.01"),
        ("amount_differs", "C4", "patient_share", "1.50"),
    ]
    april = c1 | {"claim_id": "C5"}
    assert ("date_differs", "C5", "date", None) in await of(*march, april)


async def test_a_hospital_that_is_none_is_told(books: Books, march: list[dict[str, str]]) -> None:
    with pytest.raises(LookupError, match="no hospital H7"):
        await reconcile(books.engine, "H7", MARCH, [])
    assert {kind for kind, *_ in told(await reconcile(books.engine, "H1", MARCH, []))} == {"ledger_only"}


async def test_funds_are_compared_where_the_file_has_no_layers(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    columns = ("claim_id", "date", "status", "total", "funds", "patient_share")
    rows = [march[0] | {"funds": "1.00"}, *march[1:]]
    (only,) = (await held(books, write(tmp_path, rows, columns))).differences
    assert (only.kind, only.claim_id, only.field, only.hospital) == ("amount_differs", "C1", "funds", "1.00")


async def test_a_difference_of_funds_is_hidden_only_by_layers_that_tell_all_of_it(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    """Basic is 1.50 off in each; funds by as much, by 1.51, and by nothing."""
    c1 = march[0]
    basic, funds = (parse_yuan(c1[name]) for name in ("basic", "funds"))
    for off, listed in ((150, []), (151, [("amount_differs", "C1", "funds", "1.51")]), (0, [])):
        stated = HospitalClaim("C1", date(2019, 3, 10), {"basic": basic + 150, "funds": funds + off})
        rows = [claim for claim in read_detail(write(tmp_path, march), MARCH).claims if claim.claim_id != "C1"]
        found = await reconcile(books.engine, "H1", MARCH, [stated, *rows])
        assert told(found) == [("amount_differs", "C1", "basic", "1.50"), *listed]
    standing = [row for row in march if row["status"] == "settled"]
    sums = {name: sum(parse_yuan(row.get(name, "0")) for row in standing) for name in ("basic", "assistance", "funds")}
    totals = {"basic": sums["basic"] + 100, "assistance": sums["assistance"] - 100, "funds": sums["funds"] + 70_00}
    detail = read_detail(write(tmp_path, march), MARCH).claims
    assert told(await reconcile(books.engine, "H1", MARCH, detail, totals=totals)) == [
        (kind, None, name, difference)
        for kind in ("total_differs", "total_not_of_detail")
        for name, difference in (("basic", "1.00"), ("assistance", "-1.00"), ("funds", "70.00"))
    ]


async def test_why_the_ledger_lacks_a_claim_is_told(books: Books, march: list[dict[str, str]], tmp_path: Path) -> None:
    await books.publish([facts.discharge("W1", "A77"), facts.discharge("D1", "A1")])
    rows = [*march, march[0] | {"claim_id": "W1"}, march[0] | {"claim_id": "D1"}]
    details = {each.claim_id: each.detail for each in (await held(books, write(tmp_path, rows))).differences}
    assert details["W1"] == "waits for admission A77"
    assert details["D1"] is not None
    assert details["D1"].startswith("refused: already_discharged")


async def test_totals_are_held_against_the_ledger_and_the_hospital_s_own_detail(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "totals.csv"
    path.write_text("claims,total\n3,30000.00\n", encoding="utf-8")
    detail = write(tmp_path, march)
    assert told(await held(books, detail, totals=read_totals(path))) == []
    path.write_text("人次,总额\n4,30000.00\n", encoding="gb18030")
    assert told(await held(books, detail, totals=read_totals(path))) == [
        ("total_differs", None, "claims", "1"),
        ("total_not_of_detail", None, "claims", "1"),
    ]
    # the ledger and the totals agree, the detail lacks a claim
    path.write_text("claims\n3\n", encoding="utf-8")
    found = await held(books, write(tmp_path, march[1:]), totals=read_totals(path))
    assert told(found) == [("ledger_only", "C1", None, None), ("total_not_of_detail", None, "claims", "1")]


async def test_a_bad_row_is_told_by_its_number_and_the_others_are_compared(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    c1, c2, c3, c4 = march
    bad = [
        c1 | {"total": "1,0000"},
        c2 | {"date": "2019-04-01"},
        c4 | {"funds": "0.01"},
        c1 | {"claim_id": "a b"},
        c1 | {"claim_id": "C8", "status": "open"},
        c1 | {"claim_id": "C7", "date": "20190301"},
    ]
    detail = read_detail(write(tmp_path, [c3, *bad, c3]), MARCH)
    assert [(each.row, each.claim_id) for each in detail.bad] == [
        *((3, "C1"), (4, "C2"), (5, "C4"), (6, None), (7, "C8"), (8, "C7")),
        (9, "C3"),
    ]
    assert [claim.claim_id for claim in detail.claims] == ["C3"]
    unread = {each.claim_id or "" for each in detail.bad}
    found = await reconcile(books.engine, "H1", MARCH, detail.claims, unread=unread)
    assert found.differences == []  # what could not be read is not said to be missing


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "empty"),
        ("claim_id,date,total\nC1,2019-03-01,1\n", "no column patient_share"),
        ("claim_id,date,total,patient_share\n", "no column of what the funds pay"),
        ("claim_id,claim_id,date,total,patient_share,funds\n", "claim_id stands twice"),
        ('claim_id,"date\n', "not a CSV file: the row that begins in line 1"),
        ('claim_id,date,total\nC1,"a\nb",1\nC2,2019-03-01,"1" \nC3,x,1\n', "row that begins in line 4: "),
        ('claim_id,date,total\nC1,2019-03-01,1\nC2,"2019-03-01,1\nC3,2019-03-01,1\n', "row that begins in line 3: "),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnusableFile, match=problem):
        read_detail(path, MARCH)


async def _prepaid(books: Books) -> None:
    """佳木斯, tier 3, 60,000 twice (docs/domain.md#j1): funds 44,272.50, person 15,727.50; C2 was prepaid."""
    await books.publish(
        [facts.hospital(region="230803"), *(facts.enrol(each, region="230803") for each in ("P1", "P2"))]
    )
    await books.publish([*facts.stay(1, in_scope="60000"), *facts.stay(2, "P2", in_scope="60000", prepaid=True)])


async def test_a_prepaid_claim_is_seen_as_its_hospital_sees_it(books: Books, tmp_path: Path) -> None:
    await _prepaid(books)
    c1 = {
        "claim_id": "C1",
        "date": "2019-03-10",
        "total": "60,000.00",
        "funds": "44,272.50",
        "patient_share": "15727.5",
    }
    c2 = {"claim_id": "C2", "date": "2019-03-10", "total": "60000", "funds": "0", "patient_share": "60000"}
    columns = ("claim_id", "date", "total", "funds", "patient_share")
    totals = {"claims": 2, "total": 120_000_00, "funds": 44_272_50, "patient_share": 75_727_50}
    found = await held(books, write(tmp_path, [c1, c2], columns), totals=totals)
    assert told(found) == []
    assert found.prepaid == {"claims": 1, "funds": 44_272_50}
    # a hospital may state it as the statement that it was told
    as_told = c2 | {"funds": "44272.50", "patient_share": "15727.50"}
    assert told(await held(books, write(tmp_path, [c1, as_told], columns))) == []
    wrong = c2 | {"patient_share": "59999"}
    assert told(await held(books, write(tmp_path, [c1, wrong], columns))) == [
        ("amount_differs", "C2", "patient_share", "-1.00")
    ]


async def test_a_month_by_day_of_settlement_has_refunds_as_negative_rows(books: Books, tmp_path: Path) -> None:
    await _prepaid(books)
    this, following = months_from_now()
    today = f"{this:%Y-%m}-05"
    row = {"claim_id": "C1", "date": today, "total": "60000", "funds": "44272.5", "patient_share": "15727.5"}
    refund = row | {"total": "-60,000.00", "funds": "-44272.5", "patient_share": "-15727.5"}
    prepaid = row | {"claim_id": "C2", "funds": "0", "patient_share": "60000"}
    columns = ("claim_id", "date", "total", "funds", "patient_share")

    async def by_settlement(month: date, *rows: dict[str, str]) -> list[tuple[Any, ...]]:
        claims = read_detail(write(tmp_path, rows, columns), month, by_settlement=True).claims
        return told(await reconcile(books.engine, "H1", month, claims, by_settlement=True))

    # stays of March 2019, settled today
    assert await by_settlement(this, row, prepaid) == []
    assert await by_settlement(this, row) == [("ledger_only", "C2", None, None)]
    await books.publish([facts.reverse("C1")])
    assert await by_settlement(this, row, refund, prepaid) == []
    assert await by_settlement(this, prepaid) == []  # nothing is left of it
    assert await by_settlement(this, row, prepaid) == [("reversed_in_ledger", "C1", "status", None)]
    # had it been settled in the month before, the refund stands alone in this one
    async with books.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            text("UPDATE ledger.entries SET recorded_at = recorded_at - interval '40 days' WHERE type = :settled"),
            {"settled": "claim.settled.v1"},
        )
    assert await by_settlement(this, refund) == []
    assert await by_settlement(this, refund | {"funds": "-44272.4"}) == [("amount_differs", "C1", "funds", "0.10")]
    assert await by_settlement(following) == []


async def test_a_refund_that_cancels_its_row_is_a_reversal(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    c1, c2, c3, c4 = march
    c3 = c1 | {"claim_id": "C3", "date": "2019-03-31", "status": ""}
    amounts = [name for name in COLUMNS[3:] if c3.get(name)]
    back = c3 | {name: f"-{c3[name]}" for name in amounts}
    assert told(await held(books, write(tmp_path, [c1, c2, c3, back, c4]))) == []
    alone = read_detail(write(tmp_path, [c1, back]), MARCH)
    assert [(bad.row, "--by settlement" in bad.reason) for bad in alone.bad] == [(3, True)]


async def test_a_workbook_with_titles_totals_and_formatted_amounts(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["县人民医院 2019年3月结算明细"])
    sheet.append([None, "单位：元"])
    sheet.append(["结算单号", "日\n期", "状态", "总额（元）", "基金支付", "个人支付", "备注"])
    for row in march:
        state = {"settled": "已结算", "reversed": "已冲正"}[row["status"]]
        day = date.fromisoformat(row["date"])
        amounts = [float(row["total"]), f"{float(row['funds']):,.2f}", float(row["patient_share"])]
        sheet.append([row["claim_id"], day, state, *amounts, None])
    sheet.append(["合计", None, None, "=SUM(D4:D7)"])
    book.create_sheet("说明").append(["以上数据由本院财务科提供"])
    path = tmp_path / "march.xlsx"
    book.save(path)
    detail = read_detail(path, MARCH)
    assert (detail.bad, detail.sums, detail.ignored) == ([], [8], ["?备注"])
    assert told(await reconcile(books.engine, "H1", MARCH, detail.claims)) == []
    # a formula that no program has computed is no amount, and no 0.00
    sheet["E4"] = "=1+1"
    book.save(path)
    assert [(bad.row, bad.claim_id) for bad in read_detail(path, MARCH).bad] == [(4, "C1")]


async def test_the_differences_are_written_as_a_file(
    books: Books, march: list[dict[str, str]], tmp_path: Path, database: str, nats_url: str
) -> None:
    path = write(tmp_path, march[1:])
    asked = ("reconcile", "--hospital", "H1", "--month", "2019-03", path, "--out")
    env = {"CLAIMS_DATABASE_URL": books.engine.url.render_as_string(hide_password=False), "CLAIMS_NATS_URL": nats_url}
    async with clerk(**{name: value.replace("+asyncpg", "") for name, value in env.items()}) as claims:
        done = await claims(*asked, tmp_path / "out.xlsx")
        assert (done.code, (tmp_path / "out.xlsx").stat().st_mode & 0o777) == (1, 0o600)
        sheet, sums = load_workbook(tmp_path / "out.xlsx").worksheets
        assert [sheet["A1"].value, sheet["A3"].value] == ["对账差异 H1 2019-03", "种类"]
        assert [sheet["A4"].value, sheet["B4"].value, sheet["A7"].value] == [
            *("仅账本有 ledger_only", "C1"),
            "医院签章：____________    经办机构签章：____________    日期：____________",
        ]
        # a number of claims beside amounts
        assert [(cell.value, cell.number_format) for cell in sums[4]] == [
            *(("人次 claims", "@"), (2, "0"), (3, "0")),
        ]
        assert sums["B5"].number_format == "#,##0.00"
        assert (await claims(*asked, tmp_path / "out.csv")).code == 1
        assert "仅账本有 ledger_only,C1" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
        assert (await claims(*asked, tmp_path / "out.pdf")).code == 2
