"""Transactions of the tests' own, by which the frame is tried whatever the interface's own do."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from infra.gateway.answers import Answer
from infra.gateway.national.call import Call, NationalRefused, Original
from infra.gateway.national.registry import transaction, undo
from infra.gateway.services import Services
from tests import facts

DONE: Counter[tuple[str, str]] = Counter()
"""How often each transaction was done, by infno and msgid."""
HELD: dict[str, asyncio.Event] = {}
"""What a transaction waits for before it sends, by msgid."""
ANSWER_HELD: dict[str, asyncio.Event] = {}
"""What it waits for once the ledger has settled, by msgid."""


def claim_of(number: int) -> str:
    """The claim that a transaction makes."""
    return f"C{number}"


@transaction("TSET")
async def settle(services: Services, call: Call) -> Mapping[str, Any]:
    """A stay of a person, admitted and discharged; the bill is ``total``."""
    DONE[call.infno, call.msgid] += 1
    person, hospital = str(call.input["data"]["psn_no"]), call.fixmedins_code
    admission, claim = f"A{call.number}", claim_of(call.number)
    admit = facts.admit(admission, person, hospital, id_=f"TSET-in-{call.msgid}")
    told = await services.send(call.source, admit, admit["id"], transaction=call.number)
    if told.type == "event.rejected.v1":
        raise NationalRefused(str(told.data["detail_zh"]))
    if call.msgid in HELD:
        await HELD[call.msgid].wait()
    bill = facts.bill(str(call.input["data"].get("total", "100.10")))
    discharge = facts.discharge(claim, admission, person, hospital, bill=bill, id_=f"TSET-out-{call.msgid}")
    told = await services.send(call.source, discharge, claim, transaction=call.number)
    if told.type == "event.rejected.v1":
        raise NationalRefused(str(told.data["detail_zh"]))
    if call.msgid in ANSWER_HELD:
        DONE["settled", call.msgid] += 1
        await ANSWER_HELD[call.msgid].wait()
    statement = told.data
    return {"setl_id": claim, "medfee_sumamt": Decimal(statement["total"]), "cash": Decimal(statement["patient_share"])}


@undo("TSET")
async def take_back(services: Services, call: Call, original: Original) -> None:
    """Reverse the claim, where there is one."""
    DONE["undo", original.msgid] += 1
    settled = original.output is not None or _is_settled(original.answers)
    if settled:
        reverse = facts.reverse(
            claim_of(original.number), f"hospital/{call.fixmedins_code}", id_=f"undo-{original.msgid}"
        )
        await services.send(call.source, reverse, reverse["id"], transaction=call.number)


@transaction("TASK", kept=False)
async def ask(services: Services, call: Call) -> Mapping[str, Any]:
    """What a visit of a person would be paid, without an admission."""
    DONE[call.infno, call.msgid] += 1
    person = str(call.input["data"]["psn_no"])
    visit = facts.visit("Q1", person, hospital_id=call.fixmedins_code, disease="diabetes")
    quoted = await services.quote(orjson.dumps(visit))
    if "refused" in quoted:
        raise NationalRefused(quoted["refused"]["detail_zh"])
    return {"total": Decimal(quoted["statement"]["total"]), "input": call.input, "opter": call.opter_name}


@transaction("TREF")
async def refuse(_services: Services, call: Call) -> None:
    """Refused whatever it says."""
    DONE[call.infno, call.msgid] += 1
    raise NationalRefused("就诊不存在，请先办理入院（2401）")


@undo("TREF")
async def never(_services: Services, _call: Call, _original: Original) -> None:
    """A refused transaction has nothing to take back."""
    raise AssertionError("what was refused is taken back")


@transaction("TBAD")
async def fail(_services: Services, call: Call) -> None:
    """A fault of the program."""
    DONE[call.infno, call.msgid] += 1
    raise RuntimeError("a fault of the program")


def _is_settled(answers: Mapping[str, Answer]) -> bool:
    return any(answer.type == "claim.settled.v1" for answer in answers.values())
