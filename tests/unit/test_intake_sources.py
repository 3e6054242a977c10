"""Who may state what, in whose name; codes and schemas agree with the models."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from events import codes, refusals
from events.catalog import DERIVED, FACTS, Unreadable, read
from events.schemas import json_schemas
from policies.vocabulary import SETTING_NAMES
from tests.intake_examples import (
    EXAMPLES,
    NEEDED,
    OPTIONAL,
    altered,
    event,
    refused,
    take,
    with_data,
)


def test_the_first_reason_that_applies_is_given() -> None:
    def reason(sent: dict[str, Any], mailbox: str | None = None) -> str:
        return refused(sent, mailbox).reason

    other = "bureau/360123"
    assert reason(altered(type="claim.lost.v1", id="a.b")) == "malformed"
    assert reason(altered(type="claim.lost.v1", data={}), other) == "unknown_type"
    assert reason(altered(type="claim.reversed", source="nobody/x")) == "unknown_type"
    assert reason(altered(source="nobody/x", data={})) == "malformed"
    assert reason(altered(data={"claim_id": "C1", "reason": ""}), other) == "malformed"
    assert reason(altered(), other) == "source_not_allowed"
    assert reason(with_data("admission.recorded.v1", hospital_id="H9", filed=1)) == "malformed"


@pytest.mark.parametrize("type_", sorted(DERIVED))
def test_what_the_ledger_writes_nobody_else_may(type_: str) -> None:
    refusal = refused(altered(type=type_, data={"anything": None}))
    assert (refusal.reason, refusal.identified) == ("source_not_allowed", True)


def every_kind() -> Iterator[tuple[str, str, bool]]:
    allowed = {
        "hospital": {
            "admission.cancelled.v1",
            "admission.changed.v1",
            "admission.recorded.v1",
            "discharge.recorded.v1",
            "interim.recorded.v1",
            "outpatient.recorded.v1",
            "claim.reversed.v1",
            "claim.corrected.v1",
        },
        "bureau": {
            "hospital.registered.v1",
            "hospital.suspended.v1",
            "hospital.reinstated.v1",
            "enrollment.recorded.v1",
            "enrollment.recorded.v2",
            "referral.filed.v1",
            "enrollment.ended.v1",
            "person.died.v1",
            "fine.imposed.v1",
            "chronic_card.issued.v1",
            "chronic_card.revoked.v1",
            "bill.submitted.v1",
            "claim.reversed.v1",
            "claim.corrected.v1",
            "audit.found.v1",
            "audit.withdrawn.v1",
            "advance.issued.v1",
            "aid.decided.v1",
            "aid.withdrawn.v1",
        },
        "civil-affairs": {"roster.changed.v1", "person.died.v1", "aid.decided.v1", "aid.withdrawn.v1"},
        "poverty-office": {"roster.changed.v1", "advance.issued.v1", "aid.decided.v1", "aid.withdrawn.v1"},
        "ledger": {"resettlement.ordered.v1"},
        "Bureau": set(),
    }
    for kind, types in allowed.items():
        for type_ in EXAMPLES:
            yield kind, type_, type_ in types


@pytest.mark.parametrize(("kind", "type_", "allowed"), list(every_kind()))
def test_who_may_say_what(kind: str, type_: str, allowed: bool) -> None:
    source = f"{kind}/{ {'hospital': 'H2206213', 'ledger': 'claims'}.get(kind, '220621') }"
    if allowed:
        assert take(event(type_, source=source)).source == source
    else:
        assert refused(event(type_, source=source)).reason == "source_not_allowed"


def test_only_the_ledger_itself_orders_of_itself() -> None:
    other = refused(event("resettlement.ordered.v1", source="ledger/220621"))
    assert (other.reason, other.detail) == (
        "source_not_allowed",
        "resettlement.ordered.v1 comes from ledger/claims, not from ledger/220621",
    )
    forged = refused(event("resettlement.ordered.v1"), "hospital/H1")
    assert (forged.reason, forged.identified) == ("source_not_allowed", False)


def test_a_source_speaks_through_its_own_subject_only() -> None:
    refusal = refused(altered(), "hospital/H22062130")
    assert (refusal.reason, refusal.identified) == ("source_not_allowed", False)


@pytest.mark.parametrize("source", ["civil-affairs/fusong", "poverty-office/022062", "poverty-office/2206210"])
def test_offices_are_regions(source: str) -> None:
    assert refused(event("roster.changed.v1", source=source)).reason == "source_not_allowed"


@pytest.mark.parametrize("type_", ["admission.recorded.v1", "outpatient.recorded.v1"])
def test_a_hospital_speaks_only_of_itself(type_: str) -> None:
    refusal = refused(event(type_, source="hospital/H9"))
    assert refusal.reason == "source_not_allowed"
    assert "data.hospital_id" in refusal.detail


@pytest.mark.parametrize(
    ("bureau", "region", "allowed"),
    [
        ("220621", "220621", True),
        ("220621", "220622", False),
        ("220600", "220621", True),
        ("220600", "220721", False),
        ("220000", "220621", True),
        ("220000", "230621", False),
        ("140400", "140400", True),
        ("140421", "140400", False),
        ("221000", "221001", True),  # pairs, not single zeros: 2210, not 221
        ("221000", "221101", False),
        ("220620", "220621", False),
    ],
)
def test_a_bureau_enrolls_only_its_own_region(bureau: str, region: str, allowed: bool) -> None:
    sent = with_data("enrollment.recorded.v1", region=region) | {"source": f"bureau/{bureau}"}
    if allowed:
        assert take(sent).source == f"bureau/{bureau}"
    else:
        assert refused(sent).reason == "source_not_allowed"


def test_a_bureau_registers_hospitals_elsewhere() -> None:
    take(with_data("hospital.registered.v1", region="360123"))


# Codes and schemas


def test_every_code_has_a_name() -> None:
    assert list(SETTING_NAMES) == list(codes.SETTINGS)
    assert list(refusals.REASON_NAMES) == list(refusals.REASONS)


def test_there_is_one_schema_per_type() -> None:
    schemas = json_schemas()
    assert list(schemas) == list(FACTS)
    assert len({schema["$id"] for schema in schemas.values()}) == len(schemas)


@pytest.mark.parametrize("type_", EXAMPLES)
def test_schemas_say_what_the_models_check(type_: str) -> None:
    schema = json_schemas()[type_]
    data = schema["properties"]["data"]
    assert data["additionalProperties"] is False
    assert set(data["properties"]) == set(EXAMPLES[type_][1])
    assert set(data["required"]) == set(data["properties"]) - OPTIONAL.get(type_, set()) - {
        name for of, name in NEEDED if of == type_
    }
    assert "null" not in json.dumps({"data": data, "$defs": schema["$defs"]})
    source = schema["properties"]["source"]["pattern"]
    assert re.search(source, EXAMPLES[type_][0])
    assert not re.search(source, "nobody/220621")
    for reference in re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(data)):
        assert reference in schema["$defs"]


def test_many_keys_with_one_stated_twice_at_the_end_are_refused_in_one_pass() -> None:
    # looked for by counting each name, this takes longer than a test may
    keys = ",".join(f'"k{number}":1' for number in range(400_000))
    with pytest.raises(Unreadable, match="last is stated twice"):
        read(f'{{{keys},"last":1,"last":2}}'.encode(), "hospital/H1")
