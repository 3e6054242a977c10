"""A county replaces an assumed value: earlier claims keep the text they are pinned to until they are settled again."""

from pathlib import Path

import pytest

from tests import facts
from tests.integration.test_seventh_scheme import XUZHOU, Program

pytestmark = pytest.mark.timeout(120)


async def test_claims_move_to_the_text_in_force_from_a_day_on(
    database: str, nats_url: str, server_folder: Path
) -> None:
    program = Program(database, nats_url, server_folder)
    await program.adopt(XUZHOU)
    people = [facts.hospital("HX", 3, "320301"), facts.enrol("X", 2019, "320300"), facts.roster("X", "dibao")]
    stays = [
        *facts.stay(1, "X", "2019-03-10", "3000", hospital_id="HX"),
        *facts.stay(2, "X", "2019-04-10", "9000", hospital_id="HX"),
    ]
    await program.settle(*people, *stays)
    # C1: (3,000 − 900) × 70% = 1,470; half of the 1,530 left is 765.
    # C2: (9,000 − 900) × 70% = 5,670; half of 3,330 is 1,665; 1,000 − 765 = 235 of the limit left.
    first = {"basic": "1470.00", "assistance": "765.00", "patient": "765.00"}
    assert await program.paid() == {
        "C1": first,
        "C2": {"basic": "5670.00", "assistance": "235.00", "patient": "3095.00"},
    }
    await program.adopt(XUZHOU.replace("value: 70%", "value: 80%").replace("value: 1000,", "value: 2000,"))
    asked = ("resettle", "--scheme", "xuzhou", "--from", "2019-04-01")

    # C2 anew: (9,000 − 900) × 80% = 6,480; half of 2,520 is 1,260; 2,000 − 765 = 1,235 of the limit left.
    foreseen = await program.run(*asked, "--dry-run", "--json")
    moved = {"basic": "810.00", "assistance": "1000.00"}
    assert foreseen.rows == [{"dry_run": True, "claims": 1, "persons": 1, "moved": moved}]
    assert (await program.paid())["C2"]["basic"] == "5670.00"

    booked = await program.run(*asked, "--actor", "王芳", "--json")
    assert booked.rows == [{"dry_run": False, "claims": 1, "persons": 1, "moved": moved}]
    second = {"basic": "6480.00", "assistance": "1235.00", "patient": "1285.00"}
    assert await program.paid() == {"C1": first, "C2": second}
    told = (await program.run("replay", "X", "--json")).rows[0]
    assert told["consistent"]
    adjusted = [entry for entry in told["history"] if entry["type"] == "payout.adjusted.v1"]
    assert {entry["cause"]["type"] for entry in adjusted} == {"claim.accepted.v1"}

    again = await program.run(*asked, "--dry-run", "--json")
    assert again.rows == [{"dry_run": True, "claims": 0, "persons": 0, "moved": {}}]
    await program.settle(facts.reverse("C1", "hospital/HX"))
    # C1 gone, all of the new limit is there for C2: half of 2,520.
    assert (await program.paid())["C2"] == {"basic": "6480.00", "assistance": "1260.00", "patient": "1260.00"}


async def test_what_cannot_be_settled_again_is_said(database: str, nats_url: str, server_folder: Path) -> None:
    program = Program(database, nats_url, server_folder)
    unknown = await program.run("resettle", "--scheme", "atlantis", "--from", "2019-01-01", "--dry-run")
    assert unknown.code == 2
    assert "no scheme atlantis is in force; there are anyi, changzhi" in unknown.err
    nobody = await program.run("resettle", "--scheme", "anyi", "--from", "2019-01-01")
    assert nobody.code == 2
    assert "--actor" in nobody.err
