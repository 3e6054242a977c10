"""Enrollments that come again, move, end or come late: what becomes of premiums, refunds and refused claims."""

import pytest

from processors.clearing import steps
from processors.clearing.draft import draft
from processors.clearing.journal import rebuild as rebuild_clearing
from processors.clearing.listings import clearing
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from processors.queries import listings
from tests import facts
from tests.clearings import CHANGZHI, ITS_NEIGHBOUR, LATER, MONTHS, fen, holds, owed
from tests.facts import end_enrolment, enrol, roster
from tests.ledger import Books

DIBAO = roster(category="dibao")


async def proved(books: Books) -> None:
    assert (await verify(books.engine)).problems == []
    assert [each for each in (await rebuild(books.engine, dry_run=True)).projections if each.first] == []
    assert sum((await rebuild_clearing(books.engine)).values()) == 0


async def paid(books: Books, region: str, month: int) -> dict[str, str]:
    """Draft, approve and pay a region's month; what each payee's balance was."""
    clearing_id = await draft(books.engine, region, MONTHS[month], "wang", LATER)
    await steps.approve(books.engine, clearing_id, "li")
    shown = await clearing(books.engine, clearing_id)
    if any(fen(row["amount"]) for row in shown["payments"]):
        await steps.pay(books.engine, clearing_id, "li", f"T-{clearing_id}")
    return {row["payee"]: row["balance"] for row in shown["payments"]}


@pytest.mark.parametrize("batch", [1, 500])
async def test_an_enrollment_that_says_nothing_of_it_leaves_what_the_person_paid(books: Books, batch: int) -> None:
    """长治 2019: civil affairs pays 220.00; P1 had paid them and got them back."""
    await books.publish([enrol(region=CHANGZHI, self_paid="220"), DIBAO], batch)
    assert await paid(books, CHANGZHI, 0) == {"P1": "220.00"}
    await books.publish([enrol(region=CHANGZHI, id_="again"), enrol(region=CHANGZHI, effective_on="2019-02-01")], batch)
    assert await paid(books, CHANGZHI, 1) == {}
    assert await owed(books) == {}
    # that nothing was paid after all has to be said
    await books.publish([enrol(region=CHANGZHI, self_paid="0", id_="nothing")], batch)
    assert await paid(books, CHANGZHI, 2) == {"P1": "-220.00"}
    assert await owed(books) == {"P1": "220.00"}
    await proved(books)


@pytest.mark.parametrize("apart", [True, False], ids=["by an end and an enrollment", "by one enrollment"])
async def test_who_moves_to_another_county_owes_and_is_owed_nothing(books: Books, apart: bool) -> None:
    await books.publish([enrol(region=CHANGZHI, self_paid="220"), DIBAO])
    assert await paid(books, CHANGZHI, 0) == {"P1": "220.00"}
    if apart:
        await books.publish([end_enrolment(on="2019-01-01", region=CHANGZHI, reason="moved_away")])
        assert await paid(books, CHANGZHI, 1) == {"P1": "-220.00"}
        assert await owed(books) == {"P1": "220.00"}
    await books.publish([enrol(region=ITS_NEIGHBOUR, effective_on="2019-03-01")])
    # the region that paid him carries the rest of his year; which county bears it is between the two
    assert await paid(books, CHANGZHI, 2) == ({"P1": "220.00"} if apart else {})
    assert await owed(books) == {}
    await books.publish([enrol(region=ITS_NEIGHBOUR, self_paid="100", id_="corrected")])
    assert await paid(books, CHANGZHI, 3) == {"P1": "-120.00"}
    await proved(books)


async def test_a_move_to_a_county_of_another_scheme_takes_the_refund_back_once(books: Books) -> None:
    """抚松's document states no refund: what 长治 refunded is owed to 长治, and a move back brings it again there."""
    await books.publish([enrol(region=CHANGZHI, self_paid="220"), DIBAO])
    assert await paid(books, CHANGZHI, 0) == {"P1": "220.00"}
    await books.publish([enrol(region="220621")])
    assert await paid(books, CHANGZHI, 1) == {"P1": "-220.00"}
    await books.publish([enrol(region=ITS_NEIGHBOUR, id_="back")])
    assert await paid(books, CHANGZHI, 2) == {"P1": "220.00"}
    assert await owed(books) == {}
    await proved(books)


