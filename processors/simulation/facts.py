"""What a simulation reads of each person: the claims with their live facts, and what is booked for them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.claim import Claim
from processors.delivery.run import runs
from processors.person.recalculation import HeldGrant
from processors.pipeline.state import load_histories
from projections.enrolments import enrolments
from projections.grants import load_grants
from projections.persons import persons
from projections.statements import statements

PERSONS_PER_READ = 1_000


class Stated(Struct, frozen=True, array_like=True, gc=False):
    """What a claim's statement says, in fen; ``layers`` is (layer, fen) in the order applied."""

    claim_id: str
    status: str
    layers: tuple[tuple[str, int], ...]
    patient_share: int
    hospital_share: int


class PersonFacts(Struct, frozen=True, array_like=True):
    """One person's claims in ledger order, and what stood booked at the moment that was read.

    ``stated`` is by claim, in the same order. Of a person ``in_flight`` events were still being settled: what is booked
    is not all that is due. ``townships`` is by year.
    """

    person_id: str
    in_flight: bool
    claims: tuple[Claim, ...]
    stated: tuple[Stated, ...]
    grants: tuple[HeldGrant, ...]
    townships: dict[int, str]


async def read_facts(connection: AsyncConnection, after: str = "") -> AsyncIterator[list[PersonFacts]]:
    """Every person who has had a claim, in the order of their ids, some at a time."""
    while True:
        page = select(persons.c.person_id).where(persons.c.person_id > after, persons.c.claims > 0)
        found = await connection.execute(page.order_by(persons.c.person_id).limit(PERSONS_PER_READ))
        ids = [str(row[0]) for row in found]
        if not ids:
            return
        yield await _facts_of(connection, ids)
        after = ids[-1]


async def _facts_of(connection: AsyncConnection, ids: Sequence[str]) -> list[PersonFacts]:
    state = await load_histories(connection, set(ids))
    stated, townships = await _load_stated(connection, ids), await _load_townships(connection, ids)
    held = await load_grants(connection, ids)
    open_runs = select(runs.c.person_id).where(runs.c.person_id.in_(ids)).distinct()
    moving = {str(row[0]) for row in await connection.execute(open_runs)}
    facts = []
    for person_id in ids:
        claims = sorted(state.by_person[person_id].values(), key=lambda claim: claim.number)
        said = stated.get(person_id, {})
        facts.append(
            PersonFacts(
                person_id,
                person_id in moving or len(said) != len(claims),
                tuple(claims),
                tuple(said[claim.claim_id] for claim in claims if claim.claim_id in said),
                tuple(_held(row) for row in held.get(person_id, ())),
                townships.get(person_id, {}),
            )
        )
    return facts


def _held(row: Mapping[str, Any]) -> HeldGrant:
    return HeldGrant(row["scheme"], row["grant"], row["year"], row["amount"], row["claim_id"])


async def _load_stated(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, dict[str, Stated]]:
    table = statements.c
    columns = (table.person_id, table.claim_id, table.status, table.layers, table.patient_share, table.hospital_share)
    found: dict[str, dict[str, Stated]] = {}
    for person_id, claim_id, status, layers, *shares in await connection.execute(
        select(*columns).where(table.person_id.in_(ids))
    ):
        paid = tuple((layer, amount) for layer, amount in layers)
        found.setdefault(person_id, {})[claim_id] = Stated(claim_id, status, paid, *shares)
    return found


async def _load_townships(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, dict[int, str]]:
    table = enrolments.c
    asked = select(table.person_id, table.year, table.township).where(
        table.person_id.in_(ids), table.township.is_not(None)
    )
    found: dict[str, dict[int, str]] = {}
    for person_id, year, township in await connection.execute(asked):
        found.setdefault(person_id, {})[year] = township
    return found
