"""The steps after a draft: approval, payment, returned transfers, receivables and set-off."""

from datetime import date

import pytest
from sqlalchemy import text

from processors.clearing import listings, steps
from processors.clearing.draft import draft
from processors.offices.refusal import StepRefused
from tests import facts
from tests.clearings import LATER, MONTHS, REGION, cleared, drafted, fen, holds, owed, payments
from tests.ledger import Books


async def test_what_is_owed_is_set_off_against_the_next_payable(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.enrol("P2"), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "1000", "hospital")])
    second = await drafted(books, 1)
    assert payments(second) == {"H1": ("0.00", "none")}
    assert await owed(books) == {}  # not before another person has approved it
    await steps.approve(books.engine, second["clearing_id"], "li")
    assert await owed(books) == {"H1": "600.00"}
    await books.publish([*facts.stay(2, "P2", in_scope="1300")])  # (1,300 - 800) x 60% = 300
    third = await drafted(books, 2)
    assert payments(third) == {"H1": ("0.00", "none")}
    assert await owed(books) == {"H1": "300.00"}
    await steps.withdraw(books.engine, third["clearing_id"], "wang")
    assert await owed(books) == {"H1": "600.00"}
    await books.publish([*facts.stay(3, "P2", in_scope="1800")])  # (1,800 - 800) x 60% = 600
    again = await cleared(books, 2)
    assert payments(again) == {"H1": ("300.00", "due")}
    assert await owed(books) == {}
    await holds(books)


async def test_a_receivable_is_settled_in_parts_and_never_beyond(books: Books) -> None:
    events = [facts.hospital(until="2026-01-01"), facts.enrol(), facts.roster(), *facts.stay(1)]
    await books.publish(events)
    await cleared(books, 0)
    await books.publish([facts.roster(change="removed"), facts.audit("C1", "1000", "hospital")])
    await cleared(books, 1)
    rows = {row["payee"]: row for row in await listings.receivable_rows(books.engine, date(2031, 1, 1))}
    assert rows["H1"]["closed"]  # a hospital that is closed still owes
    assert not rows["P1"]["closed"]
    hospital, person = rows["H1"]["receivable_id"], rows["P1"]["receivable_id"]
    left = await steps.settle_receivable(books.engine, hospital, "zhao", "receipt 1", 100_00)
    assert left == fen(rows["H1"]["outstanding"]) - 100_00
    with pytest.raises(StepRefused, match="is outstanding"):
        await steps.settle_receivable(books.engine, hospital, "zhao", "receipt 2", left + 1)
    with pytest.raises(StepRefused, match="is outstanding"):
        await steps.settle_receivable(books.engine, hospital, "zhao", "receipt 2", 0)
    assert await steps.settle_receivable(books.engine, hospital, "zhao", "receipt 2") == 0
    assert await steps.settle_receivable(books.engine, person, "zhao", "receipt 3") == 0
    assert await owed(books) == {}
    with pytest.raises(StepRefused, match="Wang drafted"):
        await steps.settle_receivable(books.engine, hospital, "Wang", "receipt 4")
    with pytest.raises(StepRefused, match="there is no receivable"):
        await steps.settle_receivable(books.engine, "R9", "zhao", "receipt 4")
    await holds(books)


