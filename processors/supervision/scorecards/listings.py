"""The scorecards of a year: of hospitals, ranked, and the two items of each county."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import covers
from events.county_time import county_day
from events.money import yuan
from events.store.driver import fetch_text
from events.store.journal import database_time
from policies.supervision.scorecard import ScorecardTerms
from policies.supervision.text import SupervisionHistory, SupervisionText
from processors.supervision.adoption import adopted_texts
from processors.supervision.claim import SupervisedClaim
from processors.supervision.loading import load_year
from processors.supervision.scorecards.counts import AuditOfClaim, count_counties, count_hospitals
from processors.supervision.scorecards.items import COUNTY_DEFINITIONS, DEFINITIONS, ItemDefinition
from processors.supervision.scorecards.measures import ItemMeasure
from processors.supervision.scorecards.points import RatedHospital, Scorecard, ScoredItem, score

_YEARS = (-2, -1, 0, 1)
"""Loaded beside a year: the one before for growth, and the one before that for parts of its stays, the next for
admissions after December."""
_AUDITS = """
SELECT claim.claim_id, claim.person_id, sum(audit.amount)::bigint AS found
FROM projections.audits AS audit
JOIN projections.claims AS claim USING (claim_id)
JOIN projections.statements AS statement USING (claim_id)
WHERE statement.year = $1 AND claim.standing
GROUP BY claim.claim_id, claim.person_id
"""
_BOOKED = """
SELECT booked.claim_id, -sum(booked.paid)::bigint AS refunded
FROM ledger.entries AS booked
WHERE booked.person_id = ANY($1) AND booked.claim_id = ANY($2)
  AND booked.type IN ('payout.adjusted.v1', 'payout.withdrawn.v1')
  AND convert_from(booked.data, 'UTF8')::jsonb -> 'cause' ->> 'type' IN ('audit.found.v1', 'audit.withdrawn.v1')
GROUP BY booked.claim_id
"""
_HOSPITALS = "SELECT hospital_id, name, tier, region, designated_from, designated_until FROM projections.hospitals"


class CardOfHospital(Struct, frozen=True):
    """A scorecard with the hospital's register entry and the text that it was scored under."""

    card: Scorecard
    name: str
    region: str
    text: SupervisionText


class ScorecardsOfYear(Struct, frozen=True):
    """All scorecards of a year as of a day, and the items of counties by region."""

    year: int
    as_of: date
    cards: list[CardOfHospital]
    counties: dict[str, dict[str, ItemMeasure | None]]
    county_terms: dict[str, ScorecardTerms]


async def scorecards(engine: AsyncEngine, year: int, region: str | None = None) -> ScorecardsOfYear:
    """Scorecards of the hospitals in a region and its counties, which are each other's peers; None is everywhere.

    All their bills count, wherever the patients are insured. Hospitals under different supervision texts are scored and
    ranked apart.
    """
    async with engine.connect() as connection:
        history = SupervisionHistory(each.text for each in await adopted_texts(connection))
        as_of = county_day(await database_time(connection))
        last = date(year, 12, 31)
        registered = {
            row["hospital_id"]: row
            for row in await fetch_text(connection, _HOSPITALS, [])
            if region is None or covers(region, row["region"])
        }
        texts = {hospital: history.in_force(last, row["region"]) for hospital, row in registered.items()}
        claims: list[SupervisedClaim] = []
        for away in _YEARS:
            claims += await load_year(connection, year + away)
        audits = await _audits(connection, year)
    terms = {hospital: text.scorecard for hospital, text in texts.items()}
    counted = count_hospitals(claims, audits, year, terms, as_of)
    by_text: dict[str, list[RatedHospital]] = {}
    for hospital, counts in counted.items():
        row = registered[hospital]
        months = contract_months(row["designated_from"], row["designated_until"], year)
        rated = RatedHospital(hospital, row["tier"], months, counts.measures())
        by_text.setdefault(texts[hospital].content_hash, []).append(rated)
    cards = [
        CardOfHospital(card, registered[card.hospital_id]["name"], registered[card.hospital_id]["region"], text)
        for rated_together in by_text.values()
        for text in [texts[rated_together[0].hospital_id]]
        for card in score(rated_together, text.scorecard)
    ]
    counties = {
        code: counts.measures()
        for code, counts in sorted(count_counties(claims, year).items())
        if region is None or covers(region, code)
    }
    county_terms = {code: history.in_force(last, code).scorecard for code in counties}
    return ScorecardsOfYear(year, as_of, cards, counties, county_terms)


