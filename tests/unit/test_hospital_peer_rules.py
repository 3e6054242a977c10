"""Rules that hold hospitals against their peers and their own past."""

from collections.abc import Mapping
from typing import Any

import pytest

from policies.loader import by_hash, load_directory
from processors.supervision.claim import SupervisedClaim
from processors.supervision.rules.cost_growth import RULE as GROWTH
from processors.supervision.rules.near_limit import RULE as NEAR
from processors.supervision.rules.out_of_catalog_share import RULE as OUTSIDE
from processors.supervision.rules.period_peak import RULE as PEAK
from processors.supervision.rules.reversals import RULE as REVERSALS
from tests.peer_claims import claim, fact, found, visit


def months(
    hospital: str, costs: Mapping[int, float], number: int = 24, year: int = 2019, **more: Any
) -> list[SupervisedClaim]:
    """So many stays a month at about the cost of each month."""
    return [
        claim(
            f"{hospital}-{n}",
            f"{year}-{month:02d}-{1 + n % 28:02d}",
            cost + n % 7 * 10,
            hospital=hospital,
            days=3,
            **more,
        )
        for month, cost in costs.items()
        for n in range(number)
    ]


def test_a_hospital_that_grows_dearer_from_october_on() -> None:
    before = months("H1", dict.fromkeys(range(1, 13), 3_000.0), year=2018)
    now = months("H1", dict.fromkeys(range(1, 10), 3_050.0) | dict.fromkeys(range(10, 13), 4_500.0))
    (lead,) = found(GROWTH, now, before)
    assert (lead.key, lead.severity) == (("H1", "2019", "2019-10"), "suspicious")
    assert lead.evidence["months"] == ["2019-10", "2019-11", "2019-12"]
    # 24 · 3 stays in either year, each 1,500 dearer: all of it price
    assert (lead.evidence["total_growth"], lead.evidence["price"]) == ("108000.00", "108000.00")
    assert (lead.evidence["volume"], lead.evidence["mix"]) == ("0.00", "0.00")
    # of 70% paid of the 72 stays the part that price makes of their costs: 70% of 108,000
    assert lead.fund_money["basic"] == pytest.approx(7_560_000, abs=100)
    assert lead.evidence["trend"]["2019-09"] == "3077.50"  # 3,050 + (3 · 210 + 30) ÷ 24


def test_one_dear_month_is_no_growth() -> None:
    before = months("H1", dict.fromkeys(range(1, 13), 3_000.0), year=2018)
    now = months("H1", dict.fromkeys(range(1, 13), 3_050.0) | {10: 4_500.0})
    assert found(GROWTH, now, before) == []


def test_a_season_that_comes_every_year_is_no_growth() -> None:
    winter = dict.fromkeys(range(1, 10), 3_000.0) | dict.fromkeys(range(10, 13), 4_500.0)
    assert found(GROWTH, months("H1", winter), months("H1", winter, year=2018)) == []


def test_few_cases_say_nothing_of_growth() -> None:
    before = months("H1", dict.fromkeys(range(1, 13), 3_000.0), number=19, year=2018)
    now = months("H1", dict.fromkeys(range(1, 10), 3_050.0) | dict.fromkeys(range(10, 13), 4_500.0), number=19)
    assert found(GROWTH, now, before) == []


def test_dearer_kinds_of_cases_are_mix_and_a_hint() -> None:
    usual = dict.fromkeys(range(1, 13), 3_000.0)
    before = months("H1", usual, year=2018) + months(
        "H1", dict.fromkeys(range(1, 13), 9_000.0), 2, 2018, diagnoses=("S72.0",)
    )
    now = months("H1", dict.fromkeys(range(1, 10), 3_000.0)) + months("H1", dict.fromkeys(range(10, 13), 3_000.0), 12)
    now += months("H1", dict.fromkeys(range(1, 10), 9_000.0), 2, diagnoses=("S72.0",))
    now += months("H1", dict.fromkeys(range(10, 13), 9_000.0), 14, diagnoses=("S72.0",))
    (lead,) = found(GROWTH, now, before)
    assert lead.severity == "hint"
    assert float(lead.evidence["mix"]) > float(lead.evidence["price"])


