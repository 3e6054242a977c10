"""Days from discharge to payment, and what was adjusted after a month's clearing was approved."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from events.county_time import county_day
from events.store.journal import database_time
from processors.clearing import steps
from tests import facts
from tests.clearings import cleared, drafted, holds
from tests.ledger import Books


async def rows(books: Books, query: str) -> list[Any]:
    async with books.engine.connect() as connection:
        return list((await connection.execute(text(query))).mappings())


async def test_each_claim_s_way_from_discharge_to_payment(books: Books) -> None:
    async with books.engine.connect() as connection:
        today = county_day(await database_time(connection))
    persons = [facts.enrol(person) for person in ("P1", "P2", "P3", "P4")]
    await books.publish([facts.hospital(), *persons, *facts.stay(1)])
    await books.publish(facts.stay(2, "P2", on="2019-04-10", prepaid=True))
    first = await cleared(books, 0)
    await steps.pay(books.engine, first["clearing_id"], "li", "T1", ["H1"])
    await books.publish(facts.stay(3, "P3", on="2019-05-10"))
    await drafted(books, 1)
    await books.publish(
        [*facts.stay(4, "P4", on="2019-06-10", in_scope="500")]
    )  # under the deductible: nothing is paid
    await books.publish([facts.enrol("P5"), *facts.stay(5, "P5", on="2019-07-10")])
    found = await rows(books, "SELECT * FROM finance.payment_days ORDER BY claim_id")
    assert [(row["claim_id"], row["payee"], row["state"], row["paid_on"]) for row in found] == [
        ("C1", "hospital", "paid", today),
        ("C2", "person", "due", None),
        ("C3", "hospital", "drafted", None),
        ("C5", "hospital", "not_cleared", None),
    ]
    paid = found[0]
    assert timedelta(days=paid["days"]) == today - paid["date"]
    assert paid["days"] == paid["days_to_settlement"] + paid["days_to_approval"] + paid["days_to_transfer"]
    (hospital, person) = await rows(books, "SELECT * FROM finance.payment_times ORDER BY payee")
    assert (hospital["claims"], hospital["paid_claims"], hospital["median_days"]) == (3, 1, paid["days"])
    assert (hospital["unpaid_claims"], hospital["unpaid_amount"]) == (2, Decimal("11040.00"))
    assert str(hospital["unpaid_since"]) == "2019-05-10"
    assert (person["payee"], person["unpaid_claims"]) == ("person", 1)
    await steps.record_return(books.engine, first["clearing_id"], "li", "H1", "销户")
    (row,) = await rows(books, "SELECT * FROM finance.payment_days WHERE claim_id = 'C1'")
    assert (row["state"], row["paid_on"], row["days"]) == ("returned", None, None)


async def test_what_is_netted_away_is_paid_when_the_clearing_is_approved(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.enrol("P2"), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "9000", "hospital"), *facts.stay(2, "P2", in_scope="1300")])
    await cleared(books, 1)  # (1,300 - 800) x 60% = 300 against 5,400 that the hospital owes
    (row,) = await rows(books, "SELECT * FROM finance.payment_days WHERE claim_id = 'C2'")
    assert row["state"] == "set_off"
    assert row["paid_on"] == row["approved_on"]


async def test_what_was_adjusted_after_a_month_was_closed(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.enrol("P2"), *facts.stay(1), *facts.stay(2, "P2")])
    await books.publish([facts.audit("C2", "500", "hospital")])  # before anything is closed
    first = (await cleared(books, 0))["clearing_id"]
    assert await rows(books, "SELECT * FROM finance.late_adjustments") == []
    finding = facts.audit("C1", "1000", "hospital", "F2")
    await books.publish([finding])
    (row,) = await rows(books, "SELECT * FROM finance.late_adjustments")
    assert (row["claim_id"], row["closed_month"], row["clearing_id"], row["layer"]) == ("C1", "2031-01", first, "basic")
    assert (row["amount"], row["cleared_by"]) == (Decimal("-600.00"), None)
    assert (row["cause"], row["cause_source"], row["cause_event"]) == (
        "audit.found.v1",
        finding["source"],
        finding["id"],
    )
    second = (await cleared(books, 1))["clearing_id"]
    (row,) = await rows(books, "SELECT * FROM finance.late_adjustments")
    assert row["cleared_by"] == second
    await holds(books)
