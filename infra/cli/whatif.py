"""``claims whatif``: what a reform would have cost, and what it changes in the law's words. Nothing is booked."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.arguments import unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import note, print_json
from infra.cli.reform_text import print_reform, reform_json
from infra.cli.session import NoLedger, reading, require_ledger, run
from infra.settings import Settings
from policies.loader import load_directory
from policies.reform import ReformFile, read_reform
from policies.yaml_text import MOST_BYTES
from processors.law.terms import use_terms
from processors.simulation.bases import LawOfLedger, read_law, replacements, shipped_law

CHECK = "check"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(whatif)


def whatif(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="[check] REFORM…", help="改革文件；前面写 check 只看改动 files of reforms; after check only told"
        ),
    ],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """政策测算：改了政策要多花多少，只算不入账。What a reform would have cost; nothing is booked."""
    settings = settings_of(data_dir)
    if files[0] != CHECK:
        raise unusable("请写 claims whatif check 改革文件", "Only check is there", "REFORM")
    reforms = _read(files[1:])
    sys.exit(run(lambda: _check(settings, reforms, json=json)))


def _read(paths: Sequence[str]) -> list[ReformFile]:
    if not paths:
        raise unusable("请给出改革文件，如 reform.yaml", "Name the file of a reform", "REFORM")
    read = []
    for path in map(Path, paths):
        with path.open("rb") as file:
            read.append(read_reform(file.read(MOST_BYTES + 1), str(path)))
    return read


async def _check(settings: Settings, reforms: Sequence[ReformFile], *, json: bool) -> int:
    law = await _law(settings)
    for text in law.texts.values():
        use_terms(text.terms)
    found = [(file, replacements(file, law, {})) for file in reforms]
    if json:
        print_json(reform_json(file, law.texts, after) for file, after in found)
    else:
        for file, after in found:
            print_reform(file, law.texts, after)
    return 0


async def _law(settings: Settings) -> LawOfLedger:
    """The ledger's texts; where there is no ledger, those that are shipped."""
    try:
        require_ledger(settings)
    except NoLedger:
        note("没有账本，按内置政策文本核对。There is no ledger: the texts that are shipped are taken")
        return shipped_law(load_directory())
    async with reading(settings, "whatif check") as engine, engine.connect() as connection:
        return await read_law(connection)
