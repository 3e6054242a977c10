"""``claims rebuild``: derives projections anew from the ledger, shows and mends the differences."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape

from events.money import yuan
from infra.cli.arguments import listed, unusable
from infra.cli.difference_text import difference_line
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout, table
from infra.cli.session import reading, run
from processors.proof.column_values import MONEY
from processors.proof.rebuild import PROJECTIONS, ProjectionComparison, RebuildReport
from processors.proof.rebuild import rebuild as derive_anew


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rebuild)


def rebuild(
    projections: Annotated[
        list[str] | None, typer.Argument(metavar="[PROJECTION]...", help="投影，默认全部 all where none is named")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只比较，不改正 only tell what differs")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """重建：由账本重新推导投影，列出差异并改正。Derive projections anew, tell and mend what differs."""
    names = list(dict.fromkeys(projections or PROJECTIONS))
    unknown = [name for name in names if name not in PROJECTIONS]
    if unknown:
        raise unusable(
            f"没有投影 {listed(unknown)}，可用的有 {listed(PROJECTIONS)}",
            f"No projection {', '.join(unknown)}; these are there",
            "PROJECTION",
        )

    async def main() -> int:
        try:
            async with reading(settings_of(data_dir), "rebuild") as engine:
                report = await derive_anew(engine, names, dry_run=dry_run)
        except LookupError as damaged:
            fail(f"账本已损坏，见 claims verify。The ledger is damaged, see `claims verify`: {damaged}")
            return 1
        if json:
            print_json(_json(compared) for compared in report.projections)
        else:
            _print(report, dry_run=dry_run)
        per_second = report.entries / report.seconds
        note(f"账目 entries: {report.entries}; 用时 took {report.seconds:.1f} s ({per_second:,.0f}/s)")
        return 1 if report.found else 0

    sys.exit(run(main))


def _json(compared: ProjectionComparison) -> dict[str, Any]:
    counts = {name: getattr(compared, name) for name in ("rows", "missing", "surplus", "different", "mended")}
    differences = [
        {"kind": found.kind, "key": found.key, "columns": _columns(found.columns)} for found in compared.first
    ]
    return {"projection": compared.projection} | counts | {"differences": differences}


def _columns(columns: Mapping[str, tuple[Any, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: {"ledger": _value(name, ledger), "table": _value(name, table_)}
        for name, (ledger, table_) in columns.items()
    }


def _value(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column == "layers":
        return [{"layer": layer, "paid": yuan(paid)} for layer, paid in value]
    return yuan(value) if column in MONEY and type(value) is int else value


def _print(report: RebuildReport, *, dry_run: bool) -> None:
    headings = ("投影 projection", "行数 rows", "缺少 missing", "多余 surplus", "不同 different", "已改正 mended")
    rows = [
        (
            each.projection,
            *(str(count) for count in (each.rows, each.missing, each.surplus, each.different)),
            "—" if dry_run else str(each.mended),
        )
        for each in report.projections
    ]
    table("重建 Rebuild", headings, rows, right=(1, 2, 3, 4, 5))
    for each in report.projections:
        for found in each.first:
            stdout.print(escape(difference_line(each.projection, found)), highlight=False, soft_wrap=True)
        if each.found > len(each.first):
            stdout.print(f"{each.projection}: 另有 and {each.found - len(each.first)} more", highlight=False)
    if not report.found:
        stdout.print("[bold green]投影与账本一致 every projection is what the ledger says[/]")
    elif dry_run:
        fail(f"投影与账本不一致，未改正 rows that differ from the ledger, not mended: {report.found}")
    else:
        fail(f"投影与账本不一致，已按账本改正 rows that differed from the ledger, mended: {report.found}")