def catalog(hospital: str, month: int, part: float, number: int = 12) -> list[SupervisedClaim]:
    """A month's stays with so large a part out of catalog."""
    return [
        claim(f"{hospital}{n}", f"2019-{month:02d}-{2 + n:02d}", 1_000, hospital=hospital, self_funded=1_000 * part)
        for n in range(number)
    ]


def county() -> list[SupervisedClaim]:
    """Three hospitals with a year between 5% and 8% out of catalog."""
    parts = [(h, m, 0.05 + (3 * h + 5 * m) % 7 * 0.005) for h in range(1, 4) for m in range(1, 13)]
    return [bill for h, m, part in parts for bill in catalog(f"H{h}", m, part)]


def test_months_far_out_of_catalog() -> None:
    odd = [bill for month in (6, 7, 8) for bill in catalog("H9", month, 0.4)]
    (lead,) = found(OUTSIDE, [*county(), *odd])
    assert (lead.key, lead.hospital_id) == (("H9", "2019", "month"), "H9")
    assert sorted(lead.evidence["months"]) == ["2019-06", "2019-07", "2019-08"]
    assert lead.evidence["months"]["2019-06"]["share"] == "40.0%"
    assert lead.evidence["trend"] == {"2019-06": "40.0%", "2019-07": "40.0%", "2019-08": "40.0%"}
    assert lead.peers is not None
    assert lead.peers.n == 39  # months of the tier
    # the tenth of 39 months is four: with three odd ones the line lies at the highest ordinary share, 8.0%
    assert lead.evidence["line"] == "8.0%"
    # 70% of 36,000 were paid; of it 1 - 8 ÷ 40 = 80%: 20,160
    assert lead.fund_money["basic"] == pytest.approx(2_016_000, rel=0.01)


def test_the_highest_tenth_alone_is_no_lead() -> None:
    assert found(OUTSIDE, county()) == []


def test_few_bills_or_few_months_say_nothing() -> None:
    assert found(OUTSIDE, [*county(), *catalog("H9", 6, 0.4, number=10)]) == []
    assert found(OUTSIDE, [*catalog("H1", 5, 0.05), *catalog("H9", 6, 0.4)]) == []


def test_one_bill_wholly_out_of_catalog() -> None:
    (lead,) = found(OUTSIDE, [claim(yuan=5_000, self_funded=4_900)])
    assert (lead.key[1], lead.evidence["share"]) == ("bill", "98.0%")
    assert found(OUTSIDE, [claim(yuan=900, self_funded=890), claim(yuan=5_000, self_funded=4_400)]) == []


def spread(hospital: str, low: int, high: int, number: int) -> list[SupervisedClaim]:
    """Stays whose costs lie evenly from low to high, in yuan."""
    return [
        claim(f"{hospital}-{n}", "2019-05-10", low + (high - low) * n / number, hospital=hospital)
        for n in range(number)
    ]


def test_bills_heaped_under_a_line() -> None:
    heaped = [claim(f"X{n}", "2019-05-10", 4_800 + 5 * n, hospital="H1") for n in range(40)]
    (lead,) = found(NEAR, [*heaped, *spread("H1", 2_600, 8_000, 30), *spread("H2", 2_600, 8_000, 200)])
    assert lead.key == ("H1", "2019", "line", "stay", "5000.00") or lead.key[:4] == ("H1", "2019", "line", "stay")
    # 2,600 to 8,000 in steps of 180: 4,760 and 4,940 lie under the line, 5,120 above it
    assert (lead.evidence["under"], lead.evidence["over"]) == (42, 1)
    assert lead.evidence["band_share"] == "60.0%"  # of 70 above 2,500
    assert lead.evidence["histogram"][5] == ["4750.00", 42]
    assert lead.evidence["histogram"][6] == ["5000.00", 1]


def test_bills_spread_evenly_are_no_heap() -> None:
    assert found(NEAR, [*spread("H1", 2_600, 8_000, 300), *spread("H2", 500, 20_000, 300)]) == []


