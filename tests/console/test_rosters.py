"""Civil affairs in the console: a list is previewed, taken, compared, sent out, signed for and withdrawn."""

import io
import re
from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zipfile import ZipFile

import httpx
import orjson
import pytest
from openpyxl import Workbook, load_workbook
from playwright.async_api import Browser
from sqlalchemy import text

from infra.console.rosters import month_routes
from infra.files.key_file import PERSONS, key_file_of, write_keys
from infra.operations.quiescence import until_quiet
from infra.servers import Endpoints
from processors.identities.identity import Identity
from processors.identities.store import record_identities
from processors.offices.keys import KeyRing, new_key
from tests import facts
from tests.conftest import cloned
from tests.console.harness import NAMES, ConsoleUnderTest, SignedIn, axe_faults, browser_page, console_beside_worker
from tests.program import eventually

JIAMUSI = "230803"
AS_ANYBODY, AS_POOR = "15,727.50", "11,745.00"
"""The patient's share of 60,000 at a hospital of tier 3 in 佳木斯: as anybody, and under dibao; 3,982.50 less."""


@pytest.fixture(scope="module")
async def console(
    endpoints: Endpoints, template_database: str, passwords: Mapping[str, str], data_dir: Path
) -> AsyncIterator[ConsoleUnderTest]:
    """A console beside a worker, over a ledger with two settled stays and nobody on a roster."""
    events = [
        facts.hospital("H1", 3, region=JIAMUSI),
        *(facts.enrol(person, region=JIAMUSI) for person in ("00001", "N00002")),
        *facts.stay(1, "00001", "2019-04-10", in_scope="60000"),
        *facts.stay(2, "N00002", "2019-04-10", in_scope="60000"),
    ]
    async with (
        cloned(endpoints, template_database) as url,
        console_beside_worker(url, passwords, data_dir, events) as running,
    ):
        yield running


def sheet(*rows: tuple[object, ...]) -> bytes:
    book, content = Workbook(), io.BytesIO()
    for row in (("姓名", "参保人编号", "救助对象类别", "生效日期"), *rows):
        book.active.append(list(row))  # type: ignore[union-attr]
    book.save(content)
    return content.getvalue()


async def uploaded(session: SignedIn, content: bytes, month: str = "2019-06", **fields: str) -> httpx.Response:
    said = {"department": "civil-affairs", "region": JIAMUSI, "period": month, "received": "2019-06-08"} | fields
    return await session.post("/rosters/preview", said, {"file": ("六月<b>名单.xlsx", content)})


def hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return found[1]


async def rows(session: SignedIn, page: httpx.Response, listing: str) -> list[dict[str, object]]:
    asked = {key: value[0] for key, value in parse_qs(page.url.query.decode()).items()}
    found = await session.client.get(page.url.path, params=asked | {f"{listing}.format": "json"})
    assert found.status_code == 200, found.text
    made: list[dict[str, object]] = orjson.loads(found.content)["rows"]
    return made


async def wait_until_settled(console: ConsoleUnderTest) -> None:
    await until_quiet(console.running.state.engine, [])


async def imports(console: ConsoleUnderTest) -> list[tuple[object, ...]]:
    async with console.running.state.engine.connect() as connection:
        query = "SELECT period, actor, added, removed, stands FROM finance.roster_imports ORDER BY number"
        return [tuple(row) for row in await connection.execute(text(query))]


