"""What a worker does about streams: it makes lost ones anew, says so, and keeps its lanes where none is lost."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from infra.access.mailboxes import open_mailbox
from infra.access.sources import Source
from infra.messaging import stream_recovery
from infra.messaging.publisher import PublishedEvents, chunks
from infra.messaging.sender import Outgoing, publish_all
from infra.messaging.streams import INTAKE, has_stream
from infra.operations.quiescence import until_quiet
from infra.operations.settle import at_work
from infra.settings import Settings
from infra.worker.shares import Share
from infra.worker.worker import Worker, worker
from processors.delivery.names import ANSWERS, RUNS
from processors.delivery.position import all_positions
from processors.delivery.superseded_runs import supersede_open_runs
from processors.pipeline import recovery
from processors.pipeline.recovery import begin_runs_anew
from processors.proof.verify import verify
from tests import facts
from tests.program import BOUND_S, eventually

STREAMS = (INTAKE, RUNS, ANSWERS)


async def send(ours: Worker, *events: object) -> list[int]:
    bodies = [orjson.dumps(event) for event in events]
    (chunk,) = chunks("events", bodies, 1_000_000, PublishedEvents())
    return await publish_all(ours.broker.connection, chunk)


async def taken(ours: Worker) -> int:
    async with ours.engine.connect() as connection:
        return (await all_positions(connection)).get(("intake", 0), 0)


async def has_taken(ours: Worker, place: int) -> bool:
    return await taken(ours) >= place


async def test_intake_lost_before_any_layer_ran_is_fenced_and_told(
    database: str, nats_url: str, server_folder: Path
) -> None:
    alone = Share(only=frozenset({"intake"}))
    async with worker(database, nats_url, Settings(data_dir=server_folder), alone) as ours:
        async with at_work(ours):
            places = await send(ours, facts.hospital(), facts.enrol())
            await eventually(lambda: has_taken(ours, places[-1]))
        await ours.broker.connection.jetstream().delete_stream(INTAKE)
        with capture_logs() as logs:
            await ours.recover_streams()
        assert await taken(ours) == places[-1] + 1, "who still holds the lost events is fenced"
        told = [each for each in logs if each["event"].startswith("INTAKE was lost")]
        assert [(each["log_level"], each["behind"]) for each in told] == [("warning", places[-1] + 1)]
        assert await send(ours, facts.enrol("P2")) == [places[-1] + 2]


async def test_a_new_ledger_is_not_told_that_it_lost_intake(database: str, nats_url: str, server_folder: Path) -> None:
    with capture_logs() as logs:
        async with worker(database, nats_url, Settings(data_dir=server_folder)) as ours:
            assert await taken(ours) == 0
    assert [each for each in logs if each["log_level"] == "warning"] == []


async def test_lanes_are_kept_where_only_a_consumer_is_gone(database: str, nats_url: str, server_folder: Path) -> None:
    async with worker(database, nats_url, Settings(data_dir=server_folder)) as ours, at_work(ours):
        await until_quiet(ours.engine, await send(ours, facts.hospital(), facts.enrol(), *facts.stay(1)))
        owner, lanes = ours.locks.connection, set(ours.owned)
        ours._failed(ours.owned["intake.0"], NotFoundError())  # as where the server answered late
        js = ours.broker.connection.jetstream()
        for name in ("basic.0", "intake.0"):
            await js.delete_consumer(ours.owned[name].stream, ours.owned[name].durable)
        async with asyncio.timeout(30):
            await until_quiet(ours.engine, await send(ours, *facts.stay(2)))
        assert owner is not None
        assert (ours.locks.connection, set(ours.owned), ours.streams_missed) == (owner, lanes, False)
        async with ours.engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM projections.statements"))).scalar_one() == 2


async def test_a_hospital_hears_its_answers_after_the_store_was_lost(
    database: str, nats_url: str, server_folder: Path
) -> None:
    hospital = Source("hospital", "H1")
    stay = facts.stay(1)
    async with worker(database, nats_url, Settings(data_dir=server_folder)) as ours, at_work(ours):
        js = ours.broker.connection.jetstream()
        await open_mailbox(ours.engine, js, hospital)
        await until_quiet(ours.engine, await send(ours, facts.hospital(), facts.enrol(), *stay))
        for stream in STREAMS:
            await js.delete_stream(stream)
        async with asyncio.timeout(30):
            await eventually(lambda: is_there(ours))
            await until_quiet(ours.engine, await send(ours, stay[-1]))  # repeated: the answer is given again
        mailbox = await js.pull_subscribe_bind(hospital.mailbox, stream=ANSWERS)
        answer: dict[str, Any] = {"type": ""}
        while not answer["type"].startswith("claim."):  # intake may send the admission's acceptance again, first
            [message] = await mailbox.fetch(1, timeout=BOUND_S)
            answer = orjson.loads(message.data)
        assert answer["data"]["claim_id"] == stay[-1]["data"]["claim_id"]


async def is_there(ours: Worker) -> bool:
    """Whether the worker has made all streams anew, and stands at them."""
    js = ours.broker.connection.jetstream()
    return not ours.streams_missed and bool(ours.owned) and all([await has_stream(js, each) for each in STREAMS])


class Gate:
    """Holds the first worker that arrives, until it is opened."""

    def __init__(self) -> None:
        self.reached, self._open = asyncio.Event(), asyncio.Event()

    async def pass_(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self._open.wait()

    def open(self) -> None:
        self._open.set()


async def in_flight_without_runs(ours: Worker) -> None:
    """Two stays stand open behind intake, and RUNS is gone."""
    places = await send(ours, *facts.stay(2), *facts.stay(3))
    await eventually(lambda: has_taken(ours, places[-1]))
    await ours.broker.connection.jetstream().delete_stream(RUNS)


async def settled_in_the_end(database: str, nats_url: str, settings: Settings, claims: set[str]) -> None:
    """A worker settles these claims, one that comes later, and the books hold."""
    async with worker(database, nats_url, settings) as ours, at_work(ours), asyncio.timeout(BOUND_S):
        await until_quiet(ours.engine, await send(ours, *facts.stay(9)))
        async with ours.engine.connect() as connection:
            found = await connection.execute(text("SELECT claim_id FROM projections.statements"))
            assert set(found.scalars()) == claims | {"C9"}
        report = await verify(ours.engine)
        assert (report.problems, report.skipped) == ([], 0)


@pytest.mark.parametrize("ended", [False, True], ids=["wakes up in time", "its session was ended"])
async def test_of_two_who_make_the_streams_anew_one_falls_asleep_in_the_middle(
    database: str, nats_url: str, server_folder: Path, monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    settings, gate = Settings(data_dir=server_folder), Gate()
    supersede = supersede_open_runs

    async def supersede_behind_the_gate(*given: Any) -> None:
        await gate.pass_()
        await supersede(*given)

    async with worker(database, nats_url, settings) as ours, at_work(ours):
        await until_quiet(ours.engine, await send(ours, facts.hospital(), facts.enrol(), *facts.stay(1)))
    async with worker(database, nats_url, settings, Share(only=frozenset({"intake"}))) as ours:
        async with at_work(ours):
            await in_flight_without_runs(ours)
        monkeypatch.setattr(recovery, "supersede_open_runs", supersede_behind_the_gate)
        first = asyncio.create_task(ours.recover_streams())
        await gate.reached.wait()
        second = asyncio.create_task(ours.recover_streams())
        await eventually(lambda: waits_for_a_row(ours))
        if ended:  # as the server does in time with who asks nothing in a transaction
            async with ours.engine.connect() as connection:
                await connection.execute(text(SLEEPERS_END))
        gate.open()
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
        assert [isinstance(outcome, DBAPIError) for outcome in outcomes] == [ended, False]
    await settled_in_the_end(database, nats_url, settings, {"C1", "C2", "C3"})


SLEEPERS_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction' AND pid <> pg_backend_pid()
"""


