"""A person's file: every amount, clause and cause stands in it, the bars add up, nothing from outside is markup."""

import asyncio
import html
import json
import os
import re
import shutil
import stat
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.premium_text import KIND_NAMES, PAYER_NAMES
from infra.person_file import names
from infra.person_file.page import grouped, money, page
from infra.person_file.steps import step_chart
from infra.person_file.timeline import timeline
from infra.person_file.waterfall import waterfall
from policies.loader import load_text
from processors.clearing.loans import repay_in_cash
from processors.law.adoption import adopt_schemes
from processors.person.file import NoSuchPerson, gather
from processors.person.file_model import PersonFile, Span, fen
from processors.person.replay import replay
from processors.resettlement.order import change_to, order_event
from tests import facts
from tests.facts import admit, audit, card, correct, enrol, hospital, reverse, roster, stay, visit
from tests.ledger import SHIPPED, Books
from tests.program import claims

SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>"
LONG = "L" * 128
SCHEDULE = [hospital(), hospital("H2", 2), *(enrol(year=year) for year in (2018, 2019, 2020))]

EVENTFUL = [
    hospital() | {"data": hospital()["data"] | {"name": f"县医院 {SCRIPT}"}},
    hospital("H2", 2),
    enrol(year=2019, self_paid="180"),
    *stay(1, bill=facts.bill("18000", upfront_copay="800", over_limit="120.5", self_funded="2000")),
    *stay(2, on="2019-05-02", in_scope="9000.01", hospital_id="H2"),
    card(),
    visit("V1", on="2019-06-01", in_scope="1234.56", disease="diabetes"),
    *stay(3, on="2019-07-02", in_scope="250000", referred_from="A2"),
    roster(on="2019-05-01"),
    correct("C1", bill=facts.bill("16000", self_funded="2500"), reason=SCRIPT),
    audit("C2", "500", "hospital", "F1") | {"actor": "审核员 李"},
    audit("C2", "66.6", "person", LONG, "audit-long"),
    *stay(4, on="2019-08-20", in_scope="700"),
    reverse("C4", facts.BUREAU),
    visit(LONG, on="2019-09-01", in_scope="12345678901.23", disease="diabetes", id_="visit-long"),
]
"""Late roster, correction, two audits, a referral, a reversal; markup, and the longest ids, wherever a sender may
write them."""


def many_claims() -> list[Any]:
    """60 claims over three years, stays and visits in turn."""
    events: list[Any] = [*SCHEDULE, roster(), card()]
    for number in range(60):
        day = f"{2018 + number // 20}-{1 + number % 20 // 2:02d}-{10 + number % 2 * 9}"
        amount = f"{1000 + 977 * number}.{number:02d}"
        if number % 3:
            events += stay(number, on=day, in_scope=amount, hospital_id="H2" if number % 2 else "H1")
        else:
            events.append(visit(f"V{number}", on=day, in_scope=amount, disease="diabetes"))
    return events


class Articles(HTMLParser):
    """The text and the bars of each claim's article, and the text of all of the page."""

    def __init__(self, page_: str) -> None:
        super().__init__()
        self.article = ""
        self.texts: dict[str, str] = {"": ""}
        self.bars: dict[str, list[tuple[str, int]]] = {}
        self.tags: set[str] = set()
        self.feed(page_)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if tag == "article":
            self.article = str(given["id"]).removeprefix("claim-")
            self.texts[self.article], self.bars[self.article] = "", []
        if "data-fen" in given:
            self.bars[self.article].append((str(given["data-kind"]), int(str(given["data-fen"]))))

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self.article = ""

    def handle_data(self, data: str) -> None:
        self.texts[self.article] += data


async def told(books: Books, person: str = "P1") -> tuple[PersonFile, Articles]:
    """A person's file and its page, read again."""
    gathered = await gather(books.engine, person)
    return gathered, Articles(page(gathered))


