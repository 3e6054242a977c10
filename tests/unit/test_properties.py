"""What must hold for any claims of a person under any shipped scheme (docs/domain.md#3)."""

from dataclasses import dataclass

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.codes import AUDIT_PARTS
from policies.buckets import OpenBill
from policies.claim import Audit, BillParts, Claim, claim_from_json, claim_json
from policies.engine import settle
from policies.vocabulary import CATEGORY_ORDER, DISEASES
from tests.engine import HASHES, claim

BOUNDED = settings(max_examples=150)


@dataclass(frozen=True)
class Offer:
    """What a scheme offers: days to draw from (two years, both sides of its dated values) and settings by tier."""

    days: tuple[str, ...]
    settings: tuple[str, ...]
    tiers: tuple[int, ...] = (0, 1, 2, 3)


OFFERS = {
    "fusong": Offer(("2018-12-30", "2018-12-31", "2019-01-01", "2019-07-01"), ("inpatient", "chronic")),
    "changzhi": Offer(("2017-06-01", "2018-01-01", "2018-12-31"), ("inpatient", "chronic")),
    "shanggao": Offer(("2019-08-13", "2019-12-31", "2020-01-01"), ("inpatient", "chronic", "general")),
    "anyi": Offer(("2018-01-01", "2018-12-31", "2019-01-01"), ("inpatient", "chronic")),
    "liaoning": Offer(("2018-09-20", "2018-12-31", "2019-01-01"), ("inpatient", "chronic", "pharmacy")),
    "jiamusi": Offer(("2018-01-01", "2018-12-31", "2019-01-01"), ("inpatient", "general")),
}
# the scheme's poor are drawn as often as everybody else, or the layers behind critical illness would hardly be tried
CATEGORIES = st.one_of(
    st.just(("registered_poor",)),
    st.lists(st.sampled_from(CATEGORY_ORDER), unique=True, max_size=3).map(
        lambda chosen: tuple(sorted(chosen, key=CATEGORY_ORDER.index))
    ),
)
# fen: small ones cross deductibles and roundings, large ones caps and bands
FEN = st.one_of(st.just(0), st.integers(0, 300_00), st.integers(0, 30_000_00), st.integers(0, 900_000_00))
# diseases with a rule of their own, and all others
DISEASE = st.one_of(
    st.none(),
    st.sampled_from(["schistosomiasis", "thalassemia", "lung_cancer", "type1_diabetes"]),
    st.sampled_from(DISEASES),
)
PARTS = st.sampled_from([None, None, *AUDIT_PARTS])
AUDITS = st.lists(st.builds(Audit, FEN, st.sampled_from(["hospital", "person"]), PARTS), max_size=3).map(tuple)
REGIONS = st.sampled_from([None, None, "230103", "110101"])
# made once: hypothesis checks each strategy that it meets, and one made while an example is drawn with each example
OFFERED_DAYS = {name: st.sampled_from(offer.days) for name, offer in OFFERS.items()}
OFFERED_SETTINGS = {name: st.sampled_from(offer.settings) for name, offer in OFFERS.items()}
OFFERED_TIERS = {name: st.sampled_from(offer.tiers) for name, offer in OFFERS.items()}
CARD_CLASSES = st.sampled_from(["I", "II"])
STANDING = st.sampled_from([True, True, True, False])
NAMES = st.sampled_from(sorted(OFFERS))


@st.composite
def bills(draw: st.DrawFn) -> BillParts:
    parts = [draw(FEN) for _ in range(4)]
    return BillParts(sum(parts), *parts)


@st.composite
def claims(draw: st.DrawFn, name: str, number: int = 1) -> Claim:
    """One claim as the ledger may have accepted it."""
    tiers = OFFERED_TIERS[name]
    setting = draw(OFFERED_SETTINGS[name])
    made = claim(
        name,
        draw(OFFERED_DAYS[name]),
        setting=setting,
        tier=draw(tiers),
        categories=draw(CATEGORIES),
        number=number,
        hospital_region=draw(REGIONS),
        filed=draw(st.booleans()),
        prescriber_tier=draw(tiers) if setting == "pharmacy" else 0,
        card_class=draw(CARD_CLASSES) if setting == "chronic" else None,
        any_card=draw(st.booleans()),
        disease=draw(DISEASE),
        late=draw(st.booleans()) if setting == "inpatient" else False,
        referral=[f"A{earlier}" for earlier in range(number - 1, 0, -1)] if draw(st.booleans()) else [],
    )
    return replace(made, bill=draw(bills()), audits=draw(AUDITS))


@st.composite
def histories(draw: st.DrawFn) -> list[Claim]:
    """A person's claims under one scheme in ledger order, of two years mixed, some of them reversed."""
    name = draw(NAMES)
    count = draw(st.integers(1, 6))
    history = [draw(claims(name, number)) for number in range(1, count + 1)]
    return [replace(each, standing=draw(STANDING)) for each in history]


def settled(history: list[Claim]) -> dict[int, OpenBill]:
    return settle(HASHES, history)[0]


