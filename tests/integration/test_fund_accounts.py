"""Accounts of funds: what is booked, what offices note in two steps, balances by hand, transfers of premiums."""

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.funds import USUAL
from policies.loader import load_text
from processors.accounts import listings, steps
from processors.accounts.fund_account import fund_accounts
from processors.accounts.journal import rebuild
from processors.accounts.refusal import FundMovementRefused
from processors.accounts.steps import FundMovementOrder
from processors.finance.catch_up import catch_up
from processors.law.adoption import adopt_schemes
from processors.proof.verify import verify
from tests import facts
from tests.clearings import cleared
from tests.finance import query
from tests.histories import History
from tests.ledger import SHIPPED, Books

FUSONG, CHANGZHI, SHANGGAO = "220621", "140421", "360923"
LINES = {"opening": 10_000_00, "appropriation": 5_000_00}


def order(kind: str, amount: int, reference: str, **more: Any) -> FundMovementOrder:
    """An order of 上高's, of March 2019, to its basic fund unless another is named."""
    of_shanggao = {"scheme": "shanggao", "region": SHANGGAO, "moved_on": date(2019, 3, 1)}
    to = {} if "from_fund" in more else {"to_fund": "basic_fund"}
    return FundMovementOrder(kind=kind, amount=amount, reference=reference, **{**of_shanggao, **to, **more})


async def noted(engine: AsyncEngine, entered: FundMovementOrder) -> str:
    """Enter a movement and have another person approve it."""
    movement_id = await steps.enter(engine, entered, "wang")
    await steps.approve(engine, movement_id, "li")
    return movement_id


async def account(engine: AsyncEngine, fund: str, **narrowed: Any) -> list[dict[str, Any]]:
    """The years of a fund's account, with the amounts that are not zero."""
    await catch_up(engine)
    years = [year.json() for year in await fund_accounts(engine, fund=fund, **narrowed)]
    amounts = [{name: value for name, value in year.items() if value not in (None, "0.00")} for year in years]
    said = ("scheme", "region", "fund", "ratio", "cite", "grade")
    return [
        {name: value for name, value in year.items() if name not in said and not name.endswith(("_cite", "_grade"))}
        for year in amounts
    ]


async def holds(engine: AsyncEngine) -> None:
    await catch_up(engine)
    assert (await verify(engine)).problems == []


@pytest.fixture
async def shanggao(books: Books) -> Books:
    """A poor person of 上高 insured for 2019, and one stay: basic 6,880, supplementary 2,120."""
    bill = facts.bill("9000", self_funded="1000")
    await books.publish([facts.hospital(region=SHANGGAO, tier=2), facts.enrol("P1", 2019, SHANGGAO), facts.roster()])
    await books.publish(facts.stay(1, bill=bill))
    return books


async def test_balances_are_carried_in_and_what_came_in_less_what_went_out(shanggao: Books) -> None:
    engine = shanggao.engine
    for number, (kind, fen) in enumerate(LINES.items()):
        await noted(engine, order(kind, fen, f"B{number}"))
    await noted(engine, order("premium", 200_00, "B3", from_fund="county_finance", to_fund="basic_fund", **PAPERS))
    # 10,000 + 5,000 + 250 due for P1 − 6,880 for C1 − 75 for P1's critical-illness insurance; 200 of the 250 came
    assert await account(engine, "basic_fund") == [
        {
            "year": 2019,
            "opening": "10000.00",
            "income": "5000.00",
            "premiums": "250.00",
            "payouts": "6880.00",
            "premiums_paid": "75.00",
            "premiums_received": "200.00",
            "balance": "8295.00",
            "carried_out": "8295.00",
        }
    ]
    # 250 for basic and 260 for supplementary insurance; 200 have moved
    (county,) = await account(engine, "county_finance")
    assert (county["premiums_paid"], county["premiums_transferred"], county["balance"]) == (
        "510.00",
        "200.00",
        "-510.00",
    )
    # 260 − 2,120: 上高's report says nothing of who bears it, so it is carried
    (supplementary,) = await account(engine, "supplementary")
    assert (supplementary["balance"], supplementary["carried_out"]) == ("-1860.00", "-1860.00")
    # a stay of 2020 is reversed: nothing is left of it
    await shanggao.publish([facts.enrol("P1", 2020, SHANGGAO), *facts.stay(2, on="2020-02-01", in_scope="9000")])
    assert [year["year"] for year in await account(engine, "basic_fund")] == [2019, 2020]
    await shanggao.publish([facts.reverse("C2")])
    (_, second) = await account(engine, "basic_fund", scheme="shanggao", region="360900")
    assert (second["carried_in"], second.get("payouts"), second["premiums"]) == ("8295.00", None, "250.00")
    balances = await query(
        engine,
        "SELECT year, carried_in, money_in, money_out, balance FROM finance.fund_balances WHERE fund = 'basic_fund'",
    )
    assert [tuple(map(str, row.values())) for row in balances] == [
        ("2019", "0.00", "15250.00", "6955.00", "8295.00"),
        ("2020", "8295.00", "250.00", "75.00", "8470.00"),
    ]
    await holds(engine)


