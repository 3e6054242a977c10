"""A county that we never heard of writes a file and settles by it: no code, and earlier claims keep their law."""

import asyncio
import os
import pty
from pathlib import Path
from typing import Any

from tests import facts
from tests.program import CLAIMS, Done, claims, dump_of, environment, outcome, write_lines

XUZHOU = """\
name: xuzhou
title: 徐州市
title_en: Xuzhou City, Jiangsu
document: 徐医保〔2019〕7号
regions: ["3203"]
valid: {from: 2019-01-01}
poor: {categories: [dibao], grade: seed, cite: "二"}

settings:
  inpatient: [{grade: seed, cite: "三"}]

stages:
  - layer: basic
    cases:
      - rule: deductible_ratio_cap
        when: {setting: inpatient}
        track: inpatient
        deductible:
          - {tier: [0, 1, 2], value: 300, grade: seed, cite: "三(一)"}
          - {tier: 3, value: 900, grade: seed, cite: "三(一)"}
        ratio:
          - {value: 70%, grade: seed, cite: "三(二)"}
        cap:
          - {value: 50000, grade: seed, cite: "三(三)"}
  - layer: assistance
    cases:
      - rule: ratio_within_limit
        when: {setting: inpatient, poor: true}
        ratio:
          - {value: 50%, grade: seed, cite: "四"}
        limit:
          - {value: 1000, grade: seed, cite: "四"}
"""


class Program:
    """The program on given servers."""

    def __init__(self, database_url: str, nats_url: str, folder: Path) -> None:
        self.env = {"CLAIMS_DATABASE_URL": database_url, "CLAIMS_NATS_URL": nats_url}
        self.folder = folder

    async def run(self, *arguments: object) -> Done:
        done = await claims(*arguments, env=self.env)
        assert "Traceback" not in done.err
        return done

    async def adopt(self, text: str) -> Done:
        file = self.folder / "xuzhou.yaml"
        file.write_text(text, encoding="utf-8")
        return await self.run("schemes", "adopt", file, "--actor", "王芳")

    async def settle(self, *events: dict[str, Any]) -> None:
        done = await self.run("settle", write_lines(self.folder / "events.jsonl", events), "--json")
        assert (done.code, done.rows[0]["refused"]) == (0, 0), done.err

    async def paid(self) -> dict[str, dict[str, str]]:
        """What each layer pays and the patient bears, by claim; the books hold."""
        rows = (await dump_of(self.env["CLAIMS_DATABASE_URL"]))["statements"]
        assert {row["scheme"] for row in rows} == {"xuzhou"}
        return {
            row["claim_id"]: {"patient": row["patient_share"]}
            | {layer["layer"]: layer["paid"] for layer in row["layers"]}
            for row in rows
        }


