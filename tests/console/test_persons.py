"""An investigator's pages: a person on both axes of time, a claim to the fen, an event with what followed from it."""

import html
import re
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from playwright.async_api import Browser
from sqlalchemy import select, update

from events.money import yuan
from infra.console.pages import yuan_text
from infra.console.persons.axes import address_moment
from processors.access_log.listings import look_rows
from processors.delivery.names import RUNS
from processors.delivery.position import all_positions
from processors.person.file import gather
from processors.person.file_model import FileClaim
from projections.claims import BILL_PARTS, claims
from projections.statements import statements
from tests.console.harness import ConsoleUnderTest, axe_faults, browser_page
from tests.ledger import Books

TOO_WIDE = """() => [...document.querySelectorAll("main *")]
    .filter(e => !e.parentElement.closest(".wide, svg") && e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.outerHTML.slice(0, 200))"""
"""What of a page reaches beyond its width, but what scrolls by itself."""
REASON = "<script>alert('费用录入错误')</script>"


@pytest.fixture(scope="module")
async def corrected(console: ConsoleUnderTest) -> FileClaim:
    """A stay whose bill is corrected, 100 yuan of its scope more, once all is settled; its reason is hostile."""
    engine = console.running.state.engine
    query = select(claims).where(claims.c.setting == "inpatient", claims.c.standing).order_by(claims.c.claim_id)
    async with engine.connect() as connection:
        row = (await connection.execute(query.limit(1))).one()
        positions = await all_positions(connection)
    books = await Books.open(engine)
    books.sequence = {"INTAKE": positions["intake", 0], RUNS: max(positions.values())}
    bill = {part: getattr(row, part) for part in BILL_PARTS}
    bill |= {"total": row.total + 100_00, "in_scope": row.in_scope + 100_00}
    told = {"claim_id": row.claim_id, "bill": {part: yuan(fen) for part, fen in bill.items()}, "reason": REASON}
    event = {"specversion": "1.0", "id": "correction-1", "source": row.source, "type": "claim.corrected.v1"}
    await books.publish([event | {"actor": "zhang_corrects", "data": told}])
    found = {claim.claim_id: claim for claim in (await gather(engine, row.person_id)).claims}
    assert found[row.claim_id].revision > 1, "the correction moved nothing"
    return found[row.claim_id]


async def _person_of(console: ConsoleUnderTest, claim_id: str) -> str:
    query = select(statements.c.person_id).where(statements.c.claim_id == claim_id)
    async with console.running.state.engine.connect() as connection:
        return str((await connection.execute(query)).scalar_one())


def _part(page: httpx.Response, section: str) -> str:
    """A section of a page, as text without its tags."""
    found = re.search(rf'<section id="{section}".*?</section>', page.text, re.DOTALL)
    assert found is not None, f"{page.status_code} {page.text}"
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def _shown(fen: int) -> str:
    return yuan_text(yuan(fen))


async def test_a_person_s_books_are_proved_while_the_page_is_made(
    console: ConsoleUnderTest, corrected: FileClaim
) -> None:
    person_id = await _person_of(console, corrected.claim_id)
    session = await console.signed_in("ledger_writer")
    assert "刚刚从头结算：与账面分毫不差" in (await session.get(f"/persons/{person_id}")).text
    engine = console.running.state.engine
    wrong = update(statements).where(statements.c.claim_id == corrected.claim_id)
    async with engine.begin() as connection:  # one fen in what the lists show: the entries still agree
        await connection.execute(wrong.values(patient_share=corrected.patient + 1))
    try:
        page = await session.get(f"/persons/{person_id}")
    finally:
        async with engine.begin() as connection:
            await connection.execute(wrong.values(patient_share=corrected.patient))
    assert "重算不符" in page.text
    assert corrected.claim_id in page.text.split("</table>")[0]


