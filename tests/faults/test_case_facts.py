"""A command that dies between a decision and its sending: nothing is lost, nothing counts twice."""

from datetime import date
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.engine import connect
from processors.proof.verify import verify
from projections.cases import FindingClaim
from tests import facts
from tests.cases_of_supervision import REGION, decided, found, measure, opened
from tests.program import background, claims, eventually, up_is_ready, write_lines


async def taken(engine: AsyncEngine) -> list[tuple[str, str]]:
    """What journal intake holds of the case: type and id of each event, refused ones too."""
    query = "SELECT type, event_id FROM ledger.entries WHERE event_id LIKE '360923-C%' ORDER BY number"
    async with engine.connect() as connection:
        return [(row.type, row.event_id) for row in await connection.execute(text(query))]


async def decided_and_killed(engine: AsyncEngine) -> list[str]:
    """What the database holds when ``claims cases decide`` is killed before it sends: the decision and its facts."""
    case_id = await opened(engine)
    finding_id = await found(engine, case_id, FindingClaim("C1", 500_00))
    await measure(engine, case_id, "refund", finding_id=finding_id)
    await measure(engine, case_id, "suspension", from_on=date(2019, 5, 1), until=date(2019, 8, 1))
    return await decided(engine, case_id)


async def test_the_worker_sends_what_a_killed_command_did_not_and_a_second_sending_changes_nothing(
    database: str, nats_url: str, server_folder: Path
) -> None:
    env = {"CLAIMS_DATABASE_URL": database, "CLAIMS_NATS_URL": nats_url}
    file = write_lines(
        server_folder / "events.jsonl",
        [facts.hospital(region=REGION, tier=2), facts.enrol("P1", 2019, REGION), *facts.stay(1, on="2019-02-10")],
    )
    assert (await claims("settle", file, env=env)).code == 0
    engine = connect(database)
    try:
        events = await decided_and_killed(engine)
        assert len(events) == 3
        assert await taken(engine) == []
        log = server_folder / "up.log"
        async with background("up", log=log, env=env):
            await up_is_ready(log)

            async def arrived() -> bool:
                return len(await taken(engine)) == 3

            await eventually(arrived, lambda: log.read_text(encoding="utf-8")[-2000:])
            # beside it a clerk sends by hand what is there already
            sent = await claims("cases", "send", "--json", env=env)
            assert (sent.code, sent.rows) == (0, [{"sent": 0}])
        assert [event for _, event in await taken(engine)] == events
        # INTAKE was lost and an operator's copy of the events comes again: the ledger knows their ids
        async with engine.connect() as connection:
            bodies = [
                row.body.encode() for row in await connection.execute(text("SELECT body FROM projections.case_facts"))
            ]
        again = server_folder / "again.jsonl"
        again.write_bytes(b"\n".join(bodies))
        assert (await claims("settle", again, env=env)).code == 0
        assert [event for _, event in await taken(engine)] == events
        [measured] = (await claims("cases", "measures", "--kind", "refund", "--json", env=env)).rows
        assert (measured["taken"], measured["refused"]) == (1, 0)
        assert (await verify(engine)).problems == []
    finally:
        await engine.dispose()
