"""interim"""

import hashlib
import importlib
import io
import secrets

import json, orjson
import pytest
from nats.aio.client import Client

from events.county_time import COUNTY_TIME
from infra.embedded.nats import NatsServer
from infra.gateway.answers import AnswerReader
from infra.gateway.hospitals import KnownHospitals
from infra.gateway.national.call import Call, NationalRefused, Original
from infra.gateway.national.registry import TRANSACTIONS, UNDOS
from infra.gateway.national.frame import NationalDoor
from infra.gateway.locks import TransactionLocks
import infra.gateway.national.transactions
from decimal import Decimal
from infra.gateway.services import LedgerSilent, Services
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.operations.quiescence import until_quiet
from infra.operations.settle import at_work
from infra.postgres.engine import connect
from infra.settings import Settings
from infra.worker.worker import worker
from processors.offices.keys import KeyRing
from processors.visits.hospital_settings import HospitalSettings
from processors.visits.transactions import begin, find
from tests import facts
from tests.conftest import cloned
from tests.gateway.his import His
from tests.gateway.ledger import GatewayLedger
from tests.program import folder_for_servers

REGIONS = {"220621": "P", "230881": "Q", "211202": "R"}
PERSONS = {region: iter([f"{letter}{n}" for n in range(1, 60)]) for region, letter in REGIONS.items()}
EVENTS = (
    [
        facts.hospital("H1"),
        facts.hospital("H2", tier=2),
        *(facts.enrol(f"{letter}{n}", region=region) for region, letter in REGIONS.items() for n in range(1, 60)),
        *(facts.card(person=f"P{n}", disease="hypertension", class_="II") for n in range(1, 60)),
    ]
    if hasattr(facts, "card")
    else []
)


class Own:
    def __init__(self, c):
        self.c = c

    async def client(self, *a):
        return self.c

    async def close(self):
        pass


class Hospitals(KnownHospitals):
    async def refresh(self, connection): self._known = {code: HospitalSettings(code) for code in ("H1", "H2")}

class Direct:
    def __init__(self, services): self.door = NationalDoor(services)
    async def post(self, e):
        return json.loads(await self.door.answer(orjson.dumps(e), "127.0.0.1", {}), parse_float=Decimal)

@pytest.fixture(scope="session")
async def direct(endpoints, template_database):
    with folder_for_servers() as folder:
        nats = NatsServer(folder / "nats")
        url = await nats.start()
        async with cloned(endpoints, template_database) as db:
            async with worker(db, url, Settings(data_dir=folder / "d")) as ours, at_work(ours):

                async def publish(*events):
                    published = PublishedEvents()
                    async for _ in publish_file(
                        ours.broker.connection, "facts", io.BytesIO(b"\n".join(map(orjson.dumps, events))), published
                    ):
                        pass
                    await until_quiet(ours.engine, published.sequences)

                await publish(*EVENTS)
                client = Client()
                await client.connect(url)
                keys = KeyRing([secrets.token_bytes(32)])
                engine = connect(db, pool_size=5)
                answers = AnswerReader(client)
                answers.start()
                sources = Own(client)
                services = Services(engine, Hospitals(keys), client, answers, sources, keys, TransactionLocks(engine))
                yield Direct(services), GatewayLedger(engine, publish), publish
                await answers.stop()
                await sources.close()
                await client.close()
                await engine.dispose()
        await nats.stop()


@pytest.fixture
async def his(direct):
    return His(direct[0].post, next(PERSONS["220621"]))


@pytest.fixture
async def city_his(direct):
    return His(direct[0].post, next(PERSONS["230881"]), insured_in="230881")


@pytest.fixture
async def province_his(direct):
    return His(direct[0].post, next(PERSONS["211202"]), insured_in="211202")


@pytest.fixture
async def other_his(direct):
    return His(direct[0].post, next(PERSONS["220621"]), code="H2")


@pytest.fixture
async def ledger(direct):
    return direct[1]
