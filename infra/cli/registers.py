"""``claims registers``: a command for each register of the office, with what narrows it."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from infra.cli.arguments import day_of, file_of, month_of, region_of
from infra.cli.empty_lists import why_empty
from infra.cli.names import names_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import print_json
from infra.cli.register_entries import add_entries
from infra.cli.register_text import register_sheet, without_empty_columns
from infra.cli.report_output import caught_up
from infra.cli.row_output import ENDINGS, OutFile, print_sheet, write_sheets
from infra.cli.session import reading, run
from processors.registers.register import Filter, Register, register_rows
from processors.registers.registers import REGISTERS

_SWITCHES = ("flag", "some")
registers = typer.Typer(no_args_is_help=True, help="台账：慢性病卡、定点机构等。Registers of the office.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_entries(registers)
    app.add_typer(registers, name="registers")


def list_register(
    wanted: Register, asked: Mapping[str, Any], data_dir: Path | None, out: Path | None, *, json: bool
) -> NoReturn:
    """Print a register, write it to a file where one is named, and exit with 0.

    ``asked`` is by option what narrows it; None narrows nothing.
    """
    if out is not None:
        file_of(out, ENDINGS)
    filters = {each.option: each for each in wanted.filters}
    narrowed = {name: _value(filters[name], value) for name, value in asked.items() if value is not None}

    async def main() -> int:
        async with reading(settings_of(data_dir), "registers") as engine:
            if wanted.summed_up:
                await caught_up(engine, anew=False)
            rows = [row async for row in register_rows(engine, wanted, narrowed)]
            without = [] if rows or not narrowed else [row async for row in register_rows(engine, wanted, {})]
            names = await names_of(engine)
        sheet = replace(register_sheet(wanted, rows, names), empty=why_empty(wanted, without))
        if json:
            print_json(rows)
        else:
            print_sheet(without_empty_columns(sheet))
        if out is not None:
            write_sheets(out, [sheet])
        return 0

    sys.exit(run(main))


def _value(asked: Filter, value: Any) -> Any:
    option = f"--{asked.option}"
    match asked.match:
        case "region":
            return region_of(value, option)
        case "from" | "to":
            return day_of(value, option)
        case "month":
            month_of(value, option)
            return value
        case _ if asked.option == "tier":
            return int(value)
        case _:
            return value


def _command(wanted: Register) -> Callable[..., None]:
    """A command whose options are the filters of a register."""

    def command(**given: Any) -> None:
        data_dir, out, json = (given.pop(name) for name in ("data_dir", "out", "json"))
        asked = {name.removesuffix("_").replace("_", "-"): value for name, value in given.items()}
        list_register(wanted, asked, data_dir, out, json=json)

    kinds = [
        *(
            (f"{each.option.replace('-', '_')}_", Annotated[_kind(each), _option(each)], None)
            for each in wanted.filters
        ),
        *(("out", OutFile, None), ("data_dir", DataDir, None), ("json", Json, False)),
    ]
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, keyword, default=default, annotation=kind) for name, kind, default in kinds]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what typer reads
    command.__annotations__ = {name: kind for name, kind, _ in kinds}
    command.__doc__ = wanted.help
    return command


def _kind(asked: Filter) -> Any:
    if asked.match in _SWITCHES:
        return bool | None
    if asked.codes:
        return Literal[asked.codes] | None
    return int | None if asked.option in ("year", "late") else str | None


def _option(asked: Filter) -> Any:
    names = f"--{asked.option}/--no-{asked.option}" if asked.match in _SWITCHES else f"--{asked.option}"
    return typer.Option(names, help=asked.help)


for _each in REGISTERS:
    registers.command(_each.name)(_command(_each))
