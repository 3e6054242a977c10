"""Rows of the office's registers, as the commands read them."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from processors.registers.register import Register, register_rows


async def listed(engine: AsyncEngine, register: Register, *names: str, **asked: Any) -> list[Any]:
    """Rows of a register, whole or the named columns of each; ``due_by`` asks option ``--due-by``."""
    days = ("since", "until", "due_by")
    wanted = {
        name.replace("_", "-"): date.fromisoformat(value) if name in days else value for name, value in asked.items()
    }
    rows = [row async for row in register_rows(engine, register, wanted)]
    return [tuple(row[name] for name in names) for row in rows] if names else rows
