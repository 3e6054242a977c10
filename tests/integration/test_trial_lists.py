"""The lists of the trials (tests/data/lists), imported as a clerk does: each comes out as its README says."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.clerk import Clerk, clerk

LISTS = Path("tests/data/lists")
OF = ("--source", "civil-affairs/230803")
AS_ANYBODY, AS_POOR = "15727.50", "11745.00"
"""The patient's share of 60,000 at a hospital of tier 3 in 佳木斯: as anybody, and on the roster; 3,982.50 less."""


@pytest.fixture
async def types(database: str, nats_url: str) -> AsyncIterator[Clerk]:
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_NATS_URL=nats_url) as run:
        yield run


async def settle(types: Clerk, events: str) -> None:
    settled = await types("settle", LISTS / events)
    assert settled.code == 0, settled.err


async def take(types: Clerk, tmp_path: Path, name: str, month: int = 6) -> tuple[int, list[tuple[str, str]], str]:
    """Import a list: the exit code, place and reason of each row that goes back, and what was said."""
    back = tmp_path / f"{name}-back.xlsx"
    who = ("--received", f"2019-{month:02}-08", "--actor", "W1")
    done = await types("roster", "import", LISTS / name, *OF, "--period", f"2019-{month:02}", *who, "--refused", back)
    rows: Sequence[Any] = []
    if back.exists():
        _, _, _, *rows, _, _, _ = load_workbook(back).worksheets[0].iter_rows(values_only=True)
    return done.code, [(row[0], row[1]) for row in rows], done.out.decode() + done.err


async def shares(types: Clerk) -> set[str]:
    """The patient's shares of all claims."""
    listed = await types("statements", "--json")
    return {json.loads(line)["patient_share"] for line in listed.out.splitlines()}


async def test_cells_that_cannot_be_read_take_nobody_off(types: Clerk, tmp_path: Path) -> None:
    await settle(types, "members.jsonl")
    assert (await take(types, tmp_path, "may.csv", 5))[:2] == (0, [])
    assert await shares(types) == {AS_POOR}
    bad = "参保人编号不合格"
    assert (await take(types, tmp_path, "formulas.xlsx"))[:2] == (1, [("第12行", bad), ("第13行", bad)])
    assert await shares(types) == {AS_POOR}
    for name in ("carriage.xlsx", "carriage-shared.xlsx"):
        assert (await take(types, tmp_path, name))[:2] == (0, []), name
        assert await shares(types) == {AS_POOR}, name
    code, refused, said = await take(types, tmp_path, "forms.csv")
    assert (code, [place for place, _ in refused]) == (1, [f"第{number}行" for number in range(2, 10)])
    assert {reason for _, reason in refused[:6]} == {"疑为身份证号"}
    assert "19900101" not in said
    assert await shares(types) == {AS_POOR}
    # 停发 is read: M00011 and M00012 leave on 1 June, and their stays of 15 June cost them 3,982.50 more
    assert (await take(types, tmp_path, "status-june.csv"))[:2] == (0, [])
    listed = [json.loads(line) for line in (await types("statements", "--json")).out.splitlines()]
    assert {each["person_id"]: each["patient_share"] for each in listed} == {
        "M00010": AS_POOR,
        "M00011": AS_ANYBODY,
        "M00012": AS_ANYBODY,
    }


async def test_a_date_formula_without_a_result_is_refused(types: Clerk, tmp_path: Path) -> None:
    await settle(types, "date-formulas.jsonl")
    code, refused, said = await take(types, tmp_path, "date-formulas.xlsx")
    assert (code, refused, said.count("bad_date")) == (2, [], 3), said  # no row can be used: nothing is taken
    assert await shares(types) == {AS_ANYBODY}


async def test_a_date_is_read_under_each_heading(types: Clerk, tmp_path: Path) -> None:
    await settle(types, "headings.jsonl")
    for name in ("wrapped.xlsx", "time.xlsx", "note.xlsx", "spaced.xlsx"):
        assert await shares(types) == {AS_ANYBODY}, name
        code, refused, said = await take(types, tmp_path, name)
        assert (code, refused, "姓名" in said) == (0, [], True), name  # the column that is not used is named
        assert await shares(types) == {AS_POOR}, name
        undone = await types("roster", "withdraw", *OF, "--period", "2019-06", "--actor", "W1", "--reason", "again")
        assert undone.code == 0, undone.err


@pytest.mark.parametrize("name", ["household.xlsx", "household-category.xlsx"])
async def test_a_merged_cell_holds_for_the_household(types: Clerk, tmp_path: Path, name: str) -> None:
    await settle(types, "household.jsonl")
    assert await shares(types) == {AS_ANYBODY}
    assert (await take(types, tmp_path, name))[:2] == (0, [])
    assert await shares(types) == {AS_POOR}
