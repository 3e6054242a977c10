"""Which events there are, who may send them, and how the bytes of one become a fact or a refusal."""

from datetime import datetime
from typing import cast

from msgspec import Struct
from pydantic import ValidationError

from events import facts
from events.codes import ID_PATTERN, REGION_PATTERN, covers, is_id, is_region
from events.envelope import ATTRIBUTES, decode, quote, salvage
from events.facts import BUREAU as BUREAU
from events.facts import CIVIL_AFFAIRS as CIVIL_AFFAIRS
from events.facts import FACTS as FACTS
from events.facts import HOSPITAL as HOSPITAL
from events.facts import LEDGER as LEDGER
from events.facts import POVERTY_OFFICE as POVERTY_OFFICE
from events.facts import FactType as FactType
from events.refusals import Reason, Refusal


class Fact(Struct, frozen=True):
    """One intake event, read and allowed; ``source`` and ``id`` identify it for ever, ``time`` is in UTC."""

    source: str
    id: str
    type: str
    time: datetime | None
    extensions: dict[str, str | bool | int]
    data: facts.FactData


class Unreadable(Refusal):
    """A refusal given before the ledger is looked at.

    ``source``, ``event_id`` and ``type`` are what could be read of them, else None. ``identified`` says that the
    event may be known by (source, event_id): the source is the mailbox it came through, and the id is an id.
    """

    def __init__(self, reason: Reason, detail: str, mailbox: str, envelope: dict[str, str]) -> None:
        super().__init__(reason, detail)
        self.source = envelope.get("source")
        self.event_id = envelope.get("id")
        self.type = envelope.get("type")
        self.identified = self.source == mailbox and self.event_id is not None and is_id(self.event_id)


ITSELF = f"{LEDGER}/claims"
"""The ledger as a source: of its answers, and of what its operator orders of it. No user of NATS may speak for it."""
OFFICES = frozenset({BUREAU, CIVIL_AFFAIRS, POVERTY_OFFICE})
"""The kinds of source whose id is the code of the region they serve."""

DERIVED: frozenset[str] = frozenset(
    {
        "claim.accepted.v1",
        "payout.decided.v1",
        "payout.adjusted.v1",
        "claim.settled.v1",
        "claim.resettled.v1",
        "grant.awarded.v1",
        "grant.withdrawn.v1",
        "premium.subsidised.v1",
        "premium.refunded.v1",
        "premium.purchased.v1",
        "scheme.adopted.v1",
        "event.rejected.v1",
        "event.waiting.v1",
        "refusal.lifted.v1",
        "clearing.drafted.v1",
        "clearing.approved.v1",
        "clearing.withdrawn.v1",
        "clearing.paid.v1",
        "payment.returned.v1",
        "receivable.settled.v1",
        "advance.repaid.v1",
        "payment.reversed.v1",
        "return.reversed.v1",
        "receipt.reversed.v1",
        "repayment.reversed.v1",
        "ledger.sealed.v1",
        "roster.imported.v1",
    }
)

_PROBLEMS_NAMED = 3
_NO_EXTENSIONS = ATTRIBUTES | {"data"}


def read(raw: bytes, mailbox: str) -> Fact:
    """Read one event as it arrived for ``mailbox``, the source that its NATS subject names ("hospital/H2206213").

    Raises Unreadable with ``malformed``, ``unknown_type`` or ``source_not_allowed``, the first that applies.
    """
    try:
        return _read(raw, mailbox)
    except Refusal as refusal:
        raise Unreadable(refusal.reason, refusal.detail, mailbox, salvage(raw)) from None


