"""A clearing's file for the bank, and the bank's reply to it."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from events.decisions import CLEARING_PAID, PAYMENT_FILE_CANCELLED, PAYMENT_FILE_MADE
from policies.funds import BookedFund
from processors.bank import payment_files, prepayment_files
from processors.bank.payment_lines import WrittenPaymentFile, digest
from processors.bank.replies import apply_reply
from processors.bank.reply_rows import ReplyRow
from processors.clearing import listings, prepayments, reversals, steps
from processors.clearing.bank_files import PaymentFile
from processors.law.adoption import adopt_schemes
from processors.offices.refusal import StepRefused
from tests import facts
from tests.clearings import REGION, cleared, holds, payments, problems_with
from tests.integration.test_paying_funds import FIRST, FUSONG
from tests.ledger import Books
from tests.moves import paid_by
from tests.payees import CARD, KEYS, OTHER_CARD, approved, order

ITS_ACCOUNT = "0702000109000000000"
HOSPITAL = order("H1", payee_kind="hospital", holder="抚松县人民医院", account=ITS_ACCOUNT, bank="工行抚松支行")


@pytest.fixture
async def month(books: Books) -> str:
    """A clearing that owes a hospital 5,520.00, (10,000 - 800) x 60%, and two persons as much each."""
    await books.publish([facts.hospital(), *(facts.enrol(person) for person in ("P1", "P2", "P3"))])
    await books.publish([*facts.stay(1), *facts.stay(2, "P2", prepaid=True), *facts.stay(3, "P3", prepaid=True)])
    return str((await cleared(books))["clearing_id"])


def reply(file: PaymentFile, *said: str, first: int = 2) -> list[ReplyRow]:
    """The bank's rows for the lines of a file in their order: paid, or why a line came back."""
    return [
        ReplyRow(row, item.reference, item.amount, each == "paid", None if each == "paid" else each)
        for row, (item, each) in enumerate(zip(file.items, said, strict=True), start=first)
    ]


async def outcomes(books: Books, rows: Sequence[ReplyRow], actor: str = "li") -> list[str]:
    return [each.outcome for each in await apply_reply(books.engine, rows, actor, "f" * 64)]


async def made(books: Books, clearing_id: str, actor: str = "wang", *, only_ready: bool = False) -> WrittenPaymentFile:
    return await payment_files.make(books.engine, KEYS, clearing_id, actor, only_ready=only_ready)


async def everybody(books: Books) -> None:
    p2, p3 = order("P2", holder="李四", account=CARD), order("P3", holder="王五", account=OTHER_CARD)
    await approved(books.engine, HOSPITAL, p2, p3)


async def test_the_file_pays_each_payee_once_and_the_journal_knows_no_account(books: Books, month: str) -> None:
    await everybody(books)
    written = await made(books, month)
    assert [(line.holder, line.account, line.amount, line.purpose, line.reference) for line in written.lines] == [
        ("抚松县人民医院", ITS_ACCOUNT, 5520_00, "2031年01月医保基金清算款", f"{month}-B1-0001"),
        ("李四", CARD, 5520_00, "2031年01月医保报销款", f"{month}-B1-0002"),
        ("王五", OTHER_CARD, 5520_00, "2031年01月医保报销款", f"{month}-B1-0003"),
    ]
    assert written.file.total == 3 * 5520_00
    assert written.file.sha256 == digest(written.lines)
    with pytest.raises(StepRefused, match=f"all that is due is in {month}-B1"):
        await made(books, month)  # a second file would pay twice
    again = await payment_files.again(books.engine, KEYS, written.file.file_id)
    assert again.lines == written.lines
    async with books.engine.connect() as connection:
        said = "SELECT string_agg(convert_from(data, 'UTF8'), ' ') FROM ledger.entries WHERE journal = 'clearing.0'"
        journal = (await connection.execute(text(said))).scalar_one()
    assert written.file.sha256 in journal
    assert not any(secret in journal for secret in (CARD, OTHER_CARD, ITS_ACCOUNT, "李四"))
    await holds(books)