async def test_every_layer_of_every_statement_stands_in_it_and_adds_up(books: Books) -> None:
    await books.publish(EVENTFUL)
    file, read = await told(books)
    statements = {row["claim_id"]: row for row in (await replay(books.engine, "P1"))["statements"]}
    assert set(statements) == set(read.bars) == {"C1", "C2", "V1", "C3", "C4", LONG}
    for claim_id, statement in statements.items():
        if statement["status"] == "reversed":
            assert read.bars[claim_id] == []
            continue
        expected = [("total", fen(statement["total"]))]
        expected += [(layer["layer"], fen(layer["paid"])) for layer in statement["layers"]]
        expected += [("hospital", fen(statement["hospital_share"]))] * (statement["hospital_share"] != "0.00")
        expected += [("patient", fen(statement["patient_share"]))]
        assert read.bars[claim_id] == expected
        assert sum(amount for _, amount in expected[1:]) == expected[0][1]
        for _, amount in expected:
            assert money(amount) in read.texts[claim_id]
    # by year and layer: what the statements say in sum
    basic = sum(fen(row["layers"][0]["paid"]) for row in statements.values() if row["layers"])
    own = sum(fen(row["patient_share"]) for row in statements.values())
    assert f"基本医保 basic insurance{money(basic) * 2}" in re.sub(r"\s+", " ", read.texts[""]).replace(" </td>", "")
    assert f"个人自付 own share{money(own) * 2}" in re.sub(r"\s+", " ", read.texts[""])
    assert file.verdict.consistent is True
    assert "重算一致" in read.texts[""]


async def test_the_clauses_and_the_arithmetic_behind_every_bar_stand_in_it(books: Books) -> None:
    await books.publish(EVENTFUL)
    _, read = await told(books)
    last: dict[tuple[str, int], Any] = {}
    for entry in (await replay(books.engine, "P1"))["history"]:
        if "trace" in entry:
            last[entry["claim_id"], entry["stage"]] = entry
    shown = 0
    for (claim_id, _), entry in last.items():
        for step in entry["trace"]:
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
    _, read = await told(books)
    # DOMAIN A1
    assert read.bars["C1"] == [
        ("total", 1600000),
        ("basic", 1248000),
        ("critical_illness", 0),
        ("supplementary", 222000),
        ("hospital", 100000),
        ("patient", 30000),
    ]
    assert "超出病种定额部分 beyond the case quota min(15,000.00, 16,000.00) = 15,000.00" in read.texts["C1"]


async def test_bars_begin_where_the_one_before_ended(books: Books) -> None:
    await books.publish(EVENTFUL)
    file, _ = await told(books)
    for claim in file.claims:
        bars = waterfall(claim) if claim.stands else []
        for before, bar in pairwise(bars):
            if bar.kind == "patient":
                assert (bar.start, round(bar.width, 9)) == (0.0, round(before.start, 9))
            else:
                assert round(bar.start + bar.width, 9) == round(before.start if before.kind != "total" else 100.0, 9)


async def test_adjustments_tell_cause_reason_and_who_settles_them(books: Books) -> None:
    await books.publish(EVENTFUL)
    file, read = await told(books)
    corrected = next(claim for claim in file.claims if claim.claim_id == "C1")
    assert corrected.bill.self_funded == 250000
    assert [revision.cause.type if revision.cause else None for revision in corrected.revisions] == [
        None,
        "claim.corrected.v1",
    ]
    first, second = corrected.revisions
    # DOMAIN F1's ratios: (18,000 − 800) × 60% = 10,320; (16,000 − 800) × 60% = 9,120
    assert (second.moved[0].before, second.moved[0].after, second.moved[0].counterparty) == (1032000, 912000, "person")
    assert first.paid + first.patient + first.hospital == 2092050
    assert "基本医保 basic insurance: 10,320.00 → 9,120.00（−1,200.00）与个人结算" in read.texts["C1"]
    assert "花名册变动" in read.texts["C2"]
    assert "与医院结算 with the hospital" in read.texts["C2"]
    assert "经办 actor 审核员 李" in read.texts["C2"]
    assert "“not indicated”" in read.texts["C2"]
    assert f"{LONG} 66.60" in re.sub(r"\s+", " ", read.texts["C2"])
    assert "结算冲正" in read.texts["C4"]
    assert "已冲正" in read.texts["C4"]


