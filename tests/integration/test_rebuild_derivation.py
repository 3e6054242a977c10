"""Rebuilding: the ledger alone gives every row of every projection."""

import random
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.catalog import ITSELF
from events.store.metadata import metadata
from infra.demo import county
from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.proof.rebuild import PROJECTIONS, rebuild
from processors.proof.verify import verify
from processors.resettlement.order import change_to, order_event
from processors.supervision.catch_up import catch_up_leads
from projections.finance import SUMS
from tests import facts
from tests.histories import History
from tests.ledger import SHIPPED, Books
from tests.projection_rows import EVERY_FACT, change, content, differing, differing_rows

CLEARING = {
    "clearings",
    "clearing_lines",
    "clearing_parts",
    "clearing_payments",
    "receivables",
    "advance_repayments",
    "advance_receipts",
    "prepayments",
    "withholdings",
    "withholding_releases",
    "fund_movements",
    "lead_journals",
    "lead_years",
    "cases",
    "case_notes",
    "case_findings",
    "case_leads",
    "case_measures",
    "case_facts",
    "inspections",
    "blacklist",
    "register_entries",
    "advance_requests",
    "roster_deliveries",
    "fund_budgets",
}
"""Follow journals of their own (processors/clearing, processors/accounts, processors/cases, processors/registers), or
say how far leads were looked for; finance's SUMS are counted from the ledger anyway."""


WRITTEN: list[tuple[str, int]] = [
    ('"00012.5"', 1250),
    ("12", 1200),
    ("12.50", 1250),
    ("1.25e1", 1250),
    ("12500e-3", 1250),
    ("1E+2", 10000),
    ("0.0", 0),
    ("0e99999999999", 0),
    ("-0", 0),
    ("-0.0e-7", 0),
    (f'"{"0" * 200}7.1"', 710),
    (f"3.1{'0' * 20000}", 310),
    (f"5{'0' * 20000}e-20000", 500),
]


def test_every_projection_is_derived() -> None:
    tables = {table.name for table in metadata.tables.values() if table.schema == "projections"}
    assert tables - set(PROJECTIONS) - CLEARING - {table.name for table in SUMS} == set()


async def test_every_kind_of_fact_gives_the_rows_that_stand(engine: AsyncEngine) -> None:
    books = await Books.open(engine, partitions=3)
    await books.publish(EVERY_FACT, batch=3)
    await catch_up_leads(engine)
    report = await rebuild(engine)
    assert differing_rows(report.projections) == []
    rows = {each.projection: each.rows for each in report.projections}
    assert {name for name, count in rows.items() if not count} == set()
    assert await books.refused() == [
        ("visit-V4", "not_enrolled"),  # P4's enrollment had ended by then
        ("of-another", "duplicate_filing"),
        ("too-late", "already_discharged"),
        ("paper-W4", "duplicate_invoice"),
        ("paper-W5", "not_enrolled"),
        ("cancel-A3", "already_discharged"),
        ("discharge-C7", "reversed_while_waiting"),
        ("visit-V3", "unknown_hospital"),
        ("reverse-C99", "unknown_claim"),
        ("odd", "unknown_type"),
        ("not an id", "malformed"),
        (str(EVERY_FACT.index(b"not an event") + 1), "malformed"),
        ("adv-2", "duplicate_advance"),
    ]


async def test_money_is_read_however_it_is_written(books: Books) -> None:
    events: list[Any] = [facts.hospital(), facts.enrol("P1"), *facts.stay(1, "P1")]
    await books.publish(events)
    for number, (written, _) in enumerate(WRITTEN):
        finding = orjson.dumps(facts.audit("C1", "how much", "person", f"F{number}"))
        await books.publish([finding.replace(b'"how much"', written.encode())], mailbox=facts.BUREAU)
    assert await books.refused() == []
    async with books.engine.connect() as connection:
        amounts = await connection.execute(text("SELECT amount FROM projections.audits ORDER BY number"))
        assert list(amounts.scalars()) == [fen for _, fen in WRITTEN]
    assert await differing(books.engine) == []


async def test_a_county_is_built_again_from_nothing_but_the_ledger(books: Books) -> None:
    await books.publish(county(7, persons=950, inpatient=712))
    before = await content(books.engine)
    assert differing_rows((await rebuild(books.engine)).projections) == []
    async with books.engine.begin() as connection:
        for name in PROJECTIONS:
            await connection.execute(text(f"TRUNCATE projections.{name}"))
    report = await rebuild(books.engine)
    assert [(each.projection, each.missing, each.mended) for each in report.projections] == [
        (name, len(rows), len(rows)) for name, rows in before.items()
    ]
    assert await content(books.engine) == before
    assert (await rebuild(books.engine)).found == 0


async def test_a_run_that_changed_nothing_is_not_in_the_ledger_and_its_number_may_be_given_again(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol("P1"), *facts.stay(1, "P1"), facts.audit("C1", "0")])
    assert (await content(books.engine))["persons"] == ['{"person_id":"P1","claims":1,"runs":2}']
    await change(books.engine, "DELETE FROM projections.persons")
    assert (await rebuild(books.engine)).found == 1
    assert (await content(books.engine))["persons"] == ['{"person_id":"P1","claims":1,"runs":1}']
    await books.publish([facts.correct("C1"), *facts.stay(2, "P1")])
    assert (await rebuild(books.engine)).found == 0
    assert (await verify(books.engine)).problems == []


@pytest.mark.parametrize("seed", range(10))
async def test_random_histories_differ_nowhere_while_they_are_on_their_way(engine: AsyncEngine, seed: int) -> None:
    """Between any two transactions the ledger says what the tables hold: runs in flight are told apart."""
    draw = random.Random(seed)
    books = await Books.open(engine, partitions=2, seed=seed)
    books.enqueue(History(seed, stays=12).events)
    steps = 0
    while busy := [lane for lane, queue in books.queues.items() if queue]:
        await books.step(draw.choice(busy), draw.randint(1, 12))
        steps += 1
        if steps % 25 == 0:
            assert await differing(engine) == [], f"after {steps} steps"
    assert await differing(engine) == []
    assert steps > 25


async def test_claims_moved_to_another_text_have_their_pin_when_they_are_settled(books: Books) -> None:
    await books.publish(
        [facts.hospital(), facts.enrol("P1"), *facts.stay(1, "P1", "2019-03-10"), *facts.stay(2, "P1", "2019-04-10")]
    )
    fusong = next(scheme for scheme in SHIPPED if scheme.name == "fusong")
    newer = load_text(fusong.text.replace(b"value: 800,", b"value: 700,"), "fusong")
    await adopt_schemes(books.engine, [newer], "test")
    change_ = await change_to(books.engine, "fusong", newer.valid.from_.replace(year=2019, month=4))
    books.enqueue([order_event(change_, ["P1"], "test", "1")], ITSELF)
    await books.step(("intake", 0), 1)
    assert await differing(books.engine) == []
    await books.drain()
    assert await differing(books.engine) == []
    async with books.engine.connect() as connection:
        pinned = await connection.execute(text("SELECT scheme_hash FROM projections.statements ORDER BY claim_id"))
        assert list(pinned.scalars()) == [fusong.content_hash, newer.content_hash]
