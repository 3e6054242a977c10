"""The medical catalogue in the database: taken in whole or not at all, never changed, and what holds on a day."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.catalogue.entries import CatalogueEntry
from processors.catalogue.store import entry_rows, import_catalogue, is_loaded, load_catalogue, load_entries
from tests.clerk import clerk

FIRST = date(2026, 1, 1)
SHA = "0" * 64


def entry(code: str = "D1", on: date = FIRST, ratio: str = "0.1", **stated: Any) -> CatalogueEntry:
    usual: dict[str, Any] = {"number": 0, "name": "药", "kind": "drug", "level": "02", "price_cap": Decimal("9.99")}
    return CatalogueEntry(code=code, valid_from=on, upfront_ratio=Decimal(ratio), charge_type="09", **(usual | stated))


async def listed(engine: AsyncEngine, **asked: Any) -> list[tuple[str, Decimal]]:
    return [(row["code"], row["upfront_ratio"]) async for row in entry_rows(engine, **asked)]


async def test_what_is_taken_in_holds_from_its_first_day(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert not await is_loaded(connection, "360923", date(2026, 7, 1))
    first = await import_catalogue(engine, [entry(), entry("D2", region="360924")], SHA, "wang")
    assert (first.number, first.added, first.unchanged) == (1, 2, 0)
    again = await import_catalogue(engine, [entry(), entry("D2", region="360924")], SHA, "wang")
    assert (again.number, again.added, again.unchanged) == (None, 0, 2)
    later = date(2026, 7, 1)
    second = await import_catalogue(engine, [entry(), entry(on=later, ratio="0.2")], SHA, "li")
    assert (second.number, second.added, second.unchanged) == (2, 1, 1)
    async with engine.connect() as connection:
        known = await load_catalogue(connection, ["D1", "D2", "D3"], "360923")
        found = [known.on("D1", day) for day in (date(2026, 6, 30), later)]
        assert [each and (each.number, each.upfront_ratio) for each in found] == [
            (1, Decimal("0.1")),
            (3, Decimal("0.2")),
        ]
        assert known.on("D2", later) is None  # of another region
        begun = [await is_loaded(connection, "360923", day) for day in (date(2025, 12, 31), date(2026, 1, 1))]
        assert begun == [False, True]
        assert (await load_entries(connection, {1, 3, 7}))[3] == found[1]
    assert await listed(engine, on=date(2026, 6, 30)) == [("D1", Decimal("0.1")), ("D2", Decimal("0.1"))]
    assert await listed(engine, on=later, region="360923") == [("D1", Decimal("0.2"))]
    assert await listed(engine, code="D1") == [("D1", Decimal("0.1")), ("D1", Decimal("0.2"))]
    assert await listed(engine, on=date(2025, 12, 31)) == []


async def test_a_corrected_entry_of_the_same_day_goes_before_the_first_and_an_end_ends_it(engine: AsyncEngine) -> None:
    await import_catalogue(engine, [entry()], SHA, "wang")
    ended = entry(ratio="0.3", valid_until=date(2026, 3, 31))
    await import_catalogue(engine, [ended], SHA, "wang")
    assert await listed(engine, on=date(2026, 3, 31)) == [("D1", Decimal("0.3"))]
    assert await listed(engine, on=date(2026, 4, 1)) == []
    back = await import_catalogue(engine, [entry()], SHA, "wang")  # as it was first: it stands no longer
    assert back.added == 1


async def test_an_entry_is_never_changed(engine: AsyncEngine) -> None:
    await import_catalogue(engine, [entry()], SHA, "wang")
    for change in (
        "UPDATE gateway.catalogue_entries SET upfront_ratio = 0",
        "DELETE FROM gateway.catalogue_entries",
        "TRUNCATE gateway.catalogue_entries",
        "UPDATE gateway.catalogue_imports SET actor = 'li'",
        "INSERT INTO gateway.catalogue_imports VALUES (9, '', 1, 1, 'li', 'somebody', false, now())",
    ):
        with pytest.raises(DBAPIError, match=r"append only|writes as somebody"):
            async with engine.begin() as connection:
                await connection.execute(text(change))


HEADINGS = "目录编码,名称,种类,等级,先行自付比例,限价,生效日期"


def written(folder: Path, *rows: str) -> Path:
    file = folder / "catalogue.csv"
    file.write_text("\n".join((HEADINGS, *rows)), encoding="utf-8")
    return file


def shown(row: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(row[name] for name in ("code", "level", "upfront_ratio", "price_cap", "valid_from", "actor"))


async def test_a_clerk_takes_a_catalogue_in_and_looks_at_it(database: str, tmp_path: Path) -> None:
    async with clerk(CLAIMS_DATABASE_URL=database) as claims:
        bad = written(tmp_path, "D1,药,药品,乙,10%,9.99,2026-01-01", "D2,药,药品,丁,10,,2026-01-01")
        refused = await claims("catalogue", "import", bad, "--actor", "wang")
        assert refused.code == 2
        assert "第 3 行" in refused.err
        assert "等级：“丁”应为 甲、乙、丙" in refused.err
        none = await claims("catalogue", "list", "--json")
        assert (none.code, none.rows) == (0, []), none.err  # nothing of it was taken

        good = written(tmp_path, "D1,药,药品,乙,10%,9.99,2026-01-01", "D2,针,耗材,丙,,,")
        done = await claims("catalogue", "import", good, "--actor", "wang", "--from", "2026-02-01", "--json")
        assert (done.code, done.rows) == (0, [{"import": 1, "added": 2, "unchanged": 0}]), done.err
        standing = await claims("catalogue", "list", "--on", "2026-02-01", "--json")
        assert standing.code == 0, standing.err
        assert [*map(shown, standing.rows)] == [
            ("D1", "02", "0.1", "9.99", "2026-01-01", "wang"),
            ("D2", "03", "1", None, "2026-02-01", "wang"),
        ]
        out = tmp_path / "out.xlsx"
        listed_ = await claims("catalogue", "list", "--code", "D1", "--out", out)
        assert listed_.code == 0, listed_.err
        assert b"\xe4\xb9\x99" in listed_.out  # 乙
        sheet = load_workbook(out).worksheets[0]
        assert [cell.value for cell in sheet[4]][:4] == ["D1", "药", "药品", "乙"]
        made = await claims("catalogue", "template", "--out", tmp_path / "template.xlsx")
        assert made.code == 0, made.err
        took = await claims("catalogue", "import", tmp_path / "template.xlsx", "--actor", "wang")
        assert took.code == 0, took.err
