"""Imports a department's list: compares it with the ledger, publishes what it changes, and records the import."""

import io
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from events.store.advisory_locks import AdvisoryLock
from events.store.driver import connected, fetch_text
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.messaging.streams import INTAKE
from infra.operations.ledger_access import LedgerAccess
from infra.operations.quiescence import until_quiet, until_taken
from processors.rosters.histories import load_histories
from processors.rosters.imports import ConcurrentImport, ListImport, load_records, newest_period, record_import
from processors.rosters.list_comparison import (
    ListChange,
    ListComparison,
    ListReceipt,
    changes_digest,
    compare_list,
    event_of,
)
from processors.rosters.lists import RosterList
from processors.rosters.near_ids import hold_back, load_known_persons, near_ids


class RefusedList(RuntimeError):
    """A list that is not imported at all, such as one that looks cut off, or older than one that was imported."""


class SuspiciousList(RefusedList):
    """A list that looks cut off, or like another file; it is imported where its clerk says that it is right."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """What a clerk has checked: that the list does remove many persons, or does add many."""

    shrink: bool = False
    growth: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What a list would change; its rows of near ids are held back.

    ``unknown`` are listed persons who are not in the ledger; ``lists`` counts the records that were known.
    """

    comparison: ListComparison
    unknown: list[str]
    lists: int


async def preview(
    connection: AsyncConnection, read: RosterList, receipt: ListReceipt, allowed: Allowances = Allowances()
) -> Preview:
    """Compare a list with the ledger. Raises ``RefusedList``."""
    await _check_days(connection, receipt)
    newest = await newest_period(connection, receipt.source)
    if newest is not None and receipt.period < newest:
        raise RefusedList(
            f"已接收 {newest} 的名单，较早的名单会覆盖它；请在新名单中写明生效日期，误导入的可撤销（roster withdraw）。"
            f"A list of {newest} has been taken, which one of {receipt.period} would undo: "
            "state the dates in the newest list instead; one that was imported by mistake can be withdrawn"
        )
    persons = {person_id for person_id, _ in read.listed}
    # Counted before the histories are read: a list that is imported in between is then noticed when this is recorded.
    lists = len(await load_records(connection))
    known = await load_known_persons(connection, persons)
    hold_back(read, near_ids(persons, known))
    histories = await load_histories(connection, receipt.source, persons)
    comparison = compare_list(read, histories, receipt)
    if not allowed.shrink and comparison.cut_off_reason is not None:
        raise SuspiciousList(
            f"{comparison.cut_off_reason}；被截断的文件不得取消贫困身份，核实后加 --allow-shrink。"
            "A cut-off file must not take poverty status from people: check it, then give --allow-shrink"
        )
    if not allowed.growth and comparison.growth_reason is not None:
        raise SuspiciousList(
            f"{comparison.growth_reason}；请核实文件、月份和日期列，无误后加 --allow-growth。"
            "Check the file, its month and its dates, then give --allow-growth"
        )
    listed = {person_id for person_id, _ in read.listed}
    return Preview(comparison, sorted(listed - {*known.enrolled, *known.rostered}), lists)


async def _check_days(connection: AsyncConnection, receipt: ListReceipt) -> None:
    """Refuse a list of a month that has not begun, by the database's clock: no later list could come after it."""
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    today = now.astimezone(COUNTY_TIME).date()
    if receipt.period.first > today:
        raise RefusedList(f"{receipt.period} 尚未开始，请核对 --period。The month has not begun: check --period")
    if receipt.received_on > today:
        raise RefusedList(f"收到日期 {receipt.received_on} 晚于今天。--received lies after today, {today}")
    if receipt.effective_on.replace(day=1) > today:
        raise RefusedList(f"生效日期 {receipt.effective_on} 所在月份尚未开始。--effective-on is in a month not begun")


async def import_list(
    access: LedgerAccess,
    read: RosterList,
    receipt: ListReceipt,
    *,
    sha256: str,
    allowed: Allowances,
    actor: str,
    seen: str | None = None,
) -> Preview:
    """Import a list; ``sha256`` is its file's, in hex. Raises ``RefusedList``.

    ``seen`` is the digest of the changes that its clerk has seen: a list that changes anything else by now is refused.
    Where ``access`` settles this returns when all is settled; beside workers when intake has taken the events.
    """
    async with import_lock(access.engine):
        while True:
            found, published = await _publish(access, read, receipt, allowed, sha256=sha256, actor=actor, seen=seen)
            if access.settles:
                await until_quiet(access.engine, published.sequences)
            # Last: a list is recorded as imported when all that it changes is in the ledger.
            try:
                await record_import(
                    access.engine, ListImport(receipt, sha256, actor, read, found.comparison), found.lists
                )
            except ConcurrentImport:
                continue
            return found


def require_seen(changes: Sequence[ListChange], seen: str | None) -> None:
    """Refuse changes that are not those that were seen; None where nobody has looked. Raises ``RefusedList``."""
    if seen is not None and changes_digest(changes) != seen:
        raise RefusedList(
            "预览之后账本有变动，变动内容已不同，未办理，请重新预览。"
            "The ledger has moved since the preview, and the changes are others: nothing was taken, look again"
        )


@asynccontextmanager
async def import_lock(engine: AsyncEngine) -> AsyncIterator[None]:
    """Import or withdraw one list at a time. Raises ``RefusedList`` beside another import.

    Of two lists that are compared before either is published, one would end what the other says.
    """
    async with connected(engine) as connection:
        [row] = await fetch_text(
            connection, "SELECT pg_try_advisory_lock($1) AS ours", [AdvisoryLock.ROSTER_IMPORT.value]
        )
        if not row["ours"]:
            raise RefusedList("另一份名单正在导入，请稍后再试。Another list is being taken in: try again after it")
        try:
            yield
        finally:
            await fetch_text(connection, "SELECT pg_advisory_unlock($1)", [AdvisoryLock.ROSTER_IMPORT.value])


async def all_taken(access: LedgerAccess) -> None:
    """Wait until what was sent before is in the ledger: only then may a list be compared with it."""
    info = await access.client.jetstream().stream_info(INTAKE)
    await until_taken(access.engine, int(info.state.last_seq))


async def publish_changes(access: LedgerAccess, events: Iterable[dict[str, Any]]) -> PublishedEvents:
    """Publish a list's events; returns when intake has taken them."""
    published = PublishedEvents()
    lines = b"\n".join(map(orjson.dumps, events))
    async for _ in publish_file(access.client, "roster", io.BytesIO(lines), published):
        pass
    await until_taken(access.engine, max(published.sequences, default=0))
    return published


async def _publish(
    access: LedgerAccess,
    read: RosterList,
    receipt: ListReceipt,
    allowed: Allowances,
    *,
    sha256: str,
    actor: str,
    seen: str | None,
) -> tuple[Preview, PublishedEvents]:
    """Compare a list with the ledger and publish what it changes; returns when intake has taken that."""
    await all_taken(access)
    async with access.engine.connect() as connection:
        found = await preview(connection, read, receipt, allowed)
    require_seen(found.comparison.changes, seen)
    return found, await publish_changes(
        access, (event_of(change, receipt, actor, sha256) for change in found.comparison.changes)
    )
