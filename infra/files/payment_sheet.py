"""A payment file as the bank gets it: a workbook with a sheet a fund's account, or CSV, with totals and check sums."""

from collections.abc import Sequence
from pathlib import Path

from events.county_time import county_second
from events.money import yuan
from infra.files.atomic import PRIVATE, write_atomically
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, columns_of
from infra.files.text_file import csv_bytes
from infra.files.workbook import workbook
from policies.funds import BookedFund
from processors.bank.payment_lines import PaymentLine, WrittenPaymentFile
from processors.law.terms import FUND_NAMES, INSURER_NAMES

_LINE = "序号 No.:count,户名 holder,账号 account,开户行 bank,联行号 bank code,金额 amount:money+,用途 purpose"
_LINE += ",凭证号 reference"
_PAYER = "付款基金 fund,承办公司 insurer,"
SIGNATURES = (
    "制表：____________    复核：____________    审批：____________    财务：____________    日期：____________"
)


def payer_name(payer: BookedFund) -> str:
    """A fund with its insurer, for people."""
    fund = FUND_NAMES.get(payer.fund, payer.fund)
    return f"{fund}（{_insurer(payer)}）" if payer.insurer else fund


def write_payment_file(out: Path, made: WrittenPaymentFile) -> None:
    """Write a file for its writer alone: it holds account numbers."""
    write_atomically(out, payment_file_bytes(made, csv=out.suffix.lower() == ".csv"), PRIVATE)


def payment_file_bytes(made: WrittenPaymentFile, *, csv: bool) -> bytes:
    """A file as CSV, or as a workbook."""
    return _csv(made) if csv else _workbook(made)


def _csv(made: WrittenPaymentFile) -> bytes:
    file = made.file
    has_payers = bool(file.funds)
    rows = [
        [*(_payer_cells(line.payer) if has_payers else ()), *map(str, cells)]
        for line, cells in zip(made.lines, _cells(made.lines), strict=True)
    ]
    blank = ["", ""] if has_payers else []
    foot = [
        [
            *(*_payer_cells(BookedFund(each.fund, each.insurer)), "小计", f"{each.count} 笔", "", "", ""),
            *(yuan(each.total), "", f"校验 sha256 {each.sha256}"),
        ]
        for each in file.funds
    ]
    foot.append([*blank, "合计", f"{len(rows)} 笔", "", "", "", yuan(file.total), "", ""])
    foot.append(["校验 sha256", file.sha256])
    headings = [column.chinese for column in columns_of((_PAYER if has_payers else "") + _LINE)]
    return csv_bytes(headings, [*rows, *foot])


def _workbook(made: WrittenPaymentFile) -> bytes:
    file = made.file
    head = f"{file.file_id} {region_named(file.region).name} {made.month}".strip()
    listings = []
    for total in file.funds:
        payer = BookedFund(total.fund, total.insurer)
        own = [line for line in made.lines if line.payer == payer]
        told = f"{head}；{total.count} 笔，{yuan(total.total)} 元；校验 sha256 {total.sha256}"
        title = f"{payer_name(payer)} 付款文件 {told}"
        listings.append(Sheet(title, columns_of(_LINE), _cells(own), personal=True, signatures=SIGNATURES))
    if not listings:
        title = f"银行付款文件 {head}"
        listings.append(Sheet(title, columns_of(_LINE), _cells(made.lines), personal=True, signatures=SIGNATURES))
    remark = f"；全部 {len(made.lines)} 笔，{yuan(file.total)} 元；校验 sha256 {file.sha256}"
    return workbook(listings, county_second(file.at), remark)


def _cells(lines: Sequence[PaymentLine]) -> list[tuple[object, ...]]:
    return [
        (place, line.holder, line.account, line.bank, line.bank_code, yuan(line.amount), line.purpose, line.reference)
        for place, line in enumerate(lines, start=1)
    ]


def _payer_cells(payer: BookedFund | None) -> tuple[str, str]:
    if payer is None:
        return "", ""
    return FUND_NAMES.get(payer.fund, payer.fund), _insurer(payer)


def _insurer(payer: BookedFund) -> str:
    if payer.insurer is None:
        return ""
    return str(INSURER_NAMES.get(payer.insurer, payer.insurer))
