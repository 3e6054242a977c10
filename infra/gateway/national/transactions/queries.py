"""What a hospital asks of its own visits, and of a person's accumulations (5201 to 5206, 5261)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.claims import lines_of
from infra.gateway.national.fee_nodes import fee_answer
from infra.gateway.national.fields import CodeOf, Moment, Node, Number, node_of, read_node
from infra.gateway.national.person_fields import insurance_code, record_look
from infra.gateway.national.registry import transaction
from infra.gateway.national.settlement_answer import RESIDENTS_CODES, amount
from infra.gateway.national.settlement_reply import moment_text, settlement_reply
from infra.gateway.national.visit_access import INPATIENT, OUTPATIENT, PHARMACY, own_visit
from infra.gateway.services import Services
from policies.funds import USUAL
from processors.visits.lines import line_batches, load_lines
from processors.visits.settlements import current_lines, settlement_of, settlements_of_person
from processors.visits.visit_rows import RegisteredVisit, VisitLine, VisitSettlement
from processors.visits.visits import visits_of_person
from projections.accumulations import accumulations
from projections.enrolments import load_enrolments
from projections.hospitals import load_hospitals
from projections.statements import statements

_ANY = (INPATIENT, OUTPATIENT, PHARMACY)
_AT_HOSPITAL = "2"
"""pay_loc: settled at the hospital."""
_STAYS, _DEDUCTIBLE = "C0000", "Q0000"
_LINE_NAMES = (
    *("bilg_dept_codg", "bilg_dept_name", "bilg_dr_codg", "bilg_dr_name", "acord_dept_codg", "acord_dept_name"),
    *("orders_dr_code", "orders_dr_name", "rxno", "drord_no"),
)
"""Of a line as it was sent."""


class PersonSpan(Node):
    """``data`` of 5201 and 5205."""

    psn_no: Number
    begntime: Moment
    endtime: Moment | None = None
    med_type: CodeOf | None = None
    mdtrt_id: Number | None = None


class VisitQuery(Node):
    """``data`` of 5202 and 5204."""

    psn_no: Number
    mdtrt_id: Number
    setl_id: Number | None = None


class SettlementQuery(Node):
    """``data`` of 5203 and 5261."""

    psn_no: Number
    mdtrt_id: Number
    setl_id: Number


class AccumulationQuery(Node):
    """``data`` of 5206; ``cum_ym`` yyyyMM, whose year is told."""

    psn_no: Number
    cum_ym: CodeOf | None = None


@transaction("5201", kept=False)
async def list_visits(services: Services, call: Call) -> Mapping[str, Any]:
    """就诊信息查询: the hospital's own visits of a person that began within a time."""
    node = read_node(PersonSpan, node_of(call.input, "data"), "data")
    found = await _visits(services, call, node)
    chosen = [visit for visit in found if node.med_type in (None, visit.med_type)]
    await record_look(services, call, node.psn_no)
    return {"mdtrtinfo": [_visit(visit) for visit in chosen if node.mdtrt_id in (None, visit.mdtrt_id)]}


@transaction("5202", kept=False)
async def list_diagnoses(services: Services, call: Call) -> Mapping[str, Any]:
    """诊断信息查询: of the registration, then of the discharge."""
    node = read_node(VisitQuery, node_of(call.input, "data"), "data")
    async with services.engine.connect() as connection:
        visit = await own_visit(connection, call, node.mdtrt_id, node.psn_no, _ANY, lock=False)
    await record_look(services, call, node.psn_no)
    told = [("1", each) for each in visit.diagnoses] + [("2", each) for each in visit.discharge_diagnoses or ()]
    return {
        "diseinfo": [
            {
                **each,
                "diag_info_id": f"{visit.mdtrt_id}-{place}",
                "mdtrt_id": visit.mdtrt_id,
                "psn_no": visit.psn_no,
                "inout_diag_type": when,
                "opter_id": visit.opter,
            }
            for place, (when, each) in enumerate(told, start=1)
        ]
    }


