"""Money that moved is noted once under a reference; a mistake is taken back by another person, and nothing is lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import PAYMENT_REVERSED, RECEIPT_REVERSED, RECEIVABLE_SETTLED, RETURN_REVERSED
from processors.clearing import journal, listings, loans, reversals, steps
from processors.clearing.draft import draft
from processors.clearing.journal import open_journal
from processors.offices.refusal import StepRefused
from tests import facts
from tests.clearings import LATER, MONTHS, REGION, cleared, drafted, holds, owed, payments, problems_after
from tests.facts import advance
from tests.finance import query
from tests.ledger import Books

NEIGHBOUR, SHANGGAO = "220622", "360923"


async def _owing(books: Books) -> str:
    """H1 owes 600.00 after an audit; returns the receivable."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "1000", "hospital")])
    return f"{(await cleared(books, 1))['clearing_id']}-hospital-H1"


async def test_a_receipt_is_noted_once_under_its_reference(books: Books) -> None:
    owing = await _owing(books)
    assert await steps.settle_receivable(books.engine, owing, "li", "R-31", 200_00) == 400_00
    for again in ("R-31", "r-31", "Ｒ－31", "R -31"):
        with pytest.raises(StepRefused, match="noted already"):
            await steps.settle_receivable(books.engine, owing, "zhao", again, 200_00)
    assert await owed(books) == {"H1": "400.00"}
    assert await steps.settle_receivable(books.engine, owing, "li", "R-32", 200_00) == 200_00
    await holds(books)


async def test_a_repayment_is_noted_once_under_its_reference(books: Books) -> None:
    await books.publish([facts.enrol(), facts.enrol("P2"), advance("L1", "3000"), advance("L2", "3000", person="P2")])
    await books.publish([advance("L1", "70", person="P3") | {"source": f"bureau/{NEIGHBOUR}"}])
    assert await loans.repay_in_cash(books.engine, REGION, "L1", 500_00, "li", "R-32") == 2500_00
    with pytest.raises(StepRefused, match="R-32 was noted already: L1, P1"):
        await loans.repay_in_cash(books.engine, REGION, "L1", 500_00, "li", "R-32")
    with pytest.raises(StepRefused, match="noted already"):  # the receipt of another region
        await loans.repay_in_cash(books.engine, NEIGHBOUR, "L1", 10_00, "li", "R-32")
    # one receipt for the loans of two persons of a family
    assert await loans.repay_in_cash(books.engine, REGION, "L2", 500_00, "li", "R-32") == 2500_00
    await holds(books)


async def test_a_transfer_of_one_region_is_none_of_another(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.enrol("P2", region=SHANGGAO)])
    await books.publish([*facts.stay(1), *facts.stay(2, "P2")])
    here = (await cleared(books))["clearing_id"]
    there = await draft(books.engine, SHANGGAO, MONTHS[0], "wang", LATER)
    await steps.approve(books.engine, there, "li")
    assert await steps.pay(books.engine, here, "li", "T1") == 5520_00
    with pytest.raises(StepRefused, match=f"T1 was noted already: {here}, H1"):
        await steps.pay(books.engine, there, "li", "T1")
    assert await steps.pay(books.engine, there, "li", "T2") > 0
    await holds(books)


async def test_a_return_keeps_the_reference_of_its_payment(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books))["clearing_id"]
    engine = books.engine
    await steps.pay(engine, clearing_id, "li", "T1")
    await steps.record_return(engine, clearing_id, "li", "H1", "户名不符", reference="B9")
    (row,) = (await listings.clearing(engine, clearing_id))["payments"]
    told = ("status", "reference", "return_reference", "return_reason", "returned_by")
    assert [row[name] for name in told] == ["returned", "T1", "B9", "户名不符", "li"]
    with pytest.raises(StepRefused, match="T1 was noted already"):  # that transfer came back
        await steps.pay(engine, clearing_id, "zhao", "T1")
    await steps.pay(engine, clearing_id, "zhao", "T2")
    with pytest.raises(StepRefused, match="B9 was noted already"):
        await steps.record_return(engine, clearing_id, "zhao", "H1", "户名不符", reference="B9")
    history = (await listings.clearing(engine, clearing_id))["history"]
    assert [(step["type"], step["reference"], step["reason"], step["actor"]) for step in history] == [
        ("clearing.drafted.v1", None, None, "wang"),
        ("clearing.approved.v1", None, None, "li"),
        ("clearing.paid.v1", "T1", None, "li"),
        ("payment.returned.v1", "B9", "户名不符", "li"),
        ("clearing.paid.v1", "T2", None, "zhao"),
    ]
    await holds(books)


