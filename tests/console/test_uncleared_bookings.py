"""What no clearing has taken yet opens the bookings behind it, and these come to it; so does their export."""

from decimal import Decimal

import orjson

from processors.clearing.uncleared_bookings import uncleared_rows
from tests.console.harness import ConsoleUnderTest, SignedIn

REGION = "360923"


async def entries(session: SignedIn, **narrow: str) -> list[dict[str, str]]:
    exported = await session.get(f"/clearing/uncleared/{REGION}", format="json", **narrow)
    assert exported.status_code == 200, exported.text
    rows: list[dict[str, str]] = orjson.loads(exported.content)["rows"]
    return rows


def sum_of(rows: list[dict[str, str]]) -> Decimal:
    return sum((Decimal(str(row["amount"])) for row in rows), Decimal())


async def test_uncleared_money_opens_the_bookings_behind_it(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    [told] = [row for row in await uncleared_rows(console.running.state.engine) if row["region"] == REGION]
    assert f'href="/clearing/uncleared/{REGION}"' in (await session.get("/clearing")).text
    rows = await entries(session)
    assert (len(rows), sum_of(rows)) == (told["bookings"], Decimal(told["amount"]))
    page = await session.get(f"/clearing/uncleared/{REGION}")
    assert f"共 {told['bookings']:,} 行" in page.text
    assert f"{Decimal(told['amount']):,.2f}" in page.text, "the sum stands below the rows"
    basic = await entries(session, layer="basic")
    others = [row for row in rows if row not in basic]
    assert sum_of(basic) + sum_of(others) == sum_of(rows)
    assert 0 < len(basic) < len(rows)

    drafted = await session.post("/clearing/draft", {"region": REGION, "month": str(told["since"])[:7]})
    assert drafted.status_code == 200, drafted.text
    [told] = [row for row in await uncleared_rows(console.running.state.engine) if row["region"] == REGION]
    rows = await entries(session)
    assert (len(rows), sum_of(rows)) == (told["bookings"], Decimal(told["amount"])), "a draft has taken them"


async def test_only_a_region_has_uncleared_money(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    assert (await session.get("/clearing/uncleared/x")).status_code == 404
    assert (await session.get("/clearing/uncleared/110101")).status_code == 200, "it has none, and says so"
    assert (await (await console.signed_in("leader")).get(f"/clearing/uncleared/{REGION}")).status_code == 403
