"""Files by which hospitals reconcile: what they upload, and what 3202 makes of it. A hospital gets its own alone."""

from datetime import datetime, timedelta

from msgspec import Struct, structs
from sqlalchemy import Column, DateTime, Index, LargeBinary, Table, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata, one_of
from processors.visits.visit_rows import stored

FILE_KINDS = ("uploaded", "compared")
DOWNLOADABLE_FOR = timedelta(days=30)
"""How long a file may be fetched at least, which each answer promises."""
_SERIAL_DIGITS = 12

statement_files = Table(
    "statement_files",
    metadata,
    Column("file_qury_no", Text, primary_key=True, comment="文件查询号, made from the transaction's number"),
    Column("fixmedins_code", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="uploaded by the hospital, or compared with the books by 3202"),
    Column("content", LargeBinary, nullable=False, comment="the zip file"),
    Column("msgid", Text, nullable=False, comment="of the transaction that brought or made it"),
    Column("opter", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("statement_files_at", "at"),
    one_of("kind", FILE_KINDS),
    schema="gateway",
    comment="files of 9101 and 3202, for each hospital its own",
)


class StatementFile(Struct, frozen=True):
    """A row of the table; ``content`` is the zip file."""

    file_qury_no: str
    fixmedins_code: str
    filename: str
    kind: str
    content: bytes
    msgid: str
    opter: str
    at: datetime

    @property
    def downloadable_until(self) -> datetime:
        """Until when it may be fetched at least."""
        return self.at + DOWNLOADABLE_FOR


def file_number(fixmedins_code: str, number: int) -> str:
    """文件查询号 of what a transaction brings or makes."""
    return f"{fixmedins_code}F{number:0{_SERIAL_DIGITS}d}"


async def keep_file(connection: AsyncConnection, file: StatementFile) -> None:
    """Keep a file; one that is there already under its number stays as it is."""
    await connection.execute(insert(statement_files).values(structs.asdict(file)).on_conflict_do_nothing())


async def own_file(connection: AsyncConnection, fixmedins_code: str, file_qury_no: str) -> StatementFile | None:
    """A file of a hospital's, None where it has none of that number."""
    query = select(statement_files).where(
        statement_files.c.fixmedins_code == fixmedins_code, statement_files.c.file_qury_no == file_qury_no
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else StatementFile(**stored(row))
