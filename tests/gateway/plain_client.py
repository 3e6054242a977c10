"""A hospital's program that speaks plain HTTP: its key, and calls with it."""

import hashlib
from typing import Any

import httpx
import orjson

from infra.gateway.plain.documents import STRUCTURED
from processors.visits.api_keys import add_api_key
from processors.visits.hospital_settings import ApiKey
from tests.gateway.harness import GatewayUnderTest


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
