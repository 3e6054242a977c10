"""A person's file: every amount, clause and cause is in it, the bars add up, nothing from outside is markup."""

import asyncio
import html
import os
import re
import stat
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.person_file import names
from infra.person_file.page import grouped, money, page
from infra.person_file.waterfall import waterfall
from infra.words.premiums import KIND_NAMES
from policies.claim import BillParts
from policies.engine import settle
from policies.explain import render
from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.person.differences import replay_differences
from processors.person.file import NoSuchPerson, gather
from processors.person.replay import load_history
from processors.resettlement.order import change_to, order_event
from tests.facts import admit, audit, correct, death, enrol, hospital, roster, stay
from tests.ledger import SHIPPED, Books
from tests.person_pages import EVENTFUL, LONG, Articles, file_and_page
from tests.program import claims


async def test_every_layer_of_every_statement_stands_in_it_and_adds_up(books: Books) -> None:
    await books.publish(EVENTFUL)
    file, read = await file_and_page(books)
    statements = {row.claim_id: row for row in (await load_history(books.engine, "P1")).statements}
    assert set(statements) == set(read.bars) == {"C1", "C2", "V1", "C3", "C4", LONG}
    for claim_id, statement in statements.items():
        if statement.status == "reversed":
            assert read.bars[claim_id] == []
            continue
        expected = [("total", statement.total), *statement.layers]
        expected += [("hospital", statement.hospital_share)] * (statement.hospital_share != 0)
        expected += [("patient", statement.patient_share)]
        assert read.bars[claim_id] == expected
        assert sum(amount for _, amount in expected[1:]) == expected[0][1]
        for _, amount in expected:
            assert money(amount) in read.texts[claim_id]
    # by year and layer: what the statements say in sum
    basic = sum(row.layers[0][1] for row in statements.values() if row.layers)
    own = sum(row.patient_share for row in statements.values())
    assert f"基本医保 basic insurance{money(basic) * 2}" in re.sub(r"\s+", " ", read.texts[""]).replace(" </td>", "")
    assert f"个人负担 own share{money(own) * 2}" in re.sub(r"\s+", " ", read.texts[""])
    assert file.verdict.consistent is True
    assert "重算一致" in read.texts[""]


async def test_the_clauses_and_the_arithmetic_behind_every_bar_stand_in_it(books: Books) -> None:
    await books.publish(EVENTFUL)
    _, read = await file_and_page(books)
    history = await load_history(books.engine, "P1")
    bills, _ = settle(history.schemes, history.claims)
    decided = [(claim, payout) for claim in history.claims if claim.standing for payout in bills[claim.number].payouts]
    shown = 0
    for claim, payout in decided:
        claim_id = claim.claim_id
        for step in render(history.schemes[claim.scheme], payout.trace):
            shown += 1
            if step["kind"] == "value":
                assert step["cite"] in read.texts[claim_id]
                assert f"{step['name']} {step['name_en']} {grouped(step['value'])}" in read.texts[claim_id]
            else:
                assert f"{grouped(step['expression'])} = {grouped(step['result'])}" in read.texts[claim_id]
    assert shown > 60
    assert "转诊起付线连续计算" in read.texts["C3"]


async def test_what_a_case_quota_leaves_to_the_hospital_is_explained(books: Books) -> None:
    region = "360123"
    await books.publish(
        [
            hospital(tier=2, region=region),
            enrol(region=region),
            roster(),
            *stay(1, in_scope="16000", disease="thalassemia"),
        ]
    )
    _, read = await file_and_page(books)
    # docs/domain.md#a1
    assert read.bars["C1"] == [
        ("total", 1600000),
        ("basic", 1248000),
        ("critical_illness", 0),
        ("supplementary", 222000),
        ("hospital", 100000),
        ("patient", 30000),
    ]
    assert "超出病种定额部分 beyond the case quota 16,000.00 − 15,000.00 = 1,000.00" in read.texts["C1"]


async def test_bars_begin_where_the_one_before_ended(books: Books) -> None:
    await books.publish(EVENTFUL)
    file, _ = await file_and_page(books)
    for claim in file.claims:
        bars = waterfall(claim) if claim.stands else []
        for before, bar in pairwise(bars):
            if bar.kind == "patient":
                assert (bar.start, round(bar.width, 9)) == (0.0, round(before.start, 9))
            else:
                assert round(bar.start + bar.width, 9) == round(before.start if before.kind != "total" else 100.0, 9)


