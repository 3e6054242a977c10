"""NATS or connections to the database end under a gateway: nothing is lost and nothing is done twice."""

import asyncio

import orjson
from sqlalchemy import func, select, text

from projections.statements import statements
from tests.gateway.harness import GatewayUnderTest, envelope
from tests.gateway.made_up_transactions import DONE, HELD
from tests.program import eventually

_END_SESSIONS = text("""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')
""")
"""All but the worker's that holds its lanes."""


async def test_nats_is_killed_under_a_transaction(gateway: GatewayUnderTest) -> None:
    """Its events are sent once NATS is there again, and their answers heard."""
    request = envelope("TSET", {"data": {"psn_no": "P1"}})
    HELD[request["msgid"]] = asyncio.Event()
    calling = asyncio.create_task(gateway.post(request))
    await eventually(lambda: DONE["TSET", request["msgid"]] > 0)
    gateway.nats.kill()
    HELD[request["msgid"]].set()
    await gateway.nats.restart()
    answer = orjson.loads(await calling)
    if answer["infcode"] == -1:  # a busy machine took longer than a call may: the program sends the same again
        answer = await settled(gateway, request)
    assert answer["infcode"] == 0, answer
    assert await claims_of(gateway, "P1") == 1
    # and the connections that were lost serve the next call
    assert (await settled(gateway, envelope("TSET", {"data": {"psn_no": "P2"}})))["infcode"] == 0


async def test_calls_while_nats_is_away_are_done_once_it_is_back(gateway: GatewayUnderTest) -> None:
    requests = [envelope("TSET", {"data": {"psn_no": person}}) for person in ("P3", "P4", "P5")]
    gateway.nats.kill()
    calling = [asyncio.create_task(gateway.post(request)) for request in requests]
    await eventually(lambda: all(DONE["TSET", request["msgid"]] > 0 for request in requests))
    await gateway.nats.restart()
    await asyncio.gather(*calling)
    answers = [await settled(gateway, request) for request in requests]
    assert [answer["infcode"] for answer in answers] == [0, 0, 0]
    for person in ("P3", "P4", "P5"):
        assert await claims_of(gateway, person) == 1


async def test_connections_to_the_database_that_were_ended_are_replaced(gateway: GatewayUnderTest) -> None:
    """No question is asked before their use, so the pool must see by itself which of them are gone."""
    first = envelope("TSET", {"data": {"psn_no": "P6"}})
    answer = await gateway.post(first)
    assert orjson.loads(answer)["infcode"] == 0, answer
    async with gateway.engine.connect() as connection:
        assert len((await connection.execute(_END_SESSIONS)).all()) > 1
    second = await settled(gateway, envelope("TSET", {"data": {"psn_no": "P7"}}))
    assert second["infcode"] == 0, second
    assert await gateway.post(first) == answer
    for person in ("P6", "P7"):
        assert await claims_of(gateway, person) == 1


async def settled(gateway: GatewayUnderTest, request: dict[str, object]) -> dict[str, object]:
    """The answer to a request that is sent again, as programs do, until the system can do it."""
    answer: dict[str, object] = {}

    async def done() -> bool:
        answer.update(orjson.loads(await gateway.post(request)))
        return answer["infcode"] != -1

    await eventually(done, lambda: answer)
    return answer


async def claims_of(gateway: GatewayUnderTest, person: str) -> int:
    async with gateway.engine.connect() as connection:
        counted = select(func.count()).select_from(statements).where(statements.c.person_id == person)
        return int((await connection.execute(counted)).scalar_one())
