"""With whom each booking of a claim is settled: numbers are runs, stages, fen, and places of facts in intake."""

from processors.clearing.counterparties import (
    NO_RUN,
    ClaimEntry,
    ClaimFacts,
    LaterFact,
    belongs_to_several,
    split_by_party,
)

BASIC, CRITICAL, AGAIN, SETTLED = 0, 1, 2, 100
LAYERS = {BASIC: "basic", CRITICAL: "critical_illness", AGAIN: "basic", SETTLED: None}

Paid = dict[int, dict[tuple[int, str], int]]
Parts = list[tuple[int, int, str, str, int]]


def audit(number: int) -> LaterFact:
    return LaterFact(number, "hospital", "audit")


def corrected(number: int) -> LaterFact:
    return LaterFact(number, "hospital", "adjusted")


def roster(number: int) -> LaterFact:
    return LaterFact(number, "person", "adjusted")


def paid(*after: tuple[int, int, int]) -> Paid:
    """What basic and critical illness pay after each fact, from (number, basic, critical illness)."""
    return {number: {(BASIC, "basic"): basic, (CRITICAL, "critical_illness"): ci} for number, basic, ci in after}


def split(facts: ClaimFacts, *bookings: tuple[int, int, int, int]) -> Parts:
    """(run, stage, party, kind, amount) of each part, from (run, stage, amount, known)."""
    entries = [
        ClaimEntry("basic.0", number, run, stage, amount, known, LAYERS[stage])
        for number, (run, stage, amount, known) in enumerate(bookings)
    ]
    parts = split_by_party(facts, entries)
    assert sum(part.amount for part in parts) == sum(booking.amount for booking in entries)
    return [(part.entry.run, part.entry.stage, part.party, part.kind, part.amount) for part in parts]


FIRST = ((1, BASIC, 600, 0), (1, CRITICAL, 300, 0), (1, SETTLED, 0, 0))
FIRST_PARTS: Parts = [(1, BASIC, "hospital", "settled", 600), (1, CRITICAL, "hospital", "settled", 300)]


def test_an_audit_is_laid_on_the_hospital_in_every_layer_that_its_run_changes() -> None:
    facts = ClaimFacts("hospital", first_run=1, later=[audit(50)])
    run = ((2, BASIC, -60, 50), (2, CRITICAL, -20, 50), (2, SETTLED, 0, 50))
    assert split(facts, *FIRST, *run) == [
        *FIRST_PARTS,
        (2, BASIC, "hospital", "audit", -60),
        (2, CRITICAL, "hospital", "audit", -20),
    ]


def test_a_later_change_of_an_audited_claim_is_the_person_s_also_where_the_audit_changed_nothing() -> None:
    """Critical illness booked nothing for the audit's run: that it passed there is known from settlement."""
    facts = ClaimFacts("hospital", first_run=1, later=[audit(50), roster(70)])
    audited, later = ((2, BASIC, -60, 50), (2, SETTLED, 0, 50)), ((3, CRITICAL, 40, 70), (3, SETTLED, 0, 70))
    assert split(facts, *FIRST, *audited, *later)[-1] == (3, CRITICAL, "person", "adjusted", 40)


def test_an_audit_under_way_has_passed_where_a_later_run_has_booked() -> None:
    """Its run had nothing to change in basic; the roster's run behind it has, and neither has reached settlement.

    From scratch: basic 600, still 600 after the audit, 640 after the roster.
    """
    facts = ClaimFacts("hospital", 1, [audit(50), roster(70)], paid=paid((0, 600, 300), (50, 600, 280), (70, 640, 280)))
    assert split(facts, *FIRST, (3, BASIC, 40, 70))[-1] == (3, BASIC, "person", "adjusted", 40)
    audit_s_own = ((2, BASIC, -60, 50), (3, BASIC, 40, 70))
    assert [part[2] for part in split(facts, *FIRST, *audit_s_own)[2:]] == ["hospital", "person"]


