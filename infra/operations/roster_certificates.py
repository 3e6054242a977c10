"""Lists with certificates in place of insured numbers: the persons' register of this machine says whose they are."""

from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from processors.identities.store import find_numbers
from processors.offices.keys import KeyRing
from processors.rosters.certificates import certificates_of, numbered
from processors.rosters.lists import ListRow


async def numbered_rows(
    connection: AsyncConnection | None, keys: Callable[[], KeyRing], rows: Sequence[ListRow]
) -> list[ListRow]:
    """Rows that name persons by number, whatever they came with; without a connection no certificate is known.

    ``keys`` are asked for where a row has a certificate. Raises what they raise, and ``DBAPIError`` where the login
    may not read the register.
    """
    certificates = certificates_of(rows)
    if connection is None or not certificates:
        return numbered(rows, {})
    return numbered(rows, await find_numbers(connection, keys(), certificates))
