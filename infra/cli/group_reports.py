"""``claims report`` diseases, townships and households."""

import re
from typing import Annotated, Any

import typer

from infra.cli.arguments import id_of, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.report_output import Anew, Out, RegionOption, Year, show_report
from processors.finance.group_reports import ASSISTANCE_SHARES, DISEASE_HOSPITALS, DISEASES, HOUSEHOLDS, TOWNSHIPS
from processors.finance.reports import Narrowed

_TOWNSHIP = re.compile(r"[1-9][0-9]{8}")


def diseases(
    year: Year = None,
    region: RegionOption = None,
    disease: Annotated[str | None, typer.Option("--disease", help="病种代码 code of one disease")] = None,
    out: Out = None,
    anew: Anew = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """病种：次均费用及增幅、目录外占比，重特大疾病占医疗救助的比重。By disease: average bill, growth, share out of the
    catalog; the share of serious diseases in medical assistance.
    """
    where = () if disease is None else (("disease", id_of(disease, "--disease")),)
    narrowed, above = Narrowed(year, None, region, where), (ASSISTANCE_SHARES, DISEASE_HOSPITALS)
    show_report(settings_of(data_dir), DISEASES, narrowed, out, anew=anew, json=json, above=above)


def townships(
    year: Year = None,
    region: RegionOption = None,
    out: Out = None,
    anew: Anew = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """乡镇：参保、就医、费用、报销，贫困人口住院未达标人数。By township, and who is under target."""
    show_report(settings_of(data_dir), TOWNSHIPS, Narrowed(year, None, region), out, anew=anew, json=json)


def households(
    year: Year = None,
    region: RegionOption = None,
    township: Annotated[
        str | None, typer.Option("--township", help="乡镇（街道）代码，九位 township, 9 digits")
    ] = None,
    under: Annotated[bool, typer.Option("--under", help="仅列全户未达标的 only those under the target")] = False,
    out: Out = None,
    anew: Anew = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """家庭：每户费用、支付、个人负担，贫困住院报销是否达标。By household, whether under the target."""
    where: list[tuple[str, Any]] = [("under", True)] if under else []
    if township is not None:
        if not _TOWNSHIP.fullmatch(township):
            raise unusable("须为九位乡镇（街道）代码", "a township code has nine digits", "--township")
        where.append(("township", township))
    narrowed = Narrowed(year, None, region, tuple(where))
    show_report(settings_of(data_dir), HOUSEHOLDS, narrowed, out, anew=anew, json=json)
