"""What PAYOUTS has told; and the same once more, for a payer who lost it or comes when it is older than the stream."""

from collections.abc import Collection
from dataclasses import dataclass

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.messaging.payout_stream import Overtaken, PayoutStream
from infra.worker.payout_publisher import begin_behind
from processors.delivery.transaction import Message
from processors.payouts.bookings import count_bookings, load_batches
from processors.payouts.events import payout_message
from processors.payouts.progress import load_eras, load_heads

TRIES = 100
"""How often a batch is tried behind what the publisher at work sends meanwhile, some times a second."""


@dataclass(frozen=True, slots=True)
class PayoutState:
    """``sequence`` is the last of PAYOUTS; ``waiting`` counts the bookings that it is to be told."""

    sequence: int
    waiting: int


async def payout_state(connection: AsyncConnection, client: Client) -> PayoutState:
    """How far PAYOUTS is. Raises ``OlderDatabase`` and nats-py's errors."""
    stored = await PayoutStream(client).end()
    reached = await begin_behind(connection, stored.reached)
    heads = await load_heads(connection)
    return PayoutState(stored.sequence, await count_bookings(connection, reached.numbers, heads.numbers))


async def tell_again(
    engine: AsyncEngine, client: Client, first: int, journals: Collection[str], subject: str = "claims.payouts."
) -> int:
    """Publish again, under their ids, what was told of journals from a number on; returns how many messages.

    ``subject`` is how the subjects of those that are wanted begin. What is not told yet stays its publisher's to tell.
    Raises ``Overtaken`` where that one never leaves a gap; ``OlderDatabase``, ``SendError``, nats-py's errors.
    """
    stream, told = PayoutStream(client), 0
    stored = await stream.end()
    async with engine.connect() as connection:
        reached, eras = await begin_behind(connection, stored.reached), await load_eras(connection)
        upto = {journal: number for journal, number in reached.numbers.items() if journal in journals}
        numbers = {journal: min(first - 1, number) for journal, number in upto.items()}
        while batches := await load_batches(connection, numbers, upto):
            numbers = dict(batches[-1].numbers)
            for batch in batches:
                messages = [payout_message(booking, eras) for booking in batch.bookings]
                wanted = [message for message in messages if message.subject.startswith(subject)]
                if wanted:
                    await _publish(connection, stream, wanted)
                told += len(wanted)
    return told


async def _publish(connection: AsyncConnection, stream: PayoutStream, messages: list[Message]) -> None:
    """Publish behind whatever PAYOUTS ends with by then; how far the journals are told stays as it is."""
    for tries_left in reversed(range(TRIES)):
        stored = await stream.end()
        try:
            await stream.publish(messages, stored.sequence, await begin_behind(connection, stored.reached))
        except Overtaken:
            if not tries_left:
                raise
        else:
            return
