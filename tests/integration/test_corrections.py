"""A hospital corrects its own bill: the funds settle it with the claim's payee, and never with the patient.

The persons, hospital and bills are made up. Jiamusi, tier 3, dibao: basic (S − 700) × 70%, critical illness 50% of what
is left above 5,000. A bill of 60,000: basic 41,510.00, critical illness 6,745.00, own share 11,745.00. One of 6,000:
basic 3,710.00, own share 2,290.00.
"""

from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from processors.person.file import gather
from processors.person.replay import load_history
from tests import facts
from tests.clearings import fen, owed
from tests.integration.test_cleared_parts import Cleared, lost
from tests.integration.test_lanes import poison
from tests.ledger import Books

REGION = "230803"
PERSON, HOSPITAL = "Q2501", "HK"
READY = [
    facts.hospital(HOSPITAL, 3, REGION),
    facts.enrol(PERSON, region=REGION),
    facts.roster(PERSON, "dibao", on="2019-01-01"),
]


def stay(in_scope: str, number: int = 1, **more: Any) -> list[Any]:
    return facts.stay(number, PERSON, in_scope=in_scope, hospital_id=HOSPITAL, **more)


def corrected(in_scope: str, number: int = 1, id_: str | None = None) -> dict[str, Any]:
    return facts.correct(f"C{number}", in_scope, HOSPITAL, id_=id_, reason="小数点录错")


def net(cleared_: Cleared) -> dict[str, int]:
    """What clearings have paid and charged in all, by kind of payee."""
    sums: dict[str, int] = {"hospital": 0, "person": 0}
    for (kind, _), amount in cleared_.sums.items():
        sums[kind] += amount
    return sums


@pytest.mark.parametrize("in_pieces", [True, False])
async def test_a_bill_ten_times_too_high_is_the_hospital_s_to_give_back(books: Books, *, in_pieces: bool) -> None:
    """48,255.00 were paid for 60,000; for 6,000 it is 3,710.00. The person owes the funds nothing."""
    await books.publish([*READY, *stay("60000")])
    clearing = Cleared(books, REGION)
    if in_pieces:
        assert await clearing() == {
            (HOSPITAL, "basic"): {"settled": "41510.00"},
            (HOSPITAL, "critical_illness"): {"settled": "6745.00"},
        }
    await books.publish([corrected("6000")])
    shown = await clearing()
    assert {payee for payee, _ in shown} == {HOSPITAL}
    assert net(clearing) == {"hospital": 3_710_00, "person": 0}
    if in_pieces:
        assert await owed(books) == {HOSPITAL: "44545.00"}


async def test_a_bill_ten_times_too_low_is_paid_to_the_hospital(books: Books) -> None:
    await books.publish([*READY, *stay("6000")])
    clearing = Cleared(books, REGION)
    await clearing()
    await books.publish([corrected("60000")])
    assert await clearing() == {
        (HOSPITAL, "basic"): {"adjusted": "37800.00"},
        (HOSPITAL, "critical_illness"): {"adjusted": "6745.00"},
    }
    assert net(clearing) == {"hospital": 48_255_00, "person": 0}


async def test_reversed_and_claimed_anew_the_same_money_falls_on_the_hospital(books: Books) -> None:
    await books.publish([*READY, *stay("60000")])
    clearing = Cleared(books, REGION)
    await clearing()
    await books.publish([facts.reverse("C1", f"hospital/{HOSPITAL}")])
    await books.publish([facts.discharge("C1n", "A1", PERSON, HOSPITAL, in_scope="6000")])
    await clearing()
    assert net(clearing) == {"hospital": 3_710_00, "person": 0}


async def test_of_a_prepaid_claim_it_is_the_person_s_who_got_the_first_payment(books: Books) -> None:
    await books.publish([*READY, *stay("60000", prepaid=True)])
    clearing = Cleared(books, REGION)
    await clearing()
    await books.publish([corrected("6000")])
    assert await clearing() == {
        (PERSON, "basic"): {"adjusted": "-37800.00"},
        (PERSON, "critical_illness"): {"adjusted": "-6745.00"},
    }


async def test_each_of_several_causes_on_one_claim_has_its_own_party(books: Books) -> None:
    """Rosters come late and are the person's; corrections and the audit are the hospital's, each to the fen.

    What each moves is read from the statements before and after it.
    """
    await books.publish([*READY[:2], *stay("60000")])
    clearing = Cleared(books, REGION)
    funds: list[int] = []

    async def settle(*events: dict[str, Any]) -> int:
        await books.publish(events)
        paid = await books.paid("C1")
        funds.append(sum(fen(amount) for name, amount in paid.items() if name not in ("patient", "hospital")))
        return funds[-1] - funds[-2] if len(funds) > 1 else funds[-1]

    first = await settle()
    late = await settle(READY[2])
    typo = await settle(corrected("6000"))
    found = await settle(facts.audit("C1", "1000", "hospital"))
    again = await settle(corrected("7000", id_="again"))
    taken = await settle(facts.roster(PERSON, "dibao", "removed", "2019-01-01"))
    for moved in (late, typo, found, again, taken):
        assert moved != 0
    shown = await clearing()
    assert net(clearing) == {"hospital": first + typo + found + again, "person": late + taken}
    assert {column for (payee, _), each in shown.items() if payee == HOSPITAL for column in each} == {
        *("settled", "adjusted", "audit")
    }
    audits = [fen(each["audit"]) for each in shown.values() if "audit" in each]
    assert sum(audits) == found
    await books.publish([facts.reverse("C1", f"hospital/{HOSPITAL}")])
    await clearing()
    assert net(clearing) == {"hospital": 0, "person": 0}


