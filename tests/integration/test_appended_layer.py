"""A county appends a layer to its scheme: old claims keep their law, and whatever comes late is settled over both."""

from datetime import date

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.loader import SchemeError, load_text
from processors.delivery.run import pack_run, unpack_run, unpack_runs
from processors.law.adoption import adopt_schemes
from processors.pipeline.recovery import begin_runs_anew
from processors.pipeline.settlement import Settlement
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from processors.resettlement.order import change_to, order_event
from tests import facts
from tests.integration.test_release import _parked, _release, _text
from tests.integration.test_seventh_scheme import XUZHOU
from tests.ledger import Books, is_lost

BACKSTOP = """\
  - layer: backstop
    cases:
      - rule: top_up
        when: {setting: inpatient, poor: true}
        to:
          - {value: 90%, grade: seed, cite: "五"}
"""
OLD = load_text(XUZHOU.encode(), "xuzhou")
LONGER = load_text((XUZHOU + BACKSTOP).encode(), "xuzhou")
PEOPLE = [
    facts.hospital("HX", 3, "320301"),
    facts.enrol("X", 2019, "320300"),
    facts.roster("X", "dibao", on="2019-01-01"),
]
C1 = facts.stay(1, "X", "2019-03-10", "3000", hospital_id="HX")
C2 = facts.stay(2, "X", "2019-04-10", "9000", hospital_id="HX")
# C1 by the old text: (3,000 − 900) × 70% = 1,470; half of the 1,530 left is 765.
FIRST = {"basic": "1470.00", "assistance": "765.00", "patient": "765.00", "hospital": "0.00"}


async def opened(engine: AsyncEngine, seed: int | None = None) -> Books:
    books = await Books.open(engine, seed=seed)
    await adopt_schemes(engine, [OLD], "王芳")
    await books.publish(PEOPLE)
    return books


async def holds(books: Books) -> None:
    report = await verify(books.engine)
    assert (report.problems, report.skipped) == ([], 0)
    assert all(not compared.found for compared in (await rebuild(books.engine, dry_run=True)).projections)


@pytest.mark.parametrize("seed", [None, 1, 2])
async def test_a_text_with_one_more_layer_in_a_living_ledger(engine: AsyncEngine, seed: int | None) -> None:
    books = await opened(engine, seed)
    await books.publish(C1)
    assert await books.paid("C1") == FIRST
    await adopt_schemes(engine, [LONGER], "王芳")
    await books.publish(C2)
    # C2 by the new one: (9,000 − 900) × 70% = 5,670; 1,000 − 765 = 235 of the limit left; up to 90% of 9,000 = 8,100.
    second = {"basic": "5670.00", "assistance": "235.00", "backstop": "2195.00", "patient": "900.00"}
    assert await books.paid("C2") == second | {"hospital": "0.00"}
    assert await books.paid("C1") == FIRST

    # over the boundary: (4,000 − 900) × 70% = 2,170; half of 1,830 is 915, and no backstop in C1's text. 85 are left of
    # the limit for C2: 8,100 − 5,670 − 85 = 2,345.
    await books.publish([facts.correct("C1", "4000", "HX")])
    corrected = {"basic": "2170.00", "assistance": "915.00", "patient": "915.00", "hospital": "0.00"}
    assert await books.paid("C1") == corrected
    after = {"basic": "5670.00", "assistance": "85.00", "backstop": "2345.00", "patient": "900.00", "hospital": "0.00"}
    assert await books.paid("C2") == after

    # who is not poor any more has basic alone
    await books.publish([facts.roster("X", "dibao", "removed", on="2019-03-01")])
    assert (await books.paid("C1"))["patient"] == "1830.00"
    assert (await books.paid("C2"))["patient"] == "3330.00"
    await books.publish([facts.roster("X", "dibao", "added", on="2019-03-02")])
    assert (await books.paid("C1"), await books.paid("C2")) == (corrected, after)
    await holds(books)

    # C1 moves to the new text: 90% of 4,000 = 3,600, less 2,170 and 915
    change = await change_to(engine, "xuzhou", date(2019, 1, 1))
    await books.publish([order_event(change, ["X"], "王芳", "1")], mailbox="ledger/claims")
    moved = {"basic": "2170.00", "assistance": "915.00", "backstop": "515.00", "patient": "400.00", "hospital": "0.00"}
    assert (await books.paid("C1"), await books.paid("C2")) == (moved, after)
    await books.publish([facts.reverse("C1", "hospital/HX")])
    # C1 gone, all of the limit is there for C2: 1,000; 8,100 − 6,670
    assert await books.paid("C2") == after | {"assistance": "1000.00", "backstop": "1430.00"}
    assert await books.refused() == []
    await holds(books)


