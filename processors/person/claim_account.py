"""A claim's statement as a window tells it (claims.statement): parts, payers, deductible, accumulations, capitals."""

from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events import refusal_details
from events.chinese_amount import in_capitals
from events.enquiries import EnquiredId, may_ask, read_enquiry
from events.money import yuan
from policies.claim import Used
from processors.law.terms import CATEGORY_NAMES, FUND_NAMES, INSURER_NAMES, LAYER_NAMES
from processors.person.accumulation_steps import RunningLayer, RunningStep, running_of
from processors.person.file_claims import file_claims
from processors.person.file_model import FileClaim
from processors.person.history import PersonHistory
from processors.person.replay import history_in, snapshot
from projections.claims import claims
from projections.statements import load_statements, statement_json

_PARTS = ("total", "in_scope", "upfront_copay", "over_limit", "self_funded")


class StatementRequest(Struct, forbid_unknown_fields=True):
    """Which claim."""

    claim_id: EnquiredId


async def tell_statement(engine: AsyncEngine, asker: str | None, body: bytes) -> dict[str, Any]:
    """``{"statement": {…}, "account": {…}}``: see docs/enquiries.md. Raises ``Refusal``.

    A claim of another hospital, or of persons of another region, is refused as one that does not exist.
    """
    claim_id = read_enquiry(body, StatementRequest).claim_id
    async with snapshot(engine) as connection:
        row = (await load_statements(connection, [claim_id])).get(claim_id)
        invoice = await connection.scalar(select(claims.c.invoice).where(claims.c.claim_id == claim_id))
        if row is None or not may_ask(
            asker, hospital_id=row["hospital_id"], region=row["region"], on_paper=invoice is not None
        ):
            raise refusal_details.unknown_claim(claim_id)
        history = await history_in(connection, row["person_id"])
    claim = next((each for each in file_claims(history, {}) if each.claim_id == claim_id), None)
    if claim is None:
        raise AssertionError(f"the entries do not settle claim {claim_id}")
    return {"statement": statement_json(row), "account": _account(history, claim)}


def _account(history: PersonHistory, claim: FileClaim) -> dict[str, Any]:
    text = next(each.scheme for each in history.claims if each.claim_id == claim.claim_id)
    scheme = history.schemes[text]
    layers = claim.layers if claim.stands else []
    bill = claim.bill
    steps = [step for step in running_of(history) if step.claim_id == claim.claim_id]
    shares = {"total": bill.total, "paid": claim.paid if claim.stands else 0, "patient_share": claim.patient}
    return {
        "bill": {name: yuan(getattr(bill, name)) for name in _PARTS},
        "categories": [{"code": code, "name": CATEGORY_NAMES[code]} for code in claim.categories],
        "payers": [_payer(layer.layer, layer.paid, *scheme.fund_of(layer.layer)) for layer in layers],
        "deductible": yuan(sum(layer.booked.deductible for step in steps for layer in step.layers)),
        "accumulations": _accumulations(steps),
        "capitals": {name: in_capitals(Decimal(yuan(fen))) for name, fen in shares.items()},
    }


def _payer(layer: str, paid: int, fund: str, insurer: str | None) -> dict[str, Any]:
    return {
        "layer": layer,
        "layer_zh": LAYER_NAMES[layer],
        "fund": fund,
        "fund_zh": FUND_NAMES[fund],
        "insurer": insurer,
        "insurer_zh": None if insurer is None else INSURER_NAMES[insurer],
        "paid": yuan(paid),
    }


def _accumulations(steps: list[RunningStep]) -> list[dict[str, Any]]:
    """Of each layer and track what the year had used without the claim, and with it, when it was settled last."""
    last: dict[tuple[int, str, str], RunningLayer] = {}
    booked: dict[tuple[int, str, str], Used] = {}
    for step in steps:
        for layer in step.layers:
            key = step.year, layer.layer, layer.track
            last[key] = layer
            booked.setdefault(key, Used()).merge(layer.booked)
    told = []
    for (year, name, track), layer in last.items():
        before = Used()
        before.merge(layer.used)
        before.merge(booked[year, name, track], sign=-1)
        told.append(
            {
                "year": year,
                "layer": name,
                "layer_zh": LAYER_NAMES[name],
                "track": track,
                "before": {"paid": yuan(before.paid), "base": yuan(before.base)},
                "after": {"paid": yuan(layer.used.paid), "base": yuan(layer.used.base)},
            }
        )
    return told
