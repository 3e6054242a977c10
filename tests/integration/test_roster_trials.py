"""What failed when others tried rosters: lists imported by mistake, dates that were lost, what a list moves."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from events.money import parse_yuan
from infra.operations.roster_import import Allowances, RefusedList, SuspiciousList, preview
from processors.proof.verify import verify
from processors.rosters.effect import effect_of
from processors.rosters.imports import ListImport, newest_period, record_import
from processors.rosters.list_comparison import ListReceipt, event_of
from processors.rosters.lists import ListRow, RosterList, read_list
from processors.rosters.period import Period
from processors.rosters.withdrawals import (
    ListWithdrawal,
    NothingToWithdraw,
    draw_up_withdrawal,
    record_withdrawal,
    withdrawal_event,
)
from tests import facts
from tests.clerk import Clerk, clerk
from tests.ledger import Books
from tests.program import write_lines

JIAMUSI = "230803"
CIVIL, POVERTY = f"civil-affairs/{JIAMUSI}", f"poverty-office/{JIAMUSI}"
AS_ANYBODY, AS_POOR = 15_727_50, 11_745_00
"""The patient's share of 60,000 at a hospital of tier 3 in 佳木斯: as anybody, and under dibao; 3,982.50 less."""


def stays(*persons: str, on: str = "2019-04-10") -> list[dict[str, object]]:
    return [
        facts.hospital("H1", 3, region=JIAMUSI),
        *(facts.enrol(person_id, region=JIAMUSI) for person_id in persons),
        *(
            event
            for number, person_id in enumerate(persons, start=1)
            for event in facts.stay(number, person_id, on, in_scope="60000")
        ),
    ]


def receipt(month: int, source: str = CIVIL) -> ListReceipt:
    period = Period(2019, month)
    return ListReceipt(source, period, period.first, period.first)


def listing(*rows: tuple[str, ...]) -> RosterList:
    return read_list(ListRow(str(number), *row) for number, row in enumerate(rows))


async def take(books: Books, month: int, *rows: tuple[str, ...], source: str = CIVIL) -> None:
    """Import a list as the command does."""
    read, of, sha256 = listing(*rows), receipt(month, source), f"{month:02}{len(rows):062}"
    async with books.engine.connect() as connection:
        found = await preview(connection, read, of, Allowances(shrink=True, growth=True))
    await books.publish([event_of(change, of, "clerk", sha256) for change in found.comparison.changes])
    await record_import(books.engine, ListImport(of, sha256, "clerk", read, found.comparison), found.lists)


async def withdraw(books: Books, month: int, source: str = CIVIL) -> ListWithdrawal:
    """Withdraw a list as the command does."""
    async with books.engine.connect() as connection:
        withdrawal = await draw_up_withdrawal(connection, source, Period(2019, month))
    await books.publish([withdrawal_event(change, withdrawal.of, "W2") for change in withdrawal.changes])
    assert await books.refused() == []
    await record_withdrawal(books.engine, withdrawal, "W2", "名单属外县")
    return withdrawal


async def share(books: Books, claim_id: str) -> tuple[object, object]:
    statement = await books.statement(claim_id)
    assert statement is not None
    return parse_yuan(statement["patient_share"]), statement["revision"]


async def test_a_preview_tells_the_claims_and_the_yuan_that_a_list_moves(books: Books) -> None:
    """Three of a household since 1 March; the stays of 10 April were settled before: 3 × 3,982.50."""
    await books.publish(stays("N1", "N2", "N3"))
    assert await share(books, "C1") == (AS_ANYBODY, 1)
    rows = [(person_id, "低保", "2019-03-01") for person_id in ("N1", "N2", "N3")]
    async with books.engine.connect() as connection:
        found = await preview(connection, listing(*rows), receipt(6))
        effect = await effect_of(connection, found.comparison.changes)
    assert [(claim.claim_id, claim.share_before, claim.share_after) for claim in effect.claims] == [
        (claim_id, AS_ANYBODY, AS_POOR) for claim_id in ("C1", "C2", "C3")
    ]
    assert (effect.persons, effect.patient, sum(effect.layers().values())) == (3, -3 * 3_982_50, 3 * 3_982_50)
    await take(books, 6, *rows)
    assert [await share(books, claim_id) for claim_id in ("C1", "C2", "C3")] == [(AS_POOR, 2)] * 3
    async with books.engine.connect() as connection:
        again = await preview(connection, listing(*rows), receipt(6))
        assert (await effect_of(connection, again.comparison.changes)).claims == []


