"""Settlement of stays: tried, done, taken back (2303, 2304, 2305)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.claims import BillClaim, bill_of, settle_standing, try_out
from infra.gateway.national.code_lists import INPATIENT_ONLY, medical_type
from infra.gateway.national.fields import node_of, read_node
from infra.gateway.national.ledger_events import Event, event_of
from infra.gateway.national.registry import transaction
from infra.gateway.national.settlement_nodes import StaySettlementNode
from infra.gateway.national.settlement_reply import settlement_reply, trial_reply
from infra.gateway.national.visit_access import INPATIENT, open_visit
from infra.gateway.services import Services
from processors.visits.lines import LineSet, LineSums, digest, load_lines, move_lines
from processors.visits.settlements import current_lines, current_settlement, insert_settlement
from processors.visits.visit_rows import HELD_BATCH, RegisteredVisit, VisitLine, VisitSettlement
from processors.visits.visits import settlement_id, trial_id


@transaction("2303", kept=False)
async def try_stay(services: Services, call: Call) -> Mapping[str, Any]:
    """住院预结算, before the discharge too: then as if discharged today."""
    node = read_node(StaySettlementNode, node_of(call.input, "data"), "data")
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, node.mdtrt_id, node.psn_no, (INPATIENT,), lock=False)
        held = await current_lines(connection, visit.mdtrt_id, HELD_BATCH)
        lines, billed_on = await _billed(connection, call, visit, node, held)
    bill = bill_of(lines, node)
    billed_on = billed_on or _discharged_on(visit, node) or call.received_at.date()
    event = _claim(call, visit, bill, lines, trial_id(visit.mdtrt_id), billed_on, interim=node.mid_setl_flag)
    shares = await try_out(services, event, bill)
    med_type = visit.med_type or ""
    type_ = medical_type(call.hospital, med_type, INPATIENT_ONLY)
    return await trial_reply(services, call, node, shares, mdtrt_id=visit.mdtrt_id, med_type=med_type, type_=type_)


@transaction("2304")
async def settle_stay(services: Services, call: Call) -> Mapping[str, Any]:
    """住院结算: once for a stay, whichever msgid asks; a settlement that stands is answered again."""
    node = read_node(StaySettlementNode, node_of(call.input, "data"), "data")
    settled = await settle_standing(services, call, lambda: _begin(services, call, node))
    return await settlement_reply(services, settled, cert_type=node.mdtrt_cert_type)


async def _begin(services: Services, call: Call, node: StaySettlementNode) -> VisitSettlement:
    """Note the settlement of a stay's lines; the one that stands, or is under way, is everybody's."""
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, node.mdtrt_id, node.psn_no, (INPATIENT,))
        of, other = await current_settlement(connection, visit.mdtrt_id, _batch(call, node))
        if other is not None:
            return other
        held = await current_lines(connection, visit.mdtrt_id, HELD_BATCH) if node.mid_setl_flag else of
        lines, billed_on = await _billed(connection, call, visit, node, held)
        bill = bill_of(lines, node)
        day = billed_on or _discharged_on(visit, node)
        if day is None:
            raise NationalRefused(f"就诊 {visit.mdtrt_id} 尚未办理出院：请先办理出院(2402)再结算")
        if node.mid_setl_flag:
            await move_lines(connection, held, of, [line.feedetl_sn for line in lines])
        claim_id = settlement_id(call.fixmedins_code, call.number)
        event = _claim(call, visit, bill, lines, claim_id, day, interim=node.mid_setl_flag)
        claim = BillClaim(visit, of, bill, len(lines), event, visit.med_type or "", "inpatient", node.mid_setl_flag)
        settlement = claim.settlement(call, node)
        await insert_settlement(connection, settlement)
        return settlement


async def _billed(
    connection: AsyncConnection, call: Call, visit: RegisteredVisit, node: StaySettlementNode, held: LineSet
) -> tuple[list[VisitLine], date | None]:
    """The held lines of a stay that are billed; of an interim bill those up to its 31 December, with that day."""
    lines = await load_lines(connection, held)
    if not node.mid_setl_flag:
        return lines, None
    billed_on = _new_year_s_eve(call)
    if visit.began_at.date() > billed_on or visit.ended_at is not None:
        raise NationalRefused(
            f"mid_setl_flag（中途结算标志）：只有跨年住院、尚未出院的可办理年末中途结算，本次应按 {billed_on} 结算"
        )
    return [line for line in lines if line.fee_ocur_time.date() <= billed_on], billed_on


def _batch(call: Call, node: StaySettlementNode) -> str:
    return str(_new_year_s_eve(call).year) if node.mid_setl_flag else HELD_BATCH


def _new_year_s_eve(call: Call) -> date:
    """The last 31 December that is not later than today."""
    today = call.received_at.date()
    this_year = date(today.year, 12, 31)
    return this_year if today == this_year else date(today.year - 1, 12, 31)


def _discharged_on(visit: RegisteredVisit, node: StaySettlementNode) -> date | None:
    moment = visit.ended_at or node.dscgTime
    return None if moment is None else moment.date()


def _claim(
    call: Call,
    visit: RegisteredVisit,
    bill: LineSums,
    lines: Sequence[VisitLine],
    claim_id: str,
    day: date,
    *,
    interim: bool,
) -> Event:
    data = {
        "claim_id": claim_id,
        "admission_id": visit.mdtrt_id,
        "person_id": visit.psn_no,
        "billed_on" if interim else "discharged_on": day.isoformat(),
        "bill": bill.bill(),
        **({} if visit.disease is None else {"disease": visit.disease}),
    }
    type_ = "interim.recorded.v1" if interim else "discharge.recorded.v1"
    return event_of(call, type_, data, linesdigest=digest(lines))
