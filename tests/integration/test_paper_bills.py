"""Bills that a bureau had on paper: who is paid, what shuts what out, and whose they are.

The persons, hospitals and bills are made up. 佳木斯, tier 3, not poor, outside the province: 1,500 deductible, basic
50% where the stay is filed, 40% where it is not; at home 700 and 65%.
"""

from datetime import date
from itertools import permutations
from typing import Any

import orjson
import pytest

from processors.person.file import gather
from processors.person.quote import Quotes
from processors.person.replay import load_history
from processors.person.replay_json import replay_json
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from processors.reconciliation.comparison import reconcile
from tests import facts
from tests.clearings import drafted
from tests.facts import admit, audit, correct, discharge, enrol, hospital, reverse, visit
from tests.ledger import Books
from tests.months import months_from_now
from tests.papers import paper

REGION = "230803"
BUREAU = f"bureau/{REGION}"
FAR: dict[str, Any] = {"hospital_name": "北京某医院", "hospital_tier": 3, "hospital_region": "110108"}
READY = [hospital("H1", 3, REGION), enrol("P1", region=REGION), enrol("P2", region=REGION), enrol("P3")]


def bill_on_paper(claim: str = "W1", invoice: str = "INV1", hospital_id: str = "H1", **more: Any) -> dict[str, Any]:
    return paper(claim, invoice, more.pop("person", "P1"), hospital_id, **{"source": BUREAU, **more})


STAY = [admit("A1"), discharge("C1", "A1", on="2019-03-10")]
PAPER = bill_on_paper()


async def reasons(books: Books) -> list[str]:
    return [reason for _, reason in await books.refused()]


async def proved(books: Books) -> None:
    """Verify finds nothing, and the projections are what the ledger gives."""
    assert (await verify(books.engine)).problems == []
    assert (await rebuild(books.engine, dry_run=True)).found == 0


async def test_the_person_is_paid_and_the_bureau_is_told(books: Books) -> None:
    """(11,500 − 1,500) × 40% = 4,000.00: the stay in Beijing is not filed."""
    await books.publish([*READY, bill_on_paper(hospital_id="HX", in_scope="11500", **FAR)])
    assert await books.paid("W1") == {
        "basic": "4000.00",
        "critical_illness": "0.00",
        "patient": "7500.00",
        "hospital": "0.00",
    }
    answer = books.answered("W1")[-1]
    assert (answer.subject, answer.type) == (f"claims.answers.bureau.{REGION}.W1", "claim.settled.v1")
    assert answer.data["payee"] == "person"
    shown = await drafted(books, region=REGION)
    assert [(line["payee_kind"], line["payee"], line["settled"]) for line in shown["lines"]] == [
        ("person", "P1", "4000.00")
    ]
    await proved(books)


# (11,500 − 1,500) × 50% = 5,000.00
@pytest.mark.parametrize("said", ["by the paper", "by the register"])
async def test_a_stay_on_paper_is_filed_by_its_bureau_s_word_or_its_register(books: Books, said: str) -> None:
    word = [] if said == "by the paper" else [facts.file_referral(region=REGION, to_region="110000")]
    sent = bill_on_paper(hospital_id="HX", in_scope="11500", filed=said == "by the paper", **FAR)
    await books.publish([*READY, *word, sent])
    assert (await books.paid("W1"))["basic"] == "5000.00"


async def test_tier_and_region_are_the_register_s_where_the_hospital_stands_in_it(books: Books) -> None:
    """(10,000 − 700) × 65% = 6,045.00 whatever the papers say of a hospital at home."""
    await books.publish([*READY, bill_on_paper(**FAR)])
    assert (await books.paid("W1"))["basic"] == "6045.00"


@pytest.mark.parametrize("left_out", list(FAR))
async def test_of_a_hospital_that_is_not_registered_the_papers_say_all(books: Books, left_out: str) -> None:
    said = {name: value for name, value in FAR.items() if name != left_out}
    await books.publish([*READY, bill_on_paper(hospital_id="HX", **said)])
    assert await reasons(books) == ["unknown_hospital"]


