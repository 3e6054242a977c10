"""How a few entries of a large ledger are found: by their key, and nothing else of it is read."""

import re
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from processors.clearing.booked_sums import BOOKED, LATER, MOVED
from processors.finance.sums import CONCERNS_ENROLMENT, FUND_BOOKINGS, FUND_FLOWS
from processors.payouts.bookings import BOOKINGS, BOOKINGS_COUNT
from processors.supervision.catch_up import TOUCHED_PERSONS

ENTRIES = 50_000
FILLED = """
INSERT INTO ledger.entries (journal, number, type, recorded_at, person_id, claim_id, claim_number, run, stage, paid,
                            data, hash)
SELECT journal, n, 'payout.decided.v1', now(), 'P' || n % 1000, 'C' || n, n, 1, stage, 100, ''::bytea, ''::bytea
FROM generate_series(1, :entries) AS n
CROSS JOIN unnest(CAST(:journals AS text[])) WITH ORDINALITY AS taken (journal, stage)
"""
JOURNALS = ["assistance.0", "basic.0", "intake"]
LAST = {"lows": [ENTRIES - 10] * 3, "highs": [ENTRIES] * 3}
CLEARED = {"regions": ["220621", "360923"], "taken_of": ["basic.0"] * 2, "upto": [ENTRIES, ENTRIES - 10]}
TOLD = {"begun": LAST["lows"], "ended": LAST["highs"]}


@pytest.mark.parametrize(
    ("statement", "within"),
    [
        pytest.param(BOOKINGS.text, TOLD, id="what payers are told"),
        pytest.param(BOOKINGS_COUNT.text, TOLD, id="how far they are behind"),
        *(
            pytest.param(asked[few].text, LAST | CLEARED, id=f"uncleared, {name}, {'few' if few else 'many'}")
            for name, asked in {"booked": BOOKED, "moved": MOVED}.items()
            for few in (True, False)
        ),
        pytest.param(LATER.text, LAST, id="uncleared, later runs"),
        pytest.param(FUND_FLOWS, LAST, id="finance's flows"),
        pytest.param(FUND_BOOKINGS, LAST, id="finance's accounts"),
        pytest.param(CONCERNS_ENROLMENT, LAST, id="whether rosters changed"),
        pytest.param(
            TOUCHED_PERSONS.replace("$1::text[]", "CAST(:journals AS text[])")
            .replace("$2::bigint[]", "CAST(:lows AS bigint[])")
            .replace("$3::bigint[]", "CAST(:highs AS bigint[])"),
            LAST,
            id="whom leads are looked for",
        ),
    ],
)
async def test_only_what_is_new_is_read(engine: AsyncEngine, statement: str, within: dict[str, Any]) -> None:
    async with engine.connect() as connection:
        await _fill(connection, JOURNALS)
        for entries in await _reads_of_entries(connection, statement, {"journals": JOURNALS, **within}):
            assert re.search(r"number > \w+\.low", entries["Index Cond"])
        await connection.rollback()


async def _fill(connection: AsyncConnection, journals: list[str]) -> None:
    await connection.execute(text(FILLED), {"entries": ENTRIES, "journals": journals})
    await connection.execute(text("ANALYZE ledger.entries"))
    # whether a key's entries are fetched one by one or page by page hangs on the rows that ANALYZE happens on
    await connection.execute(text("SET LOCAL enable_bitmapscan = off"))


async def _reads_of_entries(
    connection: AsyncConnection, statement: str, within: dict[str, Any]
) -> list[dict[str, Any]]:
    """The nodes that read the ledger, each by the entries' key."""
    explained = await connection.execute(text(f"EXPLAIN (FORMAT JSON) {statement}"), within)
    (told,) = explained.scalar_one()
    found = [node for node in _nodes(told["Plan"]) if node.get("Relation Name") == "entries"]
    assert {(node["Node Type"], node.get("Index Name")) for node in found} == {("Index Scan", "entries_pkey")}
    return found


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in _nodes(part))]
