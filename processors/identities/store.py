"""The persons' register as the database keeps it: sealed, found by a blind index of the certificate's number.

Of a person the last row holds. No error names a certificate or a name.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import LargeBinary, Row, Select, any_, bindparam, exists, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.advisory_locks import AdvisoryLock, hold_lock
from events.store.driver import insert_rows
from events.store.journal import database_time
from events.store.rows import among
from processors.identities.identity import Identity, sought_number
from processors.identities.tables import identity_rows
from processors.offices.keys import KeyRing
from processors.offices.operators import login_of
from processors.offices.refusal import StepRefused

CERTIFICATES = "certificates"
"""What the blind index is made for: no other register's index of a number equals it."""


class SharedCertificate(StepRefused):
    """A certificate's number belongs to several insured numbers, so that it tells nobody apart."""

    def __init__(self, person_ids: Sequence[str]) -> None:
        self.person_ids = person_ids
        listed = "、".join(person_ids)
        self.chinese = f"该证件对应几个参保人编号（{listed}），请用参保人编号"
        super().__init__(
            f"{self.chinese}。The certificate belongs to several insured numbers ({listed}): give the number"
        )


class RecordedIdentities(Struct, frozen=True):
    """What became of a list: counts, and the certificates that several persons have, each as their numbers."""

    added: int
    changed: int
    unchanged: int
    shared: list[list[str]]


class FoundIdentity(Struct, frozen=True):
    """A person of the register, and who recorded the row that holds."""

    identity: Identity
    number: int
    actor: str
    at: datetime


async def find_person(
    connection: AsyncConnection, keys: KeyRing, *, certificate: str | None = None, person_id: str | None = None
) -> FoundIdentity | None:
    """A person by certificate, by insured number, or by both, which then must be of one person; None where none is.

    Raises ``SharedCertificate`` where several persons have the certificate and no number is given, ``StepRefused``
    where a key lacks or a row was tampered with.
    """
    asked: dict[str, Any] = {}
    if certificate is not None:
        asked["indexes"] = list(keys.indexes(sought_number(certificate).encode(), CERTIFICATES))
    if person_id is not None:
        asked["person"] = person_id
    rows = (await connection.execute(_sought(*sorted(asked)), asked)).all()
    if len(rows) > 1:
        raise SharedCertificate([row.person_id for row in rows])
    return _found(keys, rows[0]) if rows else None


async def find_numbers(connection: AsyncConnection, keys: KeyRing, certificates: Iterable[str]) -> dict[str, list[str]]:
    """The insured numbers of certificates, as they were given; several where persons share one, none where unknown."""
    indexes = {
        index: given
        for given in set(certificates)
        for index in keys.indexes(sought_number(given).encode(), CERTIFICATES)
    }
    by_index: dict[bytes, list[str]] = {}
    query = _standing().where(_has_index(indexes)).order_by(identity_rows.c.person_id)
    for row in await connection.execute(query):
        by_index.setdefault(row.certificate, []).append(row.person_id)
    found: dict[str, list[str]] = {given: [] for given in indexes.values()}
    for index, person_ids in by_index.items():
        found[indexes[index]] += person_ids
    return found


async def record_identities(
    engine: AsyncEngine, keys: KeyRing, identities: Sequence[Identity], actor: str
) -> RecordedIdentities:
    """Record what a list says of persons, each once: a person who is known as listed is left unchanged.

    Raises ``StepRefused`` where a row of a listed person can't be read.
    """
    async with engine.begin() as connection:
        await hold_lock(connection, AdvisoryLock.PERSONS)
        known = await _load(connection, keys, {each.person_id for each in identities})
        new = [each for each in identities if known.get(each.person_id) != each]
        if new:
            login, is_owner = await login_of(connection)
            last: int = (
                await connection.execute(select(func.coalesce(func.max(identity_rows.c.number), 0)))
            ).scalar_one()
            by_whom = {"actor": actor, "login": login, "owner": is_owner, "at": await database_time(connection)}
            rows = [_sealed(keys, each, number) | by_whom for number, each in enumerate(new, start=last + 1)]
            names = [column.name for column in identity_rows.columns]
            await insert_rows(connection, identity_rows, [[row[name] for name in names] for row in rows])
        shared = await _shared(connection, keys, identities)
    changed = sum(each.person_id in known for each in new)
    return RecordedIdentities(len(new) - changed, changed, len(identities) - len(new), shared)


