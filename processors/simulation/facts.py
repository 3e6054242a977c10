"""What a simulation reads of each person: the claims with their live facts, and what is booked for them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import func, select
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
PERSONS_PER_PART = 2_000


class Stated(Struct, frozen=True, array_like=True, gc=False):
    """What a claim's statement says, in fen; ``layers`` is (layer, fen) in the order applied."""

    claim_id: str
    status: str
    total: int
    layers: tuple[tuple[str, int], ...]
    patient_share: int
    hospital_share: int


class SimulatedPerson(Struct, frozen=True, array_like=True):
    """One person's claims in ledger order, what their statements say, and the grants that are held.

    Of a person ``in_flight`` events were still being settled: what is booked is not all that is due. ``townships`` are
    (year, township) of the enrolments that state one.
    """

    person_id: str
    in_flight: bool
    claims: tuple[Claim, ...]
    stated: tuple[Stated, ...]
    grants: tuple[HeldGrant, ...]
    townships: tuple[tuple[int, str], ...]


class PersonRange(NamedTuple):
    """Persons by their ids, from the first to the last, both among them; ``number`` is its place among the ranges."""

    number: int
    first: str
    last: str


async def person_ranges(connection: AsyncConnection, each: int = PERSONS_PER_PART) -> list[PersonRange]:
    """Everybody who has had a claim, ``each`` so many persons to a range, in the order of their ids."""
    number = (func.row_number().over(order_by=persons.c.person_id) - 1) // each
    numbered = select(persons.c.person_id, number.label("part")).where(persons.c.claims > 0).subquery()
    ends = func.min(numbered.c.person_id), func.max(numbered.c.person_id)
    found = await connection.execute(select(*ends).group_by(numbered.c.part))
    return [PersonRange(place, *row) for place, row in enumerate(sorted(tuple(row) for row in found))]


async def read_facts(connection: AsyncConnection, among: PersonRange) -> AsyncIterator[list[SimulatedPerson]]:
    """Everybody of a range who has had a claim, in the order of their ids, some at a time."""
    within = persons.c.person_id.between(among.first, among.last), persons.c.claims > 0
    ids = [str(row[0]) for row in await connection.execute(select(persons.c.person_id).where(*within))]
    ids.sort()
    for start in range(0, len(ids), PERSONS_PER_READ):
        yield await facts_of(connection, ids[start : start + PERSONS_PER_READ])


async def facts_of(connection: AsyncConnection, ids: Sequence[str]) -> list[SimulatedPerson]:
    """Some persons, in the order that they are named in."""
    state = await load_histories(connection, set(ids))
    stated, held = await _load_stated(connection, ids), await load_grants(connection, ids)
    open_runs = select(runs.c.person_id).where(runs.c.person_id.in_(ids)).distinct()
    townships = await _load_townships(connection, ids)
    moving = {str(row[0]) for row in await connection.execute(open_runs)}
    facts = []
    for person_id in ids:
        claims = sorted(state.by_person.get(person_id, {}).values(), key=lambda claim: claim.number)
        said = stated.get(person_id, [])
        in_flight = person_id in moving or len(said) != len(claims)
        grants = tuple(_held(row) for row in held.get(person_id, ()))
        lived = tuple(townships.get(person_id, ()))
        facts.append(SimulatedPerson(person_id, in_flight, tuple(claims), tuple(said), grants, lived))
    return facts


def _held(row: Mapping[str, Any]) -> HeldGrant:
    return HeldGrant(row["scheme"], row["grant"], row["year"], row["amount"], row["claim_id"])


async def _load_townships(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    table = enrolments.c
    stated = select(table.person_id, table.year, table.township).where(
        table.person_id.in_(ids), table.township.is_not(None)
    )
    found: dict[str, list[tuple[int, str]]] = {}
    for person_id, year, township in await connection.execute(stated.order_by(table.person_id, table.year)):
        found.setdefault(person_id, []).append((year, township))
    return found


async def _load_stated(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[Stated]]:
    table = statements.c
    shares = table.patient_share, table.hospital_share
    columns = (table.person_id, table.claim_id, table.status, table.total, table.layers, *shares)
    found: dict[str, list[Stated]] = {}
    for person_id, claim_id, status, total, layers, *shared in await connection.execute(
        select(*columns).where(table.person_id.in_(ids)).order_by(table.person_id, table.number)
    ):
        paid = tuple((layer, amount) for layer, amount in layers)
        found.setdefault(person_id, []).append(Stated(claim_id, status, total, paid, *shared))
    return found
