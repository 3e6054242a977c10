"""A case's payment hold (暂停拨付): what clearings owe the hospital waits until the measure is lifted."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from events.decisions import CLEARING_PAID
from infra.clearing_page.page import page
from infra.cli.names import names_of
from policies.funds import BookedFund
from processors.bank import payment_files
from processors.bank.replies import apply_reply
from processors.bank.reply_rows import ReplyRow
from processors.cases import measures
from processors.cases.refusal import CaseRefused
from processors.clearing import listings, prepayments, reversals, steps
from processors.clearing.draft import draft
from processors.clearing.journal import open_journal
from processors.offices.refusal import StepRefused
from processors.proof.verify import verify
from tests import facts
from tests.cases_of_supervision import REGION, county_of_two, decided, found, measure, opened
from tests.clearings import LATER, MONTHS, holds
from tests.ledger import Books
from tests.payees import KEYS, approved, order

HELD_FROM = date(2019, 4, 1)
HOUSES = [
    order(id_, payee_kind="hospital", holder=f"{id_}医院", account=number)
    for id_, number in (("H1", "0702000109000000000"), ("H2", "0702000109000000001"))
]


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
    with pytest.raises(StepRefused, match=rf"H1 暂停拨付.*{case_id}.*{hold}"):
        await steps.pay(books.engine, clearing_id, "li", "T1", ["H1"])
    await steps.pay(books.engine, clearing_id, "li", "T1")  # all others
    shown = {row["payee"]: row["status"] for row in (await listings.clearing(books.engine, clearing_id))["payments"]}
    assert shown == {"H1": "due", "H2": "paid"}
    with pytest.raises(StepRefused, match="H1 暂停拨付"):  # nothing else is due
        await steps.pay(books.engine, clearing_id, "li", "T2")
    ahead = await prepayments.order(books.engine, REGION, "H1", BookedFund("basic_fund"), 1_00, "wang", "预拨")
    with pytest.raises(StepRefused, match="H1 暂停拨付"):
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


def payment_of(shown: dict[str, Any], payee: str) -> dict[str, Any]:
    (row,) = [row for row in shown["payments"] if row["payee"] == payee]
    return dict(row)


async def test_the_file_leaves_out_what_is_held_and_its_reply_is_noted_where_it_was_sent_before(books: Books) -> None:
    await county_of_two(books)
    await books.publish([facts.hospital("H2", tier=2, region=REGION)])
    await books.publish(facts.stay(3, "P1", on="2019-03-10", hospital_id="H2"))
    clearing_id = await cleared_of(books)
    await approved(books.engine, *HOUSES)
    sent = (await payment_files.make(books.engine, KEYS, clearing_id, "wang")).file
    case_id = await opened(books.engine)
    await found(books.engine, case_id, amount=1)
    hold = await measure(books.engine, case_id, "payment_hold", from_on=HELD_FROM)
    await decided(books.engine, case_id)
    rows = [ReplyRow(2, item.reference, item.amount, paid=True) for item in sent.items if item.payee == "H2"]
    assert [each.outcome for each in await apply_reply(books.engine, rows, "li", "f" * 64)] == ["paid"]
    await payment_of_held(books, clearing_id, hold)
    # the file had left before the decision: what the bank did is noted
    rows = [ReplyRow(2, item.reference, item.amount, paid=True) for item in sent.items if item.payee == "H1"]
    assert [each.outcome for each in await apply_reply(books.engine, rows, "zhou", "f" * 64)] == ["paid"]
    await holds(books)


async def payment_of_held(books: Books, clearing_id: str, hold: str) -> None:
    """The form names the hospital; verify finds what somebody notes by hand, past the program."""
    shown = await listings.clearing(books.engine, clearing_id)
    html = page(shown, await names_of(books.engine), datetime.now(UTC), persons=False)
    assert "暂停拨付：医院H1 H1 " in html
    held_payment = payment_of(shown, "H1")
    said = {"clearing_id": clearing_id, "actor": "zhao", "reference": "T7"}
    item = {"payee_kind": "hospital", "payee": "H1", "amount": round(float(held_payment["amount"]) * 100)}
    async with open_journal(books.engine) as journal:
        await journal.register.load_clearing(journal.connection, clearing_id)
        journal.record(CLEARING_PAID, {**said, "payments": [item]})
    report = await verify(books.engine)
    assert [(problem.check, problem.expected) for problem in report.problems] == [
        ("clearing", "no payment while a case holds it")
    ]
    assert hold in str(report.problems[0].found)
    await reversals.reverse_payment(books.engine, clearing_id, "li", "H1", "误登")


async def test_a_file_of_held_hospitals_alone_is_refused(books: Books) -> None:
    await county_of_two(books)
    await books.publish([facts.hospital("H2", tier=2, region=REGION)])
    await books.publish(facts.stay(3, "P1", on="2019-03-10", hospital_id="H2"))
    clearing_id = await cleared_of(books)
    await approved(books.engine, *HOUSES)
    case_id = await opened(books.engine)
    await found(books.engine, case_id, amount=1)
    await measure(books.engine, case_id, "payment_hold", from_on=HELD_FROM)
    await decided(books.engine, case_id)
    written = await payment_files.make(books.engine, KEYS, clearing_id, "wang")
    assert [item.payee for item in written.file.items] == ["H2"]
    assert any("H1 暂停拨付，未列入" in each and case_id in each for each in written.warnings)
    with pytest.raises(StepRefused, match=f"H1 暂停拨付.*{case_id}"):
        await payment_files.make(books.engine, KEYS, clearing_id, "wang")
    await holds(books)
