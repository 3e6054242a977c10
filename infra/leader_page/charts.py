"""Places of bars and columns in percent of their chart; the templates draw them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from infra.leader_page.figures import Row


class LayerBars(Struct, frozen=True):
    """What a layer paid this year and the year before, yuan, and the widths of both bars in percent."""

    layer: str
    now: Decimal
    before: Decimal
    width: float
    width_before: float


class MonthColumns(Struct, frozen=True):
    """What was paid for services of a month, yuan, and the columns' heights in percent; below zero has none."""

    month: int
    now: Decimal
    before: Decimal
    height: float
    height_before: float


class TargetBar(Struct, frozen=True):
    """How many of how many reach a target: the row, and the bar's width in percent."""

    row: Row
    width: float


def layer_bars(now: Mapping[str, Decimal], before: Mapping[str, Decimal]) -> list[LayerBars]:
    """Bars of the layers that paid anything in either year, in the order in which layers are shown."""
    layers = [layer for layer in {**now, **before} if now.get(layer) or before.get(layer)]
    most = max((abs(of.get(layer, Decimal(0))) for of in (now, before) for layer in layers), default=Decimal(0))
    return [
        LayerBars(layer, *amounts, *(_part(amount, most) for amount in amounts))
        for layer in layers
        for amounts in [(now.get(layer, Decimal(0)), before.get(layer, Decimal(0)))]
    ]


def month_columns(months: Sequence[tuple[Decimal, Decimal]]) -> list[MonthColumns]:
    """A pair of columns a month."""
    most = max((amount for pair in months for amount in pair), default=Decimal(0))
    return [
        MonthColumns(month, *pair, *(_part(amount, most) for amount in pair)) for month, pair in enumerate(months, 1)
    ]


def target_bars(rows: Sequence[Row]) -> list[TargetBar]:
    """A bar a target."""
    return [TargetBar(row, float(row["share"] * 100)) for row in rows]


def _part(amount: Decimal, most: Decimal) -> float:
    return float(Fraction(max(amount, Decimal(0))) * 100 / Fraction(most)) if most > 0 else 0.0
