"""Accepted claims: what acceptance fixed, the bill as last corrected, whether the claim stands."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    any_,
    bindparam,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import TIERS
from events.store.driver import Prepared
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import among, load
from policies.claim import Aid, Audit, BillParts, Claim, CountedStay
from projections.rosters import RosterChange, categories_on

claims = Table(
    "claims",
    metadata,
    Column("claim_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("number", Integer, nullable=False, comment="place in the person's ledger order"),
    Column("scheme", Text, nullable=False, comment="content hash of the pinned scheme"),
    Column("date", Date, nullable=False),
    Column("setting", Text, nullable=False),
    Column("tier", SmallInteger, nullable=False),
    Column("hospital_id", Text, nullable=False),
    Column("hospital_region", Text, nullable=False),
    Column("region", Text, nullable=False, comment="of the person"),
    Column("filed", Boolean, nullable=False),
    Column("prescriber_tier", SmallInteger, nullable=False),
    Column("card_class", Text),
    Column("any_card", Boolean, nullable=False),
    Column("disease", Text),
    Column("late", Boolean, nullable=False),
    Column("prepaid", Boolean, nullable=False),
    Column("admission_id", Text),
    Column("referral", ARRAY(Text), nullable=False),
    Column("opened", BigInteger, nullable=False, comment="the run that first carried the claim"),
    Column("source", Text, nullable=False),
    Column("total", BigInteger, nullable=False, comment="fen, as last corrected; so the four parts"),
    Column("in_scope", BigInteger, nullable=False),
    Column("upfront_copay", BigInteger, nullable=False),
    Column("over_limit", BigInteger, nullable=False),
    Column("self_funded", BigInteger, nullable=False),
    Column("standing", Boolean, nullable=False, comment="false: reversed"),
    Column("insurance_type", Text, nullable=False),
    Column("age", SmallInteger, comment="whole years on the date; unknown where no month of birth was stated"),
    Column("sex", Text),
    Column("household_id", Text),
    Column("contracted_doctor", Boolean),
    Column("emergency", Boolean, nullable=False),
    Column("stay_kind", Text, nullable=False),
    Column("invoice", Text, comment="of a bill that a bureau had on paper"),
    Column("admitted_on", Date, comment="of a stay that a bureau had on paper; a hospital's stands in its admission"),
    Column("card_diseases", ARRAY(Text), nullable=False, comment="of the chronic cards valid on the date"),
    Column("years_insured", SmallInteger, comment="without a break, the date's own included; unknown of older claims"),
    Column("interim", Boolean, nullable=False, comment="the bill of a stay on 31 December"),
    Index("claims_person", "person_id", "number", unique=True),
    Index("claims_region", "region"),
    Index("claims_invoice", "invoice", postgresql_where=text("invoice IS NOT NULL")),
    Index("claims_on_paper", "person_id", postgresql_where=text("invoice IS NOT NULL")),
    not_negative("total", "in_scope", "upfront_copay", "over_limit", "self_funded"),
    one_of("tier", TIERS),
    one_of("card_class", ("I", "II")),
    schema="projections",
)

BILL_PARTS = ("total", "in_scope", "upfront_copay", "over_limit", "self_funded")
_FIXED = tuple(column.name for column in claims.columns if column.name not in BILL_PARTS)
_fixed = attrgetter(*_FIXED)
_bill = attrgetter(*BILL_PARTS)


def claim_row(claim: Claim) -> dict[str, Any]:
    """A claim as a row of the table."""
    row = dict(zip((*_FIXED, *BILL_PARTS), (*_fixed(claim), *_bill(claim.bill)), strict=True))
    row["referral"], row["card_diseases"] = list(claim.referral), list(claim.card_diseases)
    return row


def claim_of(
    row: Mapping[str, Any], roster: Sequence[RosterChange], audits: Sequence[Audit], aids: Sequence[Aid]
) -> Claim:
    """A claim with its live facts, from its row, the person's roster changes, and its audits and the decisions on it in
    recorded order."""
    fixed = {name: row[name] for name in _FIXED}
    fixed["referral"], fixed["card_diseases"] = tuple(row["referral"]), tuple(row["card_diseases"])
    bill = BillParts(*(row[part] for part in BILL_PARTS))
    categories = categories_on(roster, row["date"])
    return Claim(**fixed, bill=bill, categories=categories, audits=tuple(audits), aids=tuple(aids))


async def load_claim_rows(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Claim rows by claim id."""
    return {row["claim_id"]: row for row in await load(connection, claims, claims.c.claim_id, ids)}


async def load_person_claims(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Claim rows by person, in ledger order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in await load(connection, claims, claims.c.person_id, persons, claims.c.person_id, claims.c.number):
        found.setdefault(row["person_id"], []).append(row)
    return found


async def load_stays(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, list[CountedStay]]:
    """Stays by person."""
    wanted = set(persons)
    columns = (claims.c.person_id, claims.c.number, claims.c.scheme, claims.c.date, claims.c.standing)
    asked = select(*columns).where(among(claims.c.person_id, wanted), claims.c.setting == "inpatient")
    found: dict[str, list[CountedStay]] = {}
    for person_id, *stay in await connection.execute(asked) if wanted else ():
        found.setdefault(person_id, []).append(CountedStay(*stay))
    return found


async def load_paper_claims(
    connection: AsyncConnection, invoices: Iterable[str], persons: Iterable[str]
) -> dict[str, Mapping[str, Any]]:
    """By claim id the rows of bills on paper: those under some invoices, and those of some persons."""
    found = [*await load(connection, claims, claims.c.invoice, invoices)]
    wanted = sorted(set(persons))
    if wanted:
        found += [dict(row) for row in await _OF_PERSONS.fetch(connection, wanted=wanted)]
    return {row["claim_id"]: row for row in found}


_OF_PERSONS = Prepared(
    select(claims).where(
        claims.c.person_id == any_(bindparam("wanted", type_=ARRAY(Text))), claims.c.invoice.is_not(None)
    )
)
