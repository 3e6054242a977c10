"""A hospital's settlements as the gateway has told them, by day; refunds have days of their own (3201, 3202).

What a reversal by message (2601) took back is in no book: neither the settlement nor its refund is a row, and a refund
that was taken back leaves the settlement as it was. What the ledger has made of a settlement since, by a late fact, a
correction or a bureau's reversal, stands beside the row, whose own amounts stay those that the hospital was told.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import region_prefix
from events.county_time import COUNTY_TIME, day_end, day_start

_ROWS = text("""
WITH rows AS (
    SELECT settlement.*, false AS refund, settlement.settled_at AS at
    FROM gateway.settlements AS settlement
    WHERE settlement.fixmedins_code = :hospital AND settlement.settled_at >= :begun AND settlement.settled_at < :ended
      AND settlement.state IN ('settled', 'reversed') AND settlement.claim_id = settlement.setl_id
    UNION ALL
    SELECT settlement.*, true, settlement.reversed_at
    FROM gateway.settlements AS settlement
    WHERE settlement.fixmedins_code = :hospital AND settlement.reversed_at >= :begun AND settlement.reversed_at < :ended
      AND settlement.reversal IS NOT NULL AND NOT EXISTS (
          SELECT FROM gateway.transactions AS back
          WHERE back.hospital_id = settlement.fixmedins_code AND back.msgid = settlement.reversal_msgid
            AND back.infno IN ('2305', '2208', '2103') AND back.state = 'withdrawn')
)
SELECT rows.setl_id, rows.mdtrt_id, rows.psn_no, rows.msgid, rows.insutype, rows.clr_type, rows.insuplc_admdvs,
       rows.refund, rows.at, rows.total, rows.fund_pay, statement.status, statement.total AS total_now,
       (SELECT sum((layer ->> 1)::bigint) FROM jsonb_array_elements(statement.layers) AS layer) AS fund_pay_now
FROM rows
LEFT JOIN LATERAL (
    SELECT latest.claim_id, latest.reversal FROM gateway.settlements AS latest
    WHERE latest.setl_id = rows.setl_id AND latest.state <> 'refused' ORDER BY latest.round DESC LIMIT 1
) AS latest ON NOT rows.refund
LEFT JOIN projections.statements AS statement
    ON statement.claim_id = latest.claim_id AND (latest.reversal IS NULL OR statement.status = 'settled')
WHERE NOT EXISTS (
    SELECT FROM gateway.transactions AS asked
    WHERE asked.hospital_id = :hospital AND asked.infno = rows.infno AND asked.msgid = rows.msgid
      AND asked.state = 'withdrawn')
ORDER BY rows.at, rows.setl_id, rows.refund
""")


class ToldSettlement(Struct, frozen=True):
    """A settlement or its refund as told, in fen; a refund's amounts are below 0.

    ``now`` is what the ledger says of a settlement today, total and funds: None where that is what was told, or where
    the hospital has taken it back itself; of a claim that a bureau reversed, 0 and 0.
    """

    setl_id: str
    mdtrt_id: str
    psn_no: str
    msgid: str
    insutype: str
    clr_type: str
    insured_in: str | None
    refund: bool
    at: datetime
    total: int
    funds: int
    now: tuple[int, int] | None

    @property
    def funds_moved(self) -> int:
        """By how many fen the funds pay more than was told."""
        return 0 if self.now is None else self.now[1] - self.funds


class SettlementSums(Struct, frozen=True):
    """How many settlements and refunds, and what they come to in fen."""

    count: int
    total: int
    funds: int


class Chosen(Struct, frozen=True):
    """Which settlements are asked for: days, both included; None takes all of a kind.

    ``office`` is the region of the office that clears (setl_optins): with it come those of persons insured within that
    region, and those of whom no region was told.
    """

    first: date
    last: date
    insutype: str | None = None
    clr_type: str | None = None
    office: str | None = None
    refunds: bool = True

    def takes(self, row: ToldSettlement) -> bool:
        """Whether a row of these days is asked for."""
        within = self.office is None or row.insured_in is None or row.insured_in.startswith(region_prefix(self.office))
        return (
            within
            and (self.refunds or not row.refund)
            and self.insutype in (None, row.insutype)
            and self.clr_type in (None, row.clr_type)
        )


async def hospital_settlements(
    connection: AsyncConnection, fixmedins_code: str, chosen: Chosen
) -> list[ToldSettlement]:
    """A hospital's rows, in the order in which they were told."""
    asked = {"hospital": fixmedins_code, "begun": day_start(chosen.first), "ended": day_end(chosen.last)}
    rows = (_row(row) for row in (await connection.execute(_ROWS, asked)).mappings())
    return [row for row in rows if chosen.takes(row)]


def sums_of(rows: Iterable[ToldSettlement]) -> SettlementSums:
    """The sums over rows; a refund counts as one, and its amounts against."""
    kept = list(rows)
    return SettlementSums(len(kept), sum(row.total for row in kept), sum(row.funds for row in kept))


def _row(row: Mapping[Any, Any]) -> ToldSettlement:
    sign = -1 if row["refund"] else 1
    told = sign * row["total"], sign * row["fund_pay"]
    return ToldSettlement(
        setl_id=row["setl_id"],
        mdtrt_id=row["mdtrt_id"],
        psn_no=row["psn_no"],
        msgid=row["msgid"],
        insutype=row["insutype"],
        clr_type=row["clr_type"],
        insured_in=row["insuplc_admdvs"],
        refund=row["refund"],
        at=row["at"].astimezone(COUNTY_TIME),
        total=told[0],
        funds=told[1],
        now=_now(row, told),
    )


def _now(row: Mapping[Any, Any], told: tuple[int, int]) -> tuple[int, int] | None:
    if row["status"] is None:
        return None
    now = (row["total_now"], int(row["fund_pay_now"] or 0)) if row["status"] == "settled" else (0, 0)
    return None if now == told else now
