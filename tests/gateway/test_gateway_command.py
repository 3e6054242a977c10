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


def sources_of(folder: Path) -> list[str]:
    """The users that the embedded server lets in beside the ledger's own."""
    listed = json.loads((folder / "ledger" / "nats" / "sources.json").read_text(encoding="utf-8"))
    return sorted(each["user"] for each in listed["users"])


async def added(at: tuple[object, ...]) -> None:
    """Let the gateway speak for H1, once."""
    done = await claims("gateway", "hospitals", "add", "H1", "--actor", "lin", "--json", *at)
    nothing: dict[str, Any] = {"networks": [], "codes": {}, "infcode_text": False, "checks": [], "api_keys": []}
    assert done.rows == [{"hospital_id": "H1", **nothing}]
    twice = await claims("gateway", "hospitals", "add", "H1", "--actor", "lin", *at)
    assert (twice.code, "hospitals change" in twice.err) == (2, True)


async def changed(at: tuple[object, ...], url: str, request: dict[str, Any]) -> None:
    """Change H1's settings, and see that the next call heeds them and nothing shows a secret."""
    secret = "only-for-both-sides"
    options = ("--secret", secret, "--network", "127.0.0.0/8", "--med-type", "2101=inpatient", "--infcode-text")
    done = await claims("gateway", "hospitals", "change", "H1", "--actor", "zhao", *options, *at, "--json")
    assert done.rows[0]["checks"] == ["x-tif"]
    assert done.rows[0]["codes"] == {"med_type": {"2101": "inpatient"}}
    assert "x-tif" in json.loads(await asked(url, request))["err_msg"]
    await claims("gateway", "hospitals", "change", "H1", "--actor", "zhao", "--secret", "", *at)
    listed = await claims("gateway", "hospitals", "list", *at, "--json")
    assert listed.rows[0]["networks"] == ["127.0.0.0/8"]
    history = await claims("gateway", "hospitals", "list", "--history", *at)
    steps = [(each["step"], each["actor"]) for each in history.rows]
    assert steps == [("set", "lin"), ("set", "zhao"), ("set", "zhao")]
    shown = b"".join((done.out, listed.out, history.out)).decode() + done.err
    assert secret not in shown
    assert "password" not in shown


async def test_hospitals_come_change_and_go_beside_a_running_gateway(server_folder: Path) -> None:
    log, at = server_folder / "up.log", ("--data-dir", server_folder / "ledger")
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
        await added(at)
        first = await asked(url, request)
        assert json.loads(first)["infcode"] == 0
        # a hospital's own password is its own affair
        await claims("access", "hospital", "H1", *at)
        await claims("access", "hospital", "H1", "--rotate", "--end-old", *at)
        assert len(sources_of(server_folder)) == 2
        assert "hospital-H1.gateway" in sources_of(server_folder)
        await changed(at, url, request)
        assert await asked(url, request) == first
        up.send_signal(signal.SIGTERM)
        assert await exit_code(up, log) == 0

    # after a restart the same call has the same answer, and beside a new key
    rotated = await claims("gateway", "rotate-key", *at)
    assert rotated.code == 0, rotated.err
    async with background("up", *at, "--gateway", "127.0.0.1:0", log=log) as up:
        await up_is_ready(log)
        url = await gateway_of(log)
        assert await asked(url, request) == first
        ended = await claims("gateway", "hospitals", "end", "H1", "--actor", "lin", *at)
        assert ended.code == 0, ended.err
        assert "已停用" in json.loads(await asked(url, request))["err_msg"]
        assert "hospital-H1.gateway" not in sources_of(server_folder)
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
