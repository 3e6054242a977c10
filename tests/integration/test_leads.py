"""Leads: what rules find, what changes or withdraws it when facts come late, and what offices do of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.worker.lead_worker import LeadAssignment, look_elsewhere
from infra.worker.lead_years import years_elsewhere
from policies.supervision.text import load_supervision
from processors.cases.hit_rates import hit_rate_rows
from processors.proof.rebuild import rebuild
from processors.supervision.adoption import SupervisionRefused, adopt_supervision
from processors.supervision.catch_up import anything_new, catch_up_leads
from processors.supervision.journal import lead_journal
from processors.supervision.listings import LeadFilter, lead_json, lead_of, list_leads
from processors.supervision.loading import load_facts, load_supervised, load_year
from processors.supervision.search import YearLookup
from processors.supervision.steps import assign, confirm, dismiss, release
from projections.leads import LeadContent, leads, load_leads
from tests import facts
from tests.leads import REGION, assert_from_scratch, county, funds_paid, look, shown, stay
from tests.ledger import Books

TWO_STAYS = [*stay(1, "2019-03-01", "2019-03-10"), *stay(2, "2019-03-12", "2019-03-20", in_scope="6000")]


async def the(engine: AsyncEngine, lead_id: str) -> Any:
    """One lead, shown or not."""
    async with engine.connect() as connection:
        [lead] = await load_leads(connection, leads.c.lead_id == lead_id)
    return lead


async def test_a_readmission_is_a_lead_with_its_facts_money_and_parameters(books: Books) -> None:
    await books.publish([*county(), *TWO_STAYS])
    [lead] = await look(books.engine)
    told = lead_json(lead)
    keys = ["lead_id", "rule", "version", "severity", "person_id", "hospital_id", "claims", "dates", "at_risk"]
    assert list(told) == [*keys, "evidence", "state"]
    assert (told["rule"], told["severity"], told["state"]) == ("split_stay", "violation", "open")
    assert (told["person_id"], told["hospital_id"], told["claims"]) == ("P1", "H1", ["C1", "C2"])
    assert told["dates"] == ["2019-03-01", "2019-03-10", "2019-03-12", "2019-03-20"]
    # what the funds paid of the second stay alone
    assert told["at_risk"] == await funds_paid(books, "C2")
    evidence = told["evidence"]
    assert evidence["figures"]["gap_days"] == 2
    assert [fact["event_id"] for fact in evidence["facts"]] == ["admit-A1", "discharge-C1", "admit-A2", "discharge-C2"]
    numbers = [fact["number"] for fact in evidence["facts"]]
    assert numbers == sorted(numbers)
    assert evidence["parameters"]["days"]["value"] == 15
    assert evidence["parameters"]["days"]["grade"] == "public"
    assert "三十八条" in evidence["clause"]
    assert evidence["unchecked"]
    await assert_from_scratch(books.engine)


@pytest.mark.parametrize(
    ("second", "severity"),
    [
        (("2019-03-10", "2019-03-20"), "violation"),
        (("2019-03-12", "2019-03-20"), "violation"),
        (("2019-03-13", "2019-03-20"), "suspicious"),
        (("2019-03-17", "2019-03-20"), "suspicious"),
        (("2019-03-18", "2019-03-20"), "hint"),
        (("2019-03-25", "2019-03-30"), "hint"),
        (("2019-03-26", "2019-03-30"), None),
    ],
)
async def test_the_gap_gives_the_severity_up_to_day_fifteen(
    books: Books, second: tuple[str, str], severity: str | None
) -> None:
    await books.publish([*county(), *stay(1, "2019-03-01", "2019-03-10"), *stay(2, *second)])
    assert [lead.severity for lead in await look(books.engine)] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    "more",
    [{"emergency": True}, {"diagnoses": ["Z51.1"]}, {"diagnoses": ["K35"]}, {"stay_kind": "day_surgery"}],
    ids=["emergency", "chemotherapy", "another disease", "day surgery"],
)
async def test_what_excuses_a_readmission(books: Books, more: dict[str, Any]) -> None:
    first = stay(1, "2019-03-01", "2019-03-10", diagnoses=["I10", "C50.9"])
    await books.publish([*county(), *first, *stay(2, "2019-03-12", "2019-03-20", **more)])
    assert await look(books.engine) == []


async def test_a_way_up_and_back_is_no_split_stay(books: Books) -> None:
    up = stay(2, "2019-03-10", "2019-03-12", hospital_id="H2", referred_from="A1")
    back = stay(3, "2019-03-12", "2019-03-20")
    await books.publish([*county(), *stay(1, "2019-03-01", "2019-03-10"), *up, *back])
    assert await look(books.engine) == []


async def test_a_chain_is_found_whatever_its_diagnoses(books: Books) -> None:
    """Gaps of 10 days, four diagnoses of four chapters: no pair has one disease, and the four stays are a chain."""
    chain = [
        *stay(1, "2019-03-01", "2019-03-05", diagnoses=["I10"]),
        *stay(2, "2019-03-15", "2019-03-19", diagnoses=["K29.5"]),
        *stay(3, "2019-03-29", "2019-04-02", diagnoses=["M54.5"]),
    ]
    await books.publish([*county(), *chain])
    assert await look(books.engine) == []
    await books.publish(stay(4, "2019-04-12", "2019-04-16", diagnoses=["J18.9"]))
    [lead] = await look(books.engine)
    assert (lead.rule, lead.severity, lead.claims) == ("split_stay", "suspicious", ["C1", "C2", "C3", "C4"])
    assert lead.evidence["figures"]["gap_days"] == [10, 10, 10]
    await assert_from_scratch(books.engine)


async def test_a_late_fact_changes_a_lead_or_withdraws_it(books: Books) -> None:
    engine = books.engine
    await books.publish([*county(), *TWO_STAYS])
    [found] = await look(engine)
    await books.publish([facts.correct("C2", "3000")])
    [changed] = await look(engine)
    assert changed.lead_id == found.lead_id
    assert changed.at_risk_total < found.at_risk_total
    assert changed.evidence["claims"][1]["bill"]["total"] == "3000.00"
    assert [fact["event_id"] for fact in changed.evidence["facts"]][-1] == "correct-C2-3000"
    await books.publish([facts.reverse("C1")])
    assert await look(engine) == []
    assert (await the(engine, found.lead_id)).state == "withdrawn"
    # nobody looked into it: it is no lead found
    [row] = await hit_rate_rows(engine)
    assert (row["found"], row["looked_into"], row["withdrawn"], row["hit_rate"]) == (0, 0, 1, None)
    await assert_from_scratch(engine)
    # the stay is billed again under another number: another lead, and the old one stays withdrawn
    await books.publish([facts.discharge("C9", "A1", "P1", "H1", "2019-03-10")])
    [anew] = await look(engine)
    assert anew.claims == ["C9", "C2"]
    await assert_from_scratch(engine)


async def test_a_roster_of_later_settles_anew_and_the_lead_tells_the_new_money(books: Books) -> None:
    await books.publish([*county(), *TWO_STAYS])
    [before] = await look(books.engine)
    await books.publish([facts.roster("P1")])
    [after] = await look(books.engine)
    assert after.at_risk != before.at_risk
    assert after.at_risk_total == sum(after.at_risk.values())
    await assert_from_scratch(books.engine)


async def test_a_look_at_nothing_new_writes_nothing(books: Books) -> None:
    await books.publish([*county(), *TWO_STAYS])
    assert (await catch_up_leads(books.engine)).found == 1
    done = await catch_up_leads(books.engine)
    assert (done.persons, done.years, done.found, done.changed, done.withdrawn) == (0, 0, 0, 0, 0)
    done = await catch_up_leads(books.engine, anew=True)
    assert (done.persons, done.found, done.changed, done.withdrawn) == (1, 0, 0, 0)


async def test_a_dismissed_lead_comes_back_only_graver_or_about_other_claims(books: Books) -> None:
    engine = books.engine
    await books.publish([*county(), *stay(1, "2019-03-01", "2019-03-10"), *stay(2, "2019-03-14", "2019-03-20")])
    [lead] = await look(engine)
    await dismiss(engine, lead.lead_id, "wang", "计划性二次手术")
    with pytest.raises(SupervisionRefused, match="已排除"):
        await dismiss(engine, lead.lead_id, "wang", "again")
    await books.publish([facts.correct("C2", "3000")])
    [changed] = await look(engine)
    assert (changed.state, changed.actor, changed.reason) == ("dismissed", "wang", "计划性二次手术")
    # a new parameter makes it a violation
    content = strict_text(2, "violation_within: {value: 5, grade: seed, cite: 县规}")
    await adopt_supervision(engine, load_supervision(content, "strict"), "wang", "li", "收紧")
    [graver] = await look(engine)
    assert (graver.severity, graver.state, graver.actor, graver.reason) == ("violation", "open", None, None)
    assert graver.evidence["parameters"]["violation_within"]["cite"] == "县规"
    await assert_from_scratch(engine)


def strict_text(version: int, values: str, *, since: str = "2019-01-01", rule_version: int = 2) -> bytes:
    """A county's text that states some values of split_stay."""
    return (
        f"name: strict\ntitle: 县参数\ntitle_en: of the county\ndocument: 县医保〔2019〕1号\nregions: [230822]\n"
        f"in_force_from: {since}\nversion: {version}\nrules:\n  split_stay:\n    version: {rule_version}\n"
        f"    {values}\n"
    ).encode()


