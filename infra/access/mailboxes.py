"""Mailboxes: a durable consumer of ANSWERS for each source, of PAYOUTS for each payer, so that none needs the right to
make consumers."""

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.access.sources import Source
from processors.delivery.mailboxes import forget_mailbox, note_mailbox, noted_mailboxes

# A pull that was pending when its client's connection broke still takes an answer once the client listens on the same
# inbox again, and the server, which forgot that pull's way through the accounts, drops it (nats-server 2.15.1). So the
# first repeats come soon; they grow, because who has many answers in hand is slow and not gone. Before half
# a second they come to who is well: of 1,000 answers kept in 2 ms each nats.js, which asks for 100 at a time, saw 950
# twice with a first repeat after 0.2 s and none with 0.5 s (at 5 ms each 213; nats-py's fetch(100) one).
REPEATED_AFTER_S = (0.5, 0.5, 1.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""After how long an answer that was not acknowledged comes again: the first time, the second, …, every further time."""


async def ensure_mailbox(js: JetStreamContext, source: Source) -> None:
    """Open a source's mailbox with all that it was told in the last 30 days, or bring it to this configuration."""
    config = ConsumerConfig(
        durable_name=source.mailbox,
        filter_subject=source.hears,
        ack_policy=AckPolicy.EXPLICIT,
        backoff=list(REPEATED_AFTER_S),
    )
    await js.add_consumer(source.stream, config)


async def open_mailbox(engine: AsyncEngine, js: JetStreamContext, source: Source) -> None:
    """Give a source a mailbox for good: where its stream is made anew, so is the mailbox."""
    async with engine.begin() as connection:
        await note_mailbox(connection, source.kind, source.id)
    await ensure_mailbox(js, source)


async def close_mailbox(engine: AsyncEngine, js: JetStreamContext, source: Source) -> bool:
    """Take a source's mailbox away; returns whether there was one. What is in it stays in its stream."""
    async with engine.begin() as connection:
        was_noted = await forget_mailbox(connection, source.kind, source.id)
    try:
        await js.delete_consumer(source.stream, source.mailbox)
    except NotFoundError:
        return was_noted
    return True


async def owners(engine: AsyncEngine) -> list[Source]:
    """The sources that have a mailbox."""
    async with engine.connect() as connection:
        return [Source(kind, id_) for kind, id_ in await noted_mailboxes(connection)]
