"""``claims premiums --lists``: a workbook a payer to hand over, by township, with what was transferred."""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, NoReturn

from infra.cli.names import Names, names_of
from infra.cli.options import settings_of
from infra.cli.output import note, print_json
from infra.cli.register_text import register_sheet
from infra.cli.report_output import caught_up
from infra.cli.row_output import write_sheets
from infra.cli.session import reading, run
from infra.files.sheet import Sheet, coded, columns_of
from processors.accounts.listings import premium_transfer_rows
from processors.law.terms import FUND_NAMES, INSURER_NAMES, LAYER_NAMES
from processors.queries.listings import WantedPremiums
from processors.registers.care_registers import PREMIUM_LIST
from processors.registers.register import register_rows

_BY_TOWNSHIP = "年度 year:count,统筹区 region,乡镇 township,保障线 layer,人数 persons:count"
_BY_TOWNSHIP += ",金额 amount:money+,退还本人 refunded:money+,应划资金 to fund:money+"
_TRANSFERS = "年度 year:count,统筹区 region,收款资金 fund,承保公司 insurer,应划 due:money+,已划 transferred:money+"
_TRANSFERS += ",差额 difference:money+"

Row = Mapping[str, Any]


def write_lists(data_dir: Path | None, out: Path, wanted: WantedPremiums, *, json: bool) -> NoReturn:
    """Write a workbook for each payer into a folder, tell what each comes to, and exit with 0."""
    asked = {
        name: value
        for name, value in (
            ("year", wanted.year),
            ("region", wanted.region),
            ("township", wanted.township),
            ("payer", wanted.payer),
        )
        if value is not None
    }

    async def main() -> int:
        async with reading(settings_of(data_dir), "premiums") as engine:
            await caught_up(engine, anew=False)
            rows = [row async for row in register_rows(engine, PREMIUM_LIST, asked)]
            transfers = [row async for row in premium_transfer_rows(engine, region=wanted.region, year=wanted.year)]
            names = await names_of(engine)
        by_payer = sorted(rows, key=lambda row: str(row["payer"]))
        for payer, part in groupby(by_payer, key=lambda row: str(row["payer"])):
            told = write_payer(
                out, payer, list(part), [row for row in transfers if row["payer"] == payer], wanted, names
            )
            if json:
                print_json([told])
        if not rows:
            note("没有代缴的保费 there are no premiums of what was asked for")
        return 0

    sys.exit(run(main))


def write_payer(
    out: Path, payer: str, rows: Sequence[Row], transfers: Sequence[Row], wanted: WantedPremiums, names: Names
) -> dict[str, Any]:
    """Write a payer's workbook: sums by township, transfers, and person by person; returns what it comes to."""
    parts = [payer, wanted.year and str(wanted.year), wanted.region, wanted.township]
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"premiums-{'-'.join(each for each in parts if each)}.xlsx"
    title = f"代缴保费 {FUND_NAMES.get(payer, payer)}"
    townships = [
        _township_cells(key, list(part), names) for key, part in groupby(_by_township(rows), key=_township_key)
    ]
    write_sheets(
        path,
        [
            Sheet(f"{title} 按乡镇 By township", columns_of(_BY_TOWNSHIP), townships),
            Sheet(
                f"{title} 划转 Transfers", columns_of(_TRANSFERS), [_transfer_cells(row, names) for row in transfers]
            ),
            register_sheet(PREMIUM_LIST, rows, names),
        ],
    )
    persons = len({row["person_id"] for row in rows})
    sums = {name: str(_sum(rows, name)) for name in ("amount", "refunded", "to_fund")}
    return {"payer": payer, "persons": persons, **sums, "file": str(path)}


def _township_key(row: Row) -> tuple[int, str, str, str]:
    return row["year"], row["region"], row["township"] or "", row["layer"]


def _by_township(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=_township_key)


def _township_cells(key: tuple[int, str, str, str], rows: Sequence[Row], names: Names) -> tuple[Any, ...]:
    year, region, township, layer = key
    amounts = (_sum(rows, name) for name in ("amount", "refunded", "to_fund"))
    persons = len({row["person_id"] for row in rows})
    return year, names.region(region), township or "（不明 unknown）", coded(LAYER_NAMES, layer), persons, *amounts


def _sum(rows: Sequence[Row], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


def _transfer_cells(row: Row, names: Names) -> tuple[Any, ...]:
    funds = (coded(FUND_NAMES, row["fund"]), coded(INSURER_NAMES, row["insurer"]))
    return (row["year"], names.region(row["region"]), *funds, row["due"], row["transferred"], row["difference"])
