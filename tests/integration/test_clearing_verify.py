"""Verify finds errors in the tables and the journal of clearing; the tables are rebuilt from the journal."""

from typing import Any

import pytest
from sqlalchemy import text

from events.decisions import CLEARING_PAID
from processors.clearing import listings, steps
from processors.clearing.journal import rebuild
from processors.clearing.uncleared_bookings import uncleared_rows
from processors.offices.refusal import StepRefused
from processors.proof.verification.clearings import check_clearings
from processors.proof.verify import VerifyReport, verify
from tests import facts
from tests.clearings import REGION, cleared, drafted, holds, problems_after
from tests.facts import advance
from tests.ledger import Books

PLANTED = {
    "a line's amount": "UPDATE projections.clearing_lines SET settled = settled + 1",
    "a line gone": "DELETE FROM projections.clearing_lines",
    "a range": """UPDATE projections.clearings SET ranges = jsonb_set(ranges, '{basic.0,1}', '0')""",
    "who approved": "UPDATE projections.clearings SET approved_by = 'wang'",
    "a payment": "UPDATE projections.clearing_payments SET status = 'paid'",
    "with whom a part was settled": "UPDATE projections.clearing_parts SET payee_kind = 'person'",
    "a receivable": "UPDATE projections.receivables SET settled = amount",
    "a repayment": "DELETE FROM projections.advance_repayments",
    "the advance": "UPDATE projections.advances SET amount = 1",
    "ranges that can't be read": """UPDATE projections.clearings SET ranges = '{"basic.0": 1}'""",
}


async def test_errors_planted_in_the_register_are_found(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), advance("L1", "100"), *facts.stay(1, prepaid=True)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "9500", "hospital")])
    await cleared(books, 1)
    for what, statement in PLANTED.items():
        async with books.engine.connect() as connection:
            await connection.execute(text(statement))
            report = VerifyReport()
            await check_clearings(connection, report)
            assert {problem.check for problem in report.problems} == {"clearing"}, what
            await connection.rollback()
    assert set((await rebuild(books.engine)).values()) == {0}
    await holds(books)


async def test_the_tables_are_made_again_from_the_journal(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books, 0))["clearing_id"]
    async with books.engine.begin() as connection:
        for statement in (
            *list(PLANTED.values())[:5],
            PLANTED["ranges that can't be read"],
            "DELETE FROM projections.clearing_payments",
        ):
            await connection.execute(text(statement))
    mended = await rebuild(books.engine)
    assert mended == {
        "clearings": 1, "clearing_lines": 1, "clearing_parts": 0, "clearing_payments": 1, "receivables": 0,
        "advance_repayments": 0, "advance_receipts": 0, "prepayments": 0,
        "withholdings": 0,
        "withholding_releases": 0,
    }  # fmt: skip
    assert await steps.pay(books.engine, clearing_id, "li", "T1") == 5520_00
    await holds(books)


FORGED_CLEARING = """
INSERT INTO projections.clearings
  (clearing_id, number, region, month, status, ranges, set_off, prepaid, withholding, released, drafted_by,
   drafted_at)
VALUES ('FAKE', 999, :region, '2031-01-01', 'paid', CAST(:ranges AS jsonb), CAST(:set_off AS jsonb), '[]', 'null', '[]',
        'thief', now())
"""


@pytest.mark.parametrize(
    ("ranges", "set_off"),
    [
        ('{"basic.0": [0, 0]}', "{}"),
        ('{"basic.0": 1}', "[]"),
        ("{}", '[{"receivable_id": "R", "payee_kind": "person", "payee": "P1", "amount": 1, "note": "x"}]'),
    ],
)
async def test_a_clearing_that_no_event_made_and_nobody_can_read_is_found_and_deleted(
    books: Books, ranges: str, set_off: str
) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books, 0)
    async with books.engine.begin() as connection:
        await connection.execute(text(FORGED_CLEARING), {"region": REGION, "ranges": ranges, "set_off": set_off})
    (problem,) = (await verify(books.engine)).problems
    assert (problem.check, problem.where) == ("clearing", "clearings FAKE")
    assert (problem.expected, problem.found) == ("none", "unreadable")
    for refused in (
        listings.clearing_rows(books.engine),
        listings.clearing(books.engine, "FAKE"),
        steps.approve(books.engine, "FAKE", "li"),
        drafted(books, 1),
        uncleared_rows(books.engine),
    ):
        with pytest.raises(StepRefused, match="claims clearing rebuild"):
            await refused
    assert (await rebuild(books.engine))["clearings"] == 1
    assert [row["drafted_by"] for row in await listings.clearing_rows(books.engine)] == ["wang"]
    await holds(books)


