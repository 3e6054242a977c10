"""One lead as its page shows it, in the order of an audit's report: basis, facts, money, peers, what is left open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.county_time import county_second
from events.money import yuan
from infra.console.pages import moment_text
from infra.files.region_names import region_named
from infra.person_file.names import FACTS
from infra.words.evidence import LEAD_STEP_NAMES, word, worded
from infra.words.sources import source_named
from policies.claim import BillParts
from policies.explain import GRADES
from policies.vocabulary import in_layer_order
from processors.law.terms import DISEASE_NAMES, LAYER_NAMES, SETTING_NAMES
from processors.supervision.steps import STATE_NAMES
from projections.hospitals import hospitals
from projections.leads import Lead


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of evidence: what it is called, its name for programs, and its value as text."""

    chinese: str
    code: str
    value: str


@dataclass(frozen=True, slots=True)
class ShownParameter:
    """A parameter in force, with its grade and where it stands."""

    figure: Figure
    grade: str
    grade_name: str
    source: str


@dataclass(frozen=True, slots=True)
class ClaimOfLead:
    """A claim that a lead is about: ``amounts`` are yuan, those of ``BillParts`` in their order."""

    claim_id: str
    person_id: str
    hospital: str
    hospital_id: str
    setting: str
    first_day: str
    last_day: str
    diagnoses: str
    amounts: tuple[str, ...]
    paid: str
    reversed: bool


@dataclass(frozen=True, slots=True)
class StepOfLead:
    """An event of journal ``leads.0`` about it."""

    number: int
    at: str
    state: str
    actor: str | None
    reason: str | None
    case_id: str | None
    type: str


_PEERS = ("group", "n", "median", "percentile", "z", "remark")


def peers(lead: Lead) -> list[Figure]:
    """Where the lead stands among its peers."""
    told = lead.evidence["peers"] or {}
    return figures({name: told.get(name) for name in (*_PEERS, *(set(told) - set(_PEERS)))})


def figures(told: Mapping[str, Any] | None) -> list[Figure]:
    """What a rule has found, or how peers stand; what has no value is left out."""
    return [_figure(name, value) for name, value in (told or {}).items() if value is not None]


def parameters(lead: Lead) -> list[ShownParameter]:
    """Those of the text in force on the day of what the lead is about."""
    return [
        ShownParameter(
            _figure(name, each["value"]), each["grade"], GRADES.get(each["grade"], each["grade"]), each["cite"]
        )
        for name, each in lead.evidence["parameters"].items()
    ]


def _figure(name: str, value: Any) -> Figure:
    called = word(name)
    return Figure(called.removesuffix(f" {name}"), name, worded(value))


def claims(lead: Lead, called: Mapping[str, str]) -> list[ClaimOfLead]:
    """The claims that the lead shows; the costliest where there are many."""
    return [
        ClaimOfLead(
            each["claim_id"],
            each["person_id"],
            called.get(each["hospital_id"], each["hospital_id"]),
            each["hospital_id"],
            SETTING_NAMES.get(each["setting"], each["setting"]),
            each["starts_on"],
            each["ends_on"],
            " ".join(each["diagnoses"]) or DISEASE_NAMES.get(each["disease"] or "", each["disease"] or ""),
            tuple(each["bill"][part] for part in BillParts.__struct_fields__),
            str(sum(map(Decimal, each["layers"].values()), Decimal("0.00"))),
            each["status"] == "reversed",
        )
        for each in lead.evidence["claims"]
    ]


def money(lead: Lead) -> list[tuple[str, str, str]]:
    """Fund money at risk by layer: its name, its code, yuan."""
    return [(LAYER_NAMES.get(layer, layer), layer, yuan(lead.at_risk[layer])) for layer in in_layer_order(lead.at_risk)]


def facts(lead: Lead) -> list[dict[str, Any]]:
    """The facts of the ledger that it rests on, named, at the county's time."""
    return [
        each
        | {
            "type": FACTS[each["type"]][0] if each["type"] in FACTS else each["type"],
            "source": source_named(each["source"]),
            "recorded_at": county_second(each["recorded_at"]),
        }
        for each in lead.evidence["facts"]
    ]


def history(told: list[dict[str, Any]]) -> list[StepOfLead]:
    """What became of the lead."""
    return [
        StepOfLead(
            each["number"],
            moment_text(datetime.fromisoformat(each["recorded_at"])),
            STATE_NAMES.get(each.get("state", ""), each.get("state", "")),
            each.get("actor"),
            each.get("reason"),
            each.get("case_id"),
            LEAD_STEP_NAMES.get(each["type"], each["type"]),
        )
        for each in told
    ]


def region_text(code: str) -> str:
    """A region with its code."""
    return str(region_named(code))


async def hospital_names(connection: AsyncConnection, lead: Lead) -> dict[str, str]:
    """Names of the hospitals that a lead names."""
    ids = {each["hospital_id"] for each in lead.evidence["claims"]} | {lead.hospital_id or ""}
    query = select(hospitals.c.hospital_id, hospitals.c.name).where(hospitals.c.hospital_id.in_(sorted(ids)))
    return {row.hospital_id: row.name for row in await connection.execute(query)}
