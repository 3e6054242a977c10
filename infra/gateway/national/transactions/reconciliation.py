"""对账: sums of settlements by day of settlement (3201), and each of them line by line from a file (3202)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.fields import node_of, read_node
from infra.gateway.national.file_reply import file_of
from infra.gateway.national.reconciliation_nodes import DetailNode, TotalsNode
from infra.gateway.national.registry import transaction
from infra.gateway.national.settlement_reply import moment_text
from infra.gateway.national.statement_comparison import compared, totals_description, totals_result, written
from infra.gateway.national.statement_text import hospital_lines, zipped
from infra.gateway.services import Services
from processors.reconciliation.hospital_settlements import ToldSettlement, hospital_settlements, sums_of
from processors.visits.hospital_settings import HospitalSettings
from processors.visits.statement_files import file_number, keep_file, own_file


@transaction("3201", kept=False)
async def compare_totals(services: Services, call: Call) -> Mapping[str, Any]:
    """医药机构费用结算对总账: the hospital's sums against those that it was told."""
    node = read_node(TotalsNode, node_of(call.input, "data"), "data")
    chosen = node.chosen(node.insutype)
    if node.acct_pay:
        raise NationalRefused("acct_pay（个人账户支付）应为 0：本统筹区没有个人账户，请核对")
    async with services.engine.connect() as connection:
        rows = await hospital_settlements(connection, call.fixmedins_code, chosen)
    told = sums_of(rows)
    result = totals_result(node.sums(), told)
    return {
        "stmtinfo": {
            "setl_optins": node.setl_optins,
            "stmt_rslt": written(call.hospital, result),
            "stmt_rslt_dscr": totals_description(result, told, rows),
        }
    }


@transaction("3202")
async def compare_lines(services: Services, call: Call) -> Mapping[str, Any]:
    """对明细账: an uploaded file's lines, each with what the ledger has; the answer is fetched by 9102."""
    node = read_node(DetailNode, node_of(call.input, "data"), "data")
    chosen = node.chosen()
    async with services.engine.connect() as connection:
        uploaded = await own_file(connection, call.fixmedins_code, node.file_qury_no)
        if uploaded is None or uploaded.kind != "uploaded":
            raise NationalRefused(f"file_qury_no（文件查询号）{node.file_qury_no} 不存在：请先上传对账文件(9101)")
        rows = await hospital_settlements(connection, call.fixmedins_code, chosen)
    number = file_number(call.fixmedins_code, call.number)
    content = await asyncio.to_thread(_compare, uploaded.content, rows, call.hospital, number, refunds=chosen.refunds)
    answer = file_of(call, "compared", content)
    async with services.transaction() as connection:
        await keep_file(connection, answer)
    info = {"file_qury_no": number, "filename": answer.filename}
    return {"fileinfo": info | {"dld_endtime": moment_text(answer.downloadable_until)}}


def _compare(
    content: bytes, rows: Sequence[ToldSettlement], hospital: HospitalSettings, number: str, *, refunds: bool
) -> bytes:
    lines = [line for line in hospital_lines(content) if refunds or not line.refund]
    return zipped(f"{number}.txt", compared(lines, rows, hospital))
