"""With whom each booking of a claim is settled: numbers are runs, stages, fen, and places of facts in intake."""

from processors.clearing.counterparties import NO_RUN, ClaimEntry, ClaimFacts, UnfinishedRun, split_by_party

BASIC, CRITICAL, AGAIN, SETTLED = 0, 1, 2, 100
LAYERS = {BASIC: "basic", CRITICAL: "critical_illness", AGAIN: "basic", SETTLED: None}

Parts = list[tuple[int, int, str, str, int]]


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
    facts = ClaimFacts("hospital", first_run=1, audits=[50])
    run = ((2, BASIC, -60, 50), (2, CRITICAL, -20, 50), (2, SETTLED, 0, 50))
    assert split(facts, *FIRST, *run) == [
        *FIRST_PARTS,
        (2, BASIC, "hospital", "audit", -60),
        (2, CRITICAL, "hospital", "audit", -20),
    ]


def test_a_later_change_of_an_audited_claim_is_the_person_s_also_where_the_audit_changed_nothing() -> None:
    """Critical illness booked nothing for the audit's run: that it passed there is known from settlement."""
    facts = ClaimFacts("hospital", first_run=1, audits=[50])
    audit, roster = ((2, BASIC, -60, 50), (2, SETTLED, 0, 50)), ((3, CRITICAL, 40, 70), (3, SETTLED, 0, 70))
    assert split(facts, *FIRST, *audit, *roster)[-1] == (3, CRITICAL, "person", "adjusted", 40)


def test_an_audit_under_way_has_passed_where_a_later_run_has_booked() -> None:
    """Its run had nothing to change in basic; the roster's run behind it has, and neither has reached settlement."""
    facts = ClaimFacts("hospital", first_run=1, audits=[50], unfinished=[UnfinishedRun(2, 50), UnfinishedRun(3, 70)])
    assert split(facts, *FIRST, (3, BASIC, 40, 70))[-1] == (3, BASIC, "person", "adjusted", 40)
    audit_s_own = ((2, BASIC, -60, 50), (3, BASIC, 40, 70))
    assert [part[2] for part in split(facts, *FIRST, *audit_s_own)[2:]] == ["hospital", "person"]


def test_a_run_sent_again_still_lays_the_audit_on_the_hospital() -> None:
    """The audit's run booked basic and was lost; the fresh one, whose cause is the recovery, books the rest."""
    facts = ClaimFacts("hospital", first_run=1, audits=[50])
    lost, fresh = ((2, BASIC, -60, 50),), ((3, CRITICAL, -20, 55), (3, SETTLED, 0, 55))
    later = ((4, CRITICAL, 40, 70), (4, SETTLED, 0, 70))
    assert split(facts, *FIRST, *lost, *fresh, *later)[2:] == [
        (2, BASIC, "hospital", "audit", -60),
        (3, CRITICAL, "hospital", "audit", -20),
        (4, CRITICAL, "person", "adjusted", 40),
    ]


def test_a_roster_that_came_before_the_audit_is_the_person_s_though_booked_after_it_was_recorded() -> None:
    facts = ClaimFacts("hospital", first_run=1, audits=[50])
    roster, audit = ((2, CRITICAL, 40, 49), (2, SETTLED, 0, 49)), ((3, CRITICAL, -20, 50), (3, SETTLED, 0, 50))
    assert split(facts, *FIRST, *roster, *audit)[2:] == [
        (2, CRITICAL, "person", "adjusted", 40),
        (3, CRITICAL, "hospital", "audit", -20),
    ]


