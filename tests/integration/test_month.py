"""A month in the life of a county, from an empty ledger, as its offices live it beside one running `claims up`.

The county is 上高 (360923); 安义 adds its supplementary account, 长治 the refund of what a person had paid himself.
Each amount is worked by hand from DOMAIN section 5; what reports say is summed once more from the ledger's entries.
"""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from openpyxl import Workbook
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import LAYERS
from infra.messaging.publisher import Published, publish_file
from infra.operations.settle import until_quiet
from infra.postgres.engine import connect
from processors.clearing.draft import draft
from processors.clearing.ranges import begin_of
from tests import facts
from tests.clerk import Clerk, clerk
from tests.months import months_from_now
from tests.program import Done, background, up_is_ready, write_lines

pytestmark = pytest.mark.timeout(180)

SHANGGAO, ANYI, CHANGZHI = "360923", "360123", "140421"
BUREAU, POVERTY, CIVIL = (f"{kind}/{SHANGGAO}" for kind in ("bureau", "poverty-office", "civil-affairs"))
THIS_MONTH, NEXT_MONTH = months_from_now()
SEPTEMBER, OCTOBER = f"{THIS_MONTH:%Y-%m}", f"{NEXT_MONTH:%Y-%m}"
"""Clearing goes by the day of booking, which is today: what the county lives in September is cleared in this month."""
FIRST, SECOND = f"{SHANGGAO}-{SEPTEMBER}-1", f"{SHANGGAO}-{OCTOBER}-1"

Event = Mapping[str, Any]


@dataclass
class County:
    """Everyone in it: sources that publish, clerks who type commands, and somebody who reads the database."""

    claims: Clerk
    client: Client
    engine: AsyncEngine
    files: Path
    approved: dict[str, Any] = field(default_factory=dict)

    async def hears(self, *events: Event) -> None:
        """Sources publish; returns when all of it is settled."""
        published = Published()
        lines = b"\n".join(json.dumps(event).encode() for event in events)
        async for _ in publish_file(self.client, "month", io.BytesIO(lines), published):
            pass
        await until_quiet(self.engine, published.sequences)

    async def done(self, *arguments: object, code: int = 0) -> list[dict[str, Any]]:
        """A command with ``--json`` that ends as it should; returns its lines."""
        ended = await self.claims(*arguments, "--json")
        assert ended.code == code, f"{arguments}: {ended.out.decode()}{ended.err}"
        return ended.rows

    async def refused(self, *arguments: object) -> str:
        """A command that must not be done; returns what it says."""
        ended: Done = await self.claims(*arguments)
        assert (ended.code, ended.out) == (2, b""), (arguments, ended.out.decode(), ended.err)
        return ended.err

    async def statement(self, claim: str) -> dict[str, Any]:
        (row,) = await self.done("statements", "--claim", claim)
        return row

    async def paid(self, claim: str) -> dict[str, str]:
        """What a statement says each one bears, in yuan, without those who bear nothing; it adds up to the bill."""
        row = await self.statement(claim)
        shares = {layer["layer"]: layer["paid"] for layer in row["layers"]}
        shares |= {"patient": row["patient_share"], "hospital": row["hospital_share"]}
        assert sum(map(Decimal, shares.values())) == (Decimal(row["total"]) if row["status"] == "settled" else 0)
        return {who: amount for who, amount in shares.items() if amount != "0.00"}

    async def query(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]


@asynccontextmanager
async def county_of(claims: Clerk, files: Path) -> AsyncIterator[County]:
    """The county whose servers `claims status` names."""
    status = (await claims("status", "--json")).rows[0]
    client, engine = await nats.connect(status["nats_url"]), connect(status["database_url"])
    try:
        yield County(claims, client, engine, files)
    finally:
        await client.close()
        await engine.dispose()


def by(source: str, event: Event) -> Event:
    """An event as another source says it."""
    return {**event, "source": source}


async def test_a_month_in_the_life_of_a_county(server_folder: Path, tmp_path: Path) -> None:
    data, log = server_folder / "ledger", tmp_path / "up.log"
    async with background("up", "--data-dir", data, log=log), clerk("--data-dir", data) as claims:
        await up_is_ready(log)
        async with county_of(claims, tmp_path) as county:
            await the_year_is_prepared(county)
            await rosters_come_in(county)
            await hospitals_settle(county)
            await a_late_roster_settles_again(county)
            await a_quote_is_what_is_settled_then(county)
            await a_reversal_an_audit_and_a_refusal(county)
            await hospitals_are_handed_the_roster(county)
            await september_is_cleared_and_paid(county)
            await a_person_is_paid_what_he_had_paid(county)
            await the_books_are_sealed(county)
            await october_adjusts(county)
            await october_is_cleared_and_september_stands(county)
            await what_a_person_owes_is_paid_in(county)
            await a_hospital_s_file_is_reconciled(county)
            await reports_add_up(county)
            await the_supplementary_account(county)
            await the_books_hold(county)
            await a_person_s_file_names_every_amount(county)


