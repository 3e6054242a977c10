"""``claims roster import`` and ``claims roster publish``."""

import hashlib
import sys
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from events.catalog import CIVIL_AFFAIRS, POVERTY_OFFICE
from events.codes import CATEGORY_NAMES, Category, is_region
from events.county_time import COUNTY_TIME
from infra.cli.arguments import actor_of, day_of, region_of, unusable
from infra.cli.names import region_named
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, table
from infra.cli.roster_book import write_rosters
from infra.cli.session import ledger_servers, reading, run
from infra.files.roster_file import read_content, read_rows
from infra.files.text_file import UnusableFile
from infra.operations.roster_import import Preview, RefusedList, import_list, preview
from processors.rosters.imports import counts_of
from processors.rosters.list_comparison import ListReceipt
from processors.rosters.lists import FAULT_NAMES, RosterList, read_list
from processors.rosters.period import Period
from processors.rosters.region_roster import KIND_NAMES, RegionRoster, designated_hospitals, load_roster

roster = typer.Typer(
    no_args_is_help=True, help="花名册：部门名单导入，向医院下发。Departments' lists in, hospitals' out."
)

PeriodOption = Annotated[str, typer.Option("--period", help="所属月份 month of the list, 2019-06")]
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(roster, name="roster")


@roster.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="名单 the department's full list, CSV or XLSX")],
    source: Annotated[str, typer.Option("--source", help="部门 civil-affairs/220621, poverty-office/220621")],
    period: PeriodOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只预览 only show what would change")] = False,
    received: Annotated[
        str | None, typer.Option("--received", help="收到日期 day it came in; today unless given")
    ] = None,
    effective_on: Annotated[
        str | None, typer.Option("--effective-on", help="生效日期 day from which changes hold; 1st of the month")
    ] = None,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="允许大量移除 the list does remove many people")
    ] = False,
    empty: Annotated[bool, typer.Option("--empty", help="允许空名单 nobody is on the list any more")] = False,
    actor: Annotated[
        str, typer.Option("--actor", help="经办人编号 id of who imports it; not with --dry-run 预览时不需要")
    ] = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """导入部门全量名单，与账本比对后生成变动。Hold a department's full list against the ledger; book the changes."""
    month = _period(period)
    receipt = ListReceipt(
        _source(source),
        month,
        _day(received, "--received") or datetime.now(COUNTY_TIME).date(),
        _day(effective_on, "--effective-on") or month.first,
    )
    settings = settings_of(data_dir)
    if not dry_run:
        actor_of(actor)
    content, read = _read_file(file, empty=empty, json=json)
    shrink = allow_shrink or not read.listed

    async def main() -> int:
        try:
            if dry_run:
                async with reading(settings, "roster import") as engine, engine.connect() as connection:
                    found = await preview(connection, read, receipt, allow_shrink=shrink)
            else:
                async with ledger_servers(settings, "roster import", nats=True) as endpoints:
                    sha256 = hashlib.sha256(content).hexdigest()
                    found = await import_list(
                        *(endpoints, settings, read, receipt), sha256=sha256, allow_shrink=shrink, actor=actor
                    )
        except RefusedList as error:
            fail(str(error))
            return 2
        _print_import(found, read, receipt, dry_run=dry_run, json=json)
        return 1 if read.refused else 0

    sys.exit(run(main))


def _read_file(file: Path, *, empty: bool, json: bool) -> tuple[bytes, RosterList]:
    """A file and the list in it. Where the file can't be used, print why and exit with 2."""
    try:
        content = read_content(file)
        read = read_list(read_rows(content))
    except UnusableFile as error:
        fail(f"{file}: {error}")
        sys.exit(2)
    if not (read.listed or empty):
        fail(f"{file}: 没有可用的行；确无人员时加 --empty no row can be used; if nobody is on the list, give --empty")
        _print_refused(read, json=json)
        sys.exit(2)
    return content, read


