"""A claim that newer texts lead to another fund, and then to a case of another track."""

from typing import Any

import pytest

from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.person.replay import replay
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from tests import facts
from tests.ledger import Books
from tests.moves import order

TEXT = """\
name: tracks
title: 两档县
title_en: County of Two Tracks
document: 两档县办法
regions: ["990401"]
valid: {from: 2019-01-01}
poor: {categories: [dibao], grade: seed, cite: "一"}
settings:
  general: [{grade: seed, cite: "二"}]
  chronic: [{grade: seed, cite: "二"}]
  pharmacy: [{grade: seed, cite: "二"}]
stages:
  - layer: basic
    cases:
      - rule: ratio_within_limit
        when: {setting: general}
        track: GENERAL
        ratio: [{value: 50%, grade: seed, cite: "三"}]
        limit: [{value: 100, grade: seed, cite: "三"}]
      - rule: ratio_within_limit
        when: {setting: chronic}
        track: CHRONIC
        ratio: [{value: 50%, grade: seed, cite: "三"}]
        limit: [{value: 100, grade: seed, cite: "三"}]
      - rule: ratio_within_limit
        when: {setting: pharmacy}
        track: PHARMACY
        ratio: [{value: 80%, grade: seed, cite: "三"}]
        limit: [{value: 100, grade: seed, cite: "三"}]
"""
PAID_BY_CHARITY = "funds:\n  basic: {fund: charity, grade: assumed, cite: 协议}\n"
PEOPLE = [facts.hospital(), facts.enrol("P1", 2019, "990401")]


async def move(books: Books, text: str, id_: str) -> None:
    law = load_text(text.encode(), "tracks")
    await adopt_schemes(books.engine, [law], "王芳")
    await books.publish([order(law, ["P1"], id_)])


async def paid(books: Books) -> list[str]:
    """What the visit and the two medicines are paid; the books hold."""
    assert (await verify(books.engine)).problems == []
    assert not (await rebuild(books.engine, dry_run=True)).found
    assert (await replay(books.engine, "P1"))["consistent"]
    return [(await books.paid(claim))["basic"] for claim in ("V1", "V2", "V3")]


def visit(claim: str, setting: str, in_scope: str) -> dict[str, Any]:
    return facts.visit(claim, on="2019-05-01", setting=setting, in_scope=in_scope)


@pytest.mark.parametrize(("general", "chronic"), [("aided", "visits"), ("visits", "aided")])
async def test_it_is_settled_again_on_the_track_that_it_counts_to(books: Books, general: str, chronic: str) -> None:
    two = TEXT.replace("GENERAL", general).replace("CHRONIC", chronic)
    with_visits, with_cards = two.replace("PHARMACY", general), two.replace("PHARMACY", chronic)
    await adopt_schemes(books.engine, [load_text(with_visits.encode(), "tracks")], "王芳")
    await books.publish([*PEOPLE, visit("V1", "general", "160"), visit("V2", "pharmacy", "50")])
    await books.publish([visit("V3", "pharmacy", "100")])
    # 80 of 100, then the 20 left, then nothing
    assert await paid(books) == ["80.00", "20.00", "0.00"]
    await move(books, with_visits + PAID_BY_CHARITY, "another-fund")
    assert await paid(books) == ["80.00", "20.00", "0.00"]
    await move(books, with_cards + PAID_BY_CHARITY, "another-track")
    # medicines have a limit of 100 without visits now: 40, and 60 of 80
    assert await paid(books) == ["80.00", "40.00", "60.00"]
    # what was booked is read anew: 24, then 76 of 80
    await books.publish([facts.correct("V2", "30")])
    assert await paid(books) == ["80.00", "24.00", "76.00"]
    await books.publish([facts.reverse("V3"), facts.correct("V2", "200")])
    assert (await books.paid("V2"))["basic"] == "100.00"
    await move(books, "# again\n" + with_visits, "back")
    assert (await books.paid("V2"))["basic"] == "20.00"
    assert (await verify(books.engine)).problems == []
