"""The rules on persons, one by one: what each finds, what excuses it, what a late fact makes of it."""

import random
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import parse_yuan
from policies.supervision.text import load_supervision
from processors.proof.verify import verify
from processors.supervision.adoption import adopt_supervision
from processors.supervision.catch_up import catch_up_leads
from processors.supervision.steps import dismiss
from processors.supervision.trial import try_text
from projections.leads import Lead
from tests import facts
from tests.histories import History
from tests.leads import REGION, assert_from_scratch, county, funds_paid, look, stay
from tests.ledger import Books
from tests.papers import paper

OF_TWO = [*stay(1, "2019-03-01", "2019-03-10"), *stay(2, "2019-03-09", "2019-03-20", hospital_id="H2")]


async def one(engine: AsyncEngine, *rules: str) -> Lead:
    """The one lead there is."""
    [lead] = await look(engine, *rules)
    return lead


async def test_two_stays_at_once_overlap_and_one_shared_day_is_a_transfer(books: Books) -> None:
    """1–10 and 9–20 March share the 9th and the 10th."""
    transfer = [*stay(3, "2019-05-01", "2019-05-10"), *stay(4, "2019-05-10", "2019-05-20", hospital_id="H2")]
    await books.publish([*county(), *OF_TWO, *transfer])
    lead = await one(books.engine)
    assert (lead.rule, lead.severity, lead.claims) == ("overlapping_stays", "violation", ["C1", "C2"])
    figures = lead.evidence["figures"]
    assert (figures["shared_days"], figures["shared_from"], figures["same_hospital"]) == (2, "2019-03-09", False)
    await books.publish([facts.reverse("C1")])
    assert await look(books.engine) == []
    await assert_from_scratch(books.engine)


async def test_a_stay_of_one_day_within_another_is_no_transfer(books: Books) -> None:
    inside = stay(2, "2019-03-05", "2019-03-05", hospital_id="H2")
    await books.publish([*county(), *stay(1, "2019-03-01", "2019-03-10"), *inside])
    assert (await one(books.engine)).evidence["figures"]["shared_days"] == 1


async def test_visits_in_a_stay_are_one_lead_and_its_edges_are_none(books: Books) -> None:
    edges = [
        facts.visit("V0", on="2019-03-01", setting="general"),
        facts.visit("V9", on="2019-03-10", setting="general"),
    ]
    first = facts.visit("V1", on="2019-03-04", setting="general", in_scope="200")
    await books.publish([*county(), *stay(1, "2019-03-01", "2019-03-10"), *edges, first])
    lead = await one(books.engine)
    assert (lead.rule, lead.severity, lead.claims) == ("visit_in_stay", "hint", ["C1", "V1"])
    await books.publish([facts.visit("V2", on="2019-03-09", setting="general", in_scope="300")])
    both = await one(books.engine)
    assert (both.lead_id, both.severity, both.claims) == (lead.lead_id, "suspicious", ["C1", "V1", "V2"])
    paid = [(await funds_paid(books, claim)).items() for claim in ("V1", "V2")]
    assert both.at_risk_total == sum(parse_yuan(amount) for each in paid for _, amount in each)
    await assert_from_scratch(books.engine)


@pytest.mark.parametrize(
    ("ended", "diagnosis", "found"),
    [
        ("2019-03-01", "I10", False),
        ("2019-03-02", "I10", True),
        ("2019-03-02", "F20.0", False),
        ("2019-04-01", "F20.0", True),
    ],
)
async def test_a_long_stay_is_of_sixty_days_or_of_ninety_in_psychiatry(
    books: Books, ended: str, diagnosis: str, found: bool
) -> None:
    """From 1 January: 1 March is day 59, 2 March day 60, 1 April day 90."""
    await books.publish([*county(), *stay(1, "2019-01-01", ended, diagnoses=[diagnosis])])
    leads = await look(books.engine, "long_stay")
    assert len(leads) == found
    if found:
        # the share of the days from the limit on: 1 of 60, 1 of 90
        [lead] = leads
        days, limit = lead.evidence["figures"]["stay_days"], lead.evidence["figures"]["limit"]
        paid = await funds_paid(books, "C1")
        assert lead.at_risk == {
            layer: parse_yuan(amount) * (days - limit + 1) // days
            for layer, amount in paid.items()
            if parse_yuan(amount)
        }


