"""Verification finds each way in which books can stop holding, names the place, and is quiet about all else."""

from dataclasses import asdict

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.finding_text import finding_line
from processors.finance.catch_up import catch_up
from processors.proof.seals import seal
from processors.proof.verify import MOST_PROBLEMS, verify
from tests import facts
from tests.clearings import cleared as clear
from tests.ledger import Books

EVENTS = [
    facts.hospital(),
    facts.enrol("P1"),
    facts.enrol("P2"),
    facts.roster("P1"),
    *facts.stay(1, "P1", in_scope="18000"),
    *facts.stay(2, "P1", in_scope="9000"),
    *facts.stay(3, "P2", in_scope="20000"),
    facts.correct("C1", "17000"),
    facts.audit("C2", "250", "person"),
    facts.reverse("C3"),
    *facts.stay(4, "P2", in_scope="6000"),
    b"not an event",
]


@pytest.fixture
async def settled(books: Books) -> Books:
    await books.publish(EVENTS)
    return books


async def tamper(engine: AsyncEngine, *statements: str) -> None:
    """Change what triggers protect, as someone with the server's own rights could."""
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            touched = await connection.execute(text(statement))
            assert touched.rowcount > 0, statement


async def test_a_settled_ledger_verifies(settled: Books) -> None:
    told: dict[str, int] = {}
    report = await verify(settled.engine, lambda what, count: told.update({what: told.get(what, 0) + count}))
    assert report.problems == []
    assert report.holds
    assert (report.persons, report.skipped, report.claims, report.statements, report.schemes) == (2, 0, 4, 4, 6)
    assert told == {"entries": report.entries, "claims": 4}


ONE_PAYOUT = "WHERE journal = 'basic.0' AND number = 2"  # basic's decision on C2

TAMPERINGS = {
    "a payout's amount": (
        [f"UPDATE ledger.entries SET paid = paid + 1 {ONE_PAYOUT}"],
        [
            ("chain", "journal basic.0, entry 2"),
            ("accumulation", "person P1, 2019, fusong, basic (inpatient)"),
            ("statement", "claim C2, booked by layer"),
            ("convergence", "claim C2, basic (stage 0)"),
        ],
    ),
    "a hash": (
        ["UPDATE ledger.entries SET hash = sha256(hash) WHERE journal = 'basic.0' AND number = 2"],
        [("chain", "journal basic.0, entry 2")],
    ),
    "the last hash": (
        [
            "UPDATE ledger.entries SET hash = sha256(hash) WHERE (journal, number) ="
            " (SELECT journal, max(number) FROM ledger.entries WHERE journal = 'basic.0' GROUP BY journal)"
        ],
        [("chain", "journal basic.0, entry 7")],
    ),
    "an accumulation": (
        ["UPDATE projections.accumulations SET paid = paid - 100 WHERE person_id = 'P2' AND layer = 'basic'"],
        [("accumulation", "person P2, 2019, fusong, basic (inpatient)")],
    ),
    "an accumulation too many": (
        ["INSERT INTO projections.accumulations VALUES ('P9', 2019, 'fusong', 'basic', '', 1, 0, 0, 0, 1)"],
        [("accumulation", "person P9, 2019, fusong, basic")],
    ),
    "an accumulation too few": (
        ["DELETE FROM projections.accumulations WHERE person_id = 'P1' AND layer = 'assistance'"],
        [("accumulation", "person P1, 2019, fusong, assistance")],
    ),
    "a statement's share": (
        ["UPDATE projections.statements SET patient_share = patient_share + 1 WHERE claim_id = 'C4'"],
        [("balance", "claim C4"), ("statement", "claim C4")],
    ),
    "shares that still balance": (
        [
            "UPDATE projections.statements SET patient_share = patient_share - 1, hospital_share = hospital_share + 1"
            " WHERE claim_id = 'C4'"
        ],
        [("statement", "claim C4")],
    ),
    "a reversed statement": (
        ["UPDATE projections.statements SET patient_share = 1 WHERE claim_id = 'C3'"],
        [("balance", "claim C3"), ("statement", "claim C3")],
    ),
    "a statement gone": (
        ["DELETE FROM projections.statements WHERE claim_id = 'C4'"],
        [("statement", "claim C4, booked by layer"), ("statement", "claim C4")],
    ),
    "a claim's row": (
        ["UPDATE projections.claims SET tier = 1 WHERE claim_id = 'C4'"],
        [("claim", "claim C4")],
    ),
    "a grant nobody is due": (
        ["INSERT INTO projections.grants VALUES ('P1', 'fusong', 'annual', 2019, 100, 'C1')"],
        [("grant", "person P1, fusong grant annual 2019")],
    ),
}