async def test_what_it_moves_in_other_claims_is_settled_with_the_person(books: Books) -> None:
    """As with an audit: the second stay's bill is as it was, and its hospital has been paid for it."""
    await books.publish([*READY, *stay("60000"), *stay("10000", 2)])
    clearing = Cleared(books, REGION)
    await clearing()
    await books.publish([corrected("6000")])
    shown = await clearing()
    # C2 leaves 10,000 − 9,300 × 70% = 3,490, first all above the line of 5,000: 1,745.00. C1 leaves but 2,290 now, so
    # that 2,290 + 3,490 − 5,000 = 780 are above it: 390.00
    assert shown[PERSON, "critical_illness"] == {"adjusted": "-1355.00"}
    assert {fund for payee, fund in shown if payee == PERSON} == {"critical_illness"}


OTHER = "Q2502"
"""Somebody of whom the same facts are settled one after the other."""


def three_causes(person: str = PERSON, number: int = 1) -> list[dict[str, Any]]:
    """The hospital's typing error, an amount that an audit lays on it, and a roster that comes late."""
    return [
        corrected("6000", number),
        facts.audit(f"C{number}", "1000", "hospital", f"F{number}"),
        facts.roster(person, "dibao", on="2019-01-01"),
    ]


async def one_by_one(
    books: Books, clearing: Cleared, later: list[dict[str, Any]], in_scope: str = "60000"
) -> dict[str, int]:
    """What clearings bring either side for claim C2 of another person, each fact settled before the next one comes."""
    before = net(clearing)
    await books.publish([facts.enrol(OTHER, region=REGION)])
    await books.publish(facts.stay(2, OTHER, in_scope=in_scope, hospital_id=HOSPITAL))
    for fact in later:
        await books.publish([fact])
    await clearing()
    return {party: amount - before[party] for party, amount in net(clearing).items()}


@pytest.mark.parametrize("layers", [0, 1, 2])
async def test_lost_with_the_store_of_nats_each_cause_still_has_its_own_party(books: Books, layers: int) -> None:
    """Three causes in flight together, through none, one or two layers: one fresh run books what is left of them."""
    await books.publish([*READY[:2], *stay("60000")])
    clearing = Cleared(books, REGION)
    await clearing()
    books.enqueue(three_causes())
    await books.step(("intake", 0), 3)
    for layer in ("basic", "critical_illness")[:layers]:
        await books.step((layer, 0), 2)
    await lost(books)
    await clearing()
    assert net(clearing) == await one_by_one(books, clearing, three_causes(OTHER, 2))
    assert net(clearing)["person"] > 0
    assert await window(books, "C1") == await window(books, "C2") != 0


async def test_what_comes_to_nothing_in_one_run_still_moves_between_the_parties(books: Books) -> None:
    """Critical illness pays 0 before and after, with another base: its entry books no money, and yet each side has its
    part. The roster's share of what 60,000 had brought is the person's, and 7,000 takes all of it from the hospital.
    """

    def later(person: str, number: int) -> list[dict[str, Any]]:
        roster = facts.roster(person, "dibao", on="2019-01-01")
        ids = (f"up-{number}", f"down-{number}")
        return [corrected("60000", number, ids[0]), roster, corrected("7000", number, ids[1])]

    await books.publish([*READY[:2], *stay("6000")])
    clearing = Cleared(books, REGION)
    await clearing()
    books.enqueue(later(PERSON, 1))
    await books.step(("intake", 0), 3)
    await lost(books)
    await clearing()
    assert net(clearing) == await one_by_one(books, clearing, later(OTHER, 2), "6000")
    assert net(clearing)["person"] > 0


async def test_a_parked_run_that_a_correction_supersedes_keeps_its_own_party(books: Books) -> None:
    """The roster's run stands still before critical illness; the correction covers its claim and takes its place."""
    await books.publish([*READY[:2], *stay("60000")])
    clearing = Cleared(books, REGION)
    await clearing()
    typo, _, roster = three_causes()
    with pytest.MonkeyPatch.context() as patch:
        poison(patch, "C1", 1)
        await books.publish([roster])
    await books.publish([typo])
    await clearing()
    typo, _, roster = three_causes(OTHER, 2)
    assert net(clearing) == await one_by_one(books, clearing, [roster, typo])
    # the correction's part alone: own share 11,745.00 of 60,000 and 2,290.00 of 6,000
    assert books.answered("C1")[-1].data["due_at_window"] == "-9455.00"


