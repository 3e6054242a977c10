"""``claims report``: finance's reports."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli import group_reports, leader_report, payment_reports, scorecards
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.published_report import show_beside
from infra.cli.report_output import Anew, Month, Out, RegionOption, Year, show_report
from processors.finance.reports import ANNUAL, ATTAINMENT, GROWTH, HOSPITAL, MONTHLY, OVERSIGHT, TARGETS, Narrowed

report = typer.Typer(no_args_is_help=True, help="财务报表：打印并输出文件。Finance's reports, printed and as files.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(report, name="report")
    for command in (group_reports.diseases, group_reports.townships, leader_report.leader):
        report.command()(command)
    report.command("payment-days")(payment_reports.payment_days)
    report.command("scorecards")(scorecards.scorecards_report)
    report.command("late-adjustments")(payment_reports.late_adjustments)


@report.command()
def annual(
    year: Year = None,
    region: RegionOption = None,
    published: Annotated[
        Path | None,
        typer.Option("--published", help="与公布的数字（.yaml、.csv、.xlsx）并列，按万元 beside a published table"),
    ] = None,
    out: Out = None,
    anew: Anew = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """年度报表：人次、各保障线支付、实际报销比例。By year: claims, what each layer paid, share of the bills paid."""
    narrowed = Narrowed(year, None, region)
    if published is not None:
        show_beside(settings_of(data_dir), published, narrowed, out, anew=anew, json=json)
    show_report(settings_of(data_dir), ANNUAL, narrowed, out, anew=anew, json=json)


@report.command()
def monthly(
    month: Month = None,
    year: Year = None,
    region: RegionOption = None,
    out: Out = None,
    anew: Anew = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """基金流向：每月每条保障线的支付和调整。By month of booking: decided and adjusted, each layer."""
    show_report(settings_of(data_dir), MONTHLY, Narrowed(year, month, region), out, anew=anew, json=json)


@report.command()
def hospital(
    year: Year = None,
    region: RegionOption = None,
    out: Out = None,
    anew: Anew = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """医院费用：增幅、次均费用、目录外占比。By hospital and year: growth, average stay, share out of the catalog."""
    show_report(settings_of(data_dir), HOSPITAL, Narrowed(year, None, region), out, anew=anew, json=json)


@report.command()
def targets(
    year: Year = None,
    region: RegionOption = None,
    out: Out = None,
    anew: Anew = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """达标情况和未达标人员：应保尽保，及政策写明的目标。How many reach each target that is asked, and who does not."""
    narrowed = Narrowed(year, None, region)
    show_report(settings_of(data_dir), TARGETS, narrowed, out, anew=anew, json=json, above=(ATTAINMENT, GROWTH))


@report.command()
def oversight(
    year: Year = None,
    region: RegionOption = None,
    out: Out = None,
    anew: Anew = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """监管线索：死亡后、暂停（中止）协议期间的已结算单。Settled claims dated after a death or within a suspension."""
    show_report(settings_of(data_dir), OVERSIGHT, Narrowed(year, None, region), out, anew=anew, json=json)
