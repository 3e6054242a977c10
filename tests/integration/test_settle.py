"""`claims settle` as a clerk calls it: the same books however the lines come in, and a summary that adds up."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.servers import servers
from policies.vocabulary import LAYERS
from tests import facts
from tests.program import (
    Done,
    Dump,
    background,
    canonical,
    claims,
    dump_of,
    eventually,
    exit_code,
    folder_for_servers,
    write_lines,
)

REGIONS = ("220621", "140400", "360923", "360123", "210100", "230800")
KEYS = (
    "events", "accepted", "duplicates", "refused", "waiting", "parked", "claims", "total", "paid", "patient_share",
    "hospital_share", "grants", "seconds",
)  # fmt: skip


def region_year(region: str) -> Iterator[dict[str, Any]]:
    """A year of three people of a region: poor, not poor, and poor from a late roster change on."""
    for tier in (2, 3):
        yield facts.hospital(f"H{tier}-{region}", tier, region)
    for number in (1, 2, 3):
        person = f"P{number}-{region}"
        yield facts.enrol(person, 2019, region)
        if number == 1:
            yield facts.roster(person)
            yield facts.card(person)
        for visit, in_scope in ((1, "9000"), (2, "38000")):
            admission, hospital = f"A{visit}-{person}", f"H{visit + 1}-{region}"
            yield facts.admit(admission, person, hospital, "2019-03-01")
            more: dict[str, Any] = {"bill": facts.bill(in_scope, upfront_copay="700.50", self_funded="1234.56")}
            if number == 1:
                more |= {"disease": "lung_cancer", "stage": "late"}
            yield facts.discharge(f"C{visit}-{person}", admission, person, hospital, f"2019-0{visit + 2}-10", **more)
    yield facts.visit(f"V-{region}", f"P1-{region}", f"H2-{region}", "2019-05-01", in_scope="800", disease="diabetes")
    yield facts.roster(f"P3-{region}", on="2019-01-01")


def worked_by_hand() -> Iterator[dict[str, Any]]:
    """C1 and C2 of docs/domain.md#7: one person of 长治; and a claim of the next year."""
    yield facts.enrol("C", 2018, "140400")
    yield facts.enrol("C", 2019, "140400")
    yield facts.roster("C", "dibao")
    for number, in_scope in ((1, "4500"), (2, "12500")):
        yield from facts.stay(number, "C", f"2018-0{number}-10", in_scope, hospital_id="H2-140400")
    yield from facts.stay(3, "C", "2019-01-10", hospital_id="H2-140400")


def six_schemes() -> list[bytes | dict[str, Any]]:
    late = [
        facts.correct("C1-P1-220621", "7000.01", "H2-220621", id_="corrected"),
        facts.reverse("C1-P2-140400", "hospital/H2-140400"),
        *facts.stay(
            9,
            "P1-360123",
            "2019-10-01",
            hospital_id="H3-360123",
            disease="breast_cancer",
            bill=facts.bill(self_funded="150000"),
        ),  # leaves him 10%: 15,000, over the annual grant's 10,000
        facts.audit("C2-P1-360923", "500", "hospital"),
        facts.audit("C2-P1-210100", "250.25", "person", "F2"),
        facts.discharge("W1", "AW1", "P2-230800", "H3-230800", "2019-08-01"),
        facts.discharge("W2", "AW2", "P2-230800", "H3-230800", "2019-09-01"),
        facts.admit("AW1", "P2-230800", "H3-230800", "2019-07-20"),
        facts.discharge("C2-P2-230800", "A2-P2-230800", "P2-230800", "H3-230800", "2019-04-10", id_="claimed-twice"),
        facts.visit("V-unknown", "P1-230800", "H-unknown"),
        b'{"specversion": "1.0", "source": "hospital/H2-220621", "id": "cut',
    ]
    repeated = facts.enrol("P1-220621", 2019, "220621")
    return [*(event for region in REGIONS for event in region_year(region)), *worked_by_hand(), *late, repeated]


@dataclass(frozen=True)
class Settled:
    """One ledger: how each `claims settle` on it ended, and what it holds."""

    folder: Path
    calls: list[Done]
    dump: Dump


