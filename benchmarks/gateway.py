"""From a settlement's appointed moment to its answer over HTTP, at a given rate: the national interface, 2304.

The load is open, as in the latency suite: a Poisson process of a fixed seed, each wait counted from its moment. The
gateway is a process of its own, and so is the one worker beside it, on the servers of this process. Stays are
registered, billed line by line and ended before the clock starts. Whole walks are timed too, at a rate of their own:
admission, lines, discharge and settlement (2401, 2301, 2402, 2304), one after the other.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random

import httpx

from benchmarks.bench import Bench
from benchmarks.gateway_stays import PreparedStay, ended_stay, gateway_settings, persons, prepare_stays, settling
from benchmarks.latency import SEED, percentiles
from benchmarks.servers import Cpu, cpu_of, engine_on
from benchmarks.worker_processes import environment, start_workers
from events.county_time import county_day
from events.store.journal import database_time
from infra.embedded.process import die_with_parent
from infra.gateway.national.reply import SYSTEM_FAULT
from infra.sandbox.county import HOSPITALS
from infra.sandbox.reference_his import CallFailed, ReferenceHis
from infra.servers import Endpoints

WALK_RATE = 10
"""Whole walks a second, of four transactions each."""
WALK = "walk"
_TEMPLATE = "gateway"
_STARTS_WITHIN_S = 60.0
_AGAIN_AFTER_S = 0.5
_AT_ONCE = 160
"""How many calls are in flight, so that few of a hospital's are refused as too many: the others wait their turn, and
that counts."""

Call = Callable[[], Awaitable[object]]


async def gateway(bench: Bench) -> dict[str, dict[str, float]]:
    """Percentiles in ms by rate, and of whole walks; with the CPU ms of each by process."""
    options = bench.options
    span = options.seconds + options.warm_up_s
    most, walks = round(max(options.rates) * span), round(WALK_RATE * span)
    people = persons(most + walks)
    stays: list[PreparedStay] = []

    async def fill(endpoints: Endpoints) -> None:
        stays.extend(await prepare_stays(endpoints, bench.server_templates.root / _TEMPLATE, people, most))

    await bench.server_templates.prepare(_TEMPLATE, fill)

    def settlements(programs: Sequence[ReferenceHis]) -> list[Call]:
        return [partial(_settle, programs[stay.hospital], stay.mdtrt_id, stay.psn_no) for stay in stays]

    def whole(programs: Sequence[ReferenceHis]) -> list[Call]:
        return [partial(_walk, programs[place % len(programs)], psn_no) for place, psn_no in enumerate(people[most:])]

    found = {str(rate): await _measured(bench, rate, settlements) for rate in options.rates}
    return found | {WALK: await _measured(bench, WALK_RATE, whole)}


async def _walk(his: ReferenceHis, psn_no: str) -> None:
    await _settle(his, await ended_stay(his, psn_no), psn_no)


async def _settle(his: ReferenceHis, mdtrt_id: str, psn_no: str) -> None:
    """2304, sent again as the interface wants it where the gateway could not: that counts as waiting."""
    given, msgid = settling(mdtrt_id, psn_no), his.new_msgid()
    while True:
        try:
            await his.call("2304", given, msgid)
        except CallFailed as failed:
            if failed.infcode != SYSTEM_FAULT:
                raise
        except httpx.TimeoutException:
            pass
        else:
            return
        await asyncio.sleep(_AGAIN_AFTER_S)


async def _measured(
    bench: Bench, rate: float, calls_of: Callable[[Sequence[ReferenceHis]], list[Call]]
) -> dict[str, float]:
    options = bench.options
    async with (
        bench.server_templates.running(_TEMPLATE) as endpoints,
        start_workers(endpoints, 1) as ours,
        _served(endpoints, bench.server_templates.latest) as (url, process),
        engine_on(endpoints.database_url) as engine,
        httpx.AsyncClient(limits=httpx.Limits(max_connections=None)) as client,
    ):
        ours.tell("go")
        async with engine.connect() as connection:
            today = county_day(await database_time(connection))
        programs = [ReferenceHis(client, url, each.code, today) for each in HOSPITALS]
        calls = calls_of(programs)[: round(rate * (options.seconds + options.warm_up_s))]
        servers, gateway_s = Cpu.now(), cpu_of(process.pid)
        waits = await _arrive(calls, rate)
        spent = {
            "cpu_ms_gateway": cpu_of(process.pid) - gateway_s,
            "cpu_ms_postgres": Cpu.now().postgres - servers.postgres,
            "cpu_ms_nats": Cpu.now().nats - servers.nats,
        }
        await ours.stop()
        spent["cpu_ms_worker"] = ours.cpu_s
    counted = [wait_ms for moment, wait_ms in waits if moment >= options.warm_up_s]
    return percentiles(counted) | {name: seconds * 1e3 / len(calls) for name, seconds in spent.items()}


async def _arrive(calls: Sequence[Call], rate: float) -> list[tuple[float, float]]:
    """Make calls at moments that are fixed beforehand; gives each one's moment in s and how long it took in ms."""
    rng, loop = Random(SEED), asyncio.get_running_loop()
    began, moment = loop.time(), 0.0
    waits: list[tuple[float, float]] = []
    turn = asyncio.Semaphore(_AT_ONCE)

    async def call(make: Call, moment: float) -> None:
        async with turn:
            await make()
        waits.append((moment, (loop.time() - began - moment) * 1e3))

    async with asyncio.TaskGroup() as calling:
        for make in calls:
            moment += rng.expovariate(rate)
            await asyncio.sleep(began + moment - loop.time())
            calling.create_task(call(make, moment))
    return waits


@asynccontextmanager
async def _served(endpoints: Endpoints, folder: Path) -> AsyncIterator[tuple[str, Process]]:
    """`claims gateway` as a process of its own; gives its address."""
    settings, me = gateway_settings(folder), os.getpid()
    keys = {"CLAIMS_GATEWAY_KEY": str(settings.gateway_key), "CLAIMS_PERSONS_KEY": str(settings.persons_key)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra", "gateway", "--listen", "127.0.0.1:0", "--json"),
        env=environment(endpoints) | keys,
        stdout=PIPE,
        preexec_fn=lambda: die_with_parent(signal.SIGKILL, me),
    )
    if process.stdout is None:
        raise AssertionError("no pipe to the gateway")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _STARTS_WITHIN_S)
        yield json.loads(line)["url"], process
    finally:
        process.terminate()
        await process.wait()
