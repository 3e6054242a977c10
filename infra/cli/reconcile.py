"""``claims reconcile``: a hospital's own figures of a month against the ledger's."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from events.money import yuan
from infra.cli.arguments import file_of, id_of, month_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout
from infra.cli.row_output import ENDINGS, print_sheet, write_sheets
from infra.cli.session import reading, run
from infra.files.hospital_file import BadRow, HospitalDetail, read_detail, read_totals
from infra.files.sheet import Sheet, columns_of
from infra.files.text_file import UnusableFile
from infra.words.reconciliation import DIFFERENCE_NAMES, FIELD_NAMES
from processors.reconciliation.comparison import Reconciliation, ReconciliationDifference, amounts
from processors.reconciliation.comparison import reconcile as compare

COLUMNS = columns_of(
    "种类 kind,结算单 claim,项目 field,医院 hospital:money,账本 ledger:money,差额 difference:money,说明 detail"
)
SUM_COLUMNS = columns_of("项目 field,医院明细 hospital:money,账本 ledger:money")
SIGNATURES = "医院签章：____________    经办机构签章：____________    日期：____________"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reconcile)


def reconcile(
    file: Annotated[Path, typer.Argument(help="医院明细 CSV 或 XLSX the hospital's claims")],
    hospital: Annotated[str, typer.Option("--hospital", help="医院编号 hospital_id")],
    month: Annotated[str, typer.Option("--month", help="月份（按结算日期） month of the claims' dates, 2019-03")],
    totals: Annotated[Path | None, typer.Option("--totals", help="医院合计 the hospital's own totals")] = None,
    by: Annotated[
        Literal["date", "settlement"],
        typer.Option(
            "--by", help="月份按费用日期或结算日期（退费为负行，同3202） by date of the claim or of settlement"
        ),
    ] = "date",
    out: Annotated[Path | None, typer.Option("--out", help="另存差异 also write the differences, .csv .xlsx")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """对账：逐单核对医院与账本。Hold a hospital's month against the ledger, claim by claim."""
    first = month_of(month)
    id_of(hospital, "--hospital")
    if out is not None:
        file_of(out, ENDINGS)

    async def main() -> int:
        async with reading(settings_of(data_dir), "reconcile") as engine:
            try:  # the headings are the ledger's layers too
                detail = read_detail(file, first, by_settlement=by == "settlement")
                sums = None if totals is None else read_totals(totals)
            except (UnusableFile, OSError) as error:
                fail(f"{error}" if isinstance(error, OSError) else f"文件不可用 unusable file: {error}")
                return 2
            _tell_unused(detail)
            unread = {bad.claim_id or "" for bad in detail.bad}
            try:
                found = await compare(
                    engine, hospital, first, detail.claims, totals=sums, unread=unread, by_settlement=by == "settlement"
                )
            except LookupError as error:
                fail(str(error))
                return 2
        if out is not None:
            _write(out, f"{hospital} {month}", found, detail)
        _print(found, detail, json=json)
        return 2 if detail.bad else 1 if found.differences else 0

    sys.exit(run(main))


def _tell_unused(detail: HospitalDetail) -> None:
    if detail.ignored:
        note(f"未用的列 columns not used: {', '.join(name[1:] for name in detail.ignored)}")
    if detail.sums:
        note(f"合计行未读 rows of totals, not read: {', '.join(map(str, detail.sums))}")


def _print(found: Reconciliation, detail: HospitalDetail, *, json: bool) -> None:
    if json:
        print_json(each.as_json() for each in found.differences)
        print_json(
            {"kind": "bad_row", "row": bad.row, "claim_id": bad.claim_id, "detail": bad.reason} for bad in detail.bad
        )
        sides = {"hospital": _sums(found.hospital), "ledger": _sums(found.ledger), "prepaid": _sums(found.prepaid)}
        counts = {"differences": len(found.differences), "bad_rows": len(detail.bad)}
        print_json([{"kind": "summary"} | counts | sides])
        return
    if found.differences:
        print_sheet(Sheet("差异 Differences", COLUMNS, list(map(_cells, found.differences))))
    else:
        stdout.print("[bold green]对账一致 both sides agree[/]")
    for bad in detail.bad:
        fail(_bad(bad))
    print_sheet(Sheet("合计（有效结算单） Sums of standing claims", SUM_COLUMNS, _sum_rows(found)))
    if found.prepaid["claims"]:
        persons = f"{found.prepaid['claims']} 人次 claims, {yuan(found.prepaid['funds'])} 元 yuan"
        note(f"其中个人垫付、基金付给个人 prepaid, paid by the funds to the persons: {persons}")


def _write(out: Path, of: str, found: Reconciliation, detail: HospitalDetail) -> None:
    """The differences and the bad rows, then the sums: on a sheet of their own, or below them in a CSV file."""
    unread = [("坏行 bad row", row.claim_id, None, None, None, None, _bad(row)) for row in detail.bad]
    rows, sums = [*map(_cells, found.differences), *unread], _sum_rows(found)
    if out.suffix.lower() == ".csv":
        rows += [("合计 sums", None, *row, None, None) for row in sums]
    listings = [
        Sheet(f"对账差异 {of}", COLUMNS, rows, personal=True, signatures=SIGNATURES),
        Sheet(f"对账合计 {of}", SUM_COLUMNS, sums, personal=True, signatures=SIGNATURES),
    ]
    write_sheets(out, listings, remark="" if rows else "；对账一致 both sides agree")


def _sum_rows(found: Reconciliation) -> list[tuple[Any, ...]]:
    stated, ours = _sums(found.hospital), _sums(found.ledger)
    return [(f"{FIELD_NAMES[name]} {name}", stated.get(name), ours[name]) for name in ("claims", *amounts())]


def _cells(each: ReconciliationDifference) -> tuple[Any, ...]:
    field = f"{FIELD_NAMES[each.field]} {each.field}" if each.field else None
    sides: tuple[Any, ...] = (each.hospital, each.ledger, each.difference)
    if each.field == "claims":
        sides = tuple(None if side is None else int(side) for side in sides)
    return f"{DIFFERENCE_NAMES[each.kind]} {each.kind}", each.claim_id, field, *sides, each.detail


def _bad(bad: BadRow) -> str:
    return f"第{bad.row}行 row {bad.row}: {bad.reason}"


def _sums(sums: dict[str, int]) -> dict[str, Any]:
    return {name: amount if name == "claims" else yuan(amount) for name, amount in sums.items()}
