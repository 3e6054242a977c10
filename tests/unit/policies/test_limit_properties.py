"""Whatever the limits and whatever the claims: none is passed in any window in any order, and every bill balances."""

from collections.abc import Callable
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from policies.buckets import OpenBill
from policies.claim import Claim
from policies.engine import settle
from policies.limits import JointLimit
from policies.loader import by_hash, load_text
from policies.scheme import Scheme
from policies.tracks import track_parts
from tests.engine import claim
from tests.unit.policies.test_limits import DESTITUTE, DIBAO, TEXT

RULES, _, _ = TEXT.partition("limits:\n  - name")

PERIODS = ["visit", "day", "month", "quarter", "half_year", "year", "twelve_months"]
OVERS = [
    "[{layer: basic}]",
    "[{layer: basic, tracks: [outpatient, chronic]}]",
    "[{layer: basic, tracks: [outpatient]}]",
    "[{layer: critical_illness}]",
    "[{layer: basic, tracks: [inpatient]}, {layer: critical_illness}]",
    "[{layer: basic}, {layer: assistance, tracks: [hospital]}]",
]


# made once: hypothesis checks each strategy that it meets, and one made while an example is drawn with each example
MOST = st.sampled_from(["0", "0.07", "30", "400", "20000", "none"])
WIDTHS, LENGTHS = st.sampled_from(OVERS), st.sampled_from(PERIODS)


@st.composite
def laws(draw: st.DrawFn) -> Scheme:
    """The example's rules under limits drawn at random."""
    text = RULES + "limits:\n"
    for number in range(draw(st.integers(1, 4))):
        rows = f"[{{value: {draw(MOST)}, grade: seed, cite: c}}]"
        if draw(st.booleans()):
            one, other = ("{disease: diabetes, value: 300", "{disease: hypertension, value: 200.01")
            rows = f"[{one}, grade: seed, cite: c}}, {other}, grade: seed, cite: c}}]"
            if draw(st.booleans()):
                rows += "\n    second: [{value: 33%, grade: seed, cite: c}]"
        text += (
            f"  - {{name: l{number}, title: 限, title_en: l}}\n".replace("{", "")
            .replace("}", "")
            .replace(", ", "\n    ")
            + f"    over: {draw(WIDTHS)}\n    per: {draw(LENGTHS)}\n    most: {rows}\n"
        )
    return load_text(text.encode(), "drawn.yaml")


AMOUNTS = st.sampled_from(["0", "0.01", "33.33", "60", "700", "12000", "90000"])
DAYS = st.dates(date(2023, 11, 1), date(2025, 3, 1))
STAYS_AND_VISITS = st.sampled_from(["inpatient", "chronic", "general", "general"])
ILLNESSES = st.sampled_from(["diabetes", "hypertension", "renal_dialysis"])
CATEGORIES = st.sampled_from([[], DIBAO, DESTITUTE])
CARDS = st.sampled_from([(), ("diabetes",)])
STANDING = st.sampled_from([True, True, True, False])
CLOSE = st.integers(0, 9).map(lambda past: date(2024, 2, 29) + timedelta(days=past * 41))
ANY_DAY = DAYS | CLOSE


@st.composite
def histories(draw: st.DrawFn, law: Scheme) -> list[Claim]:
    found = []
    for number in range(1, draw(st.integers(1, 9)) + 1):
        setting = draw(STAYS_AND_VISITS)
        disease = draw(ILLNESSES) if setting == "chronic" else None
        found.append(
            claim(
                law,
                str(draw(ANY_DAY)),
                setting=setting,
                number=number,
                in_scope=draw(AMOUNTS),
                self_funded=draw(AMOUNTS),
                categories=draw(CATEGORIES),
                disease=disease,
                card_class="I" if disease else None,
                card_diseases=tuple(sorted({*draw(CARDS), *([disease] if disease else ())})),
                standing=draw(STANDING),
            )
        )
    return found


