"""``claims schemes`` list, show, export, cases, check, adopt."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import INSURANCE_TYPE_NAMES
from infra.cli import scheme_offers
from infra.cli.arguments import file_of, listed, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout, table
from infra.cli.scheme_cases import check_cases
from infra.cli.scheme_text import place_text, value_name_text
from infra.cli.session import database_of, reading, run
from infra.files.atomic import write_atomically
from infra.files.case_file import example_cases
from infra.files.region_names import region_named
from infra.terminal_text import visible_lines
from policies.describe import changes, describe
from policies.explain import GRADES
from policies.loader import (
    SCHEMES,
    Review,
    SchemeError,
    falling_shares,
    load_directory,
    load_file,
    review,
    scheme_bytes,
)
from policies.scheme import Scheme
from processors.law.adoption import adopt_schemes
from processors.law.pinned_schemes import PinnedSchemes
from processors.law.terms import CATEGORY_NAMES, LAYER_NAMES, terms_in_force, use_terms

schemes = typer.Typer(no_args_is_help=True, help="政策：数值、日期、依据等级和出处。The schemes as data.")


TextArgument = Annotated[
    Path, typer.Argument(help="政策文件，或内置政策名称 a file.yaml, or the name of a shipped scheme")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    scheme_offers.register(schemes)
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
                "insurance_types": scheme.insurance_types,
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
        raise unusable(f"没有政策 {name}，可用的有 {listed(found)}", f"No scheme {name}; these are there", "NAME")
    if json:
        print_json(describe(scheme))
        return
    use_terms(scheme.terms)
    categories = "、".join(CATEGORY_NAMES[category] for category in scheme.poor.categories)
    stdout.print(f"[bold]{scheme.title}[/] {scheme.title_en} · {scheme.document}")
    stdout.print(f"统筹区 regions: {'、'.join(str(region_named(code.ljust(6, '0'))) for code in scheme.regions)}")
    insured = "、".join(f"{INSURANCE_TYPE_NAMES.get(code, code)} {code}" for code in scheme.insurance_types)
    stdout.print(f"参保类型 insurance types: {insured}")
    stdout.print(f"优惠对象 poor: {categories}（{GRADES[scheme.poor.grade]}，{scheme.poor.citation}）")
    own = "、".join(f"{term.name} {code}" for _, code, term in scheme.vocabulary.terms())
    if own:
        stdout.print(f"自定名称 own terms: {own}", soft_wrap=True)
    rows = [
        (
            place_text(row["where"]),
            value_name_text(row["where"], row["name"]),
            place_text(row["for"]),
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
def export(
    name: Annotated[str, typer.Argument(help="政策名称 name of a scheme")],
    out: Annotated[Path | None, typer.Option("--out", help="写入文件 file.yaml to write")] = None,
    data_dir: DataDir = None,
    adopted: Annotated[
        bool, typer.Option("--adopted", help="数据目录中已采用的 the text in force in the ledger")
    ] = False,
) -> None:
    """导出政策文本，可作新文本的底稿。A scheme's text: the shipped one, or with --adopted that in force."""
    if out is not None:
        file_of(out, (".yaml",))
    known = {scheme.name: scheme for scheme in (_in_force(data_dir) if adopted else load_directory())}
    if name not in known:
        raise unusable(
            f"没有政策 {name}，可用的有 {listed(known)}" + ("" if adopted else "；本县采用的请加 --adopted"),
            f"No scheme {name}; these are there" + ("" if adopted else ", with --adopted those in force in the ledger"),
            "NAME",
        )
    text = known[name].text
    if out is None:
        # On a terminal the text of an adopted scheme could steer it; a file or a program gets it byte for byte.
        sys.stdout.buffer.write(visible_lines(text.decode()).encode() if sys.stdout.isatty() else text)
        sys.stdout.buffer.flush()
        return
    write_atomically(out, text)
    note(f"已写入 written: {out}，sha256 {known[name].content_hash}")


@schemes.command()
def cases(
    out: Annotated[Path, typer.Option("--out", help="写入文件 file.csv to write")],
) -> None:
    """案例表样，供 check --cases 核对。A form for a county's worked cases, for check --cases."""
    write_atomically(file_of(out, (".csv",)), example_cases())
    note(
        f"已写入 written: {out}；示例行属 docs/examples/county.yaml，请换成本县案例 replace its rows by your own cases"
    )


