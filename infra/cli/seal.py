"""``claims seal``: every journal's head, to be kept elsewhere, and an old seal held against today's ledger."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout, table
from infra.cli.session import reading, run
from infra.settings import Settings
from processors.proof.seals import Seal, SealError, broken, read_seal
from processors.proof.seals import seal as seal_journals


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
        raise typer.BadParameter("either make a seal or check one", param_hint="--out")
    if check is None:
        sys.exit(run(lambda: _seal(settings, out, json=json)))
    try:
        known = read_seal(check.read_bytes())
    except SealError as error:
        raise typer.BadParameter(f"{check}: {error}", param_hint="--check") from None
    sys.exit(run(lambda: _check(settings, known, json=json)))


async def _seal(settings: Settings, out: Path | None, *, json: bool) -> int:
    async with reading(settings, "seal") as engine:
        made = await seal_journals(engine)
    if out is not None:
        _write(out, made.json_text() + b"\n")
        note(f"已写入 written: {out}；请另处保存 keep it elsewhere")
    if json:
        print_json([made.model_dump(mode="json")])
    else:
        _print(made)
    return 0


async def _check(settings: Settings, known: Seal, *, json: bool) -> int:
    async with reading(settings, "seal") as engine, engine.connect() as connection:
        found = await broken(connection, known.heads)
    if json:
        print_json(
            [
                {
                    "number": known.number,
                    "sealed_at": known.sealed_at.isoformat(),
                    "holds": not found,
                    "broken": [each.model_dump() for each in found],
                }
            ]
        )
    for each in found:
        fail(
            f"账册 journal {each.journal}, entry {each.number}: expected hash {each.expected}, "
            + (f"found {each.found}" if each.found else "it is gone")
        )
    if not found and not json:
        stdout.print(f"[bold green]封账相符 the seal holds[/]: #{known.number}, {known.sealed_at.isoformat()}")
        note("封账点之前的内容由 claims verify 验证。What lies before the sealed entries is proved by `claims verify`")
    return 1 if found else 0


def _write(file: Path, text: bytes) -> None:
    """In one step: a seal is there whole or not at all."""
    draft = file.with_name(f"{file.name}.new")
    with draft.open("wb") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(file)


def _print(made: Seal) -> None:
    rows = [(head.journal, str(head.number), head.hash) for head in made.heads]
    table(f"封账 Seal #{made.number}", ("账册 journal", "序号 number", "哈希 hash"), rows, right=(1,))
    stdout.print(f"根 root: {made.root}", highlight=False, soft_wrap=True)
