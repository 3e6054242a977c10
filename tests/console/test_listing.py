"""The table of the console: filters, order, pages, sums, links, and exports that equal the filter."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import orjson
import pyarrow.parquet as pq
import pytest
from fastapi import APIRouter, Request
from fastapi.responses import Response
from openpyxl import load_workbook
from sqlalchemy import select

from infra.console.application import console as application
from infra.console.application import console_state
from infra.console.authorization import needs
from infra.console.group import PageGroup
from infra.console.listing import Listing, show_listing
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.listing_sources import Criteria, read_rows
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.settings import Settings
from projections.statements import statements
from tests.console.harness import ConsoleUnderTest
from tests.program import eventually

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.CLAIMS)]
CLAIMS = Listing(
    "claims",
    "结算单 Claims",
    (
        ListColumn("claim_id", "结算单", "claim", "id", link=lambda row: f"/claims/{row['claim_id']}"),
        ListColumn("date", "日期", "date", "day"),
        ListColumn("setting", "就医类型", "setting", names={"inpatient": "住院"}),
        ListColumn("total", "总额", "total", "fen", summed=True),
        ListColumn("categories", "类别", "categories", "texts", sortable=False),
        ListColumn("late", "迟报", "late", "flag"),
    ),
    (
        ListFilter("setting", "就医类型", "setting", "choice", {"inpatient": "住院", "chronic": "门诊慢特病"}),
        ListFilter("from", "自", "from", "from", column="date"),
        ListFilter("until", "至", "until", "until", column="date"),
        ListFilter("month", "月份", "month", "month", column="date"),
        ListFilter("least", "总额不低于", "total at least", "least", column="total"),
        ListFilter("region", "统筹区", "region", "region"),
        ListFilter("has", "编号含", "id contains", "contains", column="claim_id"),
    ),
    order="-total",
    personal=True,
)
NAMES = Listing(
    "names",
    "名称 Names",
    (
        ListColumn("name", "名称", "name"),
        ListColumn("share", "占比", "share", "share"),
        ListColumn("at", "时间", "at", "moment"),
        ListColumn("paid", "支付", "paid", "yuan", summed=True),
    ),
    (
        ListFilter("has", "含", "contains", "contains", column="name"),
        ListFilter("month", "月份", "month", "month", column="at"),
    ),
    order="name",
)
HOSTILE = '=HYPERLINK("http://evil")<script>alert(1)</script>'
ROWS: list[dict[str, Any]] = [
    {"name": HOSTILE, "share": "0.25", "at": datetime(2026, 6, 30, 17, tzinfo=UTC), "paid": "1234.50"},  # 1 July there
    {"name": "甲", "share": None, "at": None, "paid": "0.50"},
]


@router.get("/test/claims")
async def claims(request: Request, visitor: Reader) -> Response:
    return await show_listing(request, visitor, CLAIMS, select(statements))


@router.get("/test/names")
async def names(request: Request, visitor: Reader) -> Response:
    return await show_listing(request, visitor, NAMES, ROWS)


@pytest.fixture(scope="module")
async def client(console: ConsoleUnderTest) -> AsyncIterator[httpx.AsyncClient]:
    state = console_state(console.database_url, "", Settings())
    state.groups = {**state.groups, "test": PageGroup(router)}
    transport = httpx.ASGITransport(application(state))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", follow_redirects=True) as client:
        await client.get(f"/session/link/{state.links.make()}")
        yield client
    await state.works.end_all()
    await state.sessions.end_all()
    await state.engine.dispose()


@pytest.fixture(scope="module")
async def held(console: ConsoleUnderTest) -> list[Any]:
    """The statements, largest first."""
    async with console.running.state.engine.connect() as connection:
        query = select(statements).order_by(statements.c.total.desc(), statements.c.claim_id)
        return list((await connection.execute(query)).all())


async def _json(client: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get("/test/claims", params={"format": "json", **asked})
    assert answer.status_code == 200, answer.text
    return list(orjson.loads(answer.content)["rows"])


async def test_pages_follow_each_other_without_gap_or_repeat(client: httpx.AsyncClient, held: list[Any]) -> None:
    seen: list[str] = []
    for page in range(1, len(held) // 50 + 2):
        shown = (await client.get("/test/claims", params={"page": page})).text
        seen += [part.partition('"')[0] for part in shown.split('href="/claims/')[1:]]
        assert f"共 {len(held):,} 行" in shown
        assert ("下一页" in shown) == (page * 50 < len(held))
    assert seen == [row.claim_id for row in held]


async def test_a_total_is_of_all_rows_of_the_filter(client: httpx.AsyncClient, held: list[Any]) -> None:
    ours = [row.total for row in held if row.setting == "inpatient"]
    shown = (await client.get("/test/claims", params={"setting": "inpatient"})).text
    foot = shown.partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert f"{sum(ours) // 100:,}.{sum(ours) % 100:02}" in foot
    assert f"共 {len(ours):,} 行" in shown


async def test_filters_narrow_as_they_say(client: httpx.AsyncClient, held: list[Any]) -> None:
    middle = sorted(row.date for row in held)[len(held) // 2]
    day, month = middle.isoformat(), f"{middle:%Y-%m}"
    least = held[10].total
    region = held[0].region
    expected = {
        ("setting", "chronic"): [row for row in held if row.setting == "chronic"],
        ("from", day): [row for row in held if row.date >= middle],
        ("until", day): [row for row in held if row.date <= middle],
        ("month", month): [row for row in held if f"{row.date:%Y-%m}" == month],
        ("least", f"{least / 100:.2f}"): [row for row in held if row.total >= least],
        ("region", f"{region[:4]}00"): [row for row in held if row.region[:4] == region[:4]],
        ("has", held[3].claim_id[2:].lower()): [
            row for row in held if held[3].claim_id[2:].lower() in row.claim_id.lower()
        ],
        ("has", "%"): [],
    }
    for (name, value), rows in expected.items():
        assert [row["claim_id"] for row in await _json(client, **{name: value})] == [row.claim_id for row in rows], name


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"from": "2026-13-01"}, "自"),
        ({"least": "NaN"}, "总额不低于"),
        ({"setting": "hotel"}, "就医类型"),
        ({"region": "36"}, "统筹区"),
        ({"until": "9999-12-31"}, "至"),  # the day behind it is none
        ({"from": "0001-01-01"}, "自"),
        ({"month": "9999-12"}, "月份"),
        ({"least": "1e30"}, "总额不低于"),
        ({"sort": "person_id"}, "sort"),
        ({"sort": "categories"}, "sort"),
        ({"page": "0"}, "page"),
        ({"page": "-1"}, "page"),
        ({"format": "exe"}, "format"),
    ],
)
async def test_what_makes_no_sense_names_its_field(
    client: httpx.AsyncClient, asked: dict[str, str], field: str
) -> None:
    refused = await client.get("/test/claims", params=asked)
    assert refused.status_code == 422
    assert f"<b>{field}</b>" in refused.text


@pytest.mark.parametrize(
    "path", ["/test/claims?has=%00", "/leads?person=%00", "/cases/open?lead=%00", "/claims?year=9%00"]
)
async def test_what_no_text_of_the_database_holds_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 422


@pytest.mark.parametrize("path", ["/claims?year=99999999999", "/leader?year=1", "/finance/bookings?year=9999"])
async def test_a_year_out_of_range_names_its_field(client: httpx.AsyncClient, path: str) -> None:
    refused = await client.get(path)
    assert (refused.status_code, "<b>年度</b>" in refused.text) == (422, True)


async def test_an_order_is_kept_by_pages_and_turned_by_its_heading(client: httpx.AsyncClient, held: list[Any]) -> None:
    rows = await _json(client, sort="date")
    assert [row["date"] for row in rows] == sorted(row.date.isoformat() for row in held)
    shown = (await client.get("/test/claims", params={"sort": "date", "setting": "inpatient"})).text
    assert 'aria-sort="ascending"' in shown
    assert "setting=inpatient&amp;sort=-date" in shown or "sort=-date&amp;setting=inpatient" in shown


async def test_every_format_has_the_rows_of_the_filter_and_says_which(
    client: httpx.AsyncClient, held: list[Any]
) -> None:
    ours = [row for row in held if row.setting == "inpatient"]
    ids = [row.claim_id for row in ours]
    asked = {"setting": "inpatient"}
    told = {
        form: await client.get("/test/claims", params={**asked, "format": form}) for form in ("xlsx", "csv", "parquet")
    }
    for form, answer in told.items():
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].endswith(f'.{form}"')
    sheet = load_workbook(io.BytesIO(told["xlsx"].content)).active
    assert sheet is not None
    lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [line[0] for line in lines[3 : 3 + len(ids)]] == ids
    assert "筛选：就医类型 住院" in str(lines[1][0])
    assert "账本位置 " in str(lines[1][0])
    assert str(lines[3 + len(ids)][3]) == str(sum(row.total for row in ours) / 100)
    read = list(csv.reader(io.StringIO(told["csv"].content.decode("utf-8-sig"))))
    assert [line[0] for line in read[1 : 1 + len(ids)]] == ids
    assert read[1][3] == f"{ours[0].total / 100:.2f}"
    assert any(line[0] == "# 筛选：就医类型 住院" for line in read[1 + len(ids) :])
    table = pq.read_table(io.BytesIO(told["parquet"].content))
    assert table.column("claim_id").to_pylist() == ids
    assert sum(table.column("total").to_pylist()) * 100 == sum(row.total for row in ours)
    assert table.schema.metadata[b"ledger_entries"].isdigit()
    assert orjson.loads(table.schema.metadata[b"filters"]) == {"就医类型": "住院"}


async def test_many_rows_are_work_in_the_background(
    client: httpx.AsyncClient, held: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.console.listing.AT_ONCE", {"csv": 10})
    page = await client.get("/test/claims", params={"format": "csv", "sort": "claim_id"})
    assert page.url.path.startswith("/jobs/")

    async def ended() -> bool:
        return "下载" in (await client.get(page.url.path)).text

    await eventually(ended)
    file = await client.get(f"{page.url.path}/file")
    read = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [line[0] for line in read[1 : 1 + len(held)]] == sorted(row.claim_id for row in held)


async def test_text_from_outside_stays_text(client: httpx.AsyncClient) -> None:
    shown = (await client.get("/test/names")).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    asked = await client.get("/test/names", params={"has": '"><script>alert(2)</script>'})
    assert "<script>alert" not in asked.text
    assert "没有符合筛选条件的行" in asked.text
    file = await client.get("/test/names", params={"format": "csv"})
    read = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert read[1][0] == f"'{HOSTILE}"
    book = load_workbook(io.BytesIO((await client.get("/test/names", params={"format": "xlsx"})).content))
    cell = book.worksheets[0]["A4"]
    assert (cell.value, cell.data_type) == (HOSTILE, "s")


async def test_rows_in_memory_are_listed_as_those_of_a_query(client: httpx.AsyncClient) -> None:
    shown = (await client.get("/test/names", params={"sort": "-share"})).text
    assert shown.index("&lt;script") < shown.index("甲")  # what has no value stands last, either way
    assert "25.00%" in shown
    assert "1,235.00" in shown.partition("<tfoot>")[2]
    july = (await client.get("/test/names", params={"month": "2026-07"})).text
    assert "2026-07-01 01:00:00" in july
    assert "甲" not in july.partition("<tbody>")[2]


def test_amounts_that_rows_in_memory_have_as_text_are_ordered_by_what_they_say() -> None:
    rows: list[Row] = [{"amount": "877275.55"}, {"amount": "9760.99"}, {"amount": None}, {"amount": "7453974.60"}]
    asked = Criteria({}, (), "amount", True, (), (), 1, figures=frozenset({"amount"}))
    found = read_rows(rows, asked, 0, 9).rows
    assert [row["amount"] for row in found] == ["7453974.60", "877275.55", "9760.99", None]
