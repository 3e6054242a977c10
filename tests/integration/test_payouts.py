"""PAYOUTS: what is booked is told once, in the ledger's order, whatever becomes of who tells it."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import nats
import pytest
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import parse_yuan
from infra.messaging.payout_stream import PayoutStream
from infra.messaging.streams import OlderDatabase, ensure_streams
from infra.operations.payouts import payout_state, tell_again
from infra.worker import payout_publisher
from infra.worker.payout_publisher import PayoutPublisher, begin_behind
from processors.backup.retention import begin_era
from processors.delivery.transaction import Message
from processors.payouts import bookings
from processors.payouts.progress import Reached, load_heads
from tests import facts
from tests.border import as_said
from tests.histories import History
from tests.ledger import Books
from tests.payouts import booked, differences, told
from tests.program import eventually


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    client = await nats.connect(nats_url)
    await ensure_streams(client.jetstream(), {})
    yield client
    await client.close()


def publisher(books: Books, client: Client) -> PayoutPublisher:
    return PayoutPublisher(books.engine, client, lambda: None)


async def tell_all(books: Books, client: Client) -> None:
    """Tell what is booked."""
    ours = publisher(books, client)
    ours.start()
    await eventually(lambda: has_told_all(books, client))
    await ours.stop()


async def has_told_all(books: Books, client: Client) -> bool:
    async with books.engine.connect() as connection:
        return (await payout_state(connection, client)).waiting == 0


def fen(amount: str) -> int:
    return -parse_yuan(amount[1:]) if amount.startswith("-") else parse_yuan(amount)


async def test_a_random_history_is_told_once_in_the_ledger_s_order_and_sums_to_the_books(
    engine: AsyncEngine, client: Client
) -> None:
    """While it is settled, publishers come and go, two of them at once for a while."""
    draw = random.Random(5)
    books = await Books.open(engine, partitions=2)
    events = History(5, 15).events
    cuts = sorted(draw.sample(range(1, len(events)), 4))
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        one, other = publisher(books, client), publisher(books, client)
        one.start()
        other.start()
        await books.publish(events[start:end], batch=draw.randint(10, 40))
        await asyncio.gather(one.stop(), other.stop())
    await tell_all(books, client)
    messages, entries = await told(client), await booked(engine)
    assert await differences(client, engine) == []
    assert {row.type for row in entries} >= {"payout.adjusted.v1", "premium.subsidised.v1", "premium.purchased.v1"}

    assert [problem for message in messages for problem in as_said(message.event["type"], message.event)] == []

    paid = {f"{row.journal}-{row.number}": row.paid for row in entries}
    assert {message.id: fen(message.data["amount"]) for message in messages} == paid
    by_layer: Counter[str] = Counter()
    by_fund: Counter[str] = Counter()
    for message in messages:
        data = message.data
        fund, region, person = message.subject.removeprefix("claims.payouts.").split(".")
        assert (data["fund"], data["region"], data["person_id"]) == (fund, region, person)
        if "layer" in data:
            by_layer[data["layer"]] += fen(data["amount"])
            by_fund[fund] += fen(data["amount"])
    async with engine.connect() as connection:
        sums = await connection.execute(
            text(
                "SELECT layer ->> 0 AS layer, sum((layer ->> 1)::bigint)::bigint AS paid FROM projections.statements,"
                " jsonb_array_elements(layers::jsonb) AS layer GROUP BY 1"
            )
        )
        statements = {row.layer: row.paid for row in sums}
    assert {layer: paid for layer, paid in by_layer.items() if paid} == {
        layer: paid for layer, paid in statements.items() if paid
    }
    assert by_fund["basic_fund"] == by_layer["basic"] + by_layer["basic_second"]
    # 抚松 names a fund of its own for it (三(二)7)
    assert by_fund["county_finance"] + by_fund["backstop_fund"] == by_layer["backstop"]


async def test_the_order_is_the_same_however_much_one_look_reads(
    engine: AsyncEngine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a look ends in the middle of a journal, no other journal is told further than that one's time."""
    books = await Books.open(engine, partitions=2)
    await books.publish(History(3, 12).events, batch=20)
    monkeypatch.setattr(bookings, "ENTRIES_AT_ONCE", 12)
    monkeypatch.setattr(bookings, "BATCH", 2)
    async with engine.connect() as connection:  # of 20 journals and more, all together
        heads = (await load_heads(connection)).numbers
        look = await bookings.load_batches(connection, {}, heads)
        assert 0 < sum(batch.numbers.get(journal, 0) for batch in look[-1:] for journal in heads) <= max(12, len(heads))
        assert await bookings.count_bookings(connection, {}, heads) == len(await booked(engine)) > 100
    ours = publisher(books, client)
    ours.start()
    await eventually(lambda: has_told_all(books, client))
    await ours.stop()
    entries = await booked(engine)
    assert [message.id for message in await told(client)] == [f"{row.journal}-{row.number}" for row in entries]


