"""Lists of who persons are, as the bureau hands them on: CSV or XLSX, a row a person.

What is wrong is told by row and column: no message holds a cell's text.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from events.codes import is_id, is_region
from events.national_ids import is_national_id
from infra.files.headed_table import UNUSABLE, named_in_chinese, read_table
from infra.files.template import template_book
from infra.files.text_file import UnusableFile
from processors.identities.ethnicities import ETHNICITY_NAMES
from processors.identities.identity import (
    CERTIFICATE_NAMES,
    IDENTITY_SEX_NAMES,
    NATIONAL_ID,
    RESIDENTS,
    Identity,
    IdentitySex,
    birth_of,
    certificate_number,
    sex_of,
)
from processors.rosters.cells import UnusableCell, read_day

COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("参保人编号", "人员编号", "个人编号", "医保编号", "psn_no", "person_id"), "person_id"),
    **dict.fromkeys(("姓名", "人员姓名", "psn_name", "name"), "name"),
    **dict.fromkeys(("证件类型", "人员证件类型", "psn_cert_type"), "certificate_type"),
    **dict.fromkeys(("证件号码", "证件号", "身份证号", "身份证号码", "公民身份号码", "certno"), "certificate"),
    **dict.fromkeys(("性别", "gend", "sex"), "sex"),
    **dict.fromkeys(("出生日期", "brdy", "birth"), "born"),
    **dict.fromkeys(("民族", "naty"), "ethnicity"),
    **dict.fromkeys(("险种", "险种类型", "insutype"), "insurance"),
    **dict.fromkeys(("人员类别", "psn_type"), "person_type"),
    **dict.fromkeys(("参保地", "参保地区划", "参保地医保区划", "insuplc_admdvs"), "region"),
    **dict.fromkeys(("单位", "单位名称", "emp_name"), "employer"),
}
_REQUIRED = ("person_id", "name", "certificate")
_CERTIFICATES: Mapping[str, str] = {
    **{code: code for code in CERTIFICATE_NAMES},
    **{name: code for code, name in CERTIFICATE_NAMES.items()},
    "": NATIONAL_ID,
    "身份证": NATIONAL_ID,
    "社保卡": "90",
    "其他": "99",
}
_SEXES: Mapping[str, IdentitySex] = {
    **{code: code for code in IDENTITY_SEX_NAMES},
    **{name: code for code, name in IDENTITY_SEX_NAMES.items()},
}
_ETHNICITIES: Mapping[str, str] = {
    **{code: code for code in ETHNICITY_NAMES},
    **{name: code for code, name in ETHNICITY_NAMES.items()},
    **{f"{name}族": code for code, name in ETHNICITY_NAMES.items()},
}
_INSURANCES: Mapping[str, str] = {
    **{code: code for code in ("310", "320", "330", "340", "350", "360", "370", "380", RESIDENTS, "391", "392", "399")},
    **{code: code for code in ("410", "510")},
    "": RESIDENTS,
    "职工": "310",
    "城镇职工": "310",
    "居民": RESIDENTS,
    "城乡居民": RESIDENTS,
}
_LONGEST_WORDS = 200
_LONGEST_NAME = 50
_TEMPLATE = {
    "参保人编号": 22,
    "姓名": 14,
    "证件类型": 14,
    "证件号码": 24,
    "性别": 8,
    "出生日期": 14,
    "民族": 10,
    "险种": 12,
    "人员类别": 12,
    "参保地": 12,
    "单位名称": 24,
}
"""Columns of the list to fill in, with their widths."""
_Text = TypeVar("_Text", bound=str)


@dataclass(slots=True)
class IdentityList:
    """The persons of a file by their rows, and the rows that can't be used, with why; ``ignored`` are not used."""

    identities: dict[int, Identity] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    repeated: int = 0
    """rows that say of a person what a row before them says"""


