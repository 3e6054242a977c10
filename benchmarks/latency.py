"""From a discharge's appointed moment to its answer on ANSWERS, at a given rate.

The load is open: arrivals are a Poisson process whose moments are fixed beforehand from a seed, and each wait counts
from that moment, so that a stall is borne by all who arrive while it lasts. One worker process; admissions came before.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random
from statistics import quantiles
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, DeliverPolicy

from benchmarks.bench import Bench
from benchmarks.load import CLAIMS_PER_STAY, Line, bodies, make_load, type_of
from benchmarks.servers import engine_on, settle
from benchmarks.worker_processes import WorkerProcesses, environment, start_workers
from infra.embedded.process import die_with_parent
from infra.messaging.broker import connect_broker
from infra.messaging.publisher import subject_of
from infra.servers import Endpoints
from policies.loader import SCHEMES, load_text
from processors.law.adoption import adopt_schemes

SEED = 11
BULK_CLAIMS = 4_000
"""Settled before, for the re-settlement beside."""
BESIDE_RATE = 50
SCHEME = "shanggao"
_RATIO = b"{tier: 2, value: 80%,"
"""What the new texts of the scheme change: basic's ratio at county hospitals, where two of five stays are."""
ANSWERED_S = 60.0


class Arrivals:
    """Discharges sent at their moments, and when the answer to each came."""

    def __init__(self, client: Client, discharges: Sequence[dict[str, Any]], rate: float) -> None:
        rng = Random(SEED)
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._messages = [(str(sent["data"]["claim_id"]), orjson.dumps(sent)) for sent in discharges]
        self.moments: list[float] = []
        moment = 0.0
        for _ in self._messages:
            moment += rng.expovariate(rate)
            self.moments.append(moment)
        self.began = 0.0
        self.answered: dict[str, float] = {}
        self.other: list[str] = []
        self.payout_lags_ms: list[float] = []

    async def hear_payout(self, message: Msg) -> None:
        """A booking came to its payer: how long after the transaction that booked it had begun."""
        booked_at = datetime.fromisoformat(orjson.loads(message.data)["data"]["booked_at"])
        self.payout_lags_ms.append((datetime.now(UTC) - booked_at).total_seconds() * 1e3)

    async def hear(self, message: Msg) -> None:
        """An answer came."""
        now = self._loop.time()
        event = orjson.loads(message.data)
        if event["type"] == "claim.settled.v1":
            self.answered.setdefault(event["data"]["claim_id"], now)
        elif event["type"] != "claim.resettled.v1":
            self.other.append(event["type"])

    async def send(self) -> None:
        """Send every discharge at its moment, whether the ones before were answered or not."""
        self.began = self._loop.time()
        async with asyncio.TaskGroup() as publishing:
            for (_, body), moment in zip(self._messages, self.moments, strict=True):
                await asyncio.sleep(self.began + moment - self._loop.time())
                publishing.create_task(self._client.request(subject_of(body), body, timeout=ANSWERED_S))

    def waits_ms(self, start: float, end: float) -> list[float]:
        """How long those waited who arrived between two moments; raises where one was never answered."""
        waits = []
        for (claim_id, _), moment in zip(self._messages, self.moments, strict=True):
            if start <= moment < end:
                if claim_id not in self.answered:
                    raise RuntimeError(f"{claim_id} was not answered; other answers: {self.other[:5]}")
                waits.append((self.answered[claim_id] - self.began - moment) * 1e3)
        return waits

    @property
    def missing(self) -> int:
        """How many are not answered yet."""
        return len(self._messages) - len(self.answered)


async def latency(bench: Bench, rate: int) -> dict[str, float]:
    """p50, p95, p99 in ms at a rate, after the warm-up."""
    async with arriving(bench, rate) as (arrivals, _):
        await arrivals.send()
        await all_answered(arrivals)
        bench.figures[f"payout_lag_{rate}"] = percentiles(arrivals.payout_lags_ms)
    return percentiles(arrivals.waits_ms(bench.options.warm_up_s, float("inf")))


async def latency_beside_resettlement(bench: Bench) -> dict[str, float]:
    """The same at 50 a second, while settled claims are settled again under one new text after the other."""
    options = bench.options
    async with arriving(bench, BESIDE_RATE) as (arrivals, endpoints), engine_on(endpoints.database_url) as engine:
        sending = asyncio.create_task(arrivals.send())
        await asyncio.sleep(options.warm_up_s)
        claims, began = 0, asyncio.get_running_loop().time()
        percent = 80
        while not sending.done():
            percent = percent % 98 + 1
            text = (SCHEMES / f"{SCHEME}.yaml").read_bytes()
            changed = text.replace(_RATIO, b"{tier: 2, value: %d%%," % percent)
            if changed == text:
                raise RuntimeError(f"{SCHEME} has no {_RATIO.decode()} any more: choose another value to change")
            await adopt_schemes(engine, [load_text(changed, SCHEME)], "bench")
            claims += await _resettle(endpoints)
        seconds = asyncio.get_running_loop().time() - began
        await sending
        await all_answered(arrivals)
    waits = arrivals.waits_ms(options.warm_up_s, options.warm_up_s + options.seconds)
    return percentiles(waits) | {"claims_resettled_per_s": claims / seconds}


