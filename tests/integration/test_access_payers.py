"""Payers on NATS: each hears what is booked on its fund in its region, and gets at nothing else."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from nats.js.api import ConsumerConfig

from infra.access.mailboxes import ensure_mailbox
from infra.access.passwords import bcrypt_hash
from infra.access.sources import QUOTE, Source
from infra.access.users import changing_users
from infra.embedded.nats import NatsServer, reload
from infra.messaging.streams import ensure_streams
from tests import facts
from tests.nats_clients import PASSWORD, Connected, connected, turned_away
from tests.program import BOUND_S, background, claims, environment, up_is_ready, write_lines

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
H1 = Source("hospital", "H1")
INSURER, BASIC = Source("payer", "critical_illness.360123"), Source("payer", "basic_fund.360123")
ELSEWHERE = Source("payer", "critical_illness.220621")
PAYERS = (INSURER, BASIC, ELSEWHERE)


@pytest.fixture
async def url(nats_server: NatsServer, server_folder: Path) -> str:
    """A server with the ledger's streams, three payers and a hospital; each payer is told one booking."""
    url = await nats_server.start()
    with changing_users(server_folder / "nats") as users:
        users.update({source.user: bcrypt_hash(PASSWORD) for source in (H1, *PAYERS)})
    await reload(server_folder / "nats")
    async with connected(url) as ledger:
        js = ledger.client.jetstream()
        await ensure_streams(js, {})
        for payer in PAYERS:
            await ensure_mailbox(js, payer)
            await js.publish(f"claims.payouts.{payer.id}.P1", payer.user.encode())
    return url


async def test_a_payer_hears_its_own_fund_and_region(url: str) -> None:
    async with connected(url, INSURER) as insurer:
        mailbox = await insurer.js.pull_subscribe_bind(INSURER.mailbox, stream="PAYOUTS")
        pending = asyncio.create_task(mailbox.fetch(5, timeout=5))
        told = await pending
        assert [(each.subject, each.data) for each in told] == [
            ("claims.payouts.critical_illness.360123.P1", b"payer-critical_illness-360123")
        ]
        await told[0].ack_sync()


PAYER_ATTEMPTS: dict[str, Callable[[Connected], Awaitable[object]]] = {
    "read another fund's mailbox": lambda own: own.client.request(
        f"$JS.API.CONSUMER.MSG.NEXT.PAYOUTS.{BASIC.mailbox}", b"1"
    ),
    "read another region's mailbox": lambda own: own.client.request(
        f"$JS.API.CONSUMER.MSG.NEXT.PAYOUTS.{ELSEWHERE.mailbox}", b"1"
    ),
    "read a hospital's mailbox": lambda own: own.client.request(
        f"$JS.API.CONSUMER.MSG.NEXT.ANSWERS.{H1.mailbox}", b"1"
    ),
    "acknowledge for another": lambda own: own.client.publish(f"$JS.ACK.PAYOUTS.{BASIC.mailbox}.1.1.1.1.0", b"+ACK"),
    "tell a payout": lambda own: own.js.publish(f"claims.payouts.{INSURER.id}.P1", b"x"),
    "send an event": lambda own: own.js.publish(f"claims.intake.payer.{INSURER.id}.P1", b"x"),
    "ask for a quote": lambda own: own.client.request(QUOTE, b"x", timeout=0.5),
    "ask for rules": lambda own: own.client.request("claims.rules", b"x", timeout=0.5),
    "listen to all payouts": lambda own: own.client.subscribe("claims.payouts.>"),
    "listen to its own without its mailbox": lambda own: own.client.subscribe(INSURER.hears),
    "make a consumer": lambda own: own.js.add_consumer("PAYOUTS", ConsumerConfig(durable_name="mine")),
    "get a message": lambda own: own.js.get_msg("PAYOUTS", seq=2),
    "look at a stream": lambda own: own.js.stream_info("PAYOUTS"),
}


async def test_a_payer_gets_at_nothing_else(url: str) -> None:
    """Nor may a hospital read what a payer is told."""

    async def refused(attempt: Callable[[Connected], Awaitable[object]], source: Source = INSURER) -> bool:
        async with connected(url, source) as ours:
            return await ours.refused(attempt)

    refusals = await asyncio.gather(*map(refused, PAYER_ATTEMPTS.values()))
    assert [name for name, was_refused in zip(PAYER_ATTEMPTS, refusals, strict=True) if not was_refused] == []
    assert await refused(PAYER_ATTEMPTS["read another fund's mailbox"], H1)
    async with connected(url) as ledger:
        js = ledger.client.jetstream()
        assert (await js.stream_info("PAYOUTS")).state.messages == len(PAYERS)
        assert (await js.consumer_info("PAYOUTS", BASIC.mailbox)).num_pending == 1


async def test_a_payer_given_access_hears_what_is_booked_on_its_fund(tmp_path: Path, server_folder: Path) -> None:
    """The command and the documented client, beside a running `claims up`; told again on request; revoked."""
    data, log = server_folder / "data", tmp_path / "up.log"
    async with background("up", "--data-dir", data, log=log):
        await up_is_ready(log)
        lines = [facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1)]
        known = write_lines(tmp_path / "known.jsonl", lines)
        assert (await claims("publish", known, "--data-dir", data)).code == 0
        given = await claims("access", "payer", "assistance_fund.220621", "--json", "--data-dir", data)
        assert given.code == 0, given.err
        (told,) = given.rows
        assert (told["stream"], told["publish"], told["mailbox"]) == (
            "PAYOUTS",
            None,
            "payouts-assistance_fund-220621",
        )
        heard = await payer_client(told["nats_url"], "2")
        assert [each["data"].get("layer") or each["data"]["premium"] for each in heard] == ["subsidised", "assistance"]
        again = await claims(
            *("payouts", "--from", "1", "--payer", "assistance_fund.220621", "--json", "--data-dir", data)
        )
        assert (again.code, again.rows) == (0, [{"sent_again": 2}]), again.err
        assert await payer_client(told["nats_url"], "2") == heard

        listed = await claims("access", "list", "--json", "--data-dir", data)
        assert listed.rows == [{"server": "nats", "name": "payer-assistance_fund-220621", "role": "payer"}]
        rotated = await claims(
            *("access", "payer", "assistance_fund.220621", "--rotate", "--end-old", "--json", "--data-dir", data)
        )
        assert rotated.code == 0, rotated.err
        assert await turned_away(told["nats_url"], "payer-assistance_fund-220621", told["password"])
        assert (await claims("access", "payer", "assistance_fund.220621", "--revoke", "--data-dir", data)).code == 0
        user, password = rotated.rows[0]["user"], rotated.rows[0]["password"]
        assert await turned_away(told["nats_url"], user, password)
        for asked in (("access", "payer", "lottery.220621"), ("payouts", "--from", "1", "--payer", "lottery.220621")):
            wrong = await claims(*asked, "--data-dir", data)
            assert wrong.code == 2
            assert "没有基金 lottery，可用的有 医疗救助资金 assistance_fund" in wrong.err


async def payer_client(url: str, count: str) -> list[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLES / "payer.py",
        *(url, "assistance_fund", "220621", count),
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), BOUND_S)
    assert process.returncode == 0, err.decode()
    *booked, _ = out.splitlines()
    return [orjson.loads(line) for line in booked]
