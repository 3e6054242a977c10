"""A reform that only gives has no loser under a scheme without offsets: persons are compared with themselves."""

import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.money import yuan
from policies.arithmetic import Band
from policies.claim import Claim
from policies.reformed_text import reformed
from policies.scheme import Scheme
from policies.stated_lines import StatedLine
from processors.simulation.burdens import Breakdown
from processors.simulation.facts import SimulatedPerson
from processors.simulation.fold import Fold
from processors.simulation.totals import VariantTotals
from processors.simulation.variant import SimulationScope, Variant
from tests import engine
from tests.engine import HASHES, scheme
from tests.reforms import claims_lines, reform, value_of
from tests.unit.test_properties import claims

JIAMUSI = scheme("jiamusi")
"""It has basic and critical illness alone: no layer makes good what another leaves."""
LINES = claims_lines(JIAMUSI)
HISTORIES = st.lists(claims("jiamusi"), min_size=1, max_size=5)
REFORMS = 12


def better(line: StatedLine, draw: random.Random) -> dict[str, Any]:
    """A change that nobody can be against: a higher ratio or cap, a lower deductible or line."""
    value = value_of(JIAMUSI, line)
    whom = {"for": line.for_} if line.for_ else {}
    return {"where": line.where, "name": line.name, **whom, "value": _better(line.name, value, draw)}


def _better(name: str, value: Any, draw: random.Random) -> Any:
    if isinstance(value, Fraction):
        return f"{draw.randint(int(value * 100), 100)}%"
    if isinstance(value, tuple):
        return [{"ratio": _better(name, band.ratio, draw)} for band in value if isinstance(band, Band)]
    if name == "cap":
        return "none" if value is None else yuan(value + draw.randint(0, 5_000_000))
    return yuan(draw.randint(0, value))


def simulated(after: Scheme, history: Sequence[Claim]) -> VariantTotals:
    """What another text comes to for one person, whose books are not looked at."""
    variant = Variant("better", {JIAMUSI.content_hash: after.content_hash})
    fold = Fold({**HASHES, after.content_hash: after}, SimulationScope(frozenset({"jiamusi"})), [variant], Breakdown())
    numbered = tuple(
        replace(claim, number=number, claim_id=f"C{number}", referral=())
        for number, claim in enumerate(history, start=1)
    )
    totals = fold.totals()
    fold.count(SimulatedPerson("P1", True, numbered, (), (), ()), totals)
    return totals.variants[0]


@pytest.fixture(scope="module")
def texts() -> list[Scheme]:
    """The scheme with some values better, by seed."""
    found = []
    for seed in range(REFORMS):
        draw = random.Random(seed)
        lines = draw.sample(LINES, draw.randint(1, 8))
        found += reformed([JIAMUSI], reform("jiamusi", *(better(line, draw) for line in lines)))
    return found


@settings(max_examples=60)
@given(history=HISTORIES, seed=st.integers(0, REFORMS - 1))
def test_a_pure_gain_has_no_loser(texts: list[Scheme], history: list[Claim], seed: int) -> None:
    totals = simulated(texts[seed], history)
    assert totals.lose == 0
    assert totals.difference.patient_share <= 0


def test_who_is_met_by_it_gains(texts: list[Scheme]) -> None:
    history = [engine.claim("jiamusi", "2019-05-01", in_scope="28000", tier=tier) for tier in (0, 1, 2, 3)]
    assert sum(simulated(text, history).gain for text in texts) > REFORMS // 3
