"""A hospital hears over plain HTTP what it was told, all of it and nothing of another's, whatever dies meanwhile."""

import asyncio
from typing import Any

import httpx
import orjson
import pytest

from infra.gateway import hospitals
from infra.gateway.plain import mailbox
from processors.visits.api_keys import end_api_key
from tests.gateway.harness import MOST_S, GatewayUnderTest
from tests.gateway.plain_client import acknowledge, call, emptied, events_of, give_key, take, told
from tests.program import eventually


@pytest.fixture(scope="module")
async def soon(gateway: GatewayUnderTest) -> str:
    """A key of H9, to which what it does not acknowledge comes again soon."""
    key = await give_key(gateway, "H9", "hears")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mailbox, "REPEATED_AFTER_S", 0.5)
        await emptied(gateway, key)
    return key


async def test_a_hospital_hears_its_own_answers_until_it_acknowledges_them(
    gateway: GatewayUnderTest, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await told(gateway, "H1", "1"), await told(gateway, "H1", "2")
    of_h2 = await told(gateway, "H2", "1")
    (one,) = await take(gateway, keys["H1"], max=1)
    assert events_of([one]) == [first]
    assert one["event"]["type"] == "event.rejected.v1"
    assert one["deliveries"] == 1
    (other,) = await take(gateway, keys["H1"], wait=0)
    assert events_of([other]) == [second]
    assert await take(gateway, keys["H1"], wait=0) == []
    mine = await take(gateway, keys["H2"])
    assert events_of(mine) == [of_h2]
    # what the other hospital acknowledges under this receipt is its own answer at most
    foreign = await call(gateway, keys["H2"], "POST", "/answers/acknowledgement", {"receipts": [one["receipt"]]})
    assert foreign.status_code in (200, 422)
    await acknowledge(gateway, keys["H1"], [other])
    info = await gateway.worker.broker.connection.jetstream().consumer_info("ANSWERS", "http-hospital-H1")
    assert info.num_ack_pending == 1
    await acknowledge(gateway, keys["H1"], [one, other])
    await acknowledge(gateway, keys["H2"], mine)


async def test_what_is_not_acknowledged_comes_again(gateway: GatewayUnderTest, soon: str) -> None:
    """Also from another gateway: the mailbox is the ledger's, and no gateway's."""
    event = await told(gateway, "H9", "1")
    (before,) = await take(gateway, soon)
    assert events_of([before]) == [event]
    async with gateway.another() as running:
        named = {"Authorization": f"Bearer {soon}"}
        answer = await gateway.client.get(f"{running.url}/v1/answers", headers=named)
    (again,) = answer.json()["answers"]
    assert again["event"] == before["event"]
    assert again["deliveries"] > before["deliveries"]
    await acknowledge(gateway, soon, [before])  # the receipt of the first time counts too
    assert await take(gateway, soon, wait=1) == []


async def test_a_call_waits_for_the_next_answer(gateway: GatewayUnderTest, keys: dict[str, str]) -> None:
    waiting = asyncio.create_task(take(gateway, keys["H1"], wait=30))
    await eventually(lambda: _pulls(gateway, "http-hospital-H1", 1))
    event = await told(gateway, "H1", "3")
    answers = await waiting
    assert events_of(answers) == [event]
    await acknowledge(gateway, keys["H1"], answers)


async def _pulls(gateway: GatewayUnderTest, consumer: str, number: int) -> bool:
    info = await gateway.worker.broker.connection.jetstream().consumer_info("ANSWERS", consumer)
    return bool(info.num_waiting == number)


async def test_who_has_hung_up_takes_nothing(gateway: GatewayUnderTest, keys: dict[str, str]) -> None:
    """An answer that came to a caller who is gone would else come 30 s later."""
    waiting = asyncio.create_task(take(gateway, keys["H1"], wait=30))
    await eventually(lambda: _pulls(gateway, "http-hospital-H1", 1))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await eventually(lambda: _pulls(gateway, "http-hospital-H1", 0))
    event = await told(gateway, "H1", "4")
    answers = await take(gateway, keys["H1"])
    assert [(each, answers[0]["deliveries"]) for each in events_of(answers)] == [(event, 1)]
    await acknowledge(gateway, keys["H1"], answers)


async def test_two_that_wait_share_what_comes(gateway: GatewayUnderTest, keys: dict[str, str]) -> None:
    waiting = [asyncio.create_task(take(gateway, keys["H1"], wait=30, max=1)) for _ in range(2)]
    await eventually(lambda: _pulls(gateway, "http-hospital-H1", 2))
    sent = [await told(gateway, "H1", number) for number in ("5", "6")]
    answers = [each for taken in await asyncio.gather(*waiting) for each in taken]
    assert sorted(events_of(answers)) == sorted(sent)
    await acknowledge(gateway, keys["H1"], answers)


async def test_nats_is_killed_while_answers_are_out(gateway: GatewayUnderTest, soon: str) -> None:
    """What was not acknowledged comes again, and who waits meanwhile hears what comes after.

    What was acknowledged a moment before may come again too: the server writes that down a little later.
    """
    first = await told(gateway, "H9", "7")
    (answer,) = await take(gateway, soon)
    await acknowledge(gateway, soon, [answer])
    waiting = asyncio.create_task(call(gateway, soon, "GET", "/answers?wait=30"))
    await eventually(lambda: _pulls(gateway, "http-hospital-H9", 1))
    gateway.nats.kill()
    await gateway.nats.restart()
    second = await told(gateway, "H9", "8")
    heard = list((await waiting).json().get("answers", []))  # nothing where NATS was away too long for one call
    while second not in events_of(heard):
        heard += await take(gateway, soon, wait=30)
    assert set(events_of(heard)) <= {first, second}
    gateway.nats.kill()
    await gateway.nats.restart()
    again: list[dict[str, Any]] = []
    while second not in events_of(again):
        again += await take(gateway, soon, wait=30)
    await acknowledge(gateway, soon, again)


async def test_while_nats_is_away_who_asks_is_told_to_come_again(
    gateway: GatewayUnderTest, keys: dict[str, str]
) -> None:
    gateway.nats.kill()
    away = await call(gateway, keys["H1"], "GET", "/answers?wait=1")
    acknowledged = await call(gateway, keys["H1"], "POST", "/answers/acknowledgement", {"receipts": ["1.1.1.1.1"]})
    await gateway.nats.restart()
    assert [(each.status_code, each.headers["retry-after"]) for each in (away, acknowledged)] == [(503, "5")] * 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/answers?wait=31", None, 400),
        ("/answers?wait=-1", None, 400),
        ("/answers?max=0", None, 400),
        ("/answers?max=501", None, 400),
        ("/answers?max=²", None, 400),
        ("/answers/acknowledgement", b"no json", 422),
        ("/answers/acknowledgement", {"receipts": []}, 422),
        ("/answers/acknowledgement", {"receipts": ["1.1.1.1"]}, 422),
        ("/answers/acknowledgement", {"receipts": ["1.999999999.1.1.1"]}, 422),
        ("/answers/acknowledgement", {"receipts": ["1.*.1.1.1"]}, 422),
        ("/answers/acknowledgement", {"receipts": ["1.1.1.1.1"] * 501}, 422),
    ],
)
async def test_what_is_refused(
    gateway: GatewayUnderTest, keys: dict[str, str], path: str, body: Any, status: int
) -> None:
    answer = await call(gateway, keys["H1"], "GET" if body is None else "POST", path, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail_zh"]


async def test_looking_without_a_body_takes_nothing(gateway: GatewayUnderTest, keys: dict[str, str]) -> None:
    event = await told(gateway, "H1", "10")
    head = await call(gateway, keys["H1"], "HEAD", "/answers?wait=0")
    assert (head.status_code, head.headers["allow"]) == (405, "GET")
    answers = await take(gateway, keys["H1"])
    assert events_of(answers) == [event]
    await acknowledge(gateway, keys["H1"], answers)


async def test_streams_and_waits_end_with_the_gateway(gateway: GatewayUnderTest, keys: dict[str, str]) -> None:
    """At once: a program that ends waits for no one who listens."""
    named = {"Authorization": f"Bearer {keys['H1']}"}
    async with httpx.AsyncClient(timeout=MOST_S, headers=named) as client:
        async with gateway.another() as running:
            waiting = asyncio.create_task(client.get(f"{running.url}/v1/answers?wait=30"))
            await eventually(lambda: _pulls(gateway, "http-hospital-H1", 1))
        answer = await waiting
        assert (answer.status_code, answer.json()) == (200, {"answers": []})


async def test_ten_thousand_that_wait_come_in_order_and_each_once(
    gateway: GatewayUnderTest, keys: dict[str, str]
) -> None:
    js = gateway.worker.broker.connection.jetstream()
    count = 10_000
    for begin in range(0, count, 500):
        publishing = [
            js.publish("claims.answers.hospital.H2.many", orjson.dumps({"data": {"event_id": str(number)}}))
            for number in range(begin, begin + 500)
        ]
        await asyncio.gather(*publishing)
    heard: list[str] = []
    while answers := await take(gateway, keys["H2"], wait=0, max=500):
        heard += events_of(answers)
        await acknowledge(gateway, keys["H2"], answers)
    assert list(map(int, heard)) == list(range(count))
    await js.purge_stream("ANSWERS", subject="claims.answers.hospital.H2.many")


async def test_a_full_mailbox_hands_out_nothing_until_some_is_acknowledged(
    gateway: GatewayUnderTest, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no fault of the ledger's: who asks is not told to come again, and who waits is told at once."""
    monkeypatch.setattr(mailbox, "MOST_UNACKNOWLEDGED", 2)
    js = gateway.worker.broker.connection.jetstream()
    await js.delete_consumer("ANSWERS", "http-hospital-H1")
    await emptied(gateway, keys["H1"])
    sent = [await told(gateway, "H1", f"full-{number}") for number in range(3)]
    held = await take(gateway, keys["H1"], wait=20)
    while len(held) < 2:
        held += await take(gateway, keys["H1"], wait=20)
    assert await take(gateway, keys["H1"], wait=0) == []
    waiting = asyncio.create_task(take(gateway, keys["H1"], wait=30))
    await eventually(lambda: _pulls(gateway, "http-hospital-H1", 1))
    await acknowledge(gateway, keys["H1"], held)
    last = await waiting
    assert events_of(held + last) == sent
    await acknowledge(gateway, keys["H1"], last)
    await js.delete_consumer("ANSWERS", "http-hospital-H1")
    monkeypatch.undo()
    await emptied(gateway, keys["H1"])


async def test_a_key_that_was_ended_while_it_waited_is_handed_nothing(
    gateway: GatewayUnderTest, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hospitals, "KNOWN_FOR_S", 0.0)
    stolen = await give_key(gateway, "H2", "stolen")
    waiting = asyncio.create_task(call(gateway, stolen, "GET", "/answers?wait=30"))
    await eventually(lambda: _pulls(gateway, "http-hospital-H2", 1))
    await end_api_key(gateway.engine, gateway.keys, "H2", "stolen", "tester")
    event = await told(gateway, "H2", "ended")
    assert (await waiting).status_code == 401
    answers = await take(gateway, keys["H2"])  # at once: it was given back
    assert events_of(answers) == [event]
    await acknowledge(gateway, keys["H2"], answers)


async def test_a_receipt_of_a_stream_that_was_lost_acknowledges_nothing(
    gateway: GatewayUnderTest, keys: dict[str, str]
) -> None:
    """What took its place counts from 1 again: at the place of the receipt stands another answer."""
    event = await told(gateway, "H1", "lost")
    [answer] = await take(gateway, keys["H1"])
    deliveries, place, number, stored, waiting = answer["receipt"].split(".")
    before = ".".join([deliveries, place, number, str(int(stored) - 10**18), waiting])
    refused = await call(gateway, keys["H1"], "POST", "/answers/acknowledgement", {"receipts": [before]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "/receipts/0")
    info = await gateway.worker.broker.connection.jetstream().consumer_info("ANSWERS", "http-hospital-H1")
    assert info.num_ack_pending == 1, event
    await acknowledge(gateway, keys["H1"], [answer])


async def test_settings_are_looked_at_once_for_many_calls(
    gateway: GatewayUnderTest, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hospitals, "KNOWN_FOR_S", MOST_S)
    known = gateway.running.services.hospitals
    looked = 0
    refresh = known.refresh

    async def counted(connection: Any) -> Any:
        nonlocal looked
        looked += 1
        return await refresh(connection)

    monkeypatch.setattr(known, "refresh", counted)
    calls = [call(gateway, keys["H1"], "POST", "/status", {"claim_id": "C1"}) for _ in range(20)]
    assert {each.status_code for each in await asyncio.gather(*calls)} == {200}
    assert looked <= 1
