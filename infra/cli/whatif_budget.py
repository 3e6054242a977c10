"""``claims whatif budget``: which value of a change meets a goal, with the curve of what each value would come to."""

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from infra.cli.output import fail, note, print_json, progress_bar, table
from infra.cli.whatif_session import ledger_to_simulate
from infra.cli.whatif_text import STATIC, unlike_lines
from infra.files.atomic import PRIVATE, write_atomically
from infra.settings import Settings
from infra.words.simulations import goal_answer, goal_text
from infra.worker.goal_search import seek
from infra.worker.simulations import Settling
from policies.goal import GoalFile
from processors.simulation.plan import Asked

COLUMNS = ("取值 value", "目标数 figure", "达到 met", "各层支付 paid", "个人负担 patient", "受益 gain", "受损 lose")


class BudgetOutput(NamedTuple):
    """Where the result goes."""

    json: bool
    folder: Path | None


async def seek_value(settings: Settings, file: GoalFile, asked: Asked, settling: Settling, output: BudgetOutput) -> int:
    """Look for the value, and print what it comes to; returns the exit code."""
    began = time.perf_counter()
    async with ledger_to_simulate(settings, file, asked) as database_url:
        with progress_bar() as report:
            sought = await seek(database_url, file, asked, settling._replace(progress=report))
    if sought.totals.unlike_count:
        for line in unlike_lines(sought.totals):
            fail(line)
        return 1
    told = sought.told
    if output.json:
        print_json([{**told, "seconds": round(time.perf_counter() - began, 3)}])
    else:
        print_budget(file, told)
    if output.folder is not None:
        _write(output.folder, file, told)
    return 0 if told["value"] is not None else 1


def print_budget(file: GoalFile, told: Mapping[str, Any]) -> None:
    """The answer, and the curve."""
    note(f"目标 goal: {goal_text(file.goal)}")
    table(f"{file.reform.reform.name}", COLUMNS, [_row(point) for point in told["curve"]], right=(0, 1, 3, 4, 5, 6))
    note(goal_answer(file.goal, told))
    note(f"账本位置 position {told['ledger']['position']}；测算标识 identity {told['identity']}")
    note(STATIC)


def _row(point: Mapping[str, Any]) -> Sequence[str]:
    shown = "—" if point["figure"] is None else point["figure"]
    sums = f"{sum(map(Decimal, point['paid'].values())):.2f}", point["patient_share"]
    return point["value"], shown, "是 yes" if point["met"] else "否 no", *sums, str(point["gain"]), str(point["lose"])


def _write(folder: Path, file: GoalFile, told: Mapping[str, Any]) -> None:
    from infra.whatif_page.budget_page import budget_page  # here: no other command needs its templates

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    write_atomically(folder / "budget.json", content, PRIVATE)
    write_atomically(folder / "budget.html", budget_page(file, told).encode(), PRIVATE)
    note(f"已写入 written: {folder / 'budget.html'}、budget.json")
