"""A ledger that was lost and restored ends as one that never was: from its backup, and from what INTAKE still holds."""

import asyncio
import json
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import nats
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.payout_stream import PayoutStream
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.messaging.stream_restore import IntakeBeyondBackup, Streams
from infra.operations.backup import NotEmptyLedger, StepsForgotten, back_up
from infra.postgres.engine import connect
from infra.servers import Endpoints
from policies.loader import SCHEMES, load_text
from processors.clearing import steps
from processors.clearing.draft import draft
from processors.delivery.names import SETTLEMENT_CONSUMER
from processors.delivery.position import lock_position
from processors.delivery.transaction import Message
from processors.law.adoption import adopt_schemes
from processors.payouts.progress import Reached
from processors.proof.seals import seal
from tests import facts
from tests.integration.backups import BackedUpLedger, comparable, databases, initialised, new_ledger
from tests.payouts import booked, told
from tests.program import dump_of, eventually


def _a_year(persons: int) -> list[dict[str, Any]]:
    """Everybody is enrolled and has two stays."""
    lines = [facts.hospital()]
    for number in range(persons):
        lines += [facts.enrol(f"P{number}"), *facts.stay(2 * number, f"P{number}", "2019-02-03")]
    for number in range(persons):
        lines += facts.stay(2 * number + 1, f"P{number}", "2019-06-07", in_scope=f"{1000 * (number % 50 + 1)}")
    return lines


def _late_facts(persons: int) -> list[dict[str, Any]]:
    """The past changes for everybody, in turn in four ways; some is refused."""
    lines = []
    for number in range(persons):
        claim = f"C{2 * number}"
        audit = facts.audit(claim, "500", "hospital", claim)
        changes = (facts.roster(f"P{number}"), facts.correct(claim, "30000"), audit, facts.reverse(claim))
        lines.append(changes[number % 4])
        lines += [facts.discharge(f"C{number}", "A-none")] if number % 40 == 0 else []
    return lines


async def test_restored_in_flight_and_settled_again_it_is_as_if_never_lost(
    ledger: BackedUpLedger, endpoints: Endpoints, template_database: str
) -> None:
    first, second = _a_year(240), _late_facts(240)
    lines = [*first, *second]
    backup = ledger.folder / "ledger.backup"

    engine = connect(ledger.database)
    async with engine.begin() as connection:
        await lock_position(
            connection, SETTLEMENT_CONSUMER, 0
        )  # so that nothing comes to its end before the backup is made
        working = asyncio.create_task(ledger.settle(first))
        taken = "SELECT stream_seq >= 400 FROM processors.positions WHERE consumer = 'intake'"
        await eventually(lambda: ledger.holds(taken), working.done)
        assert await ledger.holds("SELECT count(*) > 0 FROM processors.runs")
        size = await back_up(ledger.database, backup, None)
    await engine.dispose()
    await working
    assert (backup.stat().st_size, backup.stat().st_mode & 0o777) == (size, 0o600)
    await ledger.settle(second)
    undisturbed = await dump_of(ledger.database)
    statements = len(undisturbed["statements"])

    with pytest.raises(NotEmptyLedger):
        await ledger.restore(backup, replace=False)
    assert await ledger.value("SELECT count(*) FROM projections.statements") == statements
    restored = await ledger.restore(backup)
    assert restored.report.holds
    assert restored.beyond_backup is not None
    assert restored.beyond_backup.lost is None, "INTAKE keeps what came after the last backup"
    assert restored.beyond_backup.taken + restored.beyond_backup.again == len(lines)
    assert await ledger.value("SELECT count(*) FROM projections.statements") < statements
    assert len(await databases(ledger)) == 1

    assert await ledger.settle(second) == len(second), "INTAKE had them still"
    assert comparable(await dump_of(ledger.database)) == comparable(undisturbed)

    async with new_ledger(endpoints, template_database, f"{urlsplit(ledger.database).path[1:]}_machine") as other:
        restored = await other.restore(backup, replace=False)  # another machine, with streams of its own
        assert restored.beyond_backup is not None
        assert (restored.beyond_backup.again, restored.beyond_backup.lost) == (0, None)
        await other.settle(lines)
        assert comparable(await dump_of(other.database)) == comparable(undisturbed)


