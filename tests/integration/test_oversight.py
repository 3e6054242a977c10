"""Suspended hospitals, deaths and fines: what they refuse, at which edge, and what they leave alone (上高 三5)."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from processors.finance.reports import OVERSIGHT, Narrowed, read_report
from processors.proof.verify import verify
from processors.queries import listings
from tests import facts
from tests.facts import admit, death, discharge, enrol, fine, hospital, reinstate, suspend, visit
from tests.ledger import Books

READY = [hospital(), enrol(), enrol(year=2018)]


def stays(*days: str) -> list[dict[str, object]]:
    """One stay, admitted and discharged, for each day: claims C1, C2, …"""
    return [
        event
        for number, day in enumerate(days, start=1)
        for event in (admit(f"A{number}", on=day), discharge(f"C{number}", f"A{number}", on=day))
    ]


async def refused(books: Books) -> list[tuple[str, str]]:
    async with books.engine.connect() as connection:
        rows = await connection.execute(text("SELECT event_id, detail FROM projections.refusals ORDER BY number"))
        return [(row.event_id, row.detail) for row in rows]


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_a_suspension_holds_from_its_day_until_reinstatement(books: Books, batch: int) -> None:
    days = ("2019-02-28", "2019-03-01", "2019-05-31", "2019-06-01")
    await books.publish([*READY, suspend("2019-03-01"), reinstate("2019-06-01"), *stays(*days)], batch)
    assert await refused(books) == [
        ("discharge-C2", "hospital H1 is suspended on 2019-03-01"),
        ("discharge-C3", "hospital H1 is suspended on 2019-05-31"),
    ]
    assert {reason for _, reason in await books.refused()} == {"hospital_not_designated"}


async def test_what_was_accepted_before_a_suspension_stays(books: Books) -> None:
    await books.publish([*READY, *stays("2019-03-10"), suspend("2019-03-01")])
    before = await books.paid("C1")
    await books.publish([facts.correct("C1", "9000")])
    assert (await books.statement("C1") or {})["status"] == "settled"
    assert before != await books.paid("C1")
    assert await books.refused() == []
    assert (await verify(books.engine)).problems == []


async def test_a_reinstatement_reaches_back_for_later_claims(books: Books) -> None:
    await books.publish([*READY, suspend("2019-03-01"), *stays("2019-03-10")])
    await books.publish([reinstate("2019-03-01"), discharge(id_="again")])
    assert await books.refused() == [("discharge-C1", "hospital_not_designated")]
    assert (await books.statement("C1")) is not None


async def test_a_second_suspension_and_a_new_registration(books: Books) -> None:
    measures = [suspend("2019-03-01"), reinstate("2019-04-01"), suspend("2019-09-01")]
    await books.publish([*READY, *measures, hospital(tier=2)])  # registered again: its suspensions stand
    await books.publish(stays("2019-03-31", "2019-04-01", "2019-08-31", "2019-09-01"))
    assert [event for event, _ in await refused(books)] == ["discharge-C1", "discharge-C4"]
    async with books.engine.connect() as connection:
        register = await connection.execute(
            text("SELECT suspended, effective_on::text, source FROM projections.suspensions ORDER BY number")
        )
        assert [tuple(row) for row in register] == [
            (True, "2019-03-01", facts.BUREAU),
            (False, "2019-04-01", facts.BUREAU),
            (True, "2019-09-01", facts.BUREAU),
        ]


async def test_of_two_measures_of_one_day_the_later_recorded_counts(books: Books) -> None:
    await books.publish([*READY, suspend("2019-03-01"), reinstate("2019-03-01", id_="taken-back")])
    await books.publish([*stays("2019-03-10"), suspend("2019-03-01", id_="after-all")])
    await books.publish([admit("A2", on="2019-03-11"), discharge("C2", "A2", on="2019-03-11")])
    assert [event for event, _ in await refused(books)] == ["discharge-C2"]


async def test_a_suspended_pharmacy_and_a_discharge_that_waited(books: Books) -> None:
    await books.publish([*READY, facts.card(), discharge()])
    await books.publish([suspend("2019-03-01"), admit(), visit(disease="diabetes")])
    assert [event for event, _ in await refused(books)] == ["discharge-C1", "visit-V1"]


async def test_the_day_of_death_is_the_last_insured(books: Books) -> None:
    await books.publish([*READY, death(on="2019-03-10"), *stays("2019-03-10", "2019-03-11", "2018-12-31")])
    assert await refused(books) == [("discharge-C2", "P1 is not enrolled on 2019-03-11: ask the bureau")]
    assert await books.refused() == [("discharge-C2", "not_enrolled")]


async def test_a_death_concerns_later_claims_only(books: Books) -> None:
    await books.publish([*READY, *stays("2019-05-06"), death(on="2019-03-10")])
    assert await books.refused() == []
    assert (await verify(books.engine)).problems == []
    await books.publish(
        [facts.correct("C1", "9000"), admit("A2", on="2019-05-07"), discharge("C2", "A2", on="2019-05-07")]
    )
    assert await books.refused() == [("discharge-C2", "not_enrolled")]


async def test_a_death_ends_enrollments_recorded_after_it_and_can_be_corrected(books: Books) -> None:
    await books.publish([hospital(), death(on="2019-03-10")])
    await books.publish([enrol(), *stays("2019-03-11")])
    assert await books.refused() == [("discharge-C1", "not_enrolled")]
    await books.publish([death(on="2019-03-12", source=facts.BUREAU), discharge(id_="again", on="2019-03-11")])
    assert (await books.statement("C1")) is not None


async def leads(books: Books, **narrowed: Any) -> list[tuple[str, str, str]]:
    async with books.engine.connect() as connection:
        rows = await read_report(connection, OVERSIGHT, Narrowed(**narrowed))
    return [(row["claim_id"], row["reason"], row["since"].isoformat()) for row in rows]


async def test_claims_that_a_late_report_came_too_late_for_are_listed(books: Books) -> None:
    days = ("2019-03-10", "2019-03-11", "2019-05-31", "2019-06-01", "2018-12-31")
    await books.publish([*READY, hospital("H2"), *stays(*days), enrol("P2"), *facts.stay(9, "P2", "2019-05-20")])
    assert await leads(books) == []
    # the day of death is insured, and that of reinstatement no longer suspended
    await books.publish(
        [death(on="2019-03-10"), suspend("2019-05-01"), reinstate("2019-06-01"), suspend("2019-05-01", "H2")]
    )
    listed = [
        ("C2", "after_death", "2019-03-10"),
        ("C3", "after_death", "2019-03-10"),
        ("C4", "after_death", "2019-03-10"),
        ("C9", "suspended", "2019-05-01"),
        ("C3", "suspended", "2019-05-01"),
    ]
    assert await leads(books) == listed
    assert await leads(books, year=2019, region="220600") == listed
    assert await leads(books, year=2018) == await leads(books, region="360923") == []
    async with books.engine.connect() as connection:
        first = (await read_report(connection, OVERSIGHT, Narrowed()))[0]
    paid = await books.paid("C2")
    assert (str(first["total"]), first["paid"]) == ("10000.00", 10000 - Decimal(paid["patient"]))
    # what is reversed is dealt with; a death corrected to a later day takes its leads back
    await books.publish([facts.reverse("C9"), death(on="2019-05-31")])
    assert await leads(books) == [("C4", "after_death", "2019-05-31"), ("C3", "suspended", "2019-05-01")]


async def test_a_fine_is_a_register_of_its_own(books: Books) -> None:
    await books.publish([*READY, hospital("H2"), *stays("2019-03-10")])
    before = await books.paid("C1")
    await books.publish([fine(), fine("F2", "H2", "345.60"), fine("F2", "H1", id_="again"), fine("F3", "H9")])
    assert await books.refused() == [("again", "duplicate_fine"), ("fine-F3", "unknown_hospital")]
    assert [(row["fine_id"], row["amount"]) async for row in listings.fine_rows(books.engine)] == [
        ("F1", "20000.00"),
        ("F2", "345.60"),
    ]
    assert [row["fine_id"] async for row in listings.fine_rows(books.engine, hospital_id="H2")] == ["F2"]
    assert await books.paid("C1") == before
    assert (await verify(books.engine)).problems == []
