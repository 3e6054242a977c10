"""Premiums follow every change of an enrollment or a roster at once, are booked as differences, and are proved."""

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.loader import load_text
from processors.accounts.fund_account import fund_accounts
from processors.clearing.premium_refunds import load_refunds
from processors.finance.catch_up import catch_up
from processors.law.adoption import adopt_schemes
from processors.person.replay import replay
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from processors.queries import listings
from processors.queries.listings import WantedPremiums
from tests import facts
from tests.facts import enrol, hospital, roster, stay
from tests.ledger import SHIPPED, Books

FUSONG, CHANGZHI, SHANGGAO, ANYI = "220621", "140421", "360923", "360123"
ITS_NEIGHBOUR = "140423"
ONE_YEAR = [enrol(region=SHANGGAO), roster()]
ALL_THREE = {"basic county_finance": "250.00", "critical_illness basic_fund": "75.00"}
ALL_THREE |= {"supplementary county_finance": "260.00"}


async def holds(books: Books) -> None:
    report = await verify(books.engine)
    assert report.problems == []


async def shown(books: Books, person: str = "P1", year: int | None = None) -> dict[str, str]:
    """What stands for a person, by layer and payer; a refund by layer and "refund"."""
    rows = [row async for row in listings.premium_rows(books.engine, WantedPremiums(person, year))]
    return {f"{row['layer']} {'refund' if row['kind'] == 'refunded' else row['payer']}": row["amount"] for row in rows}


async def bookings(engine: AsyncEngine) -> list[tuple[str, int, str, str, int]]:
    """(type, year, layer, payer, fen) of every premium entry, in ledger order."""
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT type, year, layer, track, paid FROM ledger.entries"
                " WHERE type LIKE 'premium.%' AND journal = 'intake' ORDER BY number"
            )
        )
        return [(row.type.split(".")[1], row.year, row.layer, row.track, row.paid) for row in rows]


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
@pytest.mark.parametrize("events", [ONE_YEAR, ONE_YEAR[::-1]], ids=["enrolled first", "rostered first"])
async def test_either_order_of_facts_brings_the_same(books: Books, events: list[Any], batch: int) -> None:
    await books.publish(events, batch)
    assert await shown(books) == ALL_THREE
    assert await bookings(books.engine) == [
        ("subsidised", 2019, "basic", "county_finance", 25_000),
        ("purchased", 2019, "critical_illness", "basic_fund", 7_500),
        ("purchased", 2019, "supplementary", "county_finance", 26_000),
    ]
    await holds(books)


async def test_a_late_roster_brings_premiums_and_takes_them_away(books: Books) -> None:
    await books.publish([enrol(region=SHANGGAO), hospital(region=SHANGGAO)])
    assert await bookings(books.engine) == []
    await books.publish([roster(on="2019-05-01")])
    assert await shown(books) == ALL_THREE
    await books.publish([roster(change="removed", on="2019-09-01")])
    assert await shown(books) == ALL_THREE  # on the roster for a part of the year: the year's premium is due
    await books.publish([roster(change="removed", on="2019-05-01")])
    assert await shown(books) == {}
    assert [paid for *_, paid in await bookings(books.engine)] == [25_000, 7_500, 26_000, -25_000, -7_500, -26_000]
    await holds(books)
    await books.publish([roster(on="2019-12-31")])
    assert await shown(books) == ALL_THREE
    await holds(books)


async def test_a_roster_reaches_every_year_enrolled(books: Books) -> None:
    await books.publish([enrol(year=2019, region=SHANGGAO), enrol(year=2020, region=SHANGGAO), roster(on="2019-07-01")])
    assert await shown(books, year=2019) == ALL_THREE
    assert await shown(books, year=2020) == ALL_THREE
    await books.publish([roster(change="removed", on="2020-01-01")])
    assert await shown(books, year=2019) == ALL_THREE
    assert await shown(books, year=2020) == {}
    await holds(books)


