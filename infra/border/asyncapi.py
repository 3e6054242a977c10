"""The AsyncAPI 3.0 document of the border: channels, messages and operations, from a source's point of view.

FastStream writes such documents from a broker's subscribers, which here are the ledger's own lanes; and its classes of
AsyncAPI 3.0 know neither parameters of a channel, nor replies, nor examples. So this is made from the catalog.
"""

from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import orjson
import yaml

from events.catalog import BUREAU, CIVIL_AFFAIRS, FACTS, HOSPITAL, POVERTY_OFFICE
from events.decisions import CLAIM_SETTLED, EVENT_ACCEPTED, EVENT_REJECTED, EVENT_WAITING
from events.schemas import json_schemas
from infra.access.sources import KINDS, PAYER, QUOTE, RULES, STATEMENT, Source
from infra.border.answers import QUOTED, RULES_REPLY, RULES_REQUEST, TOLD, answer_schemas
from infra.border.enquiries import REQUESTS, TITLES, reply_name, request_name
from infra.border.enquiry_examples import ENQUIRY_EXAMPLES
from infra.border.payouts import BOOKED, payout_schemas
from policies.funds import FUNDS

_SCHEMAS = "#/components/schemas/"
_SOMEONE = "220621"
"""Stands for a source's id where its subjects are asked for; any kind may have it."""
_NAMES = {
    HOSPITAL: "a hospital",
    BUREAU: "a bureau",
    CIVIL_AFFAIRS: "civil affairs",
    POVERTY_OFFICE: "a poverty office",
}
_ID_IS = {HOSPITAL: "the hospital's number (hospital_id)"}
_REGION = "the code of its region, GB/T 2260"
_PERSON = "the person_id that the data names, _ where it names none"
_TOKEN = "claim_id, else the event's id, else its place in INTAKE"  # noqa: S105 - of a subject
_ANSWERS = {
    HOSPITAL: tuple(TOLD),
    BUREAU: tuple(type_ for type_ in TOLD if type_ != EVENT_WAITING),
}
_ANSWERS_TO_OFFICES = (EVENT_ACCEPTED, EVENT_REJECTED)
"""A source that claims no bill hears whether its events were taken; a bureau's bill on paper never waits."""
_SENT = {type_: fact for type_, fact in FACTS.items() if not set(KINDS).isdisjoint(fact.kinds)}
"""The facts of sources; the others the ledger orders of itself."""
_NO_EVENTS = (
    *(QUOTED, RULES_REQUEST, RULES_REPLY),
    *(name(subject) for subject in REQUESTS for name in (request_name, reply_name)),
)
_RULES = {
    "rules": {
        "region": "360123",
        "scheme": "anyi",
        "insurance_types": ["resident"],
        "title": "安义县",
        "day": "2019-05-06",
        "settings": {"inpatient": None, "chronic": None},
        "diseases": ["esophageal_cancer"],
        "document": "安义县健康扶贫再提升实施方案（2018）",
        "hash": "0" * 64,
        "from": "2018-01-01",
        "until": None,
        "poor": ["registered_poor"],
        "card_classes": ["I", "II"],
        "chronic_list": None,
        "disease_details": [
            {"code": "esophageal_cancer", "name": "食管癌", "icd10": "C15", "uses": ["case_quota", "annual"]}
        ],
    }
}
_QUOTABLE = ("discharge.recorded.v1", "interim.recorded.v1", "outpatient.recorded.v1", "bill.submitted.v1")


