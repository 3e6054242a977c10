"""Reads claims as the rules of supervision see them, of some persons or of a year; and the facts that leads name."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from sys import intern
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import fetch_text
from processors.delivery.names import INTAKE_JOURNAL
from processors.pipeline.state import load_histories
from processors.supervision.claim import (
    DeathReport,
    LedgerFact,
    SupervisedClaim,
    SupervisedPerson,
    is_away_as_filed,
    stays_of,
)
from processors.supervision.claim_rows import CLAIMS, SupervisedFacts, supervised_claim
from projections.enrolments import Enrolment, load_enrolments
from projections.referral_filings import load_filings

PERSONS_AT_ONCE = 2_000
"""Persons of whom all claims are in memory at once."""

ADMISSIONS = ("admission.recorded.v1", "admission.changed.v1")
CORRECTED, REVERSED = "claim.corrected.v1", "claim.reversed.v1"
AUDITED, AUDIT_WITHDRAWN = "audit.found.v1", "audit.withdrawn.v1"
CLAIMING = ("discharge.recorded.v1", "interim.recorded.v1", "outpatient.recorded.v1", "bill.submitted.v1")
NAMED_TYPES = (*CLAIMING, *ADMISSIONS, CORRECTED, REVERSED, AUDITED, AUDIT_WITHDRAWN)
"""The facts of claims that leads name."""

_OF_YEAR = CLAIMS + "AND statement.year = $2"
_CLAIMED = """
SELECT claim_id, number, CASE WHEN claim_id IS NULL THEN raw END AS raw
FROM ledger.entries
WHERE journal = $1 AND person_id = ANY($2) AND type = ANY($3)
ORDER BY number
"""
_REVERSALS = """
SELECT DISTINCT ON (claim_id) claim_id, number, type, source, event_id, recorded_at
FROM ledger.entries
WHERE journal = $1 AND person_id = ANY($2) AND type = $3
ORDER BY claim_id, number DESC
"""
_ENTRIES = """
SELECT number, type, source, event_id, recorded_at, person_id, claim_id,
       CASE WHEN type LIKE 'admission.%' THEN raw END AS raw
FROM ledger.entries
WHERE journal = $1 AND person_id = ANY($2) AND type = ANY($3)
  AND (claim_id IS NULL OR claim_id IN (SELECT unnest($4::text[])))
