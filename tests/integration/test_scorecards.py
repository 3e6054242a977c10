"""Scorecards of hospitals from settled claims, through the command: items, ranks, county, audits."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from tests import facts
from tests.clerk import clerk
from tests.finance import query
from tests.ledger import Books

REGION = "220621"
HOSPITALS = ("H1", "H2", "H3", "H4", "H5")
STAYS = 12


async def settle_a_year(books: Books) -> None:
    """Five hospitals of tier 1 with 12 stays each of 1,000, 2,000 … 5,000 yuan, one with a young contract, one
    with few stays, and one outside the county."""
    await books.publish([facts.hospital(name, 1, REGION) for name in HOSPITALS])
    await books.publish([facts.hospital("H6", 1, REGION, begun="2019-09-01"), facts.hospital("H7", 1, REGION)])
    await books.publish([facts.hospital("H9", 3, "220100")])
    persons = [f"P{number}" for number in range(1, STAYS + 1)]
    await books.publish([facts.enrol(person) for person in persons])
    number = 0
    for place, name in enumerate((*HOSPITALS, "H6"), start=1):
        for person in persons:
            number += 1
            day = f"2019-{place + 3:02}-10"
            placed = {"on": day if name != "H6" else "2019-10-10", "hospital_id": name}
            await books.publish(facts.stay(number, person, in_scope=str(place * 1000), **placed))
    await books.publish(facts.stay(number + 1, "P1", on="2019-11-10", in_scope="1000", hospital_id="H7"))
    await books.publish(facts.stay(number + 2, "P2", on="2019-11-10", in_scope="20000", hospital_id="H9"))
    await books.publish([facts.reverse(f"C{number + 1}", source="hospital/H7")])
    await books.publish([facts.audit("C1", "700", "hospital"), facts.withdraw_audit("C1", "400")])
    await books.publish(facts.stay(number + 3, "P1", on="2019-04-20", in_scope="1000", hospital_id="H1"))


async def test_a_year_of_hospitals_through_the_command(books: Books, tmp_path: Path) -> None:
    await settle_a_year(books)
    assert await books.refused() == []
    url = books.engine.url.render_as_string(hide_password=False)
    async with clerk(CLAIMS_DATABASE_URL=url, CLAIMS_NATS_URL="nats://127.0.0.1:1") as claims:
        told = (await claims("report", "scorecards", "--year", "2019", "--region", REGION, "--json")).rows
        shown = await claims("report", "scorecards", "--year", "2019", "--region", REGION)
        one = await claims("report", "scorecards", "--year", "2019", "--hospital", "H1")
        file = tmp_path / "scores.xlsx"
        written = await claims("report", "scorecards", "--year", "2019", "--region", REGION, "--out", file)
        empty = await claims("report", "scorecards", "--year", "2012", "--json")
    cards: dict[str, Any] = {row["hospital_id"]: row for row in told if row["row"] == "hospital"}
    assert sorted(cards) == ["H1", "H2", "H3", "H4", "H5", "H6", "H7"]
    first = cards["H1"]["items"]
    # 13 stays of 1,000, of one of which the bureau took 300 out: the bill as it was sent stays
    assert (first["average_cost"]["numerator"], first["average_cost"]["n"]) == ("13000.00", 13)
    assert first["average_cost"]["value"] == "1000.00"
    # of 13 discharges P1's, on 10 April, was followed on 20 April
    assert (first["readmission_short"]["numerator"], first["readmission_short"]["denominator"]) == (1, 13)
    # 300 found; basic paid 85% of (1,000 - 200), 680, and then 85% of (700 - 200), 425: 255 came back
    found, refund = first["violation_rate"], first["refund_rate"]
    assert found["numerator"] == "300.00"
    assert refund["numerator"] == "255.00"
    before = sum((await paid_before(books)).values(), Decimal(0))
    assert Decimal(refund["denominator"]) == Decimal(found["denominator"]) == before
    # six of a tier: 1,000 is under P10, 6,000 over P90
    assert [cards[name]["items"]["average_cost"]["points"] for name in ("H1", "H6")] == ["100.00", "50.00"]
    assert (cards["H6"]["unrated"], cards["H6"]["class"], cards["H6"]["rank"]) == ("contract", None, None)
    # H7's only bill was reversed: one case, hidden
    seventh = cards["H7"]
    assert (seventh["unrated"], seventh["items"]["reversal_rate"]["hidden"]) == ("covered", True)
    assert seventh["items"]["reversal_rate"]["value"] is None
    ranked = sorted((row["rank"], row["total"]) for row in cards.values() if row["rank"] is not None)
    assert {row["ranked"] for row in cards.values() if row["rank"] is not None} == {5}
    assert ranked[0][0] == 1
    assert [Decimal(total) for _, total in ranked] == sorted((Decimal(total) for _, total in ranked), reverse=True)
    (county,) = [row for row in told if row["row"] == "county"]
    # 73 stays in the county, one outside it
    assert (county["items"]["in_county_stays"]["numerator"], county["items"]["in_county_stays"]["denominator"]) == (
        73,
        74,
    )
    assert first["average_cost"]["better"] == "lower"
    assert cards["H1"]["terms"]["class_a"]["value"] == 90
    screen = shown.out.decode()
    assert "县域内住院率" in screen.replace("\n", "")
    assert "不参评" in screen.replace("\n", "").replace(" ", "").replace("│", "")
    assert "同病种" in one.out.decode().replace("\n", "")
    assert written.code == 0, written.err
    assert [sheet.title[:4] for sheet in load_workbook(file)] == ["2019", "2019", "2019"]
    assert (empty.code, empty.rows) == (0, [])


async def paid_before(books: Books) -> dict[str, Decimal]:
    """What funds decided at first for each bill of H1, yuan: 13 stays, none changed but C1."""
    rows = await query(
        books.engine,
        """SELECT entry.claim_id, sum(entry.paid) / 100.0 AS paid FROM ledger.entries AS entry
           JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
           WHERE entry.type = 'payout.decided.v1' AND claim.hospital_id = 'H1' GROUP BY 1""",
    )
    return {row["claim_id"]: row["paid"] for row in rows}
