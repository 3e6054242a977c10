"""Who meets no changed value is not settled a second time: then nothing of him may be settled otherwise."""

import random
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from policies.claim import Claim
from policies.loader import load_file, load_text
from policies.reform import ReformError
from policies.reformed_text import reformed
from policies.scheme import Scheme
from processors.person.recalculation import Recalculation, recalculate
from processors.simulation.burdens import Breakdown
from processors.simulation.fold import Fold
from processors.simulation.text_reach import TextReach
from processors.simulation.variant import SimulationScope, Variant
from tests.engine import HASHES, claim
from tests.many_rules import PEOPLE, TEXT, OnePerson
from tests.memory import Memory
from tests.reforms import claims_lines, days_of, random_change, reform
from tests.unit.test_properties import histories

LIMITS = load_file(Path(__file__).parents[2] / "docs" / "examples" / "limits.yaml")
MANY_RULES = load_text(TEXT.encode(), "many_rules.yaml")
SEEDS = st.integers(0, 2**32)
BOUNDED = settings(max_examples=150)


def changed(text: Scheme, draw: random.Random) -> Scheme:
    """The text with one value changed."""
    file = reform(text.name, random_change(text, draw.choice(claims_lines(text)), draw, days_of(text)))
    try:
        return reformed([text], file)[0]
    except ReformError:
        reject()


def fold_of(text: Scheme, after: Scheme) -> Fold:
    schemes = {**HASHES, text.content_hash: text, after.content_hash: after}
    variant = Variant("together", {text.content_hash: after.content_hash})
    return Fold(schemes, SimulationScope(frozenset([text.name])), [variant], Breakdown())


def outcome(settled: Recalculation) -> tuple[object, ...]:
    rows = [(row.layers, row.patient_share, row.hospital_share, row.status) for row in settled.statements]
    grants = {key: (grant.amount, grant.claim_id) for key, grant in settled.grants.items()}
    return rows, grants


def assert_left_alone_only_where_it_is_the_same(text: Scheme, after: Scheme, history: list[Claim]) -> bool:
    """Returns whether the person was left alone."""
    fold = fold_of(text, after)
    settled = fold.settled(history)
    if settled.variants != [None]:
        return False
    again = recalculate(fold.variants[0].moved(history, fold.scope), fold.schemes)
    assert outcome(again) == outcome(settled.baseline)
    return True


@BOUNDED
@given(history=histories(), seed=SEEDS)
def test_who_is_left_alone_is_settled_the_same_under_the_shipped_texts(history: list[Claim], seed: int) -> None:
    text = HASHES[history[0].scheme]
    assert_left_alone_only_where_it_is_the_same(text, changed(text, random.Random(seed)), history)


@pytest.fixture(scope="module")
def people() -> list[list[Claim]]:
    """Persons under a text whose values ask for facts, stays, diseases and limits."""
    found = []
    for seed in range(12):
        books = Memory(seed)
        books.pinned.by_hash[MANY_RULES.content_hash] = MANY_RULES
        books.pinned.current = [MANY_RULES]
        books.settle([*PEOPLE, *OnePerson(seed, 30).events], losses=0)
        found.append(sorted(books.state.by_person.get("P1", {}).values(), key=lambda each: each.number))
    return found


def test_who_is_left_alone_is_settled_the_same_under_many_rules(people: list[list[Claim]]) -> None:
    left, draw = 0, random.Random(7)
    for line in claims_lines(MANY_RULES):
        try:
            (after,) = reformed([MANY_RULES], reform("manyrules", random_change(MANY_RULES, line, draw, ())))
        except ReformError:
            continue
        # a claim each too: of a whole history hardly anybody is left alone
        for history in (*people, *([each] for claims in people[:4] for each in claims)):
            left += assert_left_alone_only_where_it_is_the_same(MANY_RULES, after, history)
    assert left > 300


def test_a_value_for_others_touches_nobody_else() -> None:
    text = next(each for each in HASHES.values() if each.name == "shanggao")
    line = {"where": "2.critical_illness inpatient", "name": "line", "for": "poor", "value": "3000"}
    (after,) = reformed([text], reform("shanggao", line))
    reach = TextReach(text, after)
    poor, other = (claim(text, "2019-05-06", in_scope="20000", categories=each) for each in (["dibao"], []))
    assert not reach.touches(other)
    assert not reach.touches(replace(poor, standing=False))
    assert text.is_poor(poor.categories) == reach.touches(poor)
    assert any(
        text.is_poor((category,)) and reach.touches(claim(text, "2019-05-06", categories=[category]))
        for category in text.poor.categories
    )


def test_a_limit_by_disease_touches_who_has_a_card_for_it() -> None:
    """Such a limit counts all diseases that a person has cards for, not the claim's alone."""
    line = next(line for line in claims_lines(LIMITS) if line.place[0] == "limits" and line.for_ == "diabetes")
    change = {"where": line.where, "name": line.name, "for": line.for_, "value": "1000"}
    reach = TextReach(LIMITS, reformed([LIMITS], reform(LIMITS.name, change))[0])
    visit = claim(LIMITS, "2024-03-09", in_scope="500", setting="chronic", disease="hypertension")
    assert not reach.touches(visit)
    assert not reach.touches(replace(visit, card_diseases=("hypertension",)))
    assert reach.touches(replace(visit, card_diseases=("diabetes", "hypertension")))


def test_a_text_of_another_shape_touches_everybody() -> None:
    text = next(each for each in HASHES.values() if each.name == "shanggao")
    other = load_text(text.text.replace(b"poor: {categories: [", b"poor: {categories: [orphan, ", 1), "shanggao.yaml")
    reach = TextReach(text, other)
    assert not reach.same_shape
    assert reach.touches(claim(text, "2019-05-06", in_scope="1"))
