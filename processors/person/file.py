"""A person's file (台账, 抚医保联〔2019〕2号 四(六)): who he was when, and what was paid for him and why."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from processors.clearing.loans import load_loans
from processors.law.pinned_schemes import PinnedSchemes
from processors.person.file_claims import claims_of
from processors.person.file_model import (
    Accumulation,
    Advance,
    Difference,
    Entry,
    Grant,
    PersonFile,
    Premium,
    SchemeTold,
    Verdict,
    fen,
)
from processors.person.growth import growth_of
from processors.person.replay import replay
from processors.person.status import standing_of
from projections.hospitals import load_hospitals


class NoSuchPerson(LookupError):
    """The ledger has nothing about a person."""


async def gather(engine: AsyncEngine, person_id: str) -> PersonFile:
    """A person's file as the ledger tells it now; raises ``NoSuchPerson``."""
    told = await replay(engine, person_id)
    history: list[Entry] = told["history"]
    if not history:
        raise NoSuchPerson(person_id)
    accepted = [entry["claim"] for entry in history if "claim" in entry]
    async with engine.connect() as connection:
        names = await _hospital_names(connection, {claim["hospital_id"] for claim in accepted})
        schemes = await _schemes(connection, {claim["scheme_hash"] for claim in accepted})
        advances = await _advances(connection, person_id)
    return PersonFile(
        person_id=person_id,
        as_of=datetime.fromisoformat(told["as_of"]),
        entries=len(history),
        standing=standing_of(history),
        claims=claims_of(history, told["statements"], names),
        accumulations=[_accumulation(row) for row in told["accumulations"]],
        growth=growth_of(history),
        premiums=[_premium(row) for row in told["premiums"]],
        grants=[_grant(row) for row in told["grants"]],
        advances=advances,
        schemes=schemes,
        verdict=Verdict(
            told["consistent"], told["skipped"], [Difference(**difference) for difference in told["differences"]]
        ),
    )


async def _hospital_names(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, str]:
    return {hospital.hospital_id: hospital.name for hospital in (await load_hospitals(connection, ids)).values()}


async def _schemes(connection: AsyncConnection, hashes: Iterable[str]) -> dict[str, SchemeTold]:
    pinned = await PinnedSchemes().require(connection, set(hashes))
    return {
        scheme.name: SchemeTold(scheme.title, scheme.title_en, scheme.document)
        for scheme in (pinned[content_hash] for content_hash in hashes)
    }


async def _advances(connection: AsyncConnection, person_id: str) -> list[Advance]:
    return [
        Advance(loan.advance.advance_id, loan.advance.issued_on, loan.advance.amount, loan.outstanding)
        for loan in await load_loans(connection)
        if loan.advance.person_id == person_id
    ]


def _accumulation(row: Mapping[str, Any]) -> Accumulation:
    amounts = {name: fen(row[name]) for name in ("base", "deductible", "paid")}
    return Accumulation(row["year"], row["scheme"], row["layer"], **amounts, claims=row["claims"])


def _premium(row: Mapping[str, Any]) -> Premium:
    told = {name: row[name] for name in ("year", "scheme", "layer", "kind", "payer", "category", "grade", "cite")}
    return Premium(**told, amount=fen(row["amount"]))


def _grant(row: Mapping[str, Any]) -> Grant:
    return Grant(row["scheme"], row["grant"], row["year"], fen(row["amount"]), row["claim_id"])