async def test_two_houses_on_one_day_graver_in_two_counties(books: Books) -> None:
    """Two clinics of one county; a visit elsewhere on a day of a stay."""
    clinics = [facts.visit(f"V{n}", "P1", f"H{n}", "2019-04-05", "general") for n in (1, 2)]
    away = facts.visit("V5", "P1", "H3", "2019-05-04", "general")
    await books.publish([*county(), *clinics, *stay(1, "2019-05-01", "2019-05-10"), away])
    found = {tuple(lead.claims): lead.severity for lead in await look(books.engine, "two_places_one_day")}
    assert found == {("V1", "V2"): "hint", ("C1", "V5"): "suspicious"}


async def test_a_clinic_and_a_pharmacy_of_one_county_on_one_day_are_usual(books: Books) -> None:
    """In 辽宁, whose scheme has pharmacies: two of them are a hint."""
    visits = [
        facts.card("P1"),
        facts.visit("V1", "P1", "H1", "2019-04-05", "chronic", disease="diabetes"),
        facts.visit("V2", "P1", "H2", "2019-04-05", "pharmacy", prescribed_by="H1"),
        facts.visit("V3", "P1", "H1", "2019-05-05", "pharmacy"),
        facts.visit("V4", "P1", "H2", "2019-05-05", "pharmacy"),
    ]
    await books.publish([*county("211200"), *visits])
    assert await books.refused() == []
    found = {tuple(lead.claims): lead.severity for lead in await look(books.engine, "two_places_one_day")}
    assert found == {("V3", "V4"): "hint"}


async def test_the_same_bill_is_found_and_reversed_pairs_are_netted_out(books: Books) -> None:
    visits = [facts.visit(f"V{n}", on="2019-04-01", setting="general", in_scope="321.50") for n in (1, 2)]
    other = facts.visit("V3", on="2019-04-02", setting="general", in_scope="321.50")
    billed_again = [
        facts.visit("V4", on="2019-06-01", setting="general", in_scope="777"),
        facts.reverse("V4"),
        facts.visit("V5", on="2019-06-01", setting="general", in_scope="777"),
    ]
    small = [facts.visit(f"V{n}", on="2019-07-01", setting="general", in_scope="12") for n in (6, 7)]
    await books.publish([*county(), *visits, other, *billed_again, *small])
    found = {tuple(lead.claims): lead.severity for lead in await look(books.engine, "same_bill")}
    assert found == {("V1", "V2"): "violation", ("V6", "V7"): "hint"}
    await books.publish([facts.correct("V2", "300")])
    assert [lead.claims for lead in await look(books.engine, "same_bill")] == [["V6", "V7"]]
    await assert_from_scratch(books.engine)


async def test_a_bill_on_paper_of_another_day_is_no_twin(books: Books) -> None:
    on_paper = paper("W1", "INV1", on="2019-04-10", source=f"bureau/{REGION}")
    await books.publish([*county(), *stay(1, "2019-03-01", "2019-03-10"), on_paper])
    assert await books.refused() == []
    assert await look(books.engine, "same_bill") == []


async def test_a_death_told_late_and_told_anew(books: Books) -> None:
    await books.publish(
        [*county(), *stay(1, "2019-03-01", "2019-03-10"), facts.visit("V1", on="2019-06-01", setting="general")]
    )
    assert await look(books.engine, "after_death") == []
    await books.publish([facts.death(on="2019-03-05")])
    found = {lead.claims[0]: lead for lead in await look(books.engine, "after_death")}
    assert {claim: lead.severity for claim, lead in found.items()} == {"C1": "hint", "V1": "violation"}
    assert "death-P1-2019-03-05" in [fact["event_id"] for fact in found["V1"].evidence["facts"]]
    await books.publish([facts.death(on="2019-06-01")])
    assert await look(books.engine, "after_death") == []
    await assert_from_scratch(books.engine)


