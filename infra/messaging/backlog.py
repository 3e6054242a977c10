"""Whose events wait in INTAKE: one source's backlog holds up all others, so an operator must see whose it is."""

import asyncio
from collections import Counter

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from infra.messaging.streams import INTAKE

LOOKS = 100
"""How many of the waiting events are looked at; where more wait, they are spread evenly over all."""
_SHOWN = 3


async def most_waiting(js: JetStreamContext, taken: int) -> list[dict[str, str | int]]:
    """The sources with most events behind the place ``taken``, the most first: about how many of each.

    Exact for up to 100 waiting events; beyond, each event looked at stands for as many as lie between two of them.
    """
    waiting = (await js.stream_info(INTAKE)).state.last_seq - taken
    if waiting <= 0:
        return []
    looks = min(waiting, LOOKS)
    places = [taken + 1 + number * waiting // looks for number in range(looks)]
    found = Counter(await asyncio.gather(*(_source(js, place) for place in places)))
    del found[""]
    return [{"source": source, "events": round(count * waiting / looks)} for source, count in found.most_common(_SHOWN)]


async def _source(js: JetStreamContext, place: int) -> str:
    """The source of an event, as its subject names it; empty where the event is gone."""
    try:
        found = await js.get_msg(INTAKE, place, direct=True)
    except NotFoundError:  # taken and purged meanwhile
        return ""
    return "/".join(str(found.subject).split(".")[2:4])
