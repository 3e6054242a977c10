"""Drafts appended to the journal without the program: verify finds who is paid what is not his, or owes and is paid."""

from typing import Any

import orjson
import pytest
from sqlalchemy import select

from events.decisions import CLEARING_DRAFTED
from events.money import yuan
from events.store.journal import entries
from processors.clearing import steps
from processors.clearing.journal import open_journal
from processors.delivery.names import CLEARING_JOURNAL
from processors.proof.verify import Problem, verify
from tests import facts
from tests.clearings import REGION, cleared, drafted, holds
from tests.ledger import Books


async def true_draft(books: Books, month: int, region: str = REGION) -> dict[str, Any]:
    """What a draft says, which is withdrawn again."""
    clearing_id = (await drafted(books, month, region))["clearing_id"]
    await holds(books)
    query = (
        select(entries.c.data).where(entries.c.journal == CLEARING_JOURNAL).order_by(entries.c.number.desc()).limit(1)
    )
    async with books.engine.connect() as connection:
        said = orjson.loads((await connection.execute(query)).scalar_one())
    await steps.withdraw(books.engine, clearing_id, "wang")
    return {name: value for name, value in said.items() if name not in ("login", "owner")} | {"clearing_id": "X"}


async def found(books: Books, data: dict[str, Any]) -> list[Problem]:
    """What verify finds once this draft was appended and approved."""
    async with open_journal(books.engine) as journal:
        await journal.register.receivables.load(journal.connection)
        journal.record(CLEARING_DRAFTED, data)
    await steps.approve(books.engine, data["clearing_id"], "li")
    return (await verify(books.engine)).problems


def line(payee_kind: str, payee: str, fund: str = "basic", /, **columns: int) -> dict[str, Any]:
    about = {"payee_kind": payee_kind, "payee": payee, "fund": fund}
    return about | {"settled": 0, "adjusted": 0, "audit": 0, "repaid": 0} | columns


def part(payee_kind: str, kind: str, amount: int, claim_id: str = "C1") -> dict[str, Any]:
    about = {"claim_id": claim_id, "payee_kind": payee_kind, "fund": "basic", "stage": 0}
    return about | {"kind": kind, "amount": amount}


async def test_a_draft_as_the_program_makes_it_holds(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1), facts.audit("C1", "1000", "hospital")])
    assert await found(books, await true_draft(books, 0)) == []


async def test_who_is_paid_another_s_first_settlement_is_found(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    forged = await true_draft(books, 0) | {"lines": [line("person", "THIEF", settled=5520_00)]}
    problems = await found(books, forged)
    await steps.pay(books.engine, "X", "li", "T1")
    assert (await verify(books.engine)).problems == problems
    assert {(problem.where, problem.expected, problem.found) for problem in problems} == {
        ("X, hospital H1, fund basic, settled", "5520.00", "0.00"),
        ("X, person THIEF, fund basic, settled", "0.00", "5520.00"),
    }


CHANGED = -600_00
"""What basic books for an audit of 1,000 laid on the hospital, and for a bill corrected to as much less."""

FORGED = {
    "an audit of nobody's": ("correct", [part("hospital", "audit", CHANGED)], "a part that the claim may have"),
    "the hospital's without an audit": ("roster", [part("hospital", "adjusted", CHANGED)], "a part that"),
    "the person's though the hospital corrected": (
        "correct",
        [part("person", "adjusted", CHANGED)],
        "hospital adjusted -600.00",
    ),
    "the person's though laid on the hospital": (
        "audit",
        [part("person", "adjusted", CHANGED)],
        "hospital audit -600.00",
    ),
    "first paid to who did not prepay": ("audit", [part("person", "settled", CHANGED)], "a part that"),
    "a claim that there is not": ("audit", [part("person", "adjusted", CHANGED, "C9")], "a part that"),
    "none": ("audit", [], yuan(CHANGED)),
    "of no booking": (
        "audit",
        [part("hospital", "audit", CHANGED - 100_00), part("person", "adjusted", 100_00)],
        "each of -600.00 settled whole",
    ),
    "beside the booking": (
        "audit",
        [part("hospital", "audit", CHANGED), part("hospital", "settled", -1), part("person", "adjusted", 1)],
        "each of -600.00 settled whole",
    ),
}


@pytest.mark.parametrize("what", FORGED)
async def test_parts_that_a_claim_cannot_have_are_found(books: Books, what: str) -> None:
    fact, parts, expected = FORGED[what]
    changed = {
        "audit": facts.audit("C1", "1000", "hospital"),
        "correct": facts.correct("C1", "9000"),
        "roster": facts.roster(),
    }[fact]
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([changed])
    payees = {"hospital": "H1", "person": "P1"}
    sums: dict[tuple[str, str], dict[str, int]] = {}
    for each in parts:
        columns = sums.setdefault((each["payee_kind"], payees[each["payee_kind"]]), {})
        columns[each["kind"]] = columns.get(each["kind"], 0) + each["amount"]
    lines = [line(*payee, **columns) for payee, columns in sums.items()]
    problems = await found(books, await true_draft(books, 1) | {"parts": parts, "lines": lines})
    assert any(problem.expected.startswith(expected) for problem in problems), problems


async def test_a_reversal_undone_with_another_than_had_it_is_found(books: Books) -> None:
    """Heilongjiang's basic pays the poor 465 more: the person had them, and the hospital is charged."""
    region = "230800"
    await books.publish([facts.hospital(region=region), facts.enrol(region=region), *facts.stay(1)])
    await books.publish([facts.roster()])
    first = await drafted(books, 0, region)
    await steps.approve(books.engine, first["clearing_id"], "li")
    await books.publish([facts.reverse()])
    true = await true_draft(books, 1, region)
    brought = {row["payee_kind"]: row["amount"] for row in true["parts"]}
    assert set(brought) == {"hospital", "person"}
    everything = sum(brought.values())
    forged = true | {
        "parts": [part("hospital", "adjusted", everything)],
        "lines": [line("hospital", "H1", adjusted=everything)],
    }
    problems = await found(books, forged)
    assert {(problem.check, problem.where, problem.found) for problem in problems} == {
        ("reversal", "claim C1, hospital H1, fund basic", yuan(brought["person"])),
        ("reversal", "claim C1, person P1, fund basic", yuan(-brought["person"])),
    }


@pytest.mark.parametrize("amounts", [[], [599_99], [600_00, 600_00]])
async def test_receivables_that_a_draft_leaves_out_or_takes_otherwise_are_found(
    books: Books, amounts: list[int]
) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "1000", "hospital")])
    owing = f"{(await cleared(books, 1))['clearing_id']}-hospital-H1"
    await books.publish(facts.stay(2))
    true = await true_draft(books, 2)
    told = {"receivable_id": owing, "payee_kind": "hospital", "payee": "H1"}
    assert true["set_off"] == [told | {"amount": 600_00}]
    problems = await found(books, true | {"set_off": [told | {"amount": amount} for amount in amounts]})
    assert ("X, set off", f"{owing} hospital H1 600.00") in {(each.where, each.expected) for each in problems}