async def the_year_is_prepared(county: County) -> None:
    await county.hears(
        by(BUREAU, facts.hospital("H1", 2, SHANGGAO)),
        by(BUREAU, facts.hospital("H2", 1, SHANGGAO)),
        by(BUREAU, facts.hospital("H3", 3, "360902")),  # the prefecture's, outside the county
        *(facts.enrol(person, 2019, SHANGGAO) for person in ("P1", "P2", "P3")),
        by(BUREAU, facts.card("P2", "hypertension", "II")),
        by(f"bureau/{ANYI}", facts.hospital("H4", 2, ANYI)),
        facts.enrol("P7", 2019, ANYI),
        by(f"poverty-office/{ANYI}", facts.roster("P7")),
        facts.enrol("P8", 2019, CHANGZHI, self_paid="100"),
        by(f"civil-affairs/{CHANGZHI}", facts.roster("P8", "dibao")),
    )


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
        "county_finance": "510.00",  # 上高 P1: 250 + 260
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


async def hospitals_settle(county: County) -> None:
    """P3 is treated outside the county and pays the whole bill; the emergency fund has lent 2,000 before (上高 二5)."""
    await county.hears(
        by(BUREAU, facts.advance("L2", "2000", "2019-09-11", "P3")),
        *facts.stay(1, "P1", "2019-09-05", hospital_id="H1", bill=facts.bill("20400", self_funded="1000")),
        *facts.stay(3, "P2", "2019-09-08", "12400", hospital_id="H1"),
        *facts.stay(4, "P3", "2019-09-12", "10600", hospital_id="H3", prepaid=True),
        facts.visit("C5", "P3", "H2", "2019-09-14", "general", "100"),
        *facts.stay(6, "P3", "2019-09-16", "3100", hospital_id="H2"),
        *facts.stay(7, "P7", "2019-09-17", "1000", hospital_id="H4"),
    )
    # P1, tier 2, registered poor and dibao: (20,400 − 400) × 80%; 4,400 is under the line of 7,500;
    # supplementary 4,400 × 90% + 1,000 × 75%; assistance 440 × 75%; 21,040 is over 90% of 21,400; left 110 + 250
    assert await county.paid("C1") == {
        "basic": "16000.00",
        "supplementary": "4710.00",
        "assistance": "330.00",
        "patient": "360.00",
    }
    # P2, tier 2, on no list yet: (12,400 − 400) × 80%; 2,800 is under the line of 15,000
    assert await county.paid("C3") == {"basic": "9600.00", "patient": "2800.00"}
    # P3, tier 3, not poor: (10,600 − 600) × 60%; 4,600 under 15,000; he had paid the whole bill
    assert await county.paid("C4") == {"basic": "6000.00", "patient": "4600.00"}
    assert (await county.statement("C4"))["payee"] == "person"
    # tier 1: 100 × 65%, under 120 a year; and (3,100 − 100) × 90%
    assert await county.paid("C5") == {"basic": "65.00", "patient": "35.00"}
    assert await county.paid("C6") == {"basic": "2700.00", "patient": "400.00"}
    # 安义, tier 2: (1,000 − 400) × 80%; assistance 520 × 50%; supplementary 260 × 90%; 974 is over 900
    assert await county.paid("C7") == {
        "basic": "480.00",
        "assistance": "260.00",
        "supplementary": "234.00",
        "patient": "26.00",
    }


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
        "county_finance": "1020.00",  # P1 and P2: 250 + 260 each
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


