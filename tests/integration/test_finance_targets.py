"""Targets and costs of hospitals: each is asked where its scheme states it, and who misses it is named."""

from decimal import Decimal

from sqlalchemy import text

from policies.loader import SCHEMES, load_text
from processors.finance.catch_up import catch_up
from processors.finance.reports import (
    ATTAINMENT,
    GROWTH,
    HOSPITAL,
    TARGETS,
)
from processors.law.adoption import adopt_schemes
from tests import facts
from tests.finance import holds, query, report_of
from tests.ledger import Books


async def test_hospitals_costs_against_the_year_before(books: Books) -> None:
    # 安义's scheme states 10%
    await books.publish([facts.hospital("H1", 3, "360123"), facts.hospital("H2", 3, "360123")])
    await books.publish([facts.enrol("P1", year, "360123") for year in (2018, 2019)])
    bills = [
        ("H1", "2018-03-01", "1000", "0"),
        ("H1", "2018-04-01", "1000", "0"),
        ("H1", "2019-03-01", "1650", "550"),  # 2,200: 10%, on the line
        ("H2", "2018-03-01", "1000", "0"),
        ("H2", "2019-03-01", "1000.01", "100"),  # 1,100.01: over it
    ]
    for number, (hospital, day, in_scope, self_funded) in enumerate(bills):
        bill = facts.bill(in_scope, self_funded=self_funded)
        await books.publish(facts.stay(number, on=day, hospital_id=hospital, bill=bill))
    await catch_up(books.engine)
    before, _, first, second = await report_of(books.engine, HOSPITAL)
    assert (before["growth"], before["over_line"], before["average_stay"]) == (None, None, Decimal("1000.00"))
    assert (first["growth"], first["over_line"]) == (Decimal("0.1000"), False)
    assert (first["average_stay"], first["average_stay_growth"]) == (Decimal("2200.00"), Decimal("1.2000"))
    assert (first["self_funded"], first["out_of_catalog_share"]) == (Decimal("550.00"), Decimal("0.2500"))
    assert (second["growth"], second["over_line"], second["name"]) == (Decimal("0.1000"), True, "医院H2")
    # the county: 3,000.00, then 2,200.00 + 1,100.01
    none, grown = await report_of(books.engine, GROWTH, region="360123")
    assert (none["total_before"], none["growth"], none["over_line"]) == (None, None, None)
    assert (grown["total"], grown["total_before"]) == (Decimal("3300.01"), Decimal("3000.00"))
    assert (grown["growth"], grown["line"], grown["over_line"]) == (Decimal("0.1000"), Decimal("0.10"), True)


async def test_growth_is_held_to_no_line_where_the_scheme_states_none(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(year=2018), facts.enrol(year=2019)])
    await books.publish([*facts.stay(1, on="2018-03-10", in_scope="1000"), *facts.stay(2, in_scope="2000")])
    await catch_up(books.engine)
    _, grown = await report_of(books.engine, GROWTH, region="220621")
    assert (grown["growth"], grown["line"], grown["over_line"]) == (Decimal("1.0000"), None, None)
    _, hospital = await report_of(books.engine, HOSPITAL)
    assert (hospital["growth"], hospital["over_line"]) == (Decimal("1.0000"), None)


JIAMUSI_AIMS_AT_90 = load_text(
    (SCHEMES / "jiamusi.yaml").read_bytes()
    + b"""
targets:
  - {name: reimbursement, value: 90%, grade: assumed, cite: this test}
  - {name: assistance, value: 70%, grade: assumed, cite: this test}
""",
    "jiamusi.yaml",
)


