"""The hospitals that the gateway speaks for, as their settings stand now."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.offices.keys import KeyRing
from processors.visits.hospital_settings import HospitalSettings, hospital_steps, load_hospitals

_NOW_AND_LAST_STEP = select(
    func.clock_timestamp().label("now"), func.coalesce(func.max(hospital_steps.c.number), 0).label("last")
)


class KnownHospitals:
    """Settings by hospital, read again whenever a step has been taken since."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._known: Mapping[str, HospitalSettings] = {}
        self._by_key: Mapping[str, HospitalSettings] = {}
        self._last_step = -1

    def find(self, hospital_id: str) -> HospitalSettings | None:
        """A hospital's settings as they were last read, None where the gateway does not speak for it."""
        return self._known.get(hospital_id)

    def find_key(self, sha256: str) -> HospitalSettings | None:
        """The settings of the hospital that has an API key of this hash, None where no key that stands has it."""
        return self._by_key.get(sha256)

    async def refresh(self, connection: AsyncConnection) -> datetime:
        """Read what has changed; returns the time of the database. Raises ``StepRefused`` where a key lacks."""
        row = (await connection.execute(_NOW_AND_LAST_STEP)).one()
        if row.last != self._last_step:
            self._known = await load_hospitals(connection, self._keys)
            self._by_key = {key.sha256: each for each in self._known.values() for key in each.api_keys}
            self._last_step = row.last
        now: datetime = row.now
        return now
