"""A county's published table beside the ledger's own figures, each item in the unit and to the decimals published."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from msgspec import Struct

from events.codes import covers
from processors.finance.reports import ANNUAL, shown

COUNTS = ("claims", "persons")
SHARE = "paid_share"
MONEY = ("total", "paid", "patient_share", "hospital_share")
"""Items beside the layers; money is in the row's unit, a share in percent, counts as they are."""
UNITS: Mapping[str, int] = {"元": 1, "万元": 10_000}
"""Yuan in one of the unit."""
_NO_DATA = "账本没有这一范围的结算 the ledger has no claims of these"
_NOT_SUMMED = "人数不能跨行相加 persons of several rows can't be summed"


class PublishedRow(Struct, frozen=True):
    """What a published table says of one year; what is None was not told apart. ``where`` is its place in the file."""

    where: str
    year: int
    items: dict[str, Decimal]
    region: str | None = None
    scheme: str | None = None
    setting: str | None = None
    poor: bool | None = None
    unit: str = "万元"
    source: str | None = None


class PublishedItem(Struct, frozen=True):
    """One item as published and as the ledger has it, in ``unit``; ``difference`` is ledger less published.

    ``agrees`` where the ledger's figure, rounded as the published one is, is the same; None where there is none.
    """

    year: int
    region: str | None
    scheme: str | None
    setting: str | None
    poor: bool | None
    item: str
    unit: str
    published: Decimal
    ledger: Decimal | None
    difference: Decimal | None
    agrees: bool | None
    remark: str | None


def compare(published: Iterable[PublishedRow], annual: Sequence[Mapping[str, Any]]) -> Iterator[PublishedItem]:
    """Each published item beside the ledger's, in the order of the annual report; ``annual`` are its rows."""
    known = [field.name for field in shown(ANNUAL, annual).fields]
    for row in published:
        found = [each for each in annual if _is_of(row, each)]
        own = _own_sum(row)
        for item in sorted(row.items, key=lambda name: known.index(name) if name in known else len(known)):
            yield _item(row, item, found, own if item == "paid" else None)


def _is_of(row: PublishedRow, annual: Mapping[str, Any]) -> bool:
    return (
        row.year == annual["year"]
        and (row.region is None or covers(row.region, annual["region"]))
        and row.scheme in (None, annual["scheme"])
        and row.setting in (None, annual["setting"])
        and row.poor in (None, annual["poor"])
    )


def _item(row: PublishedRow, item: str, found: Sequence[Mapping[str, Any]], remark: str | None) -> PublishedItem:
    told = row.items[item]
    ledger = _ledger(row, item, found)
    if ledger is None:
        remark = _NO_DATA if not found else _NOT_SUMMED
    else:
        ledger = ledger.quantize(Decimal(1).scaleb(told.as_tuple().exponent), ROUND_HALF_UP)  # type: ignore[arg-type] # finite
    return PublishedItem(
        *(row.year, row.region, row.scheme, row.setting, row.poor, item),
        unit="" if item in COUNTS else "%" if item == SHARE else row.unit,
        published=told,
        ledger=ledger,
        difference=None if ledger is None else ledger - told,
        agrees=None if ledger is None else ledger == told,
        remark=remark,
    )


def _ledger(row: PublishedRow, item: str, found: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """The ledger's figure in the row's unit, exactly; None where it has none."""
    if not found or (item == "persons" and len(found) > 1):
        return None
    if item == SHARE:
        total = sum(each["total"] for each in found)
        return sum(each["paid"] for each in found) * 100 / total if total else None
    # a layer that no claim of these went through paid nothing
    amount = Decimal(sum(each.get(item, 0) for each in found))
    return amount if item in COUNTS else amount / UNITS[row.unit]


def _own_sum(row: PublishedRow) -> str | None:
    """What is to be said where the published sum is not that of the published layers."""
    layers = [amount for item, amount in row.items.items() if item not in (*COUNTS, *MONEY, SHARE)]
    paid = row.items.get("paid")
    if paid is None or len(layers) < 2 or sum(layers) == paid:
        return None
    summed = sum(layers)
    return f"公布的各保障线之和为 {summed} the published layers sum to {summed}"
