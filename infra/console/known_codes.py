"""The codes that forms offer: a ledger's regions and hospitals, so that nobody has to know them by heart."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.files.region_names import region_named
from projections.enrolments import enrolments
from projections.hospitals import hospitals
from projections.statements import statements

KEPT_S = 600.0
"""How long they are offered before they are read again: all enrolments are looked through for them."""


@dataclass(eq=False)
class KnownCodes:
    """Regions in which persons are enrolled or claims were settled, and hospitals that are registered, by code."""

    regions: Mapping[str, str] = field(default_factory=dict)
    hospitals: Mapping[str, str] = field(default_factory=dict)
    _read_s: float | None = None

    async def refresh(self, connection: AsyncConnection) -> None:
        """Read them where they are old; until a ledger has any, each time."""
        now = time.monotonic()
        if self._read_s is not None and now - self._read_s < KEPT_S and self.regions and self.hospitals:
            return
        found = (await connection.execute(union(select(enrolments.c.region), select(statements.c.region)))).scalars()
        named = await connection.execute(select(hospitals.c.hospital_id, hospitals.c.name))
        self.regions = {code: region_named(code).name for code in sorted(found)}
        self.hospitals = {row.hospital_id: row.name or "" for row in named}
        self._read_s = now
