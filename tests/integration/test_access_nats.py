"""Sources on NATS: each sends its own events and reads its own answers, and gets at nothing else by any way we know."""

import asyncio
import json
import stat
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import nats
import orjson
import pytest
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.api import ConsumerConfig

from events.refusals import Refusal
from infra.access.mailboxes import ensure_mailbox
from infra.access.passwords import bcrypt_hash
from infra.access.sources import QUOTE, Source
from infra.access.users import changing_users
from infra.embedded.nats import NatsServer, reload
from infra.embedded.process import server_user
from infra.messaging.sender import Outgoing, SendError, _request, publish_all
from infra.messaging.streams import ensure_streams
from infra.worker.request_service import asker_of
from tests import facts
from tests.nats_clients import PASSWORD, Connected, connected, turned_away
from tests.program import BOUND_S, background, claims, environment, eventually, outcome, up_is_ready, write_lines

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
H1, H2, OFFICE = Source("hospital", "H1"), Source("hospital", "H2"), Source("civil-affairs", "220621")
INSURER = Source("payer", "critical_illness.360123")


@pytest.fixture
async def url(nats_server: NatsServer, server_folder: Path) -> str:
    """A server with the ledger's streams, two hospitals and an office."""
    url = await nats_server.start()
    with changing_users(server_folder / "nats") as users:
        users.update({source.user: bcrypt_hash(PASSWORD) for source in (H1, H2, OFFICE)})
    await reload(server_folder / "nats")
    async with connected(url) as ledger:
        js = ledger.client.jetstream()
        await ensure_streams(js, {})
        for source in (H1, H2, OFFICE):
            await ensure_mailbox(js, source)
            await js.publish(f"claims.answers.{source.kind}.{source.id}.C", source.user.encode())
        await ensure_mailbox(js, INSURER)
        await js.publish(f"claims.payouts.{INSURER.id}.P1", INSURER.user.encode())
    return url


async def test_a_source_sends_its_own_and_reads_its_own(url: str) -> None:
    async with connected(url, H1) as hospital, connected(url, OFFICE) as office, connected(url) as ledger:
        assert (await hospital.js.publish("claims.intake.hospital.H1.P1", b"1")).seq == 1
        assert (await office.js.publish("claims.intake.civil-affairs.220621._", b"2")).seq == 2

        mailbox = await hospital.js.pull_subscribe_bind(H1.mailbox, stream="ANSWERS")
        pending = asyncio.create_task(mailbox.fetch(5, timeout=5))
        answers = await pending
        assert [(answer.subject, answer.data) for answer in answers] == [
            ("claims.answers.hospital.H1.C", b"hospital-H1")
        ]
        await answers[0].ack_sync()
        assert (await ledger.client.jetstream().consumer_info("ANSWERS", H1.mailbox)).num_ack_pending == 0

        # what comes later comes at once
        waiting = asyncio.create_task(mailbox.fetch(1, timeout=BOUND_S))
        await ledger.client.jetstream().publish("claims.answers.hospital.H1.C2", b"next")
        assert [answer.data for answer in await asyncio.wait_for(waiting, BOUND_S)] == [b"next"]


async def test_a_quote_is_asked_by_name(url: str) -> None:
    """The program that answers quotes learns from the server who asks."""
    async with connected(url) as ledger, connected(url, H1) as hospital:
        asked_by = []

        async def answer(message: Any) -> None:
            asked_by.append(json.loads(message.headers["Nats-Request-Info"])["user"])
            await message.respond(b"quoted")

        await ledger.client.subscribe("claims.quote", cb=answer)
        await ledger.client.flush()
        forged = {"Nats-Request-Info": json.dumps({"user": "hospital-H2"})}

        async def quoted() -> bool:
            # a request within milliseconds of a new subscription may find nobody (seen in 4 of 60 runs)
            with suppress(NoRespondersError):
                reply = await hospital.client.request("claims.quote", b"", BOUND_S, headers=forged)
                return bool(reply.data == b"quoted")
            return False

        await eventually(quoted)
        assert asked_by == ["hospital-H1"]
        async with connected(url, OFFICE) as office:
            assert await office.refused(lambda office: office.client.request("claims.quote", b"", timeout=0.5))


