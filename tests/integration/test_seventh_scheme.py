"""A county that we never heard of writes a file and settles by it: no code, and earlier claims keep their law."""

from pathlib import Path
from typing import Any

import pytest

from infra.servers import servers
from tests import facts
from tests.program import Done, claims, write_lines

pytestmark = pytest.mark.timeout(120)

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


async def adopt(file: Path, data: Path) -> Done:
    return await claims("schemes", "adopt", file, "--actor", "王芳", "--data-dir", data)


async def settle(file: Path, data: Path, *events: dict[str, Any]) -> None:
    done = await claims("settle", write_lines(file, events), "--json", "--data-dir", data)
    assert (done.code, done.rows[0]["refused"]) == (0, 0), done.err


async def paid(data: Path) -> dict[str, dict[str, str]]:
    rows = (await claims("statements", "--json", "--data-dir", data)).rows
    assert {row["scheme"] for row in rows} == {"xuzhou"}
    return {
        row["claim_id"]: {layer["layer"]: layer["paid"] for layer in row["layers"]} | {"patient": row["patient_share"]}
        for row in rows
    }


async def test_a_new_county_is_a_file(server_folder: Path) -> None:
    data, events = server_folder / "data", server_folder / "events.jsonl"
    file = server_folder / "xuzhou.yaml"
    file.write_text(XUZHOU, encoding="utf-8")
    checked = await claims("schemes", "check", file)
    assert (checked.code, checked.out) == (0, b""), checked.err
    adopted = await adopt(file, data)
    assert adopted.code == 0, adopted.err

    people = [facts.hospital("HX", 3, "320301"), facts.enrol("X", 2019, "320300"), facts.roster("X", "dibao")]
    await settle(events, data, *people, *facts.stay(1, "X", in_scope="3000", hospital_id="HX"))
    # (3,000 − 900) × 70% = 1,470; half of the 1,530 left is 765.
    first = {"basic": "1470.00", "assistance": "765.00", "patient": "765.00"}

    file.write_text(
        XUZHOU.replace("value: 70%", "value: 80%").replace("value: 1000,", "value: 2000,"), encoding="utf-8"
    )
    # The servers stay for the commands that follow, as `claims up` would keep them; this one does not work.
    async with servers(data, command="up", nats=False):
        assert await paid(data) == {"C1": first}
        again = await adopt(file, data)
        assert again.code == 0, again.err
    await settle(events, data, *facts.stay(2, "X", "2019-04-10", "9000", hospital_id="HX"))
    # The text adopted last: (9,000 − 900) × 80% = 6,480; half of 2,520 is 1,260, of a limit of 2,000 765 are used.
    second = {"basic": "6480.00", "assistance": "1235.00", "patient": "1285.00"}
    # A correction of the first claim is settled under the text that it was accepted under, and moves the second:
    # (4,000 − 900) × 70% = 2,170; half of 1,830 is 915. Then 2,000 − 915 = 1,085 are left of the limit.
    await settle(events, data, facts.correct("C1", "4000", "HX"))
    async with servers(data, command="up", nats=False):
        assert await paid(data) == {
            "C1": {"basic": "2170.00", "assistance": "915.00", "patient": "915.00"},
            "C2": second | {"assistance": "1085.00", "patient": "1435.00"},
        }
        verified = await claims("verify", "--json", "--data-dir", data)
        assert (verified.code, verified.rows[0]["problems"]) == (0, []), verified.err
        assert verified.rows[0]["schemes"] == 8
        taken_back = server_folder / "path.yaml"
        taken_back.write_text(XUZHOU.replace("layer: assistance", "layer: supplementary"), encoding="utf-8")
        refused = await adopt(taken_back, data)
        assert refused.code == 1
        assert "its path" in refused.err
        assert "Traceback" not in refused.err


async def test_a_bad_file_is_refused_with_its_line(server_folder: Path) -> None:
    file = server_folder / "bad.yaml"
    file.write_text(
        XUZHOU.replace("value: 70%", "value: 170%").replace("track: inpatient", "trick: inpatient"), "utf-8"
    )
    for done in (await claims("schemes", "check", file), await adopt(file, server_folder / "data")):
        assert done.code == 1
        assert f"{file}:18: " in done.err
        assert f"{file}:23: " in done.err
        assert "Traceback" not in done.err
    assert not (server_folder / "data").exists()