async def test_a_repeated_event_pays_nothing_twice(books: Books) -> None:
    await books.publish([*ONE_YEAR, *ONE_YEAR], batch=500)
    await books.publish(ONE_YEAR, batch=1)
    # another event that says the same changes nothing either
    await books.publish([enrol(region=SHANGGAO, id_="again"), roster(on="2018-01-02")])
    assert len(await bookings(books.engine)) == 3
    await holds(books)


async def test_a_category_that_ranks_higher_changes_who_pays(books: Books) -> None:
    await books.publish([enrol(region=FUSONG), roster()])
    assert await shown(books) == {"basic assistance_fund": "130.00", "basic county_finance": "140.00"}
    await books.publish([roster(category="destitute", on="2019-11-01")])
    assert await shown(books) == {"basic assistance_fund": "270.00"}
    assert await bookings(books.engine) == [
        ("subsidised", 2019, "basic", "assistance_fund", 13_000),
        ("subsidised", 2019, "basic", "county_finance", 14_000),
        # in the order of their keys before: 270 − 130, and county finance pays no more
        ("subsidised", 2019, "basic", "assistance_fund", 14_000),
        ("subsidised", 2019, "basic", "county_finance", -14_000),
    ]
    await holds(books)
    # the same payer and sum for another reason: told, and 0.00 is booked
    await books.publish([roster(category="destitute", change="removed", on="2019-11-01"), roster(category="orphan")])
    assert (await bookings(books.engine))[-1][-1] != 0
    await books.publish([roster(category="destitute", on="2019-11-02")])
    assert (await bookings(books.engine))[-1] == ("subsidised", 2019, "basic", "assistance_fund", 0)
    [row] = [row async for row in listings.premium_rows(books.engine, WantedPremiums("P1"))]
    assert (row["amount"], row["category"]) == ("270.00", "destitute")
    await holds(books)


async def test_a_refund_follows_what_the_person_paid(books: Books) -> None:
    dibao = roster(category="dibao")
    await books.publish([enrol(year=2018, region=CHANGZHI, self_paid="180"), dibao])
    assert await shown(books) == {"basic civil_affairs": "180.00", "basic refund": "180.00"}
    await books.publish([enrol(year=2018, region=CHANGZHI, self_paid="100", id_="corrected")])
    assert await shown(books) == {"basic civil_affairs": "180.00", "basic refund": "100.00"}
    await books.publish([enrol(year=2018, region=CHANGZHI, id_="as-said-before")])
    assert await shown(books) == {"basic civil_affairs": "180.00", "basic refund": "100.00"}
    await books.publish([enrol(year=2018, region=CHANGZHI, self_paid="0", id_="nothing-paid")])
    assert await shown(books) == {"basic civil_affairs": "180.00"}
    assert [paid for kind, *_, paid in await bookings(books.engine) if kind == "refunded"] == [18_000, -8_000, -10_000]
    await holds(books)


async def test_a_second_enrollment_replaces_the_first_also_under_another_scheme(books: Books) -> None:
    await books.publish(ONE_YEAR)
    await books.publish([enrol(region=ANYI)])
    # 安义 二(四): 220 in 2019; 二(七): 330; 550 together
    own = {"basic county_finance": "220.00"}
    assert await shown(books) == own | {"supplementary poverty_alleviation_fund": "330.00"}
    async with books.engine.connect() as connection:
        net = await connection.execute(
            text("SELECT scheme, sum(paid) FROM ledger.entries WHERE type LIKE 'premium.%' GROUP BY 1 ORDER BY 1")
        )
        assert [tuple(row) for row in net] == [("anyi", 55_000), ("shanggao", 0)]
    await holds(books)
    await books.publish([enrol(region="110101")])  # where no scheme serves
    assert await shown(books) == {}
    await holds(books)


