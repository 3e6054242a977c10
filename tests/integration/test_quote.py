"""Trial settlement: what is quoted is what is settled then, nothing is written, and nobody pries."""

import random
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.metadata import metadata
from processors.person.quote import Quotes
from projections.admissions import admissions
from tests import facts
from tests.histories import History
from tests.ledger import Books

INTAKE = ("intake", 0)
BUREAU = facts.BUREAU
KNOWN = [
    *(facts.hospital(), facts.hospital("H2"), facts.enrol(), facts.enrol("P2"), facts.roster()),
    *(facts.card(), facts.card("P2")),
]
OPEN = [*KNOWN, facts.admit()]
VISIT = facts.visit(disease="diabetes")


async def asked(books: Books, event: dict[str, Any] | bytes, asker: str | None = "hospital/H1") -> dict[str, Any]:
    raw = event if isinstance(event, bytes) else orjson.dumps(event)
    return await Quotes(books.engine).quote(asker, raw)


async def reason(books: Books, event: dict[str, Any] | bytes, asker: str | None = "hospital/H1") -> str:
    reply = await asked(books, event, asker)
    return str(reply["refused"]["reason"])


async def rows_of_all_tables(engine: AsyncEngine) -> dict[str, tuple[int, int]]:
    """Of each table how many rows there are, and the youngest transaction that wrote one."""
    found = {}
    async with engine.connect() as connection:
        for table in metadata.sorted_tables:
            youngest = func.coalesce(func.max(text("xmin::text::bigint")), 0)
            count, last = (await connection.execute(select(func.count(), youngest).select_from(table))).one()
            found[str(table)] = (count, last)
    return found


async def has_open_admission(engine: AsyncEngine, hospital_id: str, person_id: str) -> bool:
    async with engine.connect() as connection:
        found = await connection.execute(
            select(admissions.c.admission_id).where(
                admissions.c.hospital_id == hospital_id,
                admissions.c.person_id == person_id,
                admissions.c.cancelled.is_(False),
                admissions.c.discharged_by.is_(None),
            )
        )
        return found.first() is not None


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_quote_is_the_settlement_that_follows(engine: AsyncEngine, seed: int) -> None:
    """Over random histories with runs in flight: refused as intake refuses, else the statement that is told first."""
    books, draw = await Books.open(engine, seed=seed), random.Random(seed)
    quotes = Quotes(engine)
    quoted: dict[str, dict[str, Any]] = {}
    in_flight = outcomes = permitted = 0
    for event in History(seed, 30).events:
        books.enqueue([event])
        if event["type"] not in ("discharge.recorded.v1", "outpatient.recorded.v1"):
            await books.step(INTAKE, 1)
            continue
        data, raw = event["data"], orjson.dumps(event)
        hospital_id = event["source"].removeprefix("hospital/")
        reply = await quotes.quote(BUREAU, raw)
        own = await quotes.quote(event["source"], raw)
        if await has_open_admission(engine, hospital_id, data["person_id"]):
            assert own == reply
            permitted += 1
        else:
            assert own["refused"]["reason"] == "source_not_allowed"
        in_flight += "statement" in reply and any(queue for lane, queue in books.queues.items() if lane != INTAKE)

        before = len(books.answers)
        await books.step(INTAKE, 1)
        told = {answer.type: answer.data for answer in books.answers[before:]}
        if "event.rejected.v1" in told:
            refused = {name: told["event.rejected.v1"][name] for name in ("reason", "detail", "detail_zh")}
            if refused["reason"] != "event_id_reused":  # a quote takes up no id
                assert reply == {"refused": refused}
                outcomes += 1
        elif "event.waiting.v1" in told:
            assert reply["refused"]["reason"] == "unknown_admission"
        else:
            quoted[data["claim_id"]] = reply["statement"]
        if draw.random() < 0.3:
            await books.drain()
    await books.drain()
    for claim_id, statement in quoted.items():
        first = books.answered(claim_id)
        settled = next(answer for answer in first if answer.type == "claim.settled.v1")
        assert statement == settled.data, claim_id
    # the histories hold what this test is about
    assert len(quoted) > 10
    assert in_flight > 5
    assert outcomes > 0
    assert permitted > 5


async def test_claims_in_flight_count(books: Books) -> None:
    """A first stay is accepted and none of its layers has run: it counts in the quote of the second all the same."""
    events = [*OPEN, facts.discharge("C1"), facts.admit("A2", on="2019-04-01")]
    books.enqueue(events)
    await books.step(INTAKE, len(events))
    assert await books.statement("C1") is None
    second = facts.discharge("C2", "A2", on="2019-04-05", in_scope="60000")
    quoted = (await asked(books, second))["statement"]
    await books.drain()
    alone = (await asked(books, second))["statement"]
    assert quoted == alone
    await books.publish([second])
    assert await books.statement("C2") == quoted
    # without the first it would have been another
    await books.publish([facts.reverse("C1")])
    settled = await books.statement("C2")
    assert settled is not None
    assert settled["layers"] != quoted["layers"]


