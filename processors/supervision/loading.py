"""Reads claims as the rules of supervision see them: of some persons, or of a benefit year."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import fetch_text
from policies.claim import BillParts
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
from projections.enrolments import Enrolment, load_enrolments
from projections.referral_filings import load_filings

PERSONS_AT_ONCE = 2_000
"""Persons of whom all claims are in memory at once."""

ADMITTED, ADMISSION_CHANGED = "admission.recorded.v1", "admission.changed.v1"
CORRECTED, REVERSED, AUDITED, DIED = "claim.corrected.v1", "claim.reversed.v1", "audit.found.v1", "person.died.v1"
CLAIMING = frozenset({"discharge.recorded.v1", "interim.recorded.v1", "outpatient.recorded.v1", "bill.submitted.v1"})
READ_TYPES = (*sorted(CLAIMING), ADMITTED, ADMISSION_CHANGED, CORRECTED, REVERSED, AUDITED, DIED)
"""The facts that leads name."""

_CLAIMS = """
SELECT claim.claim_id, claim.number, claim.person_id, claim.hospital_id, claim.tier, claim.hospital_region,
       claim.region, claim.scheme, statement.scheme AS scheme_name, claim.setting, claim.disease, claim.date,
       coalesce(claim.admitted_on, admission.admitted_on) AS admitted_on,
       claim.total, claim.in_scope, claim.upfront_copay, claim.over_limit, claim.self_funded,
       statement.layers, statement.patient_share, statement.hospital_share, statement.status, statement.revision,
       claim.standing, claim.filed, claim.emergency, claim.stay_kind, claim.admission_id, claim.referral,
       claim.interim, claim.prepaid, claim.late, statement.poor, statement.categories, claim.sex, claim.age,
       claim.household_id, claim.invoice, claim.source
FROM projections.claims AS claim
JOIN projections.statements AS statement USING (claim_id)
LEFT JOIN projections.admissions AS admission ON admission.admission_id = claim.admission_id
"""
_OF_PERSONS = _CLAIMS + "WHERE claim.person_id = ANY($1) ORDER BY claim.person_id, claim.number"
_OF_YEAR = _CLAIMS + "WHERE claim.person_id = ANY($1) AND statement.year = $2"
_ENTRIES = """
SELECT number, type, source, event_id, person_id, claim_id, recorded_at,
       CASE WHEN type LIKE 'admission.%' THEN raw END AS raw
