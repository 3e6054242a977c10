"""Settlements taken back (2305, 2208, 2103), and what 2601 takes back of settlements and of their reversals."""

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import structs

from infra.gateway.national.call import Call, NationalRefused, Original
from infra.gateway.national.claims import note_answer, reverse, settle
from infra.gateway.national.fields import node_of, read_node
from infra.gateway.national.ledger_events import event_of
from infra.gateway.national.registry import transaction, undo
from infra.gateway.national.settlement_nodes import ReversalNode
from infra.gateway.national.settlement_reply import settlement_reply
from infra.gateway.national.visit_access import INPATIENT, OUTPATIENT, PHARMACY, own_visit
from infra.gateway.services import Services
from processors.visits.lines import digest, load_lines
from processors.visits.settlements import (
    current_settlement,
    insert_settlement,
    reversal_of_message,
    settlement_of,
)
from processors.visits.visit_rows import HELD_BATCH, VisitSettlement
from processors.visits.visits import load_visit, settlement_id

_KINDS = {"2305": INPATIENT, "2208": OUTPATIENT, "2103": PHARMACY}
_NAMES = {"2305": "住院结算撤销", "2208": "门诊结算撤销", "2103": "药店结算撤销"}


@transaction("2305", "2208", "2103")
async def take_back(services: Services, call: Call) -> Mapping[str, Any]:
    """结算撤销: the claim is reversed whole. One that is reversed already is answered as it was."""
    node = read_node(ReversalNode, node_of(call.input, "data"), "data")
    async with services.engine.connect() as connection:
        await own_visit(connection, call, node.mdtrt_id, node.psn_no, (_KINDS[call.infno],), lock=False)
        settlement = await settlement_of(connection, node.setl_id)
        if settlement is None or settlement.mdtrt_id != node.mdtrt_id:
            raise NationalRefused(f"setl_id（结算ID）{node.setl_id} 不是就诊 {node.mdtrt_id} 的结算：请核对")
        _, whole = await current_settlement(connection, node.mdtrt_id, HELD_BATCH)
        if settlement.interim and whole is not None:
            raise NationalRefused("本次住院的出院结算尚在：请先撤销出院结算(2305)，再撤销年末中途结算")
    if settlement.state == "sent":
        raise NationalRefused(f"结算 {node.setl_id} 尚未完成：请以原msgid重发结算，或先冲正(2601)", system=True)
    reversed_ = await reverse(services, call, settlement, _NAMES[call.infno])
    return await settlement_reply(services, reversed_, sign=-1)


@undo("2304", "2207", "2102")
async def withdraw_settlement(services: Services, call: Call, original: Original) -> None:
    """Reverse what a settlement has booked, if the ledger took it. One that another msgid made stays."""
    claim_id = settlement_id(call.fixmedins_code, original.number)
    async with services.engine.connect() as connection:
        settlement = await settlement_of(connection, claim_id)
    if settlement is None:
        return
    if settlement.state == "sent":
        settlement = await _settled_or_refused(services, call, settlement, original)
        if settlement is None:
            return
    await reverse(services, call, settlement, "冲正结算")


@undo("2305", "2208", "2103")
async def withdraw_reversal(services: Services, call: Call, original: Original) -> None:
    """Claim the same bill anew, for no claim is un-reversed: under a new number in the ledger, the hospital's stays."""
    async with services.engine.connect() as connection:
        settlement = await reversal_of_message(connection, call.fixmedins_code, original.msgid)
    if settlement is None:
        return
    if settlement.state == "settled":
        settlement = await reverse(services, call, settlement, "结算撤销")
    if settlement.interim:
        raise NationalRefused("年末中途结算的撤销不能冲正：请重新办理中途结算")
    await settle(services, call, await _claimed_anew(services, call, settlement))


async def _settled_or_refused(
    services: Services, call: Call, settlement: VisitSettlement, original: Original
) -> VisitSettlement | None:
    """What became of a settlement whose answer did not come in time; None where the ledger has refused it."""
    answer = original.answers.get(str(orjson.loads(settlement.event)["id"]))
    try:
        if answer is None:
            return await settle(services, call, settlement)
        return await note_answer(services, call, settlement, answer)
    except NationalRefused:
        return None


async def _claimed_anew(services: Services, call: Call, settlement: VisitSettlement) -> VisitSettlement:
    async with services.transaction() as connection:
        await load_visit(connection, settlement.mdtrt_id, lock=True)
        of, standing = await current_settlement(connection, settlement.mdtrt_id, settlement.chrg_bchno)
        if standing is not None:
            return standing
        if digest(await load_lines(connection, of)) != settlement.linesdigest:
            raise NationalRefused(f"结算 {settlement.setl_id} 撤销后明细已变更，其撤销不能冲正：请重新结算")
        claim_id = settlement_id(call.fixmedins_code, call.number)
        before = orjson.loads(settlement.event)
        event = event_of(
            call, before["type"], before["data"] | {"claim_id": claim_id}, linesdigest=settlement.linesdigest
        )
        anew = structs.replace(
            settlement,
            claim_id=claim_id,
            round=of.round,
            state="sent",
            event=orjson.dumps(event).decode(),
            begun_at=call.received_at,
            settled_at=None,
            layers=None,
            fund_pay=None,
            psn_part=None,
            hosp_part=None,
            reversal=None,
            reversal_msgid=None,
            reversed_at=None,
        )
        await insert_settlement(connection, anew)
        return anew