@pytest.mark.parametrize("batch", [1, 50])
@pytest.mark.parametrize("order", list(permutations(["A1", "C1", "W1"])))
async def test_a_stay_is_paid_once_whichever_claim_comes_first(books: Books, batch: int, order: Any) -> None:
    """A discharge that came before its admission is taken when that comes: the paper in between is before it."""
    sent = {"A1": STAY[0], "C1": STAY[1], "W1": PAPER}
    await books.publish([*READY, *(sent[name] for name in order)], batch)
    hospital_first = order[2] == "W1"
    assert await reasons(books) == ["already_claimed"]
    stands, not_ = ("C1", "W1") if hospital_first else ("W1", "C1")
    assert (await books.paid(stands))["basic"] == "6045.00"
    assert await books.statement(not_) is None
    # what stands is taken back: the other can be claimed now, and what was taken back can't come again beside it
    by = "hospital/H1" if hospital_first else BUREAU
    anew = [discharge("C2", "A1"), bill_on_paper("W2", "INV1")]
    await books.publish([reverse(stands, by), *(anew if not hospital_first else reversed(anew))], batch)
    assert await reasons(books) == ["already_claimed", "already_claimed"]
    assert (await books.paid("W2" if hospital_first else "C2"))["basic"] == "6045.00"
    await proved(books)


@pytest.mark.parametrize(
    ("begun", "ended", "same"),
    [
        ("2019-03-01", "2019-03-10", True),
        ("2019-02-20", "2019-03-02", True),  # a night in common
        ("2019-03-05", "2019-03-05", True),  # within
        ("2019-02-20", "2019-03-01", False),  # out and in on one day
        ("2019-03-10", "2019-03-12", False),
    ],
)
async def test_a_stay_is_the_same_where_a_night_is(books: Books, begun: str, ended: str, same: bool) -> None:
    await books.publish([*READY, *STAY, bill_on_paper(admitted_on=begun, on=ended)])
    assert await reasons(books) == (["already_claimed"] if same else [])
    other = bill_on_paper("W2", "INV2", person="P2", admitted_on=begun, on=ended)
    at_another = bill_on_paper("W3", "INV3", "HX", admitted_on=begun, on=ended, **FAR)
    await books.publish([other, at_another])
    assert len(await reasons(books)) == same


async def test_two_papers_are_not_two_stays(books: Books) -> None:
    await books.publish([*READY, PAPER, bill_on_paper("W2", "INV2", admitted_on="2019-03-04")])
    assert await reasons(books) == ["already_claimed"]


@pytest.mark.parametrize("hospital_first", [True, False])
async def test_a_visit_is_paid_once_and_two_of_a_day_are_two(books: Books, *, hospital_first: bool) -> None:
    at_hospital = visit("V1", setting="general", in_scope="80")
    on_paper = bill_on_paper(setting="general", on="2019-03-20", in_scope="80")
    await books.publish([*READY, *([at_hospital, on_paper] if hospital_first else [on_paper, at_hospital])])
    assert await reasons(books) == ["already_claimed"]
    more = [
        bill_on_paper("W2", "INV2", setting="general", on="2019-03-20", in_scope="81"),
        bill_on_paper("W3", "INV3", setting="general", on="2019-03-20", in_scope="81"),
        visit("V2", setting="general", in_scope="82"),
        visit("V3", setting="general", in_scope="82"),
    ]
    await books.publish(more)
    assert await reasons(books) == ["already_claimed"]


@pytest.mark.parametrize("hospital_first", [True, False])
async def test_a_visit_is_paid_once_whichever_setting_each_names(books: Books, *, hospital_first: bool) -> None:
    """辽宁 offers both."""
    liaoning = "210100"
    ready = [hospital("H1", 1, liaoning), enrol("P1", region=liaoning), facts.card()]
    at_hospital = visit("V1", setting="chronic", in_scope="80", disease="diabetes")
    on_paper = bill_on_paper(setting="pharmacy", on="2019-03-20", in_scope="80", source=f"bureau/{liaoning}")
    await books.publish([*ready, *([at_hospital, on_paper] if hospital_first else [on_paper, at_hospital])])
    assert await reasons(books) == ["already_claimed"]
    await proved(books)