async def test_nothing_is_written(books: Books) -> None:
    await books.publish(OPEN)
    before = await rows_of_all_tables(books.engine)
    books.answers.clear()
    for event in (facts.discharge(), VISIT, facts.discharge(admission="A9"), b"{"):
        await asked(books, event)
    assert await rows_of_all_tables(books.engine) == before
    assert books.answers == []
    # the number that was quoted under is still free
    await books.publish([facts.discharge()])
    assert (await books.statement("C1")) is not None


async def test_a_hospital_without_an_open_admission_learns_nothing(books: Books) -> None:
    """What it is told is the same for a person known in every detail and for one nobody has heard of."""
    await books.publish([*OPEN, *facts.stay(7, "P1", hospital_id="H2")])

    async def told(event: dict[str, Any]) -> str:
        refused = (await asked(books, event, event["source"]))["refused"]
        assert refused["reason"] == "source_not_allowed"
        person = event["data"]["person_id"]
        return str(refused["detail"]).replace(person, "PERSON")

    strange = [
        facts.discharge("X1", "A1", "P1", "H2"),
        facts.discharge("X1", "A1", "P9", "H2"),
        facts.discharge("X1", "A9", "P1", "H2"),
        facts.discharge("X1", "A7", "P1", "H2"),
        facts.discharge("C7", "A7", "P1", "H2"),
        facts.discharge("X1", "A1", "P2", "H2", bill=facts.bill("1") | {"total": "2"}),
        facts.visit("X1", "P1", "H2", disease="diabetes"),
        facts.visit("X1", "P2", "H2"),
        facts.visit("X1", "P9", "H2"),
    ]
    assert {await told(event) for event in strange} == {"hospital/H2 has no open admission of PERSON"}


async def test_an_open_admission_lets_a_hospital_ask_until_it_ends(books: Books) -> None:
    await books.publish(KNOWN)
    assert await reason(books, VISIT) == "source_not_allowed"
    await books.publish([facts.admit()])
    assert "statement" in await asked(books, VISIT)
    assert "statement" in await asked(books, facts.discharge())
    await books.publish([facts.cancel()])
    assert await reason(books, VISIT) == await reason(books, facts.discharge()) == "source_not_allowed"
    await books.publish([facts.admit("A2"), facts.discharge("C2", "A2")])
    assert await reason(books, VISIT) == "source_not_allowed"
    await books.publish([facts.reverse("C2")])
    assert "statement" in await asked(books, VISIT)
    # of one person it was asked, of another it was not
    assert await reason(books, facts.discharge(person="P2")) == "source_not_allowed"


async def test_each_asks_as_itself(books: Books) -> None:
    await books.publish([*OPEN, facts.admit("A2", "P2", "H2")])
    own = facts.discharge()
    statement = (await asked(books, own))["statement"]
    assert (statement["claim_id"], statement["revision"], statement["status"]) == ("C1", 1, "settled")
    # a bureau and the ledger's own user name the hospital in the event
    assert await asked(books, own, BUREAU) == await asked(books, own, None) == {"statement": statement}
    assert await reason(books, own, "hospital/H2") == "source_not_allowed"
    assert await reason(books, own, "civil-affairs/220621") == "source_not_allowed"
    # neither a bureau nor the ledger's own user, as which the gateway asks, needs an admission
    visit = facts.visit("V1", "P2", disease="diabetes")
    assert await reason(books, visit, "hospital/H1") == "source_not_allowed"
    assert "statement" in await asked(books, visit, BUREAU)
    assert await asked(books, visit, None) == await asked(books, visit, BUREAU)
    # a hospital's admission is not another's through a bureau either
    assert await reason(books, facts.discharge("C2", "A2", "P2", "H1"), BUREAU) == "source_not_allowed"


@pytest.mark.parametrize(
    ("event", "refused"),
    [
        (b"", "malformed"),
        (b"\xff\x00", "malformed"),
        (b"[" * 100_000, "malformed"),
        (facts.discharge() | {"type": "discharge.recorded.v9"}, "unknown_type"),
        (facts.admit("A5"), "unknown_type"),
        (facts.reverse("C1"), "unknown_type"),
        (facts.discharge("C0"), "duplicate_claim"),
        (facts.discharge("C1", bill=facts.bill("1") | {"total": "2"}), "bill_does_not_add_up"),
        (facts.discharge("C1", "A9"), "unknown_admission"),
        (facts.discharge("C1", "A0"), "already_discharged"),
        (facts.discharge("C1", "A3"), "admission_cancelled"),
        (facts.discharge("C1", "A2"), "person_mismatch"),
        (facts.discharge("C1", on="2019-02-01"), "date_order"),
        (facts.discharge("C1", on="2021-02-01"), "not_enrolled"),
        (facts.visit(disease="lung_cancer"), "chronic_card_missing"),
    ],
)
async def test_refused_for_what_acceptance_refuses(books: Books, event: dict[str, Any] | bytes, refused: str) -> None:
    others = [*facts.stay(0), facts.admit("A2", "P2"), facts.admit("A3"), facts.cancel("A3")]
    await books.publish([*OPEN, *others])
    assert await reason(books, event) == refused
