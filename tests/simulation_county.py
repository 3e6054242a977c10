"""A small county for simulations: two persons' stays under shanggao, and reforms as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from tests import facts

LINE = {"where": "2.critical_illness inpatient", "name": "line", "for": "poor", "value": "3000", "reason": "线"}
RATIO = {"where": "1.basic inpatient", "name": "ratio", "for": "tier 3", "value": "70%", "reason": "比例"}


def reform_file(folder: Path, name: str, scheme: str, *changes: Mapping[str, Any], **more: Any) -> Path:
    """A reform's file, with other keys of a goal's."""
    file = folder / f"{name}.yaml"
    file.write_bytes(orjson.dumps({"name": name, "scheme": scheme, "changes": changes, **more}))
    return file


def two_persons() -> list[Mapping[str, Any]]:
    """The stays of a poor person, in 2019 twice and in 2020, and another's."""
    return [
        facts.hospital("H1", 3, "360923"),
        *(
            facts.enrol_as("P1", year=year, region="360923", township=township, household_id="F1")
            for year, township in ((2019, "360923101"), (2020, "360923102"))
        ),
        *(facts.enrol("P2", year, "360923") for year in (2019, 2020)),
        facts.roster("P1", "registered_poor", on="2019-01-01"),
        *facts.stay(1, "P1", "2019-08-20", in_scope="20600"),
        *facts.stay(2, "P1", "2019-11-20", in_scope="10600"),
        *facts.stay(3, "P1", "2020-03-10", in_scope="20600"),
        *facts.stay(4, "P2", "2019-09-10", in_scope="20600"),
    ]
