"""What bureaus have filed of treatment away from home: 异地备案 and 转诊, beside what hospitals say of their stays."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Date, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import FILING_KINDS, covers
from events.store.metadata import metadata, one_of
from events.store.rows import load_as
from projections.hospitals import Hospital

referral_filings = Table(
    "referral_filings",
    metadata,
    Column("region", Text, primary_key=True, comment="of the bureau that filed it"),
    Column("filing_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the fact in journal intake that said so last"),
    Column("person_id", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="away or referral"),
    Column("effective_on", Date, nullable=False, comment="first day of admission that it covers"),
    Column("until", Date, comment="first day that it covers no longer"),
    Column("to_region", Text, comment="treatment there only"),
    Column("to_hospital", Text, comment="treatment there only"),
    Column("reason", Text, nullable=False),
    Index("referral_filings_person", "person_id"),
    one_of("kind", FILING_KINDS),
    schema="projections",
    comment="a filing_id names one filing of its bureau",
)


class ReferralFiling(Struct, frozen=True):
    """A bureau's word that treatment away from home is filed; ``region`` is the bureau's."""

    region: str
    filing_id: str
    number: int
    person_id: str
    kind: str
    effective_on: date
    until: date | None
    to_region: str | None
    to_hospital: str | None
    reason: str

    def serves(self, admitted_on: date, hospital: Hospital) -> bool:
        """Whether it covers an admission to a hospital on a day."""
        return (
            self.effective_on <= admitted_on
            and (self.until is None or admitted_on < self.until)
            and (self.to_hospital is None or self.to_hospital == hospital.hospital_id)
            and (self.to_region is None or covers(self.to_region, hospital.region))
        )


async def load_filings(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, list[ReferralFiling]]:
    """Filings by person."""
    by_person: dict[str, list[ReferralFiling]] = {}
    for filing in await load_as(connection, ReferralFiling, referral_filings, referral_filings.c.person_id, persons):
        by_person.setdefault(filing.person_id, []).append(filing)
    return by_person


async def filing_owners(connection: AsyncConnection, filing_ids: Iterable[str]) -> dict[tuple[str, str], str]:
    """Whose filing each number is, by bureau's region and number."""
    found = await load_as(connection, ReferralFiling, referral_filings, referral_filings.c.filing_id, filing_ids)
    return {(filing.region, filing.filing_id): filing.person_id for filing in found}
