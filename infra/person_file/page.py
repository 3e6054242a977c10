"""Renders a person's file."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from events.county_time import COUNTY_TIME
from events.money import yuan
from infra.files.region_names import region_named
from infra.person_file import names
from infra.person_file.steps import step_chart
from infra.person_file.sums import paid_for
from infra.person_file.timeline import timeline
from infra.person_file.waterfall import parts, waterfall
from processors.person.file_model import FileClaim, PersonFile

_AMOUNT = re.compile(r"(?<![0-9.,])[0-9]{4,}(?=\.[0-9]{2}(?![0-9]))")


def page(file: PersonFile) -> str:
    """A person's file as one HTML page that needs nothing beside it."""
    return templates().get_template("page.html").render(links=False, uplifts={}, **values(file))


def values(file: PersonFile) -> dict[str, Any]:
    """What the parts of the page show, by the names of the templates."""
    charts = [step_chart(growth) for growth in file.growth]
    return {
        "file": file,
        "sums": paid_for(file),
        "timeline": timeline(file),
        "years": [
            (
                year,
                [row for row in file.accumulations if row.year == year],
                [chart for chart in charts if chart.growth.year == year],
            )
            for year in sorted({row.year for row in file.accumulations})
        ],
        **claim_values(file.claims),
    }


def claim_values(claims: Iterable[FileClaim]) -> dict[str, Any]:
    """What a claim's part of the page shows beside it."""
    shown = list(claims)
    return {
        "bars": {claim.claim_id: waterfall(claim) for claim in shown if claim.stands},
        "parts": {claim.claim_id: parts(claim) for claim in shown},
    }


def money(fen: int) -> str:
    """Fen as yuan with thousands separators, ``12,345.60``."""
    return grouped(yuan(fen)).replace("-", "−")


def grouped(text: str) -> str:
    """A text with thousands separators in its amounts of yuan: ``min(60000.00, 700.00)`` as ``min(60,000.00, …``."""
    return _AMOUNT.sub(lambda found: f"{int(found[0]):,}", text)


def percent(value: float) -> str:
    """A coordinate in percent, exact enough that bars meet."""
    return f"{value:.4f}%"


def moment(at: datetime) -> str:
    """A moment in county time."""
    return at.astimezone(COUNTY_TIME).strftime("%Y-%m-%d %H:%M")


@cache  # else a template would be compiled each time that it is rendered
def templates(*more: str) -> Environment:
    """The templates of this page, and those of packages with pages of its kind. It is one for all: don't change it."""
    return own_templates(*more)


def own_templates(*more: str) -> Environment:
    """The same as an environment of the caller's own."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in ("infra.person_file", *more)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": money, "grouped": grouped, "percent": percent, "moment": moment}
    environment.filters["region"] = region_named
    environment.globals["names"] = names
    return environment
