"""``claims report`` diseases and townships."""

from typing import Annotated

import typer

from infra.cli.arguments import id_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.report_output import Anew, Out, RegionOption, Year, show_report
from processors.finance.group_reports import ASSISTANCE_SHARES, DISEASE_HOSPITALS, DISEASES, TOWNSHIPS
from processors.finance.reports import Narrowed


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
