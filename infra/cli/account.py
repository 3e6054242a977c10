"""``claims account``: the supplementary insurance's account, year by year."""

import sys
from typing import Annotated

import typer

from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, print_json, table
from infra.cli.session import reading, run
from policies.explain import GRADES
from processors.premiums.fund_account import fund_account


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(account)


def account(
    scheme: Annotated[str, typer.Option("--scheme", help="政策名称 name of the scheme")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """补充保险收支账：保费、运营费、补偿款、结余和亏损。The supplementary insurance's account, year by year."""
    settings = settings_of(data_dir)

    async def main() -> int:
        async with reading(settings, "account") as engine:
            try:
                years = [year.json() for year in await fund_account(engine, scheme)]
            except LookupError as error:
                fail(str(error))
                return 2
        if json:
            print_json(years)
            return 0
        columns = "年度 year,上年结转 carried in,保费 premiums,运营费 operations,补偿款 payouts,结转下年 carried on"
        columns += ",政府承担 by government,运营费比例 ratio"
        names = ("carried_in", "premiums", "operations", "payouts", "carried_out", "by_government")
        rows = [
            (
                str(year["year"]),
                *(year[name] for name in names),
                f"{year['ratio']} {GRADES[year['grade']]} {year['cite']}",
            )
            for year in years
        ]
        table(f"补充保险收支 Supplementary account: {scheme}（元 yuan）", columns.split(","), rows, right=range(1, 7))
        return 0

    sys.exit(run(main))