async def test_adjustments_show_cause_reason_and_counterparty(books: Books) -> None:
    await books.publish(EVENTFUL)
    file, read = await file_and_page(books)
    corrected = next(claim for claim in file.claims if claim.claim_id == "C1")
    assert corrected.bill.self_funded == 250000
    assert [revision.cause.type if revision.cause else None for revision in corrected.revisions] == [
        None,
        "claim.corrected.v1",
    ]
    first, second = corrected.revisions
    # docs/domain.md#f1's ratios: (18,000 − 800) × 60% = 10,320; (16,000 − 800) × 60% = 9,120
    assert (second.moved[0].before, second.moved[0].after, second.moved[0].counterparty) == (
        1032000,
        912000,
        "hospital",
    )
    assert first.paid + first.patient + first.hospital == 2092050
    assert "基本医保 basic insurance: 10,320.00 → 9,120.00（−1,200.00）与医院结算" in read.texts["C1"]
    assert second.due_at_window == second.patient - first.patient
    assert f"窗口应退 {money(-second.due_at_window)}" in read.texts["C1"]
    assert "花名册变动" in read.texts["C2"]
    assert "与医院结算 with the hospital" in read.texts["C2"]
    assert "经办 actor 审核员 李" in read.texts["C2"]
    assert "“not indicated”" in read.texts["C2"]
    assert f"{LONG} 66.60" in re.sub(r"\s+", " ", read.texts["C2"])
    assert "结算冲正" in read.texts["C4"]
    assert "已冲正" in read.texts["C4"]


async def test_values_that_changed_are_shown_though_the_amount_has_not(books: Books) -> None:
    """安义, lung cancer, tier 3: of 93,500.00 the tariff shares 48,000.00; an audit of 5,000.00 moves nothing net.

    What lies beyond the quota is the hospital's before and after: 45,500.00 = 40,500.00 + 5,000.00 of the audit.
    """
    region = "360123"
    await books.publish([hospital(tier=3, region=region), enrol(region=region), roster()])
    await books.publish(stay(1, in_scope="93500", disease="lung_cancer"))
    await books.publish([audit("C1", "5000", "hospital", "F1") | {"actor": "稽核员 周"}])
    file, read = await file_and_page(books)
    shown = re.sub(r"\s+", " ", read.texts["C1"])
    assert "min(48,000.00, 88,500.00) = 48,000.00" in shown
    assert "min(48,000.00, 93,500.00)" not in shown
    assert "beyond the case quota 88,500.00 − 48,000.00 = 40,500.00" in shown
    (unmoved,) = file.claims[0].unmoved
    assert (unmoved.cause.actor, unmoved.amount) == ("稽核员 周", 500000)
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d ?稽核发现 audit finding", shown)
    assert "5,000.00 · 未单独引起变动" in shown
    assert "病种 disease 肺癌 lung cancer" in shown


async def test_what_lies_beyond_a_quota_is_told_by_itself(books: Books) -> None:
    """48,000.00 of 186,100.00 are shared: 138,100.00 lie beyond."""
    region = "360123"
    await books.publish([hospital(tier=3, region=region), enrol(region=region), roster()])
    await books.publish(stay(1, in_scope="186100", disease="lung_cancer"))
    _, read = await file_and_page(books)
    assert "beyond the case quota 186,100.00 − 48,000.00 = 138,100.00" in re.sub(r"\s+", " ", read.texts["C1"])


async def test_a_referral_and_a_stay_after_death_are_told_and_signs_explained(books: Books) -> None:
    await books.publish([hospital(), hospital("H2", 2), enrol(), roster()])
    await books.publish([*stay(1, hospital_id="H2"), *stay(2, on="2019-04-10", referred_from="A1")])
    await books.publish([death(on="2019-04-01")])
    _, read = await file_and_page(books)
    first, second = (re.sub(r"\s+", " ", read.texts[claim]) for claim in ("C1", "C2"))
    assert "转自 referred from 医院H2 H2 A1" in second
    assert "死亡之后 after the day of death" in second
    assert "死亡之后" not in first
    assert "B(x) 是起付标准以上" in first