async def test_a_payee_without_account_is_named_and_the_others_are_paid_only_when_asked(
    books: Books, month: str
) -> None:
    await approved(books.engine, HOSPITAL, order("P2"))
    with pytest.raises(StepRefused, match=r"1 个收款方（共 5520\.00 元）没有已复核的账户：P3"):
        await made(books, month)
    first = await made(books, month, only_ready=True)
    assert [item.payee for item in first.file.items] == ["H1", "P2"]
    assert first.left_out == (("person", "P3", 5520_00),)
    with pytest.raises(StepRefused, match="P3"):
        await made(books, month, only_ready=True)  # nothing is ready now
    await approved(books.engine, order("P3", account=OTHER_CARD))
    second = await made(books, month)
    assert [(item.payee, item.reference) for item in second.file.items] == [("P3", f"{month}-B2-0001")]


async def test_the_reply_is_noted_once_by_its_references(books: Books, month: str) -> None:
    await everybody(books)
    file = (await made(books, month)).file
    rows = reply(file, "paid", "paid", "户名不符")
    assert await outcomes(books, rows) == ["paid", "paid", "returned"]
    shown = await listings.clearing(books.engine, month)
    assert payments(shown) == {
        "H1": ("5520.00", "paid"),
        "P2": ("5520.00", "paid"),
        "P3": ("5520.00", "returned"),
    }
    assert shown["payments"][0]["reference"] == file.items[0].reference
    before = len(shown["history"])
    assert await outcomes(books, rows) == ["unchanged"] * 3
    assert await outcomes(books, rows, "zhao") == ["unchanged"] * 3
    assert len((await listings.clearing(books.engine, month))["history"]) == before
    # the hospital's transfer comes back a week later
    late = reply(file, "账户已销户", "paid", "户名不符")
    assert await outcomes(books, late) == ["returned", "unchanged", "unchanged"]
    assert await outcomes(books, rows) == ["unchanged"] * 3  # the first reply is read again
    assert payments(await listings.clearing(books.engine, month))["H1"] == ("5520.00", "returned")
    await holds(books)


async def test_what_came_back_is_in_the_next_file_and_noted_by_another_person(books: Books, month: str) -> None:
    await everybody(books)
    first = (await made(books, month)).file
    await outcomes(books, reply(first, "paid", "paid", "户名不符"))
    await approved(books.engine, order("P3", holder="王伍", account=OTHER_CARD))
    second = await made(books, month)
    assert [(line.holder, line.reference) for line in second.lines] == [("王伍", f"{month}-B2-0001")]
    (refused,) = await apply_reply(books.engine, reply(second.file, "paid"), "li", "f" * 64)
    assert refused.outcome == "refused"
    assert "另一人" in (refused.reason or "")
    assert await outcomes(books, reply(second.file, "paid"), "zhao") == ["paid"]
    shown = await listings.clearing(books.engine, month)
    assert shown["status"] == "paid"
    assert await outcomes(books, reply(first, "paid", "paid", "户名不符"), "zhao") == ["unchanged"] * 3
    await holds(books)


async def test_rows_that_cannot_be_right_are_refused_and_the_others_noted(books: Books, month: str) -> None:
    await everybody(books)
    file = (await made(books, month)).file
    hospital, second, third = reply(file, "paid", "paid", "paid")
    wrong = ReplyRow(9, second.reference, 5520_01, paid=True)
    unknown = ReplyRow(10, f"{month}-B7-0001", 5520_00, paid=True)
    done = await apply_reply(books.engine, [hospital, wrong, third, third, unknown], "li", "f" * 64)
    assert [each.outcome for each in done] == ["paid", "refused", "refused", "refused", "refused"]
    reasons = [each.reason or "" for each in done]
    assert "金额 5520.01 元不符，文件中为 5520.00 元" in reasons[1]
    assert "出现 2 次" in reasons[2]
    assert "没有制作过" in reasons[4]
    assert payments(await listings.clearing(books.engine, month)) == {
        "H1": ("5520.00", "paid"),
        "P2": ("5520.00", "due"),
        "P3": ("5520.00", "due"),
    }
    assert await outcomes(books, [hospital, second, third]) == ["unchanged", "paid", "paid"]
    await holds(books)