async def test_the_hospital_is_told_what_to_settle_at_its_window(books: Books) -> None:
    """Own share 11,745.00 of 60,000 and 2,290.00 of 6,000: 9,455.00 go back to the patient. Also when asked again."""
    await books.publish([*READY, *stay("60000"), corrected("6000")])
    told = books.answered("C1")
    assert [(each.type, each.data.get("due_at_window")) for each in told] == [
        ("claim.settled.v1", None),
        ("claim.resettled.v1", "-9455.00"),
    ]
    await books.publish(stay("60000")[1:])  # the discharge once more
    again = books.answered("C1")[-1]
    assert (again.id, again.data) == (told[-1].id, told[-1].data)
    # late rosters are between the funds and the person: nothing at the window
    await books.publish([facts.roster(PERSON, "dibao", "removed", "2019-01-01")])
    assert "due_at_window" not in books.answered("C1")[-1].data


@pytest.mark.parametrize(
    ("fact", "prepaid", "due"),
    [
        (
            corrected("6000"),
            True,
            "-54000.00",
        ),  # the whole bill was paid at the window; 44,545.00 of it go to the funds
        (corrected("60000", id_="same"), False, None),
        (facts.audit("C1", "1000", "person"), False, None),
        # 59,000: basic 40,810, left 18,190 with critical illness 6,595 of it (50% above 5,000): 11,595 − 11,745
        (facts.audit("C1", "1000", "hospital"), False, "-150.00"),
    ],
)
async def test_what_is_due_at_the_window(books: Books, fact: dict[str, Any], prepaid: bool, due: str | None) -> None:
    await books.publish([*READY, *stay("60000", prepaid=prepaid), fact])
    assert books.answered("C1")[-1].data.get("due_at_window") == due


async def test_the_person_s_file_and_replay_say_so(books: Books) -> None:
    await books.publish([*READY, *stay("60000"), corrected("6000")])
    (claim,) = (await gather(books.engine, PERSON)).claims
    assert [revision.due_at_window for revision in claim.revisions] == [None, -9_455_00]
    assert {moved.counterparty for moved in claim.revisions[1].moved} == {"hospital"}
    history = await load_history(books.engine, PERSON)
    assert [entry.due_at_window for entry in history.settlements()] == [None, -9_455_00]


async def test_what_an_older_program_recorded_as_the_person_s_stays_so(books: Books) -> None:
    """Its runs name no corrected claim: what one of them books is recorded with the person, and cleared so."""
    await books.publish([*READY, *stay("60000")])
    clearing = Cleared(books, REGION)
    await clearing()
    books.enqueue([corrected("6000")])
    await books.step(("intake", 0), 1)
    (arrived,) = books.queues["basic", 0]
    older = orjson.loads(arrived.body)
    older[0][5] = older[0][5][:5]  # the cause ends with the claim laid on the hospital
    books.queues["basic", 0][0] = replace(arrived, body=orjson.dumps(older))
    await books.drain()
    assert {payee for payee, _ in await clearing()} == {PERSON}
    # the next correction is the hospital's
    await books.publish([corrected("7000", id_="again")])
    assert {payee for payee, _ in await clearing()} == {HOSPITAL}
    await books.publish([facts.reverse("C1", f"hospital/{HOSPITAL}")])
    await clearing()
    assert net(clearing) == {"hospital": 0, "person": 0}


def back_and_forth(person: str = PERSON, number: int = 1) -> list[dict[str, Any]]:
    """Two corrections and two rosters that leave the bill, the categories and so the statement as they were."""
    return [
        corrected("60000", number, f"up-{number}"),
        facts.roster(person, "dibao", on="2019-01-01"),
        corrected("6000", number, f"down-{number}"),
        facts.roster(person, "dibao", "removed", "2019-01-01"),
    ]


async def window(books: Books, claim_id: str) -> int:
    """What the answers have told of the hospital's window, in fen."""
    told = {each.id: each.data.get("due_at_window", "0.00") for each in books.answered(claim_id)}
    return sum(fen(due) for due in told.values())


async def test_a_statement_that_one_run_leaves_as_it_was_still_moves_between_the_parties(books: Books) -> None:
    """Told one by one, the rosters' part of what 60,000 had brought is paid to the person by the funds, and to the
    hospital by the person at its window: nobody has won or lost. In one run it comes to the same, then and later."""
    await books.publish([*READY[:2], *stay("6000")])
    clearing = Cleared(books, REGION)
    await clearing()
    books.enqueue(back_and_forth())
    await books.step(("intake", 0), 4)
    await lost(books)
    await clearing()
    moved = net(clearing)
    assert moved == await one_by_one(books, clearing, back_and_forth(OTHER, 2), "6000")
    assert moved["person"] - await window(books, "C1") == 0
    assert await window(books, "C1") == await window(books, "C2") != 0
    # what comes later moves its own part alone
    await books.publish([facts.roster(PERSON, "dibao", on="2019-01-02")])
    assert {payee for payee, _ in await clearing()} == {PERSON}
