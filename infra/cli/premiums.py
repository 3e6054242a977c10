"""``claims premiums``: who paid what for whose insurance, in single or in sum."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from events.codes import CATEGORY_NAMES, LAYER_NAMES
from infra.cli.options import DataDir, Json
from infra.cli.premium_text import KIND_NAMES, PAYER_NAMES
from infra.cli.row_output import list_rows
from policies.explain import GRADES
from processors.queries import listings

Row = Mapping[str, Any]

_COLUMNS = "参保人 person,年度 year,统筹区 region,政策 scheme,保障线 layer,方式 kind,出资方 payer,金额 amount"
_TOTAL_COLUMNS = "年度 year,统筹区 region,政策 scheme,保障线 layer,方式 kind,出资方 payer,人数 persons,金额 amount"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(premiums)


def premiums(
    person: Annotated[str | None, typer.Option("--person", help="参保人编号 person_id")] = None,
    year: Annotated[int | None, typer.Option("--year", help="参保年度 benefit year")] = None,
    totals: Annotated[
        bool, typer.Option("--totals", help="按统筹区、出资方和保障线汇总 sums by region, payer and layer")
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """保费：为困难群众代缴、购买和退还的保费。Premiums: who paid what for whose insurance."""
    if totals:
        list_rows(
            data_dir,
            "premiums",
            lambda engine: listings.premium_totals(engine, person_id=person, year=year),
            json=json,
            title="保费汇总 Premiums in sum（元 yuan）",
            columns=_TOTAL_COLUMNS,
            cells=_total_cells,
            right=(6, 7),
        )
    list_rows(
        data_dir,
        "premiums",
        lambda engine: listings.premium_rows(engine, person_id=person, year=year),
        json=json,
        title="保费 Premiums（元 yuan）",
        columns=f"{_COLUMNS},类别 category,出处 cite",
        cells=_premium_cells,
        right=(7,),
    )


def _premium_cells(row: Row) -> tuple[str, ...]:
    category = f"{CATEGORY_NAMES[row['category']]} {row['category']}"
    cite = f"{GRADES[row['grade']]} {row['grade']}: {row['cite']}"
    return (row["person_id"], *_key_cells(row), row["amount"], category, cite)


def _total_cells(row: Row) -> tuple[str, ...]:
    return (*_key_cells(row), str(row["persons"]), row["amount"])


def _key_cells(row: Row) -> tuple[str, ...]:
    layer = f"{LAYER_NAMES[row['layer']]} {row['layer']}"
    kind, payer = f"{KIND_NAMES[row['kind']]} {row['kind']}", f"{PAYER_NAMES[row['payer']]} {row['payer']}"
    return (str(row["year"]), row["region"], row["scheme"], layer, kind, payer)
