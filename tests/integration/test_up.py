"""`claims up` as hospitals meet it: a mailbox that answers every event, and that nothing sent to it stops."""

import json
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import nats
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from tests import facts
from tests.faults.harness import log_lines
from tests.owners import all_lanes, lanes_of, owners
from tests.program import background, children, claims, eventually, exit_code, installed, up_is_ready, write_lines

STOPPED_WITHOUT_LOSS_S = 25.0
"""The server ends the session of a worker that says nothing for 30 s (STALLED_AFTER_S of infra/worker/worker.py)."""


@dataclass
class Source:
    """A hospital's or office's own program: publishes events as they are, keeps the answers by subject."""

    client: Client
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def publish(self, event: dict[str, Any] | bytes, mailbox: str | None = None) -> int:
        """Publish to the mailbox of an event's source, or the one given; returns the place in INTAKE."""
        body = event if isinstance(event, bytes) else orjson.dumps(event)
        if mailbox is None:
            assert isinstance(event, dict)
            mailbox = event["source"]
        acknowledged = await self.client.jetstream().publish(f"claims.intake.{mailbox.replace('/', '.')}._", body)
        return acknowledged.seq

    async def heard(self, message: Msg) -> None:
        self.answers.setdefault(message.subject, []).append(json.loads(message.data))

    async def answer(self, token: str, mailbox: str = "hospital/H1", nth: int = 0) -> dict[str, Any]:
        """The nth answer on a subject, once it is there."""
        subject = f"claims.answers.{mailbox.replace('/', '.')}.{token}"
        await eventually(lambda: len(self.answers.get(subject, ())) > nth, lambda: (subject, self.answers.keys()))
        return self.answers[subject][nth]


@asynccontextmanager
async def source_of(data: Path) -> AsyncIterator[Source]:
    """A raw client at the address that `claims status` tells another process."""
    done = await claims("status", "--json", "--data-dir", data)
    assert done.code == 0, done.err
    client = await nats.connect(done.rows[0]["nats_url"])
    source = Source(client)
    await client.subscribe("claims.answers.>", cb=source.heard)
    await client.flush()
    try:
        yield source
    finally:
        await client.close()


def bad_input() -> list[tuple[bytes, str, str | None]]:
    """Bytes, the reason they are refused for, and the id they are answered under, None for their place in INTAKE."""
    good = facts.discharge("CB", "A1", id_="bad")

    def text(id_: str, *changes: tuple[str, str]) -> bytes:
        body = json.dumps(good | {"id": id_}, ensure_ascii=False)
        for old, new in changes:
            assert old in body
            body = body.replace(old, new, 1)
        return body.encode()

    return [
        (b'{"specversion": "1.0", "id": "cut', "malformed", None),
        (b"", "malformed", None),
        (b"[]", "malformed", None),
        (b"\xff\xfe" + text("utf8"), "malformed", None),
        (b"[" * 250_000, "malformed", None),
        (b'{"a":' * 50_000, "malformed", None),
        (Random(5).randbytes(250_000), "malformed", None),
        (b'{"id": ' + b"9" * 100_000 + b"}", "malformed", None),
        (text("types", ('"claim_id": "CB"', '"claim_id": ["CB"]')), "malformed", "types"),
        (text("unknown-field", ('"claim_id"', '"claim": "x", "claim_id"')), "malformed", "unknown-field"),
        (text("nan", ('"in_scope": "10000"', '"in_scope": NaN')), "malformed", "nan"),
        (text("decimals", ('"in_scope": "10000"', '"in_scope": "10000.001"')), "malformed", "decimals"),
        (text("negative", ('"in_scope": "10000"', '"in_scope": "-1"')), "malformed", "negative"),
        (text("nul", ('"person_id": "P1"', '"person_id": "P\\u00001"')), "malformed", "nul"),
        (text("twice", ('"id": "twice"', '"id": "other", "id": "twice"')), "malformed", None),
        (text("type", ("discharge.recorded.v1", "discharge.recorded.v9")), "unknown_type", "type"),
        (text("derived", ("discharge.recorded.v1", "claim.settled.v1")), "source_not_allowed", "derived"),
        (text("foreign", ("hospital/H1", "hospital/H2")), "source_not_allowed", "foreign"),
        (orjson.dumps(facts.reverse("C-none")), "unknown_claim", "C-none"),
        (orjson.dumps(facts.admit("A-x", hospital_id="H1") | {"source": "bureau/220621"}), "source_not_allowed",
         "admit-A-x"),
        (orjson.dumps(facts.visit("V-none", "P-none", in_scope="5")), "not_enrolled", "V-none"),
    ]  # fmt: skip


