"""Rebuilding: what was changed in a projection is found, shown and mended, and nothing else."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

import processors.proof.rebuild as module
from infra.cli import app
from infra.postgres.engine import connect
from processors.proof.rebuild import PROJECTIONS, rebuild
from tests.ledger import Books
from tests.program import claims, eventually
from tests.projection_rows import EVERY_FACT, change, content, differing, differing_rows


@pytest.fixture
async def settled(books: Books) -> Books:
    await books.publish(EVERY_FACT, batch=25)
    return books


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
        "DELETE FROM projections.waiting WHERE claim_id = 'C8'",
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


async def test_what_was_changed_is_shown_and_mended_and_nothing_else(settled: Books) -> None:
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
        assert differing_rows(mended.projections) == found, what
        assert [each.mended for each in mended.projections] == [len(expected)], what
        assert await content(engine) == before, what


async def test_only_what_is_named_is_looked_at(settled: Books) -> None:
    await change(settled.engine, "DELETE FROM projections.deaths", "DELETE FROM projections.audits")
    report = await rebuild(settled.engine, ["audits"])
    assert [(each.projection, each.missing) for each in report.projections] == [("audits", 7)]
    assert [each.missing for each in (await rebuild(settled.engine, ["audits", "deaths"])).projections] == [0, 1]


async def test_a_flood_of_differences_is_cut_and_counted(settled: Books) -> None:
    await change(
        settled.engine,
        "INSERT INTO projections.audits SELECT 'X' || n, n, 'C1', 1, 'person' FROM generate_series(1, 100) AS n",
    )
    report = await rebuild(settled.engine, ["audits"])
    assert [(each.surplus, len(each.first), each.mended) for each in report.projections] == [(100, 20, 100)]


async def test_mending_waits_for_the_writer_at_work_and_keeps_what_it_wrote(
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


async def test_the_command_shows_and_mends(database: str) -> None:
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
    told = seen.out.decode()
    place = "不同 different [投影 projection] audits finding_id=F2"
    assert f"{place}：应为 should be 金额 amount 100.00；现为 is 金额 amount 0.01" in told
    assert "缺少 missing [投影 projection] refusals " in told
    assert "：应为 should be 一行 a row；现为 is 没有此行 no row" in told
    assert "not mended: 15" in seen.err

    mended = await claims("rebuild", "--json", env=env)
    assert mended.code == 1
    rows = {row.pop("projection"): row for row in mended.rows}
    assert list(rows) == list(PROJECTIONS)
    assert rows["audits"] == {
        "rows": 7,
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
    assert (rows["refusals"]["missing"], rows["refusals"]["mended"]) == (13, 13)

    again = await claims("rebuild", env=env)
    assert again.code == 0
    assert "every projection is what the ledger says" in again.out.decode()


def test_an_unknown_projection_gets_the_names_there_are() -> None:
    asked = CliRunner(env={"COLUMNS": "500"}).invoke(app, ["rebuild", "audits", "balances"])
    assert asked.exit_code == 2
    assert f"没有投影 balances，可用的有 {'、'.join(PROJECTIONS)}" in asked.output


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("data = 'no JSON' WHERE type = 'claim.accepted.v1'", "invalid input syntax for type json"),
        ("data = 'no JSON' WHERE type = 'event.rejected.v1'", "invalid input syntax for type json"),
        ("data = '{}' WHERE type = 'claim.accepted.v1'", "an acceptance names no scheme"),
        ("raw = '{}' WHERE type = 'hospital.registered.v1'", "null value in column"),
    ],
)
async def test_a_damaged_ledger_is_told_as_such_and_nothing_is_mended(settled: Books, damage: str, says: str) -> None:
    before = await content(settled.engine)
    async with settled.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        assert (await connection.execute(text(f"UPDATE ledger.entries SET {damage}"))).rowcount > 0
    with pytest.raises(LookupError, match=says):
        await rebuild(settled.engine)
    assert await content(settled.engine) == before
    if "rejected" in damage:
        url = settled.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        told = await claims("rebuild", env={"CLAIMS_DATABASE_URL": url, "CLAIMS_NATS_URL": "nats://127.0.0.1:1"})
        assert (told.code, "账本已损坏" in told.err, "Traceback" in told.err) == (1, True, False)
