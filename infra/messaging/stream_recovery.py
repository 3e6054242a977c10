"""Makes the streams that are missing; what was in flight in a lost store is sent again.

Several workers may be at it at once, and any of them may fall asleep anywhere. So each step asks what is missing while
it holds intake's position, and does it before letting go: what another has done in the meantime is not done over. Of
who sleeps with the row in his hand the server ends the session (``infra.postgres.engine.ASLEEP_S``).
"""

from functools import partial

import structlog
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.access.mailboxes import ensure_mailbox, owners
from infra.messaging.streams import INTAKE, ensure_streams, has_stream
from infra.settings import Settings
from processors.delivery.names import ANSWERS, INTAKE_CONSUMER, RUNS
from processors.delivery.position import all_positions, lock_position
from processors.pipeline.recovery import begin_intake_anew, begin_runs_anew

log = structlog.get_logger(__name__)
STREAMS = (INTAKE, RUNS, ANSWERS)


async def keep_streams(engine: AsyncEngine, js: JetStreamContext, settings: Settings, partitions: int) -> None:
    """Make what is missing, and look at what is there. Raises what ``ensure_streams`` raises.

    Open runs are noted to be sent again before RUNS is there anew: a worker that dies in between leaves RUNS missing,
    and the next one does it over.
    """
    if missing := [name for name in STREAMS if not await has_stream(js, name)]:
        log.info("streams are made", streams=missing)
        sent_again = await begin_runs_anew(engine, partitions, partial(_is_missing, js, RUNS))
        if sent_again:
            log.warning("the store of NATS was lost: open runs are sent again", runs=sent_again)
        lost_from = await begin_intake_anew(engine, partial(_is_missing, js, INTAKE))
        if lost_from is not None:
            log.warning("INTAKE was lost: events that were not taken must be sent again", behind=lost_from)
    async with engine.begin() as connection:
        if missing:
            await lock_position(connection, INTAKE_CONSUMER, 0)
        positions = await all_positions(connection)
        taken = {
            INTAKE: max((seq for (name, _), seq in positions.items() if name == INTAKE_CONSUMER), default=0),
            RUNS: max((seq for (name, _), seq in positions.items() if name != INTAKE_CONSUMER), default=0),
        }
        await ensure_streams(js, taken, replicas=settings.stream_replicas)
    for source in await owners(engine):
        await ensure_mailbox(js, source)


async def _is_missing(js: JetStreamContext, name: str) -> bool:
    return not await has_stream(js, name)
