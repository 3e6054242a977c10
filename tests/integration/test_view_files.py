"""Views, their comments and the groups' rights are those of their files, whatever a database had before."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres import view_files
from infra.postgres.engine import connect, migrate
from infra.postgres.view_files import FOLDER, VIEWS, ViewInUse, create_views, drop_views, view_script
from policies.vocabulary import LAYERS


@pytest.fixture
async def owner(database: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(database, pool_size=2)
    yield engine
    await engine.dispose()


async def run(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def apply_view_files(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(create_views, await connection.run_sync(drop_views))


async def views(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    """Each view with its columns, definition, comments and rights."""
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(
                """SELECT relnamespace::regnamespace || '.' || relname AS name, pg_get_viewdef(pg_class.oid),
                          obj_description(pg_class.oid, 'pg_class'), relacl::text,
                          (SELECT array_agg((attname, col_description(attrelid, attnum))::text ORDER BY attnum)
                           FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0)
                   FROM pg_class WHERE relkind = 'v'
                     AND relnamespace::regnamespace::text IN ('ledger', 'projections', 'processors', 'finance')
                   ORDER BY 1"""
            )
        )
        return [tuple(row) for row in rows]


def test_each_file_is_a_view_that_is_made() -> None:
    assert sorted(path.stem for path in (FOLDER / "views").iterdir()) == sorted(VIEWS)


def test_lines_that_name_layers_are_written_once_a_layer() -> None:
    script = view_script("finance.annual_report")
    assert "{" not in script
    for layer in LAYERS:
        assert f"COMMENT ON COLUMN finance.annual_report.{layer} IS" in script


async def test_the_database_holds_what_the_files_say(owner: AsyncEngine) -> None:
    before = await views(owner)
    assert [row[0] for row in before] == sorted(VIEWS)
    await apply_view_files(owner)
    assert await views(owner) == before


async def test_views_that_differ_from_their_files_are_made_anew(
    owner: AsyncEngine, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await views(owner)
    await run(owner, "DROP VIEW finance.oversight", "CREATE VIEW finance.oversight AS SELECT 1 AS one")
    await migrate(database)
    assert await views(owner) != before  # nothing tells it
    files = view_files.rights_script()
    monkeypatch.setattr(view_files, "rights_script", lambda: f"{files}\n-- changed")
    view_files.digest.cache_clear()
    try:
        await migrate(database)
    finally:
        view_files.digest.cache_clear()
    assert await views(owner) == before


async def test_rights_of_others_on_a_view_outlive_it(owner: AsyncEngine) -> None:
    await run(
        owner,
        "CREATE ROLE county_reader",
        "GRANT SELECT ON finance.annual_report TO county_reader WITH GRANT OPTION",
        "GRANT SELECT ON finance.freshness TO PUBLIC",
        "GRANT UPDATE ON finance.freshness TO finance_reader",
        "REVOKE SELECT ON projections.statements FROM investigator",
    )
    try:
        await apply_view_files(owner)
        async with owner.connect() as connection:
            row = (
                await connection.execute(
                    text(
                        """SELECT has_table_privilege('county_reader', 'finance.annual_report',
                                                      'SELECT WITH GRANT OPTION') AS kept,
                                  has_table_privilege('county_reader', 'finance.freshness', 'SELECT') AS everybody,
                                  has_table_privilege('county_reader', 'finance.targets', 'SELECT') AS others,
                                  has_table_privilege('finance_reader', 'finance.freshness', 'UPDATE') AS too_much,
                                  has_table_privilege('investigator', 'projections.statements', 'SELECT') AS restored"""
                    )
                )
            ).one()
        assert tuple(row) == (True, True, False, False, True)
    finally:
        await run(owner, "DROP OWNED BY county_reader", "DROP ROLE county_reader")


async def test_what_reads_a_view_is_not_dropped_with_it(owner: AsyncEngine) -> None:
    before = await views(owner)
    await run(
        owner, "CREATE SCHEMA analysts", "CREATE VIEW analysts.mine AS SELECT sum(total) FROM finance.annual_report"
    )
    with pytest.raises(ViewInUse, match=r"view analysts\.mine depends on view finance\.annual_report"):
        await apply_view_files(owner)
    assert await views(owner) == before
    await run(owner, "DROP SCHEMA analysts CASCADE")
    await apply_view_files(owner)
    assert await views(owner) == before


async def test_a_view_without_a_file_any_more_is_dropped(owner: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    await run(owner, "CREATE ROLE county_reader", "GRANT SELECT ON finance.cost_growth TO county_reader")
    try:
        monkeypatch.setattr(view_files, "VIEWS", tuple(name for name in VIEWS if name != "finance.cost_growth"))
        view_files.digest.cache_clear()
        await apply_view_files(owner)
        assert [row[0] for row in await views(owner)] == sorted(set(VIEWS) - {"finance.cost_growth"})
    finally:
        view_files.digest.cache_clear()
        await run(owner, "DROP OWNED BY county_reader", "DROP ROLE county_reader")


async def test_rights_that_a_group_passed_on_end_with_its_own(owner: AsyncEngine) -> None:
    before = await views(owner)
    await run(
        owner,
        "CREATE ROLE colleague NOLOGIN",
        "GRANT SELECT ON projections.statements TO investigator WITH GRANT OPTION",
        "SET ROLE investigator",
        "GRANT SELECT ON projections.statements TO colleague",
        "RESET ROLE",
    )
    try:
        await apply_view_files(owner)
        assert await views(owner) == before
        async with owner.connect() as connection:
            statement = "SELECT has_table_privilege('colleague', 'projections.statements', 'SELECT')"
            assert not (await connection.execute(text(statement))).scalar()
    finally:
        await run(owner, "DROP ROLE colleague")


async def test_a_table_of_somebody_else_in_our_schemas_stops_nothing(owner: AsyncEngine) -> None:
    """The tables' owner is no superuser, as in a county's own server."""
    schemas = "ledger, projections, processors, finance, payees, gateway, identities"
    async with owner.connect() as connection:
        outer = await connection.begin()
        for statement in (
            "CREATE ROLE plain_owner NOLOGIN",
            "CREATE TABLE finance.scratch (year int)",
            "REVOKE ALL ON finance.scratch FROM investigator",
            f"GRANT ALL ON SCHEMA {schemas} TO plain_owner WITH GRANT OPTION",
            "GRANT CREATE ON SCHEMA public TO plain_owner",
            "ALTER TABLE projections.statements OWNER TO plain_owner",
            "ALTER TABLE public.alembic_version OWNER TO plain_owner",
            "ALTER TABLE public.view_files OWNER TO plain_owner",
            "REVOKE ALL ON projections.statements FROM investigator",
            "SET LOCAL ROLE plain_owner",
        ):
            await connection.execute(text(statement))
        await connection.run_sync(view_files.apply_rights)
        asked = "SELECT has_table_privilege('investigator', '{}', 'SELECT')"
        given = [
            (await connection.execute(text(asked.format(name)))).scalar()
            for name in ("projections.statements", "finance.scratch")
        ]
        assert given == [True, False]
        await outer.rollback()
