"""``claims clearing orders``: what each fund and insurer transfers to each payee of a clearing, to print and sign."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.clearing_step import run_step
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json
from infra.cli.output import fail, print_json, stdout
from infra.cli.row_output import OutFile, print_sheet, write_sheets
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, coded, columns_of
from infra.words.clearing import payee_cells, payer_named
from processors.clearing import listings
from processors.law.terms import FUND_NAMES, INSURER_NAMES

Row = Mapping[str, Any]

_MONEY = "应付 payable:money+,返还预留 released:money+,冲抵 netted:money+,考核预留 withheld:money+"
_MONEY += ",预拨抵扣 prepaid:money+,拨付 to pay:money+"
_ORDERS = f"付款基金 fund,承办公司 insurer,{_MONEY},收款方数 payees:count"
_ORDER = f"种类 kind,收款方 payee,{_MONEY}"
SUMS = listings.FIGURES


def register(clearing: typer.Typer) -> None:
    """Add the command to ``claims clearing``."""
    clearing.command()(orders)


def orders(
    clearing_id: Annotated[str, typer.Argument(help="清算单号 clearing_id")],
    fund: Annotated[str | None, typer.Option("--fund", help="只列一个付款基金 one fund only, critical_illness")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """拨付单：每个付款基金、承办公司一份。What each fund and insurer transfers: an order each."""

    async def step(engine: AsyncEngine) -> tuple[dict[str, Any], Names]:
        return await listings.clearing(engine, clearing_id), await names_of(engine)

    shown, names = run_step(data_dir, step, out)
    found = [order for order in shown["orders"] if fund in (None, order["fund"])]
    if fund is not None and not found:
        known = "、".join(dict.fromkeys(order["fund"] for order in shown["orders"])) or "无 none"
        fail(f"{clearing_id} 没有付款基金 {fund}，有的是：{known}。it pays nothing out of {fund}; those are its funds")
        raise typer.Exit(2)
    if json:
        print_json([{"clearing_id": clearing_id} | order for order in found])
    else:
        print_sheet(Sheet(f"拨付单 Orders {clearing_id}", columns_of(_ORDERS), [_sum(order) for order in found]))
        for order in found:
            print_sheet(order_sheet(shown, order, names))
        stdout.print(
            "冲抵：收款方欠本基金、其他基金或以前清算的，从拨付中扣。"
            "Netted: what the payee owes this fund, another one, or from an earlier clearing",
            highlight=False,
            soft_wrap=True,
        )
    if out is not None:
        write_sheets(out, [order_sheet(shown, order, names) for order in found])


def order_sheet(shown: Row, order: Row, names: Names) -> Sheet:
    """One fund's order: its payees with what they are transferred."""
    head = f"{shown['clearing_id']} {region_named(shown['region']).name} {shown['month']}"
    rows = [
        (*payee_cells(row["payee_kind"], row["payee"], names), *(row[name] for name in SUMS))
        for row in order["transfers"]
    ]
    return Sheet(f"{payer_named(order)} 拨付单 Order {head}", columns_of(_ORDER), rows, personal=True)


def _sum(order: Row) -> tuple[Any, ...]:
    return (
        coded(FUND_NAMES, order["fund"]),
        coded(INSURER_NAMES, order["insurer"]),
        *(order[name] for name in SUMS),
        len(order["transfers"]),
    )