async def settle(folder: Path, *calls: tuple[Sequence[object], bytes | None]) -> Settled:
    done = []
    for names, stdin in calls:
        done.append(await claims("settle", *names, "--json", "--data-dir", folder, stdin=stdin))
        assert done[-1].code == 0, done[-1].err
    return Settled(folder, done, await books(folder))


async def books(folder: Path) -> Dump:
    async with servers(folder, command="pytest", nats=False) as endpoints:
        return await dump_of(endpoints.database_url)


@pytest.fixture(scope="module")
async def ledgers() -> AsyncIterator[tuple[Settled, Settled, Settled]]:
    """The same lines settled from one file, from five, and from stdin."""
    lines = six_schemes()
    with folder_for_servers() as folder:
        whole = write_lines(folder / "whole.jsonl", lines)
        cut = [write_lines(folder / f"{start}.jsonl", lines[start : start + 32]) for start in range(0, len(lines), 32)]
        assert len(cut) == 5
        async with asyncio.TaskGroup() as group:  # where one fails, nothing of the others is left behind
            one = group.create_task(settle(folder / "one", ([whole], None)))
            five = group.create_task(settle(folder / "five", *[([file], None) for file in cut]))
            stdin = group.create_task(settle(folder / "stdin", (["-"], whole.read_bytes())))
        yield one.result(), five.result(), stdin.result()


async def test_one_file_five_files_and_stdin_give_the_same_books(ledgers: tuple[Settled, Settled, Settled]) -> None:
    one, five, stdin = ledgers
    for name, rows in one.dump.items():
        assert canonical(five.dump[name]) == canonical(rows), name
        assert canonical(stdin.dump[name]) == canonical(rows), name
    assert {row["scheme"] for row in one.dump["statements"]} == {
        "fusong", "changzhi", "shanggao", "anyi", "liaoning", "jiamusi"
    }  # fmt: skip
    assert [(row["event_id"], row["reason"]) for row in one.dump["refusals"]] == [
        ("visit-V-230800", "no_policy"),
        ("claimed-twice", "duplicate_claim"),
        ("visit-V-unknown", "unknown_hospital"),
        (str(len(six_schemes()) - 1), "malformed"),
    ]
    assert one.dump["waiting"] == [{"source": "hospital/H3-230800", "event_id": "discharge-W2", "waits_for": "AW2"}]
    assert {row["grant"] for row in one.dump["grants"]} == {"annual", "one_off"}
    assert one.dump["parked"] == []


async def test_the_summary_has_the_keys_of_the_contract_and_balances(ledgers: tuple[Settled, Settled, Settled]) -> None:
    one, five, _ = ledgers
    (summary,) = one.calls[0].rows
    assert tuple(summary) == KEYS
    count = len(six_schemes())
    counts = {name: summary[name] for name in KEYS[:7]}
    standing = [row for row in one.dump["statements"] if row["status"] == "settled"]
    assert counts == {
        "events": count, "accepted": count - 6, "duplicates": 1, "refused": 4, "waiting": 1, "parked": 0,
        "claims": len(standing),
    }  # fmt: skip
    assert set(summary["paid"]) == set(LAYERS) - {"basic_second", "public_health"} | {"basic_second"}
    for row in (summary, *(call.rows[0] for call in five.calls)):
        shares = (
            sum(map(Decimal, row["paid"].values())) + Decimal(row["patient_share"]) + Decimal(row["hospital_share"])
        )
        assert Decimal(row["total"]) == shares
    assert Decimal(summary["total"]) == sum(Decimal(row["total"]) for row in standing)
    assert Decimal(summary["grants"]) == sum(Decimal(row["amount"]) for row in one.dump["grants"])


async def test_settling_again_changes_nothing(ledgers: tuple[Settled, Settled, Settled]) -> None:
    one = ledgers[0]
    again = await claims("settle", one.folder.parent / "whole.jsonl", "--json", "--data-dir", one.folder)
    (summary,) = again.rows
    count = len(six_schemes())
    assert (again.code, summary["events"], summary["accepted"], summary["duplicates"]) == (0, count, 0, count)
    assert (summary["refused"], summary["waiting"], summary["claims"], summary["total"]) == (0, 0, 0, "0.00")
    assert canonical(await books(one.folder)) == canonical(one.dump)


