"""The words of clearing, as clerks read them on the terminal, in files and on pages."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from infra.cli.names import Names
from infra.files.payment_sheet import payer_name
from infra.files.sheet import Named, coded
from policies.funds import BookedFund
from processors.clearing.funds import EMERGENCY_FUND, GRANT, REFUND
from processors.law.terms import FUND_NAMES, LAYER_NAMES

Row = Mapping[str, Any]

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
ACCOUNT_STEP_NAMES = {"set": "登记", "approved": "复核", "withdrawn": "撤回", "ended": "停用"}
CHANGE_NAMES = {"adjusted": "调整", "audit": "稽核扣款"}


def fund_named(fund: str) -> Named:
    """Out of which money a line is paid."""
    if fund.startswith(REFUND):
        return Named(f"退还个人缴费（{FUND_NAMES[fund.removeprefix(REFUND)]}）", fund)
    return Named("补助" if fund == GRANT else LAYER_NAMES[fund], fund)


def payer_named(order: Row) -> str:
    """A fund with its insurer, for people."""
    return payer_name(BookedFund(order["fund"] or "—", order["insurer"]))


def payee_cells(kind: str, id_: str, names: Names) -> tuple[Any, Any]:
    """The kind and name of a payee."""
    named = {"hospital": names.hospital, EMERGENCY_FUND: names.region}.get(kind)
    return coded(KIND_NAMES, kind), named(id_) if named else id_


def held_line(row: Row, names: Names) -> str:
    """What is held, by which case, until when."""
    until = f"至 until {row['until']}（不含）" if row["until"] else "解除为止 until it is lifted"
    upto = f"（限 up to {row['up_to']} 元）" if row["up_to"] else ""
    by = f"案件 case {row['case_id']}，措施 measure {row['measure_id']}，{row['document_no']}{upto}"
    return f"暂停拨付 held: {names.hospital(row['payee'])} {row['amount']} 元 yuan，{by}，{until}"


def percent_shown(share: str) -> str:
    """A share that is kept as a fraction, ``9/10``, in percent."""
    return f"{float(Fraction(share) * 100):g}%"
