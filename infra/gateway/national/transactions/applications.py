"""清算申请 and its withdrawal (3203, 3204; Jilin's 3203A, 3204A): kept for the bureau, which clears by the ledger."""

from collections.abc import Mapping
from typing import Any

from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.fields import node_of, read_node
from infra.gateway.national.reconciliation_nodes import ApplicationNode, WithdrawalNode
from infra.gateway.national.registry import transaction
from infra.gateway.services import Services
from processors.visits.clearing_applications import (
    ClearingApplication,
    application_number,
    apply,
    own_application,
    withdraw_application,
)


@transaction("3203", "3203A")
async def apply_for_clearing(services: Services, call: Call) -> Mapping[str, Any]:
    """Keep what a hospital applies for, once for an office, a kind and a month."""
    node = read_node(ApplicationNode, node_of(call.input, "data"), "data")
    application = ClearingApplication(
        clr_appy_evt_id=application_number(call.fixmedins_code, call.number),
        fixmedins_code=call.fixmedins_code,
        clr_optins=node.clr_optins or "",
        clr_type=node.clr_type,
        clr_way=node.clr_way,
        month=node.month,
        begndate=node.begndate,
        enddate=node.enddate,
        psntime=node.psntime,
        medfee_sumamt=node.medfee_sumamt,
        med_sumfee=node.med_sumfee,
        fund_appy_sum=node.fund_appy_sum,
        cash_payamt=node.cash_payamt,
        acct_pay=node.acct_pay,
        infno=call.infno,
        msgid=call.msgid,
        opter=call.opter,
        applied_at=call.received_at,
    )
    async with services.transaction() as connection:
        standing = await apply(connection, application)
    if standing.clr_appy_evt_id != application.clr_appy_evt_id:
        raise NationalRefused(
            f"{node.month:%Y年%m月} 清算类别 {node.clr_type} 已申请（{standing.clr_appy_evt_id}）："
            "如需改正请先撤销(3204)"
        )
    told = {"clr_appy_evt_id": application.clr_appy_evt_id}
    return told if call.infno == "3203A" else {"result": told}


@transaction("3204", "3204A")
async def withdraw_application_for_clearing(services: Services, call: Call) -> None:
    """Take an application back, unless a clearing took it; twice changes nothing."""
    node = read_node(WithdrawalNode, node_of(call.input, "data"), "data")
    async with services.transaction() as connection:
        application = await own_application(connection, call.fixmedins_code, node.clr_appy_evt_id)
        if application is None:
            raise NationalRefused(f"clr_appy_evt_id（机构清算申请事件ID）{node.clr_appy_evt_id} 不存在：请核对")
        if not await withdraw_application(connection, application, call.opter):
            raise NationalRefused(f"清算申请 {node.clr_appy_evt_id} 已进入清算，不能撤销：请联系医保经办机构")
