"""A ledger of a released version keeps the law that it adopted, until its county adopts the newer texts and orders that
claims move to them (docs/operations.md)."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.dump import load
from infra.postgres.engine import migrate
from policies.engine import settle
from policies.loader import load_directory
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.state import load_histories
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from processors.resettlement.order import change_to, order_event, persons_touched, split_into_orders
from projections.claims import claims
from projections.statements import statements
from tests.clerk import clerk
from tests.integration.test_upgrade import DATA, books_behind

BEFORE_ALL = date(2000, 1, 1)
NEWER = {scheme.name: scheme for scheme in load_directory()}
Paid = dict[str, dict[str, int]]


async def booked(engine: AsyncEngine) -> Paid:
    """By standing claim what each layer pays, in fen; what is 0 is left out."""
    async with engine.connect() as connection:
        rows = (await connection.execute(select(statements).where(statements.c.status == "settled"))).all()
    return {row.claim_id: _by_layer(row.layers) for row in rows}


def _by_layer(paid: Iterable[tuple[str, int]]) -> dict[str, int]:
    """A layer may stand on the path twice."""
    sums: Counter[str] = Counter()
    for layer, fen in paid:
        sums[layer] += fen
    return {layer: fen for layer, fen in sums.items() if fen}


async def from_scratch(engine: AsyncEngine) -> Paid:
    """What the pure engine makes of every claim as acceptance and live facts stand now, under its text."""
    found: Paid = {}
    async with engine.connect() as connection:
        persons = set(await connection.scalars(select(claims.c.person_id)))
        state = await load_histories(connection, persons)
        texts = await PinnedSchemes().require(connection, {claim.scheme for claim in state.claims.values()})
    for person in persons:
        bills, _ = settle(texts, list(state.by_person[person].values()))
        for bill in bills.values():
            found[bill.claim.claim_id] = _by_layer((payout.layer, payout.paid) for payout in bill.payouts)
    return found


async def pinned(engine: AsyncEngine) -> set[tuple[str, str]]:
    """Claim and text of every claim whose text is not the newest of its name."""
    async with engine.connect() as connection:
        rows = (await connection.execute(select(claims.c.claim_id, claims.c.scheme))).all()
    newest = {scheme.content_hash for scheme in NEWER.values()}
    return {(row.claim_id, row.scheme) for row in rows if row.scheme not in newest}


async def test_a_county_moves_to_the_newer_texts_when_it_orders_it(url: str, database_engine: AsyncEngine) -> None:
    await load(url, DATA / "ledger_0004.dump", None)
    settled = await booked(database_engine)
    await migrate(url)
    assert await booked(database_engine) == settled
    # each text may follow the one in force of its name: the same path, the same tracks
    adopted = set()
    async with clerk(CLAIMS_DATABASE_URL=url) as command:
        for name, scheme in NEWER.items():
            said = await command("schemes", "adopt", name, "--actor", "wang", "--yes")
            assert said.code == 0, said.err
            if f"已采用 adopted: {name} {scheme.content_hash}" in said.err:
                adopted.add(name)
            else:
                assert f"已在用 in force already: {name}" in said.err
    assert adopted >= {"anyi", "changzhi", "fusong", "liaoning", "shanggao"}
    assert await booked(database_engine) == settled
    assert (await verify(database_engine)).problems == []
    old = await pinned(database_engine)
    assert len(old) > 25

    books = await books_behind(database_engine)
    for name in adopted:
        change = await change_to(database_engine, name, BEFORE_ALL)
        async for page in persons_touched(database_engine, change):
            for order in split_into_orders(page):
                body = order_event(change, [touched.person_id for touched in order], "wang", "1")
                await books.publish([body], mailbox="ledger/claims")

    assert await pinned(database_engine) == set()
    moved = await booked(database_engine)
    assert moved == await from_scratch(database_engine)
    assert {claim_id for claim_id in settled if moved[claim_id] != settled[claim_id]}, "the dump shows no new reading"
    assert (await verify(database_engine)).problems == []
    assert (await rebuild(database_engine, dry_run=True)).found == 0
