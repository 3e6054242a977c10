"""Premiums of the five counties, worked by hand from docs/domain.md#5 and the seeds' clauses."""

from collections.abc import Sequence
from datetime import date

import pytest

from events.money import parse_yuan, yuan
from policies.loader import load_text
from policies.premiums import cover, premiums_due
from processors.pipeline.premiums import due_on
from projections.enrolments import Enrolment
from projections.rosters import RosterChange, categories_between
from tests.engine import HASHES, scheme

Told = list[tuple[str, str, str, str, str]]


def roster(*told: str) -> list[RosterChange]:
    """Changes like "+dibao 2019-03-01", recorded in this order."""
    parts = [change.split() for change in told]
    return [
        RosterChange(number, "P1", word[1:], word[0] == "+", date.fromisoformat(day))
        for number, (word, day) in enumerate(parts, start=1)
    ]


def due(
    name: str, first_day: str, changes: Sequence[RosterChange], self_paid: str | None = None, year: int | None = None
) -> Told:
    """(layer, kind, payer, yuan, category) of what is due for an enrollment under a scheme."""
    day = date.fromisoformat(first_day)
    paid = None if self_paid is None else parse_yuan(self_paid)
    enrolment = Enrolment("P1", year or day.year, "x", day, paid, scheme(name).content_hash)
    found = due_on(enrolment, changes, HASHES).values()
    return [(each.layer, each.kind, each.payer, yuan(each.amount), each.category) for each in found]


POOR = roster("+registered_poor 2017-01-01")


def test_fusong_splits_the_registered_poor_s_premium() -> None:
    # 三(一)2: 270 = 130 by medical assistance + 140 by county finance
    assert due("fusong", "2019-01-01", POOR) == [
        ("basic", "subsidised", "assistance_fund", "130.00", "registered_poor"),
        ("basic", "subsidised", "county_finance", "140.00", "registered_poor"),
    ]


@pytest.mark.parametrize("category", ["destitute", "orphan"])
def test_fusong_pays_all_for_the_destitute_and_orphans(category: str) -> None:
    # 三(一)2: 全额资助, 270 by medical assistance, also for one who is registered poor besides
    changes = [*POOR, *roster(f"+{category} 2018-05-01")]
    assert due("fusong", "2019-01-01", changes) == [("basic", "subsidised", "assistance_fund", "270.00", category)]


def test_fusong_pays_nothing_for_others() -> None:
    assert due("fusong", "2019-01-01", roster("+dibao 2018-01-01")) == []
    # 抚松 states no refund of what the person had paid
    assert [kind for _, kind, *_ in due("fusong", "2019-01-01", POOR, "270")] == ["subsidised", "subsidised"]


@pytest.mark.parametrize(
    ("year", "amount"), [(2017, "150.00"), (2018, "180.00"), (2019, "220.00"), (2020, "250.00"), (2021, "250.00")]
)
def test_changzhi_by_year_and_payer(year: int, amount: str) -> None:
    # 三(一)2: dibao and destitute by civil affairs, registered_poor by county finance
    changes = roster("+dibao 2017-01-01")
    assert due("changzhi", f"{year}-01-01", changes) == [("basic", "subsidised", "civil_affairs", amount, "dibao")]
    assert due("changzhi", f"{year}-01-01", POOR) == [
        ("basic", "subsidised", "county_finance", amount, "registered_poor")
    ]


@pytest.mark.parametrize(
    ("self_paid", "refund"),
    [(None, None), ("0", None), ("100", "100.00"), ("180", "180.00"), ("200", "180.00")],
)
def test_changzhi_refunds_what_the_person_had_paid(self_paid: str | None, refund: str | None) -> None:
    # 三(一)2: 如果其个人先行缴纳了费用 … 支付本人: min(self_paid, 180)
    told: Told = [("basic", "subsidised", "civil_affairs", "180.00", "destitute")]
    if refund is not None:
        told.append(("basic", "refunded", "civil_affairs", refund, "destitute"))
    assert due("changzhi", "2018-01-01", roster("+destitute 2018-01-01"), self_paid) == told


def test_shanggao_buys_two_layers_besides() -> None:
    # 一1-3: own contribution 250 (assumed) by county finance; 75 from the basic fund; 260 by county finance
    assert due("shanggao", "2019-01-01", POOR) == [
        ("basic", "subsidised", "county_finance", "250.00", "registered_poor"),
        ("critical_illness", "purchased", "basic_fund", "75.00", "registered_poor"),
        ("supplementary", "purchased", "county_finance", "260.00", "registered_poor"),
    ]