async def test_persons_under_a_target(books: Books) -> None:
    await adopt_schemes(books.engine, [JIAMUSI_AIMS_AT_90], "wang")
    await books.publish([facts.hospital(), facts.enrol("P1"), *(facts.enrol(p, 2019, "230800") for p in ("P2", "P3"))])
    await books.publish([facts.roster(person) for person in ("P1", "P2")])
    await books.publish(facts.stay(1, "P1", in_scope="10000"))  # 抚松's backstop lifts P1 to 90%
    low = facts.bill("10000", self_funded="20000")
    await books.publish(facts.stay(2, "P2", bill=low))  # 佳木斯 has none
    await books.publish(facts.stay(3, "P3", bill=low))  # not poor: nobody's target
    late = facts.roster("P4", "dibao", on="2019-07-01")
    await books.publish([late, facts.roster("P5", "dibao", on="2020-01-01"), facts.roster("P6", "dibao")])
    await books.publish([facts.roster("P6", "dibao", "removed", "2018-12-31")])
    await catch_up(books.engine)
    enrolment, reimbursement = await report_of(books.engine, TARGETS, year=2019)
    assert (enrolment["target"], enrolment["person_id"], enrolment["categories"]) == ("enrolment", "P4", ["dibao"])
    assert (reimbursement["target"], reimbursement["person_id"]) == ("reimbursement", "P2")
    assert (reimbursement["base"], reimbursement["line"]) == (Decimal("30000.00"), Decimal("0.90"))
    # out of the prefecture's province: basic (10,000 − 1,500) × 55% = 4,675; critical illness (5,325 − 5,000) × 50%
    assert (reimbursement["reached"], reimbursement["share"]) == (Decimal("4837.50"), Decimal("0.1613"))

    attained = await report_of(books.engine, ATTAINMENT, year=2019)
    assert [(row["target"], row["region"], row["met"], row["persons"], row["share"]) for row in attained] == [
        # no assistance: 抚松 states its 70% for 2020, and in 佳木斯 no assistance decides
        ("enrolment", "220621", 2, 3, Decimal("0.6667")),  # P1 and P2 of these and P4; P6 had left before the year
        ("reimbursement", "220621", 1, 1, Decimal("1.0000")),
        ("reimbursement", "230800", 0, 1, Decimal("0.0000")),
    ]

    # 2020 is compared once anybody is enrolled for it; and P4's enrolment closes his gap
    await books.publish([facts.enrol("P1", 2020), facts.enrol("P4", 2019)])
    await catch_up(books.engine)
    gaps = [(row["year"], row["person_id"]) for row in await report_of(books.engine, TARGETS) if not row["scheme"]]
    assert gaps == [(2020, "P2"), (2020, "P4"), (2020, "P5")]
    enrolled = [row for row in await report_of(books.engine, ATTAINMENT) if row["target"] == "enrolment"]
    assert [(row["year"], row["met"], row["persons"]) for row in enrolled] == [(2019, 3, 3), (2020, 1, 4)]
    await books.publish([facts.reverse("C2")])
    await catch_up(books.engine)
    assert [row["region"] for row in await report_of(books.engine, ATTAINMENT, region="230800")] == []
    await holds(books.engine)


async def test_assistance_under_70_percent_of_what_was_left_to_the_person(books: Books) -> None:
    """抚松 states 70% for 2020 (三(二)6); 上高, whose assistance pays 30%, states nothing."""
    regions = {"P1": "220621", "P2": "220621", "P3": "360923"}
    await books.publish([facts.hospital(), *(facts.enrol(person, 2020, where) for person, where in regions.items())])
    await books.publish([facts.roster(person) for person in regions])
    await books.publish(facts.stay(1, "P1", "2020-03-10", in_scope="10000"))
    await books.publish(facts.stay(2, "P2", "2020-03-10", in_scope="200000"))
    await books.publish(facts.stay(3, "P3", "2020-03-10", in_scope="30000"))
    await catch_up(books.engine)
    # P1: (10,000 − 800) × 60% = 5,520; (4,480 − 3,000) × 60% = 888; 70% of the 3,592 left, which is the line
    # P2: basic up to its cap 100,000; critical illness 50,000 × 60% + 47,000 × 70% = 62,900; of the 37,100 left
    # assistance pays up to its limit 20,000
    (assistance,) = [row for row in await report_of(books.engine, TARGETS) if row["target"] == "assistance"]
    assert (assistance["person_id"], assistance["line"]) == ("P2", Decimal("0.70"))
    assert (assistance["base"], assistance["reached"]) == (Decimal("37100.00"), Decimal("20000.00"))
    assert assistance["share"] == Decimal("0.5391")
    attained = [row for row in await report_of(books.engine, ATTAINMENT) if row["target"] == "assistance"]
    assert [(row["region"], row["met"], row["persons"]) for row in attained] == [("220621", 1, 2)]
    await holds(books.engine)


async def test_what_an_audit_lays_on_the_person_leaves_the_base(books: Books) -> None:
    """抚松: the backstop pays up to 90% of the bill after audits (docs/domain.md#3.7), and so much is asked of it."""
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1, in_scope="10000")])
    await books.publish([facts.audit("C1", "2000", "person")])
    await catch_up(books.engine)
    (person,) = await query(books.engine, "SELECT total, audited, paid FROM projections.person_years")
    # 90% of 10,000 − 2,000
    assert (person["total"], person["audited"], person["paid"]) == (1_000_000, 200_000, 720_000)
    assert await report_of(books.engine, TARGETS) == []
    (attained,) = [row for row in await report_of(books.engine, ATTAINMENT) if row["target"] == "reimbursement"]
    assert (attained["met"], attained["persons"]) == (1, 1)
    # a text that asks for 95%: 7,200 of 8,000 falls short of it
    await books.publish([facts.hospital("H2")])
    more = (
        (SCHEMES / "fusong.yaml")
        .read_text(encoding="utf-8")
        .replace("reimbursement, value: 90%", "reimbursement, value: 95%")
    )
    await adopt_schemes(books.engine, [load_text(more.encode(), "fusong.yaml")], "wang")
    (missed,) = await report_of(books.engine, TARGETS)
    assert (missed["base"], missed["reached"], missed["share"], missed["line"]) == (
        Decimal("8000.00"),
        Decimal("7200.00"),
        Decimal("0.9000"),
        Decimal("0.95"),
    )


