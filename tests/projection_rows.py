"""A ledger with every kind of fact, and the rows of its projections, as they are and as they should be."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.proof.rebuild import PROJECTIONS, ProjectionComparison, rebuild
from tests import facts
from tests.papers import paper

DifferingRow = tuple[str, str, dict[str, Any], dict[str, tuple[Any, Any]]]
"""projection, kind, key, and both sides by column"""

ADVANCE = {"advance_id": "L1", "person_id": "P1", "amount": "800", "issued_on": "2019-03-01"}
EVERY_FACT: list[Any] = [
    facts.hospital(),
    facts.hospital("H2", 1, "220622", until="2021-01-01"),
    facts.hospital("H2", 2, "220622", begun="2011-01-01"),
    # a pharmacy, of which a later registration says nothing
    facts.hospital("D1", 0, kind="pharmacy"),
    facts.hospital("D1", 0, until="2021-01-01"),
    facts.suspend("2019-08-01", "H2"),
    facts.reinstate("2019-09-01", "H2"),
    facts.reinstate("2019-09-05", "H2"),
    facts.suspend("2019-09-05", "H2", id_="after-all"),
    facts.fine(),
    facts.fine("F2", amount="15000", replaces="F1"),
    facts.enrol("P1", self_paid="120.5"),
    facts.enrol("P1", 2018),
    facts.enrol("P2"),
    facts.enrol("P2", effective_on="2019-02-01", self_paid="100"),
    facts.enrol("P3"),
    # ends, one taken the place of by another, one by an enrollment that says nothing of what was paid
    facts.enrol("P4", self_paid="30"),
    facts.end_enrolment("P4", "2019-05-01"),
    facts.end_enrolment("P4", "2019-06-01"),
    facts.enrol("P5", self_paid="40"),
    facts.end_enrolment("P5", "2019-05-01"),
    facts.enrol("P5", effective_on="2019-08-01", id_="anew"),
    facts.visit("V4", "P4", on="2019-07-01", setting="general"),
    # what a person is insured as: said bit by bit, by version 1 in between, which means a resident
    facts.enrol_as("P6", "employee_active", birth_month="1980-05", sex="male", household_id="HH1", self_paid="50"),
    facts.enrol("P6", id_="resident-again"),
    facts.enrol_as("P6", household_id="HH2", village="220621101204", contracted_doctor=False),
    # moved to another region and back: household and place are said anew; a village alone replaces both
    facts.enrol_as("P8", household_id="HH3", township="220621101", birth_month="1990-01"),
    facts.enrol_as("P8", region="220622", id_="moved", village="220622102204"),
    facts.enrol_as("P8", id_="moved-back", sex="female"),
    facts.enrol_as("P9", township="220621101", village="220621101204"),
    facts.enrol_as("P9", township="220621102", id_="another-township"),
    facts.enrol_as("P7", township="220621101"),
    facts.enrol("P7", id_="version-1"),
    # a stay that changes: twice, before the admission, too late; one more that bureaus file, and file anew
    facts.file_referral("R1", "P6", "2019-01-01", until="2019-04-01"),
    facts.file_referral("R1", "P6", "2019-02-01", id_="filed-anew", to_region="220622"),
    facts.file_referral("R1", "P7", id_="of-another"),
    facts.file_referral("R1", "P7", region="220600"),
    facts.admit("A60", "P6", "H2", "2019-03-01", filed=False, stay_kind="maternity"),
    facts.change_admission("A60", "H2", emergency=True, admitted_on="2019-03-02"),
    facts.change_admission("A60", "H2", id_="change-2", diagnoses=["O80"], emergency=False),
    facts.discharge("C60", "A60", "P6", "H2", "2019-03-10"),
    facts.change_admission("A60", "H2", id_="too-late", filed=True),
    facts.discharge("C61", "A61", "P6", "H1", "2019-03-20"),
    facts.change_admission("A61", stay_kind="day_surgery", filed=False),
    facts.admit("A61", "P6"),
    facts.discharge("C62", "A62", "P7", "H1", "2019-03-20"),
    facts.change_admission("A62", emergency=True),  # waits for good
    facts.card("P6"),
    facts.visit("V6", "P6", on="2019-08-01", disease="diabetes", emergency=True, stay_kind="home_bed"),
    # on paper: of a hospital that is not registered, corrected; taken back, its invoice claimed anew; refused ones
    paper("W1", "INV1", "P6", "HX", "2019-04-20", hospital_name="外地医院", hospital_tier=2, hospital_region="110108"),
    facts.correct("W1", "9000", source=facts.BUREAU),
    paper("W2", "INV2", "P6", "H1", "2019-05-20", referred_from="A60", emergency=True),
    facts.reverse("W2", facts.BUREAU),
    paper("W3", "INV2", "P6", "H1", "2019-05-20", stay_kind="maternity"),
    paper("W4", "INV1", "P7"),
    paper("W5", "INV5", "nobody"),
    facts.enrol("X", 2019, "140400"),
    facts.enrol("Y", 2019, "140400"),
    facts.enrol("Z", 2019, "211200"),
    facts.roster("X", "dibao"),
    facts.roster("Y", "dibao"),
    facts.roster("P1"),
    facts.roster("P1", "dibao", "removed", "2019-06-01"),
    facts.card("P1"),
    facts.card("P1", "diabetes", issued=False, on="2019-10-01"),
    # a referral chain over three stays
    *facts.stay(1, "P1", in_scope="18000"),
    *facts.stay(2, "P1", "2019-04-10", "9000", referred_from="A1"),
    *facts.stay(3, "P1", "2019-05-10", "7000", referred_from="A2", prepaid=True),
    facts.visit("V1", "P1", in_scope="400", disease="diabetes"),
    facts.visit("V2", "Z", setting="pharmacy", disease="lung_cancer", prescribed_by="H2"),
    # late facts, one of them after another
    facts.roster("P1", "destitute", "added", "2019-04-01"),
    facts.correct("C1", "17000.5", id_="correct-1"),
    facts.correct("C1", "16000.05", id_="correct-2"),
    facts.audit("C2", "250", "person"),
    facts.audit("C2", "100", "hospital", "F2"),
    facts.audit("C2", "10000", "person", "F3"),  # 8,650 are left
    facts.audit("C2", "10", "person", "F4"),  # nothing is left
    facts.audit("C2", "700", "person", "F7"),
    facts.withdraw_audit("C2", "700", "F7"),
    facts.withdraw_audit("C2", "1500", "F3"),  # 150 of its 8,650 are given back to the bill, of which F4 takes 10
    *facts.stay(4, "P2", in_scope="20000"),
    facts.audit("C4", "3", "person", "F5"),
    facts.reverse("C4"),
    facts.audit("C4", "5", "person", "F6", part="in_scope"),
    facts.withdraw_audit("C4", "2", "F5"),
    facts.discharge("C5", "A4", "P2", in_scope="21000"),  # the admission is free again
    facts.cancel("A3"),  # refused: C3 stands
    facts.admit("A6", "P2"),
    facts.cancel("A6"),
    facts.cancel("A6", id_="cancelled-twice"),
    # a discharge waits, is reversed, waits again under its claim id, goes on; another waits for good
    facts.discharge("C7", "A7", "P3"),
    facts.reverse("C7"),
    facts.discharge("C7", "A7", "P3", id_="again"),
    facts.admit("A7", "P3"),
    facts.discharge("C8", "A8", "P3"),
    facts.death("P3", "2019-12-01"),
    facts.death("P3", "2019-12-02", facts.BUREAU),
    facts.enrol("P3", 2020),
    # refused: for what they say, for what they are, under an id that is none
    facts.visit("V3", "P1", hospital_id="H9"),
    facts.reverse("C99"),
    facts.event("hospital/H1", "odd", "odd.v1"),
    b'{"id": "not an id", "source": "hospital/H1", "type": "claim.reversed.v1"}',
    b"not an event",
    # grants of 长治, once in a life: one that moves to the next claim, one that is withdrawn for good
    *facts.stay(9, "X", disease="lung_cancer", stage="late"),
    *facts.stay(10, "X", "2019-04-10", disease="lung_cancer", stage="late"),
    facts.reverse("C9"),
    *facts.stay(11, "Y", disease="lung_cancer", stage="late"),
    facts.reverse("C11"),
    # its number used twice: the second is refused
    facts.event(facts.BUREAU, "adv-1", "advance.issued.v1", **ADVANCE),
    facts.event(facts.BUREAU, "adv-2", "advance.issued.v1", **ADVANCE | {"amount": "900"}),
    # aid decided on a claim of 辽宁: one that stands, one taken back
    facts.roster("Z", on="2019-01-01"),
    *facts.stay(12, "Z", "2019-06-01", "9000"),
    facts.aid("C12", "300"),
    facts.aid("C12", "200.5", decision="D2"),
    facts.withdraw_aid("C12", decision="D2"),
    facts.advance("L2", source="poverty-office/220621"),
    facts.advance("L3", lent_by="township_station", filed_on="2019-03-04"),
]


async def content(engine: AsyncEngine) -> dict[str, list[str]]:
    """Every row of every projection."""
    found = {}
    async with engine.connect() as connection:
        for name in PROJECTIONS:
            query = f"SELECT to_json(t)::text FROM projections.{name} AS t ORDER BY 1"
            found[name] = list((await connection.execute(text(query))).scalars())
    return found


async def change(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            touched = await connection.execute(text(statement))
            assert touched.rowcount > 0, statement


def differing_rows(
    found: list[ProjectionComparison],
) -> list[tuple[str, str, dict[str, Any], dict[str, tuple[Any, Any]]]]:
    return [(each.projection, row.kind, row.key, row.columns) for each in found for row in each.first]


async def differing(engine: AsyncEngine) -> list[Any]:
    return differing_rows((await rebuild(engine, dry_run=True)).projections)