@pytest.mark.parametrize("what", TAMPERINGS)
async def test_what_was_changed_is_named_and_nothing_else(settled: Books, what: str) -> None:
    statements, expected = TAMPERINGS[what]
    await tamper(settled.engine, *statements)
    report = await verify(settled.engine)
    assert [(problem.check, problem.where) for problem in report.problems] == expected
    assert not report.holds


async def test_both_sides_of_a_difference_are_told(settled: Books) -> None:
    await tamper(
        settled.engine, "UPDATE projections.statements SET patient_share = patient_share + 1 WHERE claim_id = 'C4'"
    )
    report = await verify(settled.engine)
    # C4, not poor: (6,000 − 800) × 60% = 3,120; 2,880 left, below the line of 6,000
    assert (report.problems[0].expected, report.problems[0].found) == (
        "6000.00",
        "6000.01 = layers 3120.00 + patient 2880.01 + hospital 0.00",
    )


async def test_sides_are_in_yuan_and_words(settled: Books) -> None:
    await tamper(
        settled.engine,
        "UPDATE projections.claims SET total = 600001, in_scope = 600001 WHERE claim_id = 'C4'",
        "UPDATE projections.statements SET layers = '[[\"basic\", 311900]]', hospital_share = 100"
        " WHERE claim_id = 'C4'",
    )
    sides = {problem.check: problem for problem in (await verify(settled.engine)).problems}
    assert (sides["claim"].expected, sides["claim"].found) == (
        "total 6000.00, in_scope 6000.00",
        "total 6000.01, in_scope 6000.01",
    )
    assert sides["statement"].found == "layers basic 3119.00, hospital_share 1.00"
    assert sides["statement"].expected.startswith("layers basic 3120.00")
    assert {problem.person_id for problem in sides.values()} == {"P2"}


async def test_a_broken_chain_names_the_person_and_what_was_recorded(settled: Books) -> None:
    query = text("SELECT number, hash FROM ledger.entries WHERE journal = 'basic.0' AND claim_id = 'C4'")
    async with settled.engine.connect() as connection:
        number, recorded = (await connection.execute(query)).one()
    await tamper(
        settled.engine, "UPDATE ledger.entries SET paid = paid + 1 WHERE journal = 'basic.0' AND claim_id = 'C4'"
    )
    (broken,) = [problem for problem in (await verify(settled.engine)).problems if problem.check == "chain"]
    assert (broken.where, broken.person_id, broken.claim_id) == (f"journal basic.0, entry {number}", "P2", "C4")
    assert broken.expected == f"hash {bytes(recorded).hex()}"
    place = f"账册 journal basic.0, 条目 entry {number}（参保人 person P2，结算单 claim C4）"
    assert finding_line(**asdict(broken)).startswith(f"[哈希链 chain] {place}：应为 should be 哈希 hash")


async def test_a_removed_entry_is_a_gap(settled: Books) -> None:
    await tamper(settled.engine, "DELETE FROM ledger.entries WHERE journal = 'critical_illness.0' AND number = 1")
    problems = (await verify(settled.engine)).problems
    assert (problems[0].check, problems[0].expected, problems[0].found) == ("chain", "entry 1", "entry 2")
    assert {problem.where for problem in problems if problem.check == "convergence"} == {
        "claim C1, critical_illness (stage 1)"
    }


async def test_a_truncated_tail_is_found_by_the_head(settled: Books) -> None:
    await tamper(settled.engine, "DELETE FROM ledger.entries WHERE journal = 'settlement.0' AND number >= 3")
    problems = (await verify(settled.engine)).problems
    assert [(problem.check, problem.where, problem.found) for problem in problems] == [
        ("chain", "journal settlement.0, head", "2 entries")
    ]


async def test_an_altered_fact_is_found_by_its_hash_and_by_what_follows_from_it(settled: Books) -> None:
    altered = "convert_to(replace(convert_from(raw, 'UTF8'), '17000', '16000'), 'UTF8')"
    await tamper(settled.engine, f"UPDATE ledger.entries SET raw = {altered} WHERE type = 'claim.corrected.v1'")
    problems = (await verify(settled.engine)).problems
    assert problems[0].check == "chain"
    assert problems[0].where.startswith("journal intake, entry ")
    assert ("convergence", "claim C1, basic (stage 0)") in {(problem.check, problem.where) for problem in problems}
    assert ("claim", "claim C1") in {(problem.check, problem.where) for problem in problems}
    assert not any("C4" in problem.where for problem in problems)


