"""Fee lines of stays and visits: uploaded and taken back (2301, 2302, 2204, 2205)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.fee_nodes import (
    MOST_LINES,
    BatchKey,
    LineNode,
    LinesKey,
    fee_answer,
    unpriced_line,
)
from infra.gateway.national.fee_pricing import check_refunds, price_lines
from infra.gateway.national.fields import node_of, nodes_of, read_node
from infra.gateway.national.registry import transaction
from infra.gateway.national.visit_access import INPATIENT, OUTPATIENT, open_visit
from infra.gateway.services import Services
from processors.visits.lines import (
    LineSet,
    delete_lines,
    insert_lines,
    line_batches,
    lines_numbered,
    load_lines,
)
from processors.visits.settlements import current_settlement, reversed_rounds
from processors.visits.visit_rows import HELD_BATCH, RegisteredVisit, VisitLine

ALL = "0000"
"""In place of a line's or batch's number: all that are not settled."""
_SAME = ("init_feedetl_sn", "med_list_codg", "medins_list_codg", "fee_ocur_time", "cnt", "pric", "amount")


@transaction("2301")
async def upload_stay_lines(services: Services, call: Call) -> Mapping[str, Any]:
    """住院明细上传: a line that was sent before, unchanged, is answered as before."""
    return await _upload(services, call, INPATIENT)


@transaction("2204")
async def upload_visit_lines(services: Services, call: Call) -> Mapping[str, Any]:
    """门诊明细上传, by batches (收费批次)."""
    return await _upload(services, call, OUTPATIENT)


@transaction("2302")
async def remove_stay_lines(services: Services, call: Call) -> None:
    """住院明细撤销: lines by their numbers, or all that are not settled."""
    keys = [read_node(LinesKey, node, "data") for node in nodes_of(call.input, "data")]
    first = keys[0]
    if any((key.mdtrt_id, key.psn_no) != (first.mdtrt_id, first.psn_no) for key in keys):
        raise NationalRefused("data：一次只撤销一个就诊的明细，请分开发送")
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, first.mdtrt_id, first.psn_no, (INPATIENT,))
        of = await _unsettled(connection, visit, HELD_BATCH)
        if any(key.feedetl_sn == ALL for key in keys):
            await delete_lines(connection, of)
            return
        await _remove(connection, of, {key.feedetl_sn for key in keys})


@transaction("2205")
async def remove_visit_lines(services: Services, call: Call) -> None:
    """门诊明细撤销: a batch, or all batches that are not settled."""
    key = read_node(BatchKey, node_of(call.input, "data"), "data")
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, key.mdtrt_id, key.psn_no, (OUTPATIENT,))
        if key.chrg_bchno != ALL:
            if not await delete_lines(connection, await _unsettled(connection, visit, key.chrg_bchno)):
                raise NationalRefused(f"就诊 {visit.mdtrt_id} 没有收费批次 {key.chrg_bchno} 的明细：请核对 chrg_bchno")
            return
        for batch in await line_batches(connection, visit.mdtrt_id):
            of, standing = await current_settlement(connection, visit.mdtrt_id, batch)
            if standing is None:
                await delete_lines(connection, of)


async def _upload(services: Services, call: Call, kind: str) -> Mapping[str, Any]:
    raw = nodes_of(call.input, "feedetail")
    if len(raw) > MOST_LINES:
        raise NationalRefused(f"feedetail（费用明细）共 {len(raw)} 条，每次至多 {MOST_LINES} 条：请分批上传")
    nodes = [read_node(LineNode, node, f"feedetail 第{place}条") for place, node in enumerate(raw, start=1)]
    mdtrt_id, psn_no = _one_visit(nodes)
    async with services.transaction() as connection:
        visit = await open_visit(connection, call, mdtrt_id, psn_no, (kind,))
        rounds = await reversed_rounds(connection, mdtrt_id)
        numbers = {node.feedetl_sn for node in nodes}
        known = {
            line.feedetl_sn: line
            for line in await lines_numbered(connection, mdtrt_id, numbers)
            if line.round > rounds.get(line.chrg_bchno, 0)
        }
        lines = [_line(call, visit, rounds, node, given) for node, given in zip(nodes, raw, strict=True)]
        new = _new_lines(lines, known)
        for batch in sorted({line.chrg_bchno for line in new}):
            of = await _unsettled(connection, visit, batch)
            added = [line for line in new if line.chrg_bchno == batch]
            held = []
            if any(line.cnt < 0 or line.amount < 0 for line in added):
                held = await load_lines(connection, of)
                check_refunds(held, added, required=kind == INPATIENT)
            added = await price_lines(connection, call, added, held)
            await insert_lines(connection, added)
            known |= {line.feedetl_sn: line for line in added}
    return {"result": [fee_answer(known[node.feedetl_sn]) for node in nodes]}


def _one_visit(nodes: Sequence[LineNode]) -> tuple[str, str]:
    visits = {(node.mdtrt_id, node.psn_no) for node in nodes}
    mdtrt_id, psn_no = nodes[0].mdtrt_id, nodes[0].psn_no
    if mdtrt_id is None or psn_no is None:
        raise NationalRefused("feedetail 的 mdtrt_id（就诊ID）、psn_no（人员编号）必填：请补充后重传")
    if len(visits) > 1:
        raise NationalRefused("feedetail（费用明细）含多个就诊或多个人员的明细：请按就诊分开上传")
    return mdtrt_id, psn_no


def _line(
    call: Call, visit: RegisteredVisit, rounds: Mapping[str, int], node: LineNode, raw: Mapping[str, Any]
) -> VisitLine:
    batch = HELD_BATCH
    if visit.kind == OUTPATIENT:
        if node.chrg_bchno is None or node.chrg_bchno == ALL:
            raise NationalRefused(f"费用明细 {node.feedetl_sn}：chrg_bchno（收费批次号）必填，且不为 {ALL}")
        batch = node.chrg_bchno
    of = LineSet(visit.mdtrt_id, batch, rounds.get(batch, 0) + 1)
    return unpriced_line(node, raw, of, opter=call.opter, at=call.received_at)


def _new_lines(lines: Iterable[VisitLine], known: Mapping[str, VisitLine]) -> list[VisitLine]:
    """The lines that were not sent before; one that was, with other content, is refused."""
    new: dict[str, VisitLine] = {}
    for line in lines:
        before = known.get(line.feedetl_sn) or new.get(line.feedetl_sn)
        if before is None:
            new[line.feedetl_sn] = line
        elif any(getattr(before, name) != getattr(line, name) for name in _SAME):
            raise NationalRefused(
                f"feedetl_sn（费用明细流水号）{line.feedetl_sn} 已用于另一条明细：请换号，或先撤销原明细再上传"
            )
    return list(new.values())


async def _unsettled(connection: AsyncConnection, visit: RegisteredVisit, batch: str) -> LineSet:
    of, settlement = await current_settlement(connection, visit.mdtrt_id, batch)
    if settlement is not None:
        which = f"收费批次 {batch}" if batch else f"就诊 {visit.mdtrt_id}"
        back = "2208" if visit.kind == OUTPATIENT else "2305"
        raise NationalRefused(f"{which} 已结算（{settlement.setl_id}），明细不能增减：请先撤销结算({back})")
    return of


async def _remove(connection: AsyncConnection, of: LineSet, numbers: Collection[str]) -> None:
    held = await load_lines(connection, of)
    missing = sorted(set(numbers) - {line.feedetl_sn for line in held})
    if missing:
        raise NationalRefused(f"没有未结算的费用明细 {'、'.join(missing[:5])}：请核对 feedetl_sn（费用明细流水号）")
    refunds = [line for line in held if line.init_feedetl_sn in numbers and line.feedetl_sn not in numbers]
    if refunds:
        raise NationalRefused(f"费用明细 {refunds[0].init_feedetl_sn} 已有退费明细 {refunds[0].feedetl_sn}：请一并撤销")
    await delete_lines(connection, of, numbers)