async def seal_anew(engine: AsyncEngine, keys: KeyRing) -> int:
    """Seal and index under the current key whatever is under another; returns how many rows. Raises ``StepRefused``."""
    async with engine.begin() as connection:
        await hold_lock(connection, AdvisoryLock.PERSONS)
        older = (await connection.execute(select(identity_rows).where(identity_rows.c.key_id != keys.current))).all()
        changed = [
            {f"new_{name}": value for name, value in _sealed(keys, _opened(keys, row), row.number).items()}
            for row in older
        ]
        if changed:
            names = ("sealed", "certificate", "key_id")
            statement = update(identity_rows).where(identity_rows.c.number == bindparam("new_number"))
            statement = statement.values({name: bindparam(f"new_{name}") for name in names})
            await connection.execute(statement, changed)
    return len(older)


async def keys_in_use(engine: AsyncEngine) -> set[str]:
    """The ids of the keys under which persons are sealed."""
    async with engine.connect() as connection:
        return set((await connection.execute(select(identity_rows.c.key_id).distinct())).scalars())


async def _load(connection: AsyncConnection, keys: KeyRing, person_ids: Collection[str]) -> dict[str, Identity]:
    query = _standing().where(among(identity_rows.c.person_id, person_ids))
    return {row.person_id: _opened(keys, row) for row in await connection.execute(query)}


async def _shared(connection: AsyncConnection, keys: KeyRing, identities: Sequence[Identity]) -> list[list[str]]:
    found = await find_numbers(connection, keys, (each.certificate for each in identities))
    return sorted(person_ids for person_ids in found.values() if len(person_ids) > 1)


def _standing() -> Select[Any]:
    """The last row of each person."""
    later = identity_rows.alias("later")
    superseded = exists(
        select(1).where(later.c.person_id == identity_rows.c.person_id, later.c.number > identity_rows.c.number)
    )
    return select(identity_rows).where(~superseded)


@cache
def _sought(*by: str) -> Select[Any]:
    """Who has one of the ``indexes`` of a certificate, or is the ``person``; made once of each."""
    conditions = {
        "indexes": identity_rows.c.certificate == any_(bindparam("indexes", type_=ARRAY(LargeBinary))),
        "person": identity_rows.c.person_id == bindparam("person"),
    }
    return _standing().where(*(conditions[name] for name in by)).order_by(identity_rows.c.person_id)


def _has_index(indexes: Iterable[bytes]) -> Any:
    return identity_rows.c.certificate == any_(bindparam(None, list(indexes), type_=ARRAY(LargeBinary), unique=True))


def _sealed(keys: KeyRing, identity: Identity, number: int) -> dict[str, Any]:
    about = _about(identity.person_id, number)
    return {
        "number": number,
        "person_id": identity.person_id,
        "sealed": keys.seal(msgspec.json.encode(identity), about),
        "certificate": keys.index(identity.certificate.encode(), CERTIFICATES),
        "key_id": keys.current,
    }


def _opened(keys: KeyRing, row: Row[Any]) -> Identity:
    content = keys.open(row.key_id, row.sealed, _about(row.person_id, row.number))
    return msgspec.json.decode(content, type=Identity)


def _found(keys: KeyRing, row: Row[Any]) -> FoundIdentity:
    return FoundIdentity(_opened(keys, row), row.number, row.actor, row.at)


def _about(person_id: str, number: int) -> str:
    """What a sealed text is bound to."""
    return f"person/{person_id}/{number}"
