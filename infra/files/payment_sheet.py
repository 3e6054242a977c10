"""A payment file as the bank gets it: a workbook, or CSV, with its count, total and check sum."""

from pathlib import Path

from events.money import yuan
from infra.files.atomic import PRIVATE, write_atomically
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, columns_of
from infra.files.text_file import csv_bytes
from infra.files.workbook import workbook
from processors.bank.payment_files import WrittenPaymentFile

COLUMNS = "序号 No.:count,户名 holder,账号 account,开户行 bank,联行号 bank code,金额 amount:money+,用途 purpose"
COLUMNS += ",凭证号 reference"
SIGNATURES = (
    "制表：____________    复核：____________    审批：____________    财务：____________    日期：____________"
)


def write_payment_file(out: Path, made: WrittenPaymentFile) -> None:
    """Write a file for its writer alone: it holds account numbers."""
    write_atomically(out, payment_file_bytes(made, csv=out.suffix.lower() == ".csv"), PRIVATE)


def payment_file_bytes(made: WrittenPaymentFile, *, csv: bool) -> bytes:
    """A file as CSV, or as a workbook."""
    file, clearing = made.file, made.clearing
    rows = [
        (place, line.holder, line.account, line.bank, line.bank_code, yuan(line.amount), line.purpose, line.reference)
        for place, line in enumerate(made.lines, start=1)
    ]
    if csv:
        headings = [column.chinese for column in columns_of(COLUMNS)]
        foot = [["合计", f"{len(rows)} 笔", "", "", "", yuan(file.total), "", ""], ["校验 sha256", file.sha256]]
        return csv_bytes(headings, [*([str(cell) for cell in row] for row in rows), *foot])
    title = f"银行付款文件 {file.file_id} {region_named(clearing.region).name} {clearing.month:%Y-%m}"
    remark = f"；{len(rows)} 笔，{yuan(file.total)} 元；校验 sha256 {file.sha256}"
    listing = Sheet(title, columns_of(COLUMNS), rows, personal=True, signatures=SIGNATURES)
    return workbook([listing], file.at[:19].replace("T", " "), remark)
