"""What clerks read has one word a thing, Chinese first, and says what is allowed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.cli.scheme_text import place_text, value_name_text
from infra.cli.usage import file_trouble
from policies.describe import describe
from policies.loader import load_directory
from tests.markdown import DOCS, ROOT, page

SOURCES = ("events", "policies", "projections", "processors", "infra")
KEPT = {
    "infra/files/hospital_file.py": "个人支付",  # as hospitals' own programs head the column
}
"""Where a word of others is read."""


def old_words() -> list[str]:
    """The words on the left of the arrows in the glossary."""
    listed = re.findall(r"^- (.+?) →", page("glossary.md").partition("### Words that are not used")[2], re.MULTILINE)
    return [word for words in listed for word in words.split("、")]


def texts() -> Iterator[tuple[str, str]]:
    """Everything that clerks can come to read: sources, views, templates, pages. Frozen migrations are history."""
    files = [
        *(file for folder in SOURCES for file in (ROOT / folder).rglob("*.*") if "migrations" not in file.parts),
        *DOCS.rglob("*.md"),
        ROOT / "README.zh.md",
    ]
    for file in files:
        if file.suffix in (".py", ".sql", ".html", ".md", ".yaml") and "decisions" not in file.parts:
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


def test_old_words_are_gone() -> None:
    words = old_words()
    assert len(words) > 9
    found = []
    for name, text in texts():
        told = text.partition("### Words that are not used")[0] if name == "docs/glossary.md" else text
        told = told.replace("临时救急借款", "").replace(KEPT.get(name, "—"), "")
        found += [(name, word) for word in words if word in told]
    assert found == []


SPOKEN = ("fail", "note", "unusable")


def said(file: Path) -> Iterator[tuple[int, str]]:
    """The literal beginning of each message that a file says to people."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SPOKEN and node.args:
            if isinstance(node.args[0], ast.Call) and ast.unparse(node.args[0].func) == "finding_line":
                continue  # which adds the Chinese: test_finding_text
            parts = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
            text = "".join(part for part in parts if isinstance(part, str))
            if re.search(r"[A-Za-z]{3}", text):
                yield node.lineno, text


def test_what_commands_say_is_chinese_too() -> None:
    english = [
        (file.name, line, text)
        for file in (ROOT / "infra" / "cli").glob("*.py")
        for line, text in said(file)
        if not re.search(r"[\u4e00-\u9fff]", text)
    ]
    assert english == []


def test_every_value_of_a_scheme_is_named_in_chinese() -> None:
    rows = [row for scheme in load_directory() for row in describe(scheme) if row["where"] != "administration"]
    told = [text for row in rows for text in (place_text(row["where"]), place_text(row["for"]))]
    told += [value_name_text(row["where"], row["name"]) for row in rows]
    chinese = [(text, text[: len(text) // 2]) for text in told if text]
    assert len(chinese) > 500
    assert [text for text, first in chinese if not re.search(r"[\u4e00-\u9fff]|^[0-9]|^I", first)] == []
    assert place_text("1.basic inpatient") == "1.基本医保 住院 1.basic inpatient"
    assert place_text("dibao、poor tier 0,1 class II") == "低保对象、优惠对象 0,1级 II类 dibao、poor tier 0,1 class II"
    assert value_name_text("targets", "assistance") == "医疗救助 assistance"


@pytest.mark.parametrize(
    ("typed", "chinese", "allowed"),
    [
        ("settel", "没有命令 settel", "settle"),
        ("report anual", "没有命令 anual", "annual、diseases、"),
        ("report annual --yaer 2019", "没有选项 --yaer", "--year、--region"),
        ("report annual --year abc", "--year 应为整数", "report annual --help"),
        ("report annual --year 1", "--year 不能小于 2000", "2000"),
        ("report annual --region 3609", "“3609”不是统筹区代码，应为六位数字", "360923（上高县）"),
        ("report monthly --month 2019-13", "“2019-13”不是月份", "2019-03"),
        ("report annual --out a.xls", "文件名应以", "*.xlsx、*.csv、*.parquet"),
        ("report annual --out nowhere/a.xlsx", "没有目录 nowhere", "--out"),
        ("statements --out a.pdf", "文件名应以", "*.xlsx、*.csv"),
        ("file P1 --out a.xlsx", "文件名应以", "*.html"),
        ("replay", "缺少参数", "replay --help"),
        ("replay P1 P2", "多余的参数 P2", "replay --help"),
        ("replay P1 --on 2019", "“2019”不是日期", "2019-03-31"),
        ("replay P1 --as-of noon", "“noon”不是时间", "2019-05-06T10:00"),
        ("clearing pay C --reference", "选项 --reference 后面要有值", "requires"),
        ("clearing approve C", "缺少选项 --actor", "clearing approve --help"),
        ("cases note C --actor li --reason 告知", "缺少选项 --kind", "Choose from: note, notice, defence"),
        ("clearing approve C --actor 张三", "“张三”不是编号", "1至128个字母、数字、- 或 _"),
        ("clearing pay C --actor li --reference T --kind bank", "--kind 的值 bank 不可用", "hospital"),
        ("clearing pay C --actor li --reference T --kind person", "只与 --payee 同用", "--payee"),
        ("advances repay L --region 360923 --amount 1,5 --actor li --reference T", "“1,5”不是金额", "1234.50"),
        ("rebuild nothing", "没有投影 nothing", "statements"),
        ("roster publish --period x --region 220621 --out o", "“x”不是月份", "2019-06"),
        ("roster import f --source poor/1 --period 2019-06", "“poor/1”不可用", "poverty-office/220621"),
        ("settle nofile.jsonl", "没有这个文件或目录", "nofile.jsonl"),
        ("resettle --scheme anyi --from 2019-01-01", "须指明经办人", "--dry-run"),
    ],
)
def test_a_call_that_is_not_understood(typed: str, chinese: str, allowed: str, tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, typed.split(), env={"CLAIMS_DATA_DIR": str(tmp_path / "none"), "COLUMNS": "400"})
    assert ended.exit_code == 2, ended.output
    told = ended.stderr.replace("\n", " ")
    assert told.startswith("错误 error: ")
    assert chinese in told
    assert allowed in told
    assert told.index(chinese) < 60 + len("错误 error: ")
    assert "[Errno" not in told


def test_a_file_that_cannot_be_written_is_named_as_asked() -> None:
    told = file_trouble(FileNotFoundError(2, "No such file or directory", "away/report.xlsx"))
    assert told == "away/report.xlsx: 没有这个文件或目录 No such file or directory"