@pytest.mark.parametrize("seed", [None, *range(1, 7)])
async def test_runs_that_were_in_flight_when_it_was_adopted(engine: AsyncEngine, seed: int | None) -> None:
    books = await opened(engine, seed)
    await books.publish(C1)
    books.enqueue([facts.correct("C1", "4000", "HX"), *facts.stay(3, "X", "2019-03-20", "2000", hospital_id="HX")])
    await books.step(("intake", 0), 10)
    await books.step(("basic", 0), seed or 1)  # of these runs some have passed basic
    await adopt_schemes(engine, [LONGER], "王芳")
    books.enqueue([*C2, facts.correct("C1", "3000", "HX", id_="back"), facts.audit("C3", "100")])
    await books.step(("intake", 0), 10)
    await books.drain()
    # C1 as it was. C3: 2,000 less 100 of the audit: (1,900 − 900) × 70% = 700; half of 1,200 is 600, 235 are left.
    assert await books.paid("C1") == FIRST
    assert await books.paid("C3") == {
        "basic": "700.00", "assistance": "235.00", "patient": "965.00", "hospital": "100.00"
    }  # fmt: skip
    # C2: nothing left of the limit; 8,100 − 5,670
    assert await books.paid("C2") == {
        "basic": "5670.00", "assistance": "0.00", "backstop": "2430.00", "patient": "900.00", "hospital": "0.00"
    }  # fmt: skip
    await holds(books)


async def test_a_run_parked_at_settlement_is_not_overtaken_by_one_of_a_longer_path(engine: AsyncEngine) -> None:
    books = await opened(engine)
    await books.publish([*C1, *C2])
    good = await _text(engine, "xuzhou", b"name: xuzhou\n")
    books.lanes["settlement", 0] = Settlement()  # has read no scheme yet, as in a new process
    await books.publish([facts.correct("C1", "4000", "HX")])
    await _text(engine, "xuzhou", good)
    await adopt_schemes(engine, [LONGER], "王芳")
    # it covers C2 alone: were it settled first, the parked run would write C2's older figures over it
    await books.publish([facts.correct("C2", "8000", "HX")])
    assert [(consumer, run) for _, consumer, run, _ in await _parked(books)] == [("settlement", 3), ("settlement", 4)]
    await _release(books)
    await books.drain()
    assert await _parked(books) == []
    assert (await books.paid("C2"))["basic"] == "4970.00"  # (8,000 − 900) × 70%
    await holds(books)


async def test_what_a_lost_store_held_goes_on_by_the_longer_path(engine: AsyncEngine) -> None:
    books = await opened(engine)
    await books.publish(C1)
    await adopt_schemes(engine, [LONGER], "王芳")
    books.enqueue([*C2, facts.correct("C1", "4000", "HX")])
    await books.step(("intake", 0), 10)
    await books.step(("basic", 0), 10)
    for queue in books.queues.values():
        queue.clear()
    await begin_runs_anew(engine, 1, is_lost)
    await books.begin_anew()
    await books.drain()
    # as in a living ledger
    assert (await books.paid("C2"))["backstop"] == "2345.00"
    await holds(books)


async def test_a_run_of_an_older_program_goes_its_claims_way(engine: AsyncEngine) -> None:
    """Before runs carried a path they had nine members; such a run may lie in RUNS, or be parked, at an upgrade."""
    books = await opened(engine)
    books.enqueue(C1)
    await books.step(("intake", 0), 10)
    queue = books.queues["basic", 0]
    (delivery,) = queue
    queue.clear()
    (run,) = unpack_runs(delivery.body)
    assert run.path == OLD.path
    older = b"[" + pack_run(run).rsplit(b",[", 1)[0] + b"]]"
    assert unpack_run(older[1:-1]).path == ()
    queue.append(delivery.__class__(delivery.stream_seq, delivery.subject, older))
    await books.drain()
    assert await books.paid("C1") == FIRST
    await holds(books)


DROPPED = XUZHOU[: XUZHOU.index("  - layer: assistance")]
BETWEEN = XUZHOU.replace("  - layer: assistance", BACKSTOP + "  - layer: assistance")
OTHER_TRACK = (XUZHOU + BACKSTOP).replace("track: inpatient", "track: stays")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (DROPPED, "the path of its layers is fixed but for layers behind it"),
        (BETWEEN, "basic → assistance; basic → backstop → assistance"),
        (OTHER_TRACK, "its tracks, and whether limits on them are by class, disease, month or day, are fixed"),
    ],
)
async def test_nothing_else_of_a_path_changes(engine: AsyncEngine, source: str, why: str) -> None:
    await opened(engine)
    with pytest.raises(SchemeError, match="fixed") as refused:
        await adopt_schemes(engine, [load_text(source.encode(), "xuzhou")], "王芳")
    assert why in str(refused.value)


async def test_an_appended_layer_stays(engine: AsyncEngine) -> None:
    await opened(engine)
    await adopt_schemes(engine, [LONGER], "王芳")
    shorter = load_text(XUZHOU.encode() + b"# again\n", "xuzhou")
    with pytest.raises(SchemeError, match="basic → assistance → backstop; basic → assistance"):
        await adopt_schemes(engine, [shorter], "王芳")
