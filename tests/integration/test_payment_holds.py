"""A case's payment hold (暂停拨付): what clearings owe the hospital waits until the measure is lifted."""

from datetime import date

import pytest

from policies.funds import BookedFund
from processors.cases import measures
from processors.cases.refusal import CaseRefused
from processors.clearing import listings, prepayments, steps
from processors.clearing.draft import draft
from processors.clearing.refusal import ClearingRefused
from tests import facts
from tests.cases_of_supervision import REGION, county_of_two, decided, found, measure, opened
from tests.clearings import LATER, MONTHS, holds
from tests.ledger import Books

HELD_FROM = date(2019, 4, 1)


async def cleared_of(books: Books, month: int = 0) -> str:
    clearing_id = await draft(books.engine, REGION, MONTHS[month], "wang", LATER)
    await steps.approve(books.engine, clearing_id, "li")
    return clearing_id


async def held(books: Books, clearing_id: str) -> list[tuple[str, str]]:
    rows = (await listings.clearing(books.engine, clearing_id))["held"]
    return [(row["payee"], row["case_id"]) for row in rows]


async def test_payments_of_a_hospital_wait_until_the_measure_is_lifted(books: Books) -> None:
    await county_of_two(books)
    await books.publish([facts.hospital("H2", tier=2, region=REGION)])
    await books.publish(facts.stay(3, "P1", on="2019-03-10", hospital_id="H2"))
    case_id = await opened(books.engine)
    await found(books.engine, case_id, amount=1)
    hold = await measure(books.engine, case_id, "payment_hold", from_on=HELD_FROM)
    clearing_id = await draft(books.engine, REGION, MONTHS[0], "wang", LATER)
    assert await held(books, clearing_id) == []  # nobody has decided it
    await decided(books.engine, case_id)
    assert await held(books, clearing_id) == [("H1", case_id)]  # a draft says so
    await steps.approve(books.engine, clearing_id, "li")
    with pytest.raises(ClearingRefused, match=rf"H1 暂停拨付.*{case_id}.*{hold}"):
        await steps.pay(books.engine, clearing_id, "li", "T1", ["H1"])
    await steps.pay(books.engine, clearing_id, "li", "T1")  # all others
    shown = {row["payee"]: row["status"] for row in (await listings.clearing(books.engine, clearing_id))["payments"]}
    assert shown == {"H1": "due", "H2": "paid"}
    with pytest.raises(ClearingRefused, match="H1 暂停拨付"):  # nothing else is due
        await steps.pay(books.engine, clearing_id, "li", "T2")
    ahead = await prepayments.order(books.engine, REGION, "H1", BookedFund("basic_fund"), 1_00, "wang", "预拨")
    with pytest.raises(ClearingRefused, match="H1 暂停拨付"):
        await prepayments.approve(books.engine, ahead, "li", "T3", HELD_FROM)
    with pytest.raises(CaseRefused, match="仍在暂停拨付"):
        await measures.close(books.engine, case_id, "chen", "已执行")
    await measure(books.engine, case_id, "lifting", of_measure=hold, from_on=date(2019, 6, 1))
    await decided(books.engine, case_id, date(2019, 6, 1))
    assert await held(books, clearing_id) == []
    await steps.pay(books.engine, clearing_id, "li", "T2")
    await measures.close(books.engine, case_id, "chen", "已执行")
    await holds(books)


async def test_an_amount_holds_the_oldest_transfers_until_they_come_to_it(books: Books) -> None:
    await county_of_two(books)
    first = await cleared_of(books)
    await books.publish(facts.stay(3, "P1", on="2019-03-10"))
    second = await cleared_of(books, 1)
    case_id = await opened(books.engine)
    await found(books.engine, case_id, amount=1)
    (row,) = (await listings.clearing(books.engine, first))["payments"]
    upto = round(float(row["amount"]) * 100)
    await measure(books.engine, case_id, "payment_hold", from_on=HELD_FROM, amount=upto)
    await decided(books.engine, case_id)
    assert await held(books, first) == [("H1", case_id)]
    assert await held(books, second) == []
    await steps.pay(books.engine, second, "li", "T1")
    # a fen more, and the second would have been held too
    await measure(books.engine, case_id, "payment_hold", from_on=HELD_FROM, until=date(2019, 5, 1))
    await decided(books.engine, case_id)
    assert await held(books, first) == [("H1", case_id)]  # the other has ended by itself
    await holds(books)
