"""Of a reversed claim clearings leave nothing with anybody."""

from collections import Counter

import pytest
from sqlalchemy import text

from processors.clearing import listings
from processors.proof.verification.reversals import check_reversals
from processors.proof.verify import VerifyReport
from tests import facts
from tests.clearings import cleared, fen, holds, lines, payee_and_fund, sent_again
from tests.ledger import Books


async def test_of_a_reversed_claim_nothing_was_overpaid_at_discharge(books: Books) -> None:
    """What the reversal takes back is told without; what the clearing before it has shown does not change."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([facts.roster()])
    uplifted = await cleared(books, 1)
    assert {change["overpaid_at_discharge"] for change in uplifted["changes"]}.isdisjoint({None, "0.00"})
    await books.publish([facts.reverse()])
    undone = await cleared(books, 2)
    of_person = [change for change in undone["changes"] if change["payee_kind"] == "person"]
    assert of_person
    assert {change["overpaid_at_discharge"] for change in of_person} == {None}
    assert await listings.clearing(books.engine, uplifted["clearing_id"]) == uplifted


async def test_what_a_reversed_claim_brought_is_given_back_by_whom_it_was_brought(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="20000"), facts.roster()])
    await books.publish([facts.audit("C1", "1000", "hospital")])
    first = await cleared(books, 0)
    await books.publish([facts.reverse()])
    second = await cleared(books, 1)
    before, after = lines(first, "payable"), lines(second, "payable")
    assert before.keys() == after.keys()
    assert {payee for payee, _ in before} == {"H1", "P1"}
    for key, line in before.items():
        assert fen(line["payable"]) + fen(after[key]["payable"]) == 0
    assert all("audit" not in line for line in lines(second).values())
    await holds(books)


PARTED_AT_NOTHING = {
    # backstop pays a registered poor to 90% of 10,000; without the roster it never ran
    "the roster was wrong": ([facts.roster(), *facts.stay(1)], facts.roster(change="removed")),
    "nothing of the bill was in scope": (facts.stay(1), facts.correct(bill=facts.bill(self_funded="10000"))),
    "all of it was not indicated": (facts.stay(1, prepaid=True), facts.audit(amount="10000")),
}


@pytest.mark.parametrize("why", PARTED_AT_NOTHING)
@pytest.mark.parametrize("in_pieces", [True, False])
async def test_a_reversal_undoes_also_what_a_layer_books_nothing_for(
    books: Books, why: str, *, in_pieces: bool
) -> None:
    """Before it, a layer stands at 0: it has paid one of the two and charged the other."""
    begun, then = PARTED_AT_NOTHING[why]
    cleared_so_far: Counter[tuple[str, str, str]] = Counter()
    for month, events in enumerate([[facts.hospital(), facts.enrol(), *begun], [then], [facts.reverse()]]):
        await books.publish(events)
        if in_pieces or month == 2:
            shown = await cleared(books, month)
            cleared_so_far.update({payee_and_fund(line): fen(line["payable"]) for line in shown["lines"]})
            await holds(books)
    assert set(cleared_so_far.values()) <= {0}
    if in_pieces:
        if why.startswith("nothing"):  # paid to the hospital and taken back from it: nothing is left to undo
            assert shown["changes"] == []
            return
        assert {change["payee_kind"] for change in shown["changes"]} == {"hospital", "person"}
        # both what the one is owed and what the other owes fall in the month of the reversal
        assert {fund for _, fund in lines(shown)} >= {"basic"}


async def test_a_claim_reversed_before_its_first_answer_comes_to_nothing(books: Books) -> None:
    """The reversal's run has been through basic before the first run has reached settlement."""
    await books.publish([facts.hospital(), facts.enrol()])
    books.enqueue([*facts.stay(1), facts.correct(bill=facts.bill(self_funded="10000")), facts.reverse()])
    await books.step(("intake", 0), 10)
    await books.step(("basic", 0), 10)
    first = await cleared(books, 0)
    # the correction takes back from the hospital what it was paid; the reversal is not through yet
    assert lines(first) == {("H1", "basic"): {"settled": "5520.00", "adjusted": "-5520.00"}}
    await books.drain()
    assert (await cleared(books, 1))["lines"] == []
    await holds(books)


async def test_a_reversal_sent_again_undoes_once_what_a_layer_books_nothing_for(books: Books) -> None:
    """Its run is lost behind basic; the fresh one's cause is the recovery."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, prepaid=True)])
    await books.publish([facts.audit(amount="10000")])
    first = await cleared(books, 0)
    books.enqueue([facts.reverse()])
    await books.step(("intake", 0), 1)
    await books.step(("basic", 0), 1)
    await sent_again(books)
    second = await cleared(books, 1)
    before, after = lines(first, "payable"), lines(second, "payable")
    assert before == {("P1", "basic"): {"payable": "5520.00"}, ("H1", "basic"): {"payable": "-5520.00"}}
    assert after == {("P1", "basic"): {"payable": "-5520.00"}, ("H1", "basic"): {"payable": "5520.00"}}
    await holds(books)


async def test_what_a_reversal_leaves_with_somebody_is_found(books: Books) -> None:
    """A fen of what the roster brought the person is not taken back from him."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([facts.roster()])
    await cleared(books, 1)
    await books.publish([facts.reverse()])
    less = """UPDATE projections.clearing_parts SET amount = amount + 1
              WHERE clearing_id = :id AND payee_kind = 'person' AND fund = 'backstop'"""
    shown = await cleared(books, 2)
    async with books.engine.connect() as connection:
        await connection.execute(text(less), {"id": shown["clearing_id"]})
        report = VerifyReport()
        await check_reversals(connection, report)
        (problem,) = report.problems
        assert (problem.where, problem.found) == ("claim C1, person P1, fund backstop", "0.01")
    await holds(books)