async def test_where_replaying_differs_it_says_so_in_yuan(books: Books) -> None:
    """A statement and a booking that somebody has changed: amounts by name, and no structures of the program."""
    await books.publish([hospital(), enrol(), *stay(1)])
    history = await load_history(books.engine, "P1")
    claims = [replace(claim, bill=BillParts(900000, 900000, 0, 0, 0)) for claim in history.claims]
    found = replay_differences(history.entries, claims, {}, history.schemes)
    told = {difference.where: (difference.expected, difference.booked) for difference in found}
    # (9,000 − 800) × 60% = 4,920.00; (10,000 − 800) × 60% = 5,520.00
    assert told["claim C1, basic (stage 0)"] == (
        "基数 base 8200.00，起付线 deductible 800.00，支付 paid 4920.00",
        "基数 base 9200.00，起付线 deductible 800.00，支付 paid 5520.00",
    )
    assert told["statement C1"][0].startswith("总额 total 9000.00，各保障线 layers basic 4920.00")
    assert not any("Used(" in text or "{" in text for pair in told.values() for text in pair)


async def test_nothing_from_outside_becomes_markup(books: Books) -> None:
    await books.publish(EVENTFUL)
    gathered = await gather(books.engine, "P1")
    written = page(gathered)
    assert Articles(written).tags.isdisjoint({"script", "img", "iframe", "object", "link"})
    assert written.count(html.escape("<script>alert(", quote=True)) > 3
    assert not re.search(r"https?://|@import|url\(|javascript:", written)
    assert "default-src 'none'" in written


async def test_a_discharge_that_waited_and_a_claim_moved_to_another_text_keep_their_bills(books: Books) -> None:
    admission, discharged = stay(1)
    await books.publish([hospital(), enrol(), roster(), discharged, admission])
    fusong = next(scheme for scheme in SHIPPED if scheme.name == "fusong")
    dearer = load_text(fusong.text.replace(b"{tier: 3, value: 60%", b"{tier: 3, value: 62%"), "fusong")
    await adopt_schemes(books.engine, [dearer], "test")
    change = await change_to(books.engine, "fusong", date(2019, 1, 1))
    await books.publish([order_event(change, ["P1"], "王芳", "1")], mailbox="ledger/claims")
    file, read = await file_and_page(books)
    (claim,) = file.claims
    # (10,000 − 800) × 62%
    assert (claim.revision, claim.bill.total, claim.layers[0].paid) == (2, 1000000, 570400)
    assert "按现行政策重新结算" in read.texts["C1"]


async def test_books_that_do_not_hold_say_where(books: Books) -> None:
    await books.publish([hospital(), enrol(), roster(), *stay(1)])
    await _tamper(books.engine)
    file, read = await file_and_page(books)
    assert file.verdict.consistent is False
    assert "重算不符" in read.texts[""]
    assert "claim C1, assistance (stage 2)" in read.texts[""]


async def test_a_run_in_flight_is_no_verdict(books: Books) -> None:
    await books.publish([hospital(), enrol(), *stay(1)])
    books.enqueue([correct("C1", "5000"), *stay(2)])
    await books.step(("intake", 0), 10)
    file, read = await file_and_page(books)
    assert file.verdict.consistent is None
    assert "未核对" in read.texts[""]
    assert [claim.claim_id for claim in file.claims] == ["C1"]


async def test_the_command(books: Books, tmp_path: Path) -> None:
    await books.publish([hospital(), enrol(), roster(), *stay(1), admit("A2")])
    env = {"CLAIMS_DATABASE_URL": books.engine.url.render_as_string(hide_password=False)}
    out = tmp_path / "P1.html"
    out.write_text("older", encoding="utf-8")
    out.chmod(0o644)
    done, unknown = await asyncio.gather(
        claims("file", "P1", "--out", out, env=env),
        claims("file", "P404", "--out", tmp_path / "P404.html", env=env),
    )
    assert (done.code, done.out) == (0, b"")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_text(encoding="utf-8").endswith("</html>")
    assert unknown.code == 2
    assert "没有参保人 P404" in unknown.err
    assert os.listdir(tmp_path) == ["P1.html"]  # noqa: PTH208 - a path's own way blocks the loop just as well

    await _tamper(books.engine)
    assert (await claims("file", "P1", "--out", out, env=env)).code == 1
    assert "重算不符" in out.read_text(encoding="utf-8")


async def test_no_such_person(books: Books) -> None:
    with pytest.raises(NoSuchPerson):
        await gather(books.engine, "P404")


def test_names_are_those_of_the_other_commands() -> None:
    assert {kind: name for kind, (name, _) in names.KINDS.items()} == KIND_NAMES


async def _tamper(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("UPDATE ledger.entries SET paid = paid + 1 WHERE layer = 'assistance'"))
