"""A made-up county is never poured into a ledger that holds anything else: nothing could take it out again."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import select

from events.store.journal import entries
from infra.postgres.engine import connect, migrate


class NotEmpty(RuntimeError):
    """The ledger holds other events than those of the made-up county."""


async def require_made_up(database_url: str, first: Mapping[str, Any]) -> None:
    """Check that a ledger is empty, or began with ``first``, the county's own first event. Raises ``NotEmpty``."""
    await migrate(database_url)
    engine = connect(database_url)
    try:
        async with engine.connect() as connection:
            ours = entries.c.source == first["source"], entries.c.event_id == first["id"]
            facts = await connection.execute(select(entries.c.number).where(entries.c.source.is_not(None)).limit(1))
            own = await connection.execute(select(entries.c.raw).where(*ours))
            if facts.first() is not None and own.scalar_one_or_none() != orjson.dumps(first):
                raise NotEmpty(
                    "账本中有这个模拟县以外的事件，请用 --data-dir 指定一个空目录。"
                    "This ledger holds other events than the made-up county's: give it an empty --data-dir"
                )
    finally:
        await engine.dispose()
