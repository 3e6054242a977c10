"""Finance's sums are the ledger's, to the fen, however far and in however many steps they are moved forward."""

import asyncio
import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from typer.testing import CliRunner

from infra.cli import app
from infra.cli.report import caught_up
from infra.files.report_file import write_report
from policies.loader import SCHEMES, load_text
from processors.finance.catch_up import catch_up
from processors.finance.reports import (
    ANNUAL,
    ATTAINMENT,
    GROWTH,
    HOSPITAL,
    MONTHLY,
    OVERSIGHT,
    TARGETS,
    Narrowed,
    Report,
    read_report,
    sums_as_of,
)
from processors.law.adoption import adopt_schemes
from projections.finance import SUMS, counted_journals
from tests import facts
from tests.histories import History
from tests.ledger import Books
from tests.program import claims, write_lines

Rows = list[dict[str, Any]]


async def query(engine: AsyncEngine, statement: str, **values: Any) -> Rows:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(text(statement), values)).mappings()]


async def report_of(engine: AsyncEngine, report: Report, **narrowed: Any) -> Rows:
    async with engine.connect() as connection:
        return [dict(row) for row in await read_report(connection, report, Narrowed(**narrowed))]


async def sums(engine: AsyncEngine) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is summed, without rows that have come down to nothing."""
    async with engine.connect() as connection:
        found = {}
        for table in SUMS:
            if table is not counted_journals:
                rows = await connection.execute(select(table).order_by(*table.primary_key.columns))
                found[table.name] = [tuple(row) for row in rows if getattr(row, "claims", getattr(row, "paid", 1))]
    return found


async def holds(engine: AsyncEngine) -> None:
    """The views against what ledger and statements come to when they are summed directly."""
    flows = await query(
        engine,
        """SELECT coalesce(layer, 'grant') AS layer, sum(paid) / 100.0 AS net, count(*) AS bookings FROM ledger.entries
           WHERE type IN ('payout.decided.v1', 'payout.adjusted.v1', 'grant.awarded.v1', 'grant.withdrawn.v1')
           GROUP BY 1 ORDER BY 1""",
    )
    assert flows == await query(
        engine,
        """SELECT layer, sum(net) AS net, sum(bookings)::bigint AS bookings FROM finance.fund_flows
           GROUP BY 1 ORDER BY 1""",
    )
    # what has a cause was brought about by a late fact
    decided = await query(
        engine,
        """SELECT layer, sum(paid) / 100.0 AS decided FROM ledger.entries
           WHERE type = 'payout.decided.v1' AND NOT convert_from(data, 'UTF8')::jsonb ? 'cause'
           GROUP BY 1 HAVING sum(paid) <> 0 ORDER BY 1""",
    )
    assert decided == await query(
        engine,
        """SELECT layer, sum(decided) AS decided FROM finance.fund_flows WHERE layer <> 'grant'
           GROUP BY 1 HAVING sum(decided) <> 0 ORDER BY 1""",
    )
    keys = "year, region, scheme, setting, poor"
    annual = await query(
        engine,
        f"""SELECT {keys}, count(*) AS claims, count(DISTINCT person_id) AS persons, sum(total) / 100.0 AS total,
                   sum(paid) AS paid, sum(patient_share) / 100.0 AS patient_share,
                   sum(hospital_share) / 100.0 AS hospital_share
            FROM projections.statements JOIN (SELECT claim_id, paid FROM finance.statements) AS paid USING (claim_id)
            WHERE status = 'settled' GROUP BY {keys} ORDER BY {keys}""",
    )
    assert annual == await query(
        engine,
        f"""SELECT {keys}, claims, persons, total, paid, patient_share, hospital_share
            FROM finance.annual_report ORDER BY {keys}""",
    )
    by_layer = await query(
        engine,
        """SELECT layer ->> 0 AS layer, sum((layer ->> 1)::bigint) / 100.0 AS paid
           FROM projections.statements, jsonb_array_elements(layers) AS layer
           WHERE status = 'settled' GROUP BY 1 HAVING sum((layer ->> 1)::bigint) > 0""",
    )
    (columns,) = await query(
        engine,
        """SELECT sum(basic) AS basic, sum(critical_illness) AS critical_illness, sum(assistance) AS assistance,
                  sum(supplementary) AS supplementary, sum(basic_second) AS basic_second, sum(backstop) AS backstop,
                  sum(public_health) AS public_health FROM finance.annual_report""",
    )
    assert {row["layer"]: row["paid"] for row in by_layer} == {layer: paid for layer, paid in columns.items() if paid}
    # what was booked for standing claims is what their statements say
    assert sum(row["net"] for row in flows if row["layer"] != "grant") == sum(row["paid"] for row in annual)
    hospitals = await query(
        engine,
        """SELECT year, claims.hospital_id, count(*) AS claims, sum(claims.total) / 100.0 AS total,
                  sum(claims.self_funded) / 100.0 AS self_funded,
                  count(*) FILTER (WHERE statements.setting = 'inpatient') AS stays
           FROM projections.statements JOIN projections.claims USING (claim_id)
           WHERE status = 'settled' GROUP BY 1, 2 ORDER BY 1, 2""",
    )
    assert hospitals == await query(
        engine,
        """SELECT year, hospital_id, claims, total, self_funded, stays FROM finance.hospital_costs
           ORDER BY year, hospital_id""",
    )
    assistance = await query(
        engine,
        """SELECT sum(base) AS base, sum(paid - extra) AS paid FROM ledger.entries
           WHERE layer = 'assistance' AND type LIKE 'payout.%'""",
    )
    keys = "year, region, scheme"
    # who reaches a target and who is on the list of those who do not are all whom it concerns
    concerned = await query(
        engine,
        f"""SELECT 'reimbursement' AS target, {keys}, count(*)::int AS persons FROM projections.person_years
            WHERE poor AND setting = 'inpatient' AND claims > 0 AND scheme IN ('fusong', 'shanggao', 'anyi')
            GROUP BY {keys}
        UNION ALL
            SELECT 'chronic_reimbursement', {keys}, count(*)::int FROM projections.person_years
            WHERE poor AND setting = 'chronic' AND claims > 0 AND scheme = 'fusong' GROUP BY {keys}
        UNION ALL
            SELECT 'assistance', {keys}, count(*)::int FROM projections.person_years
            WHERE poor AND setting = 'inpatient' AND assistance_base > 0 AND scheme = 'fusong' AND year = 2020
            GROUP BY {keys}
        ORDER BY target, {keys}""",
    )
    assert concerned == await query(
        engine,
        f"""SELECT target, {keys}, persons FROM finance.attainment WHERE target <> 'enrolment'
            ORDER BY target, {keys}""",
    )
    missed = (
        "SELECT target, year, region, count(*)::bigint AS missed FROM finance.targets GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    assert await query(engine, missed) == await query(
        engine,
        """SELECT target, year, region, sum(persons - met)::bigint AS missed FROM finance.attainment
           GROUP BY 1, 2, 3 HAVING sum(persons - met) > 0 ORDER BY 1, 2, 3""",
    )
    assert assistance == await query(
        engine, "SELECT sum(assistance_base) AS base, sum(assistance_in_scope) AS paid FROM projections.person_years"
    )


@pytest.mark.parametrize("seed", [3, 4])
async def test_reports_add_up_to_the_ledger_whatever_happened(engine: AsyncEngine, seed: int) -> None:
    history = History(seed, stays=25)
    books = await Books.open(engine, partitions=2, seed=seed)
    for start in range(0, len(history.events), 60):
        await books.publish(history.events[start : start + 60], batch=9)
        await catch_up(engine, at_once=7)
        await holds(engine)
    stepped = await sums(engine)
    assert len(stepped["counted_claims"]) > 10
    await catch_up(engine, anew=True)
    assert await sums(engine) == stepped
    before = await query(engine, "SELECT * FROM projections.fund_flows ORDER BY month, region, setting, layer")
    await catch_up(engine)
    assert await query(engine, "SELECT * FROM projections.fund_flows ORDER BY month, region, setting, layer") == before


async def test_two_at_a_time_count_nothing_twice(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1), *facts.stay(2)])
    await asyncio.gather(*(catch_up(books.engine, at_once=2) for _ in range(4)))
    await holds(books.engine)


async def test_before_and_after_the_first_catch_up(books: Books) -> None:
    async with books.engine.connect() as connection:
        assert await sums_as_of(connection) is None
    as_of = await catch_up(books.engine)
    assert await report_of(books.engine, ANNUAL) == []
    async with books.engine.connect() as connection:
        assert await sums_as_of(connection) == as_of


async def test_a_month_s_flows_say_what_was_decided_and_what_adjusted(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="10000")])
    await catch_up(books.engine)
    (before,) = [row for row in await report_of(books.engine, MONTHLY) if row["layer"] == "basic"]
    # 抚松, tier 3: (10,000 − 800) × 60%
    assert (before["decided"], before["adjusted"]) == (Decimal("5520.00"), Decimal("0.00"))
    await books.publish([facts.correct("C1", "8000")])
    await catch_up(books.engine)
    narrowed = await report_of(books.engine, MONTHLY, month=before["month"], region="220000")
    (after,) = [row for row in narrowed if row["layer"] == "basic"]
    # (8,000 − 800) × 60% = 4,320
    assert (after["decided"], after["adjusted"], after["net"]) == (
        Decimal("5520.00"),
        Decimal("-1200.00"),
        Decimal("4320.00"),
    )
    assert await report_of(books.engine, MONTHLY, region="360923") == []
    assert await report_of(books.engine, MONTHLY, year=1999) == []


async def test_a_layer_that_a_late_fact_makes_run_has_adjusted(books: Books) -> None:
    """It decides for the first time, long after the claim was settled without it."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="10000")])
    await catch_up(books.engine)
    before = await report_of(books.engine, MONTHLY)
    assert [row["layer"] for row in before if row["decided"]] == ["basic"]
    await books.publish([facts.roster()])
    await catch_up(books.engine)
    types = await query(
        books.engine, "SELECT type FROM ledger.entries WHERE type LIKE 'payout.%' AND paid <> 0 AND layer <> 'basic'"
    )
    assert "payout.decided.v1" in {row["type"] for row in types}
    after = await report_of(books.engine, MONTHLY)
    assert sum(row["decided"] for row in after) == sum(row["decided"] for row in before) == Decimal("5520.00")
    # registered poor, he is lifted to 90%
    assert sum(row["adjusted"] for row in after) == Decimal("3480.00")
    assert all(row["decided"] == 0 for row in after if row["layer"] != "basic")
    await holds(books.engine)


