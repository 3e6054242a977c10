"""Advisory locks of PostgreSQL: their numbers, of which no two are the same, and how one is held."""

from enum import IntEnum, unique

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@unique
class AdvisoryLock(IntEnum):
    """What is done by one program at a time; a member that repeats another's number fails when this is loaded."""

    MIGRATION = 7_310_113
    """Two programs that start at once migrate one after the other; who waits too long is told for whom."""
    LANES = 7_310_114
    """First half of the key by which workers of versions before 0004 own lanes."""
    ROSTER_IMPORT = 7_310_116
    """One list of a department is taken in or withdrawn at a time."""
    PAYEES = 7_310_117
    """One step of the register of payees' accounts writes at a time."""
    CATALOGUE = 7_310_118
    """One list of the medical catalogue is taken in at a time."""
    PERSONS = 7_310_119
    """One list of persons is taken in at a time, and none while all is sealed anew."""
    GATEWAY_HOSPITALS = 7_310_120
    """One step on the gateway's hospitals writes at a time."""


async def hold_lock(connection: AsyncConnection, lock: AdvisoryLock) -> None:
    """Wait for a lock, and hold it until the connection's transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock.value})