async def test_nothing_from_outside_becomes_markup(books: Books) -> None:
    await books.publish(EVENTFUL)
    gathered = await gather(books.engine, "P1")
    written = page(gathered)
    assert Articles(written).tags.isdisjoint({"script", "img", "iframe", "object", "link"})
    assert written.count(html.escape("<script>alert(", quote=True)) > 3
    assert not re.search(r"https?://|@import|url\(|javascript:", written)
    assert "default-src 'none'" in written


async def test_accumulations_end_where_the_books_stand_and_are_held_against_their_bounds(books: Books) -> None:
    await books.publish(many_claims())
    file, _ = await told(books)
    ends: dict[tuple[int, str, str], int] = {}
    for growth in file.growth:
        key = growth.year, growth.layer, growth.measure
        ends[key] = ends.get(key, 0) + growth.steps[-1].value
    rows = {(row.year, row.layer): row for row in file.accumulations}
    for (year, layer, measure), value in ends.items():
        assert value == getattr(rows[year, layer], measure)
    assert {growth.limit for growth in file.growth} == {"cap", "limit", "line"}
    lines = {growth.year: growth.steps[-1].limit for growth in file.growth if growth.limit == "line"}
    assert lines == {2018: 500000, 2019: 300000, 2020: 300000}
    # 2018 has a cap of critical illness for the poor, later years have none
    caps = {growth.year for growth in file.growth if (growth.layer, growth.limit) == ("critical_illness", "cap")}
    assert caps == {2018}
    tracks = {growth.track for growth in file.growth if (growth.layer, growth.year) == ("basic", 2019)}
    assert tracks == {"chronic", "inpatient"}
    for growth in file.growth:
        chart = step_chart(growth)
        assert all(0 <= column.height <= 90.0001 for column in chart.columns)
        assert max(max(column.height, column.limit or 0) for column in chart.columns) == pytest.approx(90)


async def test_a_bound_is_that_of_each_claim(books: Books) -> None:
    later = [*stay(2, on="2019-09-01", in_scope="20000")]
    await books.publish([hospital(), enrol(), *stay(1, in_scope="20000"), roster(on="2019-08-01"), *later])
    file, _ = await told(books)
    (line,) = [growth for growth in file.growth if growth.limit == "line"]
    assert [(step.claim_id, step.limit) for step in line.steps] == [("C1", 600000), ("C2", 300000)]


async def test_who_he_was_when(books: Books) -> None:
    await books.publish(
        [
            *SCHEDULE,
            roster(on="2018-03-01"),
            roster("P1", "dibao", on="2018-06-01"),
            roster(change="removed", on="2019-01-01"),
            roster(on="2019-04-01"),
            card(on="2018-02-01"),
            card(on="2019-02-01", issued=False),
            card(class_="II", on="2019-05-01"),
            facts.death(on="2019-11-30"),
        ]
    )
    file, read = await told(books)
    assert file.standing.categories == [
        Span("registered_poor", "", date(2018, 3, 1), date(2019, 1, 1)),
        Span("dibao", "", date(2018, 6, 1), None),
        Span("registered_poor", "", date(2019, 4, 1), None),
    ]
    assert file.standing.cards == [
        Span("diabetes", "I", date(2018, 2, 1), date(2019, 2, 1)),
        Span("diabetes", "II", date(2019, 5, 1), None),
    ]
    assert [(enrolled.year, enrolled.last) for enrolled in file.standing.enrolled][:2] == [
        (2018, date(2018, 12, 31)),
        (2019, date(2019, 11, 30)),
    ]
    assert "死亡日期 died on 2019-11-30" in re.sub(r"\s+", " ", read.texts[""])
    drawn = timeline(file)
    assert drawn is not None
    assert [lane.kind for lane in drawn.lanes] == ["enrolled", "category", "category", "card", "card"]
    assert all(
        part.start >= 0 and part.start + part.width <= 100.0001 for lane in drawn.lanes for part in lane.stretches
    )


