"""The hospitals that the gateway speaks for, as their settings stand now."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.driver import Prepared
from processors.offices.keys import KeyRing
from processors.visits.hospital_settings import HospitalSettings, hospital_steps, load_hospitals

KNOWN_FOR_S = 1.0
"""How long an API key that stood counts without another look at the settings."""
_NOW_AND_LAST_STEP = Prepared(
    select(func.clock_timestamp().label("now"), func.coalesce(func.max(hospital_steps.c.number), 0).label("last"))
)


class KnownHospitals:
    """Settings by hospital, read again whenever a step has been taken since."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._known: Mapping[str, HospitalSettings] = {}
        self._by_key: Mapping[str, HospitalSettings] = {}
        self._last_step = -1
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    def find(self, hospital_id: str) -> HospitalSettings | None:
        """A hospital's settings as they were last read, None where the gateway does not speak for it."""
        return self._known.get(hospital_id)

    async def holder_of(self, engine: AsyncEngine, sha256: str) -> HospitalSettings | None:
        """The settings of the hospital that has an API key of this hash, None where no key that stands has it.

        A new key counts at once; one that was ended counts for ``KNOWN_FOR_S`` at most. Raises ``StepRefused`` where a
        key of the gateway's own lacks.
        """
        asked_at = time.monotonic()
        found = self._by_key.get(sha256)
        if found is not None and asked_at - self._read_at < KNOWN_FOR_S:
            return found
        async with self._reading:  # however many calls come at once, one of them looks for all
            if self._read_at < asked_at:
                async with engine.connect() as connection:
                    await self.refresh(connection)
        return self._by_key.get(sha256)

    async def refresh(self, connection: AsyncConnection) -> datetime:
        """Read what has changed; returns the time of the database. Raises ``StepRefused`` where a key lacks."""
        began = time.monotonic()
        [row] = await _NOW_AND_LAST_STEP.fetch(connection)
        if row["last"] != self._last_step:
            self._known = await load_hospitals(connection, self._keys)
            self._by_key = {key.sha256: each for each in self._known.values() for key in each.api_keys}
            self._last_step = row["last"]
        self._read_at = began
        now: datetime = row["now"]
        return now
