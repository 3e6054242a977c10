"""Each command is loaded alone, and is where the table says."""

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

from infra import cli
from infra.cli.command_table import MODULES, CommandTable


def test_every_command_is_registered_by_its_module() -> None:
    table = CommandTable()
    assert [table[name].name for name in MODULES] == list(MODULES)


def test_no_module_with_commands_is_left_out() -> None:
    named = [module.name for module in iter_modules(cli.__path__)]
    registering = {name for name in named if hasattr(import_module(f"infra.cli.{name}"), "register")}
    assert registering - {"scheme_offers"} == {*MODULES.values()}  # that one is a command of ``claims schemes``


def test_a_name_that_is_none_loads_nothing() -> None:
    with pytest.raises(KeyError):
        CommandTable()["statement"]


@pytest.mark.parametrize("name", ["statements", "report", "clearing", "replay", "verify", "reconcile"])
def test_a_command_that_reads_starts_without_what_runs_lanes(name: str) -> None:
    heavy = ("faststream", "infra.worker.worker", "alembic")
    code = f"import sys; from infra.cli.command_table import CommandTable; CommandTable()[{name!r}]; "
    code += f"print([module for module in {heavy!r} if module in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