async def a_quote_is_what_is_settled_then(county: County) -> None:
    """P1 is treated outside the county at one stop; for his deposit the emergency fund has lent 3,000."""
    lent = {**by(BUREAU, facts.advance("L1", "3000", "2019-09-10")), "actor": "chen"}
    again = by(BUREAU, facts.advance("L1", "5000", "2019-09-10", "P2"))
    await county.hears(lent, again, facts.admit("A2", "P1", "H3", "2019-09-10"))
    assert [row["reason"] for row in await county.done("refusals")] == ["duplicate_advance"]
    leaving = facts.discharge("C2", "A2", "P1", "H3", "2019-09-20", "30600")
    asked = write_lines(county.files / "asked.jsonl", [leaving, by("hospital/H1", leaving)])
    quoted, prying = await county.done("quote", asked)
    assert prying["refused"]["reason"] == "source_not_allowed"
    assert await county.done("statements", "--claim", "C2") == []
    await county.hears(leaving)
    assert quoted["statement"] == await county.statement("C2")
    # tier 3: (30,600 − 600) × 60%; critical illness (4,400 + 12,600 − 7,500) × 50%; supplementary 7,850 × 90%;
    # assistance 785 × 75%; 30,403.75 is over 90% of 30,600
    assert await county.paid("C2") == {
        "basic": "18000.00",
        "critical_illness": "4750.00",
        "supplementary": "7065.00",
        "assistance": "588.75",
        "patient": "196.25",
    }


async def a_reversal_an_audit_and_a_refusal(county: County) -> None:
    await county.hears(
        facts.reverse("C6", "hospital/H2"),
        by(BUREAU, facts.audit("C2", "1000", "hospital", "F1")),
        *facts.stay(99, "P4", "2019-09-19", hospital_id="H2"),  # rostered, and enrolled by nobody
        *facts.stay(11, "P2", "2019-09-26", "2500", hospital_id="H1"),
    )
    assert await county.paid("C6") == {}
    # tier 2: (2,500 − 400) × 80%; supplementary 820 × 90%
    assert await county.paid("C11") == {"basic": "1680.00", "supplementary": "738.00", "patient": "82.00"}
    # nothing of it was in the catalog: 75%, and the county's budget to 90%
    await county.hears(facts.correct("C11", hospital_id="H1", bill=facts.bill(self_funded="2500")))
    assert await county.paid("C11") == {"supplementary": "1875.00", "backstop": "375.00", "patient": "250.00"}
    # 29,600 are left: 29,000 × 60%; (4,400 + 12,200 − 7,500) × 50%; 7,650 × 90%; 765 × 75%; the hospital bears 1,000
    assert await county.paid("C2") == {
        "basic": "17400.00",
        "critical_illness": "4550.00",
        "supplementary": "6885.00",
        "assistance": "573.75",
        "patient": "191.25",
        "hospital": "1000.00",
    }
    refusals = await county.done("refusals")
    assert [(row["event_id"], row["reason"]) for row in refusals[1:]] == [("discharge-C99", "not_enrolled")]


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


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def lines(shown: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, str]]:
    """A clearing's lines by payee and fund, without columns that are nothing."""
    columns = ("settled", "adjusted", "audit", "repaid", "payable")
    return {
        (line["payee"], line["fund"]): {name: line[name] for name in columns if line[name] != "0.00"}
        for line in shown["lines"]
    }


def payments(shown: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["payee"]: (row["amount"], row["status"]) for row in shown["payments"]}


def total(shown: Mapping[str, Any]) -> Decimal:
    return sum((Decimal(line["payable"]) for line in shown["lines"]), Decimal())


async def booked(county: County) -> Decimal:
    """All that layers have booked under 上高's scheme, straight from the ledger."""
    ((fen,),) = await county.query(
        "SELECT sum(paid) FROM ledger.entries WHERE type LIKE 'payout.%' AND scheme = 'shanggao'"
    )
    return Decimal(fen) / 100