async def test_a_payment_noted_by_hand_is_not_noted_again(books: Books, month: str) -> None:
    await everybody(books)
    file = (await made(books, month)).file
    await steps.pay(books.engine, month, "li", "T1", ["H1"])
    rows = reply(file, "paid", "paid", "paid")
    done = await apply_reply(books.engine, rows, "li", "f" * 64)
    assert [each.outcome for each in done] == ["refused", "paid", "paid"]
    assert "已按凭证号 T1 登记拨付" in (done[0].reason or "")
    # the reply's own payment is known by its reference, also to who notes by hand
    await reversals.reverse_payment(books.engine, month, "zhao", "P2", "误登")
    with pytest.raises(StepRefused, match="zhao took back"):
        await steps.pay(books.engine, month, "zhao", "T2", ["P2"])
    assert await outcomes(books, rows[1:]) == ["paid", "unchanged"]
    await steps.record_return(books.engine, month, "li", "P3", "销户")
    with pytest.raises(StepRefused, match=f"reference {rows[2].reference.lower()} was noted already"):
        await steps.pay(books.engine, month, "zhao", rows[2].reference.lower(), ["P3"])
    await holds(books)


async def test_a_file_that_was_not_sent_is_cancelled_by_another_person(books: Books, month: str) -> None:
    await everybody(books)
    file = (await made(books, month)).file
    with pytest.raises(StepRefused, match="another person must cancel it"):
        await payment_files.cancel(books.engine, file.file_id, "wang", "没有送出")
    await payment_files.cancel(books.engine, file.file_id, "li", "没有送出")
    (refused, *_) = await apply_reply(books.engine, reply(file, "paid", "paid", "paid"), "li", "f" * 64)
    assert "已撤销" in (refused.reason or "")
    # the bank did pay one of its lines: that is noted by hand, as the refusal says, under the line's reference
    await steps.pay(books.engine, month, "zhao", file.items[2].reference, [file.items[2].payee])
    second = (await made(books, month)).file
    assert [(second.file_id, item.payee) for item in second.items] == [(f"{month}-B2", "H1"), (f"{month}-B2", "P2")]
    await outcomes(books, reply(second, "paid", "paid"))
    with pytest.raises(StepRefused, match="is noted: it was sent"):
        await payment_files.cancel(books.engine, second.file_id, "li", "没有送出")
    rows = await payment_files.file_rows(books.engine, month)
    assert [(row["file_id"], row["open"], row["cancelled"]) for row in rows] == [
        (f"{month}-B1", 0, True),
        (f"{month}-B2", 0, False),
    ]
    await holds(books)


async def test_a_draft_has_no_file_and_a_reply_pays_one_step_a_file(books: Books, month: str) -> None:
    await everybody(books)
    with pytest.raises(StepRefused, match="没有清算单"):
        await made(books, "220621-2031-02-1")
    file = (await made(books, month)).file
    await outcomes(books, reply(file, "paid", "paid", "paid"))
    async with books.engine.connect() as connection:
        count = "SELECT count(*) FROM ledger.entries WHERE journal = 'clearing.0' AND type = :type"
        assert (await connection.execute(text(count), {"type": CLEARING_PAID})).scalar_one() == 1
    with pytest.raises(StepRefused, match="nothing is due"):
        await made(books, month)


async def two_funds(books: Books) -> str:
    """抚松 2019, tier 3, 20,000 in scope: basic 11,520.00, critical illness 1,364.00 by 甲; a hospital and a person."""
    await adopt_schemes(books.engine, [paid_by(FUSONG, FIRST)], "test")
    await books.publish([facts.hospital(), *(facts.enrol(person) for person in ("P1", "P2", "P3"))])
    await books.publish([*facts.stay(1, in_scope="20000"), *facts.stay(2, "P2", in_scope="20000", prepaid=True)])
    await everybody(books)
    return str((await cleared(books))["clearing_id"])


