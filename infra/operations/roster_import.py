"""Brings a department's list into the ledger: compared, published as its department's events, settled."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

import orjson
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.driver import connected, fetch_text
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.messaging.streams import INTAKE
from infra.operations.quiescence import until_quiet, until_taken
from infra.operations.settle import at_work
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import Worker, worker
from processors.rosters.comparison import Comparison, Handed, compare, event_of
from processors.rosters.histories import ever_enrolled, load_histories
from processors.rosters.imports import Import, Overtaken, imports, newest_period, record
from processors.rosters.lists import RosterList

IMPORT_LOCK = 7_310_116
"""Advisory lock: one list is taken in at a time."""


class RefusedList(RuntimeError):
    """A list that is not taken at all: cut off as it seems, or older than one that was taken."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a list would change, the listed persons whom the ledger has never heard of, and how many lists it knows."""

    comparison: Comparison
    unknown: list[str]
    lists: int


async def preview(connection: AsyncConnection, read: RosterList, handed: Handed, *, allow_shrink: bool) -> Preview:
    """Hold a list against the ledger. Raises ``RefusedList``."""
    newest = await newest_period(connection, handed.source)
    if newest is not None and handed.period < newest:
        raise RefusedList(
            f"已接收 {newest} 的名单，较早的名单会覆盖它；请在新名单中写明生效日期 "
            f"a list of {newest} has been taken, which one of {handed.period} would undo: "
            "state the dates in the newest list instead"
        )
    persons = {person_id for person_id, _ in read.listed}
    lists = len(await imports(connection))  # first: one that comes in between is told from those by its number
    histories = await load_histories(connection, handed.source, persons)
    comparison = compare(read, histories, handed)
    if not allow_shrink and comparison.shrinks is not None:
        raise RefusedList(
            f"{comparison.shrinks}；被截断的文件不得取消贫困身份，核实后加 --allow-shrink "
            "a cut-off file must not take poverty status from people: check it, then give --allow-shrink"
        )
    known = await ever_enrolled(connection, persons) | {person_id for person_id, _ in histories}
    return Preview(comparison, sorted(persons - known), lists)


async def import_list(
    endpoints: Endpoints,
    settings: Settings,
    read: RosterList,
    handed: Handed,
    *,
    sha256: str,
    allow_shrink: bool,
    actor: str,
) -> Preview:
    """Take a list in; ``sha256`` is its file's, in hex. Raises ``RefusedList``.

    With servers of our own, or given ones, this process settles what follows; beside a running ``claims up`` that one
    does, and this returns when the events are taken.
    """
    async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours, _alone(ours.engine):
        shared = not endpoints.owned and settings.external is None
        async with nullcontext() if shared else at_work(ours):
            while True:
                found, published = await _publish(ours, read, handed, allow_shrink=allow_shrink, actor=actor)
                if not shared:
                    await until_quiet(ours.engine, published.sequences)
                # last: a list is noted as taken when all that it changes is in the ledger
                try:
                    await record(ours.engine, Import(handed, sha256, actor, read, found.comparison), found.lists)
                except Overtaken:
                    continue
                return found


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[None]:
    """One list is taken in at a time: of two that are compared before either is published, one would end what the
    other says. Raises ``RefusedList`` beside another."""
    async with connected(engine) as connection:
        [row] = await fetch_text(connection, "SELECT pg_try_advisory_lock($1) AS ours", [IMPORT_LOCK])
        if not row["ours"]:
            raise RefusedList("另一份名单正在导入，请稍后再试 another list is being taken in: try again after it")
        try:
            yield
        finally:
            await fetch_text(connection, "SELECT pg_advisory_unlock($1)", [IMPORT_LOCK])


async def _publish(
    ours: Worker, read: RosterList, handed: Handed, *, allow_shrink: bool, actor: str
) -> tuple[Preview, PublishedEvents]:
    """Hold a list against the ledger and publish what it changes; returns when intake has taken that."""
    client = ours.broker.connection
    # what was sent before must be in the ledger before the list is held against it
    await until_taken(ours.engine, await _last_sent(client))
    async with ours.engine.connect() as connection:
        found = await preview(connection, read, handed, allow_shrink=allow_shrink)
    published = PublishedEvents()
    lines = b"\n".join(orjson.dumps(event_of(change, handed, actor)) for change in found.comparison.changes)
    async for _ in publish_file(client, "roster", io.BytesIO(lines), published):
        pass
    await until_taken(ours.engine, max(published.sequences, default=0))
    return found, published


async def _last_sent(client: Client) -> int:
    return int((await client.jetstream().stream_info(INTAKE)).state.last_seq)
