"""Rosters in and out as a clerk exchanges them: departments' full lists, late facts, hospitals' lists."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from typer.testing import CliRunner

from events.county_time import COUNTY_TIME
from events.store.advisory_locks import AdvisoryLock
from infra.cli import app
from infra.operations.roster_import import Allowances, RefusedList, preview
from processors.proof.verify import verify
from processors.rosters.imports import ConcurrentImport, ListImport, newest_period, record_import
from processors.rosters.list_comparison import ListReceipt, compare_list, event_of
from processors.rosters.lists import ListRow, RosterList, read_list
from processors.rosters.month_changes import load_month_roster
from processors.rosters.period import Period
from processors.rosters.region_roster import designated_hospitals
from tests import facts
from tests.ledger import Books
from tests.program import Done, background, claims, up_is_ready, write_lines

CIVIL, POVERTY = "civil-affairs/220621", "poverty-office/220621"


def listed(folder: Path, rows: Iterable[str], name: str = "list.csv") -> Path:
    path = folder / name
    path.write_bytes("\r\n".join(["参保人编号,救助对象类别", *rows]).encode("gb18030"))
    return path


async def import_(data: Path, file: Path, period: str, *more: str, source: str = CIVIL) -> Done:
    named = ("--source", source, "--period", period, "--data-dir", data, "--json")
    who = () if "--dry-run" in more else ("--actor", "clerk")
    return await claims("roster", "import", file, *named, *who, *more)


def summary(done: Done) -> dict[str, object]:
    return {name: value for name, value in done.rows[-1].items() if value and name not in ("row", "source", "period")}


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def modes(folder: Path) -> dict[str, int]:
    """Who may read which file of a folder."""
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def test_a_month_of_rosters(server_folder: Path, tmp_path: Path) -> None:
    data, out = server_folder / "ledger", tmp_path / "out"
    people = [f"P{number}" for number in range(1, 11)]
    base = [
        facts.hospital(),
        facts.hospital("H2", 1),
        facts.hospital("H3", 2, until="2019-06-01"),
        facts.hospital("H4", 2, region="360923"),
        *(facts.enrol(person) for person in people[:9]),
        *facts.stay(1, "P1", "2019-06-05"),
    ]
    assert (await claims("settle", write_lines(tmp_path / "base.jsonl", base), "--data-dir", data)).code == 0
    named = ["P1,孤儿", *(f"{person},低保对象" for person in people[1:])]
    june = listed(tmp_path, named)

    # with servers of its own it settles to the end
    took = await import_(data, june, "2019-06", "--received", "2019-06-12")
    assert (took.code, summary(took)) == (0, {"late": True, "listed": 10, "added": 10, "unknown": 1})
    assert [row["person_id"] for row in took.rows if row["row"] == "unknown"] == ["P10"]

    (statement,) = (await claims("statements", "--data-dir", data, "--json")).rows
    assert (statement["categories"], statement["revision"]) == (["orphan"], 2)

    await later_lists_come_in_beside_up(data, tmp_path, june, named)
    await the_region_s_roster_is_published(data, out)


async def later_lists_come_in_beside_up(data: Path, tmp_path: Path, june: Path, named: list[str]) -> None:
    log = tmp_path / "up.log"
    async with background("up", "--data-dir", data, log=log):
        await up_is_ready(log)
        again = await import_(data, june, "2019-06", "--received", "2019-06-09", "--dry-run")
        assert (again.code, summary(again)) == (0, {"dry_run": True, "listed": 10, "unchanged": 10})

        rows = [*named[:7], "P8,低保对象,", "P9,富人", "P1,orphan"]
        july = await import_(data, listed(tmp_path, rows), "2019-07", "--received", "2019-07-10")
        counts = {"listed": 8, "refused": 2, "unchanged": 8, "removed": 1, "kept": 1}
        assert (july.code, summary(july)) == (1, counts)
        assert [(row["place"], row["reason"]) for row in july.rows if row["row"] == "refused"] == [
            ("第10行 row 10", "unknown_category"),
            ("第11行 row 11", "duplicate_row"),
        ]

        # a list that changes nothing is remembered too: an older one may not come after it
        august = listed(tmp_path, named[:9])
        late = await import_(data, august, "2019-08", "--received", "2019-08-12")
        assert (late.code, summary(late)) == (0, {"late": True, "listed": 9, "unchanged": 9})
        older = await import_(data, listed(tmp_path, named[:8]), "2019-07", "--allow-shrink")
        assert (older.code, "A list of 2019-08 has been taken" in older.err) == (2, True)


async def the_region_s_roster_is_published(data: Path, out: Path) -> None:
    written = await claims(
        *("roster", "publish", "--period", "2019-07", "--region", "220621"), "--out", out, "--data-dir", data, "--json"
    )
    assert written.rows == [
        {
            "region": "220621",
            "period": "2019-07",
            "rostered": 9,
            "enrolled": 9,
            "not_enrolled": 0,
            "enrolled_elsewhere": 0,
            "deceased": 0,
            "poverty_office_only": 0,
            "civil_affairs_only": 9,
            "contested": 0,
            "in_both": 0,
            "hospitals": 2,
            # P10, who is enrolled nowhere, left in July; nobody knows where P10 lives
            "added": 0,
            "removed": 1,
            "changed": 0,
            "unplaced": 1,
            "hospital_ids": ["H1", "H2"],
            "deliveries": None,
        }
    ]
    places = ("changes-2019-07-unplaced", "health-2019-07-220621")
    names = (*places, "comparison-2019-07-220621", "roster-2019-07-H1", "roster-2019-07-H2")
    assert modes(out) == {f"{name}{ending}": 0o600 for name in names for ending in (".csv", ".xlsx")}
    assert table(out / "roster-2019-07-H1.csv")[:3] == [
        ["参保人编号", "救助对象类别", "生效日期", "参保状态"],
        ["P1", "孤儿", "2019-06-01", "已参保"],
        ["P2", "低保对象", "2019-06-01", "已参保"],
    ]
    sheet = load_workbook(out / "roster-2019-07-H1.xlsx").worksheets[0]
    assert (sheet["A1"].value, sheet["A4"].value) == ("困难群众花名册 抚松县 220621 2019-07", "P1")
    assert table(out / "comparison-2019-07-220621.csv")[1] == ["仅民政部门在册", "P1", "孤儿", "", "孤儿"]
    assert table(out / "changes-2019-07-unplaced.csv")[1:] == [["减少", "P10", "", "", "", "低保对象"]]
    await what_was_asked_in_july(data, out)


async def what_was_asked_in_july(data: Path, out: Path) -> None:
    """The list came in by the 10th; the lists went out today, and one was received."""
    at = ("--region", "220621", "--data-dir", data)
    sent = await claims("roster", "publish", "--period", "2019-07", "--out", out, "--actor", "wang", *at, "--json")
    assert len(sent.rows[0]["deliveries"]) == 3
    today = datetime.now(COUNTY_TIME).date().isoformat()  # nobody had a list before it went out
    receipt = (
        "roster",
        "receipt",
        "H1",
        "--month",
        "2019-07",
        "--on",
        today,
        "--receipt",
        "Zhou",
        "--actor",
        "li",
    )
    assert (await claims(*receipt, *at)).code == 0
    duty = (await claims("roster", "duty", "--month", "2019-07", *at, "--json")).rows
    told = {row.get("source") or row["recipient"]: (row["state"], row["received_on"]) for row in duty}
    assert told == {
        CIVIL: ("on_time", "2019-07-10"),
        POVERTY: ("missing", None),
        "220621": ("late", None),
        "H1": ("late", today),
        "H2": ("late", None),
    }
    june = (await claims("roster", "duty", "--month", "2019-06", *at, "--late", "--json")).rows
    assert [row["state"] for row in june if row.get("source") == CIVIL] == ["late"]


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        ("P1,dibao", ("--dry-run",), "headings"),
        ("person_id,category\n", ("--dry-run",), "--empty"),
        ("person_id,category\nP1,富人\n", ("--dry-run",), "--empty"),
        ("person_id,category\nP1,dibao\n", ("--source", "bureau/220621"), "--source"),
        ("person_id,category\nP1,dibao\n", ("--period", "2019-13"), "--period"),
        ("person_id,category\nP1,dibao\n", ("--received", "today"), "--received"),
        ("person_id,category\nP1,dibao\n", (), "--actor"),
        ("person_id,category\nP1,dibao\n", ("--actor", "李 四"), "--actor"),
    ],
)
def test_what_can_not_be_used(tmp_path: Path, content: str, more: tuple[str, ...], said: str) -> None:
    file, data = tmp_path / "list.csv", tmp_path / "none"
    file.write_text(content, encoding="utf-8")
    named = ("--source", CIVIL, "--period", "2019-06", "--data-dir", str(data))
    done = CliRunner().invoke(app, ["roster", "import", str(file), *named, *more])
    assert (done.exit_code, said in done.output) == (2, True), done.output
    assert not data.exists()


async def test_one_list_is_taken_in_at_a_time(database: str, nats_url: str, tmp_path: Path) -> None:
    """Of two that are compared before either is published one would end what the other says."""
    env = {"CLAIMS_DATABASE_URL": database, "CLAIMS_NATS_URL": nats_url}
    file = listed(tmp_path, ["P1,低保对象"])
    given = ("roster", "import", file, "--source", CIVIL, "--period", "2019-06", "--actor", "clerk")
    assert (await claims("settle", write_lines(tmp_path / "e.jsonl", [facts.enrol()]), env=env)).code == 0
    other = await asyncpg.connect(database, ssl=False)
    try:
        await other.execute("SELECT pg_advisory_lock($1)", AdvisoryLock.ROSTER_IMPORT.value)
        beside = await claims(*given, env=env)
        assert (beside.code, await other.fetchval("SELECT count(*) FROM projections.rosters")) == (2, 0)
        assert "Another list" in beside.err
    finally:
        await other.close()
    assert (await claims(*given, env=env)).code == 0


async def test_a_cut_off_or_an_older_list_is_not_taken(books: Books) -> None:
    people = [(f"P{number}", "dibao") for number in range(10)]
    await take(books, people, 6)

    async def refused(rows: list[tuple[str, str]], month: int, *, allow_shrink: bool = False) -> str | None:
        period = Period(2019, month)
        receipt = ListReceipt(CIVIL, period, period.first, period.first)
        read = read_list(ListRow(str(number), *row) for number, row in enumerate(rows))
        async with books.engine.connect() as connection:
            try:
                await preview(connection, read, receipt, Allowances(shrink=allow_shrink))
            except RefusedList as refusal:
                return str(refusal)
        return None

    assert "leaves out 3 of 10 standing members" in (await refused(people[:7], 7) or "")
    assert await refused(people[:7], 7, allow_shrink=True) is None
    assert await refused(people[:8], 7) is None
    assert "A list of 2019-06 has been taken" in (await refused(people, 5) or "")


async def test_every_import_is_noted_once(books: Books) -> None:
    people = [("P1", "dibao"), ("P2", "dibao")]
    await take(books, people, 6)

    async def note(month: int, sha256: str, *, late: bool = False) -> bool:
        period = Period(2019, month)
        receipt = ListReceipt(CIVIL, period, period.last if late else period.first, period.first)
        read = read_list(ListRow(str(number), *row) for number, row in enumerate(people))
        async with books.engine.connect() as connection:
            found = await preview(connection, read, receipt)
        return await record_import(
            books.engine, ListImport(receipt, sha256, "clerk", read, found.comparison), found.lists
        )

    assert [await note(7, "a", late=True), await note(7, "a"), await note(7, "b"), await note(7, "a")] == [
        *(True, False),  # the same file again adds nothing
        *(True, True),
    ]
    with pytest.raises(RefusedList):
        await note(6, "a")
    async with books.engine.connect() as connection:
        first, *noted = (await recorded(connection))[1:]
        assert await newest_period(connection, CIVIL) == Period(2019, 7)
        assert await newest_period(connection, POVERTY) is None
    assert first == {
        "source": CIVIL,
        "period": "2019-07",
        "received": "2019-07-31",
        "late": True,
        "effective_on": "2019-07-01",
        "sha256": "a",
        "actor": "clerk",
        **dict.fromkeys(("listed", "unchanged"), 2),
        **dict.fromkeys(("refused", "added", "removed", "kept"), 0),
        "left_out": [],
        "held_against": 8,  # after six schemes, the second addition
    }
    assert [(said["sha256"], said["late"]) for said in noted] == [("b", False), ("a", False)]
    assert (await verify(books.engine)).problems == []


async def test_a_suspended_hospital_is_handed_no_list(books: Books) -> None:
    await books.publish([facts.hospital(), facts.hospital("H2", 1), facts.suspend("2019-06-10", "H2")])
    await books.publish([facts.reinstate("2019-07-20", "H2")])
    async with books.engine.connect() as connection:
        designated = [
            await designated_hospitals(connection, "220621", Period(2019, month).due_out) for month in (5, 6, 7)
        ]
    assert designated == [["H1", "H2"], ["H1"], ["H1", "H2"]]


async def recorded(connection: AsyncConnection) -> list[dict[str, Any]]:
    rows = await connection.execute(text("SELECT data FROM ledger.entries WHERE journal = 'rosters.0' ORDER BY number"))
    return [json.loads(data) for data in rows.scalars()]


async def take(books: Books, rows: list[tuple[str, str]], month: int, source: str = CIVIL) -> list[str]:
    """Take a list into books as an import does; returns what it did to whom."""
    period = Period(2019, month)
    receipt = ListReceipt(source, period, period.first, period.first)
    read = read_list(ListRow(str(number), *row) for number, row in enumerate(rows))
    async with books.engine.connect() as connection:
        found = await preview(connection, read, receipt, Allowances(shrink=True, growth=True))
    comparison = found.comparison
    await books.publish(
        [event_of(change, receipt, "clerk", repr(rows).encode().hex()) for change in comparison.changes]
    )
    assert await books.refused() == []
    await record_import(
        books.engine, ListImport(receipt, repr(rows).encode().hex(), "clerk", read, comparison), found.lists
    )
    return [
        *(f"{change.change} {change.person_id}" for change in comparison.changes),
        *(f"left out {person_id}" for person_id, _ in comparison.left_out),
    ]


async def test_a_late_list_settles_claims_again(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, on="2019-06-05", in_scope="18000")])
    before = await books.statement("C1")
    await take(books, [("P1", "registered_poor")], 6)
    after = await books.statement("C1")
    assert before is not None
    assert after is not None
    assert (after["categories"], after["revision"]) == (["registered_poor"], 2)
    await take(books, [], 6)
    back = await books.statement("C1")
    assert back is not None
    assert back["patient_share"] == before["patient_share"]


async def test_lists_of_one_month_replace_each_other(books: Books) -> None:
    assert await take(books, [("P1", "dibao")], 6) == ["added P1"]
    assert await take(books, [], 6) == ["removed P1"]
    assert await take(books, [("P1", "dibao")], 6) == ["added P1"]  # a new event, not the first one again
    assert await take(books, [("P1", "dibao")], 6) == []
    async with books.engine.connect() as connection:
        roster = (await load_month_roster(connection, "220621", Period(2019, 6))).roster
        assert await newest_period(connection, CIVIL) == Period(2019, 6)
    assert [member.person_id for member in roster.members] == ["P1"]


@pytest.mark.parametrize("civil_first", [True, False])
async def test_who_hands_in_first_decides_no_benefit(books: Books, civil_first: bool) -> None:
    """A stay of 5 June: civil affairs has him in June and the poverty office no longer; both leave him out in July."""
    both = [("P1", "registered_poor")]
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, on="2019-06-05", in_scope="18000")])
    await take(books, both, 5, CIVIL)
    await take(books, both, 5, POVERTY)
    june = {CIVIL: both, POVERTY: []}
    did = {source: await take(books, june[source], 6, source) for source in sorted(june, reverse=not civil_first)}
    assert did == {CIVIL: [], POVERTY: ["left out P1"]}
    assert await take(books, [], 6, POVERTY) == ["left out P1"]
    statement = await books.statement("C1")
    assert statement is not None
    assert statement["categories"] == ["registered_poor"]
    async with books.engine.connect() as connection:
        # noted though it changed nothing, and once: the repetition says what is known
        noted = [said["left_out"] for said in (await recorded(connection))[2:]]
        assert sorted(noted) == [[], [["P1", "registered_poor"]]]
        roster = (await load_month_roster(connection, "220621", Period(2019, 6))).roster
    assert [(each.kind, each.civil_affairs, each.poverty_office) for each in roster.differences] == [
        ("civil_affairs_only", ["registered_poor"], [])
    ]
    assert await take(books, [], 7, CIVIL) == ["removed P1"]
    async with books.engine.connect() as connection:
        assert (await load_month_roster(connection, "220621", Period(2019, 7))).roster.members == []
    assert (await verify(books.engine)).problems == []


async def test_a_list_that_another_overtook_is_held_against_the_ledger_again(books: Books) -> None:
    """Both leave him out at once, each while the other's word still stands: one of them has to see that it is gone."""
    for source in (CIVIL, POVERTY):
        await take(books, [("P1", "dibao")], 6, source)
    receipt = ListReceipt(CIVIL, Period(2019, 7), date(2019, 7, 1), date(2019, 7, 1))
    async with books.engine.connect() as connection:
        found = await preview(connection, RosterList(), receipt, Allowances(shrink=True))
    assert found.comparison.changes == []
    assert await take(books, [], 7, POVERTY) == ["left out P1"]
    with pytest.raises(ConcurrentImport):
        await record_import(books.engine, ListImport(receipt, "", "clerk", RosterList(), found.comparison), found.lists)
    assert await take(books, [], 7, CIVIL) == ["removed P1"]


async def test_an_import_s_mark_stands_in_the_ledger(books: Books) -> None:
    period = Period(2019, 6)
    receipt = ListReceipt(CIVIL, period, period.last, period.first)
    (change,) = compare_list(read_list([ListRow("1", "P1", "dibao")]), {}, receipt).changes
    await books.publish([event_of(change, receipt, "clerk", "ab12")])
    async with books.engine.connect() as connection:
        raw = await connection.execute(text("SELECT raw FROM ledger.entries WHERE type = 'roster.changed.v1'"))
        assert b'"actor":"clerk","list":"abhi","late":true' in bytes(raw.scalar_one())
