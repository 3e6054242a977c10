"""A hospital's workbook: amounts exact to the fen, and nothing that can't be read taken for something else."""

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from infra.files.hospital_file import HospitalDetail, read_detail, read_totals
from infra.files.text_file import UnusableFile
from infra.files.workbook_rows import LARGEST_UNPACKED_BYTES
from tests.rosters import packed

MARCH = date(2019, 3, 1)
TITLES = ["结算单号", "日期", "总额", "基金支付", "个人负担", "备注"]


def written(tmp_path: Path, *rows: list[Any], formats: tuple[tuple[str, str], ...] = ()) -> Path:
    book = Workbook()
    for row in [TITLES, *rows]:
        book.worksheets[0].append(row)
    for cell, form in formats:
        book.worksheets[0][cell].number_format = form
    path = tmp_path / "march.xlsx"
    path.write_bytes(packed(book))
    return path


def detail_of(tmp_path: Path, *rows: list[Any], formats: tuple[tuple[str, str], ...] = ()) -> HospitalDetail:
    return read_detail(written(tmp_path, *rows, formats=formats), MARCH)


@pytest.mark.parametrize(
    ("total", "fen"),
    [
        (0.1 + 0.2, 30),  # 0.30000000000000004
        (1.1 * 3, 330),  # 3.3000000000000003
        (4.35 * 100, 43500),  # 434.99999999999994
        (59999.99999999999, 6_000_000),
        (88545, 8_854_500),
        (38522463.49, 3_852_246_349),
        ("1,234.50", 123_450),
    ],
)
def test_an_amount_with_the_noise_of_a_binary_fraction_is_exact(tmp_path: Path, total: object, fen: int) -> None:
    detail = detail_of(tmp_path, ["C1", date(2019, 3, 5), total, 0, 0.29 * 100, None])
    assert detail.bad == []
    assert (detail.claims[0].amounts["total"], detail.claims[0].amounts["patient_share"]) == (fen, 2900)


def test_an_amount_shown_with_separators_is_read(tmp_path: Path) -> None:
    formats = (("C2", "#,##0.00"), ("D2", "#,##0"), ("E2", "0.00"))
    detail = detail_of(tmp_path, ["C1", date(2019, 3, 5), 60000, 48255, 11745, None], formats=formats)
    assert (detail.bad, detail.claims[0].amounts["total"]) == ([], 6_000_000)


@pytest.mark.parametrize("total", ["=SUM(F2:G2)", "#N/A", "#REF!", 1.005, 1e300, True, "1e3"])
def test_an_amount_that_cannot_be_read_is_told(tmp_path: Path, total: object) -> None:
    detail = detail_of(
        tmp_path,
        ["C1", date(2019, 3, 5), total, 0, 1, None],
        ["C2", date(2019, 3, 5), 1, 0, 1, "=A1"],  # a remark is not used, and what stands in it does not matter
    )
    assert ([(bad.row, bad.claim_id) for bad in detail.bad], [claim.claim_id for claim in detail.claims]) == (
        [(2, "C1")],
        ["C2"],
    )
    assert "总额" in detail.bad[0].reason


def test_a_claim_number_is_what_the_cell_shows(tmp_path: Path) -> None:
    """00042 is stored as 42 in the format 00000; a line end was pasted with C2; a number of 18 digits has lost some."""
    day = date(2019, 3, 5)
    detail = detail_of(
        tmp_path,
        [42, day, 1, 0, 1, None],
        ["C2_x000D_\n", day, 1, 0, 1, None],
        [123456789012345678, day, 1, 0, 1, None],
        ["=Z9", day, 1, 0, 1, None],
        formats=(("A2", "00000"),),
    )
    assert [claim.claim_id for claim in detail.claims] == ["00042", "C2"]
    assert [(bad.row, bad.claim_id, bad.reason.partition(" ")[0]) for bad in detail.bad] == [
        (4, None, "结算单号：数字超过"),
        (5, None, "结算单号：公式没有保存结果，请在表格软件中打开并保存，或粘贴为值"),
    ]


def test_totals_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    book = Workbook()
    for row in (["人次", "总额"], [3, "=SUM(A1:A9)"]):
        book.worksheets[0].append(row)
    path = tmp_path / "totals.xlsx"
    book.save(path)
    with pytest.raises(UnusableFile, match="row 2"):
        read_totals(path)
    book.worksheets[0]["B2"] = 0.1 + 0.2
    book.save(path)
    assert read_totals(path) == {"claims": 3, "total": 30}


def test_rows_keep_their_numbers_and_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["A5"] = "县医院"
    rows: dict[int, list[Any]] = {7: TITLES, 9: ["C1", date(2019, 3, 5), 1, 0, 1], 20: ["C2", "5日", 1, 0, 1]}
    for row, cells in rows.items():
        for column, cell in enumerate(cells, start=1):
            sheet.cell(row, column, cell)
    hidden = book.create_sheet("旧")
    hidden.append(TITLES)
    hidden.sheet_state = "hidden"
    path = tmp_path / "march.xlsx"
    book.save(path)
    detail = read_detail(path, MARCH)
    assert ([claim.claim_id for claim in detail.claims], [bad.row for bad in detail.bad]) == (["C1"], [20])


def test_a_workbook_that_unpacks_beyond_its_bound_is_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path, ["C1", date(2019, 3, 5), 1, 0, 1, None])
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as added:
        added.writestr("xl/media/empty.bin", bytes(LARGEST_UNPACKED_BYTES))
    path.write_bytes(content.getvalue())
    with pytest.raises(UnusableFile, match="64 MB"):
        read_detail(path, MARCH)
