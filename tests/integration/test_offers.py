"""What counties offer: `claims schemes offers` and its page for hospitals."""

import html
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from infra.offers_page.page import page
from infra.postgres.engine import connect
from policies.loader import load_directory
from policies.values import OUR_READING
from processors.law.adoption import initialise
from processors.law.offers import offered
from tests.browser import CHROMIUM, NO_CHROMIUM, looked_at
from tests.clerk import clerk
from tests.engine import scheme

DAY, NOW = date(2019, 9, 1), datetime(2019, 9, 2, tzinfo=UTC)


def words(page_text: str) -> str:
    """What a reader sees."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page_text.partition("<body>")[2])).split())


@pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
async def test_a_browser_shows_it_whole_on_a_desk_and_on_a_phone(tmp_path: Path) -> None:
    all_of_them = page([offered(each, DAY) for each in load_directory()], NOW)
    pages = [("all", all_of_them, wide) for wide in (390, 760, 1100)]
    expected = [{"page": f"all-{wide}.html", "wide": wide, "found": [], "bars": 0} for *_, wide in pages]
    assert await looked_at(pages, tmp_path) == sorted(expected, key=str)


def test_the_page_says_what_a_hospital_sends_and_what_holds() -> None:
    told = words(page([offered(scheme("anyi"), DAY)], NOW))
    assert scheme("anyi").content_hash in told
    for part in (
        "安义县 360123",
        "门诊慢特病 chronic disease, outpatient chronic 各级 every tier",
        "待遇分I、II类",
        # its quota for lung cancer, docs/domain.md#tariffs
        "肺癌 lung_cancer C34 病种定额付费 case quota ；年度补助 annual grant 二级 32,000.00 三级 48,000.00",
        "起付线 deductible 均适用 all 一级 100.00 二级 400.00 三级 600.00",
        "封顶线 cap I类慢特病证 card of class I 100,000.00",
        "起付标准 line 其他参保人 all others 15,000.00",
        "起付标准 line 优惠对象 poor 7,500.00",
        "支付比例 ratio 其他优惠对象 others of the poor 50%",
        "全年个人负担超过 10,000.00 元",
        # 二(四) names two rates without saying where each holds, docs/domain.md#anyi
        "分段比例 bands above the line 优惠对象 poor 50% 文件 seed 安义县健康扶贫再提升实施方案 二(四): its two rates "
        "〔我方解读 reading: ours〕",
        # neither late schistosomiasis nor a case quota: supplementary pays them before assistance
        "优惠对象 poor · 不含 晚期、血吸虫病 but not late stage, schistosomiasis "
        "· 不含 定额病种 but not under a case quota",
    ):
        assert part in told, part
    assert "premium" not in told  # what a fund pays for whom is no hospital's matter


def test_each_condition_that_exempts_stands_alone() -> None:
    """安义: supplementary after assistance, unless late and schistosomiasis, or under a case quota."""
    guaranteed = next(value for value in offered(scheme("anyi"), DAY).values if value.name == "guarantee")
    assert guaranteed.unless == (("late", "schistosomiasis"), ("case_quota",))


def test_our_reading_is_told_with_the_clause() -> None:
    told = {value["name"]: value["cite"] for value in offered(scheme("shanggao"), DAY).values_told()}
    assert OUR_READING in told["ceiling"]
    assert OUR_READING not in told["deductible"]


def test_a_grant_says_whose_claims_count() -> None:
    """长治: at stage late, in any setting (三(二)2 names none)."""
    (grant,) = (value for value in offered(scheme("changzhi"), DAY).values if value.part == "grants")
    assert (grant.settings, grant.when) == (("inpatient", "chronic", "general"), ("late",))


def test_a_setting_is_offered_from_its_day_on() -> None:
    """上高: general outpatient from 2019-06-01 at tiers 0 and 1, from 2019-08-13 at tiers 2 and 3 (seed 二4)."""
    shanggao = scheme("shanggao")
    told = {day: offered(shanggao, date.fromisoformat(day)) for day in ("2019-05-31", "2019-06-01", "2019-08-13")}
    assert [each.settings.get("general", "none") for each in told.values()] == ["none", [0, 1], [0, 1, 2, 3]]
    general = [[value for value in each.values if value.settings == ("general",)] for each in told.values()]
    assert [len(values) > 0 for values in general] == [False, True, True]


def test_values_are_those_of_the_day() -> None:
    """抚松: the poor's line of critical illness is 5,000 in 2018, 3,000 from 2019 (seed 三(二)5)."""
    for day, line in (("2018-12-31", "5000.00"), ("2019-01-01", "3000.00")):
        values = offered(scheme("fusong"), date.fromisoformat(day)).values
        assert [value.value for value in values if (value.name, value.for_) == ("line", ("poor",))] == [line]


async def test_the_command_prints_writes_and_tells_programs(tmp_path: Path, database: str) -> None:
    engine = connect(database)
    await initialise(engine, load_directory())
    await engine.dispose()
    out = tmp_path / "offers.html"
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_NATS_URL="nats://127.0.0.1:1") as claims:
        printed = await claims("schemes", "offers", "--region", "360123", "--on", "2019-09-01")
        written = await claims("schemes", "offers", "--on", "2019-09-01", "--out", out)
        rows = (await claims("schemes", "offers", "--region", "140421", "--on", "2019-09-01", "--json")).rows
        today = await claims("schemes", "offers", "--region", "360123", "--json")
        nowhere = await claims("schemes", "offers", "--region", "110101")
    assert printed.code == written.code == 0, (printed.err, written.err)
    assert {"食管癌", "esophageal_cancer", "C15"} <= set(printed.out.decode().split())
    assert scheme("anyi").content_hash in printed.out.decode()
    told = out.read_text(encoding="utf-8")
    assert all(each.content_hash in told for each in load_directory())
    assert out.stat().st_mode & 0o004  # to be published
    (row,) = rows
    assert (row["region"], row["scheme"], len(row["diseases"])) == ("140421", "changzhi", 24)
    first = next(value for value in row["values"] if value["name"] == "deductible" and value.get("tiers") == [1])
    assert (first["part"], first["settings"], first["value"]) == ("basic", ["inpatient"], "400.00")
    assert today.rows[0]["day"] > "2026"
    assert (nowhere.code, "东城区 110101" in nowhere.err) == (2, True)
