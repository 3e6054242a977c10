"""A stay over New Year, billed on 31 December where the scheme says so: two claims of two years, one deductible."""

from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.loader import SchemeError, load_text
from policies.scheme import Scheme
from processors.law.adoption import adopt_schemes
from processors.person.file import gather
from processors.person.quote import Quotes
from processors.person.replay import replay
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from tests import facts
from tests.integration.test_seventh_scheme import XUZHOU
from tests.ledger import Books

BILLS = XUZHOU.replace("\nstages:", '\ninterim_bill: {grade: seed, cite: "六"}\n\nstages:')
COUNTS_ON = BILLS.replace(
    "        cap:",
    '        referral_credit: [{value: true, grade: seed, cite: "三"}]\n'
    '        interim_credit: [{value: true, grade: seed, cite: "六"}]\n        cap:',
)
LAW = load_text(COUNTS_ON.encode(), "xuzhou")
PEOPLE = [
    facts.hospital("HX", 3, "320301"),
    *(facts.enrol("X", year, "320300") for year in (2019, 2020, 2021)),
    facts.roster("X", "dibao", on="2019-01-01"),
    facts.admit("A1", "X", "HX", "2019-12-10"),
]


def interim(
    claim: str = "C1",
    admission: str = "A1",
    person: str = "P1",
    hospital_id: str = "H1",
    on: str = "2019-12-31",
    in_scope: str = "10000",
    **more: Any,
) -> dict[str, Any]:
    """A hospital claims the bill of a stay on 31 December."""
    data = {"claim_id": claim, "admission_id": admission, "person_id": person, "billed_on": on}
    data["bill"] = facts.bill(in_scope)  # type: ignore[assignment]
    return facts.event(f"hospital/{hospital_id}", f"interim-{claim}", "interim.recorded.v1", **data | more)


def bill_so_far(claim: str = "C1", in_scope: str = "5000", on: str = "2019-12-31", **more: Any) -> dict[str, Any]:
    return interim(claim, "A1", "X", "HX", on, in_scope, **more)


def leave(claim: str = "C2", in_scope: str = "3000", on: str = "2020-01-20", **more: Any) -> dict[str, Any]:
    return facts.discharge(claim, "A1", "X", "HX", on, in_scope, **more)


async def opened(engine: AsyncEngine, law: Scheme = LAW, **knobs: Any) -> Books:
    books = await Books.open(engine, **knobs)
    await adopt_schemes(engine, [law], "王芳")
    await books.publish(PEOPLE)
    return books


async def paid(books: Books, claim: str) -> tuple[str | None, str | None, str]:
    """Basic, assistance, and what is left to the person."""
    found = await books.paid(claim)
    return found.get("basic"), found.get("assistance"), found["patient"]


async def holds(books: Books) -> None:
    report = await verify(books.engine)
    assert (report.problems, report.skipped) == ([], 0)
    assert all(not compared.found for compared in (await rebuild(books.engine, dry_run=True)).projections)


async def admission(books: Books) -> tuple[str | None, str | None]:
    async with books.engine.connect() as connection:
        row = (await connection.execute(text("SELECT interim_by, discharged_by FROM projections.admissions"))).one()
        return row.interim_by, row.discharged_by


