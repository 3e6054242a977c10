"""What the gateway keeps, the catalogue and the persons come back from a backup, and numbers go on behind them."""

from pathlib import Path

import asyncpg

from infra.operations.backup import back_up
from infra.postgres.engine import connect
from processors.visits.lines import insert_lines
from processors.visits.settlements import insert_settlement
from processors.visits.transactions import begin, withdraw
from tests import facts
from tests.integration.backups import BackedUpLedger
from tests.integration.test_visits import line, settlement

KEPT = """
INSERT INTO gateway.hospital_steps VALUES (1, 'H1', 'set', '{}', 'sealed', 'K', 'lin', session_user, true, now());
INSERT INTO gateway.catalogue_imports VALUES (1, 'e', 1, 1, 'lin', session_user, true, now());
INSERT INTO gateway.catalogue_entries VALUES (1, 1, NULL, 'XA01', '药', 'drug', '01', 0.1, 30, '09', '2019-01-01');
INSERT INTO identities.persons VALUES (1, 'P1', 'sealed', 'blind', 'K', 'lin', session_user, true, now());
INSERT INTO gateway.statement_files VALUES ('F1', 'H1', 'dz.zip', 'uploaded', 'zip', 'X1', 'W1', now());
INSERT INTO gateway.looks (fixmedins_code, opter, infno, msgid, psn_no) VALUES ('H1', 'W1', '1101', 'X1', 'P1');
INSERT INTO gateway.prunings (before, answers, files, actor) VALUES (now(), 1, 1, 'lin');
"""


async def contents(url: str) -> dict[str, str]:
    """The digest of the rows of each table that is not the ledger's."""
    connection = await asyncpg.connect(url, ssl=False)
    try:
        tables = await connection.fetch(
            "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' "
            "AND relnamespace::regnamespace::text IN ('gateway', 'identities')"
        )
        digest = "SELECT coalesce(md5(string_agg(kept::text, '|' ORDER BY kept::text)), 'empty') FROM {} AS kept"
        return {name: await connection.fetchval(digest.format(name)) for (name,) in tables}
    finally:
        await connection.close()


async def test_it_comes_back_and_numbers_go_on(ledger: BackedUpLedger, tmp_path: Path) -> None:
    await ledger.settle([facts.hospital(), facts.enrol("P1")])
    engine = connect(ledger.database)
    async with engine.begin() as connection:
        numbers = [(await begin(connection, "H1", "9001", f"X{each}", b"digest")).number for each in range(5)]
        await withdraw(connection, "H1", "2304", "X9")
        await insert_lines(connection, [line("1")])
        await insert_settlement(connection, settlement([line("1")]))
    await engine.dispose()
    owner = await asyncpg.connect(ledger.database, ssl=False)
    await owner.execute(KEPT)
    await owner.close()
    before = await contents(ledger.database)
    assert {name for name, digest in before.items() if digest == "empty"} <= {
        *("gateway.visits", "gateway.sent_events", "gateway.clearing_applications")
    }
    await back_up(ledger.database, tmp_path / "ledger.backup", None)
    owner = await asyncpg.connect(ledger.database, ssl=False)
    await owner.execute("DELETE FROM gateway.statement_files; DELETE FROM gateway.transactions")
    await owner.close()
    await ledger.restore(tmp_path / "ledger.backup")
    assert await contents(ledger.database) == before
    engine = connect(ledger.database)
    async with engine.begin() as connection:
        # one was drawn for the message's own row
        assert (await begin(connection, "H1", "9001", "later", b"digest")).number == numbers[-1] + 2
    await engine.dispose()
    # and what was settled can't be changed
    assert await ledger.holds("SELECT count(*) > 3 FROM pg_trigger WHERE tgrelid = 'gateway.fee_lines'::regclass")
