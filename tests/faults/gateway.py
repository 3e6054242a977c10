"""Gateway, workers and NATS killed while hospitals' programs speak the national interface over HTTP.

The programs repeat what was not answered under the same msgid, and take back by 2601 what they gave up: in the end the
ledger has each of their stays once, with the amounts that they were told, and 3201 agrees with their books.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random

import asyncpg
import httpx
import orjson

from events.county_time import county_day
from events.store.journal import database_time
from infra.embedded.nats import NatsServer
from infra.embedded.postgres import PostgresServer
from infra.http.address import Address
from infra.operations.settle import at_work
from infra.postgres.engine import migrate
from infra.sandbox.county import HOSPITALS, REGION
from infra.sandbox.preparation import prepare_county, sandbox_keys
from infra.settings import Settings
from infra.worker.worker import worker
from tests import facts
from tests.faults.harness import INTAKE_TAKEN, Figures, Given, publish, read_books, until_quiet
from tests.faults.hospitals import HospitalBook, StubbornHis, take_stays
from tests.faults.supervisor import Supervised
from tests.program import eventually

PROGRAMS_AT_EACH = 2
GOES_ON_WITHIN_S = 180.0
PARTITIONS = 3
_STATEMENTS = """
SELECT person_id, total, (SELECT coalesce(sum((layer ->> 1)::bigint), 0) FROM jsonb_array_elements(layers) layer) funds
FROM projections.statements WHERE status = 'settled'
"""
_ADMISSIONS = "SELECT admission_id, cancelled FROM projections.admissions"


@dataclass
class GatewayRound:
    """What is killed, and what the hospitals were told."""

    draw: Random
    given: Given
    broker: NatsServer
    gateway: Supervised
    workers: list[Supervised]
    programs: list[tuple[StubbornHis, HospitalBook]]
    today: date
    faults: Counter[str] = field(default_factory=Counter)

    async def gateway_killed(self) -> None:
        self.gateway.kill()
        await self.gateway.started_again()

    async def worker_killed(self) -> None:
        one = self.draw.choice(self.workers)
        one.kill()
        await one.started_again()

    async def nats_killed(self) -> None:
        self.broker.kill()
        await asyncio.sleep(self.draw.uniform(0, 1))
        await self.broker.restart()

    async def all_killed(self) -> None:
        starts = [(each, each.starts) for each in (self.gateway, *self.workers)]
        for each, _ in starts:
            each.kill()
        await self.nats_killed()
        await eventually(lambda: all(each.starts > before and each.is_ready() for each, before in starts))

    @property
    def answered(self) -> int:
        """How many settlements and reversals the hospitals were told of."""
        return sum(len(book.rows) for _, book in self.programs)

    @property
    def repeats(self) -> int:
        return sum(his.repeats for his, _ in self.programs)

    async def run(self, people: list[str], faults: int, log: Callable[[str], None]) -> Figures:
        """Stays of all people, and meanwhile the faults, each once more has been answered since the one before."""
        left = iter(people)
        seed = self.draw.random()
        treating = [
            asyncio.create_task(take_stays(his, book, Random(f"{seed} {number}"), left))
            for number, (his, book) in enumerate(self.programs)
        ]
        try:
            step = len(people) // (2 * faults)  # answers between two faults, so that they come all along
            await self._break(faults, step, log, lambda: any(each.done() for each in treating))
            await asyncio.wait_for(asyncio.gather(*treating), GOES_ON_WITHIN_S)
        finally:
            for each in treating:
                each.cancel()
            await asyncio.gather(*treating, return_exceptions=True)
        return await self._compare(len(people))

    async def _break(self, faults: int, step: int, log: Callable[[str], None], ended: Callable[[], bool]) -> None:
        kinds = [self.gateway_killed, self.worker_killed, self.nats_killed, self.all_killed]
        deck: list[Callable[[], Awaitable[None]]] = []
        while len(deck) < faults:
            deck += self.draw.sample(kinds, len(kinds))
        for fault in deck[:faults]:
            await self._answers(self.answered + step, ended)
            if ended():  # all is done, or a program has met what it can't go on from: that shows below
                return
            await asyncio.sleep(self.draw.uniform(0, 0.3))
            await fault()
            self.faults[fault.__name__] += 1
            log(f"  {fault.__name__}: {self.answered} answered, {self.repeats} calls repeated")

    async def _answers(self, wanted: int, ended: Callable[[], bool]) -> None:
        """Wait until so many have been answered, or nothing more will be."""
        await eventually(
            lambda: self.answered >= wanted or ended(),
            lambda: f"{self.answered} of {wanted} answered",
            GOES_ON_WITHIN_S,
        )

    async def _compare(self, people: int) -> Figures:
        connection = await asyncpg.connect(self.given.database_url, ssl=False)
        try:
            await until_quiet(self.given.database_url, await connection.fetchval(INTAKE_TAKEN))
            claims: dict[str, list[tuple[int, int]]] = {}
            for row in await connection.fetch(_STATEMENTS):
                claims.setdefault(row["person_id"], []).append((row["total"], int(row["funds"])))
            stays = {row["admission_id"]: row["cancelled"] for row in await connection.fetch(_ADMISSIONS)}
        finally:
            await connection.close()
        told: dict[str, tuple[int, int]] = {}
        admitted: dict[str, bool] = {}
        for _, book in self.programs:
            admitted |= {id_: id_ in book.cancelled for id_ in book.admitted}
            for row in book.standing.values():
                told[row["psn_no"]] = int(row["medfee_sumamt"] * 100), int(row["fund_pay_sumamt"] * 100)
        books = await read_books(self.given.database_url)
        lost = sum(amounts not in claims.get(person, []) for person, amounts in told.items())
        lost += sum(stays.get(id_) != cancelled for id_, cancelled in admitted.items())
        doubled = sum(len(found) - (person in told) for person, found in claims.items()) + len(stays.keys() - admitted)
        return Figures(people, lost, doubled + books.decided_twice, differing=await self._unreconciled())

    async def _unreconciled(self) -> int:
        """At how many hospitals 3201 does not agree with what they were told."""
        books: dict[str, HospitalBook] = {}
        for his, book in self.programs:
            books.setdefault(his.code, HospitalBook()).rows.update(book.rows)
        programs = {his.code: his for his, _ in self.programs}
        return sum(
            [
                (await programs[code].call("3201", {"data": book.stated(self.today)}))["stmtinfo"]["stmt_rslt"] != "0"
                for code, book in books.items()
                if book.rows
            ]
        )


@asynccontextmanager
async def hospitals_at_work(seed: int, folder: Path, people: list[str]) -> AsyncIterator[GatewayRound]:
    """The sandbox's county with these people insured; two workers and a gateway, started again whenever they end."""
    gateway_key, persons_key = folder / "gateway.key", folder / "persons.key"
    settings = Settings(data_dir=folder, partitions=PARTITIONS, gateway_key=gateway_key, persons_key=persons_key)
    database, broker = PostgresServer(folder / "postgres"), NatsServer(folder / "nats")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.stop)
        stack.push_async_callback(broker.stop)
        database_url, nats_url = await database.start(), await broker.start()
        await migrate(database_url)
        keys = sandbox_keys(settings)
        async with worker(database_url, nats_url, settings) as ours, at_work(ours):
            await prepare_county(ours, settings, keys, [])
            async with ours.engine.connect() as connection:
                today = county_day(await database_time(connection))
            insured = [orjson.dumps(facts.enrol(person, today.year, REGION)) for person in people]
            await until_quiet(database_url, await publish(nats_url, insured))
        named = {
            "CLAIMS_PARTITIONS": f"{PARTITIONS}",
            "CLAIMS_GATEWAY_KEY": f"{gateway_key}",
            "CLAIMS_PERSONS_KEY": f"{persons_key}",
        }
        given = Given(database_url, nats_url, named)
        workers = [
            await stack.enter_async_context(Supervised.started(given, folder / f"worker{number}.log", number))
            for number in (1, 2)
        ]
        with Address("127.0.0.1", 0).bound() as free:
            at = f"127.0.0.1:{free.getsockname()[1]}"
        command = ("gateway", "--listen", at, "--json")
        gateway = await stack.enter_async_context(
            Supervised.started(given, folder / "gateway.log", 0, command=command, says='"url"')
        )
        client = await stack.enter_async_context(httpx.AsyncClient())
        programs = [
            (StubbornHis(client, f"http://{at}", each.code, today), HospitalBook())
            for each in HOSPITALS
            for _ in range(PROGRAMS_AT_EACH)
        ]
        yield GatewayRound(Random(seed), given, broker, gateway, workers, programs, today)


def patients(count: int) -> list[str]:
    """Numbers of persons, none of whom the sandbox has."""
    return [f"N{REGION}C{number:05d}" for number in range(count)]
