"""JSON Schema of what the ledger answers: CloudEvents of ANSWERS, replies to ``claims.quote`` and ``claims.rules``."""

from collections.abc import Mapping
from typing import Any

from events.catalog import ITSELF
from events.codes import CODE_PATTERN, ID_PATTERN, REGION_PATTERN, SETTINGS, TIERS
from events.decisions import (
    CLAIM_RESETTLED,
    CLAIM_SETTLED,
    EVENT_ACCEPTED,
    EVENT_REJECTED,
    EVENT_WAITING,
    REFUSAL_LIFTED,
)
from events.refusals import REASONS
from events.schemas import DIALECT
from infra.access.sources import STATEMENT as ACCOUNT
from infra.border.enquiries import REQUESTS, reply_name, reply_schemas, request_name, request_schemas
from infra.border.payouts import BOOKED, PAYOUT, payout_schemas
from infra.worker.quote_service import TOO_MANY
from infra.worker.request_service import UNAVAILABLE

Schema = Mapping[str, Any]

TOLD: Mapping[str, str] = {
    CLAIM_SETTLED: "the first statement of a claim, told to its hospital, or to the bureau that had it on paper",
    CLAIM_RESETTLED: "the whole statement again, whenever something in it has changed; it may come at any time",
    EVENT_ACCEPTED: "an event is in the books that brings no statement by itself: anything but what claims a bill",
    EVENT_REJECTED: "an event was refused, and what to mend; told to its sender's mailbox",
    EVENT_WAITING: "a discharge came before its admission; it goes on by itself once that is there",
    REFUSAL_LIFTED: "the person of a claim that was refused as not_enrolled is enrolled by now: send it again",
}
"""The answers of ANSWERS, and when each comes."""

STATEMENT, REFUSED, WAITING, ACCEPTED, LIFTED = "Statement", "Refused", "Waiting", "Accepted", "Lifted"
QUOTED = "Quoted"
QUOTE_REPLY = "quote.reply"
"""The name of the file with the schema of a reply to ``claims.quote``."""
RULES_REQUEST, RULES_REPLY = "rules.request", "rules.reply"
"""What is asked on ``claims.rules``, and the reply: names of messages and of files."""
_WORDS: Schema = {"type": "string", "minLength": 1}
_DAY: Schema = {"type": "string", "format": "date"}
_DATA = {
    CLAIM_SETTLED: STATEMENT,
    CLAIM_RESETTLED: STATEMENT,
    EVENT_ACCEPTED: ACCEPTED,
    EVENT_REJECTED: REFUSED,
    EVENT_WAITING: WAITING,
    REFUSAL_LIFTED: LIFTED,
}


def answer_schemas(prefix: str) -> dict[str, Schema]:
    """Schemas by name, one for each answer's type and for the parts they share; references begin with ``prefix``.

    Objects are open: an answer may get fields that no reader knows yet.
    """
    parts = {
        STATEMENT: _statement(),
        REFUSED: _refused(),
        WAITING: _waiting(),
        ACCEPTED: _accepted(),
        LIFTED: _lifted(),
        QUOTED: _quoted(prefix),
        RULES_REQUEST: _rules_request(),
        RULES_REPLY: _rules_reply(),
        **request_schemas(),
        **reply_schemas(f"{prefix}{STATEMENT}"),
    }
    return parts | {type_: _envelope(type_, f"{prefix}{_DATA[type_]}") for type_ in TOLD}


def answer_documents() -> dict[str, Schema]:
    """A schema by itself for each answer and booking, for replies and the request of rules, by the name of its file."""
    definitions = answer_schemas("#/$defs/") | payout_schemas("#/$defs/")
    roots: dict[str, tuple[str, tuple[str, ...]]] = {type_: (type_, (_DATA[type_],)) for type_ in TOLD}
    roots |= {QUOTE_REPLY: (QUOTED, (STATEMENT,))} | {name: (name, ()) for name in (RULES_REQUEST, RULES_REPLY)}
    roots |= {type_: (type_, (PAYOUT,)) for type_ in BOOKED}
    roots |= {request_name(subject): (request_name(subject), ()) for subject in REQUESTS}
    roots |= {
        reply_name(subject): (reply_name(subject), (STATEMENT,) if subject == ACCOUNT else ()) for subject in REQUESTS
    }
    return {
        name: {
            "$schema": DIALECT,
            "$id": f"claims-ledger/{name}",
            "title": name,
            **definitions[root],
            "$defs": {part: definitions[part] for part in parts},
        }
        for name, (root, parts) in roots.items()
    }


