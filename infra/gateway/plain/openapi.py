"""The OpenAPI 3.1 document of plain HTTP, made from the models and schemas that AsyncAPI is made from."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
import orjson

from events.catalog import FACTS, HOSPITAL
from events.codes import ID_PATTERN
from events.refusals import REASONS
from infra.access.sources import ENTITLEMENT, RECONCILE, STATEMENT, STATUS
from infra.border.answers import STATEMENT as STATEMENT_SCHEMA
from infra.border.answers import TOLD
from infra.border.asyncapi import component_schemas
from infra.border.enquiries import TITLES as QUESTIONS
from infra.border.enquiries import reply_name, request_name
from infra.gateway.plain.answer_stream import EVENT_STREAM, PLACE_PATTERN
from infra.gateway.plain.answers import (
    LONGEST_WAIT_S,
    MOST_ANSWERS,
    USUAL_ANSWERS,
    USUAL_WAIT_S,
    Acknowledgement,
)
from infra.gateway.plain.documents import BATCH, MOST_EVENTS, STRUCTURED
from infra.gateway.plain.problems import PROBLEM_JSON, TITLES
from infra.messaging.streams import INTAKE

_SCHEMAS = "#/components/schemas/"
_JSON = "application/json"
BILLS = ("discharge.recorded.v1", "interim.recorded.v1", "outpatient.recorded.v1")
"""What a hospital's trial settlement can be asked of."""
_EVERYWHERE = (400, 401, 403, 405, 408, 429, 500, 503)
_WITH_BODY = (*_EVERYWHERE, 413, 422)
_WORDS: Mapping[str, Any] = {"type": "string"}


@cache
def openapi_json() -> bytes:
    """The document as it is served."""
    return orjson.dumps(openapi())


def openapi_text() -> bytes:
    """The document as people read it."""
    return orjson.dumps(openapi(), option=orjson.OPT_INDENT_2) + b"\n"


def openapi() -> dict[str, Any]:
    """The document as JSON would hold it."""
    paths = {
        "/events": {"post": _events()},
        "/answers": {"get": _answers()},
        "/answers/acknowledgement": {"post": _acknowledgement()},
        "/quote": {"post": _quote()},
        "/statements/{claim_id}": {"get": _statement()},
        "/sheets/{claim_id}": {"get": _sheet()},
        **{f"/{subject.removeprefix('claims.')}": {"post": _enquiry(subject)} for subject in _ASKED_BY_POST},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "claims-ledger · 医保一站式结算账本",
            "version": version("claims-ledger"),
            "description": "What a hospital's program sends to the ledger over HTTP, what it asks and hears. In words: "
            "docs/plain-http.md. The events themselves: docs/integrators.md.",
        },
        "servers": [{"url": "/v1", "description": "of the address that `claims gateway` prints"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": _used(_components(), paths),
            "responses": {f"problem{status}": _problem(status) for status in (*_WITH_BODY, 404, 415)},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "of `claims gateway keys add`"}
            },
        },
    }


_ASKED_BY_POST = (STATUS, ENTITLEMENT, RECONCILE)


def _events() -> dict[str, Any]:
    event = _one_of(type_ for type_, fact in FACTS.items() if HOSPITAL in fact.kinds)
    accepted = _object(
        {
            "id": {**_WORDS, "description": "of the event"},
            "stream": {"const": INTAKE},
            "sequence": {"type": "integer", "minimum": 1, "description": "its place in the stream"},
        }
    )
    return _operation(
        "sendEvents",
        "报送事件 send events",
        "One CloudEvent or a batch; binary mode is taken too (docs/plain-http.md). Nothing is sent unless the ledger "
        "would read and allow each event. 202: each is on disk; that the ledger takes it, its answer tells.",
        {"202": _content(_object({"accepted": {"type": "array", "items": accepted}}), "all are on disk")},
        (*_WITH_BODY, 415),
        body={
            STRUCTURED: {"schema": event},
            BATCH: {"schema": {"type": "array", "items": event, "minItems": 1, "maxItems": MOST_EVENTS}},
        },
    )


def _answers() -> dict[str, Any]:
    receipt = msgspec.json.schema(Acknowledgement)["$defs"]["Acknowledgement"]["properties"]["receipts"]["items"]
    answer = _object(
        {
            "receipt": receipt,
            "deliveries": {"type": "integer", "minimum": 1, "description": "how often it was handed out"},
            "event": _one_of(TOLD),
        }
    )
    told = _content(_object({"answers": {"type": "array", "items": answer, "maxItems": MOST_ANSWERS}}), "what waits")
    told["content"][EVENT_STREAM] = {"schema": {**_WORDS, "description": "id: for Last-Event-ID; data: the CloudEvent"}}
    return _operation(
        "takeAnswers",
        "取应答 take answers",
        "The oldest first; where nothing waits, what comes within `wait` seconds. "
        f"Accept: {EVENT_STREAM} gives a stream.",
        {"200": told},
        _EVERYWHERE,
        parameters=[
            _query("wait", "seconds to wait where nothing is there", 0, LONGEST_WAIT_S, USUAL_WAIT_S),
            _query("max", "how many answers at most", 1, MOST_ANSWERS, USUAL_ANSWERS),
            {
                "name": "Last-Event-ID",
                "in": "header",
                "description": f"of {EVENT_STREAM}: the last that was read",
                "schema": {"type": "string", "pattern": PLACE_PATTERN},
            },
        ],
    )


