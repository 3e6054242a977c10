"""A fine on a person: decided by a case, paid into a fund as one on a hospital is."""

from datetime import date

import pytest

from processors.accounts import steps
from processors.accounts.fund_account import fund_accounts
from processors.accounts.refusal import FundMovementRefused
from processors.accounts.steps import FundMovementOrder
from processors.proof.verify import verify
from tests.cases_of_supervision import REGION, county_of_two, decided, found, measure, noted, opened
from tests.ledger import Books


def income(fine_id: str, amount: int, reference: str) -> FundMovementOrder:
    """What of a fine came into the county's basic fund."""
    return FundMovementOrder(
        *("fine", "shanggao", REGION, amount, date(2019, 5, 1), reference), to_fund="basic_fund", fine_id=fine_id
    )


async def test_a_fine_on_a_person_is_income_of_the_fund_once_it_was_decided(books: Books) -> None:
    engine = (await county_of_two(books)).engine
    case_id = await opened(engine, "P1", subject_kind="person")
    await found(engine, case_id, amount=1_000_00)
    await noted(engine, case_id, "notice", amount=2_000_00)
    fine = await measure(engine, case_id, "fine", amount=2_000_00)
    refund = await measure(engine, case_id, "refund", finding_id=f"{case_id}-F2", amount=1_000_00)
    with pytest.raises(FundMovementRefused, match=f"no fine {fine} was imposed"):
        await steps.enter(engine, income(fine, 1_00, "R1"), "wang")
    assert await decided(engine, case_id) == [], "nothing of it goes to intake"
    with pytest.raises(FundMovementRefused, match=f"no fine {refund} was imposed"):
        await steps.enter(engine, income(refund, 1_00, "R1"), "wang")
    await steps.approve(engine, await steps.enter(engine, income(fine, 1_500_00, "R1"), "wang"), "li")
    with pytest.raises(FundMovementRefused, match=r"2000\.00 was imposed and 1500\.00 is in"):
        await steps.enter(engine, income(fine, 500_01, "R2"), "wang")
    (account,) = [year.json() for year in await fund_accounts(engine, fund="basic_fund", region=REGION)]
    assert account["fines"] == "1500.00"
    assert (await verify(engine)).problems == []
