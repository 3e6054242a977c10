"""Mailboxes: a durable consumer of ANSWERS for each source, so that none needs the right to make consumers."""

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo
from nats.js.errors import NotFoundError

from infra.access.sources import NotASource, Source
from processors.answers import ANSWERS

ACK_WAIT_S = 60.0


async def ensure_mailbox(js: JetStreamContext, source: Source) -> bool:
    """Open a source's mailbox, all its answers of the last 30 days in it; returns whether it was not there."""
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
        return True
    return False


async def close_mailbox(js: JetStreamContext, source: Source) -> bool:
    """Close a source's mailbox; returns whether there was one. The answers themselves stay in ANSWERS."""
    try:
        return await js.delete_consumer(ANSWERS, source.mailbox)
    except NotFoundError:
        return False


async def mailboxes(js: JetStreamContext) -> list[Source]:
    """The sources that have a mailbox."""
    found: list[Source] = []
    read = 0
    while page := await js.consumers_info(ANSWERS, offset=read):
        read += len(page)
        found += [source for info in page if (source := _owner(info)) is not None]
    return found


def _owner(info: ConsumerInfo) -> Source | None:
    try:
        source = Source.named(info.name.removeprefix("answers-"))
    except NotASource:
        return None
    return source if source.mailbox == info.name else None  # else it is an administrator's own consumer
