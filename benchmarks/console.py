"""How fast the console's pages answer over a large ledger, with many persons signed in who go from page to page.

20 persons are signed in, and each asks for the next page some 5 s after the last one came: four pages a second, which
is brisk, for most pages take longer to read. All are asked for equally often, the heavy ones too, each run in the same
order. Meanwhile one worker settles discharges on the same ledger, at the rate of the latency suite, and how long these
wait is measured as there. Before the clock starts payers are told of all that was booked, and pages are opened once, as
the first person of a day would do.
"""

import asyncio
import json
import os
import random
import re
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from benchmarks.bench import Bench
from benchmarks.copied_ledger import copy_claims
from benchmarks.latency import BESIDE_RATE, all_answered, at_the_worker, first_discharges, percentiles
from benchmarks.load import CLAIMS_PER_STAY, Load, bodies, make_load, renamed, type_of
from benchmarks.servers import STALLED_S, engine_on, settle
from events.county_time import COUNTY_TIME
from events.store.journal import database_time
from infra.console.group import page_groups
from infra.messaging.broker import connect_broker
from infra.operations.payouts import payout_state
from infra.operations.quiescence import poll_until
from infra.servers import Endpoints
from processors.clearing.draft import draft
from processors.finance.catch_up import catch_up
from processors.supervision.catch_up import catch_up_leads

SETTLED_CLAIMS = 4_000
"""So many are settled for real, the others are copies; persons and claims that are looked at are of these."""
USERS = 20
READS_S = 5.0
"""How long a person reads before the next page, on the average."""
SAMPLED = 40
NEW_STAYS_SEED = 100
STARTS_WITHIN_S = 60.0
SLOWEST_S = 60.0
ASK_FOR_MORE = frozenset({"/law/difference", "/clearing/payees/approval", "/rosters/withdrawal", "/window/print"})
"""Pages that answer a form or a link of another page, and say so when they are opened without its fields."""


@dataclass
class Answers:
    """Milliseconds of each page by its route."""

    took: dict[str, list[float]] = field(default_factory=dict)

    def percentiles(self, page: str | None = None) -> dict[str, float]:
        """p50, p95, p99 of a page, or of all of them together."""
        times = sorted(self.took[page] if page else [ms for each in self.took.values() for ms in each])
        return {f"p{share}": times[max(0, ceil(len(times) * share / 100) - 1)] for share in (50, 95, 99)}


async def console(bench: Bench) -> dict[str, dict[str, float]]:
    """Percentiles of each page in milliseconds, the slowest first; ``all`` is of all together."""
    name, options = f"console-{bench.options.console_claims}", bench.options
    new, discharges = _new_stays(round(BESIDE_RATE * (options.seconds + options.warm_up_s)))

    async def fill(endpoints: Endpoints) -> None:
        load = make_load(min(SETTLED_CLAIMS, options.console_claims))
        await settle(endpoints, bodies([*load.base, *load.work]))
        async with engine_on(endpoints.database_url) as engine:
            await _clear(engine)
            await catch_up(engine)
            await catch_up_leads(engine)
            bench.figures["console_claims"] = await copy_claims(engine, options.console_claims)
        await _forget_payouts(endpoints.nats_url)
        await settle(endpoints, bodies([*new.base, *new.work]))

    await bench.server_templates.prepare(name, fill)
    async with (
        bench.server_templates.running(name) as endpoints,
        engine_on(endpoints.database_url) as engine,
        at_the_worker(endpoints, discharges, BESIDE_RATE) as (arrivals, _),
    ):
        pages = await _pages(engine)
        await _payers_told(endpoints.nats_url, engine)
        async with _served(endpoints) as url:
            await _open_each(url, endpoints.database_url, pages)
            walking = asyncio.create_task(_walk(url, endpoints.database_url, pages, options.seconds))
            await arrivals.send()
            answers = await walking
        await all_answered(arrivals)
    bench.figures["beside_console"] = percentiles(arrivals.waits_ms(options.warm_up_s, float("inf")))
    slowest = sorted(answers.took, key=lambda page: -answers.percentiles(page)["p95"])
    return {"all": answers.percentiles()} | {page: answers.percentiles(page) for page in slowest}


async def _forget_payouts(nats_url: str) -> None:
    """Empty PAYOUTS, whose last message says how far payers were told before the ledger was copied."""
    broker = connect_broker(nats_url, None)
    await broker.start()
    try:
        await broker.connection.jetstream().purge_stream("PAYOUTS")
    finally:
        await broker.stop()


async def _payers_told(nats_url: str, engine: AsyncEngine) -> None:
    """Wait until the worker has told payers of all that was booked before."""
    broker = connect_broker(nats_url, None)
    await broker.start()

    async def waiting(connection: AsyncConnection) -> int:
        return (await payout_state(connection, broker.connection)).waiting

    try:
        if left := await poll_until(engine, waiting, lambda seen: seen == 0, give_up_after_s=STALLED_S):
            raise RuntimeError(f"payers are not told of {left} bookings: no publisher is at work")
    finally:
        await broker.stop()


