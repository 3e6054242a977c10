"""Settling claims again on purpose, under the text of their scheme that is in force now instead of the one pinned.

It is ordered of intake by events of the ledger's own mailbox, a few persons each, and takes its turn among all others.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import orjson
from msgspec.structs import replace
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events import facts
from events.decisions import CLAIM_ACCEPTED
from events.refusals import Refusal
from events.store.journal import ACCEPTANCE_STAGE, Journal, adopted_schemes
from policies.claim import Claim, claim_json
from policies.engine import Schemes, settle
from policies.scheme import Scheme
from processors.delivery.answers import LEDGER
from processors.delivery.run import Cause
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.run_opening import RunOpenings
from processors.pipeline.state import LedgerState, load_histories
from projections.claims import claims

ORDERED = "resettlement.ordered.v1"
CLAIMS_PER_ORDER = 100
"""A person has all his claims moved by one order, so one of many claims has an order of his own."""
PERSONS_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked: claims under older texts of ``scheme``, dated ``since`` or later, move to the text in force."""

    scheme: Scheme
    older: tuple[str, ...]
    since: date


@dataclass(frozen=True, slots=True)
class Touched:
    """A person, and how many of his claims a change moves."""

    person_id: str
    claims: int


@dataclass(slots=True)
class Effect:
    """What a change does, in fen: how many claims and persons it moves, and what each layer pays before and after."""

    persons: int = 0
    claims: int = 0
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)


async def change_to(engine: AsyncEngine, name: str, since: date) -> Change:
    """The change to a scheme's text in force; raises ``LookupError`` where none of that name is."""
    async with engine.connect() as connection:
        pinned = PinnedSchemes()
        await pinned.refresh(connection)
        in_force = {scheme.name: scheme for scheme in pinned.current}
        if name not in in_force:
            raise LookupError(f"no scheme {name} is in force; there are {', '.join(sorted(in_force))}")
        scheme = in_force[name]
        older = [
            content_hash
            for content_hash, adopted in await adopted_schemes(connection)
            if adopted == name and content_hash != scheme.content_hash
        ]
    return Change(scheme, tuple(older), since)


async def persons_touched(engine: AsyncEngine, change: Change) -> AsyncIterator[list[Touched]]:
    """The persons with a claim that the change moves, some at a time."""
    last = ""
    while True:
        query = (
            select(claims.c.person_id, func.count())
            .where(claims.c.scheme.in_(change.older), claims.c.date >= change.since, claims.c.person_id > last)
            .group_by(claims.c.person_id)
            .order_by(claims.c.person_id)
            .limit(PERSONS_PER_PAGE)
        )
        async with engine.connect() as connection:
            page = [Touched(*row) for row in await connection.execute(query)]
        if not page:
            return
        yield page
        last = page[-1].person_id


async def foresee(engine: AsyncEngine, change: Change, person_ids: Sequence[str], effect: Effect) -> None:
    """Add to ``effect`` what the change would do to some persons; nothing is booked."""
    async with engine.connect() as connection:
        state = await load_histories(connection, set(person_ids))
        hashes = {claim.scheme for claim in state.claims.values()} | {change.scheme.content_hash}
        schemes = await PinnedSchemes().require(connection, hashes)
    for person_id in person_ids:
        history = list(state.by_person[person_id].values())
        changed = [_moved(schemes, claim, change.scheme, change.since) for claim in history]
        before, after = _paid(schemes, history), _paid(schemes, changed)
        effect.claims += sum(1 for old, new in zip(history, changed, strict=True) if old != new)
        effect.persons += before != after
        for sums, paid in ((effect.before, before), (effect.after, after)):
            for (_, layer), amount in paid.items():
                sums[layer] = sums.get(layer, 0) + amount


def in_orders(page: Iterable[Touched]) -> Iterator[list[Touched]]:
    """Persons as orders name them: so few that what arrives behind an order is not kept waiting by it."""
    order: list[Touched] = []
    count = 0
    for touched in page:
        if order and (len(order) == facts.PERSONS_PER_ORDER or count + touched.claims > CLAIMS_PER_ORDER):
            yield order
            order, count = [], 0
        order.append(touched)
        count += touched.claims
    if order:
        yield order


def order_event(change: Change, person_ids: Sequence[str], actor: str, stamp: str) -> bytes:
    """The event that orders a change for some persons; ``stamp`` is that of all orders of one command.

    The same order of the same command has the same id.
    """
    data = {
        "scheme": change.scheme.name,
        "scheme_hash": change.scheme.content_hash,
        "since": change.since.isoformat(),
        "persons": list(person_ids),
        "actor": actor,
    }
    digest = hashlib.sha256(orjson.dumps([data, stamp])).hexdigest()
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"resettlement-{digest[:32]}",
            "source": LEDGER,
            "type": ORDERED,
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": data,
        }
    )


def ordered_scheme(pinned: PinnedSchemes, order: facts.ResettlementOrdered) -> Scheme:
    """The text that an order moves claims to; raises ``Refusal`` where another is in force by now."""
    for scheme in pinned.current:
        if (scheme.name, scheme.content_hash) == (order.scheme, order.scheme_hash):
            return scheme
    raise Refusal("no_policy", f"the text {order.scheme_hash} of scheme {order.scheme} is not in force: order it anew")


def carry_out(
    journal: Journal,
    state: LedgerState,
    openings: RunOpenings,
    order: facts.ResettlementOrdered,
    scheme: Scheme,
    cause: Cause,
) -> None:
    """Pin the claims that an order moves to the text in force, and open runs from the first one moved of each person.

    ``state`` holds the whole histories of its persons. Of a person whom nobody knows, or whose claims have moved
    already, nothing is written.
    """
    for person_id in order.persons:
        moved = []
        for claim in sorted(state.by_person.get(person_id, {}).values(), key=lambda claim: claim.number):
            moved_claim = _moved(openings.schemes, claim, scheme, order.since)
            if moved_claim == claim:
                continue
            journal.append(
                CLAIM_ACCEPTED,
                {"claim": claim_json(moved_claim), "instead_of": claim.scheme, "actor": order.actor},
                person_id=person_id,
                claim_id=claim.claim_id,
                claim_number=claim.number,
                run=state.person(person_id).runs + 1,
                stage=ACCEPTANCE_STAGE,
                year=claim.year,
                scheme=scheme.name,
            )
            state.put_claim(moved_claim)
            moved.append(moved_claim)
        openings.reopen(moved, cause)


def _moved(schemes: Schemes, claim: Claim, scheme: Scheme, since: date) -> Claim:
    """A claim under the text that it moves to, or as it is where the change is not about it."""
    about = claim.date >= since and schemes[claim.scheme].name == scheme.name
    return replace(claim, scheme=scheme.content_hash) if about and claim.scheme != scheme.content_hash else claim


def _paid(schemes: Schemes, history: Sequence[Claim]) -> dict[tuple[int, str], int]:
    bills, _ = settle(schemes, history)
    paid: dict[tuple[int, str], int] = {}
    for number, bill in bills.items():
        for payout in bill.payouts:
            paid[number, payout.layer] = paid.get((number, payout.layer), 0) + payout.paid
    return paid
