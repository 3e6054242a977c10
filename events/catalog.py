"""Which events there are, who may send them, and how the bytes of one become a fact or a refusal."""

from datetime import datetime
from typing import cast

from msgspec import Struct
from pydantic import ValidationError

from events import facts, refusal_details
from events.codes import covers, is_id, is_region
from events.envelope import ATTRIBUTES, decode, quote, salvage
from events.fact_fields import BUREAU as BUREAU
from events.fact_fields import CIVIL_AFFAIRS as CIVIL_AFFAIRS
from events.fact_fields import FACTS as FACTS
from events.fact_fields import HOSPITAL as HOSPITAL
from events.fact_fields import LEDGER as LEDGER
from events.fact_fields import POVERTY_OFFICE as POVERTY_OFFICE
from events.fact_fields import FactType as FactType
from events.faults import problems
from events.national_ids import is_suspect, may_hold_national_id, national_id_place
from events.refusals import Refusal


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

    ``source``, ``event_id`` and ``type`` are what could be read of them, else None; none holds a national ID.
    ``identified`` says that the event may be known by (source, event_id): the source is the mailbox it came through,
    and the id is an id. ``has_national_id`` says that it is refused for one.
    """

    def __init__(self, refusal: Refusal, mailbox: str, envelope: dict[str, str]) -> None:
        super().__init__(refusal.reason, refusal.detail, refusal.detail_zh)
        self.has_national_id = isinstance(refusal, refusal_details.NationalIdRefused)
        envelope = {name: value for name, value in envelope.items() if not may_hold_national_id(value)}
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
        "payout.withdrawn.v1",
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
        "event.accepted.v1",
        "refusal.lifted.v1",
        "prepayment.ordered.v1",
        "prepayment.withdrawn.v1",
        "hospital.prepaid.v1",
        "prepayment.returned.v1",
        "prepayment.reversed.v1",
        "prepayment_return.reversed.v1",
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
        "payment_file.made.v1",
        "payment_file.cancelled.v1",
        "fund.received.v1",
        "fund.transferred.v1",
        "fund_movement.approved.v1",
        "fund_movement.withdrawn.v1",
        "fund_movement.reversed.v1",
        "case.opened.v1",
        "case.noted.v1",
        "case.proposed.v1",
        "case.returned.v1",
        "case.decided.v1",
        "case.closed.v1",
        "finding.recorded.v1",
        "finding.dismissed.v1",
        "measure.proposed.v1",
        "measure.withdrawn.v1",
        "measure.paid.v1",
        "measure_payment.reversed.v1",
        "measure.answered.v1",
        "inspection.recorded.v1",
        "inspection.withdrawn.v1",
        "blacklist.entered.v1",
        "blacklist.approved.v1",
        "blacklist.withdrawn.v1",
        "blacklist.removed.v1",
        "fund_budget.entered.v1",
        "fund_budget.approved.v1",
        "fund_budget.withdrawn.v1",
        "ledger.sealed.v1",
        "person.looked_up.v1",
        "text.proposed.v1",
        "text_proposal.tried.v1",
        "text_proposal.adopted.v1",
        "text_proposal.withdrawn.v1",
        "roster.imported.v1",
        "roster.withdrawn.v1",
        "supervision.adopted.v1",
        "lead.found.v1",
        "lead.changed.v1",
        "lead.withdrawn.v1",
        "lead.dismissed.v1",
        "lead.assigned.v1",
        "lead.released.v1",
        "lead.confirmed.v1",
        "roster.published.v1",
        "roster.received.v1",
        "register_entry.entered.v1",
        "register_entry.ended.v1",
        "register_entry.withdrawn.v1",
        "advance.applied.v1",
        "advance.approved.v1",
        "advance.declined.v1",
        "advance.filed.v1",
    }
)

_NO_EXTENSIONS = ATTRIBUTES | {"data"}


def read(raw: bytes, mailbox: str, *, arriving: bool = False) -> Fact:
    """Read one event as it arrived for ``mailbox``, the source that its NATS subject names ("hospital/H2206213").

    ``arriving`` says that the ledger has not taken it yet: one that holds a national ID is refused then. What older
    ledgers took before this was looked for can still be read.
    Raises Unreadable with ``malformed``, ``unknown_type`` or ``source_not_allowed``, the first that applies.
    """
    try:
        envelope = decode(raw)
        if arriving and is_suspect(raw):
            _refuse_national_id(envelope)
        return _fact(envelope, mailbox)
    except Refusal as refusal:
        raise Unreadable(refusal, mailbox, salvage(raw)) from None


def _refuse_national_id(envelope: dict[str, object]) -> None:
    place = national_id_place(envelope)
    if place is not None:
        raise refusal_details.national_id(place)


def _fact(envelope: dict[str, object], mailbox: str) -> Fact:
    type_, source = cast("str", envelope["type"]), cast("str", envelope["source"])
    if type_ in DERIVED:
        raise _not_allowed(f"only the ledger writes {type_}", f"{type_} 只能由账本自己写入")
    fact_type = FACTS.get(type_)
    if fact_type is None:
        known = ", ".join(FACTS)
        raise Refusal(
            "unknown_type",
            f"no type {quote(type_)} is known; the types are {known}",
            f"未知事件类型 {quote(type_)}；可用类型为 {known}",
        )
    try:
        data = fact_type.model.model_validate(envelope["data"])
    except ValidationError as error:
        raise Refusal("malformed", *problems(error)) from None
    if fact_type.upcast is not None:
        data = fact_type.upcast(data)
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
        raise _not_allowed(
            f"{type_} comes from {' or '.join(kinds)}, not from {quote(kind)}",
            f"{type_} 只能由 {' 或 '.join(kinds)} 报送，不能由 {quote(kind)} 报送",
        )
    if source != mailbox:
        raise _not_allowed(
            f"source {source} sent on the subject of {mailbox}", f"来源 {source} 用了 {mailbox} 的主题报送"
        )
    if kind in OFFICES and not is_region(id_):
        raise _not_allowed(
            f"source {source} names no region: six digits, the first not 0, are wanted after {kind}/",
            f"来源 {source} 未写明统筹区：{kind}/ 之后须为六位行政区划代码，首位不为 0",
        )
    # By type alone: to ask a pydantic class whether a value is its instance costs more than all else here.
    stated = type(data)
    if stated in _OF_A_HOSPITAL and data.hospital_id != id_:  # type: ignore[attr-defined]
        hospital_id = data.hospital_id  # type: ignore[attr-defined]
        raise _not_allowed(
            f"data.hospital_id is {hospital_id}: {source} speaks only of itself",
            f"data.hospital_id 为 {hospital_id}：{source} 只能报送本机构的业务",
        )
    if stated is facts.ResettlementOrdered and source != ITSELF:
        raise _not_allowed(f"{type_} comes from {ITSELF}, not from {source}", f"{type_} 只能来自 {ITSELF}")
    if stated is facts.AdvanceIssued and kind == POVERTY_OFFICE and data.lent_by == "bureau":  # type: ignore[attr-defined]
        raise _not_allowed(
            f"data.lent_by is bureau: {source} speaks only of what it or a township station lent",
            f"data.lent_by 为 bureau：{source} 只能报送本部门或乡镇扶贫工作站借出的款项",
        )
    if stated in _OF_A_REGION and not covers(id_, data.region):  # type: ignore[attr-defined]
        region = data.region  # type: ignore[attr-defined]
        raise _not_allowed(
            f"data.region is {region}: {source} enrolls only for its own region",
            f"data.region 为 {region}：{source} 只能办理本统筹区的参保",
        )


_OF_A_HOSPITAL = frozenset({facts.AdmissionRecorded, facts.OutpatientRecorded})
_OF_A_REGION = frozenset({facts.EnrollmentRecorded, facts.EnrollmentEnded})


def _not_allowed(detail: str, detail_zh: str) -> Refusal:
    return Refusal("source_not_allowed", detail, detail_zh)