PAPERS = {"order_no": "上财社〔2019〕7号", "proof": "order.pdf sha256:00"}


async def test_transfers_of_premiums_stand_beside_what_is_due(shanggao: Books) -> None:
    engine = shanggao.engine
    with pytest.raises(FundMovementRefused, match="needs its order and a proof"):
        await steps.enter(
            engine, order("premium", 1, "T0", from_fund="county_finance", to_fund="supplementary"), "wang"
        )
    to_supplementary = {"from_fund": "county_finance", "to_fund": "supplementary", **PAPERS}
    await noted(engine, order("premium", 100_00, "T1", **to_supplementary))
    await steps.enter(engine, order("premium", 99_00, "T2", **to_supplementary), "wang")  # nobody has approved it
    await catch_up(engine)
    rows = [row async for row in listings.premium_transfer_rows(engine, region="360900", year=2019)]
    told = {(row["payer"], row["fund"]): (row["due"], row["transferred"], row["difference"]) for row in rows}
    assert told == {
        ("county_finance", "basic_fund"): ("250.00", "0.00", "250.00"),
        ("basic_fund", "critical_illness"): ("75.00", "0.00", "75.00"),
        ("county_finance", "supplementary"): ("260.00", "100.00", "160.00"),
    }
    # what is due is what `claims premiums` says
    premiums = await query(engine, "SELECT sum(amount) AS fen FROM projections.premiums WHERE kind <> 'refunded'")
    assert sum(Decimal(due) for due, _, _ in told.values()) * 100 == premiums[0]["fen"]
    (listed, waiting) = await listings.movement_rows(engine, year=2019)
    assert (listed["order_no"], listed["proof"], listed["status"]) == (*PAPERS.values(), "approved")
    assert waiting["status"] == "entered"


async def test_what_a_person_had_paid_himself_goes_to_him_and_not_to_the_insurance(books: Books) -> None:
    """长治 三(一)2: civil affairs bears 220; P1 had paid 100 of it, so 120 go to basic insurance and 100 to P1."""
    await books.publish([facts.enrol("P1", 2019, CHANGZHI, self_paid="100"), facts.roster(category="dibao")])
    (civil_affairs,) = await account(books.engine, "civil_affairs")
    assert civil_affairs == {
        "year": 2019,
        "premiums_paid": "120.00",
        "refunds": "100.00",
        "balance": "-220.00",
        "carried_out": "-220.00",
    }
    (basic,) = await account(books.engine, "basic_fund")
    assert (basic["premiums"], basic["balance"]) == ("120.00", "120.00")
    await holds(books.engine)


async def test_the_emergency_fund_lends_and_is_repaid(books: Books) -> None:
    """1,000 are allotted, 700 lent: 300 are left; 600 come back by a clearing and 100 in cash."""
    fusong = {"scheme": "fusong", "region": FUSONG}
    await noted(
        books.engine, order("allocation", 1000_00, "A1", from_fund="county_finance", to_fund="emergency_fund", **fusong)
    )
    await books.publish([facts.hospital(), facts.enrol(), facts.advance("L1", "700", "2019-03-01")])
    assert [year["balance"] for year in await account(books.engine, "emergency_fund")] == ["300.00"]
    # tier 3: 60% of (1,800 − 800) = 600, all of which repays the loan
    await books.publish(facts.stay(1, in_scope="1800", prepaid=True))
    shown = await cleared(books)
    assert [row["amount"] for row in shown["repayments"]] == ["600.00"]
    first, *_, last = await account(books.engine, "emergency_fund", scheme="fusong", region=FUSONG)
    assert (first["advances"], first["transfers_in"], first["balance"]) == ("700.00", "1000.00", "300.00")
    assert (last["repayments"], last["balance"]) == ("600.00", "900.00")
    await holds(books.engine)


