"""Each command is loaded alone, and is where the table says."""

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

from infra import cli
from infra.cli.command_table import MODULES, CommandTable
from infra.cli.failures import UNUSABLE, is_unusable

HEAVY = ("faststream", "infra.worker.worker", "alembic", "fastapi")
# what nearly all of them need of the inner layers and of others is loaded once
_EACH_ALONE = f"""
import gc, os, sys
gc.disable()
import asyncpg, nats, sqlalchemy.ext.asyncio
import events.catalog, policies.loader, processors.law.adoption, processors.pipeline.window_amounts, typer
import infra.logs, infra.servers, infra.settings
from importlib import import_module
from infra.cli.command_table import MODULES
assert not any(module in sys.modules for module in {HEAVY!r})
for name in {{*MODULES.values()}}:
    if os.fork() == 0:
        import_module("infra.cli." + name)
        print(name, *(module for module in {HEAVY!r} if module in sys.modules), flush=True)
        os._exit(0)
    os.wait()
"""


def test_every_command_is_registered_by_its_module() -> None:
    table = CommandTable()
    assert [table[name].name for name in MODULES] == list(MODULES)


def test_no_module_with_commands_is_left_out() -> None:
    named = [module.name for module in iter_modules(cli.__path__)]
    registering = {name for name in named if hasattr(import_module(f"infra.cli.{name}"), "register")}
    # commands of ``claims schemes``, ``claims clearing`` and ``claims cases``
    inner = {"scheme_offers", "clearing_bank", "clearing_form", "clearing_orders", "case_decisions", "case_lists"}
    assert registering - inner == {*MODULES.values()}


def test_a_name_that_is_none_loads_nothing() -> None:
    with pytest.raises(KeyError):
        CommandTable()["statement"]


@pytest.fixture(scope="module")
def loaded_alone() -> dict[str, list[str]]:
    """The modules, each loaded by a process that has no other one, with what of ``HEAVY`` it brought along."""
    ended = subprocess.run([sys.executable, "-c", _EACH_ALONE], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    return {name: heavy for name, *heavy in map(str.split, ended.stdout.splitlines())}


def test_each_module_is_loaded_without_the_others(loaded_alone: dict[str, list[str]]) -> None:
    assert set(loaded_alone) == {*MODULES.values()}


@pytest.mark.parametrize("name", ["listings", "report", "clearing", "replay", "verify", "reconcile", "console"])
def test_a_command_that_reads_starts_without_what_runs_lanes(loaded_alone: dict[str, list[str]], name: str) -> None:
    assert loaded_alone[name] == []
    assert loaded_alone["up"] == ["faststream", "infra.worker.worker"]


@pytest.mark.parametrize("name", sorted(UNUSABLE))
def test_what_a_command_ends_on_is_an_error_of_that_name(name: str) -> None:
    module, _, kind = name.rpartition(".")
    error = getattr(import_module(module), kind)
    assert issubclass(error, Exception)
    assert f"{error.__module__}.{error.__qualname__}" == name
    assert is_unusable(error.__new__(type("Its own kind", (error,), {})))
    assert not is_unusable(Exception(name))


def test_to_say_that_there_is_no_ledger_loads_no_command_but_the_one_that_was_asked_for() -> None:
    program = f"""
import gc, sys
from infra.cli import main
sys.argv = ["claims", "statements", "--data-dir", "/nowhere"]
try:
    main()
except SystemExit as ended:
    assert ended.code == 2
    assert gc.isenabled() and gc.get_freeze_count() > 100_000
    print(*(module for module in (*{HEAVY!r}, "infra.cli.demo", "infra.operations.backup") if module in sys.modules))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""
    assert "没有账本" in ended.stderr