async def test_what_intake_has_purged_is_named_and_sent_again(ledger: BackedUpLedger) -> None:
    ready = [facts.hospital(), *(facts.enrol(f"P{number}") for number in (1, 2, 3)), facts.roster()]
    second, third = facts.stay(2, "P2"), facts.stay(3, "P3")
    older = ledger.folder / "older.backup"
    await ledger.settle([*ready, *facts.stay(1)])
    await back_up(ledger.database, older, None)
    await ledger.settle(second)
    await back_up(ledger.database, ledger.folder / "newer.backup", None)
    await ledger.settle(third)
    undisturbed = await dump_of(ledger.database)

    restored = await ledger.restore(older)
    taken = len(ready) + len(facts.stay(1))
    assert restored.beyond_backup is not None
    assert restored.beyond_backup.taken == taken
    lost = restored.beyond_backup.lost
    assert lost is not None
    assert lost[0] == taken + 1
    assert taken < lost[1] <= taken + len(second)
    assert restored.beyond_backup.again >= len(third)
    await ledger.settle(second)
    assert comparable(await dump_of(ledger.database)) == comparable(undisturbed)


async def test_another_ledgers_streams_do_not_stand_in_the_way(
    ledger: BackedUpLedger, endpoints: Endpoints, template_database: str
) -> None:
    backup = ledger.folder / "ledger.backup"
    lines = [facts.hospital(), facts.enrol("P1"), *facts.stay(1), *facts.stay(2), *facts.stay(3)]
    await ledger.settle(lines)
    await back_up(ledger.database, backup, None)
    undisturbed = await dump_of(ledger.database)
    async with new_ledger(endpoints, template_database, f"{urlsplit(ledger.database).path[1:]}_other") as other:
        await other.settle([facts.hospital("H9")])
        restored = await other.restore(backup)
        assert restored.beyond_backup is not None
        assert (restored.beyond_backup.foreign, restored.beyond_backup.lost) == (True, None)
        assert restored.beyond_backup.sources_send_again
        await other.settle([facts.enrol("P2"), *facts.stay(4, "P2")])
        found = await dump_of(other.database)
        assert [row for row in found["statements"] if row["person_id"] == "P1"] == undisturbed["statements"]
        assert len(found["statements"]) == 4


class Watched(Streams):
    """Streams beside a database that a clerk's command comes to in the moment of the swap."""

    async def before_the_swap(self, engine: AsyncEngine, taken_before: int) -> IntakeBeyondBackup:
        replaced = (engine.url.database or "").removesuffix("_restoring")
        url = engine.url.set(drivername="postgresql", database=replaced).render_as_string(hide_password=False)
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="not currently accepting connections"):
            await asyncpg.connect(url, ssl=False)
        return await super().before_the_swap(engine, taken_before)


async def test_what_operators_did_since_the_backup_is_not_forgotten_unsaid(ledger: BackedUpLedger) -> None:
    await ledger.settle([facts.hospital(), facts.enrol("P1"), *facts.stay(1), *facts.stay(2)])
    backup = ledger.folder / "ledger.backup"
    now, month, region = datetime(2032, 1, 1, tzinfo=UTC), date(2031, 1, 1), "220621"
    engine = connect(ledger.database)
    early = await draft(engine, region, month, "wang", now)
    await steps.withdraw(engine, early, "wang")
    await back_up(ledger.database, backup, None)
    clearing = await draft(engine, region, month, "wang", now)
    await steps.approve(engine, clearing, "li")
    assert await steps.pay(engine, clearing, "zhao", "T1") > 0
    newer = load_text((SCHEMES / "shanggao.yaml").read_bytes() + b"# anew\n", "anew")
    assert await adopt_schemes(engine, [newer], "wang") == [newer]
    await seal(engine)
    await engine.dispose()
    undisturbed = await dump_of(ledger.database)

    with pytest.raises(StepsForgotten, match=rf"#5 clearing\.paid\.v1 {clearing} zhao") as refused:
        await ledger.restore(backup)
    assert "#2 clearing.withdrawn" not in str(refused.value), "that one is in the backup"
    assert await dump_of(ledger.database) == undisturbed
    assert len(await databases(ledger)) == 1

    restored = await ledger.restore(backup, forget_steps=True, streams=Watched)
    lost, standing = restored.lost, restored.standing
    assert lost is not None
    assert standing is not None
    types = ["clearing.drafted.v1", "clearing.approved.v1", "clearing.paid.v1"]
    assert [(step.number, step.type, step.of) for step in lost.steps] == [
        (number, type_, clearing) for number, type_ in enumerate(types, start=3)
    ]
    assert [(scheme.name, scheme.hash) for scheme in lost.schemes] == [("shanggao", newer.content_hash)]
    assert lost.notes == {"seal.0": 1}
    assert standing.last_step is not None
    assert (standing.last_step.number, standing.last_step.of) == (2, early)
    assert newer.content_hash not in {scheme.hash for scheme in standing.schemes}
    assert "shanggao" in {scheme.name for scheme in standing.schemes}
    again = await ledger.restore(backup)
    assert again.lost is not None
    assert (again.lost.steps, again.lost.schemes, again.lost.notes) == ((), (), {})