def test_all_up_to_the_first_answer_is_the_first_settlement() -> None:
    """The first run stood still after basic; the one that took its place wrote the first statement."""
    facts = ClaimFacts("person", first_run=2, audits=[50])
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
    facts = ClaimFacts("hospital", first_run=1, audits=[50, 80], reversed_by=70)
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
    roster = ((2, BASIC, -600, 60), (2, SETTLED, 0, 60))
    reversal = ((3, BASIC, 0, 70), (3, CRITICAL, -300, 70), (3, SETTLED, 0, 70))
    later = ((4, SETTLED, 0, 80),)  # the statement of a reversed claim shows its categories too
    assert split(facts, *FIRST, *roster, *reversal, *later)[2:] == [
        (2, BASIC, "person", "adjusted", -600),
        (3, CRITICAL, "hospital", "adjusted", -300),
        (3, SETTLED, "hospital", "adjusted", -600),
        (3, SETTLED, "person", "adjusted", 600),
    ]


def test_each_stage_of_a_layer_is_emptied_by_itself_also_by_a_run_sent_again() -> None:
    """Basic stands at two stages: the first nets to 0 before the reversal; the second's run is lost."""
    facts = ClaimFacts("person", first_run=1, audits=[50], reversed_by=70)
    first = ((1, BASIC, 600, 0), (1, AGAIN, 100, 0), (1, SETTLED, 0, 0))
    audit = ((2, BASIC, -600, 50), (2, AGAIN, -30, 50), (2, SETTLED, 0, 50))
    lost, fresh = ((3, AGAIN, -70, 70),), ((4, SETTLED, 0, 75),)
    entries = [
        ClaimEntry("basic.0", number, run, stage, amount, known, LAYERS[stage])
        for number, (run, stage, amount, known) in enumerate((*first, *audit, *lost, *fresh))
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
    facts = ClaimFacts("hospital", first_run=1, audits=[50], reversed_by=80)
    roster = ClaimEntry("basic.0", 2, run=3, stage=BASIC, amount=40, known=70, layer="basic", cleared=True)
    first = ClaimEntry("basic.0", 1, run=1, stage=BASIC, amount=600, known=0, layer="basic")
    reversal = ClaimEntry("basic.0", 3, run=5, stage=BASIC, amount=-640, known=80, layer="basic")
    parts = split_by_party(facts, [first, roster, reversal], {(BASIC, "basic", "person"): 40})
    assert [(part.entry.run, part.party, part.kind, part.amount) for part in parts] == [
        (1, "hospital", "settled", 600),
        (5, "hospital", "adjusted", -600),
        (5, "person", "adjusted", -40),
    ]


def test_a_later_booking_still_goes_behind_what_was_cleared() -> None:
    """The audit is known from its cleared booking: the roster's run behind it is the person's."""
    facts = ClaimFacts("hospital", first_run=1, audits=[50])
    audit = ClaimEntry("basic.0", 2, run=2, stage=BASIC, amount=-60, known=50, layer="basic", cleared=True)
    roster = ClaimEntry("basic.0", 3, run=3, stage=BASIC, amount=40, known=70, layer="basic")
    (part,) = split_by_party(facts, [audit, roster], {(BASIC, "basic", "hospital"): -60})
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


def test_a_run_whose_place_another_took_has_passed_up_to_where_it_stood_still() -> None:
    """The audit's run 2 booked nothing and was parked at critical illness, where run 4 took its place."""
    facts = ClaimFacts(
        "hospital", first_run=1, audits=[50], unfinished=[UnfinishedRun(2, 50, replaced_by=4, stage=CRITICAL)]
    )
    run = ((4, BASIC, 40, 70), (4, CRITICAL, -20, 70), (4, SETTLED, 0, 70))
    assert [part[1:4] for part in split(facts, *FIRST, *run)[2:]] == [
        (BASIC, "person", "adjusted"),
        (CRITICAL, "hospital", "audit"),
    ]
    between = ((3, CRITICAL, 40, 60),)  # went behind it there before it was lost
    lost = ClaimFacts("hospital", first_run=1, audits=[50], unfinished=[UnfinishedRun(2, 50, replaced_by=4)])
    assert split(lost, *FIRST, *between)[2][2:4] == ("person", "adjusted")
    assert split(lost, *FIRST, *run)[2][2:4] == ("hospital", "audit")