async def test_finance_sets_the_backstop_fund_up_and_it_pays(books: Books) -> None:
    """抚松 三(二)7: 大病兜底资金 is finance's money; what layer backstop pays comes out of it and of nothing else."""
    fusong = {"scheme": "fusong", "region": FUSONG}
    between = {"from_fund": "county_finance", "to_fund": "backstop_fund"}
    await noted(books.engine, order("allocation", 9_000_00, "A1", **between, **fusong))
    await books.publish([facts.hospital(), facts.enrol(), facts.roster()])
    await books.publish(facts.stay(1, bill=facts.bill("10000", self_funded="3000")))
    (booked,) = await query(
        books.engine, "SELECT sum(paid) AS fen FROM ledger.entries WHERE layer = 'backstop' AND type LIKE 'payout.%'"
    )
    paid = Decimal(booked["fen"]) / 100
    assert paid > 0
    (backstop,) = await account(books.engine, "backstop_fund", scheme="fusong")
    assert backstop == {
        "year": 2019,
        "transfers_in": "9000.00",
        "payouts": f"{paid:.2f}",
        "kept": "财政出资设立",
        "balance": f"{9000 - paid:.2f}",
        "carried_out": f"{9000 - paid:.2f}",
    }
    (county,) = await account(books.engine, "county_finance", scheme="fusong")
    # 9,000 for the fund, and 140 of P1's premium
    assert (county["transfers_out"], county["premiums_paid"], county["balance"]) == ("9000.00", "140.00", "-9140.00")
    await holds(books.engine)


async def test_a_part_of_a_subsidy_goes_from_the_basic_fund_to_critical_illness(books: Books) -> None:
    """抚松 三(二)5: of 2018's 40 a head more, 20 are for critical illness: with 3 insured 60 of 120."""
    of_2018 = {"scheme": "fusong", "region": FUSONG, "moved_on": date(2018, 6, 1)}
    await noted(books.engine, order("appropriation", 120_00, "B1", **of_2018))
    between = {"from_fund": "basic_fund", "to_fund": "critical_illness"}
    await noted(books.engine, order("allocation", 60_00, "B2", **between, **of_2018))
    for fund, lines in (("basic_fund", {"income": "120.00", "transfers_out": "60.00"}), ("critical_illness", {})):
        (year,) = await account(books.engine, fund)
        assert year == {
            "year": 2018,
            "balance": "60.00",
            "carried_out": "60.00",
            **(lines or {"transfers_in": "60.00"}),
        }
    await holds(books.engine)


INSURERS = """
vocabulary:
  insurers: {first: {name: 甲公司, name_en: First}, second: {name: 乙公司, name_en: Second}}
fund_accounts:
  critical_illness:
    kept: {value: 单独核算, grade: seed, cite: 四(三)}
funds:
  critical_illness: {fund: critical_illness, insurer: INSURER, grade: assumed, cite: 协议}
"""


async def test_each_insurer_has_an_account_of_its_own(books: Books) -> None:
    """长治 四(三): a county buys from one insurer, then from another; each account has its own payouts and money."""
    shipped = next(text for text in SHIPPED if text.name == "changzhi").text.decode()
    head, _, rest = shipped.partition("fund_accounts:")
    tail = rest[rest.index("administration:") :]
    for insurer, claim, fen in (("first", 1, 700_00), ("second", 2, 900_00)):
        own = load_text((head + INSURERS.replace("INSURER", insurer) + tail).encode(), "changzhi.yaml")
        await adopt_schemes(books.engine, [own], "li")
        more = {"scheme": "changzhi", "region": CHANGZHI, "to_fund": "critical_illness"}
        await noted(books.engine, order("contribution", fen, f"C{claim}", **more))  # the insurer is the text's
        if claim == 1:
            await books.publish([facts.hospital(region=CHANGZHI), facts.enrol("P1", 2019, CHANGZHI), facts.roster()])
        await books.publish(facts.stay(claim, on=f"2019-0{claim}-10", in_scope="40000"))
    rows = await query(
        books.engine,
        """SELECT convert_from(data, 'UTF8')::jsonb ->> 'insurer' AS insurer, sum(paid) AS fen FROM ledger.entries
           WHERE layer = 'critical_illness' AND type LIKE 'payout.%' GROUP BY 1""",
    )
    paid = {row["insurer"]: int(row["fen"]) for row in rows}
    assert paid.keys() == {"first", "second"}
    assert min(paid.values()) > 0
    await catch_up(books.engine)
    years = await fund_accounts(books.engine, fund="critical_illness", region="140400")
    told = {each.insurer: (each.income, each.payouts, each.balance, each.kept) for each in years}
    assert told == {
        "first": (700_00, paid["first"], 700_00 - paid["first"], "单独核算"),
        "second": (900_00, paid["second"], 900_00 - paid["second"], "单独核算"),
    }
    with pytest.raises(FundMovementRefused, match="资金 critical_illness 不由 third 承办"):
        await steps.enter(books.engine, order("other", 1, "C9", to_insurer="third", **more), "wang")
    # the former one is sent what it is still owed
    await noted(books.engine, order("other", 5_00, "C9", to_insurer="first", **more))
    await catch_up(books.engine)
    incomes = {each.insurer: each.income for each in await fund_accounts(books.engine, fund="critical_illness")}
    assert incomes == {"first": 705_00, "second": 900_00}
    await holds(books.engine)


