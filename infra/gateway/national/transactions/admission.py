"""Stays: admission, its change and cancellation, discharge and its cancellation (2401 to 2405)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.gateway.answers import Answer
from infra.gateway.national.call import Call, NationalRefused, Original
from infra.gateway.national.code_lists import INPATIENT_ONLY, disease_of, medical_type
from infra.gateway.national.fields import node_of, read_node, require_past
from infra.gateway.national.ledger_events import away, changed_fields, circumstances, event_of, require_accepted
from infra.gateway.national.registry import transaction, undo
from infra.gateway.national.visit_access import INPATIENT, new_visit, open_visit, own_visit
from infra.gateway.national.visit_nodes import (
    AdmissionNode,
    ChangeNode,
    DischargeNode,
    VisitKey,
    diagnosis_codes,
    diagnosis_nodes,
    kept,
)
from infra.gateway.services import Services
from processors.visits.lines import delete_lines, line_batches
from processors.visits.settlements import current_lines, standing_settlements
from processors.visits.visit_rows import RegisteredVisit
from processors.visits.visits import change_visit, insert_visit, load_visit, visit_id


@transaction("2401")
async def admit(services: Services, call: Call) -> Mapping[str, Any]:
    """入院办理: the ledger takes the admission before 就诊ID is told."""
    raw = node_of(call.input, "mdtrtinfo")
    node = read_node(AdmissionNode, raw, "mdtrtinfo")
    type_ = medical_type(call.hospital, node.med_type, INPATIENT_ONLY)
    diagnoses = diagnosis_nodes(call.input)
    require_past(call, "begntime", node.begntime)
    mdtrt_id = visit_id(call.fixmedins_code, call.number)
    visit = new_visit(
        call,
        mdtrt_id,
        INPATIENT,
        node,
        raw,
        state="sent",
        ipt_otp_no=node.ipt_no,
        med_type=node.med_type,
        disease=None if node.dise_codg is None else disease_of(call.hospital, node.dise_codg),
        diagnoses=diagnoses,
    )
    async with services.transaction() as connection:
        await insert_visit(connection, visit)
    data = {
        "admission_id": mdtrt_id,
        "person_id": node.psn_no,
        "hospital_id": call.fixmedins_code,
        "admitted_on": node.begntime.date().isoformat(),
        "diagnoses": diagnosis_codes(diagnoses),
        **({"filed": False} if away(call) else {}),
        **circumstances(type_),
    }
    event = event_of(call, "admission.recorded.v1", data)
    answer = await services.send(call.source, event, event["id"], transaction=call.number)
    await _note_admitted(services, mdtrt_id, answer)
    require_accepted(answer)
    return {"result": {"mdtrt_id": mdtrt_id}}


@transaction("2402")
async def discharge(services: Services, call: Call) -> None:
    """出院办理: kept until the stay is settled; again, it replaces what was told before."""
    raw = node_of(call.input, "dscginfo")
    node = read_node(DischargeNode, raw, "dscginfo")
    diagnoses = diagnosis_nodes(call.input)
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, node.mdtrt_id, node.psn_no, (INPATIENT,))
        await _require_unsettled(connection, visit)
        require_past(call, "endtime", node.endtime)
        if node.endtime.date() < visit.began_at.date():
            raise NationalRefused(f"endtime（出院时间）{node.endtime:%Y-%m-%d} 早于入院时间 {visit.began_at:%Y-%m-%d}")
        changed = {} if node.dise_codg is None else {"disease": disease_of(call.hospital, node.dise_codg)}
        await change_visit(
            connection,
            visit.mdtrt_id,
            ended_at=node.endtime,
            discharge=kept(raw),
            discharge_diagnoses=diagnoses,
            **changed,
        )


@transaction("2403")
async def change(services: Services, call: Call) -> None:
    """入院信息变更: what the ledger knows of the stay is changed there too, before it is settled."""
    raw = node_of(call.input, "adminfo")
    node = read_node(ChangeNode, raw, "adminfo")
    diagnoses = diagnosis_nodes(call.input)
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, node.mdtrt_id, node.psn_no, (INPATIENT,))
        await _require_unsettled(connection, visit)
    changed: dict[str, Any] = {"registration": {**visit.registration, **kept(raw)}}
    changed |= {"diagnoses": diagnoses} if diagnoses else {}
    changed |= {"began_at": node.begntime} if node.begntime else {}
    changed |= {"ended_at": node.endtime} if node.endtime and visit.ended_at else {}
    changed |= {"med_type": node.med_type} if node.med_type else {}
    changed |= {"disease": disease_of(call.hospital, node.dise_codg)} if node.dise_codg else {}
    require_past(call, "begntime", node.begntime or visit.began_at)
    told = changed_fields(_told(call, visit, {}), _told(call, visit, changed))
    if told:
        event = event_of(call, "admission.changed.v1", {"admission_id": visit.mdtrt_id, **told})
        require_accepted(await services.send(call.source, event, event["id"], transaction=call.number))
    async with services.transaction() as connection:
        await change_visit(connection, visit.mdtrt_id, **changed)


@transaction("2404")
async def cancel_admission(services: Services, call: Call) -> None:
    """入院撤销; a stay that is cancelled already stays so."""
    node = read_node(VisitKey, node_of(call.input, "data"), "data")
    async with services.transaction() as connection:
        visit = await own_visit(connection, call, node.mdtrt_id, node.psn_no, (INPATIENT,))
        if visit.state != "cancelled":
            await open_visit(connection, call, node.mdtrt_id, node.psn_no, (INPATIENT,))
            await _require_unsettled(connection, visit)
    await _cancel(services, call, visit, "入院撤销")


@transaction("2405")
async def cancel_discharge(services: Services, call: Call) -> None:
    """出院撤销: the stay goes on, where it is not settled."""
    node = read_node(VisitKey, node_of(call.input, "data"), "data")
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, node.mdtrt_id, node.psn_no, (INPATIENT,))
        await _require_unsettled(connection, visit)
        await change_visit(connection, visit.mdtrt_id, ended_at=None, discharge=None, discharge_diagnoses=None)


@undo("2401")
async def withdraw_admission(services: Services, call: Call, original: Original) -> None:
    """Cancel what an admission has registered, if the ledger took it."""
    mdtrt_id = visit_id(call.fixmedins_code, original.number)
    for answer in original.answers.values():
        await _note_admitted(services, mdtrt_id, answer)
    async with services.transaction() as connection:
        visit = await load_visit(connection, mdtrt_id, lock=True)
        if visit is None or visit.state == "refused":
            return
        if visit.state == "open":
            await _require_unsettled(connection, visit)
    await _cancel(services, call, visit, "冲正入院登记")


async def _note_admitted(services: Services, mdtrt_id: str, answer: Answer) -> None:
    state = "open" if answer.type == "event.accepted.v1" else "refused"
    async with services.transaction() as connection:
        visit = await load_visit(connection, mdtrt_id, lock=True)
        if visit is not None and visit.state == "sent":
            await change_visit(connection, mdtrt_id, state=state)


async def _cancel(services: Services, call: Call, visit: RegisteredVisit, reason: str) -> None:
    if visit.state == "cancelled":
        return
    if visit.state == "open":
        event = event_of(call, "admission.cancelled.v1", {"admission_id": visit.mdtrt_id, "reason": reason})
        require_accepted(await services.send(call.source, event, event["id"], transaction=call.number))
    async with services.transaction() as connection:
        for batch in await line_batches(connection, visit.mdtrt_id):
            await delete_lines(connection, await current_lines(connection, visit.mdtrt_id, batch))
        await change_visit(connection, visit.mdtrt_id, state="cancelled")


def _told(call: Call, visit: RegisteredVisit, changed: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger knows of a stay, by the visit as it is or as it is to be."""
    type_ = medical_type(call.hospital, changed.get("med_type", visit.med_type), INPATIENT_ONLY)
    return {
        "admitted_on": changed.get("began_at", visit.began_at).date().isoformat(),
        "diagnoses": diagnosis_codes(changed.get("diagnoses", visit.diagnoses)),
        "emergency": type_.emergency,
        "stay_kind": type_.stay_kind,
    }


async def _require_unsettled(connection: AsyncConnection, visit: RegisteredVisit) -> None:
    for settlement in await standing_settlements(connection, visit.mdtrt_id):
        if settlement.state == "sent":
            raise NationalRefused(f"就诊 {visit.mdtrt_id} 的结算尚未完成：请以原msgid重发，或先冲正(2601)", system=True)
        if not settlement.interim:
            raise NationalRefused(f"就诊 {visit.mdtrt_id} 已结算（{settlement.setl_id}）：请先撤销结算(2305)")
