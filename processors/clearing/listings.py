"""Clearings and receivables as they are shown: money in yuan."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

import orjson
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.money import yuan
from events.store.journal import entries
from events.store.rows import among
from processors.clearing.funds import EMERGENCY_FUND, FUNDS
from processors.clearing.refusal import ClearingRefused
from processors.delivery.names import CLEARING_JOURNAL as JOURNAL
from processors.delivery.names import INTAKE_JOURNAL as FACTS
from projections.claims import claims
from projections.clearings import (
    advance_repayments,
    clearing_lines,
    clearing_payments,
    clearings,
    outstanding,
    payable,
    receivables,
)
from projections.hospitals import hospitals

Row = Mapping[str, Any]
KINDS = ("hospital", "person", EMERGENCY_FUND)


async def clearing_rows(engine: AsyncEngine, region: str | None = None) -> list[dict[str, Any]]:
    """All clearings, or a region's, oldest first."""
    query = select(clearings).order_by(clearings.c.region, clearings.c.number)
    if region is not None:
        query = query.where(clearings.c.region == region)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).mappings().all()
    return [_head(cast("Row", row)) for row in rows]


async def clearing(engine: AsyncEngine, clearing_id: str) -> dict[str, Any]:
    """One clearing with its lines, payments, repaid advances and what changed claim by claim.

    ``changes`` of kind ``adjusted`` with a person: what he paid too much at discharge (under 0: too little), unless
    the claim was reversed by then. Raises ``ClearingRefused`` where there is none.
    """
    async with engine.connect() as connection:
        head = await connection.execute(select(clearings).where(clearings.c.clearing_id == clearing_id))
        row = cast("Row | None", head.mappings().one_or_none())
        if row is None:
            raise ClearingRefused(f"there is no clearing {clearing_id}")
        lines = [_line(line) for line in await _of(connection, clearing_lines, clearing_id)]
        payments = [_payment(payment) for payment in await _of(connection, clearing_payments, clearing_id)]
        repaid = [_money(each, "amount") for each in await _of(connection, advance_repayments, clearing_id)]
        changes = await _changes(connection, row)
    return _head(row) | {
        "lines": sorted(lines, key=lambda line: (*_place(line), FUNDS.index(line["fund"]))),
        "payments": sorted(payments, key=_place),
        "repayments": repaid,
        "changes": changes,
    }


async def receivable_rows(engine: AsyncEngine, today: date) -> list[dict[str, Any]]:
    """What is outstanding, oldest first; ``closed`` says that a hospital is designated no longer."""
    query = (
        select(receivables, hospitals.c.designated_until)
        .outerjoin(
            hospitals, (receivables.c.payee_kind == "hospital") & (hospitals.c.hospital_id == receivables.c.payee)
        )
        .where(receivables.c.stands)
        .order_by(receivables.c.number, receivables.c.receivable_id)
    )
    async with engine.connect() as connection:
        rows = cast("Sequence[Row]", (await connection.execute(query)).mappings().all())
    return [
        {
            "receivable_id": row["receivable_id"],
            "clearing_id": row["clearing_id"],
            "region": row["region"],
            "payee_kind": row["payee_kind"],
            "payee": row["payee"],
            "amount": yuan(row["amount"]),
            "settled": yuan(row["settled"]),
            "set_off": yuan(row["set_off"]),
            "outstanding": yuan(outstanding(row)),
            "closed": row["designated_until"] is not None and row["designated_until"] <= today,
        }
        for row in rows
        if outstanding(row)
    ]


async def _of(connection: AsyncConnection, table: Any, clearing_id: str) -> list[dict[str, Any]]:
    rows = await connection.execute(select(table).where(table.c.clearing_id == clearing_id))
    return [{str(name): value for name, value in row.items() if name != "clearing_id"} for row in rows.mappings()]


def _head(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "clearing_id": row["clearing_id"],
        "region": row["region"],
        "month": f"{row['month']:%Y-%m}",
        "status": row["status"],
        "drafted_by": row["drafted_by"],
        "drafted_at": row["drafted_at"].isoformat(),
        "approved_by": row["approved_by"],
        "approved_at": row["approved_at"] and row["approved_at"].isoformat(),
        "withdrawn_by": row["withdrawn_by"],
        "ranges": row["ranges"],
        "set_off": [_money(dict(entry), "amount") for entry in row["set_off"]],
    }


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return _money(line | {"payable": payable(line)}, "settled", "adjusted", "audit", "repaid", "payable")


def _payment(payment: dict[str, Any]) -> dict[str, Any]:
    paid_at = payment["paid_at"]
    return _money(payment, "balance", "set_off", "amount") | {"paid_at": paid_at and paid_at.isoformat()}


async def _changes(connection: AsyncConnection, clearing: Row) -> list[dict[str, Any]]:
    """What was booked after claims' first settlements, claim by claim: from the draft, for one that was withdrawn has
    no parts any more."""
    draft = select(entries.c.data).where(entries.c.journal == JOURNAL, entries.c.number == clearing["number"])
    parts = orjson.loads((await connection.execute(draft)).scalar_one()).get("parts", [])
    sums: dict[tuple[str, str, str, str], int] = {}
    for part in parts:
        if part["kind"] != "settled":
            key = part["claim_id"], part["payee_kind"], part["fund"], part["kind"]
            sums[key] = sums.get(key, 0) + part["amount"]
    # by what the draft knew: what is shown of a clearing does not change
    _, facts = clearing["ranges"].get(FACTS, (0, 0))
    by_then = (
        exists()
        .where(entries.c.person_id == claims.c.person_id, entries.c.claim_id == claims.c.claim_id)
        .where(entries.c.type == "claim.reversed.v1", entries.c.journal == FACTS, entries.c.number <= facts)
    )
    about = {
        row.claim_id: row
        for row in await connection.execute(
            select(claims.c.claim_id, claims.c.person_id, claims.c.hospital_id, by_then.label("reversed")).where(
                among(claims.c.claim_id, {claim_id for claim_id, *_ in sums})
            )
        )
    }
    return [_change(about[key[0]], *key[1:], amount) for key, amount in sums.items() if amount]


def _change(claim: Any, payee_kind: str, fund: str, kind: str, amount: int) -> dict[str, Any]:
    # of a reversed claim he gets back, or gives back, all: that is nothing he paid too much at discharge
    after_discharge = payee_kind == "person" and kind == "adjusted" and not claim.reversed
    return {
        "claim_id": claim.claim_id,
        "person_id": claim.person_id,
        "hospital_id": claim.hospital_id,
        "payee_kind": payee_kind,
        "fund": fund,
        "kind": kind,
        "amount": yuan(amount),
        "overpaid_at_discharge": yuan(amount) if after_discharge else None,
    }


def _money(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return row | {name: yuan(row[name]) for name in names}


def _place(row: Mapping[str, Any]) -> tuple[int, str]:
    return KINDS.index(row["payee_kind"]), row["payee"]
