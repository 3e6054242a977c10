"""Cases of supervision taken through their steps by three persons."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.cases import decisions, steps
from processors.cases.decision_facts import unsent_facts
from processors.cases.decisions import MeasureOrder
from processors.cases.journal import load_register
from processors.cases.steps import CaseOrder, FindingOrder, NoteOrder
from projections.cases import FindingClaim
from tests import facts
from tests.ledger import Books

REGION = "360923"
OFFICERS = ("chen", "zhou")
BASIS = "《医疗保障基金使用监督管理条例》第三十八条"


async def county_of_two(books: Books) -> Books:
    """Two persons of 上高 insured for 2019, and a stay of each at a hospital of tier 2: 9,000 and 1,000 self-funded."""
    await books.publish([facts.hospital(region=REGION, tier=2)])
    for number in (1, 2):
        person = f"P{number}"
        stay = facts.stay(number, person, on="2019-02-10", bill=facts.bill("9000", self_funded="1000"))
        await books.publish([facts.enrol(person, 2019, REGION), *stay])
    return books


async def opened(engine: AsyncEngine, subject_id: str = "H1", **more: Any) -> str:
    """A case on a hospital, opened on 1 March 2019."""
    usual: dict[str, Any] = {
        "region": REGION,
        "origin": "report",
        "subject_kind": "hospital",
        "officers": OFFICERS,
        "document_no": "上医保立〔2019〕1号",
        "reason": "举报重复收费",
        "opened_on": date(2019, 3, 1),
    }
    return await steps.open_case(engine, CaseOrder(subject_id=subject_id, **{**usual, **more}), "chen")


async def found(engine: AsyncEngine, case_id: str, *claims: FindingClaim, **more: Any) -> str:
    """A finding of a case: what was done in February 2019."""
    days = {"began_on": date(2019, 2, 1), "ended_on": date(2019, 2, 28)}
    usual = {"what": "重复收费", "clause": BASIS, **days, "claims": claims}
    return await steps.record_finding(engine, FindingOrder(case_id, **{**usual, **more}), "chen")


async def noted(engine: AsyncEngine, case_id: str, kind: str, *, by: str = "chen", **more: Any) -> str:
    """A note of a case, of 1 March 2019 unless another day is given."""
    usual = {"reason": "见案卷", "noted_on": date(2019, 3, 1)}
    return await steps.note(engine, NoteOrder(case_id, kind, **{**usual, **more}), by)


async def measure(engine: AsyncEngine, case_id: str, kind: str, **more: Any) -> str:
    """A measure that is meant."""
    usual = {"basis": BASIS, "document_no": "上医保罚〔2019〕1号", "reason": "重复收费"}
    return await decisions.propose_measure(engine, MeasureOrder(case_id, kind, **{**usual, **more}), "chen")


async def decided(engine: AsyncEngine, case_id: str, on: date = date(2019, 4, 1)) -> list[str]:
    """Proposed by one person, decided by another; the ids of the facts that go to intake."""
    await decisions.propose(engine, case_id, "chen", "上医保提〔2019〕1号", "事实清楚", on)
    return await decisions.decide(engine, case_id, "li", "上医保决〔2019〕1号", "同意", on)


async def sent(books: Books) -> int:
    """Send intake what it does not hold yet, as the worker does; returns how many facts went."""
    async with books.engine.connect() as connection:
        waiting = await unsent_facts(connection)
    bodies: Iterable[Any] = [orjson.loads(fact.body) for fact in waiting]
    await books.publish(bodies)
    return len(waiting)


async def case_status(engine: AsyncEngine, case_id: str) -> str:
    """A case's state."""
    case = (await load_register(engine)).cases.get(case_id)
    assert case is not None
    return case.status
