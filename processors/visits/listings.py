"""What hospitals have sent and asked over the national interface, as rows."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from events.money import yuan
from processors.visits.lines import PARTS, LineSet, load_lines
from processors.visits.looks import looks
from processors.visits.settlements import settlement_of_claim

Row = Mapping[str, Any]


async def line_rows(engine: AsyncEngine, claim_id: str) -> AsyncIterator[Row]:
    """The fee lines of a claim in the order of their numbers, amounts in yuan; none of a claim of another way.

    Keys: ``line``, ``refunds``, ``day``, ``code``, ``own_code``, ``count``, ``price``, ``amount``, the four parts,
    ``priced_by``, ``fee`` (what the catalogue says), ``clerk``, ``uploaded_at``.
    """
    async with engine.connect() as connection:
        settlement = await settlement_of_claim(connection, claim_id)
        if settlement is None:
            return
        of = LineSet(settlement.mdtrt_id, settlement.chrg_bchno, settlement.round)
        for line in await load_lines(connection, of):
            yield {
                "line": line.feedetl_sn,
                "refunds": line.init_feedetl_sn,
                "day": line.fee_ocur_time.date().isoformat(),
                "code": line.med_list_codg,
                "own_code": line.medins_list_codg,
                "count": f"{line.cnt.normalize():f}",
                "price": f"{line.pric.normalize():f}",
                **{name: yuan(getattr(line, name)) for name in ("amount", *PARTS)},
                "priced_by": line.priced_by,
                "fee": line.fee,
                "clerk": line.opter,
                "uploaded_at": line.uploaded_at.isoformat(),
            }


async def look_rows(
    engine: AsyncEngine, *, psn_no: str | None = None, fixmedins_code: str | None = None
) -> AsyncIterator[Row]:
    """Looks of hospitals, newest first, by the names of the columns."""
    query = select(looks).order_by(looks.c.number.desc())
    if psn_no is not None:
        query = query.where(looks.c.psn_no == psn_no)
    if fixmedins_code is not None:
        query = query.where(looks.c.fixmedins_code == fixmedins_code)
    async with engine.connect() as connection:
        async for row in await connection.stream(query):
            yield {str(name): value for name, value in row._mapping.items()} | {"at": row.at.astimezone(COUNTY_TIME)}
