"""Settling claims again on purpose, under the text of their scheme that is in force now instead of the one pinned.

The operator's command orders it of intake by events of the ledger's own mailbox, a few persons each. Intake carries an
order out in its place among all other events (``pipeline.kinds.resettlement_order``).
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events import facts
from events.catalog import ITSELF
from events.store.journal import adopted_schemes
from policies.claim import Claim
from policies.engine import Schemes, settle
from policies.funds import BookedFund
from policies.scheme import Scheme
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.kinds.resettlement_order import moved_claim
from processors.pipeline.state import load_histories
from projections.claims import claims

ORDERED = "resettlement.ordered.v1"
CLAIMS_PER_ORDER = 100
"""One order moves all claims of a person, so a person with many claims has an order of their own."""
PERSONS_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class SchemeChange:
    """What is asked: claims under older texts of ``scheme``, dated ``since`` or later, move to the text in force."""

    scheme: Scheme
    older: tuple[str, ...]
    since: date


@dataclass(frozen=True, slots=True)
class TouchedPerson:
    """A person, and how many of their claims a change moves."""

    person_id: str
    claims: int


@dataclass(slots=True)
class ChangeEffect:
    """What a change does, in fen: how many claims and persons it moves, and what each layer pays before and after.

    ``funds`` is what each fund pays more or less, where claims move to another fund or insurer than has paid.
    """

    persons: int = 0
    claims: int = 0
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    funds: dict[BookedFund, int] = field(default_factory=dict)


async def change_to(engine: AsyncEngine, name: str, since: date) -> SchemeChange:
    """The change to a scheme's text in force; raises ``LookupError`` where none of that name is."""
    async with engine.connect() as connection:
        pinned = PinnedSchemes()
        await pinned.refresh(connection)
        in_force = {scheme.name: scheme for scheme in pinned.current}
        if name not in in_force:
            known = ", ".join(sorted(in_force))
            raise LookupError(
                f"没有在用的政策 {name}，在用的有：{known}。no scheme {name} is in force; those are the ones that are"
            )
        scheme = in_force[name]
        older = [
            content_hash
            for content_hash, adopted in await adopted_schemes(connection)
            if adopted == name and content_hash != scheme.content_hash
        ]
    return SchemeChange(scheme, tuple(older), since)


async def change_by(engine: AsyncEngine, scheme: Scheme, since: date) -> SchemeChange:
    """The change that a text would bring which is not in force yet, for all claims under texts of its name."""
    async with engine.connect() as connection:
        older = [content_hash for content_hash, name in await adopted_schemes(connection) if name == scheme.name]
    return SchemeChange(scheme, tuple(older), since)


async def persons_touched(engine: AsyncEngine, change: SchemeChange) -> AsyncIterator[list[TouchedPerson]]:
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
            page = [TouchedPerson(*row) for row in await connection.execute(query)]
        if not page:
            return
        yield page
        last = page[-1].person_id


async def preview(engine: AsyncEngine, change: SchemeChange, person_ids: Sequence[str], effect: ChangeEffect) -> None:
    """Add to ``effect`` what the change would do to some persons; nothing is booked."""
    async with engine.connect() as connection:
        state = await load_histories(connection, set(person_ids))
        hashes = {claim.scheme for claim in state.claims.values()}
        known = await PinnedSchemes().require(connection, hashes)
    schemes = {**known, change.scheme.content_hash: change.scheme}
    for person_id in person_ids:
        history = list(state.by_person[person_id].values())
        changed = [moved_claim(schemes, claim, change.scheme, change.since) for claim in history]
        before, after = _paid(schemes, history), _paid(schemes, changed)
        effect.claims += sum(1 for old, new in zip(history, changed, strict=True) if old != new)
        effect.persons += _by_layer(before) != _by_layer(after)
        for sums, paid in ((effect.before, before), (effect.after, after)):
            for (_, layer, _), amount in paid.items():
                sums[layer] = sums.get(layer, 0) + amount
        payers = {(number, layer): fund for number, layer, fund in after}
        if any(payers.get(key[:2], key[2]) != key[2] for key, amount in before.items() if amount):
            for sign, paid in ((-1, before), (1, after)):
                for (_, _, fund), amount in paid.items():
                    effect.funds[fund] = effect.funds.get(fund, 0) + sign * amount


def split_into_orders(page: Iterable[TouchedPerson]) -> Iterator[list[TouchedPerson]]:
    """Persons as orders name them: so few that what arrives behind an order is not kept waiting by it."""
    order: list[TouchedPerson] = []
    count = 0
    for touched in page:
        if order and (len(order) == facts.PERSONS_PER_ORDER or count + touched.claims > CLAIMS_PER_ORDER):
            yield order
            order, count = [], 0
        order.append(touched)
        count += touched.claims
    if order:
        yield order


def order_event(change: SchemeChange, person_ids: Sequence[str], actor: str, stamp: str) -> bytes:
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
            "source": ITSELF,
            "type": ORDERED,
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": data,
        }
    )


def _paid(schemes: Schemes, history: Sequence[Claim]) -> dict[tuple[int, str, BookedFund], int]:
    bills, _ = settle(schemes, history)
    texts = {claim.number: schemes[claim.scheme] for claim in history}
    paid: dict[tuple[int, str, BookedFund], int] = {}
    for number, bill in bills.items():
        for payout in bill.payouts:
            key = number, payout.layer, texts[number].fund_of(payout.layer)
            paid[key] = paid.get(key, 0) + payout.paid
    return paid


def _by_layer(paid: Mapping[tuple[int, str, BookedFund], int]) -> dict[tuple[int, str], int]:
    return {(number, layer): amount for (number, layer, _), amount in paid.items()}
