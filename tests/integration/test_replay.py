"""A person's history can be told, explained, and checked, as known at any moment."""

from datetime import UTC, date, datetime

import msgspec
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.replay import print_replay
from policies.explain import line
from processors.person.replay import load_history, replay
from tests import facts
from tests.facts import correct, enrol, hospital, reverse, roster, stay
from tests.ledger import Books

READY = [hospital(), enrol(), enrol("P2"), roster(on="2019-01-01")]


async def recorded(engine: AsyncEngine) -> datetime:
    """The moment of the last entry."""
    async with engine.connect() as connection:
        last = await connection.execute(text("SELECT max(recorded_at) FROM ledger.entries"))
        moment: datetime = last.scalar_one()
        return moment.astimezone(UTC)


async def test_a_history_tells_every_step_in_order(books: Books) -> None:
    admission, discharged = stay(1, bill=facts.bill("18000", self_funded="2000"))
    await books.publish([*READY, admission, discharged | {"actor": "clerk-7"}, *stay(9, "P2")])
    told = await replay(books.engine, "P1")
    assert [(entry["type"], entry.get("layer")) for entry in told["history"]] == [
        ("enrollment.recorded.v1", None),
        ("roster.changed.v1", None),
        ("premium.subsidised.v1", None),
        ("premium.subsidised.v1", None),
        ("admission.recorded.v1", None),
        ("discharge.recorded.v1", None),
        ("claim.accepted.v1", None),
        ("payout.decided.v1", "basic"),
        ("payout.decided.v1", "critical_illness"),
        ("payout.decided.v1", "assistance"),
        ("payout.decided.v1", "backstop"),
        ("claim.settled.v1", None),
    ]
    fact, accepted, _, illness = told["history"][5:9]
    assert (fact["source"], fact["id"], fact["actor"]) == ("hospital/H1", "discharge-C1", "clerk-7")
    assert fact["data"]["bill"]["total"] == "20000.00"
    assert (accepted["claim"]["scheme"], accepted["claim"]["tier"]) == ("fusong", 3)
    # F1 of docs/domain.md#7
    assert illness["booked"]["paid"] == "2808.00"
    assert illness["accumulated"] == {"base": "7680.00", "deductible": "0.00", "paid": "2808.00", "claims": 1}
    assert "分段累计应付 by bands over the year: B(7680.00 − 3000.00) − B(0.00 − 3000.00) = 2808.00" in [
        line(entry) for entry in illness["trace"]
    ]
    assert told["statements"] == [await books.statement("C1")]
    assert {row["layer"]: row["paid"] for row in told["accumulations"]} == {
        "assistance": "3410.40",
        "backstop": "1461.60",
        "basic": "10320.00",
        "critical_illness": "2808.00",
    }
    assert (told["consistent"], told["differences"], told["skipped"]) == (True, [], None)
    assert orjson.loads(orjson.dumps(told)) == told


async def test_as_of_shows_what_was_known_before_a_correction_and_after(books: Books) -> None:
    await books.publish([*READY, *stay(1, in_scope="18000"), *stay(2, in_scope="10000", on="2019-06-01")])
    before = await recorded(books.engine)
    as_settled = [await books.statement("C1"), await books.statement("C2")]
    await books.publish([correct("C1", "800")])

    then = await replay(books.engine, "P1", before)
    assert then["statements"] == as_settled
    assert then["consistent"] is True
    assert not any("correct" in entry["type"] for entry in then["history"])

    now = await replay(books.engine, "P1")
    assert now["statements"] == [await books.statement("C1"), await books.statement("C2")] != as_settled
    assert now["consistent"] is True
    adjusted = [entry for entry in now["history"] if entry["type"] == "payout.adjusted.v1"]
    assert {entry["claim_id"] for entry in adjusted} == {"C1", "C2"}
    assert all(entry["cause"]["event_id"] == "correct-C1-800" for entry in adjusted)
    basic = next(entry for entry in adjusted if entry["layer"] == "basic")
    assert (basic["before"], basic["after"], basic["booked"]["paid"]) == ("10320.00", "0.00", "-10320.00")
    # each layer's accumulations, last told, are those that stand
    assert basic["accumulated"]["paid"] == next(row["paid"] for row in now["accumulations"] if row["layer"] == "basic")


async def test_the_day_of_categories_is_the_county_s(books: Books, capsys: pytest.CaptureFixture[str]) -> None:
    await books.publish([*READY, facts.roster(category="dibao", on="2030-01-02")])
    # four in the morning of 2 January there
    print_replay(await load_history(books.engine, "P1", datetime(2030, 1, 1, 20, tzinfo=UTC)))
    (held,) = [said for said in capsys.readouterr().out.splitlines() if "categories held" in said]
    assert held.startswith("2030-01-02 ")
    assert "低保" in held