async def paid_of(books: Books, clearing_id: str) -> dict[str, tuple[str, str]]:
    shown = await listings.clearing(books.engine, clearing_id)
    return {row["payee"]: (row["paid"], row["status"]) for row in shown["payments"]}


async def test_each_fund_pays_from_its_own_account_and_is_answered_for_line_by_line(books: Books) -> None:
    month = await two_funds(books)
    file = (await made(books, month)).file
    assert [(item.fund, item.insurer, item.payee, item.amount) for item in file.items] == [
        ("charity", None, "H1", 11520_00),
        ("charity", None, "P2", 11520_00),
        ("critical_illness", FIRST, "H1", 1364_00),
        ("critical_illness", FIRST, "P2", 1364_00),
    ]
    totals = [(each.fund, each.insurer, each.count, each.total) for each in file.funds]
    assert totals == [("charity", None, 2, 23040_00), ("critical_illness", FIRST, 2, 2728_00)]
    # the insurer's transfer to P2 comes back, its transfer to the hospital is not answered to yet
    said = reply(file, "paid", "paid", "paid", "户名不符")
    assert await outcomes(books, [*said[:2], said[3]]) == ["paid", "paid", "returned"]
    assert await paid_of(books, month) == {"H1": ("11520.00", "due"), "P2": ("11520.00", "returned")}
    await holds(books)
    second = (await made(books, month)).file
    assert [(item.payee, item.amount, item.fund) for item in second.items] == [("P2", 1364_00, "critical_illness")]
    assert await outcomes(books, [said[2]]) == ["paid"]
    assert await outcomes(books, said) == ["unchanged"] * 4
    assert await paid_of(books, month) == {"H1": ("12884.00", "paid"), "P2": ("11520.00", "returned")}
    assert await outcomes(books, reply(second, "paid"), "zhao") == ["paid"]
    assert (await paid_of(books, month))["P2"] == ("12884.00", "paid")
    with pytest.raises(StepRefused, match="nothing is due"):
        await made(books, month)
    with pytest.raises(StepRefused, match="was paid in 2 transfers"):
        await steps.record_return(books.engine, month, "li", "H1", "销户")
    late = reply(file, "paid", "paid", "销户", "户名不符")
    assert await outcomes(books, late) == ["unchanged", "unchanged", "returned", "unchanged"]
    assert (await paid_of(books, month))["H1"] == ("11520.00", "returned")
    await holds(books)


async def test_what_one_fund_paid_is_not_paid_again_by_hand(books: Books) -> None:
    month = await two_funds(books)
    file = (await made(books, month)).file
    await outcomes(books, reply(file, "paid", "paid", "paid", "paid")[:1])
    assert await steps.pay(books.engine, month, "li", "T1", ["H1"]) == 1364_00
    (refused,) = await apply_reply(books.engine, reply(file, "paid", "paid", "paid", "paid")[2:3], "li", "f" * 64)
    assert "已按凭证号 T1 登记拨付" in (refused.reason or "")
    await reversals.reverse_payment(books.engine, month, "zhao", "H1", "误登")
    assert (await paid_of(books, month))["H1"] == ("11520.00", "due")
    await reversals.reverse_payment(books.engine, month, "zhao", "H1", "误登")
    assert (await paid_of(books, month))["H1"] == ("0.00", "due")
    await holds(books)


FORGED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another amount": ({}, {"amount": 1}, "payment 220621-2031-01-1-B1-0001 to H1"),
    "a total that is not of its lines": ({"total": 1}, {}, "payment file 220621-2031-01-1-B1"),
    "another fund": ({}, {"fund": "basic_fund"}, "payment 220621-2031-01-1-B1-0001 to H1"),
    "another check sum": ({"items_sha256": "0" * 64}, {}, "payment file 220621-2031-01-1-B1, check sum"),
    "the totals of its funds": ({"funds": []}, {}, "payment file 220621-2031-01-1-B1, by fund"),
}
"""What a file says otherwise, what its first line says otherwise, and where verify finds it."""


