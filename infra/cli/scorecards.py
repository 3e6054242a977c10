"""``claims report scorecards``."""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer

from infra.cli.arguments import file_of, id_of, region_of
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import note, print_json, stdout
from infra.cli.report_output import RegionOption
from infra.cli.row_output import ENDINGS, OutFile, print_sheet, write_sheets
from infra.cli.session import reading, run
from infra.files.sheet import Named, Sheet, columns_of
from infra.words.scorecards import CLASSES, LINES, METHOD, UNRATED, item_interval, item_value
from policies.explain import GRADES
from processors.supervision.peers import TIER_NAMES
from processors.supervision.scorecards.items import COUNTY_DEFINITIONS, DEFINITIONS, ItemDefinition
from processors.supervision.scorecards.listings import (
    CardOfHospital,
    narrowed,
    scorecards,
    told_card,
    told_county,
    unscored_items,
)

_RANKS = (
    "名次 rank:count,等级 tier,医疗机构 hospital,得分 total,得分区间 95% interval,信用等级 class,"
    "同级参评 ranked:count,名次区间 rank interval,有分权重 covered:share,说明 remark"
)
_ITEMS = (
    "医疗机构 hospital,项目 item,数值 value,区间 95% interval,例数 n:count,得分 points,权重 weight:count,低分位 P10,"
    "高分位 P90,可比医院 peers:count,说明 remark"
)
_SUMS = ",分子 numerator,分母 denominator,公式 formula"
_COUNTIES = (
    "统筹区 region,项目 item,数值 value,区间 95% interval,例数 n:count,分子 numerator,分母 denominator,公式 formula"
)


def scorecards_report(
    year: Annotated[int, typer.Option("--year", min=2000, max=2100, help="年度 year of discharge")],
    region: RegionOption = None,
    hospital: Annotated[str | None, typer.Option("--hospital", help="一家医院的各项 the items of one hospital")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """医院考核：各项指标、得分、信用等级、同级排名通报。Scorecards: items with n and interval, points, class, rank."""
    if region is not None:
        region_of(region)
    if hospital is not None:
        id_of(hospital, "--hospital")
    if out is not None:
        file_of(out, ENDINGS)

    async def main() -> int:
        async with reading(settings_of(data_dir), "report") as engine:
            found = await scorecards(engine, year, region)
            names = await names_of(engine)
        cards = narrowed(found.cards, hospital)
        told = [told_card(each, year, found.as_of) for each in cards]
        counties = [] if hospital is not None else [told_county(code, found) for code in found.counties]
        if json:
            print_json([*told, *counties])
        ranks, items = _ranks(told, names, year), _items(told, names, year)
        county_sheet = _county_sheet(counties, names, year)
        if not json:
            print_sheet(ranks)
            print_sheet(county_sheet if hospital is None else items)
            _print_basis(cards)
        note(f"数据截至 as of {found.as_of}")
        if out is not None:
            sheets = [ranks, _items(told, names, year, sums=True), county_sheet]
            write_sheets(out, sheets, str(found.as_of), f"；{METHOD}")
        return 0

    sys.exit(run(main))


def _ranks(told: Sequence[Mapping[str, Any]], names: Names, year: int) -> Sheet:
    rows = [
        (
            each["rank"],
            TIER_NAMES[each["tier"]],
            names.hospital(each["hospital_id"]),
            each["total"],
            _interval(each["interval"]),
            each["class"],
            each["ranked"] or None,
            _interval(each["rank_interval"]),
            Decimal(each["covered"]),
            None if each["unrated"] is None else UNRATED[each["unrated"]],
        )
        for each in told
    ]
    return Sheet(f"{year} 医院考核排名通报 Scorecards of hospitals", columns_of(_RANKS), rows)


def _items(told: Sequence[Mapping[str, Any]], names: Names, year: int, *, sums: bool = False) -> Sheet:
    rows = []
    for card in told:
        for name, item in card["items"].items():
            definition = DEFINITIONS[name]
            row = (
                names.hospital(card["hospital_id"]),
                _named(definition, name),
                item_value(definition, item["value"]),
                item_interval(definition, item["interval"]),
                item["n"],
                item["points"],
                item["weight"],
                item_value(definition, item["p10"]),
                item_value(definition, item["p90"]),
                item["peers"] or None,
                unscored_items(item),
            )
            rows.append((*row, *_formula(item)) if sums else row)
    return Sheet(f"{year} 医院考核各项 Items of scorecards", columns_of(_ITEMS + (_SUMS if sums else "")), rows)


def _county_sheet(counties: Sequence[Mapping[str, Any]], names: Names, year: int) -> Sheet:
    rows = [
        (
            names.region(each["region"]),
            _named(COUNTY_DEFINITIONS[name], name),
            "例数过少 hidden" if item["hidden"] else item_value(COUNTY_DEFINITIONS[name], item["value"]),
            item_interval(COUNTY_DEFINITIONS[name], item["interval"]),
            item["n"],
            *_formula(item),
        )
        for each in counties
        for name, item in each["items"].items()
    ]
    return Sheet(f"{year} 县域内占比 Within the county", columns_of(_COUNTIES), rows)


def _formula(item: Mapping[str, Any]) -> tuple[Any, ...]:
    sums = (item["numerator"], item["denominator"])
    return (*(None if each is None else str(each) for each in sums), item["formula"])


def _named(definition: ItemDefinition, name: str) -> Named:
    return Named(definition.chinese, name)


def _interval(interval: Sequence[Any] | None) -> str | None:
    return None if interval is None else " – ".join(map(str, interval))


def _print_basis(cards: Sequence[CardOfHospital]) -> None:
    """How points are given, and the lines with their grades, of each text that scored."""
    if not cards:
        return
    stdout.print(METHOD, highlight=False, markup=False)
    for text in {each.text.content_hash: each.text for each in cards}.values():
        described = text.scorecard.described()
        for names in (LINES, CLASSES):
            parts = (described[name] | {"name": name} for name in names)
            said = "；".join(f"{each['name']} {each['value']}〔{GRADES[each['grade']]}〕" for each in parts)
            stdout.print(f"{text.name} 第 {text.version} 版：{said}", highlight=False, markup=False)
