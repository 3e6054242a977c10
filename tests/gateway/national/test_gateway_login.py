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
from tests.gateway.national.books import DayBook, packed, sendable, upload
from tests.gateway.national.county import FUSONG, JIAMUSI, GatewayCounty
from tests.gateway.national.his import His, line
from tests.gateway.national.test_clearing_applications import asked

LINES = [line("1", "12000.00"), line("2", 8000)]


@pytest.fixture
async def login_url(county: GatewayCounty) -> AsyncIterator[str]:
    """The database, as a login of the group ``gateway`` reaches it."""
    login = Login(f"login_{uuid.uuid4().hex[:12]}", "gateway")
    password = await create_login(county.gateway.engine, login)
    url = make_url(county.gateway.worker.database_url).set(username=login.name, password=password)
    yield url.render_as_string(hide_password=False)
    await drop_login(county.gateway.engine, login.name)


async def walk_stay(his: His) -> None:
    """A stay forth and back, and its reversals by message."""
    mdtrt_id = await his.admit()
    key = {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no}
    await his.upload(mdtrt_id, [*LINES, line("3", 1)])
    await his.call("2302", {"data": key | {"feedetl_sn": "3"}})
    await his.discharge(mdtrt_id)
    await his.settle(mdtrt_id, "20000.00", infno="2303")
    told = await his.settle(mdtrt_id, "20000.00")
    await his.take_back(told)
    await his.withdraw("2305")
    await his.withdraw("2304")
    await his.call("2405", {"data": key})
    await his.call("2404", {"data": key})


async def walk_visit(his: His) -> None:
    """A visit, what is asked of the day, and an application for clearing."""
    mdtrt_id = await his.register()
    await his.describe(mdtrt_id, "11")
    await his.upload_batch(mdtrt_id, "B1", [line("1", 100)])
    await his.settle_batch(mdtrt_id, "B1", 100, infno="2206")
    told = await his.settle_batch(mdtrt_id, "B1", 100)
    await his.take_back(told, "2208")
    stated = sendable(DayBook().stated())
    await his.call("3201", {"data": stated})
    number = await upload(his, packed([["S", "M", "P", 1, 1, 0]]))
    await his.call("3202", {"data": stated | {"file_qury_no": number}})
    applied = await his.call("3203", asked(clr_type="11"))
    await his.call("3204", {"data": applied["result"]})


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

        await walk_stay(His(post, next(county.persons[FUSONG]), "H8", insured_in=FUSONG))
        await walk_visit(His(post, next(county.persons[JIAMUSI]), "H8", insured_in=JIAMUSI))
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