async def test_a_text_holds_from_its_day_and_is_adopted_by_two_persons(books: Books) -> None:
    engine = books.engine
    later = [*stay(3, "2019-08-01", "2019-08-10"), *stay(4, "2019-08-13", "2019-08-20")]
    await books.publish([*county(), *TWO_STAYS, *later])
    assert len(await look(engine)) == 2
    narrow = load_supervision(
        strict_text(1, "days: {value: 1, grade: seed, cite: 县规第二条}", since="2019-07-01"), "narrow.yaml"
    )
    with pytest.raises(SupervisionRefused, match="另一人"):
        await adopt_supervision(engine, narrow, "wang", "Wang", "试点")
    await adopt_supervision(engine, narrow, "wang", "li", "试点")
    # the stay of August came back on day 3, behind the new limit; that of March is judged as before
    assert [lead.claims for lead in await look(engine)] == [["C1", "C2"]]
    with pytest.raises(SupervisionRefused, match="已采用"):
        await adopt_supervision(engine, narrow, "wang", "li", "试点")
    again = strict_text(2, "days: {value: 30, grade: seed, cite: 县规}", since="2019-07-01")
    with pytest.raises(SupervisionRefused, match="split_stay"):
        await adopt_supervision(engine, load_supervision(again, "again"), "wang", "li", "same version of the rule")
    await assert_from_scratch(engine)


