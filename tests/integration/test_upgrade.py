"""A populated database of each released version becomes this program's, and is proved (tests/data/README.md)."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import LAYERS
from infra.postgres.dump import load
from infra.postgres.engine import connect, migrate
from infra.servers import Endpoints
from policies.loader import SCHEMES, load_file
from processors.finance.catch_up import catch_up
from processors.law.adoption import adopt_schemes
from tests.conftest import database_url
from tests.program import claims

DATA = Path(__file__).parents[1] / "data"
VERSIONS = ("0001", "0002")


@pytest.fixture
async def url(endpoints: Endpoints) -> AsyncIterator[str]:
    """An empty database, never migrated."""
    name = f"test_{uuid.uuid4().hex}"
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute(f"CREATE DATABASE {name}")
    yield database_url(endpoints, name)
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@pytest.fixture
async def database_engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(url, pool_size=2)
    yield engine
    await engine.dispose()


async def query(engine: AsyncEngine, statement: str) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(text(statement))).mappings()]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_ledger_of_a_released_version_is_upgraded_and_proved(
    url: str, database_engine: AsyncEngine, version: str
) -> None:
    await load(url, DATA / f"ledger_{version}.dump", None)
    assert await query(database_engine, "SELECT version_num FROM alembic_version") == [{"version_num": version}]
    before = await query(database_engine, "SELECT count(*) AS claims, sum(total) AS total FROM projections.statements")
    assert before[0]["claims"] > 25
    await migrate(url)
    env = {"CLAIMS_DATABASE_URL": url}
    verified = await claims("verify", env=env)
    assert verified.code == 0, verified.out.decode() + verified.err
    rebuilt = await claims("rebuild", "--dry-run", env=env)
    assert rebuilt.code == 0, rebuilt.out.decode() + rebuilt.err
    after = await query(database_engine, "SELECT count(*) AS claims, sum(total) AS total FROM projections.statements")
    assert after == before


async def test_finance_counts_anew_what_it_had_counted(url: str, database_engine: AsyncEngine) -> None:
    """Sums had a column a layer; now they have a row a layer, and the view the same columns."""
    await load(url, DATA / "ledger_0002.dump", None)
    keys, figures = "year, region, scheme, setting, poor", ", ".join(LAYERS)
    yuan = ", ".join(f"{layer} / 100.0 AS {layer}" for layer in LAYERS)
    before = await query(
        database_engine,
        f"SELECT {keys}, claims, persons, {yuan} FROM projections.annual_sums WHERE claims > 0 ORDER BY {keys}",
    )
    assert len(before) > 10
    await migrate(url)
    await catch_up(database_engine)
    assert before == await query(
        database_engine, f"SELECT {keys}, claims, persons, {figures} FROM finance.annual_report ORDER BY {keys}"
    )


async def test_an_older_ledger_is_asked_no_target_until_a_text_that_states_one_is_adopted(
    url: str, database_engine: AsyncEngine
) -> None:
    await load(url, DATA / "ledger_0002.dump", None)
    await migrate(url)
    await catch_up(database_engine)
    asked = "SELECT DISTINCT target, scheme FROM finance.attainment WHERE target <> 'enrolment' ORDER BY target, scheme"
    assert await query(database_engine, asked) == []
    await adopt_schemes(database_engine, [load_file(SCHEMES / "fusong.yaml")], "wang")
    assert [tuple(row.values()) for row in await query(database_engine, asked)] == [
        ("assistance", "fusong"),
        ("chronic_reimbursement", "fusong"),
        ("reimbursement", "fusong"),
    ]


async def test_an_upgrade_writes_down_the_targets_of_schemes_in_force(url: str, database_engine: AsyncEngine) -> None:
    await load(url, DATA / "ledger_0002.dump", None)
    anyi = load_file(SCHEMES / "anyi.yaml")
    async with database_engine.begin() as connection:
        statement = "INSERT INTO ledger.schemes (hash, name, text, adopted) VALUES (:hash, :name, :text, 1000000)"
        values = {"hash": anyi.content_hash, "name": anyi.name, "text": anyi.text}
        await connection.execute(text(statement), values)
    await migrate(url)
    stated = await query(
        database_engine, "SELECT scheme, target, line::text FROM finance.target_values ORDER BY target"
    )
    assert [tuple(row.values()) for row in stated] == [
        ("anyi", "cost_growth", "0.10"),
        ("anyi", "reimbursement", "0.90"),
    ]
