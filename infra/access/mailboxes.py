"""Mailboxes: a durable consumer of ANSWERS for each source, so that none needs the right to make consumers."""

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.access.sources import Source
from processors.delivery.mailboxes import forget_mailbox, note_mailbox, noted_mailboxes
from processors.delivery.names import ANSWERS

ACK_WAIT_S = 60.0


async def ensure_mailbox(js: JetStreamContext, source: Source) -> None:
    """Open a source's mailbox, where it is not, with all its answers of the last 30 days in it."""
    try:
        await js.consumer_info(ANSWERS, source.mailbox)
    except NotFoundError:
        config = ConsumerConfig(
            durable_name=source.mailbox,
            filter_subject=source.answers,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
        )
        await js.add_consumer(ANSWERS, config)


async def open_mailbox(engine: AsyncEngine, js: JetStreamContext, source: Source) -> None:
    """Give a source a mailbox for good: where ANSWERS is made anew, so is the mailbox."""
    async with engine.begin() as connection:
        await note_mailbox(connection, source.kind, source.id)
    await ensure_mailbox(js, source)


async def close_mailbox(engine: AsyncEngine, js: JetStreamContext, source: Source) -> bool:
    """Take a source's mailbox away; returns whether there was one. The answers themselves stay in ANSWERS."""
    async with engine.begin() as connection:
        was_noted = await forget_mailbox(connection, source.kind, source.id)
    try:
        await js.delete_consumer(ANSWERS, source.mailbox)
    except NotFoundError:
        return was_noted
    return True


async def owners(engine: AsyncEngine) -> list[Source]:
    """The sources that have a mailbox."""
    async with engine.connect() as connection:
        return [Source(kind, id_) for kind, id_ in await noted_mailboxes(connection)]
