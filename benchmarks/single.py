"""What is measured over a ledger that is settled: rebuild, verify, a simulation, and the engine alone."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.bench import Bench
from benchmarks.servers import engine_on
from benchmarks.throughput import CORES, SETTLED, throughput
from benchmarks.whatif import measured_over
from infra.worker.proof_workers import prove
from policies.engine import settle
from policies.reform import read_reform
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.state import load_histories
from processors.proof.rebuild import rebuild as rebuild_projections
from projections.persons import persons

LINE = Path(__file__).parents[1] / "docs" / "examples" / "line.yaml"
"""The reform that is simulated."""


async def _settle_once(bench: Bench) -> None:
    """Let a throughput run leave its ledger, where none did before: the one over all cores keeps it."""
    if SETTLED not in bench.server_templates.ready:
        await throughput(bench, CORES)


@asynccontextmanager
async def _settled(bench: Bench) -> AsyncIterator[AsyncEngine]:
    """An engine on the ledger that a throughput run left."""
    await _settle_once(bench)
    async with bench.server_templates.running(SETTLED) as endpoints, engine_on(endpoints.database_url) as engine:
        yield engine


async def rebuild(bench: Bench) -> None:
    """`claims rebuild` of all projections: entries of the ledger a second."""
    async with _settled(bench) as engine:
        bench.note("rebuild", await rebuild_rate(engine))


async def rebuild_rate(engine: AsyncEngine) -> float:
    """Entries of the ledger a second, of a rebuild that finds nothing to mend."""
    began = time.monotonic()
    report = await rebuild_projections(engine)
    seconds = time.monotonic() - began
    wrong = [compared.projection for compared in report.projections if compared.found]
    if wrong:
        raise RuntimeError(f"the projections differ from the ledger: {', '.join(wrong)}")
    return report.entries / seconds


async def verify(bench: Bench) -> None:
    """`claims verify`: claims a second, chains and all."""
    await _settle_once(bench)
    async with bench.server_templates.running(SETTLED) as endpoints:
        bench.note("verify", await verify_rate(endpoints.database_url))


async def verify_rate(database_url: str) -> float:
    """Claims a second, of a proof that holds."""
    began = time.monotonic()
    report = await prove(database_url)
    seconds = time.monotonic() - began
    if not report.holds:
        raise RuntimeError(f"the books do not hold: {report.problems[:3]}")
    return report.claims / seconds


async def whatif(bench: Bench) -> None:
    """`claims whatif` with another line for the poor, facts kept: claims a second, each under both laws."""
    await _settle_once(bench)
    reforms = [read_reform(LINE.read_bytes(), LINE.name)]
    with TemporaryDirectory() as folder:
        async with bench.server_templates.running(SETTLED) as endpoints:
            found = await measured_over(endpoints.database_url, Path(folder), reforms, CORES)
    if found["unlike"]:
        raise RuntimeError(f"of {found['unlike']} persons the books are not what settling anew gives")
    bench.note("whatif", found["whatif_claims_per_s"])


async def engine_alone(bench: Bench) -> None:
    """The pure engine over every person's claims, held in memory: claims a second."""
    async with _settled(bench) as engine, engine.connect() as connection:
        ids = set((await connection.execute(select(persons.c.person_id))).scalars())
        state = await load_histories(connection, ids)
        schemes = await PinnedSchemes().require(connection, {claim.scheme for claim in state.claims.values()})
    histories = [list(claims.values()) for claims in state.by_person.values()]
    began = time.process_time()
    settled = sum(len(settle(schemes, history)[0]) for history in histories)
    bench.note("engine", settled / (time.process_time() - began))