async def test_an_altered_fact_s_identity_is_named(settled: Books) -> None:
    altered = "convert_to(replace(convert_from(raw, 'UTF8'), 'audit-F1', 'audit-F2'), 'UTF8')"
    await tamper(settled.engine, f"UPDATE ledger.entries SET raw = {altered} WHERE type = 'audit.found.v1'")
    checks = [problem.check for problem in (await verify(settled.engine)).problems]
    assert checks == ["chain", "identity"]


async def test_a_changed_scheme_text_is_never_settled_under(settled: Books) -> None:
    altered = "convert_to(replace(convert_from(text, 'UTF8'), 'value: 800,', 'value: 700,'), 'UTF8')"
    await tamper(settled.engine, f"UPDATE ledger.schemes SET text = {altered} WHERE name = 'fusong'")
    problems = (await verify(settled.engine)).problems
    assert problems[0].check == "scheme"
    assert problems[0].where.startswith("scheme fusong")
    assert {problem.where for problem in problems[1:]} == {"claim C1", "claim C2", "claim C3", "claim C4", "person P1"}
    assert [problem.where for problem in problems if problem.check == "premium"] == ["person P1"]  # P2 is on no roster


@pytest.mark.parametrize("data", ["no JSON", "[1]", '{"sha256": 1}'])
async def test_a_refused_event_s_damaged_data_is_named(settled: Books, data: str) -> None:
    await tamper(settled.engine, f"UPDATE ledger.entries SET data = '{data}' WHERE type = 'event.rejected.v1'")
    report = await verify(settled.engine)
    assert {(problem.check, problem.where) for problem in report.problems} >= {("chain", "journal intake, entry 28")}
    assert {problem.where for problem in report.problems} == {"journal intake, entry 28"}


@pytest.mark.parametrize("data", ["no JSON", "[1]", '{"root": "1", "journals": []}', '{"journals": []}'])
async def test_a_seal_s_damaged_data_is_named(settled: Books, data: str) -> None:
    await seal(settled.engine)
    await tamper(settled.engine, f"UPDATE ledger.entries SET data = '{data}' WHERE journal = 'seal.0'")
    report = await verify(settled.engine)
    assert [(problem.check, problem.where) for problem in report.problems] == [
        ("chain", "journal seal.0, entry 1"),
        ("seal", "journal seal.0, entry 1"),
    ]
    told = finding_line(**asdict(report.problems[1]))
    assert told == (
        "[封账 seal] 账册 journal seal.0, 条目 entry 1：应为 should be 可以读取的条目 entries that can be read；"
        "现为 is 无法读取 unreadable"
    )


@pytest.mark.parametrize("cleared", [False, True])
@pytest.mark.parametrize("data", [r"\x7b", r"\xff", r"\x7b2261223a225c7530303030227d"])  # {, no UTF-8, {"a":"\u0000"}
async def test_a_payout_s_damaged_data_is_named_by_every_check(settled: Books, data: str, *, cleared: bool) -> None:
    """The accounts and the clearings by fund read it in SQL: they say so, and the chain names the entry."""
    await catch_up(settled.engine)
    if cleared:
        await clear(settled)
    await tamper(settled.engine, f"UPDATE ledger.entries SET data = '{data}' WHERE journal = 'basic.0' AND number = 1")
    problems = (await verify(settled.engine)).problems
    assert ("chain", "journal basic.0, entry 1") in {(each.check, each.where) for each in problems}
    unreadable = [each.check for each in problems if each.where == "all journals"]
    assert unreadable == [*(["clearing"] if cleared else []), "account"]


async def test_persons_in_flight_are_skipped_and_counted(settled: Books) -> None:
    settled.enqueue([facts.correct("C4", "5000")])
    await settled.step(("intake", 0), 10)
    report = await verify(settled.engine)
    assert (report.problems, report.persons, report.skipped, report.claims) == ([], 2, 1, 2)
    await settled.drain()
    assert (await verify(settled.engine)).skipped == 0


async def test_a_flood_of_problems_is_cut_and_counted(settled: Books) -> None:
    await tamper(
        settled.engine,
        "INSERT INTO projections.accumulations SELECT 'X' || n, 2019, 'fusong', 'basic', '', 1, 0, 0, 0, 1"
        " FROM generate_series(1, 120) n",
    )
    report = await verify(settled.engine)
    assert len(report.problems) == MOST_PROBLEMS
    assert report.found == 120
