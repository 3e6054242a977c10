"""Plain HTTP where something goes wrong: NATS is lost within a batch, a source stalls, a key or an address ends."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import orjson
import pytest
from msgspec import structs

from infra.gateway.plain import events
from infra.gateway.plain.application import ENDPOINTS
from infra.gateway.plain.documents import BATCH, MOST_EVENTS
from infra.gateway.plain.limits import CALLS_AT_ONCE
from infra.messaging.streams import INTAKE
from infra.operations.quiescence import until_quiet
from processors.visits.api_keys import end_api_key
from processors.visits.hospital_steps import change_hospital
from tests import facts
from tests.gateway.harness import MOST_S, GatewayUnderTest
from tests.gateway.plain_client import call, give_key
from tests.program import eventually


async def test_a_batch_in_which_nats_is_lost_says_what_is_there_and_is_sent_again(
    gateway: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SENT_WITHIN_S", 3.0)
    key = await give_key(gateway, "H1", "faults")
    batch = [facts.admit(f"H1-AF{number}", "P9") for number in range(MOST_EVENTS)]
    js = gateway.worker.broker.connection.jetstream()
    before = (await js.stream_info(INTAKE)).state.last_seq

    async def begun() -> bool:
        return bool((await js.stream_info(INTAKE)).state.last_seq > before)

    sending = asyncio.create_task(call(gateway, key, "POST", "/events", batch, **{"Content-Type": BATCH}))
    await eventually(begun)
    gateway.nats.kill()
    answer = await sending
    await gateway.nats.restart()
    told = answer.json()
    assert answer.status_code == 503, told
    there = [each["id"] for each in told["accepted"]]
    assert 0 < len(there) < MOST_EVENTS
    assert there == [event["id"] for event in batch[: len(there)]]
    assert int(answer.headers["retry-after"]) > 0

    async def sent() -> bool:
        nonlocal answer
        answer = await call(gateway, key, "POST", "/events", batch, **{"Content-Type": BATCH})
        return answer.status_code == 202

    monkeypatch.setattr(events, "SENT_WITHIN_S", MOST_S)
    await eventually(sent, lambda: answer.text)
    await until_quiet(gateway.engine, [each["sequence"] for each in answer.json()["accepted"]])
    counted = (
        "SELECT count(*), count(DISTINCT admission_id) FROM projections.admissions WHERE admission_id LIKE 'H1-AF%'"
    )
    async with gateway.engine.connect() as connection:
        assert tuple((await connection.exec_driver_sql(counted)).one()) == (MOST_EVENTS, MOST_EVENTS)


async def test_a_source_that_stalls_keeps_no_other_waiting(gateway: GatewayUnderTest) -> None:
    """H1 has begun as many calls as it may and ends none: its next is refused, H2 is answered."""
    stalled, other = await give_key(gateway, "H1", "stalled"), await give_key(gateway, "H2", "other")
    url = httpx.URL(gateway.running.url)
    head = f"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {stalled}\r\ncontent-length: 99\r\n\r\n{{"
    asked = {"claim_id": "H2-C1"}

    async def full() -> bool:
        return (await call(gateway, stalled, "POST", "/status", asked)).status_code == 429

    async with AsyncExitStack() as held:
        for _ in range(CALLS_AT_ONCE):
            _, writer = await asyncio.open_connection(url.host, url.port)
            held.callback(writer.close)
            writer.write(head.encode())
            await writer.drain()
        await eventually(full)
        answers = [await call(gateway, other, "POST", "/status", asked) for _ in range(3)]
        assert [each.status_code for each in answers] == [200, 200, 200]

    async def free() -> bool:
        return (await call(gateway, stalled, "POST", "/status", asked)).status_code == 200

    await eventually(free)


BODIES: dict[str, Any] = {"/answers/acknowledgement": {"receipts": ["1.1.1.1.0"]}}
ROUTES = [(method, path.replace("{claim_id}", "H1-C1")) for method, path, _ in ENDPOINTS]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_asks_for_a_key_that_counts_from_where_it_comes(
    gateway: GatewayUnderTest, method: str, path: str
) -> None:
    name = f"route{path.replace('/', '-')}"
    key = await give_key(gateway, "H1", name)

    async def status(by: str = key) -> int:
        wait = f"{path}?wait=0" if path == "/answers" else path
        return (await call(gateway, by, method, wait, BODIES.get(path, {}) if method == "POST" else None)).status_code

    async def refused_with(expected: int) -> None:
        async def refused() -> bool:
            return await status() == expected

        await eventually(refused)

    assert await status() not in (401, 403)
    assert await status("of nobody") == 401
    elsewhere = ("10.0.0.0/8",)
    await change_hospital(
        gateway.engine, gateway.keys, "H1", lambda known: structs.replace(known, networks=elsewhere), "tester"
    )
    try:
        await refused_with(403)
    finally:
        await change_hospital(
            gateway.engine, gateway.keys, "H1", lambda known: structs.replace(known, networks=()), "tester"
        )
    await end_api_key(gateway.engine, gateway.keys, "H1", name, "tester")
    await refused_with(401)


async def test_each_hospital_hears_its_own_alone(gateway: GatewayUnderTest) -> None:
    """What H1 has told is told to H1, and of it to H2 nothing: by answers, statement, status and reconciliation."""
    ours, others = await give_key(gateway, "H1", "own"), await give_key(gateway, "H2", "not own")
    stay = [facts.admit("H1-AO", "P3"), facts.discharge("H1-CO", person="P3", admission="H1-AO")]
    sent = await call(gateway, ours, "POST", "/events", stay, **{"Content-Type": BATCH})
    await until_quiet(gateway.engine, [each["sequence"] for each in sent.json()["accepted"]])
    asked: list[tuple[str, str, Any]] = [
        ("GET", "/answers?wait=0&max=500", None),
        ("GET", "/statements/H1-CO", None),
        *(("POST", "/status", body) for body in ({"event_id": stay[0]["id"]}, {"claim_id": "H1-CO"})),
        ("POST", "/status", {"admission_id": "H1-AO"}),
    ]
    for method, path, body in asked:
        told = orjson.dumps((await call(gateway, ours, method, path, body)).json())
        hidden = orjson.dumps((await call(gateway, others, method, path, body)).json())
        named = (b"H1-CO", b"settled", b"open", b"taken", b"discharged")
        assert any(word in told for word in named), (path, told)
        assert not any(word in hidden.replace(b"H1-CO", b"") or b"P3" in hidden for word in named), (path, hidden)
    taken = await call(gateway, others, "POST", "/events", stay, **{"Content-Type": BATCH})
    assert taken.status_code == 403