async def test_a_withdrawn_list_settles_claims_again_and_frees_its_month(books: Books) -> None:
    """N1 is rostered since 2018. A list of December for another county takes him off and puts N2 on since March."""
    await books.publish(stays("N1", "N2"))
    await take(books, 1, ("N1", "低保", "2018-01-01"))
    assert await share(books, "C1") == (AS_POOR, 2)
    await take(books, 2, ("N2", "低保", "2019-02-01"))
    assert (await share(books, "C1"), await share(books, "C2")) == ((AS_ANYBODY, 3), (AS_POOR, 2))
    withdrawal = await withdraw(books, 2)
    assert [(each.person_id, each.change, str(each.effective_on)) for each in withdrawal.changes] == [
        ("N1", "added", "2019-02-01"),
        ("N2", "removed", "2019-02-01"),
    ]
    assert (await share(books, "C1"), await share(books, "C2")) == ((AS_POOR, 4), (AS_ANYBODY, 3))
    async with books.engine.connect() as connection:
        assert await newest_period(connection, CIVIL) == Period(2019, 1)
        with pytest.raises(NothingToWithdraw, match="2019-01"):
            await draw_up_withdrawal(connection, CIVIL, Period(2019, 2))
        told = await connection.execute(text("SELECT data FROM ledger.entries WHERE type = 'roster.withdrawn.v1'"))
        data = json.loads(told.scalar_one())
    assert (data["actor"], data["reason"], data["of"], data["added"], data["removed"]) == ("W2", "名单属外县", 2, 1, 1)
    # the same file again, for the month that it is of, is a list like any other
    await take(books, 2, ("N2", "低保", "2019-02-01"))
    assert await share(books, "C2") == (AS_POOR, 4)
    assert (await verify(books.engine)).problems == []


async def test_a_withdrawal_leaves_what_a_later_list_says(books: Books) -> None:
    await books.publish(stays("N1", "N2", on="2019-03-10"))
    await take(books, 2, ("N1", "低保"), ("N2", "低保"))
    await take(books, 3, ("N1", "低保"))
    withdrawal = await withdraw(books, 2)
    assert ([str(each.period) for each in withdrawal.later], str(withdrawal.until)) == (["2019-03"], "2019-03-01")
    # of 10 March: N1 is on March's list, N2 is not; in February neither was on any
    assert (await share(books, "C1"), await share(books, "C2")) == ((AS_POOR, 2), (AS_ANYBODY, 3))
    async with books.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT person_id, added, effective_on FROM projections.rosters ORDER BY number DESC LIMIT 3")
        )
        assert sorted(tuple(row) for row in rows) == [
            ("N1", False, date(2019, 2, 1)),
            ("N1", True, date(2019, 3, 1)),
            ("N2", False, date(2019, 2, 1)),
        ]
    assert (await verify(books.engine)).problems == []


async def test_a_list_that_was_interrupted_and_taken_again_is_withdrawn_whole(books: Books) -> None:
    """Its events came with the first attempt, its record with the second."""
    await books.publish(stays("N1"))
    read, of = listing(("N1", "低保", "2019-03-01")), receipt(6)
    async with books.engine.connect() as connection:
        found = await preview(connection, read, of)
    await books.publish([event_of(change, of, "clerk", f"06{1:062}") for change in found.comparison.changes])
    await take(books, 6, ("N1", "低保", "2019-03-01"))
    assert await share(books, "C1") == (AS_POOR, 2)
    await withdraw(books, 6)
    assert await share(books, "C1") == (AS_ANYBODY, 3)


async def test_a_list_is_of_a_month_that_has_begun(books: Books) -> None:
    """A list of 2090 locked its department: every later one was older."""
    later = Period(2090, 12)
    async with books.engine.connect() as connection:
        for of, what in (
            (ListReceipt(CIVIL, later, date(2019, 6, 1), later.first), "2090-12 尚未开始"),
            (ListReceipt(CIVIL, Period(2019, 6), date(2090, 6, 1), date(2019, 6, 1)), "--received"),
            (ListReceipt(CIVIL, Period(2019, 6), date(2019, 6, 1), date(2090, 6, 1)), "--effective-on"),
        ):
            with pytest.raises(RefusedList, match=what):
                await preview(connection, listing(("N1", "低保")), of)


