"""What a proof finds is told in one form: where, what should stand, what stands; Chinese first, English beside."""

import ast
import re
from pathlib import Path

import pytest

from infra.cli.finding_text import CHECKS, bilingual, finding_line
from processors.proof.column_values import column_text

VERIFICATION = Path(__file__).parents[2] / "processors" / "proof" / "verification"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def problem_calls() -> list[list[ast.expr]]:
    """The arguments of each call that notes a problem, wherever verification does."""
    calls = []
    for path in sorted(VERIFICATION.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Attribute) and node.func.attr == "problem":
                calls.append(node.args)
            elif isinstance(node.func, ast.Name) and node.func.id == "_report":
                calls.append(node.args[1:])
    return calls


def texts(argument: ast.expr) -> list[str]:
    """What an argument says whatever the data: a constant, or a text with a 1 for each value."""
    match argument:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(part.value if isinstance(part, ast.Constant) else "1" for part in parts)]  # type: ignore[misc]
        case ast.IfExp(body=body, orelse=other):
            return [*texts(body), *texts(other)]
        case _:
            return []


def test_every_check_and_every_phrase_of_verification_has_its_chinese() -> None:
    calls = problem_calls()
    assert len(calls) > 30
    checks = {text for call in calls for text in texts(call[0])}
    assert checks <= CHECKS.keys()
    told = {text for call in calls for argument in call[2:] for text in texts(argument)}
    assert len(told) > 20
    # a text of values alone has no words to tell
    assert [text for text in sorted(told) if re.search("[a-z]{2}", text) and not CHINESE.search(bilingual(text))] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("6000.00", "6000.00"),
        ("none", "无 none"),
        ("entry 2", "条目 entry 2"),
        ("3 entries", "条目数 3 entries"),
        (
            "6000.01 = layers 3120.00 + patient 2880.01 + hospital 0.00",
            "6000.01 = 各保障线 layers 3120.00 + 个人 patient 2880.01 + 医院 hospital 0.00",
        ),
        ("person P1, 2019, fusong, basic", "参保人 person P1, 2019, fusong, 基本医保 basic"),
        ("at most 100.00 repaid", "至多 at most 100.00 repaid"),
        ("no claim: the ledger accepted no such claim", "不应有结算事项 no claim: the ledger accepted no such claim"),
    ],
)
def test_each_part_has_its_chinese_before_it(text: str, told: str) -> None:
    assert bilingual(text) == told


def test_a_person_is_named_once() -> None:
    line = finding_line("accumulation", "person P1, 2019, fusong, basic", "paid 1.00", "none", person_id="P1")
    assert line == (
        "[年度累计 accumulation] 参保人 person P1, 2019, fusong, 基本医保 basic："
        "应为 should be 支付 paid 1.00；现为 is 无 none"
    )
    assert "（参保人 person P2）" in finding_line("balance", "claim C1", "1.00", "2.00", person_id="P2")


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("total", 600000, "6000.00"),
        ("tier", 3, "3"),
        ("layers", [("basic", 312000), ("critical_illness", 0)], "basic 3120.00 + critical_illness 0.00"),
        ("layers", [], "none"),
        ("referral", ["A1", "A2"], "A1; A2"),
        ("ranges", {"basic.0": (0, 5)}, "basic.0 0 to 5"),
        ("prepaid", True, "yes"),
        ("disease", None, "none"),
        ("set_off", 100, "1.00"),
    ],
)
def test_values_are_in_yuan_and_words(column: str, value: object, told: str) -> None:
    assert column_text(column, value) == told
