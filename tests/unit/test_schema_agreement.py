"""Schema and ledger agree: each example, changed in hundreds of ways, is taken by both or refused by both."""

import json
import random
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError, validators

from events.catalog import Unreadable, read
from events.schemas import json_schemas
from infra.border.answers import answer_documents
from infra.border.asyncapi import asyncapi
from tests.intake_examples import EXAMPLES, event

MUTATIONS = 200

TEXTS = [
    *("", " ", "\t\r\n", "\u00a0", "\u3000", "\u2028", "\u0085", "\x1c", "\u200b", "\ufeff", "\x00", "a\x00b"),
    *("x", "x\n", "\nx", "x" * 16, "x" * 17, "x" * 128, "x" * 129, "院" * 500, "院" * 501, "😀" * 500),
    *("E10.4+", "G63.2*", "I63.9", "I63,9", "220621", "022062", "2206211", "22062１"),
    *("2019-02-28", "2019-02-29", "2020-02-29", "2000-02-29", "1900-02-29", "2100-02-29", "2019-04-31", "2019-12-31"),
    *("1899-12-31", "1900-01-01", "2100-12-31", "2101-01-01", "2019-00-10", "2019-1-1", "2019-05-06\n", "20190506"),
    *("2019-05-06T10:30:00Z", "2019-05-06t10:30:00.123456789z", "2019-05-06T10:30:00.1234567890Z"),
    *("2019-05-06T24:00:00Z", "2019-05-06T23:59:60Z", "2019-05-06T10:30:00+23:59", "2019-05-06T10:30:00+24:00"),
    *("2019-02-29T00:00:00Z", "2020-02-29T00:00:00-08:00", "2100-02-29T00:00:00Z", "0000-01-01T00:00:00Z"),
    *("0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "2999-12-31T23:59:59Z", "2019-05-06 10:30:00Z"),
    *("application/json", "Application/JSON; charset=utf-8", "application/cloudevents+json", "text/plain"),
    *("application/jsonx", "application/json \n", "application/json;\n", "json", "a/b+json\t;"),
    *("0", "00", "0.5", "00000000000000000000001.50", "1.", ".5", "1.234", "-1", "+1", "1e3", "1,234.50"),
    *("99999999999.99", "100000000000", "100000000000.00", "99999999999.990", "12345678901"),
    *("hospital/H1", "bureau/220621", "bureau/fusong", "hospital/H 1", "civil-affairs/220621", "ledger/claims"),
    *("I", "II", "late", "added", "general", "dibao", "diabetes", "hospital", "0123456789abcdef" * 4, "1.0"),
]
NUMBERS = "0 -0 1 2 3 3.0 30e-1 2.5 -1 -0.0 0.01 0.010 0.125 1e2 1.005 2019 2019.0 2.019e3 1999 2100 2101 1e20 19.99 "
NUMBERS += "99999999999.99 100000000000 99999999999.995 2147483647 2147483648 -2147483648 -2147483649 2147483647.0"
OTHERS: list[Any] = [None, True, False, [], {}, [None], ["E11"], {"a": 1}]
NAMES = ["x", "actor", "Actor", "trace_id", "data_base64", "", "nickname", "a" * 40, "time", "subject", "traceparent"]


class Written(str):
    """A number as it is written."""

    __slots__ = ()


VALUES = [*TEXTS, *map(Written, NUMBERS.split()), *OTHERS]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield (*path, name)
        yield from places(each, (*path, name))


def mutated(sent: dict[str, Any], draw: random.Random) -> tuple[str, str]:
    """The event with one thing changed, as JSON, and what was changed."""
    changed = json.loads(json.dumps(sent))
    *path, name = draw.choice(list(places(changed)))
    part = changed
    for step in path:
        part = part[step]
    kind = draw.choice(["value"] * 6 + ["gone", "more"])
    value = draw.choice(VALUES)
    if kind == "gone":
        del part[name]
    elif kind == "value":
        part[name] = value
    elif isinstance(part, list):
        part.append(value)
    else:
        name = draw.choice(NAMES)
        part[name] = value
    text = json.dumps(changed, ensure_ascii=False)
    if isinstance(value, Written):
        text = text.replace(json.dumps(value), value)
    return text, f"{kind} {[*path, name]} {value!r:.60}"


def by_pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """ECMAScript's reading: Python's $ would also match before a line break at the end."""
    if isinstance(instance, str) and re.search(pattern.replace("$", r"\Z"), instance) is None:
        yield ValidationError(f"{instance!r} is not {pattern}")


VALIDATOR = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"pattern": by_pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer",
        lambda _, value: (
            not isinstance(value, bool)
            and isinstance(value, int | Decimal)
            and (isinstance(value, int) or (value.adjusted() < 30 and value == value.to_integral_value()))
        ),
    ),
)
UNSAYABLE = (
    *("must be after designated_from", "must not be before effective_on", "must lie in data.year"),
    *("must begin with data.region", "must begin with data.township", "national ID"),
    *("must be above 0", "must be two persons", "must be a 31 December"),
)
"""What no schema can say."""