async def test_the_scheme_s_text_is_fixed_by_the_enrollment(books: Books) -> None:
    await books.publish(ONE_YEAR)
    anyone = next(each for each in SHIPPED if each.name == "shanggao")
    dearer = load_text(anyone.text.replace(b"value: 260", b"value: 300"), "shanggao.yaml")
    await adopt_schemes(books.engine, [dearer], "wang")
    await books.publish([roster(change="removed", on="2019-02-01"), enrol("P2", region=SHANGGAO), roster("P2")])
    assert (await shown(books))["supplementary county_finance"] == "260.00"
    assert (await shown(books, "P2"))["supplementary county_finance"] == "300.00"
    await holds(books)
    await books.publish([enrol(region=SHANGGAO, id_="anew")])
    assert (await shown(books))["supplementary county_finance"] == "300.00"
    await holds(books)


REFUND = {"basic civil_affairs": "220.00", "basic refund": "100.00"}


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
@pytest.mark.parametrize(
    ("died_on", "listed_on", "stands"),
    [
        ("2018-12-31", "2018-01-01", {}),  # before the cover of 2019
        ("2019-01-01", "2018-01-01", REFUND),  # on its first day
        ("2019-03-10", "2019-03-10", REFUND),
        ("2019-03-10", "2019-03-11", {}),  # on the roster after his death only
    ],
)
async def test_in_whatever_order_a_death_is_told_the_same_is_due(
    books: Books, died_on: str, listed_on: str, stands: dict[str, str], batch: int
) -> None:
    people = {f"P{place}": order for place, order in enumerate(permutations(range(3)))}
    for person, order in people.items():
        told = [
            enrol(person, region=CHANGZHI, self_paid="100"),
            roster(person, "dibao", on=listed_on),
            facts.death(person, died_on),
        ]
        await books.publish([told[place] for place in order], batch)
    assert {person: await shown(books, person) for person in people} == dict.fromkeys(people, stands)
    await holds(books)


async def test_a_late_death_takes_back_what_was_paid_and_to_the_person(books: Books) -> None:
    years = [enrol(year=year, region=CHANGZHI, self_paid="100") for year in (2018, 2019)]
    await books.publish([*years, roster(category="dibao"), facts.death(on="2018-06-30")])
    assert await shown(books, year=2018) == {"basic civil_affairs": "180.00", "basic refund": "100.00"}
    assert await shown(books, year=2019) == {}
    assert (await bookings(books.engine))[-2:] == [
        ("subsidised", 2019, "basic", "civil_affairs", -22_000),
        ("refunded", 2019, "basic", "civil_affairs", -10_000),
    ]
    told = await replay(books.engine, "P1")
    assert (told["history"][-1]["cause"]["type"], told["consistent"]) == ("person.died.v1", True)
    assert (await rebuild(books.engine, dry_run=True)).found == 0
    await holds(books)
    await books.publish([facts.death(on="2019-06-30")])  # corrected: he saw 2019
    assert await shown(books, year=2019) == REFUND
    await holds(books)


async def test_nothing_is_due_before_the_scheme_holds(books: Books) -> None:
    liaoning = "210102"  # its scheme is of 2018-09-20
    await books.publish([roster(), enrol(year=2018, region=liaoning), enrol(year=2019, region=liaoning)])
    assert await shown(books, year=2018) == {}
    assert await shown(books, year=2019) == {"supplementary assistance_fund": "100.00"}
    await books.publish([roster("P2"), enrol("P2", 2018, liaoning, "2018-09-19")])
    await books.publish([roster("P3"), enrol("P3", 2018, liaoning, "2018-09-20")])
    assert await shown(books, "P2") == {}
    assert await shown(books, "P3") == {"supplementary assistance_fund": "100.00"}
    await holds(books)


async def test_a_history_tells_premiums_as_they_stood(books: Books) -> None:
    await books.publish(ONE_YEAR)
    async with books.engine.connect() as connection:
        paid = (await connection.execute(text("SELECT max(recorded_at) FROM ledger.entries"))).scalar_one()
    await books.publish([hospital(region=SHANGGAO), *stay(1), roster(change="removed", on="2018-06-01")])
    then, now = await replay(books.engine, "P1", paid), await replay(books.engine, "P1")
    assert (len(then["premiums"]), len(now["premiums"])) == (3, 0)
    assert (then["consistent"], now["consistent"]) == (True, True)
    last = [entry for entry in now["history"] if entry["type"].startswith("premium.")][-1]
    assert last["premium"] == {
        "year": 2019,
        "scheme": "shanggao",
        "layer": "supplementary",
        "region": SHANGGAO,
        "payer": "county_finance",
        "category": "registered_poor",
        "cite": "上高县医疗保障局2019年度报告 一3",
        "grade": "seed",
        "before": "260.00",
        "after": "0.00",
    }
    assert (last["booked"], last["cause"]["type"]) == ("-260.00", "roster.changed.v1")


