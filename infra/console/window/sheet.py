"""The settlement sheet of a claim as the console shows it: the look is recorded before anything is shown."""

from fastapi import Request

from infra.console.errors import NotFound, Refused
from infra.console.histories import history_of
from infra.console.looks import record_look
from infra.console.visitor import Visitor
from infra.settlement_sheet.sheet import ClaimSheet, NoSheet, claim_sheet
from projections.statements import load_statements


async def looked_up_sheet(request: Request, visitor: Visitor, claim_id: str, page: str) -> ClaimSheet:
    """A claim for paper; the look is recorded as ``page`` first. Raises ``NotFound``, ``Refused``."""
    async with visitor.engine.connect() as connection:
        row = (await load_statements(connection, [claim_id])).get(claim_id)
    if row is None:
        raise NotFound(f"没有结算单 {claim_id}。There is no claim {claim_id}")
    await record_look(request, visitor, row["person_id"], page)
    history = await history_of(visitor, row["person_id"])
    try:
        return await claim_sheet(visitor.engine, history, claim_id, row["source"])
    except NoSheet as none:
        raise Refused(str(none)) from none
