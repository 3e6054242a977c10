"""The visit that a transaction is about, refused where it is not the caller's to change."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.gateway.national.call import Call, NationalRefused
from processors.visits.visit_rows import RegisteredVisit
from processors.visits.visits import load_visit

INPATIENT, OUTPATIENT, PHARMACY = "inpatient", "outpatient", "pharmacy"
_NAMES = {INPATIENT: "住院", OUTPATIENT: "门诊", PHARMACY: "药店购药"}


async def own_visit(
    connection: AsyncConnection, call: Call, mdtrt_id: str, psn_no: str, kinds: Collection[str], *, lock: bool = True
) -> RegisteredVisit:
    """A visit of the calling hospital's, of that person, of one of the kinds; raises ``NationalRefused``.

    Another hospital's visit is told in the words of one that does not exist.
    """
    visit = await load_visit(connection, mdtrt_id, lock=lock)
    if visit is None or visit.fixmedins_code != call.fixmedins_code or visit.state == "refused":
        raise NationalRefused(f"mdtrt_id（就诊ID）{mdtrt_id} 不存在：请核对，或先办理登记")
    if visit.psn_no != psn_no:
        raise NationalRefused(f"就诊 {mdtrt_id} 登记的人员编号不是 {psn_no}：请核对 psn_no（人员编号）")
    if visit.kind not in kinds:
        raise NationalRefused(f"就诊 {mdtrt_id} 是{_NAMES[visit.kind]}，不能用于本交易")
    return visit


async def open_visit(
    connection: AsyncConnection, call: Call, mdtrt_id: str, psn_no: str, kinds: Collection[str], *, lock: bool = True
) -> RegisteredVisit:
    """``own_visit`` that is registered and not cancelled."""
    visit = await own_visit(connection, call, mdtrt_id, psn_no, kinds, lock=lock)
    if visit.state == "sent":
        raise NationalRefused(f"就诊 {mdtrt_id} 的入院登记尚未完成：请以原msgid重发2401，或先冲正(2601)", system=True)
    if visit.state == "cancelled":
        raise NationalRefused(f"就诊 {mdtrt_id} 已撤销登记：请重新登记")
    return visit
