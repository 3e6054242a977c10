"""What a person is entitled to on a day (claims.entitlement): insured or not, categories, cards, what limits leave."""

from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from events.catalog import BUREAU
from events.codes import INSURANCE_TYPE_NAMES
from events.county_time import county_day
from events.enquiries import EnquiredDay, EnquiredId, hospital_asking, read_enquiry
from events.money import yuan
from events.refusal_details import no_open_admission
from events.refusals import Refusal
from events.store.journal import database_time
from policies.claim import Used
from processors.law.terms import CATEGORY_NAMES, DISEASE_NAMES, LAYER_NAMES
from processors.person.accumulation_steps import running_of
from processors.person.file_model import InsuredYear, PersonStatus, Span
from processors.person.growth import HELD_AGAINST
from processors.person.history import PersonHistory
from processors.person.open_admission import has_open_admission
from processors.person.replay import load_history
from processors.person.status import status_of

BOUND_NAMES = {"line": "起付标准", "cap": "封顶线", "limit": "年度限额"}


class EntitlementRequest(Struct, forbid_unknown_fields=True):
    """Whose, and on which day; today where none is named."""

    person_id: EnquiredId
    day: EnquiredDay | None = None


async def tell_entitlement(engine: AsyncEngine, asker: str | None, body: bytes) -> dict[str, Any]:
    """``{"entitlement": {…}}``: see docs/enquiries.md. Raises ``Refusal``.

    A hospital is told of a person who has an open admission with it, a bureau of who is insured in its region that
    year. The refusal is the same of a person whom the ledger does not know.
    """
    asked = read_enquiry(body, EntitlementRequest)
    hospital_id = hospital_asking(asker)
    async with engine.connect() as connection:
        day = asked.day or county_day(await database_time(connection))
        if hospital_id is not None and not await has_open_admission(connection, hospital_id, asked.person_id):
            raise no_open_admission(str(asker), asked.person_id)
    history = await load_history(engine, asked.person_id)
    status = status_of(history)
    insured = next((each for each in status.enrolled if each.year == day.year), None)
    if hospital_id is None and asker not in (None, f"{BUREAU}/{insured.region}" if insured else None):
        raise Refusal(
            "source_not_allowed",
            f"{asker} insures no {asked.person_id} in {day.year}",
            f"{asked.person_id} {day.year} 年不在 {asker} 参保",
        )
    return {"entitlement": _told(history, status, insured, day)}


def _told(history: PersonHistory, status: PersonStatus, insured: InsuredYear | None, day: date) -> dict[str, Any]:
    holds = insured is not None and insured.first <= day <= insured.last
    type_ = None if insured is None else insured.insurance_type
    return {
        "person_id": history.person_id,
        "day": day.isoformat(),
        "insured": holds,
        "region": None if insured is None else insured.region,
        "insurance_type": type_,
        "insurance_type_zh": None if type_ is None else INSURANCE_TYPE_NAMES.get(type_, type_),
        "from": None if insured is None else insured.first.isoformat(),
        "last": None if insured is None else insured.last.isoformat(),
        "categories": [
            {"code": span.code, "name": CATEGORY_NAMES[span.code]} for span in status.categories if _held(span, day)
        ],
        "chronic_cards": [
            {"disease": span.code, "name": DISEASE_NAMES.get(span.code, span.code), "class": span.detail}
            for span in status.cards
            if _held(span, day)
        ],
        "limits": _limits(history, day.year),
    }


def _held(span: Span, day: date) -> bool:
    return span.first <= day and (span.until is None or day < span.until)


def _limits(history: PersonHistory, year: int) -> list[dict[str, Any]]:
    """Each bound against which claims of the year were held, with what is left of it now."""
    amounts: dict[tuple[str, str, str], int | None] = {}
    used: dict[tuple[str, str], Used] = {}
    for step in running_of(history):
        if step.year == year:
            for layer in step.layers:
                used[layer.layer, layer.track] = layer.used  # also of one that was taken back, which names no bound
                amounts |= {(layer.layer, layer.track, bound.name): bound.limit for bound in layer.bounds}
    told = []
    for (layer_, track, name), amount in sorted(amounts.items()):
        if amount is not None:
            spent: int = getattr(used[layer_, track], HELD_AGAINST[name])
            told.append(
                {
                    "layer": layer_,
                    "layer_zh": LAYER_NAMES[layer_],
                    "track": track,
                    "bound": name,
                    "bound_zh": BOUND_NAMES[name],
                    "amount": yuan(amount),
                    "used": yuan(spent),
                    "left": yuan(max(0, amount - spent)),
                }
            )
    return told