def test_anyi_buys_supplementary_insurance() -> None:
    # 二(四): the person's own part by county finance, 180 in 2018, 220 in 2019
    # 二(七): 330 by the poverty-alleviation fund; being destitute besides changes nothing
    told = [
        ("basic", "subsidised", "county_finance", "180.00", "registered_poor"),
        ("supplementary", "purchased", "poverty_alleviation_fund", "330.00", "registered_poor"),
    ]
    assert due("anyi", "2018-01-01", POOR) == told
    assert due("anyi", "2019-01-01", POOR)[0] == ("basic", "subsidised", "county_finance", "220.00", "registered_poor")
    assert due("anyi", "2018-01-01", [*POOR, *roster("+destitute 2018-01-01")]) == told
    assert due("anyi", "2018-01-01", roster("+destitute 2018-01-01")) == []


def test_liaoning_buys_supplementary_insurance() -> None:
    # 三(二): 100, from the assistance fund, one of those it allows
    assert due("liaoning", "2019-01-01", POOR) == [
        ("supplementary", "purchased", "assistance_fund", "100.00", "registered_poor")
    ]


def test_charity_may_pay_a_premium() -> None:
    # 三(二): 慈善救助、社会捐赠; a county of 辽宁 whose charity pays writes its own text
    shipped = scheme("liaoning")
    text = shipped.text.replace(b"payer: assistance_fund", b"payer: charity")
    county = load_text(text, "county.yaml")
    (premium,) = county.premiums
    day = date(2019, 1, 1)
    (told,) = premiums_due(county, day, ["registered_poor"], 0)
    assert (told.payer, told.amount, premium.payer) == ("charity", 100_00, "charity")
    assert "charity" in premium.cite


def test_jiamusi_states_no_premium() -> None:
    assert due("jiamusi", "2019-01-01", POOR) == []


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        (["+registered_poor 2019-12-31"], True),  # the last day of the cover
        (["+registered_poor 2020-01-01"], False),
        (
            ["+registered_poor 2018-01-01", "-registered_poor 2019-02-01"],
            False,
        ),  # left on the first day: [added, removed)
        (["+registered_poor 2018-01-01", "-registered_poor 2019-02-02"], True),
        (["+registered_poor 2019-05-01", "-registered_poor 2019-05-02"], True),  # one day is enough
        (["+registered_poor 2019-05-01", "-registered_poor 2019-05-01"], False),  # of one date the later recorded wins
        (["-registered_poor 2019-05-01", "+registered_poor 2019-05-01"], True),
    ],
)
def test_any_day_of_the_cover_counts(changes: list[str], is_due: bool) -> None:
    # insured from 1 February to 31 December 2019
    assert bool(due("anyi", "2019-02-01", roster(*changes))) is is_due


def test_values_are_those_of_the_first_day_of_the_cover() -> None:
    # insured for 2020 from December 2019 on: the cover of 2020 begins on 1 January, at 250
    assert due("changzhi", "2019-12-01", roster("+dibao 2017-01-01"), year=2020)[0][3] == "250.00"
    assert due("changzhi", "2019-12-01", roster("+dibao 2017-01-01"), year=2019)[0][3] == "220.00"


def test_the_day_of_death_is_the_last_of_the_cover() -> None:
    days = date(2019, 2, 1), date(2019, 6, 30)
    assert cover(2019, days[0], days[1]) == days
    assert cover(2019, days[0], date(2020, 3, 1)) == (days[0], date(2019, 12, 31))
    assert cover(2019, days[0], days[0]) == (days[0], days[0])
    assert cover(2019, days[0], date(2019, 1, 31)) is None


def test_an_enrollment_that_begins_after_its_year_insures_on_no_day() -> None:
    assert cover(2019, date(2019, 12, 31)) == (date(2019, 12, 31), date(2019, 12, 31))
    assert cover(2019, date(2020, 1, 1)) is None
    assert due("anyi", "2020-01-01", POOR, year=2019) == []


def test_categories_between_are_in_the_order_of_choice() -> None:
    changes = roster("+veteran 2019-03-01", "+destitute 2019-06-01", "-destitute 2019-06-10", "+dibao 2020-01-01")
    assert categories_between(changes, date(2019, 1, 1), date(2019, 12, 31)) == ("destitute", "veteran")
