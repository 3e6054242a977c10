"""A fine that is changed after a defence: another decision of the case, money by difference, one fine in every sum."""

from datetime import date

import pytest

from processors.accounts import steps
from processors.accounts.refusal import FundMovementRefused
from processors.accounts.steps import FundMovementOrder
from processors.cases import decisions, measures
from processors.cases.journal import rebuild
from processors.cases.overdue import overdue_rows
from processors.cases.refusal import CaseRefused
from processors.cases.year import supervision_year
from processors.proof.verify import verify
from processors.queries.listings import fine_rows
from projections.cases import FindingClaim
from tests import facts
from tests.cases_of_supervision import REGION, case_status, county_of_two, decided, found, measure, noted, opened, sent
from tests.ledger import Books


async def fined(books: Books, subject_id: str = "H1", **more: str) -> tuple[str, str]:
    """A case that has decided a fine of 50,000, of which 20,000 are paid; the case and the fine."""
    engine = books.engine
    case_id = await opened(engine, subject_id, **more)
    await found(engine, case_id, amount=30_000_00)
    await noted(engine, case_id, "notice", amount=50_000_00)
    fine = await measure(engine, case_id, "fine", amount=50_000_00)
    await decided(engine, case_id)
    await measures.pay(engine, fine, "chen", amount=20_000_00, paid_on=date(2019, 4, 2), reference="R1")
    return case_id, fine


def income(fine_id: str, amount: int, reference: str) -> FundMovementOrder:
    """What of a fine came into the county's basic fund."""
    return FundMovementOrder(
        *("fine", "shanggao", REGION, amount, date(2019, 5, 1), reference), to_fund="basic_fund", fine_id=fine_id
    )


async def test_a_fine_is_replaced_by_two_persons_and_only_the_difference_is_due(books: Books) -> None:
    engine = (await county_of_two(books)).engine
    case_id, first = await fined(books)
    await sent(books)
    await steps.approve(engine, await steps.enter(engine, income(first, 20_000_00, "B1"), "wang"), "li")
    await noted(engine, case_id, "defence", noted_on=date(2019, 4, 5))
    beside = await measure(engine, case_id, "fine", amount=30_000_00)
    with pytest.raises(CaseRefused, match=r"事先告知 50000\.00 元"):  # the two together are above it
        await decisions.propose(engine, case_id, "chen", "T2", "clear", date(2019, 4, 8))
    await decisions.withdraw_measure(engine, beside, "chen", "采纳申辩")
    second = await measure(engine, case_id, "fine", amount=30_000_00, of_measure=first)
    with pytest.raises(CaseRefused, match=f"{second} is meant to replace it already"):
        await measure(engine, case_id, "fine", amount=10_000_00, of_measure=first)
    await decisions.propose(engine, case_id, "chen", "T2", "clear", date(2019, 4, 8))
    with pytest.raises(Exception, match="another person must decide it"):
        await decisions.decide(engine, case_id, "chen", "D2", "ok", date(2019, 4, 8))
    await decisions.decide(engine, case_id, "li", "D2", "ok", date(2019, 4, 8))
    assert await sent(books) == 1

    assert [(row["amount"], row["replaced_by"]) async for row in fine_rows(engine)] == [
        ("50000.00", second),
        ("30000.00", None),
    ]
    inside = (await supervision_year(engine, 2019, REGION)).json()["inside"]
    assert (inside["fined"], inside["fines"], inside["fines_paid"]) == (1, "30000.00", "20000.00")
    # due 15 days after 8 April: 10,000 are left, and cost 3% a day
    (late,) = [row for row in await overdue_rows(engine, on=date(2019, 4, 25)) if row["of"] == second]
    assert (late["left"], late["late_fine"]) == ("10000.00", "600.00")
    with pytest.raises(CaseRefused, match=r"10000\.00 is still due"):
        await measures.pay(engine, second, "chen", amount=10_000_01, paid_on=date(2019, 4, 9), reference="R2")
    with pytest.raises(CaseRefused, match=r"0\.00 is still due"):
        await measures.pay(engine, first, "chen", amount=1, paid_on=date(2019, 4, 9), reference="R2")
    with pytest.raises(FundMovementRefused, match="or another took its place"):
        await steps.enter(engine, income(first, 1, "B2"), "wang")
    with pytest.raises(FundMovementRefused, match=r"30000\.00 was imposed and 20000\.00 is in"):
        await steps.enter(engine, income(second, 10_000_01, "B2"), "wang")
    await steps.approve(engine, await steps.enter(engine, income(second, 10_000_00, "B2"), "wang"), "li")
    assert await measures.pay(engine, second, "chen", amount=10_000_00, paid_on=date(2019, 4, 9), reference="R2") == 0
    await measures.close(engine, case_id, "chen", "done", date(2019, 4, 10))
    assert await case_status(engine, case_id) == "closed"
    assert (await verify(engine)).problems == []
    assert set((await rebuild(engine)).values()) == {0}