async def test_a_new_county_is_a_file(database: str, nats_url: str, server_folder: Path) -> None:
    program = Program(database, nats_url, server_folder)
    adopted = await program.adopt(XUZHOU)
    assert adopted.code == 0, adopted.err
    assert "新政策 a new scheme: xuzhou 徐州市" in adopted.err
    assert "下一张受理的结算单即按此文本结算" in adopted.err
    checked = await program.run("schemes", "check", server_folder / "xuzhou.yaml")
    assert (checked.code, checked.out) == (0, b""), checked.err

    people = [facts.hospital("HX", 3, "320301"), facts.enrol("X", 2019, "320300"), facts.roster("X", "dibao")]
    await program.settle(*people, *facts.stay(1, "X", in_scope="3000", hospital_id="HX"))
    # (3,000 − 900) × 70% = 1,470; half of the 1,530 left is 765.
    first = {"basic": "1470.00", "assistance": "765.00", "patient": "765.00"}
    assert await program.paid() == {"C1": first}

    again = await program.adopt(XUZHOU.replace("value: 70%", "value: 80%").replace("value: 1000,", "value: 2000,"))
    assert again.code == 0, again.err
    assert "改动 values that change: 2" in again.err
    assert "1.basic inpatient ratio: 原 was 70%，现 is 80%" in again.err
    in_force = await program.run("schemes", "export", "xuzhou", "--adopted")
    assert in_force.out == (server_folder / "xuzhou.yaml").read_bytes()
    await program.settle(*facts.stay(2, "X", "2019-04-10", "9000", hospital_id="HX"))
    # The text adopted last: (9,000 − 900) × 80% = 6,480; half of 2,520 is 1,260; 2,000 − 765 = 1,235 of the limit left.
    assert await program.paid() == {
        "C1": first,
        "C2": {"basic": "6480.00", "assistance": "1235.00", "patient": "1285.00"},
    }

    # A correction of the first claim is settled under the text that it was accepted under, and moves the second:
    # (4,000 − 900) × 70% = 2,170; half of 1,830 is 915. Then 2,000 − 915 = 1,085 are left of the limit.
    await program.settle(facts.correct("C1", "4000", "HX"))
    assert await program.paid() == {
        "C1": {"basic": "2170.00", "assistance": "915.00", "patient": "915.00"},
        "C2": {"basic": "6480.00", "assistance": "1085.00", "patient": "1435.00"},
    }
    other_path = await program.adopt(XUZHOU.replace("layer: assistance", "layer: backstop"))
    assert other_path.code == 1
    assert "the path of its layers is fixed" in other_path.err


async def test_a_bad_file_is_refused_with_its_lines(database: str, nats_url: str, server_folder: Path) -> None:
    program = Program(database, nats_url, server_folder)
    bad = XUZHOU.replace("value: 70%", "value: 170%").replace("track: inpatient", "trick: inpatient")
    adopted = await program.adopt(bad)
    file = server_folder / "xuzhou.yaml"
    lines = bad.splitlines()
    for done in (adopted, await program.run("schemes", "check", file)):
        assert "下一张受理的结算单" not in done.err
        assert done.code == 1
        for word in ("trick: inpatient", "value: 170%"):
            number = next(number for number, line in enumerate(lines, start=1) if word in line)
            assert f"{file}:{number}: " in done.err
    adopted_schemes = await program.run("schemes", "list", "--adopted", "--json")
    assert adopted_schemes.rows == []


async def test_an_unsound_file_is_not_adopted(database: str, nats_url: str, server_folder: Path) -> None:
    program = Program(database, nats_url, server_folder)
    # one offer more, which no stage decides: the patient would pay all
    unsound = XUZHOU.replace("\nstages:", '  pharmacy: [{grade: seed, cite: "五"}]\n\nstages:')
    adopted = await program.adopt(unsound)
    line = unsound[: unsound.index("  pharmacy:")].count("\n") + 1
    assert adopted.code == 1
    assert f"xuzhou.yaml:{line}: settings.pharmacy[0]: 特定药品药店购药 pharmacy" in adopted.err
    assert "xuzhou" not in [row["name"] for row in (await program.run("schemes", "list", "--adopted", "--json")).rows]


async def test_on_a_terminal_it_asks(database: str, nats_url: str, server_folder: Path) -> None:
    program = Program(database, nats_url, server_folder)
    assert (await program.run("settle", write_lines(server_folder / "none.jsonl", []))).code == 0
    file = server_folder / "xuzhou.yaml"
    file.write_text(XUZHOU, encoding="utf-8")
    for answer, options, code in ((b"n\n", (), 1), (b"", ("--yes",), 0)):
        typed, terminal = pty.openpty()
        try:
            os.write(typed, answer)
            process = await asyncio.create_subprocess_exec(
                *(CLAIMS, "schemes", "adopt", str(file), "--actor", "王芳", *options),
                stdin=terminal,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment(**program.env),
            )
            ended = await outcome(process, "claims schemes adopt")
        finally:
            os.close(typed)
            os.close(terminal)
        assert (ended.code, "采用 xuzhou？" in ended.err) == (code, code == 1), ended.err
        in_force = [row["name"] for row in (await program.run("schemes", "list", "--adopted", "--json")).rows]
        assert ("xuzhou" in in_force) is (code == 0)
