"""Persons' certificates in their plain form, and lists of who persons are: no message holds what a cell says."""

from datetime import date
from pathlib import Path

import pytest

from events.national_ids import InvalidNationalId, normal_national_id
from infra.files.identity_file import IdentityList, identity_template, read_identities
from infra.files.text_file import UnusableFile
from processors.identities.identity import Identity, certificate_number, masked, sought_number

WOMAN, MAN, OLD = "99999919900101018X", "999999199001010016", "110105491231002"
"""Made up, of no province; and the example of GB 11643 as it was with 15 digits."""


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (WOMAN, WOMAN),
        (WOMAN.lower(), WOMAN),
        ("999999 19900101 018x", WOMAN),
        ("９９９９９９１９９００１０１０１８Ｘ", WOMAN),
        (OLD, "11010519491231002X"),
    ],
)
def test_a_national_id_has_one_plain_form(given: str, plain: str) -> None:
    assert normal_national_id(given) == plain
    assert sought_number(given) == plain


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("999999199001010011", "校验位不对"),
        ("999999199013010012", "出生日期不对"),
        ("009999199001010012", "地区或出生日期不对"),
        ("110105493231002", "出生日期不对"),
        ("99999919900101", "应为 18 位"),
        ("", "应为 18 位"),
        ("P0001", "应为 18 位"),
    ],
)
def test_what_is_no_national_id_is_refused_without_being_named(given: str, why: str) -> None:
    with pytest.raises(InvalidNationalId, match=why) as refused:
        normal_national_id(given)
    assert not given or given not in str(refused.value)


def test_other_certificates_have_letters_and_digits() -> None:
    assert certificate_number("08", " e1234 5678 ") == "E12345678"
    with pytest.raises(ValueError, match="3 至 50 个"):
        certificate_number("08", "护照")
    assert masked(WOMAN) == "**************018X"
    assert masked("E12") == "****E12"


HEADINGS = "参保人编号,姓名,证件类型,证件号码,性别,出生日期,民族,险种,人员类别,参保地,单位名称"


def read(folder: Path, *rows: str, headings: str = HEADINGS) -> IdentityList:
    file = folder / "persons.csv"
    file.write_text("\n".join((headings, *rows)), encoding="utf-8")
    return read_identities(file)


def test_rows_become_persons(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f"P1,测 甲,身份证,{WOMAN},女,1990-01-01,汉族,390,16,360923,县纸厂",
        f"P2,测乙,,{MAN},,,,,,,",
        "P3,Test C,护照,e1234567,男,1980年2月3日,98,职工,11,,",
    )
    assert found.bad == {}
    assert [*found.identities.values()] == [
        Identity("P1", "测 甲", "01", WOMAN, "2", date(1990, 1, 1), "01", "390", "16", "360923", "县纸厂"),
        Identity("P2", "测乙", "01", MAN, "1", date(1990, 1, 1)),
        Identity("P3", "Test C", "08", "E1234567", "1", date(1980, 2, 3), "98", "310", "11"),
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (f"{WOMAN},测,,{WOMAN},,,,,,,", "参保人编号：疑为身份证号"),
        (f"P 1,测,,{WOMAN},,,,,,,", "参保人编号：应为"),
        (f"P1,,,{WOMAN},,,,,,,", "姓名：应为"),
        (f"P1,测,驾照,{WOMAN},,,,,,,", "证件类型：应为 居民身份证"),
        (f"P1,测,,{WOMAN[:-1]}1,,,,,,,", "证件号码：校验位不对"),
        ("P1,测,,1.2E+17,,,,,,,", "证件号码：应为 18 位"),
        ("P1,测,护照,,,,,,,,", "证件号码：证件号码应为"),
        (f"P1,测,,{WOMAN},男,,,,,,", "性别：与身份证号不符"),
        (f"P1,测,,{WOMAN},女人,,,,,,", "性别：应为 男、女"),
        (f"P1,测,,{WOMAN},,1990-01-02,,,,,", "出生日期：与身份证号不符"),
        (f"P1,测,,{WOMAN},,昨天,,,,,", "出生日期：须如"),
        ("P1,测,护照,E1234567,,,,,,,", "出生日期：不是身份证的须写"),
        (f"P1,测,,{WOMAN},,,外族,,,,", "民族：应为"),
        (f"P1,测,,{WOMAN},,,,养老,,,", "险种：应为"),
        (f"P1,测,,{WOMAN},,,,,居民甲,,", "人员类别：应为代码"),
        (f"P1,测,,{WOMAN},,,,,,3609,", "参保地：应为六位"),
    ],
)
def test_a_bad_cell_is_told_by_row_and_column_alone(tmp_path: Path, row: str, why: str) -> None:
    found = read(tmp_path, row)
    assert found.identities == {}
    assert why in found.bad[2]
    assert not {cell for cell in row.split(",") if len(cell) > 9 and cell in found.bad[2]}


def test_of_two_rows_that_differ_neither_is_taken(tmp_path: Path) -> None:
    good = f"P1,测甲,,{WOMAN},,,,,,,"
    found = read(tmp_path, good, good, f"P2,测乙,,{MAN},,,,,,,", f"P2,测丙,,{MAN},,,,,,,", f"P2,测乙,,{MAN},,,,,,,")
    assert [each.person_id for each in found.identities.values()] == ["P1"]
    assert found.repeated == 1
    assert [*found.bad] == [5, 4, 6]
    assert "与第 5 行矛盾" in found.bad[4]


def test_columns_that_lack_and_columns_that_are_not_used(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="缺少列 姓名"):
        read(tmp_path, f"P1,{WOMAN}", headings="参保人编号,身份证号")
    found = read(tmp_path, f"P1,测,{WOMAN},x", headings="人员编号,姓名,身份证号,备注")
    assert ([*found.identities], found.ignored) == ([2], ["备注"])


def test_the_template_has_the_columns(tmp_path: Path) -> None:
    file = tmp_path / "template.xlsx"
    file.write_bytes(identity_template())
    found = read_identities(file)
    assert (found.identities, found.bad, found.ignored) == ({}, {}, [])
