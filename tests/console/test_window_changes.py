"""What the window does after a bill was settled: its correction, its reversal, and filings of treatment elsewhere."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from events.store.journal import entries
from infra.servers import Endpoints
from projections.referral_filings import ReferralFiling, load_filings
from projections.statements import load_statements
from tests import facts, papers
from tests.conftest import cloned
from tests.console.harness import NAMES, ConsoleUnderTest, axe_faults, browser_page, console_beside_worker

REGION = "230803"
BUREAU = f"bureau/{REGION}"
AMOUNTS = {"total": "11500", "in_scope": "9500", "upfront_copay": "", "over_limit": "", "self_funded": "2,000"}
"""(9,500 − 1,500) × 50% = 4,000.00, where 11,500.00 in scope brought 5,000.00."""
FILING = {
    "region": REGION,
    "filing_id": "B1",
    "person_id": "P5",
    "kind": "away",
    "effective_on": "2019-03-01",
    "until": "",
    "to_region": "110100",
    "to_hospital": "",
    "reason": "随子女居住",
}

LATER = f"W{REGION}-60"
"""A second bill of P6, two months behind its first."""


def claim_of(person: int) -> str:
    return f"W{REGION}-{person}"


@pytest.fixture(scope="module")
async def console(
    endpoints: Endpoints, template_database: str, passwords: Mapping[str, str], data_dir: Path
) -> AsyncIterator[ConsoleUnderTest]:
    """A console beside a worker: P1 to P6 have a bill on paper each, P6 a later one, P2 a stay in the county."""
    elsewhere: dict[str, Any] = {
        "hospital_name": "北京某医院",
        "hospital_tier": 3,
        "hospital_region": "110108",
        "filed": True,
    }
    events = [
        facts.hospital("H1", 3, region=REGION),
        *(facts.enrol(f"P{number}", region=REGION) for number in range(1, 7)),
        *(
            papers.paper(
                claim_of(number),
                f"3601011900000000{number}",
                f"P{number}",
                "HX",
                "2019-06-18",
                "11500",
                source=BUREAU,
                **elsewhere,
            )
            for number in range(1, 7)
        ),
        papers.paper(LATER, "360101190000000060", "P6", "HX", "2019-08-18", "100000", source=BUREAU, **elsewhere),
        *facts.stay(1, "P2", "2019-07-10", in_scope="60000"),
    ]
    async with (
        cloned(endpoints, template_database) as url,
        console_beside_worker(url, passwords, data_dir, events) as running,
    ):
        yield running


async def statement(console: ConsoleUnderTest, claim_id: str) -> Mapping[str, Any]:
    async with console.running.state.engine.connect() as connection:
        return (await load_statements(connection, [claim_id]))[claim_id]


async def filings(console: ConsoleUnderTest, person_id: str) -> list[ReferralFiling]:
    async with console.running.state.engine.connect() as connection:
        return (await load_filings(connection, [person_id])).get(person_id, [])


async def actors(console: ConsoleUnderTest, type_: str) -> list[bytes]:
    async with console.running.state.engine.connect() as connection:
        query = entries.select().where(entries.c.type == type_).order_by(entries.c.number)
        return [bytes(row.raw) for row in await connection.execute(query)]


async def test_amounts_are_corrected_after_a_trial_and_once(console: ConsoleUnderTest) -> None:
    session, claim_id = await console.signed_in("ledger_writer"), claim_of(1)
    assert f'href="/window/change?claim={claim_id}"' in (await session.get(f"/claims/{claim_id}")).text
    shown = await session.get("/window/change", claim=claim_id)
    assert 'name="total" type="text" value="11500.00"' in shown.text, "what stands is there to be changed"
    tried = await session.post("/window/change", {"claim_id": claim_id, "step": "correct", "reason": "抄错", **AMOUNTS})
    assert tried.url.path.startswith("/window/changes/"), tried.text
    assert "−1,000.00" in tried.text, "the funds pay 1,000.00 less"
    assert (await statement(console, claim_id))["revision"] == 1, "a trial books nothing"

    booked = await session.post(tried.url.path)
    assert booked.url.path == f"/claims/{claim_id}", booked.text
    assert "已更正金额" in booked.text
    now = await statement(console, claim_id)
    assert (now["revision"], now["layers"], now["patient_share"]) == (
        2,
        [["basic", 4000_00], ["critical_illness", 0]],
        7500_00,
    )
    assert (await session.post(tried.url.path)).status_code == 404, "it is submitted once"
    [raw] = await actors(console, "claim.corrected.v1")
    assert f'"actor":"{NAMES["ledger_writer"]}"'.encode() in raw


async def test_a_reversal_moves_later_claims_and_frees_the_invoice(console: ConsoleUnderTest) -> None:
    session, claim_id = await console.signed_in("ledger_writer"), claim_of(2)
    before = (await statement(console, "C1"))["patient_share"]
    tried = await session.post("/window/change", {"claim_id": claim_id, "step": "reverse", "reason": "日期填错"})
    assert tried.url.path.startswith("/window/changes/"), tried.text
    moved = tried.text.partition("变动的结算单 <")[2]
    booked = await session.post(tried.url.path)
    assert booked.url.path == f"/claims/{claim_id}", booked.text
    assert (await statement(console, claim_id))["status"] == "reversed"
    after = (await statement(console, "C1"))["patient_share"]
    assert ('href="/claims/C1"' in moved) == (before != after), "the trial told of the later claim what came of it"
    again = await session.get("/window/change", claim=claim_id)
    assert (again.status_code, "已冲正" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("changed", "name", "why"),
    [
        ({"self_funded": "1"}, "total", "四项之和为 9501.00 元"),
        ({"in_scope": "a"}, "in_scope", "不是金额"),
        ({"in_scope": "11500", "self_funded": ""}, "total", "与现在的金额相同"),
        ({"reason": ""}, "reason", "须填写"),
        ({"reason": "11010519491231002X"}, "reason", "不得写身份证号"),
    ],
)
async def test_what_is_wrong_with_a_correction_stands_at_its_field(
    console: ConsoleUnderTest, changed: dict[str, str], name: str, why: str
) -> None:
    session = await console.signed_in("ledger_writer")
    form = {"claim_id": claim_of(3), "step": "correct", "reason": "抄错", **AMOUNTS, **changed}
    refused = await session.post("/window/change", form)
    assert refused.status_code == 422, refused.text
    assert why in refused.text.partition(f'id="wrong-{name}">')[2].partition("</span>")[0], refused.text
    assert f'value="{form["self_funded"]}"' in refused.text, "what was typed stands"


async def test_only_a_bill_on_paper_is_changed_here(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    refused = await session.post("/window/change", {"claim_id": "C1", "step": "reverse", "reason": "试试"})
    assert (refused.status_code, "须由其更正或冲正" in refused.text) == (409, True)
    assert "/window/change" not in (await session.get("/claims/C1")).text.partition("<main")[2].partition("<h2>")[0]
    for unknown in ("C404", "一"):
        assert (await session.get("/window/change", claim=unknown)).status_code == 404
        assert (await session.get("/window/filing", filing=unknown)).status_code == 404


async def test_a_change_that_was_tried_before_another_is_tried_again(console: ConsoleUnderTest) -> None:
    session, claim_id = await console.signed_in("ledger_writer"), claim_of(4)
    form = {"claim_id": claim_id, "step": "correct", "reason": "抄错", **AMOUNTS}
    first, second = await session.post("/window/change", form), await session.post("/window/change", form)
    assert (await session.post(first.url.path)).url.path == f"/claims/{claim_id}"
    stale = await session.post(second.url.path)
    assert (stale.status_code, "试算之后" in stale.text) == (409, True)
    assert (await statement(console, claim_id))["revision"] == 2


async def test_a_change_whose_trial_showed_other_claims_otherwise_is_tried_again(console: ConsoleUnderTest) -> None:
    session, claim_id = await console.signed_in("ledger_writer"), claim_of(6)
    form = {"claim_id": claim_id, "step": "correct", "reason": "抄错", **AMOUNTS}
    tried = await session.post("/window/change", form)
    assert f'href="/claims/{LATER}"' in tried.text, "it moves the later one too"
    reversed_ = await session.post("/window/change", {"claim_id": LATER, "step": "reverse", "reason": "重复"})
    assert (await session.post(reversed_.url.path)).url.path == f"/claims/{LATER}"
    stale = await session.post(tried.url.path)
    assert (stale.status_code, "试算之后" in stale.text) == (409, True)
    assert (await statement(console, claim_id))["revision"] == 1


async def test_a_filing_is_looked_over_entered_and_replaced(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    seen = await session.post("/window/filing", FILING)
    assert seen.url.path.startswith("/window/filings/"), seen.text
    assert "随子女居住" in seen.text
    assert await filings(console, "P5") == [], "a look books nothing"
    entered = await session.post(seen.url.path)
    assert entered.url.path == "/registers/referrals", entered.text
    assert "B1" in entered.text
    [filed] = await filings(console, "P5")
    assert (filed.kind, filed.to_region, filed.until, filed.reason) == ("away", "110100", None, "随子女居住")

    assert 'value="随子女居住"' in (await session.get("/window/filing", filing="B1")).text
    replaced = await session.post("/window/filing", FILING | {"until": "2019-03-01"})
    assert "由这一份取代" in replaced.text
    assert "等于撤销" in replaced.text
    await session.post(replaced.url.path)
    [filed] = await filings(console, "P5")
    assert filed.until == filed.effective_on
    assert len(await actors(console, "referral.filed.v1")) == 2, "both stand in the journal"


@pytest.mark.parametrize(
    ("changed", "name", "why"),
    [
        ({"filing_id": "B1", "person_id": "P6"}, "filing_id", "已用于他人"),
        ({"until": "2019-02-01"}, "until", "不得早于"),
        ({"to_region": "99"}, "to_region", "不是统筹区代码"),
        ({"person_id": "11010519491231002X"}, "person_id", "不得写身份证号"),
        ({"kind": "<i>"}, "kind", "没有“&lt;i&gt;”这一项"),
        ({"effective_on": ""}, "effective_on", "不是日期"),
    ],
)
async def test_what_is_wrong_with_a_filing_stands_at_its_field(
    console: ConsoleUnderTest, changed: dict[str, str], name: str, why: str
) -> None:
    session = await console.signed_in("ledger_writer")
    if not await filings(console, "P5"):
        await session.post((await session.post("/window/filing", FILING)).url.path)
    refused = await session.post("/window/filing", FILING | {"filing_id": "B9"} | changed)
    assert refused.status_code == 422, refused.text
    assert why in refused.text.partition(f'id="wrong-{name}">')[2].partition("</span>")[0], refused.text


async def test_a_filing_says_whom_nobody_or_another_region_insures(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    unknown = await session.post("/window/filing", FILING | {"filing_id": "B2", "person_id": "P404"})
    assert "没有 P404 在这一年的参保登记" in unknown.text
    other = await session.post("/window/filing", FILING | {"filing_id": "B3", "region": "360923", "person_id": "P6"})
    assert "只有参保地" in other.text


async def test_an_investigator_changes_nothing_at_the_window(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    await session.post("/access/purpose", {"reason": "核实举报"})
    assert (await session.post("/window/change", {"claim_id": claim_of(6), "step": "reverse"})).status_code == 403
    assert (await session.post("/window/filing", FILING)).status_code == 403
    assert "/window/change" not in (await session.get(f"/claims/{claim_of(6)}")).text


async def test_a_clerk_walks_from_the_claim_to_its_correction_and_files(
    console: ConsoleUnderTest, browser: Browser
) -> None:
    claim_id = claim_of(5)
    async with browser_page(browser, console, "ledger_writer") as page:
        await page.goto(f"/claims/{claim_id}")
        await page.click("a[href^='/window/change']")
        assert await axe_faults(page) == []
        for name, value in AMOUNTS.items():
            await page.fill(f"[name={name}]", value)
        await page.fill("[name=reason]", "发票金额看错")
        await page.click("form.bill button.main")
        await page.wait_for_url("**/window/changes/*")
        assert await axe_faults(page) == []
        await page.click("form.step button.main")
        await page.wait_for_url(f"**/claims/{claim_id}")
        assert "发票金额看错" in await page.inner_text("main")

        await page.click("nav.menu a[href='/window']")
        await page.click("nav.tabs a[href='/window/filing']")
        assert await axe_faults(page) == []
        for name, value in (FILING | {"filing_id": "B5"}).items():
            if name == "kind":
                await page.select_option("[name=kind]", value)
            else:
                await page.fill(f"[name={name}]", value)
        await page.click("form.bill button.main")
        await page.wait_for_url("**/window/filings/*")
        assert await axe_faults(page) == []
        await page.click("form.step button.main")
        await page.wait_for_url("**/registers/referrals?person=P5")
        assert "B5" in await page.inner_text("main")
