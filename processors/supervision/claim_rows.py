"""The rows of a claim as the rules of supervision see it, and how they make one.

A first look reads all claims of the ledger, rules on peers those of four years at once. So a row is taken apart in one
step, and what many claims say alike is kept once.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from sys import intern
from typing import Any

import msgspec
from msgspec import Struct

from policies.claim import BillParts
from processors.delivery.names import INTAKE_JOURNAL
from processors.supervision.claim import LedgerFact, SupervisedClaim

# joined by whole keys alone: no plan of it, for any number of persons, is far worse than the best
CLAIMS = """
SELECT claim.claim_id, claim.number, claim.person_id, claim.hospital_id, claim.tier, claim.hospital_region,
       claim.region, claim.scheme, statement.scheme, claim.setting, claim.disease,
       coalesce(claim.admitted_on, admission.admitted_on, claim.date), claim.date,
       claim.total, claim.in_scope, claim.upfront_copay, claim.over_limit, claim.self_funded,
       statement.layers::text, statement.patient_share, statement.hospital_share, statement.status, statement.revision,
       claim.standing, claim.filed, claim.emergency, claim.stay_kind, claim.admission_id, claim.referral,
       claim.interim, coalesce(enrolment.sex, claim.sex), claim.age, enrolment.birth_month, death.died_on,
       claim.household_id, claim.invoice
FROM projections.claims AS claim
JOIN projections.statements AS statement USING (claim_id)
LEFT JOIN projections.admissions AS admission ON admission.admission_id = claim.admission_id
LEFT JOIN projections.enrolments AS enrolment
       ON enrolment.person_id = claim.person_id AND enrolment.year = extract(year FROM claim.date)::smallint
LEFT JOIN projections.deaths AS death ON death.person_id = claim.person_id
WHERE claim.person_id = ANY($1)
"""
"""Of the persons ``$1``; a condition may follow."""
_LAYERS = msgspec.json.Decoder(tuple[tuple[str, int], ...])


class SupervisedFacts(Struct):
    """What claims take of their facts.

    ``entries`` are the numbers in journal intake of the facts that claimed them, ``reversals`` those that took them
    back, both by claim; ``diagnoses`` are by admission, as last stated.
    """

    entries: dict[str, int] = {}
    diagnoses: dict[str | None, tuple[str, ...]] = {}
    reversals: Mapping[str, LedgerFact] = {}


def supervised_claim(row: Sequence[Any], facts: SupervisedFacts) -> SupervisedClaim:
    """The claim of a row. Raises ``LookupError`` where no fact claims it."""
    claim_id, number, person_id, hospital_id, tier, hospital_region, region = row[:7]
    scheme, scheme_name, setting, disease = row[7:11]
    starts_on, ends_on, total, in_scope, upfront_copay, over_limit, self_funded, layers = row[11:19]
    patient_share, hospital_share, status, revision, standing, filed, emergency, stay_kind = row[19:27]
    admission_id, referral, interim, sex, age, birth_month, died_on, household_id, invoice = row[27:]
    entry = facts.entries.get(claim_id)
    if entry is None:
        raise LookupError(f"no fact of journal {INTAKE_JOURNAL} claims {claim_id}")
    return SupervisedClaim(
        claim_id,
        number,
        intern(person_id),
        intern(hospital_id),
        tier,
        intern(hospital_region),
        intern(region),
        intern(scheme),
        intern(scheme_name),
        intern(setting),
        None if disease is None else intern(disease),
        facts.diagnoses.get(admission_id, ()),
        _same(starts_on),
        _same(ends_on),
        max(1, (ends_on - starts_on).days),
        BillParts(total, in_scope, upfront_copay, over_limit, self_funded),
        tuple([(intern(layer), fen) for layer, fen in _LAYERS.decode(layers)]),
        patient_share,
        hospital_share,
        intern(status),
        revision,
        standing,
        filed,
        emergency,
        intern(stay_kind),
        admission_id,
        tuple(referral),
        interim,
        None if sex is None else intern(sex),
        age,
        birth_month,
        died_on,
        household_id,
        invoice,
        entry,
        facts.reversals.get(claim_id),
    )


@lru_cache(maxsize=20_000)
def _same(day: date) -> date:
    return day