# C1, of 2019: (5,000 − 900) × 70% = 2,870; half of 2,130, at most 1,000 a year.
# C2, of 2020: nothing is left of the deductible of 900: 3,000 × 70% = 2,100; half of 900.
FIRST, REST = ("2870.00", "1000.00", "1130.00"), ("2100.00", "450.00", "450.00")


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
async def test_the_discharge_bears_what_the_bill_before_has_left_of_the_deductible(
    engine: AsyncEngine, seed: int | None
) -> None:
    books = await opened(engine, seed=seed)
    await books.publish([bill_so_far()])
    assert (await paid(books, "C1"), await admission(books)) == (FIRST, ("C1", None))
    await books.publish([leave()])
    assert (await paid(books, "C2"), await admission(books)) == (REST, ("C1", "C2"))
    statement = await books.statement("C1")
    assert statement is not None
    assert (statement["year"], statement["date"]) == (2019, "2019-12-31")

    # C1 is 500, all of it deductible; half is assistance. Of 900 are 400 left: 2,600 × 70% = 1,820; half of 1,180.
    small, after_small = ("0.00", "250.00", "250.00"), ("1820.00", "590.00", "590.00")
    await books.publish([facts.correct("C1", "500", "HX")])
    assert (await paid(books, "C1"), await paid(books, "C2")) == (small, after_small)
    await books.publish([facts.correct("C1", "5000", "HX"), facts.audit("C1", "4500")])
    assert (await paid(books, "C1"), await paid(books, "C2")) == (small, after_small)
    # who was not poor at New Year, but is at the discharge
    await books.publish(
        [facts.roster("X", "dibao", "removed", on="2019-12-01"), facts.roster("X", "dibao", on="2020-01-01")]
    )
    assert (await paid(books, "C1"), await paid(books, "C2")) == (("0.00", None, "500.00"), after_small)
    # the part after it corrected: (1,000 − 400) × 70% = 420; half of 580
    await books.publish([facts.correct("C2", "1000", "HX")])
    assert await paid(books, "C2") == ("420.00", "290.00", "290.00")
    await books.publish([facts.correct("C2", "3000", "HX")])

    await books.publish([facts.reverse("C1", "hospital/HX")])
    # alone the discharge bears all of it: (3,000 − 900) × 70% = 1,470; half of 1,530
    assert (await paid(books, "C2"), await admission(books)) == (("1470.00", "765.00", "765.00"), (None, "C2"))
    # sent anew in its order: the discharge goes first
    await books.publish([bill_so_far("C3")])
    assert await books.refused() == [("interim-C3", "already_discharged")]
    await books.publish([facts.reverse("C2", "hospital/HX"), bill_so_far("C3") | {"id": "again"}, leave("C4")])
    # not poor on 31 December: basic alone
    assert (await paid(books, "C3"), await paid(books, "C4")) == (("2870.00", None, "2130.00"), REST)
    await holds(books)


async def test_over_two_new_years_and_a_referral(engine: AsyncEngine) -> None:
    books = await opened(engine)
    await books.publish(
        [
            bill_so_far(in_scope="500"),
            bill_so_far("C2", "300", "2020-12-31"),
            leave("C3", on="2021-01-20"),
            facts.admit("A2", "X", "HX", "2021-01-20", referred_from="A1"),
            facts.discharge("C4", "A2", "X", "HX", "2021-02-01", "1000"),
        ]
    )
    # 500 of 900, 300 of 400, and 100 of 100: (3,000 − 100) × 70% = 2,030. A2 was referred: 900 − 900, 1,000 × 70%.
    basics = [(await paid(books, claim))[0] for claim in ("C1", "C2", "C3", "C4")]
    assert basics == ["0.00", "0.00", "2030.00", "700.00"]
    # C1 gone: 300 of 900, 600 of 600: 2,400 × 70% = 1,680; A2 as before
    await books.publish([facts.reverse("C1", "hospital/HX")])
    assert (await paid(books, "C3"))[0] == "1680.00"
    assert (await paid(books, "C4"))[0] == "700.00"
    await books.publish([facts.reverse("C2", "hospital/HX")])
    assert await admission_of_a1(books) == (None, "C3")
    assert (await paid(books, "C3"))[0] == "1470.00"
    await holds(books)


async def admission_of_a1(books: Books) -> tuple[str | None, str | None]:
    async with books.engine.connect() as connection:
        query = text("SELECT interim_by, discharged_by FROM projections.admissions WHERE admission_id = 'A1'")
        return tuple((await connection.execute(query)).one())


async def test_without_the_credit_each_bill_bears_a_deductible(engine: AsyncEngine) -> None:
    books = await opened(engine, load_text(BILLS.encode(), "xuzhou"))
    await books.publish([bill_so_far(), leave()])
    assert (await paid(books, "C1"), (await paid(books, "C2"))[0]) == (FIRST, "1470.00")
    await holds(books)


async def test_both_bills_can_be_asked_for_before(engine: AsyncEngine) -> None:
    books = await opened(engine)
    for event in (bill_so_far(), leave()):
        quoted = await Quotes(engine).quote("hospital/HX", orjson.dumps(event))
        await books.publish([event])
        assert quoted["statement"] == await books.statement(event["data"]["claim_id"])
    assert (await paid(books, "C1"), await paid(books, "C2")) == (FIRST, REST)