def _envelope(type_: str, data: str) -> Schema:
    return _object(
        TOLD[type_],
        {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "minLength": 1, "description": "drop an answer whose id has been seen"},
            "source": {"const": ITSELF},
            "type": {"const": type_},
            "subject": {"type": "string", "minLength": 1, "description": "the last part of the NATS subject"},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "data": {"$ref": data},
        },
    )


def _statement() -> Schema:
    layer = _object(
        "one line of protection", {"layer": _code("of the scheme's path"), "paid": _yuan("what it pays in all")}
    )
    statement = _object(
        "结算单: the outcome of one claim, net of every adjustment. total = all layers + both shares",
        {
            "claim_id": _id("the hospital's number of the claim"),
            "person_id": _id("the insured's pseudonymous number"),
            "region": _region("of the person"),
            "scheme": {"type": "string", "minLength": 1, "description": "name of the scheme that settled it"},
            "year": {"type": "integer", "description": "benefit year"},
            "setting": {"enum": list(SETTINGS)},
            "date": {"type": "string", "format": "date", "description": "day of discharge or service"},
            "status": {"enum": ["settled", "reversed"]},
            "revision": {"type": "integer", "minimum": 1, "description": "1 plus how often the net figures changed"},
            "total": _yuan("医疗费总额, of the bill as last corrected"),
            "categories": {"type": "array", "items": _code("of a category"), "description": "held on date"},
            "layers": {"type": "array", "items": layer, "description": "in the order applied; none once reversed"},
            "patient_share": _yuan("个人负担"),
            "hospital_share": _yuan("医院承担"),
            "payee": {"enum": ["hospital", "person"], "description": "person where the claim was prepaid"},
        },
    )
    due = {
        "type": "string",
        "pattern": r"^-?[0-9]+\.[0-9]{2}$",
        "description": "窗口应补: what the person still owes the hospital at its window, yuan; under 0 (应退) the "
        "hospital gives it back. Only of a claim settled again for your own correction, or for an audit laid on you",
    }
    return {**statement, "properties": {**statement["properties"], "due_at_window": due}}


def _refused() -> Schema:
    unread: Schema = {"type": ["string", "null"], "description": "null where it could not be read"}
    return _object(
        "why an event was refused; it is stored, a large one by its digest and head",
        {
            "source": unread,
            "event_id": {"type": "string", "description": "its id, or its place in INTAKE where none could be read"},
            "type": unread,
            "reason": {"enum": list(REASONS)},
            "detail": {"type": "string", "minLength": 1, "description": "what to mend, in English"},
            "detail_zh": {"type": "string", "minLength": 1, "description": "the same in Chinese"},
            "seq": _place(),
        },
    )


def _waiting() -> Schema:
    return _object(
        "what a discharge waits for",
        {
            "source": {"type": "string"},
            "event_id": _id("the discharge's id"),
            "waits_for": _id("the admission_id"),
            "seq": _place(),
        },
    )


def _accepted() -> Schema:
    return _object(
        "which event was accepted",
        {
            "source": {"type": "string"},
            "event_id": _id("its id"),
            "type": {"type": "string"},
            "seq": _place(),
        },
    )


def _lifted() -> Schema:
    return _object(
        "a refused claim that can be sent again",
        {
            "source": {"type": "string"},
            "event_id": {"type": "string", "description": "id of the event that was refused"},
            "type": {"type": "string"},
            "claim_id": _id("the claim that was refused"),
            "reason": {"const": "not_enrolled"},
            "detail": {"type": "string", "minLength": 1},
            "detail_zh": {"type": "string", "minLength": 1},
        },
    )


