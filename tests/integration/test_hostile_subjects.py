"""Subjects that no honest client sends: the server takes them, and nothing may stop on them."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from infra.messaging.streams import INTAKE, OlderDatabase, ensure_streams
from infra.operations.quiescence import until_quiet
from infra.operations.settle import at_work
from infra.settings import Settings
from infra.worker.worker import worker
from processors.queries import listings
from tests import facts
from tests.program import BOUND_S

HOSTILE = [
    b"claims.intake.hospital.H1.\xff\xfe",
    b"claims.intake.hospital.H\x00x._",
    b"claims.intake.hospital." + b"H" * 3_500 + b"._",
    b"claims.intake.hospital.H%41._",
    b"claims.intake.*.>._".replace(b"*", b"%").replace(b">", b"$"),
]


async def publish_raw(url: str, subject: bytes, body: bytes) -> None:
    """Publish without a client that would look at the subject; waits for the server's PONG."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    login = {"verbose": False, "user": parts.username, "pass": parts.password}
    writer.write(b"CONNECT " + orjson.dumps(login) + b"\r\n")
    writer.write(b"PUB " + subject + b" " + str(len(body)).encode() + b"\r\n" + body + b"\r\nPING\r\n")
    await writer.drain()
    while not (await asyncio.wait_for(reader.readline(), BOUND_S)).startswith(b"PONG"):
        pass
    writer.close()


async def test_no_subject_stops_what_comes_behind_it(database: str, nats_url: str, server_folder: Path) -> None:
    settings = Settings(data_dir=server_folder)
    async with worker(database, nats_url, settings) as ours, asyncio.timeout(BOUND_S):
        for number, subject in enumerate(HOSTILE):
            await publish_raw(nats_url, subject, f"garbage {number}".encode())
        for event in [facts.hospital(), facts.enrol(), *facts.stay(1)]:
            kind, id_ = event["source"].split("/")
            await publish_raw(nats_url, f"claims.intake.{kind}.{id_}._".encode(), orjson.dumps(event))
        async with at_work(ours):
            js = ours.broker.connection.jetstream()
            last = (await js.stream_info(INTAKE)).state.last_seq
            await until_quiet(ours.engine, [last])
            refused = [row["reason"] async for row in listings.refusal_rows(ours.engine)]
            settled = [row["claim_id"] async for row in listings.statement_rows(ours.engine)]
    assert last == len(HOSTILE) + 4
    assert refused == ["malformed"] * len(HOSTILE)
    assert settled == ["C1"]


async def test_a_database_older_than_its_nats_store_is_refused(
    database: str, nats_url: str, server_folder: Path
) -> None:
    async with worker(database, nats_url, Settings(data_dir=server_folder)) as ours:
        js = ours.broker.connection.jetstream()
        for number in range(5):
            await js.publish("claims.intake.hospital.H1._", f"{number}".encode())
        await js.purge_stream(INTAKE, seq=5)
        await ensure_streams(js, {INTAKE: 4})
        with pytest.raises(OlderDatabase, match="up to 2, but 3 to 4 are gone"):
            await ensure_streams(js, {INTAKE: 2})