ATTEMPTS: dict[str, Callable[[Connected], Awaitable[object]]] = {
    "send as another": lambda own: own.js.publish("claims.intake.hospital.H2.P1", b"x"),
    "send as a bureau": lambda own: own.js.publish("claims.intake.bureau.220621._", b"x"),
    "order in the ledger's place": lambda own: own.js.publish("claims.intake.ledger.claims._", b"x"),
    "send to the ledger's inside": lambda own: own.js.publish("claims.runs.basic.0.intake", b"x"),
    "answer in the ledger's place": lambda own: own.js.publish("claims.answers.hospital.H2.C", b"x"),
    "answer itself": lambda own: own.js.publish("claims.answers.hospital.H1.C", b"x"),
    "listen to another's answers": lambda own: own.client.subscribe("claims.answers.hospital.H2.*"),
    "listen to all answers": lambda own: own.client.subscribe("claims.answers.>"),
    "listen to what others send": lambda own: own.client.subscribe("claims.intake.>"),
    "listen to everything": lambda own: own.client.subscribe(">"),
    "listen to all inboxes": lambda own: own.client.subscribe("_INBOX.>"),
    "listen to another's inboxes": lambda own: own.client.subscribe(f"{H2.inbox_prefix}.>"),
    "read another's mailbox": lambda own: own.client.request(f"$JS.API.CONSUMER.MSG.NEXT.ANSWERS.{H2.mailbox}", b"1"),
    "acknowledge for another": lambda own: own.client.publish(f"$JS.ACK.ANSWERS.{H2.mailbox}.1.1.1.1.0", b"+ACK"),
    "make a consumer": lambda own: own.js.add_consumer("ANSWERS", ConsumerConfig(durable_name="mine")),
    "make a filtered consumer": lambda own: own.js.pull_subscribe("claims.answers.hospital.H2.*", "x", "ANSWERS"),
    "change its own mailbox": lambda own: own.js.add_consumer(
        "ANSWERS", ConsumerConfig(durable_name=H1.mailbox, filter_subject="claims.answers.>")
    ),
    "delete another's mailbox": lambda own: own.js.delete_consumer("ANSWERS", H2.mailbox),
    "get a message": lambda own: own.js.get_msg("ANSWERS", seq=2),
    "get a message directly": lambda own: own.js.get_msg(
        "ANSWERS", subject="claims.answers.hospital.H2.C", direct=True
    ),
    "purge": lambda own: own.js.purge_stream("INTAKE"),
    "delete a stream": lambda own: own.js.delete_stream("RUNS"),
    "look at a stream": lambda own: own.js.stream_info("INTAKE"),
    "make a stream that takes all in": lambda own: own.js.add_stream(
        name="X", subjects=["claims.answers.hospital.H2.>"]
    ),
    "look at the server": lambda own: own.client.request("$SYS.REQ.SERVER.PING.CONNZ", b"", timeout=0.5),
}


async def test_a_source_gets_at_nothing_else(url: str) -> None:
    async with connected(url) as ledger:
        before = await state(ledger)

        async def refused(attempt: Callable[[Connected], Awaitable[object]]) -> bool:
            async with connected(url, H1) as hospital:
                return await hospital.refused(attempt)

        refusals = await asyncio.gather(*map(refused, ATTEMPTS.values()))
        assert [name for name, was_refused in zip(ATTEMPTS, refusals, strict=True) if not was_refused] == []
        assert await state(ledger) == before


