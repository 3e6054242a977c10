"""A claim's buckets S, C and O (docs/domain.md#3.4), the balance (docs/domain.md#3.5), audits (docs/domain.md#3.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.money import yuan
from policies.buckets import OpenBill, open_bill, take
from policies.claim import BorneBy, Payout
from tests.engine import claim
from tests.rules import BOUNDED, FEN


def opened(*audits: tuple[str, BorneBy]) -> OpenBill:
    """S 100, C 20 + 30, O 40, and the audits."""
    return open_bill(
        claim(
            "fusong", "2019-06-01", in_scope="100", upfront_copay="20", over_limit="30", self_funded="40", audits=audits
        )
    )


def payout(paid: int, taken: tuple[int, int, int]) -> Payout:
    return Payout(stage=0, layer="basic", track="", base=0, deductible=0, paid=paid, extra=0, over_cap=0, taken=taken)


def test_copay_and_over_limit_are_one_bucket() -> None:
    assert (opened().left, opened().total, opened().in_scope) == ([100_00, 50_00, 40_00], 190_00, 100_00)


@pytest.mark.parametrize(
    ("audits", "left", "hospital", "person"),
    [
        ([("40", "hospital")], [100_00, 50_00, 0], 40_00, 0),  # O first
        ([("40.01", "hospital")], [100_00, 49_99, 0], 40_01, 0),  # then C
        ([("95", "person")], [95_00, 0, 0], 0, 95_00),  # 40 + 50 + 5 of S
        ([("30", "hospital"), ("30", "person")], [100_00, 30_00, 0], 30_00, 30_00),  # 30 of O; 10 of O, 20 of C
        ([("180", "hospital"), ("20", "person")], [0, 0, 0], 180_00, 10_00),  # the first in the record is whole
        ([("180", "person"), ("20", "hospital")], [0, 0, 0], 10_00, 180_00),
        ([("500", "hospital")], [0, 0, 0], 190_00, 0),  # what the buckets do not hold has no effect
    ],
)
def test_audits_leave_the_bill(audits: list[tuple[str, BorneBy]], left: list[int], hospital: int, person: int) -> None:
    audited = opened(*audits)
    assert (audited.left, audited.total, audited.in_scope) == (left, sum(left), left[0])
    assert (audited.hospital_audit, audited.person_audit) == (hospital, person)
    assert audited.shares() == (sum(left) + person, hospital)


@pytest.mark.parametrize(
    ("amount", "buckets", "taken"),
    [
        (0, (0, 1, 2), (0, 0, 0)),
        (10, (0, 1, 2), (10, 0, 0)),
        (11, (0, 1, 2), (10, 1, 0)),
        (35, (0, 1, 2), (10, 20, 5)),
        (60, (0, 1, 2), (10, 20, 30)),
        (99, (0, 1, 2), (10, 20, 30)),  # never more than is left
        (25, (2,), (0, 0, 25)),
        (15, (0,), (10, 0, 0)),
    ],
)
def test_take(amount: int, buckets: tuple[int, ...], taken: tuple[int, int, int]) -> None:
    assert take([10, 20, 30], amount, buckets) == taken


@pytest.mark.parametrize(
    ("paid", "taken"),
    [
        (100_01, (100_01, 0, 0)),  # more than S holds
        (1, (-1, 2, 0)),
        (10, (5, 4, 0)),  # takes another sum than it pays
    ],
)
def test_a_payout_that_can_not_be_is_refused(paid: int, taken: tuple[int, int, int]) -> None:
    with pytest.raises(AssertionError, match="C1"):
        opened().apply(payout(paid, taken))


def test_a_claim_that_does_not_balance_is_refused() -> None:
    bill = opened()
    bill.left[0] += 1
    with pytest.raises(AssertionError, match="does not balance"):
        bill.shares()


def test_a_patient_never_pays_less_than_nothing() -> None:
    # a quota of 100 leaves the hospital 90; what is left, 40, would make the patient's share −50
    bill = opened()
    bill.quota = 100_00
    bill.apply(payout(150_00, (100_00, 50_00, 0)))
    with pytest.raises(AssertionError, match="does not balance"):
        bill.shares()


@BOUNDED
@given(FEN, FEN, FEN, FEN, st.lists(st.tuples(FEN, st.sampled_from(["hospital", "person"])), max_size=4))
def test_audits_keep_the_balance(s: int, c: int, over: int, o: int, audits: list[tuple[int, BorneBy]]) -> None:
    audited = open_bill(
        claim(
            "fusong",
            "2019-06-01",
            in_scope=yuan(s),
            upfront_copay=yuan(c),
            over_limit=yuan(over),
            self_funded=yuan(o),
            audits=[(yuan(amount), borne_by) for amount, borne_by in audits],
        )
    )
    assert audited.total + audited.hospital_audit + audited.person_audit == s + c + over + o
    assert audited.hospital_audit + audited.person_audit == min(s + c + over + o, sum(amount for amount, _ in audits))
    patient, hospital = audited.shares()
    assert patient + hospital == s + c + over + o