async def test_the_annual_report_in_the_form_of_shanggao(books: Books) -> None:
    # 上高 360923, tier 2, registered_poor: worked in tests/cases/test_shanggao.py; here that the columns add up
    await books.publish([facts.hospital("H1", 2, "360923")])
    for number in (1, 2):
        await books.publish([facts.enrol(f"P{number}", 2019, "360923"), facts.roster(f"P{number}")])
    stays = [(1, "P1", "30000"), (2, "P1", "5000"), (3, "P2", "900")]
    for number, person, in_scope in stays:
        await books.publish(facts.stay(number, person, f"2019-0{number}-10", in_scope))
    await books.publish([facts.enrol("P3", 2019, "360923"), *facts.stay(4, "P3", "2019-05-10", "1000")])
    await catch_up(books.engine)
    other, poor = await report_of(books.engine, ANNUAL, year=2019, region="360923")
    assert (poor["poor"], poor["claims"], poor["persons"], poor["total"]) == (True, 3, 2, Decimal("35900.00"))
    layers = ("basic", "critical_illness", "assistance", "supplementary", "backstop")
    assert sum(poor[layer] for layer in layers) == poor["paid"] == poor["total"] - poor["patient_share"]
    assert poor["paid_share"] == (poor["paid"] / poor["total"]).quantize(Decimal("0.0001"))
    assert (other["poor"], other["claims"], other["total"]) == (False, 1, Decimal("1000.00"))
    await books.publish([facts.reverse("C3")])
    await catch_up(books.engine)
    _, left = await report_of(books.engine, ANNUAL)
    assert (left["claims"], left["persons"], left["total"]) == (2, 1, Decimal("35000.00"))


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
    assert (before["growth"], before["over_line"], before["average_stay"]) == (None, False, Decimal("1000.00"))
    assert (first["growth"], first["over_line"]) == (Decimal("0.1000"), False)
    assert (first["average_stay"], first["average_stay_growth"]) == (Decimal("2200.00"), Decimal("1.2000"))
    assert (first["self_funded"], first["out_of_catalog_share"]) == (Decimal("550.00"), Decimal("0.2500"))
    assert (second["growth"], second["over_line"], second["name"]) == (Decimal("0.1000"), True, "医院H2")
    # the county: 3,000.00, then 2,200.00 + 1,100.01
    none, grown = await report_of(books.engine, GROWTH, region="360123")
    assert (none["total_before"], none["growth"], none["over_line"]) == (None, None, False)
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
    """抚松: the backstop pays up to 90% of the bill after audits (DOMAIN 3.7), and so much is asked of it."""
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
        ("anyi", "reimbursement", "2018-01-01", "None", "0.90"),
        ("fusong", "assistance", "2020-01-01", "2021-01-01", "0.70"),
        ("fusong", "chronic_reimbursement", "2018-01-01", "2021-01-01", "0.80"),
        ("fusong", "reimbursement", "2018-01-01", "2021-01-01", "0.90"),
        ("shanggao", "reimbursement", "2019-01-01", "None", "0.90"),
    ]
    assert all(row["grade"] == "seed" and row["cite"] for row in stated)


