"""Sends the facts of cases' decisions to intake: again and again, until the ledger holds each, taken or refused."""

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.publisher import subject_of
from infra.messaging.sender import Outgoing, publish_events
from processors.cases.decision_facts import unsent_facts


async def send_facts(engine: AsyncEngine, client: Client) -> list[int]:
    """Send what the ledger does not hold; returns the places in INTAKE.

    What is sent twice is known to intake by its id and changes nothing.
    """
    async with engine.connect() as connection:
        facts = await unsent_facts(connection)
    bodies = [fact.body.encode() for fact in facts]
    return await publish_events(client, [Outgoing(subject_of(body), body) for body in bodies])