async def _audits(connection: AsyncConnection, year: int) -> dict[str, AuditOfClaim]:
    rows = await fetch_text(connection, _AUDITS, [year])
    persons = sorted({row["person_id"] for row in rows})
    asked = [persons, [row["claim_id"] for row in rows]]
    booked = {row["claim_id"]: row["refunded"] for row in await fetch_text(connection, _BOOKED, asked)}
    return {row["claim_id"]: AuditOfClaim(row["found"], booked.get(row["claim_id"], 0)) for row in rows}


def contract_months(since: date, until: date | None, year: int) -> int:
    """Whole months of a contract until the end of a year, or until its own end where that comes first."""
    end = date(year + 1, 1, 1)
    if until is not None and until < end:
        end = until
    months = (end.year - since.year) * 12 + end.month - since.month
    return max(0, months - (end.day < since.day))


def told_card(found: CardOfHospital, year: int, as_of: date) -> dict[str, Any]:
    """A scorecard for programs: money in yuan, ratios to four decimals, points to two, with the parameters' sources."""
    card, terms = found.card, found.text.scorecard
    return {
        "row": "hospital",
        "year": year,
        "as_of": as_of.isoformat(),
        "hospital_id": card.hospital_id,
        "name": found.name,
        "region": found.region,
        "tier": card.tier,
        "total": _text(card.total),
        "interval": None if card.total is None else [_text(card.total_low), _text(card.total_high)],
        "covered": f"{float(card.covered):.4f}",
        "class": card.credit_class,
        "unrated": card.unrated,
        "rank": card.rank,
        "ranked": card.ranked,
        "rank_interval": None if card.rank is None else [card.rank_low, card.rank_high],
        "items": {name: told_item(name, item, terms) for name, item in card.items.items()},
        "text": {"name": found.text.name, "version": found.text.version, "hash": found.text.content_hash},
        "terms": terms.described(),
    }


def told_item(name: str, item: ScoredItem, terms: ScorecardTerms) -> dict[str, Any]:
    """One item of a hospital for programs."""
    definition = DEFINITIONS[name]
    told = told_measure(definition, item.measure) | {"hidden": item.hidden}
    told |= {
        "points": None if item.points is None else f"{float(item.points):.2f}",
        "p10": None if item.p10 is None else shown(definition, item.p10),
        "p90": None if item.p90 is None else shown(definition, item.p90),
        "peers": item.peers,
        "among": item.among,
    }
    return told | {key: part["value"] for key, part in terms.item(name).described().items()}


def told_county(region: str, found: ScorecardsOfYear) -> dict[str, Any]:
    """The items of a county for programs."""
    least = found.county_terms[region].least_cases.value
    items = {}
    for name, measure in found.counties[region].items():
        hidden = measure is not None and measure.n < least
        items[name] = told_measure(COUNTY_DEFINITIONS[name], None if hidden else measure) | {"hidden": hidden}
    return {
        "row": "county",
        "year": found.year,
        "as_of": found.as_of.isoformat(),
        "region": region,
        "items": items,
    }


def told_measure(definition: ItemDefinition, measure: ItemMeasure | None) -> dict[str, Any]:
    """A measure for programs: its formula, value, numerator, denominator, number of cases and interval."""
    told: dict[str, Any] = {"formula": definition.formula, "unit": definition.unit}
    if measure is None:
        return told | dict.fromkeys(("value", "numerator", "denominator", "n", "interval"))
    upper, lower = definition.money
    interval = None
    if measure.low is not None and measure.high is not None:
        interval = [shown(definition, measure.low), shown(definition, measure.high)]
    return told | {
        "value": shown(definition, measure.value),
        "numerator": yuan(measure.numerator) if upper else measure.numerator,
        "denominator": yuan(measure.denominator) if lower else measure.denominator,
        "n": measure.n,
        "interval": interval,
    }


def shown(definition: ItemDefinition, value: Any) -> str:
    """A value in its unit: yuan and days to two decimals, the others to four."""
    match definition.unit:
        case "yuan":
            return yuan(round(value))
        case "days":
            return f"{float(value):.2f}"
        case _:
            return f"{float(value):.4f}"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def narrowed(cards: Sequence[CardOfHospital], hospital_id: str | None) -> list[CardOfHospital]:
    """All cards, or a hospital's own, its rank still that among all."""
    return [each for each in cards if hospital_id is None or each.card.hospital_id == hospital_id]


def unscored_items(item: Mapping[str, Any]) -> str | None:
    """Why an item, as programs read it, has no points."""
    if item["hidden"]:
        return "例数过少，不列示、不计分 too few cases: hidden, not scored"
    if item["value"] is None:
        return "无数据 nothing to divide"
    if item["weight"] == 0:
        return "权重为 0，只列示 weight 0: only shown"
    if item["points"] is None:
        return "可比医院过少，不计分 too few peers: not scored"
    if item["among"] == "all":
        return "同级过少，与全部等级比较 too few of its tier: held against all tiers"
    return None
