"""A person's file (台账, 抚医保联〔2019〕2号 四(六)): categories and cards over time, and what was paid and why."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.facts import AdvanceIssued
from processors.clearing.loans import load_loans
from processors.person.file_claims import file_claims
from processors.person.file_model import FileAccumulation, FileAdvance, FileScheme, PersonFile, Verdict
from processors.person.growth import growth_of
from processors.person.history import PersonHistory
from processors.person.replay import load_history
from processors.person.status import status_of
from projections.hospitals import load_hospitals


class NoSuchPerson(LookupError):
    """The ledger has nothing about a person."""


async def gather(
    engine: AsyncEngine, person_id: str, as_of: datetime | None = None, on: date | None = None
) -> PersonFile:
    """A person's file as known at ``as_of``, now where none is given, of what was true until ``on``.

    Raises ``NoSuchPerson``.
    """
    return await file_of(engine, await load_history(engine, person_id, as_of, on))


async def file_of(engine: AsyncEngine, history: PersonHistory) -> PersonFile:
    """The file that a history gives; what of advances is outstanding is today's. Raises ``NoSuchPerson``."""
    person_id, on = history.person_id, history.on
    if not history.entries:
        raise NoSuchPerson(person_id)
    lent = {entry.fact.data.advance_id for entry in history.facts() if isinstance(entry.fact.data, AdvanceIssued)}
    async with engine.connect() as connection:
        names = await _hospital_names(connection, {claim.hospital_id for claim in history.claims})
        advances = [each for each in await _advances(connection, person_id) if each.advance_id in lent] if lent else []
    return PersonFile(
        person_id=person_id,
        as_of=history.as_of,
        entries=len(history.entries),
        status=status_of(history),
        claims=file_claims(history, names),
        accumulations=[
            FileAccumulation(*key, used.base, used.deductible, used.paid, used.claims)
            for key, used in history.counted()
        ],
        growth=growth_of(history),
        premiums=[each for each in history.premiums if on is None or each.year <= on.year],
        grants=[each for each in history.grants if each.claim_id in {row.claim_id for row in history.statements}],
        advances=[each for each in advances if on is None or each.issued_on <= on],
        schemes=_schemes(history),
        verdict=Verdict(history.consistent, history.skipped, history.differences),
    )


async def _hospital_names(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, str]:
    return {hospital.hospital_id: hospital.name for hospital in (await load_hospitals(connection, ids)).values()}


def _schemes(history: PersonHistory) -> dict[str, FileScheme]:
    """By name: of a scheme whose text changed, the text that a claim was last accepted under."""
    accepted = [acceptance for acceptances in history.acceptances.values() for acceptance in acceptances]
    pinned = [history.schemes[acceptance.claim.scheme] for acceptance in accepted]
    return {scheme.name: FileScheme(scheme.title, scheme.title_en, scheme.document) for scheme in pinned}


async def _advances(connection: AsyncConnection, person_id: str) -> list[FileAdvance]:
    return [
        FileAdvance(loan.advance.advance_id, loan.advance.issued_on, loan.advance.amount, loan.outstanding)
        for loan in await load_loans(connection)
        if loan.advance.person_id == person_id
    ]