async def test_premiums_by_payer_and_year_count_a_refund_once(books: Books) -> None:
    region = "140421"
    await books.publish(
        [
            hospital(region=region),
            enrol(year=2018, region=region, self_paid="180"),
            enrol(year=2019, region=region),
            roster(category="dibao"),
            *stay(1, on="2018-03-01", disease="lung_cancer", stage="late"),
            facts.event(f"bureau/{region}", "adv", "advance.issued.v1", advance_id="V7", person_id="P1", amount="3000")
            | {"data": {"advance_id": "V7", "person_id": "P1", "amount": "3000", "issued_on": "2018-02-27"}},
        ]
    )
    assert await repay_in_cash(books.engine, region, "V7", 1200_00, "li", "receipt 1") == 1800_00
    file, read = await told(books)
    flat = re.sub(r"\s+", "", read.texts[""])
    # 长治 三(一)2: 180 in 2018, of it 180 back to him; 220 in 2019
    assert "民政civilaffairs基本医保basicinsurance代缴hiscontribution,paidforhim180.00220.00" in flat
    assert "其中退还本人ofitrefundedtohim180.00—" in flat
    assert "notaddedagain180.00220.00" in flat
    assert [(grant.kind, grant.amount) for grant in file.grants] == [("one_off", 500000)]
    assert "V7，未还outstanding1,800.003,000.00" in flat


async def test_a_person_without_claims(books: Books) -> None:
    await books.publish([hospital(), enrol("P0")])
    file, read = await told(books, "P0")
    assert (file.claims, file.growth, file.years, read.bars) == ([], [], [2019], {})
    assert read.texts[""].count("无 none") >= 5


async def test_a_discharge_that_waited_and_a_claim_moved_to_another_text_keep_their_bills(books: Books) -> None:
    admission, discharged = stay(1)
    await books.publish([hospital(), enrol(), roster(), discharged, admission])
    fusong = next(scheme for scheme in SHIPPED if scheme.name == "fusong")
    dearer = load_text(fusong.text.replace(b"{tier: 3, value: 60%", b"{tier: 3, value: 62%"), "fusong")
    await adopt_schemes(books.engine, [dearer], "test")
    change = await change_to(books.engine, "fusong", date(2019, 1, 1))
    await books.publish([order_event(change, ["P1"], "王芳", "1")], mailbox="ledger/claims")
    file, read = await told(books)
    (claim,) = file.claims
    # (10,000 − 800) × 62%
    assert (claim.revision, claim.bill.total, claim.layers[0].paid) == (2, 1000000, 570400)
    assert "按现行政策重新结算" in read.texts["C1"]


async def test_books_that_do_not_hold_say_where(books: Books) -> None:
    await books.publish([hospital(), enrol(), roster(), *stay(1)])
    await _tamper(books.engine)
    file, read = await told(books)
    assert file.verdict.consistent is False
    assert "重算不符" in read.texts[""]
    assert "claim C1, assistance (stage 2)" in read.texts[""]


async def test_a_run_in_flight_is_no_verdict(books: Books) -> None:
    await books.publish([hospital(), enrol(), *stay(1)])
    books.enqueue([correct("C1", "5000"), *stay(2)])
    await books.step(("intake", 0), 10)
    file, read = await told(books)
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
    assert {payer: name for payer, (name, _) in names.PAYERS.items()} == PAYER_NAMES
    assert {kind: name for kind, (name, _) in names.KINDS.items()} == KIND_NAMES


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

