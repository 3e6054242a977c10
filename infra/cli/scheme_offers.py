"""``claims schemes offers``."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from events.codes import INSURANCE_TYPE_NAMES
from events.county_time import county_day
from events.store.journal import database_time
from infra.cli.arguments import day_of, file_of, region_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout, table
from infra.cli.session import reading, run
from infra.files.atomic import READABLE, write_atomically
from infra.files.region_names import region_named
from infra.offers_page.names import USES, class_named, tiers_named
from infra.offers_page.page import page, served
from infra.person_file.names import SETTINGS
from policies.scheme import Scheme
from processors.law.offers import Offers, offered
from processors.law.pinned_schemes import PinnedSchemes


def register(schemes: typer.Typer) -> None:
    """Add the command to those of schemes."""
    schemes.command()(offers)


def offers(
    data_dir: DataDir = None,
    region: Annotated[
        list[str] | None,
        typer.Option("--region", help="统筹区代码，可多次 a region, may come again; else all in force"),
    ] = None,
    on: Annotated[str | None, typer.Option("--on", help="结算日期，默认今天 the day of the claims, else today")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="网页，发给医院 a page for hospitals, FILE.html")] = None,
    json: Json = False,
) -> None:
    """待遇与病种一览：就医类型、病种代码、现行标准。What counties offer: settings, diseases, values in force."""
    regions = [region_of(each) for each in region or ()]
    wanted_day = day_of(on, "--on") if on is not None else None
    if out is not None:
        file_of(out, (".html",))

    async def main() -> int:
        async with reading(settings_of(data_dir), "schemes offers") as engine, engine.connect() as connection:
            pinned = PinnedSchemes()
            await pinned.refresh(connection)
            as_of = await database_time(connection)
        day = wanted_day or county_day(as_of)
        found, missing = _in_force(pinned, regions, day)
        if missing or not found:
            for place in [str(region_named(code)) for code in missing] or ["账本 the ledger"]:
                fail(f"{place}：{day} 没有生效的政策。No scheme is in force there on that day")
            return 2
        offered_by = {scheme.name: offered(scheme, day) for _, scheme in found}
        if json:
            told = ((code, offered_by[scheme.name]) for code, scheme in found)
            print_json(each.told(code) | {"values": each.values_told()} for code, each in told)
        elif out is None:
            for each in offered_by.values():
                _print(each)
        if out is not None:
            write_atomically(out, page([*offered_by.values()], as_of).encode(), READABLE)
            note(f"已写入 written: {out}（不含个人信息，可公开 nothing personal: it may be published）")
        return 0

    sys.exit(run(main))


def _in_force(pinned: PinnedSchemes, regions: Sequence[str], day: date) -> tuple[list[tuple[str, Scheme]], list[str]]:
    """Regions with their schemes on a day, and regions without; where none is asked for, all that schemes name."""
    if not regions:
        current = sorted((scheme for scheme in pinned.current if scheme.holds_on(day)), key=lambda scheme: scheme.name)
        return [(code, scheme) for scheme in current for code in scheme.regions], []
    serving = {code: pinned.all_for_region(code, day) for code in regions}
    found = [(code, scheme) for code, schemes in serving.items() for scheme in schemes]
    return found, [code for code, schemes in serving.items() if not schemes]


def _print(each: Offers) -> None:
    scheme = each.scheme
    until = f" – {scheme.valid.until}" if scheme.valid.until else " –"
    stdout.print(f"[bold]{scheme.title}[/] {scheme.title_en} · {scheme.document} · {scheme.valid.from_}{until}")
    stdout.print(f"统筹区 regions: {'、'.join(served(each))}；结算日期 claims dated {each.day}")
    insured = "、".join(f"{INSURANCE_TYPE_NAMES.get(code, code)} {code}" for code in scheme.insurance_types)
    stdout.print(f"参保类型 insurance types: {insured}")
    stdout.print(f"文本指纹 sha256 {scheme.content_hash}")
    classes = "；".join(" ".join(class_named(each_class)) for each_class in each.card_classes)
    rows = [
        (SETTINGS[setting][0], setting, " ".join(tiers_named(tiers)), classes if setting == "chronic" else "")
        for setting, tiers in each.settings.items()
    ]
    table("就医类型 Settings", ("就医类型 setting", "报送代码 code", "医院等级 hospitals", "分类 classes"), rows)
    diseases = [
        (disease.name, disease.code, disease.icd10 or "—", "、".join(USES[use][0] for use in disease.uses))
        for disease in each.diseases
    ]
    table(
        "病种 Diseases", ("病种 disease", "报送代码 code", "ICD-10（供查找 to find it）", "用于 asked for by"), diseases
    )
    note(
        f"现行标准 the values in force: claims schemes offers --out FILE.html，或 or claims schemes show {scheme.name}"
    )