async def test_two_persons_and_one_reference_for_one_movement(shanggao: Books) -> None:
    engine = shanggao.engine
    first = await steps.enter(engine, order("appropriation", 500_00, "ＢＡＮＫ 1"), "wang")
    assert [year.get("income") for year in await account(engine, "basic_fund")] == [None]
    with pytest.raises(FundMovementRefused, match=f"reference bank1 was noted already as {first}"):
        await steps.enter(engine, order("interest", 5_00, "bank1"), "wang")
    with pytest.raises(ValueError, match="another person must approve it"):
        await steps.approve(engine, first, "WANG")
    await steps.approve(engine, first, "li")
    with pytest.raises(FundMovementRefused, match=f"{first} is approved, not entered"):
        await steps.withdraw(engine, first, "li", "twice")
    assert [year["income"] for year in await account(engine, "basic_fund")] == ["500.00"]
    with pytest.raises(ValueError, match="another person must take it back"):
        await steps.reverse(engine, first, "wang", "50, not 500")
    await steps.reverse(engine, first, "li", "50, not 500")
    corrected = await noted(engine, order("appropriation", 50_00, "bank1"))
    assert [year["income"] for year in await account(engine, "basic_fund")] == ["50.00"]
    withdrawn = await steps.enter(engine, order("interest", 5_00, "B9"), "wang")
    await steps.withdraw(engine, withdrawn, "wang", "wrong fund")
    with pytest.raises(FundMovementRefused, match="there is no movement nothing"):
        await steps.approve(engine, "nothing", "li")
    states = {row["movement_id"]: row["status"] for row in await listings.movement_rows(engine)}
    assert states == {first: "reversed", corrected: "approved", withdrawn: "withdrawn"}
    await holds(engine)


@pytest.mark.parametrize(
    ("entered", "says"),
    [
        (order("interest", 1, "R", scheme="nowhere"), "没有在用的政策 nowhere"),
        (order("interest", 1, "R", region=FUSONG), "政策 shanggao 不用于统筹区 220621"),
        (order("interest", 1, "R", to_fund="lottery"), "没有资金 lottery"),
        (order("interest", 1, "R", to_insurer="甲"), "资金 basic_fund 不由 甲 承办"),
        (order("interest", 0, "R"), "must be above 0"),
        (order("interest", 1, "R", moved_on=date(2099, 1, 1)), "is to come"),
        (order("interest", 1, "R", year=2017), "more than one from"),
        (order("fine", 1, "R"), "a fine names its number"),
        (order("fine", 1, "R", fine_id="F9"), "no fine F9 was imposed"),
        (order("deficit", 1, "R", from_fund="county_finance"), "name another fund"),
        (order("surplus", 1, "R", from_fund="basic_fund", to_fund="basic_fund"), "name another fund"),
        (order("operations", 1, "R", from_fund="supplementary", to_fund="basic_fund"), "go to no fund"),
    ],
)
async def test_what_the_books_do_not_allow_is_refused(books: Books, entered: FundMovementOrder, says: str) -> None:
    with pytest.raises(FundMovementRefused, match=says):
        await steps.enter(books.engine, entered, "wang")
    assert await listings.movement_rows(books.engine) == []