async def test_a_clerk_takes_compares_sends_and_withdraws_a_list(console: ConsoleUnderTest) -> None:
    """N00002 enters since March: 15,727.50 − 11,745.00 = 3,982.50 less. 1 is held back, for 00001 is insured."""
    session = await console.signed_in("ledger_writer")
    assert "还没有导入过名单" in (await session.get("/rosters")).text
    content = sheet(
        ("测甲", "N00002", "低保", "2019-03-01"), ("测乙", "1", "低保", None), ("测丙", "N00003", "富人", None)
    )
    shown = await uploaded(session, content)
    assert shown.url.path.startswith("/rosters/preview/"), shown.text
    assert [row["person_id"] for row in await rows(session, shown, "changes")] == ["N00002"]
    refused = await rows(session, shown, "refused")
    assert [(row["reason"], row["person_id"], row["near"]) for row in refused] == [
        ("unknown_category", "N00003", None),
        ("near_person_id", "1", "00001"),
    ]
    moved = [(row["claim_id"], row["share_before"], row["moved"]) for row in await rows(session, shown, "claims")]
    assert moved == [("C2", "15727.50", "-3982.50")]
    assert "−3,982.50" in shown.text
    assert "六月&lt;b&gt;名单.xlsx" in shown.text
    assert "测甲" not in shown.text
    sent_back = load_workbook(io.BytesIO((await session.get(f"{shown.url.path}/refused")).content)).worksheets[0]
    assert "测丙" in {cell.value for line in sent_back.iter_rows() for cell in line}
    assert await imports(console) == []

    sha256 = hidden(shown, "sha256")
    other_file = await session.post(f"{shown.url.path}/import", {"sha256": "0" * 64})
    assert (other_file.status_code, await imports(console)) == (409, [])
    taken = await session.post(f"{shown.url.path}/import", {"sha256": sha256})
    assert taken.url.path == "/rosters", taken.text
    assert "新增 1，移除 0" in taken.text
    assert await imports(console) == [("2019-06", NAMES["ledger_writer"], 1, 0, True)]
    assert (await session.post(f"{shown.url.path}/import", {"sha256": sha256})).status_code == 404
    await wait_until_settled(console)
    assert await shares(console) == {"C1": 1572750, "C2": 1174500}

    await send_and_sign(session)
    record = await session.get((re.search(r'href="(/rosters/imports/\d+)"', taken.text) or [""])[1])
    assert [row["person_id"] for row in await rows(session, record, "booked")] == ["N00002"]
    await withdraw(console, session)


@pytest.mark.parametrize(("regions", "opens"), [([JIAMUSI], True), ([JIAMUSI, "360923"], False), ([], False)])
async def test_a_month_opens_at_once_where_there_is_one_region(
    console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch, regions: list[str], opens: bool
) -> None:
    monkeypatch.setattr(console.running.state.codes, "regions", dict.fromkeys(regions, ""))
    session = await console.signed_in("ledger_writer")
    shown = await session.get("/rosters/month")
    assert shown.status_code == 200, shown.text
    assert (shown.url.params.get("region") == JIAMUSI, "在册人数" in shown.text) == (opens, opens)


async def test_a_large_roster_is_drawn_up_when_it_is_asked_for(
    console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.running.state.codes, "regions", {JIAMUSI: ""})
    monkeypatch.setattr(month_routes, "AT_ONCE", 0)
    session = await console.signed_in("ledger_writer")
    shown = await session.get("/rosters/month")
    assert (shown.url.params.get("region"), "在册人数" in shown.text) == (None, False)
    assert "在册人数" in (await session.get("/rosters/month", month="2019-06", region=JIAMUSI)).text


async def send_and_sign(session: SignedIn) -> None:
    month = await session.get("/rosters/month", month="2019-06", region=JIAMUSI)
    assert [(row["person_id"], row["since"]) for row in await rows(session, month, "members")] == [
        ("N00002", "2019-03-01")
    ]
    assert [row["kind"] for row in await rows(session, month, "differences")] == ["civil_affairs_only"]
    noted = await session.post("/rosters/month", {"month": "2019-06", "region": JIAMUSI, "noted": "yes"})
    link = re.search(r'href="(/rosters/files/[^"]+)"', noted.text)
    assert link is not None, noted.text
    with ZipFile(io.BytesIO((await session.get(link[1])).content)) as archive:
        assert "N00002" in archive.read("roster-2019-06-H1.csv").decode("utf-8-sig")
    duty = await session.get("/rosters/duty", month="2019-06")
    lists_out = await rows(session, duty, "out")
    assert {row["recipient"]: row["received_on"] for row in lists_out} == {JIAMUSI: None, "H1": None}
    assert all(row["name"] and row["place"] for row in lists_out)  # names beside codes
    today = re.search(r'name="received"[^>]*value="([^"]+)"', duty.text)  # nobody signs before the list went out
    assert today is not None, duty.text
    fields = {"month": "2019-06", "whose": f"{JIAMUSI}/H1", "received": today[1], "signed": "医保科 王"}
    signed = await session.post("/rosters/duty/receipt", fields)
    assert "医保科 王" in signed.text
    assert (await session.post("/rosters/duty/receipt", fields)).status_code == 409


