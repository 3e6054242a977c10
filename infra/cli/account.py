"""``claims account``: the supplementary insurance's account, year by year."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from infra.cli.arguments import file_of
from infra.cli.names import names_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, print_json
from infra.cli.row_output import ENDINGS, OutFile, show
from infra.cli.session import reading, run
from infra.files.sheet import Sheet, columns_of
from policies.explain import GRADES
from processors.premiums.fund_account import fund_account


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(account)


def account(
    scheme: Annotated[str, typer.Option("--scheme", help="政策名称 name of the scheme")],
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """补充保险收支账：保费、运营费、补偿款、结余和亏损。The supplementary insurance's account, year by year."""
    settings = settings_of(data_dir)
    if out is not None:
        file_of(out, ENDINGS)

    async def main() -> int:
        async with reading(settings, "account") as engine:
            try:
                years = [year.json() for year in await fund_account(engine, scheme)]
            except LookupError as error:
                fail(str(error))
                return 2
            names = await names_of(engine)
        if json:
            print_json(years)
        columns = "年度 year:count,上年结转 carried in:money,保费 premiums:money+,运营费 operations:money+"
        columns += ",补偿款 payouts:money+,结转下年 carried on:money,政府承担 by government:money+"
        columns += ",按比例运营费 operations by ratio:money+,运营费上限 operations at most:money,依据 stated"
        amounts = ("carried_in", "premiums", "operations", "payouts", "carried_out", "by_government")
        operations = ("operations_by_ratio", "operations_limit")
        rows = [
            (
                year["year"],
                *(year[name] for name in (*amounts, *operations)),
                _stated(year),
            )
            for year in years
        ]
        title = f"补充保险收支账 Supplementary account: {names.scheme(scheme)}"
        show(Sheet(title, columns_of(columns), rows), json=json, out=out)
        return 0

    sys.exit(run(main))


def _stated(year: Mapping[str, Any]) -> str:
    """The ratio and, where there is one, the limit of the operating costs, each with grade and clause."""
    stated = f"{year['ratio']} {GRADES[year['grade']]} {year['cite']}"
    if year["operations_limit"] is None:
        return stated
    return f"{stated}；上限 at most {year['operations_limit']} {GRADES[year['limit_grade']]} {year['limit_cite']}"
