"""Transactions of the national interface as the gateway received them: what makes each of them happen once.

A transaction is known by its hospital, its number in the interface (infno) and its msgid. It is ``open`` until its
answer is kept, ``answered`` from then on, and ``withdrawn`` once a reversal (2601) has taken it back or has come before
it. Answers hold names and certificates, so they are sealed; events that were sent hold neither.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import Prepared
from events.store.metadata import metadata, one_of

State = Literal["open", "answered", "withdrawn"]
_STATES = ("open", "answered", "withdrawn")

transactions = Table(
    "transactions",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True, comment="serial; its ids are made from it"),
    Column("hospital_id", Text, nullable=False, comment="fixmedins_code"),
    Column("infno", Text, nullable=False),
    Column("msgid", Text, nullable=False),
    Column("digest", LargeBinary, comment="SHA-256 of input; null where its reversal came first"),
    Column("state", Text, nullable=False, comment="open, answered or withdrawn"),
    Column("reply", LargeBinary, comment="what is kept of its answer, AES-256-GCM"),
    Column("key_id", Text, comment="under which key it is sealed"),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("ended_at", DateTime(timezone=True), comment="when it was answered or withdrawn, whichever came last"),
    UniqueConstraint("hospital_id", "infno", "msgid", name="transactions_msgid"),
    one_of("state", _STATES),
    schema="gateway",
    comment="transactions of the national interface, each known by hospital, infno and msgid",
)
sent_events = Table(
    "sent_events",
    metadata,
    Column("transaction", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, primary_key=True),
    Column("waits_for", Text, nullable=False, comment="id of the claim or event under which it is answered"),
    Column("body", LargeBinary, nullable=False, comment="the CloudEvent, to be sent again as it was"),
    schema="gateway",
    comment="events of transactions that are open: what the ledger may know of them",
)


class ReceivedTransaction(Struct, frozen=True):
    """A row of the table."""

    number: int
    hospital_id: str
    infno: str
    msgid: str
    digest: bytes | None
    state: State
    reply: bytes | None
    key_id: str | None
    received_at: datetime

    @property
    def about(self) -> str:
        """What its sealed answer is bound to."""
        return f"transaction/{self.number}"


class SentEvent(Struct, frozen=True):
    """An event that an open transaction has sent, or was about to."""

    event_id: str
    waits_for: str
    body: bytes


_COLUMNS = [transactions.c[name] for name in ReceivedTransaction.__struct_fields__]
_KNOWN_BY = ("hospital_id", "infno", "msgid")
_BEGUN = Prepared(
    insert(transactions)
    .values({name: bindparam(f"new_{name}") for name in (*_KNOWN_BY, "digest")} | {"state": "open"})
    .on_conflict_do_nothing()
    .returning(*_COLUMNS)
)
_OWN = select(*_COLUMNS).where(*(transactions.c[name] == bindparam(name) for name in _KNOWN_BY))
_ANSWERED = (
    update(transactions)
    .where(transactions.c.number == bindparam("transaction"), transactions.c.state == "open")
    .values(
        state="answered",
        reply=bindparam("sealed"),
        key_id=bindparam("sealed_under"),
        ended_at=text("clock_timestamp()"),
    )
    .returning(transactions.c.number)
    .cte("answered")
)
_NO_LONGER_SENT = delete(sent_events).where(sent_events.c.transaction.in_(select(_ANSWERED.c.number))).cte("sent")
_END = Prepared(select(_ANSWERED.c.number).add_cte(_NO_LONGER_SENT))
"""Keeps an answer; one statement, so that it needs no transaction around it."""


async def begin(
    connection: AsyncConnection, hospital_id: str, infno: str, msgid: str, digest: bytes
) -> ReceivedTransaction:
    """The transaction of a call: a new one that is open, or the one that is there, whatever its digest."""
    rows = await _BEGUN.fetch(
        connection, new_hospital_id=hospital_id, new_infno=infno, new_msgid=msgid, new_digest=digest
    )
    if rows:
        return ReceivedTransaction(*rows[0])
    found = await find(connection, hospital_id, infno, msgid)
    if found is None:
        raise AssertionError(f"transaction {infno} {msgid} of {hospital_id} is neither new nor there")
    return found


async def find(connection: AsyncConnection, hospital_id: str, infno: str, msgid: str) -> ReceivedTransaction | None:
    """A transaction, None where none was received."""
    row = (await connection.execute(_OWN, {"hospital_id": hospital_id, "infno": infno, "msgid": msgid})).first()
    return None if row is None else ReceivedTransaction(*row)


async def keep_sent(connection: AsyncConnection, transaction: int, event: SentEvent) -> SentEvent:
    """Keep an event before it is sent; gives the one that was kept first under its id, which is what is to be sent."""
    values = {
        "transaction": transaction,
        "event_id": event.event_id,
        "waits_for": event.waits_for,
        "body": event.body,
    }
    added = insert(sent_events).values(values).on_conflict_do_nothing().returning(sent_events.c.event_id)
    if (await connection.execute(added)).first() is not None:
        return event
    kept = [each for each in await load_sent(connection, transaction) if each.event_id == event.event_id]
    return kept[0]


async def load_sent(connection: AsyncConnection, transaction: int) -> list[SentEvent]:
    """The events that an open transaction may have sent."""
    columns = (sent_events.c.event_id, sent_events.c.waits_for, sent_events.c.body)
    query = select(*columns).where(sent_events.c.transaction == transaction).order_by(sent_events.c.event_id)
    return [SentEvent(*row) for row in await connection.execute(query)]


async def keep_answer(connection: AsyncConnection, transaction: int, reply: bytes, key_id: str) -> bool:
    """Keep the sealed answer of an open transaction; False where it is open no more, and nothing was changed."""
    return bool(await _END.fetch(connection, transaction=transaction, sealed=reply, sealed_under=key_id))


async def withdraw(connection: AsyncConnection, hospital_id: str, infno: str, msgid: str) -> None:
    """Note that a transaction was taken back, or is not to be done where it has not come yet."""
    values = {"hospital_id": hospital_id, "infno": infno, "msgid": msgid, "state": "withdrawn"}
    ended = {"state": "withdrawn", "ended_at": text("clock_timestamp()")}
    row = insert(transactions).values(values | {"ended_at": ended["ended_at"]})
    noted = row.on_conflict_do_update(constraint="transactions_msgid", set_=ended).returning(transactions.c.number)
    number = (await connection.execute(noted)).scalar_one()
    await connection.execute(delete(sent_events).where(sent_events.c.transaction == number))
