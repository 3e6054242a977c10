"""``claims account``: accounts of funds, year by year."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from infra.cli.arguments import file_of, region_of
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json
from infra.cli.report_output import COUNTED_BEFORE, caught_up
from infra.cli.row_output import ENDINGS, OutFile, show
from infra.cli.session import reading, run
from infra.files.sheet import Sheet, coded, columns_of, number
from infra.words.funds import ACCOUNT_LINES
from policies.explain import GRADES
from processors.accounts.fund_account import fund_accounts
from processors.law.terms import FUND_NAMES, INSURER_NAMES

_SUPPLEMENTARY = (
    ("carried_in", "上年结转 carried in"),
    ("premiums", "保费 premiums"),
    ("operations", "运营费 operations"),
    ("payouts", "补偿款 payouts"),
    ("carried_out", "结转下年 carried on"),
    ("by_government", "政府承担 by government"),
    ("operations_by_ratio", "按比例运营费 operations by ratio"),
    ("operations_limit", "运营费上限 operations at most"),
)
_ALWAYS = ("carried_in", "balance", "carried_out")
"""Shown of every account, and never summed: they are carried from year to year. Other lines stand where some account
has an amount in them."""
_CARRIED_TO = {"next_year": "转入下年 next year", "government": "政府承担 the government"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(account)


def account(
    scheme: Annotated[
        str | None,
        typer.Option(
            "--scheme", help="政策名称；单独给出时为其补充保险账 name of the scheme; alone: its supplementary account"
        ),
    ] = None,
    fund: Annotated[str | None, typer.Option("--fund", help="资金 fund, critical_illness")] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="统筹区 region; 140400 also takes its counties")
    ] = None,
    year: Annotated[int | None, typer.Option("--year", help="年度 year of the account")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """资金账：各项资金的收入、支出、结余和亏损。Accounts of funds: in, out, what is left and who bears it."""
    settings = settings_of(data_dir)
    if region is not None:
        region_of(region)
    if out is not None:
        file_of(out, ENDINGS)

    async def main() -> int:
        async with reading(settings, "account") as engine:
            counted = await caught_up(engine, anew=False)
            try:
                found = await fund_accounts(engine, scheme=scheme, fund=fund, region=region, year=year)
            except LookupError as error:
                fail(str(error))
                return 2
            names = await names_of(engine)
        if not counted:
            note(COUNTED_BEFORE)
        years = [each.json() for each in found]
        if json:
            print_json(years)
        show(_sheet(years, names, scheme), json=json, out=out)
        return 0

    sys.exit(run(main))


def _sheet(years: Sequence[Mapping[str, Any]], names: Names, scheme: str | None) -> Sheet:
    """The supplementary insurance's account alone stands as it always did; others name whose they are."""
    alone = scheme is not None and all(year["region"] is None for year in years)
    lines = [each for each in ACCOUNT_LINES if each[0] in _ALWAYS or any(number(year[each[0]]) for year in years)]
    if alone:
        lines = [*_SUPPLEMENTARY, *(each for each in lines if each not in _SUPPLEMENTARY and each[0] != "balance")]
    insured = any(year["insurer"] for year in years)
    whose = "" if alone else f"政策 scheme,统筹区 region,资金 fund,{'承保公司 insurer,' if insured else ''}"
    headings = (f"{heading}:money{'' if name in _ALWAYS else '+'}" for name, heading in lines)
    columns = f"{whose}年度 year:count,{','.join(headings)},依据 stated"
    title = "资金账 Accounts of funds"
    if alone and scheme is not None:
        title = f"补充保险收支账 Supplementary account: {names.scheme(scheme)}"
    rows = []
    for year in years:
        named = (names.scheme(year["scheme"]), names.region(year["region"]), coded(FUND_NAMES, year["fund"]))
        key = () if alone else (*named, coded(INSURER_NAMES, year["insurer"])) if insured else named
        rows.append((*key, year["year"], *(year[name] for name, _ in lines), _stated(year, alone=alone)))
    return Sheet(title, columns_of(columns), rows)


def _stated(year: Mapping[str, Any], *, alone: bool) -> str:
    """What the text states of the account, each with grade and clause; what it leaves open is said."""
    said = []
    if year["ratio"] is not None:
        said.append(f"{year['ratio']} {GRADES[year['grade']]} {year['cite']}")
    if year["operations_limit"] is not None:
        said.append(f"上限 at most {year['operations_limit']} {GRADES[year['limit_grade']]} {year['limit_cite']}")
    if alone:
        return "；".join(said)
    if year["kept"] is not None:
        said.append(f"{year['kept']} {GRADES[year['kept_grade']]} {year['kept_cite']}")
    for name, value, word in (
        ("surplus", year["surplus_to"], "结余 surplus"),
        ("deficit", year["deficit_borne_by"], "亏损 deficit"),
    ):
        if value is not None:
            said.append(f"{word}：{_CARRIED_TO[value]} {GRADES[year[f'{name}_grade']]} {year[f'{name}_cite']}")
    left_open = [
        word for word, value in (("结余", year["surplus_to"]), ("亏损", year["deficit_borne_by"])) if value is None
    ]
    if left_open:
        said.append(f"{'、'.join(left_open)}文件未规定 not stated")
    return "；".join(said)
