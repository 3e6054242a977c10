"""Limits beside the rules: over tracks and layers together, and over other times than the year."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.money import yuan
from policies.buckets import OpenBill
from policies.claim import Claim
from policies.engine import settle
from policies.explain import line, render
from policies.limits import JointLimit
from policies.loader import SchemeError, by_hash, load_text, review
from policies.scheme import Scheme
from policies.tracks import WHOLE_YEAR, Grain, fine_track, track_parts
from tests.engine import claim, decided, outcome

TEXT = (Path(__file__).parents[3] / "docs" / "examples" / "limits.yaml").read_text(encoding="utf-8")
LAW = load_text(TEXT.encode(), "limits.yaml")
RULES, _, _ = TEXT.partition("limits:\n  - name")
DIBAO, DESTITUTE = ["dibao"], ["destitute"]


def visit(day: str, in_scope: str, number: int = 1, law: Scheme = LAW) -> Claim:
    return claim(law, day, setting="general", in_scope=in_scope, number=number)


def chronic(day: str, disease: str, in_scope: str, number: int = 1, cards: Sequence[str] = (), **more: object) -> Claim:
    held = tuple(sorted({disease, *cards}))
    return claim(
        LAW,
        day,
        setting="chronic",
        in_scope=in_scope,
        disease=disease,
        card_class="I",
        number=number,
        card_diseases=held,
        **more,  # type: ignore[arg-type]
    )


def basic(*claims: Claim, law: Scheme = LAW) -> list[str]:
    return [each["basic"] for each in outcome(*claims, law=law)]


def test_a_day_s_visits_share_its_limit_and_the_next_day_has_its_own() -> None:
    # 50% of 40 = 20; of 50 = 25, of which 30 − 20 are left; the next day 25 again
    assert basic(visit("2024-03-01", "40"), visit("2024-03-01", "50", 2), visit("2024-03-02", "50", 3)) == [
        "20.00",
        "10.00",
        "25.00",
    ]


def test_a_claim_taken_late_counts_in_its_own_day() -> None:
    # the claim of 1 March arrives behind that of 2 March, and meets what 1 March has used: 30 − 25
    assert basic(visit("2024-03-01", "50"), visit("2024-03-02", "50", 2), visit("2024-03-01", "50", 3))[2] == "5.00"


def test_twelve_months_reach_over_new_year_to_both_sides() -> None:
    # 14 days at 30 = 420: the last gets 400 − 13 × 30 = 10. 2024-01-10 is out of the twelve months that end on
    # 2025-01-10, so that day has 30 to give again
    days = [visit(f"2024-{month:02}-10", "60", month) for month in range(1, 13)]
    assert basic(*days, visit("2025-01-09", "60", 13), visit("2025-01-10", "60", 14))[11:] == [
        "30.00",
        "30.00",
        "30.00",
    ]
    days = [visit(f"2024-01-{day:02}", "60", day) for day in range(1, 14)]
    later = [visit("2024-02-01", "60", 14), visit("2025-01-01", "60", 15), visit("2025-01-02", "60", 16)]
    # February: 400 − 390; 1 January: the twelve months from 2024-01-02 hold 12 × 30 + 10 = 370; the day behind them
    # those from 2024-01-03: 340 + 30
    assert basic(*days, *later)[13:] == ["10.00", "30.00", "30.00"]
    # accepted late, a claim of 2023 may not overfill twelve months that end after it: 400 − 13 × 30
    assert basic(*days, visit("2023-12-31", "60", 14))[13] == "10.00"


def test_two_diseases_add_half_of_the_lower_limit() -> None:
    # diabetes 300 + 50% × hypertension 200 = 400 a month, of both together
    both = ["hypertension", "diabetes"]
    claims = [
        chronic("2024-03-01", "hypertension", "500", 1, both),  # 300
        chronic("2024-03-20", "diabetes", "500", 2, both),  # 300, of which 400 − 300 are left
        chronic("2024-04-01", "hypertension", "500", 3),  # a card was revoked: 200 of 300
        chronic("2024-04-02", "renal_dialysis", "5000", 4),  # no limit of a month: 60%
    ]
    assert basic(*claims) == ["300.00", "100.00", "200.00", "3000.00"]
    bill = settle(by_hash([LAW]), claims)[0][2]
    told = [line(entry) for entry in render(LAW, bill.payouts[0].trace)]
    assert "慢特病每月限额 limit of a month's chronic claims: 300.00 [文件 seed] 办法 三(二)" in told
    assert "多病种合并限额 limit of all his diseases: 300.00 + 200.00 × 50% = 400.00" in told
    assert "限额内支付 within the limit above: min(300.00, max(0, 400.00 − 300.00)) = 100.00" in told


def test_stays_and_chronic_claims_share_a_year_s_limit() -> None:
    # the stay: (90,000 − 500) × 70% = 62,650, at most 60,000 by its own cap; then 20,000 of 30,000 are left of 80,000
    claims = claim(LAW, "2024-03-01", in_scope="90000"), chronic("2024-04-01", "renal_dialysis", "50000", 2)
    assert basic(*claims) == ["60000.00", "20000.00"]


def test_basic_and_critical_illness_share_a_limit_in_either_direction() -> None:
    low = TEXT.replace("value: 130000, grade", "value: 100000, grade")
    law = load_text(low.encode(), "limits.yaml")
    stays = [claim(law, f"2024-0{month}-01", in_scope="120500", number=month) for month in (1, 2)]
    # 1: basic 60,000 (cap); critical illness (60,500 − 10,000) × 60% = 30,300: 90,300 of 100,000
    # 2: basic's cap is used up: 0; critical illness 120,500 × 60% = 72,300, of which 9,700 are left
    assert outcome(*stays, law=law) == [
        decided(basic="60000.00", critical_illness="30300.00", patient="30200.00"),
        decided(basic="0.00", critical_illness="9700.00", patient="110800.00"),
    ]
    # what critical illness has paid leaves basic less on the next claim: 1: 48,650; critical illness
    # (121,850 − 10,000) × 60% = 67,110, of which 100,000 − 48,650 = 51,350 are left. 2: nothing
    law = load_text(low.replace("value: 60000,", "value: 48650,", 1).encode(), "limits.yaml")
    stays = [claim(law, f"2024-0{month}-01", in_scope="170500", number=month) for month in (1, 2)]
    assert [(each["basic"], each["critical_illness"]) for each in outcome(*stays, law=law)] == [
        ("48650.00", "51350.00"),
        ("0.00", "0.00"),
    ]


def test_assistance_in_and_out_of_hospital_shares_one_limit_by_category() -> None:
    claims = [
        claim(
            LAW, "2024-03-01", in_scope="40500", categories=DIBAO
        ),  # basic 28,000; CI (12,500 − 10,000) × 60% = 1,500
        chronic("2024-04-01", "renal_dialysis", "10000", 2, categories=DIBAO),
    ]
    # assistance 11,000 × 80% = 8,800, under the ceiling 36,450 − 29,500 = 6,950; then basic 6,000, critical illness
    # 4,000 × 60% = 2,400, assistance 1,600 × 80% = 1,280, under 9,000 − 8,400 = 600
    assert [each["assistance"] for each in outcome(*claims, law=LAW)] == ["6950.00", "600.00"]
    more = [replace(each, bill=claims[0].bill, number=number) for number, each in enumerate([claims[0]] * 2, start=1)]
    # 2: basic 28,000, critical illness 12,500 × 60% = 7,500, assistance 36,450 − 35,500 = 950, all of it left
    assert [each["assistance"] for each in outcome(*more, law=LAW)] == ["6950.00", "950.00"]
    small = TEXT.replace("{for: general, value: 10000,", "{for: general, value: 7000,")
    law = load_text(small.encode(), "limits.yaml")
    pinned = [replace(each, scheme=law.content_hash) for each in more]
    assert [each["assistance"] for each in outcome(*pinned, law=law)] == ["6950.00", "50.00"]
    destitute = [replace(each, categories=("destitute",)) for each in pinned]
    assert [each["assistance"] for each in outcome(*destitute, law=law)] == ["6950.00", "950.00"]


def test_a_ceiling_bounds_all_layers_of_any_rule() -> None:
    # of 10,500 and 2,000 self funded: basic 7,000; assistance 3,500 × 80% = 2,800; 90% of 12,500 would be 11,250: 9,800
    # stay under. Without self funded 90% of 10,500 = 9,450: assistance 2,450
    open_, closed = (
        claim(LAW, "2024-03-01", in_scope="10500", self_funded=beside, categories=DIBAO) for beside in ("2000", "0")
    )
    assert outcome(open_, law=LAW) == [
        decided(basic="7000.00", critical_illness="0.00", assistance="2800.00", patient="2700.00")
    ]
    assert outcome(closed, law=LAW) == [
        decided(basic="7000.00", critical_illness="0.00", assistance="2450.00", patient="1050.00")
    ]
    of_scope = TEXT.replace('五: 各项支付合计不超过总费用的90%"}]', '五"}]\n        ceiling_of: in_scope')
    law = load_text(of_scope.encode(), "limits.yaml")
    assert outcome(replace(open_, scheme=law.content_hash), law=law)[0]["assistance"] == "2450.00"


def test_what_a_year_s_limit_cuts_off_in_basic_is_over_the_cap() -> None:
    text = TEXT.replace(
        "bands: [{value: [{ratio: 60%}]",
        "over_cap_ratio: [{value: 50%, grade: seed, cite: c}]\n" + " " * 8 + "bands: [{value: [{ratio: 60%}]",
    )
    law = load_text(text.encode(), "limits.yaml")
    claims = [claim(law, "2024-03-01", in_scope="80500"), claim(law, "2024-04-01", in_scope="40500", number=2)]
    # 1: basic 56,000. 2: 28,000 by ratio, 4,000 by its own cap, all within 80,000: over the cap 40,000 − 5,714.29 =
    # 34,285.71. Now the joint limit alone: 30,000 of 28,000
    bills = settle(by_hash([law]), claims)[0]
    assert yuan(bills[2].payouts[0].over_cap) == "34285.71"
    joint = text.replace("cap: [{value: 60000,", "cap: [{value: none,").replace("value: 80000,", "value: 60000,")
    law = load_text(joint.encode(), "limits.yaml")
    bills = settle(by_hash([law]), [replace(each, scheme=law.content_hash) for each in claims])[0]
    assert (bills[2].payouts[0].paid, yuan(bills[2].payouts[0].over_cap)) == (400_000, "34285.71")
    # what a month's or a day's limit cuts off is the person's own
    assert settle(by_hash([LAW]), [visit("2024-03-01", "500")])[0][1].payouts[0].over_cap == 0


def test_a_limit_rises_with_the_years_insured_without_a_break() -> None:
    # basic 60,000 (cap); critical illness (190,500 − 60,000 − 10,000) × 60% = 72,300
    stays = claim(LAW, "2024-03-01", in_scope="190500")
    law = load_text(TEXT.replace("value: 130000, grade", "value: 1000000, grade").encode(), "limits.yaml")
    paid = {
        years: outcome(replace(stays, years_insured=years, scheme=law.content_hash), law=law)[0]["critical_illness"]
        for years in (None, 4, 5, 10, 30)
    }
    # 60,000 + 1,000 a year beyond four, at most 20% of 60,000 = 12,000: 30 years bring 72,000
    assert paid == {None: "60000.00", 4: "60000.00", 5: "61000.00", 10: "66000.00", 30: "72000.00"}
    settled = settle(by_hash([law]), [replace(stays, years_insured=10, scheme=law.content_hash)])[0][1]
    told = [line(entry) for entry in render(law, settled.payouts[1].trace)]
    assert (
        "连续参保提高后限额 limit raised for years insured: 60000.00 + min(6 × 1000.00, 60000.00 × 20%) = 66000.00"
        in told
    )


def test_a_track_says_no_more_than_its_limits_ask_for() -> None:
    bills = settle(by_hash([LAW]), [visit("2024-03-05", "40"), chronic("2024-11-02", "diabetes", "10", 2)])[0]
    assert [bills[number].payouts[0].track for number in (1, 2)] == ["outpatient@0305", "chronic#diabetes@11"]
    stay = settle(by_hash([LAW]), [claim(LAW, "2024-03-01", in_scope="9")])[0][1]
    assert [payout.track for payout in stay.payouts] == ["inpatient", ""]
    assert track_parts("chronic:II#a_b1@0506") == ("chronic", "chronic:II", "a_b1", 5, 6)
    assert Grain(False, 0).finest(Grain()) is WHOLE_YEAR
    assert fine_track("", Grain(True, 2), visit("2024-03-05", "1")) == "@0305"


FAULTS = [
    ("layer: critical_illness}]", "layer: backstop}]", "backstop does not stand on the path"),
    ("tracks: [inpatient, chronic]", "tracks: [stay]", "no case of basic has the track stay"),
    ("{layer: basic}, {layer: critical_illness}", "{layer: basic}, {layer: basic}", "stands once under `over`"),
    ("per: month", "per: fortnight", "per"),
    ("name: chronic_month", "name: basic_year", "a second limit is named basic_year"),
    ("{disease: hypertension, value", "{value", "either all rows of a limit name a disease"),
    ("{disease: hypertension, value: 200", "{disease: hypertension, value: none", "each disease has a sum"),
    ("{for: general, value: 10000,", "{for: dibao, value: 10000,", "no value for tier 0, general"),
    ("most: [{value: 80000,", "most: [{class: I, value: 80000,", "a limit is not by class"),
    ("    second:", "    further:", "`further` follows `second`"),
    (
        "    per: day\n",
        "    per: day\n    household: true\n",
        "a limit over the members of a household can't be stated",
    ),
]


@pytest.mark.parametrize(("old", "new", "says"), FAULTS)
def test_faults_are_told(old: str, new: str, says: str) -> None:
    assert TEXT.count(old) >= 1
    with pytest.raises(SchemeError) as told:
        load_text(TEXT.replace(old, new, 1).encode(), "limits.yaml")
    assert says in str(told.value)


def test_the_example_is_sound() -> None:
    assert review(TEXT.encode(), "limits.yaml")[1:] == ([], [])


PERIODS = ["visit", "day", "month", "quarter", "half_year", "year", "twelve_months"]
OVERS = [
    "[{layer: basic}]",
    "[{layer: basic, tracks: [outpatient, chronic]}]",
    "[{layer: basic, tracks: [outpatient]}]",
    "[{layer: critical_illness}]",
    "[{layer: basic, tracks: [inpatient]}, {layer: critical_illness}]",
    "[{layer: basic}, {layer: assistance, tracks: [hospital]}]",
]


@st.composite
def laws(draw: st.DrawFn) -> Scheme:
    """The example's rules under limits drawn at random."""
    text = RULES + "limits:\n"
    for number in range(draw(st.integers(1, 4))):
        rows = (
            f"[{{value: {draw(st.sampled_from(['0', '0.07', '30', '400', '20000', 'none']))}, grade: seed, cite: c}}]"
        )
        if draw(st.booleans()):
            one, other = ("{disease: diabetes, value: 300", "{disease: hypertension, value: 200.01")
            rows = f"[{one}, grade: seed, cite: c}}, {other}, grade: seed, cite: c}}]"
            if draw(st.booleans()):
                rows += "\n    second: [{value: 33%, grade: seed, cite: c}]"
        text += (
            f"  - {{name: l{number}, title: 限, title_en: l}}\n".replace("{", "")
            .replace("}", "")
            .replace(", ", "\n    ")
            + f"    over: {draw(st.sampled_from(OVERS))}\n    per: {draw(st.sampled_from(PERIODS))}\n    most: {rows}\n"
        )
    return load_text(text.encode(), "drawn.yaml")