def test_a_line_of_a_case_quota() -> None:
    anyi = next(scheme for scheme in load_directory() if scheme.name == "anyi")
    assert anyi.case_quota is not None
    row = next(
        row
        for row in anyi.case_quota.tariff.root
        if row.disease == "lung_cancer" and (row.tier is None or 2 in row.tier)
    )
    line = row.value / 100
    cases = [
        claim(
            f"X{n}",
            "2019-05-10",
            line * (0.96 + n / 1_000),
            hospital="H1",
            disease="lung_cancer",
            scheme=anyi.content_hash,
        )
        for n in range(30)
    ]
    (lead,) = [each for each in found(NEAR, cases, schemes=by_hash([anyi])) if each.evidence["of"] == "lung_cancer"]
    assert lead.evidence["line"] == f"{line:.2f}"


def test_patients_led_up_to_a_yearly_cap() -> None:
    scheme = next(each for each in load_directory() if each.name == "shanggao")
    # the chronic cap of class II is 5,000: 15 of 20 patients of H1 draw 4,900, 100 of H2 draw 300
    capped = [
        visit(f"P{n}", "2019-05-10", 7_000, setting="chronic", paid_part=0.7, scheme=scheme.content_hash)
        for n in range(15)
    ]
    usual = [visit(f"R{n}", "2019-05-10", 400, setting="chronic", scheme=scheme.content_hash) for n in range(5)]
    others = [
        visit(f"Q{n}", "2019-05-10", 400, setting="chronic", hospital="H2", scheme=scheme.content_hash)
        for n in range(100)
    ]
    leads = found(NEAR, [*capped, *usual, *others], schemes=by_hash([scheme]))
    (lead,) = [each for each in leads if each.evidence["kind"] == "cap"]
    assert (lead.hospital_id, lead.severity) == ("H1", "hint")
    assert (lead.evidence["persons_near"], lead.evidence["persons"], lead.evidence["share"]) == (15, 20, "75.0%")
    assert lead.fund_money == {"basic": 15 * 490_000}


def through_the_year(hospital: str, number: int, year: int = 2019, **more: Any) -> list[SupervisedClaim]:
    """So many stays a month, on as many days."""
    return [
        claim(f"{hospital}-{year}-{m}-{n}", f"{year}-{m:02d}-{1 + n * 28 // number:02d}", hospital=hospital, **more)
        for m in range(1, 13)
        for n in range(number)
    ]


def test_a_december_beyond_the_own_past_and_the_others() -> None:
    past = [stay for year in (2016, 2017, 2018) for stay in through_the_year("H1", 10, year)]
    now = through_the_year("H1", 10)
    extra = [claim(f"X{n}", f"2019-12-{1 + n % 28:02d}", hospital="H1") for n in range(40)]
    others = [stay for hospital in ("H2", "H3") for stay in through_the_year(hospital, 10)]
    (lead,) = found(PEAK, [*now, *extra, *others], past)
    # 50 of 160 = 31.3%, before 30 of 360 = 8.3%, others 8.3%
    assert lead.key == ("H1", "2019", "stay", "month-12")
    assert (lead.evidence["share"], lead.evidence["own_share_before"], lead.evidence["others_share"]) == (
        "31.2%",
        "8.3%",
        "8.3%",
    )
    assert lead.severity == "suspicious"
    assert lead.evidence["profile"]["12"] == 50
    assert sorted(lead.evidence["profiles_before"]) == ["2016", "2017", "2018"]
    # 50 stays of 3,000, 70% paid: 105,000; beyond the expected 1 - (1/12) ÷ (5/16) = 11/15
    assert lead.fund_money == {"basic": 7_700_000}


def test_an_epidemic_that_all_have_is_no_peak() -> None:
    def epidemic(hospital: str) -> list[SupervisedClaim]:
        ill = [claim(f"{hospital}X{n}", f"2019-12-{1 + n % 28:02d}", hospital=hospital) for n in range(40)]
        return through_the_year(hospital, 10) + ill

    past = [stay for hospital in ("H1", "H2") for stay in through_the_year(hospital, 10, 2018)]
    assert found(PEAK, [*epidemic("H1"), *epidemic("H2")], past) == []


