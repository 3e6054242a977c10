"""With whom later bookings are cleared, hospital or person: late facts, audits, runs sent again."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.clearing.payee_amounts import load_amounts
from processors.clearing.ranges import next_ranges
from tests import facts
from tests.clearings import (
    LATER,
    Amounts,
    booked,
    cleared,
    cleared_everywhere,
    drafted,
    fen,
    half_settled,
    holds,
    lines,
    owed,
    refunds,
    sent_again,
    total,
)
from tests.histories import REGIONS, History
from tests.ledger import Books


async def test_what_a_late_roster_changes_is_settled_with_the_person(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    discharged = await books.statement("C1")
    await cleared(books, 0)
    await books.publish([facts.roster()])
    now = await books.statement("C1")
    assert discharged is not None
    assert now is not None
    shown = await cleared(books, 1)
    assert {payee for payee, _ in lines(shown)} == {"P1"}
    too_much = sum(fen(change["overpaid_at_discharge"]) for change in shown["changes"])
    assert too_much == fen(discharged["patient_share"]) - fen(now["patient_share"]) == total(shown) > 0
    await holds(books)


async def test_before_the_first_answer_nothing_is_an_adjustment(books: Books) -> None:
    """A roster that overtakes nothing: its run comes behind the first one, which has not been answered yet."""
    await books.publish([facts.hospital(), facts.enrol()])
    books.enqueue([*facts.stay(1), facts.roster()])
    await books.step(("intake", 0), 10)
    await books.step(("basic", 0), 10)
    await books.drain()
    await books.publish([facts.correct("C1", "9000")])
    shown = await drafted(books)
    # basic 9,200 × 60%, then 1,000 × 60% less, both the hospital's; the roster's part is the person's
    assert lines(shown)["H1", "basic"] == {"settled": "5520.00", "adjusted": "-600.00"}
    assert {column for (payee, _), entry in lines(shown).items() if payee == "P1" for column in entry} == {"adjusted"}
    assert total(shown) == await booked(books.engine)


async def test_an_audit_laid_on_the_hospital_is_deducted_there_and_its_echo_is_the_person_s(books: Books) -> None:
    """Mixed effects: the audit of the first stay moves what critical illness pays for the later ones."""
    await books.publish([facts.hospital(), facts.hospital("H2"), facts.enrol()])
    await books.publish([*facts.stay(1, in_scope="12000"), *facts.stay(2, hospital_id="H2"), *facts.stay(3)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "1000", "hospital")])
    shown = await cleared(books, 1)
    # basic of C1: 1,000 x 60% less; what is left of it is 400 less, so that C2 stands 400 lower above the line
    assert lines(shown)["H1", "basic"] == {"audit": "-600.00"}
    assert all(
        change["payee_kind"] == ("hospital" if change["claim_id"] == "C1" else "person") for change in shown["changes"]
    )
    assert any(change["claim_id"] == "C2" for change in shown["changes"])
    assert ("H2", "critical_illness") not in lines(shown)
    assert fen((await owed(books))["H1"]) >= 600_00
    await holds(books)


async def test_an_audit_is_deducted_from_the_hospital_though_the_person_had_prepaid(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, prepaid=True)])
    await books.publish([facts.audit("C1", "1000", "hospital")])
    shown = await drafted(books)
    assert lines(shown) == {("P1", "basic"): {"settled": "5520.00"}, ("H1", "basic"): {"audit": "-600.00"}}


async def test_a_draft_between_two_runs_knows_which_is_the_first_settlement(books: Books) -> None:
    """The correction's run has been through basic before the first run has reached settlement."""
    await books.publish([facts.hospital(), facts.enrol()])
    books.enqueue([*facts.stay(1), facts.correct("C1", "9000")])
    await books.step(("intake", 0), 10)
    await books.step(("basic", 0), 10)
    shown = await cleared(books, 0)
    assert lines(shown) == {("H1", "basic"): {"settled": "5520.00", "adjusted": "-600.00"}}
    await books.drain()
    assert (await drafted(books, 1))["lines"] == []
    await holds(books)


async def test_a_run_that_was_sent_again_does_not_move_an_audit_to_the_person(books: Books) -> None:
    """The store of NATS is lost with the audit's run in it: the fresh run's cause is the recovery, not the audit."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="20000"), *facts.stay(2)])
    await cleared(books, 0)
    books.enqueue([facts.audit("C1", "1000", "hospital")])
    await books.step(("intake", 0), 1)
    await books.step(("basic", 0), 1)  # basic books it for the audit; what it sent on is lost
    await sent_again(books)
    await books.publish([facts.roster()])
    shown = await cleared(books, 1)
    with_hospital = {(c["claim_id"], c["fund"]): c for c in shown["changes"] if c["payee_kind"] == "hospital"}
    assert set(with_hospital) == {("C1", "basic"), ("C1", "critical_illness")}
    assert all(change["kind"] == "audit" and fen(change["amount"]) < 0 for change in with_hospital.values())
    assert any(change["claim_id"] == "C1" for change in shown["changes"] if change["payee_kind"] == "person")
    await holds(books)


@pytest.mark.parametrize("seed", [7, 102, 123])
async def test_random_histories_are_cleared_alike_whenever_they_are_drafted(engine: AsyncEngine, seed: int) -> None:
    """Drafts between the transactions of consumers that overtake each other, beside one over everything.

    Once every claim is reversed nobody has got or given anything, whatever came between.
    """
    history = History(seed, stays=40)
    books = await Books.open(engine, partitions=2, seed=seed)
    cleared_so_far = Amounts()
    for month, start in enumerate(range(0, len(history.events), 60)):
        books.enqueue(history.events[start : start + 60])
        await half_settled(books)
        cleared_so_far += await cleared_everywhere(books, month)
        await holds(books)
        await books.drain()
    cleared_so_far += await cleared_everywhere(books, 9)
    await holds(books)
    at_once = Amounts()
    async with engine.connect() as connection:
        for region in REGIONS:
            ranges = {name: (0, to) for name, (_, to) in (await next_ranges(connection, region, LATER)).items()}
            for entry in await load_amounts(connection, region, ranges):
                at_once[entry.party, entry.payee, entry.fund] += entry.amount
        standing = (await connection.execute(text("SELECT claim_id FROM projections.claims WHERE standing"))).scalars()
    assert sum(at_once.values()) == await booked(engine) > 0
    assert cleared_so_far == at_once

    books.enqueue([facts.reverse(claim_id, facts.BUREAU, f"end-{claim_id}") for claim_id in sorted(standing)])
    await half_settled(books)
    cleared_so_far += await cleared_everywhere(books, 10)
    await holds(books)
    await books.drain()
    cleared_so_far += await cleared_everywhere(books, 11)
    left = refunds(cleared_so_far)
    assert await booked(engine) == left.total()
    assert cleared_so_far == left
    await holds(books)
