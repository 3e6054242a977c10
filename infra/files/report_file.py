"""Reports as files for programs: CSV and Parquet, money exact in each, codes as they are.

The library of the last is imported where it is used: every command would pay half a second and 40 MB.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from infra.files.atomic import PRIVATE, write_atomically
from infra.files.sheet import FORMULA
from processors.finance.reports import Field, Kind, Report

Rows = Sequence[Mapping[str, Any]]


def write_report(path: Path, report: Report, rows: Rows, as_of: str) -> None:
    """Write a report in the format that the file's name ends in, whole or not at all.

    One that names persons or households is for its writer alone.
    """
    content = WRITERS[path.suffix.lower()](report, rows, as_of)
    if report.personal:
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
    if field.kind == "text" and value.startswith(FORMULA):
        return f"'{value}"
    return str(value).lower() if field.kind == "flag" else str(value)


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
    view = {"view": f"finance.{report.view}"} if report.view else {}
    schema = pa.schema(
        [pa.field(field.name, types[field.kind], metadata={"title": field.title}) for field in report.fields],
        metadata={"title": report.title, "as_of": as_of} | view,
    )
    columns = [
        pa.array([_parquet_cell(field, row[field.name]) for row in rows], types[field.kind]) for field in report.fields
    ]
    content = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), content)
    return content.getvalue()


def _parquet_cell(field: Field, value: Any) -> Any:
    return Decimal(value).quantize(Decimal("0.0001")) if field.kind == "share" and value is not None else value


WRITERS: Mapping[str, Callable[[Report, Rows, str], bytes]] = {".csv": _csv, ".parquet": _parquet}
"""By the ending of a file's name."""
