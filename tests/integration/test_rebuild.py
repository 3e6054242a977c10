"""Rebuilding: the ledger alone gives every row of every projection; what was changed is found, told and mended."""

import asyncio
import random
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

import processors.proof.rebuild as module
from events.catalog import ITSELF
from events.store.metadata import metadata
from infra.cli import app
from infra.demo import county
from infra.postgres.engine import connect
from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.proof.rebuild import PROJECTIONS, Compared, rebuild
from processors.proof.verify import verify
from processors.resettlement.order import change_to, order_event
from projections.finance import SUMS
from tests import facts
from tests.histories import History
from tests.ledger import SHIPPED, Books
from tests.program import claims, eventually

CLEARING = {
    "clearings",
    "clearing_lines",
    "clearing_parts",
    "clearing_payments",
    "receivables",
    "advance_repayments",
    "advance_receipts",
}
"""Follow a journal of their own (processors/clearing); finance's SUMS are counted from the ledger anyway."""


ADVANCE = {"advance_id": "L1", "person_id": "P1", "amount": "800", "issued_on": "2019-03-01"}
EVERY_FACT: list[Any] = [
    facts.hospital(),
    facts.hospital("H2", 1, "220622", until="2021-01-01"),
    facts.hospital("H2", 2, "220622", begun="2011-01-01"),
    facts.suspend("2019-08-01", "H2"),
    facts.reinstate("2019-09-01", "H2"),
    facts.reinstate("2019-09-05", "H2"),
    facts.suspend("2019-09-05", "H2", id_="after-all"),
    facts.fine(),
    facts.enrol("P1", self_paid="120.5"),
    facts.enrol("P1", 2018),
    facts.enrol("P2"),
    facts.enrol("P2", effective_on="2019-02-01", self_paid="100"),
    facts.enrol("P3"),
    facts.enrol("X", 2019, "140400"),
    facts.enrol("Y", 2019, "140400"),
    facts.enrol("Z", 2019, "211200"),
    facts.roster("X", "dibao"),
    facts.roster("Y", "dibao"),
    facts.roster("P1"),
    facts.roster("P1", "dibao", "removed", "2019-06-01"),
    facts.card("P1"),
    facts.card("P1", "diabetes", issued=False, on="2019-10-01"),
    # a referral chain over three stays
    *facts.stay(1, "P1", in_scope="18000"),
    *facts.stay(2, "P1", "2019-04-10", "9000", referred_from="A1"),
    *facts.stay(3, "P1", "2019-05-10", "7000", referred_from="A2", prepaid=True),
    facts.visit("V1", "P1", in_scope="400", disease="diabetes"),
    facts.visit("V2", "Z", setting="pharmacy", disease="lung_cancer", prescribed_by="H2"),
    # late facts, one of them after another
    facts.roster("P1", "destitute", "added", "2019-04-01"),
    facts.correct("C1", "17000.5", id_="correct-1"),
    facts.correct("C1", "16000.05", id_="correct-2"),
    facts.audit("C2", "250", "person"),
    facts.audit("C2", "100", "hospital", "F2"),
    facts.audit("C2", "10000", "person", "F3"),  # 8,650 are left
    facts.audit("C2", "10", "person", "F4"),  # nothing is left
    *facts.stay(4, "P2", in_scope="20000"),
    facts.audit("C4", "3", "person", "F5"),
    facts.reverse("C4"),
    facts.audit("C4", "5", "person", "F6"),
    facts.discharge("C5", "A4", "P2", in_scope="21000"),  # the admission is free again
    facts.cancel("A3"),  # refused: C3 stands
    facts.admit("A6", "P2"),
    facts.cancel("A6"),
    facts.cancel("A6", id_="cancelled-twice"),
    # a discharge waits, is reversed, waits again under its claim id, goes on; another waits for good
    facts.discharge("C7", "A7", "P3"),
    facts.reverse("C7"),
    facts.discharge("C7", "A7", "P3", id_="again"),
    facts.admit("A7", "P3"),
    facts.discharge("C8", "A8", "P3"),
    facts.death("P3", "2019-12-01"),
    facts.death("P3", "2019-12-02", facts.BUREAU),
    facts.enrol("P3", 2020),
    # refused: for what they say, for what they are, under an id that is none
    facts.visit("V3", "P1", hospital_id="H9"),
    facts.reverse("C99"),
    facts.event("hospital/H1", "odd", "odd.v1"),
    b'{"id": "not an id", "source": "hospital/H1", "type": "claim.reversed.v1"}',
    b"not an event",
    # grants of 长治, once in a life: one that moves to the next claim, one that is withdrawn for good
    *facts.stay(9, "X", disease="lung_cancer", stage="late"),
    *facts.stay(10, "X", "2019-04-10", disease="lung_cancer", stage="late"),
    facts.reverse("C9"),
    *facts.stay(11, "Y", disease="lung_cancer", stage="late"),
    facts.reverse("C11"),
    # its number used twice: the second is refused
    facts.event(facts.BUREAU, "adv-1", "advance.issued.v1", **ADVANCE),
    facts.event(facts.BUREAU, "adv-2", "advance.issued.v1", **ADVANCE | {"amount": "900"}),
]

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


