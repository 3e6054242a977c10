"""Bookings are compared with settling from scratch by claim, stage, layer and track."""

from policies.claim import Payout, Used
from policies.loader import SCHEMES, load_text
from processors.person.recalculation import PayoutDifference, StageBooking, differing, payout_differences, recalculate
from tests.engine import claim

POOR = ["registered_poor"]
CLAIM = claim("fusong", "2019-03-10", number=1)
PAYOUTS = {1: [Payout(0, "basic", "inpatient", 900, 100, 540, 0, 0, (540, 0, 0))]}


def booked(layer: str = "basic", track: str = "inpatient", paid: int = 540, claims: int = 1) -> StageBooking:
    return StageBooking(CLAIM.claim_id, 1, 0, 2019, "fusong", layer, track, Used(900, 100, paid, 0, claims))


def test_what_is_booked_as_decided_does_not_differ() -> None:
    settled_and_gone = StageBooking(CLAIM.claim_id, 1, 1, 2019, "fusong", "assistance", "", Used())
    assert payout_differences([CLAIM], PAYOUTS, [booked(), settled_and_gone]) == []


def test_a_fen_too_much_is_a_difference() -> None:
    found = payout_differences([CLAIM], PAYOUTS, [booked(paid=541)])
    expected, there = Used(900, 100, 540, 0, 1), Used(900, 100, 541, 0, 1)
    assert found == [PayoutDifference(CLAIM.claim_id, "basic", 0, expected, there)]
    assert found[0].where == f"claim {CLAIM.claim_id}, basic (stage 0)"


def test_a_booking_for_another_layer_or_track_is_missing_here_and_too_much_there() -> None:
    for other in (booked(layer="assistance"), booked(track="chronic")):
        found = payout_differences([CLAIM], PAYOUTS, [other])
        assert {(each.layer, each.expected.paid, each.booked.paid) for each in found} == {
            ("basic", 540, 0),
            (other.layer, 0, 540),
        }


def test_a_booking_for_a_claim_that_was_never_accepted_is_a_difference() -> None:
    stray = StageBooking("C9", 9, 0, 2019, "fusong", "basic", "inpatient", Used(paid=1, claims=1))
    (found,) = payout_differences([CLAIM], PAYOUTS, [booked(), stray])
    assert (found.claim_id, found.expected, found.booked.paid) == ("C9", Used(), 1)


def test_keys_of_either_side_are_compared_in_order() -> None:
    assert list(differing({("b",): 1, ("a",): 2}, {("a",): 2, ("c",): 3})) == [(("b",), 1, None), (("c",), None, 3)]


def test_a_statement_is_told_of_the_stay_that_it_is() -> None:
    # the tariff is 15,000, from the second stay of the year on 12,000: of 16,000 the hospital bears 1,000, then 4,000
    row = "- {disease: thalassemia, tier: 2, value: 15000,"
    text = (SCHEMES / "anyi.yaml").read_text(encoding="utf-8")
    later = row.replace("tier: 2, value: 15000", "tier: 2, stay: {from: 2}, value: 12000")
    law = load_text(text.replace(row, f'{later} grade: assumed, cite: "made up"}}\n    {row}').encode(), "anyi.yaml")
    stays = [
        claim(law, "2019-03-09", in_scope="16000", tier=2, disease="thalassemia", categories=POOR, number=number)
        for number in (1, 2)
    ]
    told = recalculate(stays, {law.content_hash: law}).statements
    assert [each.hospital_share for each in told] == [1_000_00, 4_000_00]
