"""One person's books proved: settled from scratch, held against every booking and every projection of the person."""

from sqlalchemy.ext.asyncio import AsyncEngine

from policies.engine import Schemes
from processors.proof.verification.parts import PersonsPart, check
from processors.proof.verification.report import VerifyReport
from processors.proof.verification.snapshot import driver_of, snapshot


async def prove_person(engine: AsyncEngine, person_id: str, schemes: Schemes) -> VerifyReport:
    """What ``verify`` says of one person; ``schemes`` are the texts that his claims are pinned to, by hash."""
    async with snapshot(engine) as connection:
        return await check(await driver_of(connection), schemes, PersonsPart([person_id]), _silent)


def _silent(_what: str, _count: int) -> None:
    return None
