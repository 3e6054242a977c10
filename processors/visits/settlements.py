"""Settlements of visits: sent to the ledger, answered, reversed, found again."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from msgspec import structs
from sqlalchemy import Select, bindparam, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import Prepared, insert_rows
from events.store.rows import values_of
from processors.visits.lines import LineSet
from processors.visits.visit_rows import VisitSettlement, settlements, stored

STANDING = ("sent", "settled")
_LATEST = Prepared(
    select(settlements)
    .where(
        settlements.c.mdtrt_id == bindparam("mdtrt_id"),
        settlements.c.chrg_bchno == bindparam("chrg_bchno"),
        settlements.c.state != literal_column("'refused'"),  # as the index has it, which a parameter would hide
    )
    .order_by(settlements.c.round.desc())
    .limit(1)
)
_SETTLED = Prepared(
    update(settlements)
    .where(settlements.c.claim_id == bindparam("settled_claim"), settlements.c.state == "sent")
    .values(
        state="settled",
        settled_at=func.clock_timestamp(),
        layers=bindparam("told_layers"),
        fund_pay=bindparam("funds"),
        psn_part=bindparam("person"),
        hosp_part=bindparam("hospital"),
    )
    .returning(settlements)
)


async def current_lines(connection: AsyncConnection, mdtrt_id: str, chrg_bchno: str) -> LineSet:
    """The lines of a batch that are open, or settled by the settlement that stands: those of its latest round."""
    of, _ = await current_settlement(connection, mdtrt_id, chrg_bchno)
    return of


async def current_settlement(
    connection: AsyncConnection, mdtrt_id: str, chrg_bchno: str
) -> tuple[LineSet, VisitSettlement | None]:
    """The lines of a batch that count now, and their settlement that stands or for whose answer the gateway waits."""
    records = await _LATEST.fetch(connection, mdtrt_id=mdtrt_id, chrg_bchno=chrg_bchno)
    if not records:
        return LineSet(mdtrt_id, chrg_bchno, 1), None
    latest = _settlement(records[0])
    if latest.state == "reversed":
        return LineSet(mdtrt_id, chrg_bchno, latest.round + 1), None
    return LineSet(mdtrt_id, chrg_bchno, latest.round), latest


async def standing_settlements(connection: AsyncConnection, mdtrt_id: str) -> list[VisitSettlement]:
    """All settlements of a visit that stand, or for whose answer the gateway waits; the oldest first."""
    query = (
        select(settlements)
        .where(settlements.c.mdtrt_id == mdtrt_id, settlements.c.state.in_(STANDING))
        .order_by(settlements.c.begun_at, settlements.c.claim_id)
    )
    return [_settlement(row) for row in (await connection.execute(query)).mappings()]


async def settlements_of_person(
    connection: AsyncConnection, fixmedins_code: str, psn_no: str, setting: str
) -> list[VisitSettlement]:
    """A person's settlements of a setting at a hospital that stand, the oldest first."""
    query = (
        select(settlements)
        .where(
            settlements.c.psn_no == psn_no,
            settlements.c.fixmedins_code == fixmedins_code,
            settlements.c.setting == setting,
            settlements.c.state == "settled",
        )
        .order_by(settlements.c.begun_at, settlements.c.claim_id)
    )
    return [_settlement(row) for row in (await connection.execute(query)).mappings()]


async def settlement_of(connection: AsyncConnection, setl_id: str) -> VisitSettlement | None:
    """The latest settlement under a number: the claim that stands, or the last that stood. A refused one is none."""
    query = (
        select(settlements)
        .where(settlements.c.setl_id == setl_id, settlements.c.state != "refused")
        .order_by(settlements.c.round.desc())
        .limit(1)
    )
    return await _only(connection, query)


async def settlement_of_claim(connection: AsyncConnection, claim_id: str) -> VisitSettlement | None:
    """A settlement by the ledger's number of its claim."""
    query = select(settlements).where(settlements.c.claim_id == claim_id)
    return await _only(connection, query)


async def reversal_of_message(connection: AsyncConnection, fixmedins_code: str, msgid: str) -> VisitSettlement | None:
    """The settlement that a transaction has reversed, or asked the ledger to reverse."""
    query = select(settlements).where(
        settlements.c.fixmedins_code == fixmedins_code, settlements.c.reversal_msgid == msgid
    )
    return await _only(connection, query)


async def reversed_rounds(connection: AsyncConnection, mdtrt_id: str) -> dict[str, int]:
    """By batch of a visit the last round whose settlement was reversed: lines of a later one are those that count."""
    query = (
        select(settlements.c.chrg_bchno, func.max(settlements.c.round))
        .where(settlements.c.mdtrt_id == mdtrt_id, settlements.c.state == "reversed")
        .group_by(settlements.c.chrg_bchno)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}


async def insert_settlement(connection: AsyncConnection, settlement: VisitSettlement) -> None:
    """Note a settlement before it is sent to the ledger: from then on its lines are never changed."""
    await insert_rows(connection, settlements, values_of(settlements, [structs.asdict(settlement)]))


async def note_settled(
    connection: AsyncConnection, claim_id: str, layers: Sequence[tuple[str, str, int]], patient: int, hospital: int
) -> VisitSettlement:
    """Note what the hospital is told: layer, fund and fen in the order applied, and the shares of person and hospital.

    Of two who note it at once the first counts; returns what counts.
    """
    records = await _SETTLED.fetch(
        connection,
        settled_claim=claim_id,
        told_layers=orjson.dumps(layers).decode(),
        funds=sum(paid for _, _, paid in layers),
        person=patient,
        hospital=hospital,
    )
    return _settlement(records[0]) if records else await _claimed(connection, claim_id)


async def note_refused(connection: AsyncConnection, claim_id: str, reason: str) -> None:
    """Note that the ledger refused a settlement: its lines may be changed again."""
    await connection.execute(
        update(settlements)
        .where(settlements.c.claim_id == claim_id, settlements.c.state == "sent")
        .values(state="refused", reason=reason)
    )


async def note_reversal(connection: AsyncConnection, claim_id: str, event: str, msgid: str) -> VisitSettlement:
    """Keep the event of a reversal before it is sent. Of two the first counts; returns the settlement with it."""
    await connection.execute(
        update(settlements)
        .where(settlements.c.claim_id == claim_id, settlements.c.reversal.is_(None))
        .values(reversal=event, reversal_msgid=msgid)
    )
    return await _claimed(connection, claim_id)


async def note_reversed(connection: AsyncConnection, claim_id: str) -> bool:
    """Note that a settlement was reversed; false where it was noted before."""
    changed = await connection.execute(
        update(settlements)
        .where(settlements.c.claim_id == claim_id, settlements.c.state == "settled")
        .values(state="reversed", reversed_at=func.clock_timestamp())
    )
    return changed.rowcount == 1


async def _claimed(connection: AsyncConnection, claim_id: str) -> VisitSettlement:
    found = await settlement_of_claim(connection, claim_id)
    if found is None:
        raise AssertionError(f"settlement {claim_id} is gone")
    return found


async def _only(connection: AsyncConnection, query: Select[Any]) -> VisitSettlement | None:
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _settlement(row)


def _settlement(row: Mapping[Any, Any]) -> VisitSettlement:
    return VisitSettlement(**stored(row))
