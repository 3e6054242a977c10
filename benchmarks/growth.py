"""Throughput of the same new claims over ledgers of different sizes.

What is in the ledger before is other persons of the same county, so that nobody's own history grows with it: what is
measured is the size of tables and indexes.
"""

from benchmarks.bench import Bench
from benchmarks.load import bodies, make_load, renamed
from benchmarks.servers import engine_on, publish, settle
from benchmarks.single import rebuild_rate, verify_rate
from benchmarks.throughput import CORES, timed
from infra.servers import Endpoints

CHUNK_CLAIMS = 20_000


async def prepare(bench: Bench, size: int) -> str:
    """Servers with ``size`` settled claims and the new ones waiting in INTAKE; returns their name."""
    new = renamed(make_load(bench.options.growth_claims), "N")
    before = max((other for other in bench.options.growth if other < size), default=0)
    base = "growth-0"

    async def fill_base(endpoints: Endpoints) -> None:
        await settle(endpoints, bodies([*hospitals, *new.base]))

    hospitals = [line for line in make_load(100).base if isinstance(line, dict) and "hospital" in str(line["type"])]
    await bench.server_templates.prepare(base, fill_base)

    async def fill(endpoints: Endpoints) -> None:
        for place, start in enumerate(range(before, size, CHUNK_CLAIMS)):
            chunk = renamed(make_load(min(CHUNK_CLAIMS, size - start), seed=100 + place), f"G{before}-{place}-")
            await settle(endpoints, bodies([*chunk.base, *chunk.work]))

    async def fill_new(endpoints: Endpoints) -> None:
        await settle(endpoints, [])  # the streams are there
        await publish(endpoints.nats_url, bodies(new.work))

    await bench.server_templates.prepare(f"growth-{size}", fill, on=f"growth-{before}")
    await bench.server_templates.prepare(f"growth-{size}-new", fill_new, on=f"growth-{size}")
    return f"growth-{size}-new"


async def growth(bench: Bench, size: int) -> None:
    """One run over a ledger of a size, and what it takes to prove and to rebuild that."""
    async with bench.server_templates.running(await prepare(bench, size)) as endpoints:
        rate, peak_mb, _ = await timed(bench, endpoints, CORES)
        bench.note(f"growth_{size}", rate)
        bench.note(f"growth_{size}_peak_rss_mb", peak_mb)
        bench.note(f"growth_{size}_verify", await verify_rate(endpoints.database_url))
        async with engine_on(endpoints.database_url) as engine:
            bench.note(f"growth_{size}_rebuild", await rebuild_rate(engine))