async def september_is_cleared_and_paid(county: County) -> None:
    waiting = {row["region"]: (row["amount"], row["draft"]) for row in await county.done("clearing", "open")}
    assert waiting == {SHANGGAO: ("79743.75", None), CHANGZHI: ("100.00", None), ANYI: ("974.00", None)}
    drafting = ("clearing", "draft", "--region", SHANGGAO, "--month", SEPTEMBER, "--actor", "wang")
    (drafted,) = await county.done(*drafting)
    assert drafted["clearing_id"] == FIRST
    assert lines(drafted) == {
        # C1 16,000 + C3 9,600 + C10 400 + C11 1,680
        ("H1", "basic"): {"settled": "27680.00", "payable": "27680.00"},
        ("H1", "assistance"): {"settled": "330.00", "payable": "330.00"},
        # C1 4,710 + C11 738
        ("H1", "supplementary"): {"settled": "5448.00", "payable": "5448.00"},
        # C5 65 + C6 2,700 + C8 7,200; C6 was reversed
        ("H2", "basic"): {"settled": "9965.00", "adjusted": "-2700.00", "payable": "7265.00"},
        ("H2", "supplementary"): {"settled": "1260.00", "payable": "1260.00"},
        # C2, of which the audit takes 995, and the emergency fund nothing: H3 owes it nothing
        ("H3", "basic"): {"settled": "18000.00", "audit": "-600.00", "payable": "17400.00"},
        ("H3", "critical_illness"): {"settled": "4750.00", "audit": "-200.00", "payable": "4550.00"},
        ("H3", "assistance"): {"settled": "588.75", "audit": "-15.00", "payable": "573.75"},
        ("H3", "supplementary"): {"settled": "7065.00", "audit": "-180.00", "payable": "6885.00"},
        # C11's correction
        ("P2", "basic"): {"adjusted": "-1680.00", "payable": "-1680.00"},
        # C3: he had paid 2,800 at the window where 280 were his; C11: 1,875 − 738
        ("P2", "supplementary"): {"adjusted": "3657.00", "payable": "3657.00"},
        ("P2", "backstop"): {"adjusted": "375.00", "payable": "375.00"},
        # C4, prepaid
        ("P3", "basic"): {"settled": "6000.00", "repaid": "2000.00", "payable": "4000.00"},
        (SHANGGAO, "basic"): {"repaid": "-2000.00", "payable": "2000.00"},
    }
    due = {
        "H1": "33458.00",
        "H2": "8525.00",
        "H3": "29408.75",
        "P2": "2352.00",
        "P3": "4000.00",
        SHANGGAO: "2000.00",  # the emergency fund
    }
    assert payments(drafted) == {payee: (amount, "due") for payee, amount in due.items()}
    assert total(drafted) == await booked(county) == Decimal("79743.75")
    assert [(row["advance_id"], row["person_id"], row["fund"], row["amount"]) for row in drafted["repayments"]] == [
        ("L2", "P3", "basic", "2000.00")
    ]

    assert "another person must approve" in await county.refused("clearing", "approve", FIRST, "--actor", "wang")
    await county.done("clearing", "approve", FIRST, "--actor", "li")
    paying = ("clearing", "pay", FIRST, "--reference")
    assert (await county.done(*paying, "T1", "--actor", "li"))[0]["paid"] == "79743.75"
    account_closed = ("--payee", "H2", "--reason", "账户已注销")
    (back,) = await county.done("clearing", "return", FIRST, "--actor", "li", *account_closed)
    (reopened,) = await county.done("clearing", "show", FIRST)
    assert (back["due"], reopened["status"]) == ("8525.00", "approved")
    assert payments(reopened)["H2"] == ("8525.00", "returned")
    assert "another person must note" in await county.refused(*paying, "T2", "--actor", "li")
    assert (await county.done(*paying, "T2", "--actor", "zhao"))[0]["paid"] == "8525.00"  # no one else is paid again
    (county.approved,) = await county.done("clearing", "show", FIRST)
    assert county.approved["status"] == "paid"
    assert payments(county.approved) == {payee: (amount, "paid") for payee, amount in due.items()}
    assert lines(county.approved) == lines(drafted)


async def a_person_is_paid_what_he_had_paid(county: County) -> None:
    """长治 三(一)2: all of the 100 that P8 had paid before he was on the list; no one of his county was ever ill."""
    (drafted,) = await county.done("clearing", "draft", "--region", CHANGZHI, "--month", SEPTEMBER, "--actor", "wang")
    assert lines(drafted) == {("P8", "premium_refund.civil_affairs"): {"settled": "100.00", "payable": "100.00"}}
    await county.done("clearing", "approve", drafted["clearing_id"], "--actor", "li")
    paying = ("clearing", "pay", drafted["clearing_id"], "--actor", "li", "--reference", "T3")
    assert (await county.done(*paying))[0]["paid"] == "100.00"


async def the_books_are_sealed(county: County) -> None:
    (sealed,) = await county.done("seal", "--out", county.files / "seal.json")
    assert sealed["number"] == 1


async def october_adjusts(county: County) -> None:
    await county.hears(
        by(BUREAU, facts.audit("C1", "300", "person", "F2")),
        facts.correct("C8", "6100", "H2", bill=facts.bill("6100", upfront_copay="500")),
        *facts.stay(9, "P3", "2019-10-09", "1100", hospital_id="H2"),
        facts.reverse("C11"),
    )
    assert await county.paid("C11") == {}
    # the 300 leave the self-funded 1,000: supplementary 4,400 × 90% + 700 × 75%; he bears 110 + 175 + 300
    assert await county.paid("C1") == {
        "basic": "16000.00",
        "supplementary": "4485.00",
        "assistance": "330.00",
        "patient": "585.00",
    }
    # (6,100 − 100) × 90%; supplementary (600 + 500) × 90%: out of S 600 and C 390
    assert await county.paid("C8") == {"basic": "5400.00", "supplementary": "1080.00", "patient": "120.00"}
    # tier 1: (1,100 − 100) × 90%
    assert await county.paid("C9") == {"basic": "900.00", "patient": "200.00"}


