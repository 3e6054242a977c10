"""A gateway at work beside a worker, over real servers, and hospitals' programs that call it over HTTP."""

import io
import itertools
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.access.passwords import bcrypt_hash
from infra.access.sources import Source
from infra.access.users import changing_users
from infra.embedded.nats import NatsServer, reload
from infra.gateway.server import RunningGateway, serving
from infra.http.address import Address
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.operations.quiescence import until_quiet
from infra.operations.settle import at_work
from infra.settings import Settings
from infra.worker.worker import Worker, worker
from processors.offices.keys import KeyRing, new_key
from processors.visits.hospital_settings import HospitalSecrets, HospitalSettings
from processors.visits.hospital_steps import add_hospital

PATH = "/fsi/api/rsfComIfsService/callService"
MOST_S = 30.0
"""How long a hospital's program waits: longer than the gateway takes at most."""
_SERIALS = itertools.count(1)


def new_msgid(hospital_id: str) -> str:
    """A msgid as a hospital's program makes it."""
    return f"{hospital_id}20190506{next(_SERIALS):010d}"


def envelope(
    infno: str, input_: Any, *, hospital_id: str = "H1", msgid: str | None = None, **more: Any
) -> dict[str, Any]:
    """A request as a hospital's program sends it; ``more`` replaces or adds members."""
    return {
        "infno": infno,
        "msgid": new_msgid(hospital_id) if msgid is None else msgid,
        "mdtrtarea_admvs": "220621",
        "insuplc_admdvs": "220621",
        "recer_sys_code": "LEDGER",
        "dev_no": "",
        "dev_safe_info": None,
        "cainfo": "",
        "signtype": "",
        "infver": "V1.0",
        "opter_type": "1",
        "opter": "D001",
        "opter_name": "王收费",
        "inf_time": "2019-05-06 09:00:00",
        "fixmedins_code": hospital_id,
        "fixmedins_name": "医院",
        "sign_no": "",
        "input": input_,
    } | more


@dataclass
class GatewayUnderTest:
    """A gateway, the ledger behind it, and a client of a hospital."""

    running: RunningGateway
    worker: Worker
    nats: NatsServer
    nats_url: str
    keys: KeyRing
    folder: Path
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=MOST_S))

    @property
    def engine(self) -> AsyncEngine:
        """Reads and writes what the gateway keeps, as the owner."""
        return self.running.services.engine

    @asynccontextmanager
    async def another(self) -> AsyncIterator[RunningGateway]:
        """A further gateway over the same ledger."""
        settings = Settings(data_dir=self.folder / "ledger")
        address = Address("127.0.0.1", 0)
        async with serving(self.worker.database_url, self.nats_url, settings, self.keys, address) as running:
            yield running

    async def post(
        self, body: bytes | Mapping[str, Any], *, path: str = PATH, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The bytes that a request is answered with; the status is always 200."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        answer = await self.client.post(f"{self.running.url}{path}", content=raw, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.content

    async def call(self, infno: str, input_: Any, **more: Any) -> dict[str, Any]:
        """What a transaction is answered with, the whole document."""
        answer: dict[str, Any] = orjson.loads(await self.post(envelope(infno, input_, **more)))
        return answer

    async def publish(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Settle events that came over NATS."""
        published = PublishedEvents()
        lines = io.BytesIO(b"\n".join(map(orjson.dumps, events)))
        async for _ in publish_file(self.worker.broker.connection, "facts", lines, published):
            pass
        await until_quiet(self.worker.engine, published.sequences)


async def connect_hospital(
    engine: AsyncEngine, keys: KeyRing, nats_folder: Path, settings: HospitalSettings, password: str = "given once"
) -> None:
    """Let the gateway speak for a hospital."""
    source = Source("hospital", settings.hospital_id)
    secrets = settings.secrets
    named = HospitalSecrets(password, secrets.signature_secret, secrets.sm2_public_key, secrets.sm4_key)
    known = HospitalSettings(
        settings.hospital_id, settings.networks, settings.codes, settings.infcode_text, settings.api_keys, named
    )
    await add_hospital(engine, keys, known, "tester")
    with changing_users(nats_folder) as users:
        users[source.gateway_user] = bcrypt_hash(password)
    await reload(nats_folder)


@asynccontextmanager
async def running_gateway(
    database_url: str, folder: Path, hospitals: Iterable[HospitalSettings], events: Iterable[Mapping[str, Any]]
) -> AsyncIterator[GatewayUnderTest]:
    """A gateway in this process, on a free port, beside a worker that has settled these events."""
    nats = NatsServer(folder / "nats")
    settings = Settings(data_dir=folder / "ledger")
    keys = KeyRing([new_key()])
    try:
        nats_url = await nats.start()
        async with worker(database_url, nats_url, settings) as ours, at_work(ours):
            for hospital in hospitals:
                await connect_hospital(ours.engine, keys, folder / "nats", hospital)
            async with serving(database_url, nats_url, settings, keys, Address("127.0.0.1", 0)) as running:
                gateway = GatewayUnderTest(running, ours, nats, nats_url, keys, folder)
                try:
                    await gateway.publish(events)
                    yield gateway
                finally:
                    await gateway.client.aclose()
    finally:
        await nats.stop()
