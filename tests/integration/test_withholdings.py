"""Money kept back of hospitals until their score is known, and released with a later clearing."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from events.decisions import CLEARING_DRAFTED, WITHHOLDING_RELEASE_APPROVED
from policies.supervision.text import load_supervision
from processors.clearing import listings, steps, withholdings
from processors.clearing.withholdings import ReleaseOrder
from processors.offices.refusal import StepRefused
from processors.supervision.adoption import adopt_supervision
from tests import facts
from tests.clearings import REGION, cleared, drafted, holds, problems_with
from tests.clerk import clerk
from tests.integration.test_prepayments import paid, prepaid
from tests.ledger import Books

COUNTY = [facts.hospital(), facts.enrol("P1")]
YEAR = 2031
"""Of the clearings here."""
ALL = ReleaseOrder(REGION, YEAR, "考核返还")


async def five_percent(books: Books, **sections: str) -> None:
    """The county keeps back 5% from March 2019 on."""
    words = {
        "name": "withholding",
        "title": "考核预留",
        "title_en": "Withholding",
        "document": "抚医保〔2019〕5号",
        "regions": f'["{REGION}"]',
        "in_force_from": "2019-03-01",
        "version": "1",
        "withholding": "{share: {value: 5%, grade: public, cite: 服务协议第四十条}}",
    } | sections
    body = "".join(f"{name}: {value}\n" for name, value in words.items()).encode()
    await adopt_supervision(books.engine, load_supervision(body, "county.yaml"), "wang", "li", "协议")


def payment(shown: dict[str, Any], payee: str = "H1") -> tuple[str, str, str, str, str, str]:
    (row,) = [each for each in shown["payments"] if each["payee"] == payee]
    return tuple(row[name] for name in ("balance", "released", "set_off", "withheld", "prepaid", "amount"))


def orders(shown: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    names = ("payable", "released", "netted", "withheld", "prepaid", "amount")
    return {order["fund"]: tuple(order[name] for name in names) for order in shown["orders"]}


async def released(books: Books, wanted: ReleaseOrder = ALL, ratio: str = "1") -> str:
    shares = await withholdings.one_share(books.engine, REGION, Fraction(ratio))
    done = await withholdings.order(books.engine, wanted, shares, "wang")
    await withholdings.approve(books.engine, done.release_id, "li")
    return done.release_id


async def test_a_share_is_kept_back_by_fund_and_released_once(books: Books) -> None:
    """抚松 2019, tier 3, 20,000 in scope: basic 11,520.00, critical illness 1,364.00; 5%: 576.00 and 68.20."""
    await five_percent(books)
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    await steps.withdraw(books.engine, (await drafted(books))["clearing_id"], "wang")
    assert await withholdings.withholding_rows(books.engine) == []
    await holds(books)
    first = await cleared(books)
    assert payment(first) == ("12884.00", "0.00", "0.00", "644.20", "0.00", "12239.80")
    assert orders(first) == {
        "basic_fund": ("11520.00", "0.00", "0.00", "576.00", "0.00", "10944.00"),
        "critical_illness": ("1364.00", "0.00", "0.00", "68.20", "0.00", "1295.80"),
    }
    assert (first["withholding"]["share"], first["withholding"]["cite"]) == ("1/20", "服务协议第四十条")
    assert await steps.pay(books.engine, first["clearing_id"], "li", "T1") == 12_239_80
    await holds(books)
    # 90% of 576.00 and 68.20: 518.40 and 61.38; later all: 57.60 and 6.82
    await released(books, ratio="9/10")
    second = await drafted(books, 1)
    assert payment(second) == ("0.00", "579.78", "0.00", "0.00", "0.00", "579.78")
    await steps.withdraw(books.engine, second["clearing_id"], "wang")
    assert [row["status"] for row in await withholdings.release_rows(books.engine)] == ["approved"]
    await holds(books)
    # (4,000 − 800) × 60% = 1,920.00 and critical illness 55% × 2,080 = 1,144.00; nothing is kept of what is released
    await books.publish(facts.stay(2, on="2019-05-01", in_scope="4000"))
    again = await cleared(books, 1)
    assert payment(again) == ("3064.00", "579.78", "0.00", "153.20", "0.00", "3490.58")
    nothing = await withholdings.one_share(books.engine, REGION, Fraction(0))
    with pytest.raises(StepRefused, match="没有可返还的预留款"):
        await withholdings.order(books.engine, ReleaseOrder(REGION, YEAR, "重复", "H1"), nothing, "wang")
    await released(books)
    third = await cleared(books, 2)
    assert payment(third) == ("0.00", "217.62", "0.00", "0.00", "0.00", "217.62")  # 57.60 + 6.82 + 153.20
    rows = await withholdings.withholding_rows(books.engine, REGION, "H1", YEAR)
    assert {row["outstanding"] for row in rows} == {"0.00"}
    with pytest.raises(StepRefused, match="没有可返还的预留款"):
        await released(books)
    await holds(books)


async def test_what_is_prepaid_goes_off_what_is_left_and_what_is_owed_off_what_is_released(books: Books) -> None:
    await five_percent(books)
    await prepaid(books, 11_000_00)
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    first = await cleared(books)
    assert orders(first)["basic_fund"] == ("11520.00", "0.00", "0.00", "576.00", "10944.00", "0.00")
    assert payment(first) == ("12884.00", "0.00", "0.00", "644.20", "10944.00", "1295.80")
    # the bill is taken back: the hospital owes 12,884.00, and 644.20 of it is released to it: 12,239.80
    await released(books)
    await books.publish([facts.reverse("C1")])
    second = await cleared(books, 1)
    assert payment(second) == ("-12884.00", "644.20", "0.00", "0.00", "0.00", "0.00")
    assert [row["amount"] for row in await listings.receivable_rows(books.engine)] == ["12239.80"]
    assert paid(second)["basic_fund"][3] == "0.00"
    await holds(books)


async def test_a_release_takes_two_persons_and_is_withdrawn_before_a_clearing_pays_it(books: Books) -> None:
    await five_percent(books)
    await books.publish([facts.hospital("H9", region="220100"), *COUNTY])
    await books.publish([*facts.stay(1, in_scope="20000"), *facts.stay(2, on="2019-06-01", hospital_id="H9")])
    shown = await drafted(books)
    shares = await withholdings.one_share(books.engine, REGION, Fraction(1))
    with pytest.raises(StepRefused, match="没有可返还"):  # the draft is not approved
        await withholdings.order(books.engine, ALL, shares, "wang")
    await steps.approve(books.engine, shown["clearing_id"], "li")
    assert payment(shown, "H9")[3] == "0.00"  # of another county: no agreement, no score
    done = await withholdings.order(books.engine, ALL, shares, "wang")
    with pytest.raises(StepRefused, match="须由另一人"):
        await withholdings.approve(books.engine, done.release_id, "Wang")
    with pytest.raises(StepRefused, match="没有可返还"):
        await withholdings.order(books.engine, ALL, shares, "wang")
    assert (await drafted(books, 1))["payments"] == []  # not approved: not paid
    await steps.withdraw(books.engine, f"{REGION}-2031-02-1", "wang")
    await withholdings.approve(books.engine, done.release_id, "li")
    with pytest.raises(StepRefused, match="须由另一人"):
        await withholdings.withdraw(books.engine, done.release_id, "li", "错")
    await withholdings.withdraw(books.engine, done.release_id, "zhao", "错")
    with pytest.raises(StepRefused, match="已撤回"):
        await withholdings.approve(books.engine, done.release_id, "li")
    with pytest.raises(StepRefused, match="2031 年尚未结束"):
        await withholdings.shares_by_class(books.engine, REGION, YEAR)
    again = await withholdings.order(books.engine, ALL, shares, "wang")
    await withholdings.approve(books.engine, again.release_id, "li")
    await cleared(books, 1)
    with pytest.raises(StepRefused, match="已列入清算"):
        await withholdings.withdraw(books.engine, again.release_id, "zhao", "错")
    await holds(books)


async def test_a_class_says_how_much_is_released(books: Books) -> None:
    """Three hospitals of one stay each, of 1,000, 2,000 and 3,000: of the cheapest the deductible leaves least paid."""
    await five_percent(
        books,
        scorecard="{least_cases: {value: 1, grade: seed, cite: 二}, least_peers: {value: 2, grade: seed, cite: 二}}",
    )
    await books.publish([facts.enrol("P1"), *(facts.hospital(f"H{each}", 1) for each in (1, 2, 3))])
    for each in (1, 2, 3):
        await books.publish(facts.stay(each, on=f"2019-0{each + 3}-01", in_scope=f"{each}000", hospital_id=f"H{each}"))
    shown = await cleared(books)
    scores = await withholdings.shares_by_class(books.engine, REGION, 2019)
    done = await withholdings.order(books.engine, ALL, scores, "wang")
    told = {each.hospital_id: (each.credit_class, each.share) for each in done.scores}
    assert told == {"H1": ("B", "9/10"), "H2": ("A", "1"), "H3": ("A", "1")}
    release = await withholdings.release(books.engine, done.release_id)
    for hospital, (_, ratio) in told.items():
        (kept,) = [row["withheld"] for row in shown["payments"] if row["payee"] == hospital]
        back = sum(Fraction(item["amount"]) for item in release["items"] if item["hospital_id"] == hospital)
        assert abs(back - Fraction(kept) * Fraction(ratio)) <= Fraction(1, 100)
    await holds(books)


async def test_verify_finds_what_a_forged_step_keeps_back_or_releases(books: Books) -> None:
    await five_percent(books)
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    shown = await drafted(books)
    async with books.engine.connect() as connection:
        query = text("SELECT data FROM ledger.entries WHERE type = 'clearing.drafted.v1'")
        said = orjson.loads((await connection.execute(query)).scalar_one())
    await steps.withdraw(books.engine, shown["clearing_id"], "wang")
    said["withholding"]["withheld"][0]["amount"] += 1
    forged = {**said, "clearing_id": f"{REGION}-2031-01-2"}
    found = await problems_with(books.engine, forged, CLEARING_DRAFTED)
    assert {problem.where for problem in found} == {f"{REGION}-2031-01-2, kept back of hospitals"}
    nothing = {name: value for name, value in forged.items() if name != "withholding"}
    found = await problems_with(books.engine, nothing, CLEARING_DRAFTED)
    assert [(problem.where, problem.expected) for problem in found] == [
        (f"{REGION}-2031-01-2, share kept back of hospitals", "1/20")
    ]
    await cleared(books)
    shares = await withholdings.one_share(books.engine, REGION, Fraction(1))
    done = await withholdings.order(books.engine, ALL, shares, "wang")
    own = {"release_id": done.release_id, "actor": "wang"}
    found = await problems_with(books.engine, own, WITHHOLDING_RELEASE_APPROVED)
    assert [problem.where for problem in found] == [f"release {done.release_id}"]


async def test_a_clerk_orders_approves_lists_and_prints(books: Books, tmp_path: Path) -> None:
    await five_percent(books)
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    first = await cleared(books)
    async with clerk(CLAIMS_DATABASE_URL=books.engine.url.render_as_string(hide_password=False)) as claims:
        (listed,) = [row for row in (await claims("withholdings", "--json")).rows if row["fund"] == "basic_fund"]
        assert (listed["base"], listed["withheld"], listed["outstanding"]) == ("11520.00", "576.00", "576.00")
        asked = (
            "withholdings",
            "order",
            "--region",
            REGION,
            "--year",
            str(YEAR),
            "--actor",
            "wang",
            "--reason",
            "考核",
        )
        for wrong in ((), ("--share", "9"), ("--share", "0%"), ("--share", "120%")):
            assert (await claims(*asked, *wrong)).code == 2
        done = await claims(*asked, "--share", "90%", "--json")
        assert done.err == ""  # nothing of the program's own is told a clerk
        (ordered,) = done.rows
        assert (ordered["amount"], ordered["unscored"]) == ("579.78", {})
        step = ("withholdings", "approve", ordered["release_id"], "--actor")
        assert [(await claims(*step, who)).code for who in ("Wang", "li")] == [2, 0]
        shown = (await claims("withholdings", "show", ordered["release_id"])).out.decode()
        assert "90%" in shown
        assert "518.40" in shown
        second = await cleared(books, 1)
        (release,) = (await claims("withholdings", "releases", "--json")).rows
        assert (release["status"], release["clearing_id"]) == ("cleared", second["clearing_id"])
        out = tmp_path / "form.html"
        assert (await claims("clearing", "form", first["clearing_id"], "--out", out)).code == 0
        page = out.read_text(encoding="utf-8")
        assert "考核预留：按 服务协议第四十条" in page
        assert "返还预留 <span" not in page.partition("付款基金")[0]  # nothing is released in it
        assert (await claims("clearing", "form", second["clearing_id"], "--out", out)).code == 0
        assert "返还预留" in out.read_text(encoding="utf-8")
        printed = (await claims("clearing", "show", first["clearing_id"])).out.decode()
        assert "考核预留" in printed
        assert "644.20" in printed
        assert (await claims("withholdings", "--out", tmp_path / "kept.xlsx")).code == 0
    async with books.engine.connect() as connection:
        rows = await connection.execute(text("SELECT fund, withheld, released, outstanding FROM finance.withholdings"))
        found = {row.fund: (str(row.withheld), str(row.released), str(row.outstanding)) for row in rows}
    assert found["basic_fund"] == ("576.00", "518.40", "57.60")
