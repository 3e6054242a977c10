"""``claims seal``: every journal's head, to be kept elsewhere, and an old seal held against today's ledger."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.arguments import file_of, unusable
from infra.cli.finding_text import finding_line
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout, table
from infra.cli.session import reading, run
from infra.files.atomic import READABLE, write_atomically
from infra.settings import Settings
from processors.proof.seal_check import check_seal
from processors.proof.seals import Seal, SealError, read_seal
from processors.proof.seals import seal as seal_journals

LARGEST_SEAL = 10_000_000
"""Bytes; a seal has a line of 100 for each journal."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(seal)


def seal(
    out: Annotated[Path | None, typer.Option("--out", help="写入文件，另处保存 file to keep elsewhere")] = None,
    check: Annotated[Path | None, typer.Option("--check", help="核对旧封账文件 hold an old seal against it")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """封账：记下各账册之首尾哈希。Seal every journal's head; --check shows whether an old seal still holds."""
    settings = settings_of(data_dir)
    if out is not None and check is not None:
        raise unusable("封账或核对，只选其一", "Either make a seal or check one", "--out")
    if out is not None:
        file_of(out, (".json",))
    if check is None:
        sys.exit(run(lambda: _seal(settings, out, json=json)))
    try:
        with check.open("rb") as file:
            known = read_seal(file.read(LARGEST_SEAL))
    except SealError as error:
        raise unusable(f"{check} 不是封账文件，或已被改动", str(error), "--check") from None
    sys.exit(run(lambda: _check(settings, known, json=json)))


async def _seal(settings: Settings, out: Path | None, *, json: bool) -> int:
    async with reading(settings, "seal") as engine:
        made = await seal_journals(engine)
    if out is not None:
        write_atomically(out, made.json_text() + b"\n", READABLE)
        note(f"已写入 written: {out}；请另处保存 keep it elsewhere")
    if json:
        print_json([made.model_dump(mode="json")])
    else:
        _print(made)
    return 0


async def _check(settings: Settings, known: Seal, *, json: bool) -> int:
    async with reading(settings, "seal") as engine:
        checked = await check_seal(engine, known)
    if json:
        print_json(
            [
                {
                    "number": known.number,
                    "sealed_at": known.sealed_at.isoformat(),
                    "holds": checked.holds,
                    "broken": [each.model_dump() for each in checked.broken],
                    "altered": checked.altered,
                    "problems": [asdict(problem) for problem in checked.problems],
                }
            ]
        )
    for each in checked.broken:
        found = f"hash {each.found}" if each.found else "no entry"
        fail(finding_line("seal", f"journal {each.journal}, entry {each.number}", f"hash {each.expected}", found))
    for problem in checked.problems:
        fail(finding_line(**asdict(problem)))
    if not checked.holds:
        if not checked.broken:
            fail(
                "封账所记末条仍在，但账册中有条目被改动 the sealed heads stand, entries of their journals were altered"
            )
        fail(f"封账不符 the seal does not hold: #{known.number}, {known.sealed_at.isoformat()}")
    elif not json:
        stdout.print(f"[bold green]封账相符 the seal holds[/]: #{known.number}, {known.sealed_at.isoformat()}")
        note(
            "末条与封账一致，各条目与其哈希一致；结算是否正确由 claims verify 验证。The heads are those sealed, each "
            "entry is what its hash says; whether what is booked is right, `claims verify` proves"
        )
    return 0 if checked.holds else 1


def _print(made: Seal) -> None:
    rows = [(head.journal, str(head.number), head.hash) for head in made.heads]
    table(f"封账 Seal #{made.number}", ("账册 journal", "序号 number", "哈希 hash"), rows, right=(1,))
    stdout.print(f"根 root: {made.root}", highlight=False, soft_wrap=True)