@pytest.mark.parametrize("batch", [1, 50])
@pytest.mark.parametrize("corrected", ["V1", "W1"])
async def test_no_correction_makes_two_claims_of_one_visit(books: Books, batch: int, corrected: str) -> None:
    """79.00 and 80.00 are two visits; what makes both alike is refused, and free once one is reversed."""
    sent = [
        visit("V1", setting="general", in_scope="79"),
        bill_on_paper(setting="general", on="2019-03-20", in_scope="80"),
    ]
    by, to = ("hospital/H1", "80") if corrected == "V1" else (BUREAU, "79")
    await books.publish([*READY, *sent, correct(corrected, to, id_="first", source=by)], batch)
    assert await reasons(books) == ["already_claimed"]
    other, its = ("W1", BUREAU) if corrected == "V1" else ("V1", "hospital/H1")
    to_another = correct(corrected, "81", id_="second", source=by)
    again = correct(corrected, to, id_="third", source=by)
    await books.publish([to_another, reverse(other, its), again], batch)
    assert await reasons(books) == ["already_claimed"]
    statement = await books.statement(corrected)
    assert statement is not None
    assert statement["total"] == f"{to}.00"
    await proved(books)


@pytest.mark.parametrize("batch", [1, 50])
async def test_an_invoice_is_paid_once_whoever_brings_it_and_is_free_once_taken_back(books: Books, batch: int) -> None:
    of_another = bill_on_paper("W2", person="P2", hospital_id="HX", **FAR)
    elsewhere = bill_on_paper("W3", person="P3", source=facts.BUREAU, hospital_id="HX", **FAR)
    await books.publish([*READY, PAPER, of_another, elsewhere], batch)
    assert await reasons(books) == ["duplicate_invoice", "duplicate_invoice"]
    own, other = (books.answered(claim)[-1].data["detail"] for claim in ("W2", "W3"))
    assert ("W1" in own, "W1" in other) == (True, False)
    again = Books(books.engine, 1)  # workers begin anew: nothing is known but what is written
    again.sequence = books.sequence
    await again.publish([bill_on_paper("W4"), reverse("W1", BUREAU), bill_on_paper("W5"), bill_on_paper("W6")], batch)
    assert await reasons(again) == ["duplicate_invoice"] * 4
    assert (await again.paid("W5"))["basic"] == "6045.00"
    await proved(again)


async def test_the_same_event_again_changes_nothing_and_is_answered_again(books: Books) -> None:
    await books.publish([*READY, PAPER])
    await books.publish([PAPER])
    assert await reasons(books) == []
    assert [answer.id for answer in books.answered("W1")] == [books.answered("W1")[0].id] * 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": "bureau/230804"}, "source_not_allowed"),
        ({"source": "bureau/230800"}, None),
        ({"person": "P9"}, "not_enrolled"),
        ({"person": "P3"}, "source_not_allowed"),
        ({"claim": "H1-7"}, "source_not_allowed"),
        ({"admitted_on": "2019-03-11"}, "date_order"),
        ({"on": "2099-03-10"}, "date_in_future"),
        ({"bill": facts.bill("1") | {"total": "2"}}, "bill_does_not_add_up"),
        ({"referred_from": "A9"}, "unknown_referral"),
        ({"setting": "chronic", "disease": "diabetes"}, "no_policy"),
        ({"disease": "fear"}, "unknown_disease"),
    ],
)
async def test_a_bill_on_paper_is_refused_for_a_reason(books: Books, changes: Any, reason: str | None) -> None:
    await books.publish([*READY, bill_on_paper(**changes)])
    assert await reasons(books) == ([] if reason is None else [reason])


async def test_a_claim_refused_as_not_enrolled_is_told_once_it_can_be_sent(books: Books) -> None:
    await books.publish([*READY, bill_on_paper(person="P9"), enrol("P9", region=REGION)])
    answer = books.answered("W1")[-1]
    assert (answer.type, answer.subject) == ("refusal.lifted.v1", f"claims.answers.bureau.{REGION}.W1")
    await proved(books)


