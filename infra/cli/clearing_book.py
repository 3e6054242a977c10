"""A clearing printed for clerks, as a workbook to print and sign, or its lines as a CSV file for programs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.cli.clearing_text import LINE_COLUMNS, print_history
from infra.cli.names import Names
from infra.cli.output import note, print_json, stdout
from infra.cli.row_output import print_sheet, write_sheets
from infra.files.atomic import PRIVATE, write_atomically
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, coded, columns_of
from infra.files.text_file import csv_bytes
from infra.words.clearing import CHANGE_NAMES, PAYMENT_NAMES, fund_named, held_line, payee_cells, payer_named
from processors.clearing.refusal import STATUS_NAMES
from processors.law.terms import FUND_NAMES, INSURER_NAMES

Row = Mapping[str, Any]

_LINES = "种类 kind,收款方 payee,基金 fund,结算 settled:money+,调整 adjusted:money+,稽核扣款 audit:money+"
_LINES += ",归还临时救急借款 repaid:money+,应付 payable:money+"
_PAYMENTS = "种类 kind,收款方 payee,余额 balance:money+,抵扣 set off:money+"
_PAYMENTS += ",拨付 to pay:money+,已付 paid:money+,状态 status"
_PAYMENTS += ",流水号 reference,退汇流水号 return reference,退汇原因 return reason"
_PAYMENTS += ",预拨抵扣 prepaid:money+,考核预留 withheld:money+,返还预留 released:money+"
_REPAYMENTS = "临时救急借款 advance,参保人 person,基金 fund,金额 amount:money+"
_FUNDS = "种类 kind,收款方 payee,项目 line,付款基金 fund,承办公司 insurer,入账 booked:money+"
_FUNDS += ",归还临时救急借款 repaid:money+,应付 payable:money+"
_PREPAYMENTS = "预拨 prepayment,医院 hospital,付款基金 fund,金额 amount:money+,本次抵扣 set off:money+"
_PREPAYMENTS += ",余额 outstanding:money+"
_CHANGES = "结算单 claim,参保人 person,种类 kind,与谁结算 with,基金 fund,项目 change,金额 amount:money+"
_CHANGES += ",出院时多付 overpaid:money+"


def print_clearing(shown: Row, names: Names, *, json: bool) -> None:
    """Print a clearing: a JSON object, or tables of lines, payments, repaid advances, changes and steps."""
    if json:
        print_json([shown])
        return
    approved = f"，复核 approved by {shown['approved_by']}" if shown["approved_by"] else ""
    region, status = region_named(shown["region"]), STATUS_NAMES[shown["status"]]
    further = f" · 补充 supplements {shown['supplements']}" if shown["supplements"] else ""
    head = f"清算单 {shown['clearing_id']} · {region} · {shown['month']} · {status}{further}"
    stdout.print(f"{head}，经办 drafted by {shown['drafted_by']}{approved}", highlight=False, soft_wrap=True)
    lines, payments, *others = _sheets(shown, names)
    for listing in (lines, payments, *(listing for listing in others if listing.rows)):
        print_sheet(listing)
    for row in shown["held"]:
        note(held_line(row, names))
    print_history(shown["history"])


def write_clearing(out: Path, shown: Row, names: Names) -> None:
    """Write a clearing: six sheets of a workbook, or its lines as CSV. Both are for their writer alone: they name
    persons."""
    if out.suffix.lower() == ".csv":
        lines = ([line[name] for name in LINE_COLUMNS] for line in shown["lines"])
        write_atomically(out, csv_bytes(LINE_COLUMNS, lines), PRIVATE)
        note(f"已写入 written: {out}")
        return
    state = f"{STATUS_NAMES[shown['status']]}，经办 {shown['drafted_by']}，复核 {shown['approved_by'] or '—'}"
    write_sheets(out, _sheets(shown, names), remark=f"；{state}")


def _sheets(shown: Row, names: Names) -> list[Sheet]:
    head = f"{shown['clearing_id']} {region_named(shown['region']).name} {shown['month']}"
    funds = [_fund(row, names) for row in shown["funds"]]
    ahead = [_ahead(row, names) for row in shown["prepayments"]]
    repayments = [_repayment(row) for row in shown["repayments"]]
    return [
        Sheet(f"明细 Lines {head}", columns_of(_LINES), [_line(row, names) for row in shown["lines"]], personal=True),
        Sheet(f"拨付 Payments {head}", columns_of(_PAYMENTS), [_payment(row, names) for row in shown["payments"]]),
        Sheet(f"归还临时救急借款 Advances repaid {head}", columns_of(_REPAYMENTS), repayments),
        Sheet(f"出院后调整 Changes {head}", columns_of(_CHANGES), [_change(row, names) for row in shown["changes"]]),
        Sheet(f"付款基金 Funds {head}", columns_of(_FUNDS), funds, personal=True),
        Sheet(f"预拨抵扣 Prepayments set off {head}", columns_of(_PREPAYMENTS), ahead),
    ]


def _line(row: Row, names: Names) -> tuple[Any, ...]:
    payee = payee_cells(row["payee_kind"], row["payee"], names)
    return (*payee, fund_named(row["fund"]), *(row[name] for name in LINE_COLUMNS[3:]))


def _payment(row: Row, names: Names) -> tuple[Any, ...]:
    payee = payee_cells(row["payee_kind"], row["payee"], names)
    amounts = (row[name] for name in ("balance", "set_off", "amount", "paid"))
    references = (row[name] for name in ("reference", "return_reference", "return_reason"))
    beside = (row[name] for name in ("prepaid", "withheld", "released"))
    return (*payee, *amounts, coded(PAYMENT_NAMES, row["status"]), *references, *beside)


def _fund(row: Row, names: Names) -> tuple[Any, ...]:
    payee, fund = payee_cells(row["payee_kind"], row["payee"], names), coded(FUND_NAMES, row["fund"])
    amounts = (row[name] for name in ("booked", "repaid", "payable"))
    return (*payee, fund_named(row["line"]), fund, coded(INSURER_NAMES, row["insurer"]), *amounts)


def _ahead(row: Row, names: Names) -> tuple[Any, ...]:
    amounts = (row[name] for name in ("amount", "set_off", "outstanding"))
    return (row["prepayment_id"], names.hospital(row["hospital_id"]), payer_named(row), *amounts)


def _repayment(row: Row) -> tuple[Any, ...]:
    return row["advance_id"], row["person_id"], fund_named(row["fund"]), row["amount"]


def _change(row: Row, names: Names) -> tuple[Any, ...]:
    kind = row["payee_kind"]
    return (
        *(row["claim_id"], row["person_id"], *payee_cells(kind, row[f"{kind}_id"], names)),
        *(fund_named(row["fund"]), coded(CHANGE_NAMES, row["kind"])),
        *(row["amount"], row["overpaid_at_discharge"]),
    )