async def waits_for_a_row(ours: Worker) -> bool:
    async with ours.engine.connect() as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool((await connection.execute(text(waiting))).scalar_one())


async def test_who_wakes_up_after_another_has_made_the_streams_changes_nothing(
    database: str, nats_url: str, server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, gate = Settings(data_dir=server_folder), Gate()
    begin = begin_runs_anew

    async def begin_behind_the_gate(*given: Any) -> int:
        await gate.pass_()
        return await begin(*given)

    async with worker(database, nats_url, settings) as ours, at_work(ours):
        await until_quiet(ours.engine, await send(ours, facts.hospital(), facts.enrol(), *facts.stay(1)))
    async with worker(database, nats_url, settings, Share(only=frozenset({"none"}))) as sleeper:
        await sleeper.broker.connection.jetstream().delete_stream(RUNS)
        monkeypatch.setattr(stream_recovery, "begin_runs_anew", begin_behind_the_gate)
        asleep = asyncio.create_task(sleeper.recover_streams())
        await gate.reached.wait()
        async with worker(database, nats_url, settings) as ours, at_work(ours):
            await until_quiet(ours.engine, await send(ours, *facts.stay(2)))
            gate.open()
            await asleep
            await until_quiet(ours.engine, await send(ours, *facts.stay(3)))
    await settled_in_the_end(database, nats_url, settings, {"C1", "C2", "C3"})


def test_no_file_speaks_for_the_ledger() -> None:
    order = {"type": "resettlement.ordered.v1", "source": "ledger/claims", "id": "1", "data": {}}
    published = PublishedEvents()
    lines = [orjson.dumps(facts.enrol()), orjson.dumps(order), b"", b"x" * 99_999, orjson.dumps(facts.hospital())]
    sent: list[Outgoing] = [message for chunk in chunks("f", lines, 9_999, published) for message in chunk]
    assert [message.subject.split(".")[2] for message in sent] == ["bureau", "bureau"]
    assert [line.split(" ")[0] for line in published.unusable] == ["f:2:", "f:4:"]