LOOK = """<script>
const found = [];
const say = (what, element) => found.push(what + ': ' + element.tagName + '.' + (element.className.baseVal ??
  element.className) + ' ' + element.textContent.trim().slice(0, 60));
addEventListener('load', () => {
  const wide = document.documentElement.clientWidth;
  const scrolls = wide < 760 ? ', .wide, .wide *' : '';
  for (const element of document.querySelectorAll(`main, main *:not(svg *${scrolls})`)) {
    const box = element.getBoundingClientRect();
    if (box.right > wide + 1 || box.left < -1) say('off the page', element);
    if (element.clientWidth && element.scrollWidth > element.clientWidth + 1) say('overflows', element);
  }
  for (const svg of document.querySelectorAll('svg')) {
    const outer = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll(':scope > text')];
    const boxes = texts.map(text => text.getBoundingClientRect());
    boxes.forEach((box, index) => {
      if (box.right > outer.right + 1 || box.bottom > outer.bottom + 1) say('cut off', texts[index]);
      if (index && box.left < boxes[index - 1].right) say('overlaps', texts[index]);
      if (parseFloat(getComputedStyle(texts[index]).fontSize) < 11) say('tiny', texts[index]);
    });
  }
  const bars = document.querySelectorAll('.bar').length;
  parent.postMessage({page: location.pathname.split('/').pop(), wide, found, bars}, '*');
});
</script>"""
GATHER = """<!doctype html><pre id="found"></pre><script>
const seen = [];
addEventListener('message', told => {
  seen.push(told.data);
  document.querySelector('#found').textContent = JSON.stringify(seen);
});
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt-get install chromium")
async def test_a_browser_shows_it_whole_and_has_nothing_to_say(books: Books, tmp_path: Path) -> None:
    """One browser holds all pages as frames: each as it is written, and with a script that looks for what is amiss."""
    assert CHROMIUM is not None
    await books.publish([*EVENTFUL, *(_of(event, "P2") for event in many_claims()), enrol("P0")])
    expected, frames = [], [GATHER]
    for person, wide in (("P1", 1100), ("P1", 600), ("P2", 1100), ("P0", 1100)):
        as_written = page(await gather(books.engine, person))
        looked_at = re.sub(r"<meta http-equiv=[^>]*>", "", as_written).replace("</body>", f"{LOOK}</body>")
        for name, written in ((f"{person}.html", as_written), (f"{person}-{wide}.html", looked_at)):
            (tmp_path / name).write_text(written, encoding="utf-8")
            frames.append(f'<iframe src="{name}" style="width:{wide}px;height:900px;border:0"></iframe>')
        bars = as_written.count("data-fen=")
        expected.append({"page": f"{person}-{wide}.html", "wide": wide, "found": [], "bars": bars})
    outer = tmp_path / "all.html"
    outer.write_text("".join(frames), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"]
    browser = await asyncio.create_subprocess_exec(
        CHROMIUM, *options, outer.as_uri(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        shown, said = await asyncio.wait_for(browser.communicate(), 60)
    finally:
        if browser.returncode is None:
            browser.kill()
            await browser.wait()
    assert b"CONSOLE" not in said
    seen = re.search(r'<pre id="found">(.*?)</pre>', shown.decode(), re.DOTALL)
    assert seen is not None
    assert sorted(json.loads(html.unescape(seen[1])), key=str) == sorted(expected, key=str)


def _of(event: dict[str, Any], person: str) -> dict[str, Any]:
    """An event of P1 as another person's, with ids of its own."""
    data = {
        name: person if name == "person_id" else f"{value}-{person}" if name in ("claim_id", "admission_id") else value
        for name, value in event["data"].items()
    }
    return event | {"id": f"{event['id']}-{person}", "data": data}


async def _tamper(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("UPDATE ledger.entries SET paid = paid + 1 WHERE layer = 'assistance'"))
