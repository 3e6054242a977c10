"""What the gateway keeps of visits: lines of a settlement are never changed, and a settlement ends one way."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from processors.visits.lines import (
    LineSet,
    copy_lines,
    delete_lines,
    digest,
    insert_lines,
    load_lines,
    move_lines,
    sums,
)
from processors.visits.settlements import (
    current_lines,
    current_settlement,
    insert_settlement,
    note_refused,
    note_reversal,
    note_reversed,
    note_settled,
    settlement_of,
)
from processors.visits.visit_rows import VisitLine, VisitSettlement

AT = datetime(2019, 5, 6, 9, 30, tzinfo=COUNTY_TIME)
STAY = LineSet("M1", "", 1)


def line(number: str, amount: int = 100_00, of: LineSet = STAY) -> VisitLine:
    return VisitLine(
        mdtrt_id=of.mdtrt_id,
        chrg_bchno=of.chrg_bchno,
        round=of.round,
        feedetl_sn=number,
        init_feedetl_sn=None,
        med_list_codg="XA01",
        medins_list_codg="D1",
        fee_ocur_time=AT,
        cnt=Decimal("2.0000"),
        pric=Decimal("50.000000"),
        amount=amount,
        self_funded=0,
        over_limit=0,
        upfront_copay=10_00,
        in_scope=amount - 10_00,
        priced_by="hospital",
        fee={},
        node={},
        opter="W1",
        uploaded_at=AT,
    )


def settlement(lines: list[VisitLine], **changed: Any) -> VisitSettlement:
    bill = sums(lines)
    stated: dict[str, Any] = {
        "claim_id": "S1",
        "setl_id": "S1",
        "mdtrt_id": "M1",
        "chrg_bchno": "",
        "round": 1,
        "fixmedins_code": "H1",
        "psn_no": "P1",
        "insutype": "390",
        "insuplc_admdvs": None,
        "med_type": "21",
        "setting": "inpatient",
        "clr_type": "21",
        "infno": "2304",
        "msgid": "X1",
        "opter": "W1",
        "invono": None,
        "interim": False,
        "state": "sent",
        "event": "{}",
        "total": bill.total,
        "self_funded": bill.self_funded,
        "over_limit": bill.over_limit,
        "upfront_copay": bill.upfront_copay,
        "in_scope": bill.in_scope,
        "lines": len(lines),
        "linesdigest": digest(lines),
        "begun_at": AT,
    }
    return VisitSettlement(**(stated | changed))


async def settled(engine: AsyncEngine) -> list[VisitLine]:
    """A stay with two lines, settled; returns its lines."""
    lines = [line("1"), line("2", 50_00)]
    async with engine.begin() as connection:
        await insert_lines(connection, lines)
        await insert_settlement(connection, settlement(lines))
        told = await note_settled(connection, "S1", [("basic", "basic_fund", 90_00)], 60_00, 0)
    assert told.settled_at is not None
    assert (told.fund_pay, told.layers) == (90_00, [["basic", "basic_fund", 90_00]])
    return lines


Change = str | Callable[[AsyncConnection], Coroutine[None, None, None]]


async def refused(engine: AsyncEngine, change: Change) -> str:
    """The words in which the database refuses a change."""
    async with engine.connect() as connection:
        changing = connection.execute(text(change)) if isinstance(change, str) else change(connection)
        with pytest.raises(DBAPIError) as refusal:
            await changing
    return str(refusal.value.orig)


async def add(connection: AsyncConnection) -> None:
    await insert_lines(connection, [line("3")])


async def twice(connection: AsyncConnection) -> None:
    await insert_settlement(connection, structs.replace(settlement([line("1")]), claim_id="S3"))


async def move_into(connection: AsyncConnection) -> None:
    await insert_lines(connection, [line("4", of=LineSet("M1", "2018", 1))])
    await move_lines(connection, LineSet("M1", "2018", 1), STAY)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE gateway.fee_lines SET amount = 1 WHERE feedetl_sn = '1'",
        "UPDATE gateway.fee_lines SET chrg_bchno = '2018'",
        "DELETE FROM gateway.fee_lines WHERE feedetl_sn = '2'",
        "TRUNCATE gateway.fee_lines",
        add,
        move_into,
    ],
)
async def test_lines_of_a_settlement_are_never_changed(engine: AsyncEngine, change: Change) -> None:
    lines = await settled(engine)
    told = await refused(engine, change)
    assert "fee lines of settlement S1 are never changed" in told or "append only: TRUNCATE" in told
    async with engine.connect() as connection:
        kept = await load_lines(connection, STAY)
    assert digest(kept) == digest(lines)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE gateway.settlements SET total = 1",
        "UPDATE gateway.settlements SET fund_pay = 1",
        "UPDATE gateway.settlements SET state = 'sent'",
        "UPDATE gateway.settlements SET state = 'refused'",
        "DELETE FROM gateway.settlements",
    ],
)
async def test_a_settlement_that_stands_can_only_be_reversed(engine: AsyncEngine, change: Change) -> None:
    await settled(engine)
    assert "settlement S1 is settled" in await refused(engine, change)


async def test_a_reversal_begins_a_round_whose_lines_may_be_changed(engine: AsyncEngine) -> None:
    lines = await settled(engine)
    async with engine.begin() as connection:
        first = await note_reversal(connection, "S1", "{}", "R1")
        again = await note_reversal(connection, "S1", '{"other": 1}', "R2")
        assert (first.reversal, again.reversal, again.reversal_msgid) == ("{}", "{}", "R1")
        assert await note_reversed(connection, "S1")
        assert not await note_reversed(connection, "S1")
        of = await current_lines(connection, "M1", "")
        assert of == LineSet("M1", "", 2)
        await copy_lines(connection, STAY, of)
        assert digest(await load_lines(connection, of)) == digest(lines)
        assert await delete_lines(connection, of, ["1"]) == 1
    assert "fee lines of settlement S1" in await refused(engine, "DELETE FROM gateway.fee_lines")
    async with engine.begin() as connection:
        kept = await load_lines(connection, of)
        assert [each.feedetl_sn for each in kept] == ["2"]
        assert await current_settlement(connection, "M1", "") == (of, None)
        anew = structs.replace(settlement(kept), claim_id="S2", round=2)
        await insert_settlement(connection, anew)
        # the hospital knows the bill by its first number
        found = await settlement_of(connection, "S1")
        assert found is not None
        assert found.claim_id == "S2"


async def test_lines_of_a_refused_settlement_may_be_changed(engine: AsyncEngine) -> None:
    lines = [line("1")]
    async with engine.begin() as connection:
        await insert_lines(connection, lines)
        await insert_settlement(connection, settlement(lines))
    # while the ledger has not answered they may not
    assert "fee lines of settlement S1" in await refused(engine, "DELETE FROM gateway.fee_lines")
    async with engine.begin() as connection:
        await note_refused(connection, "S1", "未参保（not_enrolled）")
        assert await delete_lines(connection, STAY) == 1
    # and another may be tried
    async with engine.begin() as connection:
        await insert_lines(connection, [line("5")])
        await insert_settlement(connection, structs.replace(settlement([line("5")]), claim_id="S2", setl_id="S2"))
    assert "settlements_of_visit" in await refused(engine, twice)