async def october_is_cleared_and_september_stands(county: County) -> None:
    drafting = ("clearing", "draft", "--region", SHANGGAO, "--actor", "li", "--month")
    assert "has not begun" in await county.refused(*drafting, OCTOBER)
    # no command drafts it before its first day, and nothing else than the clock is set here
    clearing_id = await draft(county.engine, SHANGGAO, NEXT_MONTH, "li", now=begin_of(NEXT_MONTH))
    await county.done("clearing", "approve", clearing_id, "--actor", "wang")
    (second,) = await county.done("clearing", "show", SECOND)
    assert lines(second) == {
        # C11: H1 gives back what it was first paid, of basic too, which stood at 0 and booked nothing for the reversal
        ("H1", "basic"): {"adjusted": "-1680.00", "payable": "-1680.00"},
        ("H1", "supplementary"): {"adjusted": "-738.00", "payable": "-738.00"},
        ("H2", "basic"): {"settled": "900.00", "payable": "900.00"},
        # C1: 4,710 − 4,485, for he bears what the audit found
        ("P1", "supplementary"): {"adjusted": "-225.00", "payable": "-225.00"},
        # C8: 7,200 − 5,400 and 1,260 − 1,080; the hospital gives him the 2,000 back, of which 1,980 are the funds'.
        # C11: he gets 1,680 and gives 1,137 and 375
        ("P2", "basic"): {"adjusted": "-120.00", "payable": "-120.00"},
        ("P2", "supplementary"): {"adjusted": "-1317.00", "payable": "-1317.00"},
        ("P2", "backstop"): {"adjusted": "-375.00", "payable": "-375.00"},
    }
    nothing = ("0.00", "none")
    assert payments(second) == {"H1": nothing, "H2": ("900.00", "due"), "P1": nothing, "P2": nothing}
    of_c11 = {(row["payee_kind"], row["fund"]): row["amount"] for row in second["changes"] if row["claim_id"] == "C11"}
    assert of_c11 == {
        ("hospital", "basic"): "-1680.00",
        ("person", "basic"): "1680.00",
        ("hospital", "supplementary"): "-738.00",
        ("person", "supplementary"): "-1137.00",
        ("person", "backstop"): "-375.00",
    }
    (first,) = await county.done("clearing", "show", FIRST)
    assert first == county.approved
    assert total(first) + total(second) == await booked(county) == Decimal("76188.75")
    assert "was cleared already" in await county.refused(
        "clearing", "draft", "--region", SHANGGAO, "--month", SEPTEMBER, "--actor", "li"
    )


async def what_a_person_owes_is_paid_in(county: County) -> None:
    owed = await county.done("receivables")
    # H1: 1,680 + 738; P2: 120 + 1,317 + 375
    outstanding = {"H1": "2418.00", "P1": "225.00", "P2": "1812.00"}
    assert {row["payee"]: row["outstanding"] for row in owed} == outstanding
    by_whom_it_was_drafted = ("receivables", "settle", f"{SECOND}-person-P1", "--actor", "li", "--reference", "R1")
    assert "li drafted" in await county.refused(*by_whom_it_was_drafted)
    settling = ("receivables", "settle", f"{SECOND}-person-P1", "--actor", "zhao", "--reference")
    assert (await county.done(*settling, "R1", "--amount", "100"))[0]["outstanding"] == "125.00"
    assert "125.00 is outstanding" in await county.refused(*settling, "R2", "--amount", "125.01")
    assert (await county.done(*settling, "R2"))[0]["outstanding"] == "0.00"
    assert [row["payee"] for row in await county.done("receivables")] == ["H1", "P2"]

    async def lent() -> list[tuple[str, ...]]:
        names = ("advance_id", "person_id", "issued", "repaid", "in_cash", "outstanding")
        return [tuple(row[name] for name in names) for row in await county.done("advances")]

    # P3's out of C4's 6,000; H3 has given P1 the rest of his deposit back
    of_p3 = ("L2", "P3", "2000.00", "2000.00", "0.00", "0.00")
    assert await lent() == [("L1", "P1", "3000.00", "0.00", "0.00", "3000.00"), of_p3]
    repaying = ("advances", "repay", "L1", "--region", SHANGGAO, "--amount", "3000", "--reference", "R3", "--actor")
    assert "chen issued L1" in await county.refused(*repaying, "chen")
    assert (await county.done(*repaying, "zhao"))[0]["outstanding"] == "0.00"
    assert await lent() == [("L1", "P1", "3000.00", "3000.00", "3000.00", "0.00"), of_p3]


