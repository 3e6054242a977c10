"""Every command that a page names is there, with the options it is shown with."""

import re
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import typer.main

from infra.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "docs" / "manuals").glob("*.md"))
COMMANDS: Any = typer.main.get_command(app)
CALL = re.compile(r"(?:^ {4}|`|\$ |&& )(?:\.venv/bin/)?claims +([a-z][^`\n#&]*)", re.MULTILINE)


def problem(call: str) -> str | None:
    """What is wrong with a call of the program, if anything."""
    command, words = COMMANDS, re.sub(r"…|（[^）]*）", " ", call).split()
    while words and (inner := getattr(command, "commands", None)):
        if words[0] not in inner:
            if command is COMMANDS or not words[0].lstrip("[").startswith("-"):
                return f"no command {words[0]}"
            if not command.invoke_without_command:
                return None
            break
        command = inner[words.pop(0)]
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    named = list(takewhile(lambda word: not word.lstrip("[(").startswith("-"), words))
    if len(named) > len(arguments) and all(each.nargs == 1 for each in arguments):
        return f"no argument {named[len(arguments)]}"
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    asked = [word.strip("[](),|") for word in words if word.lstrip("[(").startswith("--")]
    return next((f"no option {option}" for option in asked if option.partition("=")[0] not in options), None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_there_as_they_are_named(page: Path) -> None:
    calls = CALL.findall(page.read_text(encoding="utf-8"))
    assert {call: found for call in calls if (found := problem(call))} == {}


def test_a_wrong_command_is_found() -> None:
    wrong = (
        "settel f",
        "clearing drafts",
        "replay P1 --asof x",
        "report annual --yaer 2019",
        "cases note C defence --actor li",
    )
    assert all(problem(call) for call in wrong)
