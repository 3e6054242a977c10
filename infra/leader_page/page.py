"""Renders the county's year for its leaders."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment

from events.county_time import COUNTY_TIME
from infra.cli.names import Names
from infra.leader_page.charts import layer_bars, month_columns, target_bars
from infra.leader_page.figures import LeaderYear
from infra.person_file.page import own_templates
from infra.words.funds import COURSE_NAMES, INDICATOR_NAMES, LEVEL_NAMES
from infra.words.reports import TARGET_NAMES
from processors.accounts.fund_warning import FundWarning, worst
from processors.law.terms import DISEASE_NAMES, FUND_NAMES
from processors.supervision.rules import SUPERVISION_RULES

Address = Callable[[str, Mapping[str, Any]], str | None]
"""Where the rows behind a figure are: by what it is of, and what narrows it; None where there is no such page."""
MOST_ROWS = 8
"""Of a list on the page; how many more there are is said."""
_TEN_THOUSAND = Decimal(10_000)
_LEVELS = ("red", "yellow", "normal", "unknown")
_SOURCES = {"civil-affairs": "民政", "poverty-office": "扶贫办", "bureau": "医保局"}


def page(year: LeaderYear, names: Names) -> str:
    """The year as one HTML page that needs nothing beside it; it names no person."""
    return _rendered("leader.html", year, names, lambda _kind, _of: None)


def body(year: LeaderYear, names: Names, address: Address) -> str:
    """The same as HTML without what makes it a page of its own; ``address`` tells what is behind its figures."""
    return _rendered("leader_body.html", year, names, address)


def _rendered(template: str, year: LeaderYear, names: Names, address: Address) -> str:
    funds = sorted(year.funds, key=lambda each: _LEVELS.index(each.level))
    return (
        _environment()
        .get_template(template)
        .render(
            address=address,
            alone=template == "leader.html",  # who reads it in the console has no terminal
            year=year,
            called=names,
            funds=[(each, each.json(), _change(each, year)) for each in funds],
            worst=worst(year.funds),
            layers=layer_bars(year.now.layers, year.before.layers),
            months=month_columns(year.months),
            targets=target_bars(year.attainment),
            changes={
                name: _compared(year, change(getattr(year.now, name), getattr(year.before, name)))
                for name in ("claims", "total", "paid", "patient_share")
            },
            several_schemes=len({each.account.scheme for each in funds}) > 1,
            most=MOST_ROWS,
            levels=LEVEL_NAMES,
            indicators=INDICATOR_NAMES,
            courses=COURSE_NAMES,
            target_names=TARGET_NAMES,
            disease_names=DISEASE_NAMES,
            fund_names=FUND_NAMES,
            rule_names={code: rule.name for code, rule in SUPERVISION_RULES.items()},
            days_since=lambda moment: _days(year.today, moment),
        )
    )


@cache
def _environment() -> Environment:
    """Kept, so that its templates are compiled once."""
    environment = own_templates("infra.leader_page")
    environment.filters |= {"wan": wan, "share": share, "points": points, "day": day, "source": source_named}
    return environment


def wan(amount: Any) -> str:
    """Yuan (a number or a text of one) in ten thousands with two decimals; — where there is none."""
    return "—" if amount is None else f"{Decimal(amount) / _TEN_THOUSAND:,.2f}".replace("-", "−")


def share(value: Any) -> str:
    """A share in percent with two decimals; — where there is none."""
    return "—" if value is None else f"{Decimal(value) * 100:.2f}%".replace("-", "−")


def points(value: Any) -> str:
    """A change in percent with its sign; — where there is none."""
    return "—" if value is None else f"{Decimal(value) * 100:+.2f}%".replace("-", "−")


def day(moment: Any) -> str:
    """A day in county time; — where there is none."""
    if moment is None:
        return "—"
    if isinstance(moment, datetime):
        return moment.astimezone(COUNTY_TIME).strftime("%Y-%m-%d")
    return str(moment)


def source_named(source: str) -> str:
    """A department of a region as a clerk calls it."""
    kind, _, region = source.partition("/")
    return f"{_SOURCES.get(kind, kind)} {region}"


def change(now: Decimal | int, before: Decimal | int) -> Decimal | None:
    """The growth of a figure; None where there is none to compare."""
    return Decimal(now) / Decimal(before) - 1 if before > 0 else None


def _compared(year: LeaderYear, grown: Decimal | None) -> str:
    """A tile's line beside the year before: the growth, or that there is none to tell."""
    if not year.before.known:
        return "上年无数据"
    return "年度未满，不与上年比" if year.incomparable else f"比上年 {points(grown)}"


def _change(fund: FundWarning, year: LeaderYear) -> Decimal | None:
    return None if year.incomparable else change(fund.spending, year.funds_before.get(fund.account, 0))


def _days(today: date, moment: Any) -> int | None:
    if moment is None:
        return None
    since = moment.astimezone(COUNTY_TIME).date() if isinstance(moment, datetime) else date.fromisoformat(str(moment))
    return (today - since).days
