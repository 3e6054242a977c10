"""Makes a ledger that of the sandbox's county; done again it changes nothing."""

import hashlib
import io
from collections.abc import Sequence

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import county_day
from events.store.journal import database_time
from infra.access.passwords import bcrypt_hash, new_password
from infra.access.sources import Source
from infra.files.catalogue_file import read_catalogue
from infra.files.key_file import GATEWAY, PERSONS, KeptRegister, key_file_of, key_ring, write_keys
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.operations.gateway_users import let_gateway_in
from infra.operations.quiescence import until_quiet
from infra.sandbox.county import CATALOGUE, HOSPITALS, PHARMACY, SCHEME, SandboxPerson, facts
from infra.settings import Settings
from infra.worker.worker import Worker
from policies.loader import load_file
from processors.catalogue.store import import_catalogue
from processors.identities.store import record_identities
from processors.law.adoption import adopt_schemes
from processors.offices.keys import KeyRing, new_key
from processors.visits.hospital_settings import HospitalSecrets, HospitalSettings
from processors.visits.hospital_steps import add_hospital, standing_hospitals

ACTOR = "sandbox"


def sandbox_keys(settings: Settings) -> KeyRing:
    """The gateway's keys, made where there are none, as those of the persons' register. Raises ``KeyFileError``."""
    for register in (GATEWAY, PERSONS):
        _make_keys(settings, register)
    return key_ring(settings, GATEWAY)


async def prepare_county(worker: Worker, settings: Settings, keys: KeyRing, people: Sequence[SandboxPerson]) -> None:
    """Adopt the scheme, tell the facts and wait until they are taken, record persons, catalogue and hospitals."""
    engine = worker.engine
    await adopt_schemes(engine, [load_file(SCHEME)], ACTOR)
    async with engine.connect() as connection:
        year = county_day(await database_time(connection)).year
    published = PublishedEvents()
    lines = io.BytesIO(b"\n".join(map(orjson.dumps, facts([*people], year))))
    async for _ in publish_file(worker.broker.connection, ACTOR, lines, published):
        pass
    await until_quiet(engine, published.sequences)
    await record_identities(engine, key_ring(settings, PERSONS), [each.identity for each in people], ACTOR)
    listed = read_catalogue(CATALOGUE, None)
    if listed.bad:
        raise AssertionError(f"the sandbox's catalogue has rows that can't be read: {listed.bad}")
    digest = hashlib.sha256(CATALOGUE.read_bytes()).hexdigest()
    await import_catalogue(engine, listed.entries, digest, ACTOR)
    await _speak_for_hospitals(engine, settings, keys)


async def _speak_for_hospitals(engine: AsyncEngine, settings: Settings, keys: KeyRing) -> None:
    known = {each.hospital_id: each for each, _ in await standing_hospitals(engine, keys)}
    for institution in (*HOSPITALS, PHARMACY):
        if institution.code not in known:
            added = HospitalSettings(institution.code, secrets=HospitalSecrets(new_password()))
            await add_hospital(engine, keys, added, ACTOR)
            known[institution.code] = added
    # each time: a start that was cut off may have kept the password here and not told the server
    hashes = {Source("hospital", code): bcrypt_hash(each.secrets.password) for code, each in known.items()}
    await let_gateway_in(settings.data_dir / "nats", hashes)


def _make_keys(settings: Settings, register: KeptRegister) -> None:
    path = key_file_of(settings, register)
    if not path.exists():
        write_keys(path, register, [new_key()])