async def test_what_jetstream_answers_stays_outside(url: str) -> None:
    """JetStream answers on any reply subject: one of the ledger's would be written by the server in our stead."""
    targets = (
        "claims.intake.hospital.H2.P1",
        "claims.runs.basic.0.intake",
        "claims.answers.hospital.H2.C",
        "$JS.API.STREAM.PURGE.ANSWERS",
        "$JS.API.STREAM.DELETE.RUNS",
        f"$JS.API.CONSUMER.MSG.NEXT.ANSWERS.{H2.mailbox}",
        f"$JS.API.CONSUMER.DELETE.ANSWERS.{H2.mailbox}",
        f"$JS.API.CONSUMER.MSG.NEXT.PAYOUTS.{INSURER.mailbox}",
        f"claims.payouts.{INSURER.id}.P1",
        "$JS.API.STREAM.PURGE.PAYOUTS",
        QUOTE,
    )
    of_another = f"$JS.ACK.ANSWERS.{H2.mailbox}.1.2.1.1.0"
    async with connected(url) as ledger, connected(url, H1) as hospital:
        asked: list[Msg] = []

        async def refuse(message: Msg) -> None:
            asked.append(message)

        await ledger.client.subscribe(QUOTE, cb=refuse)
        await ledger.client.flush()
        assert await hospital.refused(
            lambda own: own.client.publish("claims.intake.hospital.H1.P1", b"x", reply=of_another)
        )
        sent = (await state(ledger))["INTAKE"]
        for target in targets:
            await hospital.client.publish("claims.intake.hospital.H1.P1", b"x", reply=target)
            await hospital.client.publish(f"$JS.API.CONSUMER.MSG.NEXT.ANSWERS.{H1.mailbox}", b"1", reply=target)
        # a request behind them: all were handled once it is answered
        assert (await hospital.js.publish("claims.intake.hospital.H1.P1", b"last")).seq == sent + len(targets) + 1
        assert await state(ledger) == {
            "INTAKE": sent + len(targets) + 1,
            "RUNS": 0,
            "ANSWERS": 3,
            "PAYOUTS": 1,
            "answers-hospital-H2": 1,
        }
        async with connected(url, H2) as other:
            mailbox = await other.js.pull_subscribe_bind(H2.mailbox, stream="ANSWERS")
            assert [answer.data for answer in await mailbox.fetch(5, timeout=10)] == [b"hospital-H2"]
        # an acknowledgement does arrive as a question: from no source, so it is refused, and no answer can be sent
        await ledger.client.flush()
        for message in asked:
            assert not message.reply
            with pytest.raises(Refusal, match="source_not_allowed"):
                asker_of(message)


async def test_batches_that_a_source_leaves_open_keep_nobody_out(url: str) -> None:
    async with connected(url) as ledger, connected(url, H1) as hospital:
        for number in range(60):
            begun = {"Nats-Batch-Id": f"left-open-{number}", "Nats-Batch-Sequence": "1"}
            await hospital.client.request("claims.intake.hospital.H1.P1", b"x", timeout=BOUND_S, headers=begun)
        events = [Outgoing("claims.intake.hospital.H2.P", str(number).encode()) for number in range(5)]
        begun = {"Nats-Batch-Id": "one-more", "Nats-Batch-Sequence": "1"}
        with pytest.raises(SendError, match="too many inflight"):
            await _request(ledger.client, events[0], begun)
        places = await publish_all(ledger.client, events)
        js = ledger.client.jetstream()
        assert [(await js.get_msg("INTAKE", seq=place)).data for place in places] == [event.body for event in events]


async def state(ledger: Connected) -> dict[str, int]:
    """Messages of each stream, and of H2's mailbox."""
    js = ledger.client.jetstream()
    counts = {name: (await js.stream_info(name)).state.messages for name in ("INTAKE", "RUNS", "ANSWERS", "PAYOUTS")}
    return counts | {H2.mailbox: (await js.consumer_info("ANSWERS", H2.mailbox)).num_pending or 0}


async def test_revoked_is_disconnected_and_others_notice_nothing(url: str, server_folder: Path) -> None:
    async with connected(url, H1) as hospital, connected(url, H2) as other, connected(url) as ledger:
        mailbox = await other.js.pull_subscribe_bind(H2.mailbox, stream="ANSWERS")
        await (await mailbox.fetch(1, timeout=BOUND_S))[0].ack_sync()
        waiting = asyncio.create_task(mailbox.fetch(1, timeout=BOUND_S))
        with changing_users(server_folder / "nats") as users:
            del users[H1.user]
            users["hospital-H3"] = bcrypt_hash("another")
        await reload(server_folder / "nats")

        await eventually(lambda: hospital.client.is_closed)
        assert await turned_away(url, H1.user, PASSWORD)
        async with connected(url, Source("hospital", "H3"), "another") as third:
            assert (await third.js.publish("claims.intake.hospital.H3.P", b"1")).seq == 1
        await ledger.client.jetstream().publish("claims.answers.hospital.H2.C2", b"later")
        assert [answer.data for answer in await asyncio.wait_for(waiting, BOUND_S)] == [b"later"]
        assert other.complaints == ledger.complaints == []


