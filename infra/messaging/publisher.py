"""Publishes files of events as their sources would: each line on its source's own subject, in file order."""

from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import orjson
from nats.aio.client import Client

from events.catalog import ITSELF
from events.codes import is_id
from events.envelope import salvage
from infra.access.sources import EVENT_BYTES, HEADROOM
from infra.messaging.sender import Outgoing, publish_events

OUR_OWN = f"claims.intake.{ITSELF.partition('/')[0]}."
CHUNK_MESSAGES = 500
CHUNK_BYTES = 4_000_000


@dataclass(slots=True)
class PublishedEvents:
    """``sequences`` are the places in INTAKE; ``unusable`` the lines, by file and number, that were not sent."""

    sequences: list[int] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)


def subject_of(line: bytes) -> str:
    """The intake subject of the source that a line names, or of the source ``unknown/_`` where it names none."""
    try:
        event = orjson.loads(line)
        source = event.get("source") if isinstance(event, dict) else None
        data = event.get("data") if isinstance(event, dict) else None
    except orjson.JSONDecodeError:
        source, data = salvage(line).get("source"), None
    kind, _, id_ = source.partition("/") if isinstance(source, str) else ("", "", "")
    if not (is_id(kind) and is_id(id_)):
        return "claims.intake.unknown._._"
    person = data.get("person_id") if isinstance(data, dict) else None
    return f"claims.intake.{kind}.{id_}.{person if isinstance(person, str) and is_id(person) else '_'}"


def chunks(name: str, lines: Iterable[bytes], limit: int, published: PublishedEvents) -> Iterator[list[Outgoing]]:
    """A file's lines as chunks of messages; blank lines are no events.

    Lines over ``limit`` bytes are noted and not sent, nor are those of the ledger's own mailbox: to send what it orders
    of itself is for its own commands.
    """
    chunk: list[Outgoing] = []
    size = 0
    for number, raw in enumerate(lines, start=1):
        # as editors of text begin a file
        line = (raw.removeprefix(BOM_UTF8) if number == 1 else raw).rstrip(b"\r\n")
        if not line.strip():
            continue
        if len(line) > limit:
            published.unusable.append(
                f"{name}:{number}: {len(line)} bytes 字节; an event has at most 一条事件至多 {limit}"
            )
            continue
        subject = subject_of(line)
        if subject.startswith(OUR_OWN):
            published.unusable.append(f"{name}:{number}: its source is the ledger, which no file speaks for")
            continue
        if chunk and (len(chunk) == CHUNK_MESSAGES or size + len(line) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(Outgoing(subject, line))
        size += len(line)
    if chunk:
        yield chunk


async def publish_file(client: Client, name: str, file: BinaryIO, published: PublishedEvents) -> AsyncIterator[int]:
    """Publish a file's lines to INTAKE; yields how many went with each chunk."""
    limit = min(client.max_payload - HEADROOM, EVENT_BYTES)
    for chunk in chunks(name, file, limit, published):
        published.sequences += await publish_events(client, chunk)
        yield len(chunk)
