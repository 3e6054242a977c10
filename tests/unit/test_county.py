"""The made-up county: the same for ever, accepted and refused as planned, near the published figures."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from events.catalog import FACTS
from events.decisions import EVENT_WAITING
from events.facts import AdmissionRecorded, RosterChanged
from events.store.journal import Journal
from infra.demo import county, line_bytes, write_county
from infra.demo.fund_table import fund_table
from infra.demo.late import AUDITED_BY_PAYER, CORRECTED_STAYS, CORRECTED_VISITS, REVERSED_STAYS, REVERSED_VISITS, TWICE
from infra.demo.people import JOINED_BACKDATED, LEFT_BACKDATED
from infra.demo.refusals import REFUSED
from infra.demo.schedule import BUREAU, CIVIL_AFFAIRS, POVERTY_OFFICE
from infra.demo.size import Size
from infra.demo.stays import EARLY_DISCHARGES
from infra.messaging.publisher import subject_of
from policies.claim import Claim
from policies.engine import settle
from policies.vocabulary import LAYERS
from processors.delivery.transaction import Transaction
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.incoming_event import IncomingEvent, mailbox_of
from processors.pipeline.intake import IntakeBatch
from processors.pipeline.state import LedgerState
from tests.engine import HASHES, scheme

SMALL = Size(300, 230)
SMALL_HASH = "aa0274981030cee3ec4c0eae47ce3d87fe81a517318ab831b508caab87fce8e9"
OFFICES = (BUREAU, CIVIL_AFFAIRS, POVERTY_OFFICE)
PUBLISHED = scheme("shanggao").published


@dataclass
class Taken:
    """What intake makes of the lines, decided by its own batch over a state in memory."""

    events: list[IncomingEvent]
    repeated: int
    refused: Counter[str]
    waited: int
    causes: Counter[str]
    claims: list[Claim]


def take(lines: Iterable[bytes]) -> Taken:
    pinned = PinnedSchemes()
    pinned.current = [scheme("shanggao")]
    pinned.by_hash = dict(HASHES)
    # A batch decides over what was loaded: with all of the state in memory it needs no connection.
    transaction = Transaction(None, Journal("intake"), "county")  # type: ignore[arg-type]
    batch = IntakeBatch(transaction, LedgerState(), pinned)
    events: list[IncomingEvent] = []
    seen: set[tuple[str, str]] = set()
    causes: Counter[str] = Counter()
    repeated = waited = 0
    for place, line in enumerate(lines, start=1):
        mailbox = mailbox_of(subject_of(line))
        assert mailbox is not None
        event = IncomingEvent.of(place, mailbox, line)
        events.append(event)
        if event.identity in seen:
            repeated += 1
            continue
        seen.add(event.identity)
        batch.receive(event)
        causes.update(run.cause.type for run in batch.opener.runs)
        waited += sum(row[2] == EVENT_WAITING for row in transaction.journal.rows)
        batch.opener.runs.clear()
        transaction.journal.rows.clear()
    assert not batch.state.waiting
    return Taken(
        events,
        repeated,
        Counter(str(row["reason"]) for row in batch.refused),
        waited,
        causes,
        list(batch.state.claims.values()),
    )


def small_lines() -> list[bytes]:
    return [line_bytes(line) for line in county(7, persons=SMALL.persons, inpatient=SMALL.inpatient)]


@pytest.fixture(scope="module")
def small() -> Taken:
    return take(small_lines())


def read_json(line: bytes) -> dict[str, Any]:
    """An event, or {} where a line is no JSON."""
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return event


def of_the_poor(claims: Iterable[Claim]) -> list[Claim]:
    return [claim for claim in claims if claim.setting == "inpatient" and "registered_poor" in claim.categories]


def test_the_same_bytes_for_ever() -> None:
    found = hashlib.sha256(b"\n".join(small_lines())).hexdigest()
    assert found == SMALL_HASH
    other = [line_bytes(line) for line in county(8, persons=SMALL.persons, inpatient=SMALL.inpatient)]
    assert hashlib.sha256(b"\n".join(other)).hexdigest() != found


OVERSIGHT = {
    "hospital.suspended.v1",
    "hospital.reinstated.v1",
    "person.died.v1",
    "fine.imposed.v1",
    "resettlement.ordered.v1",
    "enrollment.ended.v1",
    "enrollment.recorded.v2",
    "admission.changed.v1",
    "referral.filed.v1",
    "interim.recorded.v1",
    "bill.submitted.v1",
    "aid.decided.v1",
    "aid.withdrawn.v1",
    "audit.withdrawn.v1",
}
"""What did not befall anyone in the made-up county."""


def test_refused_as_planned_and_nothing_else(small: Taken) -> None:
    assert small.refused == {reason: SMALL.part(count) for reason, count in REFUSED.items()}


def test_every_intake_type_is_taken_and_every_setting_sent(small: Taken) -> None:
    facts = [event.fact for event in small.events if event.fact is not None]
    assert {fact.type for fact in facts} == set(FACTS) - OVERSIGHT
    assert {getattr(fact.data, "setting", "inpatient") for fact in facts} == {
        "inpatient",
        "chronic",
        "general",
        "pharmacy",
    }
    assert {claim.setting for claim in small.claims} == {"inpatient", "chronic", "general"}
    assert {claim.tier for claim in small.claims} == {0, 1, 2, 3}


def test_standing_stays_of_the_poor_are_as_many_as_asked_for(small: Taken) -> None:
    stays = of_the_poor(small.claims)
    assert sum(claim.standing for claim in stays) == SMALL.inpatient
    assert sum(not claim.standing for claim in stays) == SMALL.part(REVERSED_STAYS)
    assert any(claim.referral for claim in stays)
    assert any(not claim.filed for claim in stays)
    told = [event.fact.data for event in small.events if event.fact is not None]
    assert len({data.person_id for data in told if isinstance(data, RosterChanged)}) == SMALL.persons


def test_nobody_is_in_two_hospitals_at_once(small: Taken) -> None:
    admitted = {}
    for event in small.events:
        if event.fact is not None and isinstance(event.fact.data, AdmissionRecorded):
            admitted[event.fact.data.admission_id] = event.fact.data.admitted_on
    stays: dict[str, list[tuple[date, date]]] = {}
    for claim in small.claims:
        if claim.admission_id is not None and claim.standing:
            stays.setdefault(claim.person_id, []).append((admitted[claim.admission_id], claim.date))
    assert max(map(len, stays.values())) > 2
    for spans in stays.values():
        assert all(left < came for (_, left), (came, _) in pairwise(sorted(spans)))


def test_what_is_late_is_late(small: Taken) -> None:
    assert small.waited == SMALL.part(EARLY_DISCHARGES) + SMALL.part(REFUSED["reversed_while_waiting"])
    assert small.repeated == SMALL.part(TWICE)
    assert small.causes["roster.changed.v1"] == SMALL.part(JOINED_BACKDATED) + SMALL.part(LEFT_BACKDATED)
    assert small.causes["claim.corrected.v1"] == SMALL.part(CORRECTED_STAYS) + SMALL.part(CORRECTED_VISITS)
    assert small.causes["claim.reversed.v1"] == SMALL.part(REVERSED_STAYS) + SMALL.part(REVERSED_VISITS)
    assert small.causes["audit.found.v1"] == 2 * SMALL.part(AUDITED_BY_PAYER)


def test_lines_come_in_the_order_of_their_times() -> None:
    events = [line for line in county(7, persons=SMALL.persons, inpatient=SMALL.inpatient) if isinstance(line, dict)]
    first = list({event["id"]: event for event in events}.values())
    times = [event["time"] for event in first]
    assert times == sorted(times)
    assert events[0]["type"] == "hospital.registered.v1"


def test_a_county_of_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="100 persons"):
        county(persons=99, inpatient=99)
    with pytest.raises(ValueError, match="100 persons"):
        county(persons=300, inpatient=301)


def test_the_whole_county(tmp_path: Path) -> None:
    """The demo's own county: its counts, and its sums beside the published ones under the shipped scheme."""
    path = tmp_path / "county.jsonl"
    count = write_county(path, 2019)
    lines = path.read_bytes().splitlines()
    assert len(lines) == count
    events = [read_json(line) for line in lines]
    assert events.count({}) >= 3
    claimed = ("discharge.recorded.v1", "outpatient.recorded.v1")
    treated = {event["data"]["person_id"] for event in events if event.get("type") in claimed}
    about = treated | {""}
    # Who was never treated is left out, for the test's time: his enrolment and cards decide nothing.
    taken = take(
        line
        for line, event in zip(lines, events, strict=True)
        if event.get("source") not in OFFICES or event["data"].get("person_id", "") in about
    )
    assert taken.refused == REFUSED
    assert taken.repeated == TWICE
    assert PUBLISHED is not None
    poor = [claim for claim in of_the_poor(taken.claims) if claim.standing]
    assert len(poor) == PUBLISHED.inpatient_claims == 7_383

    paid: Counter[str] = Counter()
    billed = 0
    by_person: dict[str, list[Claim]] = {}
    for claim in taken.claims:
        by_person.setdefault(claim.person_id, []).append(claim)
    counted = {claim.claim_id for claim in poor}
    for claims in by_person.values():
        bills, _ = settle(HASHES, claims)
        for bill in bills.values():
            if bill.claim.claim_id in counted:
                billed += bill.claim.bill.total
                for payout in bill.payouts:
                    paid[payout.layer] += payout.paid
    assert sum(paid.values()) == pytest.approx(PUBLISHED.total, rel=0.05)
    assert paid == {layer: pytest.approx(fen, rel=0.05) for layer, fen in PUBLISHED.paid.items()}
    # 二2: 报销比例控制在90%左右
    assert 0.88 < sum(paid.values()) / billed < 0.92