PLANTED = {
    "a booking": (
        "UPDATE ledger.entries SET paid = paid + 1 WHERE type = 'premium.subsidised.v1'",
        ["P1, 2019, 360923, shanggao, basic subsidised by county_finance, booked"],
    ),
    "whose region paid": (
        "UPDATE projections.premiums SET region = '360924' WHERE layer = 'critical_illness'",
        [
            "P1, 2019, 360923, shanggao, critical_illness purchased by basic_fund",
            "P1, 2019, 360924, shanggao, critical_illness purchased by basic_fund",
        ],
    ),
    "the projection": (
        "UPDATE projections.premiums SET amount = amount + 1 WHERE layer = 'supplementary'",
        ["P1, 2019, 360923, shanggao, supplementary purchased by county_finance"],
    ),
    "a row gone": (
        "DELETE FROM projections.premiums WHERE layer = 'critical_illness'",
        ["P1, 2019, 360923, shanggao, critical_illness purchased by basic_fund"],
    ),
    "a row too many": (
        "INSERT INTO projections.premiums VALUES"
        " ('P9', 2019, '360123', 'anyi', 'supplementary', 'purchased', 'basic_fund', 1, 'dibao', 'x', 'seed')",
        ["P9, 2019, 360123, anyi, supplementary purchased by basic_fund"],
    ),
    "the roster behind it": (
        "UPDATE ledger.entries SET raw = convert_to(replace(convert_from(raw, 'UTF8'), '2018-01-01', '2020-01-01'),"
        " 'UTF8') WHERE type = 'roster.changed.v1'",
        [
            f"P1, 2019, 360923, shanggao, {premium}{side}"
            for premium in (
                "basic subsidised by county_finance",
                "critical_illness purchased by basic_fund",
                "supplementary purchased by county_finance",
            )
            for side in (", booked", "")
        ],
    ),
}


@pytest.mark.parametrize("what", PLANTED)
async def test_a_planted_error_is_found(books: Books, what: str) -> None:
    await books.publish(ONE_YEAR)
    statement, expected = PLANTED[what]
    async with books.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        assert (await connection.execute(text(statement))).rowcount > 0
    problems = (await verify(books.engine)).problems
    assert [problem.where for problem in problems if problem.check == "premium"] == [
        f"person {each}" for each in expected
    ]


async def test_totals_by_payer_and_layer(books: Books) -> None:
    await books.publish([*ONE_YEAR, enrol("P2", region=SHANGGAO), roster("P2")])
    await books.publish([enrol("P3", year=2018, region=CHANGZHI, self_paid="50"), roster("P3", "dibao")])
    await books.publish([enrol("P4", year=2018, region=ITS_NEIGHBOUR), roster("P4", "dibao")])
    told = [row async for row in listings.premium_totals(books.engine)]
    names = ("year", "region", "scheme", "layer", "kind", "persons", "amount")
    assert [tuple(row[name] for name in names) for row in told] == [
        (2018, CHANGZHI, "changzhi", "basic", "refunded", 1, "50.00"),
        (2018, CHANGZHI, "changzhi", "basic", "subsidised", 1, "180.00"),
        (2018, ITS_NEIGHBOUR, "changzhi", "basic", "subsidised", 1, "180.00"),  # one scheme, two counties that pay
        (2019, SHANGGAO, "shanggao", "basic", "subsidised", 2, "500.00"),
        (2019, SHANGGAO, "shanggao", "critical_illness", "purchased", 2, "150.00"),
        (2019, SHANGGAO, "shanggao", "supplementary", "purchased", 2, "520.00"),
    ]
    assert len([row async for row in listings.premium_totals(books.engine, WantedPremiums(year=2018))]) == 3


