"""Rows of a list that can't be taken are refused, and what a refusal may say."""

import pytest

from processors.rosters.cells import is_national_id
from tests.rosters import FIRST, listing


def test_no_refusal_says_what_a_cell_holds() -> None:
    read = listing(
        ("王小明", "低保对象"),
        ("11010519491231002X", "低保对象"),
        ("P1", "王小明 11010519491231002X"),
        ("P2", "低保对象", "11010519491231002X"),
        ("P3", "低保对象", "1949-02-31"),
        ("P4", "低保对象", "1849-12-31"),
        ("P5", "低保对象"),
        ("P5", "低保对象"),
    )
    assert len(read.refused) == 7
    told = " ".join(row.detail for row in read.refused)
    assert not any(cell in told for cell in ("王小明", "110105", "1949", "1849"))
    assert "救助对象类别 category（22 字 22 characters）" in told


def test_bad_rows_are_refused_and_the_good_go_on() -> None:
    read = listing(
        ("P1", "低保对象"),
        ("P 2", "低保对象"),
        ("11010519491231002X", "低保对象"),
        ("P3", "富人"),
        ("P4", "孤儿", "2019-02-30"),
        ("P5", "孤儿", "soon"),
        ("P1", "dibao", "2019-05-01"),
        ("P6", "孤儿", "2019年6月1日"),
    )
    assert read.listed == {("P1", "dibao"): None, ("P6", "orphan"): FIRST}
    assert [(row.place, row.reason, row.person_id) for row in read.refused] == [
        ("row 3", "bad_person_id", None),
        ("row 4", "national_id", None),
        ("row 5", "unknown_category", "P3"),
        ("row 6", "bad_date", "P4"),
        ("row 7", "bad_date", "P5"),
        ("row 8", "duplicate_row", "P1"),
    ]


@pytest.mark.parametrize(
    ("person_id", "national"),
    [
        ("11010519491231002X", True),
        ("11010519491231002x", True),
        ("110105194912310021", True),  # a wrong check digit: a mistyped one is one too
        ("110105491231002", True),
        ("110105491331002", False),  # no month 13: a number like any other
        ("110105490230002", False),
        ("1101054912310021", False),
        ("P00042", False),
    ],
)
def test_a_national_id_is_told_by_its_form(person_id: str, national: bool) -> None:
    assert is_national_id(person_id) is national
    assert (not listing((person_id, "低保对象")).listed) is national
