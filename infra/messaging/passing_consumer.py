"""A consumer that passes with its reader: it hands out a stream's messages behind a place; nothing is acknowledged."""

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from infra.messaging.pull_consumer import Pull

FORGOTTEN_AFTER_S = 60.0
"""After how long without its reader the server takes the consumer away."""


async def open_behind(
    client: Client, *, stream: str, name: str, sequence: int, subject: str, answer_s: float, most: int, most_bytes: int
) -> Pull:
    """Make the consumer ``name``, and read what ``stream`` has of ``subject`` behind ``sequence``.

    At most ``most`` messages or ``most_bytes`` come at once. Raises errors of nats-py where the server does not answer
    within ``answer_s``.
    """
    await client.jetstream(timeout=answer_s).add_consumer(
        stream,
        ConsumerConfig(
            name=name,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=sequence + 1,
            ack_policy=AckPolicy.NONE,
            filter_subject=subject,
            inactive_threshold=FORGOTTEN_AFTER_S,
            num_replicas=1,
            mem_storage=True,
        ),
    )
    pull = Pull(client, stream=stream, durable=name, max_messages=most, max_bytes=most_bytes)
    await pull.open()
    return pull
