"""The migrated database is what the code declares, and the ledger in it can only grow."""

import hashlib
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

import infra.cli  # noqa: F401 - with every command, every table is declared
import processors.catalogue.tables
import processors.identities.tables  # noqa: F401 - each declares its own
from events.store.advisory_locks import AdvisoryLock
from events.store.metadata import metadata
from infra.postgres.engine import MIGRATIONS, VERSIONS, WorkersRunning, connect, migrate, upgrade
from infra.servers import Endpoints
from policies.loader import load_directory
from processors.bank import account_rows  # noqa: F401 - declares its table
from processors.delivery.layout import LayoutError
from processors.law.adoption import initialise
from processors.visits import (  # noqa: F401 - declare their tables
    clearing_applications,
    hospital_settings,
    looks,
    retention,
    statement_files,
    transactions,
    visit_rows,
)
from tests import facts
from tests.conftest import database_url
from tests.ledger import Books

FROZEN = {f"{number:04d}" for number in range(1, 11)}
RELEASED = {
    "0001_guards.sql": "6763f7aa1fa57af7985137b0dee62eddef6b1a02884a1b66d7368f49503f1fc0",
    "0001_ledger.py": "c7b8497af351d943de31e4f1a24139613bbb9ebab658d8570bb503f17a94c000",
    "0001_tables.sql": "0f791383ee66cdc232ee1f8007050e4bbefb94a7fbed74f5143c291ea13c1b9d",
    "0001_views.sql": "b11a5927c289d25b5b02e8edae1c788f34e68e18191c204f22659a81112e760c",
    "0002_backups.sql": "a5dc89e08d8d2bceb39a483f2a7d96b532df96b5307aae7c6f8cd20c9920a79d",
    "0002_clearing.sql": "2cc1f5ffb5cf4790355557c68be72783b5a5709886e6c9c81a5a1806731c7090",
    "0002_county_work.py": "7ccdaedc0fc81becfca27d4dff223e6da3dc05c7db27c5b27bced845652b4097",
    "0002_finance.sql": "4290e97fd0ec035351cf7ef548b629ec40f6a975e1aa62e5d7ca5e006551526c",
    "0002_mailboxes.sql": "8cb7c4fd70087c09ce5a44d97bb2c953e3b9f8d319d4d4923a59638ae5f4f952",
    "0002_premiums.sql": "fdc929deae441566a23bd16b4f9fdcf66137ac1f63b2437fec74de7672146299",
    "0002_roles.sql": "430e1c584536a8046bebbf0a405ed8ea55b21386b73b34cbfd08b61f70dbe0bf",
    "0003_constraints.sql": "1676cefe5734cdb4bd1d367ca40d8870816227c5497ba1bcbeede61c2bc200d6",
    "0003_own_schema.py": "8938d1196d63445ca1cd3f9c1fddf5cc2c4da0b2c985851e00a691986dca1e44",
    "0003_sums.sql": "09f5d06f3cef75a5a1731d51d3ec650345cb2dfc13d663c0b4712a9d6b5a84eb",
    "0003_targets.sql": "68b6655ad51a937107438fc3e408d8dc41636ecaf2c20a9ab054ba648641319b",
    "0003_views.sql": "69af975475051ee105ba6e27b8dd4e3eb3daeff094bee0143eeb5b9804dcbd73",
    "0004_clearing.sql": "a6ae4bd04f1127a503880bd23d90bbb0fc8590c068b61a3c771dba2306d3ec00",
    "0004_enrollment.sql": "88b4fdea974727e0f74c23166b44983b8403f86eded6d9f10b936e2642510ff2",
    "0004_intake.sql": "84fef4c09ffa872b2ccd72d95d2049bc801f27fd23a08457836c366da57c5472",
    "0004_lane_owners.sql": "9fc730f70adfef59eabe546e66d78fa10edd4112e90e3698c37d927788479419",
    "0004_trials.py": "a8366d8ca4d2d2f671b1bdb08db33d80efd1e88b634642eb7131f36a2794f813",
    "0005_advances.sql": "b862254e8cd100728b99516fa210ac0bc7cb443f6a7aede5ba21b4bb4815ded9",
    "0005_eras.sql": "67e769f780eaa2b1fc93d62992a343752e1976c5fae92588c14f281ad4e61260",
    "0005_facts.sql": "71a49b6c2126344461828d9149d167fef3b0933554b253e7fcc627840c1ca69c",
    "0005_open_law.py": "786838129fd563183e8cdf9e95a688ea2d7b1543b77cb15985bc7603d4b28e68",
    "0006_accounts.py": "07a2d7130e0288112eefd940ffec19de8cfc2499ccb24311f53e557c8f7b0cd5",
    "0006_accounts.sql": "b4ab241e43334ee9014abf16504e232f23721b42deb75b030968ca2124fea154",
    "0006_limits.sql": "41cf1010aeb7a5259cfc3a7f93bb3bb6e8c2bd69bf9656cdcc42f54b9543d90b",
    "0006_payouts.sql": "cd4ca5b830965d05eb865f2f0b3bf3d2e85e8e69135ee07a87c3d1aa6445e508",
    "0006_prepayments.sql": "5c341162fb43a8d27a8a49be8b3b4a50c1c2dbafd4daeca2a9208f76d2479cb7",
    "0006_stays.sql": "7885ee6975fdff9f2b8c4fcfb66b156166dce6c36794eb268b1e667a6cc5690a",
    "0006_window.sql": "5fba5ed6d03951c359b9f70a9f5006e1184c9623b5c60c8448589e09bddd50d0",
    "0007_bank.sql": "f98207a4cf9c4ca5ab69ed467e7d260af32a6c3678f1ab836e3322f35aa6a79d",
    "0007_cases.sql": "3d15f76bd3b538d1ccd7ac1161f458832d30bef130d90fa16732c9bb3a2e5f1d",
    "0007_leads.sql": "ff9544ac90ed103f532de96fa36bb7f5415989268da35e98920ef693ca07f831",
    "0007_registers.sql": "ba162cf8e5a4dfc768958511d1f7b1b2564609e35f2c1e57498c70178bd2a6cb",
    "0007_reports.sql": "ccaccca340451f3b4b33507f594c06857d6f031d5c8a57ae3c1661bcf0de581f",
    "0007_supervision.py": "bed6cabf8fdcf78cfc9c9c766abe799afd115c7ef3a7bc5b83011ad4a69e127d",
    "0007_warning.sql": "445796fcd2960b0f67c68a1ad8a7ab33918d6c1b975be8b8997f278f7b69ce13",
    "0008_changes.sql": "86af3796d93e71923ba5ebf4db86404b3e74faf5da629023ec47227ff094badd",
    "0008_console.py": "da2373ed84396fe2daf72672692ff603278a12020511238fad177cb8d3121d41",
    "0008_withholdings.sql": "49f4092398d200db8acd952662d3c6a7a339c11707b40f9d3280842c480a64f9",
    "0009_fines.sql": "5ecd7b6c80dcb6c39e0973437163a4fa99d909cfa4791b111d26dd37348b7ae3",
    "0009_payment_parts.sql": "b302355dceb3bbf998fe197817b8e042d51b321c2d97587cc024a955adcee636",
    "0009_payments.py": "45f8aeec40da9d54e2f23c1b73c45c20a5597fb721642cd28a53e70b58491d10",
    "0009_proposals.sql": "f976ff51efd37d87e44776007f86fece94be9a4897a8a8c528be17b20d7402af",
    "0009_speed.sql": "1e6e2b41d05ae5a3769ad8e3c54288db267258b34881b2ed251b0c4a3f13562f",
    "0010_catalogue.sql": "f34d3c940eeab01503abbca85f1de9aaae19c50868c743e2484572c6e9a163ab",
    "0010_gateway.py": "60c02f1059e4e15f3056f85c5751cba524b79130e6dea0b947c0cbf4d3ada3ce",
    "0010_identities.sql": "8f634716847a3f74f8f3bfc8186a728e5c9f53962b7fb0baf65edf606a85230e",
    "0010_transactions.sql": "03b2270efdf245a73df7143a00bc23ccf5200107719a1bcd8927af8b7ff57184",
    "0010_visits.sql": "08ff3c966600d009a42e461bf03e77723906f67670ead3f34b4e82cc5cd2cd1e",
}
"""sha256 of the files of released migrations: a database that has run one is never changed by another text of it."""


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    return not (kind == "schema" and name in (None, "public"))


