"""The journal ``access.0``: who looked at which person, on which page, and for what reason."""

from msgspec import Struct, to_builtins
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import PERSON_LOOKED_UP
from events.store.journal import database_time, write
from processors.delivery.names import ACCESS_CONSUMER
from processors.delivery.position import lock_position, write_position


class Look(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A look at a person: what ``person.looked_up.v1`` says.

    ``login`` is that of the database who looked, ``owner`` whether it owns the database, so that several persons may
    work under it; ``case_id`` or ``reason`` say what an investigator looked for.
    """

    login: str
    person_id: str
    page: str
    owner: bool = False
    case_id: str | None = None
    reason: str | None = None


async def record_look(engine: AsyncEngine, look: Look) -> int:
    """Write a look before what is looked at is shown; returns the entry's number.

    ``engine`` is of a login that may write the ledger: who looks need not.
    """
    async with engine.begin() as connection:
        position = await lock_position(connection, ACCESS_CONSUMER, 0)
        position.journal.start(await database_time(connection))
        number = position.journal.append(PERSON_LOOKED_UP, to_builtins(look))
        await write(connection, position.journal)
        await write_position(connection, position, position.stream_seq, [])
    return number