FILLED = """
INSERT INTO projections.targets (scheme, target, since, value, grade, cite)
VALUES ('fusong', 'reimbursement', '2000-01-01', 0.90, 'seed', 'x'),
       ('fusong', 'assistance', '2000-01-01', 0.70, 'seed', 'x');
INSERT INTO projections.person_years (year, region, scheme, setting, poor, person_id, claims, total, audited, paid,
                                      assistance_base, assistance_in_scope)
SELECT 2010 + n / 20000, (220600 + n % 40)::text, 'fusong', 'inpatient', true, 'P' || n, 1, 100000, 0,
       CASE WHEN n % 400 = 3 THEN 50000 ELSE 95000 END, 20000, CASE WHEN n % 400 = 5 THEN 100 ELSE 19000 END
FROM generate_series(0, 199999) AS n;
INSERT INTO projections.annual_sums (year, region, scheme, setting, poor, claims, persons, assisted, total, paid,
                                     patient_share, hospital_share)
SELECT year, region, scheme, setting, poor, count(*), count(*), count(*), sum(total), sum(paid), 1, 1
FROM projections.person_years GROUP BY year, region, scheme, setting, poor;
INSERT INTO projections.fund_flows (month, region, setting, layer, decided, adjusted, bookings)
SELECT 2000 + n % 25 || '-' || lpad((1 + n % 12)::text, 2, '0'), (100000 + n / 100)::text, 'inpatient', 'l' || n,
       1, 1, 1
FROM generate_series(1, 20000) AS n;
INSERT INTO projections.annual_sums (year, region, scheme, setting, poor, claims, persons, assisted, total, paid,
                                     patient_share, hospital_share)
SELECT 2000 + n % 25, (100000 + n / 25)::text, 'fusong', 'inpatient', true, 1, 1, 1, 1, 1, 1, 1
FROM generate_series(1, 20000) AS n;
INSERT INTO projections.annual_layers (year, region, scheme, setting, poor, layer, paid)
SELECT year, region, scheme, setting, poor, layer, 1
FROM projections.annual_sums CROSS JOIN unnest('{basic,critical_illness,assistance}'::text[]) AS layer;
INSERT INTO projections.hospital_years (year, hospital_id, claims, total, self_funded, stays, stays_total)
SELECT 2000 + n % 25, 'H' || n / 25, 1, 1, 1, 1, 1 FROM generate_series(1, 20000) AS n;
INSERT INTO projections.roster_gaps (year, person_id, region, categories)
SELECT 2010 + n % 10, 'P' || n, (220600 + n % 40)::text, '{dibao}' FROM generate_series(1, 20000) AS n;
ANALYZE projections.person_years, projections.fund_flows, projections.annual_sums, projections.annual_layers,
        projections.hospital_years, projections.roster_gaps
"""


