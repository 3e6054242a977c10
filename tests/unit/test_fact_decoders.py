"""What is read of an accepted fact by its shape alone is what the strict reading makes of it."""

from datetime import date
from typing import Any

import orjson
import pytest
from msgspec import UNSET

from events.catalog import read
from events.facts import AuditFound
from events.refusals import Refusal
from processors.pipeline.fact_decoders import AuditData, CorrectionData, EnrollmentData, fact_data, fen
from tests import facts


def entry(event: dict[str, Any] | bytes, source: str, type_: str) -> dict[str, Any]:
    return {"raw": event if isinstance(event, bytes) else orjson.dumps(event), "source": source, "type": type_}


AUDIT = facts.audit("C2", "250", "person")


@pytest.mark.parametrize(
    "amount", [b'"250"', b'"250.5"', b"250", b"250.5", b"2.5e2", b'"\\u0032\\u0035\\u0030"', b'"0000000000000250.50"']
)
def test_amounts_are_read_alike(amount: bytes) -> None:
    raw = orjson.dumps(AUDIT).replace(b'"250"', amount)
    strictly = read(raw, AUDIT["source"]).data
    assert isinstance(strictly, AuditFound)
    assert fen(fact_data(entry(raw, AUDIT["source"], AUDIT["type"]), AuditData).amount) == strictly.amount


def test_a_correction_s_bill_is_read_alike() -> None:
    event = facts.correct("C1", "17000.07") | {"id": "correction"}
    strictly: Any = read(orjson.dumps(event), event["source"]).data
    bill = fact_data(entry(event, event["source"], event["type"]), CorrectionData).bill
    parts = ("total", "in_scope", "upfront_copay", "over_limit", "self_funded")
    assert [fen(getattr(bill, part)) for part in parts] == [getattr(strictly.bill, part) for part in parts]


def test_an_enrollment_s_day_may_be_left_out() -> None:
    event = facts.enrol("P1", effective_on="2019-03-01")
    assert fact_data(entry(event, event["source"], event["type"]), EnrollmentData).effective_on == date(2019, 3, 1)
    without = facts.enrol("P1")
    assert fact_data(entry(without, without["source"], without["type"]), EnrollmentData).effective_on is UNSET
    event["data"]["effective_on"] = None
    with pytest.raises(Refusal, match="effective_on must be a date"):
        fact_data(entry(event, event["source"], event["type"]), EnrollmentData)


def test_bytes_of_another_source_or_type_are_not_taken() -> None:
    with pytest.raises(Refusal, match="sent on the subject of"):
        fact_data(entry(AUDIT, "bureau/220602", AUDIT["type"]), AuditData)
    with pytest.raises(TypeError, match="under type"):
        fact_data(entry(AUDIT, AUDIT["source"], "claim.corrected.v1"), AuditData)
    with pytest.raises(Refusal):
        fact_data(entry(b"not an event", AUDIT["source"], AUDIT["type"]), AuditData)