def asyncapi() -> dict[str, Any]:
    """The document as JSON would hold it."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for kind in KINDS:
        channels |= _channels(kind)
        operations |= _operations(kind)
    channels |= _payouts_channel() | _quote_channels() | _rules_channels() | _enquiry_channels()
    operations["hearAsPayer"] = {"action": "receive", "channel": {"$ref": f"#/channels/payouts-{PAYER}"}}
    operations["askForQuote"] = _ask("quote", "what would this claim be paid now?")
    operations["askForRules"] = _ask("rules", "which settings and diseases does a county offer?")
    for subject, title in TITLES.items():
        name = subject.removeprefix("claims.")
        operations[f"askFor{name.capitalize()}"] = _ask(name, title)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "claims-ledger · 医保一站式结算账本",
            "version": version("claims-ledger"),
            "description": "What hospitals, bureaus and offices send to the ledger over NATS JetStream, what it "
            "answers, and what it tells who pays. Operations are those of a source. In words: docs/integrators.md.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "county": {
                "host": "nats.example:4222",
                "protocol": "nats",
                "description": "Its address is told by `claims access`, with the user. TLS: handshake first.",
                "security": [{"$ref": "#/components/securitySchemes/source"}],
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": _messages(),
            "schemas": component_schemas(),
            "securitySchemes": {
                "source": {
                    "type": "userPassword",
                    "description": "One user a source: `claims access hospital|bureau|office|payer …`. It may publish "
                    "on its own intake subjects (a payer has none) and pull from its own mailbox, nothing else.",
                }
            },
        },
    }


def asyncapi_yaml() -> str:
    """The document as text."""
    return yaml.dump(asyncapi(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
    """Writes a value again where it comes again: people read this."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _channels(kind: str) -> dict[str, Any]:
    source = Source(kind, _SOMEONE)
    parameters = {"source_id": {"description": _ID_IS.get(kind, _REGION)}}
    return {
        f"intake-{kind}": {
            "address": _address(source.intake or "", "person_id"),
            "title": f"what {_NAMES[kind]} sends",
            "description": "JetStream: wait for the acknowledgement, on a timeout send the same bytes again. One "
            "CloudEvent a message, no Nats-Msg-Id.",
            "messages": _named(type_ for type_, fact in _SENT.items() if kind in fact.kinds),
            "parameters": parameters | {"person_id": {"description": _PERSON}},
        },
        f"answers-{kind}": {
            "address": _address(source.hears, "token"),
            "title": f"what {_NAMES[kind]} hears",
            "description": f"Read from the mailbox, the durable pull consumer {_address(source.mailbox, '')} of stream "
            f"ANSWERS, with the inbox prefix {_address(source.inbox_prefix, '')}. Kept for 30 days; at least once.",
            "messages": _named(_ANSWERS.get(kind, _ANSWERS_TO_OFFICES)),
            "parameters": parameters | {"token": {"description": _TOKEN}},
        },
    }


def _operations(kind: str) -> dict[str, Any]:
    name = "".join(part.capitalize() for part in kind.split("-"))
    intake, answers = f"#/channels/intake-{kind}", f"#/channels/answers-{kind}"
    return {
        f"sendAs{name}": {"action": "send", "channel": {"$ref": intake}},
        f"hearAs{name}": {"action": "receive", "channel": {"$ref": answers}},
    }


def _payouts_channel() -> dict[str, Any]:
    return {
        f"payouts-{PAYER}": {
            "address": "claims.payouts.{fund}.{region}.{person_id}",
            "title": "支付事件 what a payer hears",
            "description": "Every booking on its fund in its region, in the ledger's order. Read from the mailbox, the "
            "durable pull consumer payouts-{fund}-{region} of stream PAYOUTS, with the inbox prefix "
            "_INBOX_payer_{fund}-{region}. Kept for 30 days; at least once, under one id.",
            "messages": _named(BOOKED),
            "parameters": {
                "fund": {
                    "description": "code of the fund: usual ones, or one of a scheme's own",
                    "examples": list(FUNDS),
                },
                "region": {"description": _REGION},
                "person_id": {"description": "whose claim, grant or premium it is"},
            },
        }
    }


def _quote_channels() -> dict[str, Any]:
    return {
        "quote": {
            "address": QUOTE,
            "title": "预结算 trial settlement",
            "description": f"Request and reply; nothing is booked. A {HOSPITAL} asks about its own events, for a "
            f"person with an open admission; a {BUREAU} about any but another's bill on paper.",
            "messages": _named(_QUOTABLE),
        },
        "quote-reply": {"address": None, "title": "the asker's inbox", "messages": _named([QUOTED])},
    }


