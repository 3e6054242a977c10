"""A city's published rules for employees, written as a file alone, settle through the program."""

from pathlib import Path
from typing import Any

from tests import facts
from tests.integration.test_seventh_scheme import Program

FILE = Path(__file__).parents[2] / "docs" / "examples" / "schemes" / "beijing_employees.yaml"
DONGCHENG = "110101"


def visit(claim: str, person: str, on: str, in_scope: str) -> dict[str, Any]:
    return facts.visit(claim, person, "HB", on, "general", in_scope)


async def test_employees_stays_are_counted_and_their_age_is_known(
    database: str, nats_url: str, server_folder: Path
) -> None:
    program = Program(database, nats_url, server_folder)
    checked = await program.run("schemes", "check", FILE)
    assert (checked.code, checked.out) == (0, b""), checked.err
    adopted = await program.run("schemes", "adopt", FILE, "--actor", "王芳")
    assert adopted.code == 0, adopted.err

    await program.settle(
        facts.hospital("HB", 3, DONGCHENG),
        facts.enrol_as("E", "employee_active", 2023, DONGCHENG, birth_month="1983-05"),
        facts.enrol_as("R", "employee_retired", 2023, DONGCHENG, birth_month="1953-06"),
        *facts.stay(1, "E", "2023-02-10", "10000", hospital_id="HB"),
        *facts.stay(2, "E", "2023-04-10", "10000", hospital_id="HB"),
        visit("V1", "R", "2023-05-31", "2300"),
        visit("V2", "R", "2023-06-01", "1000"),
    )
    # E: (10,000 − 1,300) × 85% = 7,395; (10,000 − 650) × 85% = 7,947.50.
    # R is 69 in May: (2,300 − 1,300) × 85% = 850; 70 in June: 1,000 × 90% = 900.
    assert {claim: (paid["basic"], paid["patient"]) for claim, paid in (await of_beijing(program)).items()} == {
        "C1": ("7395.00", "2605.00"),
        "C2": ("7947.50", "2052.50"),
        "V1": ("850.00", "1450.00"),
        "V2": ("900.00", "100.00"),
    }

    # The first stay is taken back: the second is the year's first now, (10,000 − 1,300) × 85%.
    await program.settle(facts.reverse("C1", "hospital/HB"))
    after = await of_beijing(program)
    assert (after["C2"]["basic"], after["C2"]["patient"]) == ("7395.00", "2605.00")
    assert (await program.run("verify")).code == 0


async def of_beijing(program: Program) -> dict[str, dict[str, str]]:
    done = await program.run("statements", "--json")
    assert {row["scheme"] for row in done.rows} == {"beijing_employees"}
    return {
        row["claim_id"]: {"patient": row["patient_share"]} | {layer["layer"]: layer["paid"] for layer in row["layers"]}
        for row in done.rows
    }
