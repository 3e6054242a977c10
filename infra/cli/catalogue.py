"""``claims catalogue``: the medical catalogue, by which the gateway prices fee lines, from the bureau's lists."""

import hashlib
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from infra.cli.arguments import Actor, actor_of, day_of, file_of, region_of, unusable
from infra.cli.clearing_step import print_result, run_step
from infra.cli.names import Names
from infra.cli.options import DataDir, Json
from infra.cli.output import fail, note
from infra.cli.row_output import OutFile, Row, list_rows
from infra.files.atomic import write_atomically
from infra.files.catalogue_file import CatalogueList, catalogue_template, read_catalogue
from infra.files.sheet import coded
from infra.files.text_file import UnusableFile
from processors.catalogue.entries import CATALOGUE_KIND_NAMES, CHARGE_TYPE_NAMES, LEVEL_NAMES
from processors.catalogue.store import ImportedCatalogue, entry_rows, import_catalogue

catalogue = typer.Typer(no_args_is_help=True, help="医保目录：药品、诊疗、耗材，导入和查询。The medical catalogue.")

_SHOWN = 20
_COLUMNS = "目录编码 code,名称 name,种类 kind,等级 level,先行自付比例 upfront ratio:share,限价 cap,收费类别 charge type"
_COLUMNS += ",统筹区 region,生效日期 from:day,失效日期 until:day,导入 import:count,经办 actor"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(catalogue, name="catalogue")


@catalogue.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="目录 list: FILE.xlsx or FILE.csv", exists=True, dir_okay=False)],
    actor: Actor,
    from_: Annotated[
        str | None, typer.Option("--from", help="生效日期，行内没有写的 first day of rows that state none")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """导入医保目录：有一行不对就一行也不导入。Take in a list of the catalogue, all of it or nothing."""
    who = actor_of(actor)
    usual_from = None if from_ is None else day_of(from_, "--from")
    try:
        listed = read_catalogue(file, usual_from)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except UnusableFile as error:
        raise unusable(f"{file}：{error}", "The list can't be used", "FILE") from None
    for name in listed.ignored:
        note(f"列“{name}”未使用 column not used")
    if listed.bad or not listed.entries:
        _tell_bad(listed)
        sys.exit(2)
    done: ImportedCatalogue = run_step(data_dir, lambda engine: import_catalogue(engine, listed.entries, digest, who))
    told = {"import": done.number, "added": done.added, "unchanged": done.unchanged}
    print_result(told, f"已导入 added {done.added}，未变 unchanged {done.unchanged}", json=json)


def _tell_bad(listed: CatalogueList) -> None:
    for row, why in islice(sorted(listed.bad.items()), _SHOWN):
        fail(f"第 {row} 行 row {row}，{why}")
    if not listed.bad:
        fail("没有可用的行 no row can be used")
    elif len(listed.bad) > _SHOWN:
        fail(f"另有 {len(listed.bad) - _SHOWN} 行 and as many more rows")
    fail("没有导入任何一行，请更正后重新导入 nothing was taken in: mend the rows and import the list again")


@catalogue.command("list")
def list_(
    code: Annotated[str | None, typer.Option("--code", help="目录编码 med_list_codg")] = None,
    on: Annotated[str | None, typer.Option("--on", help="哪一天有效的 those that hold on a day")] = None,
    region: Annotated[str | None, typer.Option("--region", help="统筹区代码 region")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """目录清单：今天（或某日）有效的；写了编码不写日期，列该编码全部记录。Entries of a day, or all of a code."""
    day = day_of(on, "--on") if on is not None else None if code is not None else datetime.now(COUNTY_TIME).date()
    asked = None if region is None else region_of(region)

    def query(engine: AsyncEngine) -> AsyncIterator[Row]:
        return _rows(engine, code, day, asked)

    list_rows(
        data_dir,
        "catalogue",
        query,
        json=json,
        out=out,
        title=f"医保目录 Medical catalogue {day or code}",
        columns=_COLUMNS,
        cells=_cells,
        empty="没有目录条目，用 claims catalogue import 导入 no entries: claims catalogue import takes them in",
    )


async def _rows(engine: AsyncEngine, code: str | None, day: date | None, region: str | None) -> AsyncIterator[Row]:
    async for row in entry_rows(engine, code=code, on=day, region=region):
        yield _told(row)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry for programs: amounts and shares are texts of digits."""
    cap = None if row["price_cap"] is None else f"{row['price_cap'].normalize():f}"
    days = {name: row[name] and row[name].isoformat() for name in ("valid_from", "valid_until")}
    changed = {"upfront_ratio": f"{row['upfront_ratio'].normalize():f}", "price_cap": cap, **days}
    return {**row, **changed, "at": row["at"].astimezone(COUNTY_TIME).isoformat()}


def _cells(row: Row, _names: Names) -> Sequence[Any]:
    return (
        *(row["code"], row["name"], coded(CATALOGUE_KIND_NAMES, row["kind"]), coded(LEVEL_NAMES, row["level"])),
        *(row["upfront_ratio"], row["price_cap"], coded(CHARGE_TYPE_NAMES, row["charge_type"]), row["region"]),
        *(row["valid_from"], row["valid_until"], row["import"], row["actor"]),
    )


@catalogue.command()
def template(
    out: Annotated[Path, typer.Option("--out", help="写到 FILE.xlsx to write")],
) -> None:
    """目录导入表的样子，有三行例子。A workbook to fill in, with three rows as examples."""
    write_atomically(file_of(out, (".xlsx",)), catalogue_template())
    note(f"已写入 written: {out}")
