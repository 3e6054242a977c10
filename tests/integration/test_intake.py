"""What intake refuses, in which order, and what waits (docs/domain.md#refusals); a repeated event changes nothing."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from events.county_time import COUNTY_TIME
from events.refusals import REASONS
from processors.proof.verify import verify
from tests import facts
from tests.facts import admit, audit, cancel, card, correct, discharge, enrol, event, hospital, reverse, roster, visit
from tests.ledger import Books
from tests.papers import paper

READY = [hospital(), enrol()]
ADMITTED = [*READY, admit()]
CLAIMED = [*ADMITTED, discharge()]
NOW = datetime.now(COUNTY_TIME)
TOMORROW = (NOW + timedelta(days=2)).date().isoformat()  # a day later still: midnight may pass while the tests run
SHORT = facts.bill("100") | {"total": "100.01"}
CHRONIC = {"setting": "chronic", "disease": "diabetes"}
SO_FAR: dict[str, Any] = {"claim_id": "C1", "admission_id": "A1", "person_id": "P1", "billed_on": "2019-12-31"}
SO_FAR |= {"bill": facts.bill("100")}
OF_LIAONING = [hospital(), enrol("Z", region="211200"), roster("Z", on="2019-01-01"), *facts.stay(1, "Z")]

# reason → (what comes before, the event refused)
REFUSED: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "malformed": ([], event("hospital/H1", "x", "claim.reversed.v1", claim_id="C1", reason="")),
    "unknown_type": ([], event("hospital/H1", "x", "claim.forgotten.v1", claim_id="C1")),
    "source_not_allowed": ([], event("hospital/H1", "x", "payout.decided.v1", claim_id="C1")),
    "event_id_reused": (CLAIMED, discharge(in_scope="9999")),
    "duplicate_claim": (CLAIMED, discharge(id_="again")),
    "date_in_future": (ADMITTED, discharge(on=TOMORROW)),
    "bill_does_not_add_up": (ADMITTED, discharge(bill=SHORT)),
    "already_discharged": (CLAIMED, discharge("C2")),
    "admission_cancelled": ([*ADMITTED, cancel()], discharge()),
    "person_mismatch": ([*ADMITTED, enrol("P2")], discharge(person="P2")),
    "date_order": (ADMITTED, discharge(on="2019-02-28")),
    "unknown_hospital": ([enrol()], visit(setting="general")),
    "hospital_not_designated": ([hospital(until="2019-03-10"), enrol(), admit()], discharge()),
    "not_enrolled": ([hospital(), enrol(effective_on="2019-03-11"), admit()], discharge()),
    "no_policy": ([hospital(), enrol(region="110101"), admit()], discharge()),
    "unknown_disease": (READY, card(disease="kidney_stone")),
    "unknown_category": (READY, roster(category="landless")),
    "chronic_card_missing": ([*READY, card(disease="epilepsy")], visit(**CHRONIC)),
    "unknown_claim": (ADMITTED, reverse()),
    "already_reversed": ([*CLAIMED, reverse()], correct()),
    "duplicate_finding": ([*CLAIMED, audit()], audit(id_="again")),
    "unknown_finding": ([*CLAIMED, audit()], facts.withdraw_audit(finding="F2")),
    "exceeds_finding": ([*CLAIMED, audit()], facts.withdraw_audit(amount="500.01")),
    "duplicate_fine": ([hospital(), facts.fine()], facts.fine(id_="again")),
    "unknown_fine": ([hospital(), facts.fine()], facts.fine("F2", replaces="F0")),
    "duplicate_advance": ([facts.advance()], facts.advance(amount="20", person="P2", id_="again")),
    "duplicate_filing": ([facts.file_referral()], facts.file_referral(person="P2", id_="again")),
    "unknown_admission": (READY, cancel()),
    "duplicate_admission": (ADMITTED, admit(id_="again")),
    "unknown_referral": (READY, admit("A2", referred_from="A1")),
    "reversed_while_waiting": ([*READY, discharge()], reverse()),
    "duplicate_invoice": ([*READY, paper()], paper("W2", on="2019-05-20")),
    "already_claimed": (CLAIMED, paper()),
    "duplicate_decision": ([*OF_LIAONING, facts.aid()], facts.aid(amount="9", id_="again")),
    "unknown_decision": (OF_LIAONING, facts.withdraw_aid()),
    "no_interim_bill": (ADMITTED, facts.event("hospital/H1", "x", "interim.recorded.v1", **SO_FAR)),
}

# The same reasons by other ways.
MORE_REFUSED: list[tuple[str, list[dict[str, Any]], dict[str, Any]]] = [
    ("unknown_admission", ADMITTED, cancel(hospital_id="H2")),
    ("source_not_allowed", [*ADMITTED, hospital("H2")], discharge(hospital_id="H2")),
    ("unknown_claim", CLAIMED, reverse(source="hospital/H2")),
    ("unknown_claim", CLAIMED, correct(hospital_id="H2")),
    ("unknown_claim", [*READY, discharge()], reverse(source="hospital/H2")),
    (
        "source_not_allowed",
        [],
        event("bureau/220622", "x", "enrollment.recorded.v1", person_id="P", region="220621", year=2019),
    ),
    ("already_discharged", CLAIMED, cancel()),
    ("already_reversed", [*CLAIMED, reverse()], reverse(id_="again")),
    ("unknown_claim", READY, correct()),
    ("unknown_claim", READY, audit()),
    ("unknown_finding", READY, facts.withdraw_audit()),
    ("unknown_finding", [*CLAIMED, audit()], facts.withdraw_audit("C2")),
    ("exceeds_finding", [*CLAIMED, audit(), facts.withdraw_audit()], facts.withdraw_audit(amount="0.01", id_="again")),
    ("bill_does_not_add_up", CLAIMED, correct(bill=SHORT)),
    ("bill_does_not_add_up", READY, visit(setting="general", bill=SHORT)),
    ("unknown_hospital", [enrol()], admit()),
    ("unknown_hospital", [], facts.suspend()),
    ("unknown_hospital", [], facts.reinstate()),
    ("unknown_hospital", [hospital(), facts.fine()], facts.fine(hospital_id="H9", id_="again")),
    ("hospital_not_designated", [*ADMITTED, facts.suspend("2019-03-10")], discharge()),
    ("not_enrolled", [*ADMITTED, facts.death(on="2019-03-09")], discharge()),
    ("unknown_referral", ADMITTED, admit("A2", person="P2", referred_from="A1")),
    ("not_enrolled", [hospital(), enrol(year=2018), admit()], discharge()),
    ("no_policy", READY, visit(setting="general")),
    ("no_policy", [hospital(), enrol(year=2017), admit(on="2017-12-31")], discharge(on="2017-12-31")),
    ("chronic_card_missing", [*READY, card()], visit(setting="chronic")),
    ("chronic_card_missing", [*READY, card(), card(on="2019-03-20", issued=False)], visit(**CHRONIC)),
    ("unknown_disease", ADMITTED, discharge(disease="kidney_stone")),
    ("unknown_disease", READY, visit(setting="chronic", disease="kidney_stone")),
    ("unknown_disease", READY, card(disease="kidney_stone", issued=False)),
    ("unknown_category", READY, roster(category="general")),
    ("unknown_category", READY, roster(category="landless", change="removed")),
    ("hospital_not_designated", [hospital(begun="2019-03-11"), enrol(), admit()], discharge()),
    ("duplicate_claim", [*CLAIMED, reverse()], discharge(id_="again")),
    ("date_in_future", READY, visit(setting="general", on=TOMORROW)),
    ("date_in_future", READY, discharge(on=TOMORROW)),  # refused at once: it does not wait for its admission
    ("date_in_future", READY, admit(on=TOMORROW)),
    ("date_in_future", READY, facts.death(on=TOMORROW)),
    ("date_in_future", READY, facts.advance(on=TOMORROW)),
    ("date_in_future", READY, facts.advance(filed_on=TOMORROW)),
    # a number is one in its region, whichever office states it
    ("duplicate_advance", [facts.advance()], facts.advance(amount="20", source="poverty-office/220621")),
    ("source_not_allowed", READY, facts.advance(source="poverty-office/220621", lent_by="bureau")),
    ("source_not_allowed", READY, facts.advance(source="civil-affairs/220621")),
    ("date_in_future", READY, facts.fine() | {"data": facts.fine()["data"] | {"imposed_on": TOMORROW}}),
    ("event_id_reused", READY, enrol(self_paid="280")),
    ("event_id_reused", [*CLAIMED, correct()], correct() | {"data": correct()["data"] | {"bill": SHORT}}),
    ("event_id_reused", [*READY, discharge()], discharge(in_scope="9999")),
]

# (first reason, the one it goes before): both apply
ORDER: list[tuple[str, str, list[dict[str, Any]], dict[str, Any]]] = [
    ("malformed", "unknown_type", [], event("hospital/H1", "x", "no.such.type") | {"specversion": "0.3"}),
    ("malformed", "source_not_allowed", [], event("bureau/220621", "x", "discharge.recorded.v1", claim_id="C1")),
    ("malformed", "event_id_reused", CLAIMED, discharge(bill=SHORT | {"total": "1.234"})),
    ("event_id_reused", "duplicate_claim", CLAIMED, discharge(bill=SHORT)),
    ("bill_does_not_add_up", "date_in_future", ADMITTED, discharge(on=TOMORROW, bill=SHORT)),
    ("date_in_future", "admission_cancelled", [*ADMITTED, cancel()], discharge(on=TOMORROW)),
    ("date_in_future", "unknown_hospital", [], visit(setting="general", on=TOMORROW)),
    ("source_not_allowed", "duplicate_claim", CLAIMED, discharge(hospital_id="H2", id_="x")),
    ("duplicate_claim", "bill_does_not_add_up", CLAIMED, discharge(id_="x", bill=SHORT)),
    ("bill_does_not_add_up", "waiting", READY, discharge(bill=SHORT)),
    ("bill_does_not_add_up", "already_discharged", CLAIMED, discharge("C2", bill=SHORT)),
    ("admission_cancelled", "person_mismatch", [*ADMITTED, cancel()], discharge(person="P2")),
    ("person_mismatch", "date_order", ADMITTED, discharge(person="P2", on="2019-02-01")),
    ("date_order", "not_enrolled", [hospital(), admit()], discharge(on="2019-02-01")),
    ("unknown_hospital", "not_enrolled", [], visit(setting="general")),
    ("hospital_not_designated", "not_enrolled", [hospital(until="2019-01-01"), admit()], discharge()),
    ("hospital_not_designated", "not_enrolled", [hospital(), facts.suspend(), admit()], discharge()),
    ("not_enrolled", "chronic_card_missing", [hospital()], visit(**CHRONIC)),
    ("not_enrolled", "chronic_card_missing", [*READY, facts.death(on="2019-03-19")], visit(**CHRONIC)),
    ("no_policy", "chronic_card_missing", [hospital(), enrol(region="110101")], visit(**CHRONIC)),
    ("no_policy", "unknown_disease", [hospital(), enrol(region="110101")], visit(disease="kidney_stone")),
    ("unknown_disease", "chronic_card_missing", READY, visit(disease="kidney_stone")),
    ("unknown_claim", "bill_does_not_add_up", READY, correct(bill=SHORT)),
    ("already_reversed", "bill_does_not_add_up", [*CLAIMED, reverse()], correct(bill=SHORT)),
    ("unknown_claim", "duplicate_finding", [*CLAIMED, audit()], audit("C9", id_="x")),
    ("duplicate_admission", "unknown_hospital", ADMITTED, admit(hospital_id="H9", id_="x")),
    ("unknown_hospital", "unknown_referral", READY, admit("A2", hospital_id="H9", referred_from="A9")),
    ("admission_cancelled", "date_order", [*ADMITTED, cancel()], discharge(on="2019-02-01")),
]


def test_the_table_reaches_every_reason() -> None:
    # no shipped scheme has interim bills: test_interim_bills
    assert set(REFUSED) == set(REASONS) - {"already_billed"}


@pytest.mark.parametrize(
    ("reason", "before", "refused"),
    [(reason, *case) for reason, case in REFUSED.items()] + MORE_REFUSED,
    ids=[*REFUSED, *(f"{reason}-{number}" for number, (reason, _, _) in enumerate(MORE_REFUSED))],
)
@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_refusals(
    books: Books, reason: str, before: list[dict[str, Any]], refused: dict[str, Any], batch: int
) -> None:
    await books.publish([*before, refused], batch=batch)
    # what waited is refused in place of the reversal that ended its waiting
    culprit = "discharge-C1" if reason == "reversed_while_waiting" else refused["id"]
    assert await books.refused() == [(culprit, reason)]
    answer = next(answer for answer in books.answers if answer.type == "event.rejected.v1")
    assert (answer.data["reason"], answer.data["event_id"]) == (reason, culprit)
    assert answer.data["detail"]
    assert answer.subject.startswith(f"claims.answers.{refused['source'].replace('/', '.')}.")


@pytest.mark.parametrize(("first", "second", "before", "refused"), ORDER, ids=[f"{a}-{b}" for a, b, *_ in ORDER])
async def test_the_first_reason_that_applies_is_given(
    books: Books, first: str, second: str, before: list[dict[str, Any]], refused: dict[str, Any]
) -> None:
    await books.publish([*before, refused])
    assert await books.refused() == [(refused["id"], first)]


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_waiting_goes_on_by_itself_first_come_first_served(books: Books, batch: int) -> None:
    first, second = discharge("C1"), discharge("C2")
    await books.publish([*READY, first, second, *facts.stay(3)], batch=batch)
    assert [answer.type for answer in books.answered("C1")] == ["event.waiting.v1"]
    await books.publish([admit()], batch=batch)
    assert [answer.type for answer in books.answered("C1")] == ["event.waiting.v1", "claim.settled.v1"]
    assert await books.refused() == [("discharge-C2", "already_discharged")]
    async with books.engine.connect() as connection:
        numbers = await connection.execute(text("SELECT claim_id, number FROM projections.claims ORDER BY number"))
        # its place in ledger order is where the admission came
        assert [tuple(row) for row in numbers] == [("C3", 1), ("C1", 2)]
        assert (await connection.execute(text("SELECT count(*) FROM projections.waiting"))).scalar_one() == 0
    assert (await verify(books.engine)).problems == []


async def test_what_waited_goes_through_all_checks_again(books: Books) -> None:
    await books.publish([hospital(), discharge(), admit()])
    assert await books.refused() == [("discharge-C1", "not_enrolled")]


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_a_reversal_cancels_all_that_wait_under_the_claim_id(books: Books, batch: int) -> None:
    other = discharge("C1", "A2", id_="other")
    await books.publish(
        [*READY, discharge(), other, reverse(source="bureau/220621"), admit(), admit("A2")], batch=batch
    )
    assert await books.refused() == [("discharge-C1", "reversed_while_waiting"), ("other", "reversed_while_waiting")]
    assert await books.statement("C1") is None
    # its claim id was never accepted: it may be sent again under a new event id
    await books.publish([discharge(id_="anew")], batch=batch)
    assert await books.statement("C1") is not None


async def test_a_refused_claim_id_may_be_sent_again(books: Books) -> None:
    await books.publish([*ADMITTED, discharge(bill=SHORT), discharge(id_="mended")])
    assert (await books.paid("C1"))["basic"] == "5520.00"  # (10,000 − 800) × 60%


async def state(books: Books) -> list[Any]:
    async with books.engine.connect() as connection:
        return [
            (await connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))).all()
            for table in ("ledger.entries", "projections.statements", "projections.claims", "projections.persons")
        ]


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_a_repeated_event_changes_nothing_and_is_answered_as_before(books: Books, batch: int) -> None:
    waits = discharge("C5", "A5")
    events = [*CLAIMED, waits, discharge("C2", id_="late"), facts.roster(), correct()]
    await books.publish(events, batch=batch)
    before, answers = await state(books), list(books.answers)
    latest = {answer.subject: answer for answer in answers}
    books.answers.clear()
    await books.publish(events, batch=batch)
    assert await state(books) == before
    assert {answer.subject: answer for answer in books.answers} == latest


async def test_the_same_event_twice_in_one_batch_is_one(books: Books) -> None:
    await books.publish([*CLAIMED, *CLAIMED, discharge("C2", id_="late"), discharge("C2", id_="late")])
    assert await books.refused() == [("late", "already_discharged")]
    assert len({answer.id for answer in books.answered("C2")}) == 1


async def test_a_statement_whose_figures_stay_is_answered_again_under_its_own_type(books: Books) -> None:
    # low_income changes the categories shown, and no figure
    await books.publish([*CLAIMED, facts.roster(category="low_income")])
    assert [answer.type for answer in books.answered("C1")] == ["claim.settled.v1", "claim.resettled.v1"]
    await books.publish([discharge()])
    assert books.answers[-1] == books.answers[-2]


async def test_nobody_can_use_up_another_s_event_id(books: Books) -> None:
    mine = discharge()
    theirs = orjson.dumps(mine)
    await books.publish(ADMITTED)
    await books.publish([theirs], mailbox="hospital/H2")
    assert await books.refused() == [("discharge-C1", "source_not_allowed")]
    # the answer goes to the mailbox it came through, not to the source it named
    assert books.answers[-1].subject == "claims.answers.hospital.H2.discharge-C1"
    await books.publish([mine])
    assert await books.statement("C1") is not None
    await books.publish([theirs], mailbox="hospital/H2")
    assert len(await books.refused()) == 1
    assert books.answers[-1].type == "event.rejected.v1"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b'{"id": "\\u0000"}',
        orjson.dumps(event("hospital/H1", "x", "y", a="\x00")),
        b"[" * 5000,
    ],
    ids=["empty", "not utf-8", "cut off", "nul", "nul in data", "deep"],
)
async def test_what_is_refused_is_kept_byte_for_byte(books: Books, raw: bytes) -> None:
    await books.publish([raw])
    async with books.engine.connect() as connection:
        kept = await connection.execute(text("SELECT raw FROM ledger.entries WHERE type = 'event.rejected.v1'"))
        assert kept.scalars().all() == [raw]
    assert [reason for _, reason in await books.refused()] == ["malformed"]
    await books.publish([raw])
    assert len(await books.refused()) == 1
    assert books.answers[0].id == books.answers[1].id
    assert (await verify(books.engine)).problems == []


async def test_acceptance_fixes_tier_and_card(books: Books) -> None:
    chronic = visit(**CHRONIC)
    await books.publish([*READY, card(class_="II"), chronic, *facts.stay(1)])
    before = await books.paid("V1"), await books.paid("C1")
    await books.publish(
        [
            hospital(tier=1),
            card(on="2019-01-01", issued=False),
            correct("C1", "10000"),
            facts.roster(category="veteran"),
        ]
    )
    assert (await books.paid("V1"), await books.paid("C1")) == before
    await books.publish(facts.stay(2))
    assert (await books.paid("C2"))["basic"] == "8330.00"  # tier 1 now: (10,000 − 200) × 85%
    assert (await verify(books.engine)).problems == []