H2_HEADINGS = "结算单号,日期,状态,总额,基本医保,补充保险,个人支付"
H2_SEPTEMBER = {
    "C5": "C5,2019-09-14,已结算,100.00,65.00,,35.00",
    "C6": "C6,2019-09-16,已冲正,3100.00,,,",
    "C8": "C8,2019-09-25,已结算,6600.00,5400.00,1080.00,120.00",
}
PLANTED: dict[str, tuple[dict[str, str | None], tuple[str | None, ...]]] = {
    "in the ledger only": ({"C5": None}, ("ledger_only", "C5", None, None)),
    "at the hospital only": (
        {"C99": "C99,2019-09-19,已结算,10000.00,8910.00,,1090.00"},
        ("hospital_only", "C99", None, None),
    ),
    "an amount": (
        {"C8": "C8,2019-09-25,已结算,6600.00,5400.00,1080.00,181.00"},
        ("amount_differs", "C8", "patient_share", "61.00"),
    ),
    "reversed on one side": (
        {"C6": "C6,2019-09-16,已结算,3100.00,2700.00,,400.00"},
        ("reversed_in_ledger", "C6", "status", None),
    ),
    "reversed on the other": ({"C8": "C8,2019-09-25,已冲正,,,,"}, ("reversed_at_hospital", "C8", "status", None)),
    "a day": ({"C5": "C5,2019-09-15,已结算,100.00,65.00,,35.00"}, ("date_differs", "C5", "date", None)),
}
TOTALS = "人次,总额,基本医保,基金支付,个人支付"


async def a_hospital_s_file_is_reconciled(county: County) -> None:
    """The township hospital's September: as it is, with each error alone, and with one of every claim."""
    path, sums = county.files / "h2.csv", county.files / "totals.csv"

    async def differences(
        *changes: Mapping[str, str | None], totals: str | None = None, agrees: bool = False
    ) -> list[dict[str, Any]]:
        stated: dict[str, str | None] = dict(H2_SEPTEMBER)
        for change in changes:
            stated |= change
        path.write_text("\r\n".join([H2_HEADINGS, *filter(None, stated.values())]), encoding="gb18030")
        compared: tuple[object, ...] = ("reconcile", "--hospital", "H2", "--month", "2019-09", path)
        if totals is not None:
            sums.write_text(f"{TOTALS}\n{totals}\n", encoding="gb18030")
            compared = (*compared, "--totals", sums)
        *found, summary = await county.done(*compared, code=0 if agrees else 1)
        assert summary["differences"] == len(found)
        return found

    def told(found: Iterable[Mapping[str, Any]]) -> list[tuple[str | None, ...]]:
        return [tuple(row[name] for name in ("kind", "claim_id", "field", "difference")) for row in found]

    # C5 and C8: 100 + 6,600; 65 + 5,400; 65 + 5,400 + 1,080; 35 + 120
    true = "2,6700.00,5465.00,6545.00,155.00"
    assert await differences(totals=true, agrees=True) == []
    for what, (change, expected) in PLANTED.items():
        assert told(await differences(change)) == [expected], what

    # its totals and its rows lack C5 alike; its rows alone; its totals are wrong by 1 in basic and by 3 in all funds
    c5_missing = PLANTED["in the ledger only"][0]
    lacks = {"claims": "1", "total": "100.00", "basic": "65.00", "patient_share": "35.00"}
    missing = ("ledger_only", "C5", None, None)
    assert told(await differences(c5_missing, totals="1,6600.00,5400.00,6480.00,120.00")) == [
        missing,
        *(("total_differs", None, name, f"-{amount}") for name, amount in lacks.items()),
    ]
    assert told(await differences(c5_missing, totals=true)) == [
        missing,
        *(("total_not_of_detail", None, name, amount) for name, amount in lacks.items()),
    ]
    assert told(await differences(totals="2,6700.00,5466.00,6548.00,155.00")) == [
        (kind, None, name, amount)
        for kind in ("total_differs", "total_not_of_detail")
        for name, amount in (("basic", "1.00"), ("funds", "3.00"))
    ]

    names = ("in the ledger only", "at the hospital only", "an amount", "reversed on one side")
    found = await differences(*(PLANTED[name][0] for name in names))
    assert {row["claim_id"] for row in found} == {"C5", "C6", "C8", "C99"}
    (why,) = [row["detail"] for row in found if row["kind"] == "hospital_only"]
    assert why.startswith("refused: not_enrolled")


