"""Limits beside the rules: over tracks and layers together, and over other times than the year."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from events.money import yuan
from infra.files.case_file import read_cases
from policies.claim import Claim
from policies.engine import settle
from policies.explain import line, render
from policies.loader import SchemeError, by_hash, load_text, review
from policies.scheme import Scheme
from policies.tracks import WHOLE_YEAR, Grain, fine_track, track_parts
from policies.worked_cases import differences
from tests.engine import claim, decided, outcome

TEXT = (Path(__file__).parents[3] / "docs" / "examples" / "limits.yaml").read_text(encoding="utf-8")
LAW = load_text(TEXT.encode(), "limits.yaml")
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


def test_a_joint_limit_tells_what_lies_over_it_as_a_cap_does() -> None:
    uncapped = TEXT.replace("cap: [{value: 60000,", "cap: [{value: none,")
    extra = "over_cap_ratio: [{value: 50%, grade: seed, cite: c}]\n        "
    text = uncapped.replace("bands: [{value: [{ratio", extra + "bands: [{value: [{ratio")
    assert review(text.encode(), "limits.yaml").refused == []
    without, _, _ = text.partition("  - name: basic_year")
    (told,) = review(without.encode(), "limits.yaml").refused
    assert "从不支付：前面没有哪一档会算出超封顶部分" in told


def test_a_county_s_own_cases_have_their_cards_and_years(tmp_path: Path) -> None:
    headings = (
        "案例,参保人,日期,就医类型,医院等级,病种,慢特病证类别,连续参保年数,政策范围内,应付：基本医保,应付：大病保险"
    )
    rows = [
        "一,甲,2024-03-01,门诊慢特病,一级,hypertension,I,,500,300,0",  # 300 + 50% × 200 = 400 a month
        "二,甲,2024-03-02,门诊慢特病,一级,diabetes,I,,500,100,0",
        "三,乙,2024-03-01,住院,三级,,,10,190500,60000,66000",
    ]
    (file := tmp_path / "cases.csv").write_text("\n".join([headings, *rows]), encoding="utf-8")
    assert differences(LAW, read_cases(file, LAW.terms)) == []
