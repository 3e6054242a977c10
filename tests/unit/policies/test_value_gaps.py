"""What the check of values promises: where it finds nothing, every claim that can occur has its one value."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from events.codes import ORDINARY
from policies.arithmetic import share
from policies.claim import Claim
from policies.claim_facts import AskedFacts, met
from policies.engine import settle
from policies.loader import by_hash, load_file
from policies.sample_claims import hospital_at
from policies.value_gaps import PLACES, Scope, value_problems
from policies.values import Circumstances, Parameter, Ratio
from tests.engine import claim
from tests.rules import row

CITY = load_file(Path(__file__).parents[3] / "docs" / "examples" / "city.yaml")
TYPES = ("resident", "employee_retired")
SCOPE = Scope(
    from_=date(2024, 1, 1),
    until=None,
    tiers=(0, 1, 2, 3),
    classes=(None,),
    groups=("general",),
    insurance_types=TYPES,
    poor=("dibao",),
)


def ranges(most: int) -> st.SearchStrategy[Any]:
    """A range of whole numbers, open at either end or at none."""
    ends = st.tuples(st.integers(1, most), st.integers(1, most)).map(sorted)
    return ends.flatmap(
        lambda pair: st.sampled_from([{"from": pair[0]}, {"to": pair[1]}, {"from": pair[0], "to": pair[1]}])
    )


ASKED = st.fixed_dictionaries(
    {},
    optional={
        "age": ranges(4),
        "stay": ranges(3),
        "total": ranges(4),
        "emergency": st.just(True),
        "household": st.just(True),
        "insurance_type": st.sampled_from(TYPES),
        "stay_kind": st.sampled_from([ORDINARY, "maternity"]),
        "place": st.sampled_from(PLACES),
        "tier": st.sampled_from([1, 2, [1, 2, 3]]),
        "for": st.sampled_from(["general", "poor", "dibao"]),
        "until": st.just("2024-07-01"),
    },
).filter(lambda asked: len(asked) < 4)
FACTS = st.builds(
    AskedFacts,
    age=st.none() | st.integers(0, 6),
    insurance_type=st.sampled_from(TYPES),
    household=st.booleans(),
    contracted_doctor=st.booleans(),
    emergency=st.booleans(),
    stay_kind=st.sampled_from([ORDINARY, "maternity", "home_bed"]),
    stay=st.integers(0, 5),
    total=st.integers(1, 600),
    in_scope=st.just(1),
)
GROUPS = st.sampled_from([("general",), ("dibao", "poor", "general"), ("illness_poor", "general")])


@settings(max_examples=300, deadline=None)
@given(st.lists(ASKED, max_size=3), st.lists(st.tuples(FACTS, GROUPS), min_size=10, max_size=10), st.data())
def test_where_nothing_is_found_every_claim_has_one_value(
    rows: Sequence[dict[str, Any]], claims: Sequence[tuple[AskedFacts, tuple[str, ...]]], data: st.DataObject
) -> None:
    value = Parameter[Ratio].model_validate([row("50%"), *(row("60%", **asked) for asked in rows)])
    value.name("ratio")
    problems = list(value_problems(value, SCOPE))
    for facts, groups in claims:
        circumstances = Circumstances(
            day=data.draw(st.sampled_from([date(2024, 1, 1), date(2024, 7, 1)])),
            tier=data.draw(st.integers(0, 3)),
            place=data.draw(st.sampled_from(PLACES)),
            card_class=None,
            disease=None,
            groups=groups,
            met=frozenset(key for key in value.asked if met(key, facts)),
        )
        try:
            assert value.find(circumstances) is not None
        except (LookupError, AssertionError):
            assert problems, f"{rows}: nothing was found, and {circumstances} has no value or two"


MONEY = st.integers(0, 300_000_00)


@st.composite
def years(draw: st.DrawFn) -> list[Claim]:
    """A year of one person in the made-up city: any facts that can be."""
    held = draw(st.sampled_from([(), ("dibao",), ("destitute",), ("illness_poor",)]))
    type_ = draw(st.sampled_from(CITY.insurance_types))
    found = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        setting = draw(st.sampled_from(["inpatient", "inpatient", "general"]))
        fen = draw(MONEY if setting == "inpatient" else st.integers(0, 500_00))
        place = draw(st.sampled_from(PLACES))
        found.append(
            claim(
                CITY,
                "2024-05-01",
                in_scope=f"{fen // 100}.{fen % 100:02d}",
                setting=setting,
                tier=draw(st.integers(0, 3)),
                categories=held,
                number=number,
                hospital_region=hospital_at("990201", place),
                filed=place != "unfiled",
                standing=draw(st.integers(0, 4)) > 0,
                insurance_type=type_,
                age=draw(st.none() | st.integers(0, 100)),
                contracted_doctor=draw(st.none() | st.booleans()),
                emergency=draw(st.booleans()),
            )
        )
    return found


@settings(max_examples=150, deadline=None)
@given(years())
def test_a_year_in_the_city_settles_whatever_the_facts_are(year: list[Claim]) -> None:
    schemes = by_hash([CITY])
    bills, books = settle(schemes, year)
    stays = [each for each in year if each.standing and each.is_stay]
    assert [bills[each.number].claim.stay_number for each in stays] == [*range(1, len(stays) + 1)]
    for bill in bills.values():
        patient, hospital = bill.shares()
        assert hospital == 0
        assert 0 <= patient <= bill.total
        assert bill.paid + patient == bill.total
        assert bill.total or not bill.paid
        borne = {payout.layer: payout.deductible for payout in bill.payouts}
        if bill.claim.stay_number > 2:
            assert borne["basic"] == 0
        if bill.claim.is_stay and not bill.claim.filed:  # at least the tenth is the person's before basic pays
            assert bill.payouts[0].paid <= bill.total - share(bill.total, CITY.parameters[UPFRONT].root[1].value)
    used = books.get((2024, "city", "basic"), {}).get("outpatient")
    assert used is None or used.deductible <= 200_00
    aided = [tracks for (_, _, layer), tracks in books.items() if layer == "assistance"]
    assert all(each.deductible <= 3_000_00 and each.paid <= 20_000_00 for tracks in aided for each in tracks.values())
    again, _ = settle(schemes, [each for each in year if each.standing])
    assert {number: bill.payouts for number, bill in again.items()} == {
        number: bill.payouts for number, bill in bills.items()
    }


UPFRONT = "stages[0].cases[0].upfront"
