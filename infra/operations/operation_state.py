"""Who works on the ledger and how far: lanes with owner, position and what waits for them; what NATS says of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.access.mailboxes import owners
from infra.access.sources import Source
from infra.embedded.nats_health import NoHealth, write_error
from infra.embedded.process import ServerError
from infra.messaging.backlog import most_waiting
from infra.messaging.broker import connected_broker
from infra.messaging.older_database import check_not_older
from infra.messaging.streams import INTAKE, OlderDatabase, lag
from infra.operations.payouts import payout_state
from infra.settings import Settings
from infra.worker.failures import NATS_AWAY_ERRORS
from infra.worker.shares import FOLLOWER, lanes_of
from processors.delivery.in_flight import InFlight, in_flight
from processors.delivery.lane_owners import load_owners
from processors.delivery.layout import partitions_of
from processors.delivery.names import INTAKE_CONSUMER, RUNS
from processors.delivery.position import all_positions
from processors.law.terms import claim_consumers

NATS_ANSWERS_WITHIN_S = 5.0
"""How long it tries to connect: what the database says is told anyhow."""


@dataclass(slots=True)
class LaneState:
    """A lane: ``position`` is the last message it took, ``lag`` how many wait, ``oldest`` since when the first of them.

    ``lag`` is None where NATS does not say; ``owner`` is the worker that owns the lane, None where none does.
    """

    consumer: str
    partition: int
    position: int
    lag: int | None
    owner: str | None
    owned_since: datetime | None
    oldest: datetime | None = None


@dataclass(slots=True)
class MailboxState:
    """A source that has a mailbox, and how many messages in it are not acknowledged; None where NATS does not say."""

    source: Source
    waiting: int | None = None


@dataclass(slots=True)
class OperationState:
    """What is at work. Faults are None where all is well.

    ``nats_error``: NATS does not answer. ``intake_error``: a stream can't be written. ``halted``: the database is older
    than the streams. ``intake_writable`` is None for servers that are not ours. ``most_waiting`` names the sources with
    most events that wait.
    """

    lanes: list[LaneState]
    flight: InFlight
    mailboxes: list[MailboxState] = field(default_factory=list)
    nats_error: str | None = None
    intake_writable: bool | None = None
    intake_error: str | None = None
    halted: str | None = None
    most_waiting: Sequence[dict[str, str | int]] = ()

    @property
    def unowned(self) -> list[str]:
        """The lanes that no worker owns."""
        return [f"{lane.consumer}.{lane.partition}" for lane in self.lanes if lane.owner is None]

    @property
    def faults(self) -> list[str]:
        """What is wrong with the servers."""
        return [fault for fault in (self.nats_error, self.intake_error, self.halted) if fault is not None]


async def operation_state(
    engine: AsyncEngine, nats_url: str, settings: Settings, *, mailboxes: bool = False
) -> OperationState:
    """What the database says, and what NATS adds where it answers; ``mailboxes`` looks into these too."""
    async with engine.connect() as connection:
        state = OperationState(await _lanes(connection), await in_flight(connection))
    if mailboxes:
        state.mailboxes = [MailboxState(source) for source in await owners(engine)]
    if not nats_url:
        state.nats_error = "没有给出 NATS 的地址 no URL of NATS is given"
        return state
    try:
        await _ask_nats(state, engine, nats_url, settings)
    except OlderDatabase as error:
        state.halted = str(error)
    except (ServerError, NoHealth, *NATS_AWAY_ERRORS) as error:
        state.nats_error = str(error) or type(error).__name__
    return state


async def _lanes(connection: AsyncConnection) -> list[LaneState]:
    positions = await all_positions(connection)
    lanes = [*lanes_of(await claim_consumers(connection), await partitions_of(connection) or 1), FOLLOWER]
    known = await load_owners(connection)
    found = []
    for lane in lanes:
        owner = known.get(lane)
        told = (None, None) if owner is None else (owner.worker, owner.since)
        found.append(LaneState(*lane, positions.get(lane, 0), None, *told))
    return found


async def _ask_nats(state: OperationState, engine: AsyncEngine, nats_url: str, settings: Settings) -> None:
    """The lag of each lane, whether intake takes events, why no lane goes on, what payouts are told."""
    async with connected_broker(nats_url, settings.nats_ca, within_s=NATS_ANSWERS_WITHIN_S) as broker:
        js = broker.connection.jetstream()
        for lane in state.lanes:
            if (lane.consumer, lane.partition) == FOLLOWER:
                continue
            stream = INTAKE if lane.consumer == INTAKE_CONSUMER else RUNS
            lane.lag = await lag(js, stream, f"{lane.consumer}-{lane.partition}")
            if lane.lag:
                lane.oldest = await _oldest(js, stream, lane)
                if lane.consumer == INTAKE_CONSUMER:
                    state.most_waiting = await most_waiting(js, lane.position)
        for mailbox in state.mailboxes:
            mailbox.waiting = await lag(js, mailbox.source.stream, mailbox.source.mailbox)
        if settings.external is None:  # no account of ours may ask another's server
            state.intake_error = await write_error(nats_url)
            state.intake_writable = state.intake_error is None
        await check_not_older(engine, broker.connection, js)
        async with engine.connect() as connection:
            told = await payout_state(connection, broker.connection)
        state.lanes[-1].position, state.lanes[-1].lag = told.sequence, told.waiting


async def _oldest(js: JetStreamContext, stream: str, lane: LaneState) -> datetime | None:
    """When the first message that a lane has still to take was sent; None where it is gone by now."""
    subject = "claims.intake.>" if stream == INTAKE else f"claims.runs.{lane.consumer}.{lane.partition}.*"
    try:
        found = await js.get_msg(stream, lane.position + 1, subject=subject, next=True, direct=True)
    except NotFoundError:
        return None
    return found.time
