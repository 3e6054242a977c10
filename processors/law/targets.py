"""Writes down, where finance's views read it, which targets the schemes in force state."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.scheme import Scheme
from policies.targets import SMALLEST_STEP
from projections.targets import targets

_CENT = Decimal("0.01")


async def replace_targets(connection: AsyncConnection, scheme: Scheme) -> None:
    """Write the targets of a scheme in the place of those that an earlier text of its name stated."""
    await connection.execute(delete(targets).where(targets.c.scheme == scheme.name))
    if rows := target_rows(scheme):
        await connection.execute(insert(targets), rows)


def target_rows(scheme: Scheme) -> list[dict[str, Any]]:
    """A scheme's targets as rows of the table; one without dates holds as long as the scheme."""
    return [
        {
            "scheme": scheme.name,
            "target": target.name,
            "since": target.from_ or scheme.valid.from_,
            "until": target.until or scheme.valid.until,
            "value": _decimal(target.value),
            "grade": target.grade,
            "cite": target.citation,
        }
        for target in scheme.targets
    ]


def _decimal(share: Fraction) -> Decimal:
    """A share exactly, with two decimals where two are enough."""
    exact = Decimal(int(share * SMALLEST_STEP)) / SMALLEST_STEP
    return exact.quantize(_CENT) if exact == exact.quantize(_CENT) else exact
