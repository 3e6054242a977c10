"""Every command that a page names is there, with the options it is shown with; and README's figures of the law hold."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer.main

from infra.cli import app
from policies.describe import describe
from policies.loader import load_directory

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS: Any = typer.main.get_command(app)
CALL = re.compile(r"(?:^ {4}|`|\$ |&& )(?:\.venv/bin/)?claims +([a-z][^`\n#&]*)", re.MULTILINE)


def problem(call: str) -> str | None:
    """What is wrong with a call of the program, if anything."""
    command, words = COMMANDS, call.replace("…", " ").split()
    while words and (inner := getattr(command, "commands", None)):
        if words[0] not in inner:
            return None if command is not COMMANDS and words[0].startswith("-") else f"no command {words[0]}"
        command = inner[words.pop(0)]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    asked = [word.strip("[](),|") for word in words if word.lstrip("[(").startswith("--")]
    return next((f"no option {option}" for option in asked if option.partition("=")[0] not in options), None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_there_as_they_are_named(page: Path) -> None:
    calls = CALL.findall(page.read_text(encoding="utf-8"))
    assert {call: found for call in calls if (found := problem(call))} == {}


def test_a_wrong_command_is_found() -> None:
    wrong = ("settel f", "clearing drafts", "replay P1 --asof x", "report annual --yaer 2019")
    assert all(problem(call) for call in wrong)


def test_readme_counts_what_each_grade_says_of_a_scheme() -> None:
    readme = (ROOT / "README.zh.md").read_text(encoding="utf-8")
    told = {name: [int(count) for count in counts.split("、")] for name, counts in
            re.findall(r"^\| \S+ `(\w+)` \|.*\| ([\d、]+) \|$", readme, re.MULTILINE)}  # fmt: skip
    counted = {scheme.name: Counter(row["grade"] for row in describe(scheme)) for scheme in load_directory()}
    assert told == {
        name: [grades[grade] for grade in ("seed", "public", "later", "assumed")] for name, grades in counted.items()
    }
