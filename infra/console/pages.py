"""Pages from templates: the layout with what the visitor may open, and the filters by which figures are shown."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader

from events.county_time import COUNTY_TIME
from infra.console.group import MenuEntry
from infra.console.security import TOKEN_FIELD
from infra.console.state import ConsoleState, state_of
from infra.console.submissions import SUBMISSION_FIELD, submission_number
from infra.console.visitor import Visitor
from infra.person_file.page import grouped, own_templates
from infra.whatif_page.page import FILTERS

NOTHING = "—"


def console_templates(groups: Sequence[str]) -> Environment:
    """The console's templates as ``console/…``, each group's as ``<folder>/…``, and those of a person's file."""
    environment = own_templates("infra.settlement_sheet", "infra.whatif_page")
    packages = {"console": "infra.console"} | {name: f"infra.console.{name}" for name in groups}
    loaders = {prefix: PackageLoader(package) for prefix, package in packages.items()}
    environment.loader = ChoiceLoader([PrefixLoader(loaders), *environment.loader.loaders])  # type: ignore[union-attr]
    environment.filters |= {
        "yuan": yuan_text,
        "share": share_text,
        "count": count_text,
        "day": day_text,
        "second": moment_text,
        "chinese": chinese,
        "english": english,
        "query": query_text,
        "duration": duration_text,
        **FILTERS,
    }
    environment.globals |= {
        "nothing": NOTHING,
        "submission_field": SUBMISSION_FIELD,
        "submission_number": submission_number,
    }
    return environment


def render(request: Request, template: str, http_status: int = 200, **values: Any) -> HTMLResponse:
    """A page: ``template`` extends ``console/layout.html``.

    Beside ``values`` a template has ``visitor`` (None where nobody is signed in), ``menu``, ``csrf``, ``static(name)``,
    ``notices`` and ``path``.
    """
    state = state_of(request)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    shown = state.templates.get_template(template).render(
        visitor=visitor,
        menu=menu(state, visitor),
        csrf=visitor.csrf if visitor is not None else "",
        csrf_field=TOKEN_FIELD,
        static=state.static.url,
        path=request.url.path,
        notices=visitor.notices if visitor is not None else (),
        **values,
    )
    if visitor is not None:
        visitor.notices.clear()
    return HTMLResponse(shown, http_status)


def done(visitor: Visitor, path: str, message: str) -> Response:
    """After a step: lead to what it made, where the message is shown; a page that is loaded again repeats nothing."""
    visitor.notices.append(message)
    return RedirectResponse(path, 303)


def own_path(there: str) -> str:
    """Where to go on to: a path of ours, whatever the address says."""
    parts = urlsplit(there)
    ours = not parts.scheme and not parts.netloc and there.startswith("/") and not there.startswith(("//", "/\\"))
    return there if ours and not any(ord(each) < 32 for each in there) else "/"


def menu(state: ConsoleState, visitor: Visitor | None) -> list[MenuEntry]:
    """The places that a visitor may open."""
    if visitor is None:
        return []
    entries = [entry for group in state.groups.values() for entry in group.menu if visitor.may(entry.permission)]
    return sorted(entries, key=lambda entry: entry.place)


def yuan_text(amount: Any) -> str:
    """Yuan (a number, or a text of one) with thousands separators, ``12,345.60``; — where there is none."""
    return NOTHING if amount is None else grouped(f"{Decimal(amount):.2f}").replace("-", "−")


def share_text(value: Any) -> str:
    """A share in percent with two decimals; — where there is none."""
    return NOTHING if value is None else f"{Decimal(value) * 100:.2f}%".replace("-", "−")


def count_text(value: Any) -> str:
    """A number of things with thousands separators; — where there is none."""
    return NOTHING if value is None else f"{value:,}".replace("-", "−")


def day_text(moment: date | datetime | str | None) -> str:
    """A day in county time; — where there is none."""
    if moment is None:
        return NOTHING
    return f"{moment.astimezone(COUNTY_TIME):%Y-%m-%d}" if isinstance(moment, datetime) else str(moment)


def moment_text(moment: datetime | None) -> str:
    """A moment in county time to the second; — where there is none."""
    return NOTHING if moment is None else f"{moment.astimezone(COUNTY_TIME):%Y-%m-%d %H:%M:%S}"


def duration_text(seconds: float) -> str:
    """A length of time, ``1 小时 5 分``, to the second below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} 小时 {minutes} 分"
    return f"{minutes} 分 {rest} 秒" if minutes else f"{rest} 秒"


def chinese(message: object) -> str:
    """The Chinese part of a message of ours, which stands before the English one."""
    return _parts(str(message))[0]


def english(message: object) -> str:
    """The English part of a message of ours, empty where it has none."""
    return _parts(str(message))[1]


def query_text(values: Mapping[str, Any]) -> str:
    """A query string of the values that are there."""
    return urlencode({name: value for name, value in values.items() if value not in (None, "")})


def _parts(message: str) -> tuple[str, str]:
    """Messages read ``中文。English``: the English begins behind the last Chinese full stop, if letters follow."""
    head, stop, tail = message.rpartition("。")
    if stop and tail and tail.lstrip()[:1].isascii():
        return head + stop, tail.strip()
    return message, ""
