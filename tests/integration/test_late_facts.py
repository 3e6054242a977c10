"""What comes late changes what was settled (docs/domain.md#3.6): worked by hand, and each time the books verify."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import text

from processors.person.replay import replay
from processors.proof.verify import verify
from tests import facts
from tests.facts import audit, cancel, correct, discharge, enrol, hospital, reverse, roster, stay
from tests.ledger import Books

READY = [hospital(), enrol(year=2018), enrol(year=2019)]


async def holds(books: Books) -> None:
    report = await verify(books.engine)
    assert report.problems == []
    assert report.skipped == 0


async def types(books: Books, claim: str) -> list[str]:
    """The decisions of the ledger on a claim, with the layer."""
    async with books.engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT type, layer FROM ledger.entries"
                " WHERE claim_id = :claim AND stage BETWEEN 0 AND 99 ORDER BY run, stage"
            ),
            {"claim": claim},
        )
        return [f"{row.layer} {row.type.split('.')[1]}" for row in rows]


async def grants(books: Books) -> list[tuple[Any, ...]]:
    async with books.engine.connect() as connection:
        rows = await connection.execute(
            text('SELECT "grant", year, amount, claim_id FROM projections.grants ORDER BY 2')
        )
        return [tuple(row) for row in rows]


async def test_a_late_roster_brings_layers_and_takes_them_away(books: Books) -> None:
    await books.publish([*READY, *stay(1, in_scope="18000")])
    # not poor: (18,000 − 800) × 60%; (7,680 − 6,000) × 55%
    assert await books.paid("C1") == {
        "basic": "10320.00",
        "critical_illness": "924.00",
        "patient": "6756.00",
        "hospital": "0.00",
    }
    await books.publish([roster(on="2019-01-01")])
    # F1 of docs/domain.md#7 without its self-funded part: backstop to 16,200 has nothing to add
    poor = {
        "basic": "10320.00",
        "critical_illness": "2808.00",
        "assistance": "3410.40",
        "backstop": "0.00",
        "patient": "1461.60",
        "hospital": "0.00",
    }
    assert await books.paid("C1") == poor
    await holds(books)
    await books.publish([roster(change="removed", on="2019-03-10")])
    assert await books.paid("C1") == {
        "basic": "10320.00",
        "critical_illness": "924.00",
        "patient": "6756.00",
        "hospital": "0.00",
    }
    statement = await books.statement("C1")
    assert statement is not None
    assert (statement["revision"], statement["categories"]) == (3, [])
    assert await types(books, "C1") == [
        "basic decided",
        "critical_illness decided",
        "critical_illness adjusted",
        "assistance decided",
        "backstop decided",
        "critical_illness adjusted",
        "assistance adjusted",
        "backstop adjusted",
    ]
    await holds(books)


async def test_a_roster_change_behind_the_claim_touches_nothing(books: Books) -> None:
    await books.publish([*READY, *stay(1), roster(on="2019-03-11")])
    assert len(books.answered("C1")) == 1
    await holds(books)


async def test_a_correction_settles_those_behind_it_again(books: Books) -> None:
    await books.publish([*READY, *stay(1, in_scope="18000"), *stay(2, in_scope="10000")])
    # C1 left 7,680, over the line of 6,000; so all that C2 leaves, 800 + 9,200 × 40% = 4,480, is above it: × 55%
    first = await books.paid("C2")
    await books.publish([correct("C1", "800")])
    # C1 is all deductible: base 0.00, 800 left; C2's 4,480 + 800 stays under the line of 6,000
    assert await books.paid("C1") == {
        "basic": "0.00",
        "critical_illness": "0.00",
        "patient": "800.00",
        "hospital": "0.00",
    }
    second = await books.paid("C2")
    assert (first["critical_illness"], second["critical_illness"]) == ("2464.00", "0.00")
    await holds(books)


async def test_a_reversal_in_the_middle_leaves_the_accumulations(books: Books) -> None:
    events = [*READY, *stay(1, in_scope="9000"), *stay(2, in_scope="30000"), *stay(3, in_scope="9000")]
    await books.publish([*events, reverse("C2")])
    # left of C1: 800 + 8,200 × 40% = 4,080; of C3 as much: 8,160 − 6,000 over the line
    assert (await books.paid("C3"))["critical_illness"] == "1188.00"
    assert await books.paid("C2") == {"patient": "0.00", "hospital": "0.00"}
    await holds(books)
    await books.publish([reverse("C1")])
    assert (await books.paid("C3"))["critical_illness"] == "0.00"
    await holds(books)


@pytest.mark.parametrize("order", [("C1", "C2", "C3"), ("C3", "C1", "C2"), ("C2", "C3", "C1")])
async def test_reversals_in_any_order_net_to_nothing(books: Books, order: Iterable[str]) -> None:
    await books.publish([*READY, roster(), *stay(1), *stay(2), *stay(3), *(reverse(claim) for claim in order)])
    async with books.engine.connect() as connection:
        net = await connection.execute(
            text("SELECT sum(paid), sum(ran), sum(base) FROM ledger.entries WHERE stage < 100 AND stage >= 0")
        )
        assert tuple(net.one()) == (0, 0, 0)
    await holds(books)


@pytest.mark.parametrize(
    ("borne_by", "patient", "hospital_share"), [("hospital", "1452.00", "500.00"), ("person", "1952.00", "0.00")]
)
async def test_an_audit_leaves_the_bill(books: Books, borne_by: str, patient: str, hospital_share: str) -> None:
    bill = facts.bill("18000", self_funded="300")
    await books.publish([*READY, roster(), *stay(1, bill=bill), audit("C1", "500", borne_by)])
    # 300 leave O, 200 leave S: (17,800 − 800) × 60% = 10,200; (7,600 − 3,000) × 60% = 2,760; 4,840 × 70% = 3,388;
    # backstop to 90% of 17,800 has nothing to add
    assert await books.paid("C1") == {
        "basic": "10200.00",
        "critical_illness": "2760.00",
        "assistance": "3388.00",
        "backstop": "0.00",
        "patient": patient,
        "hospital": hospital_share,
    }
    await holds(books)


async def test_an_audit_of_a_reversed_claim_has_no_effect(books: Books) -> None:
    await books.publish([*READY, *stay(1), reverse("C1"), audit("C1")])
    assert await books.paid("C1") == {"patient": "0.00", "hospital": "0.00"}
    assert len(books.answered("C1")) == 2
    await holds(books)


async def test_a_reversed_claim_frees_its_admission(books: Books) -> None:
    await books.publish([*READY, *stay(1), reverse("C1"), discharge("C9", in_scope="7000")])
    assert await books.refused() == []
    assert (await books.paid("C9"))["basic"] == "3720.00"  # (7,000 − 800) × 60%
    await books.publish([cancel("A1", id_="too-late"), reverse("C9"), cancel("A1")])
    assert await books.refused() == [("too-late", "already_discharged")]
    await books.publish([discharge("C10")])
    assert (await books.refused())[-1] == ("discharge-C10", "admission_cancelled")
    await holds(books)


async def test_a_referral_credit_reaches_over_the_year_boundary(books: Books) -> None:
    """抚松: the poor bear one deductible along a chain of referrals, of whatever year."""
    chain = [
        *stay(1, hospital_id="H2", on="2018-12-28", in_scope="5000"),
        *stay(2, on="2019-01-05", in_scope="10000", referred_from="A1"),
        *stay(3, on="2019-02-05", in_scope="10000", referred_from="A2"),
    ]
    await books.publish([*READY, hospital("H2", tier=2), roster(), *chain])

    async def basic() -> list[str]:
        return [(await books.paid(claim)).get("basic", "none") for claim in ("C1", "C2", "C3")]

    # 500; 800 − 500 = 300; 800 − 800 = 0
    assert await basic() == ["3375.00", "5820.00", "6000.00"]
    await books.publish([correct("C1", "200", "H2")])
    # C1 bears 200 now, C2 600, C3 nothing still
    assert await basic() == ["0.00", "5640.00", "6000.00"]
    await holds(books)
    await books.publish([reverse("C1", "hospital/H2")])
    assert await basic() == ["none", "5520.00", "6000.00"]
    await holds(books)
    await books.publish([reverse("C2")])
    assert await basic() == ["none", "none", "5520.00"]
    await holds(books)
    await books.publish([discharge("C9", "A1", hospital_id="H2", on="2018-12-28", in_scope="5000")])
    # discharged anew behind C3 in ledger order: no credit for what is earlier
    assert await basic() == ["none", "none", "5520.00"]
    await holds(books)


async def test_anyi_s_annual_grant_is_awarded_moved_and_withdrawn(books: Books) -> None:
    poor = [hospital(region="360123"), enrol(year=2018, region="360123"), roster()]
    cancer = {"disease": "breast_cancer", "hospital_id": "H1"}
    bill = facts.bill("10000", self_funded="60000")
    stays = [event for n in (1, 2, 3) for event in stay(n, on="2018-05-01", bill=bill, **cancer)]
    await books.publish([*poor, *stays])
    # each stay leaves him 10% of 70,000: over 10,000 with the second
    assert (await books.paid("C1"))["patient"] == "7000.00"
    assert await grants(books) == [("annual", 2018, 10_000_00, "C2")]
    await books.publish([reverse("C1")])
    assert await grants(books) == [("annual", 2018, 10_000_00, "C3")]
    await holds(books)
    await books.publish([audit("C3", "70000", "person")])
    # what an audit laid on him is not read
    assert await grants(books) == []
    await holds(books)
    await books.publish([*stay(4, on="2018-05-01", bill=bill, **cancer), roster(change="removed", on="2018-02-01")])
    assert await grants(books) == []
    await holds(books)
    async with books.engine.connect() as connection:
        booked = await connection.execute(
            text("SELECT type, paid FROM ledger.entries WHERE type LIKE 'grant.%' ORDER BY number")
        )
        told = [(row.type.split(".")[1], row.paid // 100) for row in booked]
    assert told[:4] == [("awarded", 10_000), ("withdrawn", -10_000), ("awarded", 10_000), ("withdrawn", -10_000)]


async def test_changzhi_s_one_off_grant_is_for_life(books: Books) -> None:
    region = "140421"
    late = {"disease": "lung_cancer", "stage": "late"}
    await books.publish(
        [
            hospital(region=region),
            *(enrol(year=year, region=region) for year in (2018, 2019)),
            *stay(1, on="2018-03-01", **late),
            *stay(2, on="2019-03-01", **late),
        ]
    )
    assert await grants(books) == []
    await books.publish([roster(category="dibao", on="2018-06-01")])
    assert await grants(books) == [("one_off", 0, 5_000_00, "C2")]
    await holds(books)
    await books.publish([roster(category="dibao", on="2018-02-01")])
    assert await grants(books) == [("one_off", 0, 5_000_00, "C1")]
    await holds(books)
    await books.publish([reverse("C1"), reverse("C2")])
    assert await grants(books) == []
    await holds(books)


async def test_only_what_an_audit_lays_on_the_hospital_is_settled_with_it(books: Books) -> None:
    """The person paid his share at discharge: other differences are between the funds and him (docs/domain.md#3.8)."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="12000"), *facts.stay(2)])
    await books.publish([facts.audit("C1", "1000", "hospital", "F1")])
    await books.publish([facts.audit("C1", "1000", "person", "F2"), facts.roster()])
    told = (await replay(books.engine, "P1"))["history"]
    adjusted = {
        (entry["cause"]["event_id"], entry["claim_id"], entry["counterparty"])
        for entry in told
        if entry["type"] == "payout.adjusted.v1"
    }
    assert ("audit-F1", "C1", "hospital") in adjusted
    assert {party for cause, claim, party in adjusted if (cause, claim) != ("audit-F1", "C1")} == {"person"}
    # C1's lower base leaves the second stay less above the line of critical illness: a difference with the person
    assert ("audit-F1", "C2", "person") in adjusted