async def reports_add_up(county: County) -> None:
    within = ("--year", "2019", "--region", SHANGGAO)
    annual = await county.done("report", "annual", *within)
    assert {(row["setting"], row["poor"]): amounts(row) for row in annual} == {
        # C5
        ("general", False): {"total": "100.00", "basic": "65.00", "paid": "65.00", "patient_share": "35.00"},
        # C4 and C9: 10,600 + 1,100
        ("inpatient", False): {"total": "11700.00", "basic": "6900.00", "paid": "6900.00", "patient_share": "4800.00"},
        # C10
        ("chronic", True): {"total": "500.00", "basic": "400.00", "paid": "400.00", "patient_share": "100.00"},
        ("inpatient", True): {
            "total": "71000.00",  # C1 21,400 + C2 30,600 + C3 12,400 + C8 6,600
            "basic": "48400.00",  # 16,000 + 17,400 + 9,600 + 5,400
            "critical_illness": "4550.00",  # C2
            "supplementary": "14970.00",  # 4,485 + 6,885 + 2,520 + 1,080
            "assistance": "903.75",  # 330 + 573.75
            "paid": "68823.75",
            "patient_share": "1176.25",  # 585 + 191.25 + 280 + 120
            "hospital_share": "1000.00",
        },
    }
    (poor_stays,) = [row for row in annual if row["poor"] and row["setting"] == "inpatient"]
    assert (poor_stays["claims"], poor_stays["persons"], poor_stays["paid_share"]) == (4, 2, "0.9693")

    flows = await county.done("report", "monthly", "--region", SHANGGAO)
    layers = {row["layer"] for row in flows}
    by_layer = {layer: {name: summed(flows, name, layer=layer) for name in FLOWS} for layer in layers}
    ledger = await county.query(
        """SELECT layer, coalesce(sum(paid) FILTER (WHERE NOT late), 0) / 100.0,
                  coalesce(sum(paid) FILTER (WHERE late), 0) / 100.0, sum(paid) / 100.0
           FROM ledger.entries, LATERAL (SELECT convert_from(data, 'UTF8')::jsonb ? 'cause' AS late) AS brought_about
           WHERE type LIKE 'payout.%' AND scheme = 'shanggao' GROUP BY 1"""
    )
    assert by_layer == {layer: dict(zip(FLOWS, sums, strict=True)) for layer, *sums in ledger}
    # 16,000 + 18,000 + 9,600 + 6,000 + 65 + 2,700 + 400 + 7,200 + 900 + 1,680; −600 of C2, −2,700 of C6, −1,800 of C8,
    # −1,680 of C11's correction
    assert by_layer["basic"] == dict(zip(FLOWS, map(Decimal, ("62545.00", "-6780.00", "55765.00")), strict=True))
    # 4,710 of C1, 7,065 of C2, 1,260 of C8, 738 of C11; C3's 2,520 came of the mended list; −225, −180, −180; what
    # was left of C11 was 0: −738
    supplementary = map(Decimal, ("13773.00", "1197.00", "14970.00"))
    assert by_layer["supplementary"] == dict(zip(FLOWS, supplementary, strict=True))
    for layer, sums in by_layer.items():
        assert sums["net"] == summed(annual, layer), layer
    paid = summed(annual, "paid")
    assert paid == await booked(county) == sum(sums["net"] for sums in by_layer.values())

    # every bill in the ledger, as last corrected, of claims that were not reversed
    bills = dict(await county.query(BILLS_BY_HOSPITAL))
    hospitals = {row["hospital_id"]: row for row in await county.done("report", "hospital", "--year", "2019")}
    assert {name: Decimal(row["total"]) for name, row in hospitals.items()} == bills
    assert [(name, row["claims"], row["stays"], row["total"]) for name, row in hospitals.items()] == [
        ("H4", 1, 1, "1000.00"),
        ("H3", 2, 2, "41200.00"),  # C2, C4
        ("H1", 3, 2, "34300.00"),  # C1, C3, C10
        ("H2", 3, 2, "7800.00"),  # C5, C8, C9
    ]
    # (21,400 + 12,400) / 2; 1,000 of 34,300
    assert (hospitals["H1"]["average_stay"], hospitals["H1"]["out_of_catalog_share"]) == ("16900.00", "0.0292")
    borne = summed(annual, "patient_share") + summed(annual, "hospital_share")
    assert paid + borne == summed(annual, "total") == sum(bills[name] for name in ("H1", "H2", "H3"))

    told = await county.done("report", "targets", *within)
    assert [(row["target"], row["met"], row["persons"]) for row in told if row["row"] == "attainment"] == [
        ("assistance", 1, 2),
        ("enrolment", 2, 3),  # P1 and P2, of these and P4
        ("reimbursement", 2, 2),
    ]
    under = [row for row in told if row["row"] == "targets"]
    assert [(row["target"], row["person_id"], row["base"], row["reached"]) for row in under] == [
        ("assistance", "P2", "280.00", "0.00"),  # C3: 280 left, under the 5,000 from which it helps
        ("enrolment", "P4", None, None),
    ]


