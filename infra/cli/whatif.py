"""``claims whatif``: what a reform would have cost, and what it changes in the law's words. Nothing is booked."""

import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import typer

from infra.cli.arguments import amount_of, day_of, listed, region_of, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, progress_bar
from infra.cli.reform_text import print_reform, reform_json
from infra.cli.session import NoLedger, reading, require_ledger, run
from infra.cli.whatif_budget import BudgetOutput, seek_value
from infra.cli.whatif_options import (
    AssumptionsFile,
    By,
    Cluster,
    HouseholdLine,
    Out,
    Persons,
    Publish,
    Reforms,
    Region,
    Since,
    Until,
    Workers,
)
from infra.cli.whatif_output import GivenReform, SimulationFile, SimulationTold, kept_file, write_result
from infra.cli.whatif_session import ledger_to_simulate
from infra.cli.whatif_text import print_result, unlike_lines
from infra.postgres.engine import connect
from infra.settings import Settings
from infra.worker.fact_shards import place_for_facts
from infra.worker.simulation_results import simulation_result
from infra.worker.simulations import Settling
from policies.assumptions import Assumptions, read_assumptions
from policies.goal import GoalFile, read_goal
from policies.loader import load_directory
from policies.reform import ReformError, ReformFile, read_reform
from processors.law.terms import use_terms
from processors.queries.names import LedgerNames, load_names
from processors.simulation.bases import LawOfLedger, read_law, replacements, shipped_law
from processors.simulation.burdens import Breakdown
from processors.simulation.groups import KINDS
from processors.simulation.plan import Asked
from processors.simulation.publication import FEWEST

