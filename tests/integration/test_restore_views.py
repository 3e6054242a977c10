"""Views that others made over ours are in a backup, and come back with it."""

from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from infra.operations.backup import back_up
from infra.postgres.dump import dump, load
from infra.servers import Endpoints
from tests import facts
from tests.conftest import database_url
from tests.integration.backups import BackedUpLedger

OLDER = Path(__file__).parents[1] / "data" / "ledger_0002.dump"
RIGHT = "SELECT has_table_privilege('finance_reader', 'finance.annual_report', 'SELECT')"


async def test_a_backup_with_a_view_of_others_is_restored(ledger: BackedUpLedger) -> None:
    await ledger.settle([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await ledger.value("CREATE VIEW public.mine AS SELECT sum(total) AS total FROM finance.annual_report")
    backup = ledger.folder / "ledger.backup"
    await back_up(ledger.database, backup, None)
    restored = await ledger.restore(backup)
    assert restored.report.holds
    assert restored.unfit_views == ()
    assert await ledger.value("SELECT count(*) FROM public.mine") == 1
    assert await ledger.value(RIGHT)


async def test_an_older_backup_brings_the_views_of_others_that_still_fit(
    ledger: BackedUpLedger, endpoints: Endpoints
) -> None:
    name = f"{urlsplit(ledger.database).path[1:]}_older"
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute(f"CREATE DATABASE {name}")
    older = database_url(endpoints, name)
    backup = ledger.folder / "older.backup"
    backup.touch()
    try:
        await load(older, OLDER, None)
        connection = await asyncpg.connect(older, ssl=False)
        await connection.execute(
            """CREATE SCHEMA analysts;
               CREATE VIEW analysts.mine WITH (security_barrier = true) AS
                   SELECT year, total FROM finance.annual_report;
               CREATE MATERIALIZED VIEW analysts."On mine" AS
                   SELECT year, sum(total) AS total FROM analysts.mine GROUP BY year;
               CREATE UNIQUE INDEX of_year ON analysts."On mine" (year);
               CREATE VIEW analysts.columns_gone AS SELECT critical_illness FROM projections.annual_sums;
               CREATE VIEW analysts.of_payouts AS SELECT * FROM projections.payouts"""
        )
        await connection.close()
        await dump(older, backup, None)
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()
    restored = await ledger.restore(backup)
    assert restored.report.holds
    assert [line.partition(":")[0] for line in restored.unfit_views] == ["analysts.columns_gone", "analysts.of_payouts"]
    assert await ledger.value("SELECT count(*) >= 0 FROM analysts.mine")
    assert await ledger.value("SELECT reloptions FROM pg_class WHERE oid = 'analysts.mine'::regclass") == [
        "security_barrier=true"
    ]
    assert await ledger.value("SELECT indexdef FROM pg_indexes WHERE indexname = 'of_year'")
    assert await ledger.value(RIGHT)
    assert await ledger.value("SELECT to_regclass('projections.payouts') IS NULL")