FLOWS = ("decided", "adjusted", "net")
SHARES = ("patient_share", "hospital_share")
BILLS_BY_HOSPITAL = """
WITH said AS (
    SELECT number, type, substr(source, 10) AS hospital_id, convert_from(raw, 'UTF8')::jsonb -> 'data' AS data
    FROM ledger.entries
    WHERE type IN ('discharge.recorded.v1', 'outpatient.recorded.v1', 'claim.corrected.v1', 'claim.reversed.v1')
), last AS (SELECT DISTINCT ON (data ->> 'claim_id') * FROM said ORDER BY data ->> 'claim_id', number DESC)
SELECT hospital_id, sum((data #>> '{bill,total}')::numeric(16, 2)) FROM last
WHERE type <> 'claim.reversed.v1' GROUP BY 1
"""


def amounts(row: Mapping[str, Any]) -> dict[str, str]:
    """The money of an annual report's row that is not nothing."""
    return {name: row[name] for name in ("total", *LAYERS, "paid", *SHARES) if row[name] != "0.00"}


def summed(rows: Iterable[Mapping[str, Any]], name: str, **wanted: str) -> Decimal:
    chosen = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return sum((Decimal(row[name]) for row in chosen), Decimal())


async def the_supplementary_account(county: County) -> None:
    """And 安义, which nobody has cleared: it is told."""
    (left,) = await county.done("clearing", "open")
    assert (left["region"], left["amount"], left["bookings"]) == (ANYI, "974.00", 3)
    (year,) = await county.done("account", "--scheme", "anyi")
    names = ("year", "premiums", "operations", "payouts", "carried_out", "by_government")
    # P7's 330; 6% of it; C7's 234; 330 − 19.80 − 234
    assert tuple(year[name] for name in names) == (2019, "330.00", "19.80", "234.00", "76.20", "0.00")


async def a_person_s_file_names_every_amount(county: County) -> None:
    """P1's: the premiums, the loan, each claim's fall from bill to own share, and what every layer ever stood at."""
    path = county.files / "P1.html"
    ended = await county.claims("file", "P1", "--out", path)
    assert ended.code == 0, ended.err
    before, *articles = path.read_text(encoding="utf-8").split('<article id="claim-')
    for amount in ("250.00", "75.00", "260.00", "3,000.00"):
        assert amount in before, amount
    told = {article.partition('"')[0]: article for article in articles}
    assert list(told) == ["C1", "C2"]
    for claim, article in told.items():
        bars = {who: Decimal(fen) / 100 for who, fen in BAR.findall(article)}
        stands = {who: Decimal(amount) for who, amount in (await county.paid(claim)).items()}
        assert {who: amount for who, amount in bars.items() if amount} == stands | {"total": sum(stands.values())}
    stood = await county.query(
        """SELECT claim_id, sum(paid) OVER (PARTITION BY claim_id, stage ORDER BY run) / 100.0
           FROM ledger.entries WHERE person_id = 'P1' AND type LIKE 'payout.%'"""
    )
    assert [each for each in stood if f"{each[1]:,.2f}" not in told[each[0]]] == []


BAR = re.compile(r'data-kind="(\w+)" data-fen="(\d+)"')


async def the_books_hold(county: County) -> None:
    (proved,) = await county.done("verify")
    counts = {name: proved[name] for name in ("holds", "claims", "persons", "skipped", "clearings", "seals")}
    # the ledger's persons: P1-P4, P7, P8
    assert counts == {"holds": True, "claims": 11, "persons": 6, "skipped": 0, "clearings": 3, "seals": 1}
    for derived in await county.done("rebuild", "--dry-run"):
        assert derived["differences"] == [], derived["projection"]
    (held,) = await county.done("seal", "--check", county.files / "seal.json")
    assert held["holds"]
