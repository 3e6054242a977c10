"""How a clearing is printed for clerks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from events.codes import LAYER_NAMES
from events.county_time import COUNTY_TIME
from infra.cli.names import Names, region_named
from infra.cli.output import print_json, stdout, table
from infra.cli.premium_text import PAYER_NAMES
from processors.clearing.funds import EMERGENCY_FUND, GRANT, refund_fund
from processors.clearing.refusal import STATUS_NAMES

KIND_NAMES = {"hospital": "医院", "person": "个人", EMERGENCY_FUND: "临时救急基金"}
FUND_NAMES: Mapping[str, str] = {
    **{str(layer): name for layer, name in LAYER_NAMES.items()},
    GRANT: "补助",
    **{refund_fund(payer): f"退还个人缴费（{name}）" for payer, name in PAYER_NAMES.items()},
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
    "payment.reversed.v1": "撤销拨付 payment taken back",
    "return.reversed.v1": "撤销退汇 return taken back",
    "receipt.reversed.v1": "撤销收回 receipt taken back",
    "repayment.reversed.v1": "撤销归还 repayment taken back",
}
CHANGE_NAMES = {"adjusted": "调整", "audit": "稽核扣款"}
LINE_COLUMNS = ("payee_kind", "payee", "fund", "settled", "adjusted", "audit", "repaid", "payable")

Row = Mapping[str, Any]


def print_clearing(shown: Row, names: Names, *, json: bool) -> None:
    """Print a clearing: a JSON object, or tables of lines, payments, repaid advances and changes."""
    if json:
        print_json([shown])
        return
    approved = f"，复核 approved by {shown['approved_by']}" if shown["approved_by"] else ""
    region, status = region_named(shown["region"]), STATUS_NAMES[shown["status"]]
    head = f"清算单 {shown['clearing_id']} · {region} · {shown['month']} · {status}"
    stdout.print(f"{head}，经办 drafted by {shown['drafted_by']}{approved}", highlight=False, soft_wrap=True)
    _print_lines(shown["lines"], names)
    _print_payments(shown["payments"], names)
    _print_repayments(shown["repayments"])
    _print_changes(shown["changes"], names)
    print_history(shown["history"])


def _print_lines(lines: Sequence[Row], names: Names) -> None:
    columns = "收款方 payee,基金 fund,结算 settled,调整 adjusted,稽核扣款 audit,归还临时救急借款 repaid,应付 payable"
    cells = [
        (_payee(line, names), FUND_NAMES[line["fund"]], *(line[name] for name in LINE_COLUMNS[3:])) for line in lines
    ]
    table("明细 Lines（元 yuan）", columns.split(","), cells, right=(2, 3, 4, 5, 6))


def _print_payments(payments: Sequence[Row], names: Names) -> None:
    columns = "收款方 payee,余额 balance,抵扣 set off,拨付 to pay,状态 status,流水号 reference,退汇 returned"
    cells = [
        (
            *(_payee(row, names), row["balance"], row["set_off"], row["amount"]),
            *(PAYMENT_NAMES[row["status"]], row["reference"] or "—", _returned(row)),
        )
        for row in payments
    ]
    table("拨付 Payments（元 yuan）", columns.split(","), cells, right=(1, 2, 3))


def _returned(row: Row) -> str:
    return " ".join(row[name] for name in ("return_reference", "return_reason") if row[name]) or "—"


def _print_repayments(repayments: Sequence[Row]) -> None:
    if repayments:
        cells = [(row["advance_id"], row["person_id"], FUND_NAMES[row["fund"]], row["amount"]) for row in repayments]
        columns = ("临时救急借款 advance", "参保人 person", "基金 fund", "金额 amount")
        table("归还临时救急借款 Advances repaid（元 yuan）", columns, cells, right=(3,))


def _print_changes(changes: Sequence[Row], names: Names) -> None:
    if changes:
        columns = "结算单 claim,参保人 person,与谁结算 with,基金 fund,种类 kind,金额 amount,出院时多付 overpaid"
        cells = [
            (
                *(row["claim_id"], row["person_id"], _payee({**row, "payee": row[f"{row['payee_kind']}_id"]}, names)),
                *(FUND_NAMES[row["fund"]], CHANGE_NAMES[row["kind"]], row["amount"]),
                row["overpaid_at_discharge"] or "—",
            )
            for row in changes
        ]
        table("出院后调整 Changes after discharge（元 yuan）", columns.split(","), cells, right=(5, 6))


def print_history(history: Sequence[Row]) -> None:
    """Print every step that was recorded, those that were taken back too."""
    columns = "账目 entry,步骤 step,时间 at,经办 by,收款方 payee,金额 amount,凭证号 reference,说明 reason"
    cells = [
        (
            *(str(row["entry"]), STEP_NAMES[row["type"]], _moment(row["at"]), row["actor"]),
            *(_payee(row) if row["payee"] else "—", row["amount"] or "—", row["reference"] or "—", _reason(row)),
        )
        for row in history
    ]
    table("办理记录 Steps", columns.split(","), cells, right=(0, 5))


def _reason(row: Row) -> str:
    takes_back = f"撤销账目 takes back entry {row['reverses']}" if row["reverses"] else ""
    return "；".join(part for part in (takes_back, row["reason"] or "") if part) or "—"


def _moment(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}"


def _payee(row: Row, names: Names | None = None) -> str:
    payee = names.hospital(row["payee"]) if names and row["payee_kind"] == "hospital" else row["payee"]
    return f"{KIND_NAMES[row['payee_kind']]} {payee}"