async def test_verify_holds_a_file_against_what_was_due(books: Books) -> None:
    """Each file here is one that the program would not have made; the money would leave all the same."""
    month = await two_funds(books)
    file = (await made(books, month)).file
    async with books.engine.connect() as connection:
        query = "SELECT data FROM ledger.entries WHERE journal = 'clearing.0' AND type = 'payment_file.made.v1'"
        data = orjson.loads((await connection.execute(text(query))).scalar_one())
    second = data | {"file_id": f"{month}-B2", "actor": "wang"}
    found = await problems_with(books.engine, second, PAYMENT_FILE_MADE)
    assert {problem.expected for problem in found} == {"in no other open file"}
    cancelled = {"clearing_id": month, "file_id": file.file_id, "actor": "wang", "reason": "x"}
    found = await problems_with(books.engine, cancelled, PAYMENT_FILE_CANCELLED)
    assert [problem.expected for problem in found] == ["cancelled by another person"]
    await payment_files.cancel(books.engine, file.file_id, "li", "没有送出")
    for name, (changed, first, where) in FORGED.items():
        forged = data | {"payments": [data["payments"][0] | first, *data["payments"][1:]]} | changed
        # the references are those of the first file, whose place it takes
        found = await problems_with(books.engine, forged | {"file_id": f"{month}-B2"}, PAYMENT_FILE_MADE)
        told = {problem.where.replace("-B2", "-B1") for problem in found}
        assert where in told, name
    item = data["payments"][0]
    paid = {"clearing_id": month, "actor": "li", "reference": file.file_id, "payments": [item]}
    found = await problems_with(books.engine, paid, CLEARING_PAID)
    assert "a payment file that stands" in {problem.expected for problem in found}
    elsewhere = paid | {"payments": [item | {"reference": "T9"}]}
    found = await problems_with(books.engine, elsewhere, CLEARING_PAID)
    assert {problem.expected for problem in found} == {"a line of a payment file"}


async def test_prepayments_are_sent_by_another_person_and_noted_by_the_reply(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol("P1")])
    await approved(books.engine, HOSPITAL)
    ordered = [
        await prepayments.order(books.engine, REGION, "H1", BookedFund("basic_fund"), fen, "wang", "预拨")
        for fen in (500_00, 700_00)
    ]
    with pytest.raises(StepRefused, match="another person must send it"):
        await prepayment_files.make(books.engine, KEYS, REGION, "wang")
    written = await prepayment_files.make(books.engine, KEYS, REGION, "zhao")
    file = written.file
    assert [(line.holder, line.amount, line.purpose) for line in written.lines] == [
        ("抚松县人民医院", 500_00, "医保基金预拨款"),
        ("抚松县人民医院", 700_00, "医保基金预拨款"),
    ]
    assert (await payment_files.again(books.engine, KEYS, file.file_id)).lines == written.lines
    with pytest.raises(StepRefused, match="is in a file already"):
        await prepayment_files.make(books.engine, KEYS, REGION, "zhao")
    with pytest.raises(StepRefused, match="cancel the file first"):
        await prepayments.withdraw(books.engine, ordered[0], "wang")
    rows = reply(file, "paid", "账户已销户")
    assert await outcomes(books, rows, "wang") == ["refused"] * 2  # who ordered it
    assert await outcomes(books, rows) == ["paid", "returned"]
    assert await outcomes(books, rows) == ["unchanged"] * 2
    shown = await prepayments.prepayment_rows(books.engine)
    assert [(row["status"], row["outstanding"], row["reference"]) for row in shown] == [
        ("paid", "500.00", file.items[0].reference),
        ("paid", "0.00", file.items[1].reference),
    ]
    with pytest.raises(StepRefused, match="is noted: it was sent"):
        await payment_files.cancel(books.engine, file.file_id, "li", "没有送出")
    (listed,) = await payment_files.file_rows(books.engine)
    assert (listed["clearing_id"], listed["open"], listed["total"]) == (None, 0, "1200.00")
    await holds(books)