async def _resettle(endpoints: Endpoints) -> int:
    """`claims resettle`, as an operator calls it beside a running worker; returns how many claims it moved."""
    me = os.getpid()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra", "resettle", "--scheme", SCHEME),
        *("--from", "2000-01-01", "--actor", "bench", "--json"),
        stdout=asyncio.subprocess.PIPE,
        env=environment(endpoints),
        preexec_fn=lambda: die_with_parent(signal.SIGKILL, me),
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the re-settlement failed")
    return int(orjson.loads(out)["claims"])


@asynccontextmanager
async def arriving(bench: Bench, rate: int) -> AsyncIterator[tuple[Arrivals, Endpoints]]:
    """Arrivals at a rate over a small ledger, and its servers."""
    discharges = await prepare(bench)
    wanted = round(rate * (bench.options.seconds + bench.options.warm_up_s))
    if len(discharges) < wanted:
        raise RuntimeError(f"{len(discharges)} discharges for {wanted} arrivals")
    async with (
        bench.server_templates.running("latency") as endpoints,
        at_the_worker(endpoints, discharges[:wanted], rate) as (arrivals, ours),
    ):
        yield arrivals, endpoints
        await ours.stop()
        bench.figures["latency_cpu_s"] = ours.cpu_s


@asynccontextmanager
async def at_the_worker(
    endpoints: Endpoints, discharges: Sequence[dict[str, Any]], rate: float
) -> AsyncIterator[tuple[Arrivals, WorkerProcesses]]:
    """Discharges of persons who were admitted before, to be sent at a rate, and the one worker that settles them."""
    broker = connect_broker(endpoints.nats_url, None)
    await broker.start()
    try:
        arrivals = Arrivals(broker.connection, discharges, rate)
        async with start_workers(endpoints, 1) as ours:
            js = broker.connection.jetstream()
            for stream, hear in (("ANSWERS", arrivals.hear), ("PAYOUTS", arrivals.hear_payout)):
                await js.subscribe(
                    f"claims.{stream.lower()}.>",
                    stream=stream,
                    cb=hear,
                    ordered_consumer=True,
                    config=ConsumerConfig(deliver_policy=DeliverPolicy.NEW),
                )
            ours.tell("go")
            yield arrivals, ours
    finally:
        await broker.stop()


async def prepare(bench: Bench) -> list[dict[str, Any]]:
    """Servers that know the county, its first claims settled, the others admitted; returns the discharges to come."""
    options = bench.options
    most = round(max((BESIDE_RATE, *options.rates)) * (options.seconds + options.warm_up_s))
    load = make_load(BULK_CLAIMS + round(most * CLAIMS_PER_STAY * 1.1) + 100)
    count = 0
    cut = 0
    for cut, line in enumerate(load.work):  # noqa: B007 - the place of the cut is what is wanted
        count += type_of(line) in ("discharge.recorded.v1", "outpatient.recorded.v1")
        if count > BULK_CLAIMS:
            break
    bulk, rest = load.work[:cut], load.work[cut:]

    async def fill(endpoints: Endpoints) -> None:
        await settle(endpoints, bodies(load.base))
        await settle(endpoints, bodies(bulk))
        await settle(endpoints, bodies([line for line in rest if type_of(line) == "admission.recorded.v1"]))

    await bench.server_templates.prepare("latency", fill)
    return first_discharges(bulk, rest)


def first_discharges(bulk: Sequence[Line], rest: Sequence[Line]) -> list[dict[str, Any]]:
    """Discharges that will be accepted: each admission's first, none that waits for a reversal, none that is faulty."""
    told = {_admission(line) for line in bulk if type_of(line) == "discharge.recorded.v1"}
    admitted = {_admission(line) for line in (*bulk, *rest) if type_of(line) == "admission.recorded.v1"}
    cancelled = {_admission(line) for line in (*bulk, *rest) if type_of(line) == "admission.cancelled.v1"}
    chosen = []
    for line in rest:
        if type_of(line) != "discharge.recorded.v1" or not isinstance(line, dict):
            continue
        admission = _admission(line)
        sound = _is_sound(line) and admission in admitted - cancelled
        if sound and admission not in told:
            told.add(admission)
            chosen.append(line)
    return chosen


def _admission(line: Line) -> str:
    return str(line["data"].get("admission_id", "")) if isinstance(line, dict) else ""


def _is_sound(line: dict[str, Any]) -> bool:
    """Whether the claim is one of the county's own stays: its deliberate errors have names of their own."""
    claim_id = str(line["data"].get("claim_id", ""))
    return len(claim_id) == 7 and claim_id[0] == "C" and claim_id[1:].isdigit()


async def all_answered(arrivals: Arrivals) -> None:
    deadline = asyncio.get_running_loop().time() + ANSWERED_S
    while arrivals.missing and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - answers come one by one
        await asyncio.sleep(0.05)


def percentiles(waits: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(waits, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}
