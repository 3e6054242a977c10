"""What a case finds: no more than bills hold, once, and by other persons than decide."""

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.journal import write
from processors.cases import decisions, listings, steps
from processors.cases.journal import load_register, open_journal, rebuild
from processors.cases.refusal import CaseRefused
from processors.clearing.draft import draft
from processors.clearing.steps import approve
from processors.proof.verification.cases import check_cases
from processors.proof.verify import VerifyReport, verify
from projections.cases import FindingClaim
from tests import facts
from tests.cases_of_supervision import REGION, county_of_two, decided, found, measure, noted, opened, sent
from tests.clearings import LATER, MONTHS
from tests.ledger import Books


@pytest.fixture
async def shanggao(books: Books) -> Books:
    return await county_of_two(books)


async def test_a_claim_that_was_reversed_or_corrected_since_is_not_decided_on(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    first = await found(engine, case_id, FindingClaim("C1", 9_000_00, part="in_scope"))
    refund = await measure(engine, case_id, "refund", finding_id=first)
    await decisions.propose(engine, case_id, "chen", "T1", "clear")
    await shanggao.publish([facts.correct("C1", bill=facts.bill("8000", self_funded="2000"))])
    with pytest.raises(CaseRefused, match=r"only 8000\.00 of the bill"):
        await decisions.decide(engine, case_id, "li", "D1", "ok")
    await decisions.return_case(engine, case_id, "li", "the bill has changed")
    with pytest.raises(CaseRefused, match="refunds the finding"):  # else it would go out without what it rests on
        await steps.dismiss_finding(engine, first, "chen", "another amount")
    await decisions.withdraw_measure(engine, refund, "chen", "another amount")
    await steps.dismiss_finding(engine, first, "chen", "another amount")
    second = await found(engine, case_id, FindingClaim("C1", 8_000_00, part="in_scope"))
    await measure(engine, case_id, "refund", finding_id=second)
    await decisions.propose(engine, case_id, "chen", "T2", "clear")
    await shanggao.publish([facts.reverse("C1")])
    with pytest.raises(CaseRefused, match="reversed already"):
        await decisions.decide(engine, case_id, "li", "D1", "ok")


async def test_no_more_is_found_of_a_bill_or_a_part_than_it_holds(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id, other = await opened(engine), await opened(engine)
    # of C1 9,000 are in scope and 1,000 self-funded
    with pytest.raises(CaseRefused, match=r"only 1000\.00 of the bill"):
        await found(engine, case_id, FindingClaim("C1", 1_000_01, part="self_funded"))
    self_funded = await found(engine, case_id, FindingClaim("C1", 400_00, part="self_funded"))
    with pytest.raises(CaseRefused, match=r"only 600\.00 of the bill"):  # another case finds the same once more
        await found(engine, other, FindingClaim("C1", 1_000_00, part="self_funded"))
    with pytest.raises(CaseRefused, match=f"finding {self_funded} names claim C1 already"):
        await found(engine, other, FindingClaim("C1", 0, reverse=True))
    await measure(engine, case_id, "refund", finding_id=self_funded)
    await decided(engine, case_id)
    await sent(shanggao)
    # once the ledger has the audit it counts once: 600 and 9,000 are left, and a reversal finds them alone
    await found(engine, case_id, FindingClaim("C1", 600_00, part="self_funded"))
    assert (await shanggao.paid("C1"))["hospital"] == "400.00"
    whole = await opened(engine)
    with pytest.raises(CaseRefused, match="names claim C1 already"):
        await found(engine, whole, FindingClaim("C1", 0, reverse=True))
    await shanggao.publish([facts.audit("C2", "1000", "hospital", "F9")])
    reversal_id = await found(engine, whole, FindingClaim("C2", 0, reverse=True))
    reversal = (await load_register(engine)).findings.get(reversal_id)
    assert reversal is not None
    assert reversal.amount == 9_000_00
    refund = await found(engine, other, amount=500_00)
    with pytest.raises(CaseRefused, match=r"no more is refunded than the 500\.00 found"):
        await measure(engine, other, "refund", finding_id=refund, amount=500_01)


async def recovered(engine: AsyncEngine) -> list[tuple[str, str]]:
    return [(row["to_recover"], row["recovered"]) async for row in listings.measure_rows(engine)]


async def test_two_cases_on_one_claim_take_back_what_each_found(shanggao: Books) -> None:
    engine = shanggao.engine
    for amount in (2_000_00, 3_000_00):
        case_id = await opened(engine)
        finding_id = await found(engine, case_id, FindingClaim("C1", amount, part="in_scope"))
        await measure(engine, case_id, "refund", finding_id=finding_id)
        await decided(engine, case_id)
    assert await sent(shanggao) == 2  # at once: intake may take both into one settlement
    # basic pays 80% of what is in scope
    assert await recovered(engine) == [("1600.00", "0.00"), ("2400.00", "0.00")]
    # what is booked is given back once an approved clearing has it: a draft may be withdrawn
    clearing_id = await draft(engine, REGION, MONTHS[0], "wang", LATER)
    assert await recovered(engine) == [("1600.00", "0.00"), ("2400.00", "0.00")]
    await approve(engine, clearing_id, "li")
    assert await recovered(engine) == [("1600.00", "1600.00"), ("2400.00", "2400.00")]
    cases = [row async for row in listings.case_rows(engine)]
    assert sorted((row["to_recover"], row["recovered"]) for row in cases) == await recovered(engine)
    assert (await shanggao.paid("C1"))["hospital"] == "5000.00"
    assert (await verify(engine)).problems == []
    assert set((await rebuild(engine)).values()) == {0}


async def test_who_found_or_proposed_decides_nothing_of_it(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    await found(engine, case_id, FindingClaim("C1", 1_000_00))  # by chen
    await decisions.propose(engine, case_id, "wu", "T1", "clear")
    with pytest.raises(Exception, match=r"chen noted .*: another person must decide it"):
        await decisions.decide(engine, case_id, "chen", "D1", "ok")
    await decisions.return_case(engine, case_id, "li", "and a talk")
    order = decisions.MeasureOrder(case_id, "talk", "B", "D", "R")
    await decisions.propose_measure(engine, order, "li")
    await decisions.propose(engine, case_id, "wu", "T1", "clear")
    with pytest.raises(Exception, match=r"li added .*: another person must decide it"):
        await decisions.decide(engine, case_id, "li", "D1", "ok")
    await decisions.decide(engine, case_id, "zhao", "D1", "ok")


async def test_one_notice_covers_no_second_fine(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    await found(engine, case_id, amount=80_000_00)
    await noted(engine, case_id, "notice", amount=60_000_00)
    await measure(engine, case_id, "fine", amount=60_000_00)
    await decided(engine, case_id)
    await measure(engine, case_id, "fine", amount=60_000_00)
    with pytest.raises(CaseRefused, match="never above what was announced"):
        await decisions.propose(engine, case_id, "chen", "T2", "once more")
    await noted(engine, case_id, "notice", amount=120_000_00)
    with pytest.raises(CaseRefused, match="offer of a hearing"):  # 120,000 in two halves is heard too
        await decisions.propose(engine, case_id, "chen", "T2", "once more")


async def test_verify_looks_who_took_each_step_that_takes_another_person(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    finding = await found(engine, case_id, amount=100_00)
    await decisions.propose(engine, case_id, "zhou", "T1", "clear")
    report = VerifyReport()
    with suppress(ZeroDivisionError):  # nothing of it stays
        async with open_journal(engine) as journal:
            # chen noted the finding; zhou has put it forward
            said: dict[str, Any] = {
                "case_id": case_id,
                "decided_on": str(journal.today),
                "document_no": "T2",
                "reason": "clear",
            }
            said |= {"outcome": "measures", "findings": [finding], "measures": {}, "facts": [], "actor": "chen"}
            journal.record("case.decided.v1", said | {"leads_confirmed": [], "leads_dismissed": []})
            await write(journal.connection, journal.journal)
            await journal.register.save(journal.connection)
            await check_cases(journal.connection, report)
            raise ZeroDivisionError
    [problem] = report.problems
    assert (problem.check, problem.expected) == ("case", "a decision by another person than noted the finding")
    assert (await verify(engine)).problems == []


async def test_a_review_is_of_the_fine_that_is_put_forward(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    await found(engine, case_id, amount=60_000_00)
    await noted(engine, case_id, "notice", amount=120_000_00)
    await noted(engine, case_id, "hearing_offered")
    await noted(engine, case_id, "hearing_waived")
    await noted(engine, case_id, "legal_review", by="wu")
    await measure(engine, case_id, "fine", amount=60_000_00)
    await decided(engine, case_id)  # 60,000: below a hearing
    await measure(engine, case_id, "fine", amount=60_000_00)
    with pytest.raises(CaseRefused, match="legal review by somebody else comes first, of this fine"):
        await decisions.propose(engine, case_id, "chen", "T1", "clear")
    await noted(engine, case_id, "legal_review", by="wu")
    await decided(engine, case_id)
