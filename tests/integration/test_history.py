"""A person's typed history loses nothing that the ledger keeps, and its views agree with each other."""

from typing import Any

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import CLAIM_ACCEPTED
from events.store.journal import entries
from policies.claim import claim_json
from processors.person.file import gather
from processors.person.history import (
    AcceptanceEntry,
    FactEntry,
    GrantEntry,
    HistoryEntry,
    PayoutEntry,
    PremiumEntry,
    StatementEntry,
)
from processors.person.replay import load_history, replay
from processors.proof.verify import verify
from tests.histories import History
from tests.ledger import Books

SHOWN_AS_KEPT: dict[type[HistoryEntry], tuple[str, ...]] = {
    PayoutEntry: ("cause", "counterparty"),
    StatementEntry: ("statement", "cause"),
    GrantEntry: ("cause",),
    PremiumEntry: ("cause",),
}
"""The parts of an entry's data that a replay shows unchanged."""


async def kept(engine: AsyncEngine, person: str) -> dict[tuple[str, int], tuple[str, Any]]:
    """Type and data of each entry about a person, as the ledger keeps them, by journal and number."""
    columns = entries.c.journal, entries.c.number, entries.c.type, entries.c.data
    async with engine.connect() as connection:
        rows = await connection.execute(select(*columns).where(entries.c.person_id == person))
        return {(row.journal, row.number): (row.type, orjson.loads(row.data)) for row in rows}


@pytest.mark.parametrize("seed", [1, 5])
async def test_every_entry_is_shown_as_the_ledger_keeps_it(engine: AsyncEngine, seed: int) -> None:
    books = await Books.open(engine, partitions=2, seed=seed)
    history_of_all = History(seed, stays=60)
    await books.publish(history_of_all.events)
    seen: set[type] = set()
    for person in history_of_all.persons:
        ledger = await kept(engine, person)
        history, shown = await load_history(engine, person), (await replay(engine, person))["history"]
        assert len(history.entries) == len(shown) == len(ledger)
        for entry, row in zip(history.entries, shown, strict=True):
            seen.add(type(entry))
            type_, data = ledger[entry.journal, entry.number]
            assert (row["type"], entry.type) == (type_, type_)
            if isinstance(entry, AcceptanceEntry):
                assert type_ == CLAIM_ACCEPTED
                assert orjson.loads(orjson.dumps(claim_json(entry.claim))) == data["claim"]
            for name in SHOWN_AS_KEPT.get(type(entry), ()):
                assert row[name] == data.get(name), (type_, name)
    assert seen >= {FactEntry, AcceptanceEntry, PayoutEntry, StatementEntry, PremiumEntry}
    assert (await verify(engine)).holds


async def test_the_file_and_the_replay_show_the_same_sums(engine: AsyncEngine) -> None:
    books = await Books.open(engine, partitions=2, seed=2)
    events = History(2, stays=60)
    await books.publish(events.events)
    for person in events.persons:
        file, history = await gather(engine, person), await load_history(engine, person)
        assert file.verdict.consistent is history.consistent is True
        assert [(claim.claim_id, claim.paid, claim.patient, claim.hospital) for claim in file.claims] == [
            (each.claim_id, each.paid, each.patient_share, each.hospital_share) for each in history.statements
        ]
        live = {claim.claim_id: claim for claim in history.claims}
        for filed in file.claims:
            assert filed.bill == live[filed.claim_id].bill
            assert [(audit.amount, audit.borne_by) for audit in filed.audits] == [
                (audit.amount, audit.borne_by) for audit in live[filed.claim_id].audits
            ]
            if filed.stands:
                assert filed.paid + filed.patient + filed.hospital == filed.bill.total
        paid: dict[tuple[int, str, str], int] = {}
        for statement in history.statements:
            for layer, amount in statement.layers:
                key = statement.year, statement.scheme, layer
                paid[key] = paid.get(key, 0) + amount
        assert {(row.year, row.scheme, row.layer): row.paid for row in file.accumulations} == paid
