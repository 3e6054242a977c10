"""The AsyncAPI document says what the catalog, the streams and the users' rights say."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from jsonschema import Draft7Validator

from events.catalog import DERIVED, FACTS, read
from infra.access.sources import KINDS, PAYER, QUOTE, RULES, Source
from infra.border.answers import QUOTED, RULES_REPLY, RULES_REQUEST, TOLD
from infra.border.asyncapi import asyncapi, asyncapi_yaml
from infra.border.enquiries import REQUESTS, reply_name, request_name
from infra.border.payouts import BOOKED
from policies.engine import settle
from policies.loader import load_directory
from policies.scheme import Scheme
from processors.law.offers import offered
from processors.pipeline.settlement import statement_row
from projections.statements import statement_json
from tests.engine import HASHES, claim

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = asyncapi()
SENT = [type_ for type_, fact in FACTS.items() if set(fact.kinds) & set(KINDS)]
COMPONENTS = DOCUMENT["components"]
ENQUIRIES = [name(subject) for subject in REQUESTS for name in (request_name, reply_name)]
NO_EVENTS = (QUOTED, RULES_REQUEST, RULES_REPLY, *ENQUIRIES)


def resolved(reference: str) -> Any:
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else ())
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def problems(message: str, payload: Any) -> list[str]:
    """What a message's schema has against a payload; AsyncAPI's schemas are of draft 7."""
    schema = {**COMPONENTS["messages"][message]["payload"], "components": COMPONENTS}
    Draft7Validator.check_schema(resolved(schema["$ref"]))
    return [error.message for error in Draft7Validator(schema).iter_errors(payload)]


def test_the_file_is_what_the_code_gives() -> None:
    written = (DOCS / "asyncapi.yaml").read_text(encoding="utf-8")
    assert written == asyncapi_yaml(), "make asyncapi"
    assert yaml.safe_load(written) == DOCUMENT


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert all(resolved(reference) for reference in found)
    used = {reference.removeprefix("#/components/schemas/") for reference in found if "/schemas/" in reference}
    assert used == COMPONENTS["schemas"].keys()


def test_every_fact_and_every_answer_is_a_message() -> None:
    assert COMPONENTS["messages"].keys() == {*SENT, *TOLD, *BOOKED, *NO_EVENTS}
    assert TOLD.keys() | BOOKED.keys() < DERIVED


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_finds_its_channels_with_what_it_may_say(kind: str) -> None:
    intake, answers = DOCUMENT["channels"][f"intake-{kind}"], DOCUMENT["channels"][f"answers-{kind}"]
    assert list(intake["messages"]) == [type_ for type_, fact in FACTS.items() if kind in fact.kinds]
    source = Source(kind, "220621")
    for channel, allowed in ((intake, source.intake), (answers, source.hears)):
        assert channel["parameters"].keys() == set(re.findall(r"{(\w+)}", channel["address"]))
        filled = channel["address"].replace("{source_id}", source.id)
        assert re.sub(r"{\w+}", "*", filled) == allowed
    said = answers["description"].replace("{source_id}", source.id)
    assert source.mailbox in said
    assert source.inbox_prefix in said
    acting = {
        (operation["action"], operation["channel"]["$ref"])
        for operation in DOCUMENT["operations"].values()
        if operation["channel"]["$ref"].endswith(f"-{kind}")
    }
    assert acting == {("send", f"#/channels/intake-{kind}"), ("receive", f"#/channels/answers-{kind}")}


def test_a_payer_finds_its_channel() -> None:
    channel = DOCUMENT["channels"]["payouts-payer"]
    payer = Source(PAYER, "critical_illness.360123")
    assert list(channel["messages"]) == list(BOOKED)
    assert re.sub(r"{person_id}", "*", _filled(channel["address"])) == payer.hears
    said = _filled(channel["description"])
    assert payer.mailbox in said
    assert payer.inbox_prefix in said
    assert channel["parameters"].keys() == {"fund", "region", "person_id"}
    assert DOCUMENT["operations"]["hearAsPayer"]["action"] == "receive"


def _filled(text: str) -> str:
    return text.replace("{fund}", "critical_illness").replace("{region}", "360123")


def test_addresses_are_those_of_the_streams() -> None:
    """The stars of infra/messaging/streams.py."""
    for name, channel in DOCUMENT["channels"].items():
        stream = re.sub(r"{\w+}", "*", channel["address"] or "").split(".")
        if name.startswith(("intake-", "answers-", "payouts-")):
            assert [stream[0], stream[1], len(stream)] == ["claims", name.partition("-")[0], 5]
    quote = DOCUMENT["channels"]["quote"]
    claims = ["discharge.recorded.v1", "interim.recorded.v1", "outpatient.recorded.v1", "bill.submitted.v1"]
    assert (quote["address"], list(quote["messages"])) == (QUOTE, claims)
    assert DOCUMENT["operations"]["askForQuote"]["reply"] == {"channel": {"$ref": "#/channels/quote-reply"}}
    rules = DOCUMENT["channels"]["rules"]
    assert (rules["address"], list(rules["messages"])) == (RULES, [RULES_REQUEST])
    assert DOCUMENT["operations"]["askForRules"]["reply"] == {"channel": {"$ref": "#/channels/rules-reply"}}
    assert list(DOCUMENT["channels"]["rules-reply"]["messages"]) == [RULES_REPLY]


@pytest.mark.parametrize("scheme", load_directory(), ids=lambda scheme: scheme.name)
def test_what_a_county_offers_is_what_the_schema_says(scheme: Scheme) -> None:
    told = {"rules": offered(scheme, date(2019, 9, 1)).told("230803")}
    assert problems(RULES_REPLY, told) == []
    assert problems(RULES_REPLY, {"rules": told["rules"] | {"settings": {"dental": None}}}) != []
    assert problems(RULES_REPLY, {"rules": told["rules"] | {"diseases": ["B05"]}}) != []


@pytest.mark.parametrize("message", [*SENT, *TOLD, *BOOKED, *NO_EVENTS])
def test_examples_are_what_their_schemas_ask_for(message: str) -> None:
    (example,) = COMPONENTS["messages"][message]["examples"]
    payload = example["payload"]
    assert problems(message, payload) == []
    if message in FACTS:
        assert read(orjson.dumps(payload), payload["source"]).type == message
    what = ("data", "statement", "rules", "day", "claim_id", "person_id", "status", "entitlement", "reconciliation")
    assert problems(message, {name: value for name, value in payload.items() if name not in what})


def test_the_events_to_try_are_what_the_schemas_ask_for() -> None:
    for line in (DOCS / "examples" / "first.jsonl").read_bytes().splitlines():
        event = orjson.loads(line)
        assert problems(event["type"], event) == []
        assert problems(event["type"], event | {"data": event["data"] | {"more": 1}})


def test_bills_are_looked_into() -> None:
    (example,) = COMPONENTS["messages"]["discharge.recorded.v1"]["examples"]
    data = example["payload"]["data"]
    bill = {name: value for name, value in data["bill"].items() if name != "over_limit"}
    assert problems("discharge.recorded.v1", example["payload"] | {"data": data | {"bill": bill}}) == [
        "'over_limit' is a required property"
    ]


def test_a_statement_is_told_with_every_field() -> None:
    settled = claim("jiamusi", "2019-03-09", in_scope="60000", categories=["registered_poor"])
    (bill,) = settle(HASHES, [settled])[0].values()
    row = statement_row(settled, bill.payouts, HASHES[settled.scheme]) | {"revision": 1}
    told = statement_json(row)
    schema = COMPONENTS["schemas"]["Statement"]
    assert list(told) == schema["required"] == [name for name in schema["properties"] if name != "due_at_window"]
    assert problems(QUOTED, {"statement": told}) == []
    assert problems(QUOTED, {"statement": told | {"total": 60000}})
