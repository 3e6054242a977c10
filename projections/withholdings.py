"""What clearings keep back of hospitals' money until their score is known (质量保证金), and what is released of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct, convert
from sqlalchemy import BigInteger, Boolean, Column, Date, Index, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from events.store.metadata import metadata, not_negative, one_of
from policies.funds import BookedFund
from projections.clearing_table import ClearingTable
from projections.signatures import signature_columns

RELEASE_STATES = ("ordered", "approved", "cleared", "withdrawn")

withholdings = Table(
    "withholdings",
    metadata,
    Column("clearing_id", Text, primary_key=True, comment="of which it was kept back"),
    Column("hospital_id", Text, primary_key=True),
    Column("fund", Text, primary_key=True, comment="that keeps it"),
    Column("insurer", Text, primary_key=True, comment="that keeps the fund; empty where none does"),
    Column("region", Text, nullable=False),
    Column("month", Date, nullable=False, comment="of the clearing, its first day"),
    Column("base", BigInteger, nullable=False, comment="fen that the fund was to transfer, what was prepaid among it"),
    Column("amount", BigInteger, nullable=False, comment="fen kept back"),
    Column("ordered", BigInteger, nullable=False, comment="fen of it in releases, those that wait too"),
    Column("released", BigInteger, nullable=False, comment="fen of it that clearings release, drafted ones too"),
    Column("stands", Boolean, nullable=False, comment="false while its clearing is a draft"),
    Index("withholdings_hospital", "region", "hospital_id"),
    not_negative("base", "amount", "ordered", "released"),
    schema="projections",
    comment="what clearings keep back of hospitals' money; none of withdrawn clearings",
)

withholding_releases = Table(
    "withholding_releases",
    metadata,
    Column("release_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of its order in journal clearing.0"),
    Column("region", Text, nullable=False, comment="whose next clearing pays it"),
    Column("year", SmallInteger, nullable=False, comment="of the clearings that kept it back, and of the scores"),
    Column("status", Text, nullable=False, comment="ordered, approved, cleared (a clearing pays it) or withdrawn"),
    Column("reason", Text, nullable=False),
    Column("items", JSONB, nullable=False, comment="[{clearing_id, hospital_id, fund, insurer, amount}], fen"),
    Column("scores", JSONB, nullable=False, comment="[{hospital_id, credit_class, total, share, grade, cite}]"),
    *signature_columns("ordered", required=True),
    *signature_columns("approved", at=False),
    Column("clearing_id", Text, comment="that pays it, a draft too"),
    Column("withdrawn_by", Text),
    Index("withholding_releases_region", "region", "year"),
    one_of("status", RELEASE_STATES),
    schema="projections",
)


class WithheldShare(Struct, frozen=True, forbid_unknown_fields=True):
    """What one fund keeps back of one hospital's money, in fen: a share of ``base``."""

    hospital_id: str
    fund: str
    insurer: str | None
    base: int
    amount: int

    @property
    def payer(self) -> BookedFund:
        """Which fund keeps it."""
        return BookedFund(self.fund, self.insurer)


class DraftWithholding(Struct, frozen=True, forbid_unknown_fields=True):
    """What a draft keeps back, and by which text; ``share`` as 1/20, ``hospitals`` those whom the text concerns."""

    share: str
    grade: str
    cite: str
    text: str
    hash: str
    hospitals: tuple[str, ...]
    withheld: tuple[WithheldShare, ...]


class ReleasedShare(Struct, frozen=True, forbid_unknown_fields=True):
    """What a draft pays a hospital out of what one fund has kept back, in fen."""

    release_id: str
    hospital_id: str
    fund: str
    insurer: str | None
    amount: int

    @property
    def payer(self) -> BookedFund:
        """Which fund has kept it."""
        return BookedFund(self.fund, self.insurer)


class Withholding(Struct, frozen=True):
    """What one clearing keeps back of one hospital's money from one fund, amounts in fen."""

    clearing_id: str
    hospital_id: str
    fund: str
    insurer: str
    region: str
    month: date
    base: int
    amount: int
    ordered: int = 0
    released: int = 0
    stands: bool = False

    @property
    def left(self) -> int:
        """What of it stands in no release."""
        return self.amount - self.ordered


