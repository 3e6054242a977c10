"""What a clearing's page shows: its rows with names, and what they come to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from events.county_time import month_end
from infra.cli.names import Names
from infra.files.region_names import region_named
from infra.words.clearing import fund_named, payee_cells, payer_named

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Totals:
    """A clearing's sums in yuan, over all payees; ``held`` is what of ``due`` a case of supervision holds."""

    payable: Decimal
    released: Decimal
    set_off: Decimal
    withheld: Decimal
    prepaid: Decimal
    amount: Decimal
    owed: Decimal
    paid: Decimal
    due: Decimal
    held: Decimal


def totals(shown: Row) -> Totals:
    """The sums of a clearing as ``processors.clearing.listings`` gives it."""

    def total(name: str, rows: Iterable[Row] = shown["payments"]) -> Decimal:
        return sum((Decimal(row[name]) for row in rows), Decimal(0))

    owed = sum(
        (max(Decimal(0), -Decimal(row["balance"]) - Decimal(row["released"])) for row in shown["payments"]), Decimal(0)
    )
    due = [row for row in shown["payments"] if row["status"] in ("due", "returned")]
    on_hold = {(row["payee_kind"], row["payee"]) for row in shown["held"]}
    held = [row for row in due if (row["payee_kind"], row["payee"]) in on_hold]
    return Totals(
        payable=total("balance"),
        released=total("released"),
        set_off=total("set_off"),
        withheld=total("withheld"),
        prepaid=total("prepaid"),
        amount=total("amount"),
        owed=owed,
        paid=total("paid"),
        due=total("amount", due) - total("paid", due),
        held=total("amount", held) - total("paid", held),
    )


def payment_rows(shown: Row, names: Names) -> list[dict[str, Any]]:
    """Payees with their payments."""
    held = {(row["payee_kind"], row["payee"]) for row in shown["held"]}
    return [
        dict(row) | _payee(shown, row, names) | {"held": (row["payee_kind"], row["payee"]) in held}
        for row in shown["payments"]
    ]


def line_rows(shown: Row, names: Names) -> list[dict[str, Any]]:
    """Lines: what each fund owes each payee."""
    return [
        dict(row) | _payee(shown, row, names) | {"fund_name": fund_named(row["fund"]).chinese()}
        for row in shown["lines"]
    ]


def change_rows(shown: Row) -> list[dict[str, Any]]:
    """What changed claim by claim."""
    return [dict(row) | {"fund_name": fund_named(row["fund"]).chinese()} for row in shown["changes"]]


def order_rows(shown: Row) -> list[dict[str, Any]]:
    """The funds' orders, each with its name and the number of its payees."""
    return [
        dict(order)
        | {
            "clearing_id": shown["clearing_id"],
            "name": payer_named(order),
            "payees": len(order["transfers"]),
        }
        for order in shown["orders"]
    ]


def transfer_rows(shown: Row, order: Row, names: Names) -> list[dict[str, Any]]:
    """What one fund transfers, payee by payee."""
    return [dict(row) | _payee(shown, row, names) for row in order["transfers"]]


def head_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of a list of clearings, or of others with a region, with its name and moments as moments."""
    return [
        {name: _moment(value) if name.endswith("_at") else value for name, value in row.items()}
        | {"region_name": str(region_named(row["region"]))}
        for row in rows
    ]


def month_to_draft(waiting: Iterable[Row], cleared: Iterable[Row], region: str, today: date) -> str:
    """The month that a draft of the region is for, ``2019-06``: the oldest with bookings that no clearing was made of.

    ``waiting`` are the rows of what is not cleared, ``cleared`` those of all clearings.
    """
    since = next((row["since"] for row in waiting if row["region"] == region), None)
    taken = {row["month"] for row in cleared if row["region"] == region and row["status"] != "withdrawn"}
    month = today if since is None else min(today, date.fromisoformat(since))
    while f"{month:%Y-%m}" in taken and month < today.replace(day=1):
        month = month_end(month).date()
    return f"{month:%Y-%m}"


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _payee(shown: Row, row: Row, names: Names) -> dict[str, Any]:
    _, payee = payee_cells(row["payee_kind"], row["payee"], names)
    return {"clearing_id": shown["clearing_id"], "kind": row["payee_kind"], "payee_name": str(payee)}
