"""``claims premiums``, ``account`` and ``fines`` as people and programs call them."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from infra.postgres.engine import connect
from tests import facts
from tests.ledger import Books
from tests.program import Done, claims

Call = Callable[..., Awaitable[Done]]
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


async def _money_is_entered_and_approved(call: Call, folder: Path) -> None:
    """330 are due for P1's supplementary insurance of 2018; 300 of it are transferred, by two persons."""
    paper = folder / "order.pdf"
    paper.write_bytes(b"pay 300")
    of = ("--scheme", "anyi", "--region", ANYI, "--on", "2018-03-01", "--actor", "wang", "--json")
    funds = ("--from", "poverty_alleviation_fund", "--to", "supplementary", "--amount", "300", "--order", "7号")
    entered = await call("funds", "transfer", "premium", *of, *funds, "--reference", "B1", "--proof", str(paper))
    assert (entered.code, entered.rows[0]["status"]) == (0, "entered"), entered.err
    movement = entered.rows[0]["movement_id"]
    refused = await call("funds", "approve", movement, "--actor", "wang")
    assert (refused.code, "须由另一人办理" in refused.err) == (2, True)
    assert (await call("funds", "approve", movement, "--actor", "li")).code == 0
    again = await call(
        "funds", "receive", "interest", *of, "--fund", "supplementary", "--amount", "1", "--reference", "b1"
    )
    assert (again.code, "凭证号 b1 已登记" in again.err) == (2, True)
    (listed,) = (await call("funds", "list", "--json")).rows
    assert listed["proof"] == f"order.pdf sha256:{hashlib.sha256(b'pay 300').hexdigest()}"
    transfers = (await call("premiums", "--transfers", "--year", "2018", "--json")).rows
    told = {(row["payer"], row["fund"]): (row["due"], row["transferred"], row["difference"]) for row in transfers}
    assert told["poverty_alleviation_fund", "supplementary"] == ("330.00", "300.00", "30.00")
    out = folder / "account.xlsx"
    every = await call("account", "--region", ANYI, "--out", str(out), "--json")
    accounts = {
        row["fund"]: (row["premiums_received"], row["premiums_transferred"], row["balance"]) for row in every.rows
    }
    assert accounts["supplementary"] == ("300.00", "0.00", "310.20")
    assert accounts["poverty_alleviation_fund"] == ("0.00", "300.00", "-330.00")
    assert out.read_bytes()[:2] == b"PK"
    shown = (await call("account", "--region", ANYI)).out.decode()
    assert "结余、亏损文件未规定" in shown  # of all funds but the supplementary one
    assert "补充保险资金 supplementary" in shown


async def test_the_commands(database: str, tmp_path: Path) -> None:
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
    done = await call("account", "--scheme", "nowhere")
    assert (done.code, done.out) == (2, b"")
    assert "no scheme nowhere is in force" in done.err
    await _money_is_entered_and_approved(call, tmp_path)

    assert "1,234.50" in (await call("fines", "--hospital", "H1")).out.decode()

    told = (await call("replay", "P1")).out.decode()
    assert "购买 purchased: 2018 360123 补充保险 supplementary, 财政专项扶贫资金" in told
    assert "0.00 → 330.00" in told