def test_fund_table_sets_ours_beside_theirs() -> None:
    assert PUBLISHED is not None
    paid = {"basic": 2_400_000_000, "supplementary": 600_000_000, "public_health": 4_999}
    table = fund_table(paid, 1_234, 4_000_000_000, PUBLISHED)
    rows = list(zip(*(list(column.cells) for column in table.columns), strict=True))
    assert rows[0] == ("基本医保 basic", "2,400.00", "80.0%", "2,468.77", "65.7%")
    assert [row[0].split()[-1] for row in rows[:6]] == [
        layer for layer in LAYERS if layer in paid or layer in PUBLISHED.paid
    ]
    assert rows[2] == ("医疗救助 assistance", "0.00", "0.0%", "13.14", "0.3%")
    assert rows[5][1:] == ("0.00", "0.0%", "0.00", "0.0%")
    assert rows[6][1:] == ("3,000.00", "100.0%", "3,757.67", "100.0%")
    assert rows[7][1:] == ("1,234", "", "7,383", "")
    assert rows[8][1:] == ("4,000.00", "75.0%", "—", "—")
    assert "模拟数据" in str(table.caption)


def test_fund_table_of_no_claims_divides_by_nothing() -> None:
    assert PUBLISHED is not None
    rows = list(zip(*(list(column.cells) for column in fund_table({}, 0, 0, PUBLISHED).columns), strict=True))
    assert rows[0] == ("基本医保 basic", "0.00", "—", "2,468.77", "65.7%")
