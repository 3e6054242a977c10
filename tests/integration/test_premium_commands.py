"""``claims premiums``, ``account`` and ``fines`` as people and programs call them."""

from infra.postgres.engine import connect
from tests import facts
from tests.ledger import Books
from tests.program import Done, claims

ANYI, SHANGGAO = "360123", "360923"
EVENTS = [
    facts.hospital(region=ANYI),
    facts.enrol("P1", 2018, ANYI),
    facts.roster("P1"),
    facts.enrol("P2", 2019, SHANGGAO),
    facts.roster("P2"),
    facts.fine(amount="1234.5"),
]


PREMIUMS = [
    {
        "person_id": "P1",
        "year": 2018,
        "region": ANYI,
        "scheme": "anyi",
        "layer": "basic",
        "kind": "subsidised",
        "payer": "county_finance",
        "amount": "180.00",
        "category": "registered_poor",
        "grade": "assumed",
        "cite": "安义县健康扶贫再提升实施方案 二(四): all, by finance; the sum assumed",
    },
    {
        "person_id": "P1",
        "year": 2018,
        "region": ANYI,
        "scheme": "anyi",
        "layer": "supplementary",
        "kind": "purchased",
        "payer": "poverty_alleviation_fund",
        "amount": "330.00",
        "category": "registered_poor",
        "grade": "seed",
        "cite": "安义县健康扶贫再提升实施方案 二(七)",
    },
]


async def test_the_commands(database: str) -> None:
    engine = connect(database)
    books = await Books.open(engine)
    await books.publish(EVENTS)
    await engine.dispose()

    async def call(*arguments: str) -> Done:
        env = {"CLAIMS_DATABASE_URL": database, "CLAIMS_NATS_URL": "nats://127.0.0.1:1"}
        return await claims(*arguments, env=env)

    done = await call("premiums", "--person", "P1", "--json")
    assert (done.code, done.rows) == (
        0,
        PREMIUMS,
    )
    told = (await call("premiums", "--year", "2019", "--totals")).out.decode()
    assert [
        line for line in told.splitlines() if "县财政 county_finance" in line and SHANGGAO in line and "260.00" in line
    ]
    assert "330.00" not in told

    done = await call("account", "--scheme", "anyi", "--json")
    # 330 − 6% of it, 19.80
    assert [(row["premiums"], row["operations"], row["carried_out"]) for row in done.rows] == [
        ("330.00", "19.80", "310.20")
    ]
    done = await call("account", "--scheme", "fusong")
    assert (done.code, done.out) == (2, b"")
    assert "keeps no supplementary account" in done.err

    assert "1,234.50" in (await call("fines", "--hospital", "H1")).out.decode()

    told = (await call("replay", "P1")).out.decode()
    assert "购买 purchased: 2018 360123 补充保险 supplementary, 财政专项扶贫资金" in told
    assert "0.00 → 330.00" in told
