"""``claims roster import``, ``claims roster withdraw`` and ``claims roster publish``; duties: ``roster_duty``."""

import hashlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import CIVIL_AFFAIRS, POVERTY_OFFICE
from events.codes import is_region
from events.county_time import COUNTY_TIME
from infra.cli.arguments import actor_of, day_of, file_of, region_of, unusable, words_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note
from infra.cli.roster_duty import add_duty, period_of
from infra.cli.roster_text import print_import, print_refused, print_roster, print_withdrawal
from infra.cli.session import NoLedger, ledger_servers, reading, require_ledger, run
from infra.files.key_file import PERSONS, key_ring
from infra.files.refused_rows import refused_file, write_refused_rows
from infra.files.roster_book import roster_book, write_book
from infra.files.roster_file import RosterFile, read_content, read_file
from infra.files.text_file import UnusableFile
from infra.operations.ledger_access import own_access
from infra.operations.roster_certificates import numbered_rows
from infra.operations.roster_import import Allowances, RefusedList, SuspiciousList, import_list, preview
from infra.operations.roster_withdrawal import withdraw_list
from infra.postgres.engine import connect, migrate
from infra.settings import Settings
from processors.law.terms import region_terms, use_terms
from processors.registers.deliveries import publish as record_deliveries
from processors.rosters.effect import effect_of
from processors.rosters.list_comparison import ListReceipt
from processors.rosters.lists import ListRow, RosterList, read_list
from processors.rosters.month_changes import load_month_roster
from processors.rosters.period import Period
from processors.rosters.region_roster import designated_hospitals
from processors.rosters.withdrawals import NothingToWithdraw, draw_up_withdrawal

roster = typer.Typer(
    no_args_is_help=True, help="花名册：部门名单导入，向医院下发。Departments' lists in, hospitals' out."
)

SourceOption = Annotated[str, typer.Option("--source", help="部门 civil-affairs/220621, poverty-office/220621")]
ActorOption = Annotated[str, typer.Option("--actor", help="经办人编号 id of who does it; 预览时不需要")]
PeriodOption = Annotated[str, typer.Option("--period", help="所属月份 month of the list, 2019-06")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_duty(roster)
    app.add_typer(roster, name="roster")


@roster.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="名单 the department's full list, CSV or XLSX")],
    source: SourceOption,
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
    allow_growth: Annotated[
        bool, typer.Option("--allow-growth", help="允许大量新增 the list does add many people, or earlier days")
    ] = False,
    empty: Annotated[bool, typer.Option("--empty", help="允许空名单 nobody is on the list any more")] = False,
    hidden_sheets: Annotated[
        bool, typer.Option("--hidden-sheets", help="也读隐藏的工作表 read hidden sheets too")
    ] = False,
    refused_rows: Annotated[
        Path | None, typer.Option("--refused", help="未接收行的文件 file for refused rows, .xlsx; beside the list")
    ] = None,
    actor: ActorOption = "",
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
    written = refused_file(file) if refused_rows is None else file_of(refused_rows, (".xlsx",), "--refused")

    async def read(connection: AsyncConnection | None) -> tuple[_List, Allowances]:
        file_ = _read_file(file, hidden_sheets=hidden_sheets)
        rows = await numbered_rows(connection, lambda: key_ring(settings, PERSONS), file_.rows)
        found = _list_of(file_, rows, receipt, empty=empty, json=json)
        return found, Allowances(allow_shrink or not (found.read.listed or found.read.ended), allow_growth)

    async def main() -> int:
        try:
            require_ledger(settings)
        except NoLedger:
            await read(None)  # no scheme has terms of its own: what can't be used is told before a ledger is made
        if not dry_run:
            return await _import(settings, read, receipt, written, actor, json=json)
        async with reading(settings, "roster import") as engine, engine.connect() as connection:
            use_terms(await region_terms(connection, receipt.source.partition("/")[2]))
            list_, allowed = await read(connection)
            return await _preview(connection, list_, receipt, allowed, written, json=json)

    sys.exit(run(main))


@dataclass(frozen=True, slots=True)
class _File:
    """A list's file: where it is, its sha256 in hex, and what is in it."""

    path: Path
    sha256: str
    content: RosterFile

    @property
    def rows(self) -> list[ListRow]:
        """Its rows as they were received."""
        return self.content.rows


@dataclass(frozen=True, slots=True)
class _List:
    """A list's file, and the list in it."""

    file: _File
    read: RosterList


def _read_file(file: Path, *, hidden_sheets: bool) -> _File:
    """A list's file. Where it can't be used, print why and exit with 2."""
    try:
        content = read_content(file)
        return _File(file, hashlib.sha256(content).hexdigest(), read_file(content, hidden_sheets=hidden_sheets))
    except UnusableFile as error:
        fail(f"{file}: {error}")
        sys.exit(2)


def _list_of(file: _File, rows: Sequence[ListRow], receipt: ListReceipt, *, empty: bool, json: bool) -> _List:
    """The list in a file. Where no row can be used, print why and exit with 2."""
    read = read_list(rows, receipt.until)
    if not (read.listed or read.ended or empty):
        why = "没有可用的行；确无人员时加 --empty no row can be used; if nobody is on the list, give --empty"
        fail(f"{file.path}: {why}")
        print_refused(read, json=json)
        sys.exit(2)
    return _List(file, read)