async def test_a_case_takes_leads_and_its_decision_stands_when_the_facts_change(books: Books) -> None:
    engine = books.engine
    await books.publish([*county(), *TWO_STAYS])
    [lead] = await look(engine)
    async with lead_journal(engine) as journal:
        await assign(journal, [lead.lead_id], "K1", "wang")
    async with lead_journal(engine) as journal:
        with pytest.raises(SupervisionRefused, match="K1"):
            await confirm(journal, [lead.lead_id], "K2", "li")
    async with lead_journal(engine) as journal:
        await confirm(journal, [lead.lead_id], "K1", "li")
    await books.publish([facts.reverse("C2")])
    assert await look(engine) == []
    kept = await the(engine, lead.lead_id)
    assert (kept.state, kept.shown, kept.case_id, kept.actor) == ("confirmed", False, "K1", "li")
    _, history = await lead_of(engine, lead.lead_id)
    assert [each["type"] for each in history] == [
        "lead.found.v1",
        "lead.assigned.v1",
        "lead.confirmed.v1",
        "lead.withdrawn.v1",
    ]
    await assert_from_scratch(engine)


async def test_a_case_gives_back_what_it_does_not_confirm(books: Books) -> None:
    await books.publish([*county(), *TWO_STAYS])
    [lead] = await look(books.engine)
    async with lead_journal(books.engine) as journal:
        await assign(journal, [lead.lead_id], "K1", "wang")
        await release(journal, [lead.lead_id], "K1", "li", "病历证明为两次手术")
    [back] = await shown(books.engine)
    assert (back.state, back.reason) == ("dismissed", "病历证明为两次手术")