async def test_no_more_of_a_fine_comes_in_than_was_imposed_and_one_opening_balance(books: Books) -> None:
    await books.publish([facts.hospital(), facts.fine(amount="1000") | {"source": f"bureau/{SHANGGAO}"}])
    with pytest.raises(FundMovementRefused, match=f"it is no money of {FUSONG}"):
        await steps.enter(books.engine, order("fine", 1, "R1", fine_id="F1", scheme="fusong", region=FUSONG), "wang")
    await noted(books.engine, order("fine", 600_00, "R1", fine_id="F1"))
    with pytest.raises(FundMovementRefused, match=r"1000\.00 was imposed and 600\.00 is in"):
        await steps.enter(books.engine, order("fine", 401_00, "R2", fine_id="F1"), "wang")
    await noted(books.engine, order("fine", 400_00, "R2", fine_id="F1"))
    opening = await noted(books.engine, order("opening", 1_00, "R3"))
    with pytest.raises(FundMovementRefused, match=f"has an opening balance: {opening}"):
        await steps.enter(books.engine, order("opening", 2_00, "R4"), "wang")
    await noted(books.engine, order("opening", 2_00, "R4", to_fund="critical_illness"))
    (year,) = await account(books.engine, "basic_fund")
    assert (year["fines"], year["balance"]) == ("1000.00", "1001.00")


@pytest.mark.parametrize("seed", [5, 6])
async def test_the_lines_of_accounts_are_what_the_journals_book(engine: AsyncEngine, seed: int) -> None:
    """Summed once more here, from the entries alone, whatever happened and however it was counted."""
    history = History(seed, stays=20)
    books = await Books.open(engine, partitions=2, seed=seed)
    for start in range(0, len(history.events), 80):
        await books.publish(history.events[start : start + 80], batch=9)
        await catch_up(engine, at_once=11)
    await holds(engine)
    expected: Counter[tuple[str, int, str, str]] = Counter()
    rows = await query(
        engine,
        """SELECT entry.type, entry.layer, entry.track, entry.scheme, entry.paid, entry.data,
                  coalesce(entry.year, extract(year FROM claim.date)::int) AS year
           FROM ledger.entries AS entry LEFT JOIN projections.claims AS claim USING (claim_id)
           WHERE entry.type LIKE 'payout.%' OR entry.type LIKE 'grant.%' OR entry.type LIKE 'premium.%'""",
    )
    for row in rows:
        said, kind = json.loads(row["data"]), row["type"].partition(".")[0]
        of = row["scheme"], row["year"]
        if kind in ("payout", "grant"):
            expected[*of, said["fund"], f"{kind}s"] += row["paid"]
            continue
        refunded = row["type"] == "premium.refunded.v1"
        to_insurance = -row["paid"] if refunded else row["paid"]
        expected[*of, USUAL[row["layer"]], "premiums"] += to_insurance
        expected[*of, said["payer"], "premiums_paid"] += to_insurance
        expected[*of, said["payer"], "refunds"] += row["paid"] if refunded else 0
    found = await query(
        engine,
        """SELECT scheme, year, fund, line, (sum(amount) * 100)::bigint AS fen FROM finance.fund_lines
           WHERE line IN ('payouts', 'grants', 'premiums', 'premiums_paid', 'refunds') GROUP BY 1, 2, 3, 4""",
    )
    booked = {(row["scheme"], row["year"], row["fund"], row["line"]): row["fen"] for row in found if row["fen"]}
    assert booked == {key: fen for key, fen in expected.items() if fen}
    assert len(booked) > 10


async def test_verify_names_what_was_changed_behind_the_journals(shanggao: Books) -> None:
    engine = shanggao.engine
    movement = await noted(engine, order("interest", 5_00, "B1"))
    await holds(engine)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE projections.fund_movements SET amount = 7"))
        await connection.execute(
            text(
                """UPDATE projections.fund_bookings SET amount = amount + 1
                   WHERE line = 'payouts' AND fund = 'basic_fund'"""
            )
        )
    problems = {(each.check, each.where): (each.expected, each.found) for each in (await verify(engine)).problems}
    assert problems == {
        ("account", f"movement {movement}"): (
            "interest 5.00 on 2019-03-01, B1, approved",
            "interest 0.07 on 2019-03-01, B1, approved",
        ),
        ("account", f"2019 shanggao {SHANGGAO} basic_fund payouts"): ("6880.00", "6880.01"),
        ("account", "payouts of all accounts"): ("9000.00", "9000.01"),
    }
    assert await rebuild(engine) == {"fund_movements": 1, "fund_budgets": 0}
    await catch_up(engine, anew=True)
    await holds(engine)
