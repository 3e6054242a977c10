"""A lane's transaction writes only if nothing has touched its position since: in one statement or in many."""

from collections.abc import Awaitable, Callable

import orjson
import pytest
from sqlalchemy import text

from events.store.writes import AT_ONCE_ROWS
from policies.loader import load_directory, load_text
from processors.delivery.position import read_position
from processors.delivery.transaction import Delivery, Fenced, Position, handle_batch
from processors.law.adoption import adopt_schemes
from processors.pipeline.intake import Intake
from processors.pipeline.recovery import begin_intake_anew
from processors.proof.rebuild import rebuild
from tests import facts
from tests.ledger import Books, is_lost

FEW, MANY = 1, AT_ONCE_ROWS
"""Events; each is more than one row."""


def batch_behind(known: Position, events: int) -> list[Delivery]:
    bodies = [orjson.dumps(facts.enrol(f"P{number}")) for number in range(events)]
    return [
        Delivery(known.stream_seq + place, "claims.intake.bureau.220621._", body)
        for place, body in enumerate(bodies, start=1)
    ]


async def standing(books: Books) -> Position:
    async with books.engine.connect() as connection:
        return await read_position(connection, "intake", 0)


async def written(books: Books) -> tuple[int, int, int]:
    """Entries of the ledger, rows of a projection, and how far intake has come."""
    counts = "SELECT (SELECT count(*) FROM ledger.entries), (SELECT count(*) FROM projections.enrolments), stream_seq"
    query = text(f"{counts} FROM processors.positions WHERE consumer = 'intake'")
    async with books.engine.connect() as connection:
        row = (await connection.execute(query)).one()
    return row[0], row[1], row[2]


@pytest.mark.parametrize("events", [FEW, MANY])
@pytest.mark.parametrize("sooner", [FEW, MANY])
async def test_of_two_who_stand_at_one_place_the_second_writes_nothing(books: Books, events: int, sooner: int) -> None:
    await books.publish([facts.hospital()])
    known = await standing(books)
    moved = await handle_batch(books.engine, Intake(1), known, batch_behind(known, sooner))
    before = await written(books)
    assert before[1:] == (sooner, known.stream_seq + sooner)
    with pytest.raises(Fenced):
        await handle_batch(books.engine, Intake(1), known, batch_behind(known, events))
    assert await written(books) == before
    # the worker that took the batch goes on from the position it was given, without asking again
    await handle_batch(books.engine, Intake(1), moved, batch_behind(moved, events))
    assert (await written(books))[2] == known.stream_seq + sooner + events


async def adopted(books: Books) -> None:
    [scheme] = [each for each in load_directory() if each.name == "shanggao"]
    changed = scheme.text.replace(b"{tier: 2, value: 80%,", b"{tier: 2, value: 81%,")
    assert await adopt_schemes(books.engine, [load_text(changed, "shanggao")], "test")


async def mended(books: Books) -> None:
    async with books.engine.begin() as connection:
        await connection.execute(text("DELETE FROM projections.hospitals"))
    [hospitals] = (await rebuild(books.engine, ["hospitals"])).projections
    assert hospitals.mended == 1


async def recovered(books: Books) -> None:
    assert await begin_intake_anew(books.engine, is_lost)


@pytest.mark.parametrize("events", [FEW, MANY])
@pytest.mark.parametrize("touched", [adopted, mended, recovered])
async def test_whoever_touches_what_a_lane_has_read_keeps_it_from_writing(
    books: Books, touched: Callable[[Books], Awaitable[None]], events: int
) -> None:
    await books.publish([facts.hospital()])
    known = await standing(books)
    await touched(books)
    before = await written(books)
    with pytest.raises(Fenced):
        await handle_batch(books.engine, Intake(1), known, batch_behind(known, events))
    assert await written(books) == before


@pytest.mark.parametrize("events", [FEW, MANY])
async def test_what_a_lane_sent_is_not_taken_where_the_database_lacks_the_transaction_that_sent_it(
    books: Books, events: int
) -> None:
    """Set back by a failover, the database may hold this lane's own row unchanged, and not its sender's."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    known = await standing(books)
    async with books.engine.connect() as connection:
        basic = (await read_position(connection, "basic", 0)).stream_seq
    before = await written(books)

    def sent_by_basic(place: int, era: str = "") -> list[Delivery]:
        return [
            Delivery(each.stream_seq, each.subject, each.body, f"basic.0{era}-{place}-0")
            for each in batch_behind(known, events)
        ]

    for unknown in (sent_by_basic(basic + 1), sent_by_basic(basic, era="@20261201T000000000000")):
        with pytest.raises(Fenced):
            await handle_batch(books.engine, Intake(1), known, unknown)
        assert await written(books) == before
    await handle_batch(books.engine, Intake(1), known, sent_by_basic(basic))
    assert (await written(books))[2] == known.stream_seq + events
