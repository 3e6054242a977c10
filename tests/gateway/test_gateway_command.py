"""The program itself: ``claims up --gateway``, and the hospitals that the gateway speaks for."""

import json
import re
import signal
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests import facts
from tests.gateway.harness import envelope
from tests.program import background, claims, eventually, exit_code, up_is_ready, write_lines

ADDRESS = re.compile(r"gateway: (http://127\.0\.0\.1:\d+)")


async def asked(url: str, request: dict[str, Any]) -> bytes:
    async with httpx.AsyncClient(timeout=30) as client:
        return (await client.post(f"{url}/x", content=orjson.dumps(request))).content


async def gateway_of(log: Path) -> str:
    """Where the gateway of ``claims up --gateway`` answers."""

    def text() -> str:
        return log.read_text(encoding="utf-8")

    await eventually(lambda: ADDRESS.search(text()) is not None, text)
    found = ADDRESS.search(text())
    assert found is not None
    return found[1]


async def test_hospitals_come_change_and_go_beside_a_running_gateway(server_folder: Path) -> None:
    log, at = server_folder / "up.log", ("--data-dir", server_folder / "ledger")
    secret = "only-for-both-sides"
    await claims("settle", write_lines(server_folder / "facts.jsonl", [facts.hospital()]), *at)
    # without its keys there is no gateway, and it is said before anything starts
    refused = await claims("up", *at, "--gateway")
    assert (refused.code, "claims gateway new-key" in refused.err) == (2, True)
    assert (await claims("gateway", "new-key", *at)).code == 0
    alone = await claims("gateway", *at)
    assert (alone.code, "claims up" in alone.err) == (2, True)

    request = envelope("9001", {"signIn": {"opter_no": "D001"}})
    async with background("up", *at, "--gateway", "127.0.0.1:0", log=log) as up:
        await up_is_ready(log)
        url = await gateway_of(log)
        assert "未在本接口登记" in json.loads(await asked(url, request))["err_msg"]
        added = await claims("gateway", "hospitals", "add", "H1", "--actor", "lin", "--json", *at)
        assert added.rows[0] == {
            "hospital_id": "H1",
            "networks": [],
            "codes": {},
            "infcode_text": False,
            "checks": [],
        }
        first = await asked(url, request)
        assert json.loads(first)["infcode"] == 0
        twice = await claims("gateway", "hospitals", "add", "H1", "--actor", "lin", *at)
        assert (twice.code, "hospitals change" in twice.err) == (2, True)

        # a hospital's own password is its own affair
        await claims("access", "hospital", "H1", *at)
        await claims("access", "hospital", "H1", "--rotate", "--end-old", *at)
        users = json.loads((server_folder / "ledger" / "nats" / "sources.json").read_text())["users"]
        assert len([each for each in users if each["user"] == "hospital-H1.gateway"]) == 1
        assert len(users) == 2

        # a change holds for the next call
        options = ("--secret", secret, "--network", "127.0.0.0/8", "--med-type", "2101=inpatient", "--infcode-text")
        changed = await claims("gateway", "hospitals", "change", "H1", "--actor", "zhao", *options, *at, "--json")
        told = changed.rows[0]
        assert told["checks"] == ["x-tif"]
        assert told["codes"] == {"med_type": {"2101": "inpatient"}}
        assert "x-tif" in json.loads(await asked(url, request))["err_msg"]
        await claims("gateway", "hospitals", "change", "H1", "--actor", "zhao", "--secret", "", *at)
        assert await asked(url, request) == first

        listed = await claims("gateway", "hospitals", "list", *at, "--json")
        assert listed.rows[0]["networks"] == ["127.0.0.0/8"]
        history = await claims("gateway", "hospitals", "list", "--history", *at)
        steps = history.rows
        assert [(each["step"], each["actor"]) for each in steps] == [("set", "lin"), ("set", "zhao"), ("set", "zhao")]
        shown = b"".join((added.out, changed.out, listed.out, history.out)).decode() + changed.err
        assert secret not in shown
        assert "password" not in shown
        up.send_signal(signal.SIGTERM)
        assert await exit_code(up, log) == 0

    # after a restart the same call has the same answer, and a new key reads it too
    assert (await claims("gateway", "rotate-key", *at)).code == 0
    async with background("up", *at, "--gateway", "127.0.0.1:0", log=log) as up:
        await up_is_ready(log)
        url = await gateway_of(log)
        assert await asked(url, request) == first
        ended = await claims("gateway", "hospitals", "end", "H1", "--actor", "lin", *at)
        assert ended.code == 0, ended.err
        assert "已停用" in json.loads(await asked(url, request))["err_msg"]
        users = json.loads((server_folder / "ledger" / "nats" / "sources.json").read_text())["users"]
        assert not [each for each in users if each["user"].endswith(".gateway")]
        up.send_signal(signal.SIGTERM)
        assert await exit_code(up, log) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "H 1", "--actor", "lin"), "医疗机构编号|编号"),
        (("add", "H1", "--actor", "lin", "--network", "10.1.2.3/8"), "网段"),
        (("add", "H1", "--actor", "lin", "--sm2-public-key", "04ab"), "十六进制"),
        (("add", "H1", "--actor", "lin", "--sm4-key", "xyz"), "十六进制"),
        (("add", "H1", "--actor", "lin", "--med-type", "2101=nowhere"), "inpatient"),
        (("add", "H1", "--actor", "lin", "--code", "disease=M1"), "TABLE:CODE=VALUE"),
        (("change", "H1", "--actor", "lin"), "hospitals add"),
        (("end", "H1", "--actor", "lin"), "hospitals add"),
    ],
)
async def test_what_cannot_be_used_is_told(ledger: Path, arguments: tuple[str, ...], said: str) -> None:
    done = await claims("gateway", "hospitals", *arguments, "--data-dir", ledger)
    assert done.code == 2
    assert re.search(said, done.err), done.err
    assert "Traceback" not in done.err


@pytest.fixture(scope="module")
async def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger with keys of a gateway."""
    folder = tmp_path_factory.mktemp("gateway")
    at = ("--data-dir", folder / "ledger")
    await claims("settle", write_lines(folder / "facts.jsonl", [facts.hospital()]), *at)
    assert (await claims("gateway", "new-key", *at)).code == 0
    return folder / "ledger"


async def test_addresses_come_in_the_order_of_the_options(tmp_path: Path) -> None:
    for options in (
        ("--gateway", "127.0.0.1:0", "127.0.0.1:0"),
        ("--console", "--gateway", "127.0.0.1:0"),
        ("127.0.0.1:0",),
    ):
        done = await claims("up", *options, "--data-dir", tmp_path / "none")
        assert done.code == 2
        assert "HOST:PORT" in done.err
