"""Names beside codes, as clerks know regions, hospitals and schemes."""

from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.session import INSUFFICIENT_PRIVILEGE
from infra.files.region_names import region_named
from infra.files.sheet import Named
from policies.loader import load_directory
from processors.queries.names import LedgerNames, load_names


class Names:
    """Names of a ledger's hospitals and schemes, and of every region."""

    def __init__(self, known: LedgerNames) -> None:
        self._known = known

    def hospital(self, hospital_id: str) -> Named:
        """A hospital."""
        return Named(self._known.hospitals.get(hospital_id, ""), hospital_id, is_id=True)

    def scheme(self, name: str) -> Named:
        """A scheme."""
        return Named(self._known.schemes.get(name, ""), name)

    def region(self, code: Any) -> Named | None:
        """A region; None where there is none."""
        return None if code is None else region_named(code)


async def names_of(engine: AsyncEngine) -> Names:
    """A ledger's names. A login that may read nothing but reports sees the built-in schemes' names alone."""
    try:
        async with engine.connect() as connection:
            return Names(await load_names(connection))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
    return Names(LedgerNames({}, {scheme.name: scheme.title for scheme in load_directory()}))