async def test_near_ids_and_many_additions_are_held_back(books: Books) -> None:
    await books.publish([facts.enrol(f"0000{number}", region=JIAMUSI) for number in range(1, 6)])
    members = [(f"0000{number}", "低保") for number in range(1, 5)]
    await take(books, 6, *members)
    read = listing(*members[1:], ("1", "低保"), ("00005", "低保"))
    async with books.engine.connect() as connection:
        found = await preview(connection, read, receipt(7))
        assert [(change.person_id, change.change) for change in found.comparison.changes] == [("00005", "added")]
        assert [(row.person_id, row.near, row.reason) for row in read.refused] == [("1", "00001", "near_person_id")]
        assert (found.comparison.kept, found.unknown) == ([("00001", "dibao")], [])
        many = listing(*members, *((f"N{number}", "低保") for number in range(3)))
        with pytest.raises(SuspiciousList, match="it adds 3 members"):
            await preview(connection, many, receipt(7))
        assert len((await preview(connection, many, receipt(7), Allowances(growth=True))).unknown) == 3


@asynccontextmanager
async def office(data: Path) -> AsyncIterator[Clerk]:
    """Commands of a clerk of civil affairs, over a ledger whose stays are settled."""
    base = write_lines(data.parent / "base.jsonl", stays("N00001", "N00002"))
    # a file of events may begin with a byte order mark
    base.write_bytes(b"\xef\xbb\xbf" + base.read_bytes())
    async with clerk("--data-dir", data, "--json") as types:
        settled = await types("settle", base)
        assert (settled.code, settled.rows[-1].get("rejected", 0)) == (0, 0), settled
        yield types


async def test_a_clerk_withdraws_a_list(server_folder: Path, tmp_path: Path) -> None:
    """A list as clerks make it: unknown words, a total, a signature; then it turns out to be another month's."""
    lines = ["姓名,参保人编号,对象类别,生效时间,备注", "测甲,'N00001,低保户,2019.3.1,", "测乙,N00002,富人,43525,"]
    file = tmp_path / "民政6月.csv"
    file.write_text("\r\n".join([*lines, "合计,,2 人,,", "制表人：测丙,,,,"]), encoding="gb18030")
    of = ("--source", CIVIL, "--period", "2019-06")
    async with office(server_folder / "ledger") as types:
        assert (
            await types("roster", "import", file, "--source", CIVIL, "--period", "2090-12", "--actor", "W1")
        ).code == 2
        seen = await types("roster", "import", file, *of, "--dry-run")
        assert (seen.code, seen.rows[-1]["claims"], seen.rows[-1]["moved"]["patient_share"]) == (1, 1, "-3982.50"), seen
        assert [row["column"] for row in seen.rows if row["row"] == "unused_column"] == ["A 列 姓名"]
        assert [row["place"] for row in seen.rows if row["row"] == "passed_over"] == ["第4行 row 4", "第5行 row 5"]
        assert (await types("roster", "import", file, *of, "--actor", "W1")).code == 1
        refused = load_workbook(tmp_path / "民政6月-未接收.xlsx").worksheets[0]
        assert [cell.value for cell in refused[4]][:2] == ["第3行", "救助对象类别不明"]
        before = await types("roster", "withdraw", *of, "--dry-run")
        assert (before.code, before.rows[-1]["removed"], before.rows[-1]["claims"]) == (0, 1, 1), before
        for wrong in (("--actor", "W2"), ("--actor", "W2", "--reason", "见99999919900101001X"), ("--reason", "错月")):
            assert (await types("roster", "withdraw", *of, *wrong)).code == 2
        done = await types("roster", "withdraw", *of, "--actor", "W2", "--reason", "错月")
        assert (done.code, done.rows[-1]["removed"]) == (0, 1), done
        assert [row["patient_share"] for row in (await types("statements")).rows] == ["15727.50", "15727.50"]
        again = await types("roster", "withdraw", *of, "--actor", "W2", "--reason", "错月")
        assert (again.code, "没有 2019-06 的名单可撤销" in again.err) == (2, True)
        assert (
            await types("roster", "import", file, "--source", CIVIL, "--period", "2019-05", "--actor", "W1")
        ).code == 1
