"""What must hold of any claims under the example texts, which between them use every option of a text."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.money import yuan
from policies.arithmetic import share
from policies.buckets import OpenBill
from policies.claim import Aid, Audit, BillParts, Claim, claim_from_json, claim_json
from policies.engine import settle
from policies.loader import by_hash, load_file
from policies.scheme import Scheme
from tests.engine import claim

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
LAWS = {name: load_file(EXAMPLES / f"{name}.yaml") for name in ("city", "district", "limits")}
TEXTS = by_hash(LAWS.values())
BOUNDED = settings(max_examples=120, deadline=None)

FEN = st.one_of(st.just(0), st.integers(0, 300_00), st.integers(0, 30_000_00), st.integers(0, 300_000_00))
DAYS = st.dates(date(2023, 11, 1), date(2025, 2, 1))
TYPES = {"city": ("employee_active", "employee_retired")}
PARTLY = st.booleans()
# made once: hypothesis checks each strategy that it meets, and one made while an example is drawn with each example
SETTINGS = {name: st.sampled_from(sorted(law.settings)) for name, law in LAWS.items()}
INSURED = {name: st.sampled_from(TYPES.get(name, ("resident",))) for name in LAWS}
CATEGORIES = st.sampled_from([(), ("dibao",), ("destitute",)])
REGIONS = st.sampled_from([None, "990299", "110101"])
DISEASES = st.sampled_from(["diabetes", "hypertension"])
AGES = st.one_of(st.none(), st.integers(0, 100))
HOUSEHOLDS = st.sampled_from([None, "HH1"])
CONTRACTS = st.sampled_from([None, True, False])
STAY_KINDS = st.sampled_from(["ordinary", "day_surgery", "maternity"])
INVOICES = st.sampled_from([None, None, "N01234567"])
YEARS = st.one_of(st.none(), st.integers(1, 30))
STANDING = st.sampled_from([True, True, True, False])
AUDITS = st.lists(st.builds(Audit, FEN, st.sampled_from(["hospital", "person"])), max_size=1).map(tuple)


def stays_and_visits(draw: st.DrawFn, law: Scheme, number: int) -> Claim:
    setting = draw(SETTINGS[law.name])
    stay, chronic = setting == "inpatient", setting == "chronic"
    made = claim(
        law,
        str(draw(DAYS)),
        setting=setting,
        tier=draw(st.integers(0, 3)),
        number=number,
        categories=draw(CATEGORIES),
        hospital_region=draw(REGIONS),
        filed=draw(PARTLY),
        disease=draw(DISEASES) if chronic else None,
        card_class="I" if chronic else None,
        # a stay's own bills and those of stays before it: an admission may stand on several claims
        admission_id=f"A{draw(st.integers(1, number))}" if stay else None,
        referral=[f"A{earlier}" for earlier in range(number - 1, 0, -1)] if stay and draw(PARTLY) else [],
        insurance_type=draw(INSURED[law.name]),
        age=draw(AGES),
        household_id=draw(HOUSEHOLDS),
        contracted_doctor=draw(CONTRACTS),
        emergency=draw(PARTLY),
        stay_kind=draw(STAY_KINDS) if stay else "ordinary",
        invoice=draw(INVOICES),
        years_insured=draw(YEARS),
        aids=tuple(Aid(each, "temporary_relief", draw(FEN)) for each in range(draw(st.integers(0, 2)))),
        standing=draw(STANDING),
    )
    parts = [draw(FEN) for _ in range(4)]
    return replace(made, bill=BillParts(sum(parts), *parts), audits=draw(AUDITS))


@st.composite
def histories(draw: st.DrawFn, name: str | None = None) -> list[Claim]:
    """A person's claims under one text in ledger order, some of them reversed."""
    law = LAWS[name or draw(st.sampled_from(sorted(LAWS)))]
    return [stays_and_visits(draw, law, number) for number in range(1, draw(st.integers(1, 6)) + 1)]


@st.composite
def first_claims(draw: st.DrawFn, name: str) -> Claim:
    return stays_and_visits(draw, LAWS[name], 1)


def settled(history: list[Claim]) -> dict[int, OpenBill]:
    return settle(TEXTS, history)[0]


@BOUNDED
@given(histories())
def test_every_bill_balances_and_no_layer_pays_more_than_there_is(history: list[Claim]) -> None:
    for bill in settled(history).values():
        patient, hospital = bill.shares()
        assert patient >= 0
        assert bill.claim.bill.total == bill.paid + patient + hospital
        for payout in bill.payouts:
            assert sum(payout.taken) == payout.paid >= payout.extra >= 0
            assert payout.base >= payout.over_cap >= 0