async def _import(
    settings: Settings,
    read: Callable[[AsyncConnection], Awaitable[tuple[_List, Allowances]]],
    receipt: ListReceipt,
    written: Path,
    actor: str,
    *,
    json: bool,
) -> int:
    """Book what a list changes. It is read once the ledger is known: a scheme may have categories of its own."""
    try:
        async with ledger_servers(settings, "roster import", nats=True) as endpoints:
            await migrate(endpoints.database_url)
            engine = connect(endpoints.database_url)
            try:
                async with engine.connect() as connection:
                    use_terms(await region_terms(connection, receipt.source.partition("/")[2]))
                    list_, allowed = await read(connection)
            finally:
                await engine.dispose()
            async with own_access(endpoints, settings) as access:
                found = await import_list(
                    access, list_.read, receipt, sha256=list_.file.sha256, allowed=allowed, actor=actor
                )
    except RefusedList as error:
        fail(str(error))
        return 2
    told = _write_refused(written, list_.read, receipt)
    print_import(found, list_.file.content, list_.read, receipt, None, told, json=json)
    return 1 if list_.read.refused else 0


async def _preview(
    connection: AsyncConnection, list_: _List, receipt: ListReceipt, allowed: Allowances, written: Path, *, json: bool
) -> int:
    """Print what a list would change, also of one that would not be imported without being checked."""
    doubt: SuspiciousList | None = None
    try:
        try:
            found = await preview(connection, list_.read, receipt, allowed)
        except SuspiciousList as error:
            doubt = error
            found = await preview(connection, list_.read, receipt, Allowances(shrink=True, growth=True))
    except RefusedList as error:
        fail(str(error))
        return 2
    effect = await effect_of(connection, found.comparison.changes)
    told = _write_refused(written, list_.read, receipt)
    print_import(found, list_.file.content, list_.read, receipt, effect, told, json=json)
    if doubt is not None:
        fail(str(doubt))
        return 2
    return 1 if list_.read.refused else 0


def _write_refused(path: Path, read: RosterList, receipt: ListReceipt) -> str | None:
    """Write the refused rows to a file, where there are any; what can't be written is told."""
    if not read.refused:
        return None
    try:
        write_refused_rows(path, f"{receipt.source} {receipt.period}", receipt.received_on, read.refused)
    except OSError as error:
        note(f"未能写出 {path}，请用 --refused 指定 refused rows not written, name a file: {error.strerror}")
        return None
    return str(path)


@roster.command("withdraw")
def withdraw(
    source: SourceOption,
    period: PeriodOption,
    reason: Annotated[str, typer.Option("--reason", help="原因 why; not with --dry-run")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只预览 only show what would change")] = False,
    actor: ActorOption = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """撤销误导入的名单，人员恢复原状。Withdraw a department's last list of a month; put memberships back."""
    month, department, settings = _period(period), _source(source), settings_of(data_dir)
    why = "" if dry_run else words_of(reason, "--reason")
    if not dry_run:
        actor_of(actor)

    async def main() -> int:
        effect = None
        try:
            if dry_run:
                async with reading(settings, "roster withdraw") as engine, engine.connect() as connection:
                    withdrawal = await draw_up_withdrawal(connection, department, month)
                    effect = await effect_of(connection, withdrawal.changes)
            else:
                require_ledger(settings)
                async with (
                    ledger_servers(settings, "roster withdraw", nats=True) as endpoints,
                    own_access(endpoints, settings) as access,
                ):
                    withdrawal = await withdraw_list(access, department, month, actor=actor, reason=why)
        except NothingToWithdraw as error:
            months = "、".join(map(str, error.standing)) or "无 none"
            fail(f"{department} 没有 {month} 的名单可撤销 no list of that month stands; 现有 there are: {months}")
            return 2
        except RefusedList as error:
            fail(str(error))
            return 2
        print_withdrawal(withdrawal, effect, json=json)
        return 0

    sys.exit(run(main))


@roster.command("publish")
def publish(
    period: PeriodOption,
    out: Annotated[Path, typer.Option("--out", help="输出目录 folder for the files")],
    region: Annotated[str, typer.Option("--region", help="统筹区 region, GB/T 2260 code")],
    actor: Annotated[
        str, typer.Option("--actor", help="经办人编号，登记下发 who sends it: what went out is noted")
    ] = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """下发名单：定点医院、卫健局、各乡镇变动，及部门比对。Lists for hospitals, health bureau, townships; comparison."""
    month = _period(period)
    region_of(region)
    who = actor_of(actor) if actor else ""
    settings = settings_of(data_dir)

    async def main() -> int:
        async with reading(settings, "roster publish") as engine:
            async with engine.connect() as connection:
                drawn_up = await load_month_roster(connection, region, month)
                hospitals = await designated_hospitals(connection, region, month.due_out)
            book = roster_book(drawn_up, hospitals)
            write_book(out, book)
            noted = await record_deliveries(engine, region, str(month), book.sent, who) if who else None
        print_roster(drawn_up, hospitals, out, noted, json=json)
        if not hospitals:
            note(f"{region} 在 {month.due_out} 没有定点医院 no hospital is designated there on that day")
        if noted is None:
            note("未登记下发：加 --actor 经办人编号 not noted as sent: give --actor")
        return 0

    sys.exit(run(main))


def _period(text: str) -> Period:
    return period_of(text, "--period")


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
