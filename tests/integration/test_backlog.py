"""Whose events wait in INTAKE, as an operator sees it."""

import nats

from infra.messaging.backlog import most_waiting
from infra.messaging.sender import Outgoing, publish_all
from infra.messaging.streams import INTAKE, ensure_streams
from infra.messaging.subscriber import ensure_consumer
from processors.delivery.names import INTAKE_CONSUMER
from tests.program import claims


async def test_who_floods_is_named_with_about_how_many(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    js = client.jetstream()
    await ensure_streams(js, {})
    assert await most_waiting(js, 0) == []
    for source, count in (("bureau.220621", 100), ("hospital.H1", 300), ("hospital.H2", 1)):
        await publish_all(client, [Outgoing(f"claims.intake.{source}.P1", b"{}")] * count)
    # 401 wait, 100 are looked at: every fourth, which misses what sent one
    assert await most_waiting(js, 0) == [
        {"source": "hospital/H1", "events": 301},
        {"source": "bureau/220621", "events": 100},
    ]
    # 21 wait: each is looked at
    assert await most_waiting(js, 380) == [
        {"source": "hospital/H1", "events": 20},
        {"source": "hospital/H2", "events": 1},
    ]
    await js.purge_stream(INTAKE, seq=391)  # up to 390, while they are looked at
    assert (await most_waiting(js, 380))[0] == {"source": "hospital/H1", "events": 10}
    await client.close()


async def test_status_names_them(database: str, nats_url: str) -> None:
    client = await nats.connect(nats_url)
    js = client.jetstream()
    await ensure_streams(js, {})
    await ensure_consumer(js, INTAKE, f"{INTAKE_CONSUMER}-0", "claims.intake.*.*.*")
    env = {"CLAIMS_DATABASE_URL": database, "CLAIMS_NATS_URL": nats_url}
    assert (await claims("status", "--json", env=env)).rows[0]["most_waiting"] == []
    await publish_all(client, [Outgoing("claims.intake.hospital.H1.P1", b"{}")] * 50)
    await client.close()
    (state,) = (await claims("status", "--json", env=env)).rows
    assert state["most_waiting"] == [{"source": "hospital/H1", "events": 50}]
    shown = await claims("status", env=env)
    assert "待接收事件最多的来源" in shown.out.decode()
    assert "hospital/H1" in shown.out.decode()
