"""A seal kept elsewhere shows what the chains alone can't: a journal cut short, and one chained anew."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.hash_chain import GENESIS, entry_hash
from events.store.journal import entries
from processors.delivery.names import SEAL_CONSUMER as CONSUMER
from processors.delivery.names import SEAL_JOURNAL as JOURNAL
from processors.proof.seals import BrokenJournal, Seal, SealError, broken, read_seal, seal
from processors.proof.verify import VerifyReport, verify
from tests import facts
from tests.ledger import Books
from tests.program import claims, write_lines

EVENTS = [facts.hospital(), facts.enrol("P1"), facts.roster(), *facts.stay(1), *facts.stay(2)]


async def _broken(engine: AsyncEngine, kept: Seal) -> list[BrokenJournal]:
    async with engine.connect() as connection:
        return await broken(connection, kept.heads)


async def _cut(connection: AsyncConnection, journal: str, last: int) -> None:
    """Remove a journal's end, past the triggers that refuse it."""
    gone = {"journal": journal, "last": last}
    await connection.execute(text("SET LOCAL session_replication_role = replica"))
    await connection.execute(text("DELETE FROM ledger.entries WHERE journal = :journal AND number > :last"), gone)
    await _chain_anew(connection, journal)


async def _chain_anew(connection: AsyncConnection, journal: str) -> None:
    """Give every entry the hash that its content asks for, and the position the last of them."""
    await connection.execute(text("SET LOCAL session_replication_role = replica"))
    rows = (
        await connection.execute(entries.select().where(entries.c.journal == journal).order_by(entries.c.number))
    ).all()
    last = GENESIS
    for row in rows:
        last = entry_hash(last, tuple(row))
        place = {"hash": last, "journal": journal, "number": row.number}
        await connection.execute(
            text("UPDATE ledger.entries SET hash = :hash WHERE journal = :journal AND number = :number"), place
        )
    consumer, _, partition = journal.partition(".")
    head = {"number": len(rows), "hash": last, "consumer": consumer, "partition": int(partition or 0)}
    await connection.execute(
        text(
            "UPDATE processors.positions SET journal_number = :number, journal_hash = :hash "
            "WHERE consumer = :consumer AND partition = :partition"
        ),
        head,
    )


async def _forget_seals(connection: AsyncConnection) -> None:
    await _cut(connection, JOURNAL, 0)
    await connection.execute(text("DELETE FROM processors.positions WHERE consumer = :seal"), {"seal": CONSUMER})


async def _proved(engine: AsyncEngine) -> VerifyReport:
    return await verify(engine)


async def test_a_seal_holds_while_the_ledger_grows(books: Books) -> None:
    await books.publish(EVENTS)
    first = await seal(books.engine)
    assert {head.journal: head.number for head in first.journals}["settlement.0"] == 2
    await books.publish([facts.correct("C1", "20000"), *facts.stay(3)])
    second = await seal(books.engine)
    assert (first.number, second.number) == (1, 2)
    assert Seal.model_validate(first.model_dump()) == read_seal(first.json_text())
    assert await _broken(books.engine, first) == []
    assert await _broken(books.engine, second) == []
    assert first.heads[-1] in second.journals, "a seal vouches for the seals before it"
    report = await _proved(books.engine)
    assert (report.problems, report.seals) == ([], 2)


async def test_a_journal_cut_short_is_shown(books: Books) -> None:
    await books.publish(EVENTS)
    kept = await seal(books.engine)
    async with books.engine.begin() as connection:
        await _cut(connection, "settlement.0", 1)
    report = await _proved(books.engine)
    assert [problem.check for problem in report.problems] == ["seal"]
    assert "journal settlement.0, entry 2" in report.problems[0].where
    async with books.engine.begin() as connection:
        await _forget_seals(connection)
    assert (await _proved(books.engine)).problems == [], "the chains alone can't show it"
    found = await _broken(books.engine, kept)
    assert [(each.journal, each.number, each.found) for each in found] == [
        ("settlement.0", 2, None), (JOURNAL, 1, None)
    ]  # fmt: skip


async def test_a_journal_chained_anew_is_shown(books: Books) -> None:
    await books.publish(EVENTS)
    kept = await seal(books.engine)
    async with books.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        later = "UPDATE ledger.entries SET recorded_at = recorded_at + interval '1 day' WHERE journal = 'basic.0'"
        await connection.execute(text(later))
        await _chain_anew(connection, "basic.0")
        await _forget_seals(connection)
    assert (await _proved(books.engine)).problems == [], "the chains alone can't show it"
    found = {each.journal: each for each in await _broken(books.engine, kept)}
    assert found.keys() == {"basic.0", JOURNAL}
    assert found["basic.0"].found not in (None, found["basic.0"].expected)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((b'"number":2', b'"number":1'), "do not give its root"),
        ((b'"root"', b'"roots"'), "no seal"),
        ((b"}", b""), "no seal"),
    ],
)
async def test_a_changed_seal_is_no_seal(books: Books, change: tuple[bytes, bytes], says: str) -> None:
    await books.publish(EVENTS)
    told = (await seal(books.engine)).json_text()
    with pytest.raises(SealError, match=says):
        read_seal(told.replace(*change, 1))


async def test_the_command_writes_and_checks_a_seal(books: Books, server_folder: Path) -> None:
    await books.publish(EVENTS)
    kept = server_folder / "seal.json"
    url = books.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    given = {"CLAIMS_DATABASE_URL": url, "CLAIMS_NATS_URL": "nats://127.0.0.1:1"}  # it needs none
    made = await claims("seal", "--out", kept, "--json", env=given)
    assert (made.code, made.rows[0]) == (0, read_seal(kept.read_bytes()).model_dump(mode="json")), made.err
    held = await claims("seal", "--check", kept, "--json", env=given)
    assert (held.code, held.rows[0]["holds"]) == (0, True)
    write_lines(kept, [made.rows[0] | {"hash": "0" * 64}])
    broke = await claims("seal", "--check", kept, env=given)
    assert broke.code == 1
    assert "[封账 seal] 账册 journal seal.0, 条目 entry 1：应为 should be 哈希 hash 000" in broke.err
    assert "封账不符" in broke.err


async def test_after_an_altered_entry_the_seal_does_not_hold(books: Books, server_folder: Path) -> None:
    await books.publish(EVENTS)
    kept = server_folder / "seal.json"
    kept.write_bytes((await seal(books.engine)).json_text())
    async with books.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        # an entry before the sealed head, its hash left as it was: the head itself is what the seal saw
        await connection.execute(
            text("UPDATE ledger.entries SET paid = paid + 1 WHERE journal = 'basic.0' AND number = 1")
        )
    assert await _broken(books.engine, read_seal(kept.read_bytes())) == []
    url = books.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    given = {"CLAIMS_DATABASE_URL": url, "CLAIMS_NATS_URL": "nats://127.0.0.1:1"}
    checked = await claims("seal", "--check", kept, env=given)
    assert checked.code == 1
    assert "封账相符" not in checked.out.decode() + checked.err
    assert "[哈希链 chain] 账册 journal basic.0, 条目 entry 1（参保人 person P1，结算单 claim C1）" in checked.err
    rows = (await claims("seal", "--check", kept, "--json", env=given)).rows
    assert (rows[0]["holds"], rows[0]["broken"], rows[0]["altered"]) == (False, [], 1)
