"""Workbooks for people: Chinese headings, widths, totals, a filter, and a page that can be printed and signed.

The library is imported where it is used: every command would pay half a second.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from infra.files.sheet import Sheet, SheetColumn, number, plain
from infra.terminal_text import visible, visible_lines
from processors.finance.reports import Kind

HEADING_ROW = 3
_FORMATS: Mapping[Kind, str] = {"money": "#,##0.00", "share": "0.00%", "count": "0", "day": "yyyy-mm-dd"}
_TEXT = "@"
_A4 = 9
_NARROWEST, _WIDEST = 6, 48
_LONGEST_HEADING = 6
_PAGE_WIDTH = 145
"""Characters of a column's width that fit on A4, landscape, in full size (11 points)."""
_SMALLEST = 0.8
"""How far a page is shrunk at most: 9 points."""
_LINE_HEIGHT, _MOST_LINES = 14.5, 28
"""A row's height is in points, and at most 409."""
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
        unit = "；金额单位：元" if any(column.kind == "money" for column in listing.columns) else ""
        _fill(sheet, listing, f"{name} {english}".strip(), f"数据截至 {as_of}{unit}{remark}")
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _sheet_name(title: str, taken: Sequence[str]) -> str:
    name = "".join(each for each in visible(title) if each not in "[]:*?/\\（）")[:_LONGEST_TITLE] or "表"
    return name if name not in taken else f"{name[: _LONGEST_TITLE - 3]}-{len(taken)}"


def _fill(sheet: Any, listing: Sheet, title: str, remark: str) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    sums = listing.sums()
    widths = [_width(column, listing, place, sums[place]) for place, column in enumerate(listing.columns)]
    for place, width in enumerate(widths):
        sheet.column_dimensions[get_column_letter(place + 1)].width = width
    _page(sheet, listing, widths)
    bold, thin = Font(bold=True), Side(style="thin", color="999999")
    sheet.append([_Look(sheet, font=Font(bold=True, size=14)).text(title)])
    sheet.append([_Look(sheet, font=Font(color="666666")).text(remark)])
    centred = Alignment(horizontal="center", vertical="center", wrap_text=True)
    heading = _Look(sheet, font=bold, alignment=centred, fill=PatternFill("solid", fgColor="DDE6F0"))
    sheet.append([heading.text(column.chinese) for column in listing.columns])
    figures = _Look(sheet, alignment=Alignment(vertical="center"))
    texts = _Look(sheet, alignment=Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1))
    looks = [(figures if column.figures else texts, column) for column in listing.columns]
    for place, row in enumerate(listing.rows):
        if (lines := _lines(listing.columns, row, widths)) > 1:  # no program but Excel finds the height by itself
            sheet.row_dimensions[HEADING_ROW + 1 + place].height = lines * _LINE_HEIGHT
        sheet.append([look.cell(column, value) for (look, column), value in zip(looks, row, strict=True)])
    total = _Look(sheet, font=bold, border=Border(top=thin))
    rest = [total.cell(column, sum_) for column, sum_ in zip(listing.columns[1:], sums[1:], strict=True)]
    sheet.append([total.text(f"合计（{len(listing.rows)} 行）"), *rest])
    sheet.append([])
    sheet.append([_Look(sheet).text(listing.signatures)])


def _page(sheet: Any, listing: Sheet, widths: Sequence[float]) -> None:
    """A4, landscape, as wide as the page; the headings stand on every page, and stay in sight on the screen.

    A list that would be too small to read is two pages wide or more, with the columns that say what a row is on each.
    """
    from openpyxl.utils import get_column_letter

    edge, last = get_column_letter(len(listing.columns)), HEADING_ROW + len(listing.rows)
    sheet.auto_filter.ref = f"A{HEADING_ROW}:{edge}{last}"
    sheet.freeze_panes = f"A{HEADING_ROW + 1}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    leading = _leading(listing)
    pages = _pages(widths, sum(widths[:leading]))
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages, 0
    if pages > 1:
        sheet.page_setup.pageOrder = "overThenDown"
        sheet.print_title_cols = f"A:{get_column_letter(leading)}"
        sheet.freeze_panes = f"{get_column_letter(leading + 1)}{HEADING_ROW + 1}"
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"1:{HEADING_ROW}"
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4


