"""A person's history as JSON (``claims replay --json``): money as yuan strings, traces rendered for people."""

from dataclasses import asdict
from typing import Any

from events.money import yuan
from policies.claim import Used
from policies.engine import Schemes
from policies.explain import render
from processors.person.history import (
    AcceptanceEntry,
    BookedCause,
    FactEntry,
    GrantEntry,
    HistoryEntry,
    PayoutEntry,
    PersonHistory,
    PremiumEntry,
    StatementEntry,
)
from processors.person.recalculation import HeldGrant
from processors.pipeline.claim_history import Acceptance
from processors.queries.uplift import uplifts_of
from projections.premiums import premium_json


def replay_json(history: PersonHistory) -> dict[str, Any]:
    """The history, how the books stood, and what preferences add by claim id (``uplift``).

    ``consistent`` says whether settling from scratch, under the facts known then, gives what was booked by then, and
    ``differences`` where not; it is None with a reason in ``skipped`` where a run was in flight.
    """
    return {
        "person_id": history.person_id,
        "as_of": history.as_of.isoformat(),
        "on": history.on.isoformat() if history.on else None,
        "history": [_entry_json(entry, history.schemes) for entry in history.entries],
        "statements": [statement.json() for statement in history.statements],
        "accumulations": _accumulations_json(history),
        "grants": [{"person_id": history.person_id} | grant_json(grant) for grant in history.grants],
        "premiums": [premium_json(premium) for premium in history.premiums],
        "consistent": history.consistent,
        "skipped": history.skipped,
        "differences": [asdict(difference) for difference in history.differences],
        "categories": list(history.categories),
        "uplift": uplifts_of(history.claims, history.schemes),
    }


def grant_json(grant: HeldGrant) -> dict[str, Any]:
    """A grant, without the person's id."""
    return {
        "scheme": grant.scheme,
        "grant": grant.kind,
        "year": grant.year or None,
        "amount": yuan(grant.amount),
        "claim_id": grant.claim_id,
    }


def _entry_json(entry: HistoryEntry, schemes: Schemes) -> dict[str, Any]:
    place = {"recorded_at": entry.recorded_at.isoformat(), "journal": entry.journal, "number": entry.number}
    return place | {"type": entry.type} | _content_json(entry, schemes)


def _content_json(entry: HistoryEntry, schemes: Schemes) -> dict[str, Any]:
    match entry:
        case FactEntry():
            return _fact_json(entry)
        case AcceptanceEntry():
            return {"claim": _acceptance_json(entry.acceptance, schemes)}
        case PayoutEntry():
            return _payout_json(entry, schemes)
        case StatementEntry():
            window = {} if entry.due_at_window is None else {"due_at_window": yuan(entry.due_at_window)}
            statement = {"statement": entry.statement.json(), "run": entry.run, "cause": _cause_json(entry.cause)}
            return statement | window
        case GrantEntry():
            grant = {"person_id": entry.person_id} | grant_json(entry.grant)
            return {"grant": grant, "booked": yuan(entry.booked), "cause": _cause_json(entry.cause)}
        case PremiumEntry():
            return _premium_json(entry)
        case _:
            raise TypeError(f"{type(entry).__name__} is no entry of a person's history")


def _fact_json(entry: FactEntry) -> dict[str, Any]:
    fact = entry.fact
    # The model's JSON, not the sender's: money as yuan with two decimals, defaults filled in.
    data = fact.data.model_dump(mode="json", exclude_none=True)
    return {
        "source": fact.source,
        "id": fact.id,
        "actor": fact.extensions.get("actor"),
        "extensions": fact.extensions,
        "data": data,
    }


def _acceptance_json(acceptance: Acceptance, schemes: Schemes) -> dict[str, Any]:
    claim = acceptance.claim
    return {
        "claim_id": claim.claim_id,
        "claim_number": claim.number,
        "fact": acceptance.fact,
        "instead_of": acceptance.instead_of,
        "actor": acceptance.actor,
        "scheme": schemes[claim.scheme].name,
        "scheme_hash": claim.scheme,
        "date": claim.date.isoformat(),
        "setting": claim.setting,
        "tier": claim.tier,
        "hospital_id": claim.hospital_id,
        "hospital_region": claim.hospital_region,
        "region": claim.region,
        "filed": claim.filed,
        "prescriber_tier": claim.prescriber_tier,
        "card_class": claim.card_class,
        "any_card": claim.any_card,
        "referral": list(claim.referral),
        "categories": list(claim.categories),
        "insurance_type": claim.insurance_type,
        "age": claim.age,
        "sex": claim.sex,
        "household_id": claim.household_id,
        "contracted_doctor": claim.contracted_doctor,
        "emergency": claim.emergency,
        "stay_kind": claim.stay_kind,
        "submitted_by": claim.submitted_by,
        "invoice": claim.invoice,
        "admitted_on": claim.admitted_on and claim.admitted_on.isoformat(),
        "card_diseases": list(claim.card_diseases),
        "years_insured": claim.years_insured,
        "interim": claim.interim,
    }


def _payout_json(entry: PayoutEntry, schemes: Schemes) -> dict[str, Any]:
    return {
        "claim_id": entry.claim_id,
        "claim_number": entry.claim_number,
        "run": entry.run,
        "stage": entry.stage,
        "layer": entry.layer,
        "track": entry.track,
        "runs_now": entry.runs_now,
        "booked": {name: yuan(getattr(entry.booked, name)) for name in ("base", "deductible", "paid", "extra")},
        "before": yuan(entry.before),
        "after": yuan(entry.after),
        "cause": _cause_json(entry.cause),
        "counterparty": entry.counterparty,
        **entry.fund.told(),
        "trace": render(schemes[entry.scheme_hash], entry.trace),
        "accumulated": _used_json(entry.accumulated),
    }


def _premium_json(entry: PremiumEntry) -> dict[str, Any]:
    premium = entry.premium
    content = {
        "year": premium.year,
        "scheme": premium.scheme,
        "layer": premium.layer,
        "region": premium.region,
        "payer": premium.payer,
        "category": premium.category,
        "cite": premium.cite,
        "grade": premium.grade,
        "before": yuan(entry.before),
        "after": yuan(entry.after),
    }
    return {"premium": content, "booked": yuan(premium.amount), "cause": _cause_json(entry.cause)}


def _cause_json(cause: BookedCause | None) -> dict[str, Any] | None:
    return cause.json() if cause is not None else None


def _accumulations_json(history: PersonHistory) -> list[dict[str, Any]]:
    return [
        {"person_id": history.person_id, "year": year, "scheme": scheme, "layer": layer} | _used_json(used)
        for (year, scheme, layer), used in history.counted()
    ]


def _used_json(used: Used) -> dict[str, Any]:
    return {
        "base": yuan(used.base),
        "deductible": yuan(used.deductible),
        "paid": yuan(used.paid),
        "claims": used.claims,
    }