@pytest.fixture
async def settled(books: Books) -> Books:
    await books.publish(EVERY_FACT, batch=25)
    return books


async def content(engine: AsyncEngine) -> dict[str, list[str]]:
    """Every row of every projection."""
    found = {}
    async with engine.connect() as connection:
        for name in PROJECTIONS:
            query = f"SELECT to_json(t)::text FROM projections.{name} AS t ORDER BY 1"
            found[name] = list((await connection.execute(text(query))).scalars())
    return found


async def change(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            touched = await connection.execute(text(statement))
            assert touched.rowcount > 0, statement


def told(found: list[Compared]) -> list[tuple[str, str, dict[str, Any], dict[str, tuple[Any, Any]]]]:
    return [(each.projection, row.kind, row.key, row.columns) for each in found for row in each.first]


async def differing(engine: AsyncEngine) -> list[Any]:
    return told((await rebuild(engine, dry_run=True)).projections)


def test_every_projection_is_derived() -> None:
    tables = {table.name for table in metadata.tables.values() if table.schema == "projections"}
    assert tables - set(PROJECTIONS) - CLEARING - {table.name for table in SUMS} == set()


async def test_every_kind_of_fact_gives_the_rows_that_stand(engine: AsyncEngine) -> None:
    books = await Books.open(engine, partitions=3)
    await books.publish(EVERY_FACT, batch=3)
    report = await rebuild(engine)
    assert told(report.projections) == []
    rows = {each.projection: each.rows for each in report.projections}
    assert {name for name, count in rows.items() if not count} == set()
    assert await books.refused() == [
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
    assert told((await rebuild(books.engine)).projections) == []
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


PLANTED: dict[str, tuple[str, list[Any]]] = {
    "an amount": (
        "UPDATE projections.accumulations SET paid = paid - 100 WHERE person_id = 'P2' AND layer = 'basic'"
        " AND track = 'inpatient'",
        [
            (
                "accumulations",
                "different",
                {"person_id": "P2", "year": 2019, "scheme": "fusong", "layer": "basic", "track": "inpatient"},
                {"paid": (1212000, 1211900)},  # (21,000 - 800) x 60%
            )
        ],
    ),
    "a text": (
        "UPDATE projections.hospitals SET name = '医院' WHERE hospital_id = 'H1'",
        [("hospitals", "different", {"hospital_id": "H1"}, {"name": ("医院H1", "医院")})],
    ),
    "an order of layers": (
        "UPDATE projections.statements SET layers = jsonb_build_array(layers -> 1, layers -> 0, layers -> 2)"
        " WHERE claim_id = 'C3'",
        [("statements", "different", {"claim_id": "C3"}, {"layers": None})],
    ),
    "a reversal": (
        "UPDATE projections.claims SET standing = true WHERE claim_id = 'C4'",
        [("claims", "different", {"claim_id": "C4"}, {"standing": (False, True)})],
    ),
    "two claims in each other's place": (
        "UPDATE projections.claims SET claim_id = 'C1-C2', number = 0 WHERE claim_id = 'C1'",
        [("claims", "missing", {"claim_id": "C1"}, None), ("claims", "surplus", {"claim_id": "C1-C2"}, None)],
    ),
    "a row too few": (
        "DELETE FROM projections.waiting",
        [("waiting", "missing", {"number": None}, None)],
    ),
    "a row too many": (
        "INSERT INTO projections.grants VALUES ('P1', 'fusong', 'annual', 2019, 100, 'C1')",
        [
            (
                "grants",
                "surplus",
                {"person_id": "P1", "scheme": "fusong", "grant": "annual", "year": 2019},
                {"amount": (None, 100), "claim_id": (None, "C1")},
            )
        ],
    ),
    "a nothing where something was": (
        "UPDATE projections.admissions SET discharged_by = NULL WHERE admission_id = 'A4'",
        [("admissions", "different", {"admission_id": "A4"}, {"discharged_by": ("C5", None)})],
    ),
    "a list": (
        "UPDATE projections.claims SET referral = '{A1,A2}' WHERE claim_id = 'C3'",
        [("claims", "different", {"claim_id": "C3"}, {"referral": (["A2", "A1"], ["A1", "A2"])})],
    ),
    "a counter that would give numbers again": (
        "UPDATE projections.persons SET runs = 1 WHERE person_id = 'P2'",
        [("persons", "different", {"person_id": "P2"}, {"runs": (4, 1)})],
    ),
}


def agrees(found: Any, expected: Any) -> bool:
    """Whether a difference is the one expected; None stands for what the case does not spell out."""
    if isinstance(expected, tuple) and isinstance(found, tuple):
        return len(found) == len(expected) and all(map(agrees, found, expected))
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(agrees(found[name], value) for name, value in expected.items())
    return expected is None or bool(found == expected)


async def test_what_was_changed_is_told_and_mended_and_nothing_else(settled: Books) -> None:
    engine = settled.engine
    before = await content(engine)
    for what, (statement, expected) in PLANTED.items():
        await change(engine, statement)
        changed = await content(engine)
        found = await differing(engine)
        assert len(found) == len(expected), what
        for one, other in zip(found, expected, strict=True):
            assert agrees(one, other), (what, one)
        assert await content(engine) == changed, what

        mended = await rebuild(engine, [found[0][0]])
        assert told(mended.projections) == found, what
        assert [each.mended for each in mended.projections] == [len(expected)], what
        assert await content(engine) == before, what


async def test_only_what_is_named_is_looked_at(settled: Books) -> None:
    await change(settled.engine, "DELETE FROM projections.deaths", "DELETE FROM projections.audits")
    report = await rebuild(settled.engine, ["audits"])
    assert [(each.projection, each.missing) for each in report.projections] == [("audits", 6)]
    assert [each.missing for each in (await rebuild(settled.engine, ["audits", "deaths"])).projections] == [0, 1]


async def test_a_flood_of_differences_is_cut_and_counted(settled: Books) -> None:
    await change(
        settled.engine,
        "INSERT INTO projections.audits SELECT 'X' || n, n, 'C1', 1, 'person' FROM generate_series(1, 100) AS n",
    )
    report = await rebuild(settled.engine, ["audits"])
    assert [(each.surplus, len(each.first), each.mended) for each in report.projections] == [(100, 20, 100)]


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


async def test_mending_waits_for_the_writer_at_work_and_keeps_what_he_wrote(
    settled: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = settled.engine
    await change(engine, "UPDATE projections.hospitals SET name = 'wrong' WHERE hospital_id = 'H1'")
    writer = connect(engine.url.render_as_string(hide_password=False).replace("+asyncpg", ""))
    try:
        async with writer.begin() as connection:
            await connection.execute(text("SELECT FROM processors.positions WHERE consumer = 'intake' FOR UPDATE"))
            mending = asyncio.create_task(rebuild(engine))

            async def waits() -> bool:
                held = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ExclusiveLock'"
                held += " AND relation = 'processors.positions'::regclass"
                return bool((await connection.execute(text(held))).scalar_one())

            await eventually(waits, bound_s=10)
        assert (await mending).found == 1
        assert (await rebuild(engine)).found == 0

        monkeypatch.setattr(module, "LOCK_TIMEOUT_S", 1)
        await change(engine, "UPDATE projections.hospitals SET name = 'wrong' WHERE hospital_id = 'H1'")
        async with writer.begin() as connection:
            await connection.execute(text("SELECT FROM processors.positions WHERE consumer = 'intake' FOR UPDATE"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await rebuild(engine)
        assert (await rebuild(engine, dry_run=True)).found == 1
    finally:
        await writer.dispose()


async def test_a_damaged_text_is_said(settled: Books) -> None:
    async with settled.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("UPDATE ledger.schemes SET text = text || '\\x20' WHERE name = 'fusong'"))
    with pytest.raises(LookupError, match="the text of scheme fusong does not match its hash"):
        await rebuild(settled.engine, ["statements"])
    assert (await rebuild(settled.engine, ["claims"])).found == 0


async def test_the_command_shows_mends_and_says_what_there_is(database: str) -> None:
    env = {"CLAIMS_DATABASE_URL": database, "CLAIMS_NATS_URL": "nats://127.0.0.1:1"}
    engine = connect(database)
    try:
        await (await Books.open(engine)).publish(EVERY_FACT)
        await change(
            engine,
            "UPDATE projections.audits SET amount = 1 WHERE finding_id = 'F2'",
            "UPDATE projections.statements SET patient_share = 5 WHERE claim_id = 'C3'",
            "DELETE FROM projections.refusals",
        )
    finally:
        await engine.dispose()
    seen = await claims("rebuild", "--dry-run", env=env)
    assert seen.code == 1
    assert "audits finding_id=F2: 不同 different: amount 账本 ledger 100.00, 表 table 0.01" in seen.out.decode()
    assert "not mended: 10" in seen.err

    mended = await claims("rebuild", "--json", env=env)
    assert mended.code == 1
    rows = {row.pop("projection"): row for row in mended.rows}
    assert list(rows) == list(PROJECTIONS)
    assert rows["audits"] == {
        "rows": 6,
        "missing": 0,
        "surplus": 0,
        "different": 1,
        "mended": 1,
        "differences": [
            {
                "kind": "different",
                "key": {"finding_id": "F2"},
                "columns": {"amount": {"ledger": "100.00", "table": "0.01"}},
            }
        ],
    }
    assert (rows["refusals"]["missing"], rows["refusals"]["mended"]) == (8, 8)

    again = await claims("rebuild", env=env)
    assert again.code == 0
    assert "every projection is what the ledger says" in again.out.decode()


def test_an_unknown_projection_is_told_what_there_is() -> None:
    asked = CliRunner(env={"COLUMNS": "500"}).invoke(app, ["rebuild", "audits", "balances"])
    assert asked.exit_code == 2
    assert f"no projection balances; 有 there are {', '.join(PROJECTIONS)}" in asked.output
