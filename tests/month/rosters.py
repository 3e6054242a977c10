"""Departments hand in their lists, hospitals get theirs."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

from openpyxl import Workbook

from infra.operations.quiescence import until_quiet
from tests import facts
from tests.month.county import CIVIL, POVERTY, SHANGGAO, County, rows_of


def workbook(path: Path, rows: Iterable[tuple[str, str, date | str]]) -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["建档立卡贫困人口名单（2019年9月）"])
    sheet.append(["参保人编号", "救助对象类别", "生效日期"])
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


async def rosters_come_in(county: County) -> None:
    """The poverty office's list has P2 under a category that nobody knows: P2's stay is settled without it."""
    poor, since = "建档立卡贫困人口", date(2019, 1, 1)
    office = workbook(
        county.files / "office.xlsx", [("P1", poor, since), ("P2", "建档立卡户", "2019-09-01"), ("P4", poor, since)]
    )
    in_time = ("roster", "import", office, "--source", POVERTY, "--period", "2019-09", "--received", "2019-09-09")
    previewed = await county.done(*in_time, "--dry-run", code=1)
    assert (previewed[-1]["dry_run"], previewed[-1]["added"]) == (True, 2)
    assert await county.query(f"SELECT 1 FROM ledger.entries WHERE source = '{POVERTY}'") == []
    taken = await county.done(*in_time, "--actor", "clerk", code=1)
    assert [(row["place"], row["reason"]) for row in taken if row["row"] == "refused"] == [
        ("第4行 row 4", "unknown_category")
    ]
    assert [row["person_id"] for row in taken if row["row"] in ("added", "unknown")] == ["P1", "P4", "P4"]
    assert not taken[-1]["late"]

    affairs = county.files / "affairs.csv"
    affairs.write_bytes("参保人编号,救助对象类别\r\nP1,低保对象\r\n".encode("gb18030"))
    listed = ("roster", "import", affairs, "--source", CIVIL, "--period", "2019-09", "--received", "2019-09-10")
    assert (await county.done(*listed, "--actor", "clerk"))[-1]["added"] == 1
    assert (await county.done(*listed, "--actor", "clerk"))[-1]["unchanged"] == 1  # the same file again

    assert await premiums_by_payer(county) == {
        "county_finance": "730.00",  # 上高 P1: 250 + 260; 安义 P7: basic, 220 in 2019
        "basic_fund": "75.00",  # 上高 P1: critical illness
        "poverty_alleviation_fund": "330.00",  # 安义 P7: supplementary
        "civil_affairs": "220.00",  # 长治 P8, 2019
        "to the person": "100.00",  # of P8's 220, for he had paid 100 himself
    }


async def premiums_by_payer(county: County) -> dict[str, str]:
    """What each payer bears, and how much of that goes to persons; held against the ledger's entries."""
    sums: dict[str, Decimal] = {}
    for row in await county.done("premiums", "--year", "2019", "--totals"):
        payer = "to the person" if row["kind"] == "refunded" else row["payer"]
        sums[payer] = sums.get(payer, Decimal()) + Decimal(row["amount"])
    booked = await county.query(
        """SELECT CASE type WHEN 'premium.refunded.v1' THEN 'to the person' ELSE track END, sum(paid) / 100.0
           FROM ledger.entries WHERE type LIKE 'premium.%' GROUP BY 1"""
    )
    assert sums == dict(booked)
    return {payer: str(amount) for payer, amount in sums.items()}


async def a_late_roster_settles_again(county: County) -> None:
    """The mended list comes on the 12th; what it brings P2 is an adjustment, and the year's premiums."""
    poor, since = "建档立卡贫困人口", date(2019, 1, 1)
    mended = workbook(
        county.files / "mended.xlsx", [("P1", poor, since), ("P2", poor, "2019年9月1日"), ("P4", poor, since)]
    )
    listed = ("roster", "import", mended, "--source", POVERTY, "--period", "2019-09", "--received", "2019-09-12")
    taken = (await county.done(*listed, "--actor", "clerk"))[-1]
    assert (taken["late"], taken["added"], taken["unchanged"]) == (True, 1, 2)
    await until_quiet(county.engine, ())
    # 2,800 is under the line of 7,500, too; supplementary 2,800 × 90%; 280 is under assistance's 5,000; 12,120 over 90%
    assert await county.paid("C3") == {"basic": "9600.00", "supplementary": "2520.00", "patient": "280.00"}
    settled = await county.statement("C3")
    assert (settled["revision"], settled["categories"]) == (2, ["registered_poor"])
    assert await premiums_by_payer(county) == {
        "county_finance": "1240.00",  # P1 and P2: 250 + 260 each; P7: 220
        "basic_fund": "150.00",
        "poverty_alleviation_fund": "330.00",
        "civil_affairs": "220.00",
        "to the person": "100.00",
    }

    await county.hears(
        facts.visit("C10", "P2", "H1", "2019-09-18", "chronic", "500", disease="hypertension"),
        *facts.stay(8, "P2", "2019-09-25", hospital_id="H2", bill=facts.bill("8100", upfront_copay="500")),
    )
    # card of class II, tier 2: 500 × 80%
    assert await county.paid("C10") == {"basic": "400.00", "patient": "100.00"}
    # tier 1: (8,100 − 100) × 90%; supplementary (900 + 500) × 90%, out of the 900 first; nothing in scope is left
    assert await county.paid("C8") == {"basic": "7200.00", "supplementary": "1260.00", "patient": "140.00"}


async def hospitals_are_handed_the_roster(county: County) -> None:
    out = county.files / "lists"
    (told,) = await county.done("roster", "publish", "--period", "2019-09", "--region", SHANGGAO, "--out", out)
    counts = {name: told[name] for name in ("rostered", "enrolled", "not_enrolled", "in_both", "poverty_office_only")}
    assert counts == {"rostered": 3, "enrolled": 2, "not_enrolled": 1, "in_both": 1, "poverty_office_only": 2}
    assert told["hospital_ids"] == ["H1", "H2"]  # H3 is the prefecture's
    assert rows_of(out / "roster-2019-09-H2.csv")[1:] == [
        ["P1", "低保对象、建档立卡贫困人口", "2019-01-01", "已参保"],
        ["P2", "建档立卡贫困人口", "2019-09-01", "已参保"],
        ["P4", "建档立卡贫困人口", "2019-01-01", "未参保"],
    ]
    differing = rows_of(out / f"comparison-2019-09-{SHANGGAO}.csv")
    unmet = [row[1] for row in differing if row[0] == "在册未参保（应保尽保）"]
    assert unmet == ["P4"]