@transaction("5203", "5261", kept=False)
async def show_settlement(services: Services, call: Call) -> Mapping[str, Any]:
    """结算信息查询: what was told when it was settled, and what stands now where a late fact has changed it."""
    node = read_node(SettlementQuery, node_of(call.input, "data"), "data")
    async with services.engine.connect() as connection:
        visit = await own_visit(connection, call, node.mdtrt_id, node.psn_no, _ANY, lock=False)
        settlement = await _settled(connection, visit, node.setl_id)
        hospital = (await load_hospitals(connection, [call.fixmedins_code])).get(call.fixmedins_code)
        reversed_, changed = await _changed(connection, settlement)
    await record_look(services, call, node.psn_no)
    reply = await settlement_reply(services, settlement)
    info = reply["setlinfo"]
    more = {
        "psn_pay": info["psn_part_amt"],
        "cash_payamt": info["psn_cash_pay"],
        "pay_loc": _AT_HOSPITAL,
        "fixmedins_code": call.fixmedins_code,
        "fixmedins_name": None if hospital is None else hospital.name,
        "hosp_lv": None if hospital is None else str(hospital.tier),
        "begndate": visit.began_at.date().isoformat(),
        "enddate": (visit.ended_at or visit.began_at).date().isoformat(),
        "refd_setl_flag": "1" if settlement.state == "reversed" or reversed_ else "0",
        "invono": settlement.invono,
        "opter_id": settlement.opter,
    }
    return {"setlinfo": {**info, **more}, "setldetail": reply["setldetail"], "resetlinfo": changed}


@transaction("5204", kept=False)
async def list_lines(services: Services, call: Call) -> list[Any]:
    """费用明细查询 of a settlement, or of all that stands of a visit: the output is the list itself."""
    node = read_node(VisitQuery, node_of(call.input, "data"), "data")
    async with services.engine.connect() as connection:
        visit = await own_visit(connection, call, node.mdtrt_id, node.psn_no, _ANY, lock=False)
        if node.setl_id is not None:
            lines = await load_lines(connection, lines_of(await _settled(connection, visit, node.setl_id)))
        else:
            batches = await line_batches(connection, visit.mdtrt_id)
            sets = [await current_lines(connection, visit.mdtrt_id, batch) for batch in batches]
            lines = [line for of in sets for line in await load_lines(connection, of)]
    await record_look(services, call, node.psn_no)
    return [_line(line, visit.psn_no, node.setl_id) for line in lines]


@transaction("5205", kept=False)
async def list_chronic_lines(services: Services, call: Call) -> Mapping[str, Any]:
    """慢特病用药记录查询: lines of the hospital's chronic claims that stand, by the day of the fee."""
    node = read_node(PersonSpan, node_of(call.input, "data"), "data")
    last = _last(call, node)
    async with services.engine.connect() as connection:
        claims = await settlements_of_person(connection, call.fixmedins_code, node.psn_no, "chronic")
        lines = [
            _line(line, node.psn_no, claim.setl_id)
            for claim in claims
            for line in await load_lines(connection, lines_of(claim))
            if node.begntime <= line.fee_ocur_time <= last
        ]
    await record_look(services, call, node.psn_no)
    return {"feedetail": lines}


@transaction("5206", kept=False)
async def list_accumulations(services: Services, call: Call) -> Mapping[str, Any]:
    """人员累计信息查询 of a year, over all hospitals: stays, deductibles, what each fund has paid."""
    node = read_node(AccumulationQuery, node_of(call.input, "data"), "data")
    month = node.cum_ym or f"{call.received_at:%Y%m}"
    if not (month.isdecimal() and len(month) == len("yyyyMM")):
        raise NationalRefused("cum_ym（累计年月）须为 yyyyMM：请改正后重发")
    year = int(month[:4])
    async with services.engine.connect() as connection:
        enrolment = (await load_enrolments(connection, [node.psn_no])).get((node.psn_no, year))
        sums = await _sums(connection, node.psn_no, year)
    await record_look(services, call, node.psn_no)
    insutype = insurance_code("resident" if enrolment is None else enrolment.insurance_type)
    row = {"insutype": insutype, "year": str(year), "cum_ym": month}
    return {"cuminfo": [{**row, "cum_type_code": code, "cum": value} for code, value in sorted(sums.items())]}


