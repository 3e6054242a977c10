"""One reading of a consumer, against a real nats-server."""

import asyncio

import nats
import pytest

from infra.messaging.pull_consumer import Interrupted, Pull
from tests.program import BOUND_S


async def _looked_up(pull: Pull) -> None:
    async with asyncio.timeout(BOUND_S):
        while True:
            assert await pull.batch(0.5) == []


async def test_a_reader_that_looks_up_each_second_notices_a_server_that_forgot_it(nats_url: str) -> None:
    """Of a consumer that went with its node nobody says a word, and the connection stands."""
    client = await nats.connect(nats_url)
    try:
        await client.subscribe("$JS.API.CONSUMER.MSG.NEXT.GONE.gone")  # takes what is asked, and answers nothing
        pull = Pull(client, stream="GONE", durable="gone", max_messages=10, max_bytes=1_000)
        await pull.open()
        with pytest.raises(Interrupted):
            await _looked_up(pull)
    finally:
        await client.close()
