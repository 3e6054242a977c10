"""What the rules read and what they decide: plain values that travel between the layers as JSON lists.

They are msgspec structs: read and made in a tenth of the time that dataclasses take, which every layer pays anew.
"""

from collections.abc import Mapping
from datetime import date as calendar_date
from typing import Any, Literal

from msgspec import NODEFAULT, Struct, convert, defstruct, structs

from events.codes import ORDINARY, RESIDENT, AuditPart, Submitter

BorneBy = Literal["hospital", "person"]
Place = Literal["county", "prefecture", "province", "elsewhere", "unfiled"]


class BillParts(Struct, frozen=True, array_like=True, gc=False):
    """The five parts of a bill in fen; ``total`` is the sum of the other four."""

    total: int
    in_scope: int
    upfront_copay: int
    over_limit: int
    self_funded: int


class Audit(Struct, frozen=True, array_like=True, gc=False):
    """An audit finding on a claim: ``amount`` fen leave the bill and are borne by the hospital or the person.

    They leave the ``part`` of the bill that is named, and no other.
    """

    amount: int
    borne_by: BorneBy
    part: AuditPart | None = None


class Aid(Struct, frozen=True, array_like=True, gc=False):
    """What somebody decided that ``layer`` pays of a claim, in fen: the fact ``number`` of journal intake says so."""

    number: int
    layer: str
    amount: int


class Claim(Struct, frozen=True, array_like=True, gc=False):
    """One accepted claim: what acceptance fixed, and the live facts as they stood when its run was opened.

    ``number`` is the claim's place in the person's ledger order. ``scheme`` is the content hash of the pinned
    scheme. ``date`` is that of discharge or service. ``categories`` are those held on it, in the order of choice.
    ``referral`` names the admissions in the chain this one was referred from, nearest first. ``opened`` is the run
    that first carried the claim.

    The last fields came after ledgers had taken claims without them: their defaults say what those mean. All but two
    were fixed by acceptance. ``age`` is in whole years on the claim's date, None where no month of birth was stated.
    ``stay_number`` is live: 1 for the first stay that stands in the year under the scheme's name, 0 for no stay. So are
    ``aids``, the decisions that stand.
    ``invoice`` is of a bill that a bureau had on paper, None for what a hospital claims; ``admitted_on`` is of such a
    stay.
    ``card_diseases`` are those that the person had valid chronic cards for that day. ``years_insured`` are the years
    without a break up to the claim's own, None where nobody has counted them.
    ``interim`` is a stay's bill on 31 December, before its discharge.
    """

    claim_id: str
    person_id: str
    number: int
    scheme: str
    date: calendar_date
    setting: str
    tier: int
    hospital_id: str
    hospital_region: str
    region: str
    filed: bool
    prescriber_tier: int
    card_class: str | None
    any_card: bool
    disease: str | None
    late: bool
    prepaid: bool
    admission_id: str | None
    referral: tuple[str, ...]
    opened: int
    source: str
    # live facts
    bill: BillParts
    categories: tuple[str, ...]
    audits: tuple[Audit, ...]
    standing: bool
    # fixed too; at the end, for a claim that travels as a list was shorter before
    insurance_type: str = RESIDENT
    age: int | None = None
    sex: str | None = None
    household_id: str | None = None
    contracted_doctor: bool | None = None
    emergency: bool = False
    stay_kind: str = ORDINARY
    stay_number: int = 0
    aids: tuple[Aid, ...] = ()
    invoice: str | None = None
    admitted_on: calendar_date | None = None
    card_diseases: tuple[str, ...] = ()
    years_insured: int | None = None
    interim: bool = False

    @property
    def ill_with(self) -> list[str]:
        """The claim's disease and those that the person has chronic cards for, by code."""
        return sorted({*self.card_diseases, *(() if self.disease is None else (self.disease,))})

    @property
    def year(self) -> int:
        """The benefit year: the calendar year of the discharge or service date (docs/domain.md#3.2)."""
        return self.date.year

    @property
    def is_stay(self) -> bool:
        """Whether it is the claim of a stay."""
        return self.setting == "inpatient"

    @property
    def submitted_by(self) -> Submitter:
        """Who claimed the bill: its hospital, or a bureau that had it on paper (docs/domain.md#paper)."""
        return "hospital" if self.invoice is None else "bureau"


class CountedStay(Struct, frozen=True, gc=False):
    """Of a claim of a stay what its number in the year depends on: ``number`` is its place in ledger order."""

    number: int
    scheme: str
    date: calendar_date
    standing: bool

    @property
    def year(self) -> int:
        """The benefit year."""
        return self.date.year


def place_of(claim: Claim) -> Place:
    """Where a claim's hospital lies, as its person's region sees it: ``unfiled`` is outside the prefecture.

    A person whose region is a prefecture's code is of no county that is known.
    """
    if claim.hospital_region[:4] == claim.region[:4]:
        of_county = claim.hospital_region == claim.region and not claim.region.endswith("00")
        return "county" if of_county else "prefecture"
    if not claim.filed:
        return "unfiled"
    return "province" if claim.hospital_region[:2] == claim.region[:2] else "elsewhere"


