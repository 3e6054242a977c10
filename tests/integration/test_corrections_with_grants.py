"""Corrections of claims that bring grants and reach the backstop: the order of facts and lost runs change no party."""

from collections import Counter
from typing import Any

import pytest

from tests import facts
from tests.clearings import booked, fen
from tests.integration.test_cleared_parts import Cleared, lost
from tests.ledger import Books

REGIONS = ("220621", "140421", "360923", "360123")


def prepare(person: str, number: int, region: str, *, prepaid: bool) -> list[dict[str, Any]]:
    """A poor person's two late stays for liver cancer in the year: the second feels what the first has used."""
    told: dict[str, Any] = {"disease": "liver_cancer", "stage": "late", "hospital_id": "H1", "prepaid": prepaid}
    return [
        facts.enrol(person, region=region),
        facts.roster(person, on="2019-01-01"),
        *facts.stay(number, person, bill=facts.bill("60000", upfront_copay="3000", self_funded="60000"), **told),
        *facts.stay(number + 10, person, "2019-06-01", bill=facts.bill("30000", self_funded="4000"), **told),
    ]


def later(person: str, number: int) -> list[dict[str, Any]]:
    """A decimal point, a roster that was wrong, an audit, the right bill, and an audit of the other stay."""
    claim, other = f"C{number}", f"C{number + 10}"
    return [
        facts.correct(claim, id_=f"typo-{number}", bill=facts.bill("6000", upfront_copay="300", self_funded="1500")),
        facts.roster(person, change="removed", on="2019-01-01"),
        facts.audit(claim, "2000", "hospital", f"F{number}"),
        facts.correct(
            claim, id_=f"right-{number}", bill=facts.bill("52000", upfront_copay="3000", self_funded="60000")
        ),
        facts.audit(other, "1000", "person", f"G{number}"),
        facts.roster(person, on="2019-01-02"),
    ]


async def windows(books: Books, number: int) -> int:
    told = {answer.id: answer for claim in (number, number + 10) for answer in books.answered(f"C{claim}")}
    return sum(fen(answer.data.get("due_at_window", "0.00")) for answer in told.values())


@pytest.mark.parametrize("prepaid", [False, True])
@pytest.mark.parametrize("region", REGIONS)
async def test_lost_or_one_by_one_each_party_gets_the_same(books: Books, region: str, *, prepaid: bool) -> None:
    await books.publish([facts.hospital(region=region), *prepare("P1", 1, region, prepaid=prepaid)])
    clearing = Cleared(books, region)
    await clearing()
    paid_first = {fund for _, fund in clearing.sums}
    books.enqueue(later("P1", 1))
    for _ in range(3):  # the store is lost while two facts each are under way, some of them through basic
        await books.step(("intake", 0), 2)
        await books.step(("basic", 0), 1)
        await lost_under_way(books)
    await books.drain()
    await clearing()
    in_one = Counter(clearing.sums)
    await books.publish(prepare("P2", 2, region, prepaid=prepaid))
    for fact in later("P2", 2):
        await books.publish([fact])
    await clearing()
    one_by_one = {key: clearing.sums[key] - in_one[key] for key in clearing.sums}
    assert {key: amount for key, amount in in_one.items() if amount} == {
        key: amount for key, amount in one_by_one.items() if amount
    }
    assert await windows(books, 1) == await windows(books, 2)
    assert sum(clearing.sums.values()) == await booked(books.engine)
    assert {"basic", "critical_illness"} < paid_first
    assert paid_first & {"backstop", "grant"}


async def lost_under_way(books: Books) -> None:
    """The store is lost, but not what intake has not taken yet."""
    waiting = list(books.queues["intake", 0])
    await lost(books)
    books.queues["intake", 0].extend(waiting)
