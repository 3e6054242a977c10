"""A county's own worked cases: read as clerks save them, settled under its scheme, told where they differ."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.files.case_file import example_cases, read_cases
from infra.files.text_file import UnusableFile
from policies.loader import SCHEMES, load_file
from policies.vocabulary import SHARED
from policies.worked_cases import differences
from tests.engine import scheme

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
COUNTY = EXAMPLES / "county.yaml"
HEAD = "案例,参保人,日期,就医类型,医院等级,就医地,救助对象,病种,转自,政策范围内,全自费,应付：基本医保,应付：个人负担\n"


def written(folder: Path, text: str, encoding: str = "utf-8-sig") -> Path:
    file = folder / "cases.csv"
    file.write_bytes(text.encode(encoding))
    return file


def told(name: str, file: Path) -> list[tuple[int, str, int, int | None]]:
    return [
        (each.case.line, each.name, each.expected, each.computed)
        for each in differences(scheme(name), read_cases(file, SHARED))
    ]


def test_the_example_is_the_form_and_comes_out_as_told() -> None:
    assert (EXAMPLES / "cases.csv").read_bytes() == example_cases()
    # 甲: (10,200 − 200) × 90% = 9,000; 1,200 left × 70% = 840. Then (20,600 − 600) × 70% = 14,000;
    # (1,200 + 6,600 − 5,000) × 60% = 1,680; 4,920 × 70% = 3,444. Elsewhere (11,500 − 1,500) × 65% = 6,500
    assert differences(load_file(COUNTY), read_cases(EXAMPLES / "cases.csv", SHARED)) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_cells_as_spreadsheets_write_them(tmp_path: Path, encoding: str) -> None:
    # 佳木斯: (60,000 − 700) × 65% = 38,545; critical illness (21,455 − 10,000) × 50% = 5,727.50 (J1)
    row = '一,,2019/3/9,住院,三级,市内,,,,"60,000.00",,"￥38,545.00",15727.5\n'
    assert told("jiamusi", written(tmp_path, HEAD.replace("：", ":") + row + ",,,,,,,,,,,,\n", encoding)) == []


def test_places_categories_and_persons(tmp_path: Path) -> None:
    rows = (
        # 佳木斯, poor: (60,000 − 700) × 70% = 41,510 (J2)
        "贫困,,2019-03-09,住院,3,,建档立卡贫困人口,,,60000,,41510,11745\n"
        # (10,000 − 1,000) × 60%, (10,000 − 1,500) × 50%, (10,000 − 1,500) × 40%
        "省内,,2019-03-09,住院,3,省内,,,,10000,,5400,\n"
        "省外,,2019-03-09,住院,3,省外,,,,10000,,4250,\n"
        "未备案,,2019-03-09,住院,3,未备案,,,,10000,,3400,\n"
        # 100 a year of general outpatient, of which 150 × 50% = 75 are used
        "门诊1,甲,2019-03-09,门诊统筹,一级,,,,,150,,75,\n"
        "门诊2,甲,2019-04-09,门诊统筹,一级,,,,,150,,25,125\n"
        "门诊3,乙,2019-04-09,门诊统筹,一级,,,,,150,,75,75\n"
    )
    assert told("jiamusi", written(tmp_path, HEAD + rows)) == []


def test_a_referral_counts_the_deductible_on(tmp_path: Path) -> None:
    rows = (
        # 抚松, poor: (5,000 − 500) × 75% = 3,375; then 800 − 500 = 300: (5,000 − 300) × 60% = 2,820
        "转出,甲,2019-03-09,住院,2,,建档立卡贫困人口,,,5000,,3375,\n"
        "转入,甲,2019-03-19,住院,3,,建档立卡贫困人口,,转出,5000,,2820,\n"
    )
    assert told("fusong", written(tmp_path, HEAD + rows)) == []


def test_what_differs_is_told_with_line_expected_and_computed(tmp_path: Path) -> None:
    rows = "对,,2019-03-09,住院,3,,,,,60000,,38545,15727.50\n错,,2019-03-09,住院,3,,,,,60000,,38454,15727.50\n"
    assert told("jiamusi", written(tmp_path, HEAD + rows)) == [(3, "basic", 3845400, 3854500)]
    # 2017 is before the scheme, a pharmacy is not offered
    rows = "早,,2017-03-09,住院,3,,,,,60000,,38545,\n药,,2019-03-09,特定药品药店购药,0,,,,,100,,0,\n"
    assert told("jiamusi", written(tmp_path, HEAD + rows)) == [(2, "basic", 3854500, None), (3, "basic", 0, None)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD, "没有案例"),
        (HEAD.replace("就医地", "地点") + "一,,2019-03-09,住院,3,,,,,1,,1,\n", "不认识的列 unknown columns: 地点"),
        (HEAD.replace("案例", "参保人", 1), "列重复"),
        ("案例,日期,就医类型,医院等级\n", "缺少列 columns missing: 政策范围内"),
        (HEAD + "一,,2019-03-39,住院,3,,,,,1,,1,\n", "第2行，日期"),
        (HEAD + "一,,2019-03-09,牙科,3,,,,,1,,1,\n", "第2行，就医类型.*住院、门诊慢特病"),
        (HEAD + "一,,2019-03-09,住院,4,,,,,1,,1,\n", "第2行，医院等级"),
        (HEAD + "一,,2019-03-09,住院,3,,穷人,,,1,,1,\n", "第2行，救助对象.*低保对象"),
        (HEAD + "一,,2019-03-09,住院,3,,,plague,,1,,1,\n", "第2行，病种"),
        (HEAD + "一,,2019-03-09,住院,3,,,,,1.001,,1,\n", "第2行，政策范围内.*须为以元计"),
        (HEAD + '一,,2019-03-09,住院,3,,,,,"1,5",,1,\n', "第2行，政策范围内.*“1,5”不是金额"),  # not 15 yuan
        (HEAD.strip() + ",\n一,,2019-03-09,住院,3,,,,,1,,1,,7\n", "第2行：有的单元格没有标题"),
        (HEAD + "一,,2019-03-09,住院,3,,,,,1,,1,,7\n", "第2行：有的单元格没有标题"),
        (HEAD + "一,,2019-03-09,住院,3,,,,,1,,,\n", "第2行：没有任何应付金额"),
        (HEAD + ",,2019-03-09,住院,3,,,,,1,,1,\n", "第2行，案例.*不能为空"),
        (HEAD + "一,,2019-03-09,住院,3,,,,,1,,1,\n" * 2, "第3行：案例“一”重复，第2行已有"),
        (HEAD + "一,,2019-03-09,住院,3,,,,二,1,,1,\n", "第2行，转自"),
        (HEAD + "一,,2019-03-09,门诊慢特病,3,,,,,1,,1,\n", "慢特病证类别"),
        (HEAD + '一,,2019-03-09,住院,3,,,,,"1,,1,\n', "不是 CSV 文件"),
    ],
)
def test_what_cannot_be_read_is_refused_by_line_and_column(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnusableFile, match=says):
        read_cases(written(tmp_path, text), SHARED)


def test_the_command_tells_line_expected_computed_and_every_step(tmp_path: Path) -> None:
    cases = written(tmp_path, (EXAMPLES / "cases.csv").read_text(encoding="utf-8-sig").replace(",1476,", ",1467,"))
    done = CliRunner().invoke(app, ["schemes", "check", str(COUNTY), "--cases", str(cases)])
    assert done.exit_code == 1
    (row,) = [line for line in done.stdout.splitlines() if "1467.00" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        *("3", "同一人再住三级", "应付：个人负担", "1467.00", "1476.00", "9.00")
    ]
    assert "按比例应付 by ratio: max(0, 4920.00 − 0.00) × 70% = 3444.00" in done.stdout
    assert "案例不符 1 处" in done.stderr

    done = CliRunner().invoke(app, ["schemes", "check", str(COUNTY), "--cases", str(EXAMPLES / "cases.csv")])
    assert (done.exit_code, "案例相符" in done.stderr) == (0, True)


def test_a_built_in_text_is_given_as_it_is(tmp_path: Path) -> None:
    shipped = (SCHEMES / "shanggao.yaml").read_bytes()
    assert CliRunner().invoke(app, ["schemes", "export", "shanggao"]).stdout_bytes == shipped
    file = tmp_path / "county.yaml"
    assert CliRunner().invoke(app, ["schemes", "export", "shanggao", "--out", str(file)]).exit_code == 0
    assert file.read_bytes() == shipped
    refused = CliRunner().invoke(app, ["schemes", "export", "atlantis"])
    assert (refused.exit_code, "shanggao" in refused.stderr) == (2, True)


def test_check_refuses_an_unsound_file() -> None:
    file = Path(__file__).parents[1] / "data" / "schemes" / "two_limits_basic.yaml"
    done = CliRunner().invoke(app, ["schemes", "check", str(file)])
    assert (done.exit_code, "可用 fit for use" in done.stderr) == (1, False)
    assert f"{file}:23: stages[0].cases[1]" in done.stderr