ASKED = {
    "targets": ["year = 2013 AND region = '220603'", "target = 'reimbursement' AND year = 2013"],
    "fund_flows": ["month = '2003-04'"],
    "annual_report": ["year = 2019 AND region = '100010'"],
    "hospital_costs": ["year = 2019 AND hospital_id = 'H77'"],
    "attainment": ["year = 2013 AND region = '220603'"],
    "cost_growth": ["year = 2019 AND region = '100010'"],
}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


async def test_indexes_answer_on_large_sums(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for statement in FILLED.split(";\n"):
            await connection.execute(text(statement))
    for view, condition in ((view, condition) for view, conditions in ASKED.items() for condition in conditions):
        statement = f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM finance.{view} WHERE {condition}"
        (explained,) = await query(engine, statement)
        (plan,) = explained["QUERY PLAN"]
        scans = {node["Relation Name"] for node in nodes(plan["Plan"]) if node["Node Type"] == "Seq Scan"}
        assert scans <= {"hospitals", "roster_years", "targets"}, (view, condition, scans)
        assert plan["Plan"]["Actual Rows"] > 0
        assert plan["Execution Time"] < 500  # a few ms where nothing else runs; a scan is told by the plan above


async def test_every_view_and_column_says_what_it_is(engine: AsyncEngine) -> None:
    undescribed = await query(
        engine,
        """SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum >= 0
           WHERE relnamespace = 'finance'::regnamespace AND col_description(pg_class.oid, attnum) IS NULL
        UNION ALL
           SELECT relname, NULL FROM pg_class
           WHERE relnamespace = 'finance'::regnamespace AND obj_description(pg_class.oid, 'pg_class') IS NULL""",
    )
    assert undescribed == []
    told = (Path(__file__).parents[2] / "docs" / "finance.md").read_text(encoding="utf-8")
    columns = await query(
        engine,
        """SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'finance'
           AND table_name NOT IN ('statements', 'accumulations', 'oversight')""",
    )
    sections = {part.partition("`")[0]: part for part in told.split("## `finance.")}
    missing = [row for row in columns if f"`{row['column_name']}`" not in sections.get(row["table_name"], "")]
    assert missing == []


async def test_a_login_that_may_only_read_sees_the_last_sums(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1)])
    await catch_up(books.engine)
    await books.publish(facts.stay(2))
    reader = create_async_engine(books.engine.url, connect_args={"server_settings": {"role": "finance_reader"}})
    try:
        assert not await caught_up(reader, anew=False)
        (annual,) = await report_of(reader, ANNUAL)
        assert annual["claims"] == 1
        assert len(await report_of(reader, HOSPITAL)) == 1
        assert await report_of(reader, TARGETS) == []
        assert await report_of(reader, MONTHLY) != []
    finally:
        await reader.dispose()


