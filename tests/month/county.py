"""The county of the month: who lives and works in it, and how its offices publish and type commands."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.publisher import PublishedEvents, publish_file
from infra.operations.quiescence import until_quiet
from infra.postgres.engine import connect
from tests import facts
from tests.clerk import Clerk
from tests.months import months_from_now
from tests.program import Done

SHANGGAO, ANYI, CHANGZHI = "360923", "360123", "140421"
BUREAU, POVERTY, CIVIL = (f"{kind}/{SHANGGAO}" for kind in ("bureau", "poverty-office", "civil-affairs"))
THIS_MONTH, NEXT_MONTH = months_from_now()
SEPTEMBER, OCTOBER = f"{THIS_MONTH:%Y-%m}", f"{NEXT_MONTH:%Y-%m}"
"""Clearing goes by the day of booking, which is today: what the county lives in September is cleared in this month."""
FIRST, SECOND = f"{SHANGGAO}-{SEPTEMBER}-1", f"{SHANGGAO}-{OCTOBER}-1"
Event = Mapping[str, Any]


@dataclass
class County:
    """Everyone in it: sources that publish, clerks who type commands, and somebody who reads the database."""

    claims: Clerk
    client: Client
    engine: AsyncEngine
    files: Path
    approved: dict[str, Any] = field(default_factory=dict)

    async def hears(self, *events: Event) -> None:
        """Sources publish; returns when all of it is settled."""
        published = PublishedEvents()
        lines = b"\n".join(json.dumps(event).encode() for event in events)
        async for _ in publish_file(self.client, "month", io.BytesIO(lines), published):
            pass
        await until_quiet(self.engine, published.sequences)

    async def done(self, *arguments: object, code: int = 0) -> list[dict[str, Any]]:
        """A command with ``--json`` that ends as it should; returns its lines."""
        ended = await self.claims(*arguments, "--json")
        assert ended.code == code, f"{arguments}: {ended.out.decode()}{ended.err}"
        return ended.rows

    async def refused(self, *arguments: object) -> str:
        """A command that must not be done; returns what it says."""
        ended: Done = await self.claims(*arguments)
        assert (ended.code, ended.out) == (2, b""), (arguments, ended.out.decode(), ended.err)
        return ended.err

    async def statement(self, claim: str) -> dict[str, Any]:
        (row,) = await self.done("statements", "--claim", claim)
        return row

    async def paid(self, claim: str) -> dict[str, str]:
        """What a statement says each one bears, in yuan, without those who bear nothing; it adds up to the bill."""
        row = await self.statement(claim)
        shares = {layer["layer"]: layer["paid"] for layer in row["layers"]}
        shares |= {"patient": row["patient_share"], "hospital": row["hospital_share"]}
        assert sum(map(Decimal, shares.values())) == (Decimal(row["total"]) if row["status"] == "settled" else 0)
        return {who: amount for who, amount in shares.items() if amount != "0.00"}

    async def query(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]


@asynccontextmanager
async def county_of(claims: Clerk, files: Path) -> AsyncIterator[County]:
    """The county whose servers `claims status` names."""
    status = (await claims("status", "--json")).rows[0]
    client, engine = await nats.connect(status["nats_url"]), connect(status["database_url"])
    try:
        yield County(claims, client, engine, files)
    finally:
        await client.close()
        await engine.dispose()


def by(source: str, event: Event) -> Event:
    """An event as another source says it."""
    return {**event, "source": source}


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


async def the_year_is_prepared(county: County) -> None:
    """The county's own text has supplementary insurance without 上高's ceiling, so that each layer pays something."""
    text_of_its_own = county.files / "shanggao.yaml"
    shipped = await county.claims("schemes", "export", "shanggao")
    text_of_its_own.write_text(re.sub(r"\n +ceiling:\n +- .*", "", shipped.out.decode()), encoding="utf-8")
    adopted = await county.claims("schemes", "adopt", text_of_its_own, "--actor", "li", "--yes")
    assert adopted.code == 0, adopted.err
    await county.hears(
        by(BUREAU, facts.hospital("H1", 2, SHANGGAO)),
        by(BUREAU, facts.hospital("H2", 1, SHANGGAO)),
        by(BUREAU, facts.hospital("H3", 3, "360902")),  # the prefecture's, outside the county
        *(facts.enrol(person, 2019, SHANGGAO) for person in ("P1", "P2", "P3")),
        by(BUREAU, facts.card("P2", "hypertension", "II")),
        by(f"bureau/{ANYI}", facts.hospital("H4", 2, ANYI)),
        facts.enrol("P7", 2019, ANYI),
        by(f"poverty-office/{ANYI}", facts.roster("P7")),
        facts.enrol("P8", 2019, CHANGZHI, self_paid="100"),
        by(f"civil-affairs/{CHANGZHI}", facts.roster("P8", "dibao")),
    )
