"""What the ledger holds of what a hospital's program has sent over the gateway."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.journal import entries
from infra.operations.quiescence import until_quiet
from processors.visits.lines import digest, load_lines
from processors.visits.settlements import current_lines
from projections.admissions import admissions
from projections.statements import statement_json, statements
from tests import facts

Publish = Callable[[Iterable[Mapping[str, Any]]], Awaitable[None]]
"""Sends events of other sources, and returns once they are settled."""


class GatewayLedger:
    """The ledger behind a gateway, read past it."""

    def __init__(self, engine: AsyncEngine, publish: Publish) -> None:
        self.engine = engine
        self.publish = publish

    async def enrol(self, psn_no: str) -> None:
        """A bureau enrolls a person for 2019."""
        await self.publish([facts.enrol(psn_no)])

    async def reverse(self, claim_id: str) -> None:
        """A bureau reverses a claim."""
        await self.publish([facts.reverse(claim_id, source=facts.BUREAU)])

    async def claims(self, psn_no: str) -> list[dict[str, Any]]:
        """A person's statements in ledger order, as `claims statements` shows them."""
        await until_quiet(self.engine, [])
        query = select(statements).where(statements.c.person_id == psn_no).order_by(statements.c.number)
        async with self.engine.connect() as connection:
            rows = (await connection.execute(query)).mappings()
            return [statement_json({str(name): value for name, value in row.items()}) for row in rows]

    @staticmethod
    def figures(statement: Mapping[str, Any]) -> dict[str, Decimal]:
        """What a statement says, under the interface's names."""
        paid = sum((Decimal(each["paid"]) for each in statement["layers"]), Decimal(0))
        return {
            "medfee_sumamt": Decimal(statement["total"]),
            "fund_pay_sumamt": paid,
            "psn_part_amt": Decimal(statement["patient_share"]),
            "hosp_part_amt": Decimal(statement["hospital_share"]),
        }

    async def admission(self, mdtrt_id: str) -> Mapping[str, Any]:
        """An admission as the ledger knows it."""
        query = select(admissions).where(admissions.c.admission_id == mdtrt_id)
        async with self.engine.connect() as connection:
            return dict((await connection.execute(query)).mappings().one())

    async def events(self, psn_no: str, type_: str) -> list[dict[str, Any]]:
        """The events of a type that are about a person, in the order in which they were taken."""
        taken = (entries.c.journal == "intake", entries.c.person_id == psn_no, entries.c.type == type_)
        query = select(entries.c.raw).where(*taken).order_by(entries.c.number)
        async with self.engine.connect() as connection:
            return [orjson.loads(raw) for raw in (await connection.execute(query)).scalars()]

    async def digest_of_lines(self, mdtrt_id: str, batch: str = "") -> str:
        """The digest of what stands of a visit's lines."""
        async with self.engine.connect() as connection:
            return digest(await load_lines(connection, await current_lines(connection, mdtrt_id, batch)))