async def test_a_person_s_fine_is_replaced_in_the_register_alone(books: Books) -> None:
    engine = (await county_of_two(books)).engine
    case_id, first = await fined(books, "P1", subject_kind="person")
    refund = await measure(engine, case_id, "refund", finding_id=f"{case_id}-F2", amount=1_000_00)
    with pytest.raises(CaseRefused, match="has decided no measure"):
        await measure(engine, case_id, "fine", amount=1_00, of_measure=refund)
    second = await measure(engine, case_id, "fine", amount=15_000_00, of_measure=first)
    assert await decided(engine, case_id, date(2019, 4, 8)) == []
    # 20,000 were paid of a fine that is 15,000 now: nothing is due
    with pytest.raises(CaseRefused, match=r"0\.00 is still due"):
        await measures.pay(engine, second, "chen", amount=1, paid_on=date(2019, 4, 9), reference="R2")
    await steps.approve(engine, await steps.enter(engine, income(second, 15_000_00, "B1"), "wang"), "li")
    assert (await verify(engine)).problems == []


async def test_a_refund_outside_the_ledger_is_lowered_by_a_later_decision(books: Books) -> None:
    """Of 30,000 that were found 30,000 are to be given back, then 12,000; 8,000 of it are in already."""
    engine = (await county_of_two(books)).engine
    case_id = await opened(engine)
    finding = await found(engine, case_id, amount=30_000_00)
    first = await measure(engine, case_id, "refund", finding_id=finding)
    await decided(engine, case_id)
    await measures.pay(engine, first, "chen", amount=8_000_00, paid_on=date(2019, 4, 2), reference="R1")
    with pytest.raises(CaseRefused, match="is refunded already"):
        await measure(engine, case_id, "refund", finding_id=finding, amount=12_000_00)
    with pytest.raises(CaseRefused, match=r"no more is refunded than the 30000\.00 found"):
        await measure(engine, case_id, "refund", of_measure=first, amount=30_000_01)
    second = await measure(engine, case_id, "refund", of_measure=first, amount=12_000_00)
    with pytest.raises(CaseRefused, match="is refunded already"):
        await measure(engine, case_id, "refund", of_measure=first, amount=1_00)
    assert await decided(engine, case_id, date(2019, 4, 8)) == []

    inside = (await supervision_year(engine, 2019, REGION)).json()["inside"]
    assert (inside["found"], inside["to_recover"], inside["recovered"]) == ("30000.00", "12000.00", "8000.00")
    with pytest.raises(CaseRefused, match=r"0\.00 is still due"):
        await measures.pay(engine, first, "chen", amount=1, paid_on=date(2019, 4, 9), reference="R2")
    with pytest.raises(CaseRefused, match=r"4000\.00 of .* is still due"):
        await measures.close(engine, case_id, "chen", "done", date(2019, 4, 9))
    assert await measures.pay(engine, second, "chen", amount=4_000_00, paid_on=date(2019, 4, 9), reference="R2") == 0
    await measures.close(engine, case_id, "chen", "done", date(2019, 4, 10))
    assert (await verify(engine)).problems == []
    assert set((await rebuild(engine)).values()) == {0}


async def test_what_a_refund_of_claims_took_back_stays(books: Books) -> None:
    engine = (await county_of_two(books)).engine
    case_id = await opened(engine)
    finding = await found(engine, case_id, FindingClaim("C1", 1_000_00))
    first = await measure(engine, case_id, "refund", finding_id=finding)
    await decided(engine, case_id)
    with pytest.raises(CaseRefused, match="of claims the ledger keeps its facts"):
        await measure(engine, case_id, "refund", of_measure=first)


async def test_of_a_hospital_s_fines_only_what_stands_is_replaced(books: Books) -> None:
    await books.publish([facts.hospital(), facts.hospital("H2"), facts.fine(), facts.fine("F2", replaces="F1")])
    again = [facts.fine("F3", replaces="F1"), facts.fine("F4", "H2", replaces="F2"), facts.fine("F5", replaces="F2")]
    await books.publish(again)
    assert await books.refused() == [("fine-F3", "unknown_fine"), ("fine-F4", "unknown_fine")]
    rows = [(row["fine_id"], row["replaced_by"]) async for row in fine_rows(books.engine)]
    assert rows == [("F1", "F2"), ("F2", "F5"), ("F5", None)]
    assert (await verify(books.engine)).problems == []