async def test_a_payment_noted_by_mistake_is_taken_back_by_another_person(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books))["clearing_id"]
    engine = books.engine
    with pytest.raises(StepRefused, match="最后登记的不是拨付"):
        await reversals.reverse_payment(engine, clearing_id, "zhao", "H1", "never sent")
    await steps.pay(engine, clearing_id, "li", "T1")
    with pytest.raises(StepRefused, match=r"Li noted .*another person must take it back"):
        await reversals.reverse_payment(engine, clearing_id, "Li", "H1", "never sent")
    assert (await reversals.reverse_payment(engine, clearing_id, "zhao", "H1", "never sent")).amount == 5520_00
    shown = await listings.clearing(engine, clearing_id)
    assert (shown["status"], payments(shown)) == ("approved", {"H1": ("5520.00", "due")})
    with pytest.raises(StepRefused, match="Zhao took back"):
        await steps.pay(engine, clearing_id, "Zhao", "T1")
    # what was taken back frees its reference, and stays in the history
    assert await steps.pay(engine, clearing_id, "li", "T1") == 5520_00
    shown = await listings.clearing(engine, clearing_id)
    told = [(step["type"], step["amount"], step["reference"], step["reverses"]) for step in shown["history"][2:]]
    paid = shown["history"][2]["entry"]
    assert told == [
        ("clearing.paid.v1", "5520.00", "T1", None),
        ("payment.reversed.v1", "5520.00", "T1", paid),
        ("clearing.paid.v1", "5520.00", "T1", None),
    ]
    await holds(books)


async def test_a_return_noted_by_mistake_is_taken_back(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books))["clearing_id"]
    engine = books.engine
    await steps.pay(engine, clearing_id, "li", "T1")
    await steps.record_return(engine, clearing_id, "li", "H1", "mixed up")
    with pytest.raises(StepRefused, match="another person must take it back"):
        await reversals.reverse_return(engine, clearing_id, "li", "H1", "it arrived")
    await reversals.reverse_return(engine, clearing_id, "zhao", "H1", "it arrived")
    shown = await listings.clearing(engine, clearing_id)
    assert (shown["status"], payments(shown)) == ("paid", {"H1": ("5520.00", "paid")})
    assert shown["payments"][0]["reference"] == "T1"
    await holds(books)
    assert sum((await journal.rebuild(engine)).values()) == 0


