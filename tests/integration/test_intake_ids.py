"""Whose an id is: a hospital neither takes another's ids nor learns from refusals what another has recorded."""

from typing import Any

import pytest

from processors.pipeline.state import hospital_numbers
from tests.facts import admit, bill, cancel, correct, discharge, enrol, hospital, reverse, visit
from tests.ledger import Books

SHORT = bill("100") | {"total": "99"}
TWO = [hospital("H1"), hospital("H2"), enrol(), enrol("P2")]


@pytest.mark.parametrize(
    ("id_", "numbers"),
    [
        ("H1-WA", ["H1"]),
        ("H1-SQ-C", ["H1-SQ", "H1"]),
        ("H10-7", ["H10"]),
        ("H1A7", ["H1"]),
        ("H2206213_A_0001", ["H2206213_A", "H2206213"]),
        ("C1", []),
        ("550e8400-e29b", ["550e8400-e29", "550e8400"]),
        ("001-7", ["001"]),
    ],
)
def test_what_may_be_a_hospital_s_number_in_an_id(id_: str, numbers: list[str]) -> None:
    assert hospital_numbers(id_) == numbers


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_a_waiting_discharge_reserves_its_admission(books: Books, batch: int) -> None:
    await books.publish([*TWO, discharge("H1-WC", "H1-WA"), admit("H1-WA", "P2", "H2", id_="grab")], batch=batch)
    assert await books.refused() == [("grab", "source_not_allowed")]
    await books.publish([admit("H1-WA")], batch=batch)
    assert (await books.paid("H1-WC"))["basic"] == "5520.00"  # (10,000 − 800) × 60%


@pytest.mark.parametrize("batch", [1, 500], ids=["apart", "together"])
async def test_an_id_that_begins_with_no_number_is_reserved_by_the_first_that_waits(books: Books, batch: int) -> None:
    second = discharge("C2", "WA", hospital_id="H2", id_="second")
    taken = visit("C1", hospital_id="H2", setting="general", id_="taken")
    await books.publish([*TWO, discharge("C1", "WA"), admit("WA", "P2", "H2", id_="grab"), second, taken], batch=batch)
    assert await books.refused() == [
        ("grab", "source_not_allowed"),
        ("second", "source_not_allowed"),
        ("taken", "duplicate_claim"),
    ]
    await books.publish([admit("WA")], batch=batch)
    assert await books.statement("C1") is not None
    # once reversed, what waited reserves nothing
    await books.publish([discharge("C3", "WB"), reverse("C3"), admit("WB", hospital_id="H2")], batch=batch)
    assert [name for name, _ in await books.refused()][3:] == ["discharge-C3"]


BY_H2: dict[str, dict[str, Any]] = {
    "admission": admit("H1-SQ-A", "P2", "H2", id_="x"),
    "discharge": discharge("H2-C", "H1-SQ-A", hospital_id="H2", id_="x"),
    "claim": discharge("H1-SQ-C", "H2-A", "P2", "H2", id_="x"),
    "visit": visit("H1-SQ-C", "P2", "H2", setting="general", id_="x"),
    "cancellation": cancel("H1-SQ-A", hospital_id="H2", id_="x"),
    "reversal": reverse("H1-SQ-C", "hospital/H2", id_="x"),
    "correction": correct("H1-SQ-C", hospital_id="H2", id_="x"),
}


@pytest.mark.parametrize("sent", BY_H2.values(), ids=BY_H2)
async def test_another_hospital_s_id_is_refused_alike_whether_it_exists_or_not(
    books: Books, sent: dict[str, Any]
) -> None:
    own = [admit("H1-SQ-A"), discharge("H1-SQ-C", "H1-SQ-A")]
    await books.publish([*TWO, admit("H2-A", "P2", "H2")])
    await books.publish([sent, *own, sent | {"id": "y"}])
    unknown, known = [answer for answer in books.answers if answer.type == "event.rejected.v1"]
    same = ("reason", "detail", "detail_zh")
    assert [unknown.data[name] for name in same] == [known.data[name] for name in same]
    assert known.data["reason"] == "source_not_allowed"
    assert "accepted" not in known.data["detail"]
    assert await books.statement("H1-SQ-C") is not None  # the right hospital's claim goes on


async def test_a_hospital_whose_number_begins_with_another_s_uses_its_own(books: Books) -> None:
    ten = [hospital("H10"), hospital("H10-B")]
    await books.publish([*TWO, *ten, admit("H10-1", hospital_id="H10"), admit("H10-B-1", hospital_id="H10-B")])
    assert await books.refused() == []
    await books.publish([admit("H10-B-2", hospital_id="H10"), admit("H10-2", hospital_id="H10-B")])
    # to H10-B its own number is longer than H10, and H10-2 begins with H10 alone
    assert await books.refused() == [("admit-H10-B-2", "source_not_allowed"), ("admit-H10-2", "source_not_allowed")]
    await books.publish([reverse("H10-1", "bureau/220621")])
    assert (await books.refused())[2:] == [("reverse-H10-1", "unknown_claim")]  # a bureau may name any id


