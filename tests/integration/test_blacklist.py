"""The blacklist: two persons, dated, never backwards; no settlement is another for it."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.cases import blacklist, listings
from processors.cases.blacklist import BlacklistOrder
from processors.cases.journal import rebuild
from processors.cases.refusal import CaseRefused
from processors.proof.verify import verify
from tests import facts
from tests.cases_of_supervision import REGION, decided, found, opened
from tests.ledger import Books


async def today(engine: AsyncEngine) -> date:
    async with engine.connect() as connection:
        now = text("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
        day: date = (await connection.execute(now)).scalar_one()
        return day


async def confirmed_case(books: Books) -> str:
    """A case on P1 with a finding that was confirmed."""
    await books.publish([facts.hospital(region=REGION, tier=2), facts.enrol("P1", 2019, REGION)])
    case_id = await opened(books.engine, "P1", subject_kind="person")
    await found(books.engine, case_id, amount=100_00)
    await decided(books.engine, case_id)
    return case_id


def order(case_id: str, begin: date, **more: Any) -> BlacklistOrder:
    usual: dict[str, Any] = {
        "effects": ("closer_audit",),
        "basis": "上医保〔2019〕30号",
        "document_no": "上医保黑〔2019〕1号",
        "reason": "挂床",
        "from_on": begin,
        "until": begin + timedelta(days=365),
    }
    return BlacklistOrder(case_id, **{**usual, **more})


async def test_two_persons_enter_and_two_remove(books: Books) -> None:
    engine = books.engine
    case_id = await confirmed_case(books)
    day = await today(engine)
    with pytest.raises(CaseRefused, match="does not reach back"):
        await blacklist.enter_blacklist(engine, order(case_id, day - timedelta(days=1)), "chen")
    with pytest.raises(CaseRefused, match="say what it does"):
        await blacklist.enter_blacklist(engine, order(case_id, day, effects=()), "chen")
    entry_id = await blacklist.enter_blacklist(engine, order(case_id, day), "chen")
    with pytest.raises(CaseRefused, match="on the list until then"):
        await blacklist.enter_blacklist(engine, order(case_id, day), "chen")
    assert [row async for row in listings.blacklist_rows(engine, holding=True)] == []
    with pytest.raises(Exception, match="another person must approve it"):
        await blacklist.approve_blacklist(engine, entry_id, "CHEN")
    await blacklist.approve_blacklist(engine, entry_id, "li")
    [row] = [row async for row in listings.blacklist_rows(engine, region="360900", holding=True)]
    assert (row["subject_id"], row["case_id"], row["effects"]) == ("P1", case_id, ["closer_audit"])
    removal: dict[str, Any] = {"removed_on": day + timedelta(days=1), "document_no": "D2", "reason": "已整改"}
    await blacklist.remove_blacklist(engine, entry_id, "chen", **removal)
    with pytest.raises(Exception, match="another person must approve it"):
        await blacklist.approve_blacklist(engine, entry_id, "chen")
    await blacklist.withdraw_blacklist(engine, entry_id, "chen", "too early")  # the removal, not the entry
    [row] = [row async for row in listings.blacklist_rows(engine)]
    assert (row["status"], row["removed_on"]) == ("listed", None)
    await blacklist.remove_blacklist(engine, entry_id, "chen", **removal)
    found_entry = await blacklist.approve_blacklist(engine, entry_id, "li")
    assert (found_entry.status, found_entry.holds_on(day), found_entry.holds_on(removal["removed_on"])) == (
        *("removed", True),
        False,
    )
    assert (await verify(engine)).problems == []
    assert set((await rebuild(engine)).values()) == {0}


async def test_another_than_the_case_s_subject_is_somebody_whom_the_ledger_knows(books: Books) -> None:
    engine = books.engine
    case_id = await confirmed_case(books)
    day = await today(engine)
    for subject, words in (
        ({"subject_kind": "person", "subject_id": "P9"}, "nobody P9 is enrolled"),
        ({"subject_kind": "hospital", "subject_id": "P1"}, "no hospital P1 is registered"),
        ({"subject_kind": "hospital"}, "say both"),  # else person P1 would be listed as a hospital
        ({"subject_id": "H1"}, "say both"),
    ):
        with pytest.raises(CaseRefused, match=words):
            await blacklist.enter_blacklist(engine, order(case_id, day, **subject), "chen")
    await blacklist.enter_blacklist(engine, order(case_id, day, subject_kind="hospital", subject_id="H1"), "chen")


async def test_an_entry_needs_a_finding_that_was_confirmed(books: Books) -> None:
    engine = books.engine
    await books.publish([facts.enrol("P1", 2019, REGION)])
    case_id = await opened(engine, "P1", subject_kind="person")
    await found(engine, case_id, amount=100_00)
    with pytest.raises(CaseRefused, match="no finding of case"):
        await blacklist.enter_blacklist(engine, order(case_id, await today(engine)), "chen")


async def test_settlement_is_the_same_with_and_without(books: Books, second_engine: AsyncEngine) -> None:
    """P1 is listed with every effect; the next stay is admitted, settled and paid as that of somebody who is not."""
    other = await Books.open(second_engine)
    case_id = await confirmed_case(books)
    await confirmed_case(other)
    day = await today(books.engine)
    effects = ("no_prepaid_free_admission", "closer_audit", "published")
    entry_id = await blacklist.enter_blacklist(books.engine, order(case_id, day, effects=effects), "chen")
    await blacklist.approve_blacklist(books.engine, entry_id, "li")
    statements = []
    for each in (books, other):
        await each.publish([facts.roster(), facts.enrol("P1", day.year, REGION)])
        await each.publish(facts.stay(1, on="2019-05-10", bill=facts.bill("9000", self_funded="1000")))
        await each.publish(facts.stay(2, on=day.isoformat(), bill=facts.bill("9000", self_funded="1000")))
        assert await each.refused() == []
        statements.append([await each.statement(claim) for claim in ("C1", "C2")])
    assert statements[0] == statements[1]
    assert None not in statements[0]
