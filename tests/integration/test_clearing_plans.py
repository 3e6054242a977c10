"""How what no clearing has taken is found in a large ledger."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.clearing.uncleared_bookings import UNCLEARED

ENTRIES = 50_000
FILLED = """
INSERT INTO ledger.entries (journal, number, type, recorded_at, person_id, claim_id, claim_number, run, stage, paid,
                            data, hash)
SELECT 'basic.0', n, 'payout.decided.v1', now(), 'P' || n % 1000, 'C' || n, n, 1, 0, 100, ''::bytea, ''::bytea
FROM generate_series(1, :entries) AS n
"""


@pytest.mark.parametrize("few", [True, False])
async def test_only_what_a_region_has_not_cleared_is_read(engine: AsyncEngine, few: bool) -> None:
    async with engine.connect() as connection:
        await connection.execute(text(FILLED), {"entries": ENTRIES})
        await connection.execute(text("ANALYZE ledger.entries"))
        upto = [ENTRIES, ENTRIES - 10]
        within = {"journal": "basic.0", "least": min(upto), "regions": ["220621", "360923"], "upto": upto}
        explained = await connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {UNCLEARED[few].text}"), within)
        (told,) = explained.scalar_one()
        (entries,) = [node for node in _nodes(told["Plan"]) if node.get("Relation Name") == "entries"]
        assert (entries["Node Type"], entries["Index Name"]) == ("Index Scan", "entries_pkey")
        assert f"number > '{min(upto)}'" in entries["Index Cond"]
        await connection.rollback()


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in _nodes(part))]