def _same_month(months: int) -> Callable[[date, date], bool]:
    return lambda one, other: (one.year, (one.month - 1) // months) == (other.year, (other.month - 1) // months)


IN_PERIOD: dict[str, Callable[[date, date], bool]] = {
    "day": lambda one, other: one == other,
    "month": _same_month(1),
    "quarter": _same_month(3),
    "half_year": _same_month(6),
    "year": lambda one, other: one.year == other.year,
    # the twelve months that end with ``one``: those less than a year old
    "twelve_months": lambda one, other: (
        other <= one and (other.year + 1, other.month, other.day) > (one.year, one.month, one.day)
    ),
}


def _counted(limit: JointLimit, bills: dict[int, OpenBill], disease: str | None) -> list[tuple[Claim, int]]:
    """Every payout that a limit counts, with its claim, told by the claims and not by the books."""
    found = []
    for bill in bills.values():
        if disease is None or bill.claim.disease == disease:
            for payout in bill.payouts:
                part = limit.layers.get(payout.layer)
                if part is not None and (part.tracks is None or track_parts(payout.track).name in part.tracks):
                    found.append((bill.claim, payout.paid))
    return found


def _bounds(limit: JointLimit) -> list[tuple[str | None, int | None]]:
    rows = [(row.disease, row.value) for row in limit.most.root]
    if limit.second is None:
        return rows
    return []  # by the person's cards of the day: the test below


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_no_limit_is_passed_in_any_window_in_any_order(data: st.DataObject) -> None:
    law = data.draw(laws())
    bills, _ = settle(by_hash([law]), data.draw(histories(law)))
    for limit in law.limits:
        for disease, most in _bounds(limit):
            counted = _counted(limit, bills, disease)
            if most is None:
                continue
            for one, _ in counted:
                if limit.per == "visit":
                    assert sum(paid for other, paid in counted if other is one) <= most
                    continue
                within = IN_PERIOD[limit.per]
                assert sum(paid for other, paid in counted if within(one.date, other.date)) <= most


# 300, 200.01, and of both 300 + 33% × 200.01 = 366.0033
OF_DISEASES = {
    frozenset({"diabetes"}): 300_00,
    frozenset({"hypertension"}): 200_01,
    frozenset({"diabetes", "hypertension"}): 366_00,
}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_limit_over_several_diseases_is_met_by_no_claim_beyond_its_person_s_own(data: st.DataObject) -> None:
    law = data.draw(laws())
    bills, _ = settle(by_hash([law]), data.draw(histories(law)))
    for limit in law.limits:
        if limit.second is None:
            continue
        counted = [(each, paid) for each, paid in _counted(limit, bills, None) if each.disease in limit.diseases]
        for one, paid in counted:
            most = OF_DISEASES[limit.diseases & set(one.ill_with)]
            before = [(other, fen) for other, fen in counted if other.number < one.number]
            own = sum(fen for other, fen in counted if other is one)
            if limit.per == "visit":
                assert own <= most
                continue
            within = IN_PERIOD[limit.per]
            for end in {one.date, *(other.date for other, _ in before)}:
                if paid and within(end, one.date):
                    assert own + sum(fen for other, fen in before if within(end, other.date)) <= most


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_limits_only_ever_cut_and_what_they_leave_balances(data: st.DataObject) -> None:
    law = data.draw(laws())
    history = data.draw(histories(law))
    free = load_text(RULES.encode(), "free.yaml")
    first = min((each.number for each in history if each.standing), default=None)
    bounded = settle(by_hash([law]), history)[0]
    unbounded = settle(by_hash([free]), [replace(each, scheme=free.content_hash) for each in history])[0]
    for number, bill in bounded.items():
        assert sum(bill.shares()) + bill.paid == bill.claim.bill.total
        for payout in bill.payouts:
            assert sum(payout.taken) == payout.paid >= payout.extra >= 0
        if (
            number == first and bill.payouts
        ):  # behind it years differ; a layer behind basic may pay more, for more is left
            assert bill.payouts[0].paid <= unbounded[number].payouts[0].paid


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_books_are_the_sums_of_the_payouts(data: st.DataObject) -> None:
    law = data.draw(laws())
    bills, books = settle(by_hash([law]), data.draw(histories(law)))
    sums: dict[tuple[int, str, str, str], int] = {}
    for bill in bills.values():
        for payout in bill.payouts:
            key = bill.claim.year, law.name, payout.layer, payout.track
            sums[key] = sums.get(key, 0) + payout.paid
    assert sums == {(*key, track): used.paid for key, tracks in books.items() for track, used in tracks.items()}
