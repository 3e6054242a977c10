"""Payments of a ledger of before go on after an upgrade: what was paid, and files that the bank has not answered to."""

from typing import Any

import orjson
import pytest
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.dump import load
from infra.postgres.engine import migrate
from processors.bank import accounts, payment_files
from processors.bank.account_rows import PayeeAccounts, load_steps
from processors.bank.replies import apply_reply
from processors.bank.reply_rows import ReplyRow
from processors.clearing import listings
from processors.offices.refusal import StepRefused
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from tests.integration.test_upgrade import DATA, query
from tests.payees import KEYS, approved, order

ONE_LINE_A_PAYEE = "0008"
"""The last version that paid so."""
STANDING = """
SELECT status, count(*) AS count, sum(amount) AS amount, sum(paid) AS paid
FROM projections.clearing_payments GROUP BY status ORDER BY status
"""
MADE = "SELECT data FROM ledger.entries WHERE journal = 'clearing.0' AND type = 'payment_file.made.v1' ORDER BY number"


@pytest.fixture
async def upgraded(url: str, database_engine: AsyncEngine) -> AsyncEngine:
    """A ledger whose files for the bank have a line a payee, over all funds."""
    await load(url, DATA / f"ledger_{ONE_LINE_A_PAYEE}.dump", None)
    await migrate(url)
    return database_engine


async def holds(engine: AsyncEngine) -> None:
    assert (await verify(engine)).problems == []
    assert (await rebuild(engine, dry_run=True)).found == 0


async def paid_of(engine: AsyncEngine, clearing_id: str) -> dict[str, tuple[bool, str]]:
    """By payee whether the whole amount stands as paid, or none of it, and the payment's state."""
    shown = await listings.clearing(engine, clearing_id)
    for row in shown["payments"]:
        assert row["paid"] in ("0.00", row["amount"])
    return {row["payee"]: (row["paid"] == row["amount"], row["status"]) for row in shown["payments"]}


async def replied(engine: AsyncEngine, actor: str, *said: tuple[dict[str, Any], str | None]) -> list[str]:
    """What becomes of the bank's rows: a line of a file, and why it came back, or that it was paid."""
    rows = [
        ReplyRow(number, item["reference"], item["amount"], reason is None, reason)
        for number, (item, reason) in enumerate(said, start=2)
    ]
    return [each.outcome for each in await apply_reply(engine, rows, actor, "e" * 64)]


async def test_what_was_paid_before_stands_as_paid_whole(upgraded: AsyncEngine) -> None:
    """No payment was paid in part before: of what is due, or came back, nothing stands as paid."""
    rows = {row["status"]: row for row in await query(upgraded, STANDING)}
    assert rows.keys() == {"due", "none", "paid", "returned"}
    assert rows["paid"]["paid"] == rows["paid"]["amount"] > 0
    assert {rows[each]["paid"] for each in ("due", "none", "returned")} == {0}


async def test_a_file_of_before_is_answered_by_its_banks_reply(upgraded: AsyncEngine) -> None:
    """The bank had paid the first of its lines, the second came back, and the third is open."""
    (row,) = [row for row in await payment_files.file_rows(upgraded) if row["open"]]
    clearing_id, file = str(row["clearing_id"]), orjson.loads((await query(upgraded, MADE))[-1]["data"])
    first, back, waiting = file["payments"]
    assert (row["file_id"], row["open"], first.keys() & {"fund"}) == (file["file_id"], 1, set())
    assert (await paid_of(upgraded, clearing_id))[waiting["payee"]] == (False, "due")
    # what is open in it is in no other file; what came back is sent again, a line a fund
    async with upgraded.connect() as connection:
        standing = PayeeAccounts(await load_steps(connection)).standing()
    for account in standing:
        await accounts.end(upgraded, KEYS, account.number, "chen", "密钥遗失")  # the dump's key is kept nowhere
    hospitals = [order(item["payee"], payee_kind="hospital", holder="医院") for item in file["payments"]]
    await approved(upgraded, *hospitals)
    again = (await payment_files.make(upgraded, KEYS, clearing_id, "wang", only_ready=True)).file
    assert {item.payee for item in again.items} == {back["payee"]}
    assert len({item.payer for item in again.items}) == len(again.items) > 1
    assert again.total == back["amount"]
    with pytest.raises(StepRefused, match="all that is due is in"):
        await payment_files.make(upgraded, KEYS, clearing_id, "wang", only_ready=True)
    # the first reply read again, with the line that it lacked, and a payment that comes back late
    said = [(first, None), (back, "户名不符"), (waiting, None)]
    assert await replied(upgraded, "li", *said) == ["unchanged", "unchanged", "paid"]
    assert await replied(upgraded, "li", (first, "销户")) == ["returned"]
    lines = [(structs.asdict(item), None) for item in again.items]
    assert await replied(upgraded, "zhao", *lines) == ["paid"] * len(lines)
    stands = await paid_of(upgraded, clearing_id)
    assert [stands[item["payee"]] for item in (first, back, waiting)] == [
        (False, "returned"),
        (True, "paid"),
        (True, "paid"),
    ]
    await holds(upgraded)