FROM ledger.entries
WHERE journal = $1 AND person_id = ANY($2) AND type = ANY($3)
ORDER BY person_id, number
"""
# a subquery is hashed; "= ANY" of a prepared statement would compare each entry with each claim
_ENTRIES_OF_CLAIMS = _ENTRIES.replace(
    "ORDER BY", "AND (claim_id IS NULL OR claim_id IN (SELECT unnest($4::text[])))\nORDER BY"
)
_DEATHS = "SELECT person_id, died_on, number FROM projections.deaths WHERE person_id = ANY($1)"


class _AdmissionData(Struct, gc=False):
    admission_id: str
    diagnoses: tuple[str, ...] | None = None


class _AdmissionEvent(Struct, gc=False):
    data: _AdmissionData


_ADMISSIONS = msgspec.json.Decoder(_AdmissionEvent)


class PersonFacts:
    """The facts of one person that leads name: by claim, by admission, and the reports of death."""

    __slots__ = ("admissions", "claims", "diagnoses", "others")

    def __init__(self) -> None:
        self.claims: dict[str, list[LedgerFact]] = {}
        self.admissions: dict[str, list[LedgerFact]] = {}
        self.diagnoses: dict[str, tuple[str, ...]] = {}
        self.others: dict[int, LedgerFact] = {}

    def take(self, row: Mapping[str, Any]) -> None:
        """Take an entry of journal intake."""
        fact = LedgerFact(row["number"], row["type"], row["source"], row["event_id"], row["recorded_at"])
        if fact.type in (ADMITTED, ADMISSION_CHANGED):
            said = _ADMISSIONS.decode(row["raw"]).data
            self.admissions.setdefault(said.admission_id, []).append(fact)
            if said.diagnoses is not None:
                self.diagnoses[said.admission_id] = tuple(code.upper() for code in said.diagnoses)
        elif row["claim_id"] is not None:
            self.claims.setdefault(row["claim_id"], []).append(fact)
        else:
            self.others[fact.number] = fact

    def of_claim(self, claim: SupervisedClaim) -> list[LedgerFact]:
        """All facts of a claim, in ledger order."""
        admitted = self.admissions.get(claim.admission_id, ()) if claim.admission_id is not None else ()
        return sorted([*admitted, *self.claims.get(claim.claim_id, ())], key=lambda fact: fact.number)


NO_FACTS = PersonFacts()


class LoadedPersons(Struct, frozen=True):
    """Some persons, and the facts of each."""

    persons: list[SupervisedPerson]
    facts: dict[str, PersonFacts]


async def load_supervised(connection: AsyncConnection, person_ids: Collection[str]) -> LoadedPersons:
    """Persons with all settled claims, in the order of their ids; one without claims is left out."""
    wanted = sorted(set(person_ids))
    facts = await load_facts(connection, wanted)
    enrolments = await load_enrolments(connection, wanted)
    by_person: dict[str, dict[int, Enrolment]] = {}
    for (person_id, year), enrolment in enrolments.items():
        by_person.setdefault(person_id, {})[year] = enrolment
    filings = await load_filings(connection, wanted)
    deaths = await _deaths(connection, wanted, facts)
    claims: dict[str, list[SupervisedClaim]] = {}
    for row in await fetch_text(connection, _OF_PERSONS, [wanted]):
        person_id = row["person_id"]
        own = by_person.get(person_id, {})
        claim = _claim(row, facts.get(person_id, NO_FACTS), own.get(row["date"].year), deaths.get(person_id))
        claims.setdefault(person_id, []).append(claim)
    away = {person_id for person_id, own_claims in claims.items() if any(map(is_away_as_filed, own_claims))}
    histories = (await load_histories(connection, away)).by_person if away else {}
    persons = [
        SupervisedPerson(
            person_id,
            claims[person_id],
            stays_of(claims[person_id]),
            by_person.get(person_id, {}),
            sorted(filings.get(person_id, ()), key=lambda filing: filing.number),
            deaths.get(person_id),
            tuple(claim for _, claim in sorted(histories.get(person_id, {}).items())),
        )
        for person_id in wanted
        if person_id in claims
    ]
    return LoadedPersons(persons, facts)


async def load_facts(
    connection: AsyncConnection, person_ids: Collection[str], claim_ids: Collection[str] | None = None
) -> dict[str, PersonFacts]:
    """The facts that leads name, by person; of the claims ``claim_ids`` alone where they are given."""
    wanted: list[Any] = [INTAKE_JOURNAL, sorted(person_ids), list(READ_TYPES)]
    query = _ENTRIES
    if claim_ids is not None:
        query, wanted = _ENTRIES_OF_CLAIMS, [*wanted, list(claim_ids)]
    found: dict[str, PersonFacts] = {}
    for row in await fetch_text(connection, query, wanted):
        found.setdefault(row["person_id"], PersonFacts()).take(row)
    return found


async def load_year(connection: AsyncConnection, year: int) -> list[SupervisedClaim]:
    """All settled claims of a benefit year, in the order of their ids."""
    found: list[SupervisedClaim] = []
    async for persons in _persons_of_year(connection, year):
        rows = await fetch_text(connection, _OF_YEAR, [persons, year])
        facts = await load_facts(connection, persons, {row["claim_id"] for row in rows})
        enrolments = await load_enrolments(connection, persons)
        deaths = await _deaths(connection, persons, facts)
        for row in rows:
            person_id = row["person_id"]
            own = enrolments.get((person_id, year))
            found.append(_claim(row, facts.get(person_id, NO_FACTS), own, deaths.get(person_id)))
    return sorted(found, key=lambda claim: claim.claim_id)


async def _persons_of_year(connection: AsyncConnection, year: int) -> AsyncIterator[list[str]]:
    query = "SELECT DISTINCT person_id FROM projections.statements WHERE year = $1 ORDER BY 1"
    rows = [row["person_id"] for row in await fetch_text(connection, query, [year])]
    for first in range(0, len(rows), PERSONS_AT_ONCE):
        yield rows[first : first + PERSONS_AT_ONCE]


async def _deaths(
    connection: AsyncConnection, person_ids: Sequence[str], facts: Mapping[str, PersonFacts]
) -> dict[str, DeathReport]:
    return {
        row["person_id"]: DeathReport(row["died_on"], facts[row["person_id"]].others[row["number"]])
        for row in await fetch_text(connection, _DEATHS, [person_ids])
    }


def _claim(
    row: Mapping[str, Any], facts: PersonFacts, enrolment: Enrolment | None, death: DeathReport | None
) -> SupervisedClaim:
    claim_id, admission_id = row["claim_id"], row["admission_id"]
    own = facts.claims.get(claim_id, ())
    claiming = next((fact for fact in own if fact.type in CLAIMING), None)
    if claiming is None:
        raise LookupError(f"no fact of journal {INTAKE_JOURNAL} claims {claim_id}")
    ends_on: date = row["date"]
    starts_on: date = row["admitted_on"] or ends_on
    return SupervisedClaim(
        claim_id=claim_id,
        number=row["number"],
        person_id=row["person_id"],
        hospital_id=row["hospital_id"],
        tier=row["tier"],
        hospital_region=row["hospital_region"],
        region=row["region"],
        scheme=row["scheme"],
        scheme_name=row["scheme_name"],
        setting=row["setting"],
        disease=row["disease"],
        diagnoses=facts.diagnoses.get(admission_id, ()) if admission_id is not None else (),
        starts_on=starts_on,
        ends_on=ends_on,
        days=max(1, (ends_on - starts_on).days),
        bill=BillParts(row["total"], row["in_scope"], row["upfront_copay"], row["over_limit"], row["self_funded"]),
        layers=tuple(map(tuple, row["layers"])),
        patient_share=row["patient_share"],
        hospital_share=row["hospital_share"],
        status=row["status"],
        revision=row["revision"],
        standing=row["standing"],
        filed=row["filed"],
        emergency=row["emergency"],
        stay_kind=row["stay_kind"],
        admission_id=admission_id,
        referral=tuple(row["referral"]),
        interim=row["interim"],
        prepaid=row["prepaid"],
        late=row["late"],
        poor=row["poor"],
        categories=tuple(row["categories"]),
        sex=(enrolment.sex if enrolment is not None else None) or row["sex"],
        age=row["age"],
        birth_month=enrolment.birth_month if enrolment is not None else None,
        died_on=death.died_on if death is not None else None,
        household_id=row["household_id"],
        invoice=row["invoice"],
        entry=claiming.number,
        event_id=claiming.event_id,
        source=row["source"],
        recorded_at=claiming.recorded_at,
        reversal=_last(own, REVERSED),
        corrections=tuple(fact for fact in own if fact.type == CORRECTED) if len(own) > 1 else (),
        audits=tuple(fact for fact in own if fact.type == AUDITED) if len(own) > 1 else (),
    )


def _last(facts: Iterable[LedgerFact], type_: str) -> LedgerFact | None:
    return next((fact for fact in reversed(tuple(facts)) if fact.type == type_), None)