async def _sums(connection: AsyncConnection, psn_no: str, year: int) -> dict[str, Any]:
    own = accumulations.c.person_id == psn_no, accumulations.c.year == year
    rows = await connection.execute(
        select(accumulations.c.layer, func.sum(accumulations.c.deductible), func.sum(accumulations.c.paid))
        .where(*own)
        .group_by(accumulations.c.layer)
    )
    stays = select(func.count()).where(
        statements.c.person_id == psn_no,
        statements.c.year == year,
        statements.c.setting == "inpatient",
        statements.c.status == "settled",
    )
    fen: dict[str, int] = {}
    for layer, deductible, paid in rows:
        fund = RESIDENTS_CODES.get(USUAL.get(layer, layer))
        if layer == "basic":
            fen[_DEDUCTIBLE] = int(deductible)
        if fund is not None:
            code = f"D{fund[:4]}01"  # 390101 of 390100, as in traffic
            fen[code] = fen.get(code, 0) + int(paid)
    return {_STAYS: await connection.scalar(stays), **{code: amount(value) for code, value in fen.items()}}


async def _settled(connection: AsyncConnection, visit: RegisteredVisit, setl_id: str) -> VisitSettlement:
    settlement = await settlement_of(connection, setl_id)
    if settlement is None or settlement.mdtrt_id != visit.mdtrt_id or settlement.settled_at is None:
        raise NationalRefused(f"setl_id（结算ID）{setl_id} 不是就诊 {visit.mdtrt_id} 的结算：请核对")
    return settlement


async def _changed(connection: AsyncConnection, settlement: VisitSettlement) -> tuple[bool, list[dict[str, Any]]]:
    """Whether a bureau has reversed a claim since it was told; what stands of one that changed, by how much more."""
    query = select(statements).where(statements.c.claim_id == settlement.claim_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None or settlement.state != "settled":
        return False, []
    reversed_ = row["status"] == "reversed"
    told = (settlement.total, settlement.fund_pay or 0, settlement.psn_part or 0, settlement.hosp_part or 0)
    now = (row["total"], sum(paid for _, paid in row["layers"]), row["patient_share"], row["hospital_share"])
    now = (0, 0, 0, 0) if reversed_ else now
    if told == now:
        return False, []
    names = ("medfee_sumamt", "fund_pay_sumamt", "psn_part_amt", "hosp_part_amt")
    stands = {name: amount(value) for name, value in zip(names, now, strict=True)}
    more = {f"{name}_diff": amount(new - old) for name, new, old in zip(names, now, told, strict=True)}
    return reversed_, [{"setl_id": settlement.setl_id, "revision": row["revision"], **stands, **more}]


async def _visits(services: Services, call: Call, node: PersonSpan) -> Sequence[RegisteredVisit]:
    async with services.engine.connect() as connection:
        last = _last(call, node)
        return await visits_of_person(connection, call.fixmedins_code, node.psn_no, node.begntime, last)


def _last(call: Call, node: PersonSpan) -> datetime:
    """The end of a span, whose day counts whole where it has no time."""
    if node.endtime is None:
        return call.received_at
    midnight = node.endtime.hour == node.endtime.minute == node.endtime.second == 0
    return node.endtime + timedelta(days=1, microseconds=-1) if midnight else node.endtime


def _visit(visit: RegisteredVisit) -> dict[str, Any]:
    ended = visit.ended_at
    return {
        **visit.registration,
        **(visit.discharge or {}),
        "mdtrt_id": visit.mdtrt_id,
        "psn_no": visit.psn_no,
        "insutype": visit.insutype,
        "med_type": visit.med_type,
        "ipt_otp_no": visit.ipt_otp_no,
        "fixmedins_code": visit.fixmedins_code,
        "begntime": moment_text(visit.began_at),
        "endtime": None if ended is None else moment_text(ended),
        "ipt_days": None if ended is None else (ended.date() - visit.began_at.date()).days,
        "inhosp_stas": "1" if visit.kind == INPATIENT and ended is None else "0",
        "vali_flag": "1" if visit.state == "open" else "0",
    }


def _line(line: VisitLine, psn_no: str, setl_id: str | None) -> dict[str, Any]:
    return {
        **fee_answer(line),
        "mdtrt_id": line.mdtrt_id,
        "setl_id": setl_id,
        "psn_no": psn_no,
        "chrg_bchno": line.chrg_bchno or None,
        "init_feedetl_sn": line.init_feedetl_sn,
        "fee_ocur_time": moment_text(line.fee_ocur_time),
        "hilist_code": line.med_list_codg,
        "med_list_codg": line.med_list_codg,
        "medins_list_codg": line.medins_list_codg,
        **{name: line.node.get(name) for name in _LINE_NAMES},
    }