async def test_a_person_as_known_before_a_correction_and_what_changed_since(
    console: ConsoleUnderTest, corrected: FileClaim
) -> None:
    session = await console.signed_in("ledger_writer")
    first_bill = corrected.bills[0].parts
    person_id = await _person_of(console, corrected.claim_id)
    earlier, last = corrected.revisions[-2:]
    before = corrected.bills[-1].recorded_at - timedelta(milliseconds=2)
    then = await session.get(f"/persons/{person_id}", known=address_moment(before))
    assert "当时所知的账" in then.text
    assert "correction-1" not in then.text
    said = _part(then, "claims").partition(f" {corrected.claim_id} · ")[2]
    assert said.startswith("住院")
    assert f"第{earlier.number}版" in said.partition("拨付")[0]
    page = await session.get(f"/persons/{person_id}", before=address_moment(before))
    changed = _part(page, "changes")
    assert f"结算单 claim {corrected.claim_id}" in changed
    # 版次 before and after, and own share before, after and the difference
    assert f"个人负担 own share {_shown(earlier.patient)} {_shown(last.patient)}" in changed
    # The only fact since: +100.00 of the bill. Reason and actor stand as they were sent, as text.
    assert "费用更正 bill corrected" in changed
    assert "经办 actor zhang_corrects" in changed
    assert f"总额 bill {_shown(first_bill.total)} {_shown(first_bill.total + 100_00)} +100.00" in changed
    assert changed.count("correction-1") == 1
    assert REASON not in page.text
    assert html.escape(REASON, quote=False) in page.text.replace("&#39;", "'")


async def test_a_person_as_true_on_a_day_has_the_claims_until_it(console: ConsoleUnderTest) -> None:
    query = select(statements.c.person_id).where(statements.c.number == 2, statements.c.status == "settled")
    async with console.running.state.engine.connect() as connection:
        person_id = str((await connection.execute(query.order_by(statements.c.person_id).limit(1))).scalar_one())
    told = sorted((await gather(console.running.state.engine, person_id)).claims, key=lambda claim: claim.day)
    first, later = told[0], [claim for claim in told if claim.day > told[0].day]
    session = await console.signed_in("ledger_writer")
    page = await session.get(f"/persons/{person_id}", on=first.day.isoformat())
    assert f'id="claim-{first.claim_id}"' in page.text
    for claim in later:
        assert f"claim-{claim.claim_id}" not in page.text
    assert f"医疗费总额 bills {_shown(sum(c.bill.total for c in told if c.day == first.day and c.stands))}" in " ".join(
        re.sub(r"<[^>]+>", " ", page.text).split()
    )


async def test_a_claim_tells_each_bill_statement_and_cause(console: ConsoleUnderTest, corrected: FileClaim) -> None:
    session = await console.signed_in("ledger_writer")
    page = await session.get(f"/claims/{corrected.claim_id}")
    assert f"<s>{_shown(corrected.bills[0].parts.total)}</s>" in page.text
    assert f'<td class="n">{_shown(corrected.bill.total)}</td>' in page.text
    for layer in corrected.layers:
        for told in layer.trace:
            if told["kind"] == "value":
                assert told["cite"].partition("&")[0] in page.text.replace("&#34;", '"'), told
    cause = corrected.revisions[-1].cause
    assert cause is not None
    assert f'<a href="/events/intake/{cause.number}">{cause.event_id}</a>' in page.text
    event = await session.get(f"/events/intake/{cause.number}")
    assert f'"claim_id": "{corrected.claim_id}"' in event.text.replace("&#34;", '"')
    last = corrected.revisions[-1]
    assert f'<a href="/events/{last.journal}/{last.entry}">' in event.text
    assert f'<a href="/claims/{corrected.claim_id}">' in event.text
    booked = await session.get(f"/events/{last.journal}/{last.entry}")
    assert f'<a href="/events/intake/{cause.number}">' in booked.text


async def test_every_look_at_a_person_is_recorded(console: ConsoleUnderTest, corrected: FileClaim) -> None:
    person_id = await _person_of(console, corrected.claim_id)
    cause = corrected.revisions[-1].cause
    assert cause is not None
    session = await console.signed_in("payee_keeper")
    for path in (
        f"/persons/{person_id}",
        f"/claims/{corrected.claim_id}",
        f"/events/intake/{cause.number}",
        f"/claims?person={person_id}",
        f"/claims?person={person_id}&format=csv",
    ):
        assert (await session.get(path)).status_code == 200, path
    engine = console.running.state.engine
    looks = [row async for row in look_rows(engine, person_id=person_id, login="sun_keeps")]
    assert [look["page"] for look in reversed(looks)] == ["person", "claim", "event", "claims", "claims"]
    stranger = await console.new_session("investigator")
    assert (await stranger.get(f"/claims/{corrected.claim_id}")).url.path == "/access/purpose"


async def test_the_record_of_looks_is_for_oversight_alone(console: ConsoleUnderTest, corrected: FileClaim) -> None:
    writer, owner = await console.signed_in("ledger_writer"), await console.signed_in("owner")
    assert (await writer.get(f"/claims/{corrected.claim_id}")).status_code == 200  # so that there is a look
    assert (await writer.get("/events/access.0/1")).status_code == 403
    shown = await owner.get("/events/access.0/1")
    assert shown.status_code == 200
    assert "person_id" in shown.text


