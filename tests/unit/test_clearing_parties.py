"""With whom each booking of a claim is settled: numbers are runs, stages, fen, and places of facts in intake."""

from datetime import date

from processors.clearing.advances import repay
from processors.clearing.booked import Booked
from processors.clearing.parties import OPEN, Booking, ClaimFacts, settle_with
from projections.advances import Advance

BASIC, CRITICAL, SETTLED = 0, 1, 100

Told = list[tuple[int, int, str, str, int]]


def told(facts: ClaimFacts, *bookings: tuple[int, int, int, int]) -> Told:
    """(run, stage, party, kind, amount) of each part, from (run, stage, amount, known); settlement's left out."""
    entries = [
        Booking("basic.0", number, run, stage, amount, known)
        for number, (run, stage, amount, known) in enumerate(bookings)
    ]
    parts = settle_with(facts, entries)
    assert sum(part.amount for part in parts) == sum(booking.amount for booking in entries)
    return [
        (part.booking.run, part.booking.stage, part.party, part.kind, part.amount)
        for part in parts
        if part.booking.stage != SETTLED
    ]


FIRST = ((1, BASIC, 600, 0), (1, CRITICAL, 300, 0), (1, SETTLED, 0, 0))
FIRST_TOLD: Told = [(1, BASIC, "hospital", "settled", 600), (1, CRITICAL, "hospital", "settled", 300)]


def test_an_audit_is_laid_on_the_hospital_in_every_layer_that_its_run_changes() -> None:
    facts = ClaimFacts("hospital", first_run=1, audits=[50])
    run = ((2, BASIC, -60, 50), (2, CRITICAL, -20, 50), (2, SETTLED, 0, 50))
    assert told(facts, *FIRST, *run) == [
        *FIRST_TOLD,
        (2, BASIC, "hospital", "audit", -60),
        (2, CRITICAL, "hospital", "audit", -20),
    ]


def test_a_later_change_of_an_audited_claim_is_the_person_s_also_where_the_audit_changed_nothing() -> None:
    """Critical illness booked nothing for the audit's run: that it passed there is known from settlement."""
    facts = ClaimFacts("hospital", first_run=1, audits=[50])
    audit, roster = ((2, BASIC, -60, 50), (2, SETTLED, 0, 50)), ((3, CRITICAL, 40, 70), (3, SETTLED, 0, 70))
    assert told(facts, *FIRST, *audit, *roster)[-1] == (3, CRITICAL, "person", "adjusted", 40)


def test_a_run_sent_again_still_lays_the_audit_on_the_hospital() -> None:
    """The audit's run booked basic and was lost; the fresh one, whose cause is the recovery, books the rest."""
    facts = ClaimFacts("hospital", first_run=1, audits=[50])
    lost, fresh = ((2, BASIC, -60, 50),), ((3, CRITICAL, -20, 55), (3, SETTLED, 0, 55))
    later = ((4, CRITICAL, 40, 70), (4, SETTLED, 0, 70))
    assert told(facts, *FIRST, *lost, *fresh, *later)[2:] == [
        (2, BASIC, "hospital", "audit", -60),
        (3, CRITICAL, "hospital", "audit", -20),
        (4, CRITICAL, "person", "adjusted", 40),
    ]


def test_a_roster_that_came_before_the_audit_is_the_person_s_though_booked_after_it_was_recorded() -> None:
    facts = ClaimFacts("hospital", first_run=1, audits=[50])
    roster, audit = ((2, CRITICAL, 40, 49), (2, SETTLED, 0, 49)), ((3, CRITICAL, -20, 50), (3, SETTLED, 0, 50))
    assert told(facts, *FIRST, *roster, *audit)[2:] == [
        (2, CRITICAL, "person", "adjusted", 40),
        (3, CRITICAL, "hospital", "audit", -20),
    ]


