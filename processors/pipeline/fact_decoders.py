"""Reads again the facts that intake took in, only the fields wanted, in an eighth of the time that intake takes.

Intake has held every fact against the catalog, and the hash chain tells whether it is still what intake took. So only
the fields wanted are read here, each of its type. What does not fit is read as strictly as intake read it, so that
the two readings never differ.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Generic, Literal, TypeVar, cast

import msgspec
import orjson
from msgspec import UNSET, Struct, UnsetType

from events.catalog import read
from events.codes import CODE_PATTERN, RESIDENT, AuditPart
from events.money import parse_yuan
from policies.claim import BorneBy

EntryRow = Mapping[str, Any]
"""A row of ``ledger.entries``."""
Yuan = str | int
"""An amount as JSON states it exactly; one with a fraction that is no string is left to the strict reading."""

Code = Annotated[str, msgspec.Meta(pattern=CODE_PATTERN)]

T = TypeVar("T")


class BillData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The bill of a correction, in yuan as it was sent."""

    total: Yuan
    in_scope: Yuan
    upfront_copay: Yuan
    over_limit: Yuan
    self_funded: Yuan


class CorrectionData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of claim.corrected.v1."""

    claim_id: str
    bill: BillData
    reason: str


class ReversalData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of claim.reversed.v1."""

    claim_id: str
    reason: str


class AuditData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of audit.found.v1."""

    finding_id: str
    claim_id: str
    amount: Yuan
    borne_by: BorneBy
    reason: str
    part: AuditPart | None = None


class AuditWithdrawalData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of audit.withdrawn.v1."""

    finding_id: str
    claim_id: str
    amount: Yuan
    document: str
    reason: str


class AidData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of aid.decided.v1."""

    decision_id: str
    claim_id: str
    decided_by: str
    approved_by: str
    layer: Code
    amount: Yuan
    decided_on: date
    document: str


class AidWithdrawalData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of aid.withdrawn.v1."""

    decision_id: str
    claim_id: str
    decided_by: str
    approved_by: str
    withdrawn_on: date
    reason: str


class RosterData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of roster.changed.v1."""

    person_id: str
    category: Code
    change: Literal["added", "removed"]
    effective_on: date


class EnrollmentData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of enrollment.recorded.v1 and v2."""

    person_id: str
    region: str
    year: int
    effective_on: date | UnsetType = UNSET
    self_paid: Yuan | UnsetType = UNSET
    insurance_type: str = RESIDENT
    birth_month: str | None = None
    sex: str | None = None
    household_id: str | None = None
    township: str | None = None
    village: str | None = None
    contracted_doctor: bool | None = None
    years_insured: int | None = None


class EnrollmentEndData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of enrollment.ended.v1."""

    person_id: str
    region: str
    year: int
    effective_on: date
    reason: str


class DeathData(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Data of person.died.v1."""

    person_id: str
    died_on: date


class _Event(Struct, Generic[T], frozen=True, gc=False):
    source: str
    type: str
    data: T


_SHAPES = (
    *(CorrectionData, ReversalData, AuditData, AuditWithdrawalData, AidData, AidWithdrawalData, RosterData),
    *(EnrollmentData, EnrollmentEndData, DeathData),
)
_DECODERS: dict[type[Struct], msgspec.json.Decoder[Any]] = {
    shape: msgspec.json.Decoder(_Event[shape])  # type: ignore[valid-type]
    for shape in _SHAPES
}

Shape = TypeVar("Shape", bound=Struct)


def fact_data(entry: EntryRow, shape: type[Shape]) -> Shape:
    """The data of an entry of journal ``intake`` that took in a fact; ``entry`` has ``type``, ``source`` and ``raw``.

    Raises ``Refusal`` where the bytes no longer are what the source may say, ``TypeError`` where they are another type.
    """
    decoder = _DECODERS[shape]
    try:
        event = decoder.decode(entry["raw"])
    except msgspec.DecodeError:
        event = None
    if event is None or event.source != entry["source"] or event.type != entry["type"]:
        fact = read(entry["raw"], entry["source"])
        if fact.type != entry["type"]:
            raise TypeError(f"{fact.type} under type {entry['type']}")
        data = fact.data.model_dump(mode="json", exclude_unset=True)
        event = decoder.decode(orjson.dumps({"source": fact.source, "type": fact.type, "data": data}))
    return cast("Shape", event.data)


def fen(amount: Yuan) -> int:
    """An amount as it was sent, in fen; raises ``ValueError`` for what is no amount."""
    return parse_yuan(amount)