async def test_nobody_without_a_password(url: str, server_folder: Path) -> None:
    assert await turned_away(url)
    assert await turned_away(url, H1.user)
    assert await turned_away(url, H1.user, "wrong")
    assert not await turned_away(url, H1.user, PASSWORD)
    told = server_folder / "nats" / "sources.json"
    assert stat.S_IMODE(told.stat().st_mode) == 0o600
    assert PASSWORD.encode() not in b"".join(
        path.read_bytes() for path in (server_folder / "nats").iterdir() if path.is_file()
    )


async def test_streams_of_a_directory_from_before_accounts_are_kept(
    nats_server: NatsServer, server_folder: Path
) -> None:
    url = await nats_server.start()
    async with connected(url) as ledger:
        await ensure_streams(ledger.client.jetstream(), {})
        await ledger.client.jetstream().publish("claims.intake.hospital.H1.P", b"1")
    await nats_server.stop()
    store = server_folder / "nats" / "store" / "jetstream"
    (store / "LEDGER").rename(store / "$G")
    url = await nats_server.start()
    async with connected(url) as ledger:
        assert (await ledger.client.jetstream().stream_info("INTAKE")).state.messages == 1


async def test_a_hospital_given_access_works_and_loses_it(tmp_path: Path, server_folder: Path) -> None:
    """The commands and the documented client, beside a running `claims up`."""
    data, log = server_folder / "data", tmp_path / "up.log"
    async with background("up", "--data-dir", data, log=log):
        await up_is_ready(log)
        known = write_lines(tmp_path / "known.jsonl", [facts.hospital(), facts.enrol(), facts.roster()])
        assert (await claims("publish", known, "--data-dir", data)).code == 0

        given = await claims("access", "hospital", "H1", "--json", "--data-dir", data)
        assert given.code == 0, given.err
        (told,) = given.rows
        assert told["nats_url"].startswith(f"nats://hospital-H1:{told['password']}@127.0.0.1:")
        again = await claims("access", "hospital", "H1", "--json", "--data-dir", data)
        assert (again.code, again.rows[0]["password"]) == (0, None)

        answer = await hospital_client(told["nats_url"])
        assert (answer["type"], answer["subject"]) == ("claim.settled.v1", "H1-C-P1-2019-05-06")

        rotated = await claims("access", "hospital", "H1", "--rotate", "--json", "--data-dir", data)
        assert rotated.code == 0, rotated.err
        user, password = rotated.rows[0]["user"], rotated.rows[0]["password"]
        # whoever has not changed yet goes on with the old one, until that is ended
        assert not await turned_away(told["nats_url"], "hospital-H1", told["password"])
        assert (await hospital_client(rotated.rows[0]["nats_url"]))["subject"] == "H1-C-P1-2019-05-06"
        listed = await claims("access", "list", "--json", "--data-dir", data)
        assert [row["name"] for row in listed.rows] == ["hospital-H1", user]
        old, new = [
            await nats.connect(each["nats_url"], allow_reconnect=False, connect_timeout=BOUND_S)
            for each in (told, rotated.rows[0])
        ]
        assert (await claims("access", "hospital", "H1", "--end-old", "--data-dir", data)).code == 0
        await eventually(lambda: old.is_closed)
        assert await turned_away(told["nats_url"], "hospital-H1", told["password"])
        listed = await claims("access", "list", "--json", "--data-dir", data)
        assert listed.rows == [{"server": "nats", "name": user, "role": "hospital"}]

        assert not new.is_closed
        assert (await claims("access", "hospital", "H1", "--revoke", "--data-dir", data)).code == 0
        await eventually(lambda: new.is_closed)
        assert await turned_away(told["nats_url"], user, password)
        kept = (
            log.read_bytes() + (data / "nats" / "nats.log").read_bytes() + (data / "nats" / "sources.json").read_bytes()
        )
        assert told["password"].encode() not in kept
        assert rotated.rows[0]["password"].encode() not in kept
        assert (data / "nats" / "sources.json").stat().st_uid == server_user(data / "nats").uid


async def hospital_client(url: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLES / "hospital.py",
        *(url, "H1", "P1", "2019-05-06"),
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    ended = await outcome(process, "hospital.py")
    assert ended.code == 0, ended.err
    answer: dict[str, Any] = orjson.loads(ended.out)
    return answer
