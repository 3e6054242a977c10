"""What the OpenAPI document says of plain HTTP is what the gateway does: held by Schemathesis against a real one."""

import asyncio
import sys
from pathlib import Path

import orjson
import pytest
from limits import RateLimitItemPerSecond
from openapi_spec_validator import validate

from infra.gateway.plain import limits
from infra.gateway.plain.application import ENDPOINTS
from infra.gateway.plain.openapi import openapi, openapi_text
from tests.gateway.harness import GatewayUnderTest
from tests.gateway.plain_client import give_key

DOCS = Path(__file__).parents[2] / "docs"
SETTINGS = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = "8"
"""Of each operation and phase: what the suite has time for. More: `schemathesis run` by hand."""


def test_the_document_is_openapi() -> None:
    validate(orjson.loads(openapi_text()))


def test_the_published_document_is_current() -> None:
    assert (DOCS / "openapi.json").read_bytes() == openapi_text(), "make asyncapi"


def test_every_endpoint_stands_in_it() -> None:
    told = {(method.upper(), path) for path, methods in openapi()["paths"].items() for method in methods}
    assert told == {(method, path) for method, path, _ in ENDPOINTS}


async def test_it_is_served_to_anybody(gateway: GatewayUnderTest) -> None:
    answer = await gateway.client.get(f"{gateway.running.url}/v1/openapi.json")
    assert (answer.status_code, answer.json()) == (200, openapi())


async def test_schemathesis_finds_nothing(
    gateway: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(limits, "EVENTS", RateLimitItemPerSecond(1_000_000, 1))
    key = await give_key(gateway, "H1", "schemathesis")
    tool = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(SETTINGS), "run"]
    options = ["--header", f"Authorization: Bearer {key}", "--max-examples", EXAMPLES, "--seed", "20190506"]
    options += ["--checks", "all", "--phases", "examples,coverage,fuzzing", "--no-color"]

    running = await asyncio.create_subprocess_exec(
        *tool,
        f"{gateway.running.url}/v1/openapi.json",
        *options,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await running.communicate()

    assert running.returncode == 0, told.decode(errors="replace")
