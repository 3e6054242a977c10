"""Exports: exactly the rows of a filter, with the filter, the moment and the ledger's position printed in the file."""

import asyncio
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from events.county_time import COUNTY_TIME
from events.money import yuan
from infra.console.background import WorkFile
from infra.console.errors import FieldTrouble, Unprocessable
from infra.console.listing_columns import CellKind, ListColumn, Row
from infra.console.pages import moment_text
from infra.console.stamp import Stamp
from infra.files.sheet import FORMULA, Named, Sheet, SheetColumn
from infra.files.workbook import workbook
from infra.terminal_text import visible
from processors.finance.reports import Kind

MOST_ROWS: Mapping[str, int] = {"xlsx": 100_000, "csv": 400_000, "parquet": 400_000, "json": 400_000}
"""How many rows of a listing are taken by format."""
AT_ONCE: Mapping[str, int] = {"xlsx": 3_000, "csv": 30_000, "parquet": 30_000, "json": 30_000}
"""How many are written while the browser waits; more are work in the background."""
_KINDS: Mapping[CellKind, Kind] = {
    "text": "text",
    "id": "text",
    "count": "count",
    "fen": "money",
    "yuan": "money",
    "share": "share",
    "day": "day",
    "moment": "text",
    "flag": "flag",
    "texts": "texts",
}


@dataclass(frozen=True, slots=True)
class Export:
    """Rows to be written: ``filters`` is what they were narrowed by, as people read it."""

    name: str
    title: str
    columns: Sequence[ListColumn]
    rows: Sequence[Row]
    filters: Mapping[str, str]
    stamp: Stamp
    personal: bool

    def remark(self) -> str:
        """What they were narrowed by, in a line."""
        return "筛选：" + ("；".join(f"{name} {value}" for name, value in self.filters.items()) or "无")


def require_format(form: str) -> None:
    """Raise ``Unprocessable`` for a format that there is not."""
    if form not in WRITERS:
        raise Unprocessable(FieldTrouble("format", f"没有格式 {form}", f"formats are {', '.join(WRITERS)}"))


async def export_file(export: Export, form: str) -> WorkFile:
    """The rows as a file."""
    writer, media_type = WRITERS[form]
    content = await asyncio.to_thread(writer, export)
    read_at = export.stamp.read_at.astimezone(COUNTY_TIME)
    return WorkFile(f"{export.name}-{read_at:%Y%m%d-%H%M%S}.{form}", media_type, content)


def _xlsx(export: Export) -> bytes:
    columns = tuple(
        SheetColumn(each.chinese, each.english, _KINDS[each.kind], summed=each.summed) for each in export.columns
    )
    rows = [[_people_cell(column, row.get(column.name)) for column in export.columns] for row in export.rows]
    sheet = Sheet(export.title, columns, rows, personal=export.personal)
    stamp = export.stamp
    remark = f"；账本位置 {stamp.entries}；读取于 {moment_text(stamp.read_at)}；{export.remark()}"
    return workbook([sheet], moment_text(stamp.as_of), remark)


def _people_cell(column: ListColumn, value: Any) -> Any:
    """A cell for people: names in the place of codes."""
    if value is None or column.names is None:
        return moment_text(value) if isinstance(value, datetime) else _cell(column, value)
    if column.kind == "texts":
        return [column.named(each) for each in value]
    return Named(column.named(value), str(value))


def _cell(column: ListColumn, value: Any) -> Any:
    """A cell for programs: money in yuan, exact; codes as they are."""
    if value is None:
        return None
    match column.kind:
        case "fen":
            return Decimal(yuan(int(value)))
        case "yuan" | "share":
            return Decimal(value)
        case "texts":
            return [str(each) for each in value]
        case "text" | "id":
            return str(value)
        case _:
            return value


def _csv(export: Export) -> bytes:
    """The filter and the position stand behind the rows, in lines that begin with #."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([f"{column.chinese} {column.name}" for column in export.columns])
    writer.writerows(
        [_csv_cell(_cell(column, row.get(column.name))) for column in export.columns] for row in export.rows
    )
    for line in (export.title, export.remark(), export.stamp.text(), f"行数 {len(export.rows)}"):
        writer.writerow([f"# {visible(line)}"])
    return text.getvalue().encode("utf-8-sig")


def _csv_cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return _defused(";".join(value))
        case datetime():
            return value.astimezone(COUNTY_TIME).isoformat()
        case str():
            return _defused(value)
        case _:
            return str(value)


def _defused(text: str) -> str:
    """A text that a spreadsheet takes for no formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _parquet(export: Export) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: Mapping[CellKind, Any] = {
        "text": pa.string(),
        "id": pa.string(),
        "count": pa.int64(),
        "fen": pa.decimal128(18, 2),
        "yuan": pa.decimal128(18, 2),
        "share": pa.decimal128(12, 4),
        "day": pa.date32(),
        "moment": pa.timestamp("us", tz="Asia/Shanghai"),
        "flag": pa.bool_(),
        "texts": pa.list_(pa.string()),
    }
    schema = pa.schema(
        [pa.field(each.name, types[each.kind], metadata={"title": each.chinese}) for each in export.columns],
        metadata=_said(export),
    )
    columns = [
        pa.array([_parquet_cell(column, row.get(column.name)) for row in export.rows], types[column.kind])
        for column in export.columns
    ]
    content = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), content)
    return content.getvalue()


def _parquet_cell(column: ListColumn, value: Any) -> Any:
    cell = _cell(column, value)
    places = {"share": "0.0001", "yuan": "0.01"}.get(column.kind)
    return cell if cell is None or places is None else cell.quantize(Decimal(places))


def _json(export: Export) -> bytes:
    rows = [{column.name: _cell(column, row.get(column.name)) for column in export.columns} for row in export.rows]
    return orjson.dumps({**_said(export), "rows": rows}, default=_plain, option=orjson.OPT_INDENT_2)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value))


def _said(export: Export) -> dict[str, str]:
    """What is said of the rows, for programs."""
    stamp = export.stamp
    return {
        "title": export.title,
        "filters": orjson.dumps(dict(export.filters)).decode(),
        "as_of": "" if stamp.as_of is None else stamp.as_of.astimezone(COUNTY_TIME).isoformat(),
        "ledger_entries": str(stamp.entries),
        "read_at": stamp.read_at.astimezone(COUNTY_TIME).isoformat(),
    }


WRITERS: Mapping[str, tuple[Callable[[Export], bytes], str]] = {
    "xlsx": (_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (_csv, "text/csv; charset=utf-8"),
    "parquet": (_parquet, "application/vnd.apache.parquet"),
    "json": (_json, "application/json"),
}
"""By format."""