def after_audits(claim: Claim) -> tuple[list[int], dict[str, int]]:
    """What audits leave in S, C and O, and what they lay on the hospital and the person, in fen.

    They come out of the part that is named, else out of O, then C, then S, in recorded order (docs/domain.md#3.7).
    """
    bill = claim.bill
    borne = {"hospital": 0, "person": 0}
    if not claim.audits:
        return [bill.in_scope, bill.upfront_copay + bill.over_limit, bill.self_funded], borne
    left: dict[AuditPart, int] = {
        "self_funded": bill.self_funded,
        "over_limit": bill.over_limit,
        "upfront_copay": bill.upfront_copay,
        "in_scope": bill.in_scope,
    }
    for audit in claim.audits:
        rest = audit.amount
        for part in (audit.part,) if audit.part else tuple(left):
            taken = min(rest, left[part])
            left[part] -= taken
            rest -= taken
        borne[audit.borne_by] += audit.amount - rest
    return [left["in_scope"], left["upfront_copay"] + left["over_limit"], left["self_funded"]], borne


def with_less_found(claim: Claim, place: int, amount: int) -> Claim:
    """A claim of whose audit at ``place`` so many fen are taken back; the audit keeps its place, whatever is left.

    Raises ``ValueError`` where less is left of it.
    """
    audits = list(claim.audits)
    left = audits[place].amount - amount
    if left < 0:
        raise ValueError(f"more is taken back of an audit on claim {claim.claim_id} than stands of it")
    audits[place] = structs.replace(audits[place], amount=left)
    return structs.replace(claim, audits=tuple(audits))


def age_on(day: calendar_date, birth_month: str | None) -> int | None:
    """Whole years on a day, not under 0; of a month of birth, YYYY-MM, the first day counts. None for no month."""
    if birth_month is None:
        return None
    year, month = map(int, birth_month.split("-"))
    return max(0, day.year - year - (day.month < month))


def claim_json(claim: Claim) -> dict[str, Any]:
    """A claim as the ledger keeps it for ever: by the names of its fields."""
    said = structs.asdict(claim) | {"bill": structs.asdict(claim.bill)}
    for name in ("audits", "aids"):
        said[name] = [structs.asdict(each) for each in said[name]]
    return said


def _by_name(struct: type[Struct], **nested: Any) -> type[Struct]:
    """A struct with another's fields that is read from a JSON object, as the ledger keeps it, and not from a list."""
    fields: list[Any] = []
    for field in structs.fields(struct):
        default = () if field.default is NODEFAULT else (field.default,)
        fields.append((field.name, nested.get(field.name, field.type), *default))
    return defstruct(f"{struct.__name__}Record", fields, forbid_unknown_fields=True, gc=False)


ClaimRecord: Any = _by_name(
    Claim,
    bill=_by_name(BillParts),
    audits=tuple[_by_name(Audit), ...],  # type: ignore[misc]
    aids=tuple[_by_name(Aid), ...],  # type: ignore[misc]
)
"""The type of what ``claim_json`` gives, for msgspec's decoders."""


def claim_from_record(record: Any) -> Claim:
    """The claim that ``claim_json`` gave, read as a ``ClaimRecord``."""
    audits = tuple(Audit(*structs.astuple(audit)) for audit in record.audits)
    claim = Claim(*structs.astuple(record))
    aids = tuple(Aid(*structs.astuple(aid)) for aid in record.aids)
    return structs.replace(claim, bill=BillParts(*structs.astuple(record.bill)), audits=audits, aids=aids)


def claim_from_json(value: Mapping[str, Any]) -> Claim:
    """The claim that ``claim_json`` gave; raises msgspec's ``ValidationError`` for anything else."""
    return claim_from_record(convert(value, ClaimRecord))


class Payout(Struct, frozen=True, array_like=True, gc=False):
    """What one stage decided for one claim, in fen.

    ``extra`` is the part of ``paid`` that the layer's second rule paid (over-cap of critical illness, out-of-catalog
    of assistance). ``over_cap`` is basic's base beyond its cap. ``taken`` is ``paid`` by bucket S, C, O. ``track`` is
    the accumulation it counts to. ``trace`` is compact; policies.trace renders it.
    """

    stage: int
    layer: str
    track: str
    base: int
    deductible: int
    paid: int
    extra: int
    over_cap: int
    taken: tuple[int, int, int]
    trace: tuple[Any, ...] = ()


class Used(Struct, gc=False):
    """An accumulation: what claims before this one have used of one layer and track in a year, in fen."""

    base: int = 0
    deductible: int = 0
    paid: int = 0
    extra: int = 0
    claims: int = 0

    def add(self, payout: Payout) -> None:
        """Count a payout in."""
        self.base += payout.base
        self.deductible += payout.deductible
        self.paid += payout.paid
        self.extra += payout.extra
        self.claims += 1

    def merge(self, other: "Used", sign: int = 1) -> None:
        """Count another accumulation in (or, with ``sign=-1``, out)."""
        self.base += sign * other.base
        self.deductible += sign * other.deductible
        self.paid += sign * other.paid
        self.extra += sign * other.extra
        self.claims += sign * other.claims
