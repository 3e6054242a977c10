"""Text from outside loses its power over a terminal, wherever it is shown, and reads as what it is."""

import io
import json
import sys
import unicodedata

import pytest
import structlog
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from infra import logs
from infra.cli import output
from infra.cli.line_breaks import folded
from infra.cli.output import Terminal
from infra.terminal_text import visible, visible_json, visible_lines

BOSS = "\x1b[32mboss"
EVERY_STEERING = [
    chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp")
]


def steering(text: str) -> list[str]:
    """What of a text is not shown by itself; line breaks are those of the program."""
    return [each for each in text if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def test_every_character_that_steers_is_shown_as_such() -> None:
    assert len(EVERY_STEERING) > 2000
    shown = visible("".join(EVERY_STEERING))
    assert steering(shown) == []
    assert "\n" not in shown
    assert visible("\x1b[31m a\u202eb \u200b \x9b") == r"\x1b[31m a\u202eb \u200b \x9b"
    assert visible("a\nb\tc") == r"a\nb\tc"
    assert visible_lines("a\nb\x07") == "a\nb\\x07"


def test_what_clerks_write_stays() -> None:
    rare = "王伟 䶮\U00020bb7\ue000\U000e0100 ﷽ é ：“户名不符”"  # rare names: extension B, private use, a variant
    assert visible(rare) == rare


def test_json_has_the_same_values_and_nothing_that_steers() -> None:
    told = {"actor": BOSS, "all": "".join(each for each in EVERY_STEERING if unicodedata.category(each) != "Cs")}
    text = visible_json(json.dumps(told, ensure_ascii=False))
    assert steering(text) == []
    assert json.loads(text) == told


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A narrow terminal with colours, in place of stdout and stderr."""
    shown = io.StringIO()
    console = Terminal(file=shown, force_terminal=True, width=60, emoji=False, color_system="truecolor")
    monkeypatch.setattr(output, "stdout", console)
    monkeypatch.setattr(output, "stderr", console)
    return shown


def test_nothing_that_is_printed_steers(terminal: io.StringIO) -> None:
    output.fail(f"{BOSS} \u202e")
    output.note(BOSS)
    output.table(BOSS, (BOSS, "b"), [(BOSS, "x" * 70)])  # too narrow: a block a row
    output.table("t", ("a", "b"), [(BOSS, ":boom: [red]r[/]")])
    output.stdout.print(BOSS)
    text = terminal.getvalue()
    assert "\x1b[32m" not in text  # our own colours are others
    assert "\u202e" not in text
    assert text.count(r"\x1b[32mboss") == 6
    assert ":boom: [red]r[/]" in text


@pytest.mark.parametrize("narrow", [False, True])
def test_a_table_that_fits_is_as_rich_draws_it(terminal: io.StringIO, narrow: bool) -> None:
    """Its rows are joined here; rich folds none of them, and draws the same."""
    rows = [
        ("王伟 one", "1.00", ""),
        ("䶮\U00020bb7 [b]x[/]", "-12,345.67", "基本医保 1.00\n大病保险 2.00"),
        ("", "—", ":boom:"),
    ]
    columns = ("姓名 name", "金额 amount", "各保障线 layers")
    drawn = Table(title="表 Table", title_justify="left", header_style="bold")
    if narrow:
        drawn.box, drawn.padding = SIMPLE_HEAD, (0, 1, 0, 0)
    for place, column in enumerate(columns):
        drawn.add_column(column, justify="right" if place == 1 else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    output.stdout.print(drawn)
    expected = terminal.getvalue()
    output.table("表 Table", columns, rows, right=(1,), narrow=narrow)
    assert terminal.getvalue() == expected * 2


def test_a_list_too_wide_for_a_terminal_is_a_block_a_row(terminal: io.StringIO) -> None:
    output.table("名单 List", ("姓名 name", "说明 detail"), [("王伟", "x" * 50), ("李四", "一\n二")])
    rule, dim, end = f"\x1b[2m{'─' * 60}\x1b[0m", "\x1b[2m", "\x1b[0m"
    assert terminal.getvalue().splitlines() == [
        "\x1b[1m名单 List\x1b[0m",
        *(rule, f"{dim}姓名 name:{end} 王伟", f"{dim}说明 detail:{end} ", "x" * 50),
        *(rule, f"{dim}姓名 name:{end} 李四", f"{dim}说明 detail:{end} 一；二"),
        rule,
    ]


def test_no_log_line_steers(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    try:
        structlog.get_logger().warning(f"said {BOSS}\nerror forged", detail=BOSS, other=f"{BOSS} '")
    finally:
        structlog.reset_defaults()
    (line,) = capfd.readouterr().err.splitlines()
    assert steering(line) == []
    assert r"said \x1b[32mboss\nerror forged" in line


def test_cells_are_broken_until_a_table_fits_but_no_word_is() -> None:
    rows = [["医疗机构 hospital", "疑点 lead"], ["县级综合医院 H36092351", "L6aaf9c13bb7acb71fe7b"]]
    assert folded(rows, 31) == [
        ["医疗机构\nhospital", "疑点 lead"],
        ["县级综合医\n院\nH36092351", "L6aaf9c13bb7acb71fe7b"],
    ]
    # 9 of the hospital's number and 21 of the lead's are the least
    assert folded(rows, 29) is None
    assert folded([["low_standard_stay"]], 9) == [["low_\nstandard_\nstay"]]
