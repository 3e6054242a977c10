"""``claims schemes`` list, show, check, adopt."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from events.codes import CATEGORY_NAMES, LAYER_NAMES
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout, table
from infra.cli.session import database_of, reading, run
from policies.describe import describe
from policies.explain import GRADES
from policies.loader import SchemeError, load_directory, load_file
from policies.scheme import Scheme
from processors.law.adoption import adopt_schemes
from processors.law.pinned_schemes import PinnedSchemes

schemes = typer.Typer(no_args_is_help=True, help="政策：数值、日期、依据等级和出处。The schemes as data.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(schemes, name="schemes")


@schemes.command("list")
def list_(
    data_dir: DataDir = None,
    adopted: Annotated[bool, typer.Option("--adopted", help="数据目录中已采用的 those in force in the ledger")] = False,
    json: Json = False,
) -> None:
    """政策列表。The schemes that are shipped, or with --adopted those in force in the ledger."""
    known = _in_force(data_dir) if adopted else load_directory()
    if json:
        print_json(
            {
                "name": scheme.name,
                "title": scheme.title,
                "title_en": scheme.title_en,
                "document": scheme.document,
                "regions": scheme.regions,
                "from": scheme.valid.from_.isoformat(),
                "until": scheme.valid.until.isoformat() if scheme.valid.until else None,
                "path": scheme.path,
                "hash": scheme.content_hash,
            }
            for scheme in known
        )
        return
    rows = [
        (
            scheme.name,
            scheme.title,
            "、".join(scheme.regions),
            f"{scheme.valid.from_} – {scheme.valid.until or ''}",
            " → ".join(LAYER_NAMES[stage.layer] for stage in scheme.stages),
            scheme.document,
        )
        for scheme in known
    ]
    columns = ("名称 name", "地区 title", "统筹区 regions", "有效期 valid", "保障线 path", "文件 document")
    table("政策 Schemes", columns, rows)


@schemes.command()
def show(
    name: Annotated[str, typer.Argument(help="政策名称或文件 name of a scheme, or a file.yaml")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """一项政策的全部数值及出处。Every value of a scheme, with dates, grade and citation."""
    found = {scheme.name: scheme for scheme in load_directory()}
    if name.endswith(".yaml"):
        found = {name: _load(Path(name))}
    if name not in found:
        found |= {scheme.name: scheme for scheme in _in_force(data_dir)}
    scheme = found.get(name)
    if scheme is None:
        raise typer.BadParameter(f"no scheme {name}; there are {', '.join(found)}", param_hint="NAME")
    if json:
        print_json(describe(scheme))
        return
    categories = "、".join(CATEGORY_NAMES[category] for category in scheme.poor.categories)  # type: ignore[index]
    stdout.print(f"[bold]{scheme.title}[/] {scheme.title_en} · {scheme.document}")
    stdout.print(f"优惠对象 poor: {categories}（{GRADES[scheme.poor.grade]}，{scheme.poor.cite}）")
    rows = [
        (
            str(row["where"]),
            str(row["name"]),
            str(row["for"]),
            str(row["dates"]),
            str(row["value"]),
            f"{row['grade_name']} {row['grade']}",
            str(row["cite"]),
        )
        for row in describe(scheme)
    ]
    columns = ("位置 where", "项目 value of", "适用 for", "日期 dates", "数值 value", "等级 grade", "出处 cite")
    table("数值 Values", columns, rows)


@schemes.command()
def check(file: Path) -> None:
    """检查政策文件。Check a scheme file; every fault is told with its line."""
    scheme = _load(file)
    note(f"可用 fit for use: {scheme.name}, {len(scheme.parameters)} values, sha256 {scheme.content_hash}")


@schemes.command()
def adopt(
    file: Path,
    actor: Annotated[str, typer.Option("--actor", help="经办人 who adopts it")],
    data_dir: DataDir = None,
) -> None:
    """采用政策文件。Adopt a scheme for claims accepted from now on; earlier claims keep the text they are pinned to."""
    scheme = _load(file)

    async def main() -> int:
        async with database_of(settings_of(data_dir), "schemes adopt") as engine:
            adopted = await adopt_schemes(engine, [scheme], actor)
        note(
            f"已采用 adopted: {scheme.name} {scheme.content_hash}"
            if adopted
            else f"已在用 in force already: {scheme.name}"
        )
        return 0

    try:
        code = run(main)
    except SchemeError as error:
        fail(str(error))
        code = 1
    sys.exit(code)


def _in_force(data_dir: Path | None) -> list[Scheme]:
    found: list[Scheme] = []

    async def main() -> int:
        async with reading(settings_of(data_dir), "schemes list") as engine, engine.connect() as connection:
            pinned = PinnedSchemes()
            await pinned.refresh(connection)
            found.extend(pinned.current)
        return 0

    run(main)
    return found


def _load(file: Path) -> Scheme:
    try:
        return load_file(file)
    except SchemeError as error:
        for problem in error.problems:
            fail(problem)
        sys.exit(1 if file.is_file() else 2)
