"""``claims report`` payment-days and late-adjustments."""

from typing import Annotated

import typer

from infra.cli.options import DataDir, Json, settings_of
from infra.cli.report_output import Month, Out, RegionOption, Year, show_report
from processors.finance.payment_reports import LATE_ADJUSTMENTS, PAYMENT_DAYS, PAYMENT_TIMES
from processors.finance.reports import Narrowed


def payment_days(
    year: Year = None,
    region: RegionOption = None,
    each: Annotated[bool, typer.Option("--each", help="逐笔列出 each claim by itself")] = False,
    out: Out = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """拨付时效：出院到拨付的天数，未拨付的和最早日期。Days from discharge to payment; what is unpaid since when."""
    wanted = PAYMENT_DAYS if each else PAYMENT_TIMES
    show_report(settings_of(data_dir), wanted, Narrowed(year, None, region), out, anew=False, json=json)


def late_adjustments(
    month: Month = None,
    year: Year = None,
    region: RegionOption = None,
    out: Out = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """关账后的调整：差额、原因、日期。What was adjusted after a month was cleared: cause and day."""
    narrowed = Narrowed(year, month, region)
    show_report(settings_of(data_dir), LATE_ADJUSTMENTS, narrowed, out, anew=False, json=json)
