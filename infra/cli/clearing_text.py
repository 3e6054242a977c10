"""The words of clearing, and its steps as clerks read them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from events.county_time import COUNTY_TIME
from infra.cli.output import table
from infra.files.region_names import region_named
from infra.files.sheet import Named
from processors.clearing.funds import EMERGENCY_FUND, GRANT, REFUND
from processors.law.terms import FUND_NAMES, LAYER_NAMES

KIND_NAMES = {"hospital": "医院", "person": "个人", EMERGENCY_FUND: "临时救急基金"}
LENDER_NAMES: Mapping[str, str] = {
    "bureau": "医保局",
    "poverty_office": "扶贫部门",
    "township_station": "乡镇扶贫工作站",
}
PAYMENT_NAMES = {"none": "无", "due": "待拨付", "paid": "已拨付", "returned": "已退回"}
STEP_NAMES = {
    "clearing.drafted.v1": "起草 drafted",
    "clearing.approved.v1": "复核 approved",
    "clearing.withdrawn.v1": "撤回 withdrawn",
    "clearing.paid.v1": "拨付 paid",
    "payment.returned.v1": "退汇 returned",
    "receivable.settled.v1": "收回 paid in",
    "advance.repaid.v1": "现金归还 repaid in cash",
    "prepayment.ordered.v1": "申请预拨 prepayment ordered",
    "prepayment.withdrawn.v1": "撤回预拨 prepayment withdrawn",
    "hospital.prepaid.v1": "预拨 prepaid",
    "prepayment.returned.v1": "退回预拨 paid back",
    "prepayment.reversed.v1": "撤销预拨 prepayment taken back",
    "prepayment_return.reversed.v1": "撤销退回 its return taken back",
    "withholding_release.ordered.v1": "申请返还预留款 release ordered",
    "withholding_release.approved.v1": "复核返还 release approved",
    "withholding_release.withdrawn.v1": "撤回返还 release withdrawn",
    "payment_file.made.v1": "制作银行文件 payment file made",
    "payment_file.cancelled.v1": "撤销银行文件 payment file cancelled",
    "payment.reversed.v1": "撤销拨付 payment taken back",
    "return.reversed.v1": "撤销退汇 return taken back",
    "receipt.reversed.v1": "撤销收回 receipt taken back",
    "repayment.reversed.v1": "撤销归还 repayment taken back",
}
CHANGE_NAMES = {"adjusted": "调整", "audit": "稽核扣款"}
LINE_COLUMNS = ("payee_kind", "payee", "fund", "settled", "adjusted", "audit", "repaid", "payable")

Row = Mapping[str, Any]


def print_history(history: Sequence[Row]) -> None:
    """Print every step that was recorded, those that were taken back too."""
    columns = "账目 entry,步骤 step,时间 at,经办 by,收款方 payee,金额 amount,凭证号 reference,说明 reason"
    cells = [
        (
            *(str(row["entry"]), STEP_NAMES[row["type"]], moment_shown(row["at"]), row["actor"]),
            *(_payee(row) if row["payee"] else "—", _amount(row["amount"]), row["reference"] or "—", _reason(row)),
        )
        for row in history
    ]
    table("办理记录 Steps", columns.split(","), cells, right=(0, 5))


def moment_shown(at: str) -> str:
    """A moment in the county's time."""
    return f"{datetime.fromisoformat(at).astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}"


def fund_named(fund: str) -> Named:
    """Out of which money a line is paid."""
    if fund.startswith(REFUND):
        return Named(f"退还个人缴费（{FUND_NAMES[fund.removeprefix(REFUND)]}）", fund)
    return Named("补助" if fund == GRANT else LAYER_NAMES[fund], fund)


def _amount(amount: str | None) -> str:
    return f"{Decimal(amount):,}" if amount else "—"


def _reason(row: Row) -> str:
    takes_back = f"撤销账目 takes back entry {row['reverses']}" if row["reverses"] else ""
    return "；".join(part for part in (takes_back, row["reason"] or "") if part) or "—"


def _payee(row: Row) -> str:
    payee = region_named(row["payee"]) if row["payee_kind"] == EMERGENCY_FUND else row["payee"]
    return f"{KIND_NAMES[row['payee_kind']]} {payee}"
