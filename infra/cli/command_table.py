"""The commands by name, each loaded when it is asked for: a command starts without what the others need."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

import typer
from typer.core import TyperCommand, TyperGroup

Command = TyperCommand | TyperGroup

MODULES: Mapping[str, str] = {
    "settle": "settle",
    "publish": "publish",
    "up": "up",
    "console": "console",
    "gateway": "gateway",
    "statements": "listings",
    "accumulations": "listings",
    "grants": "listings",
    "refusals": "listings",
    "waiting": "listings",
    "parked": "parked_runs",
    "payouts": "payouts",
    "replay": "replay",
    "changes": "changes",
    "verify": "verify",
    "file": "file",
    "sheet": "sheet",
    "status": "status",
    "schemes": "schemes",
    "events": "events",
    "access": "access",
    "resettle": "resettle",
    "whatif": "whatif",
    "rebuild": "rebuild",
    "quote": "quote",
    "window": "window",
    "premiums": "premiums",
    "account": "account",
    "funds": "funds",
    "fines": "fines",
    "leads": "leads",
    "supervision": "supervision",
    "cases": "cases",
    "blacklist": "blacklist",
    "enrollments": "referrals",
    "referrals": "referrals",
    "clearing": "clearing",
    "receivables": "receivables",
    "advances": "advances",
    "prepayments": "prepayments",
    "withholdings": "withholdings",
    "payees": "payees",
    "catalogue": "catalogue",
    "persons": "persons",
    "reconcile": "reconcile",
    "roster": "roster",
    "registers": "registers",
    "report": "report",
    "backup": "backup",
    "restore": "backup",
    "seal": "seal",
    "demo": "demo",
    "sandbox": "sandbox",
}
"""The module of ``infra.cli`` that registers each command, in the order of the help."""


class CommandTable(Mapping[str, Command]):
    """All commands. Raises ``KeyError`` for a name that is none."""

    def __init__(self) -> None:
        self._loaded: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name not in self._loaded:
            self._loaded.update(_commands_of(MODULES[name]))
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


def load(call: Sequence[str]) -> None:
    """Load what a call of the program needs; for its help, all. For a process that ends with the call.

    What is loaded stays to the end: looking for cycles in it, while it loads and once more when the process ends, takes
    a third of a short command's time.
    """
    names = list(MODULES) if not call or call[0] == "--help" else [name for name in call[:1] if name in MODULES]
    gc.disable()
    for module in dict.fromkeys(MODULES[name] for name in names):
        import_module(f"infra.cli.{module}")
    gc.freeze()
    gc.enable()


def _commands_of(module: str) -> Mapping[str, Command]:
    app = typer.Typer(add_completion=False)
    app.callback()(lambda: None)  # one command alone would stand for the whole program
    import_module(f"infra.cli.{module}").register(app)
    return typer.main.get_group(app).commands  # type: ignore[return-value] # as typer makes them