async def test_files_hold_what_is_printed(books: Books, tmp_path: Path) -> None:
    named = facts.hospital("H1")
    named["data"]["name"] = "=HYPERLINK(1)"
    await books.publish([named, facts.enrol(), *facts.stay(1, bill=facts.bill("10000", self_funded="0.01"))])
    await books.publish([facts.roster("P9", "orphan"), facts.death(on="2019-01-01")])
    await catch_up(books.engine)
    for report in (HOSPITAL, TARGETS, OVERSIGHT):
        rows = await report_of(books.engine, report)
        for suffix in (".csv", ".xlsx", ".parquet"):
            path = tmp_path / f"{report.name}{suffix}"
            write_report(path, report, rows, "2026-01-01 00:00:00")
            assert path.stat().st_mode & 0o777 == (0o640 if report is HOSPITAL else 0o600)  # others name persons
        parquet = pq.read_table(tmp_path / f"{report.name}.parquet")
        assert parquet.to_pylist() == rows
        assert parquet.schema.metadata[b"as_of"] == b"2026-01-01 00:00:00"
    with (tmp_path / "hospital.csv").open(encoding="utf-8-sig", newline="") as file:
        (printed,) = csv.DictReader(file)
    assert (printed["医疗费总额 total"], printed["名称 name"]) == ("10000.01", "'=HYPERLINK(1)")
    sheet = load_workbook(tmp_path / "hospital.xlsx").worksheets[0]
    cells = {str(heading.value): cell for heading, cell in zip(sheet[1], sheet[2], strict=True)}
    assert (cells["名称 name"].value, cells["名称 name"].data_type) == ("=HYPERLINK(1)", "s")
    assert cells["医疗费总额 total"].value == 10000.01
    gap = load_workbook(tmp_path / "targets.xlsx").worksheets[0]
    assert [cell.value for cell in gap[2]][-1] == "orphan"


async def test_the_command(server_folder: Path, tmp_path: Path) -> None:
    data, out = server_folder / "ledger", tmp_path / "annual.xlsx"
    lines = write_lines(tmp_path / "e.jsonl", [facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1)])
    assert (await claims("settle", lines, "--data-dir", data)).code == 0
    done = await claims("report", "annual", "--year", "2019", "--json", "--out", out, "--data-dir", data)
    (row,) = done.rows
    assert (row["claims"], row["total"], row["paid_share"], row["poor"]) == (1, "10000.00", "0.9000", True)
    assert "as of" in done.err
    assert out.exists()


@pytest.mark.parametrize(
    "asked",
    [("monthly", "--month", "2019-13"), ("annual", "--region", "3609"), ("annual", "--out", "annual.xls"), ("weekly",)],
)
def test_what_can_not_be_asked(asked: tuple[str, ...], tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["report", *asked, "--data-dir", str(tmp_path / "none")]).exit_code == 2
