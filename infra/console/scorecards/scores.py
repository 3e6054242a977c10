"""Scorecards that were computed, until they are computed anew or the console ends; and their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

from infra.console.state import ConsoleState
from infra.files.region_names import region_named
from infra.words.scorecards import UNRATED, item_interval, item_value
from processors.supervision.scorecards.items import COUNTY_DEFINITIONS, DEFINITIONS
from processors.supervision.scorecards.listings import ScorecardsOfYear, told_card, told_county, unscored_items

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scored:
    """The scorecards of a year and region, with the ledger's position before they were computed."""

    found: ScorecardsOfYear
    entries: int
    at: datetime


MOST_KEPT = 40
"""Years and regions whose scorecards are kept; the oldest goes first."""
_KEPT: "WeakKeyDictionary[ConsoleState, dict[tuple[int, str], Scored]]" = WeakKeyDictionary()


def kept(state: ConsoleState, year: int, region: str) -> Scored | None:
    """What was computed last."""
    return _KEPT.get(state, {}).get((year, region))


def keep(state: ConsoleState, year: int, region: str, scored: Scored) -> None:
    """Keep what was computed; who may open the page may see it, whoever computed it."""
    ours = _KEPT.setdefault(state, {})
    ours.pop((year, region), None)
    ours[year, region] = scored
    while len(ours) > MOST_KEPT:
        del ours[next(iter(ours))]


def rank_rows(found: ScorecardsOfYear) -> list[Row]:
    """A hospital a row, as the ranking tells it."""
    told = [told_card(each, found.year, found.as_of) for each in found.cards]
    return [
        {
            "rank": each["rank"],
            "tier": each["tier"],
            "hospital_id": each["hospital_id"],
            "hospital": each["name"],
            "total": _number(each["total"]),
            "interval": _between(each["interval"]),
            "class": each["class"],
            "ranked": each["ranked"] or None,
            "rank_interval": _between(each["rank_interval"]),
            "covered": Decimal(each["covered"]),
            "remark": None if each["unrated"] is None else UNRATED[each["unrated"]],
        }
        for each in told
    ]


def item_rows(found: ScorecardsOfYear, hospital_id: str) -> list[Row]:
    """An item of one hospital a row; what weighs most first."""
    told = [told_card(each, found.year, found.as_of) for each in found.cards if each.card.hospital_id == hospital_id]
    rows = []
    for card in told:
        for name, item in card["items"].items():
            definition = DEFINITIONS[name]
            rows.append(
                {
                    "item": name,
                    "name": definition.chinese,
                    "value": item_value(definition, item["value"]),
                    "interval": item_interval(definition, item["interval"]),
                    "n": item["n"],
                    "points": _number(item["points"]),
                    "weight": item["weight"],
                    "p10": item_value(definition, item["p10"]),
                    "p90": item_value(definition, item["p90"]),
                    "peers": item["peers"] or None,
                    "remark": unscored_items(item),
                    "sums": _sums(item),
                    "formula": item["formula"],
                }
            )
    return rows


def county_rows(found: ScorecardsOfYear) -> list[Row]:
    """An item of a county a row."""
    rows = []
    for code in found.counties:
        for name, item in told_county(code, found)["items"].items():
            definition = COUNTY_DEFINITIONS[name]
            rows.append(
                {
                    "region": code,
                    "county": str(region_named(code)),
                    "item": name,
                    "name": definition.chinese,
                    "value": "例数过少 hidden" if item["hidden"] else item_value(definition, item["value"]),
                    "interval": item_interval(definition, item["interval"]),
                    "n": item["n"],
                    "sums": _sums(item),
                    "formula": item["formula"],
                }
            )
    return rows


def _sums(item: Mapping[str, Any]) -> str | None:
    above, below = item["numerator"], item["denominator"]
    return None if above is None or below is None else f"{above} ÷ {below}"


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _between(interval: Sequence[Any] | None) -> str | None:
    return None if interval is None else " – ".join(map(str, interval))
