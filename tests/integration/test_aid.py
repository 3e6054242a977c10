"""What a charity decides of a claim is a layer of its own, settled again with whatever comes later (辽宁 二(三))."""

from typing import Any

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.journal import entries
from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.law.terms import learn_terms
from processors.person.file import gather
from processors.person.replay import replay
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from processors.resettlement.order import change_to, order_event
from tests import facts
from tests.ledger import SHIPPED, Books

READY = [
    facts.hospital(),
    facts.enrol("Z", 2019, "211200"),
    facts.roster("Z", on="2019-01-01"),
    *facts.stay(1, "Z", "2019-03-10", "9000"),
]
# (9,000 − 800) × 60% = 4,920; 4,080 are under the line of 5,000; 70% of 4,080 = 2,856; 1,224 are left.
BEFORE = {
    "basic": "4920.00",
    "critical_illness": "0.00",
    "assistance": "2856.00",
    "basic_second": "0.00",
    "patient": "1224.00",
    "hospital": "0.00",
}


async def holds(books: Books) -> None:
    report = await verify(books.engine)
    assert (report.problems, report.skipped) == ([], 0)
    assert all(not compared.found for compared in (await rebuild(books.engine, dry_run=True)).projections)


async def charity(books: Books, claim: str = "C1") -> tuple[str | None, str]:
    """What charity pays, and what is left to the person."""
    paid = await books.paid(claim)
    return paid.get("charity"), paid["patient"]


@pytest.mark.parametrize("seed", [None, 1, 2])
async def test_a_decision_pays_within_what_is_left_whatever_comes_later(engine: AsyncEngine, seed: int | None) -> None:
    books = await Books.open(engine, seed=seed)
    await books.publish(READY)
    assert await books.paid("C1") == BEFORE

    await books.publish([facts.aid(amount="300")])
    assert await books.paid("C1") == BEFORE | {"charity": "300.00", "patient": "924.00"}
    await books.publish([facts.aid(amount="200.5", decision="D2")])  # they add up
    assert await charity(books) == ("500.50", "723.50")
    await books.publish([facts.withdraw_aid(decision="D2"), facts.withdraw_aid(decision="D2", id_="twice")])
    assert await charity(books) == ("300.00", "924.00")
    await books.publish([facts.aid(amount="5000", decision="D3")])
    assert await charity(books) == ("1224.00", "0.00")
    await books.publish([facts.withdraw_aid(decision="D3")])

    # (1,000 − 800) × 60% = 120; 70% of 880 = 616; of the 264 left charity pays all
    await books.publish([facts.correct("C1", "1000")])
    assert await charity(books) == ("264.00", "0.00")
    await books.publish([facts.correct("C1", "9000")])
    assert await charity(books) == ("300.00", "924.00")
    # an audit for the hospital to bear: (8,000 − 800) × 60% = 4,320; 70% of 3,680 = 2,576; 1,104 less 300
    await books.publish([facts.audit("C1", "1000")])
    assert await charity(books) == ("300.00", "804.00")
    # who was not poor that day has no such layer
    await books.publish([facts.roster("Z", "registered_poor", "removed", "2019-03-01")])
    assert await charity(books) == (None, "3680.00")
    await books.publish([facts.roster("Z", "registered_poor", "added", "2019-03-02")])
    assert await charity(books) == ("300.00", "804.00")

    await books.publish([facts.reverse("C1"), facts.withdraw_aid()])
    assert await charity(books) == (None, "0.00")
    await books.publish([facts.aid(decision="D4")])
    assert await books.refused() == [("aid-D4", "already_reversed")]
    await holds(books)


