"""Whether parts are whole bookings, in fen."""

from processors.proof.verification.whole_bookings import MOST_BOOKINGS, are_whole


def test_each_booking_goes_to_one_part() -> None:
    assert are_whole([-60, 40, 25], [-60, 65])
    assert are_whole([5, -5, 40], [40, 0])
    assert not are_whole([-60], [-160, 100])  # the same sum, but of no booking
    assert not are_whole([], [465, -465])
    assert not are_whole([40], [39, 0])


def test_of_very_many_only_the_sum_is_held() -> None:
    many = [1] * (MOST_BOOKINGS + 1)
    assert are_whole(many, [-1, len(many) + 1])
    assert not are_whole(many, [len(many) + 1])
