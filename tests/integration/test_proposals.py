"""Texts that one person proposes and another adopts, after a trial; and what verify says of a journal that lies."""

import hashlib
from datetime import date

import orjson
import pytest
from sqlalchemy import text

from events.decisions import TEXT_PROPOSAL_ADOPTED
from events.store.journal import adopted_schemes, database_time, write
from policies.loader import SchemeError, load_directory, load_text
from processors.delivery.names import PROPOSALS_CONSUMER
from processors.delivery.position import lock_position, write_position
from processors.offices.refusal import StepRefused
from processors.proof.verify import verify
from processors.proposals.journal import adopt_proposal, load_proposals, propose, record_trial, withdraw_proposal
from processors.proposals.trial import try_scheme
from tests import facts
from tests.ledger import Books
from tests.program import dump

FUSONG = next(scheme for scheme in load_directory() if scheme.name == "fusong")
CHEAPER = load_text(FUSONG.text.replace(b"value: 800,", b"value: 700,"), "fusong")
SINCE = date(2019, 1, 1)
_ADOPTED = """
SELECT convert_from(data, 'UTF8')::jsonb FROM ledger.entries WHERE type = 'scheme.adopted.v1' ORDER BY number
"""


async def test_a_trial_tells_what_a_resettlement_would_move_and_books_nothing(books: Books) -> None:
    """A stay of 10,000: the deductible falls from 800 to 700, so basic pays 60% of 100 more, 60.00."""
    await books.publish([facts.hospital(), facts.enrol("P1"), *facts.stay(1)])
    made = await propose(books.engine, CHEAPER, "lin", "降低起付线")
    before = await dump(books.engine)
    counted: list[int] = []
    tried = await try_scheme(books.engine, made.scheme(), SINCE, lambda _what, count: counted.append(count))
    assert (tried["claims"], tried["persons"], sum(counted)) == (1, 1, 1)
    assert tried["after"]["basic"] - tried["before"]["basic"] == 60_00
    assert await dump(books.engine) == before


async def test_another_person_adopts_what_was_tried(books: Books) -> None:
    made = await propose(books.engine, CHEAPER, "lin", "降低起付线")
    with pytest.raises(StepRefused, match="先试算再采用"):
        await adopt_proposal(books.engine, made.number, "zhao")
    await record_trial(books.engine, made.number, "lin", {"persons": 0, "claims": 0, "before": {}, "after": {}})
    with pytest.raises(StepRefused, match="须由另一人"):
        await adopt_proposal(books.engine, made.number, "LIN")
    with pytest.raises(StepRefused, match="已有提议 1"):
        await propose(books.engine, CHEAPER, "zhao", "再提")
    await adopt_proposal(books.engine, made.number, "zhao")
    async with books.engine.connect() as connection:
        assert (await adopted_schemes(connection))[-1] == (CHEAPER.content_hash, "fusong")
        rows = await connection.execute(text(_ADOPTED))
        assert rows.scalars().all()[-1]["actor"] == "zhao"
    for step in (adopt_proposal(books.engine, 1, "zhou"), withdraw_proposal(books.engine, 1, "zhou", "x")):
        with pytest.raises(StepRefused, match="已采用"):
            await step
    with pytest.raises(SchemeError, match="此文本曾经采用"):
        await propose(books.engine, FUSONG, "lin", "改回")
    assert (await verify(books.engine)).problems == []


async def test_verify_names_an_adoption_by_who_proposed_and_without_a_trial(books: Books) -> None:
    made = await propose(books.engine, CHEAPER, "lin", "降低起付线")
    async with books.engine.begin() as connection:  # as a login of ledger_writer could without the program
        position = await lock_position(connection, PROPOSALS_CONSUMER, 0)
        position.journal.start(await database_time(connection))
        said = {"proposal": made.number, "hash": made.hash, "actor": "lin", "login": "x"}
        position.journal.append(TEXT_PROPOSAL_ADOPTED, said)
        position.journal.append(TEXT_PROPOSAL_ADOPTED, {**said, "proposal": 77})
        await write(connection, position.journal)
        await write_position(connection, position, position.stream_seq, position.outgoing)
    problems = [each for each in (await verify(books.engine)).problems if each.check == "proposal"]
    assert [(each.where, each.expected) for each in problems] == [
        ("journal proposals.0, entry 3", "a step that can be read"),
        ("journal proposals.0, entry 1", "adopted by another person"),
        ("journal proposals.0, entry 1", "a trial before its adoption"),
    ]


async def test_a_proposal_keeps_the_bytes_of_its_text(books: Books) -> None:
    made = await propose(books.engine, CHEAPER, "lin", "降低起付线")
    async with books.engine.connect() as connection:
        found = (await load_proposals(connection)).proposals[made.number]
        data = (
            await connection.execute(text("SELECT data FROM ledger.entries WHERE journal = 'proposals.0'"))
        ).scalar_one()
    assert (found.text, hashlib.sha256(found.text).hexdigest()) == (CHEAPER.text, made.hash)
    assert orjson.loads(data)["reason"] == "降低起付线"
    await withdraw_proposal(books.engine, made.number, "lin", "另议")
    assert (await propose(books.engine, CHEAPER, "lin", "再提")).number == 3