@BOUNDED
@given(histories(), st.data())
def test_what_comes_later_or_was_reversed_changes_nothing(history: list[Claim], data: st.DataObject) -> None:
    whole = settled(history)
    assert settle(TEXTS, history) == settle(TEXTS, [each for each in history if each.standing])
    first = history[: data.draw(st.integers(0, len(history)))]
    assert settled(first) == {number: bill for number, bill in whole.items() if number <= len(first)}
    travelled = [claim_from_json(orjson.loads(orjson.dumps(claim_json(each)))) for each in history]
    assert settled(travelled) == whole


@BOUNDED
@given(histories("district"))
def test_a_stay_and_those_it_came_from_bear_one_deductible(history: list[Claim]) -> None:
    bills = settled(history)
    for number, bill in bills.items():
        counted_on = {*bill.claim.referral, bill.claim.admission_id}
        if not bill.claim.is_stay or bill.claim.invoice is not None:
            continue
        before = [other for earlier, other in bills.items() if earlier < number]
        borne = sum(other.payouts[0].deductible for other in before if other.claim.admission_id in counted_on)
        assert bill.payouts[0].deductible <= max(0, 600_00 - borne)


@BOUNDED
@given(histories("district"))
def test_what_was_decided_is_paid_as_far_as_something_is_left_and_no_fen_more(history: list[Claim]) -> None:
    for bill in settled(history).values():
        own = {payout.layer: payout.paid for payout in bill.payouts}
        decided = sum(aid.amount for aid in bill.claim.aids)
        left = bill.total - sum(paid for layer, paid in own.items() if layer != "temporary_relief")
        assert own.get("temporary_relief", 0) == min(decided, left)


@BOUNDED
@given(histories("city"))
def test_a_year_s_visits_bear_one_deductible_and_stays_less_with_each_number(history: list[Claim]) -> None:
    visits: dict[int, int] = {}
    stays: dict[int, int] = {}
    for _, bill in sorted(settled(history).items()):
        year, borne = bill.claim.year, bill.payouts[0].deductible
        if not bill.claim.is_stay:
            visits[year] = visits.get(year, 0) + borne
            continue
        stays[year] = stays.get(year, 0) + 1
        full = 200_00 if bill.claim.tier < 2 else 800_00
        assert borne <= (full, full // 2, 0)[min(stays[year], 3) - 1]
    assert all(borne <= 200_00 for borne in visits.values())


@BOUNDED
@given(histories("limits"))
def test_no_layer_goes_over_the_ceiling_of_all(history: list[Claim]) -> None:
    for bill in settled(history).values():
        assistance = sum(payout.paid for payout in bill.payouts if payout.layer == "assistance")
        if assistance:
            assert bill.paid <= share(bill.total, Fraction(9, 10))


@BOUNDED
@given(histories("limits"), st.integers(1, 30))
def test_more_years_insured_pay_no_less_and_a_fifth_more_at_most(history: list[Claim], years: int) -> None:
    fewer, more = (settled([replace(each, years_insured=number) for each in history]) for number in (years, years + 1))
    for year in {each.year for each in history}:
        paid = [
            sum(
                payout.paid
                for bill in bills.values()
                for payout in bill.payouts
                if payout.layer == "critical_illness" and bill.claim.year == year
            )
            for bills in (fewer, more)
        ]
        # 60,000, and 1,000 for each year beyond 4, at most 72,000
        assert paid[0] <= 60_000_00 + min(max(0, years - 4) * 1_000_00, 12_000_00)
        assert paid[0] <= paid[1], (yuan(paid[0]), yuan(paid[1]))


@pytest.mark.parametrize("name", LAWS)
@BOUNDED
@given(data=st.data(), more=FEN)
def test_a_first_bill_that_is_larger_is_paid_no_less(name: str, data: st.DataObject, more: int) -> None:
    one = replace(data.draw(first_claims(name)), standing=True, audits=())
    bill = one.bill
    higher = replace(one, bill=replace(bill, total=bill.total + more, in_scope=bill.in_scope + more))
    least, most = (settled([each])[1] for each in (one, higher))
    rounded = len(LAWS[name].path)  # once by each layer: what one counts of another may be a fen more
    assert least.paid <= most.paid <= least.paid + more + rounded
