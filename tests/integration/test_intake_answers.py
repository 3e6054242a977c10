"""What sources are told of what they sent, and what the ledger keeps of what it refuses."""

import hashlib
import json
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from processors.pipeline.refused_body import HEAD_BYTES, WHOLE_BYTES
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from tests import facts
from tests.facts import admit, cancel, correct, discharge, enrol, event, hospital, reverse, visit
from tests.ledger import Answer, Books

READY = [hospital(), enrol()]
CLAIMED = [*READY, admit(), discharge()]
NATIONAL_ID = "99999919900101001X"


async def kept(books: Books) -> list[Any]:
    """Everything that the database holds of what was sent, as text."""
    async with books.engine.connect() as connection:
        tables = await connection.execute(
            text(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
                "WHERE schemaname IN ('ledger', 'projections', 'processors')"
            )
        )
        return [
            tuple(bytes(value) if isinstance(value, bytes | memoryview) else value for value in row)
            for table in tables.scalars().all()
            for row in await connection.execute(text(f"SELECT * FROM {table}"))
        ]


async def refused_entries(books: Books) -> list[tuple[bytes, dict[str, Any]]]:
    async with books.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT raw, data FROM ledger.entries WHERE type = 'event.rejected.v1' ORDER BY number")
        )
        return [(bytes(raw), orjson.loads(bytes(data))) for raw, data in rows]


async def holds(books: Books) -> None:
    assert (await verify(books.engine)).problems == []
    assert (await rebuild(books.engine, dry_run=True)).found == 0


def told(answer: Answer) -> tuple[str, str | None]:
    return answer.type, answer.data.get("reason")


# National IDs


def with_national_id() -> list[bytes]:
    events = [
        enrol(NATIONAL_ID, id_="enrol-x"),
        admit("A9", NATIONAL_ID, id_="admit-x"),
        discharge("C9", "A9", NATIONAL_ID, id_="discharge-x"),
        reverse("C1", id_="reverse-x") | {"data": {"claim_id": "C1", "reason": f"病人身份证号{NATIONAL_ID}"}},
        enrol("ID999999_19900101_0011", id_="enrol-y"),
        admit("A8", id_=f"admit-{NATIONAL_ID}"),
        event("hospital/H1", f"x-{NATIONAL_ID}", "no.such.type", reason=NATIONAL_ID),
        admit("A7", id_="admit-z") | {"actor": NATIONAL_ID},
        admit("A6", id_="admit-w") | {NATIONAL_ID.lower(): "x"},
    ]
    raw = [orjson.dumps(sent) for sent in events]
    return [
        *raw,
        raw[1][:-3],  # no JSON any more
        raw[3].replace(NATIONAL_ID.encode(), "".join(f"\\u{ord(c):04x}" for c in NATIONAL_ID).encode()),
        raw[0].replace(b"enrol-x", b"enrol-u").replace(f'"{NATIONAL_ID}"'.encode(), b"110105194912310021"),
    ]


async def test_a_national_id_is_refused_and_nothing_of_it_stays(books: Books) -> None:
    await books.publish(CLAIMED)
    for raw in with_national_id():
        mailbox = "bureau/220621" if b"bureau/" in raw else "hospital/H1"
        await books.publish([raw], mailbox=mailbox)
    refused = await books.refused()
    assert [reason for _, reason in refused] == ["malformed"] * len(with_national_id())
    everything = repr(await kept(books)) + repr(books.answers)
    for number in (NATIONAL_ID, "999999_19900101_0011", "110105194912310021", "\\u0039"):
        assert number.lower() not in everything.lower()
    bodies = await refused_entries(books)
    assert all(
        data["sha256"] == hashlib.sha256(raw).hexdigest()
        for raw, (_, data) in zip(with_national_id(), bodies, strict=True)
    )
    assert b"\xe7\x97\x85\xe4\xba\xba" in bodies[3][0]  # the rest of a short text is kept: 病人
    assert (await books.statement("C1")) is not None
    await holds(books)


async def test_what_was_refused_for_one_is_answered_again(books: Books) -> None:
    raw = with_national_id()[1]
    await books.publish([raw, raw])
    await books.publish([raw])
    assert [told(answer) for answer in books.answers] == [("event.rejected.v1", "malformed")] * 2
    assert books.answers[0] == books.answers[1]
    # without the number it is another event: the id is used up
    await books.publish([*READY, admit("A9", id_="admit-x"), admit("A9")])
    assert await books.refused() == [("admit-x", "malformed"), ("admit-x", "event_id_reused")]


async def test_a_source_whose_number_is_one_is_not_kept_either(books: Books) -> None:
    await books.publish([admit(hospital_id=NATIONAL_ID)])
    assert [reason for _, reason in await books.refused()] == ["malformed"]
    assert NATIONAL_ID not in repr(await kept(books))


# An id used again


