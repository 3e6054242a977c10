"""The database: engine and migrations."""

from pathlib import Path

import orjson
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST_SERVER = 170_000
"""Has transaction_timeout."""
_MIGRATION_LOCK = 7_310_113
"""Advisory lock: two programs that start at once migrate one after the other."""


def connect(database_url: str, *, pool_size: int = 5, stalled_after_s: int | None = None) -> AsyncEngine:
    """An engine for a plain ``postgresql://`` URL.

    With ``stalled_after_s`` the server ends a transaction in which nothing was asked for so long, and any that lasts
    twice as long: a process that was stopped, perhaps in the middle of a request, must not hold its rows for ever.
    """
    settings = {"application_name": "claims", "timezone": "Asia/Shanghai", "jit": "off"}
    if stalled_after_s is not None:
        settings["idle_in_transaction_session_timeout"] = f"{stalled_after_s}s"
        settings["transaction_timeout"] = f"{2 * stalled_after_s}s"
    url = database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_pre_ping=True,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # they name persons and end up in logs
        connect_args={"server_settings": settings},
    )


class ServerTooOld(RuntimeError):
    """The PostgreSQL server lacks what the ledger leans on."""


async def migrate(database_url: str) -> None:
    """Bring the database's schema to the newest version; nothing happens where it is. Raises ``ServerTooOld``."""
    engine = connect(database_url)
    try:
        async with engine.begin() as connection:
            version = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
            if version < OLDEST_SERVER:
                raise ServerTooOld(f"PostgreSQL {version // 10_000} is too old: 17 or newer is needed")
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