async def withdraw(console: ConsoleUnderTest, session: SignedIn) -> None:
    trial = await session.get("/rosters/withdrawal", source=f"civil-affairs/{JIAMUSI}", period="2019-06")
    assert [row["change"] for row in await rows(session, trial, "booked")] == ["removed"]
    assert "3,982.50" in trial.text
    said = {"source": f"civil-affairs/{JIAMUSI}", "period": "2019-06", "reason": "属外县"}
    assert (await session.post("/rosters/withdrawal", said | {"seen": "0" * 64})).status_code == 409
    gone = await session.post("/rosters/withdrawal", said | {"seen": hidden(trial, "seen")})
    assert "取消在册 1" in gone.text
    await wait_until_settled(console)
    assert (await imports(console))[0][-1] is False
    assert await shares(console) == {"C1": 1572750, "C2": 1572750}
    again = await session.get("/rosters/withdrawal", source=f"civil-affairs/{JIAMUSI}", period="2019-06")
    assert (again.status_code, "现有：无" in again.text) == (409, True)


async def shares(console: ConsoleUnderTest) -> dict[str, int]:
    async with console.running.state.engine.connect() as connection:
        found = await connection.execute(text("SELECT claim_id, patient_share FROM projections.statements"))
        return {row.claim_id: row.patient_share for row in found}


