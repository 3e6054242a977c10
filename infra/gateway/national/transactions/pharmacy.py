"""Purchases at a pharmacy: tried and settled in one call with their lines (2101, 2102)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.claims import BillClaim, bill_of, settle, try_out
from infra.gateway.national.code_lists import PURCHASES, MedicalType, disease_of, medical_type
from infra.gateway.national.fee_nodes import MOST_LINES, LineNode, fee_answer, unpriced_line
from infra.gateway.national.fee_pricing import check_refunds, price_lines
from infra.gateway.national.fields import node_of, nodes_of, read_node, require_past
from infra.gateway.national.ledger_events import circumstances, event_of
from infra.gateway.national.registry import transaction
from infra.gateway.national.settlement_nodes import PurchaseNode
from infra.gateway.national.settlement_reply import settlement_reply, trial_reply
from infra.gateway.national.visit_access import PHARMACY, new_visit
from infra.gateway.services import Services
from processors.visits.lines import LineSet, digest, insert_lines, load_lines
from processors.visits.settlements import insert_settlement, settlement_of_claim
from processors.visits.visit_rows import HELD_BATCH, VisitLine
from processors.visits.visits import insert_visit, settlement_id, trial_id, visit_id


@transaction("2101", kept=False)
async def try_purchase(services: Services, call: Call) -> Mapping[str, Any]:
    """药店预结算: nothing is kept."""
    node, type_ = _read(call)
    of = LineSet(trial_id(f"{call.fixmedins_code}M"), HELD_BATCH, 1)
    async with services.engine.connect() as connection:
        lines = await _lines(connection, call, of)
    claim = _claim(call, node, type_, of, lines, claim_id=of.mdtrt_id)
    shares = await try_out(services, claim.event, claim.bill)
    reply = await trial_reply(services, call, node, shares, mdtrt_id=None, med_type=node.med_type, type_=type_)
    return reply | {"detlcutinfo": [fee_answer(line) for line in lines]}


@transaction("2102")
async def settle_purchase(services: Services, call: Call) -> Mapping[str, Any]:
    """药店结算: the purchase, its lines and its claim at once."""
    node, type_ = _read(call)
    of = LineSet(visit_id(call.fixmedins_code, call.number), HELD_BATCH, 1)
    claim_id = settlement_id(call.fixmedins_code, call.number)
    async with services.transaction() as connection:
        settlement = await settlement_of_claim(connection, claim_id)
        if settlement is None:
            lines = await _lines(connection, call, of)
            claim = _claim(call, node, type_, of, lines, claim_id=claim_id)
            await insert_visit(connection, claim.visit)
            await insert_lines(connection, lines)
            settlement = claim.settlement(call, node)
            await insert_settlement(connection, settlement)
    settled = await settle(services, call, settlement)
    reply = await settlement_reply(services, settled, cert_type=node.mdtrt_cert_type)
    async with services.engine.connect() as connection:
        lines = await load_lines(connection, of)
    return reply | {"detlcutinfo": [fee_answer(line) for line in lines]}


def _read(call: Call) -> tuple[PurchaseNode, MedicalType]:
    node = read_node(PurchaseNode, node_of(call.input, "druginfo"), "druginfo")
    require_past(call, "begntime", node.begntime)
    return node, medical_type(call.hospital, node.med_type, PURCHASES)


async def _lines(connection: AsyncConnection, call: Call, of: LineSet) -> list[VisitLine]:
    raw = nodes_of(call.input, "drugdetail")
    if len(raw) > MOST_LINES:
        raise NationalRefused(f"drugdetail（购药明细）共 {len(raw)} 条，每次至多 {MOST_LINES} 条：请分次结算")
    nodes = [read_node(LineNode, node, f"drugdetail 第{place}条") for place, node in enumerate(raw, start=1)]
    if len({node.feedetl_sn for node in nodes}) < len(nodes):
        raise NationalRefused("drugdetail（购药明细）的 feedetl_sn（费用明细流水号）有重复：请改正后重发")
    stated = [
        unpriced_line(node, given, of, opter=call.opter, at=call.received_at)
        for node, given in zip(nodes, raw, strict=True)
    ]
    check_refunds((), stated, required=False)
    return await price_lines(connection, call, stated)


def _claim(
    call: Call,
    node: PurchaseNode,
    type_: MedicalType,
    of: LineSet,
    lines: Sequence[VisitLine],
    *,
    claim_id: str,
) -> BillClaim:
    bill = bill_of(lines, node)
    disease = None if node.dise_codg is None else disease_of(call.hospital, node.dise_codg)
    raw = node_of(call.input, "druginfo")
    visit = new_visit(call, of.mdtrt_id, PHARMACY, node, raw, med_type=node.med_type, disease=disease)
    data = {
        "claim_id": claim_id,
        "person_id": node.psn_no,
        "hospital_id": call.fixmedins_code,
        "served_on": node.begntime.date().isoformat(),
        "setting": type_.setting,
        "bill": bill.bill(),
        **({} if disease is None else {"disease": disease}),
        **circumstances(type_),
    }
    event = event_of(call, "outpatient.recorded.v1", data, linesdigest=digest(lines))
    return BillClaim(visit, of, bill, len(lines), event, node.med_type, type_.setting)