@pytest.mark.parametrize("damage", ["stage = NULL", "stage = 100", "layer = NULL", "layer = NULL, stage = NULL"])
@pytest.mark.parametrize("type_", ["payout.decided.v1", "payout.adjusted.v1"])
async def test_a_cleared_booking_whose_place_on_the_path_is_damaged_is_found(
    books: Books, type_: str, damage: str
) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1), *facts.stay(2)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "1000", "hospital"), facts.audit("C2", "1000", "hospital")])
    await cleared(books, 1)
    async with books.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        damaged = text(f"UPDATE ledger.entries SET {damage} WHERE type = :type AND claim_id = 'C1' AND paid <> 0")
        assert (await connection.execute(damaged, {"type": type_})).rowcount == 1
    report = VerifyReport()
    async with books.engine.connect() as connection:
        await check_clearings(connection, report)
    assert {problem.check for problem in report.problems} == {"clearing"}
    assert "clearing" in {problem.check for problem in (await verify(books.engine)).problems}


async def test_events_that_take_twice_or_leave_out_are_found(books: Books) -> None:
    """The register agrees with its journal, but the journal does not agree with what was booked."""
    await books.publish([facts.hospital(), facts.enrol(), advance("L1"), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish(facts.stay(2))
    true = await drafted(books, 1)
    await steps.withdraw(books.engine, true["clearing_id"], "wang")
    begun, ended = true["ranges"]["basic.0"]
    line = {"payee_kind": "hospital", "payee": "H1", "fund": "basic", "settled": 5520_00}
    rest = {"adjusted": 0, "audit": 0, "repaid": 0}
    lent = {"region": REGION, "advance_id": "L1", "person_id": "P1", "fund": "basic", "amount": 1}
    repaying = [
        rest | {"payee_kind": kind, "payee": payee, "fund": "basic", "settled": 0, "repaid": repaid}
        for kind, payee, repaid in (("person", "P1", 1), ("emergency_fund", REGION, -1))
    ]
    false = {
        "taken twice": ((0, ended), [line | rest | {"settled": 2 * 5520_00}]),
        "left out": ((ended, ended), []),
        "a fen too much": ((begun, ended), [line | rest | {"settled": 5520_01}]),
        "a loan repaid to nobody": ((begun, ended), [line | rest | {"repaid": 1}]),
        "a loan repaid with what no fund pays the person": ((begun, ended), [line | rest, *repaying]),
    }
    for what, (taken, entered) in false.items():
        data: dict[str, Any] = {
            "clearing_id": "X",
            "region": REGION,
            "month": "2031-02",
            "actor": "wang",
            "set_off": [],
            "repayments": [lent] if len(entered) > 1 else [],
        }
        data |= {"ranges": true["ranges"] | {"basic.0": taken}, "lines": entered, "changes": []}
        assert await problems_after(books, data) == {"clearing"}, what
    await holds(books)


async def test_a_payment_noted_by_who_noted_its_return_is_found(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books))["clearing_id"]
    await steps.pay(books.engine, clearing_id, "li", "T1")
    await steps.record_return(books.engine, clearing_id, "li", "H1", "account closed")
    paid = {"payee_kind": "hospital", "payee": "H1", "amount": 5520_00}
    data = {"clearing_id": clearing_id, "reference": "T2", "payments": [paid]}
    assert await problems_after(books, data | {"actor": "Li"}, CLEARING_PAID) == {"clearing"}
    assert await problems_after(books, data | {"actor": "zhao"}, CLEARING_PAID) == set()