def _new_stays(number: int) -> tuple[Load, list[dict[str, Any]]]:
    """Persons of their own who are admitted before the clock starts, and so many of their discharges."""
    load = make_load(round(number * CLAIMS_PER_STAY * 1.2) + 100, seed=NEW_STAYS_SEED)
    discharges = first_discharges([], load.work)[:number]
    if len(discharges) < number:
        raise RuntimeError(f"{len(discharges)} discharges for {number} arrivals")
    admitted = [line for line in load.work if type_of(line) == "admission.recorded.v1"]
    return renamed(Load(load.base, admitted), "N"), [
        line for line in renamed(Load([], list(discharges)), "N").work if isinstance(line, dict)
    ]


async def _clear(engine: AsyncEngine) -> None:
    """Draft a clearing of every region."""
    async with engine.connect() as connection:
        regions = (await connection.execute(text("SELECT DISTINCT region FROM projections.claims"))).scalars().all()
        month = (await database_time(connection)).astimezone(COUNTY_TIME).date().replace(day=1)
    for region in regions:
        await draft(engine, region, month, "bench")


async def _pages(engine: AsyncEngine) -> dict[str, list[str]]:
    """Addresses by route: every page without parameters, and some persons, claims, hospitals and regions."""
    routes = [route for group in page_groups().values() for route in group.router.routes]
    paths = [route.path for route in routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())]
    paths = [path for path in paths if path not in ASK_FOR_MORE]
    found = {path: [path] for path in paths if "{" not in path and not path.startswith("/session")}
    sampled = {"/persons/{}": ("statements", "person_id"), "/claims/{}": ("statements", "claim_id")}
    sampled["/hospitals/{}"] = ("hospitals", "hospital_id")
    sampled["/clearing/uncleared/{}"] = ("statements", "region")
    served = [re.sub(r"{[^}]*}", "{}", path) for path in paths]
    async with engine.connect() as connection:
        for path, (table, column) in sampled.items():
            if path not in served:
                continue
            query = f"SELECT DISTINCT {column} FROM projections.{table} WHERE {column} NOT LIKE '%~%' LIMIT {SAMPLED}"
            ids = (await connection.execute(text(query))).scalars()
            found[path] = [path.format(quote(str(id_))) for id_ in ids]
    return found


@asynccontextmanager
async def _served(endpoints: Endpoints) -> AsyncIterator[str]:
    """`claims console` as a process of its own; gives its address."""
    environment = os.environ | {"CLAIMS_DATABASE_URL": endpoints.database_url, "CLAIMS_NATS_URL": endpoints.nats_url}
    command = (sys.executable, "-m", "infra", "console", "--listen", "127.0.0.1:0", "--json")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE)
    if process.stdout is None:
        raise AssertionError("no pipe to the console")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), STARTS_WITHIN_S)
        yield json.loads(line)["url"]
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def _signed_in(url: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A session of the owner of the database."""
    login = urlsplit(database_url)
    credentials = {"login": login.username or "", "password": login.password or ""}
    async with httpx.AsyncClient(base_url=url, timeout=SLOWEST_S, follow_redirects=True) as client:
        signed_in = await client.post("/session", data=credentials, follow_redirects=False)
        if signed_in.status_code != 303:
            raise RuntimeError(f"could not sign in: {signed_in.status_code}")
        yield client


async def _open_each(url: str, database_url: str, pages: dict[str, list[str]]) -> None:
    """Open each page once: its templates are compiled then."""
    async with _signed_in(url, database_url) as client:
        for path, addresses in pages.items():
            answer = await client.get(addresses[0])
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answered {answer.status_code}")


async def _walk(url: str, database_url: str, pages: dict[str, list[str]], seconds: float) -> Answers:
    """Let everybody go from page to page until each page was opened as often as the time allows."""
    answers = Answers()
    routes = [*pages] * max(1, round(USERS * seconds / READS_S / len(pages)))
    random.Random(7).shuffle(routes)
    queue = iter(routes)

    async def person(number: int) -> None:
        rng = random.Random(number)
        async with _signed_in(url, database_url) as client:
            for route in queue:
                await asyncio.sleep(rng.uniform(0, 2 * READS_S))
                began = time.perf_counter()
                answer = await client.get(rng.choice(pages[route]))
                answers.took.setdefault(route, []).append((time.perf_counter() - began) * 1000)
                if answer.status_code != 200:
                    raise RuntimeError(f"{route} answered {answer.status_code}")

    await asyncio.gather(*map(person, range(USERS)))
    return answers