def _rules_channels() -> dict[str, Any]:
    return {
        "rules": {
            "address": RULES,
            "title": "医保待遇与病种 what a county offers",
            "description": "Request and reply, by any source: the settings and diseases of the scheme in force.",
            "messages": _named([RULES_REQUEST]),
        },
        "rules-reply": {"address": None, "title": "the asker's inbox", "messages": _named([RULES_REPLY])},
    }


def _enquiry_channels() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for subject, title in TITLES.items():
        name = subject.removeprefix("claims.")
        channels[name] = {
            "address": subject,
            "title": title,
            "description": "Request and reply; nothing is written. Each is told of its own: docs/enquiries.md.",
            "messages": _named([request_name(subject)]),
        }
        channels[f"{name}-reply"] = {
            "address": None,
            "title": "the asker's inbox",
            "messages": _named([reply_name(subject)]),
        }
    return channels


def _ask(channel: str, summary: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "reply": {"channel": {"$ref": f"#/channels/{channel}-reply"}},
    }


def _messages() -> dict[str, Any]:
    examples = {example["type"]: example for example in map(orjson.loads, _example_lines())}
    told = {type_: fact.model.__doc__ or "" for type_, fact in _SENT.items()} | dict(TOLD) | dict(BOOKED)
    messages = {type_: _message(type_, summary, examples[type_]) for type_, summary in told.items()}
    statement = {"statement": examples[CLAIM_SETTLED]["data"]}
    return messages | {
        QUOTED: _message(QUOTED, "the reply to a trial settlement", statement),
        RULES_REQUEST: _message(RULES_REQUEST, "a region and a day", {"region": "230803", "day": "2019-05-06"}),
        RULES_REPLY: _message(RULES_REPLY, "the scheme in force there on that day", _RULES),
        **_enquiry_messages(statement),
    }


def _enquiry_messages(statement: dict[str, Any]) -> dict[str, Any]:
    messages: dict[str, Any] = {}
    for subject, (asked, told) in ENQUIRY_EXAMPLES.items():
        reply = told | (statement if subject == STATEMENT else {})
        messages[request_name(subject)] = _message(request_name(subject), TITLES[subject], asked)
        messages[reply_name(subject)] = _message(reply_name(subject), "what the ledger tells, or why not", reply)
    return messages


def _message(name: str, summary: str, example: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/json" if name in _NO_EVENTS else "application/cloudevents+json",
        "payload": {"$ref": f"{_SCHEMAS}{name}"},
        "examples": [{"name": "one", "payload": example}],
    }


def _example_lines() -> list[bytes]:
    return files("infra.border").joinpath("examples.jsonl").read_bytes().splitlines()


def component_schemas() -> dict[str, Any]:
    """The schemas of what sources send, ask and hear, by name.

    AsyncAPI and OpenAPI resolve references against the document: what each schema defines for itself moves beside it.
    """
    schemas: dict[str, Any] = {}
    schemas_of = json_schemas()
    for type_ in _SENT:
        whole = orjson.loads(orjson.dumps(schemas_of[type_]).replace(b'"#/$defs/', f'"{_SCHEMAS}'.encode()))
        for name, definition in whole.pop("$defs").items():
            if schemas.setdefault(name, definition) != definition:
                raise ValueError(f"two definitions of {name}")
        schemas[type_] = {name: value for name, value in whole.items() if name not in ("$schema", "$id")}
    answers = answer_schemas(_SCHEMAS) | payout_schemas(_SCHEMAS)
    if both := schemas.keys() & answers.keys():
        raise ValueError(f"two definitions of {', '.join(both)}")
    return schemas | answers


def _named(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _address(subject: str, last: str) -> str:
    return subject.replace(_SOMEONE, "{source_id}").replace("*", f"{{{last}}}")