async def test_nothing_is_asked_of_bills_that_audits_laid_wholly_on_the_person(books: Books) -> None:
    await books.publish([facts.hospital(), *(facts.enrol(person) for person in ("P1", "P2"))])
    await books.publish([facts.roster(person) for person in ("P1", "P2")])
    await books.publish([*facts.stay(1, "P1", in_scope="10000"), *facts.stay(2, "P2", in_scope="10000")])
    await books.publish([facts.audit("C2", "10000", "person", "F2")])
    await catch_up(books.engine)
    (person,) = await query(books.engine, "SELECT total, audited FROM projections.person_years WHERE person_id = 'P2'")
    assert person["total"] == person["audited"] == 1_000_000
    (attained,) = [row for row in await report_of(books.engine, ATTAINMENT) if row["target"] == "reimbursement"]
    assert (attained["met"], attained["persons"], attained["share"]) == (1, 1, Decimal("1.0000"))
    await books.publish([facts.audit("C1", "10000", "person", "F1")])
    await catch_up(books.engine)
    assert [row["target"] for row in await report_of(books.engine, ATTAINMENT)] == ["enrolment"]
    await holds(books.engine)


async def test_a_line_between_two_fen_is_reached_at_the_fen(books: Books) -> None:
    """抚松 90%: of 2,393.28 the line is 2,153.952, and the funds can pay no more than 2,153.95."""
    bills = {"P1": ["2393.28"], "P2": ["2393.28", "2393.28"], "P3": ["2393.28"]}
    await books.publish([facts.hospital(), *(facts.enrol(person) for person in bills)])
    await books.publish([facts.roster(person) for person in bills])
    stays = [(person, amount) for person, amounts in bills.items() for amount in amounts]
    for number, (person, amount) in enumerate(stays):
        await books.publish(facts.stay(number, person, in_scope=amount))
    await catch_up(books.engine)
    years = await query(books.engine, "SELECT person_id, paid FROM projections.person_years ORDER BY person_id")
    # P2: 2 × 2,153.95 = 4,307.90 of 4,307.904
    assert [(row["person_id"], row["paid"]) for row in years] == [("P1", 215395), ("P2", 430790), ("P3", 215395)]
    assert await report_of(books.engine, TARGETS) == []
    await holds(books.engine)
    # a whole fen less is missed
    async with books.engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE projections.person_years SET paid = paid - 1, patient_share = patient_share + 1"
                " WHERE person_id = 'P3'"
            )
        )
    (missed,) = await report_of(books.engine, TARGETS)
    assert (missed["person_id"], missed["reached"], missed["base"]) == ("P3", Decimal("2153.94"), Decimal("2393.28"))
    (attained,) = [row for row in await report_of(books.engine, ATTAINMENT) if row["target"] == "reimbursement"]
    assert (attained["met"], attained["persons"]) == (2, 3)


async def test_chronic_bills_have_a_target_of_their_own(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), facts.card()])
    await books.publish([facts.visit(in_scope="1000", disease="diabetes")])
    await catch_up(books.engine)
    attained = [row for row in await report_of(books.engine, ATTAINMENT) if row["target"] != "enrolment"]
    # 抚松 三(二)7: (1,000) × 60% = 600, lifted to 80%
    assert [(row["target"], row["met"], row["persons"], row["line"]) for row in attained] == [
        ("chronic_reimbursement", 1, 1, Decimal("0.80"))
    ]


async def test_which_scheme_states_which_target(books: Books) -> None:
    stated = await query(books.engine, "SELECT * FROM finance.target_values ORDER BY scheme, target")
    assert [
        (row["scheme"], row["target"], str(row["since"]), str(row["until"]), str(row["line"])) for row in stated
    ] == [
        ("anyi", "cost_growth", "2018-01-01", "None", "0.10"),
        ("anyi", "disease_cost_growth", "2018-01-01", "None", "0.05"),
        ("anyi", "reimbursement", "2018-01-01", "None", "0.90"),
        ("fusong", "assistance", "2020-01-01", "2021-01-01", "0.70"),
        ("fusong", "chronic_reimbursement", "2018-01-01", "2021-01-01", "0.80"),
        ("fusong", "reimbursement", "2018-01-01", "2021-01-01", "0.90"),
        ("shanggao", "reimbursement", "2019-01-01", "None", "0.90"),
    ]
    assert all(row["grade"] == "seed" and row["cite"] for row in stated)