async def test_each_fund_is_told_who_is_paid_for_what(engine: AsyncEngine, client: Client) -> None:
    """F1 of docs/domain.md#f1, and a roster that comes when all is settled: its cause goes along."""
    books = await Books.open(engine)
    await books.publish([facts.hospital(tier=3), facts.enrol(), *facts.stay(1)])
    await books.publish([facts.roster()])
    await tell_all(books, client)
    first, *_ = messages = await told(client)
    assert first.event["type"] == "payout.decided.v1"
    assert first.subject == "claims.payouts.basic_fund.220621.P1"
    assert {name: value for name, value in first.data.items() if name != "booked_at"} == {
        "claim_id": "C1",
        "person_id": "P1",
        "region": "220621",
        "scheme": "fusong",
        "fund": "basic_fund",
        "layer": "basic",
        "amount": first.data["amount"],
        "payee": "hospital/H1",
    }
    later = next(message for message in messages if "cause" in message.data and "layer" in message.data)
    assert later.data["payee"] == "person/P1"
    assert later.data["cause"]["type"] == "roster.changed.v1"
    premium = next(message for message in messages if "premium" in message.data)
    assert premium.data["premium"] == "subsidised"
    assert (premium.data["insurance"], premium.data["payee"]) == ("basic", "fund/basic_fund")
    assert "claim_id" not in premium.data
    assert Decimal(premium.data["amount"]) > 0


async def test_a_lost_store_is_filled_again(engine: AsyncEngine, client: Client) -> None:
    books = await Books.open(engine)
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1), *facts.stay(2)])
    await tell_all(books, client)
    before = await told(client)
    js = client.jetstream()
    await js.delete_stream("PAYOUTS")
    await ensure_streams(js, {})
    await tell_all(books, client)
    assert await told(client) == before
    assert before


async def test_a_purged_stream_is_filled_again_at_once(engine: AsyncEngine, client: Client) -> None:
    """Within the time in which JetStream would know the ids of what it no longer has."""
    books = await Books.open(engine)
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await tell_all(books, client)
    before = await told(client)
    await client.jetstream().purge_stream("PAYOUTS")
    await tell_all(books, client)
    assert await told(client) == before != []


