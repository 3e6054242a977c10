"""What a fund or an insurer was booked comes back from it, whoever pays by the text that a claim moves to."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import text

from policies.scheme import Scheme
from processors.finance.catch_up import catch_up
from processors.law.adoption import adopt_schemes
from processors.payouts.bookings import load_batches
from processors.payouts.events import payout_message
from processors.payouts.progress import load_heads
from processors.person.replay import replay
from processors.proof.verify import verify
from processors.resettlement.order import ChangeEffect, change_to, preview
from tests import facts
from tests.clearings import cleared, owed
from tests.finance import query
from tests.integration.test_verify import tamper
from tests.ledger import SHIPPED, Books
from tests.moves import INSURERS, order, paid_by

FUSONG = next(scheme for scheme in SHIPPED if scheme.name == "fusong")
ANYI = next(scheme for scheme in SHIPPED if scheme.name == "anyi")
FIRST, SECOND, THIRD = INSURERS
COUNTY = [facts.hospital(), facts.enrol("P1")]


async def in_force(books: Books, scheme: Scheme) -> None:
    await adopt_schemes(books.engine, [scheme], "test")


async def move(books: Books, scheme: Scheme, *persons: str) -> None:
    """The scheme is in force, and claims of these persons move to it."""
    await in_force(books, scheme)
    await books.publish([order(scheme, persons, f"move-{scheme.content_hash[:8]}")])


async def told(books: Books, **about: str) -> list[tuple[str, str, str]]:
    """Type, payer and amount of what PAYOUTS says about something, in the ledger's order."""
    async with books.engine.connect() as connection:
        heads = (await load_heads(connection)).numbers
        batches = await load_batches(connection, {}, heads)
    found = []
    for booking in (booking for batch in batches for booking in batch.bookings):
        data = orjson.loads(payout_message(booking, ()).body)["data"]
        if all(data.get(name) == value for name, value in about.items()):
            found.append((booking.type.split(".")[1], data.get("insurer", data["fund"]), data["amount"]))
    return found


async def holds(books: Books, persons: Sequence[str] = ("P1",)) -> None:
    assert (await verify(books.engine)).problems == []
    for person in persons:
        assert (await replay(books.engine, person))["consistent"]


async def test_what_an_insurer_was_booked_comes_back_from_it(books: Books) -> None:
    """抚松 2019, tier 3, 20,000 in scope: basic (20,000 − 800) × 60% = 11,520.00; critical illness
    (8,480 − 6,000) × 55% = 1,364.00."""
    await in_force(books, paid_by(FUSONG, FIRST))
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    assert await told(books, layer="critical_illness") == [("decided", FIRST, "1364.00")]
    second = paid_by(FUSONG, SECOND)
    await in_force(books, second)
    effect = ChangeEffect()
    await preview(books.engine, await change_to(books.engine, "fusong", date(2019, 1, 1)), ["P1"], effect)
    insured = {(FIRST, -1364_00), (SECOND, 1364_00)}
    assert {(fund.insurer, amount) for fund, amount in effect.funds.items() if amount} == insured
    assert (effect.persons, effect.before) == (0, effect.after)  # nothing changes for the person
    await books.publish([order(second, ["P1"], "to-the-second")])
    moved = [("decided", FIRST, "1364.00"), ("withdrawn", FIRST, "-1364.00"), ("adjusted", SECOND, "1364.00")]
    assert await told(books, layer="critical_illness") == moved
    await holds(books)
    # 18,000: (18,000 − 800) × 60% = 10,320; (7,680 − 6,000) × 55% = 924.00
    await books.publish([facts.correct("C1", bill=facts.bill("18000"))])
    assert await told(books, layer="critical_illness") == [*moved, ("adjusted", SECOND, "-440.00")]
    await books.publish([facts.reverse("C1")])
    both = [*moved, ("adjusted", SECOND, "-440.00"), ("adjusted", SECOND, "-924.00")]
    assert await told(books, layer="critical_illness") == both
    assert await told(books, layer="basic") == [
        ("decided", "charity", "11520.00"),
        ("adjusted", "charity", "-1200.00"),
        ("adjusted", "charity", "-10320.00"),
    ]
    await holds(books)


