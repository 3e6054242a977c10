"""A populated database of each released version becomes this program's, and is proved (tests/data/README.md)."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import infra.postgres.engine
from events.codes import is_id
from events.store.advisory_locks import AdvisoryLock
from events.store.journal import write
from infra.postgres.dump import load
from infra.postgres.engine import SchemaLocked, migrate, upgrade
from infra.postgres.view_files import ViewInUse, create_views, drop_views
from policies.loader import SCHEMES, load_file
from policies.vocabulary import LAYERS
from processors.delivery.names import CLEARING_CONSUMER, RUNS
from processors.delivery.position import all_positions, lock_position, write_position
from processors.finance.catch_up import catch_up
from processors.law.adoption import adopt_schemes
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from tests.clerk import clerk
from tests.ledger import Books
from tests.program import claims, eventually

DATA = Path(__file__).parents[1] / "data"
VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0010")


async def query(engine: AsyncEngine, statement: str) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(text(statement))).mappings()]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_ledger_of_a_released_version_is_upgraded_and_proved(
    url: str, database_engine: AsyncEngine, version: str
) -> None:
    await load(url, DATA / f"ledger_{version}.dump", None)
    assert await query(database_engine, "SELECT version_num FROM alembic_version") == [{"version_num": version}]
    before = await query(database_engine, "SELECT count(*) AS claims, sum(total) AS total FROM projections.statements")
    assert before[0]["claims"] > 25
    await migrate(url)
    env = {"CLAIMS_DATABASE_URL": url}
    verified = await claims("verify", env=env)
    assert verified.code == 0, verified.out.decode() + verified.err
    rebuilt = await claims("rebuild", "--dry-run", env=env)
    assert rebuilt.code == 0, rebuilt.out.decode() + rebuilt.err
    after = await query(database_engine, "SELECT count(*) AS claims, sum(total) AS total FROM projections.statements")
    assert after == before


async def books_behind(engine: AsyncEngine) -> Books:
    """The processors over a ledger that others have written, whose streams go on behind what it has taken."""
    books = Books(engine, 1)
    async with engine.connect() as connection:
        taken = await all_positions(connection)
    books.sequence = {"INTAKE": taken["intake", 0], RUNS: max(taken.values())}
    return books


async def sent_before(engine: AsyncEngine) -> list[dict[str, Any]]:
    """What sources sent that is kept whole: source, bytes, and the answer that it had, type and id."""
    return await query(
        engine,
        """
        SELECT DISTINCT ON (entry.source, entry.event_id) entry.source, entry.raw AS body,
               CASE WHEN bill THEN coalesce(answer_type, 'none') WHEN entry.type LIKE 'event.%' THEN entry.type
                    ELSE 'event.accepted.v1' END AS answer_type,
               CASE WHEN bill THEN coalesce(answer_id, 'none') ELSE 'intake-' || entry.number END AS answer_id
        FROM ledger.entries AS entry
        CROSS JOIN LATERAL (
            SELECT entry.type IN ('discharge.recorded.v1', 'interim.recorded.v1', 'outpatient.recorded.v1',
                                  'bill.submitted.v1') AS bill
        ) AS kind
        LEFT JOIN projections.statements AS statement
            ON statement.claim_id = entry.claim_id AND statement.source = entry.source
        WHERE entry.journal = 'intake' AND entry.source IS NOT NULL AND entry.source <> 'ledger/claims'
          AND entry.raw IS NOT NULL AND convert_from(entry.data, 'UTF8')::jsonb -> 'sha256' IS NULL
        ORDER BY entry.source, entry.event_id, entry.number DESC
        """,
    )


@pytest.mark.parametrize("version", VERSIONS)
async def test_sources_of_a_released_version_are_answered_as_before(
    url: str, database_engine: AsyncEngine, version: str
) -> None:
    await load(url, DATA / f"ledger_{version}.dump", None)
    await migrate(url)
    sent = await sent_before(database_engine)
    assert len(sent) > 100
    kinds = {row["answer_type"] for row in sent}
    assert kinds >= {"event.rejected.v1", "event.accepted.v1", "claim.settled.v1", "claim.resettled.v1"}
    assert ("event.waiting.v1" in kinds) == (version >= "0004")
    books = await books_behind(database_engine)
    size = "SELECT count(*) AS entries FROM ledger.entries"
    before = await query(database_engine, size)
    for row in sent:
        books.enqueue([bytes(row["body"])], row["source"])
    await books.publish([])
    assert await query(database_engine, size) == before
    wanted = {(row["answer_type"], row["answer_id"]) for row in sent if row["answer_type"] != "none"}
    assert {(answer.type, answer.id) for answer in books.answers} == wanted
    # another event under each id is refused, once, and moves no yuan
    books.answers.clear()
    others = [row for row in sent if is_read(row["body"])]
    assert len(others) > 100
    for _ in range(2):
        for row in others:
            books.enqueue([orjson.dumps(orjson.loads(row["body"]) | {"actor": "other"})], row["source"])
    paid = "SELECT count(*) AS statements, sum(total) AS total, sum(revision) AS revisions FROM projections.statements"
    settled = await query(database_engine, paid)
    await books.publish([])
    assert {(answer.type, answer.data["reason"]) for answer in books.answers} == {
        ("event.rejected.v1", "event_id_reused")
    }
    assert len({answer.id for answer in books.answers}) == len(others)
    assert await query(database_engine, paid) == settled
    assert (await verify(database_engine)).problems == []
    assert (await rebuild(database_engine, dry_run=True)).found == 0


def is_read(body: bytes) -> bool:
    """Whether an event can be read as far as its id, so that the ledger knows it by that."""
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(sent, dict) and is_id(sent.get("id", ""))


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_person_of_a_released_version_is_replayed_and_filed(
    url: str, database_engine: AsyncEngine, version: str, tmp_path: Path
) -> None:
    await load(url, DATA / f"ledger_{version}.dump", None)
    await migrate(url)
    persons = await query(database_engine, "SELECT DISTINCT person_id FROM projections.claims ORDER BY person_id")
    assert len(persons) > 9
    async with clerk(CLAIMS_DATABASE_URL=url) as command:
        for (person,) in (row.values() for row in persons):
            replayed = await command("replay", person, "--json")
            assert (replayed.code, replayed.err) == (0, ""), person
            assert replayed.rows, person
            page = tmp_path / f"{person}.html"
            filed = await command("file", person, "--out", page)
            assert (filed.code, "written" in filed.err) == (0, True), person
            assert person in page.read_text(encoding="utf-8")


HELD = (
    "SELECT (SELECT count(*) FROM projections.enrolments WHERE ended_on IS NOT NULL) AS ended, "
    "(SELECT count(*) FROM projections.refusals WHERE person_id IS NOT NULL AND day IS NOT NULL) AS unenrolled, "
    "(SELECT count(*) FROM projections.refusals WHERE reason = 'event_id_reused') AS reused, "
    "(SELECT count(*) FROM projections.clearing_payments WHERE return_reason IS NOT NULL) AS returned, "
    "(SELECT count(*) FROM projections.clearing_payments WHERE reversed_by IS NOT NULL) AS reversed, "
    "(SELECT count(*) FROM projections.enrolments WHERE insurance_type = 'employee') AS employees, "
    "(SELECT count(*) FROM projections.claims WHERE age = 68 AND household_id = 'HH1' AND emergency) AS known, "
    "(SELECT count(*) FROM projections.admissions WHERE admitted_on = '2019-05-02' AND emergency) AS changed, "
    "(SELECT count(*) FROM projections.referral_filings WHERE to_hospital IS NOT NULL) AS filed, "
    "(SELECT count(*) FROM projections.advances WHERE lent_by <> 'bureau') AS lent, "
    "(SELECT count(*) FROM projections.claims WHERE interim) AS interim, "
    "(SELECT count(*) FROM projections.claims WHERE invoice IS NOT NULL) AS paper, "
    "(SELECT count(*) FROM projections.claims WHERE years_insured = 6) AS insured, "
    "(SELECT count(*) FROM projections.aids WHERE withdrawn) AS withdrawn, "
    "(SELECT count(*) FROM projections.prepayments WHERE set_off > 0) AS set_off, "
    "(SELECT count(*) FROM projections.hospitals WHERE kind = 'pharmacy') AS pharmacies, "
    "(SELECT count(*) FROM projections.audits WHERE part IS NOT NULL) AS of_parts, "
    "(SELECT count(*) FROM projections.leads WHERE state = 'confirmed') AS confirmed, "
    "(SELECT count(*) FROM projections.case_facts) AS decided_facts, "
    "(SELECT count(*) FROM payees.account_steps WHERE step = 'ended') AS ended_accounts, "
    "(SELECT count(*) FROM projections.clearings WHERE supplements IS NOT NULL) AS supplements, "
    "(SELECT count(*) FROM projections.disease_years) AS disease_years, "
    "(SELECT count(*) FROM projections.withholdings WHERE released > 0 AND ordered > released) AS kept_back, "
    "(SELECT count(DISTINCT status) = 4 FROM projections.withholding_releases) AS every_release, "
    "(SELECT count(*) FROM projections.clearing_payments WHERE withheld > 0 AND released > 0) AS withheld, "
    "(SELECT count(*) FROM projections.case_measures WHERE kind = 'payment_hold' AND lifted_on IS NULL) AS held, "
    "(SELECT count(*) FROM projections.case_measures WHERE kind = 'payment_hold' AND status = 'lifted') AS lifted, "
    "(SELECT count(*) FROM projections.fines WHERE replaces IS NOT NULL) AS replaced, "
    "(SELECT count(*) FROM projections.clearing_payments WHERE paid > 0 AND paid < amount) AS in_part, "
    "(SELECT count(DISTINCT state) = 2 FROM gateway.transactions) AS every_transaction, "
    "(SELECT count(DISTINCT kind) = 2 FROM gateway.visits WHERE state = 'open') AS visits, "
    "(SELECT count(*) FROM gateway.visits WHERE state = 'cancelled') AS cancelled, "
    "(SELECT count(*) FROM gateway.fee_lines WHERE priced_by = 'hospital' AND amount < 0) AS refunds, "
    "(SELECT count(DISTINCT state) = 2 FROM gateway.settlements) AS every_settlement, "
    "(SELECT count(DISTINCT step) = 2 FROM gateway.hospital_steps) AS every_step, "
    "(SELECT count(*) FROM gateway.catalogue_entries) AS catalogue, "
    "(SELECT count(*) FROM identities.persons) AS persons"
)
"""How many rows of each kind that a version brought."""


async def test_the_newest_dump_holds_what_its_version_brought(url: str, database_engine: AsyncEngine) -> None:
    """So that a later migration is tried on it."""
    await load(url, DATA / f"ledger_{VERSIONS[-1]}.dump", None)
    brought = {"enrollment.ended.v1", "roster.withdrawn.v1", "payment.returned.v1", "payment.reversed.v1"}
    brought |= {"return.reversed.v1", "receipt.reversed.v1", "repayment.reversed.v1", "event.waiting.v1"}
    brought |= {"enrollment.recorded.v2", "admission.changed.v1", "referral.filed.v1"}
    brought |= {"aid.decided.v1", "aid.withdrawn.v1", "interim.recorded.v1", "bill.submitted.v1"}
    brought |= {"hospital.prepaid.v1", "prepayment.withdrawn.v1", "fund.received.v1", "fund.transferred.v1"}
    brought |= {"fund_movement.approved.v1", "fund_movement.withdrawn.v1", "fund_movement.reversed.v1"}
    brought |= {"supervision.adopted.v1", "lead.found.v1", "lead.dismissed.v1", "lead.assigned.v1", "lead.confirmed.v1"}
    brought |= {"lead.withdrawn.v1", "case.opened.v1", "case.noted.v1", "case.proposed.v1", "case.returned.v1"}
    brought |= {"case.decided.v1", "case.closed.v1", "finding.recorded.v1", "finding.dismissed.v1"}
    brought |= {"measure.proposed.v1", "measure.withdrawn.v1", "measure.paid.v1", "measure_payment.reversed.v1"}
    brought |= {"measure.answered.v1", "inspection.recorded.v1", "inspection.withdrawn.v1"}
    brought |= {"blacklist.entered.v1", "blacklist.approved.v1", "blacklist.withdrawn.v1", "blacklist.removed.v1"}
    brought |= {"register_entry.entered.v1", "register_entry.ended.v1", "register_entry.withdrawn.v1"}
    brought |= {"advance.applied.v1", "advance.approved.v1", "advance.declined.v1", "advance.filed.v1"}
    brought |= {"roster.published.v1", "roster.received.v1", "payment_file.made.v1", "payment_file.cancelled.v1"}
    brought |= {"fund_budget.entered.v1", "fund_budget.approved.v1", "fund_budget.withdrawn.v1"}
    brought |= {"withholding_release.ordered.v1", "withholding_release.approved.v1", "person.looked_up.v1"}
    brought |= {"withholding_release.withdrawn.v1"}
    found = await query(database_engine, "SELECT DISTINCT type FROM ledger.entries")
    assert {row["type"] for row in found} >= brought
    columns = await query(database_engine, HELD)
    assert all(columns[0].values()), columns


async def test_a_returned_payment_gets_its_reference_back(url: str, database_engine: AsyncEngine) -> None:
    """A return had written its reason in the place of the reference."""
    await load(url, DATA / "ledger_0002.dump", None)
    (paid,) = await query(
        database_engine,
        "SELECT clearing_id, payee_kind, payee, amount, reference FROM projections.clearing_payments "
        "WHERE status = 'paid' ORDER BY payee_kind, payee LIMIT 1",
    )
    async with database_engine.begin() as connection:
        journal = await lock_position(connection, CLEARING_CONSUMER, 0)
        said = {name: paid[name] for name in ("clearing_id", "payee_kind", "payee", "amount")}
        login = (await connection.execute(text("SELECT session_user::text"))).scalar_one()
        signed = said | {"actor": "li", "reason": "户名不符", "login": login, "owner": True}
        journal.journal.append("payment.returned.v1", signed)
        await write(connection, journal.journal)
        await write_position(connection, journal, journal.stream_seq, journal.outgoing)
        await connection.execute(
            text(
                "UPDATE projections.clearing_payments SET status = 'returned', reference = '户名不符', "
                "returned_by = 'li' WHERE (clearing_id, payee_kind, payee) = (:clearing_id, :payee_kind, :payee)"
            ),
            {name: paid[name] for name in ("clearing_id", "payee_kind", "payee")},
        )
        await connection.execute(
            text("UPDATE projections.clearings SET status = 'approved' WHERE clearing_id = :id"),
            {"id": paid["clearing_id"]},
        )
    await migrate(url)
    verified = await claims("verify", env={"CLAIMS_DATABASE_URL": url})
    assert verified.code == 0, verified.out.decode() + verified.err
    (row,) = await query(
        database_engine,
        "SELECT reference, return_reason FROM projections.clearing_payments WHERE status = 'returned'",
    )
    assert row == {"reference": paid["reference"], "return_reason": "户名不符"}


async def test_finance_counts_anew_what_it_had_counted(url: str, database_engine: AsyncEngine) -> None:
    """Sums had a column a layer; now they have a row a layer, and the view the same columns."""
    await load(url, DATA / "ledger_0002.dump", None)
    keys, figures = "year, region, scheme, setting, poor", ", ".join(LAYERS)
    yuan = ", ".join(f"{layer} / 100.0 AS {layer}" for layer in LAYERS)
    before = await query(
        database_engine,
        f"SELECT {keys}, claims, persons, {yuan} FROM projections.annual_sums WHERE claims > 0 ORDER BY {keys}",
    )
    assert len(before) > 10
    await migrate(url)
    await catch_up(database_engine)
    assert before == await query(
        database_engine, f"SELECT {keys}, claims, persons, {figures} FROM finance.annual_report ORDER BY {keys}"
    )


async def test_an_older_ledger_is_asked_no_target_until_a_text_that_states_one_is_adopted(
    url: str, database_engine: AsyncEngine
) -> None:
    await load(url, DATA / "ledger_0002.dump", None)
    await migrate(url)
    await catch_up(database_engine)
    asked = "SELECT DISTINCT target, scheme FROM finance.attainment WHERE target <> 'enrolment' ORDER BY target, scheme"
    assert await query(database_engine, asked) == []
    await adopt_schemes(database_engine, [load_file(SCHEMES / "fusong.yaml")], "wang")
    # of its poor, only one had a chronic bill, and an audit laid all of that on the person: nothing is left to ask of
    assert [tuple(row.values()) for row in await query(database_engine, asked)] == [
        ("assistance", "fusong"),
        ("reimbursement", "fusong"),
    ]


async def test_an_upgrade_writes_down_the_targets_of_schemes_in_force(url: str, database_engine: AsyncEngine) -> None:
    await load(url, DATA / "ledger_0002.dump", None)
    anyi = load_file(SCHEMES / "anyi.yaml")
    async with database_engine.begin() as connection:
        statement = "INSERT INTO ledger.schemes (hash, name, text, adopted) VALUES (:hash, :name, :text, 1000000)"
        values = {"hash": anyi.content_hash, "name": anyi.name, "text": anyi.text}
        await connection.execute(text(statement), values)
    await migrate(url)
    stated = await query(
        database_engine, "SELECT scheme, target, line::text FROM finance.target_values ORDER BY target"
    )
    assert [tuple(row.values()) for row in stated] == [
        ("anyi", "cost_growth", "0.10"),
        ("anyi", "disease_cost_growth", "0.05"),
        ("anyi", "reimbursement", "0.90"),
    ]


async def test_an_altered_text_of_law_does_not_stop_an_upgrade(url: str, database_engine: AsyncEngine) -> None:
    await load(url, DATA / "ledger_0002.dump", None)
    async with database_engine.begin() as connection:
        altered = "UPDATE ledger.schemes SET text = text || '\\x20'::bytea"
        await connection.execute(text("ALTER TABLE ledger.schemes DISABLE TRIGGER USER"))
        await connection.execute(text(altered))
        await connection.execute(text("ALTER TABLE ledger.schemes ENABLE TRIGGER USER"))
    await migrate(url)
    verified = await claims("verify", env={"CLAIMS_DATABASE_URL": url})
    assert verified.code == 1
    assert b"scheme" in verified.out


async def test_a_damaged_row_does_not_stop_an_upgrade_and_is_mended(url: str, database_engine: AsyncEngine) -> None:
    await load(url, DATA / "ledger_0002.dump", None)
    sums = "SELECT count(*) AS rows, sum(base) AS base, sum(paid) AS paid FROM projections.accumulations"
    before = await query(database_engine, sums)
    async with database_engine.begin() as connection:
        damaged = "(SELECT ctid FROM projections.accumulations WHERE base > 0 LIMIT 1)"
        await connection.execute(text(f"UPDATE projections.accumulations SET base = -base WHERE ctid = {damaged}"))
    await migrate(url)
    env = {"CLAIMS_DATABASE_URL": url}
    assert (await claims("verify", env=env)).code == 1
    rebuilt = await claims("rebuild", env=env)
    assert rebuilt.code == 1, "it found something, and mended it"
    assert (await claims("verify", env=env)).code == 0
    assert await query(database_engine, sums) == before


async def test_who_reads_a_table_that_an_upgrade_changes_is_named(url: str, database_engine: AsyncEngine) -> None:
    await load(url, DATA / "ledger_0002.dump", None)
    async with database_engine.begin() as connection:
        await connection.execute(
            text("CREATE VIEW public.mine AS SELECT critical_illness FROM projections.annual_sums")
        )
    with pytest.raises(ViewInUse, match=r"view mine depends on"):
        await migrate(url)


async def test_an_upgrade_does_not_wait_for_a_reader_without_end(
    url: str, database_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.postgres.engine, "LOCK_WAIT_MS", 100)
    await load(url, DATA / "ledger_0002.dump", None)
    reader = await asyncpg.connect(url, ssl=False, server_settings={"application_name": "spreadsheet"})
    async with reader.transaction():
        await reader.fetch("SELECT * FROM finance.annual_report")
        with pytest.raises(SchemaLocked, match="spreadsheet as"):
            await migrate(url)
    await reader.close()
    await migrate(url)


async def test_who_waited_for_another_programs_upgrade_has_nothing_left_to_do(
    url: str, database_engine: AsyncEngine
) -> None:
    await load(url, DATA / "ledger_0002.dump", None)
    async with database_engine.begin() as first:
        await first.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AdvisoryLock.MIGRATION.value})
        second = asyncio.create_task(migrate(url))
        waiting = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )

        async def waits() -> bool:
            return bool((await first.execute(waiting)).scalar())

        await eventually(waits, second.done)
        grants = await first.run_sync(drop_views)
        await first.run_sync(upgrade)
        await first.run_sync(create_views, grants)
        await first.execute(
            text("SELECT pg_advisory_lock(:lanes, 1)"), {"lanes": AdvisoryLock.LANES.value}
        )  # its worker owns a lane
    await second