async def test_what_we_knew_then_about_a_day(books: Books) -> None:
    await books.publish([*READY, *stay(1, in_scope="18000"), *stay(2, in_scope="10000", on="2019-06-01")])
    told = await replay(books.engine, "P1", on=date(2019, 5, 31))
    assert [row["claim_id"] for row in told["statements"]] == ["C1"]
    assert next(row["paid"] for row in told["accumulations"] if row["layer"] == "basic") == "10320.00"
    assert told["consistent"] is True


async def test_a_reversed_claim_stays_in_the_history(books: Books) -> None:
    await books.publish([*READY, *stay(1), reverse("C1")])
    told = await replay(books.engine, "P1")
    assert told["statements"][0]["status"] == "reversed"
    assert told["accumulations"] == []
    assert [entry["runs_now"] for entry in told["history"] if entry["type"] == "payout.adjusted.v1"] == [False] * 4
    assert told["consistent"] is True


async def test_a_late_layer_tells_its_cause(books: Books) -> None:
    await books.publish([*READY[:3], *stay(1), roster(on="2019-01-01")])
    told = await replay(books.engine, "P1")
    assistance = next(entry for entry in told["history"] if entry.get("layer") == "assistance")
    assert assistance["type"] == "payout.decided.v1"
    assert assistance["cause"]["type"] == "roster.changed.v1"


async def test_while_a_run_is_in_flight_nothing_is_compared(books: Books) -> None:
    await books.publish([*READY, *stay(1)])
    books.enqueue([correct("C1", "5000")])
    await books.step(("intake", 0), 10)
    flying = await recorded(books.engine)
    assert (await replay(books.engine, "P1"))["consistent"] is None
    await books.drain()
    then = await replay(books.engine, "P1", flying)
    assert then["consistent"] is None
    assert "was in flight" in then["skipped"]
    assert (await replay(books.engine, "P1"))["consistent"] is True


CAUSE_STILL_READABLE = """
data = convert_to((convert_from(data, 'UTF8')::jsonb || '{"statement": 1, "trace": 1}')::text, 'UTF8')
"""


@pytest.mark.parametrize(
    ("damaged", "consistent"),
    [
        (CAUSE_STILL_READABLE, True),
        ("data = 'damaged'::bytea", None),
    ],
)
async def test_a_later_entry_that_is_not_readable_does_not_stop_a_replay_of_the_past(
    books: Books, damaged: str, consistent: bool | None
) -> None:
    await books.publish([*READY, *stay(1)])
    before = await recorded(books.engine)
    then = await replay(books.engine, "P1", before)
    await books.publish([correct("C1", "5000")])
    async with books.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        later = text(f"UPDATE ledger.entries SET {damaged} WHERE recorded_at > :before AND journal <> 'intake'")
        assert (await connection.execute(later, {"before": before})).rowcount > 1
    told = await replay(books.engine, "P1", before)
    assert (told["history"], told["statements"]) == (then["history"], then["statements"])
    assert told["consistent"] is consistent
    assert told["skipped"] is None or "its cause can't be read" in told["skipped"]
    with pytest.raises(msgspec.DecodeError):
        await replay(books.engine, "P1")


async def test_a_difference_is_told(books: Books) -> None:
    await books.publish([*READY, *stay(1)])
    async with books.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("UPDATE ledger.entries SET paid = paid + 1 WHERE layer = 'assistance'"))
    told = await replay(books.engine, "P1")
    assert told["consistent"] is False
    assert [difference["where"] for difference in told["differences"]] == ["claim C1, assistance (stage 2)"]


async def test_nobody_has_an_empty_history(books: Books) -> None:
    told = await replay(books.engine, "P404")
    assert (told["history"], told["statements"], told["consistent"]) == ([], [], True)


async def test_grants_are_told_as_they_stood(books: Books) -> None:
    region = "140421"
    await books.publish(
        [
            hospital(region=region),
            enrol(year=2018, region=region),
            roster(category="dibao"),
            *stay(1, on="2018-03-01", disease="lung_cancer", stage="late"),
        ]
    )
    before = await recorded(books.engine)
    await books.publish([reverse("C1")])
    expected = {"scheme": "changzhi", "grant": "one_off", "year": None, "amount": "5000.00", "claim_id": "C1"}
    assert (await replay(books.engine, "P1", before))["grants"] == [{"person_id": "P1"} | expected]
    now = await replay(books.engine, "P1")
    assert (now["grants"], now["consistent"]) == ([], True)
    withdrawn = next(entry for entry in now["history"] if entry["type"] == "grant.withdrawn.v1")
    assert withdrawn["booked"] == "-5000.00"
    assert withdrawn["cause"]["event_id"] == "reverse-C1"