async def test_a_bill_on_paper_is_its_bureau_s(books: Books) -> None:
    """Corrected to 8,000: (8,000 − 700) × 65% = 4,745.00; the person gives 1,300.00 back, the hospital nothing."""
    await books.publish([*READY, PAPER])
    await books.publish(
        [
            reverse("W1", "hospital/H1", "no-hospital-s"),
            correct("W1", id_="no-hospital-s-either"),
            correct("W1", source=facts.BUREAU, id_="of-another-bureau"),
            correct("W1", source=BUREAU, id_="own"),
            *STAY,
        ]
    )
    assert await books.refused() == [
        ("no-hospital-s", "unknown_claim"),
        ("no-hospital-s-either", "unknown_claim"),
        ("of-another-bureau", "source_not_allowed"),
        ("discharge-C1", "already_claimed"),
    ]
    assert (await books.paid("W1"))["basic"] == "4745.00"
    told = books.answered("W1")[-1]
    assert (told.type, "due_at_window" in told.data) == ("claim.resettled.v1", False)
    shown = await drafted(books, region=REGION)
    assert {(line["payee_kind"], line["payee"]) for line in shown["lines"]} == {("person", "P1")}
    await books.publish([reverse("W1", "bureau/230800", "by-the-prefecture")])
    statement = await books.statement("W1")
    assert statement is not None
    assert statement["status"] == "reversed"
    await proved(books)


async def test_no_bureau_corrects_what_a_hospital_claimed(books: Books) -> None:
    await books.publish([*READY, *STAY, correct("C1", source=BUREAU)])
    assert await reasons(books) == ["source_not_allowed"]


async def test_a_bill_on_paper_is_not_in_the_books_of_its_hospital(books: Books) -> None:
    await books.publish([*READY, PAPER])
    for by_settlement in (False, True):
        month = months_from_now()[0] if by_settlement else date(2019, 3, 1)
        found = await reconcile(books.engine, "H1", month, [], by_settlement=by_settlement)
        assert (found.differences, found.ledger["claims"]) == ([], 0)


async def test_a_deductible_borne_before_a_referral_counts_on_paper_too(books: Books) -> None:
    """抚松, poor: the chain's 800 of H1 are borne; of a stay referred to Beijing nothing more is due."""
    ready = [hospital("H1"), enrol(), facts.roster(), *facts.stay(1, on="2019-02-10")]
    sent = paper("W1", "INV1", hospital_id="HX", referred_from="A1", **FAR)
    await books.publish([*ready, sent, paper("W2", "INV2", hospital_id="HX", on="2019-04-10", **FAR)])
    # 10,000 × 60%; (10,000 − 800) × 60%
    assert [(await books.paid(claim))["basic"] for claim in ("W1", "W2")] == ["6000.00", "5520.00"]
    await proved(books)


async def test_a_bureau_asks_what_it_would_pay_and_nothing_is_written(books: Books) -> None:
    await books.publish([*READY])
    sent = orjson.dumps(bill_on_paper(hospital_id="HX", in_scope="11500", **FAR))
    quotes = Quotes(books.engine)
    for asker in (BUREAU, None):
        reply = await quotes.quote(asker, sent)
        assert (reply["statement"]["payee"], reply["statement"]["layers"][0]["paid"]) == ("person", "4000.00")
    assert (await quotes.quote("bureau/230800", sent))["refused"]["reason"] == "source_not_allowed"
    assert await books.statement("W1") is None


async def test_replay_and_file_show_the_paper(books: Books) -> None:
    await books.publish([*READY, bill_on_paper(hospital_id="HX", **FAR), audit("W1", "100", "person")])
    history = await load_history(books.engine, "P1")
    assert history.consistent
    accepted = next(entry["claim"] for entry in replay_json(history)["history"] if "claim" in entry)
    assert (accepted["submitted_by"], accepted["invoice"]) == ("bureau", "INV1")
    claim = (await gather(books.engine, "P1")).claims[0]
    assert (claim.hospital_name, claim.invoice, claim.papers) == ("北京某医院", "INV1", 1)
    assert str(claim.admitted_on) == "2019-03-01"
