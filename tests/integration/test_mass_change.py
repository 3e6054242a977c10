"""A monthly roster in one go: most rows change nothing, the backdated ones settle their persons' years again."""

from sqlalchemy import func, select

from processors.proof.verify import verify
from projections.statements import statements
from tests import facts
from tests.ledger import Books

PERSONS = 240
BACKDATED = 80


async def test_a_roster_with_backdated_rows_settles_each_touched_person_once(books: Books) -> None:
    people = [facts.enrol(f"P{number}") for number in range(PERSONS)]
    stays = [
        event
        for number in range(PERSONS)
        for month in (3, 6)
        for event in facts.stay(1000 * month + number, f"P{number}", f"2019-{month:02d}-10", "18000")
    ]
    await books.publish([facts.hospital(), *people, *stays])
    late = [facts.roster(f"P{number}", on="2019-06-01") for number in range(BACKDATED)]
    timely = [facts.roster(f"P{number}", on="2020-01-01") for number in range(BACKDATED, PERSONS)]
    await books.publish([*late, *timely])

    async with books.engine.connect() as connection:
        by_revision = select(statements.c.revision, func.count().label("claims")).group_by(statements.c.revision)
        counted = await connection.execute(by_revision)
        revisions = {row.revision: row.claims for row in counted}
    # of the touched persons the stay of June alone: March's is dated before they came on the roster
    assert revisions == {1: 2 * PERSONS - BACKDATED, 2: BACKDATED}
    report = await verify(books.engine)
    assert (report.holds, report.skipped, report.claims) == (True, 0, 2 * PERSONS)
