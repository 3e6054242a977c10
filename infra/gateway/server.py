"""Serves the gateway over HTTP until it is asked to end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from infra.files.key_file import PERSONS, key_file_of, key_ring
from infra.gateway.answers import AnswerReader
from infra.gateway.application import gateway
from infra.gateway.hospitals import KnownHospitals
from infra.gateway.locks import TransactionLocks
from infra.gateway.national.frame import CALL_WITHIN_S
from infra.gateway.services import Services
from infra.gateway.sources import SourceConnections
from infra.http.address import Address
from infra.http.program_login import require_program_login
from infra.http.server import listening
from infra.messaging.broker import connected_broker
from infra.postgres.engine import connect
from infra.settings import Settings
from processors.offices.keys import KeyRing

CONNECTIONS = 20
"""To the database, beside a few more at a rush."""


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A gateway that answers."""

    url: str
    services: Services

    def json(self) -> dict[str, str]:
        """As a program reads it."""
        return {"url": self.url}


_NO_GATEWAY = (
    "登录 {login} 不能保存接口交易，接口服务须用 gateway 或数据库所有者的登录运行。login {login} may not keep "
    "what the gateway receives: run it under a login of gateway, or as the owner of the database"
)


@asynccontextmanager
async def serving(
    database_url: str, nats_url: str, settings: Settings, keys: KeyRing, address: Address
) -> AsyncIterator[RunningGateway]:
    """The gateway at work within the block.

    Raises ``ListenError``, ``WrongLogin``, ``ServerError``, and ``KeyFileError`` where the persons' keys can't be read.
    """
    listener = address.bound()
    engine = connect(database_url, pool_size=CONNECTIONS, busy=True)
    try:
        await require_program_login(engine, "gateway", _NO_GATEWAY)
        async with _services(engine, nats_url, settings, keys) as services:
            app = gateway(services)
            not_started = "接口服务没有启动。The gateway did not start"
            # calls that are under way are answered
            async with listening(app, listener, address, not_started, round(CALL_WITHIN_S) + 1) as url:
                try:
                    yield RunningGateway(url, services)
                finally:
                    services.ending.set()
    finally:
        listener.close()
        await engine.dispose()


@asynccontextmanager
async def _services(engine: AsyncEngine, nats_url: str, settings: Settings, keys: KeyRing) -> AsyncIterator[Services]:
    hospitals = KnownHospitals(keys)
    persons = key_ring(settings, PERSONS) if key_file_of(settings, PERSONS).exists() else None
    async with engine.connect() as connection:
        await hospitals.refresh(connection)
    async with connected_broker(nats_url, settings.nats_ca) as broker:
        answers = AnswerReader(broker.connection)
        sources = SourceConnections(nats_url, settings.nats_ca)
        locks = TransactionLocks(engine)
        answers.start()
        try:
            yield Services(engine, hospitals, broker.connection, answers, sources, keys, locks, persons)
        finally:
            await answers.stop()
            await sources.close()
            await locks.close()