async def test_reading_commands_show_the_books_whole_or_of_one(ledgers: tuple[Settled, Settled, Settled]) -> None:
    one = ledgers[0]

    async def rows(*arguments: object) -> list[dict[str, Any]]:
        done = await claims(*arguments, "--json", "--data-dir", one.folder)
        assert (done.code, done.err) == (0, "")
        return done.rows

    # The owner's command is `up`: reading commands share its servers.
    async with servers(one.folder, command="up", nats=False):
        names = ("statements", "accumulations", "grants", "premiums", "refusals", "waiting", "parked")
        shown = await asyncio.gather(*map(rows, names))
        assert dict(zip(names, shown, strict=True)) == one.dump
        (claim,) = await rows("statements", "--claim", "C2-P1-360123")
        assert claim == next(row for row in one.dump["statements"] if row["claim_id"] == "C2-P1-360123")
        assert [row["claim_id"] for row in await rows("statements", "--person", "P2-230800")] == [
            "C1-P2-230800", "C2-P2-230800", "W1"
        ]  # fmt: skip
        # C1: S 4500 − 500 = 4000, basic 70% = 2800, left 1700; C2: 12500 − 500 = 12000, basic 8400, left 4100.
        # critical_illness (1700 + 4100 − 5000) × 65% = 520; assistance on 1700 + 3580 = 5280: 70% = 3696.
        used = [
            ("basic", "16000.00", "1000.00", "11200.00"),
            ("critical_illness", "5800.00", "0.00", "520.00"),
            ("assistance", "5280.00", "0.00", "3696.00"),
        ]
        assert await rows("accumulations", "--person", "C", "--year", "2018") == [
            {"person_id": "C", "year": 2018, "layer": layer, "base": base, "deductible": deductible, "paid": paid,
             "claims": 2}
            for layer, base, deductible, paid in used
        ]  # fmt: skip


async def test_a_line_no_server_takes_is_named_and_the_others_are_settled(server_folder: Path) -> None:
    limit = 256 * 1024
    long = facts.admit("A-long", "P1-220621") | {"pad": "x" * limit}
    lines = [facts.hospital(), facts.enrol(), long, *facts.stay(1)]
    file = write_lines(server_folder / "long.jsonl", lines)
    done = await claims("settle", file, "--json", "--data-dir", server_folder / "data")
    assert done.code == 2
    assert f"{file}:3: " in done.err
    assert "Traceback" not in done.err
    (summary,) = done.rows
    assert (summary["events"], summary["accepted"], summary["claims"]) == (4, 4, 1)


async def test_what_cannot_be_used_is_refused_with_2_before_a_server_starts(server_folder: Path) -> None:
    data = server_folder / "data"
    unusable: list[list[object]] = [[server_folder / "missing.jsonl"], [server_folder], ["--no-such-option", "-"], []]
    for done in await asyncio.gather(*(claims("settle", *some, "--data-dir", data) for some in unusable)):
        assert (done.code, done.out) == (2, b"")
        assert "Traceback" not in done.err
    assert not data.exists()


async def test_a_second_settle_waits_for_the_first(server_folder: Path) -> None:
    data, log = server_folder / "data", server_folder / "log"
    people = write_lines(server_folder / "people.jsonl", [facts.hospital(), facts.enrol()])
    first = write_lines(server_folder / "first.jsonl", facts.stay(1))
    second = write_lines(server_folder / "second.jsonl", facts.stay(2))
    assert (await claims("settle", people, "--data-dir", data)).code == 0  # to make a ledger takes longer than it waits
    async with background("settle", first, "--data-dir", data, log=log) as process:
        await eventually(lambda: str(process.pid) in (data / "owner").read_text(encoding="utf-8"))
        done = await claims("settle", second, "--json", "--data-dir", data)
        assert await exit_code(process, log) == 0, log.read_text()
    assert done.code == 0, done.err
    assert [row["claim_id"] for row in (await books(data))["statements"]] == ["C1", "C2"]
