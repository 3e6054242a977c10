"""What rules look at beside claims, as one transaction sees it, and by what it is known to be the same as before."""

import hashlib
from typing import Any

import orjson
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import fetch_text
from policies.supervision.text import SupervisionHistory
from processors.delivery.names import INTAKE_CONSUMER, INTAKE_JOURNAL, SETTLEMENT_CONSUMER, journal_name
from processors.delivery.position import positions
from processors.law.pinned_schemes import PinnedSchemes
from processors.supervision.adoption import adopted_texts
from processors.supervision.claim import LedgerFact, SupervisedHospital, SuspensionTurn
from processors.supervision.rule import SupervisionContext
from processors.supervision.rules import SUPERVISION_RULES

_HOSPITALS = "SELECT hospital_id, name, tier, region FROM projections.hospitals"
_SUSPENSIONS = """
SELECT turn.number, turn.hospital_id, turn.suspended, turn.effective_on, turn.clause, entry.type, entry.source,
       entry.event_id, entry.recorded_at
FROM projections.suspensions AS turn
JOIN ledger.entries AS entry ON entry.journal = $1 AND entry.number = turn.number
ORDER BY turn.number
"""
_FILING_REGIONS = "SELECT DISTINCT region FROM projections.referral_filings"
_SCHEMES = "SELECT DISTINCT scheme FROM projections.claims"


class KnownContext(Struct, frozen=True):
    """What rules look at; ``digest`` tells of texts and rules that are others than before, ``as_of`` how far journals
    had come."""

    context: SupervisionContext
    digest: str
    as_of: dict[str, int]


async def load_context(connection: AsyncConnection, history: SupervisionHistory | None = None) -> KnownContext:
    """What rules look at; with another ``history`` than the adopted one, as a trial does."""
    if history is None:
        history = SupervisionHistory(each.text for each in await adopted_texts(connection))
    pinned = PinnedSchemes()
    wanted = [row["scheme"] for row in await fetch_text(connection, _SCHEMES, [])]
    schemes = await pinned.require(connection, wanted)
    filing = frozenset(row["region"] for row in await fetch_text(connection, _FILING_REGIONS, []))
    context = SupervisionContext(history, await _hospitals(connection), schemes, filing)
    logic = {code: rule.logic for code, rule in SUPERVISION_RULES.items()}
    told: list[Any] = [history.digest, sorted(logic.items()), sorted(filing)]
    return KnownContext(context, hashlib.sha256(orjson.dumps(told)).hexdigest(), await _as_of(connection))


async def _as_of(connection: AsyncConnection) -> dict[str, int]:
    """The last entry of intake's and settlement's journals."""
    rows = await connection.execute(
        select(positions.c.consumer, positions.c.partition, positions.c.journal_number)
        .where(positions.c.consumer.in_((INTAKE_CONSUMER, SETTLEMENT_CONSUMER)))
        .order_by(positions.c.consumer, positions.c.partition)
    )
    return {journal_name(row.consumer, row.partition): row.journal_number for row in rows}


async def _hospitals(connection: AsyncConnection) -> dict[str, SupervisedHospital]:
    said: dict[str, dict[int, Any]] = {}
    for row in await fetch_text(connection, _SUSPENSIONS, [INTAKE_JOURNAL]):
        said.setdefault(row["hospital_id"], {})[row["number"]] = row
    found = {}
    for row in await fetch_text(connection, _HOSPITALS, []):
        hospital_id = row["hospital_id"]
        found[hospital_id] = SupervisedHospital(
            hospital_id, row["name"], row["tier"], row["region"], _turns(said.get(hospital_id, {}))
        )
    return found


def _turns(said: dict[int, Any]) -> tuple[SuspensionTurn, ...]:
    """The turns of a hospital's standing: of two changes on one day the later recorded, none that changes nothing."""
    last = {row["effective_on"]: row for _, row in sorted(said.items())}
    found: list[SuspensionTurn] = []
    for day, row in sorted(last.items()):
        if row["suspended"] is not bool(len(found) % 2):
            fact = LedgerFact(row["number"], row["type"], row["source"], row["event_id"], row["recorded_at"])
            found.append(SuspensionTurn(day, row["suspended"], fact, row["clause"]))
    return tuple(found)
