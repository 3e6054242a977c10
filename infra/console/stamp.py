"""As of when something was read: the ledger's position and the moment, as pages and exports print them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import database_time
from infra.console.pages import moment_text
from infra.console.visitor import Visitor
from processors.delivery.position import positions

_FRESHNESS = table("freshness", column("as_of"), column("entries"), schema="finance")


@dataclass(frozen=True, slots=True)
class Stamp:
    """``entries`` is how many entries the ledger had, ``as_of`` when the last of them came, ``read_at`` now.

    Where ``counted``, what is shown are finance's sums, and both are how far these had counted.
    """

    entries: int
    as_of: datetime | None
    read_at: datetime
    counted: bool

    def text(self) -> str:
        """As it is printed."""
        return f"账本位置 {self.entries}，数据截至 {moment_text(self.as_of)}，读取于 {moment_text(self.read_at)}"


async def ledger_stamp(connection: AsyncConnection, visitor: Visitor, *, counted: bool = False) -> Stamp:
    """The ledger's position; that of finance's sums where these are shown, or for who may see nothing else."""
    now = await database_time(connection)
    if counted or not (visitor.is_owner or visitor.groups - {"finance_reader", "leader"}):
        row = (await connection.execute(select(_FRESHNESS.c.as_of, _FRESHNESS.c.entries))).one()
        return Stamp(int(row.entries or 0), row.as_of, now, counted=True)
    heads = select(func.sum(positions.c.journal_number), func.max(positions.c.recorded_at))
    entries, as_of = (await connection.execute(heads)).one()
    return Stamp(int(entries or 0), as_of, now, counted=False)
