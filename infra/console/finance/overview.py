"""The overview: a year's figures, what each layer and month paid, and the reports that tell more."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import column, func, select, table

from infra.console.finance.addresses import BOOKINGS, CLAIMS, address
from infra.console.finance.charts import Chart, bars_of
from infra.console.finance.report_listings import LedgerWords
from infra.console.pages import count_text, share_text, yuan_text
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from processors.finance.reports import ANNUAL, MONTHLY, Narrowed, read_report
from processors.law.terms import LAYER_NAMES


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with what is behind it."""

    chinese: str
    english: str
    shown: str
    note: str
    link: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows of a year; ``year`` is None where the ledger has nothing."""

    year: int | None
    region: str | None
    where: str
    years: Sequence[str]
    tiles: Sequence[Tile]
    charts: Sequence[Chart]


async def overview_of(visitor: Visitor, wanted: Narrowed, words: LedgerWords) -> Overview:
    """The year asked for, or the last one that the ledger has claims of."""
    async with visitor.engine.connect() as connection:
        years = sorted({str(row["year"]) for row in await read_report(connection, ANNUAL, Narrowed())})
        year = wanted.year if wanted.year is not None else int(years[-1]) if years else None
        where = "全部统筹区" if wanted.region is None else words.regions[wanted.region]
        if year is None:
            return Overview(None, wanted.region, where, years, (), ())
        annual = await read_report(connection, ANNUAL, Narrowed(year, None, wanted.region))
        flows = await read_report(connection, MONTHLY, Narrowed(None, None, wanted.region))
    charts = [
        bars_of("各保障线支付（元） Paid by layer", _layers(annual, year, wanted.region)),
        bars_of(
            "每月入账净额（元） Booked by month", _months(flows, wanted.region, linked=visitor.may(Permission.FUNDS))
        ),
    ]
    tiles = _tiles(annual, year, wanted.region)
    return Overview(year, wanted.region, where, years, tiles, [each for each in charts if each is not None])


def _tiles(annual: Sequence[Any], year: int, region: str | None) -> list[Tile]:
    def of(name: str, among: Sequence[Any] = annual) -> Decimal:
        return sum((row[name] for row in among), Decimal(0))

    there = address(CLAIMS, year=year, region=region)
    poor = [row for row in annual if row["poor"]]
    of_poor = address(CLAIMS, year=year, region=region, poor=True)
    claims, total, paid = int(of("claims")), of("total"), of("paid")
    return [
        Tile("结算人次", "claims", count_text(claims), "", there),
        Tile("医疗费总额", "total", yuan_text(total), "元", there),
        Tile("各保障线支付", "paid", yuan_text(paid), "元", there),
        Tile("个人负担", "patient share", yuan_text(of("patient_share")), "元", there),
        Tile("实际报销比例", "share paid", share_text(paid / total if total else None), "支付 ÷ 总额", there),
        Tile(
            "贫困人口报销比例",
            "of the poor",
            share_text(of("paid", poor) / of("total", poor) if of("total", poor) else None),
            f"{count_text(int(of('claims', poor)))} 人次",
            of_poor,
        ),
    ]


def _layers(annual: Sequence[Any], year: int, region: str | None) -> list[tuple[str, Decimal, str | None]]:
    sums = {layer: sum((row.get(layer, Decimal(0)) for row in annual), Decimal(0)) for layer in LAYER_NAMES}
    return [
        (LAYER_NAMES[layer], amount, address(CLAIMS, year=year, region=region, layer=layer))
        for layer, amount in sums.items()
        if amount
    ]


def _months(flows: Sequence[Any], region: str | None, *, linked: bool) -> list[tuple[str, Decimal, str | None]]:
    sums: dict[str, Decimal] = {}
    for row in flows:
        sums[row["month"]] = sums.get(row["month"], Decimal(0)) + row["net"]
    last = sorted(sums.items())[-12:]
    return [(month, net, address(BOOKINGS, month=month, region=region) if linked else None) for month, net in last]


async def latest_period(visitor: Visitor, view: str, name: str) -> Any:
    """The last year or month that a view of finance's has; None where it has nothing."""
    async with visitor.engine.connect() as connection:
        return (
            await connection.execute(select(func.max(table(view, column(name), schema="finance").c[name])))
        ).scalar()
