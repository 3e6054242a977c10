"""Registers of the office and scorecards of hospitals in the console."""

import re

import orjson
import pytest

from infra.console.registers.listings import ALL_REGISTERS
from processors.registers.register import register_rows
from processors.supervision.scorecards.listings import scorecards, told_card
from tests.console.harness import ConsoleUnderTest


@pytest.mark.parametrize("name", sorted(ALL_REGISTERS))
async def test_a_register_has_the_rows_of_its_command(console: ConsoleUnderTest, name: str) -> None:
    session = await console.signed_in("ledger_writer")
    register = ALL_REGISTERS[name]
    expected = [row async for row in register_rows(console.running.state.engine, register, {})]
    told = await session.get(f"/registers/{name}", format="json")
    assert told.status_code == 200, told.text
    rows = orjson.loads(told.content)["rows"]
    assert len(rows) == len(expected)
    keyed = [field.name for field in register.fields if field.kind in ("text", "day") and field.name != "recorded_at"]
    assert sorted(str([row[key] for key in keyed]) for row in rows) == sorted(
        str([row[key] for key in keyed]) for row in expected
    )
    page = await session.get(f"/registers/{name}")
    assert page.status_code == 200
    for form in ("xlsx", "csv", "parquet"):
        assert (await session.get(f"/registers/{name}", format=form)).status_code == 200, form


async def test_each_filter_of_each_register_is_that_of_its_command(console: ConsoleUnderTest) -> None:
    """A value of a row for each filter, what the command takes for it, and the rows of both."""
    session = await console.signed_in("ledger_writer")
    engine = console.running.state.engine
    tried = 0
    for name in ("hospitals", "cards", "card-counts", "households", "referrals"):
        register = ALL_REGISTERS[name]
        rows = [row async for row in register_rows(engine, register, {})]
        for each in register.filters:
            if each.match not in ("equal", "region", "flag", "month") or not rows or each.column not in rows[0]:
                continue
            value = rows[0][each.column]
            expected = [row async for row in register_rows(engine, register, {each.option: value})]
            typed = {True: "yes", False: "no"}.get(value, value) if each.match == "flag" else value
            told = await session.get(f"/registers/{name}", **{each.option: typed, "format": "json"})
            assert told.status_code == 200, (name, each.option, told.text)
            assert len(orjson.loads(told.content)["rows"]) == len(expected), (name, each.option)
            tried += 1
    assert tried > 8


async def test_a_filter_by_a_code_of_a_list_and_by_a_person(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    assert (await session.get("/registers/cards", fault="no_household")).status_code == 200
    assert (await session.get("/registers/none")).status_code == 404
    writer = await console.signed_in("ledger_writer")
    cards = orjson.loads((await writer.get("/registers/cards", format="json")).content)["rows"]
    person = cards[0]["person_id"]
    asked = await session.get("/registers/cards", person=person)
    assert asked.url.path == "/access/purpose"
    shown = await writer.get("/registers/cards", person=person)
    assert f'href="/persons/{person}"' in shown.text
    looks = orjson.loads((await session.get("/access", person=person, format="json")).content)["rows"]
    assert {look["page"] for look in looks} == {"register cards"}


async def test_scorecards_are_computed_in_the_background_and_kept(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    assert "还没有计分" in (await session.get("/scorecards", year="2019")).text
    assert "已计分" in await session.ended(await session.post("/scorecards", {"year": "2019"}))
    rows = orjson.loads((await session.get("/scorecards", year="2019", format="json")).content)["rows"]
    found = await scorecards(console.running.state.engine, 2019)
    told = [told_card(each, 2019, found.as_of) for each in found.cards]
    assert sorted((row["hospital"], row["total"], row["rank"]) for row in rows) == sorted(
        (each["name"], each["total"], each["rank"]) for each in told
    )
    first = told[0]
    items = orjson.loads(
        (await session.get("/scorecards", year="2019", hospital=first["hospital_id"], format="json")).content
    )["rows"]
    assert len(items) == len(first["items"])
    ranking = (await session.get("/scorecards", year="2019")).text
    assert re.search(r"按账本位置 [\d,]+ 计分", ranking)
    assert (await session.get("/scorecards", year="2019", hospital="H404")).status_code == 404
    assert (await session.get("/scorecards", year="x")).status_code == 422
    assert (await session.get("/scorecards", region="12")).status_code == 422
