"""Whether the database is as new as the streams beside it, told before any lane goes on (docs/concurrency.md)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.streams import INTAKE, OlderDatabase
from processors.delivery.names import INTAKE_CONSUMER, RUNS, journal_name
from processors.delivery.position import Places, load_places
from processors.delivery.transaction import Sent, sent_behind

LOOKS_AT_ONCE = 50
"""Requests for a subject's last message that are on their way at a time."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the streams know of the ledger's transactions."""

    acknowledged: Mapping[tuple[str, int], int]
    """The last message that intake acknowledged, which it does after its commit, by consumer and partition."""
    sent: Mapping[str, Sent]
    """The last message on each subject of RUNS."""


async def check_not_older(engine: AsyncEngine, js: JetStreamContext) -> None:
    """Hold the position of every lane against what the streams know of it. Raises ``OlderDatabase``.

    The streams are asked first: each acknowledgement and each message follows its commit, so that a database that is
    asked later knows of it. Errors of nats-py while NATS is away.
    """
    known = await _ask(js)
    async with engine.connect() as connection:
        places = await load_places(connection)
    for (consumer, partition), acknowledged in known.acknowledged.items():
        taken = places.taken.get((consumer, partition), 0)
        if acknowledged > taken:
            raise OlderDatabase(f"{consumer}.{partition} had taken {acknowledged}, the database knows of {taken}")
    for subject, sent in known.sent.items():
        if not _is_known(places, sent):
            raise OlderDatabase(
                f"{subject} ends with what {sent.journal} sent behind {sent.place}, of which the database knows nothing"
            )


def _is_known(places: Places, sent: Sent) -> bool:
    """Whether the transaction that sent a message is in the database. A later era than the database's is not."""
    lanes = {journal_name(consumer, partition): taken for (consumer, partition), taken in places.taken.items()}
    if sent.era != places.era:
        return sent.era < places.era
    return sent.place <= lanes.get(sent.journal, 0)


async def _ask(js: JetStreamContext) -> _Known:
    return _Known(await _acknowledged(js), await _last_sent(js))


async def _acknowledged(js: JetStreamContext) -> dict[tuple[str, int], int]:
    """The place up to which intake acknowledged, where it is known.

    Of RUNS it is not: a purge of one subject moves the place of consumers that took nothing of it.
    """
    try:
        first = (await js.stream_info(INTAKE)).state.first_seq
        info = await js.consumer_info(INTAKE, f"{INTAKE_CONSUMER}-0")
    except NotFoundError:  # to be made anew
        return {}
    place = info.ack_floor.stream_seq if info.ack_floor else 0
    # a purge moves it too, up to the first message that is left: that says nothing of the lane
    return {(INTAKE_CONSUMER, 0): place} if place >= first else {}


async def _last_sent(js: JetStreamContext) -> dict[str, Sent]:
    """The last message on each subject of RUNS whose id tells the transaction that sent it."""
    try:
        subjects = (await js.stream_info(RUNS, subjects_filter="claims.runs.>")).state.subjects or {}
    except NotFoundError:
        return {}
    at_once = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def last_id(subject: str) -> str:
        async with at_once:
            try:
                last = await js.get_last_msg(RUNS, subject)
            except NotFoundError:  # removed since
                return ""
        return str((last.headers or {}).get(Header.MSG_ID.value, ""))

    ids = await asyncio.gather(*map(last_id, subjects))
    return {subject: sent for subject, id_ in zip(subjects, ids, strict=True) if (sent := sent_behind(id_)) is not None}