def _read(raw: bytes, mailbox: str) -> Fact:
    envelope = decode(raw)
    type_, source = cast("str", envelope["type"]), cast("str", envelope["source"])
    if type_ in DERIVED:
        raise Refusal("source_not_allowed", f"only the ledger writes {type_}")
    fact_type = FACTS.get(type_)
    if fact_type is None:
        raise Refusal("unknown_type", f"no type {quote(type_)} is known; the types are {', '.join(FACTS)}")
    try:
        data = fact_type.model.model_validate(envelope["data"])
    except ValidationError as error:
        raise Refusal("malformed", _problems(error)) from None
    _check_source(source, mailbox, type_, data)
    return Fact(
        source=source,
        id=cast("str", envelope["id"]),
        type=type_,
        time=cast("datetime | None", envelope.get("time")),
        extensions={
            name: cast("str | bool | int", value) for name, value in envelope.items() if name not in _NO_EXTENSIONS
        },
        data=data,
    )


def _check_source(source: str, mailbox: str, type_: str, data: facts.FactData) -> None:
    kind, _, id_ = source.partition("/")
    kinds = FACTS[type_].kinds
    if kind not in kinds:
        raise _not_allowed(f"{type_} comes from {' or '.join(kinds)}, not from {quote(kind)}")
    if source != mailbox:
        raise _not_allowed(f"source {source} sent on the subject of {mailbox}")
    if kind in OFFICES and not is_region(id_):
        raise _not_allowed(f"source {source} names no region: six digits, the first not 0, are wanted after {kind}/")
    # By type alone: to ask a pydantic class whether a value is its instance costs more than all else here.
    stated = type(data)
    if stated in _OF_A_HOSPITAL and data.hospital_id != id_:  # type: ignore[attr-defined]
        hospital_id = data.hospital_id  # type: ignore[attr-defined]
        raise _not_allowed(f"data.hospital_id is {hospital_id}: {source} speaks only of itself")
    if stated is facts.ResettlementOrdered and source != ITSELF:
        raise _not_allowed(f"{type_} comes from {ITSELF}, not from {source}")
    if stated in _OF_A_REGION and not covers(id_, data.region):  # type: ignore[attr-defined]
        region = data.region  # type: ignore[attr-defined]
        raise _not_allowed(f"data.region is {region}: {source} enrolls only for its own region")


_OF_A_HOSPITAL = frozenset({facts.AdmissionRecorded, facts.OutpatientRecorded})
_OF_A_REGION = frozenset({facts.EnrollmentRecorded, facts.EnrollmentEnded})


def _not_allowed(detail: str) -> Refusal:
    return Refusal("source_not_allowed", detail)


_FORMS = {
    ID_PATTERN: "must be 1 to 128 letters, digits, - or _",
    REGION_PATTERN: "must be a region code: six digits, the first not 0",
    facts.DIAGNOSIS_PATTERN: "must be an ICD-10 code: 1 to 16 letters, digits, . or -",
    facts.HASH_PATTERN: "must be a sha256: 64 digits and letters a to f",
    facts.NOT_BLANK_PATTERN: "must not be blank",
}

_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this type",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "literal_error": "must be {expected}",
    "int_type": "must be an integer",
    "bool_type": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "model_type": "must be an object",
    "tuple_type": "must be a list",
    "too_long": "must have at most {max_length} in it",
    "value_error": "{error}",
}
"""What is told for each way in which data can fail its model; a test walks through them all."""

_CONSEQUENCE = "default_factory_not_called"
"""A default that hangs on a field which is itself wrong: the field has been named."""


def _problems(error: ValidationError) -> str:
    problems = []
    for found in error.errors(include_url=False, include_input=False):
        kind, context = found["type"], found.get("ctx", {})
        if kind == "string_pattern_mismatch":
            message = _FORMS[context["pattern"]]
        elif kind != _CONSEQUENCE:
            message = _MESSAGES.get(kind, "is not valid").format_map(context)
        else:
            continue
        problems.append(f"{_path(found['loc'])} {message}")
    more = len(problems) - _PROBLEMS_NAMED
    return "; ".join(problems[:_PROBLEMS_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _path(location: tuple[int | str, ...]) -> str:
    return "data" + "".join(f"[{part}]" if isinstance(part, int) else f".{quote(part)}" for part in location)