async def test_a_list_that_looks_cut_off_is_taken_only_by_who_has_checked_it(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    first = await uploaded(session, sheet(("甲", "M1", "低保", None), ("乙", "M2", "低保", None)), "2019-07")
    await session.post(f"{first.url.path}/import", {"sha256": hidden(first, "sha256")})
    short = await uploaded(session, sheet(("甲", "M1", "低保", None)), "2019-08")
    assert "名单缺少在册 2 人次中的 1 人次" in short.text
    sha256 = hidden(short, "sha256")
    refused = await session.post(f"{short.url.path}/import", {"sha256": sha256})
    assert (refused.status_code, len(await imports(console))) == (409, 2)
    taken = await session.post(f"{short.url.path}/import", {"sha256": sha256, "shrink": "yes"})
    assert "移除 1" in taken.text
    assert (await uploaded(session, sheet(("甲", "M1", "低保", None)), "2019-07")).status_code == 409  # an older month


async def test_what_moved_since_the_preview_is_not_taken(console: ConsoleUnderTest) -> None:
    """Two clerks preview lists that both end M1's membership; the second must look again."""
    one, other = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    content = sheet(("丙", "M3", "低保", None))
    seen = await uploaded(one, content, "2019-09")
    first = await uploaded(other, sheet(("丙", "M3", "低保", None), ("丁", "M4", "低保", None)), "2019-09")
    await other.post(f"{first.url.path}/import", {"sha256": hidden(first, "sha256"), "shrink": "yes"})
    before = await imports(console)
    assert before[-1][1] == NAMES["second_writer"]
    late = await one.post(f"{seen.url.path}/import", {"sha256": hidden(seen, "sha256"), "shrink": "yes"})
    assert (late.status_code, "请重新预览" in late.text) == (409, True)
    assert await imports(console) == before
    assert (await other.get(seen.url.path)).status_code == 404  # a preview is of its session alone


@pytest.mark.parametrize(
    ("fields", "content", "why"),
    [
        ({"period": "2019-13"}, b"x", "所属月份"),
        ({"region": "99"}, b"x", "统筹区"),
        ({"department": "tax"}, b"x", "部门"),
        ({"received": "june"}, b"x", "收到日期"),
        ({}, b"", "名单文件"),
        ({}, b"no headings", "找不到标题行"),
        ({}, sheet(), "没有可用的行"),
        ({}, b"PK\x03\x04 broken", "文件不可用"),
    ],
)
async def test_what_cannot_be_used_names_its_field(
    console: ConsoleUnderTest, fields: dict[str, str], content: bytes, why: str
) -> None:
    session = await console.signed_in("ledger_writer")
    refused = await uploaded(session, content, **fields)
    assert (refused.status_code, why in refused.text) == (422, True), refused.text


async def test_without_a_worker_nothing_is_taken(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    shown = await uploaded(session, sheet(("戊", "M5", "低保", None)), "2019-10")
    before, state = await imports(console), console.running.state
    nats_url, state.nats_url = state.nats_url, ""
    try:
        refused = await session.post(
            f"{shown.url.path}/import", {"sha256": hidden(shown, "sha256"), "shrink": "yes", "growth": "yes"}
        )
    finally:
        state.nats_url = nats_url
    assert (refused.status_code, "claims up" in refused.text) == (409, True)
    assert await imports(console) == before


async def test_a_reader_sees_history_and_no_form(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    page = (await session.get("/rosters")).text
    assert ("导入历史" in page, 'type="file"' in page) == (True, False)
    assert (await session.get("/rosters/imports/999999")).status_code == 404
    assert (await session.get("/rosters/imports/x")).status_code == 404


async def test_a_clerk_walks_from_the_upload_to_the_history(
    console: ConsoleUnderTest, browser: Browser, tmp_path: Path
) -> None:
    file, month = tmp_path / "民政.xlsx", "2019-11"
    file.write_bytes(sheet(("己", "M11", "低保", None)))
    async with browser_page(browser, console, "ledger_writer") as page:
        await page.click("nav.menu a[href='/rosters']")
        await page.set_input_files("input[name=file]", file)
        await page.fill("input[name=region]", JIAMUSI)
        await page.fill("input[name=period]", month)
        await page.fill("input[name=received]", f"{month}-09")
        await page.click("text=上传并预览")
        await page.wait_for_url("**/rosters/preview/*")
        assert await axe_faults(page) == []
        for box in await page.locator("form input[type=checkbox]").all():
            await box.check()
        await page.click("text=导入这份名单")
        await page.wait_for_url("**/rosters")
        assert urlsplit(page.url).path == "/rosters"
        assert "已导入" in await page.inner_text(".notice.good")
        assert month in await page.inner_text("#listing-imports")


async def test_forms_offer_the_ledgers_regions_and_hospitals(console: ConsoleUnderTest) -> None:
    clerk = await console.signed_in("ledger_writer")
    codes = console.running.state.codes
    await eventually(lambda: bool(codes.regions and codes.hospitals))
    region, hospital = min(codes.regions), min(codes.hospitals)
    for path, offered in {"/rosters": region, "/window": region, "/finance/prepayments": hospital}.items():
        assert f'<option value="{offered}" label="' in (await clerk.get(path)).text, path


async def test_a_list_with_certificates_is_read_by_who_may_read_the_register(console: ConsoleUnderTest) -> None:
    known, stranger, key = "999999199001010016", "999999198506070036", new_key()
    keeper, writer = await console.signed_in("identity_keeper"), await console.signed_in("ledger_writer")
    content = f"姓名,身份证号,救助对象类别\n测甲,{known},低保\n测乙,{stranger},低保\n".encode()
    keyless = await uploaded(keeper, content, "2020-01")
    assert (keyless.status_code, "claims persons new-key" in keyless.text) == (409, True)
    state = console.running.state
    write_keys(key_file_of(state.settings, PERSONS), PERSONS, [key])
    who = Identity("N00002", "测甲", "01", known, "1", date(1990, 1, 1))
    await record_identities(state.engine, KeyRing([key]), [who], "wang")
    assert (await uploaded(writer, content, "2020-01")).status_code == 403

    page = await uploaded(keeper, content, "2020-01")
    assert page.status_code == 200, page.text
    assert [row["person_id"] for row in await rows(keeper, page, "changes")] == ["N00002"]
    assert [row["reason"] for row in await rows(keeper, page, "refused")] == ["unknown_certificate"]
    assert known not in page.text
    assert stranger not in page.text