def differences(connection: Connection) -> list[Any]:
    options = {"include_schemas": True, "compare_type": True, "include_name": ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_released_migrations_are_frozen() -> None:
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (MIGRATIONS / "versions").iterdir()
        if path.name[:4] in FROZEN and path.is_file()
    }
    assert found == RELEASED


def test_the_versions_are_those_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert {script.revision for script in scripts.walk_revisions()} == VERSIONS
    assert scripts.get_heads() == [max(VERSIONS)]


@pytest.mark.filterwarnings(
    "ignore:Can't validate argument 'dialect_options'"
)  # SQLAlchemy reads NOT VALID, alembic not
async def test_migrations_create_what_the_code_declares(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


CATALOGS = {
    "columns": """
        SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull,
               pg_get_expr(adbin, adrelid), col_description(attrelid, attnum)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped AND relkind = 'r' AND {ours}""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, replace(pg_get_constraintdef(pg_constraint.oid), ' NOT VALID', '')
        FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE contype <> 'n' AND {ours}""",
    "indexes": """
        SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid)
        FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE {ours}""",
    "tables": """
        SELECT pg_class.oid::regclass::text, obj_description(pg_class.oid, 'pg_class')
        FROM pg_class WHERE relkind = 'r' AND {ours}""",
}
SCHEMAS = ("ledger", "projections", "processors", "finance", "payees", "gateway", "identities")
OURS = f"relnamespace::regnamespace::text IN {SCHEMAS}"


async def catalogs(engine: AsyncEngine) -> dict[str, set[tuple[Any, ...]]]:
    async with engine.connect() as connection:
        return {
            name: {tuple(row) for row in await connection.execute(text(query.format(ours=OURS)))}
            for name, query in CATALOGS.items()
        }


async def test_the_migrated_schema_is_that_of_the_metadata(engine: AsyncEngine, endpoints: Endpoints) -> None:
    """Columns, types, nullability, defaults, keys, indexes, constraints and comments; not the order of columns."""
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute("CREATE DATABASE declared")
    declared = connect(database_url(endpoints, "declared"))
    try:
        async with declared.begin() as connection:
            for name in SCHEMAS:
                await connection.execute(text(f"CREATE SCHEMA {name}"))
            await connection.run_sync(metadata.create_all)
        wanted, found = await catalogs(declared), await catalogs(engine)
        for name in CATALOGS:
            assert found[name] == wanted[name], sorted(found[name] ^ wanted[name], key=str)
    finally:
        await declared.dispose()
        await server.execute("DROP DATABASE declared WITH (FORCE)")
        await server.close()


async def test_migrating_again_changes_nothing(engine: AsyncEngine) -> None:
    await initialise(engine, load_directory(), 2)
    await migrate(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    assert await initialise(engine, load_directory()) == 2


async def test_nothing_is_migrated_under_running_workers(endpoints: Endpoints) -> None:
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute("CREATE DATABASE older")
    url = database_url(endpoints, "older")
    owner = await asyncpg.connect(url, ssl=False)
    try:
        older = connect(url)
        async with older.begin() as connection:
            await connection.run_sync(upgrade, "0001")
        await older.dispose()
        await owner.execute("SELECT pg_advisory_lock($1, 1)", AdvisoryLock.LANES.value)  # a worker owns a lane
        with pytest.raises(WorkersRunning, match="stop all workers"):
            await migrate(url)
        await owner.execute("SELECT pg_advisory_unlock_all()")
        await migrate(url)
        await owner.execute("SELECT pg_advisory_lock($1, 1)", AdvisoryLock.LANES.value)
        await migrate(url)  # nothing is left to do
    finally:
        await owner.close()
        await server.execute("DROP DATABASE older WITH (FORCE)")
        await server.close()


@pytest.mark.parametrize("table", ["ledger.entries", "ledger.schemes"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET hash = hash", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_ledger_refuses_change(books: Books, table: str, statement: str) -> None:
    await books.publish([facts.hospital()])
    async with books.engine.connect() as connection:
        with pytest.raises(DBAPIError, match=r"the ledger is append only"):
            await connection.execute(text(statement.format(table)))


async def test_setting_up_again_adopts_nothing_twice(books: Books) -> None:
    async def entries() -> int:
        async with books.engine.connect() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM ledger.entries"))).scalar_one())

    assert await entries() == len(load_directory())
    await initialise(books.engine, load_directory(), 1)
    assert await entries() == len(load_directory())


async def test_the_number_of_partitions_is_fixed(engine: AsyncEngine) -> None:
    assert await initialise(engine, [], 4) == 4
    assert await initialise(engine, []) == 4
    with pytest.raises(LayoutError, match="has 4 partitions, not 8"):
        await initialise(engine, [], 8)