async def test_a_suspension_told_late_and_lifted_from_its_first_day(books: Books) -> None:
    await books.publish([*county(), *stay(1, "2019-02-20", "2019-03-10"), *stay(2, "2019-04-01", "2019-04-10")])
    assert await look(books.engine, "suspended_hospital") == []
    await books.publish([facts.suspend("2019-03-01")])
    found = {lead.claims[0]: lead.severity for lead in await look(books.engine, "suspended_hospital")}
    assert found == {"C1": "hint", "C2": "violation"}
    await assert_from_scratch(books.engine)
    await books.publish([facts.reinstate("2019-03-01")])
    assert await look(books.engine, "suspended_hospital") == []
    await assert_from_scratch(books.engine)


async def test_an_unfiled_stay_is_worked_out_anew_and_a_filing_of_later_withdraws_it(books: Books) -> None:
    """A stay in another city that its hospital calls filed, and what the same stay is paid where it says it is not."""
    engine = books.engine
    elsewhere = facts.file_referral("R0", "P2", "2019-01-01", REGION)
    filed = stay(1, "2019-03-01", "2019-03-10", hospital_id="H3", in_scope="20000")
    told = stay(2, "2019-03-01", "2019-03-10", "P2", "H3", in_scope="20000", filed=False)
    emergency = stay(3, "2019-05-01", "2019-05-10", hospital_id="H3", emergency=True)
    await books.publish([*county(), elsewhere, *filed, *emergency])
    lead = await one(engine, "unfiled_full_rate")
    assert (lead.claims, lead.severity) == (["C1"], "suspicious")
    # P2 takes back the filing, and comes with the same bill, not filed
    await books.publish([facts.file_referral("R0", "P2", "2019-01-01", REGION, until="2019-01-01", id_="back"), *told])
    due = await funds_paid(books, "C2")
    evidence = (await one(engine, "unfiled_full_rate")).evidence["figures"]
    assert evidence["due_as_unfiled"] == due
    as_filed = {layer: amount for layer, amount in evidence["paid_as_filed"].items() if amount != "0.00"}
    assert as_filed == await funds_paid(books, "C1")
    over = sum(parse_yuan(paid) for paid in (await funds_paid(books, "C1")).values()) - sum(
        map(parse_yuan, due.values())
    )
    assert parse_yuan(evidence["overpaid"]) == over > 0
    assert (await one(engine, "unfiled_full_rate")).at_risk_total == over
    assert any("40%" in each and "官方访谈" in each for each in evidence["worked_out"])
    await books.publish([facts.file_referral("R1", "P1", "2019-02-01", REGION, to_region="230100")])
    assert await look(engine, "unfiled_full_rate") == []
    await assert_from_scratch(engine)


async def test_a_region_that_files_nothing_gives_a_hint(books: Books) -> None:
    away = stay(1, "2019-03-01", "2019-03-10", hospital_id="H3", in_scope="20000")
    await books.publish([*county(), *away])
    lead = await one(books.engine, "unfiled_full_rate")
    assert lead.severity == "hint"
    assert "从未登记备案" in lead.evidence["unchecked"][0]
    # the first filing of the region makes it one that files: all is looked at anew
    await books.publish([facts.file_referral("R0", "P2", "2019-01-01", REGION)])
    assert (await one(books.engine, "unfiled_full_rate")).severity == "suspicious"
    await assert_from_scratch(books.engine)


async def test_sex_age_and_insurance_conflict_with_a_bill(books: Books) -> None:
    """P1 is a woman of 48, P2 a man of 68."""
    stays = [
        *stay(1, "2019-03-01", "2019-03-10", diagnoses=["N40.0"]),
        *stay(2, "2019-03-01", "2019-03-10", "P2", diagnoses=["O80.0"]),
        *stay(3, "2019-06-01", "2019-06-05", "P2", diagnoses=["P07.3"]),
        *stay(4, "2019-09-01", "2019-09-05", diagnoses=["O82.0"]),
    ]
    await books.publish([*county(), *stays])
    found = {
        (lead.claims[0], lead.evidence["figures"]["conflict"]) for lead in await look(books.engine, "state_conflict")
    }
    assert found == {("C1", "sex"), ("C2", "sex"), ("C3", "age")}
    await books.publish([facts.enrol_as("P1", region=REGION, id_="a-man", birth_month="1970-05", sex="male")])
    found = {
        (lead.claims[0], lead.evidence["figures"]["conflict"]) for lead in await look(books.engine, "state_conflict")
    }
    assert found == {("C2", "sex"), ("C3", "age"), ("C4", "sex")}
    await books.publish([facts.end_enrolment("P2", "2019-06-01", REGION)])
    lapsed = [lead for lead in await look(books.engine) if lead.evidence["figures"].get("conflict") == "not_insured"]
    assert [lead.claims for lead in lapsed] == [["C3"]]
    await assert_from_scratch(books.engine)