def _acknowledgement() -> dict[str, Any]:
    asked = msgspec.json.schema(Acknowledgement)["$defs"]["Acknowledgement"]
    return _operation(
        "acknowledgeAnswers",
        "确认应答 acknowledge answers",
        "They are handed out no more. A receipt may come late and again.",
        {"200": _content(_object({"acknowledged": {"type": "integer", "minimum": 1}}), "done")},
        _WITH_BODY,
        body={_JSON: {"schema": asked}},
    )


def _quote() -> dict[str, Any]:
    return _operation(
        "quote",
        "预结算 trial settlement",
        "What the event would settle to now; nothing is booked.",
        {"200": _content(_object({"statement": _reference(STATEMENT_SCHEMA)}), "as it would be settled")},
        _WITH_BODY,
        body={STRUCTURED: {"schema": _one_of(BILLS)}},
    )


_CLAIM: Mapping[str, Any] = {
    "name": "claim_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": ID_PATTERN},
}


def _statement() -> dict[str, Any]:
    told = {"200": _content(_told(STATEMENT), "of the hospital's own claim")}
    return _operation("statement", QUESTIONS[STATEMENT], "", told, (*_EVERYWHERE, 404, 422), parameters=[_CLAIM])


def _sheet() -> dict[str, Any]:
    return _operation(
        "sheet",
        "结算单 settlement sheet",
        "One page of A4 for print and signature, of the hospital's own claim that stands; it needs nothing beside it.",
        {"200": {"description": "the page", "content": {"text/html": {"schema": _WORDS}}}},
        (*_EVERYWHERE, 404, 422),
        parameters=[_CLAIM],
    )


def _enquiry(subject: str) -> dict[str, Any]:
    return _operation(
        subject.removeprefix("claims."),
        QUESTIONS[subject],
        "",
        {"200": _content(_told(subject), "what is told")},
        _WITH_BODY,
        body={_JSON: {"schema": _reference(request_name(subject))}},
    )


def _operation(
    name: str,
    summary: str,
    description: str,
    done: Mapping[str, Any],
    problems: Iterable[int],
    *,
    body: Mapping[str, Any] | None = None,
    parameters: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    refused = {str(status): {"$ref": f"#/components/responses/problem{status}"} for status in sorted(problems)}
    operation: dict[str, Any] = {"operationId": name, "summary": summary, "responses": {**done, **refused}}
    if description:
        operation["description"] = description
    if body is not None:
        operation["requestBody"] = {"required": True, "content": dict(body)}
    if given := list(parameters):
        operation["parameters"] = given
    return operation


def _problem(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": " · ".join(reversed(TITLES[status])),
        "content": {PROBLEM_JSON: {"schema": _reference("Problem")}},
    }
    if status in (429, 503):
        seconds = {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}
        told["headers"] = {"Retry-After": {**seconds, "required": True}}
    return told


def _components() -> dict[str, Any]:
    fault = _object({"field": {**_WORDS, "description": "JSON pointer into the request, or the parameter"}})
    fault["properties"] |= {"message": _WORDS, "message_zh": _WORDS}
    fault["required"] += ["message", "message_zh"]
    fault["properties"]["expected"] = {"type": "object", "description": "what was expected there, by name"}
    problem = _object(
        {
            "type": _WORDS,
            "title": _WORDS,
            "title_zh": _WORDS,
            "status": {"type": "integer"},
            "detail": _WORDS,
            "detail_zh": _WORDS,
        }
    )
    reason = {**_WORDS, "description": "of a question: a code of the ledger", "examples": list(REASONS)[:1]}
    accepted = {"type": "array", "items": {"type": "object"}, "description": "503: events that are on disk"}
    problem["properties"] |= {
        "errors": {"type": "array", "items": _reference("Fault")},
        "reason": reason,
        "accepted": accepted,
    }
    known = {name: _without_base64(schema) for name, schema in component_schemas().items()}
    return known | {"Problem": problem, "Fault": fault}


def _without_base64(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event's schema without the member that must be null: generators of clients stumble over that type."""
    told = {name: each for name, each in schema.get("properties", {}).items() if name != "data_base64"}
    return {**schema, "properties": told} if told else schema


def _used(schemas: Mapping[str, Any], paths: Any) -> dict[str, Any]:
    """Those of the schemas to which the paths lead, and the problems."""
    found: dict[str, Any] = {}
    left = ["Problem", *_references(paths)]
    while left:
        name = left.pop()
        if name not in found:
            found[name] = schemas[name]
            left += _references(schemas[name])
    return {name: found[name] for name in schemas if name in found}


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        if isinstance(reference := part.get("$ref"), str) and reference.startswith(_SCHEMAS):
            yield reference.removeprefix(_SCHEMAS)
        for each in part.values():
            yield from _references(each)
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _references(each)


def _told(subject: str) -> Any:
    """A reply's form where something is told; over HTTP a refusal is a problem."""
    return component_schemas()[reply_name(subject)]["oneOf"][0]


def _query(name: str, description: str, least: int, most: int, usual: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": least, "maximum": most, "default": usual}
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _content(schema: Any, description: str) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _one_of(types: Iterable[str]) -> dict[str, Any]:
    """An event of one of these types; which, generated clients tell by its ``type``."""
    named = {type_: f"{_SCHEMAS}{type_}" for type_ in types}
    references = [_reference(type_) for type_ in named]
    return {"oneOf": references, "discriminator": {"propertyName": "type", "mapping": named}}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"{_SCHEMAS}{name}"}