async def test_refusals_say_nothing_of_another_s_records(books: Books) -> None:
    await books.publish([*TWO, admit("A1"), discharge("C1", "A1")])
    await books.publish(
        [
            admit("A1", "P2", "H2", id_="a"),
            visit("C1", "P2", "H2", setting="general", id_="b"),
            discharge("C2", "A1", hospital_id="H2", id_="c"),
        ]
    )
    details = [answer.data["detail"] for answer in books.answers if answer.type == "event.rejected.v1"]
    assert details == [
        "admission_id A1 can't be used: begin your admission ids with your own hospital number",
        "claim_id C1 can't be used: begin your claim ids with your own hospital number",
        "admission_id A1 can't be used by hospital/H2: begin your ids with your own hospital number",
    ]


NAMED_BY_H2: dict[str, tuple[str, dict[str, Any]]] = {
    "reversal": ("unknown_claim", reverse("C1", "hospital/H2", id_="x")),
    "correction": ("unknown_claim", correct("C1", hospital_id="H2", id_="x")),
    "correction that does not add up": ("unknown_claim", correct("C1", hospital_id="H2", bill=SHORT, id_="x")),
    "cancellation": ("unknown_admission", cancel("A1", hospital_id="H2", id_="x")),
    "referral": ("unknown_referral", admit("H2-A", "P2", "H2", referred_from="A1", id_="x")),
}
STATES_OF_H1: dict[str, list[dict[str, Any]]] = {
    "unknown": [],
    "admitted": [admit("A1")],
    "admission cancelled": [admit("A1"), cancel("A1")],
    "discharge waits": [discharge("C1", "A1")],
    "discharge and correction wait": [discharge("C1", "A1"), correct("C1")],
    "settled": [admit("A1"), discharge("C1", "A1")],
    "visit settled": [visit("C1", setting="general")],
    "reversed": [admit("A1"), discharge("C1", "A1"), reverse("C1")],
}


@pytest.mark.parametrize(("reason", "sent"), NAMED_BY_H2.values(), ids=NAMED_BY_H2)
async def test_who_names_another_s_record_is_told_what_he_is_told_of_none(
    books: Books, reason: str, sent: dict[str, Any]
) -> None:
    """The answer but for its own numbers is the same, in whatever state the other hospital's record is."""
    told = []
    before: list[dict[str, Any]] = []
    for number, (state, events) in enumerate(STATES_OF_H1.items()):
        ids = {"C1": f"C{number}x", "A1": f"A{number}x"}
        await books.publish([*(TWO if not number else []), *(_renamed(event, ids, state) for event in events)])
        answers = len(books.answers)
        await books.publish([_renamed(sent, ids, state)])
        (answer,) = books.answers[answers:]
        assert answer.type == "event.rejected.v1", state
        text = str([answer.data[name] for name in ("source", "type", "reason", "detail", "detail_zh")])
        told.append(text.replace(ids["C1"], "C1").replace(ids["A1"], "A1"))
        assert answer.data["reason"] == reason, state
        before.append(answer.data)
    assert len(set(told)) == 1
    assert {frozenset(data) for data in before} == {frozenset(before[0])}


async def test_a_refusal_of_another_s_record_changes_nothing_of_it(books: Books) -> None:
    await books.publish([*TWO, admit("A1"), discharge("C1", "A1"), discharge("C2", "A2"), admit("A3")])
    statement = await books.statement("C1")
    answers = len(books.answers)
    named = [reverse("C1", "hospital/H2", id_="a"), reverse("C2", "hospital/H2", id_="b")]
    await books.publish([*named, correct("C2", hospital_id="H2", id_="c"), cancel("A3", hospital_id="H2", id_="d")])
    assert {answer.data["source"] for answer in books.answers[answers:]} == {"hospital/H2"}  # H1 hears of none
    await books.publish([admit("A2"), discharge("C3", "A3")])
    assert await books.statement("C1") == statement
    assert None not in (await books.statement("C2"), await books.statement("C3"))
    await books.publish([reverse("C1", "bureau/220621"), reverse("C2")])
    assert [reason for _, reason in await books.refused()] == ["unknown_claim"] * 3 + ["unknown_admission"]


async def test_a_hospital_keeps_what_it_recorded_before_the_number_in_its_ids_was_another_s(books: Books) -> None:
    """H2 numbered its stays H3-…; later a hospital H3 is registered, and H2 goes on with what is its own."""
    mine = [admit("H3-A", "P2", "H2"), discharge("H3-C", "H3-A", "P2", "H2"), admit("H3-B", "P2", "H2")]
    await books.publish([*TWO, *mine, admit("H3-D", "P1", "H2"), hospital("H3")])
    after = [correct("H3-C", hospital_id="H2"), reverse("H3-C", "hospital/H2"), cancel("H3-B", hospital_id="H2")]
    await books.publish([*after, discharge("H2-D", "H3-D", "P1", "H2")])
    assert await books.refused() == []
    # to H3, whose number they begin with, they are unknown all the same
    await books.publish([correct("H3-C", hospital_id="H3", id_="a"), cancel("H3-B", hospital_id="H3", id_="b")])
    assert await books.refused() == [("a", "unknown_claim"), ("b", "unknown_admission")]


def _renamed(event: dict[str, Any], ids: dict[str, str], state: str) -> dict[str, Any]:
    """The event with other ids of claim and admission, and an event id of its own."""
    data = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in event["data"].items()}
    return event | {"id": f"{event['id']}-{state.replace(' ', '-')}", "data": data}