@cache
def validator_of(type_: str) -> Any:
    """Of exact numbers: in binary floating point 19.99 is no multiple of 0.01."""
    return VALIDATOR(json.loads(json.dumps(schemas()[type_]), parse_float=Decimal))


@cache
def schemas() -> dict[str, Any]:
    return json_schemas()


@pytest.mark.parametrize("type_", EXAMPLES)
def test_schema_and_ledger_take_and_refuse_the_same(type_: str) -> None:
    validator = validator_of(type_)
    draw = random.Random(type_)
    sent = event(type_, time="2019-05-06T10:30:00+08:00", datacontenttype="application/json", subject="P1", actor="u7")
    taken = refused = 0
    for _ in range(MUTATIONS):
        text, what = mutated(sent, draw)
        instance = json.loads(text, parse_float=Decimal)
        fits = validator.is_valid(instance)
        try:
            read(text.encode(), EXAMPLES[type_][0], arriving=True)
            detail = None
        except Unreadable as refusal:
            if refusal.reason == "source_not_allowed" or any(word in refusal.detail for word in UNSAYABLE):
                continue
            detail = refusal.detail
        taken += detail is None
        refused += detail is not None
        assert fits is (detail is None), f"{what}: {detail or 'taken, and the schema refuses it'}"
    assert taken >= 10
    assert refused >= 80


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_value_is_judged_alike_in_a_text_a_day_an_amount_and_the_envelope(value: Any) -> None:
    for type_, path in (
        ("audit.found.v1", ("data", "reason")),
        ("audit.found.v1", ("data", "amount")),
        ("advance.issued.v1", ("data", "issued_on")),
        ("enrollment.recorded.v1", ("data", "year")),
        ("hospital.registered.v1", ("data", "tier")),
        ("admission.recorded.v1", ("data", "diagnoses", 0)),
        *(("claim.reversed.v1", (name,)) for name in ("time", "datacontenttype", "dataschema", "subject", "actor")),
    ):
        sent = json.loads(json.dumps(event(type_)))
        part = sent
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = value
        text = json.dumps(sent, ensure_ascii=False)
        text = text.replace(json.dumps(value), value) if isinstance(value, Written) else text
        fits = validator_of(type_).is_valid(json.loads(text, parse_float=Decimal))
        try:
            read(text.encode(), EXAMPLES[type_][0])
        except Unreadable:
            assert not fits, path
        else:
            assert fits, path


def test_answers_and_quote_replies_have_schemas_that_stand_alone() -> None:
    documents = answer_documents()
    examples = {
        name: message["examples"][0]["payload"]
        for name, message in asyncapi()["components"]["messages"].items()
        if name in documents
    }
    assert examples.keys() | {"quote.reply"} == documents.keys()
    assert {"rules.request", "rules.reply"} < examples.keys()
    for name, document in documents.items():
        Draft202012Validator.check_schema(document)
        validator = Draft202012Validator(document)
        if name != "quote.reply":
            assert list(validator.iter_errors(examples[name])) == []
            wrong = {"data": {}, "rules": {}, "day": 6, "claim_id": 6, "person_id": 6}
            wrong |= {part: {} for part in ("status", "entitlement", "account", "reconciliation")}
            assert list(validator.iter_errors(examples[name] | wrong))
    reply = Draft202012Validator(documents["quote.reply"])
    refused = {"reason": "not_enrolled", "detail": "P1 is not enrolled for 2019", "detail_zh": "未参保"}
    assert reply.is_valid({"statement": examples["claim.settled.v1"]["data"]})
    assert reply.is_valid({"refused": refused})
    assert not reply.is_valid({"refused": refused | {"reason": "because"}})
    assert not reply.is_valid({"refused": {"reason": "not_enrolled", "detail": "x"}})
