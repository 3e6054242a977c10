"""Whom hospitals ask about over the national interface: recorded before anything is answered."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.metadata import metadata

looks = Table(
    "looks",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("fixmedins_code", Text, nullable=False, comment="the hospital that asked"),
    Column("opter", Text, nullable=False, comment="its clerk, as named in the envelope"),
    Column("infno", Text, nullable=False),
    Column("msgid", Text, nullable=False),
    Column("psn_no", Text, nullable=False, comment="the person_id"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Index("looks_person", "psn_no", "number"),
    schema="gateway",
    comment="who was asked about over the national interface; never changed",
)


async def record_hospital_look(
    engine: AsyncEngine, psn_no: str, *, fixmedins_code: str, opter: str, infno: str, msgid: str
) -> None:
    """Record that a hospital asks about a person."""
    values = {"fixmedins_code": fixmedins_code, "opter": opter, "infno": infno, "msgid": msgid, "psn_no": psn_no}
    async with engine.begin() as connection:
        await connection.execute(insert(looks).values(values))