CHECK, BUDGET = "check", "budget"
MOST_RESULT_BYTES = 256_000_000
"""Read of a file: results name persons with all their steps."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(whatif)


def whatif(
    files: Reforms,
    since: Since = None,
    until: Until = None,
    region: Region = None,
    by: By = "",
    persons: Persons = False,
    household_line: HouseholdLine = None,
    publish: Publish = False,
    assumptions: AssumptionsFile = None,
    out: Out = None,
    workers: Workers = None,
    cluster: Cluster = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """政策测算：改了政策要多花多少，只算不入账。What a reform would have cost; nothing is booked."""
    settings = settings_of(data_dir)
    if files[0] == CHECK:
        checked = [read_reform(text, path) for path, text in _read(files[1:])]
        sys.exit(run(lambda: _check(settings, checked, json=json)))
    budget = files[0] == BUDGET
    read = _read(files[1:] if budget else files)
    assumed = None if assumptions is None else read_assumptions(_read([str(assumptions)])[0][1], str(assumptions))
    line = None if household_line is None else amount_of(household_line, "--household-line")
    breakdown = Breakdown(_kinds(by), persons or (out is not None and not budget), line, public=publish)
    asked = _asked(since, until, region, breakdown, assumed)
    settling = Settling(workers, cluster, kept_in=place_for_facts(settings))
    if budget:
        goal = _goal(read, asked)
        sys.exit(run(lambda: seek_value(settings, goal, asked, settling, BudgetOutput(json, out))))
    again = kept_file(read[0][1]) if len(read) == 1 else None
    if again is not None:
        if asked not in (Asked(), Asked(breakdown=Breakdown(persons=out is not None))):
            raise unusable("结果文件自带选项", "A result is had again with its own options", "REFORM")
        read, asked = [(each.file, each.text.encode()) for each in again.reforms], again.options
    reforms = [read_reform(text, path) for path, text in read]
    given = [GivenReform(Path(path).name, text.decode()) for path, text in read]
    output = Output(given, json, out, again)
    sys.exit(run(lambda: _simulate(settings, reforms, asked, settling, output)))


def _goal(read: Sequence[tuple[str, bytes]], asked: Asked) -> GoalFile:
    if asked.breakdown != Breakdown() or len(read) > 1:
        raise unusable("budget 只用一个文件，不分组、不公布", "One file, and no option of a result's parts", "REFORM")
    path, text = read[0]
    return read_goal(text, path)


def _asked(
    since: str | None, until: str | None, region: str | None, breakdown: Breakdown, assumed: Assumptions | None
) -> Asked:
    asked = Asked(
        day_of(since, "--since") if since else date.min,
        day_of(until, "--until") if until else date.max,
        region_of(region) if region else None,
        breakdown,
        assumed,
    )
    if asked.since >= asked.until:
        raise unusable("--until 应在 --since 之后", "--until must lie after --since", "--until")
    return asked


def _kinds(by: str) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(filter(None, by.split(","))))
    if not set(asked) <= set(KINDS):
        raise unusable(f"“{by}”不能分组，可用的有 {listed(KINDS)}", "Those are what it can be broken down by", "--by")
    return asked


def _read(paths: Sequence[str]) -> list[tuple[str, bytes]]:
    if not paths:
        raise unusable("请给出改革文件，如 reform.yaml", "Name the file of a reform", "REFORM")
    read = []
    for path in map(Path, paths):
        try:
            with path.open("rb") as file:
                text = file.read(MOST_RESULT_BYTES)
        except OSError as error:
            raise ReformError([f"{path}: 无法读取 can't be read: {error.strerror}"]) from None
        read.append((str(path), text))
    return read


class Output(NamedTuple):
    """Where a result goes, with the reforms as they were ``given``; and the one that is had ``again``."""

    given: list[GivenReform]
    json: bool
    folder: Path | None
    again: SimulationFile | None


async def _simulate(
    settings: Settings, reforms: Sequence[ReformFile], asked: Asked, settling: Settling, output: Output
) -> int:
    began = time.perf_counter()
    async with ledger_to_simulate(settings, None, asked) as database_url:
        with progress_bar() as report:
            done = await simulation_result(database_url, reforms, asked, settling._replace(progress=report))
        known = await _names(database_url)
    totals = done.totals
    if totals is None:
        note("同一标识的结果已有，未重算 a result of the same identity was kept: nothing is settled anew")
    elif totals.unlike_count:
        for line in unlike_lines(totals):
            fail(line)
        return 1
    elif totals.in_flight:
        note(
            f"尚在途的参保人 persons in flight: {totals.in_flight}，已计入，未与账上核对 they are counted, and "
            "were not held against the books"
        )
    if asked.breakdown.public and done.persons < FEWEST:
        fail(f"只有 {done.persons} 人，不能公布。So few persons are nothing to publish: at least {FEWEST}")
        return 2
    result = {**done.told, "seconds": round(time.perf_counter() - began, 3)}
    names = [file.reform.name for file in reforms]
    if output.again is not None and output.again.identity != result["identity"]:
        note("账本、程序或政策文本已变，标识不同 the ledger, the program or a text is another now: so is the identity")
    if output.json:
        print_json([result])
    else:
        print_result(names, result, known.hospitals)
    if output.folder is not None:
        write_result(output.folder, output.given, asked, SimulationTold(names, done.changed, done.told), known)
    return 0


async def _names(database_url: str) -> LedgerNames:
    engine = connect(database_url)
    try:
        async with engine.connect() as connection:
            return await load_names(connection)
    finally:
        await engine.dispose()


async def _check(settings: Settings, reforms: Sequence[ReformFile], *, json: bool) -> int:
    law = await _law(settings)
    for text in law.texts.values():
        use_terms(text.terms)
    found = [(file, replacements(file, law, {})) for file in reforms]
    if json:
        print_json(reform_json(file, law.texts, after) for file, after in found)
    else:
        for file, after in found:
            print_reform(file, law.texts, after)
    return 0


async def _law(settings: Settings) -> LawOfLedger:
    """The ledger's texts; where there is no ledger, those that are shipped."""
    try:
        require_ledger(settings)
    except NoLedger:
        note("没有账本，按内置政策文本核对。There is no ledger: the texts that are shipped are taken")
        return shipped_law(load_directory())
    async with reading(settings, "whatif check") as engine, engine.connect() as connection:
        return await read_law(connection)
