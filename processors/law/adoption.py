"""Adopting schemes: the law that claims accepted from then on are pinned to."""

import logging
from collections.abc import Sequence

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import SCHEME_ADOPTED
from events.store.journal import Journal, adopted_schemes, database_time, write
from events.store.journal import schemes as scheme_table
from policies.loader import SchemeError, check_together, review
from policies.scheme import Scheme
from processors.delivery.layout import fits, fix_partitions, partitions_of
from processors.delivery.names import INTAKE_CONSUMER
from processors.delivery.position import lock_position, write_position
from processors.law.pinned_schemes import PinnedSchemes
from processors.law.targets import replace_targets

ACTOR = "setup"
_log = logging.getLogger(__name__)


async def initialise(engine: AsyncEngine, schemes: Sequence[Scheme], partitions: int | None = None) -> int:
    """Adopt the schemes whose name was never adopted, and fix the number of partitions; returns the number in force.

    ``partitions`` None takes the number in force, 1 in a new database. Nothing changes when called again. Raises
    ``LayoutError`` when asked for another number than the database has, ``SchemeError`` for schemes that clash.
    """
    async with engine.connect() as connection:
        # Where nothing is left to do nothing is locked: intake may be at work, or stopped in the middle of it.
        fixed = await partitions_of(connection)
        known = {name for _, name in await adopted_schemes(connection)}
        if fixed is not None and fits(fixed, partitions) and known >= {scheme.name for scheme in schemes}:
            return fixed
    async with engine.begin() as connection:
        # The lock on intake's position keeps two programs that start at once, and intake, from coming between.
        position = await lock_position(connection, INTAKE_CONSUMER, 0)
        fixed = await fix_partitions(connection, partitions)
        known = {name for _, name in await adopted_schemes(connection)}
        position.journal.start(await database_time(connection))
        await adopt(connection, position.journal, [scheme for scheme in schemes if scheme.name not in known], ACTOR)
        await write(connection, position.journal)
        await write_position(connection, position, position.stream_seq, position.outgoing)
    return fixed


async def adopt_schemes(engine: AsyncEngine, schemes: Sequence[Scheme], actor: str) -> list[Scheme]:
    """Adopt schemes for claims accepted from now on; returns those that were not in force. Raises ``SchemeError``."""
    async with engine.begin() as connection:
        return await adopt_within(connection, schemes, actor)


async def adopt_within(connection: AsyncConnection, schemes: Sequence[Scheme], actor: str) -> list[Scheme]:
    """Adopt schemes as a part of a transaction; returns those that were not in force. Raises ``SchemeError``."""
    position = await lock_position(connection, INTAKE_CONSUMER, 0)
    position.journal.start(await database_time(connection))
    adopted = await adopt(connection, position.journal, schemes, actor)
    await write(connection, position.journal)
    await write_position(connection, position, position.stream_seq, position.outgoing)
    return adopted


async def check_adoptable(connection: AsyncConnection, scheme: Scheme) -> None:
    """Refuse, as ``adopt`` would, a scheme that can't follow the texts in force. Raises ``SchemeError``."""
    pinned = PinnedSchemes()
    await pinned.refresh(connection)
    in_force = {each.name: each for each in pinned.current}
    _check_offered(scheme, in_force.get(scheme.name), pinned)
    check_together(list((in_force | {scheme.name: scheme}).values()))


async def adopt(connection: AsyncConnection, journal: Journal, offered: Sequence[Scheme], actor: str) -> list[Scheme]:
    """Adopt schemes whose text is not in force: pins the text and notes ``scheme.adopted.v1``; returns the adopted.

    Refuses (``SchemeError``) a scheme that serves what another already does, that changes the path of its name but for
    layers behind it, or that is unsound where the text in force of its name is not (``policies.loader.review``).
    """
    pinned = PinnedSchemes()
    await pinned.refresh(connection)
    in_force = {scheme.name: scheme for scheme in pinned.current}
    adopted = []
    for scheme in offered:
        known = in_force.get(scheme.name)
        if known is not None and known.content_hash == scheme.content_hash:
            continue
        _check_offered(scheme, known, pinned)
        in_force[scheme.name] = scheme
        check_together(list(in_force.values()))
        data = {"name": scheme.name, "hash": scheme.content_hash, "title": scheme.title, "actor": actor}
        number = journal.append(SCHEME_ADOPTED, data, scheme=scheme.name, raw=scheme.text)
        await connection.execute(
            insert(scheme_table).values(hash=scheme.content_hash, name=scheme.name, text=scheme.text, adopted=number)
        )
        await replace_targets(connection, scheme)
        adopted.append(scheme)
    return adopted


def _check_offered(scheme: Scheme, known: Scheme | None, pinned: PinnedSchemes) -> None:
    """Refuse a text that can't follow the one in force of its name, or that is unsound where that one is not."""
    if known is not None:
        _check_follows(scheme, known)
    if scheme.content_hash in pinned.by_hash:
        again = "此文本曾经采用，请改动（加注释即可）this text was in force before; change it (a comment will do)"
        raise SchemeError([f"{scheme.name}: {again}"])
    if unsound := review(scheme.text, scheme.name, known).refused:
        raise SchemeError(unsound)


def _check_follows(scheme: Scheme, known: Scheme) -> None:
    """Refuse a path other than that of the text in force, with more layers behind it at most (docs/domain.md#path).

    What is booked names its stage by its number: a layer that is taken away, moved or put between others would be
    another's.
    """
    kept = len(known.path)
    if scheme.path[:kept] != known.path:
        ways = f"{' → '.join(known.path)}; {' → '.join(scheme.path)}"
        fixed = (
            "保障线及其次序不能改，只能在最后增加；否则另起新名 "
            "the path of its layers is fixed but for layers behind it, another needs a new name"
        )
        raise SchemeError([f"{scheme.name}: {fixed}: {ways}"])
    if scheme.tracks[:kept] != known.tracks:
        fixed = (
            "track 及其限额的口径（分类、分病种、按月、按日）不能改，另起新名 "
            "its tracks, and whether limits on them are by class, disease, month or day, are fixed"
        )
        raise SchemeError([f"{scheme.name}: {fixed}: {known.tracks}"])
    if scheme.spans_years != known.spans_years:
        fixed = "跨年度的限额不能加也不能去，另起新名 a limit of twelve months can't be added or dropped"
        raise SchemeError([f"{scheme.name}: {fixed}: it needs a new name"])


async def fill_targets(connection: AsyncConnection) -> None:
    """Write the targets of every scheme in force; after an upgrade, for those that were adopted before it.

    A text that can't be used is left out with a warning: ``claims verify`` says of it what is wrong.
    """
    latest = {name: content_hash for content_hash, name in await adopted_schemes(connection)}
    pinned = PinnedSchemes()
    await pinned.load(connection, latest.values())
    for name, content_hash in latest.items():
        try:
            scheme = pinned.loaded([content_hash])[content_hash]
        except (LookupError, SchemeError) as error:
            _log.warning("the targets of scheme %s are not written: %s", name, error)
            continue
        await replace_targets(connection, scheme)