async def test_a_change_stands_under_who_stated_it(console: ConsoleUnderTest, corrected: FileClaim) -> None:
    session = await console.signed_in("ledger_writer")
    [row] = (await session.get("/changes", actor="zhang_corrects", format="json")).json()["rows"]
    moved = corrected.revisions[-1].paid - corrected.revisions[-2].paid
    assert (row["claim_id"], row["event_id"], row["reason"]) == (corrected.claim_id, "correction-1", REASON)
    assert Decimal(row["moved"]) * 100 == moved
    [summed] = (await session.get("/changes/sums", actor="zhang_corrects", format="json")).json()["rows"]
    assert (summed["changes"], summed["claims"], summed["persons"]) == (1, 1, 1)
    page = await session.get("/changes", actor="zhang_corrects")
    assert REASON not in page.text
    assert html.escape(REASON, quote=False) in page.text.replace("&#39;", "'")


async def test_what_is_not_there_or_not_readable_is_said(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    for path, status, said in (
        ("/persons/nobody", 404, "账本没有参保人 nobody"),
        ("/persons/P00001?known=yesterday", 422, "不是时间"),
        ("/persons/P00001?known=2001-01-01", 404, "账本当时没有参保人"),
        ("/persons/P00001?on=2019-02-30", 422, "不是日期"),
        ("/claims/none", 404, "没有结算单 none"),
        ("/events/intake/0", 404, "没有第 0 条"),
        ("/events/intake/99999999999999999999", 404, "没有第"),
        ("/events/nowhere/1", 404, "账册 nowhere"),
        ("/events?id=none", 200, "账本没有这个事件"),
        ("/persons/%00", 404, "没有这一页"),
        ("/claims/%00", 404, "没有这一页"),
        ("/persons?category=dragon", 422, "不可用"),
        ("/persons?person=%00", 422, "不可用"),
        ("/claims?person=%00", 422, "不可用"),
        ("/claims?person=nobody", 200, "没有符合筛选条件的行"),
    ):
        answer = await session.get(path)
        assert (answer.status_code, said in answer.text) == (status, True), f"{path} {answer.status_code} {answer.text}"


async def test_lists_lead_to_persons_and_claims(console: ConsoleUnderTest, corrected: FileClaim) -> None:
    session = await console.signed_in("ledger_writer")
    person_id = await _person_of(console, corrected.claim_id)
    found = await session.get("/persons", category="registered_poor", year="2019")
    assert "低保对象、建档立卡贫困人口" in found.text
    assert f'href="/persons/{person_id}"' in (await session.get("/persons", person=person_id)).text
    idle = await session.get("/persons/P00003")  # insured, and never ill
    assert "刚刚从头结算：与账面分毫不差" in idle.text
    one = (await session.get("/claims", claim=corrected.claim_id, format="json")).json()
    assert [(row["claim_id"], row["patient_share"]) for row in one["rows"]] == [
        (corrected.claim_id, yuan(corrected.patient))
    ]
    assert (await session.get("/search", q=corrected.revisions[-1].cause.event_id)).url.path.startswith("/events/")  # type: ignore[union-attr]


async def test_an_investigator_walks_from_a_person_to_an_event(
    console: ConsoleUnderTest, browser: Browser, corrected: FileClaim
) -> None:
    person_id = await _person_of(console, corrected.claim_id)
    async with browser_page(browser, console, "investigator") as page:
        await page.fill("#find", person_id)
        await page.keyboard.press("Enter")
        await page.fill("input[name=reason]", "复查更正 C-1")
        await page.click("main form.step button")
        await page.wait_for_url(f"**/persons/{person_id}")
        assert await page.locator("#proof.holds").count() == 1
        await page.click(f"#strip a[href='#claim-{corrected.claim_id}'] >> nth=0")
        for width in (360, 1280):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await axe_faults(page) == []
            assert await page.evaluate(TOO_WIDE) == [], width
        await page.locator("#history a:has-text('此后变化')").last.click()
        assert await page.locator("#changes").count() == 1
        await page.click(f"#claim-{corrected.claim_id} h3 a")
        assert await axe_faults(page) == []
        await page.click("text=费用更正 >> xpath=.. >> a")
        await page.wait_for_selector("h1:has-text('费用更正')")
        assert await axe_faults(page) == []
