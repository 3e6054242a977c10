"""PAYOUTS: what is booked, in the ledger's order, each once, by one publisher or by several.

The stream itself tells how far it is: the last message of each batch names in a header the last number told of each
journal. A batch is there whole or not at all, and states the sequence that its publisher believes to be the stream's
last. So where a publisher dies, the next one goes on from what is stored; and of two, one is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.js.api import Header
from nats.js.errors import NotFoundError

from infra.messaging.sender import LANE_TIMEOUT_S, WRONG_LAST_SEQUENCE, Outgoing, SendError, publish_whole
from processors.delivery.names import PAYOUTS
from processors.delivery.transaction import Message
from processors.payouts.progress import Reached

REACHED = "Claims-Reached"
"""The header of a batch's last message: how far the journals are told."""
_ALL = "claims.payouts.>"


class Overtaken(RuntimeError):
    """Another publisher has sent since; nothing was sent. Look again how far the stream is."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where PAYOUTS ends: its last sequence, and how far the journals are told, None where it holds nothing."""

    sequence: int
    reached: Reached | None


class PayoutStream:
    """Reads and writes PAYOUTS over one connection."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def end(self) -> Stored:
        """Where it ends. Raises ``NotFoundError`` where there is no such stream."""
        js = self._client.jetstream(timeout=LANE_TIMEOUT_S)
        state = (await js.stream_info(PAYOUTS)).state
        try:
            last = await js.get_last_msg(PAYOUTS, _ALL)
        except NotFoundError:
            return Stored(state.last_seq, None)
        header = (last.headers or {}).get(REACHED)
        return Stored(max(state.last_seq, last.seq or 0), None if header is None else Reached.read(header))

    async def publish(self, messages: Sequence[Message], behind: int, reached: Reached) -> int:
        """Publish a batch behind the sequence that is the last; returns the new last one.

        JetStream is told no ids: it would leave out what it stored a moment ago, also where that was purged since or is
        to be told once more. The sequence keeps a batch from being stored twice. Raises ``Overtaken``, ``SendError``
        and nats-py's errors.
        """
        outgoing = [Outgoing(each.subject, each.body) for each in messages]
        outgoing[0].headers[Header.EXPECTED_LAST_SEQUENCE.value] = str(behind)
        outgoing[-1].headers[REACHED] = reached.text()
        try:
            return (await publish_whole(self._client, outgoing, LANE_TIMEOUT_S))[-1]
        except SendError as error:
            if error.code == WRONG_LAST_SEQUENCE:
                raise Overtaken(f"{PAYOUTS} does not end at {behind}") from None
            raise
