"""The streams of docs/contract.md#streams and RUNS, created by the ledger alone."""

from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig, StreamInfo, SubjectTransform
from nats.js.errors import NotFoundError

from infra.access.sources import EVENT_BYTES, HEADROOM
from processors.delivery.names import ANSWERS, PAYOUTS, RUNS

INTAKE = "INTAKE"
DAY_S = 86_400
KEPT_S = 30 * DAY_S
"""How long answers and payouts are kept for who reads them: the ledger has them for ever."""
REPEATS_KNOWN_S = 120.0
"""How long a stream of ours knows the ids of the messages it has; INTAKE's repeats are the ledger's to know."""


class StreamBehind(RuntimeError):
    """A stream ends before what the database says was taken from it: this is not the stream it was."""


class OlderDatabase(RuntimeError):
    """The streams know of transactions that the database does not: it was set back, or is a standby that lagged."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"数据库比消息流旧，已停止处理，未删除任何内容：{found}。The database is older than the streams: "
            "nothing is taken and nothing is removed. Put the newer database back: workers then go on by themselves. "
            "Only where it is lost for good: stop all workers, then `claims backup FILE` and `claims restore FILE "
            "--replace` on this database. That fits the streams to it, and takes again the events that INTAKE still "
            "holds. Do not remove INTAKE: it holds events that this database lacks (docs/operations.md)"
        )


def _config(name: str, subjects: str, first_seq: int, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=name,
        subjects=[subjects],
        # The sender chooses the last token. It is not kept, so that none of its bytes stand in our subjects.
        subject_transform=SubjectTransform("claims.intake.*.*.*", "claims.intake.{{wildcard(1)}}.{{wildcard(2)}}._")
        if name == INTAKE
        else None,
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        num_replicas=replicas,
        allow_atomic=True,
        allow_direct=True,
        duplicate_window=REPEATS_KNOWN_S if name != INTAKE else 0.1,
        max_age=KEPT_S if name in (ANSWERS, PAYOUTS) else 0,
        first_seq=first_seq,
        max_msg_size=EVENT_BYTES + HEADROOM if name == INTAKE else -1,
    )


async def has_stream(js: JetStreamContext, name: str) -> bool:
    """Whether a stream is there."""
    return await _find(js, name) is not None


async def ensure_streams(js: JetStreamContext, taken: dict[str, int], *, replicas: int = 1) -> None:
    """Create the streams that are not there.

    ``taken`` is the last sequence that the database has taken from each stream: a new stream starts behind it, so that
    positions hold. Raises ``StreamBehind`` for a stream that is there and ends before it; ``OlderDatabase`` for
    an INTAKE that has thrown away what the database never took.
    """
    for name, subjects in (
        (INTAKE, "claims.intake.*.*.*"),
        (RUNS, "claims.runs.*.*.*"),
        (ANSWERS, "claims.answers.*.*.*"),
        (PAYOUTS, "claims.payouts.*.*.*"),
    ):
        last_taken = taken.get(name, 0)
        info = await _find(js, name)
        if info is None:
            await js.add_stream(_config(name, subjects, last_taken + 1, replicas))
            continue
        if name == INTAKE and info.config.max_msg_size != EVENT_BYTES + HEADROOM:  # made by an earlier version
            await js.update_stream(info.config.evolve(max_msg_size=EVENT_BYTES + HEADROOM))
        if name == INTAKE and info.state.first_seq > last_taken + 1:
            raise OlderDatabase(
                f"the database has taken {INTAKE} up to {last_taken}, but {last_taken + 1} to "
                f"{info.state.first_seq - 1} are gone from it"
            )
        if info.state.last_seq < last_taken:
            raise StreamBehind(
                f"stream {name} ends at {info.state.last_seq}, but {last_taken} was taken from it: "
                "another NATS store is in its place; put the right one back, or remove the stream to start it anew"
            )


async def lag(js: JetStreamContext, stream: str, durable: str) -> int | None:
    """How many messages a durable consumer has still to take; None where it is not there."""
    try:
        info = await js.consumer_info(stream, durable)
    except NotFoundError:
        return None
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def _find(js: JetStreamContext, name: str) -> StreamInfo | None:
    try:
        return await js.stream_info(name)
    except NotFoundError:
        return None
