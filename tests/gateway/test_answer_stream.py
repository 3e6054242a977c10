"""A hospital hears what it was told as a stream, each once and in order; who listens badly harms no other."""

import asyncio

import httpx
import orjson
import pytest
from msgspec.structs import replace

from infra.gateway.plain import limits
from infra.http import head_bound
from processors.visits.api_keys import end_api_key
from processors.visits.hospital_steps import change_hospital
from tests.gateway.harness import GatewayUnderTest
from tests.gateway.plain_client import call, emptied, give_key, last_place, listening, told
from tests.program import eventually


async def test_a_stream_goes_on_behind_the_last_event_that_was_read(
    gateway: GatewayUnderTest, keys: dict[str, str]
) -> None:
    after = await last_place(gateway)
    first, of_h2 = await told(gateway, "H1", "201"), await told(gateway, "H2", "201")
    second = await told(gateway, "H1", "202")
    async with listening(gateway, keys["H1"], after) as stream:
        read = [await stream.next() for _ in range(2)]
        assert [event["data"]["event_id"] for _, event in read] == [first, second]
        third = await told(gateway, "H1", "203")  # one that comes while it listens
        assert (await stream.next())[1]["data"]["event_id"] == third
    async with listening(gateway, keys["H1"], read[0][0]) as stream:
        assert (await stream.next())[1]["data"]["event_id"] == second
    async with listening(gateway, keys["H2"], after) as stream:
        assert (await stream.next())[1]["data"]["event_id"] == of_h2
    for key in keys.values():
        await emptied(gateway, key)


async def test_a_stream_outlives_nats_and_tells_nothing_twice(gateway: GatewayUnderTest, keys: dict[str, str]) -> None:
    after = await last_place(gateway)
    first = await told(gateway, "H1", "211")
    async with listening(gateway, keys["H1"], after) as stream:
        assert (await stream.next())[1]["data"]["event_id"] == first
        gateway.nats.kill()
        await gateway.nats.restart()
        second = await told(gateway, "H1", "212")
        assert (await stream.next())[1]["data"]["event_id"] == second
    await emptied(gateway, keys["H1"])


async def test_a_stream_ends_with_its_key(gateway: GatewayUnderTest) -> None:
    key = await give_key(gateway, "H1", "short")
    async with listening(gateway, key, await last_place(gateway)) as stream:
        await end_api_key(gateway.engine, gateway.keys, "H1", "short", "tester")
        await stream.ends()
    assert (await call(gateway, key, "GET", "/answers?wait=0")).status_code == 401


async def test_a_stream_that_was_read_leaves_no_consumer(gateway: GatewayUnderTest, keys: dict[str, str]) -> None:
    """Who comes and goes all the time would have the server keep one for each minute's calls."""
    after = await last_place(gateway)
    async with listening(gateway, keys["H1"], after) as stream:
        await told(gateway, "H1", "221")
        await stream.next()
        assert len(await _streams_read(gateway)) == 1
    await eventually(lambda: _none_is_read(gateway))
    await emptied(gateway, keys["H1"])


async def _streams_read(gateway: GatewayUnderTest) -> list[str]:
    consumers = await gateway.worker.broker.connection.jetstream().consumers_info("ANSWERS")
    return [each.name for each in consumers if each.name.startswith("http-stream-")]


async def _none_is_read(gateway: GatewayUnderTest) -> bool:
    return not await _streams_read(gateway)


async def test_a_stream_ends_where_its_key_no_longer_counts_from_its_address(gateway: GatewayUnderTest) -> None:
    key = await give_key(gateway, "H9", "moved")
    async with listening(gateway, key, await last_place(gateway)) as stream:
        await change_hospital(
            gateway.engine, gateway.keys, "H9", lambda now: replace(now, networks=("10.0.0.0/8",)), "tester"
        )
        try:
            await stream.ends()
        finally:
            await change_hospital(gateway.engine, gateway.keys, "H9", lambda now: replace(now, networks=()), "tester")


async def test_a_place_in_a_stream_that_was_lost_is_before_all_of_the_next(
    gateway: GatewayUnderTest, keys: dict[str, str]
) -> None:
    event = await told(gateway, "H1", "231")
    made, _, place = (await last_place(gateway)).partition("-")
    async with listening(gateway, keys["H1"], f"{int(made) - 1}-{int(place) + 100}") as stream:
        while (await stream.next())[1]["data"]["event_id"] != event:
            pass
    await emptied(gateway, keys["H1"])


async def test_who_reads_nothing_is_cut_off_and_keeps_no_other_waiting(
    gateway: GatewayUnderTest, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_bound, "READ_WITHIN_S", 0.5)
    monkeypatch.setattr(limits, "LISTENERS_AT_ONCE", 1)
    js = gateway.worker.broker.connection.jetstream()
    after = await last_place(gateway)
    large = orjson.dumps({"data": {"event_id": "large", "filling": "x" * 500_000}})
    for _ in range(40):  # more than the buffers of both ends take
        await js.publish("claims.answers.hospital.H1.large", large)
    url = httpx.URL(gateway.running.url)
    _reader, stalled = await asyncio.open_connection(url.host, url.port, limit=1024)  # reads no more than twice this
    head = f"GET /v1/answers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {keys['H1']}\r\n"
    stalled.write(f"{head}accept: text/event-stream\r\nlast-event-id: {after}\r\n\r\n".encode())
    await eventually(lambda: _refused_as_one_too_many(gateway, keys["H1"]))
    of_h2 = await told(gateway, "H2", "301")
    async with listening(gateway, keys["H2"], after) as stream:
        assert (await stream.next())[1]["data"]["event_id"] == of_h2
    for key in keys.values():
        await eventually(lambda key=key: _let_in(gateway, key))  # type: ignore[misc]
    stalled.transport.abort()
    await js.purge_stream("ANSWERS", subject="claims.answers.hospital.H1.large")
    for key in keys.values():
        await emptied(gateway, key)


async def _refused_as_one_too_many(gateway: GatewayUnderTest, key: str) -> bool:
    return (await call(gateway, key, "GET", "/answers?wait=0&max=1")).status_code == 429


async def _let_in(gateway: GatewayUnderTest, key: str) -> bool:
    return (await call(gateway, key, "GET", "/answers?wait=0&max=1")).status_code == 200
