"""A run that can't be handled stops its own lane alone, and a later fact over the same claims sets it free."""

from typing import Any

import pytest
from sqlalchemy import text

from policies.buckets import OpenBill
from policies.claim import Payout
from policies.engine import decide
from processors.pipeline import layer, settlement
from processors.proof.verify import verify
from tests import facts
from tests.facts import correct, enrol, hospital, roster, stay
from tests.ledger import Books

READY = [hospital(), enrol(), enrol("P2"), roster(), roster("P2")]


def poison(patch: pytest.MonkeyPatch, claim_id: str, layer_stage: int) -> None:
    """A bug that one claim meets at one stage."""

    def failing(schemes: Any, stage: int, bill: OpenBill, *rest: Any) -> Payout | None:
        if bill.claim.claim_id == claim_id and stage == layer_stage:
            raise ZeroDivisionError("a bug")
        return decide(schemes, stage, bill, *rest)

    patch.setattr(layer, "decide", failing)


async def parked(books: Books) -> list[tuple[Any, ...]]:
    async with books.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT consumer, person_id, run, reason FROM processors.parked ORDER BY run")
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_what_comes_behind_waits_and_others_go_on(books: Books, batch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        poison(patch, "C1", 2)
        await books.publish([*READY, *stay(1), *stay(2), *stay(3, "P2")], batch=batch)
    assert await parked(books) == [
        ("assistance", "P1", 1, "ZeroDivisionError: a bug"),
        ("assistance", "P1", 2, "waits behind run 1"),
    ]
    assert await books.statement("C1") is None
    assert await books.statement("C3") is not None
    report = await verify(books.engine)
    assert (report.problems, report.skipped, report.persons) == ([], 1, 2)

    await books.publish([correct("C2", "9000")])
    # it begins behind the parked claim: order is kept
    assert len(await parked(books)) == 3
    await books.publish([correct("C1", "8000")])
    assert await parked(books) == []
    # C1: (8,000 − 800) × 60%, first told as settled
    assert (await books.paid("C1"))["basic"] == "4320.00"
    assert [answer.type for answer in books.answered("C1")] == ["claim.settled.v1"]
    report = await verify(books.engine)
    assert (report.problems, report.skipped) == ([], 0)


async def test_a_poisoned_settlement_parks_too(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> dict[str, Any]:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(settlement, "statement_row", failing)
        await books.publish([*READY, *stay(1)])
    assert [row[0] for row in await parked(books)] == ["settlement"]
    await books.publish([facts.reverse("C1")])
    assert await parked(books) == []
    assert await books.paid("C1") == {"patient": "0.00", "hospital": "0.00"}
    assert (await verify(books.engine)).problems == []