async def test_it_is_shown_as_what_it_is(engine: AsyncEngine) -> None:
    books = await opened(engine)
    await books.publish([bill_so_far(), leave()])
    told = await replay(engine, "X")
    assert told["consistent"] is True
    accepted = {entry["claim"]["claim_id"]: entry["claim"]["interim"] for entry in told["history"] if "claim" in entry}
    assert accepted == {"C1": True, "C2": False}
    basic = [entry for entry in told["history"] if entry.get("layer") == "basic"]
    (steps,) = [
        [(step["name"], step.get("expression", step.get("value"))) for step in entry["trace"]][:3]
        for entry in basic
        if entry["claim_id"] == "C2"
    ]
    assert steps == [
        ("起付线", "900.00"),
        ("年末中途结算起付线连续计算", "是 yes"),
        ("本次起付线", "min(3000.00, max(0, 900.00 − 900.00))"),
    ]
    claims = (await gather(engine, "X")).claims
    assert [(claim.claim_id, claim.interim, str(claim.admitted_on)) for claim in claims] == [
        ("C1", True, "2019-12-10"),
        ("C2", False, "2019-12-10"),
    ]
    assert [answer.type for answer in books.answered("C1")] == ["claim.settled.v1"]


async def test_a_scheme_that_does_not_say_so_settles_the_stay_whole(books: Books) -> None:
    await books.publish(
        [
            facts.hospital(),
            *(facts.enrol("P1", year) for year in (2019, 2020)),
            facts.admit("A1", on="2019-12-10"),
            interim(),
            facts.discharge("C2", on="2020-01-20"),
        ]
    )
    assert await books.refused() == [("interim-C1", "no_interim_bill")]
    assert "settled whole at its discharge" in books.answered("C1")[0].data["detail"]
    statement = await books.statement("C2")
    assert statement is not None
    assert statement["year"] == 2020


BILLED = [bill_so_far()]
REFUSED: list[tuple[list[Any], dict[str, Any], str, str]] = [
    ([], bill_so_far(on="2019-12-30"), "malformed", "must be a 31 December"),
    ([], interim("C1", "A9", "X", "HX"), "unknown_admission", ""),
    ([], interim("C1", "A1", "X", "H2"), "source_not_allowed", ""),
    ([], interim("C1", "A1", "Y", "HX"), "person_mismatch", ""),
    ([], bill_so_far(on="2018-12-31"), "date_order", "before admitted_on 2019-12-10"),
    ([], bill_so_far(on="2099-12-31"), "date_in_future", ""),
    ([], bill_so_far(bill=facts.bill("5") | {"total": "6"}), "bill_does_not_add_up", ""),
    ([facts.cancel("A1", "HX")], bill_so_far(), "admission_cancelled", ""),
    (BILLED, bill_so_far(), "duplicate_claim", ""),
    (BILLED, bill_so_far("C3"), "already_billed", "interim claim C1 of the stay stands"),
    (BILLED, leave(on="2019-12-31"), "date_order", "the stay was billed up to 2019-12-31"),
    (BILLED, facts.change_admission("A1", "HX", admitted_on="2019-12-11"), "already_billed", "reverse it first"),
    (BILLED, facts.cancel("A1", "HX"), "already_billed", "reverse it first"),
    ([*BILLED, leave()], bill_so_far("C3", on="2020-12-31"), "already_discharged", ""),
    ([facts.end_enrolment("X", "2019-12-20", "320300")], bill_so_far(), "not_enrolled", ""),
]


@pytest.mark.parametrize(
    ("before", "event", "reason", "said"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_what_is_refused(
    engine: AsyncEngine, before: list[Any], event: dict[str, Any], reason: str, said: str
) -> None:
    books = await opened(engine)
    await books.publish(before)
    await books.publish([event | {"id": "refused"}])
    assert await books.refused() == [("refused", reason)]
    assert said in books.answers[-1].data["detail"]
    await holds(books)


def test_a_credit_without_such_a_bill_is_told() -> None:
    unsound = COUNTS_ON.replace('interim_bill: {grade: seed, cite: "六"}\n', "")
    with pytest.raises(SchemeError, match=r"interim_credit: .*the scheme has no interim_bill"):
        load_text(unsound.encode(), "xuzhou.yaml")