def test_all_up_to_the_first_answer_is_the_first_settlement() -> None:
    """The first run stood still after basic; the one that took its place wrote the first statement."""
    facts = ClaimFacts("person", first_run=2, audits=[50])
    assert told(facts, (1, BASIC, 600, 0), (2, BASIC, -60, 50), (2, CRITICAL, 300, 50), (2, SETTLED, 0, 50)) == [
        (1, BASIC, "person", "settled", 600),
        (2, BASIC, "person", "settled", -60),
        (2, CRITICAL, "person", "settled", 300),
    ]
    assert told(ClaimFacts("hospital", OPEN), (1, BASIC, 600, 0), (2, BASIC, 5, 9))[1][2:4] == ("hospital", "settled")


def test_a_reversed_claim_comes_to_nothing_for_each_side() -> None:
    facts = ClaimFacts("hospital", first_run=1, audits=[50, 80], reversed_by=70)
    history = ((2, BASIC, -60, 50), (2, SETTLED, 0, 50), (3, BASIC, 25, 60), (3, SETTLED, 0, 60))
    reversal = ((4, BASIC, -565, 70), (4, CRITICAL, -300, 70), (4, SETTLED, 0, 70))
    assert told(facts, *FIRST, *history, *reversal)[2:] == [
        (2, BASIC, "hospital", "audit", -60),
        (3, BASIC, "person", "adjusted", 25),
        (4, BASIC, "hospital", "adjusted", -540),
        (4, BASIC, "person", "adjusted", -25),
        (4, CRITICAL, "hospital", "adjusted", -300),
    ]


def _booked(party: str, payee: str, fund: str, amount: int, day: str, person: str = "P1") -> Booked:
    assert party in ("hospital", "person")
    on = date.fromisoformat(day)
    return Booked("person" if party == "person" else "hospital", payee, fund, "settled", amount, "C", person, "H", on)


def _advance(id_: str, day: str, person: str = "P1") -> Advance:
    return Advance("360923", id_, 1, person, 0, date.fromisoformat(day))


def test_advances_take_from_the_person_first_then_from_his_hospitals_oldest_first() -> None:
    booked = [
        _booked("hospital", "H1", "basic", 500, "2019-03-05"),
        _booked("person", "P1", "basic", 300, "2019-03-05"),
        _booked("person", "P1", "assistance", 100, "2019-03-05"),
        _booked("hospital", "H1", "basic", 900, "2019-03-05", person="P2"),
        _booked("person", "P1", "grant", 5000, "2019-03-05"),
    ]
    balances = {("person", "P1"): 5400, ("hospital", "H1"): 1400}
    owed = [(_advance("L1", "2019-03-01"), 350), (_advance("L2", "2019-03-02"), 1000)]
    assert [
        (each.advance.advance_id, each.payee, each.fund, each.amount) for each in repay(owed, booked, balances)
    ] == [
        ("L1", "P1", "basic", 300),
        ("L1", "P1", "assistance", 50),
        ("L2", "P1", "assistance", 50),
        ("L2", "H1", "basic", 500),
    ]


def test_an_advance_takes_no_more_than_claims_bring_and_no_more_than_there_is_to_pay() -> None:
    owed = [(_advance("L1", "2019-03-01"), 1000)]
    earlier = [_booked("person", "P1", "basic", 300, "2019-02-28")]
    assert repay(owed, earlier, {("person", "P1"): 300}) == []
    taken_back = [
        _booked("person", "P1", "basic", 300, "2019-03-05"),
        _booked("person", "P1", "assistance", -200, "2019-03-05"),
    ]
    assert [each.amount for each in repay(owed, taken_back, {("person", "P1"): 100})] == [100]
    in_debt = [_booked("hospital", "H1", "basic", 300, "2019-03-05")]
    assert [each.amount for each in repay(owed, in_debt, {("hospital", "H1"): 40})] == [40]
    assert repay(owed, in_debt, {("hospital", "H1"): -40}) == []