AMOUNTS = st.sampled_from(["0", "0.01", "33.33", "60", "700", "12000", "90000"])
DAYS = st.dates(date(2023, 11, 1), date(2025, 3, 1))
CLOSE = st.integers(0, 9).map(lambda past: date(2024, 2, 29) + timedelta(days=past * 41))


@st.composite
def histories(draw: st.DrawFn, law: Scheme) -> list[Claim]:
    found = []
    for number in range(1, draw(st.integers(1, 9)) + 1):
        setting = draw(st.sampled_from(["inpatient", "chronic", "general", "general"]))
        disease = (
            draw(st.sampled_from(["diabetes", "hypertension", "renal_dialysis"])) if setting == "chronic" else None
        )
        found.append(
            claim(
                law,
                str(draw(DAYS | CLOSE)),
                setting=setting,
                number=number,
                in_scope=draw(AMOUNTS),
                self_funded=draw(AMOUNTS),
                categories=draw(st.sampled_from([[], DIBAO, DESTITUTE])),
                disease=disease,
                card_class="I" if disease else None,
                card_diseases=tuple(
                    sorted({*draw(st.sampled_from([(), ("diabetes",)])), *([disease] if disease else ())})
                ),
                standing=draw(st.sampled_from([True, True, True, False])),
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
    return []  # by the person's cards of the day: the last test below


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
