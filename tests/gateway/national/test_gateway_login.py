"""The gateway under a login of its group: all transactions work by its rights, and the ledger is not written."""

import json
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url

from infra.access.logins import Login, create_login, drop_login
from infra.gateway.server import serving
from infra.http.address import Address
from infra.settings import Settings
from processors.visits.retention import prune
from tests.gateway.harness import MOST_S
from tests.gateway.national.county import FUSONG, JIAMUSI, LIAONING, GatewayCounty
from tests.gateway.national.his import His
from tests.gateway.national.walks import stand_stay, walk_purchase, walk_stay, walk_visit


@pytest.fixture
async def login_url(county: GatewayCounty) -> AsyncIterator[str]:
    """The database, as a login of the group ``gateway`` reaches it."""
    login = Login(f"login_{uuid.uuid4().hex[:12]}", "gateway")
    password = await create_login(county.gateway.engine, login)
    url = make_url(county.gateway.worker.database_url).set(username=login.name, password=password)
    yield url.render_as_string(hide_password=False)
    await drop_login(county.gateway.engine, login.name)


async def test_every_kind_of_transaction_works_by_the_groups_rights(county: GatewayCounty, login_url: str) -> None:
    gateway = county.gateway
    settings, address = Settings(data_dir=gateway.folder / "ledger"), Address("127.0.0.1", 0)
    async with (
        serving(login_url, gateway.nats_url, settings, gateway.keys, address) as running,
        httpx.AsyncClient(timeout=MOST_S) as client,
    ):

        async def post(envelope: dict[str, Any]) -> dict[str, Any]:
            answer = await client.post(f"{running.url}/x", content=json.dumps(envelope, ensure_ascii=False).encode())
            told: dict[str, Any] = json.loads(answer.content, parse_float=Decimal)
            return told

        walks = ((walk_stay, FUSONG), (stand_stay, FUSONG), (walk_visit, JIAMUSI), (walk_purchase, LIAONING))
        for walk, region in walks:
            await walk(His(post, next(county.persons[region]), "H8", insured_in=region))
        assert (await prune(running.services.engine, 30, "wang")).answers == 0


async def test_the_login_can_write_nothing_of_the_ledgers(login_url: str) -> None:
    connection = await asyncpg.connect(login_url, ssl=False)
    try:
        tables = await connection.fetch(
            "SELECT oid, relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text "
            "IN ('ledger', 'projections', 'processors', 'finance', 'payees', 'identities')"
        )
        assert len(tables) > 50
        rights = "INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN"
        for oid, name in tables:
            assert not await connection.fetchval("SELECT has_table_privilege($1::oid, $2)", oid, rights), name
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM gateway.settlements")
    finally:
        await connection.close()