async def test_an_enrollment_that_ended_insures_no_later_day(books: Books) -> None:
    await books.publish([facts.hospital(), enrol(), roster(on="2019-01-01"), end_enrolment(on="2019-07-01")])
    await books.publish([*facts.stay(1, on="2019-06-30"), *facts.stay(2, on="2019-07-01")])
    assert await books.refused() == [("discharge-C2", "not_enrolled")]
    assert await books.statement("C1") is not None
    # an end that is corrected, and an enrollment that is taken up again
    await books.publish([end_enrolment(on="2019-08-01"), *facts.stay(3, on="2019-07-31")])
    await books.publish([enrol(effective_on="2019-10-01", id_="anew"), *facts.stay(4, on="2019-10-02")])
    assert await books.refused() == [("discharge-C2", "not_enrolled")]
    await proved(books)
    # what was accepted stays
    await books.publish([end_enrolment(on="2019-10-01", id_="at-once")])
    statement = await books.statement("C4")
    assert statement is not None
    assert statement["status"] == "settled"
    await proved(books)


async def test_premiums_of_an_enrollment_that_ended(books: Books) -> None:
    """上高: begun, the year's premium stays whole; where the cover never began, nothing is due."""
    await books.publish([enrol(region="360923"), roster()])
    await books.publish([end_enrolment(on="2019-02-01", region="360923")])
    rows = [row async for row in listings.premium_rows(books.engine)]
    assert sum(fen(row["amount"]) for row in rows) == 585_00  # 250 + 75 + 260
    await books.publish([end_enrolment(on="2019-01-01", region="360923", reason="withdrawn", id_="never")])
    assert [row async for row in listings.premium_rows(books.engine)] == []
    await proved(books)


async def test_an_end_is_refused_where_there_is_no_enrollment(books: Books) -> None:
    other = end_enrolment("P1", "2019-05-01", "360923")
    await books.publish([enrol(), end_enrolment("P2"), other, end_enrolment("P1", "2020-01-01", id_="no-year")])
    assert await books.refused() == [
        ("end-P2-2019-07-01", "not_enrolled"),
        ("end-P1-2019-05-01", "not_enrolled"),
        ("no-year", "not_enrolled"),
    ]
    wrong = end_enrolment(id_="wrong")
    wrong["data"]["year"] = 2018
    await books.publish([wrong, end_enrolment(id_="other") | {"source": "bureau/360923"}])
    assert (await books.refused())[3:] == [("wrong", "malformed"), ("other", "source_not_allowed")]


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_late_enrollment_tells_the_hospitals_that_were_refused(books: Books, batch: int) -> None:
    await books.publish([facts.hospital(), facts.hospital("H2"), enrol("P2")], batch)
    refused = [
        *facts.stay(1, on="2019-03-10"),
        facts.visit("V1", hospital_id="H2", on="2019-05-20", setting="general"),
        facts.discharge("C1", "A1", on="2019-03-10", id_="once-more"),
        facts.admit("A3", on="2018-03-01"),
        facts.discharge("C3", "A3", on="2018-03-10"),
    ]
    await books.publish(refused, batch)
    assert {reason for _, reason in await books.refused()} == {"not_enrolled"}
    assert [row async for row in listings.lifted_refusal_rows(books.engine)] == []
    late = enrol(effective_on="2019-02-01")
    await books.publish([late], batch)
    told = [answer for answer in books.answers if answer.type == "refusal.lifted.v1"]
    assert sorted((each.subject, each.data["claim_id"], each.data["event_id"]) for each in told) == [
        ("claims.answers.hospital.H1.C1", "C1", "once-more"),
        ("claims.answers.hospital.H2.V1", "V1", "visit-V1"),
    ]
    listed = [row async for row in listings.lifted_refusal_rows(books.engine)]
    assert {(row["hospital"], row["claim_id"], row["date"]) for row in listed} == {
        ("hospital/H1", "C1", "2019-03-10"),
        ("hospital/H2", "V1", "2019-05-20"),
    }
    # sent again it is taken, and neither told nor listed any more
    await books.publish([facts.discharge("C1", "A1", on="2019-03-10", id_="third")], batch)
    assert await books.statement("C1") is not None
    await books.publish([enrol(id_="from-january"), late], batch)
    assert len([answer for answer in books.answers if answer.type == "refusal.lifted.v1"]) == 2
    assert [row["claim_id"] async for row in listings.lifted_refusal_rows(books.engine)] == ["V1"]
    await proved(books)


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_death_that_is_corrected_tells_them_too(books: Books, batch: int) -> None:
    await books.publish([facts.hospital(), enrol(), facts.death(on="2019-03-01")], batch)
    await books.publish([facts.visit(on="2019-03-20", setting="general"), facts.death(on="2019-04-01")], batch)
    assert [answer.data["claim_id"] for answer in books.answers if answer.type == "refusal.lifted.v1"] == ["V1"]


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_correction_waits_with_its_discharge(books: Books, batch: int) -> None:
    """抚松, tier 3: (8,000 - 800) x 60% = 4,320.00 after two corrections of 10,000 that waited with it."""
    early = [facts.hospital(), enrol(), *facts.stay(9, on="2019-02-01", in_scope="100"), facts.discharge("C1", "A1")]
    corrections = [facts.correct("C1", "9000", id_="first"), facts.correct("C1", "8000", id_="second")]
    await books.publish([*early, *corrections], batch)
    await books.publish(corrections, batch)  # sent again
    assert await books.refused() == []
    waits = [answer.data["event_id"] for answer in books.answers if answer.type == "event.waiting.v1"]
    assert list(dict.fromkeys(waits)) == ["discharge-C1", "first", "second"]
    assert len([row async for row in listings.waiting_rows(books.engine)]) == 3
    await books.publish([facts.correct("C1", "7000", id_="not-mine") | {"source": "hospital/H2"}], batch)
    await books.publish([facts.admit("A1")], batch)
    assert await books.refused() == [("not-mine", "unknown_claim")]
    statement = await books.statement("C1")
    assert statement is not None
    assert (statement["total"], statement["layers"][0]["paid"]) == ("8000.00", "4320.00")
    assert [row async for row in listings.waiting_rows(books.engine)] == []
    await holds(books)
    await proved(books)