async def test_the_table_is_what_the_journal_says(books: Books) -> None:
    engine = books.engine
    await books.publish([*county(), *TWO_STAYS, *stay(5, "2019-05-01", "2019-05-10", "P2")])
    [lead] = await look(engine)
    await dismiss(engine, lead.lead_id, "wang", "合理")
    await books.publish([facts.correct("C2", "3000")])
    await look(engine)
    report = await rebuild(engine, ["leads"])
    assert report.found == 0
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE projections.leads SET state = 'open', reason = NULL"))
    report = await rebuild(engine, ["leads"])
    [compared] = report.projections
    assert (compared.different, compared.mended) == (1, 1)
    assert (await the(engine, lead.lead_id)).reason == "合理"


async def test_leads_are_listed_by_hospital_then_person_by_outlier_times_money(books: Books) -> None:
    small = [*stay(1, "2019-03-01", "2019-03-10"), *stay(2, "2019-03-12", "2019-03-20", in_scope="2000")]
    large = [
        *stay(3, "2019-03-01", "2019-03-10", "P2", "H2"),
        *stay(4, "2019-03-12", "2019-03-20", "P2", "H2", in_scope="90000"),
    ]
    between = [*stay(5, "2019-05-01", "2019-05-10"), *stay(6, "2019-05-12", "2019-05-20", in_scope="5000")]
    await books.publish([*county(), *small, *large, *between])
    await look(books.engine)
    found, searched = await list_leads(books.engine, LeadFilter())
    assert [lead.claims[1] for lead in found] == ["C4", "C6", "C2"]
    assert searched.claims == 6
    assert (str(searched.first), str(searched.last)) == ("2019-03-10", "2019-05-20")
    for asked, claims in (
        (LeadFilter(hospital_id="H2"), ["C4"]),
        (LeadFilter(person_id="P1"), ["C6", "C2"]),
        (LeadFilter(rule="same_bill"), []),
        (LeadFilter(state="dismissed"), []),
    ):
        assert [lead.claims[1] for lead in (await list_leads(books.engine, asked))[0]] == claims


async def test_the_worker_s_other_process_looks_for_what_is_new(books: Books) -> None:
    engine = books.engine
    await books.publish([*county(), *TWO_STAYS])
    assert await anything_new(engine, peers=False)
    await look_elsewhere(LeadAssignment(engine.url.render_as_string(hide_password=False), peers=False))
    assert [lead.claims for lead in await shown(engine)] == [["C1", "C2"]]
    assert not await anything_new(engine, peers=False)
    # the year waits for the rules on peers
    assert await anything_new(engine, peers=True)
    with pytest.raises(ChildProcessError):
        await look_elsewhere(LeadAssignment("postgresql://nobody@127.0.0.1:1/none", peers=False))