@roster.command("publish")
def publish(
    period: PeriodOption,
    out: Annotated[Path, typer.Option("--out", help="输出目录 folder for the files")],
    region: Annotated[str, typer.Option("--region", help="统筹区 region, GB/T 2260 code")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """下发各定点医院名单和部门比对结果。Write each designated hospital's list and the departments' comparison."""
    month = _period(period)
    region_of(region)
    settings = settings_of(data_dir)

    async def main() -> int:
        async with reading(settings, "roster publish") as engine, engine.connect() as connection:
            drawn_up = await load_roster(connection, region, month)
            hospitals = await designated_hospitals(connection, region, month.due_out)
        out.mkdir(parents=True, exist_ok=True)
        write_rosters(out, drawn_up, hospitals)
        _print_roster(drawn_up, hospitals, out, json=json)
        if not hospitals:
            note(f"{region} 在 {month.due_out} 没有定点医院 no hospital is designated there on that day")
        return 0

    sys.exit(run(main))


def _print_import(found: Preview, read: RosterList, receipt: ListReceipt, *, dry_run: bool, json: bool) -> None:
    comparison = found.comparison
    counts: dict[str, Any] = {
        "source": receipt.source,
        "period": str(receipt.period),
        "dry_run": dry_run,
        "late": receipt.late,
        **counts_of(read, comparison),
        "unknown": len(found.unknown),
    }
    if json:
        print_json(_change_lines(found))
        _print_refused(read, json=True)
        print_json([{"row": "summary", **counts}])
        return
    _print_refused(read, json=False)
    if dry_run:
        rows = [
            (*_membership(change.person_id, change.category), _CHANGES[change.change], change.effective_on.isoformat())
            for change in comparison.changes
        ]
        table("变动预览 Changes, not booked", ("参保人 person", "类别 category", "变动 change", "生效 from"), rows)
    title = "名单预览（未入账） List, nothing booked" if dry_run else "名单导入 List imported"
    table(title, ("项目 item", "数量 count"), [(name, str(counts[key])) for key, name in _COUNTS.items()], right=(1,))
    if receipt.late:
        note(f"迟报：{receipt.received_on} 收到，应于 {receipt.period.due_in} 前 late: it was due by the 10th")
    if comparison.kept:
        note(
            f"因有未读出的行，{len(comparison.kept)} 条未移除，请更正后重新导入 "
            "not removed, since a refused row may be theirs: mend the rows and import again"
        )
    for (person_id, category), others in islice(comparison.left_out.items(), _SHOWN):
        who, keeping = f"{person_id} {CATEGORY_NAMES[category]}", "、".join(others)
        note(f"{who}: 名单未列，其他部门仍在册，未移除 left out and not removed, still listed by {keeping}")
    if found.unknown:
        note(
            f"账本中没有的人员 persons the ledger does not know yet: {'、'.join(found.unknown[:_SHOWN])}"
            + ("…" if len(found.unknown) > _SHOWN else "")
        )


_CHANGES = {"added": "新增 added", "removed": "移除 removed"}
_COUNTS = {
    "listed": "在册 listed",
    "refused": "拒收的行 refused rows",
    "unchanged": "不变 unchanged",
    "added": "新增 added",
    "removed": "移除 removed",
    "kept": "暂不移除 kept in doubt",
    "left_out": "未列而其他部门在册 left out, kept by others",
    "unknown": "账本中没有 unknown persons",
}


def _change_lines(found: Preview) -> Iterator[dict[str, Any]]:
    comparison = found.comparison
    for change in comparison.changes:
        yield {
            "row": change.change,
            "person_id": change.person_id,
            "category": change.category,
            "effective_on": change.effective_on.isoformat(),
            "event_id": change.event_id,
        }
    for person_id, category in comparison.kept:
        yield {"row": "kept", "person_id": person_id, "category": category}
    for (person_id, category), others in comparison.left_out.items():
        yield {"row": "left_out", "person_id": person_id, "category": category, "listed_by": others}
    for person_id in found.unknown:
        yield {"row": "unknown", "person_id": person_id}


def _print_refused(read: RosterList, *, json: bool) -> None:
    if json:
        print_json(
            {"row": "refused", "place": row.place, "reason": row.reason, "detail": row.detail} for row in read.refused
        )
        return
    for row in read.refused:
        fail(f"{row.place}: {FAULT_NAMES[row.reason]} {row.reason}: {row.detail}")


def _print_roster(drawn_up: RegionRoster, hospitals: list[str], out: Path, *, json: bool) -> None:
    counts: dict[str, int] = {
        "rostered": len(drawn_up.members),
        "enrolled": drawn_up.enrolled,
        **{str(kind): drawn_up.count(kind) for kind in KIND_NAMES},
        "in_both": drawn_up.in_both,
        "hospitals": len(hospitals),
    }
    if json:
        print_json([{"region": drawn_up.region, "period": str(drawn_up.period), **counts, "hospital_ids": hospitals}])
        return
    names = {
        "rostered": "在册人数 rostered",
        "enrolled": "在册已参保 rostered and enrolled",
        **{str(kind): f"{name} {kind}" for kind, name in KIND_NAMES.items()},
        "in_both": "两部门均在册 listed by both departments",
        "hospitals": "下发医院 hospitals' lists written",
    }
    title = f"花名册 Roster {region_named(drawn_up.region)} {drawn_up.period}"
    table(title, ("项目 item", "数量 count"), [(names[key], str(count)) for key, count in counts.items()], right=(1,))
    note(f"文件 files: {out}")


def _membership(person_id: str, category: Category) -> tuple[str, str]:
    return person_id, f"{CATEGORY_NAMES[category]} {category}"


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError as error:
        raise unusable(f"“{text}”不是月份，应写成 2019-06", str(error), "--period") from None


def _source(text: str) -> str:
    kind, _, region = text.partition("/")
    if kind not in (CIVIL_AFFAIRS, POVERTY_OFFICE) or not is_region(region):
        raise unusable(
            f"“{text}”不可用，民政写 {CIVIL_AFFAIRS}/220621，扶贫办写 {POVERTY_OFFICE}/220621（六位统筹区代码）",
            "Write the department and the region",
            "--source",
        )
    return text


def _day(text: str | None, option: str) -> date | None:
    return None if text is None else day_of(text, option)
