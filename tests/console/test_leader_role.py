"""A leader's login: the year on one page, finance's reports and the claims behind them, and not one person."""

import re

from sqlalchemy import make_url, text

from infra.postgres.engine import connect
from tests.console.harness import NAMES, ConsoleUnderTest, SignedIn

_READABLE = text(
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = 'finance' AND data_type IN ('text', 'ARRAY', 'jsonb', 'json')"
    " AND has_column_privilege('leader', format('finance.%I', table_name), column_name, 'SELECT')"
)

_NAMING = text(
    "SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
    " WHERE relnamespace = 'finance'::regnamespace AND attnum > 0"
)
NAMES_SOMEBODY = {"person_id", "household_id", "subject_id"}


async def persons(console: ConsoleUnderTest) -> set[str]:
    async with console.running.state.engine.connect() as connection:
        return set((await connection.execute(text("SELECT person_id FROM projections.enrolments"))).scalars())


async def followed(session: SignedIn, page: str) -> set[str]:
    """What the links of a page's body answer."""
    links = set(re.findall(r'href="(/[^"#]*)"', page.partition("<main")[2].replace("&amp;", "&")))
    assert links
    return {f"{there}: {answer}" for there in links if (answer := (await session.get(there)).status_code) != 200}


async def test_a_leader_opens_the_year_and_every_link_on_it(console: ConsoleUnderTest) -> None:
    session, clerk = await console.signed_in("leader"), await console.signed_in("ledger_writer")
    page = await session.get("/leader")
    assert page.status_code == 200, page.text
    assert await followed(session, page.text) == set()
    assert told(page.text) == told((await clerk.get("/leader")).text), "the same figures, whatever they open"


def told(page: str) -> str:
    """The words of the year's page."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<h1")[2].partition("<details")[0]).split())


async def test_a_leader_reads_finance_and_no_person(console: ConsoleUnderTest) -> None:
    session, known = await console.signed_in("leader"), await persons(console)
    for there in ("/finance", "/finance/annual", "/finance/hospital", "/finance/claims", "/finance/claims?layer=basic"):
        page = await session.get(there)
        assert page.status_code == 200, page.text
        assert set(re.findall(r"[\w-]+", page.text)).isdisjoint(known), there
        assert await followed(session, page.text) == set()
    for form in ("csv", "json"):
        exported = await session.get("/finance/claims", format=form)
        assert exported.status_code == 200, exported.text
        assert set(re.findall(r"[\w-]+", exported.text)).isdisjoint(known), form
    for closed in ("/finance/targets", "/finance/households", "/finance/payment-claims", "/persons", "/leads"):
        assert (await session.get(closed)).status_code == 403, closed
    every, narrowed = [
        await session.get("/finance/claims", format="json", **narrow) for narrow in ({}, {"person_id": min(known)})
    ]
    assert narrowed.json()["rows"] == every.json()["rows"], "nobody is asked about by an address"


async def test_the_database_shows_a_leader_no_person(console: ConsoleUnderTest) -> None:
    known = await persons(console)
    url = make_url(console.database_url).set(username=NAMES["leader"], password=console.passwords["leader"])
    engine = connect(url.render_as_string(hide_password=False))
    try:
        async with engine.connect() as connection:
            readable = (await connection.execute(_READABLE)).all()
            assert len(readable) > 50
            for view, column in readable:
                values = await connection.execute(text(f'SELECT DISTINCT "{column}"::text FROM finance."{view}"'))
                found = {word for value in values.scalars() for word in re.findall(r"[\w-]+", value or "")}
                assert found.isdisjoint(known), (view, column)
            of_whom = {view for view, column in (await connection.execute(_NAMING)).all() if column in NAMES_SOMEBODY}
            assert {view for view, _ in readable} & of_whom == {"statements", "late_adjustments"}
            allowed = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace::regnamespace::text"
            allowed += " IN ('ledger', 'projections', 'processors', 'payees', 'gateway', 'identities')"
            allowed += " AND has_table_privilege(oid, 'SELECT')"
            assert (await connection.execute(text(allowed))).scalar_one() == 0
    finally:
        await engine.dispose()
