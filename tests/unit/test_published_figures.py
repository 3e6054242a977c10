"""A county's published table beside the ledger's: read exactly, compared as published, faults named by their place."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.files.published_file import read_published
from infra.files.text_file import UnusableFile
from processors.finance.published_figures import PublishedRow, compare

EXAMPLE = Path(__file__).parents[2] / "docs/examples/published.csv"
YAML = """
- year: 2019
  region: "360923"
  setting: inpatient
  poor: "yes"
  claims: 7383
  paid: 3757.67
  basic: 2468.77
  critical_illness: 487.29
  assistance: 13.14
  supplementary: 777.14
  backstop: 11.33
"""


def annual(**more: Any) -> dict[str, Any]:
    """A row of the annual report."""
    row = {"year": 2019, "region": "360923", "scheme": "shanggao", "setting": "inpatient", "poor": True}
    layers = dict.fromkeys(("basic", "critical_illness", "assistance", "supplementary", "backstop"), Decimal(0))
    amounts = {"total": Decimal(0), "paid": Decimal(0), "patient_share": Decimal(0), "hospital_share": Decimal(0)}
    return {**row, "claims": 0, "persons": 0, **amounts, "paid_share": None, **layers, **more}


def test_the_seed_s_table_in_each_format(tmp_path: Path) -> None:
    """上高 二2: 2,468.77 + 487.29 + 777.14 + 13.14 + 11.33 = 3,757.67, 7,383 claims."""
    (from_csv,) = read_published(EXAMPLE)
    assert from_csv.items == {
        "claims": Decimal(7383),
        "paid": Decimal("3757.67"),
        "basic": Decimal("2468.77"),
        "critical_illness": Decimal("487.29"),
        "assistance": Decimal("13.14"),
        "supplementary": Decimal("777.14"),
        "backstop": Decimal("11.33"),
    }
    assert (from_csv.year, from_csv.region, from_csv.setting, from_csv.poor) == (2019, "360923", "inpatient", True)
    path = tmp_path / "published.yaml"
    path.write_text(YAML, encoding="utf-8")
    (from_yaml,) = read_published(path)
    assert (from_yaml.items, from_yaml.unit) == (from_csv.items, "万元")
    gbk = tmp_path / "gbk.csv"
    gbk.write_bytes(EXAMPLE.read_text(encoding="utf-8").encode("gb18030"))
    assert read_published(gbk) == [from_csv]


def test_figures_are_compared_in_the_unit_and_to_the_decimals_published() -> None:
    # 24,687,749.99 yuan are 2,468.77 of ten thousand; 24,687,750.00 are 2,468.78
    said = PublishedRow("row", 2019, {"basic": Decimal("2468.77"), "claims": Decimal(7383)}, poor=True)
    rows = [annual(basic=Decimal("24687749.99"), claims=7000), annual(scheme="other", claims=383)]
    claims, basic = compare([said], rows)
    assert (claims.ledger, claims.agrees) == (Decimal(7383), True)
    assert (basic.ledger, basic.difference, basic.agrees) == (Decimal("2468.77"), Decimal("0.00"), True)
    _, other = compare([said], [annual(basic=Decimal("24687750.00"))])
    assert (other.ledger, other.difference, other.agrees) == (Decimal("2468.78"), Decimal("0.01"), False)


def test_what_can_t_be_compared_says_why() -> None:
    said = PublishedRow("row", 2018, {"paid": Decimal("1.0")})
    (nothing,) = compare([said], [annual()])
    assert (nothing.ledger, nothing.agrees) == (None, None)
    assert "没有" in (nothing.remark or "")
    of_persons = PublishedRow("row", 2019, {"persons": Decimal(9)})
    (persons,) = compare([of_persons], [annual(persons=5), annual(setting="chronic", persons=5)])
    assert (persons.ledger, persons.agrees) == (None, None)
    own = PublishedRow("row", 2019, {"paid": Decimal(4), "basic": Decimal(1), "assistance": Decimal(2)})
    paid = next(item for item in compare([own], [annual()]) if item.item == "paid")
    assert "3" in (paid.remark or "")


@pytest.mark.parametrize(
    "text",
    [
        "年度,支付合计（元）\n2019,37576700\n",
        "公布表,\n单位：元,\n年度,支付合计\n2019,37576700\n",
        "年度,单位,支付合计(单位：元)\n2019,元,37576700\n",
    ],
)
def test_a_unit_in_a_heading_or_a_title_is_read(tmp_path: Path, text: str) -> None:
    """37,576,700 yuan that are read as 万元 would be ten thousand times what was published."""
    path = tmp_path / "published.csv"
    path.write_text(text, encoding="utf-8")
    (row,) = read_published(path)
    assert (row.unit, row.items) == ("元", {"paid": Decimal(37576700)})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("年度,人次\n2019,七千\n", ("第2行", "人次", "七千")),
        ("年度,人次\n19,7\n", ("第2行", "年度", "19")),
        ("年度,人次,次数\n2019,7,8\n", ("次数", "补偿人次")),
        ("年度,支付合计,补偿合计\n2019,1,1\n", ("补偿合计", "重复")),
        ("年度,支付合计\n2019,1,2\n", ("第2行", "多于标题")),
        ("年度,支付合计\n", ("没有数据行",)),
        ("年度,单位,支付合计\n2019,千元,1\n", ("单位", "千元", "万元")),
        ("年度,支付合计（亿元）\n2019,1\n", ("单位", "亿元", "万元")),
        ("年度,支付合计（元）,基本医保（万元）\n2019,1,1\n", ("单位不一", "元", "万元")),
        ("年度,单位,支付合计（元）\n2019,万元,1\n", ("单位不一", "元", "万元")),
        ("年度,贫困人口,支付合计\n2019,穷,1\n", ("贫困人口", "穷")),
        ("年度,支付合计\n2019,\n", ("没有任何项目",)),
        ("", ("没有标题行",)),
    ],
)
def test_a_fault_is_named_by_its_place(tmp_path: Path, text: str, told: tuple[str, ...]) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnusableFile) as error:
        read_published(path)
    assert all(each in str(error.value) for each in told), error.value
