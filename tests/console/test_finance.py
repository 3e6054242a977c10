"""Finance's pages: reports, the rows behind their figures, and exports that equal the filter."""

import csv
import io
import re
from decimal import Decimal
from html import unescape

import orjson

from infra.console.finance.report_pages import REPORT_PAGES
from tests.console.harness import ConsoleUnderTest, SignedIn

ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)


def _table(page: str, name: str) -> list[dict[str, str]]:
    """The rows of a listing's page as links and texts by heading."""
    part = page[page.index(f'id="listing-{name}"') :].split("</section>")[0]
    heads = re.findall(r'<span class="en" lang="en">([^<]*)</span></th>', part)
    return [
        dict(zip(heads, CELL.findall(row), strict=True))
        for row in ROW.findall(part.split("<tbody>")[1].split("</tbody>")[0])
    ]


def _link(cell: str) -> str:
    found = re.search(r'href="([^"]*)"', cell)
    assert found is not None, cell
    return unescape(found[1])


def _plain(cell: str) -> str:
    return re.sub(r"<[^>]*>", "", cell).replace(",", "").replace("−", "-").strip()


async def _rows(session: SignedIn, there: str) -> list[dict[str, str]]:
    """The rows that an address lists, as its export has them."""
    answer = await session.get(f"{there}&format=json")
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, str]] = orjson.loads(answer.content)["rows"]
    return rows


async def test_every_report_opens_for_finance_and_clerks(console: ConsoleUnderTest) -> None:
    for role in ("finance_reader", "ledger_writer"):
        session = await console.signed_in(role)
        for path in ("/finance", *(f"/finance/{name}" for name in REPORT_PAGES), "/finance/claims"):
            answer = await session.get(path)
            assert answer.status_code == 200, (role, path, answer.text)
            assert "本页说明" in answer.text, path


async def test_a_figure_of_the_annual_report_is_the_sum_of_the_claims_behind_it(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("finance_reader")
    page = (await session.get("/finance/annual")).text
    for row in _table(page, "annual"):
        for heading, column in (
            ("paid, yuan", "paid"),
            ("total, yuan", "total"),
            ("patient share, yuan", "patient_share"),
            ("basic, yuan", "layer_paid"),
        ):
            behind = await _rows(session, _link(row[heading]))
            assert sum(Decimal(each[column]) for each in behind) == Decimal(_plain(row[heading])), (heading, row)
        assert len(await _rows(session, _link(row["claims"]))) == int(_plain(row["claims"]))
    total = re.search(r"<tfoot>.*</tfoot>", page, re.DOTALL)
    assert total is not None
    everything = await _rows(session, "/finance/claims?region=360923")
    assert f"{sum(Decimal(each['paid']) for each in everything):,.2f}" in total[0]
    assert 'href="/finance/claims"' in total[0]


async def test_what_was_booked_in_a_month_is_the_sum_of_its_entries(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    await session.post("/access/purpose", {"reason": "核对入账"})  # a sum may be of one person alone
    page = (await session.get("/finance/monthly")).text
    rows = _table(page, "monthly")
    assert rows
    for row in rows[:6]:
        for heading in ("decided, yuan", "adjusted, yuan", "net, yuan"):
            behind = await _rows(session, _link(row[heading]))
            assert sum((Decimal(each["amount"]) for each in behind), Decimal(0)) == Decimal(_plain(row[heading]))
        assert len(await _rows(session, _link(row["bookings"]))) == int(_plain(row["bookings"]))


async def test_finance_sees_figures_but_no_entries_and_nobody_at_home(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("finance_reader")
    page = (await session.get("/finance/monthly")).text
    assert "/finance/bookings" not in page
    assert (await session.get("/finance/bookings?year=2026")).status_code == 403
    assert (await session.get("/finance/claims?township=360923001")).status_code == 403
    assert "/persons/" not in (await session.get("/finance/targets")).text


async def test_an_export_has_the_rows_of_the_filter_and_says_which(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("finance_reader")
    shown = _table((await session.get("/finance/annual?setting=inpatient&poor=true")).text, "annual")
    answer = await session.get("/finance/annual?setting=inpatient&poor=true&format=csv")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    rows = [line for line in lines[1:] if not line[0].startswith("# ")]
    assert len(rows) == len(shown) == 1
    remarks = "\n".join(line[0] for line in lines if line[0].startswith("# "))
    assert "就医类型 住院" in remarks
    assert "贫困人口 是" in remarks
    assert re.search(r"账本位置 \d+，数据截至 20", remarks), remarks


async def test_a_filter_that_makes_no_sense_names_its_field(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("finance_reader")
    for path in (
        "/finance/annual?year=x",
        "/finance/monthly?month=2019-13",
        "/finance/claims?poor=maybe",
        "/finance?year=9999999",
    ):
        answer = await session.get(path)
        assert answer.status_code == 422, (path, answer.text)
        assert "不可用" in answer.text, path
    assert (await session.get("/finance/nothing")).status_code == 404


async def test_what_a_fund_paid_for_a_category_is_asked_of_the_claims_themselves(console: ConsoleUnderTest) -> None:
    clerk = await console.signed_in("ledger_writer")
    every = await _rows(clerk, "/finance/claims?layer=basic")
    expected = [row for row in every if "dibao" in row["categories"]]
    assert 0 < len(expected) < len(every)
    assert await _rows(clerk, "/finance/claims?layer=basic&category=dibao") == expected
    page = (await clerk.get("/finance/claims?layer=basic&category=dibao")).text
    assert f"{sum(Decimal(row['layer_paid']) for row in expected):,.2f}" in page[page.index("<tfoot>") :]
    assert 'name="category"' in page
    assert 'name="township"' in page
    sheet = (await clerk.get("/finance/claims?category=dibao&format=csv")).content.decode("utf-8-sig")
    assert "当日类别" in sheet
    reader = await console.signed_in("finance_reader")
    offered = (await reader.get("/finance/claims")).text
    assert 'name="category"' in offered
    assert 'name="township"' not in offered