async def test_an_intake_of_another_ledger_is_told_also_where_it_is_longer(
    ledger: BackedUpLedger, endpoints: Endpoints, template_database: str
) -> None:
    backup = ledger.folder / "ledger.backup"
    lines = [facts.hospital(), facts.enrol("P1"), *facts.stay(1)]
    await ledger.settle(lines)
    await back_up(ledger.database, backup, None)
    async with new_ledger(endpoints, template_database, f"{urlsplit(ledger.database).path[1:]}_other") as other:
        theirs = [facts.hospital("H9"), *(facts.enrol(f"Q{number}") for number in range(9))]
        await initialised(other.database)
        await back_up(other.database, other.folder / "empty.backup", None)  # so that INTAKE keeps what it has
        await other.settle(theirs)
        client = await nats.connect(other.nats_url)
        body = BytesIO(b'{"source": "hospital/H9"}')
        async for _ in publish_file(client, "untaken", body, PublishedEvents()):
            pass
        of_theirs = Message("PAYOUTS", "claims.payouts.basic_fund.220621.Q1", "basic.0-9", b"{}")
        await PayoutStream(client).publish([of_theirs], 0, Reached("", {"basic.0": 9, "critical_illness.0": 9}))
        await client.close()
        restored = await other.restore(backup)
        assert restored.beyond_backup is not None
        after = restored.beyond_backup
        assert (after.foreign, after.again, after.taken) == (True, 0, len(lines))
        assert after.lost == (len(lines) + 1, len(theirs))
        assert after.dropped == (len(theirs) + 1, len(theirs) + 1)
        assert await other.settle([*lines, facts.enrol("P2")]) == len(lines)
        client = await nats.connect(other.nats_url)
        engine = connect(other.database)
        booked_in_backup = [f"{row.journal}-{row.number}" for row in await booked(engine)]
        assert [message.id for message in await told(client)] == booked_in_backup != []
        await engine.dispose()
        await client.close()


async def test_answers_are_not_held_for_repeats_of_those_before_the_restore(ledger: BackedUpLedger) -> None:
    ready = [facts.hospital(), facts.enrol("P1"), facts.enrol("P2")]
    await ledger.settle(ready)
    backup = ledger.folder / "ledger.backup"
    await back_up(ledger.database, backup, None)
    await ledger.settle([facts.reverse("C-none", id_="one")])
    client = await nats.connect(ledger.nats_url)
    before = await client.jetstream().get_last_msg("ANSWERS", "claims.answers.hospital.H1.C-none")
    await client.jetstream().delete_stream("INTAKE")  # so that the place in it is given to another event
    await client.close()
    restored = await ledger.restore(backup)
    assert restored.beyond_backup is not None
    assert (restored.beyond_backup.missing, restored.beyond_backup.lost) == (True, (len(ready) + 1, len(ready) + 1))
    assert restored.beyond_backup.sources_send_again
    await ledger.settle([facts.reverse("C-other", id_="two"), facts.reverse("C-third", id_="three")])
    client = await nats.connect(ledger.nats_url)
    after = await client.jetstream().get_last_msg("ANSWERS", "claims.answers.hospital.H1.C-other")
    info = await client.jetstream().stream_info("ANSWERS")
    await client.close()
    assert after.seq == (before.seq or 0) + 1
    assert info.config.duplicate_window == 120.0, "within which the server knows the ids of both"
    # the same number of the journal, another answer: a reader drops ids that it has seen
    ids = [json.loads(message.data or b"")["id"] for message in (before, after)]
    assert ids[0] == ids[1].partition("@")[0]
    assert ids[0] != ids[1]