def test_holidays_and_ends_of_months() -> None:
    others = [stay for hospital in ("H2", "H3") for stay in through_the_year(hospital, 10)]
    golden = [claim(f"X{n}", f"2019-10-{8 + n % 6:02d}", days=6, hospital="H1") for n in range(40)]
    leads = found(PEAK, [*through_the_year("H1", 10), *golden, *others])
    assert {lead.key[3] for lead in leads} >= {"holiday"}
    ends = [claim(f"Y{n}", f"2019-{1 + n % 12:02d}-{25 + n % 4}", hospital="H1") for n in range(120)]
    leads = found(PEAK, [*through_the_year("H1", 10), *ends, *others])
    assert [lead.key[3] for lead in leads] == ["month_end"]
    (lead,) = leads
    assert lead.peers is not None
    assert lead.peers.remark is not None  # nothing is known of the years before


def reversed_stays(hospital: str, number: int, on: str = "2019-06-", **more: Any) -> list[SupervisedClaim]:
    """Stays of May that were reversed in June, one a day."""
    return [
        claim(
            f"{hospital}R{n}",
            "2019-05-10",
            hospital=hospital,
            standing=False,
            reversal=fact(f"{on}{1 + n % 28:02d}", f"R{n}"),
            **more,
        )
        for n in range(number)
    ]


def test_a_hospital_that_reverses_often() -> None:
    others = [stay for n in range(12) for stay in through_the_year(f"H{n}", 10) + reversed_stays(f"H{n}", 1)]
    (lead,) = found(REVERSALS, [*others, *through_the_year("H77", 5), *reversed_stays("H77", 20)])
    assert (lead.key, lead.severity) == (("H77", "2019", "rate"), "suspicious")
    assert (lead.evidence["reversed"], lead.evidence["bills"], lead.evidence["rate"]) == (20, 80, "25.0%")
    assert lead.fund_money == {}
    assert found(REVERSALS, others) == []


def test_a_day_of_many_hospitals_is_a_fault_of_systems() -> None:
    quiet = [stay for n in range(12) for stay in through_the_year(f"H{n}", 10) + reversed_stays(f"H{n}", 8, "2019-07-")]
    same_day = [stay for n in range(3) for stay in _on_one_day(f"H{n}", 12)]
    assert found(REVERSALS, [*quiet, *same_day]) == []
    (lead,) = found(REVERSALS, [*quiet, *_on_one_day("H0", 40)])
    assert lead.hospital_id == "H0"  # one hospital alone has no fault of systems


def _on_one_day(hospital: str, number: int) -> list[SupervisedClaim]:
    return [
        claim(f"{hospital}S{n}", "2019-05-10", hospital=hospital, standing=False, reversal=fact("2019-06-20", f"S{n}"))
        for n in range(number)
    ]


def test_bills_that_come_again_at_more() -> None:
    back = reversed_stays("H1", 4)
    again = [claim(stay.person_id, "2019-05-10", 4_000, hospital="H1") for stay in back]
    (lead,) = found(REVERSALS, [*back, *again])
    assert (lead.key, lead.evidence["number"]) == (("H1", "2019", "rebilled"), 4)
    assert (lead.evidence["before"], lead.evidence["after"]) == ("12000.00", "16000.00")
    assert lead.fund_money == {"basic": 4 * 70_000}  # a quarter of 70% of 4,000, four times
    same = [claim(stay.person_id, "2019-05-10", 3_000, hospital="H1") for stay in back]
    assert found(REVERSALS, [*back, *same]) == []


def test_old_files_loaded_on_one_day_say_nothing_of_faults() -> None:
    back = [stay for n in range(3) for stay in _on_one_day(f"H{n}", 4)]
    again = [claim(stay.person_id, "2019-05-10", 4_000, hospital=stay.hospital_id) for stay in back]
    leads = found(REVERSALS, [*back, *again])
    assert {lead.hospital_id for lead in leads} == {"H0", "H1", "H2"}
    assert all("补录" in lead.unchecked[0] for lead in leads)


def test_reversals_when_the_month_was_closed() -> None:
    late = reversed_stays("H1", 11, "2019-08-")
    assert [lead.key[2] for lead in found(REVERSALS, [*late, *through_the_year("H1", 10)])] == ["late"]