async def test_what_waits_with_a_discharge_is_reversed_or_refused_with_it(books: Books) -> None:
    await books.publish([facts.hospital(), enrol(), facts.discharge("C1", "A1"), facts.correct("C1", "9000")])
    await books.publish([facts.reverse("C1")])
    assert [reason for _, reason in await books.refused()] == ["reversed_while_waiting"] * 2
    await books.publish([facts.discharge("C2", "A2", "P9"), facts.correct("C2", "9000"), facts.admit("A2", "P8")])
    assert [reason for _, reason in await books.refused()][2:] == ["person_mismatch", "unknown_claim"]
    await proved(books)


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_correction_waits_for_whichever_discharge_of_its_claim_goes_on(books: Books, batch: int) -> None:
    """Two discharges under one claim id, of two admissions; the second admission comes first.

    抚松, tier 3: (9,000 - 800) x 60% = 4,920.00 behind the second discharge. The correction to 7,000 was of the first
    alone, and is refused with it.
    """
    first, second = facts.discharge("C1", "A1"), facts.discharge("C1", "A2", id_="discharge-again")
    await books.publish([facts.hospital(), enrol(), first, facts.correct("C1", "7000", id_="of-the-first")], batch)
    await books.publish([second, facts.correct("C1", "9000", id_="of-both")], batch)
    await books.publish([facts.admit("A2")], batch)
    statement = await books.statement("C1")
    assert statement is not None
    assert (statement["total"], statement["layers"][0]["paid"]) == ("9000.00", "4920.00")
    waits = [row["event_id"] async for row in listings.waiting_rows(books.engine)]
    assert waits == ["discharge-C1", "of-the-first"]
    await books.publish([facts.admit("A1")], batch)
    assert await books.refused() == [("discharge-C1", "duplicate_claim"), ("of-the-first", "unknown_claim")]
    assert (await books.statement("C1")) == statement
    assert [row async for row in listings.waiting_rows(books.engine)] == []
    await holds(books)
    await proved(books)


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_correction_waits_on_where_one_of_two_discharges_is_refused(books: Books, batch: int) -> None:
    """The first is refused for its person; the second may still come, and the correction of both waits for it."""
    second = facts.discharge("C1", "A2", id_="discharge-again")
    await books.publish([facts.hospital(), enrol(), facts.discharge("C1", "A1"), second], batch)
    await books.publish([facts.correct("C1", "9000"), facts.admit("A1", "P8")], batch)
    assert await books.refused() == [("discharge-C1", "person_mismatch")]
    await books.publish([facts.admit("A2")], batch)
    assert len(await books.refused()) == 1
    statement = await books.statement("C1")
    assert statement is not None
    assert statement["total"] == "9000.00"
    await holds(books)
    await proved(books)


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_correction_of_a_waiting_discharge_is_none_of_another_that_was_sent_instead(
    books: Books, batch: int
) -> None:
    """The hospital had the wrong admission: it claims again under the same id with the right one, which is known."""
    await books.publish([facts.hospital(), enrol(), facts.discharge("C1", "A1"), facts.correct("C1", "7000")], batch)
    instead = facts.discharge("C1", "A2", id_="discharge-again", in_scope="9000")
    await books.publish([facts.admit("A2"), instead, facts.admit("A1")], batch)
    assert [reason for _, reason in await books.refused()] == ["duplicate_claim", "unknown_claim"]
    statement = await books.statement("C1")
    assert statement is not None
    assert statement["total"] == "9000.00"
    await proved(books)
