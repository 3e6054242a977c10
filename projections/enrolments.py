"""Who is enrolled where in which year; a second enrollment for a year replaces the first."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct
from sqlalchemy import BigInteger, Boolean, Column, Date, SmallInteger, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import RESIDENT, SEXES
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import load_as

enrolments = Table(
    "enrolments",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("region", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("self_paid", BigInteger, comment="fen that the person paid himself"),
    Column("scheme", Text, comment="content hash of the scheme whose premiums are due, pinned when it was recorded"),
    Column("died_on", Date, comment="last day insured, where the person has died"),
    Column("ended_on", Date, comment="first day no longer insured, where the enrollment ended within the year"),
    Column("insurance_type", Text, nullable=False),
    Column("birth_month", Text, comment="YYYY-MM"),
    Column("sex", Text),
    Column("household_id", Text),
    Column("township", Text, comment="nine digits that begin with the region"),
    Column("village", Text, comment="twelve digits that begin with the region"),
    Column("contracted_doctor", Boolean),
    Column("years_insured", SmallInteger, comment="without a break, this one included, as the bureau said"),
    not_negative("self_paid"),
    one_of("sex", SEXES),
    schema="projections",
)


class Enrolment(Struct, frozen=True):
    """A person's enrollment for a year; ``self_paid`` in fen."""

    person_id: str
    year: int
    region: str
    effective_on: date
    self_paid: int | None
    scheme: str | None = None
    died_on: date | None = None
    ended_on: date | None = None
    insurance_type: str = RESIDENT
    birth_month: str | None = None
    sex: str | None = None
    household_id: str | None = None
    township: str | None = None
    village: str | None = None
    contracted_doctor: bool | None = None
    years_insured: int | None = None

    def insures(self, day: date) -> bool:
        """Whether the person is insured on a day of the year."""
        died, ended = self.died_on, self.ended_on
        return self.effective_on <= day and (died is None or day <= died) and (ended is None or day < ended)


async def load_enrolments(connection: AsyncConnection, persons: Iterable[str]) -> dict[tuple[str, int], Enrolment]:
    """Enrolments by person and year."""
    found = await load_as(connection, Enrolment, enrolments, enrolments.c.person_id, persons)
    return {(enrolment.person_id, enrolment.year): enrolment for enrolment in found}