async def test_it_is_charity_s_money_and_the_person_s(books: Books) -> None:
    await books.publish([*READY, facts.aid(amount="300"), facts.aid(amount="60", decision="D2"), facts.withdraw_aid()])
    async with books.engine.connect() as connection:
        await learn_terms(connection)
        rows = await connection.execute(
            select(entries.c.paid, entries.c.data).where(entries.c.layer == "charity").order_by(entries.c.number)
        )
        told = [(row.paid, orjson.loads(row.data)) for row in rows]
    assert [(paid, data["fund"], data["counterparty"], data["cause"]["type"]) for paid, data in told] == [
        (300_00, "charity", "person", "aid.decided.v1"),
        (60_00, "charity", "person", "aid.decided.v1"),
        (-300_00, "charity", "person", "aid.withdrawn.v1"),
    ]
    shown = await replay(books.engine, "Z")
    assert shown["consistent"] is True
    last = [entry for entry in shown["history"] if entry.get("layer") == "charity"][-1]
    steps = [(step["name"], step["expression"], step["result"]) for step in last["trace"] if step["kind"] == "step"]
    assert steps == [("已作出的救助决定", "60.00", "60.00"), ("个人负担范围内支付", "min(60.00, 1224.00)", "60.00")]
    assert {step["grade"] for step in last["trace"] if step["kind"] == "value"} == {"seed"}
    (claim,) = (await gather(books.engine, "Z")).claims
    assert [(aid.decision_id, aid.amount, aid.document, aid.withdrawn) for aid in claim.aids] == [
        ("D1", 300_00, "辽慈〔2020〕8号", "paid by a relative"),
        ("D2", 60_00, "辽慈〔2020〕8号", None),
    ]
    assert claim.revisions[1].cause is not None
    assert claim.revisions[1].cause.reason == "辽慈〔2020〕8号"


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (facts.aid("C9"), "unknown_claim", ""),
    (facts.aid("C8"), "unknown_claim", ""),  # its discharge waits: there is nothing to decide on yet
    (facts.aid(source="civil-affairs/140400"), "source_not_allowed", "its own region's persons"),
    (facts.aid(layer="assistance"), "no_policy", "by decision it pays charity"),
    (facts.aid(on="2019-03-09"), "date_order", "before the claim's date 2019-03-10"),
    (facts.aid(on="2099-01-01"), "date_in_future", ""),
    (facts.aid(decision="D0"), "duplicate_decision", "decision D0 of region 211200"),
    (facts.aid(decided_by="王芳", approved_by="王芳 "), "malformed", "two persons"),
    (facts.aid(amount="0"), "malformed", "data.amount must be above 0"),
    (facts.withdraw_aid(decision="D7"), "unknown_decision", "no decision D7"),
    (facts.withdraw_aid("C8", decision="D0"), "unknown_decision", "on claim C8"),
    (facts.withdraw_aid(decision="D0", source="bureau/210000"), "unknown_decision", "region 210000"),
    (facts.withdraw_aid(decision="D0", on="2020-12-30"), "date_order", "before the decision of 2020-12-31"),
]


@pytest.mark.parametrize(
    ("event", "reason", "said"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_what_is_refused_moves_nothing(books: Books, event: dict[str, Any], reason: str, said: str) -> None:
    await books.publish([*READY, facts.discharge("C8", "A8", "Z", on="2019-04-01"), facts.aid(decision="D0")])
    before = await books.paid("C1")
    await books.publish([event | {"id": "refused"}])
    assert await books.refused() == [("refused", reason)]
    assert said in books.answers[-1].data["detail"]
    assert await books.paid("C1") == before


async def test_a_claim_of_an_older_text_is_moved_first(engine: AsyncEngine) -> None:
    """The text of 辽宁 before charity: its claims are asked for none until they are settled again under the new one."""
    new = next(scheme for scheme in SHIPPED if scheme.name == "liaoning")
    text = new.text.decode()
    text = text[: text.index("vocabulary:")] + text[text.index("settings:") :]
    older = load_text((text[: text.index("  - layer: charity")] + text[text.index("premiums:") :]).encode(), "liaoning")
    assert older.path == new.path[:-1]
    others = [scheme for scheme in SHIPPED if scheme.name != "liaoning"]
    books = await Books.open(engine, schemes=[*others, older])
    await books.publish(READY)
    await adopt_schemes(engine, [new], "王芳")
    await books.publish([facts.aid()])
    assert await books.refused() == [("aid-D1", "no_policy")]
    assert "it pays nothing by decision" in books.answers[-1].data["detail"]
    change = await change_to(engine, "liaoning", new.valid.from_)
    await books.publish([order_event(change, ["Z"], "王芳", "1")], mailbox="ledger/claims")
    await books.publish([facts.aid(id_="again")])
    assert await charity(books) == ("500.00", "724.00")
    await holds(books)