def test_a_correction_is_the_payee_s_and_each_of_several_facts_has_its_own_party() -> None:
    facts = ClaimFacts("hospital", 1, [corrected(50), roster(60), audit(70), corrected(80)])
    runs = (
        *((2, BASIC, -500, 50), (2, CRITICAL, -300, 50), (2, SETTLED, 0, 50)),
        *((3, BASIC, 20, 60), (3, SETTLED, 0, 60)),
        *((4, BASIC, -10, 70), (4, SETTLED, 0, 70)),
        *((5, BASIC, 400, 80), (5, SETTLED, 0, 80)),
    )
    assert split(facts, *FIRST, *runs)[2:] == [
        (2, BASIC, "hospital", "adjusted", -500),
        (2, CRITICAL, "hospital", "adjusted", -300),
        (3, BASIC, "person", "adjusted", 20),
        (4, BASIC, "hospital", "audit", -10),
        (5, BASIC, "hospital", "adjusted", 400),
    ]


def test_one_run_over_several_facts_is_parted_by_what_each_has_changed() -> None:
    """A correction, an audit and a roster were lost with the store of NATS; one fresh run books them all.

    Basic: 600, 100 corrected (-500), 90 audited (-10), 110 with the roster (+20): -490 in one booking.
    Critical illness: 300, 0, 0, 0: -300, all of it the correction's.
    """
    facts = ClaimFacts(
        *("hospital", 1, [corrected(50), audit(60), roster(70)]),
        paid=paid((0, 600, 300), (50, 100, 0), (60, 90, 0), (70, 110, 0)),
    )
    fresh = ((5, BASIC, -490, 75), (5, CRITICAL, -300, 75), (5, SETTLED, 0, 75))
    assert split(facts, *FIRST, *fresh)[2:] == [
        (5, BASIC, "hospital", "adjusted", -500),
        (5, BASIC, "hospital", "audit", -10),
        (5, BASIC, "person", "adjusted", 20),
        (5, CRITICAL, "hospital", "adjusted", -300),
    ]


def test_facts_that_come_to_nothing_in_one_run_still_move_money_between_the_parties() -> None:
    """The roster adds what the audit takes: basic has nothing to book, and settlement's entry carries the two."""
    facts = ClaimFacts(
        *("hospital", 1, [roster(50), audit(60)]), paid=paid((0, 600, 300), (50, 640, 300), (60, 600, 280))
    )
    fresh = ((5, CRITICAL, -20, 75), (5, SETTLED, 0, 75))
    assert split(facts, *FIRST, *fresh)[2:] == [
        (5, CRITICAL, "hospital", "audit", -20),
        (5, SETTLED, "person", "adjusted", 40),
        (5, SETTLED, "hospital", "audit", -40),
    ]


def test_what_each_fact_has_changed_is_asked_only_where_one_run_may_have_booked_for_several_parties() -> None:
    def entries(*bookings: tuple[int, int, int, int]) -> list[ClaimEntry]:
        return [
            ClaimEntry("basic.0", 1, run, stage, paid, known, LAYERS[stage]) for run, stage, paid, known in bookings
        ]

    facts = ClaimFacts("hospital", 1, [roster(40), corrected(50), roster(60), roster(70)])
    one_by_one = (
        *((2, BASIC, 40, 40), (2, SETTLED, 0, 40), (3, BASIC, -60, 50), (3, SETTLED, 0, 50)),
        *((4, BASIC, 10, 70), (4, SETTLED, 0, 70)),
    )
    assert not belongs_to_several(facts, entries(*FIRST, *one_by_one))
    assert belongs_to_several(facts, entries(*FIRST, (3, BASIC, -20, 50)))


def test_books_that_differ_from_settling_from_scratch_are_not_laid_on_the_person() -> None:
    facts = ClaimFacts(
        *("hospital", 1, [corrected(50), roster(60)]), paid=paid((0, 600, 300), (50, 100, 300), (60, 120, 300))
    )
    assert split(facts, *FIRST, (5, BASIC, -470, 75))[2:] == [(5, BASIC, "hospital", "adjusted", -470)]


def test_a_run_sent_again_still_lays_the_audit_on_the_hospital() -> None:
    """The audit's run booked basic and was lost; the fresh one, whose cause is the recovery, books the rest."""
    facts = ClaimFacts("hospital", first_run=1, later=[audit(50), roster(70)])
    lost, fresh = ((2, BASIC, -60, 50),), ((3, CRITICAL, -20, 55), (3, SETTLED, 0, 55))
    later = ((4, CRITICAL, 40, 70), (4, SETTLED, 0, 70))
    assert split(facts, *FIRST, *lost, *fresh, *later)[2:] == [
        (2, BASIC, "hospital", "audit", -60),
        (3, CRITICAL, "hospital", "audit", -20),
        (4, CRITICAL, "person", "adjusted", 40),
    ]


