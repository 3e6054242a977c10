"""Lists of the catalogue as the bureau has them: what is certain is read, and a bad row is named with its field."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.files.catalogue_file import CatalogueList, catalogue_template, read_catalogue
from infra.files.text_file import UnusableFile
from processors.catalogue.entries import CatalogueEntry, CatalogueKind, CatalogueLevel
from tests.rosters import book_of

DAY = date(2026, 1, 1)
HEADINGS = "目录编码,名称,种类,等级,先行自付比例,限价,收费类别,生效日期,失效日期,统筹区"


def read(folder: Path, *rows: str, headings: str = HEADINGS, usual_from: date | None = None) -> CatalogueList:
    file = folder / "list.csv"
    file.write_text("\n".join((headings, *rows)), encoding="gb18030")
    return read_catalogue(file, usual_from)


def test_rows_become_entries(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "XA01,阿莫西林,中成药,乙类,10%,12.3456,,2026-01-01,2026/12/31,360923",
        "F01,诊察费,诊疗项目,01,,999999,诊察费,20260101,长期,",
        "C01,留置针,耗材,丙,,,8,2026年1月1日,,",
    )
    assert found.bad == {}
    assert found.entries == [
        entry(
            "XA01", "阿莫西林", "drug", "02", "0.1", "12.3456", "11", valid_until=date(2026, 12, 31), region="360923"
        ),
        entry("F01", "诊察费", "service", "01", "0", None, "02"),
        entry("C01", "留置针", "consumable", "03", "1", None, "08"),
    ]


def entry(
    code: str,
    name: str,
    kind: CatalogueKind,
    level: CatalogueLevel,
    ratio: str,
    cap: str | None,
    charge_type: str,
    **rest: Any,
) -> CatalogueEntry:
    limit = None if cap is None else Decimal(cap)
    return CatalogueEntry(0, code, name, kind, level, Decimal(ratio), limit, charge_type, DAY, **rest)


GOOD = {
    "目录编码": "X1",
    "名称": "药",
    "种类": "药品",
    "等级": "乙",
    "先行自付比例": "0.1",
    "限价": "",
    "收费类别": "",
    "生效日期": "2026-01-01",
    "失效日期": "",
    "统筹区": "",
}


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        ("目录编码", "", "目录编码：应为 1 至 50 个"),
        ("目录编码", "X 1", "不含空格"),
        ("名称", "", "名称：应为"),
        ("种类", "吃的", "种类：“吃的”应为 药品、诊疗、耗材"),
        ("等级", "丁", "等级：“丁”应为 甲、乙、丙"),
        ("先行自付比例", "10", "“10”应为 0 至 1 之间，如 10% 或 0.1"),
        ("先行自付比例", "-0.1", "应为 0 至 1"),
        ("先行自付比例", "0.00001", "应为 0 至 1"),
        ("先行自付比例", "十分之一", "应为 0 至 1"),
        ("限价", "-1", "限价：“-1”应为金额"),
        ("限价", "0.0000001", "应为金额"),
        ("限价", "12元", "应为金额"),
        ("收费类别", "药", "收费类别：“药”应为"),
        ("生效日期", "", "生效日期：不能为空，或用 --from"),
        ("生效日期", "2026-13-01", "生效日期：无此日期"),
        ("失效日期", "2025-12-31", "失效日期：早于生效日期"),
        ("统筹区", "3609", "六位统筹区代码"),
    ],
)
def test_a_bad_cell_is_named_by_its_row_and_column(tmp_path: Path, column: str, cell: str, why: str) -> None:
    found = read(tmp_path, ",".join(GOOD.values()), ",".join((GOOD | {"目录编码": "X2", column: cell}).values()))
    assert [entry.code for entry in found.entries] == ["X1"]
    assert [*found.bad] == [3]
    assert why in found.bad[3]


def test_level_c_is_self_funded_whole(tmp_path: Path) -> None:
    found = read(tmp_path, ",".join((GOOD | {"等级": "丙"}).values()))
    assert "丙类为全自费" in found.bad[2]


def test_a_code_stands_once_for_a_region_and_a_first_day(tmp_path: Path) -> None:
    same = ",".join(GOOD.values())
    others = (
        ",".join((GOOD | {name: value}).values()) for name, value in (("生效日期", "2026-02-01"), ("统筹区", "360923"))
    )
    found = read(tmp_path, same, *others, same)
    assert len(found.entries) == 3
    assert found.bad == {5: "目录编码：与第 2 行相同 the same as in row 2"}


def test_a_first_day_may_be_that_of_the_list(tmp_path: Path) -> None:
    short = "code,name,kind,level"
    with pytest.raises(UnusableFile, match="缺少列 生效日期"):
        read(tmp_path, "X1,药,drug,01", headings=short)
    found = read(tmp_path, "X1,药,drug,01", headings=f"{short},备注", usual_from=DAY)
    assert ([entry.valid_from for entry in found.entries], found.ignored) == ([DAY], ["备注"])
    with pytest.raises(UnusableFile, match="缺少列 名称"):
        read(tmp_path, "X1,drug,01", headings="code,kind,level", usual_from=DAY)


def test_a_workbook_s_numbers_count_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "list.xlsx"
    row = ["110200001", "诊察费", "诊疗", "乙", 0.135, 1234.567891, "", DAY]
    file.write_bytes(book_of([["目录（2026年）"], HEADINGS.split(",")[:8], row]))
    [entry] = read_catalogue(file, None).entries
    assert (entry.upfront_ratio, entry.price_cap, entry.valid_from) == (Decimal("0.135"), Decimal("1234.567891"), DAY)


def test_the_template_can_be_taken_in(tmp_path: Path) -> None:
    file = tmp_path / "template.xlsx"
    file.write_bytes(catalogue_template())
    found = read_catalogue(file, None)
    assert ([entry.level for entry in found.entries], found.bad, found.ignored) == (["01", "02", "03"], {}, [])
