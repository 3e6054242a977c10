"""JSON Schema of what sources ask beside trial settlements, and of the replies (docs/enquiries.md)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from events.refusals import REASONS
from infra.access.sources import ENTITLEMENT, RECONCILE, STATEMENT, STATUS
from infra.worker.enquiry_service import TOO_MANY_ENQUIRIES
from infra.worker.request_service import UNAVAILABLE
from processors.person.claim_account import StatementRequest
from processors.person.entitlement import EntitlementRequest
from processors.person.known_state import StatusRequest
from processors.reconciliation.settlement_day import ReconcileRequest

Schema = Mapping[str, Any]

REQUESTS: Mapping[str, type[Struct]] = {
    STATUS: StatusRequest,
    ENTITLEMENT: EntitlementRequest,
    STATEMENT: StatementRequest,
    RECONCILE: ReconcileRequest,
}
TITLES: Mapping[str, str] = {
    STATUS: "事件、入院、结算单的状态 what became of an event, an admission, a claim",
    ENTITLEMENT: "参保和待遇 what a person is entitled to",
    STATEMENT: "结算单明细 a claim's parts, payers, accumulations and capitals",
    RECONCILE: "按日对账 a day's count and sums held against the ledger",
}
_WORDS: Schema = {"type": "string", "minLength": 1}
_TEXT: Schema = {"type": ["string", "null"]}
_DAY: Schema = {"type": "string", "format": "date"}
_YUAN: Schema = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$", "description": "yuan"}
_STATES: tuple[str, ...] = ("unknown", "waiting", "taken", "refused", "open", "discharged", "cancelled")
_STATES += ("in_flight", "settled", "reversed")


def request_name(subject: str) -> str:
    """The name of the message that asks on a subject."""
    return f"{subject.removeprefix('claims.')}.request"


def reply_name(subject: str) -> str:
    """The name of the message that replies."""
    return f"{subject.removeprefix('claims.')}.reply"


def request_schemas() -> dict[str, Schema]:
    """Schemas of requests by name, each whole."""
    found: dict[str, Schema] = {}
    for subject, form in REQUESTS.items():
        (_, *_), parts = msgspec.json.schema_components([form], ref_template="{name}")
        found[request_name(subject)] = _inlined(parts[form.__name__], parts)
    found[request_name(STATUS)] = {**found[request_name(STATUS)], "minProperties": 1, "maxProperties": 1}
    return found


def reply_schemas(statement: str) -> dict[str, Schema]:
    """Schemas of replies by name; ``statement`` is the reference to that of a statement."""
    amounts = _object("sums", {"total": _YUAN, "funds": _YUAN, "patient_share": _YUAN})
    sums = {**amounts, "properties": {**amounts["properties"], "count": {"type": "integer"}}}
    told = {
        STATUS: {"status": _status()},
        ENTITLEMENT: {"entitlement": _entitlement()},
        STATEMENT: {"statement": {"$ref": statement}, "account": _account()},
        RECONCILE: {"reconciliation": _reconciliation(amounts, sums)},
    }
    reason: Schema = {"enum": [*REASONS, UNAVAILABLE, TOO_MANY_ENQUIRIES]}
    refused = _object("nothing is told", {"reason": reason, "detail": _WORDS, "detail_zh": _WORDS})
    return {
        reply_name(subject): {
            "description": TITLES[subject],
            "oneOf": [_object("what is told", parts), _object("why nothing is told", {"refused": refused})],
        }
        for subject, parts in told.items()
    }


def _status() -> Schema:
    state = _object("of one event, admission or claim", {"state": {"enum": list(_STATES)}})
    more = dict.fromkeys(("event_id", "admission_id", "claim_id", "person_id", "type", "reason"), _TEXT)
    more |= dict.fromkeys(("detail", "detail_zh", "recorded_at", "admitted_on"), _TEXT)
    return {**state, "properties": {**state["properties"], **more, "revision": {"type": ["integer", "null"]}}}


def _entitlement() -> Schema:
    limit = dict.fromkeys(("layer", "layer_zh", "bound", "bound_zh"), _WORDS) | {"track": {"type": "string"}}
    card = {"disease": _WORDS, "name": _WORDS, "class": _WORDS}
    return _object(
        "on a day",
        {
            "person_id": _WORDS,
            "day": _DAY,
            "insured": {"type": "boolean"},
            **dict.fromkeys(("region", "insurance_type", "insurance_type_zh", "from", "last"), _TEXT),
            "categories": _list(_object("held that day", {"code": _WORDS, "name": _WORDS})),
            "chronic_cards": _list(_object("valid that day", card)),
            "limits": _list(_object("of the year", limit | {"amount": _YUAN, "used": _YUAN, "left": _YUAN})),
        },
    )


def _account() -> Schema:
    parts = ("total", "in_scope", "upfront_copay", "over_limit", "self_funded")
    payer = dict.fromkeys(("layer", "layer_zh", "fund", "fund_zh"), _WORDS)
    payer |= {"insurer": _TEXT, "insurer_zh": _TEXT, "paid": _YUAN}
    used = _object("what the year had used", {"paid": _YUAN, "base": _YUAN})
    accumulation = {"year": {"type": "integer"}, "layer": _WORDS, "layer_zh": _WORDS, "track": {"type": "string"}}
    capitals = dict.fromkeys(("total", "paid", "patient_share"), _WORDS)
    return _object(
        "of one claim",
        {
            "bill": _object("the bill's parts", dict.fromkeys(parts, _YUAN)),
            "categories": _list(_object("held that day", {"code": _WORDS, "name": _WORDS})),
            "payers": _list(_object("in the order applied", payer)),
            "deductible": _YUAN,
            "accumulations": _list(_object("of a layer and track", accumulation | {"before": used, "after": used})),
            "capitals": _object("人民币大写", capitals),
        },
    )


def _reconciliation(amounts: Schema, sums: Schema) -> Schema:
    either: Schema = {"oneOf": [amounts, {"type": "null"}]}
    return _object(
        "of one day",
        {
            "day": _DAY,
            "agrees": {"type": "boolean"},
            "stated": sums,
            "ledger": sums,
            "claims": _list(_object("that differs", {"claim_id": _WORDS, "stated": either, "ledger": either})),
            "left_off": {"type": "integer", "description": "claims beyond those listed"},
        },
    )


def _inlined(schema: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"]], parts)
    return {name: _inlined(value, parts) for name, value in schema.items()}


def _object(description: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "type": "object", "properties": properties, "required": list(properties)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}
