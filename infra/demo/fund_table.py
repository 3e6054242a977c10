"""The fund table of `claims demo`: what was settled beside what the county published."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from rich.table import Table

from policies.scheme import Published
from policies.vocabulary import in_layer_order
from processors.law.terms import LAYER_NAMES

CAPTION = (
    "模拟数据：本县参保人、医疗机构与费用均为程序生成，仅“公布”一列为真实数据。\n"
    "Made-up county: persons, hospitals and costs are generated; only the published column is real."
)
_FEN_PER_WAN = 1_000_000
_NOT_PUBLISHED = "—"


def fund_table(paid_by_layer_fen: Mapping[str, int], claims: int, total_fen: int, published: Published) -> Table:
    """What each layer paid beside the published year, in 万元 and as a share of all layers.

    ``claims`` and ``total_fen`` (the bills' total) are those of the claims that ``paid_by_layer_fen`` was paid on.
    """
    table = Table(
        title=f"{published.year} 年建档立卡贫困人口住院补偿 Inpatient payments for the registered poor",
        caption=CAPTION,
        caption_justify="left",
    )
    table.add_column("保障线 Layer")
    for heading in ("结算 Settled 万元", "占比 Share", "公布 Published 万元", "占比 Share"):
        table.add_column(heading, justify="right")
    settled_fen, published_fen = sum(paid_by_layer_fen.values()), sum(published.paid.values())
    for layer in in_layer_order({*paid_by_layer_fen, *published.paid}):
        ours, theirs = paid_by_layer_fen.get(layer, 0), published.paid.get(layer, 0)
        table.add_row(
            f"{LAYER_NAMES[layer]} {layer}",
            _wan(ours),
            _percent(ours, settled_fen),
            _wan(theirs),
            _percent(theirs, published_fen),
        )
    table.add_section()
    whole = _percent(1, 1)
    table.add_row("基金支付合计 All layers", _wan(settled_fen), whole, _wan(published.total), whole, style="bold")
    table.add_row("补偿人次 Claims", f"{claims:,}", "", f"{published.inpatient_claims:,}", "")
    paid_part = _percent(settled_fen, total_fen)
    table.add_row(
        "医疗费总额，支付比例 Bills, paid of them", _wan(total_fen), paid_part, _NOT_PUBLISHED, _NOT_PUBLISHED
    )
    return table


def _wan(fen: int) -> str:
    return f"{(Decimal(fen) / _FEN_PER_WAN).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def _percent(part: int, whole: int) -> str:
    if not whole:
        return _NOT_PUBLISHED
    return f"{(Decimal(part) * 100 / whole).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"
