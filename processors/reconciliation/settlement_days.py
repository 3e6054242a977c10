"""A hospital's month by day of settlement, as 接口 3202 lists it: what was settled in it, less what was taken back.

A claim of March that is reversed in April stands in March as it was settled, and negative in April. What a claim
brings to a month is its last statement in the month less its last statement before it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.county_time import month_end, month_start
from events.money import parse_yuan

_STATEMENTS = text("""
SELECT DISTINCT ON (entry.claim_id, entry.recorded_at >= :begun) entry.claim_id, entry.data,
       entry.recorded_at >= :begun AS within
FROM projections.claims AS claim
JOIN ledger.entries AS entry ON entry.person_id = claim.person_id AND entry.claim_number = claim.number
 AND entry.type IN ('claim.settled.v1', 'claim.resettled.v1')
WHERE claim.hospital_id = :hospital_id AND claim.invoice IS NULL AND entry.recorded_at < :ended
  AND EXISTS (
    SELECT FROM ledger.entries AS of_span
    WHERE of_span.person_id = claim.person_id AND of_span.claim_number = claim.number
      AND of_span.type IN ('claim.settled.v1', 'claim.resettled.v1')
      AND of_span.recorded_at >= :begun AND of_span.recorded_at < :ended
  )
ORDER BY entry.claim_id, entry.recorded_at >= :begun, entry.run DESC
""")

Row = Mapping[str, Any]


async def settled_in(connection: AsyncConnection, hospital_id: str, month: date) -> dict[str, tuple[Row | None, Row]]:
    """What was settled in a month (its first day), as ``settled_between`` gives it."""
    return await settled_between(connection, hospital_id, month_start(month), month_end(month))


async def settled_between(
    connection: AsyncConnection, hospital_id: str, begun: datetime, ended: datetime
) -> dict[str, tuple[Row | None, Row]]:
    """By claim with a statement from ``begun`` until ``ended``: the last statement before that, if any, and in it.

    A statement is a row as ``projections.statements`` has it: fen, ``layers`` as pairs, ``status``, ``payee``.
    """
    within = {"hospital_id": hospital_id, "begun": begun, "ended": ended}
    found: dict[str, list[Row | None]] = {}
    for row in await connection.execute(_STATEMENTS, within):
        found.setdefault(row.claim_id, [None, None])[row.within] = _statement(orjson.loads(row.data)["statement"])
    return {claim_id: (before, now) for claim_id, (before, now) in found.items() if now is not None}


def _statement(said: Row) -> Row:
    return {
        "status": said["status"],
        "payee": said["payee"],
        "total": parse_yuan(said["total"]),
        "layers": [(each["layer"], parse_yuan(each["paid"])) for each in said["layers"]],
        "patient_share": parse_yuan(said["patient_share"]),
        "hospital_share": parse_yuan(said["hospital_share"]),
    }