async def test_up_answers_every_event_and_nothing_stops_it(server_folder: Path) -> None:
    data, log = server_folder / "data", server_folder / "log"
    async with installed("up", "--data-dir", data, log=log) as up:
        await up_is_ready(log)
        async with source_of(data) as source:
            await _settles_a_discharge(source)
            await _answers_again(source)
            await _refuses_whatever_is_bad(source, data)
            await _waits_for_an_admission(source)
            await _serves_beside_other_commands(source, data, server_folder)
        up.send_signal(signal.SIGTERM)
        assert await exit_code(up, log) == 0, log.read_text()
    assert not (data / "endpoints.json").exists()
    assert server_processes(data) == []
    assert "Traceback" not in log.read_text()


async def _settles_a_discharge(source: Source) -> None:
    for event in (facts.hospital(), facts.enrol(), *facts.stay(1)):
        await source.publish(event)
    answer = await source.answer("C1")
    assert (answer["type"], answer["specversion"], answer["subject"]) == ("claim.settled.v1", "1.0", "C1")
    # fusong, tier 3, not poor: (10,000 − 800) × 60% = 5,520; what is left, 4,480, is under the line of 6,000.
    assert answer["data"] == {
        "claim_id": "C1", "person_id": "P1", "region": "220621", "scheme": "fusong", "year": 2019,
        "setting": "inpatient", "date": "2019-03-10", "status": "settled", "revision": 1, "total": "10000.00",
        "categories": [],
        "layers": [{"layer": "basic", "paid": "5520.00"}, {"layer": "critical_illness", "paid": "0.00"}],
        "patient_share": "4480.00", "hospital_share": "0.00", "payee": "hospital",
    }  # fmt: skip


async def _answers_again(source: Source) -> None:
    await source.publish(facts.discharge())
    assert await source.answer("C1", nth=1) == await source.answer("C1") | {
        "time": (await source.answer("C1", nth=1))["time"]
    }


async def _refuses_whatever_is_bad(source: Source, data: Path) -> None:
    bad = bad_input()
    tokens = []
    for body, _, id_ in bad:
        place = await source.publish(body, "hospital/H1")
        tokens.append(id_ or str(place))
    # A client may publish under a subject that no answer can have.
    await source.publish(b"{}", "hospital/*")
    for event in facts.stay(2):
        await source.publish(event)
    assert (await source.answer("C2"))["type"] == "claim.settled.v1"
    for token, (body, reason, _) in zip(tokens, bad, strict=True):
        answer = await source.answer(token)
        assert (answer["type"], answer["data"]["reason"]) == ("event.rejected.v1", reason), body[:200]
        assert answer["data"]["detail"]
    refusals = await claims("refusals", "--json", "--data-dir", data)
    assert refusals.code == 0, refusals.err
    assert [row["reason"] for row in refusals.rows] == [reason for _, reason, _ in bad] + ["malformed"]
    assert all(
        set(row) == {"source", "event_id", "type", "reason", "detail", "detail_zh", "seq"} for row in refusals.rows
    )
    assert refusals.rows[0]["event_id"] == tokens[0]


async def _waits_for_an_admission(source: Source) -> None:
    admitted, discharged = facts.stay(3)
    await source.publish(discharged)
    answer = await source.answer("C3")
    assert answer["data"].pop("seq") > 0
    assert (answer["type"], answer["data"]) == (
        "event.waiting.v1", {"source": "hospital/H1", "event_id": "discharge-C3", "waits_for": "A3"}
    )  # fmt: skip
    await source.publish(admitted)
    assert (await source.answer("C3", nth=1))["type"] == "claim.settled.v1"


async def _serves_beside_other_commands(source: Source, data: Path, folder: Path) -> None:
    published = await claims("publish", write_lines(folder / "4.jsonl", facts.stay(4)), "--data-dir", data)
    assert published.code == 0, published.err
    assert (await source.answer("C4"))["data"]["status"] == "settled"
    settled = await claims("settle", write_lines(folder / "5.jsonl", facts.stay(5)), "--json", "--data-dir", data)
    assert (settled.code, settled.rows[0]["claims"]) == (0, 1), settled.err

    async def quiet() -> bool:
        (state,) = (await claims("status", "--json", "--data-dir", data)).rows
        assert state["running"]
        assert state["runs_in_flight"] == state["parked"] == 0
        assert state["counts"]["statements"] == 5
        intake = next(row for row in state["consumers"] if row["consumer"] == "intake")
        assert intake["position"] == (await source.client.jetstream().stream_info("INTAKE")).state.last_seq
        return {row["lag"] for row in state["consumers"]} == {0}

    await eventually(quiet)