async def test_a_text_of_other_values_moves_all_that_the_former_fund_had_paid(books: Books) -> None:
    """Of a ledger from before texts named funds: the usual one had paid. The new line is 700 instead of 800:
    (20,000 − 700) × 60% = 11,580.00; (8,420 − 6,000) × 55% = 1,331.00."""
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    await move(books, paid_by(FUSONG, SECOND, (b"value: 800,", b"value: 700,")), "P1")
    assert await told(books, layer="basic") == [
        ("decided", "basic_fund", "11520.00"),
        ("withdrawn", "basic_fund", "-11520.00"),
        ("adjusted", "charity", "11580.00"),
    ]
    assert await told(books, layer="critical_illness") == [
        ("decided", "critical_illness", "1364.00"),
        ("withdrawn", "critical_illness", "-1364.00"),
        ("adjusted", SECOND, "1331.00"),
    ]
    await holds(books)


async def test_what_is_due_no_more_by_another_fund_s_text_comes_back_to_the_one_that_paid(books: Books) -> None:
    """By the new text critical illness begins at 60,000: nothing is due of 8,480, and 甲 gets back what it paid."""
    await in_force(books, paid_by(FUSONG, FIRST))
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    await move(books, paid_by(FUSONG, SECOND, (b"value: 6000,", b"value: 60000,")), "P1")
    assert await told(books, layer="critical_illness") == [
        ("decided", FIRST, "1364.00"),
        ("adjusted", FIRST, "-1364.00"),
    ]
    await holds(books)


ANYI_COUNTY = [facts.hospital(region="360123"), facts.enrol("P1", 2018, "360123")]


async def test_a_grant_is_withdrawn_from_the_fund_that_awarded_it(books: Books) -> None:
    """安义 二(八): 10,000.00 where a year's shares of a listed disease come to more than 10,000; each stay leaves
    10% of 70,000."""
    bill = facts.bill("10000", self_funded="60000")
    stays = [each for n in (1, 2) for each in facts.stay(n, on="2018-05-01", bill=bill, disease="breast_cancer")]
    await books.publish([*ANYI_COUNTY, facts.roster(), *stays])
    grants = [("awarded", "county_finance", "10000.00")]
    assert await told(books, grant="annual") == grants
    await move(books, paid_by(ANYI, FIRST), "P1")
    grants += [("withdrawn", "county_finance", "-10000.00"), ("awarded", "charity", "10000.00")]
    assert await told(books, grant="annual") == grants
    await holds(books)
    await books.publish([facts.reverse("C1")])
    assert await told(books, grant="annual") == [*grants, ("withdrawn", "charity", "-10000.00")]
    await holds(books)


async def test_a_premium_comes_back_from_the_insurer_that_has_got_it(books: Books) -> None:
    """安义 2018: 330.00 a year of supplementary insurance for a registered poor; the year is enrolled again."""
    await in_force(books, paid_by(ANYI, FIRST))
    await books.publish([*ANYI_COUNTY, facts.roster(on="2018-01-01")])
    assert await got(books) == {FIRST: 330_00}
    await in_force(books, paid_by(ANYI, SECOND))
    await books.publish([facts.enrol("P1", 2018, "360123", id_="anew")])
    assert await got(books) == {FIRST: 0, SECOND: 330_00}
    await holds(books)
    await in_force(books, paid_by(ANYI, THIRD))
    await books.publish([facts.roster(change="removed", on="2018-01-01")])
    assert await got(books) == {FIRST: 0, SECOND: 0}
    await holds(books)


