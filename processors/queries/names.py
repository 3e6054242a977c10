"""What hospitals and schemes are called, to stand beside their codes."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.law.pinned_schemes import PinnedSchemes
from projections.hospitals import hospitals


@dataclass(frozen=True, slots=True)
class LedgerNames:
    """Names by hospital_id and by a scheme's name."""

    hospitals: Mapping[str, str]
    schemes: Mapping[str, str]


async def load_names(connection: AsyncConnection) -> LedgerNames:
    """The names as they were last registered, and those of the texts in force."""
    rows = await connection.execute(select(hospitals.c.hospital_id, hospitals.c.name))
    pinned = PinnedSchemes()
    await pinned.refresh(connection)
    return LedgerNames(
        {row.hospital_id: row.name for row in rows}, {scheme.name: scheme.title for scheme in pinned.current}
    )