@BOUNDED
@given(histories())
def test_every_bill_balances_and_nobody_pays_less_than_nothing(history: list[Claim]) -> None:
    bills = settled(history)
    assert sorted(bills) == [each.number for each in history if each.standing]
    for bill in bills.values():
        patient, hospital = bill.shares()
        assert bill.claim.bill.total == sum(payout.paid for payout in bill.payouts) + patient + hospital
        borne = {"hospital": 0, "person": 0}
        left: dict[str, int] = {part: getattr(bill.claim.bill, part) for part in AUDIT_PARTS}
        for audit in bill.claim.audits:
            parts = [audit.part] if audit.part else ["self_funded", "over_limit", "upfront_copay", "in_scope"]
            laid = min(audit.amount, sum(left[part] for part in parts))
            borne[audit.borne_by] += laid
            for part in parts:
                left[part], laid = left[part] - min(left[part], laid), laid - min(left[part], laid)
        assert patient >= borne["person"]
        assert hospital >= borne["hospital"]
        # only a case quota puts more than audits on the hospital
        assert hospital == borne["hospital"] or bill.quota is not None


@BOUNDED
@given(histories())
def test_no_layer_pays_more_than_its_buckets_hold(history: list[Claim]) -> None:
    for bill in settled(history).values():
        parts = bill.claim.bill
        left = [parts.in_scope, parts.upfront_copay + parts.over_limit, parts.self_funded]
        for payout in bill.payouts:
            assert sum(payout.taken) == payout.paid
            for bucket, taken in enumerate(payout.taken):
                assert 0 <= taken <= left[bucket]
                left[bucket] -= taken
        # basic and critical illness pay for what is in scope, except under a case quota
        if bill.quota is None:
            insured = [payout for payout in bill.payouts if payout.layer in ("basic", "critical_illness")]
            assert all(payout.taken == (payout.paid, 0, 0) for payout in insured)


@BOUNDED
@given(histories())
def test_claims_decide_the_same_after_travelling_as_json(history: list[Claim]) -> None:
    travelled = [claim_from_json(orjson.loads(orjson.dumps(claim_json(each)))) for each in history]
    assert travelled == history
    assert settle(HASHES, travelled) == settle(HASHES, list(reversed(history)))


@BOUNDED
@given(histories(), st.data())
def test_what_comes_later_changes_nothing_earlier(history: list[Claim], data: st.DataObject) -> None:
    first = history[: data.draw(st.integers(0, len(history)))]
    whole = settled(history)
    assert settled(first) == {number: bill for number, bill in whole.items() if number <= len(first)}


@BOUNDED
@given(histories())
def test_reversed_claims_leave_no_trace(history: list[Claim]) -> None:
    assert settle(HASHES, history) == settle(HASHES, [each for each in history if each.standing])


@BOUNDED
@given(histories())
def test_claims_of_one_year_count_nothing_in_another(history: list[Claim]) -> None:
    # except through a referral, whose deductibles count over the turn of the year
    history = [replace(each, referral=()) for each in history]
    apart: dict[int, OpenBill] = {}
    for year in {each.year for each in history}:
        apart |= settled([each for each in history if each.year == year])
    assert settled(history) == apart


@BOUNDED
@given(histories())
def test_caps_and_limits_hold_over_the_year(history: list[Claim]) -> None:
    paid: dict[tuple[int, str, str], int] = {}
    for bill in settled(history).values():
        for payout in bill.payouts:
            if payout.layer in ("basic", "assistance"):
                key = (bill.claim.year, payout.layer, bill.claim.setting)
                paid[key] = paid.get(key, 0) + payout.paid
    name = next(iter({HASHES[each.scheme].name for each in history}))
    # yuan: sections 5's basic caps by setting, chronic ones of class I and II together
    caps = {
        "fusong": {"inpatient": 100_000, "chronic": 5_000},
        "changzhi": {"inpatient": 70_000, "chronic": 4_000},
        "shanggao": {"inpatient": 100_000, "chronic": 105_000, "general": 120},
        "anyi": {"inpatient": 100_000, "chronic": 105_000},
        "liaoning": {"inpatient": 150_000, "chronic": 10_000},
        "jiamusi": {"inpatient": 80_000, "general": 100},
    }[name]
    for (_, layer, setting), fen in paid.items():
        if layer == "basic":
            assert fen <= caps[setting] * 100
    # the highest limit of any category; 安义's and 上高's destitute have none
    limits = {"fusong": 20_000, "changzhi": 30_000, "liaoning": 20_000}
    if name in limits:
        for year in {each.year for each in history}:
            assert sum(fen for key, fen in paid.items() if key[:2] == (year, "assistance")) <= limits[name] * 100


@pytest.mark.parametrize("name", sorted(OFFERS))
@settings(max_examples=60)
@given(data=st.data(), more=FEN)
def test_a_higher_bill_never_lowers_what_is_paid(name: str, data: st.DataObject, more: int) -> None:
    # of one claim alone: in a year, what one claim uses up of a cap the next one lacks
    one = data.draw(claims(name))
    higher = replace(one, bill=replace(one.bill, total=one.bill.total + more, in_scope=one.bill.in_scope + more))
    assert settled([higher])[1].paid >= settled([one])[1].paid