def _place() -> Schema:
    return {"type": "integer", "minimum": 1, "description": "the event's place in INTAKE, which its sending returned"}


def _quoted(prefix: str) -> Schema:
    reason: Schema = {"enum": [*REASONS, UNAVAILABLE, TOO_MANY]}
    refused = _object("no statement", {"reason": reason, "detail": _WORDS, "detail_zh": _WORDS})
    return {
        "description": "预结算: the statement as settling the event now would give, or why it would be refused",
        "oneOf": [
            _object("it would be settled", {"statement": {"$ref": f"{prefix}{STATEMENT}"}}),
            _object("it would be refused", {"refused": refused}),
        ],
    }


def _rules_request() -> Schema:
    asked = _object("which region's rules, on which day", {"region": _region("of the insured"), "day": _DAY})
    insured_as = _code("what the insured are insured as; resident where absent")
    return {**asked, "properties": {**asked["properties"], "insurance_type": insured_as}}


def _rules_reply() -> Schema:
    codes: Schema = {"type": "array", "items": _code("of a disease"), "description": "codes to send as disease"}
    tiers: Schema = {"type": ["array", "null"], "items": {"enum": list(TIERS)}, "description": "null: every tier"}
    settings: Schema = {
        "type": "object",
        "propertyNames": {"enum": list(SETTINGS)},
        "additionalProperties": tiers,
        "description": "in which claims are taken, with the tiers of hospitals",
    }
    disease = _object(
        "a disease that rules or grants ask for",
        {
            "code": _code("to send as disease"),
            "name": {**_WORDS, "description": "in Chinese"},
            "icd10": {"type": ["string", "null"], "description": "to find it by; the ledger goes by the code alone"},
            "uses": {
                "type": "array",
                "items": _WORDS,
                "description": "layers, case_quota, chronic_list, annual, one_off",
            },
        },
    )
    listed = _object(
        "a disease that chronic claims are taken of",
        {
            "code": _code("of the disease"),
            "class": {"enum": ["I", "II", None], "description": "of its claims; null: the card's"},
            "layers": {"type": ["array", "null"], "items": _WORDS, "description": "beside basic; null: all"},
        },
    )
    rules = _object(
        "the scheme in force",
        {
            "region": _region("as asked"),
            "scheme": _WORDS,
            "insurance_types": {"type": "array", "items": _code("of those it serves")},
            "title": _WORDS,
            "day": _DAY,
            "settings": settings,
            "diseases": codes,
            "document": {**_WORDS, "description": "the document that it states"},
            "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "sha256 of its text"},
            "from": {**_DAY, "description": "first day of claims under it"},
            "until": {"type": ["string", "null"], "format": "date", "description": "exclusive; null: open"},
            "poor": {"type": "array", "items": _code("of a category"), "description": "优惠对象"},
            "card_classes": {"type": "array", "items": {"enum": ["I", "II"]}, "description": "told apart in values"},
            "chronic_list": {
                "type": ["array", "null"],
                "items": listed,
                "description": "门诊慢特病目录; null: any disease",
            },
            "disease_details": {"type": "array", "items": disease},
        },
    )
    reason: Schema = {"enum": ["malformed", "no_policy", UNAVAILABLE]}
    refused = _object("nothing to tell", {"reason": reason, "detail": _WORDS, "detail_zh": _WORDS})
    return {
        "description": "what a county offers on a day, or why nothing is told",
        "oneOf": [_object("there is a scheme", {"rules": rules}), _object("there is none", {"refused": refused})],
    }


def _code(description: str) -> Schema:
    return {"type": "string", "pattern": CODE_PATTERN, "description": description}


def _region(description: str) -> Schema:
    return {"type": "string", "pattern": REGION_PATTERN, "description": f"{description}, GB/T 2260"}


def _object(description: str, properties: Schema) -> Schema:
    return {"description": description, "type": "object", "properties": properties, "required": list(properties)}


def _id(description: str) -> Schema:
    return {"type": "string", "pattern": ID_PATTERN, "description": description}


def _yuan(description: str) -> Schema:
    return {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2}$", "description": f"{description}, yuan"}