def server_processes(data: Path) -> list[str]:
    """Command lines of live processes that work on a data directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if f"{data}" in command:
            found.append(command)
    return found


async def two_share_the_lanes(first: int, data: Path) -> None:
    """Wait until all lanes are owned, by two sessions: each worker owns its lanes by one.

    ``first`` is the pid of the worker that started the other.
    """
    database_url = json.loads((data / "endpoints.json").read_text())["database_url"]
    found: dict[int, int] = {}

    async def owned_by(sessions: int) -> bool:
        found.clear()
        found.update(await owners(database_url))
        return len(found) == sessions

    async def first_owns() -> bool:
        return await lanes_of(database_url, first) > 0

    await eventually(first_owns, lambda: found)
    # it would take the other's share too, if that one started slowly
    os.kill(first, signal.SIGSTOP)
    try:
        assert await lanes_of(database_url, first) in range(1, all_lanes(2)), "its share alone"
        await eventually(lambda: owned_by(2), lambda: found, STOPPED_WITHOUT_LOSS_S)
    finally:
        os.kill(first, signal.SIGCONT)

    async def share_all() -> bool:
        return await owned_by(2) and sum(found.values()) == all_lanes(2)

    await eventually(share_all, lambda: found)


def other_workers(pid: int) -> list[int]:
    """The workers that a `claims up` has started."""
    return [child for child, line in children(pid).items() if "--index" in line]


async def test_a_killed_worker_is_told_and_replaced(server_folder: Path) -> None:
    data, log = server_folder / "data", server_folder / "log"
    async with background("up", "--workers", "2", "--data-dir", data, log=log) as up:
        await up_is_ready(log)
        await eventually(lambda: "joined" in log.read_text(encoding="utf-8"), log.read_text)
        (killed,) = other_workers(up.pid)
        os.kill(killed, signal.SIGKILL)
        await eventually(lambda: other_workers(up.pid) not in ([], [killed]), log.read_text)
        (told,) = [line for line in log_lines(log) if line["event"] == "a worker process ended, and is started again"]
        assert (told["level"], told["how"], told["times"]) == ("error", "SIGKILL", 1)
        await eventually(lambda: log.read_text(encoding="utf-8").count("joined") == 2, log.read_text)
        # Ctrl-C reaches all of them: none is replaced then
        os.killpg(up.pid, signal.SIGINT)
        assert await exit_code(up, log) == 0, log.read_text()
    assert log.read_text(encoding="utf-8").count("is started again") == 1
    assert server_processes(data) == []


async def test_lanes_that_no_worker_owns_are_told(server_folder: Path) -> None:
    data, log = server_folder / "data", server_folder / "log"
    async with background("up", "--only", "intake", "--only", "basic", "--data-dir", data, log=log) as up:
        await up_is_ready(log)
        await eventually(lambda: "lanes without a worker" in log.read_text(encoding="utf-8"), log.read_text)
        told = next(line for line in log_lines(log) if line["event"] == "lanes without a worker")
        assert "settlement.0" in told["lanes"]
        assert not {"intake.0", "basic.0"} & set(told["lanes"])
        shown = await claims("status", "--data-dir", data)
        assert shown.code == 0, shown.err
        assert "No worker owns these lanes: critical_illness.0, " in shown.err
        assert "INTAKE 可写 takes events: 是 yes" in shown.out.decode()
        assert f"process {up.pid}, login claims" in shown.out.decode()


async def test_two_workers_share_the_lanes_and_go_together(server_folder: Path) -> None:
    data, log = server_folder / "data", server_folder / "log"
    stays = [event for number in range(40) for event in facts.stay(number, f"P{number}")]
    enrolled = [facts.enrol(f"P{number}") for number in range(40)]
    file = write_lines(server_folder / "events.jsonl", [facts.hospital(), *enrolled, *stays])
    two = ("up", "--workers", "2", "--data-dir", data)
    async with installed(*two, log=log, env={"CLAIMS_PARTITIONS": "2"}) as up:
        await up_is_ready(log)
        await two_share_the_lanes(up.pid, data)
        done = await claims("settle", file, "--json", "--data-dir", data)
        assert (done.code, done.rows[0]["claims"]) == (0, 40), done.err
        (state,) = (await claims("status", "--json", "--data-dir", data)).rows
        assert {row["partition"] for row in state["consumers"]} == {0, 1}
        (child,) = other_workers(up.pid)
        by = {re.search(r"process (\d+)", row["owner"] or "")[1] for row in state["consumers"]}  # type: ignore[index]
        assert by == {str(up.pid), str(child)}
        assert all(row["position"] > 0 for row in state["consumers"] if row["consumer"] in ("basic", "settlement"))
        os.kill(up.pid, signal.SIGKILL)
        await up.wait()
        # Neither the other worker nor a server outlives the one they belong to.
        await eventually(lambda: server_processes(data) == [], lambda: server_processes(data))
    verified = await claims("verify", "--json", "--data-dir", data)
    assert (verified.code, verified.rows[0]["claims"]) == (0, 40), verified.err
