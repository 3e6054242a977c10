"""Pages of hospitals, and the leader's page: figures beside peers, each with what is behind it."""

import re
from decimal import Decimal
from html import unescape

import orjson
from sqlalchemy import text

from tests.console.harness import ConsoleUnderTest


async def test_a_hospitals_cases_stand_beside_peers_of_its_tier(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    register = orjson.loads((await session.get("/hospitals?format=json")).content)["rows"]
    assert sum(row["claims"] or 0 for row in register) > 0
    busiest = register[0]
    rows = orjson.loads((await session.get(f"/hospitals/{busiest['hospital_id']}?peers.format=json")).content)["rows"]
    assert sum(row["claims"] for row in rows) == busiest["claims"]
    assert sum(Decimal(row["total"]) for row in rows) == Decimal(busiest["total"])
    for row in rows:
        # the claims themselves, without the sums that the page reads
        async with console.running.state.engine.connect() as connection:
            found = (
                await connection.execute(
                    text(
                        "SELECT count(*) AS number, sum(total) AS total FROM projections.statements"
                        " WHERE status = 'settled' AND hospital_id = :hospital AND setting = :setting"
                        " AND coalesce(disease, '') = :disease"
                    ),
                    {
                        "hospital": busiest["hospital_id"],
                        "setting": row["setting"],
                        "disease": row["disease"] or "",
                    },
                )
            ).one()
        assert (row["claims"], Decimal(row["total"])) == (found.number, Decimal(int(found.total)) / 100)
        assert row["percentile"] is None or row["peers"] >= 4


async def test_hospitals_that_are_not_there(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    assert (await session.get("/hospitals/nobody")).status_code == 404
    assert (await session.get("/hospitals?tier=9")).status_code == 422
    assert "没有符合筛选条件的行" in (await session.get("/hospitals?name=%25")).text


async def test_a_figure_of_the_leaders_page_opens_its_claims(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    page = (await session.get("/leader?year=2019&region=360923")).text
    assert "没有已结算的费用" not in page
    found = re.search(r'结算人次<b class="figure"><a href="([^"]*)">([0-9,]+)</a>', page)
    assert found is not None, page
    rows = orjson.loads((await session.get(f"{unescape(found[1])}&format=json")).content)["rows"]
    assert len(rows) == int(found[2].replace(",", ""))
    for there in set(re.findall(r'href="(/finance/(?:claims|targets)[^"]*)"', page)):
        assert (await session.get(unescape(there))).status_code == 200, there
    assert not re.search(r"P0\d{4}", page)  # no person is named
