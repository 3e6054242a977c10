"""Which worker owns how many lanes, as PostgreSQL's locks tell: what a worker says of itself proves nothing."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg

from tests.ledger import SHIPPED_LAYERS
from tests.program import eventually

_OWNERS = """
SELECT pid, client_port, count(*)::int AS lanes
FROM processors.lane_owners JOIN pg_stat_activity ON pid = process JOIN pg_locks USING (pid)
WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = session
  AND datname = current_database()
GROUP BY pid, client_port
"""
_IN_A_TRANSACTION = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND client_port = ANY($1::int[]) AND xact_start IS NOT NULL
"""


def all_lanes(partitions: int) -> int:
    """How many lanes there are: intake has one, every other consumer one a partition; and who publishes payouts."""
    return 2 + (1 + len(SHIPPED_LAYERS)) * partitions


async def owners(database_url: str) -> dict[int, int]:
    """Lanes by the port at the client's end of the session that owns them; a worker owns all its lanes by one."""
    return {row["client_port"]: row["lanes"] for row in await _rows(database_url, _OWNERS)}


async def lanes_of(database_url: str, pid: int) -> int:
    """How many lanes a process owns."""
    ports = local_ports(pid)
    return sum(lanes for port, lanes in (await owners(database_url)).items() if port in ports)


async def own(database_url: str, wanted: dict[int, int]) -> None:
    """Wait until each process, by its pid, owns so many lanes."""
    found: dict[int, int] = {}

    async def met() -> bool:
        found.update({pid: await lanes_of(database_url, pid) for pid in wanted})
        return found == wanted

    await eventually(met, lambda: f"lanes by process {found}, wanted {wanted}")


async def end_as_stalled(database_url: str, ports: Sequence[int]) -> None:
    """End what PostgreSQL ends of a client that says nothing for 30 to 60 s, without waiting for that.

    That is the session that owns its lanes (idle_session_timeout) and those within a transaction
    (idle_in_transaction_session_timeout, transaction_timeout). The others stay: a client that wakes up has them.
    """
    owning = [row["pid"] for row in await _rows(database_url, _OWNERS) if row["client_port"] in ports]
    assert len(owning) == 1, f"a worker that owns lanes does so by one session, this one by {len(owning)}"
    working = [row["pid"] for row in await _rows(database_url, _IN_A_TRANSACTION, list(ports))]
    for pid in {*owning, *working}:
        await _rows(database_url, "SELECT pg_terminate_backend($1, 10_000)", pid)


def local_ports(pid: int) -> Sequence[int]:
    """The TCP ports at a process's end of its connections."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(handle.readlink())
        except FileNotFoundError:  # closed since
            continue
        if target.startswith("socket:["):
            inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].rpartition(":")[2], 16) for row in rows if row[9] in inodes]


async def _rows(database_url: str, query: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database_url, ssl=False)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()