class _BadField(ValueError):
    """What is wrong with a row, in both languages, with the column's Chinese name before it; never the cell's text."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(f"{named_in_chinese([column], COLUMNS)}：{why}")


def read_identities(path: Path) -> IdentityList:
    """The persons that a file states, each once: of two rows that differ neither is taken.

    Raises ``UnusableFile``, and OSError where the file can't be opened.
    """
    columns, rows = read_table(path, COLUMNS)
    wanted = [name for name in _REQUIRED if name not in columns]
    if wanted:
        raise UnusableFile(f"缺少列 {named_in_chinese(wanted, COLUMNS)} no column {', '.join(wanted)}")
    found = IdentityList(ignored=[name.removeprefix("?") for name in columns if name.startswith("?") and name != "?"])
    seen: dict[str, int] = {}
    for number, cells in rows:
        try:
            identity = _identity(cells)
        except ValueError as error:
            found.bad[number] = str(error)
            continue
        first = seen.setdefault(identity.person_id, number)
        if first == number:
            found.identities[number] = identity
        elif found.identities.get(first) == identity:
            found.repeated += 1
        else:
            found.bad[number] = str(_BadField("person_id", f"与第 {first} 行矛盾 contradicts row {first}"))
            found.identities.pop(first, None)
            found.bad.setdefault(first, str(_BadField("person_id", f"与第 {number} 行矛盾 contradicts row {number}")))
    return found


def identity_template() -> bytes:
    """A workbook to fill in; it holds no example, for what looks like a person may be taken for one."""
    return template_book("参保人", _TEMPLATE, ())


def _identity(cells: Mapping[str, str]) -> Identity:
    if UNUSABLE in cells:
        raise ValueError(cells[UNUSABLE])
    type_ = _one_of(cells, "certificate_type", _CERTIFICATES, "、".join(CERTIFICATE_NAMES.values()))
    try:
        certificate = certificate_number(type_, cells["certificate"])
    except ValueError as error:
        raise _BadField("certificate", str(error)) from None
    return Identity(
        person_id=_person_id(cells["person_id"]),
        name=_words(cells, "name", _LONGEST_NAME),
        certificate_type=type_,
        certificate=certificate,
        sex=_sex(cells, type_, certificate),
        born=_born(cells, type_, certificate),
        ethnicity=_one_of(cells, "ethnicity", _ETHNICITIES, "民族名称或两位代码") if cells.get("ethnicity") else None,
        insurance=_one_of(cells, "insurance", _INSURANCES, "390 城乡居民、310 职工 等三位代码"),
        person_type=_code(cells, "person_type"),
        region=_region(cells),
        employer=_words(cells, "employer", _LONGEST_WORDS) if cells.get("employer") else None,
    )


def _person_id(said: str) -> str:
    if is_national_id(said):
        raise _BadField("person_id", "疑为身份证号，应为参保人编号 looks like a national ID: give the insured's number")
    if not is_id(said):
        raise _BadField("person_id", "应为 1 至 128 位字母、数字、- 或 _ must be 1 to 128 letters, digits, - or _")
    return said


def _words(cells: Mapping[str, str], column: str, longest: int) -> str:
    words = " ".join(unicodedata.normalize("NFKC", cells[column]).split())
    if not words or len(words) > longest or not words.isprintable():
        raise _BadField(column, f"应为 1 至 {longest} 个可见字符 1 to {longest} printable characters")
    return words


def _one_of(cells: Mapping[str, str], column: str, known: Mapping[str, _Text], allowed: str) -> _Text:
    said = "".join(cells.get(column, "").split())
    if said not in known:
        raise _BadField(column, f"应为 {allowed} must be one of these")
    return known[said]


def _sex(cells: Mapping[str, str], type_: str, certificate: str) -> IdentitySex:
    said = _one_of(cells, "sex", _SEXES, "男、女、未说明") if cells.get("sex") else None
    stated = sex_of(certificate) if type_ == NATIONAL_ID else None
    if said is not None and stated is not None and said != "9" and said != stated:
        raise _BadField("sex", "与身份证号不符 is not that of the national ID")
    return stated or said or "9"


def _born(cells: Mapping[str, str], type_: str, certificate: str) -> date:
    try:
        said = read_day("birth", cells.get("born", ""))
    except UnusableCell as error:
        raise _BadField("born", str(error)) from None
    stated = birth_of(certificate) if type_ == NATIONAL_ID else None
    if said is not None and stated is not None and said != stated:
        raise _BadField("born", "与身份证号不符 is not that of the national ID")
    born = stated or said
    if born is None:
        raise _BadField("born", "不是身份证的须写出生日期 is wanted where the certificate is no national ID")
    return born


def _code(cells: Mapping[str, str], column: str) -> str | None:
    said = cells.get(column, "")
    if said and not (said.isascii() and said.isalnum() and len(said) <= 6):
        raise _BadField(column, "应为代码，至多六位 must be a code of at most six characters")
    return said or None


def _region(cells: Mapping[str, str]) -> str | None:
    said = cells.get("region", "")
    if said and not is_region(said):
        raise _BadField("region", "应为六位统筹区代码 must be a GB/T 2260 code of six digits")
    return said or None