async def test_the_payment_that_stands_again_has_its_own_reference(books: Books) -> None:
    """B1 was paid, told as returned, paid again as B2; B2 was never sent and B1 had arrived after all."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books))["clearing_id"]
    engine = books.engine
    await steps.pay(engine, clearing_id, "li", "B1")
    (paid,) = (await listings.clearing(engine, clearing_id))["payments"]
    await steps.record_return(engine, clearing_id, "li", "H1", "mixed up")
    await steps.pay(engine, clearing_id, "zhao", "B2")
    await reversals.reverse_payment(engine, clearing_id, "sun", "H1", "never sent")
    await reversals.reverse_return(engine, clearing_id, "zhao", "H1", "it arrived")
    (stands,) = (await listings.clearing(engine, clearing_id))["payments"]
    told = ("status", "reference", "paid_by", "paid_at")
    assert [stands[name] for name in told] == ["paid", "B1", "li", paid["paid_at"]]
    await holds(books)
    assert sum((await journal.rebuild(engine)).values()) == 0


async def test_what_was_noted_before_stands_again_as_it_was_noted(books: Books) -> None:
    """Paid and returned twice. What is taken back leaves the payment as it stood before that was noted, so that who
    noted the first return may still not pay again."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books))["clearing_id"]
    engine = books.engine

    async def stands() -> dict[str, Any]:
        row: dict[str, Any]
        (row,) = (await listings.clearing(engine, clearing_id))["payments"]
        return row

    await steps.pay(engine, clearing_id, "li", "T1")
    await steps.record_return(engine, clearing_id, "chen", "H1", "户名不符", reference="B1")
    came_back = await stands()
    assert [came_back[name] for name in ("paid_by", "returned_by", "return_reason")] == ["li", "chen", "户名不符"]
    await steps.pay(engine, clearing_id, "zhao", "T2")
    paid_again = await stands()
    await steps.record_return(engine, clearing_id, "sun", "H1", "账号不符", reference="B2")
    await reversals.reverse_return(engine, clearing_id, "qian", "H1", "it arrived")
    assert await stands() == paid_again
    await reversals.reverse_payment(engine, clearing_id, "wu", "H1", "never sent")
    assert await stands() == came_back | {"reversed_by": "wu", "reversed_login": (await stands())["reversed_login"]}
    for barred, why in (("chen", "came back"), ("wu", "took back")):
        with pytest.raises(StepRefused, match=why):
            await steps.pay(engine, clearing_id, barred, "T3")
    await reversals.reverse_return(engine, clearing_id, "qian", "H1", "it arrived")
    assert [(await stands())[name] for name in ("status", "reference", "reversed_by")] == ["paid", "T1", None]
    shown = await listings.clearing(engine, clearing_id)
    assert [(step["type"], step["actor"], step["reference"], step["reason"]) for step in shown["history"][2:]] == [
        ("clearing.paid.v1", "li", "T1", None),
        ("payment.returned.v1", "chen", "B1", "户名不符"),
        ("clearing.paid.v1", "zhao", "T2", None),
        ("payment.returned.v1", "sun", "B2", "账号不符"),
        ("return.reversed.v1", "qian", "B2", "it arrived"),
        ("payment.reversed.v1", "wu", "T2", "never sent"),
        ("return.reversed.v1", "qian", "B1", "it arrived"),
    ]
    await holds(books)
    assert sum((await journal.rebuild(engine)).values()) == 0


async def test_a_reversal_from_before_it_named_what_stands_again_is_read(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books))["clearing_id"]
    engine = books.engine
    await steps.pay(engine, clearing_id, "li", "T1")
    await steps.record_return(engine, clearing_id, "chen", "H1", "户名不符")
    paid, returned = (await listings.clearing(engine, clearing_id))["history"][2:]
    payee = {"clearing_id": clearing_id, "payee_kind": "hospital", "payee": "H1", "amount": 5520_00, "reason": "old"}
    payment = {"reference": "T1", "actor": "li", "login": None, "at": paid["at"]}
    for type_, entry, more in (
        (RETURN_REVERSED, returned["entry"], {"payment": payment}),
        (PAYMENT_REVERSED, paid["entry"], {}),
    ):
        async with open_journal(engine) as opened:
            await opened.register.load_clearing(opened.connection, clearing_id)
            opened.record(type_, payee | {"entry": entry, "actor": "zhao"} | more)
    (row,) = (await listings.clearing(engine, clearing_id))["payments"]
    told = ("status", "paid_by", "reference", "returned_by", "reversed_by")
    assert [row[name] for name in told] == ["due", None, None, None, "zhao"]
    await holds(books)


async def test_a_receipt_noted_by_mistake_is_taken_back(books: Books) -> None:
    owing = await _owing(books)
    engine = books.engine
    await steps.settle_receivable(engine, owing, "li", "R1", 200_00)
    # an older program noted it twice
    async with open_journal(engine) as opened:
        await opened.register.load_clearing(opened.connection, owing.removesuffix("-hospital-H1"))
        twice = {"receivable_id": owing, "amount": 200_00, "actor": "li", "reference": "R1"}
        opened.record(RECEIVABLE_SETTLED, twice)
    assert await owed(books) == {"H1": "200.00"}
    with pytest.raises(StepRefused, match="another person must take it back"):
        await reversals.reverse_receipt(engine, owing, "LI", "R1", "noted twice")
    assert (await reversals.reverse_receipt(engine, owing, "zhao", "r1", "noted twice")).amount == 200_00
    assert await owed(books) == {"H1": "400.00"}
    with pytest.raises(StepRefused, match="nothing stands of"):
        await reversals.reverse_receipt(engine, owing, "zhao", "R9", "noted twice")
    await steps.settle_receivable(engine, owing, "li", "R2")
    shown = await listings.receivable(engine, owing)  # settled in full, it is still told
    assert (shown["outstanding"], await owed(books)) == ("0.00", {})
    assert [(step["type"], step["reference"], step["amount"]) for step in shown["history"]] == [
        ("receivable.settled.v1", "R1", "200.00"),
        ("receivable.settled.v1", "R1", "200.00"),
        ("receipt.reversed.v1", "R1", "200.00"),
        ("receivable.settled.v1", "R2", "400.00"),
    ]
    await holds(books)


