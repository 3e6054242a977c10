"""Cases of supervision: from a finding to money, by two persons; the register says what the ledger did."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.supervision.text import load_supervision
from processors.cases import decisions, listings, measures
from processors.cases.hit_rates import hit_rate_rows
from processors.cases.inspections import InspectionOrder, record_inspection, withdraw_inspection
from processors.cases.journal import load_register, rebuild
from processors.cases.overdue import overdue_rows
from processors.cases.refusal import CaseRefused
from processors.proof.verify import verify
from processors.supervision.adoption import adopt_supervision
from projections.cases import FindingClaim
from tests import facts
from tests.cases_of_supervision import (
    OFFICERS,
    REGION,
    case_status,
    county_of_two,
    decided,
    found,
    measure,
    noted,
    opened,
    sent,
)
from tests.finance import query
from tests.leads import county, look, stay
from tests.ledger import Books


@pytest.fixture
async def shanggao(books: Books) -> Books:
    return await county_of_two(books)


async def rows_of(engine: AsyncEngine, case_id: str) -> list[dict[str, Any]]:
    return [row async for row in listings.measure_rows(engine, case_id=case_id)]


async def sound(engine: AsyncEngine) -> None:
    assert (await verify(engine)).problems == []
    assert set((await rebuild(engine)).values()) == {0}


async def test_a_decision_makes_the_audit_and_the_register_says_what_it_took_back(shanggao: Books) -> None:
    engine = shanggao.engine
    paid = await shanggao.paid("C1")
    case_id = await opened(engine)
    # 3,000 found: 1,000 leave what is self funded, 2,000 what is in scope
    finding_id = await found(engine, case_id, FindingClaim("C1", 3000_00), FindingClaim("C2", 0, reverse=True))
    refund = await measure(engine, case_id, "refund", finding_id=finding_id)
    assert await shanggao.paid("C1") == paid, "a finding moves nothing"
    events = await decided(engine, case_id)
    assert events == [f"{refund}-E1", f"{refund}-E2"]
    assert await shanggao.paid("C1") == paid, "nothing before intake has the facts"
    [before] = await rows_of(engine, case_id)
    assert (before["facts"], before["taken"], before["to_recover"]) == (2, 0, "0.00")
    with pytest.raises(CaseRefused, match=r"13000\.00 of .* is still due"):
        await measures.close(engine, case_id, "chen", "done")

    assert await sent(shanggao) == 2
    assert await sent(shanggao) == 0
    after = await shanggao.paid("C1")
    funds = {layer: Decimal(paid[layer]) - Decimal(after[layer]) for layer in paid.keys() - {"patient", "hospital"}}
    # the hospital bears 3,000 of C1; C2 is gone whole
    assert after["hospital"] == "3000.00"
    reversed_funds = sum(Decimal(amount) for layer, amount in paid.items() if layer not in ("patient", "hospital"))
    [row] = await rows_of(engine, case_id)
    assert (row["taken"], row["refused"], len(row["ledger_numbers"])) == (2, 0, 2)
    assert Decimal(row["to_recover"]) == sum(funds.values()) + reversed_funds
    finding = (await load_register(engine)).findings.get(finding_id)
    assert finding is not None
    # what was foreseen when it was found is what was booked
    assert sum(finding.layers.values()) == Decimal(row["to_recover"]) * 100
    [case] = [row async for row in listings.case_rows(engine, region="360900")]
    assert (case["found"], case["to_recover"], case["outcome"]) == ("13000.00", row["to_recover"], "measures")
    await measures.close(engine, case_id, "chen", "done")
    assert await case_status(engine, case_id) == "closed"
    with pytest.raises(CaseRefused, match="is closed"):
        await noted(engine, case_id, "note")
    await sound(engine)


async def test_what_intake_refuses_stands_in_the_register_with_its_reason(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    finding_id = await found(engine, case_id, FindingClaim("C1", 0, reverse=True))
    refund = await measure(engine, case_id, "refund", finding_id=finding_id)
    await decided(engine, case_id)
    await shanggao.publish([facts.reverse("C1")])  # the hospital is quicker
    await sent(shanggao)
    [row] = await rows_of(engine, case_id)
    assert (row["taken"], row["refused"], row["refusal_reasons"], row["to_recover"]) == (
        *(0, 1, "already_reversed"),
        "0.00",
    )
    told = await listings.case_file(engine, case_id)
    assert told is not None
    assert [(fact["event_id"], fact["state"]) for fact in told["facts"]] == [(f"{refund}-E1", "refused")]
    assert await sent(shanggao) == 0, "a refused fact is not sent for ever"
    # the funds have their money back by the hospital's own reversal: nothing of it is due once more
    assert await overdue_rows(engine, on=date(2030, 1, 1)) == []
    with pytest.raises(CaseRefused, match=r"0\.00 is still due"):
        await measures.pay(engine, refund, "chen", amount=1, paid_on=date(2019, 5, 1), reference="R1")
    await measures.close(engine, case_id, "chen", "given back")
    await sound(engine)


async def test_two_persons_decide_and_one_may_return(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    await found(engine, case_id, amount=500_00)
    await measure(engine, case_id, "talk")
    with pytest.raises(CaseRefused, match="nobody has proposed"):
        await decisions.decide(engine, case_id, "li", "D1", "ok")
    await decisions.propose(engine, case_id, "chen", "T1", "clear", date(2019, 4, 2))
    with pytest.raises(CaseRefused, match="before it was proposed"):
        await decisions.decide(engine, case_id, "li", "D1", "ok", date(2019, 4, 1))
    with pytest.raises(Exception, match="another person must decide it"):
        await decisions.decide(engine, case_id, "Chen", "D1", "ok")
    with pytest.raises(CaseRefused, match="waits for a decision"):
        await found(engine, case_id, amount=1_00)
    await decisions.return_case(engine, case_id, "li", "what of February?")
    assert await case_status(engine, case_id) == "open"
    await found(engine, case_id, amount=100_00)
    assert await decided(engine, case_id) == []  # a talk is nothing that the ledger books
    assert [each.status for each in (await load_register(engine)).findings] == ["confirmed", "confirmed"]
    await sound(engine)


async def test_a_fine_is_announced_heard_and_reviewed_first(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    await found(engine, case_id, amount=80_000_00)
    fine = await measure(engine, case_id, "fine", amount=100_000_00)
    with pytest.raises(CaseRefused, match="announced before"):
        await decisions.propose(engine, case_id, "chen", "T1", "clear")
    await noted(engine, case_id, "notice", amount=90_000_00)
    with pytest.raises(CaseRefused, match="never above what was announced"):
        await decisions.propose(engine, case_id, "chen", "T1", "clear")
    await noted(engine, case_id, "notice", amount=100_000_00)
    await noted(engine, case_id, "defence")
    with pytest.raises(CaseRefused, match="after a defence"):
        await noted(engine, case_id, "notice", amount=120_000_00)
    with pytest.raises(CaseRefused, match="offer of a hearing"):
        await decisions.propose(engine, case_id, "chen", "T1", "clear")
    await noted(engine, case_id, "hearing_offered", noted_on=date(2019, 3, 10))
    await noted(engine, case_id, "hearing_held", noted_on=date(2019, 3, 16))
    with pytest.raises(CaseRefused, match="held on 2019-03-17 or later"):  # 7 days' notice
        await decisions.propose(engine, case_id, "chen", "T1", "clear")
    await noted(engine, case_id, "hearing_held", noted_on=date(2019, 3, 17))
    with pytest.raises(CaseRefused, match="legal review"):
        await decisions.propose(engine, case_id, "chen", "T1", "clear")
    with pytest.raises(CaseRefused, match="does not review it"):
        await noted(engine, case_id, "legal_review", by="zhou")  # an officer of the case
    await noted(engine, case_id, "legal_review", by="wu")
    assert await decided(engine, case_id) == [f"{fine}-E1"]
    await sent(shanggao)
    assert await query(engine, "SELECT fine_id, amount FROM projections.fines") == [
        {"fine_id": fine, "amount": 100_000_00}
    ]
    with pytest.raises(CaseRefused, match=r"100000\.00 of .* is still due"):
        await measures.close(engine, case_id, "chen", "done")
    await sound(engine)


async def test_paying_late_costs_three_in_a_hundred_a_day_and_never_more_than_the_fine(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    await found(engine, case_id, amount=80_000_00)
    fine = await measure(engine, case_id, "fine", amount=10_000_00)
    await noted(engine, case_id, "notice", amount=10_000_00)
    await decided(engine, case_id, date(2019, 4, 1))  # to be paid by 16 April
    assert await overdue_rows(engine, on=date(2019, 4, 16)) == []
    [late] = await overdue_rows(engine, on=date(2019, 4, 26))
    # 10 days of 3% of 10,000
    assert (late["what"], late["days"], late["left"], late["late_fine"]) == ("fine", 10, "10000.00", "3000.00")
    [late] = await overdue_rows(engine, on=date(2019, 12, 31))
    assert late["late_fine"] == "10000.00"
    with pytest.raises(CaseRefused, match=r"cost 3000\.00 by then"):
        await measures.pay(
            engine, fine, "chen", amount=6_000_00, paid_on=date(2019, 4, 26), reference="R1", late=3_000_01
        )
    left = await measures.pay(
        engine, fine, "chen", amount=6_000_00, paid_on=date(2019, 4, 26), reference="R1", late=3_000_00
    )
    assert left == 4_000_00
    [late] = await overdue_rows(engine, on=date(2019, 5, 6))
    assert late["late_fine"] == "1200.00"  # 10 more days of 3% of 4,000
    with pytest.raises(CaseRefused, match="noted already"):
        await measures.pay(engine, fine, "chen", amount=1_00, paid_on=date(2019, 5, 6), reference="R1")
    with pytest.raises(Exception, match="another person must take it back"):
        await measures.reverse_payment(engine, fine, "chen", "R1", "wrong case")
    assert await measures.reverse_payment(engine, fine, "li", "R1", "wrong case") == 9_000_00
    assert await measures.pay(engine, fine, "chen", amount=10_000_00, paid_on=date(2019, 4, 16), reference="R2") == 0
    await measures.close(engine, case_id, "chen", "paid")
    await sound(engine)


async def test_the_time_bar_runs_from_the_last_day(shanggao: Books) -> None:
    engine = shanggao.engine
    for harm, ended_on, barred in (
        (False, date(2017, 3, 1), False),  # two years to the day
        (False, date(2017, 2, 28), True),
        (True, date(2014, 3, 1), False),
        (True, date(2014, 2, 28), True),
    ):
        case_id = await opened(engine)
        await found(engine, case_id, amount=100_00, began_on=ended_on, ended_on=ended_on, harm=harm)
        await measure(engine, case_id, "fine", amount=100_00)
        await noted(engine, case_id, "notice", amount=100_00)
        if barred:
            with pytest.raises(CaseRefused, match="could be fined where the case was opened by"):
                await decisions.propose(engine, case_id, "chen", "T1", "clear")
        else:
            await decisions.propose(engine, case_id, "chen", "T1", "clear")


async def turns(engine: AsyncEngine) -> list[str]:
    [row] = await query(engine, "SELECT suspended FROM projections.hospitals WHERE hospital_id = 'H1'")
    return [day.isoformat() for day in row["suspended"]]


async def test_suspensions_from_and_to_and_what_lifts_them(shanggao: Books) -> None:
    engine = shanggao.engine

    async def suspended(begin: str, end: str | None) -> tuple[str, str]:
        case_id = await opened(engine)
        await found(engine, case_id, amount=100_00)
        days = {"from_on": date.fromisoformat(begin), "until": None if end is None else date.fromisoformat(end)}
        made = await measure(engine, case_id, "suspension" if end else "agreement_ended", **days)
        await decided(engine, case_id)
        await sent(shanggao)
        return case_id, made

    await suspended("2019-05-01", "2019-08-01")
    assert await turns(engine) == ["2019-05-01", "2019-08-01"]
    # what ends within a longer one ends nothing
    await suspended("2019-06-01", "2019-07-01")
    assert await turns(engine) == ["2019-05-01", "2019-08-01"]
    # a longer one goes on over the end of the first
    case_id, longer = await suspended("2019-07-15", "2019-12-01")
    assert await turns(engine) == ["2019-05-01", "2019-12-01"]
    # lifted in July the first still holds until August, and nothing after it
    await measure(engine, case_id, "lifting", of_measure=longer, from_on=date(2019, 7, 20))
    await decided(engine, case_id)
    await sent(shanggao)
    assert await turns(engine) == ["2019-05-01", "2019-08-01"]
    await suspended("2019-10-01", None)
    assert await turns(engine) == ["2019-05-01", "2019-08-01", "2019-10-01"]
    assert (await load_register(engine)).measures.get(longer).lifted_on == date(2019, 7, 20)  # type: ignore[union-attr]
    with pytest.raises(CaseRefused, match="at most 180"):
        await measure(engine, await opened(engine), "suspension", from_on=date(2019, 1, 1), until=date(2019, 7, 1))


async def test_inspections_are_by_two_officers_once_a_day(shanggao: Books) -> None:
    engine = shanggao.engine

    def order(**more: Any) -> InspectionOrder:
        usual: dict[str, Any] = {
            "region": REGION,
            "hospitals": ("H1",),
            "institution_kind": "hospital",
            "kind": "plan",
            "officers": OFFICERS,
            "result": "clean",
            "document_no": "J1",
            "reason": "现场检查",
            "inspected_on": date(2019, 3, 1),
        }
        return InspectionOrder(**{**usual, **more})

    with pytest.raises(CaseRefused, match="at least 2 officers"):
        await record_inspection(engine, order(officers=("chen", "chen")), "chen")
    with pytest.raises(CaseRefused, match="no hospital H9"):
        await record_inspection(engine, order(hospitals=("H1", "H9")), "chen")
    [first] = await record_inspection(engine, order(), "chen")
    with pytest.raises(CaseRefused, match="recorded already"):
        await record_inspection(engine, order(), "chen")
    with pytest.raises(Exception, match="another person must take it back"):
        await withdraw_inspection(engine, first, "chen", "wrong hospital")
    await withdraw_inspection(engine, first, "li", "wrong hospital")
    [again] = await record_inspection(engine, order(result="problems"), "chen")
    case_id = await opened(engine, origin="inspection", inspection_id=again)
    with pytest.raises(CaseRefused, match=f"case {case_id} rests on it"):
        await withdraw_inspection(engine, again, "li", "wrong hospital")
    await sound(engine)


async def test_deadlines_by_working_days_and_what_is_late(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)  # 1 March 2019 + 90 days
    assert [late["due_on"] for late in await overdue_rows(engine, on=date(2019, 5, 31))] == ["2019-05-30"]
    await noted(engine, case_id, "extension", document_no="Y1")
    await noted(engine, case_id, "expert_review", until=date(2019, 3, 10))  # 10 days do not count
    [late] = await overdue_rows(engine, on=date(2019, 7, 31))
    assert (late["due_on"], late["days"]) == ("2019-07-09", 22)  # 30 May + 30 + 10 days
    await noted(engine, case_id, "extension", document_no="Y2")
    with pytest.raises(CaseRefused, match="extended 2 times"):
        await noted(engine, case_id, "extension", document_no="Y3")
    # seven working days over 清明 (5 April 2019, a Friday): 2 April + 3, 4, 8, 9, 10, 11, 12
    await noted(engine, case_id, "evidence_hold", noted_on=date(2019, 4, 2))
    assert await overdue_rows(engine, on=date(2019, 4, 12)) == []
    assert [late["what"] for late in await overdue_rows(engine, on=date(2019, 4, 13))] == ["evidence_hold"]
    await noted(engine, case_id, "evidence_released", noted_on=date(2019, 4, 12))
    assert await overdue_rows(engine, on=date(2019, 4, 13)) == []
    await sound(engine)


async def test_a_table_that_was_changed_is_found_and_mended(shanggao: Books) -> None:
    engine = shanggao.engine
    case_id = await opened(engine)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE projections.cases SET due_on = '2030-01-01'"))
    [problem] = (await verify(engine)).problems
    assert (problem.check, problem.where) == ("case", f"cases {case_id}")
    assert (await rebuild(engine))["cases"] == 1
    await sound(engine)


async def test_a_claim_of_somebody_else_is_no_finding_of_the_case(shanggao: Books) -> None:
    engine = shanggao.engine
    await shanggao.publish([facts.hospital("H2", region=REGION)])
    case_id = await opened(engine, "H2")
    for claims, words in (
        ((FindingClaim("C1", 1_00),), "none of H2"),
        ((FindingClaim("C9", 1_00),), "no claim C9"),
        ((), "one of both"),
    ):
        with pytest.raises(CaseRefused, match=words):
            await found(engine, case_id, *claims)
    on_person = await opened(engine, "P1", subject_kind="person")
    with pytest.raises(CaseRefused, match="at most its total"):
        await found(engine, on_person, FindingClaim("C1", 10_000_01, "person"))
    await found(engine, on_person, FindingClaim("C1", 1_00, "person"))
    with pytest.raises(CaseRefused, match="for hospitals and pharmacies"):
        await measure(engine, on_person, "suspension", from_on=date(2019, 5, 1), until=date(2019, 6, 1))
    with pytest.raises(CaseRefused, match="nobody P9 is enrolled"):
        await opened(engine, "P9", subject_kind="person")


async def test_a_case_takes_leads_confirms_what_it_finds_and_dismisses_the_rest(books: Books) -> None:
    engine = books.engine
    # two readmissions after two days at H1, of P1 and of P2
    stays = [*stay(1, "2019-03-01", "2019-03-10"), *stay(2, "2019-03-12", "2019-03-20", in_scope="6000")]
    more = [
        *stay(3, "2019-04-01", "2019-04-10", person="P2"),
        *stay(4, "2019-04-12", "2019-04-20", person="P2", in_scope="6000"),
    ]
    await books.publish([*county(REGION), *stays, *more])
    first, second = sorted(await look(engine, "split_stay"), key=lambda lead: lead.person_id or "")
    [late] = [row for row in await overdue_rows(engine, on=date(2060, 1, 1)) if row["what"] == "lead_check"]
    assert (late["of"], late["count"]) == ("split_stay", 2)
    case_id = await opened(engine, origin="lead", leads=(first.lead_id, second.lead_id))
    assert {lead.state for lead in await look(engine, "split_stay")} == {"in_case"}
    with pytest.raises(CaseRefused, match=f"is in case {case_id}"):
        await opened(engine, origin="lead", leads=(first.lead_id,))
    with pytest.raises(CaseRefused, match="carries no lead X"):
        await found(engine, case_id, FindingClaim("C2", 1_00), leads=("X",))
    await found(engine, case_id, FindingClaim("C2", 1000_00), leads=(first.lead_id,))
    await measure(engine, case_id, "talk")
    await decided(engine, case_id)
    states = {lead.lead_id: (lead.state, lead.case_id) for lead in await look(engine, "split_stay")}
    assert states == {first.lead_id: ("confirmed", case_id), second.lead_id: ("dismissed", case_id)}
    [row] = [row for row in await hit_rate_rows(engine, region="360900") if row["rule"] == "split_stay"]
    assert (row["found"], row["confirmed"], row["dismissed"], row["hit_rate"], row["few"]) == (2, 1, 1, "0.5000", True)
    assert (row["looked_into"], row["withdrawn"]) == (2, 0)
    assert not [row for row in await overdue_rows(engine, on=date(2060, 1, 1)) if row["what"] == "lead_check"]
    await sound(engine)


async def test_a_county_s_own_deadlines_hold_from_their_day(shanggao: Books) -> None:
    engine = shanggao.engine
    words = {
        "name": "shanggao_deadlines",
        "title": "上高监管参数",
        "title_en": "Parameters of 上高",
        "document": "上医保〔2019〕3号",
        "regions": f'["{REGION}"]',
        "in_force_from": "2019-03-01",
        "version": "1",
        "deadlines": "{case_days: {value: 60, grade: seed, cite: 三}, officers: {value: 3, grade: seed, cite: 二}}",
    }
    body = "".join(f"{name}: {value}\n" for name, value in words.items()).encode()
    await adopt_supervision(engine, load_supervision(body, "county.yaml"), "wang", "li", "本县规定")
    before = await opened(engine, opened_on=date(2019, 2, 28))
    with pytest.raises(CaseRefused, match="at least 3 officers"):
        await opened(engine)
    after = await opened(engine, officers=("chen", "zhou", "wu"))
    cases = (await load_register(engine)).cases
    due = [case.due_on for case_id in (before, after) if (case := cases.get(case_id)) is not None]
    assert due == [date(2019, 5, 29), date(2019, 4, 30)]  # 90 and 60 days