async def test_who_did_not_publish_for_longer_than_messages_are_kept_goes_on_where_it_was(
    engine: AsyncEngine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that PAYOUTS held is left, and what was booked meanwhile is older than what it would hold."""
    monkeypatch.setattr(payout_publisher, "NOTED_AFTER_S", 0.0)
    books = await Books.open(engine)
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await tell_all(books, client)
    await books.publish(facts.stay(2))
    await client.jetstream().purge_stream("PAYOUTS")
    monkeypatch.setattr(payout_publisher, "KEPT", timedelta(0))
    await tell_all(books, client)
    assert {message.data["claim_id"] for message in await told(client)} == {"C2"}


async def test_what_was_told_is_told_again_from_a_number_on(engine: AsyncEngine, client: Client) -> None:
    """At once behind the first time, within the time in which JetStream knows an id, and the publisher goes on."""
    books = await Books.open(engine)
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1), *facts.stay(2)])
    await tell_all(books, client)
    before = await told(client)
    journals = {message.id.rpartition("-")[0] for message in before}
    assert await tell_again(engine, client, 2, ["basic.0"]) == 1
    assert await differences(client, engine) == ["2 times basic.0-2"]
    of_assistance = [message for message in before if message.data["fund"] == "assistance_fund"]
    wanted = "claims.payouts.assistance_fund.220621."
    assert await tell_again(engine, client, 1, journals, wanted) == len(of_assistance) > 1
    again = (await told(client))[len(before) :]
    assert again == [next(message for message in before if message.id == "basic.0-2"), *of_assistance]
    await books.publish(facts.stay(3))
    await tell_all(books, client)
    new = (await told(client))[len(before) + len(again) :]
    assert {message.data["claim_id"] for message in new} == {"C3"}
    assert await tell_again(engine, client, 1, journals) == len(before) + len(new)


async def test_a_restored_ledger_tells_what_it_books_under_ids_never_used(engine: AsyncEngine, client: Client) -> None:
    """What the backup holds is told already, as far as it was, and keeps its ids."""
    books = await Books.open(engine)
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1)])
    await tell_all(books, client)
    before = await told(client)
    await books.publish(facts.stay(2))  # in the backup, and not told yet
    async with engine.begin() as connection:
        await begin_era(connection)
    restored = await Books.open(engine)
    restored.sequence = books.sequence
    await tell_all(restored, client)
    await restored.publish(facts.stay(3))
    await tell_all(restored, client)
    new = (await told(client))[len(before) :]
    assert len({message.id for message in [*before, *new]}) == len(before) + len(new)
    assert {("@" in message.id, message.data["claim_id"]) for message in new} == {(False, "C2"), (True, "C3")}


async def test_after_several_restores_what_each_era_booked_keeps_its_ids(engine: AsyncEngine, client: Client) -> None:
    """The ledger that the first restore replaced had a booking `basic.0-2` too: no other may go out under that id."""
    books = await Books.open(engine)
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await tell_all(books, client)
    for stay in (2, 3):
        async with engine.begin() as connection:
            await begin_era(connection)
        sequence = books.sequence
        books = await Books.open(engine)
        books.sequence = sequence
        await books.publish(facts.stay(stay))
        await tell_all(books, client)
    before = await told(client)
    of_basic = [message.id.partition("@") for message in before if message.data["layer"] == "basic"]
    assert [number for number, _, _ in of_basic] == ["basic.0-1", "basic.0-2", "basic.0-3"]
    assert len({era for _, _, era in of_basic}) == 3
    assert await tell_again(engine, client, 1, {"basic.0"}) == 3
    assert [message.id for message in (await told(client))[len(before) :]] == ["".join(parts) for parts in of_basic]
    js = client.jetstream()
    await js.delete_stream("PAYOUTS")
    await ensure_streams(js, {})
    await tell_all(books, client)
    assert await told(client) == before


async def test_what_was_booked_between_two_restores_is_told_behind_the_second(
    engine: AsyncEngine, client: Client
) -> None:
    """PAYOUTS was told `basic.0-2` of the ledger that the first restore replaced; nobody published in between."""
    books = await Books.open(engine)
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await tell_all(books, client)
    (last,) = (await told(client))[-1:]
    stream = PayoutStream(client)
    stored = await stream.end()
    assert stored.reached is not None
    ahead = Reached("", {journal: number + 1 for journal, number in stored.reached.numbers.items()})
    await stream.publish([Message("PAYOUTS", last.subject, "basic.0-2", b"{}")], stored.sequence, ahead)
    for stay in (2, 3):
        async with engine.begin() as connection:
            await begin_era(connection)
        sequence = books.sequence
        books = await Books.open(engine)
        books.sequence = sequence
        if stay == 2:
            await books.publish(facts.stay(stay))
    await tell_all(books, client)
    new = (await told(client))[-1:]
    assert [(message.data["claim_id"], "@" in message.id) for message in new] == [("C2", True)]


async def test_a_database_that_was_set_back_tells_nothing(engine: AsyncEngine, client: Client) -> None:
    books = await Books.open(engine)
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await tell_all(books, client)
    async with engine.begin() as connection:
        stored = (await PayoutStream(client).end()).reached
        assert stored is not None
        ahead = Reached("", {**stored.numbers, "basic.0": 7})
        with pytest.raises(OlderDatabase):
            await begin_behind(connection, ahead)
        with pytest.raises(OlderDatabase):
            await begin_behind(connection, Reached("@20261201T000000000000", stored.numbers))
        assert await begin_behind(connection, Reached.read(stored.text())) == stored