async def test_gaps_that_jump_behind_day_fifteen_are_the_hospital_s(books: Books) -> None:
    """Ten patients come back on day 16, one on day 14: of eleven gaps beside N ten or more lie behind it by chance
    in (11 + 1) / 2^11 = 0.6% of cases."""
    events: list[Any] = county()
    for number in range(11):
        person = f"Q{number}"
        back = "2019-03-26" if number else "2019-03-24"
        events.append(facts.enrol(person, region=REGION))
        events += stay(2 * number + 1, "2019-03-01", "2019-03-10", person, diagnoses=["I10"])
        events += stay(2 * number + 2, back, "2019-03-30", person, diagnoses=["K35.9"])
    await books.publish(events)
    lead = await one(books.engine, "split_stay")  # who come together are a lead of their own
    assert (lead.rule, lead.person_id, lead.hospital_id, lead.year) == ("split_stay", None, "H1", 2019)
    assert (lead.evidence["figures"]["up_to_n"], lead.evidence["figures"]["behind_n"]) == (1, 10)
    assert lead.evidence["figures"]["chance"] == "0.005859"
    # two are taken back: nine gaps are too few to say anything
    await books.publish([facts.reverse("C4"), facts.reverse("C6")])
    assert await look(books.engine, "split_stay") == []
    await assert_from_scratch(books.engine)


async def test_a_text_is_tried_on_all_history_and_nothing_is_written(books: Books) -> None:
    engine = books.engine
    pairs = [*stay(1, "2019-03-01", "2019-03-10"), *stay(2, "2019-03-12", "2019-03-20")]
    pairs += [*stay(3, "2019-06-01", "2019-06-10"), *stay(4, "2019-06-20", "2019-06-25")]
    pairs += [*stay(5, "2019-09-01", "2019-09-10"), *stay(6, "2019-09-28", "2019-09-30")]
    await books.publish([*county(), *pairs])
    near, _ = await look(engine)
    await dismiss(engine, near.lead_id, "wang", "计划性")
    narrow = (
        "name: narrow\ntitle: 试\ntitle_en: t\ndocument: d\nregions: []\nin_force_from: 2019-05-01\nversion: 1\n"
        "rules:\n  split_stay:\n    version: 2\n    days: {value: 20, grade: assumed, cite: 试}\n"
        "    suspicious_within: {value: 10, grade: assumed, cite: 试}\n"
    )
    text = load_supervision(narrow.encode(), "narrow")
    trial = await try_text(engine, text)
    split = next(each for each in trial.rules if each.rule == "split_stay")
    # gaps 2, 10, 18: the third comes in, the second becomes suspicious, the first is of March, before the text
    assert (split.old, split.new, split.gained, split.lost, split.graver) == (2, 3, 1, 0, 1)
    assert (split.dismissed_kept, split.dismissed_lost) == (1, 0)
    assert len(await look(engine)) == 2
    await adopt_supervision(engine, text, "wang", "li", "试算后采用")
    assert len(await look(engine)) == 3
    await assert_from_scratch(engine)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_leads_are_those_from_scratch_however_looks_cut_a_random_history(books: Books, seed: int) -> None:
    events = History(seed, stays=60).events
    cuts = random.Random(seed)
    while events:
        size = cuts.randint(1, 60)
        part, events = events[:size], events[size:]
        await books.publish(part)
        if cuts.random() < 0.6:
            await catch_up_leads(books.engine, peers=cuts.random() < 0.5)
    found = await look(books.engine)
    assert len({lead.rule for lead in found}) > 2
    await assert_from_scratch(books.engine)
    assert (await verify(books.engine)).problems == []
