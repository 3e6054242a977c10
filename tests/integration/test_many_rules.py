"""A real ledger under most kinds of rule and limit together, event by event: quoted, moved to newer texts, verified.

What each batch loads anew from the database must be what the rules read.
"""

import random

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.person.quote import Quotes
from processors.person.replay import replay
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from tests.ledger import Books
from tests.many_rules import PEOPLE, TEXT, OnePerson, without_limits
from tests.moves import order

CLAIMS = ("discharge.recorded.v1", "outpatient.recorded.v1", "interim.recorded.v1")
APART = without_limits(TEXT, "insurance_year").replace(
    "over: [{layer: assistance}, {layer: charity}]", "over: [{layer: assistance}]"
)
LOWER = TEXT.replace("value: 800,", "value: 700,").replace("value: 70000,", "value: 60000,")
BACKSTOP = """\
  - layer: backstop
    cases:
      - rule: top_up
        when: {poor: true}
        to: [{value: 85%, grade: seed, cite: "八"}]
limits:
"""
CHARITY = """\
  - name: charity_quarter
    title: 季度慈善
    title_en: charity of a quarter
    over: [{layer: charity}]
    per: quarter
    most: [{value: 2000, grade: seed, cite: "五"}]
"""
TEXTS = [load_text(text.encode(), "many") for text in (APART + CHARITY, LOWER, TEXT.replace("limits:\n", BACKSTOP))]


@pytest.mark.parametrize("seed", [0, 3])
async def test_the_books_hold(engine: AsyncEngine, seed: int) -> None:
    books, draw, quoted = await Books.open(engine, seed=seed or None), random.Random(seed), 0
    newer = list(TEXTS)
    await adopt_schemes(engine, [newer.pop(0)], "王芳")
    await books.publish(PEOPLE)
    for number, event in enumerate(OnePerson(seed, 30).events):
        told = await Quotes(engine).quote(None, orjson.dumps(event)) if event["type"] in CLAIMS else {}
        await books.publish([event])
        if "statement" in told:
            quoted += 1
            assert told["statement"] == await books.statement(event["data"]["claim_id"])
        if number in (9, 18):
            law = newer.pop(0)
            await adopt_schemes(engine, [law], "王芳")
            await books.publish([order(law, ["P1"], f"move-{number}", draw.choice(["2022-01-01", "2024-01-01"]))])
    assert quoted > 3
    report = await verify(engine)
    assert (report.problems, report.skipped) == ([], 0)
    assert not (await rebuild(engine, dry_run=True)).found
    assert (await replay(engine, "P1"))["consistent"]
