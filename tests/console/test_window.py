"""The window in the console: a bill on paper from its trial to its sheet and explanation, each look recorded."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from infra.console.window.explanation import layer_in_words, sentence_labels, without_english
from infra.servers import Endpoints
from policies.explain import STEP_NAMES
from processors.access_log.listings import look_rows
from processors.person.file_model import FileLayer
from tests import facts
from tests.conftest import cloned
from tests.console.harness import NAMES, ConsoleUnderTest, axe_faults, browser_page, console_beside_worker

REGION = "230803"
PAPER = b"a scanned invoice"
BILL = {
    "region": REGION,
    "person_id": "P1",
    "hospital_id": "HX",
    "hospital_name": "北京某医院",
    "hospital_tier": "3",
    "hospital_region": "110108",
    "setting": "inpatient",
    "admitted_on": "2019-06-03",
    "served_on": "2019-06-18",
    "total": "12,000",
    "in_scope": "11500",
    "self_funded": "500",
    "filed": "yes",
}
"""(11,500 − 1,500) × 50% = 5,000.00 for who is filed, and 7,000.00 left to him."""


@pytest.fixture(scope="module")
async def console(
    endpoints: Endpoints, template_database: str, passwords: Mapping[str, str], data_dir: Path
) -> AsyncIterator[ConsoleUnderTest]:
    """A console beside a worker: P1 and P2 are insured, P2 has a stay that stands and one that was reversed."""
    events = [
        facts.hospital("H1", 3, region=REGION),
        *(facts.enrol(person, region=REGION) for person in ("P1", "P2")),
        facts.roster("P2", "dibao", on="2019-01-01"),
        *facts.stay(1, "P2", "2019-04-10", in_scope="60000"),
        *facts.stay(2, "P2", "2019-05-10", in_scope="100"),
        facts.reverse("C2"),
    ]
    async with (
        cloned(endpoints, template_database) as url,
        console_beside_worker(url, passwords, data_dir, events) as running,
    ):
        yield running


def papers() -> dict[str, tuple[str, bytes]]:
    return {"papers": ("发票<b>.pdf", PAPER)}


async def looks(console: ConsoleUnderTest, person_id: str) -> list[tuple[object, object]]:
    rows = [row async for row in look_rows(console.running.state.engine, person_id=person_id)]
    return [(row["login"], row["page"]) for row in reversed(rows)]


async def test_a_bill_is_tried_submitted_once_and_printed(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    bill = BILL | {"invoice": "3601 0119-0001234567"}
    tried = await session.post("/window", bill, papers())
    assert tried.url.path.startswith("/window/trials/"), tried.text
    assert all(amount in tried.text for amount in ("12,000.00", "5,000.00", "7,000.00"))
    assert await looks(console, "P1") == [(NAMES["ledger_writer"], "window trial")] * 2
    claim_id = f"W{REGION}-36010119N0001234567"
    assert (await session.get(f"/window/{claim_id}/sheet")).status_code == 404, "a trial books nothing"
    assert "北京某医院 HX" in tried.text
    assert "起付线以下由您本人付" in tried.text, "a trial says why"
    mended = await session.get("/window", tried=tried.url.path.rpartition("/")[2])
    assert 'value="3601 0119-0001234567"' in mended.text, "what was typed stands when the bill is to be changed"
    assert f'name="digest" value="{hashlib.sha256(PAPER).hexdigest()}"' in mended.text

    printed = await session.post(tried.url.path)
    assert printed.url.path == f"/window/{claim_id}/sheet", printed.text
    for told in ("壹万贰仟元整", "伍仟元整", "柒仟元整", "基本医保", "北京某医院 HX", "36010119N0001234567", "经办人"):
        assert told in printed.text, told
    assert "本人（费用已由本人垫付" in printed.text
    assert (await session.post(tried.url.path)).status_code == 404, "it is submitted once"
    assert await looks(console, "P1") == [
        *[(NAMES["ledger_writer"], "window trial")] * 2,
        (NAMES["ledger_writer"], "settlement sheet"),
    ]
    async with console.running.state.engine.connect() as connection:
        query = "SELECT raw FROM ledger.entries WHERE person_id = 'P1' AND type = 'bill.submitted.v1'"
        [raw] = (await connection.exec_driver_sql(query)).scalars()
    assert hashlib.sha256(PAPER).hexdigest().encode() in bytes(raw)
    assert PAPER not in bytes(raw)

    again = await session.post("/window", bill | {"claim_id": "W2"}, papers())
    assert (again.status_code, "已报销" in again.text) == (422, True)
    assert 'aria-describedby="wrong-invoice"' in again.text
    assert f'name="digest" value="{hashlib.sha256(PAPER).hexdigest()}"' in again.text
    assert 'value="北京某医院"' in again.text, "what was typed stands"


async def test_the_explanation_says_in_sentences_what_each_fund_paid(console: ConsoleUnderTest) -> None:
    """C1: 60,000 in scope under dibao, 11,745.00 left to the person (tests/console/test_rosters.py)."""
    session = await console.signed_in("ledger_writer")
    page = (await session.get("/window/C1/explanation")).text
    for told in (
        "医疗费一共 60,000.00 元，其中：医保政策范围内 60,000.00 元。",
        "您自己负担 11,745.00 元，占 19.6%。",
        "您自己负担 11,745.00 元",
        "各项资金付的钱由医保局与医院结算",
        "起付线以下由您本人付",
        "低保对象",
        "依据：",
    ):
        assert told in page, told
    paper = page.partition('<div class="paper')[2]
    assert ("None" in paper, "{" in paper) == (False, False)
    assert (NAMES["ledger_writer"], "explanation") in await looks(console, "P2")
    gone = await session.get("/window/C2/sheet")
    assert (gone.status_code, "已冲正" in gone.text) == (409, True)
    assert (await session.get("/window/print", claim="C1")).url.path == "/window/C1/sheet"
    assert (await session.get("/window/print", claim="C404")).status_code == 404


def test_every_step_has_a_sentence_that_tells_its_result() -> None:
    assert sentence_labels() == STEP_NAMES.keys()
    for label in STEP_NAMES:
        step = {"kind": "step", "label": label, "name": label, "expression": "1 + 1", "result": "1234.50"}
        [sentence] = layer_in_words(FileLayer("basic", 0, [step])).sentences
        assert "1,234.50 元" in sentence.text, label
        assert "{" not in sentence.text, label


@pytest.mark.parametrize(
    ("cap", "due", "paid", "told"),
    [
        ("100000.00", "500.00", "500.00", "封顶线是 100,000.00 元，没有超过，付 500.00 元。"),
        ("100000.00", "500.00", "20.00", "封顶线是 100,000.00 元，余下的不够，这次付 20.00 元。"),
        ("100000.00", "500.00", "0.00", "封顶线是 100,000.00 元，已经用完，这次付 0.00 元。"),
        ("无 none", "500.00", "500.00", "这项资金没有封顶，付 500.00 元。"),
    ],
)
def test_a_cap_is_told_as_it_worked(cap: str, due: str, paid: str, told: str) -> None:
    value = {"kind": "value", "name": "封顶线", "path": "stages[0].cases[0].cap[0]", "value": cap}
    step = {"kind": "step", "label": "within_cap", "name": "", "expression": f"min({due}, …)", "result": paid}
    layer = layer_in_words(FileLayer("basic", 0, [value | {"grade": "seed", "cite": "二(四)"}, step]))
    assert [sentence.text for sentence in layer.sentences] == [told]


@pytest.mark.parametrize(
    ("changed", "name", "why"),
    [
        ({"self_funded": "499"}, "total", "四项之和为 11999.00 元"),
        ({"total": "zwölf"}, "total", "不是金额"),
        ({"in_scope": ""}, "in_scope", "须填写"),
        ({"admitted_on": ""}, "admitted_on", "住院须填写入院日期"),
        ({"setting": "chronic"}, "admitted_on", "只有住院"),
        ({"setting": "<i>"}, "setting", "没有“&lt;i&gt;”这一项"),
        ({"served_on": "2019-06-01"}, "admitted_on", "日期先后有误"),
        ({"person_id": "11010519491231002X"}, "person_id", "不得写身份证号"),
        ({"person_id": "P404"}, "person_id", "未参保"),
        ({"hospital_name": ""}, "hospital_name", "医疗机构未登记"),
        ({"invoice": ""}, "invoice", "须填写"),
        ({"region": "99"}, "region", "不是统筹区代码"),
        ({"disease": "no-such"}, "disease", "病种"),
    ],
)
async def test_what_is_wrong_stands_at_its_field(
    console: ConsoleUnderTest, changed: dict[str, str], name: str, why: str
) -> None:
    session = await console.signed_in("ledger_writer")
    bill = BILL | {"invoice": "3601011900099", "admitted_on": "2019-09-03", "served_on": "2019-09-18"} | changed
    refused = await session.post("/window", bill, papers())
    assert refused.status_code == 422, refused.text
    at_field = refused.text.partition(f'id="wrong-{name}">')[2].partition("</span>")[0]
    assert why in at_field, refused.text


async def test_a_bill_without_papers_is_not_tried(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    refused = await session.post("/window", BILL | {"invoice": "3601011900098"})
    assert (refused.status_code, "请选择材料扫描件" in refused.text) == (422, True)


async def test_a_person_leads_to_the_form_and_to_his_sheets(console: ConsoleUnderTest) -> None:
    clerk, investigator = await console.signed_in("ledger_writer"), await console.signed_in("investigator")
    await investigator.post("/access/purpose", {"reason": "核实举报"})
    assert 'href="/window?person=P2"' in (await clerk.get("/persons/P2")).text
    assert 'href="/window?person=P2"' not in (await investigator.get("/persons/P2")).text
    assert 'name="person_id" type="text" value="P2"' in (await clerk.get("/window", person="P2")).text
    listed = await clerk.get("/window/print", claim="P2")
    assert (listed.url.path, listed.url.params["person"]) == ("/claims", "P2")
    assert (await clerk.get("/window/print", claim="P404")).status_code == 404


async def test_without_a_worker_a_bill_is_tried_and_not_submitted(console: ConsoleUnderTest) -> None:
    session, state = await console.signed_in("ledger_writer"), console.running.state
    bill = BILL | {"invoice": "3601011900077", "admitted_on": "2019-10-03", "served_on": "2019-10-18"}
    tried = await session.post("/window", bill, papers())
    nats_url, state.nats_url = state.nats_url, ""
    try:
        refused = await session.post(tried.url.path)
    finally:
        state.nats_url = nats_url
    assert (refused.status_code, "claims up" in refused.text) == (409, True)
    assert (await session.get(tried.url.path)).status_code == 200, "it is held still"


async def test_an_investigator_prints_once_he_has_said_why(console: ConsoleUnderTest) -> None:
    session = await console.new_session("investigator")
    asked = await session.get("/window/C1/explanation")
    assert asked.url.path == "/access/purpose"
    shown = await session.post("/access/purpose", {"reason": "核实举报", "next": "/window/C1/explanation"})
    assert "您这次的费用是怎么报销的" in shown.text


async def test_a_clerk_walks_from_the_bill_to_the_explanation(
    console: ConsoleUnderTest, browser: Browser, tmp_path: Path
) -> None:
    paper = tmp_path / "发票.pdf"
    paper.write_bytes(b"another invoice")
    typed = BILL | {
        "invoice": "3601011900055",
        "total": "12000",
        "admitted_on": "2019-08-03",
        "served_on": "2019-08-18",
    }
    async with browser_page(browser, console, "ledger_writer") as page:
        await page.click("nav.menu a[href='/window']")
        assert await axe_faults(page) == []
        for name, value in typed.items():
            if name in ("setting", "hospital_tier"):
                await page.select_option(f"[name={name}]", value)
            elif name == "filed":
                await page.check("[name=filed]")
            else:
                await page.fill(f"[name={name}]", value)
        await page.set_input_files("[name=papers]", paper)
        await page.click("form.bill button.main")
        await page.wait_for_url("**/window/trials/*")
        assert await axe_faults(page) == []
        await page.click("form.step button.main")
        await page.wait_for_url("**/sheet")
        assert await axe_faults(page) == []
        await page.click("a[href$=explanation]")
        await page.wait_for_url("**/explanation")
        assert await axe_faults(page) == []
        assert urlsplit(page.url).path == f"/window/W{REGION}-3601011900055/explanation"
        assert "付给您本人" in await page.inner_text("main")


@pytest.mark.parametrize(
    ("cite", "shown"),
    [
        ("待县里确定 county must set it; from 安义县 二(四)", "待县里确定，安义县 二(四)"),
        ("同省后期一般规定 later general rules in the same province", "同省后期一般规定"),
        ("附件A 第3条", "附件A 第3条"),
        ("年报 二2: 控制在90%左右, of the total 〔我方解读 reading: ours〕", "年报 二2: 控制在90%左右〔我方解读〕"),
        ("年报 二2: about 90%, of the total 〔我方解读 reading: ours〕", "年报 二2: 90%〔我方解读〕"),
    ],
)
def test_a_patients_paper_has_clauses_without_our_english(cite: str, shown: str) -> None:
    assert without_english(cite) == shown
