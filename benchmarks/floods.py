"""What others wait while one hospital sends all it can: claims from publishing to answer, and trial settlements.

Each flood begins in the middle of claims that arrive at a fixed rate; the waits are those of who arrived within some
seconds of its beginning. The hospital that floods and the one that asks are users of NATS, as sources are.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import nats
import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError

from benchmarks.bench import Bench
from benchmarks.latency import all_answered, arriving, percentiles, prepare
from infra.access.passwords import bcrypt_hash
from infra.access.sources import EVENT_BYTES, QUOTE, Source
from infra.access.users import changing_users
from infra.embedded.nats import reload

WINDOW_S = 5.0
"""How long after a flood's beginning those count who arrive."""
QUOTES_PER_S = 20
LARGE, QUOTES, SMALL = 40, 3_000, 5_000
PATIENCE_S = 120.0
_PASSWORD = "bench"

Line = dict[str, Any]
Flood = Callable[[Client, Line], Coroutine[Any, Any, None]]


async def floods(bench: Bench) -> dict[str, dict[str, float]]:
    """p50, p95, p99 in ms of another's claims, at the first of the rates, and quotes: alone, and beside each flood."""
    waits: dict[str, dict[str, float]] = {}
    for name, flood in FLOODS.items():
        claims, quotes = await _beside(bench, flood)
        waits[f"claims {name}"], waits[f"quotes {name}"] = percentiles(claims), percentiles(quotes)
    return waits


async def _beside(bench: Bench, flood: Flood) -> tuple[list[float], list[float]]:
    begins_s, rate = bench.options.warm_up_s, bench.options.rates[0]
    spare = (await prepare(bench))[round(rate * (bench.options.seconds + begins_s)) :]
    flooding = spare[0]
    asked = next(line for line in spare if line["source"] != flooding["source"])
    async with arriving(bench, rate) as (arrivals, endpoints):
        folder = bench.server_templates.latest / "nats"
        async with (
            _user(folder, endpoints.nats_url, flooding) as one,
            _user(folder, endpoints.nats_url, asked) as other,
        ):
            sending = asyncio.create_task(arrivals.send())
            await asyncio.sleep(begins_s)
            sent = asyncio.create_task(flood(one, flooding))
            quotes = await _quotes(other, asked)
            await asyncio.gather(sending, sent)
            await all_answered(arrivals)
    return arrivals.waits_ms(begins_s, begins_s + WINDOW_S), quotes


@asynccontextmanager
async def _user(folder: Path, nats_url: str, line: Line) -> AsyncIterator[Client]:
    """A connection of the source of a line."""
    source = Source(*line["source"].split("/"))
    with changing_users(folder) as users:
        users[source.user] = bcrypt_hash(_PASSWORD)
    await reload(folder)
    url = f"nats://{source.user}:{_PASSWORD}@{nats_url.rpartition('@')[2]}"

    async def unheard(_: Exception) -> None: ...

    client = await nats.connect(
        url, inbox_prefix=source.inbox_prefix.encode(), allow_reconnect=False, error_cb=unheard, pending_size=2**30
    )
    try:
        yield client
    finally:
        await client.close()


async def _quotes(client: Client, asked: Line) -> list[float]:
    """Trial settlements at their moments, whether those before were answered or not; waits in ms."""
    loop = asyncio.get_running_loop()
    body, began = orjson.dumps(asked), loop.time()

    async def ask(moment: float) -> float:
        await client.request(QUOTE, body, PATIENCE_S)
        return (loop.time() - moment) * 1e3

    asking = []
    for number in range(round(WINDOW_S * QUOTES_PER_S)):
        moment = began + number / QUOTES_PER_S
        await asyncio.sleep(moment - loop.time())
        asking.append(asyncio.create_task(ask(moment)))
    return await asyncio.gather(*asking)


async def _nothing(client: Client, line: Line) -> None:
    """No flood."""


async def _large(client: Client, line: Line) -> None:
    with suppress(NatsError, OSError):  # the server ends the connection
        for _ in range(LARGE):
            await client.publish(_intake(line), b"x" * 7_000_000)


async def _largest(client: Client, line: Line) -> None:
    """As large as an event may be."""
    for body in _events(line, LARGE, pad="x" * (EVENT_BYTES - 2_000)):
        await client.publish(_intake(line), body)
    await client.flush(round(PATIENCE_S))


async def _many_quotes(client: Client, line: Line) -> None:
    body = orjson.dumps(line)
    await asyncio.gather(*(client.request(QUOTE, body, PATIENCE_S) for _ in range(QUOTES)))


async def _small(client: Client, line: Line) -> None:
    for body in _events(line, SMALL):
        await client.publish(_intake(line), body)
    await client.flush(round(PATIENCE_S))


FLOODS: dict[str, Flood] = {
    "alone": _nothing,
    f"beside {LARGE} messages of 7 MB": _large,
    f"beside {LARGE} events of 256 kB": _largest,
    f"beside {QUOTES:,} quotes": _many_quotes,
    f"beside {SMALL:,} small events": _small,
}


def _intake(line: Line) -> str:
    return f"claims.intake.{line['source'].replace('/', '.')}.{line['data']['person_id']}"


def _events(line: Line, count: int, **more: str) -> Sequence[bytes]:
    """Cancellations of admissions that nobody recorded: each is read, decided, refused and answered."""
    return [
        orjson.dumps(
            {"specversion": "1.0", "source": line["source"], "id": f"flood-{number}", "type": "admission.cancelled.v1"}
            | {"data": {"admission_id": f"flood-{number}", "reason": "flood"}}
            | more
        )
        for number in range(count)
    ]
