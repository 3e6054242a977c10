"""Reports as files: CSV, XLSX and Parquet, money exact in each.

The libraries of the last two are imported where they are used: every command would pay half a second and 40 MB.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from infra.files.atomic import PRIVATE, write_atomically
from processors.finance.reports import Field, Kind, Report

Rows = Sequence[Mapping[str, Any]]

_NUMBER_FORMATS: Mapping[Kind, str] = {"money": "#,##0.00", "share": "0.00%", "count": "0"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a text for a formula by."""


def write_report(path: Path, report: Report, rows: Rows, as_of: str) -> None:
    """Write a report in the format that the file's name ends in, whole or not at all.

    One that names persons is for its writer alone.
    """
    content = WRITERS[path.suffix.lower()](report, rows, as_of)
    if any(field.name == "person_id" for field in report.fields):
        write_atomically(path, content, PRIVATE)
    else:
        write_atomically(path, content)


def heading(field: Field) -> str:
    """A column's heading: Chinese, and its name in the view."""
    return f"{field.title} {field.name}"


def _csv(report: Report, rows: Rows, as_of: str) -> bytes:  # noqa: ARG001 - a CSV file has no place for remarks
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([heading(field) for field in report.fields])
    writer.writerows([_csv_cell(field, row[field.name]) for field in report.fields] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _csv_cell(field: Field, value: Any) -> str:
    if value is None:
        return ""
    if field.kind == "texts":
        return ";".join(value)
    if field.kind == "text" and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value).lower() if field.kind == "flag" else str(value)


def _xlsx(report: Report, rows: Rows, as_of: str) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet(report.name)
    sheet.freeze_panes = "A2"
    bold = Font(bold=True)
    headings = []
    for field in report.fields:
        cell = WriteOnlyCell(sheet, heading(field))
        cell.font = bold
        headings.append(cell)
    sheet.append(headings)
    for row in rows:
        sheet.append([_xlsx_cell(WriteOnlyCell(sheet), field, row[field.name]) for field in report.fields])
    remarks = book.create_sheet("说明")
    remarks.append([report.title])
    remarks.append([f"数据截至 as of {as_of}；金额单位：元 amounts in yuan；取自 from view finance.{report.view}"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _xlsx_cell(cell: Any, field: Field, value: Any) -> Any:
    cell.value = ";".join(value) if field.kind == "texts" and value is not None else value
    if isinstance(cell.value, str):
        cell.data_type = "s"  # never a formula, whatever a name begins with
    if field.kind in _NUMBER_FORMATS:
        cell.number_format = _NUMBER_FORMATS[field.kind]
    return cell


def _parquet(report: Report, rows: Rows, as_of: str) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: Mapping[Kind, Any] = {
        "text": pa.string(),
        "count": pa.int64(),
        "money": pa.decimal128(18, 2),
        "share": pa.decimal128(12, 4),
        "flag": pa.bool_(),
        "day": pa.date32(),
        "texts": pa.list_(pa.string()),
    }
    schema = pa.schema(
        [pa.field(field.name, types[field.kind], metadata={"title": field.title}) for field in report.fields],
        metadata={"title": report.title, "as_of": as_of, "view": f"finance.{report.view}"},
    )
    columns = [
        pa.array([_parquet_cell(field, row[field.name]) for row in rows], types[field.kind]) for field in report.fields
    ]
    content = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), content)
    return content.getvalue()


def _parquet_cell(field: Field, value: Any) -> Any:
    return Decimal(value).quantize(Decimal("0.0001")) if field.kind == "share" and value is not None else value


WRITERS: Mapping[str, Callable[[Report, Rows, str], bytes]] = {".csv": _csv, ".xlsx": _xlsx, ".parquet": _parquet}
"""By the ending of a file's name."""
