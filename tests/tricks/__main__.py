"""Writes the file, to look at it or to settle it with ``claims settle``; without a name, settles it and tells what is
found."""

import asyncio
import sys
from pathlib import Path

import orjson

from infra.postgres.engine import connect, migrate
from infra.servers import servers
from tests.program import folder_for_servers
from tests.tricks.file import PlantedFile, planted_file
from tests.tricks.judgement import found_leads, missed, violations_beside


async def judge(planted: PlantedFile) -> int:
    """Settle the file in servers of its own; 1 where a trick is missed or an ordinary claim called a violation."""
    with folder_for_servers() as folder:
        async with servers(folder, command="tricks", nats=False) as endpoints:
            await migrate(endpoints.database_url)
            engine = connect(endpoints.database_url, pool_size=2)
            found = await found_leads(engine, planted)
            await engine.dispose()
    unseen, beside = missed(planted.tricks, found), violations_beside(planted.tricks, found)
    print(f"{planted.ordinary} ordinary claims, {len(planted.tricks)} tricks: {len(found)} leads, missed {unseen}")
    print(f"ordinary claims called a violation: {sorted(beside)}")
    return 1 if unseen or beside else 0


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(asyncio.run(judge(planted_file())))
    lines = [orjson.dumps(event) for event in planted_file().events]
    Path(sys.argv[1]).write_bytes(b"\n".join(lines) + b"\n")
