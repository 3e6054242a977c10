"""Whether the database is as new as the streams beside it, told before any lane goes on (docs/concurrency.md)."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import Header, RawStreamMsg
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.streams import INTAKE, OlderDatabase
from processors.delivery.names import ANSWERS, INTAKE_CONSUMER, RUNS, journal_name
from processors.delivery.position import load_places
from processors.delivery.transaction import Sent, sent_behind

LOOKS_AT_ONCE = 50
"""Requests for a subject's last message that are on their way at a time."""
LAST_ANSWERS = 50
"""How many of the last answers are looked at: lanes send beside each other, so the last one alone may be an earlier
transaction's."""
BATCH_S = 2.0
"""How long each of them is waited for before those that have not come are asked for one by one."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the streams know of the ledger's transactions."""

    acknowledged: int
    """Up to where intake acknowledged INTAKE, which it does after its commit, or where INTAKE was purged."""
    sent: Collection[tuple[str, Sent]]
    """Subject and sender of the last message on each subject of RUNS, and of the last answers."""


async def check_not_older(engine: AsyncEngine, client: Client, js: JetStreamContext) -> None:
    """Hold the position of every lane against what the streams know of it. Raises ``OlderDatabase``.

    The streams are asked first: each acknowledgement and each message follows its commit, so that a database that is
    asked later knows of it. Errors of nats-py while NATS is away.
    """
    known = await _ask(client, js)
    async with engine.connect() as connection:
        places = await load_places(connection)
    taken = places.taken.get((INTAKE_CONSUMER, 0), 0)
    if known.acknowledged > taken:
        raise OlderDatabase(f"{INTAKE} is taken or purged up to {known.acknowledged}, the database has taken {taken}")
    lanes = {journal_name(consumer, partition): place for (consumer, partition), place in places.taken.items()}
    for subject, sent in known.sent:
        if not _is_known(places.era, lanes, sent):
            raise OlderDatabase(
                f"{subject} has what {sent.journal} sent behind {sent.place}, of which the database knows nothing"
            )


def _is_known(era: str, lanes: Mapping[str, int], sent: Sent) -> bool:
    """Whether the transaction that sent a message is in the database. A later era than the database's is not."""
    if sent.era != era:
        return sent.era < era
    return sent.place <= lanes.get(sent.journal, 0)


async def _ask(client: Client, js: JetStreamContext) -> _Known:
    ids = [*await _last_runs(js), *await _last_answers(client, js)]
    sent = [(subject, sender) for subject, id_ in ids if (sender := sent_behind(id_)) is not None]
    return _Known(await _acknowledged(js), sent)


async def _acknowledged(js: JetStreamContext) -> int:
    """The place up to which INTAKE needs no reading: acknowledged, or gone from it; 0 where INTAKE is to be made anew.

    Of RUNS it is not known: a purge of one subject moves the place of consumers that took nothing of it.
    """
    try:
        purged = (await js.stream_info(INTAKE)).state.first_seq - 1
    except NotFoundError:
        return 0
    try:
        info = await js.consumer_info(INTAKE, f"{INTAKE_CONSUMER}-0")
    except NotFoundError:
        return purged
    return max(purged, info.ack_floor.stream_seq if info.ack_floor else 0)


async def _last_runs(js: JetStreamContext) -> list[tuple[str, str]]:
    """Subject and id of the last message on each subject of RUNS."""
    try:
        subjects = (await js.stream_info(RUNS, subjects_filter="claims.runs.>")).state.subjects or {}
    except NotFoundError:
        return []
    return await _messages([partial(js.get_last_msg, RUNS, subject) for subject in subjects])


async def _last_answers(client: Client, js: JetStreamContext) -> list[tuple[str, str]]:
    """Subject and id of the last answers. Settlement sends nothing on RUNS: these alone tell how far it was."""
    try:
        state = (await js.stream_info(ANSWERS)).state
    except NotFoundError:
        return []
    if not state.messages:
        return []
    first = max(state.first_seq, state.last_seq - LAST_ANSWERS + 1)
    found = await _batch(client, ANSWERS, first, LAST_ANSWERS)
    missing = [place for place in range(first, state.last_seq + 1) if place not in found]
    return [*found.values(), *await _messages([partial(js.get_msg, ANSWERS, place) for place in missing])]


async def _batch(client: Client, stream: str, first: int, count: int) -> dict[int, tuple[str, str]]:
    """Subject and id of messages of a stream by their place, from one on, asked for at once.

    Any server that has the stream answers, one that lags too: what is not in the answer may be in the stream.
    """
    found: dict[int, tuple[str, str]] = {}
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    try:
        request = json.dumps({"seq": first, "batch": count}).encode()
        await client.publish(f"$JS.API.DIRECT.GET.{stream}", request, reply=inbox)
        while "Status" not in (headers := (await answers.next_msg(BATCH_S)).headers or {}):
            found[int(headers["Nats-Sequence"])] = (headers["Nats-Subject"], headers.get(Header.MSG_ID.value, ""))
    except NatsError:  # a server is away or can't: who asks one by one is told
        pass
    finally:
        await answers.unsubscribe()
    return found


async def _messages(looks: Collection[Callable[[], Awaitable[RawStreamMsg]]]) -> list[tuple[str, str]]:
    """Subject and id of each message that is still there."""
    at_once = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def look_up(look: Callable[[], Awaitable[RawStreamMsg]]) -> tuple[str, str]:
        async with at_once:
            try:
                found = await look()
            except NotFoundError:  # removed since
                return "", ""
        return str(found.subject), str((found.headers or {}).get(Header.MSG_ID.value, ""))

    return await asyncio.gather(*map(look_up, looks))