async def test_a_large_look_s_years_are_looked_at_by_another_process_with_the_same_view(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = books.engine
    url = engine.url.render_as_string(hide_password=False)
    # 21 bills of 3,000 yuan, one of 100: a low-standard stay, which peers tell
    patients = [facts.enrol_as(f"Q{n}", region=REGION, birth_month="1970-05", sex="male") for n in range(21)]
    stays = [stay(100 + n, "2019-03-01", "2019-03-09", f"Q{n}", in_scope="3000") for n in range(20)]
    cheap = stay(120, "2019-03-01", "2019-03-03", "Q20", in_scope="100")
    await books.publish([*county(), *TWO_STAYS, *patients, *(event for each in stays for event in each), *cheap])
    monkeypatch.setattr("processors.supervision.catch_up.MANY_PERSONS", 1)
    asked: list[list[int]] = []

    @asynccontextmanager
    async def elsewhere(snapshot: str, years: Sequence[int]) -> AsyncIterator[YearLookup]:
        asked.append(list(years))
        async with years_elsewhere(url, snapshot, years) as find:
            yield find

    async def broken(year: int) -> list[LeadContent]:
        raise ChildProcessError(year)

    @asynccontextmanager
    async def ended(snapshot: str, years: Sequence[int]) -> AsyncIterator[YearLookup]:
        yield broken

    with pytest.raises(ChildProcessError):
        await catch_up_leads(engine, elsewhere=ended)
    assert await shown(engine) == []
    await catch_up_leads(engine, elsewhere=elsewhere)
    assert asked == [[2019, 2020, 2021, 2022]]
    assert [lead.claims for lead in await shown(engine, "low_standard_stay")] == [["C120"]]
    assert [lead.claims for lead in await shown(engine, "split_stay")] == [["C1", "C2"]]
    await assert_from_scratch(engine)
    with pytest.raises(ChildProcessError):
        async with years_elsewhere(url, "00000000-0000000F-1", [2019]) as find:
            await find(2019)


async def test_a_year_s_claims_are_those_of_its_persons_with_the_same_facts(books: Books) -> None:
    """Rules on peers read a year with its own facts alone, rules on persons all claims of a person with all of them."""
    events = [*county(), facts.enrol_as("P1", year=2020, region="230822", birth_month="1970-05", sex="female")]
    events += [
        *stay(1, "2019-03-01", "2019-03-10"),
        *stay(2, "2019-12-20", "2020-01-05"),
        *stay(3, "2019-05-01", "2019-05-04", "P2"),
    ]
    events += [facts.correct("C1", "8000"), facts.reverse("C3", "hospital/H1"), facts.death("P2", "2019-06-01")]
    await books.publish(events)
    async with books.engine.connect() as connection:
        loaded = await load_supervised(connection, ["P1", "P2"])
        by_claim = {claim.claim_id: claim for person in loaded for claim in person.claims}
        years = {year: await load_year(connection, year) for year in (2019, 2020)}
        some = await load_facts(connection, [by_claim["C1"], by_claim["C3"]])
    assert {year: [claim.claim_id for claim in claims] for year, claims in years.items()} == {
        2019: ["C1", "C3"],
        2020: ["C2"],
    }
    assert [claim for claims in years.values() for claim in claims] == [by_claim[key] for key in ("C1", "C3", "C2")]
    assert by_claim["C1"].reversal is None
    taken_back = by_claim["C3"].reversal
    assert taken_back is not None
    told = {key: [fact.type for fact in some[by_claim[key].person_id].of_claim(by_claim[key])] for key in ("C1", "C3")}
    assert told == {
        "C1": ["admission.recorded.v1", "discharge.recorded.v1", "claim.corrected.v1"],
        "C3": ["admission.recorded.v1", "discharge.recorded.v1", "claim.reversed.v1"],
    }
    assert some["P2"].claims["C3"][-1] == taken_back
    assert [some[by_claim[key].person_id].claims[key][0].number for key in ("C1", "C3")] == [
        by_claim[key].entry for key in ("C1", "C3")
    ]
    assert "C2" not in some["P1"].claims
