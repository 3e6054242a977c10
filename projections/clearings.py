"""Clearings, their lines, payments and receivables: what the events of journal ``clearing`` come to.

One reducer, ``Register``, makes the rows: live it loads those that an event touches, and from nothing it makes them all
anew (``claims verify`` holds the two against each other).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Delete,
    Index,
    SmallInteger,
    Table,
    Text,
    bindparam,
    delete,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from events import decisions
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import upsert

clearings = Table(
    "clearings",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of its draft in journal clearing.0"),
    Column("region", Text, nullable=False, comment="of the persons whose claims it clears"),
    Column("month", Date, nullable=False, comment="its first day"),
    Column("status", Text, nullable=False, comment="drafted, approved, paid (nothing is due any more) or withdrawn"),
    Column("ranges", JSONB, nullable=False, comment="{journal: [from, to]}: the entries after from, up to to"),
    Column("set_off", JSONB, nullable=False, comment="[{receivable_id, payee_kind, payee, amount}], fen"),
    Column("drafted_by", Text, nullable=False),
    Column("drafted_login", Text, comment="of the database; null where it is its owner's, which tells nobody apart"),
    Column("drafted_at", DateTime(timezone=True), nullable=False),
    Column("approved_by", Text),
    Column("approved_login", Text),
    Column("approved_at", DateTime(timezone=True)),
    Column("withdrawn_by", Text),
    Index("clearings_one_draft", "region", unique=True, postgresql_where=text("status = 'drafted'")),
    one_of("status", ("drafted", "approved", "paid", "withdrawn")),
    schema="projections",
)

clearing_lines = Table(
    "clearing_lines",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("payee_kind", Text, primary_key=True, comment="hospital, person or emergency_fund"),
    Column("payee", Text, primary_key=True, comment="hospital_id, person_id, or the region of the fund"),
    Column("fund", Text, primary_key=True, comment="the layer that pays, grant, or premium_refund and who pays it"),
    Column("settled", BigInteger, nullable=False, comment="fen, first settlements and awarded grants"),
    Column("adjusted", BigInteger, nullable=False, comment="fen, adjustments of no audit laid on the hospital"),
    Column("audit", BigInteger, nullable=False, comment="fen, adjustments of audits laid on the hospital"),
    Column("repaid", BigInteger, nullable=False, comment="fen taken to repay advances; the fund's own are negative"),
    one_of("payee_kind", ("hospital", "person", "emergency_fund")),
    schema="projections",
)

clearing_parts = Table(
    "clearing_parts",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("claim_id", Text, primary_key=True),
    Column("payee_kind", Text, primary_key=True, comment="hospital or person: the claim's own"),
    Column("fund", Text, primary_key=True, comment="the layer that pays"),
    Column("stage", SmallInteger, primary_key=True, autoincrement=False, comment="of the path, whose net it changes"),
    Column("kind", Text, primary_key=True, comment="settled, adjusted or audit, as in clearing_lines"),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Index("clearing_parts_claim", "claim_id"),
    one_of("payee_kind", ("hospital", "person")),
    one_of("kind", ("settled", "adjusted", "audit")),
    schema="projections",
    comment="with whom what runs after a claim's own first one have booked was cleared; none of withdrawn clearings",
)

clearing_payments = Table(
    "clearing_payments",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("payee_kind", Text, primary_key=True),
    Column("payee", Text, primary_key=True),
    Column("balance", BigInteger, nullable=False, comment="fen, settled + adjusted + audit - repaid over all funds"),
    Column("set_off", BigInteger, nullable=False, comment="fen of it that goes against his receivables"),
    Column("amount", BigInteger, nullable=False, comment="fen to pay"),
    Column("status", Text, nullable=False, comment="none (nothing to pay), due, paid or returned (due again)"),
    Column("paid_by", Text),
    Column("paid_login", Text),
    Column("paid_at", DateTime(timezone=True)),
    Column("reference", Text, comment="of the transfer, or why it was returned"),
    Column("returned_by", Text, comment="who noted last that a transfer came back: may not note the next payment"),
    Column("returned_login", Text),
    not_negative("set_off", "amount"),
    one_of("payee_kind", ("hospital", "person", "emergency_fund")),
    one_of("status", ("none", "due", "paid", "returned")),
    schema="projections",
)

receivables = Table(
    "receivables",
    metadata,
    Column("receivable_id", Text, primary_key=True),
    Column("clearing_id", Text, nullable=False, comment="whose negative balance it is"),
    Column("number", BigInteger, nullable=False, comment="of that clearing: the oldest is set off first"),
    Column("region", Text, nullable=False),
    Column("payee_kind", Text, nullable=False),
    Column("payee", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("settled", BigInteger, nullable=False, comment="fen paid in"),
    Column("set_off", BigInteger, nullable=False, comment="fen set off against payables, drafted ones too"),
    Column("stands", Boolean, nullable=False, comment="false while its clearing is a draft"),
    Index("receivables_payee", "region", "payee_kind", "payee"),
    not_negative("amount", "settled", "set_off"),
    one_of("payee_kind", ("hospital", "person", "emergency_fund")),
    schema="projections",
)

advance_repayments = Table(
    "advance_repayments",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("region", Text, primary_key=True, comment="region and advance_id name the advance"),
    Column("advance_id", Text, primary_key=True),
    Column("fund", Text, primary_key=True),
    Column("person_id", Text, nullable=False, comment="out of whose payable"),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    not_negative("amount"),
    schema="projections",
)

advance_receipts = Table(
    "advance_receipts",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the event in journal clearing.0"),
    Column("region", Text, nullable=False, comment="region and advance_id name the advance"),
    Column("advance_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen the person has paid back himself"),
    Column("noted_by", Text, nullable=False),
    Column("noted_at", DateTime(timezone=True), nullable=False),
    Column("reference", Text, nullable=False, comment="of the receipt"),
    not_negative("amount"),
    schema="projections",
)

TABLES = (
    clearings,
    clearing_lines,
    clearing_parts,
    clearing_payments,
    receivables,
    advance_repayments,
    advance_receipts,
)

Row = dict[str, Any]
Key = tuple[Any, ...]


def receivable_id(clearing_id: str, payee_kind: str, payee: str) -> str:
    """The number of what a payee owes after a clearing."""
    return f"{clearing_id}-{payee_kind}-{payee}"


def outstanding(receivable: Mapping[str, Any]) -> int:
    """What of a receivable, in fen, is neither paid in nor set off."""
    return int(receivable["amount"] - receivable["settled"] - receivable["set_off"])


class Register:
    """Rows of the tables by key, as events change them."""

    def __init__(self) -> None:
        self.rows: dict[Table, dict[Key, Row]] = {table: {} for table in TABLES}
        self._changed: set[tuple[Table, Key]] = set()

    async def load(self, connection: AsyncConnection, table: Table, *conditions: ColumnElement[bool]) -> None:
        """Take rows of a table in."""
        for found in (await connection.execute(select(table).where(*conditions))).mappings():
            row = {str(name): value for name, value in found.items()}
            self.rows[table][_key(table, row)] = row

    async def load_clearing(self, connection: AsyncConnection, clearing_id: str) -> None:
        """Take in all that steps on a clearing may touch."""
        for table in (clearings, clearing_parts, clearing_payments, receivables, advance_repayments):
            await self.load(connection, table, table.c.clearing_id == clearing_id)
        for clearing in self.of(clearings):
            owed = [entry["receivable_id"] for entry in clearing["set_off"]]
            await self.load(connection, receivables, receivables.c.receivable_id.in_(owed))

    async def save(self, connection: AsyncConnection) -> None:
        """Write back what changed."""
        for table in TABLES:
            keys = sorted(key for changed, key in self._changed if changed is table)
            kept = [self.rows[table][key] for key in keys if key in self.rows[table]]
            gone = [key for key in keys if key not in self.rows[table]]
            if gone:
                await connection.execute(_deleting(table), [dict(zip(_names(table), key, strict=True)) for key in gone])
            await upsert(connection, table, kept)
        self._changed.clear()

    def differing(self, other: "Register") -> list[tuple[Table, Key]]:
        """The tables and keys of rows in which two registers do not agree."""
        return [
            (table, key)
            for table in TABLES
            for key in sorted(self.rows[table].keys() | other.rows[table].keys())
            if self.rows[table].get(key) != other.rows[table].get(key)
        ]

    def mark(self, rows: Iterable[tuple[Table, Key]]) -> None:
        """Have rows written, or deleted where they are none here, by the next ``save``."""
        self._changed.update(rows)

    def of(self, table: Table, **wanted: Any) -> list[Row]:
        """The rows of a table with some values, in the order of their keys."""
        rows = self.rows[table]
        return [rows[key] for key in sorted(rows) if all(rows[key][name] == value for name, value in wanted.items())]

    def apply(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        """Take one event of the journal; raises ``KeyError`` where it speaks of what is not there."""
        match type_:
            case decisions.CLEARING_DRAFTED:
                self._draft(number, at, data)
            case decisions.CLEARING_APPROVED:
                self._change(clearings, (data["clearing_id"],), **_by("approved", data), approved_at=at)
                for owed in self.of(receivables, clearing_id=data["clearing_id"]):
                    self._change(receivables, (owed["receivable_id"],), stands=True)
                self._conclude(data["clearing_id"])
            case decisions.CLEARING_WITHDRAWN:
                self._withdraw(data)
            case decisions.CLEARING_PAID:
                for paid in data["payments"]:
                    key = (data["clearing_id"], paid["payee_kind"], paid["payee"])
                    how = _by("paid", data) | {"paid_at": at, "reference": data["reference"]}
                    self._change(clearing_payments, key, status="paid", **how)
                self._conclude(data["clearing_id"])
            case decisions.PAYMENT_RETURNED:
                key = (data["clearing_id"], data["payee_kind"], data["payee"])
                how = {"reference": data["reason"]} | _by("returned", data)
                self._change(clearing_payments, key, status="returned", **how)
                self._conclude(data["clearing_id"])
            case decisions.RECEIVABLE_SETTLED:
                owed = self.rows[receivables][data["receivable_id"],]
                self._change(receivables, (data["receivable_id"],), settled=owed["settled"] + data["amount"])
            case decisions.ADVANCE_REPAID:
                receipt = {name: data[name] for name in ("region", "advance_id", "amount", "reference")}
                self._put(advance_receipts, {"number": number, **receipt, "noted_by": data["actor"], "noted_at": at})
            case _:
                raise KeyError(type_)

    def _draft(self, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        clearing_id, region = data["clearing_id"], data["region"]
        self._put(
            clearings,
            {
                "clearing_id": clearing_id,
                "number": number,
                "region": region,
                "month": date.fromisoformat(f"{data['month']}-01"),
                "status": "drafted",
                "ranges": data["ranges"],
                "set_off": data["set_off"],
                **_by("drafted", data),
                "drafted_at": at,
                "approved_by": None,
                "approved_login": None,
                "approved_at": None,
                "withdrawn_by": None,
            },
        )
        for line in data["lines"]:
            self._put(clearing_lines, {"clearing_id": clearing_id, **line})
        for part in data.get("parts", ()):  # events from before parts were recorded have none
            self._put(clearing_parts, {"clearing_id": clearing_id, **part})
        for repayment in data["repayments"]:
            self._put(advance_repayments, {"clearing_id": clearing_id, **repayment})
        taken: dict[Key, int] = {}
        for entry in data["set_off"]:
            whose = entry["payee_kind"], entry["payee"]
            taken[whose] = taken.get(whose, 0) + entry["amount"]
            self._set_off(entry["receivable_id"], entry["amount"])
        for (kind, payee), balance in sorted(balances(data["lines"]).items()):
            self._put_payment(clearing_id, kind, payee, balance, taken.get((kind, payee), 0))
            if balance < 0:
                self._put(
                    receivables,
                    {
                        "receivable_id": receivable_id(clearing_id, kind, payee),
                        "clearing_id": clearing_id,
                        "number": number,
                        "region": region,
                        "payee_kind": kind,
                        "payee": payee,
                        "amount": -balance,
                        "settled": 0,
                        "set_off": 0,
                        "stands": False,
                    },
                )

    def _put_payment(self, clearing_id: str, kind: str, payee: str, balance: int, set_off: int) -> None:
        amount = max(0, balance) - set_off
        self._put(
            clearing_payments,
            {
                "clearing_id": clearing_id,
                "payee_kind": kind,
                "payee": payee,
                "balance": balance,
                "set_off": set_off,
                "amount": amount,
                "status": "due" if amount else "none",
                "paid_by": None,
                "paid_login": None,
                "paid_at": None,
                "reference": None,
                "returned_by": None,
                "returned_login": None,
            },
        )

    def _withdraw(self, data: Mapping[str, Any]) -> None:
        clearing_id = data["clearing_id"]
        for entry in self.rows[clearings][clearing_id,]["set_off"]:
            self._set_off(entry["receivable_id"], -entry["amount"])
        self._change(clearings, (clearing_id,), status="withdrawn", withdrawn_by=data["actor"])
        for table in (clearing_parts, clearing_payments, receivables, advance_repayments):
            for row in self.of(table, clearing_id=clearing_id):
                del self.rows[table][_key(table, row)]
                self._changed.add((table, _key(table, row)))

    def _conclude(self, clearing_id: str) -> None:
        due = any(row["status"] in ("due", "returned") for row in self.of(clearing_payments, clearing_id=clearing_id))
        self._change(clearings, (clearing_id,), status="approved" if due else "paid")

    def _set_off(self, owed: str, amount: int) -> None:
        self._change(receivables, (owed,), set_off=self.rows[receivables][owed,]["set_off"] + amount)

    def _change(self, table: Table, key: Key, **values: Any) -> None:
        self._put(table, self.rows[table][key] | values)

    def _put(self, table: Table, row: Row) -> None:
        key = _key(table, row)
        self.rows[table][key] = row
        self._changed.add((table, key))


def balances(lines: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """What a clearing comes to for each payee (kind, id), in fen, over all funds."""
    sums: dict[tuple[str, str], int] = {}
    for line in lines:
        payee = line["payee_kind"], line["payee"]
        sums[payee] = sums.get(payee, 0) + payable(line)
    return sums


def payable(line: Mapping[str, Any]) -> int:
    """What a line comes to, in fen; under 0 the payee owes it."""
    return int(line["settled"] + line["adjusted"] + line["audit"] - line["repaid"])


def _by(step: str, data: Mapping[str, Any]) -> Row:
    """Who took a step; events from before logins were recorded have none."""
    return {f"{step}_by": data["actor"], f"{step}_login": None if data.get("owner") else data.get("login")}


def _names(table: Table) -> list[str]:
    return [f"key_{column.name}" for column in table.primary_key]


def _deleting(table: Table) -> Delete:
    # a row at a time: the keys of a region's persons are more than one statement takes
    return delete(table).where(
        *(column == bindparam(name) for column, name in zip(table.primary_key, _names(table), strict=True))
    )


def _key(table: Table, row: Mapping[str, Any]) -> Key:
    return tuple(row[column.name] for column in table.primary_key)
