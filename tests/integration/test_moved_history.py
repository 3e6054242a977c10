"""A person's history after claims have moved to newer texts of their scheme: each entry by its own text."""

from datetime import date

from infra.person_file.page import page
from policies.explain import render
from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.person.file import gather
from processors.person.replay import load_history, replay
from processors.resettlement.order import change_to, order_event
from tests import facts
from tests.ledger import SHIPPED, Books

LEDGER = "ledger/claims"
FUSONG = next(scheme for scheme in SHIPPED if scheme.name == "fusong")
COUNTY = [facts.hospital(), facts.enrol()]


async def test_every_entry_is_told_by_its_own_text_however_often_a_claim_has_moved(books: Books) -> None:
    """Deductibles of 800, 700, 600 and 500: each payout shows the one that it was decided under, also one in flight.

    (10,000 − 800) × 60% = 5,520.00, then 5,580.00, 5,640.00 and 5,700.00.
    """
    await books.publish([*COUNTY, facts.admit()])
    books.enqueue([facts.discharge()])
    await books.step(("intake", 0), 10)  # basic decides it only after the first move
    for turn, deductible in enumerate((b"700,", b"600,", b"500,"), start=1):
        newer = load_text(FUSONG.text.replace(b"value: 800,", b"value: " + deductible), "fusong")
        await adopt_schemes(books.engine, [newer], "test")
        change = await change_to(books.engine, "fusong", date(2019, 1, 1))
        books.enqueue([order_event(change, ["P1"], "test", str(turn))], LEDGER)
        await books.step(("intake", 0), 10)
        await books.drain()
    history = await load_history(books.engine, "P1")
    assert history.consistent
    basic = [payout for payout in history.payouts() if payout.layer == "basic"]
    shown = [render(history.schemes[payout.scheme_hash], payout.trace) for payout in basic]
    deductibles = [next(told["value"] for told in each if told.get("name") == "起付线") for each in shown]
    assert [(payout.after, told) for payout, told in zip(basic, deductibles, strict=True)] == [
        *((5520_00, "800.00"), (5580_00, "700.00"), (5640_00, "600.00"), (5700_00, "500.00"))
    ]
    assert page(await gather(books.engine, "P1"))
    assert (await replay(books.engine, "P1"))["consistent"]
    (moment, *_) = [entry.recorded_at for entry in history.settlements()]
    assert (await replay(books.engine, "P1", as_of=moment))["statements"]
