"""``claims window``: tried first, booked only where it is said, and safe to be typed again."""

import hashlib
import json
from pathlib import Path

import orjson

from tests import facts
from tests.program import Done, background, claims, up_is_ready

REGION = "230803"
KNOWN = [facts.enrol("P1", region=REGION)]


def bill(*more: object) -> tuple[object, ...]:
    return (
        *("window", "--region", REGION, "--person", "P1", "--hospital", "HX", "--hospital-name", "北京某医院"),
        *("--tier", 3, "--hospital-region", "110108", "--admitted", "2019-06-03", "--on", "2019-06-18"),
        *("--total", "12000", "--in-scope", "11500", "--self-funded", "500", *more),
    )


def reply(done: Done) -> tuple[str, ...]:
    """By line the step and what it says: who is paid how much, or why not."""
    return tuple(
        f"{row['step']}: {row['refused']['reason'] if 'refused' in row else row['due_to_person']}" for row in done.rows
    )


async def test_a_clerk_tries_submits_and_types_it_again(tmp_path: Path, server_folder: Path) -> None:
    """(11,500 − 1,500) × 50% = 5,000.00 filed, × 40% = 4,000.00 not."""
    data, log, paper = server_folder / "data", tmp_path / "up.log", tmp_path / "发票.pdf"
    paper.write_bytes(b"a scanned invoice")
    events = tmp_path / "known.jsonl"
    events.write_bytes(b"\n".join(map(orjson.dumps, KNOWN)))
    at = ("--data-dir", data, "--json")
    papers = ("--paper", paper, "--paper", paper)
    # of an 18-digit invoice that looks like a national ID code and number are set apart
    invoice = ("--invoice", "3601 0119-0001234567")
    async with background("up", "--data-dir", data, log=log):
        await up_is_ready(log)
        assert (await claims("settle", events, "--data-dir", data)).code == 0
        tried = await claims(*bill(*invoice, *papers, "--filed", *at))
        unfiled = await claims(*bill(*invoice, *papers, *at))
        nobody = await claims(*bill(*invoice, *papers, "--yes", *at))
        booked = await claims(*bill(*invoice, *papers, "--filed", "--yes", "--actor", "wang", *at))
        again = await claims(*bill(*invoice, *papers, "--filed", "--yes", "--actor", "wang", *at))
        other = await claims(*bill(*invoice, *papers, "--claim", "W2", "--data-dir", data))
        statements = await claims("statements", *at)
        replayed = await claims("replay", "P1", *at)
    assert (tried.code, reply(tried)) == (0, ("trial: 5000.00",))
    assert (unfiled.code, reply(unfiled)) == (0, ("trial: 4000.00",))
    assert nobody.code == 2, "who submits says so"
    assert (booked.code, reply(booked)) == (0, ("trial: 5000.00", "submitted: 5000.00"))
    assert (again.code, reply(again)) == (1, ("trial: duplicate_claim",))
    assert (other.code, "票据已报销 duplicate_invoice" in other.err) == (1, True)
    assert [(row["claim_id"], row["payee"]) for row in statements.rows] == [
        (f"W{REGION}-36010119N0001234567", "person")
    ]
    history = json.loads(replayed.out)["history"]
    sent = next(entry for entry in history if entry["type"] == "bill.submitted.v1")
    assert (sent["actor"], sent["data"]["papers"]) == ("wang", [hashlib.sha256(b"a scanned invoice").hexdigest()] * 2)
