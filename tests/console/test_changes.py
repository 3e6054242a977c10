"""Who changed what was settled, over all persons: each change with its fact, sums that open what is behind them."""

from collections import Counter
from decimal import Decimal

import pytest
from playwright.async_api import Browser
from sqlalchemy import select

from events.money import parse_yuan
from processors.access_log.listings import look_rows
from processors.person.file import gather
from projections.statements import statements
from tests.console.harness import ConsoleUnderTest, axe_faults, browser_page
from tests.program import claims


@pytest.fixture(scope="module")
async def moved(console: ConsoleUnderTest) -> dict[tuple[str, int], tuple[str, int]]:
    """By claim and revision, from the persons' files: the kind of fact, and by how much the layers' part moved."""
    engine, found = console.running.state.engine, {}
    query = select(statements.c.person_id).where(statements.c.revision > 1).distinct()
    async with engine.connect() as connection:
        persons = (await connection.execute(query)).scalars().all()
    for person_id in persons:
        for claim in (await gather(engine, person_id)).claims:
            paid = claim.revisions[0].paid
            for revision in claim.revisions[1:]:
                assert revision.cause is not None
                found[claim.claim_id, revision.number] = (revision.cause.type, revision.paid - paid)
                paid = revision.paid
    assert len(found) > 4
    return found


async def test_every_change_is_listed_with_its_fact_and_its_money(
    console: ConsoleUnderTest, moved: dict[tuple[str, int], tuple[str, int]]
) -> None:
    session = await console.signed_in("ledger_writer")
    rows = (await session.get("/changes", format="json")).json()["rows"]
    shown = {(row["claim_id"], row["revision"]): (row["kind"], int(Decimal(row["moved"]) * 100)) for row in rows}
    assert shown == moved
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    page = (await session.get("/changes")).text
    assert f"共 {len(moved)} 行" in page
    row = rows[0]
    assert f'href="/claims/{row["claim_id"]}"' in page
    assert f">{row['event_id']}</a>" in page


async def test_sums_open_the_changes_behind_them(
    console: ConsoleUnderTest, moved: dict[tuple[str, int], tuple[str, int]]
) -> None:
    session = await console.signed_in("investigator")
    await session.post("/access/purpose", {"reason": "核对改动"})  # a sum may be of one person alone
    rows = (await session.get("/changes/sums", format="json")).json()["rows"]
    kinds = Counter(kind for kind, _ in moved.values())
    by_kind: Counter[str] = Counter()
    for row in rows:
        by_kind[row["kind"]] += row["changes"]
    assert by_kind == kinds
    assert sum(Decimal(row["moved"]) for row in rows) * 100 == sum(fen for _, fen in moved.values())
    page = (await session.get("/changes/sums", kind="claim.corrected.v1")).text
    address = page.partition('href="/changes?from=')[2].partition('"')[0].replace("&amp;", "&")
    behind = await session.get(f"/changes?from={address}&format=json")
    first = next(row for row in rows if row["kind"] == "claim.corrected.v1" and row["source"] in behind.text)
    assert len(behind.json()["rows"]) == first["changes"]


async def test_changes_of_one_person_are_a_look_at_him(
    console: ConsoleUnderTest, moved: dict[tuple[str, int], tuple[str, int]]
) -> None:
    session = await console.signed_in("payee_keeper")
    rows = (await session.get("/changes", format="json")).json()["rows"]
    person_id = rows[0]["person_id"]
    found = (await session.get("/changes", person=person_id, format="json")).json()["rows"]
    assert found == [row for row in rows if row["person_id"] == person_id]
    looks = [row["page"] async for row in look_rows(console.running.state.engine, person_id=person_id)]
    assert looks == ["changes"]
    assert (await session.get("/changes", until="2000-01-01")).text.count("没有符合筛选条件的行") == 1
    assert (await session.get("/changes", kind="dragon")).status_code == 422


async def test_the_command_lists_the_same(
    console: ConsoleUnderTest, moved: dict[tuple[str, int], tuple[str, int]]
) -> None:
    env = {"CLAIMS_DATABASE_URL": console.database_url}
    done = await claims("changes", "--json", env=env)
    assert done.code == 0, done.err
    told = {(row["claim_id"], row["revision"]): (row["kind"], _fen(row["moved"])) for row in done.rows}
    assert told == moved
    reversals = await claims("changes", "--kind", "claim.reversed.v1", "--since", "2000-01-01", "--json", env=env)
    assert {row["status"] for row in reversals.rows} == {"reversed"}
    source = reversals.rows[0]["source"]
    narrowed = await claims("changes", "--source", source, "--until", "2100-01-01", "--json", env=env)
    assert narrowed.rows == [row for row in done.rows if row["source"] == source]
    assert (await claims("changes", "--actor", "nobody", "--json", env=env)).rows == []
    table = (await claims("changes", env=env)).out.decode()
    assert "改动" in table
    wrong = await claims("changes", "--kind", "dragon", env=env)
    assert wrong.code == 2
    assert "没有种类 dragon" in wrong.err


def _fen(amount: str) -> int:
    return -parse_yuan(amount[1:]) if amount.startswith("-") else parse_yuan(amount)


async def test_an_investigator_reads_the_changes_in_a_browser(console: ConsoleUnderTest, browser: Browser) -> None:
    async with browser_page(browser, console, "ledger_writer") as page:
        await page.goto("/changes/sums")
        assert await axe_faults(page) == []
        await page.click(".listing tbody td.n a >> nth=0")
        await page.wait_for_url("**/changes?from=*")
        assert await page.locator(".listing tbody tr").count() > 0
        assert await axe_faults(page) == []