async def test_a_repayment_noted_by_mistake_is_taken_back(books: Books) -> None:
    await books.publish([facts.enrol(), advance("L1", "3000")])
    engine = books.engine
    await loans.repay_in_cash(engine, REGION, "L1", 500_00, "li", "R1")
    with pytest.raises(StepRefused, match="another person must take it back"):
        await reversals.reverse_repayment(engine, REGION, "L1", "li", "R1", "of another loan")
    await reversals.reverse_repayment(engine, REGION, "L1", "zhao", "R1", "of another loan")
    shown = await loans.loan(engine, REGION, "L1")
    assert (shown["in_cash"], shown["outstanding"]) == ("0.00", "3000.00")
    assert [step["type"] for step in shown["history"]] == ["advance.repaid.v1", "repayment.reversed.v1"]
    assert await loans.repay_in_cash(engine, REGION, "L1", 500_00, "li", "R1") == 2500_00
    await holds(books)
    assert sum((await journal.rebuild(engine)).values()) == 0


async def test_reversals_that_one_person_wrote_or_that_take_back_nothing_are_found(books: Books) -> None:
    owing = await _owing(books)
    first = owing.replace("-02-", "-01-").removesuffix("-hospital-H1")
    await steps.settle_receivable(books.engine, owing, "li", "R1", 200_00)
    await steps.pay(books.engine, first, "li", "T1")
    (settled,) = (await listings.receivable(books.engine, owing))["history"]
    payee = {"payee_kind": "hospital", "payee": "H1", "reason": "forged"}
    receipt = payee | {"receivable_id": owing, "clearing_id": owing.removesuffix("-hospital-H1"), "amount": 200_00}
    entry = settled["entry"]
    assert await problems_after(books, receipt | {"entry": entry, "actor": "zhao"}, RECEIPT_REVERSED) == set()
    for forged in ({"actor": "li"}, {"actor": "zhao", "entry": 1}, {"actor": "zhao", "amount": 100_00}):
        data = receipt | {"entry": entry} | forged
        assert await problems_after(books, data, RECEIPT_REVERSED) == {"clearing"}, forged
    paid = payee | {"clearing_id": first, "amount": 5520_00, "entry": entry + 1}
    assert await problems_after(books, paid | {"actor": "zhao"}, PAYMENT_REVERSED) == set()
    assert await problems_after(books, paid | {"actor": "li"}, PAYMENT_REVERSED) == {"clearing"}


async def test_the_time_of_record_is_the_database_s(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clerk's machine whose clock is years off drafts no month ahead, and its steps bear the server's time."""

    class Years(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Years":
            return cls(2044, 1, 1, tzinfo=UTC)

    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    for module in (journal, listings):
        monkeypatch.setattr(module, "datetime", Years, raising=False)
    with pytest.raises(StepRefused, match="has not begun"):
        await draft(books.engine, REGION, MONTHS[0], "wang")
    await drafted(books)
    assert await _seconds_off(books.engine) < timedelta(minutes=10)


async def _seconds_off(engine: AsyncEngine) -> timedelta:
    async with engine.connect() as connection:
        query_ = "SELECT clock_timestamp() - max(recorded_at) FROM ledger.entries WHERE journal = 'clearing.0'"
        off: timedelta = (await connection.execute(text(query_))).scalar_one()
        return abs(off)


async def test_a_booking_that_names_no_layer_is_refused_by_name(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    async with books.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("UPDATE ledger.entries SET layer = NULL WHERE type = 'payout.decided.v1'"))
    (entry,) = await query(
        books.engine, "SELECT journal, number FROM ledger.entries WHERE type = 'payout.decided.v1' AND paid <> 0"
    )
    where = f"entry {entry['number']} of journal {entry['journal']}, claim C1, names no layer"
    with pytest.raises(StepRefused, match=where):
        await drafted(books)