def _leading(listing: Sheet) -> int:
    """How many columns at the head say what a row is: those before the first figure that is summed or an amount."""
    figures = (column.summed or column.kind in ("money", "share") for column in listing.columns)
    return max(1, next((place for place, found in enumerate(figures) if found), 1))


def _pages(widths: Sequence[float], leading: float) -> int:
    """How many pages side by side a list needs to be read, ``leading`` being the width that stands on each."""
    pages = 1
    while pages < len(widths) and (sum(widths) + (pages - 1) * leading) / pages > _PAGE_WIDTH / _SMALLEST:
        pages += 1
    return pages


class _Look:
    """Cells of one look. A workbook keeps each style once, and to find it again for a cell takes long: each format's
    is found for the first cell, and the others are given the same."""

    def __init__(self, sheet: Any, **look: Any) -> None:
        self._sheet = sheet
        self._look = look
        self._styles: dict[str, Any] = {}

    def cell(self, column: SheetColumn, value: Any) -> Any:
        """What a column holds."""
        if column.figures and (figure := number(value)) is not None:
            counted = column.kind == "money" and isinstance(figure, int)
            return self._styled(figure, _FORMATS["count" if counted else column.kind])
        if column.kind == "day" and (day := value if isinstance(value, date) else _day(str(value))) is not None:
            return self._styled(day, _FORMATS["day"])
        shown = plain(value)
        return self._styled(None, _TEXT) if shown is None else self.text(str(shown))

    def text(self, text: str) -> Any:
        """A text, whatever it begins with: never a formula, a number without its zeros, or a character that XML has
        not."""
        cell = self._styled(visible_lines(text)[:_LONGEST_TEXT], _TEXT)
        cell.data_type = "s"
        return cell

    def _styled(self, value: Any, form: str) -> Any:
        from openpyxl.cell import WriteOnlyCell

        cell: Any = WriteOnlyCell(self._sheet, value)
        style = self._styles.get(form)
        if style is None:
            cell.number_format = form
            for name, part in self._look.items():
                setattr(cell, name, part)
            self._styles[form] = cell._style
        else:
            cell._style = style
        return cell


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _width(column: SheetColumn, listing: Sheet, place: int, sum_: Decimal | int | None) -> float:
    """Wide enough for what a column holds: a Chinese character takes two."""
    held = [column.chinese[:_LONGEST_HEADING]]  # a longer one is wrapped
    for row in listing.rows[:1000]:
        held += (_figure(column, row[place]) if column.figures else str(plain(row[place]) or "")).split("\n")
    if column.summed:
        held.append(_figure(column, sum_))
    return max(_NARROWEST, min(_WIDEST, max(map(_wide, held)) + (2 if column.figures else 3)))


def _lines(columns: Sequence[SheetColumn], row: Sequence[Any], widths: Sequence[float]) -> int:
    """How many lines a row's longest text takes in its column."""
    lines = 1
    for column, value, width in zip(columns, row, widths, strict=True):
        if column.figures or value is None:
            continue
        text = str(plain(value))
        if len(text) * 2 + 3 > width or "\n" in text:
            lines = max(lines, sum(1 + int(_wide(each) // (width - 3)) for each in text.split("\n")))
    return min(lines, _MOST_LINES)


def _figure(column: SheetColumn, value: Any) -> str:
    figure = number(value)
    if figure is None:
        return ""
    return str(figure) if column.kind == "count" else f"{figure:.2%}" if column.kind == "share" else f"{figure:,.2f}"


def _wide(text: str) -> int:
    return sum(2 if ord(each) > 0x2E7F else 1 for each in text)