class ReleaseItem(Struct, frozen=True, forbid_unknown_fields=True):
    """What is released of one row of ``withholdings``, in fen."""

    clearing_id: str
    hospital_id: str
    fund: str
    insurer: str
    amount: int

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Of its row."""
        return self.clearing_id, self.hospital_id, self.fund, self.insurer


class HospitalScore(Struct, frozen=True, forbid_unknown_fields=True):
    """By which score a hospital is released what share, as 9/10; without a class somebody named the share."""

    hospital_id: str
    credit_class: str | None
    total: str | None
    share: str
    grade: str | None = None
    cite: str | None = None


class WithholdingRelease(Struct, frozen=True):
    """A release of what a year's clearings of a region kept back."""

    release_id: str
    number: int
    region: str
    year: int
    status: str
    reason: str
    items: tuple[ReleaseItem, ...]
    scores: tuple[HospitalScore, ...]
    ordered_by: str
    ordered_login: str | None
    ordered_at: datetime
    approved_by: str | None = None
    approved_login: str | None = None
    clearing_id: str | None = None
    withdrawn_by: str | None = None

    @property
    def amount(self) -> int:
        """What it releases, in fen."""
        return sum(item.amount for item in self.items)

    def shares(self) -> list[ReleasedShare]:
        """What a draft that takes it pays, by hospital and fund."""
        sums: dict[tuple[str, str, str], int] = {}
        for item in self.items:
            key = item.hospital_id, item.fund, item.insurer
            sums[key] = sums.get(key, 0) + item.amount
        return [
            ReleasedShare(self.release_id, hospital, fund, insurer or None, amount)
            for (hospital, fund, insurer), amount in sorted(sums.items())
        ]


class WithholdingRows:
    """The rows of both tables, as the events of journal ``clearing`` make them."""

    def __init__(self) -> None:
        self.kept = ClearingTable(withholdings, Withholding)
        self.releases = ClearingTable(withholding_releases, WithholdingRelease)

    def draft(
        self,
        clearing_id: str,
        region: str,
        month: date,
        withheld: Iterable[WithheldShare],
        released: Iterable[ReleasedShare],
    ) -> None:
        """A draft keeps something back, and takes the releases that wait."""
        for each in withheld:
            payer = each.fund, each.insurer or ""
            self.kept.put(
                Withholding(clearing_id, each.hospital_id, *payer, region, month, base=each.base, amount=each.amount)
            )
        for release_id in sorted({each.release_id for each in released}):
            self.releases.change((release_id,), status="cleared", clearing_id=clearing_id)
            self._add(self.releases[release_id,].items, "released", 1)

    def approve(self, clearing_id: str) -> None:
        """What a clearing keeps back stands."""
        for each in self.kept:
            if each.clearing_id == clearing_id:
                self.kept.change(
                    (each.clearing_id, each.hospital_id, each.fund, each.insurer),
                    stands=True,
                )

    def withdraw(self, clearing_id: str) -> None:
        """A draft is withdrawn: it keeps nothing back, and what it released waits again."""
        self.kept.remove_where(lambda row: row.clearing_id == clearing_id)
        for each in list(self.releases):
            if each.clearing_id == clearing_id:
                self.releases.change((each.release_id,), status="approved", clearing_id=None)
                self._add(each.items, "released", -1)

    def order(self, number: int, at: datetime, data: Mapping[str, Any], signature: Mapping[str, Any]) -> None:
        """A release is ordered; ``signature`` is who orders it. Raises ``KeyError`` where nothing was kept back."""
        said = {name: data[name] for name in ("release_id", "region", "year", "reason")}
        items = convert(data["items"], tuple[ReleaseItem, ...])
        scores = convert(data["scores"], tuple[HospitalScore, ...])
        self.releases.put(
            WithholdingRelease(
                number=number, **said, status="ordered", items=items, scores=scores, ordered_at=at, **signature
            )
        )
        self._add(items, "ordered", 1)

    def decide(self, data: Mapping[str, Any], signature: Mapping[str, Any]) -> None:
        """A release is approved; ``signature`` is who approves it."""
        self.releases.change((data["release_id"],), status="approved", **signature)

    def take_back(self, data: Mapping[str, Any]) -> None:
        """A release is withdrawn before a clearing has paid it."""
        found = self.releases[data["release_id"],]
        self.releases.change((found.release_id,), status="withdrawn", withdrawn_by=data["actor"])
        self._add(found.items, "ordered", -1)

    def _add(self, items: Sequence[ReleaseItem], column: str, sign: int) -> None:
        for item in items:
            row = self.kept[item.key]
            self.kept.change(item.key, **{column: getattr(row, column) + sign * item.amount})