async def test_an_id_used_for_another_event_is_refused_and_changes_nothing(books: Books) -> None:
    await books.publish([*CLAIMED, facts.roster()])
    before = await books.statement("C1")
    other = discharge(in_scope="9999")
    for batch in ([other], [other, other]):
        books.answers.clear()
        await books.publish(batch)
        assert {told(answer) for answer in books.answers} == {("event.rejected.v1", "event_id_reused")}
    assert len({answer.id for answer in books.answers}) == 1
    assert books.answers[0].data["detail_zh"].startswith("hospital/H1 的事件号 discharge-C1 已用于另一事件")
    assert await books.refused() == [("discharge-C1", "event_id_reused")]
    assert await books.statement("C1") == before
    # the first is a repeat as ever, and the same body under an id of its own is refused for what it says
    await books.publish([discharge(), discharge(in_scope="9999", id_="anew")])
    assert books.answers[-2].data["reason"] == "duplicate_claim"
    assert books.answers[-1].type == "claim.resettled.v1"
    await holds(books)


async def test_the_second_of_two_in_one_batch_is_refused(books: Books) -> None:
    await books.publish([*READY, visit(setting="general", id_="same"), admit(id_="same")])
    assert await books.refused() == [("same", "no_policy"), ("same", "event_id_reused")]
    await holds(books)


async def test_the_same_event_written_otherwise_is_the_same(books: Books) -> None:
    sent = discharge() | {"data": discharge()["data"] | {"bill": facts.bill("10000") | {"total": 10000}}}
    await books.publish([*READY, admit(), sent])
    sorted_with_blanks = json.dumps(sent | {"time": "2026-01-01T00:00:00Z"}, indent=2, sort_keys=True).encode()
    other_number = sorted_with_blanks.replace(b'"total": 10000', b'"total": 1.0e4')
    assert other_number != sorted_with_blanks
    for again in (sorted_with_blanks, other_number):
        books.answers.clear()
        await books.publish([again])
        assert [answer.type for answer in books.answers] == ["claim.settled.v1"]
    assert await books.refused() == []
    await books.publish([orjson.dumps(sent | {"actor": "somebody else"})])
    assert await books.refused() == [("discharge-C1", "event_id_reused")]


async def test_a_refused_or_waiting_event_holds_its_id_too(books: Books) -> None:
    await books.publish([*READY, visit(setting="general"), discharge("C5", "A5")])
    await books.publish([visit(setting="general", in_scope="2"), discharge("C5", "A5", in_scope="2")])
    assert await books.refused() == [
        ("visit-V1", "no_policy"),
        ("visit-V1", "event_id_reused"),
        ("discharge-C5", "event_id_reused"),
    ]
    await books.publish([admit("A5")])
    assert (await books.paid("C5"))["basic"] == "5520.00"  # what waited: (10,000 − 800) × 60%


# Accepted


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_what_brings_no_statement_is_answered_that_it_was_accepted(books: Books, batch: int) -> None:
    sent = [*READY, admit(), facts.roster(), discharge(), correct(in_scope="10000"), admit("A2"), cancel("A2")]
    for _ in range(2):  # repeats too, with the same answer
        books.answers.clear()
        await books.publish(sent, batch=batch)
        accepted = [answer for answer in books.answers if answer.type == "event.accepted.v1"]
        assert [(answer.data["event_id"], answer.data["type"], answer.data["seq"]) for answer in accepted] == [
            (each["id"], each["type"], place) for place, each in enumerate(sent, 1) if each["id"] != "discharge-C1"
        ]
        assert all(answer.data["source"].replace("/", ".") in answer.subject for answer in accepted)
        assert all(answer.subject.endswith(f".{answer.data['event_id']}") for answer in accepted)
        assert [answer.type for answer in books.answered("C1")] == ["claim.settled.v1"]
    assert {answer.id for answer in accepted} == {f"intake-{answer.id.split('-')[1]}" for answer in accepted}


async def test_every_answer_names_the_place_in_intake(books: Books) -> None:
    await books.publish([b"{", discharge("C5", "A5"), b"{", reverse("C9")])
    places = [(answer.type, answer.subject.rpartition(".")[2], answer.data["seq"]) for answer in books.answers]
    assert sorted(places) == [
        ("event.rejected.v1", "1", 1),
        ("event.rejected.v1", "C9", 4),
        ("event.waiting.v1", "C5", 2),
    ]


# What is kept of a refused event


@pytest.mark.parametrize("size", [WHOLE_BYTES, WHOLE_BYTES + 1, 8_000_000])
async def test_a_refused_event_is_kept_whole_or_by_digest_and_head(books: Books, size: int) -> None:
    head = orjson.dumps(event("hospital/H1", "big", "claim.forgotten.v1", a="x"))[:-3]
    raw = head + b"y" * (size - len(head) - 3) + b'"}}'
    await books.publish([raw])
    [(body, data)] = await refused_entries(books)
    if size <= WHOLE_BYTES:
        assert body == raw
        assert "sha256" not in data
    else:
        assert body == raw[:HEAD_BYTES]
        assert (data["sha256"], data["bytes"]) == (hashlib.sha256(raw).hexdigest(), size)
    await books.publish([raw])
    assert books.answers[0] == books.answers[1]
    assert len(await books.refused()) == 1
    await holds(books)


async def test_bytes_without_an_id_are_known_by_their_digest(books: Books) -> None:
    raw = b"[" * (WHOLE_BYTES + 5)
    await books.publish([raw])
    await books.publish([raw])
    assert [answer.data["seq"] for answer in books.answers] == [1, 1]
    await books.publish([raw + b" "])
    assert len(await books.refused()) == 2
    await holds(books)
