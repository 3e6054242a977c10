"""The visit that a transaction is about: registered, or refused where it is not the caller's to change."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.visit_nodes import kept
from processors.visits.visit_rows import RegisteredVisit
from processors.visits.visits import load_visit

INPATIENT, OUTPATIENT, PHARMACY = "inpatient", "outpatient", "pharmacy"
_NAMES = {INPATIENT: "住院", OUTPATIENT: "门诊", PHARMACY: "药店购药"}


class RegisteringNode(Protocol):
    """What each node says by which a visit is registered."""

    @property
    def psn_no(self) -> str:
        """人员编号."""

    @property
    def insutype(self) -> str:
        """险种."""

    @property
    def begntime(self) -> datetime:
        """When it begins."""


def new_visit(
    call: Call,
    mdtrt_id: str,
    kind: str,
    node: RegisteringNode,
    raw: Mapping[str, Any],
    *,
    state: str = "open",
    ipt_otp_no: str | None = None,
    med_type: str | None = None,
    disease: str | None = None,
    diagnoses: Sequence[dict[str, Any]] = (),
) -> RegisteredVisit:
    """A visit as its call registers it, not ended; ``raw`` is the node as it was sent."""
    return RegisteredVisit(
        mdtrt_id=mdtrt_id,
        kind=kind,
        fixmedins_code=call.fixmedins_code,
        psn_no=node.psn_no,
        ipt_otp_no=ipt_otp_no,
        insutype=node.insutype,
        insuplc_admdvs=call.insuplc_admdvs or None,
        med_type=med_type,
        began_at=node.begntime,
        ended_at=None,
        disease=disease,
        state=state,
        registration=kept(raw),
        diagnoses=list(diagnoses),
        discharge=None,
        discharge_diagnoses=None,
        msgid=call.msgid,
        opter=call.opter,
        registered_at=call.received_at,
    )


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