async def test_a_refund_moves_with_the_premium_that_it_is_part_of(books: Books) -> None:
    """长治 2019: 220.00 of basic insurance for a dibao, of which P1 had paid 100.00; the year is enrolled again."""
    region = "140421"
    await books.publish([facts.enrol("P1", 2019, region, self_paid="100"), facts.roster(category="dibao")])
    assert await basic_premiums(books) == {"basic_fund": "120.00"}
    await in_force(books, paid_by(next(scheme for scheme in SHIPPED if scheme.name == "changzhi"), FIRST))
    await books.publish([facts.enrol("P1", 2019, region, self_paid="100", id_="anew")])
    assert await basic_premiums(books) == {"charity": "120.00"}
    await books.publish([facts.enrol("P1", 2019, region, self_paid="150", id_="more")])
    assert await basic_premiums(books) == {"charity": "70.00"}
    await holds(books)


async def basic_premiums(books: Books) -> dict[str, str]:
    """By fund what came in for basic insurance, without what went to persons."""
    await catch_up(books.engine)
    lines = "SELECT fund, sum(amount) AS came FROM finance.fund_lines WHERE line = 'premiums' GROUP BY 1"
    return {row["fund"]: str(row["came"]) for row in await query(books.engine, lines) if row["came"]}


async def got(books: Books) -> dict[str, int]:
    """What each insurer has got in premiums, in fen."""
    async with books.engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT convert_from(data, 'UTF8')::json #>> '{to,insurer}' AS insurer, sum(paid)::bigint AS paid"
                " FROM ledger.entries WHERE type = 'premium.purchased.v1' GROUP BY 1"
            )
        )
        return {row.insurer: row.paid for row in rows}


async def test_verify_names_what_is_booked_on_another_fund_than_the_text_says(books: Books) -> None:
    await in_force(books, paid_by(FUSONG, FIRST))
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    await tamper(
        books.engine,
        "UPDATE ledger.entries SET data = convert_to(replace(convert_from(data, 'UTF8'), 'first', 'second'), 'UTF8')"
        " WHERE layer = 'critical_illness'",
    )
    (found,) = [problem for problem in (await verify(books.engine)).problems if problem.check == "fund"]
    assert (found.where, found.expected, found.found) == (
        "claim C1, stage 1, by fund",
        f"critical_illness {FIRST} 1364.00",
        f"critical_illness {SECOND} 1364.00",
    )


async def test_a_clearing_says_what_each_insurer_pays_whatever_text_came_since(books: Books) -> None:
    """In the next month the claim moves: 甲 gets back from the hospital what 乙 pays it, and nothing is transferred."""
    await in_force(books, paid_by(FUSONG, FIRST))
    await books.publish([*COUNTY, *facts.stay(1, in_scope="20000")])
    assert payers(await cleared(books)) == {
        (FIRST, "H1"): ("1364.00", "0.00", "1364.00"),
        ("charity", "H1"): ("11520.00", "0.00", "11520.00"),
    }
    await move(books, paid_by(FUSONG, SECOND), "P1")
    moved = await cleared(books, 1)
    assert moved["lines"] == []
    assert payers(moved) == {
        (FIRST, "H1"): ("-1364.00", "-1364.00", "0.00"),
        (SECOND, "H1"): ("1364.00", "1364.00", "0.00"),
    }
    # 18,000: basic 1,200.00 less, critical illness 440.00 less
    await books.publish([facts.correct("C1", bill=facts.bill("18000"))])
    assert payers(await cleared(books, 2)) == {
        (SECOND, "H1"): ("-440.00", "-440.00", "0.00"),
        ("charity", "H1"): ("-1200.00", "-1200.00", "0.00"),
    }
    assert await owed(books) == {"H1": "1640.00"}
    # another stay: (4,000 − 800) × 60% = 1,920.00; 55% × 2,080 = 1,144.00; 1,640.00 goes off the first by name
    await books.publish(facts.stay(2, on="2019-05-01", in_scope="4000"))
    assert payers(await cleared(books, 3)) == {
        ("charity", "H1"): ("1920.00", "1640.00", "280.00"),
        (SECOND, "H1"): ("1144.00", "0.00", "1144.00"),
    }
    await holds(books)


def payers(shown: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str, str]]:
    """By payer and payee: payable, netted, to pay."""
    return {
        (order["insurer"] or order["fund"], each["payee"]): (each["payable"], each["netted"], each["amount"])
        for order in shown["orders"]
        for each in order["transfers"]
    }