async def test_who_moves_within_a_scheme_is_paid_for_by_his_new_county(books: Books) -> None:
    """长治 2019: registered_poor's 220 are the county finance's; the old county's is taken back in the same breath.

    To him only the difference is due, from the county that paid him: 70 less 100.
    """
    await books.publish([enrol(region=CHANGZHI, self_paid="100"), roster()])
    await books.publish([enrol(region=ITS_NEIGHBOUR, self_paid="70", id_="moved")])
    async with books.engine.connect() as connection:
        refunds = [refund async for refund in load_refunds(connection, 0, 1_000)]
        rows = await connection.execute(
            text(
                "SELECT type, convert_from(data, 'UTF8')::json ->> 'region' AS region, paid FROM ledger.entries"
                " WHERE type LIKE 'premium.%' ORDER BY number"
            )
        )
        booked = [(row.type.split(".")[1], row.region, row.paid) for row in rows]
    assert booked[:2] == [("subsidised", CHANGZHI, 22_000), ("refunded", CHANGZHI, 10_000)]
    assert sorted(booked[2:]) == [
        ("refunded", CHANGZHI, -10_000),
        ("refunded", ITS_NEIGHBOUR, 7_000),
        ("subsidised", CHANGZHI, -22_000),
        ("subsidised", ITS_NEIGHBOUR, 22_000),
    ]
    assert [(refund.region, refund.first, refund.amount) for refund in refunds] == [
        (CHANGZHI, True, 10_000),
        (CHANGZHI, False, -3_000),
    ]
    stands = [(row["region"], row["kind"], row["amount"]) async for row in listings.premium_rows(books.engine)]
    assert stands == [(ITS_NEIGHBOUR, "refunded", "70.00"), (ITS_NEIGHBOUR, "subsidised", "220.00")]
    assert (await rebuild(books.engine, dry_run=True)).found == 0
    await holds(books)
    await books.publish([enrol(region=CHANGZHI, self_paid="100", id_="back"), facts.death(on="2018-06-30")])
    assert await shown(books) == {}
    assert (await rebuild(books.engine, dry_run=True)).found == 0
    await holds(books)


async def test_anyi_s_account_over_two_years(books: Books) -> None:
    enrolled = [enrol(person, year, ANYI) for person in ("P1", "P2", "P3", "P4") for year in (2018, 2019)]
    poor = [roster(person) for person in ("P1", "P2", "P3", "P4")]
    bill = facts.bill("0", self_funded="1000")
    # out of catalog 75% of 1,000, then up to 90% of the total: 900
    await books.publish([hospital(region=ANYI), *enrolled, *poor, *stay(1, on="2018-05-01", bill=bill)])
    bill = facts.bill("0", self_funded="3000")
    await books.publish(stay(2, on="2019-05-01", bill=bill))  # 2,700
    await catch_up(books.engine)
    told = [year.json() for year in await fund_accounts(books.engine, scheme="anyi")]
    names = ("year", "carried_in", "premiums", "operations", "payouts", "carried_out", "by_government")
    assert [tuple(year[name] for name in names) for year in told] == [
        # 4 × 330 = 1,320; 6% = 79.20; 1,320 − 79.20 − 900 = 340.80
        (2018, "0.00", "1320.00", "79.20", "900.00", "340.80", "0.00"),
        # 340.80 + 1,320 − 79.20 − 2,700 = −1,118.40
        (2019, "340.80", "1320.00", "79.20", "2700.00", "0.00", "1118.40"),
    ]
    await books.publish([facts.reverse("C2")])
    await catch_up(books.engine)
    year = (await fund_accounts(books.engine, scheme="anyi"))[-1]
    assert (year.payouts, year.carried_out, year.by_government) == (0, 158_160, 0)
    with pytest.raises(LookupError, match="no scheme nowhere is in force"):
        await fund_accounts(books.engine, scheme="nowhere")