ORDER BY person_id, number
"""
_DEATHS = """
SELECT death.person_id, died_on, entry.number, entry.type, entry.source, entry.event_id, entry.recorded_at
FROM projections.deaths AS death
JOIN ledger.entries AS entry ON entry.journal = $1 AND entry.number = death.number
WHERE death.person_id = ANY($2)
"""


class _AdmissionData(Struct, gc=False):
    admission_id: str
    diagnoses: tuple[str, ...] | None = None


class _AdmissionEvent(Struct, gc=False):
    data: _AdmissionData


_ADMISSION = msgspec.json.Decoder(_AdmissionEvent)


class PersonFacts:
    """The facts of one person that leads name: by claim and by admission."""

    __slots__ = ("admissions", "claims")

    def __init__(self) -> None:
        self.claims: dict[str, list[LedgerFact]] = {}
        self.admissions: dict[str, list[LedgerFact]] = {}

    def take(self, row: Mapping[str, Any]) -> None:
        """Take an entry of journal intake."""
        fact = LedgerFact(row["number"], row["type"], row["source"], row["event_id"], row["recorded_at"])
        if fact.type in ADMISSIONS:
            admission_id = _ADMISSION.decode(row["raw"]).data.admission_id
            self.admissions.setdefault(admission_id, []).append(fact)
        else:
            self.claims.setdefault(row["claim_id"], []).append(fact)

    def of_claim(self, claim: SupervisedClaim) -> list[LedgerFact]:
        """All facts of a claim, in ledger order."""
        admitted = self.admissions.get(claim.admission_id, ()) if claim.admission_id is not None else ()
        return sorted([*admitted, *self.claims.get(claim.claim_id, ())], key=lambda fact: fact.number)


async def load_facts(connection: AsyncConnection, claims: Iterable[SupervisedClaim]) -> dict[str, PersonFacts]:
    """The facts of some claims that leads name, by person."""
    person_of = {claim.claim_id: claim.person_id for claim in claims}
    wanted = [INTAKE_JOURNAL, sorted(set(person_of.values())), list(NAMED_TYPES), list(person_of)]
    found: dict[str, PersonFacts] = {}
    for row in await fetch_text(connection, _ENTRIES, wanted) if person_of else ():
        found.setdefault(row["person_id"], PersonFacts()).take(row)
    return found


async def load_supervised(connection: AsyncConnection, person_ids: Collection[str]) -> list[SupervisedPerson]:
    """Persons with all settled claims, in the order of their ids; one without claims is left out."""
    wanted = sorted(set(person_ids))
    rows = await fetch_text(connection, CLAIMS, [wanted])
    claims: dict[str, list[SupervisedClaim]] = {}
    for claim in sorted(await _claims(connection, wanted, rows), key=attrgetter("number")):
        claims.setdefault(claim.person_id, []).append(claim)
    enrolments: dict[str, dict[int, Enrolment]] = {}
    for (person_id, year), enrolment in (await load_enrolments(connection, wanted)).items():
        enrolments.setdefault(person_id, {})[year] = enrolment
    filings = await load_filings(connection, wanted)
    deaths = await _deaths(connection, wanted)
    away = {person_id for person_id, own_claims in claims.items() if any(map(is_away_as_filed, own_claims))}
    histories = (await load_histories(connection, away)).by_person if away else {}
    return [
        SupervisedPerson(
            person_id,
            claims[person_id],
            stays_of(claims[person_id]),
            enrolments.get(person_id, {}),
            sorted(filings.get(person_id, ()), key=lambda filing: filing.number),
            deaths.get(person_id),
            tuple(claim for _, claim in sorted(histories.get(person_id, {}).items())),
        )
        for person_id in wanted
        if person_id in claims
    ]


async def load_year(connection: AsyncConnection, year: int) -> list[SupervisedClaim]:
    """All settled claims of a benefit year, in the order of their ids."""
    found: list[SupervisedClaim] = []
    async for persons in _persons_of_year(connection, year):
        rows = await fetch_text(connection, _OF_YEAR, [persons, year])
        found += await _claims(connection, persons, rows)
    return sorted(found, key=attrgetter("claim_id"))


async def _persons_of_year(connection: AsyncConnection, year: int) -> AsyncIterator[list[str]]:
    query = "SELECT DISTINCT person_id FROM projections.statements WHERE year = $1 ORDER BY 1"
    rows = [row["person_id"] for row in await fetch_text(connection, query, [year])]
    for first in range(0, len(rows), PERSONS_AT_ONCE):
        yield rows[first : first + PERSONS_AT_ONCE]


async def _deaths(connection: AsyncConnection, person_ids: Sequence[str]) -> dict[str, DeathReport]:
    return {
        person_id: DeathReport(died_on, LedgerFact(*fact))
        for person_id, died_on, *fact in await fetch_text(connection, _DEATHS, [INTAKE_JOURNAL, person_ids])
    }


async def _claims(
    connection: AsyncConnection, person_ids: Sequence[str], rows: Sequence[asyncpg.Record]
) -> list[SupervisedClaim]:
    facts = SupervisedFacts(
        reversals=await _reversals(connection, {row["person_id"] for row in rows if not row["standing"]})
    )
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    wanted = [INTAKE_JOURNAL, person_ids, [*CLAIMING, *ADMISSIONS]]
    for claim_id, number, raw in await fetch_text(connection, _CLAIMED, wanted):
        if raw is None:
            facts.entries.setdefault(claim_id, number)
            continue
        said = _ADMISSION.decode(raw).data
        if said.diagnoses is not None:
            if said.diagnoses not in known:
                known[said.diagnoses] = tuple(intern(code.upper()) for code in said.diagnoses)
            facts.diagnoses[said.admission_id] = known[said.diagnoses]
    return [supervised_claim(row, facts) for row in rows]


async def _reversals(connection: AsyncConnection, person_ids: Collection[str]) -> dict[str, LedgerFact]:
    if not person_ids:
        return {}
    rows = await fetch_text(connection, _REVERSALS, [INTAKE_JOURNAL, sorted(person_ids), REVERSED])
    return {claim_id: LedgerFact(*fact) for claim_id, *fact in rows}
