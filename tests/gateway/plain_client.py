"""A hospital's program that speaks plain HTTP: its key, and calls with it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson

from infra.gateway.plain.documents import STRUCTURED
from infra.gateway.plain.mailbox import made_in_s
from processors.visits.api_keys import add_api_key
from processors.visits.hospital_settings import ApiKey
from tests import facts
from tests.gateway.harness import MOST_S, GatewayUnderTest
from tests.program import BOUND_S


async def give_key(gateway: GatewayUnderTest, hospital_id: str, name: str) -> str:
    """Let a hospital call by a key of this name; returns its text."""
    key = f"{name} of {hospital_id}, given once"
    hashed = ApiKey(name, hashlib.sha256(key.encode()).hexdigest())
    await add_api_key(gateway.engine, gateway.keys, hospital_id, hashed, "tester")
    return key


async def call(
    gateway: GatewayUnderTest, key: str, method: str, path: str, body: Any = None, **headers: str
) -> httpx.Response:
    """The answer to a call below /v1."""
    content = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
    named = {"Authorization": f"Bearer {key}", "Content-Type": STRUCTURED} | headers
    return await gateway.client.request(method, f"{gateway.running.url}/v1{path}", content=content, headers=named)


async def take(gateway: GatewayUnderTest, key: str, **query: int) -> list[dict[str, Any]]:
    """The answers that are handed out."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    answer = await call(gateway, key, "GET", f"/answers?{asked}")
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["answers"]
    return told


async def acknowledge(gateway: GatewayUnderTest, key: str, answers: list[dict[str, Any]]) -> None:
    """Say that these are in the hospital's own books."""
    told = await call(
        gateway, key, "POST", "/answers/acknowledgement", {"receipts": [each["receipt"] for each in answers]}
    )
    assert told.status_code == 200, told.text
    assert told.json() == {"acknowledged": len(answers)}


async def emptied(gateway: GatewayUnderTest, key: str) -> None:
    """Read and acknowledge all that waits."""
    while answers := await take(gateway, key, wait=0):
        await acknowledge(gateway, key, answers)


async def told(gateway: GatewayUnderTest, hospital_id: str, number: str) -> str:
    """Have the ledger answer a hospital: an admission that it refuses. Returns the event's id."""
    event = facts.admit(f"{hospital_id}-N{number}", "P-nobody", hospital_id=hospital_id)
    event["data"]["diagnoses"] = "none"
    await gateway.publish([event])
    return str(event["id"])


def events_of(answers: list[dict[str, Any]]) -> list[str]:
    """The events that answers are about."""
    return [each["event"]["data"]["event_id"] for each in answers]


class Listener:
    """Reads a stream of events."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event's id and content."""
        id_ = ""
        async with asyncio.timeout(BOUND_S):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name == "id":
                    id_ = value
                if name == "data":
                    return id_, orjson.loads(value)
        raise AssertionError("the stream has ended")

    async def ends(self) -> None:
        """Read to its end."""
        async with asyncio.timeout(BOUND_S):
            async for line in self._lines:
                assert not line.startswith("data"), line


@asynccontextmanager
async def listening(gateway: GatewayUnderTest, key: str, after: str) -> AsyncIterator[Listener]:
    """The stream of what comes behind a place."""
    named = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream", "Last-Event-ID": after}
    url = f"{gateway.running.url}/v1/answers"
    async with gateway.client.stream("GET", url, headers=named, timeout=httpx.Timeout(MOST_S)) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Listener(answer.aiter_lines())


async def last_place(gateway: GatewayUnderTest) -> str:
    """What a stream names the last answer by, whosever it is."""
    answers = await gateway.worker.broker.connection.jetstream().stream_info("ANSWERS")
    return f"{made_in_s(answers)}-{answers.state.last_seq}"
