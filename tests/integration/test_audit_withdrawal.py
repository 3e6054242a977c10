"""A review changes what an audit found: the bill bears as much again, with the parties that the audit had."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.person.file import gather
from processors.person.replay import replay
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from tests import facts
from tests.clearings import cleared, fen, lines, owed
from tests.ledger import Books

READY = [facts.hospital(), facts.hospital("H2"), facts.enrol()]


async def holds(books: Books) -> None:
    report = await verify(books.engine)
    assert (report.problems, report.skipped) == ([], 0)
    assert all(not compared.found for compared in (await rebuild(books.engine, dry_run=True)).projections)


@pytest.mark.parametrize("borne_by", ["hospital", "person"])
@pytest.mark.parametrize("seed", [None, 1, 2])
async def test_withdrawn_whole_nothing_is_left_of_a_finding(
    engine: AsyncEngine, seed: int | None, borne_by: str
) -> None:
    books = await Books.open(engine, seed=seed)
    await books.publish([*READY, *facts.stay(1, in_scope="12000"), *facts.stay(2), *facts.stay(3)])
    before = [await books.paid(claim) for claim in ("C1", "C2", "C3")]
    await books.publish([facts.audit("C1", "1000", borne_by)])
    assert [await books.paid(claim) for claim in ("C1", "C2", "C3")] != before
    await books.publish([facts.withdraw_audit("C1", "1000")])
    assert [await books.paid(claim) for claim in ("C1", "C2", "C3")] == before
    await holds(books)


async def test_withdrawn_in_parts_as_if_no_more_had_been_found(books: Books) -> None:
    bill = facts.bill("10000", self_funded="300")
    await books.publish([*READY, *facts.stay(1, bill=bill)])
    await books.publish([facts.audit("C1", "250", "hospital", "F1"), facts.audit("C1", "150", "person", "F2")])
    # O holds 300: F1 takes 250, F2 the other 50 and 100 of S; basic (9,900 - 800) x 60%
    assert (await books.paid("C1"))["basic"] == "5460.00"
    await books.publish([facts.withdraw_audit("C1", "100", "F1", "w1")])
    # F1 takes 150 of O, F2 the other 150: S is whole again, (10,000 - 800) x 60%
    paid = await books.paid("C1")
    assert (paid["basic"], paid["hospital"]) == ("5520.00", "150.00")
    await books.publish([facts.withdraw_audit("C1", "150", "F1", "w2"), facts.audit("C1", "400", "hospital", "F3")])
    # of F1 nothing is left, F3 comes behind F2: 150 of O and 250 of S
    paid = await books.paid("C1")
    assert (paid["basic"], paid["hospital"]) == ("5370.00", "400.00")
    await holds(books)


async def test_what_an_audit_of_one_bill_moved_in_another_comes_back(books: Books) -> None:
    """The audited stay stands in a month that is closed: the next clearing pays the hospital and the person again."""
    await books.publish([*READY, *facts.stay(1, in_scope="12000"), *facts.stay(2, hospital_id="H2"), *facts.stay(3)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "1000", "hospital")])
    taken = await cleared(books, 1)
    owing = await owed(books)
    await books.publish([facts.withdraw_audit("C1", "400")])
    given = await cleared(books, 2)
    # basic of C1: 400 x 60% again; its echo in the later stays is the person's, as it was
    assert lines(taken)["H1", "basic"] == {"audit": "-600.00"}
    assert lines(given)["H1", "basic"] == {"audit": "240.00"}
    assert {change["payee_kind"] for change in given["changes"] if change["claim_id"] == "C1"} == {"hospital"}
    assert {change["payee_kind"] for change in given["changes"] if change["claim_id"] != "C1"} == {"person"}
    assert fen(owing["H1"]) - fen((await owed(books)).get("H1", "0.00")) > 0
    await holds(books)


async def test_audit_and_withdrawal_in_one_month_leave_nobody_anything(books: Books) -> None:
    await books.publish([*READY, *facts.stay(1, in_scope="12000", prepaid=True), *facts.stay(2)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "1000", "hospital"), facts.withdraw_audit("C1", "1000")])
    shown = await cleared(books, 1)
    assert not [change for change in shown["lines"] if fen(change["payable"])]
    await holds(books)


async def test_what_person_and_hospital_settle_at_the_window_is_told_both_ways(books: Books) -> None:
    await books.publish([*READY, *facts.stay(1, in_scope="12000")])
    await books.publish([facts.audit("C1", "1000", "hospital")])
    await books.publish([facts.withdraw_audit("C1", "1000")])
    told = [each for each in (await replay(books.engine, "P1"))["history"] if each["type"] == "claim.resettled.v1"]
    # of 1,000 the person had borne 400, the funds 600
    assert [each["due_at_window"] for each in told] == ["-400.00", "400.00"]
    assert [each["cause"]["type"] for each in told] == ["audit.found.v1", "audit.withdrawn.v1"]


async def test_of_a_reversed_claim_it_is_recorded_and_has_no_effect(books: Books) -> None:
    await books.publish([*READY, *facts.stay(1), facts.audit("C1"), facts.reverse("C1"), facts.withdraw_audit()])
    statement = await books.statement("C1")
    assert statement is not None
    assert statement["status"] == "reversed"
    await holds(books)


async def test_the_file_of_the_person_says_what_stands_and_why(books: Books) -> None:
    await books.publish([*READY, *facts.stay(1), facts.audit("C1", "500"), facts.withdraw_audit("C1", "200")])
    (claim,) = (await gather(books.engine, "P1")).claims
    (audit,) = claim.audits
    assert (audit.amount, audit.withdrawn) == (300_00, 200_00)
    assert audit.withdrawals == ("上医保复决〔2019〕1号 indicated after all",)
