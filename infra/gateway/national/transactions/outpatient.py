"""Outpatient visits: registered, described, settled by batches of lines (2201, 2202, 2203, 2203A, 2206, 2207)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.claims import BillClaim, bill_of, settle_standing, try_out
from infra.gateway.national.code_lists import VISITS, MedicalType, disease_of, medical_type
from infra.gateway.national.fields import node_of, read_node, require_past
from infra.gateway.national.ledger_events import circumstances, event_of
from infra.gateway.national.registry import transaction
from infra.gateway.national.settlement_nodes import VisitSettlementNode
from infra.gateway.national.settlement_reply import settlement_reply, trial_reply
from infra.gateway.national.visit_access import OUTPATIENT, new_visit, open_visit, own_visit
from infra.gateway.national.visit_nodes import RegistrationNode, VisitKey, VisitNode, diagnosis_nodes, kept
from infra.gateway.services import Services
from processors.visits.lines import LineSet, delete_lines, digest, line_batches, load_lines
from processors.visits.settlements import (
    current_lines,
    current_settlement,
    insert_settlement,
    standing_settlements,
)
from processors.visits.visit_rows import RegisteredVisit, VisitLine, VisitSettlement
from processors.visits.visits import change_visit, insert_visit, settlement_id, trial_id, visit_id


@transaction("2201")
async def register(services: Services, call: Call) -> Mapping[str, Any]:
    """门诊挂号: kept here; the ledger hears of a visit with its claim."""
    raw = node_of(call.input, "data")
    node = read_node(RegistrationNode, raw, "data")
    require_past(call, "begntime", node.begntime)
    mdtrt_id = visit_id(call.fixmedins_code, call.number)
    visit = new_visit(call, mdtrt_id, OUTPATIENT, node, raw, ipt_otp_no=node.ipt_otp_no)
    async with services.transaction() as connection:
        await insert_visit(connection, visit)
    return {"data": {"mdtrt_id": mdtrt_id, "psn_no": node.psn_no, "ipt_otp_no": node.ipt_otp_no}}


@transaction("2202")
async def cancel_registration(services: Services, call: Call) -> None:
    """门诊挂号撤销, with the lines that are not settled; a visit that is cancelled already stays so."""
    node = read_node(VisitKey, node_of(call.input, "data"), "data")
    async with services.transaction() as connection:
        visit = await own_visit(connection, call, node.mdtrt_id, node.psn_no, (OUTPATIENT,))
        standing = await standing_settlements(connection, visit.mdtrt_id)
        if standing:
            raise NationalRefused(f"就诊 {visit.mdtrt_id} 已结算（{standing[0].setl_id}）：请先撤销结算(2208)")
        for batch in await line_batches(connection, visit.mdtrt_id):
            await delete_lines(connection, await current_lines(connection, visit.mdtrt_id, batch))
        await change_visit(connection, visit.mdtrt_id, state="cancelled")


@transaction("2203", "2203A")
async def describe(services: Services, call: Call) -> None:
    """门诊就诊信息: kind of treatment, disease and diagnoses, in place of what was told before."""
    raw = node_of(call.input, "mdtrtinfo")
    node = read_node(VisitNode, raw, "mdtrtinfo")
    medical_type(call.hospital, node.med_type, VISITS)
    diagnoses = diagnosis_nodes(call.input)
    require_past(call, "begntime", node.begntime)
    disease = None if node.dise_codg is None else disease_of(call.hospital, node.dise_codg)
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, node.mdtrt_id, node.psn_no, (OUTPATIENT,))
        await change_visit(
            connection,
            visit.mdtrt_id,
            began_at=node.begntime,
            med_type=node.med_type,
            disease=disease,
            registration={**visit.registration, **kept(raw)},
            diagnoses=diagnoses,
        )


@transaction("2206", kept=False)
async def try_visit(services: Services, call: Call) -> Mapping[str, Any]:
    """门诊预结算 of a batch of lines."""
    node = read_node(VisitSettlementNode, node_of(call.input, "data"), "data")
    type_ = medical_type(call.hospital, node.med_type, VISITS)
    async with services.engine.connect() as connection:
        visit = await open_visit(connection, call, node.mdtrt_id, node.psn_no, (OUTPATIENT,), lock=False)
        of = await current_lines(connection, visit.mdtrt_id, node.chrg_bchno)
        claim = await _claim(connection, call, node, (visit, of, type_), trial_id(visit.mdtrt_id))
    shares = await try_out(services, claim.event, claim.bill)
    return await trial_reply(services, call, node, shares, mdtrt_id=visit.mdtrt_id, med_type=node.med_type, type_=type_)


@transaction("2207")
async def settle_visit(services: Services, call: Call) -> Mapping[str, Any]:
    """门诊结算 of a batch: once, whichever msgid asks; a settlement that stands is answered again."""
    node = read_node(VisitSettlementNode, node_of(call.input, "data"), "data")
    settled = await settle_standing(services, call, lambda: _begin(services, call, node))
    return await settlement_reply(services, settled, cert_type=node.mdtrt_cert_type)


async def _begin(services: Services, call: Call, node: VisitSettlementNode) -> VisitSettlement:
    type_ = medical_type(call.hospital, node.med_type, VISITS)
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, node.mdtrt_id, node.psn_no, (OUTPATIENT,))
        of, other = await current_settlement(connection, visit.mdtrt_id, node.chrg_bchno)
        if other is not None:
            return other
        claim_id = settlement_id(call.fixmedins_code, call.number)
        claim = await _claim(connection, call, node, (visit, of, type_), claim_id)
        settlement = claim.settlement(call, node)
        await insert_settlement(connection, settlement)
        return settlement


async def _claim(
    connection: AsyncConnection,
    call: Call,
    node: VisitSettlementNode,
    treated: tuple[RegisteredVisit, LineSet, MedicalType],
    claim_id: str,
) -> BillClaim:
    visit, of, type_ = treated
    lines = await load_lines(connection, of)
    bill = bill_of(lines, node)
    disease = _disease(call, visit, lines)
    if type_.setting == "chronic" and disease is None:
        raise NationalRefused("门诊慢特病须有病种：请在2203A或2204中上传 dise_codg（病种编码）")
    data = {
        "claim_id": claim_id,
        "person_id": visit.psn_no,
        "hospital_id": visit.fixmedins_code,
        "served_on": visit.began_at.date().isoformat(),
        "setting": type_.setting,
        "bill": bill.bill(),
        **({} if disease is None else {"disease": disease}),
        **circumstances(type_),
    }
    event = event_of(call, "outpatient.recorded.v1", data, linesdigest=digest(lines))
    return BillClaim(visit, of, bill, len(lines), event, node.med_type, type_.setting)


def _disease(call: Call, visit: RegisteredVisit, lines: Sequence[VisitLine]) -> str | None:
    """The disease of a batch, of which its lines name one at most; else the visit's."""
    named = {str(code) for line in lines if (code := line.node.get("dise_codg"))}
    if len(named) > 1:
        raise NationalRefused(f"一个收费批次只能有一个病种，现有 {'、'.join(sorted(named))}：请分批上传")
    return disease_of(call.hospital, named.pop()) if named else visit.disease
