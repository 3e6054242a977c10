"""Leads of supervision (疑点), as journal ``leads.0`` says, and how far the ledger was looked through for them.

Each event of the journal says in which state it leaves its lead; ``lead.found`` and ``lead.changed`` say all of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct, convert, structs, to_builtins
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    delete,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from events import decisions
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import upsert

LEAD_STATES = ("open", "dismissed", "in_case", "confirmed", "withdrawn")
LEAD_SEVERITIES = ("hint", "suspicious", "violation")

leads = Table(
    "leads",
    metadata,
    Column("lead_id", Text, primary_key=True, comment="hash of the rule and of what makes it the same lead again"),
    Column("number", BigInteger, nullable=False, comment="of lead.found in journal leads.0"),
    Column("rule", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="of the rule's values in the text in force"),
    Column("severity", Text, nullable=False),
    Column("region", Text, nullable=False, comment="of the person, of a hospital's lead the hospital's"),
    Column("person_id", Text),
    Column("hospital_id", Text),
    Column("year", SmallInteger, comment="benefit year of a lead that needs all claims of it; null: of one person"),
    Column("claims", ARRAY(Text), nullable=False),
    Column("dates", ARRAY(Date), nullable=False),
    Column("at_risk", JSONB, nullable=False, comment="{layer: fen} that funds paid"),
    Column("at_risk_total", BigInteger, nullable=False, comment="fen"),
    Column("outlier", BigInteger, nullable=False, comment="how far it stands out, in thousandths"),
    Column("evidence", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("shown", Boolean, nullable=False, comment="whether the facts still show it"),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed", BigInteger, nullable=False, comment="number of its last event in journal leads.0"),
    Column("actor", Text, comment="who brought it into its state, where an office did"),
    Column("login", Text),
    Column("reason", Text),
    Column("case_id", Text),
    Index("leads_person", "person_id"),
    Index("leads_hospital", "hospital_id"),
    not_negative("at_risk_total", "outlier"),
    one_of("severity", LEAD_SEVERITIES),
    one_of("state", LEAD_STATES),
    schema="projections",
    comment="what rules of supervision found, and what offices did of it",
)

lead_journals = Table(
    "lead_journals",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="the last entry looked at"),
    Column("context", Text, nullable=False, comment="of texts and rules by which all was looked at"),
    schema="projections",
    comment="how far the ledger was looked through for leads",
)

lead_years = Table(
    "lead_years",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    schema="projections",
    comment="benefit years whose hospitals and peers wait to be looked at again",
)


class LeadContent(Struct, frozen=True):
    """What rules say of a lead; ``at_risk`` in fen by layer, ``outlier`` in thousandths."""

    lead_id: str
    rule: str
    version: int
    severity: str
    region: str
    person_id: str | None
    hospital_id: str | None
    year: int | None
    claims: list[str]
    dates: list[date]
    at_risk: dict[str, int]
    outlier: int
    evidence: dict[str, Any]


class Lead(Struct, frozen=True):
    """A row of the table."""

    lead_id: str
    number: int
    rule: str
    version: int
    severity: str
    region: str
    person_id: str | None
    hospital_id: str | None
    year: int | None
    claims: list[str]
    dates: list[date]
    at_risk: dict[str, int]
    at_risk_total: int
    outlier: int
    evidence: dict[str, Any]
    state: str
    shown: bool
    found_at: datetime
    changed_at: datetime
    changed: int
    actor: str | None = None
    login: str | None = None
    reason: str | None = None
    case_id: str | None = None

    @property
    def content(self) -> LeadContent:
        """What the rules said last."""
        return LeadContent(**{name: getattr(self, name) for name in CONTENT})

    @property
    def rank(self) -> int:
        """By which leads are ordered: how far it stands out × fund money."""
        return self.outlier * self.at_risk_total


CONTENT = LeadContent.__struct_fields__
_SAYS_ALL = frozenset({decisions.LEAD_FOUND, decisions.LEAD_CHANGED})
LEAD_EVENTS = frozenset(
    {
        *_SAYS_ALL,
        decisions.LEAD_WITHDRAWN,
        decisions.LEAD_DISMISSED,
        decisions.LEAD_ASSIGNED,
        decisions.LEAD_RELEASED,
        decisions.LEAD_CONFIRMED,
    }
)
_SIGNED = ("actor", "login", "reason", "case_id")


class LeadRegister:
    """Leads by id, as the journal's events make them."""

    def __init__(self, rows: Iterable[Lead] = ()) -> None:
        self._rows = {row.lead_id: row for row in rows}
        self._changed: set[str] = set()

    def __iter__(self) -> Iterator[Lead]:
        """In the order in which they were found."""
        return iter(sorted(self._rows.values(), key=lambda row: row.number))

    def get(self, lead_id: str) -> Lead | None:
        """One lead."""
        return self._rows.get(lead_id)

    def add(self, rows: Iterable[Lead]) -> None:
        """Take rows of the table."""
        self._rows |= {row.lead_id: row for row in rows}

    def apply(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        """Apply one event of the journal. Raises ``KeyError`` for a lead or a type that is not known."""
        if type_ not in LEAD_EVENTS:
            raise KeyError(type_)
        known = self._rows.get(data["lead_id"])
        moved = {"state": data["state"], "shown": data["shown"], "changed_at": at, "changed": number}
        if type_ in _SAYS_ALL:
            said = {name: data[name] for name in CONTENT}
            begun = {"number": number, "found_at": at} if known is None else {}
            kept = {} if known is None else structs.asdict(known)
            signed = dict.fromkeys(_SIGNED) if data["state"] == "open" else {}
            total = sum(data["at_risk"].values())
            row = convert(kept | said | begun | moved | signed | {"at_risk_total": total}, Lead)
        elif known is None:
            raise KeyError(data["lead_id"])
        else:
            signed = {name: data.get(name) for name in _SIGNED} if "actor" in data else {}
            row = structs.replace(known, **moved, **signed)
        self._rows[row.lead_id] = row
        self._changed.add(row.lead_id)

    def differing(self, other: "LeadRegister") -> list[str]:
        """The ids of leads that are not the same in both."""
        return sorted(
            key for key in self._rows.keys() | other._rows.keys() if self._rows.get(key) != other._rows.get(key)
        )

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed to the table."""
        rows = [to_builtins(self._rows[key], builtin_types=(date, datetime)) for key in sorted(self._changed)]
        await upsert(connection, leads, rows)
        self._changed.clear()


async def load_leads(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> list[Lead]:
    """Leads that meet the conditions, in the order in which they were found."""
    query = select(leads).where(*conditions).order_by(leads.c.number)
    return [
        convert({str(name): value for name, value in row.items()}, Lead)
        for row in (await connection.execute(query)).mappings()
    ]


async def forget_progress(connection: AsyncConnection) -> None:
    """Forget how far the ledger was looked through: the next time all of it is."""
    await connection.execute(delete(lead_journals))
    await connection.execute(delete(lead_years))