async def test_the_steps_of_a_clearing_have_their_order(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.enrol("P2"), *facts.stay(1)])
    await books.publish(facts.stay(2, "P2", prepaid=True))
    clearing_id = (await drafted(books, 3))["clearing_id"]
    engine = books.engine
    with pytest.raises(StepRefused, match="still a draft"):
        await draft(engine, REGION, MONTHS[4], "wang", LATER)
    with pytest.raises(StepRefused, match="another person must approve"):
        await steps.approve(engine, clearing_id, "Wang")
    with pytest.raises(StepRefused, match="is drafted, not approved"):
        await steps.pay(engine, clearing_id, "li", "T1")
    await steps.approve(engine, clearing_id, "li")
    for again in (steps.approve, steps.withdraw):
        with pytest.raises(StepRefused, match="is approved, not drafted"):
            await again(engine, clearing_id, "zhao")
    with pytest.raises(StepRefused, match="draft a month after 2031-04"):
        await draft(engine, REGION, MONTHS[3], "wang", LATER)
    with pytest.raises(StepRefused, match="nothing is due to H9"):
        await steps.pay(engine, clearing_id, "li", "T1", ["H1", "H9"])
    with pytest.raises(StepRefused, match="nothing was paid to H1"):
        await steps.record_return(engine, clearing_id, "li", "H1", "account closed")
    assert await steps.pay(engine, clearing_id, "li", "T1", ["H1"]) == 5520_00
    with pytest.raises(StepRefused, match="nothing is due to H1"):
        await steps.pay(engine, clearing_id, "li", "T2", ["H1"])
    assert (await listings.clearing(engine, clearing_id))["status"] == "approved"
    assert await steps.pay(engine, clearing_id, "li", "T2") == 5520_00
    assert (await listings.clearing(engine, clearing_id))["status"] == "paid"
    assert await steps.record_return(engine, clearing_id, "li", "P2", "account closed") == 5520_00
    shown = await listings.clearing(engine, clearing_id)
    assert (shown["status"], payments(shown)["P2"]) == ("approved", ("5520.00", "returned"))
    with pytest.raises(StepRefused, match="another person must note the payment"):
        await steps.pay(engine, clearing_id, "Li", "T3", ["P2"])
    assert await steps.pay(engine, clearing_id, "zhao", "T3", ["P2"]) == 5520_00
    shown = await listings.clearing(engine, clearing_id)
    assert (shown["status"], payments(shown)["P2"]) == ("paid", ("5520.00", "paid"))
    with pytest.raises(StepRefused, match="there is no clearing"):
        await steps.approve(engine, "220621-2031-09-1", "li")
    await holds(books)


async def test_steps_are_told_with_the_login_they_were_taken_under(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books)
    async with books.engine.connect() as connection:
        query = """SELECT DISTINCT convert_from(data, 'UTF8')::jsonb ->> 'login', session_user::text
                   FROM ledger.entries WHERE journal = 'clearing.0'"""
        ((told, login),) = await connection.execute(text(query))
    assert told == login == books.engine.url.username


async def test_payees_of_one_id_are_told_apart_by_their_kind(books: Books) -> None:
    await books.publish([facts.hospital("X1"), facts.enrol("X1"), facts.enrol("P2")])
    await books.publish([*facts.stay(1, "X1", hospital_id="X1", prepaid=True), *facts.stay(2, "P2", hospital_id="X1")])
    clearing_id = (await cleared(books))["clearing_id"]

    async def stand() -> dict[str, str]:
        shown = await listings.clearing(books.engine, clearing_id)
        return {row["payee_kind"]: row["status"] for row in shown["payments"]}

    with pytest.raises(StepRefused, match="X1 is a hospital and a person here"):
        await steps.pay(books.engine, clearing_id, "li", "T1", ["X1"])
    assert await steps.pay(books.engine, clearing_id, "li", "T1", ["X1"], "person") == 5520_00
    assert await stand() == {"hospital": "due", "person": "paid"}
    with pytest.raises(StepRefused, match="say which with --kind"):  # though only one of them is due
        await steps.pay(books.engine, clearing_id, "li", "T2", ["X1"])
    with pytest.raises(StepRefused, match="nothing is due to X1"):
        await steps.pay(books.engine, clearing_id, "li", "T2", ["X1"], "person")
    assert await steps.pay(books.engine, clearing_id, "li", "T2") == 5520_00
    with pytest.raises(StepRefused, match="say which with --kind"):
        await steps.record_return(books.engine, clearing_id, "li", "X1", "account closed")
    assert await steps.record_return(books.engine, clearing_id, "li", "X1", "account closed", "hospital") == 5520_00
    assert await stand() == {"hospital": "returned", "person": "paid"}
    await holds(books)