def test_a_roster_that_came_before_the_audit_is_the_person_s_though_booked_after_it_was_recorded() -> None:
    facts = ClaimFacts("hospital", first_run=1, later=[roster(49), audit(50)])
    before, audited = ((2, CRITICAL, 40, 49), (2, SETTLED, 0, 49)), ((3, CRITICAL, -20, 50), (3, SETTLED, 0, 50))
    assert split(facts, *FIRST, *before, *audited)[2:] == [
        (2, CRITICAL, "person", "adjusted", 40),
        (3, CRITICAL, "hospital", "audit", -20),
    ]


def test_all_up_to_the_first_answer_is_the_first_settlement() -> None:
    """The first run stood still after basic; the one that took its place wrote the first statement."""
    facts = ClaimFacts("person", first_run=2, later=[audit(50)])
    assert split(facts, (1, BASIC, 600, 0), (2, BASIC, -60, 50), (2, CRITICAL, 300, 50), (2, SETTLED, 0, 50)) == [
        (1, BASIC, "person", "settled", 600),
        (2, BASIC, "person", "settled", -60),
        (2, CRITICAL, "person", "settled", 300),
    ]
    assert split(ClaimFacts("hospital", NO_RUN), (1, BASIC, 600, 0), (2, BASIC, 5, 9))[1][2:4] == (
        "hospital",
        "settled",
    )


def test_a_reversed_claim_comes_to_nothing_for_each_side() -> None:
    facts = ClaimFacts("hospital", first_run=1, later=[audit(50), roster(60), audit(80)], reversed_by=70)
    history = ((2, BASIC, -60, 50), (2, SETTLED, 0, 50), (3, BASIC, 25, 60), (3, SETTLED, 0, 60))
    reversal = ((4, BASIC, -565, 70), (4, CRITICAL, -300, 70), (4, SETTLED, 0, 70))
    assert split(facts, *FIRST, *history, *reversal)[2:] == [
        (2, BASIC, "hospital", "audit", -60),
        (3, BASIC, "person", "adjusted", 25),
        (4, BASIC, "hospital", "adjusted", -540),
        (4, BASIC, "person", "adjusted", -25),
        (4, CRITICAL, "hospital", "adjusted", -300),
    ]


def test_a_stage_that_pays_one_and_charges_the_other_is_emptied_with_the_reversal_s_settlement() -> None:
    """The roster left basic at 0: it has nothing to book for the reversal, and settlement gives back +600 and -600."""
    facts = ClaimFacts("hospital", first_run=1, reversed_by=70)
    late = ((2, BASIC, -600, 60), (2, SETTLED, 0, 60))
    reversal = ((3, BASIC, 0, 70), (3, CRITICAL, -300, 70), (3, SETTLED, 0, 70))
    later = ((4, SETTLED, 0, 80),)  # the statement of a reversed claim shows its categories too
    assert split(facts, *FIRST, *late, *reversal, *later)[2:] == [
        (2, BASIC, "person", "adjusted", -600),
        (3, CRITICAL, "hospital", "adjusted", -300),
        (3, SETTLED, "hospital", "adjusted", -600),
        (3, SETTLED, "person", "adjusted", 600),
    ]


def test_each_stage_of_a_layer_is_emptied_by_itself_also_by_a_run_sent_again() -> None:
    """Basic stands at two stages: the first nets to 0 before the reversal; the second's run is lost."""
    facts = ClaimFacts("person", first_run=1, later=[audit(50)], reversed_by=70)
    first = ((1, BASIC, 600, 0), (1, AGAIN, 100, 0), (1, SETTLED, 0, 0))
    audited = ((2, BASIC, -600, 50), (2, AGAIN, -30, 50), (2, SETTLED, 0, 50))
    lost, fresh = ((3, AGAIN, -70, 70),), ((4, SETTLED, 0, 75),)
    entries = [
        ClaimEntry("basic.0", number, run, stage, amount, known, LAYERS[stage])
        for number, (run, stage, amount, known) in enumerate((*first, *audited, *lost, *fresh))
    ]
    assert [
        (part.entry.run, part.layer, part.party, part.kind, part.amount) for part in split_by_party(facts, entries)[4:]
    ] == [
        (3, "basic", "hospital", "adjusted", 30),  # it bore 30 of the audit
        (3, "basic", "person", "adjusted", -100),
        (4, "basic", "hospital", "adjusted", 600),
        (4, "basic", "person", "adjusted", -600),
    ]


