"""The documents say what the code does: examples load, schemas are those exported, nothing is left unnamed."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from msgspec.structs import replace

from events.catalog import FACTS, read
from events.facts import Bill
from events.money import yuan
from events.refusals import REASONS
from events.schemas import json_schemas
from infra.border.answers import answer_documents
from policies.buckets import OpenBill
from policies.claim import Aid, Claim
from policies.condition import Condition
from policies.engine import settle
from policies.explain import render
from policies.limits import JointLimit, Raised
from policies.loader import by_hash, load_file
from policies.rule_context import Rule
from policies.rules import AnyRule
from policies.values import Row
from tests.engine import HASHES, claim

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
INTEGRATORS = (DOCS / "integrators.md").read_text()
SCHEMES = (DOCS / "schemes.md").read_text()
RULES = (DOCS / "rules.md").read_text()
RULE_KINDS = get_args(get_args(AnyRule)[0])

LIMITS = load_file(DOCS / "examples" / "limits.yaml")
POOR = ["registered_poor"]
CITY = load_file(DOCS / "examples" / "city.yaml")
DISTRICT = load_file(DOCS / "examples" / "district.yaml")
AS_ACTIVE: dict[str, Any] = {"insurance_type": "employee_active"}


def visit_in_the_county(number: int) -> Claim:
    visit = claim(CITY, f"2024-0{number}-09", in_scope="150", setting="general", tier=1, number=number, **AS_ACTIVE)
    return replace(visit, region="990203", hospital_region="990203")


def visits(*told: tuple[str, str]) -> list[Claim]:
    return [
        claim(DISTRICT, day, in_scope=in_scope, setting="general", number=number)
        for number, (day, in_scope) in enumerate(told, start=1)
    ]


WORKED = {
    "J1": [claim("jiamusi", "2019-03-09", in_scope="60000")],
    "J2": [claim("jiamusi", "2019-03-09", in_scope="60000", categories=POOR)],
    "A1": [claim("anyi", "2019-03-09", in_scope="16000", tier=2, disease="thalassemia", categories=POOR)],
    "L1": [
        claim(
            "liaoning",
            "2019-03-09",
            in_scope="500",
            setting="pharmacy",
            tier=0,
            prescriber_tier=2,
            any_card=True,
            categories=POOR,
        )
    ],
    "C1, C2": [
        claim("changzhi", "2018-03-09", in_scope="4500", tier=2, categories=["dibao"]),
        claim("changzhi", "2018-04-09", in_scope="12500", tier=2, categories=["dibao"], number=2),
    ],
    "M1, M2": [
        claim(
            LIMITS,
            f"2024-03-{day}",
            in_scope="500",
            setting="chronic",
            tier=1,
            disease=disease,
            card_class="I",
            card_diseases=("diabetes", "hypertension"),
            number=day,
        )
        for day, disease in ((10, "hypertension"), (20, "diabetes"))
    ],
    "D1": [claim(LIMITS, "2024-03-09", in_scope="80", setting="general", tier=1)],
    "S1": [claim(LIMITS, "2024-03-09", in_scope="190500", years_insured=10)],
    "Z1": [claim(LIMITS, "2024-03-09", in_scope="10500", categories=["dibao"])],
    "F1": [claim("fusong", "2019-03-09", in_scope="18000", self_funded="2000", categories=POOR)],
    "E1": [
        claim(CITY, "2024-03-09", in_scope="10800", **AS_ACTIVE, age=54),
        claim(CITY, "2024-06-09", in_scope="10400", **AS_ACTIVE, age=54, number=2),
        claim(CITY, "2024-09-09", in_scope="10000", **AS_ACTIVE, age=None, number=3),
    ],
    "E2": [claim(CITY, "2024-03-09", in_scope="10800", **AS_ACTIVE, age=70)],
    "E3": [claim(CITY, "2024-03-09", in_scope="10000", hospital_region="110101", filed=False, age=54, **AS_ACTIVE)],
    "E5": [
        claim(CITY, "2024-03-09", in_scope="10800", age=54, categories=["dibao"], **AS_ACTIVE),
        claim(CITY, "2024-06-09", in_scope="10400", age=54, categories=["dibao"], number=2, **AS_ACTIVE),
    ],
    "E4": [visit_in_the_county(number) for number in (1, 2, 3)],
    "E6": [claim(CITY, "2024-03-09", in_scope="10800", insurance_type="employee_retired", age=None)],
    "N1": visits(
        ("2024-02-10", "120"),
        ("2024-03-10", "120"),
        ("2024-05-10", "300"),
        ("2024-06-10", "60"),
        ("2024-07-10", "60"),
    ),
    "N2": [claim(DISTRICT, f"2024-0{month}-09", in_scope="10600", number=month) for month in (3, 6)],
    "N3": [claim(DISTRICT, "2024-03-09", in_scope="100600")],
    "N4": [
        claim(DISTRICT, "2024-03-09", in_scope="10300", emergency=True),
        claim(DISTRICT, "2024-06-09", in_scope="3000", stay_kind="day_surgery", number=2),
    ],
    "N5": [
        claim(DISTRICT, "2024-03-09", in_scope="10600", categories=["dibao"], household_id="HH1"),
        claim(DISTRICT, "2024-06-09", in_scope="5600", categories=["dibao"], stay_kind="maternity", number=2),
    ],
    "N6": [claim(DISTRICT, "2024-03-09", in_scope="10000", self_funded="2000", hospital_region="110101")],
    "N7": [
        claim(DISTRICT, "2024-03-05", in_scope="400"),
        claim(DISTRICT, "2024-03-19", in_scope="5200", referral=["A1"], number=2),
    ],
    "N8": [
        claim(DISTRICT, "2023-12-31", in_scope="5600", admission_id="A1", interim=True),
        claim(DISTRICT, "2024-01-20", in_scope="5000", admission_id="A1", number=2),
    ],
    "N9": [claim(DISTRICT, "2024-03-09", in_scope="10600", invoice="N01234567")],
    "N10": [
        claim(
            DISTRICT,
            "2024-03-09",
            in_scope="10600",
            self_funded="400",
            aids=(Aid(1, "temporary_relief", 300000), Aid(2, "temporary_relief", 200000)),
        )
    ],
}
TEXTS = {**HASHES, **by_hash([CITY, LIMITS, DISTRICT])}


def test_schemas_are_those_the_code_exports() -> None:
    written = {path.name.removesuffix(".json"): orjson.loads(path.read_bytes()) for path in DOCS.glob("schemas/*.json")}
    assert written == json_schemas() | answer_documents()


def test_the_example_events_all_read() -> None:
    for line in (DOCS / "examples" / "first.jsonl").read_bytes().splitlines():
        event = orjson.loads(line)
        fact = read(line, event["source"])
        assert (fact.type, fact.id) == (event["type"], event["id"])


def test_the_example_county_loads_and_has_rows_of_every_kind() -> None:
    scheme = load_file(DOCS / "examples" / "county.yaml")
    rows = [row for parameter in scheme.parameters.values() for row in parameter.root]
    assert {row.grade for row in rows} == {"seed", "public", "later", "assumed"}
    assert {row.place for row in rows} == {None, "province", "elsewhere", "unfiled"}
    assert any(row.class_ for row in rows)
    assert any(row.from_ for row in rows)


@pytest.mark.parametrize("type_", FACTS)
def test_integrators_are_told_every_type_with_its_fields(type_: str) -> None:
    assert f"**{type_}**" in INTEGRATORS
    section = INTEGRATORS.partition(f"**{type_}**")[2].partition("\n**")[0]
    assert [name for name in FACTS[type_].model.model_fields if f"`{name}`" not in section] == []


def test_integrators_are_told_every_part_of_a_bill() -> None:
    section = INTEGRATORS.partition("The **bill**")[2].partition("\n**")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(Bill.model_fields)


def test_integrators_are_told_every_refusal_in_order() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", INTEGRATORS.partition("## Refusals")[2], re.MULTILINE)
    assert tuple(rows) == REASONS


def test_integrators_are_shown_the_clients_as_they_are() -> None:
    assert f"```python\n{(DOCS / 'examples' / 'hospital.py').read_text()}```" in INTEGRATORS
    assert f"```sh\n{(DOCS / 'examples' / 'hospital.sh').read_text()}```" in INTEGRATORS


def test_a_hospital_s_client_is_short_enough_to_be_read_at_once() -> None:
    lines = (DOCS / "examples" / "hospital.py").read_text().splitlines()
    code = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert len(code) <= 45
    assert f"whole, {len(code)} lines of code:" in INTEGRATORS


@pytest.mark.parametrize("kind", RULE_KINDS, ids=lambda kind: kind.__name__)
def test_every_rule_kind_is_told_with_its_values(kind: type[Rule]) -> None:
    fields = {**kind.model_fields}
    (name,) = get_args(fields.pop("rule").annotation)
    (line,) = re.findall(rf"^\| `{name}` \|.*$", SCHEMES, re.MULTILINE)
    if name != "quota_basic":  # told as deductible_ratio_cap
        assert [field for field in fields.keys() - Rule.model_fields.keys() if f"`{field}`" not in line] == []


def test_every_part_of_a_condition_and_of_a_row_is_told() -> None:
    parts = [field.alias or name for name, field in Condition.model_fields.items()]
    assert [part for part in parts if not re.search(rf"^\| `{part}(: true)?` \|", SCHEMES, re.MULTILINE)] == []
    keys = [field.alias or name for name, field in Row.model_fields.items()]
    keys += [*JointLimit.model_fields, *Raised.model_fields, "ceiling", "ceiling_of"]
    assert [key for key in keys if f"`{key}`" not in SCHEMES] == []


@pytest.mark.parametrize("name", WORKED)
def test_the_worked_cases_come_out_as_told(name: str) -> None:
    (section,) = re.findall(rf"^## {name} · .*?(?=^## |\Z)", RULES, re.MULTILINE | re.DOTALL)
    bills = settle(TEXTS, WORKED[name])[0].values()
    assert re.findall(r"^\|.*\|$", section, re.MULTILINE) == _table(bills)
    told = re.findall(r"^Patient share ([\d.]+?)(?:, hospital share ([\d.]+?))?\.(?:\s|$)", section, re.MULTILINE)
    assert [(patient, hospital or "0.00") for patient, hospital in told] == [
        tuple(yuan(share) for share in bill.shares()) for bill in bills
    ]


def _table(bills: Iterable[OpenBill]) -> list[str]:
    lines = []
    for bill in bills:
        lines += ["| layer | value or step | | where it stands |", "|---|---|---|---|"]
        for payout in bill.payouts:
            layer = f" {payout.layer} "
            for entry in render(TEXTS[bill.claim.scheme], payout.trace):
                if entry["kind"] == "value":
                    value = entry["value"].replace("无 none", "none").replace("以上 above", " and above")
                    lines.append(f"|{layer}| {entry['name_en']} | {value} | `{entry['path']}`, {entry['grade']} |")
                else:
                    lines.append(f"|{layer}| {entry['name_en']} | {entry['expression']} = {entry['result']} | |")
                layer = " "
            lines.append(f"| | **{payout.layer} pays** | **{yuan(payout.paid)}** | |")
    return lines