@schemes.command()
def check(
    file: TextArgument,
    cases_file: Annotated[
        Path | None, typer.Option("--cases", help="本县案例 cases.csv the county's own worked cases")
    ] = None,
) -> None:
    """检查政策文件。Check a scheme file, every fault with its line; --cases settles the county's own cases."""
    file = _text_file(file)
    reviewed = _review(file)
    if reviewed.refused:
        fail(f"不可用 not fit for use: {file}")
        sys.exit(1)
    scheme = reviewed.scheme
    _tell_falling_shares(scheme, file)
    note(f"可用 fit for use: {scheme.name}, 数值 values {len(scheme.parameters)}, sha256 {scheme.content_hash}")
    if cases_file is not None:
        sys.exit(check_cases(scheme, cases_file))


@schemes.command()
def adopt(
    file: TextArgument,
    actor: Annotated[str, typer.Option("--actor", help="经办人 who adopts it")],
    data_dir: DataDir = None,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 don't ask")] = False,
) -> None:
    """采用政策文本。Adopt a scheme for claims accepted from now on; earlier claims keep the text they are pinned to."""
    scheme = _review(file).scheme
    _tell_falling_shares(scheme, file)

    async def main() -> int:
        async with database_of(settings_of(data_dir), "schemes adopt") as engine:
            if not await _agreed(engine, scheme, ask=not yes and sys.stdin.isatty()):
                fail("未采用 not adopted")
                return 1
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
        for problem in error.problems:
            fail(problem)
        code = 1
    sys.exit(code)


async def _agreed(engine: AsyncEngine, scheme: Scheme, *, ask: bool) -> bool:
    """Say what adopting means, and what changes; on a terminal ask."""
    async with engine.connect() as connection:
        pinned = PinnedSchemes()
        await pinned.refresh(connection)
    use_terms(terms_in_force().with_own(scheme.vocabulary))
    known = next((each for each in pinned.current if each.name == scheme.name), None)
    if known is not None and known.content_hash == scheme.content_hash:
        return True
    if known is None:
        note(f"新政策 a new scheme: {scheme.name} {scheme.title}，统筹区 regions {'、'.join(scheme.regions)}")
    else:
        changed = list(changes(known, scheme))
        note(f"将取代 it replaces: {known.name} {known.content_hash}，改动 values that change: {len(changed)}")
        for where, before, after in changed[:MOST_CHANGES]:
            note(f"  {place_text(where)}: 原 was {before or '—'}，现 is {after or '—'}")
        if len(changed) > MOST_CHANGES:
            note(f"  另有 and {len(changed) - MOST_CHANGES} more")
    note(LAW_FOR_THE_NEXT_CLAIM)
    return not ask or typer.confirm(f"采用 {scheme.name}？Adopt it?", default=False, err=True)


MOST_CHANGES = 30
LAW_FOR_THE_NEXT_CLAIM = (
    "注意：采用后，下一张受理的结算单即按此文本结算，不能撤回，只能再采用新的文本；已受理的不变。"
    "Once adopted it is law for the next claim accepted; it can't be taken back, only replaced by another text. Claims "
    "accepted before keep theirs (see claims resettle)"
)


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
        _refuse(file, error)


def _text_file(file: Path) -> Path:
    """A file, or that of the shipped scheme of a name."""
    shipped = SCHEMES / f"{file}.yaml"
    return shipped if file.name == str(file) and shipped.is_file() and not file.exists() else file


def _review(file: Path) -> Review:
    """A file's scheme, or the shipped one of a name, with what is unsound about it, which is told."""
    file = _text_file(file)
    try:
        reviewed = review(scheme_bytes(file), str(file))
    except SchemeError as error:
        _refuse(file, error)
    for problem in reviewed.refused:
        fail(problem)
    for remark in reviewed.warned:
        note(f"提醒 note: {remark}")
    return reviewed


def _tell_falling_shares(scheme: Scheme, file: Path) -> None:
    for remark in falling_shares(scheme.text, str(file)):
        note(f"提醒 note: {remark}")


def _refuse(file: Path, error: SchemeError) -> NoReturn:
    for problem in error.problems:
        fail(problem)
    sys.exit(1 if file.is_file() else 2)
