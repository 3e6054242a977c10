"""Reconciliation: each planted error is found where it was planted, and nothing else is."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from events.money import parse_yuan, yuan
from infra.files.hospital_file import read_detail, read_totals
from infra.files.text_file import UnusableFile
from processors.reconciliation.comparison import HospitalClaim, Reconciliation, reconcile
from projections.statements import statement_json, statements
from tests import facts
from tests.ledger import Books

MARCH = date(2019, 3, 1)
COLUMNS = (
    "claim_id",
    "date",
    "status",
    "total",
    "basic",
    "critical_illness",
    "assistance",
    "backstop",
    "funds",
    "patient_share",
)


@pytest.fixture
async def march(books: Books) -> list[dict[str, str]]:
    """A month of H1 beside another hospital and another month, and the file that H1 would write of it."""
    await books.publish([facts.hospital(), facts.hospital("H2"), facts.enrol(), facts.enrol("P2"), facts.roster("P2")])
    await books.publish([*facts.stay(1), *facts.stay(2, "P2"), *facts.stay(3, on="2019-03-31"), *facts.stay(4, "P2")])
    await books.publish([*facts.stay(5, on="2019-04-01"), *facts.stay(6, hospital_id="H2"), facts.reverse("C3")])
    async with books.engine.connect() as connection:
        rows = (await connection.execute(select(statements).where(statements.c.hospital_id == "H1"))).mappings()
        told = [statement_json(dict(row)) for row in rows if row["date"].month == 3]
    return sorted(map(row_of, told), key=lambda row: row["claim_id"])


def row_of(statement: Mapping[str, Any]) -> dict[str, str]:
    paid = {entry["layer"]: entry["paid"] for entry in statement["layers"]}
    funds = sum(map(parse_yuan, paid.values()))
    stated = {name: statement[name] for name in ("claim_id", "date", "status", "total", "patient_share")}
    return stated | paid | {"funds": yuan(funds)}


def write(
    folder: Path, rows: Iterable[Mapping[str, str]], columns: Iterable[str] = COLUMNS, encoding: str = "utf-8"
) -> Path:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / "march.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return path


async def held(books: Books, path: Path, **more: Any) -> Reconciliation:
    return await reconcile(books.engine, "H1", MARCH, read_detail(path, MARCH).claims, **more)


def told(found: Reconciliation) -> list[tuple[Any, ...]]:
    return [(each.kind, each.claim_id, each.field, each.difference) for each in found.differences]


async def test_the_ledger_s_own_month_agrees(books: Books, march: list[dict[str, str]], tmp_path: Path) -> None:
    assert [row["claim_id"] for row in march] == ["C1", "C2", "C3", "C4"]
    found = await held(books, write(tmp_path, march))
    assert told(found) == []
    assert found.hospital == {name: found.ledger[name] for name in found.hospital}
    assert found.ledger["claims"] == 3  # C3 is reversed
    columns = [name for name in COLUMNS if name not in ("basic", "critical_illness", "assistance", "backstop")]
    assert told(await held(books, write(tmp_path, march, columns))) == []
    without_reversed = [row for row in march if row["claim_id"] != "C3"]
    assert told(await held(books, write(tmp_path, without_reversed))) == []


async def test_each_planted_error_is_found(books: Books, march: list[dict[str, str]], tmp_path: Path) -> None:
    c1, c2, c3, c4 = march

    async def of(*rows: dict[str, str]) -> list[tuple[Any, ...]]:
        return told(await held(books, write(tmp_path, rows)))

    assert await of(c1, c2, c3) == [("ledger_only", "C4", None, None)]
    assert await of(*march, c1 | {"claim_id": "C99"}) == [("hospital_only", "C99", None, None)]
    assert await of(*march, c1 | {"claim_id": "C6"}) == [("hospital_only", "C6", None, None)]  # it is H2's
    assert await of(c1 | {"status": "reversed"}, c2, c3, c4) == [("reversed_at_hospital", "C1", "status", None)]
    assert await of(c1, c2, c3 | {"status": "settled"}, c4) == [("reversed_in_ledger", "C3", "status", None)]
    assert await of(c1 | {"date": "2019-03-11"}, c2, c3, c4) == [("date_differs", "C1", "date", None)]
    basic = yuan(parse_yuan(c1["basic"]) - 150)
    assert await of(c1 | {"basic": basic, "funds": ""}, c2, c3, c4) == [("amount_differs", "C1", "basic", "-1.50")]
    share = yuan(parse_yuan(c4["patient_share"]) + 150)
    assert await of(c1, c2, c3, c4 | {"patient_share": share, "total": "10000.01"}) == [
        ("amount_differs", "C4", "total", "0.01"),
        ("amount_differs", "C4", "patient_share", "1.50"),
    ]
    april = c1 | {"claim_id": "C5"}
    assert ("date_differs", "C5", "date", None) in await of(*march, april)


async def test_a_hospital_that_is_none_is_told(books: Books, march: list[dict[str, str]]) -> None:
    with pytest.raises(LookupError, match="no hospital H7"):
        await reconcile(books.engine, "H7", MARCH, [])
    assert {kind for kind, *_ in told(await reconcile(books.engine, "H1", MARCH, []))} == {"ledger_only"}


async def test_funds_are_compared_where_the_file_has_no_layers(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    columns = ("claim_id", "date", "status", "total", "funds", "patient_share")
    rows = [march[0] | {"funds": "1.00"}, *march[1:]]
    (only,) = (await held(books, write(tmp_path, rows, columns))).differences
    assert (only.kind, only.claim_id, only.field, only.hospital) == ("amount_differs", "C1", "funds", "1.00")


async def test_a_difference_of_funds_is_hidden_only_by_layers_that_tell_all_of_it(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    """Basic is 1.50 off in each; funds by as much, by 1.51, and by nothing."""
    c1 = march[0]
    basic, funds = (parse_yuan(c1[name]) for name in ("basic", "funds"))
    for off, listed in ((150, []), (151, [("amount_differs", "C1", "funds", "1.51")]), (0, [])):
        stated = HospitalClaim("C1", date(2019, 3, 10), {"basic": basic + 150, "funds": funds + off})
        rows = [claim for claim in read_detail(write(tmp_path, march), MARCH).claims if claim.claim_id != "C1"]
        found = await reconcile(books.engine, "H1", MARCH, [stated, *rows])
        assert told(found) == [("amount_differs", "C1", "basic", "1.50"), *listed]
    standing = [row for row in march if row["status"] == "settled"]
    sums = {name: sum(parse_yuan(row.get(name, "0")) for row in standing) for name in ("basic", "assistance", "funds")}
    totals = {"basic": sums["basic"] + 100, "assistance": sums["assistance"] - 100, "funds": sums["funds"] + 70_00}
    detail = read_detail(write(tmp_path, march), MARCH).claims
    assert told(await reconcile(books.engine, "H1", MARCH, detail, totals=totals)) == [
        (kind, None, name, difference)
        for kind in ("total_differs", "total_not_of_detail")
        for name, difference in (("basic", "1.00"), ("assistance", "-1.00"), ("funds", "70.00"))
    ]


async def test_why_the_ledger_lacks_a_claim_is_told(books: Books, march: list[dict[str, str]], tmp_path: Path) -> None:
    await books.publish([facts.discharge("W1", "A77"), facts.discharge("D1", "A1")])
    rows = [*march, march[0] | {"claim_id": "W1"}, march[0] | {"claim_id": "D1"}]
    details = {each.claim_id: each.detail for each in (await held(books, write(tmp_path, rows))).differences}
    assert details["W1"] == "waits for admission A77"
    assert details["D1"] is not None
    assert details["D1"].startswith("refused: already_discharged")


async def test_totals_are_held_against_the_ledger_and_the_hospital_s_own_detail(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "totals.csv"
    path.write_text("claims,total\n3,30000.00\n", encoding="utf-8")
    detail = write(tmp_path, march)
    assert told(await held(books, detail, totals=read_totals(path))) == []
    path.write_text("人次,总额\n4,30000.00\n", encoding="gb18030")
    assert told(await held(books, detail, totals=read_totals(path))) == [
        ("total_differs", None, "claims", "1"),
        ("total_not_of_detail", None, "claims", "1"),
    ]
    # the ledger and the totals agree, the detail lacks a claim
    path.write_text("claims\n3\n", encoding="utf-8")
    found = await held(books, write(tmp_path, march[1:]), totals=read_totals(path))
    assert told(found) == [("ledger_only", "C1", None, None), ("total_not_of_detail", None, "claims", "1")]


async def test_a_bad_row_is_told_by_its_number_and_the_others_are_compared(
    books: Books, march: list[dict[str, str]], tmp_path: Path
) -> None:
    c1, c2, c3, c4 = march
    bad = [
        c1 | {"total": "1,000"},
        c2 | {"date": "2019-04-01"},
        c4 | {"funds": "0.01"},
        c1 | {"claim_id": "a b"},
        c1 | {"claim_id": "C8", "status": "open"},
        c1 | {"claim_id": "C7", "date": "20190301"},
    ]
    detail = read_detail(write(tmp_path, [c3, *bad, c3]), MARCH)
    assert [(each.row, each.claim_id) for each in detail.bad] == [
        *((3, "C1"), (4, "C2"), (5, "C4"), (6, None), (7, "C8"), (8, "C7")),
        (9, "C3"),
    ]
    assert [claim.claim_id for claim in detail.claims] == ["C3"]
    unread = {each.claim_id or "" for each in detail.bad}
    found = await reconcile(books.engine, "H1", MARCH, detail.claims, unread=unread)
    assert found.differences == []  # what could not be read is not said to be missing


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "empty"),
        ("claim_id,date,total\nC1,2019-03-01,1\n", "no column patient_share"),
        ("claim_id,date,total,patient_share\n", "no column of what the funds pay"),
        ("claim_id,claim_id,date,total,patient_share,funds\n", "claim_id stands twice"),
        ('claim_id,"date\n', "not a CSV file: the row that begins in line 1"),
        ('claim_id,date,total\nC1,"a\nb",1\nC2,2019-03-01,"1" \nC3,x,1\n', "row that begins in line 4: "),
        ('claim_id,date,total\nC1,2019-03-01,1\nC2,"2019-03-01,1\nC3,2019-03-01,1\n', "row that begins in line 3: "),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnusableFile, match=problem):
        read_detail(path, MARCH)
