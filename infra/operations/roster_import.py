"""Imports a department's list: compares it with the ledger, publishes what it changes, and records the import."""

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
from processors.rosters.histories import ever_enrolled, load_histories
from processors.rosters.imports import ConcurrentImport, ListImport, load_imports, newest_period, record_import
from processors.rosters.list_comparison import ListComparison, ListReceipt, compare_list, event_of
from processors.rosters.lists import RosterList

IMPORT_LOCK = 7_310_116
"""Advisory lock: one list is imported at a time."""


class RefusedList(RuntimeError):
    """A list that is not imported at all: it looks cut off, or it is older than one that was imported."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a list would change.

    ``unknown`` are listed persons who are not in the ledger; ``lists`` counts the imports that were known.
    """

    comparison: ListComparison
    unknown: list[str]
    lists: int


async def preview(
    connection: AsyncConnection, read: RosterList, receipt: ListReceipt, *, allow_shrink: bool
) -> Preview:
    """Compare a list with the ledger. Raises ``RefusedList``."""
    newest = await newest_period(connection, receipt.source)
    if newest is not None and receipt.period < newest:
        raise RefusedList(
            f"已接收 {newest} 的名单，较早的名单会覆盖它；请在新名单中写明生效日期 "
            f"a list of {newest} has been taken, which one of {receipt.period} would undo: "
            "state the dates in the newest list instead"
        )
    persons = {person_id for person_id, _ in read.listed}
    # Counted before the histories are read: a list that is imported in between is then noticed when this is recorded.
    lists = len(await load_imports(connection))
    histories = await load_histories(connection, receipt.source, persons)
    comparison = compare_list(read, histories, receipt)
    if not allow_shrink and comparison.cut_off_reason is not None:
        raise RefusedList(
            f"{comparison.cut_off_reason}；被截断的文件不得取消贫困身份，核实后加 --allow-shrink "
            "a cut-off file must not take poverty status from people: check it, then give --allow-shrink"
        )
    known = await ever_enrolled(connection, persons) | {person_id for person_id, _ in histories}
    return Preview(comparison, sorted(persons - known), lists)


async def import_list(
    endpoints: Endpoints,
    settings: Settings,
    read: RosterList,
    receipt: ListReceipt,
    *,
    sha256: str,
    allow_shrink: bool,
    actor: str,
) -> Preview:
    """Import a list; ``sha256`` is its file's, in hex. Raises ``RefusedList``.

    Beside a running ``claims up`` this returns when intake has taken the events; ``claims up`` settles what follows.
    With other servers this process settles it, and returns when all is settled.
    """
    async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours, _import_lock(ours.engine):
        shared = not endpoints.owned and settings.external is None
        async with nullcontext() if shared else at_work(ours):
            while True:
                found, published = await _publish(ours, read, receipt, allow_shrink=allow_shrink, actor=actor)
                if not shared:
                    await until_quiet(ours.engine, published.sequences)
                # Last: a list is recorded as imported when all that it changes is in the ledger.
                try:
                    await record_import(
                        ours.engine, ListImport(receipt, sha256, actor, read, found.comparison), found.lists
                    )
                except ConcurrentImport:
                    continue
                return found


@asynccontextmanager
async def _import_lock(engine: AsyncEngine) -> AsyncIterator[None]:
    """Import one list at a time. Raises ``RefusedList`` beside another import.

    Of two lists that are compared before either is published, one would end what the other says.
    """
    async with connected(engine) as connection:
        [row] = await fetch_text(connection, "SELECT pg_try_advisory_lock($1) AS ours", [IMPORT_LOCK])
        if not row["ours"]:
            raise RefusedList("另一份名单正在导入，请稍后再试 another list is being taken in: try again after it")
        try:
            yield
        finally:
            await fetch_text(connection, "SELECT pg_advisory_unlock($1)", [IMPORT_LOCK])


async def _publish(
    ours: Worker, read: RosterList, receipt: ListReceipt, *, allow_shrink: bool, actor: str
) -> tuple[Preview, PublishedEvents]:
    """Compare a list with the ledger and publish what it changes; returns when intake has taken that."""
    client = ours.broker.connection
    # What was sent before must be in the ledger before the list is compared with it.
    await until_taken(ours.engine, await _last_sent(client))
    async with ours.engine.connect() as connection:
        found = await preview(connection, read, receipt, allow_shrink=allow_shrink)
    published = PublishedEvents()
    lines = b"\n".join(orjson.dumps(event_of(change, receipt, actor)) for change in found.comparison.changes)
    async for _ in publish_file(client, "roster", io.BytesIO(lines), published):
        pass
    await until_taken(ours.engine, max(published.sequences, default=0))
    return found, published


async def _last_sent(client: Client) -> int:
    return int((await client.jetstream().stream_info(INTAKE)).state.last_seq)
