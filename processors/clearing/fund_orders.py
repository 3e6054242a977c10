"""What each fund is to transfer to each payee of one clearing, as its draft and the ledger's entries say."""

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import entries
from processors.clearing.paying_funds import FundShare, FundTransfer, fund_transfers, load_fund_shares
from processors.delivery.names import CLEARING_JOURNAL
from projections.clearing_rows import ClearedPart, Clearing, ClearingDraft, ClearingLine, ClearingPayment


async def load_orders(
    connection: AsyncConnection,
    clearing: Clearing,
    lines: Iterable[ClearingLine],
    parts: Sequence[ClearedPart],
    payments: Iterable[ClearingPayment],
) -> tuple[list[FundShare], list[FundTransfer]]:
    """The lines of a clearing by fund, and what each fund is to transfer to each payee."""
    shares = await load_fund_shares(connection, clearing.region, clearing.ranges, list(lines), parts)
    due = {(each.payee_kind, each.payee): each.transferable for each in payments}
    withheld = clearing.withholding.withheld if clearing.withholding is not None else ()
    return shares, fund_transfers(shares, due, clearing.prepaid, withheld, clearing.released)


async def load_parts(connection: AsyncConnection, clearing: Clearing) -> Sequence[ClearedPart]:
    """From the draft's event: a clearing that was withdrawn has no rows of parts any more."""
    draft = select(entries.c.data).where(entries.c.journal == CLEARING_JOURNAL, entries.c.number == clearing.number)
    return ClearingDraft.from_event(orjson.loads((await connection.execute(draft)).scalar_one())).parts
