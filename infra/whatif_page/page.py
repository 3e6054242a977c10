"""Renders a simulation's result as one page for A4 that needs nothing beside it."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache, partial
from typing import Any

from jinja2 import Environment
from msgspec import Struct

from infra.cli.reform_text import COLUMNS, change_cells
from infra.leader_page.charts import layer_bars
from infra.person_file.page import own_templates
from infra.whatif_page.tables import amount, layer_pairs
from infra.words.simulations import KIND_NAMES, SHARES, SPREAD, answer, figure_text, group_name
from policies.explain import line
from processors.simulation.changed_texts import ChangedTexts

_FULL = 50
"""A difference is drawn from the middle, so that half the width is the largest one."""
MOST_GROUPS = 40
"""Of a kind drawn on the page, those that change most; all are in workbook and Parquet."""


class DifferenceBar(Struct, frozen=True):
    """A group with what is paid more or less for it: where its bar begins and how wide it is, in percent."""

    group: Mapping[str, Any]
    start: float
    width: float


def page(
    names: Sequence[str],
    changed: Sequence[ChangedTexts],
    result: Mapping[str, Any],
    options: Mapping[str, Any],
    hospitals: Mapping[str, str],
) -> str:
    """The page of a result of reforms of these names, which change the texts so; ``options`` are those that it was
    asked for with, ``hospitals`` the names of those that the ledger knows."""
    values = effect_values(changed, result, hospitals)
    more = {"told": result, "reforms": names, "options": options, "line": line}
    return own_environment().get_template("whatif.html").render(**more, **values)


def change_values(changed: Sequence[ChangedTexts]) -> dict[str, Any]:
    """What ``whatif_changes.html`` shows, by the names of the template."""
    columns = [column.partition(" ") for column in COLUMNS]
    return {"changed": changed, "columns": columns, "change_cells": change_cells}


def effect_values(
    changed: Sequence[ChangedTexts], result: Mapping[str, Any], hospitals: Mapping[str, str]
) -> dict[str, Any]:
    """What ``whatif_effect.html`` shows, by the names of the template; it has the filters of ``FILTERS`` too."""
    before, after = (_known(result[side]["paid"]) for side in ("baseline", "reform"))
    return {
        "result": result,
        **change_values(changed),
        "answer": answer(result),
        "group_name": partial(group_name, hospitals=hospitals),
        "bars": layer_bars(after, before),
        "groups": {kind: difference_bars(groups) for kind, groups in result.get("by", {}).items()},
        "kinds": KIND_NAMES,
        "shares": SHARES,
        "spread": SPREAD,
        "most": MOST_GROUPS,
        "layer_pairs": layer_pairs,
    }


def difference_bars(groups: Sequence[Mapping[str, Any]]) -> list[DifferenceBar]:
    """Bars from the middle, to the right where more is paid; nothing is drawn where it is hidden."""
    most = max((abs(_paid(group)) for group in groups), default=Decimal(0))
    bars = []
    for group in groups:
        width = float(abs(_paid(group)) * _FULL / most) if most else 0.0
        bars.append(DifferenceBar(group, _FULL if _paid(group) >= 0 else _FULL - width, width))
    if len(bars) <= MOST_GROUPS:
        return bars
    kept = {id(each) for each in sorted(bars, key=lambda each: each.width, reverse=True)[:MOST_GROUPS]}
    return [each for each in bars if id(each) in kept]


def shown(value: Any) -> str:
    """An amount or a count with thousands separators; — where it is hidden."""
    if value is None:
        return "—"
    return f"{value if isinstance(value, int) else Decimal(value):,}".replace("-", "−")


FILTERS: Mapping[str, Callable[[Any], Any]] = {"shown": shown, "decimal": Decimal, "figure": figure_text}
"""Filters of the templates of simulations."""


@cache
def own_environment() -> Environment:
    """The templates of pages about simulations that stand alone."""
    environment = own_templates("infra.whatif_page", "infra.leader_page")
    environment.filters |= FILTERS
    return environment


def _known(paid: Mapping[str, str | None]) -> dict[str, Decimal]:
    return {layer: found for layer, told in paid.items() if (found := amount(told)) is not None}


def _paid(group: Mapping[str, Any]) -> Decimal:
    return amount(group["difference"]["paid"]) or Decimal(0)
