"""Workbooks for people: Chinese headings, widths, totals, a filter, and a page that can be printed and signed.

The library is imported where it is used: every command would pay half a second.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from infra.files.sheet import Sheet, SheetColumn, number, plain
from infra.terminal_text import visible, visible_lines
from processors.finance.reports import Kind

SIGNATURES = "制表：____________    复核：____________    负责人：____________    日期：____________"
HEADING_ROW = 3
_FORMATS: Mapping[Kind, str] = {"money": "#,##0.00", "share": "0.00%", "count": "0", "day": "yyyy-mm-dd"}
_TEXT = "@"
_A4 = 9
_NARROWEST, _WIDEST = 6, 48
_LONGEST_HEADING = 6
_LONGEST_TITLE = 31
_LONGEST_TEXT = 32_767
"""What a cell holds at most."""


def workbook(listings: Sequence[Sheet], as_of: str, remark: str = "") -> bytes:
    """A workbook with a sheet a list, named after it."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for listing in listings:
        name, _, english = listing.title.partition(" ")
        sheet = book.create_sheet(_sheet_name(name, book.sheetnames))
        _fill(sheet, listing, f"{name} {english}".strip(), f"数据截至 {as_of}；金额单位：元{remark}")
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _sheet_name(title: str, taken: Sequence[str]) -> str:
    name = "".join(each for each in visible(title) if each not in "[]:*?/\\（）")[:_LONGEST_TITLE] or "表"
    return name if name not in taken else f"{name[: _LONGEST_TITLE - 3]}-{len(taken)}"


def _fill(sheet: Any, listing: Sheet, title: str, remark: str) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    _page(sheet, listing)
    for place, column in enumerate(listing.columns):
        sheet.column_dimensions[get_column_letter(place + 1)].width = _width(column, listing, place)
    bold, thin = Font(bold=True), Side(style="thin", color="999999")
    sheet.append([_text(sheet, title, font=Font(bold=True, size=14))])
    sheet.append([_text(sheet, remark, font=Font(color="666666"))])
    centred = Alignment(horizontal="center", vertical="center", wrap_text=True)
    look = {"font": bold, "alignment": centred, "fill": PatternFill("solid", fgColor="DDE6F0")}
    sheet.append([_text(sheet, column.chinese, **look) for column in listing.columns])
    top, wrapped = Alignment(vertical="top"), Alignment(vertical="top", wrap_text=True)
    for row in listing.rows:
        sheet.append(
            [
                _cell(sheet, column, value, alignment=top if column.figures else wrapped)
                for column, value in zip(listing.columns, row, strict=True)
            ]
        )
    look = {"font": bold, "border": Border(top=thin)}
    sums = [_cell(sheet, column, sum_, **look) for column, sum_ in zip(listing.columns, listing.sums(), strict=True)]
    sheet.append([_text(sheet, f"合计（{len(listing.rows)} 行）", **look), *sums[1:]])
    sheet.append([])
    sheet.append([_text(sheet, SIGNATURES)])


def _page(sheet: Any, listing: Sheet) -> None:
    """A4, landscape, as wide as the page; the headings stand on every page, and stay in sight on the screen."""
    from openpyxl.utils import get_column_letter

    edge, last = get_column_letter(len(listing.columns)), HEADING_ROW + len(listing.rows)
    sheet.auto_filter.ref = f"A{HEADING_ROW}:{edge}{last}"
    sheet.freeze_panes = f"A{HEADING_ROW + 1}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"1:{HEADING_ROW}"
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4


def _cell(sheet: Any, column: SheetColumn, value: Any, **look: Any) -> Any:
    if column.figures and (figure := number(value)) is not None:
        return _styled(sheet, figure, _FORMATS[column.kind], **look)
    if column.kind == "day" and (day := value if isinstance(value, date) else _day(str(value))) is not None:
        return _styled(sheet, day, _FORMATS["day"], **look)
    shown = plain(value)
    return _styled(sheet, None, _TEXT, **look) if shown is None else _text(sheet, str(shown), **look)


def _text(sheet: Any, text: str, **look: Any) -> Any:
    """A text, whatever it begins with: never a formula, a number without its zeros, or a character that XML has not."""
    cell = _styled(sheet, visible_lines(text)[:_LONGEST_TEXT], _TEXT, **look)
    cell.data_type = "s"
    return cell


def _styled(sheet: Any, value: Any, form: str, **look: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value)
    cell.number_format = form
    for name, style in look.items():
        setattr(cell, name, style)
    return cell


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _width(column: SheetColumn, listing: Sheet, place: int) -> float:
    """Wide enough for what a column holds: a Chinese character takes two."""
    held = [column.chinese[:_LONGEST_HEADING]]  # a longer one is wrapped
    for row in listing.rows[:1000]:
        held += (_figure(column, row[place]) if column.figures else str(plain(row[place]) or "")).split("\n")
    if column.summed:
        held.append(_figure(column, listing.sums()[place]))
    return max(_NARROWEST, min(_WIDEST, max(map(_wide, held)) + 2))


def _figure(column: SheetColumn, value: Any) -> str:
    figure = number(value)
    return "" if figure is None else f"{figure:,.2f}" if column.kind != "count" else str(figure)


def _wide(text: str) -> int:
    return sum(2 if ord(each) > 0x2E7F else 1 for each in text)
