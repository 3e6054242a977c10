"""Plain HTTP: events are sent as the hospital whose key calls, and what the ledger would refuse is refused at once."""

import hashlib
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
import pytest

from infra.gateway.plain.documents import BATCH, STRUCTURED
from infra.operations.quiescence import until_quiet
from processors.visits.api_keys import add_api_key, end_api_key
from processors.visits.hospital_settings import ApiKey
from tests import facts
from tests.gateway.harness import GatewayUnderTest
from tests.program import eventually

KEY = "of H1, given once"


@pytest.fixture(scope="module")
async def keyed(gateway: GatewayUnderTest) -> GatewayUnderTest:
    """A gateway at which H1 has a key."""
    key = ApiKey("his", hashlib.sha256(KEY.encode()).hexdigest())
    await add_api_key(gateway.engine, gateway.keys, "H1", key, "tester")
    return gateway


async def sent(
    gateway: GatewayUnderTest, body: Any, media_type: str = STRUCTURED, key: str = KEY, **headers: str
) -> httpx.Response:
    """The answer to events."""
    named = {"Authorization": f"Bearer {key}", "Content-Type": media_type} | headers
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await gateway.client.post(f"{gateway.running.url}/v1/events", content=content, headers=named)


def stay(number: str, person: str) -> list[Mapping[str, Any]]:
    """An admission and its discharge."""
    return [
        facts.admit(f"H1-A{number}", person),
        facts.discharge(f"H1-C{number}", person=person, admission=f"H1-A{number}"),
    ]


async def test_a_batch_settles_a_claim(keyed: GatewayUnderTest) -> None:
    answer = await sent(keyed, stay("91", "P2"), BATCH)
    assert answer.status_code == 202, answer.text
    accepted = answer.json()["accepted"]
    assert [each["stream"] for each in accepted] == ["INTAKE", "INTAKE"]
    await until_quiet(keyed.worker.engine, [each["sequence"] for each in accepted])
    query = "SELECT status, source FROM projections.statements WHERE claim_id = 'H1-C91'"
    async with keyed.engine.connect() as connection:
        row = (await connection.exec_driver_sql(query)).one()
    assert tuple(row) == ("settled", "hospital/H1")


async def test_nothing_of_a_batch_is_sent_where_one_is_at_fault(keyed: GatewayUnderTest) -> None:
    admission, discharge = stay("92", "P3")
    broken = orjson.loads(orjson.dumps(discharge))
    del broken["data"]["bill"]["total"]
    before = (await keyed.worker.broker.connection.jetstream().stream_info("INTAKE")).state.last_seq
    answer = await sent(keyed, [admission, broken], BATCH)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "/1/data/bill/total"
    assert (await keyed.worker.broker.connection.jetstream().stream_info("INTAKE")).state.last_seq == before


async def test_binary_mode_is_the_same_event(keyed: GatewayUnderTest) -> None:
    event = stay("93", "P4")[0]
    attributes = {f"ce-{name}": str(value) for name, value in event.items() if name not in ("data", "datacontenttype")}
    answer = await sent(keyed, event["data"], "application/json", **attributes)
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    ("body", "media_type", "key", "status"),
    [
        (b"{}", STRUCTURED, "no such key", 401),
        (b"{}", "text/plain", KEY, 415),
        (b"{}", STRUCTURED, KEY, 422),
        (b"\xc4\xe3", STRUCTURED, KEY, 422),
        (b"[]", BATCH, KEY, 422),
        (b"{}", BATCH, KEY, 400),
        (b" " * 300_000, STRUCTURED, KEY, 413),
        (b" " * 5_000_000, STRUCTURED, KEY, 413),
    ],
)
async def test_what_is_refused(keyed: GatewayUnderTest, body: bytes, media_type: str, key: str, status: int) -> None:
    answer = await sent(keyed, body, media_type, key)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status


async def test_a_hospital_speaks_of_itself_only(keyed: GatewayUnderTest) -> None:
    event = facts.admit("H2-A1", "P5", hospital_id="H2")
    answer = await sent(keyed, event)
    assert answer.status_code == 403, answer.text


async def test_a_key_that_was_ended_counts_no_more(keyed: GatewayUnderTest) -> None:
    key = ApiKey("second", hashlib.sha256(b"second key").hexdigest())
    await add_api_key(keyed.engine, keyed.keys, "H1", key, "tester")
    assert (await sent(keyed, b"{}", key="second key")).status_code == 422
    await end_api_key(keyed.engine, keyed.keys, "H1", "second", "tester")

    async def refused() -> bool:
        return (await sent(keyed, b"{}", key="second key")).status_code == 401

    await eventually(refused)
