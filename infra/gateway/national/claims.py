"""Claims of visits: tried, sent to the ledger, answered, reversed. What the groups of transactions share."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import Setting
from events.decisions import EVENT_REJECTED, EVENT_WAITING
from events.money import yuan
from infra.gateway.answers import STATEMENTS, Answer
from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.code_lists import CLEARING_TYPES
from infra.gateway.national.ledger_events import Event, event_of, refusal_of
from infra.gateway.national.scheme_funds import fund_of_layers
from infra.gateway.national.settlement_answer import Shares, shares_of
from infra.gateway.national.settlement_nodes import SettlementRequest
from infra.gateway.services import Services
from processors.visits.lines import LineSet, LineSums, copy_lines, move_lines, sums
from processors.visits.settlements import (
    current_lines,
    note_refused,
    note_reversal,
    note_reversed,
    note_settled,
    settlement_of_claim,
)
from processors.visits.visit_rows import HELD_BATCH, RegisteredVisit, VisitLine, VisitSettlement
from projections.statements import statements


def bill_of(lines: Sequence[VisitLine], request: SettlementRequest) -> LineSums:
    """The bill that lines make. Raises ``NationalRefused`` where their sum is not what the hospital states.

    The parts are those of the lines. Where neither a catalogue nor the hospital has parted any line, they are the
    request's own where these add up, else all is in scope.
    """
    if not lines:
        raise NationalRefused("没有未结算的费用明细：请先上传明细(2301、2204)")
    found = sums(lines)
    if found.total != request.medfee_sumamt:
        raise NationalRefused(
            f"medfee_sumamt（医疗费总额）{yuan(request.medfee_sumamt)} 与已上传 {len(lines)} 条明细之和 "
            f"{yuan(found.total)} 不符：请核对明细后重新结算"
        )
    stated = (request.fulamt_ownpay_amt, request.overlmt_selfpay, request.preselfpay_amt, request.inscp_scp_amt)
    parts = [part or 0 for part in stated]
    if all(line.priced_by == "nobody" for line in lines) and sum(parts) == found.total:
        found = LineSums(found.total, *parts)
    if found.negative:
        raise NationalRefused("退费超过收费：明细中某一部分的合计为负，请核对退费明细后重新结算")
    return found


class BillClaim(Struct, frozen=True):
    """What of a visit is to be settled: the lines, their bill, and the event that claims it."""

    visit: RegisteredVisit
    of: LineSet
    bill: LineSums
    lines: int
    event: Event
    med_type: str
    setting: Setting
    interim: bool = False

    def settlement(self, call: Call, request: SettlementRequest) -> VisitSettlement:
        """The settlement to be noted before the event is sent."""
        claim_id = self.event["data"]["claim_id"]
        return VisitSettlement(
            claim_id=claim_id,
            setl_id=claim_id,
            mdtrt_id=self.of.mdtrt_id,
            chrg_bchno=self.of.chrg_bchno,
            round=self.of.round,
            fixmedins_code=self.visit.fixmedins_code,
            psn_no=self.visit.psn_no,
            insutype=request.insutype,
            insuplc_admdvs=call.insuplc_admdvs or self.visit.insuplc_admdvs,
            med_type=self.med_type,
            setting=self.setting,
            clr_type=CLEARING_TYPES[self.setting],
            infno=call.infno,
            msgid=call.msgid,
            opter=call.opter,
            invono=request.invono,
            interim=self.interim,
            state="sent",
            event=orjson.dumps(self.event).decode(),
            total=self.bill.total,
            self_funded=self.bill.self_funded,
            over_limit=self.bill.over_limit,
            upfront_copay=self.bill.upfront_copay,
            in_scope=self.bill.in_scope,
            lines=self.lines,
            linesdigest=self.event["linesdigest"],
            begun_at=call.received_at,
        )


async def try_out(services: Services, event: Event, bill: LineSums) -> Shares:
    """What the event of a claim would settle to now; nothing is booked. Raises ``NationalRefused``."""
    quoted = await services.quote(orjson.dumps(event))
    refused = quoted.get("refused")
    if refused is not None:
        raise refusal_of(refused)
    async with services.autocommit.connect() as connection:
        return await _shares(connection, bill, quoted["statement"])


async def settle_standing(
    services: Services, call: Call, begin: Callable[[], Awaitable[VisitSettlement]]
) -> VisitSettlement:
    """Settle what ``begin`` notes, or finds noted; where that stands no more in the ledger, what it notes then."""
    settlement = await begin()
    if not await _still_stands(services, settlement):
        settlement = await begin()
    return await settle(services, call, settlement)


async def settle(services: Services, call: Call, settlement: VisitSettlement) -> VisitSettlement:
    """A settlement with what the ledger answers; one that stands is as it was told first.

    The event is sent again where it was sent before: the ledger books it once. Raises ``NationalRefused`` where it is
    not settled, and its lines may be changed then.
    """
    if settlement.state == "settled":
        return settlement
    event = orjson.loads(settlement.event)
    answer = await services.send(call.source, event, settlement.claim_id)
    return await note_answer(services, call, settlement, answer)


async def note_answer(services: Services, call: Call, settlement: VisitSettlement, answer: Answer) -> VisitSettlement:
    """Note what the ledger said to a claim; raises ``NationalRefused`` where it did not settle it."""
    if answer.type in STATEMENTS and answer.data["status"] == "settled":
        async with services.autocommit.connect() as connection:
            shares = await _shares(connection, sums_of(settlement), answer.data)
            return await note_settled(connection, settlement.claim_id, shares.layers, shares.patient, shares.hospital)
    if answer.type in STATEMENTS:
        refused = NationalRefused("结算单已被冲正：请重新结算")
    elif answer.type == EVENT_WAITING:
        refused = NationalRefused(f"入院登记 {answer.data.get('waits_for')} 尚未登记：请先办理入院(2401)再结算")
        await _end_wait(services, call, settlement)
    else:
        refused = refusal_of(answer.data)
    async with services.transaction() as connection:
        await note_refused(connection, settlement.claim_id, refused.message_zh)
        await _give_back(connection, settlement)
    raise refused


async def reverse(services: Services, call: Call, settlement: VisitSettlement, reason: str) -> VisitSettlement:
    """Take a settlement that stands back: its lines may be changed and settled again. One reversed before stays so.

    The ledger answers once the reversal is in its books: whatever is settled of the person from then on goes without
    the claim.
    """
    if settlement.state == "reversed":
        return settlement
    event = event_of(call, "claim.reversed.v1", {"claim_id": settlement.claim_id, "reason": reason})
    async with services.transaction() as connection:
        kept = await note_reversal(connection, settlement.claim_id, orjson.dumps(event).decode(), call.msgid)
    reversal = orjson.loads(kept.reversal or "")
    answer = await services.send(call.source, reversal, settlement.claim_id)
    if answer.type == EVENT_REJECTED and answer.data.get("reason") != "already_reversed":
        raise refusal_of(answer.data)
    return await note_taken_back(services, settlement)


async def note_taken_back(services: Services, settlement: VisitSettlement) -> VisitSettlement:
    """Note that a settlement is reversed, and begin the next round of its lines."""
    async with services.transaction() as connection:
        if await note_reversed(connection, settlement.claim_id):
            await copy_lines(connection, lines_of(settlement), await _open_lines(connection, settlement))
        return await settlement_of_claim(connection, settlement.claim_id) or settlement


async def _still_stands(services: Services, settlement: VisitSettlement) -> bool:
    """Whether a settlement stands in the ledger too; one that a bureau has reversed is noted as such."""
    if settlement.state != "settled":
        return settlement.state == "sent"
    query = select(statements.c.status).where(statements.c.claim_id == settlement.claim_id)
    async with services.autocommit.connect() as connection:
        reversed_ = await connection.scalar(query) == "reversed"
    if reversed_:
        await note_taken_back(services, settlement)
    return not reversed_


def lines_of(settlement: VisitSettlement) -> LineSet:
    """The lines that a settlement has."""
    return LineSet(settlement.mdtrt_id, settlement.chrg_bchno, settlement.round)


def sums_of(settlement: VisitSettlement) -> LineSums:
    """The bill of a settlement."""
    return LineSums(
        settlement.total,
        settlement.self_funded,
        settlement.over_limit,
        settlement.upfront_copay,
        settlement.in_scope,
    )


def told_shares(settlement: VisitSettlement) -> Shares:
    """What was told first of a settlement that is or was settled."""
    return Shares(
        settlement.self_funded,
        settlement.over_limit,
        settlement.upfront_copay,
        settlement.in_scope,
        tuple((layer, fund, paid) for layer, fund, paid in settlement.layers or ()),
        settlement.psn_part or 0,
        settlement.hosp_part or 0,
    )


async def _shares(connection: AsyncConnection, bill: LineSums, statement: Mapping[str, Any]) -> Shares:
    return shares_of(bill, statement, await fund_of_layers(connection, str(statement["scheme"])))


async def _end_wait(services: Services, call: Call, settlement: VisitSettlement) -> None:
    """Take back what waits in the ledger, which would else be settled later without the hospital's knowing."""
    event = event_of(call, "claim.reversed.v1", {"claim_id": settlement.claim_id, "reason": "结算未完成，撤回"})
    event["id"] += "-end"
    await services.send(call.source, event, event["id"])


async def _open_lines(connection: AsyncConnection, settlement: VisitSettlement) -> LineSet:
    """Where a settlement's lines may be changed once it does not stand: those of an interim bill are the stay's."""
    batch = HELD_BATCH if settlement.interim else settlement.chrg_bchno
    return await current_lines(connection, settlement.mdtrt_id, batch)


async def _give_back(connection: AsyncConnection, settlement: VisitSettlement) -> None:
    """Give the lines of an interim bill that was refused back to the stay."""
    if settlement.interim:
        await move_lines(connection, lines_of(settlement), await _open_lines(connection, settlement))