def test_a_claim_reversed_before_its_first_answer_leaves_nothing_over() -> None:
    """The run that stood still gave way to the reversal's, which wrote the first statement: all is the payee's."""
    facts = ClaimFacts("hospital", first_run=2, reversed_by=70)
    assert split(facts, (1, BASIC, 600, 0), (2, BASIC, -600, 70), (2, SETTLED, 0, 70)) == [
        (1, BASIC, "hospital", "settled", 600),
        (2, BASIC, "hospital", "settled", -600),
    ]


def test_what_was_cleared_is_undone_as_it_was_cleared_whatever_the_rules_say_by_now() -> None:
    """With the audit's run lost, 40 would be told as the audit's; they were cleared with the person."""
    facts = ClaimFacts("hospital", first_run=1, later=[audit(50)], reversed_by=80)
    late = ClaimEntry("basic.0", 2, run=3, stage=BASIC, amount=40, known=70, layer="basic", cleared=True)
    first = ClaimEntry("basic.0", 1, run=1, stage=BASIC, amount=600, known=0, layer="basic")
    reversal = ClaimEntry("basic.0", 3, run=5, stage=BASIC, amount=-640, known=80, layer="basic")
    parts = split_by_party(facts, [first, late, reversal], {(BASIC, "basic", "person"): 40})
    assert [(part.entry.run, part.party, part.kind, part.amount) for part in parts] == [
        (1, "hospital", "settled", 600),
        (5, "hospital", "adjusted", -600),
        (5, "person", "adjusted", -40),
    ]


def test_a_later_booking_still_goes_behind_what_was_cleared() -> None:
    """The audit is known from its cleared booking: the roster's run behind it is the person's."""
    facts = ClaimFacts("hospital", first_run=1, later=[audit(50), roster(70)])
    audited = ClaimEntry("basic.0", 2, run=2, stage=BASIC, amount=-60, known=50, layer="basic", cleared=True)
    behind = ClaimEntry("basic.0", 3, run=3, stage=BASIC, amount=40, known=70, layer="basic")
    (part,) = split_by_party(facts, [audited, behind], {(BASIC, "basic", "hospital"): -60})
    assert (part.party, part.kind, part.amount) == ("person", "adjusted", 40)


def test_a_reversal_that_brings_the_first_answer_gives_back_what_was_cleared_as_an_adjustment() -> None:
    """Run 2 was drafted as an adjustment behind a first run that has given way to the reversal's since."""
    facts = ClaimFacts("hospital", first_run=3, reversed_by=70)
    first = ClaimEntry("basic.0", 1, run=1, stage=BASIC, amount=600, known=0, layer="basic")
    corrected = ClaimEntry("basic.0", 2, run=2, stage=BASIC, amount=-600, known=60, layer="basic", cleared=True)
    answer = ClaimEntry("settlement.0", 1, run=3, stage=SETTLED, amount=0, known=70, layer=None)
    parts = split_by_party(facts, [first, corrected, answer], {(BASIC, "basic", "person"): -600})
    assert [(part.stage, part.party, part.kind, part.amount) for part in parts[1:]] == [
        (BASIC, "hospital", "settled", -600),
        (BASIC, "person", "adjusted", 600),
    ]


def test_a_run_whose_place_another_took_had_booked_what_its_own_facts_changed() -> None:
    """The audit's run 2 booked nothing in basic and was parked at critical illness, where run 4 took its place.

    From scratch the audit leaves basic at 600 and takes 20 from critical illness; the roster adds 40 to basic.
    """
    facts = ClaimFacts(
        *("hospital", 1, [audit(50), roster(70)]), paid=paid((0, 600, 300), (50, 600, 280), (70, 640, 280))
    )
    run = ((4, BASIC, 40, 70), (4, CRITICAL, -20, 70), (4, SETTLED, 0, 70))
    assert split(facts, *FIRST, *run)[2:] == [
        (4, BASIC, "person", "adjusted", 40),
        (4, CRITICAL, "hospital", "audit", -20),
    ]
