"""The ledger's events that transactions send, as the hospital that called."""

from collections.abc import Mapping
from typing import Any

from events.codes import ORDINARY, region_prefix
from events.decisions import EVENT_ACCEPTED, EVENT_REJECTED, EVENT_WAITING
from infra.gateway.answers import Answer
from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.code_lists import MedicalType

Event = dict[str, Any]
_PREFECTURE = 4


def event_of(call: Call, type_: str, data: Mapping[str, Any], **extensions: str) -> Event:
    """An event whose id is made from infno and msgid, both ids by the envelope: the same call sends the same event."""
    return {
        "specversion": "1.0",
        "id": f"{call.infno}-{call.msgid}",
        "source": f"hospital/{call.fixmedins_code}",
        "type": type_,
        "actor": call.opter,
        **extensions,
        "data": dict(data),
    }


def circumstances(type_: MedicalType) -> dict[str, Any]:
    """What a 医疗类别 says of a stay or visit beside its setting; what is usual is left out."""
    emergency = {"emergency": True} if type_.emergency else {}
    return emergency | ({"stay_kind": type_.stay_kind} if type_.stay_kind != ORDINARY else {})


def away(call: Call) -> bool:
    """Whether the hospital lies outside the prefecture that insures the person, where the call tells both."""
    insured, treated = call.insuplc_admdvs, call.mdtrtarea_admvs
    if not insured or not treated:
        return False
    within = insured.startswith(region_prefix(treated)) or treated.startswith(region_prefix(insured))
    return not within and insured[:_PREFECTURE] != treated[:_PREFECTURE]


def refusal_of(data: Mapping[str, Any]) -> NationalRefused:
    """A refusal of the ledger, for the operator: the detail in Chinese, and the reason's code."""
    return NationalRefused(f"{data.get('detail_zh') or data.get('detail') or ''}（{data.get('reason')}）")


def require_accepted(answer: Answer) -> None:
    """Raise ``NationalRefused`` unless the ledger has taken an event that brings no statement by itself."""
    if answer.type == EVENT_REJECTED:
        raise refusal_of(answer.data)
    if answer.type == EVENT_WAITING:
        raise NationalRefused(f"入院登记 {answer.data.get('waits_for')} 尚未登记：请先办理入院(2401)")
    if answer.type != EVENT_ACCEPTED:
        raise AssertionError(f"the ledger answers {answer.type} where no claim is settled")


def changed_fields(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What of some fields is other than before."""
    return {name: value for name, value in now.items() if before.get(name) != value}
