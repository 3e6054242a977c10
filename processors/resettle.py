"""Settling claims again on purpose, under the text of their scheme that is in force now instead of the one pinned."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import CLAIM_ACCEPTED
from events.ledger import ACCEPTANCE_STAGE, adopted_schemes, write
from policies.claim import Claim, claim_json
from policies.engine import Schemes, settle
from policies.scheme import Scheme
from processors.answers import LEDGER
from processors.intake import CONSUMER
from processors.openings import Openings
from processors.pins import Pins
from processors.positions import Message, lock, move
from processors.runs import Cause, open_runs
from processors.transaction import Transaction
from processors.wire import send_runs
from processors.world import World, load_histories
from projections.claims import claims

PERSONS_PER_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked: claims under older texts of ``scheme``, dated ``from_`` or later, move to the text in force."""

    scheme: Scheme
    older: tuple[str, ...]
    from_: date


@dataclass(slots=True)
class Effect:
    """What a change does, in fen: how many claims and persons it moves, and what each layer pays before and after."""

    persons: int = 0
    claims: int = 0
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)


async def change_to(engine: AsyncEngine, name: str, from_: date) -> Change:
    """The change to a scheme's text in force; raises ``LookupError`` where none of that name is."""
    async with engine.connect() as connection:
        pins = Pins()
        await pins.refresh(connection)
        in_force = {scheme.name: scheme for scheme in pins.current}
        if name not in in_force:
            raise LookupError(f"no scheme {name} is in force; there are {', '.join(sorted(in_force))}")
        scheme = in_force[name]
        older = [
            content_hash
            for content_hash, adopted in await adopted_schemes(connection)
            if adopted == name and content_hash != scheme.content_hash
        ]
    return Change(scheme, tuple(older), from_)


async def persons_touched(engine: AsyncEngine, change: Change) -> AsyncIterator[list[str]]:
    """The persons with a claim that the change is about, in chunks."""
    last = ""
    while True:
        query = (
            select(claims.c.person_id)
            .where(claims.c.scheme.in_(change.older), claims.c.date >= change.from_, claims.c.person_id > last)
            .group_by(claims.c.person_id)
            .order_by(claims.c.person_id)
            .limit(PERSONS_PER_CHUNK)
        )
        async with engine.connect() as connection:
            persons = list((await connection.execute(query)).scalars())
        if not persons:
            return
        yield persons
        last = persons[-1]


async def foresee(engine: AsyncEngine, change: Change, person_ids: Sequence[str], effect: Effect) -> None:
    """Add to ``effect`` what the change would do to some persons; nothing is booked."""
    async with engine.connect() as connection:
        world, schemes = await _load(connection, person_ids, change)
    for person_id in person_ids:
        history = list(world.by_person[person_id].values())
        changed = [_moved(claim, change) for claim in history]
        before, after = _paid(schemes, history), _paid(schemes, changed)
        effect.claims += sum(1 for old, new in zip(history, changed, strict=True) if old != new)
        effect.persons += before != after
        for sums, paid in ((effect.before, before), (effect.after, after)):
            for (_, layer), amount in paid.items():
                sums[layer] = sums.get(layer, 0) + amount


async def repin(
    engine: AsyncEngine, change: Change, person_ids: Sequence[str], actor: str, partitions: int
) -> list[Message]:
    """Pin some persons' claims to the text in force and open runs from the first one moved; returns what is to be sent.

    The caller holds intake's lane: these messages are intake's, and are sent before anything else of it.
    """
    async with engine.begin() as connection:
        position = await lock(connection, CONSUMER, 0)
        world, schemes = await _load(connection, person_ids, change)
        position.journal.start(datetime.now(UTC))
        name = f"resettle-{position.journal.number}"
        transaction = Transaction(connection, position.journal, name)
        openings = Openings(world, schemes)
        for person_id in person_ids:
            _repin_person(transaction, world, openings, change, person_id, actor)
        await world.save(connection)
        await open_runs(connection, openings.runs, position.journal.recorded_at)
        send_runs(transaction, CONSUMER, [("basic", run) for run in openings.runs], partitions)
        await write(connection, position.journal)
        await move(connection, position, position.stream_seq, transaction.outgoing)
    return transaction.outgoing


def _repin_person(
    transaction: Transaction, world: World, openings: Openings, change: Change, person_id: str, actor: str
) -> None:
    moved = []
    number = 0
    for claim in list(world.by_person[person_id].values()):
        pinned = _moved(claim, change)
        if pinned == claim:
            continue
        number = transaction.journal.append(
            CLAIM_ACCEPTED,
            {"claim": claim_json(pinned), "instead_of": claim.scheme, "actor": actor},
            person_id=person_id,
            claim_id=claim.claim_id,
            claim_number=claim.number,
            run=world.person(person_id).runs + 1,
            stage=ACCEPTANCE_STAGE,
            year=claim.year,
            scheme=change.scheme.name,
        )
        world.put_claim(pinned)
        moved.append(pinned)
    openings.reopen(moved, Cause(number, LEDGER, change.scheme.content_hash, CLAIM_ACCEPTED))


def _moved(claim: Claim, change: Change) -> Claim:
    if claim.scheme in change.older and claim.date >= change.from_:
        return replace(claim, scheme=change.scheme.content_hash)
    return claim


def _paid(schemes: Schemes, history: Sequence[Claim]) -> dict[tuple[int, str], int]:
    bills, _ = settle(schemes, history)
    paid: dict[tuple[int, str], int] = {}
    for number, bill in bills.items():
        for payout in bill.payouts:
            paid[number, payout.layer] = paid.get((number, payout.layer), 0) + payout.paid
    return paid


async def _load(connection: AsyncConnection, person_ids: Sequence[str], change: Change) -> tuple[World, Schemes]:
    world = await load_histories(connection, set(person_ids))
    hashes = {claim.scheme for claim in world.claims.values()} | {change.scheme.content_hash}
    return world, await Pins().require(connection, hashes)
