"""The books under limits over tracks, layers, days and years: as settling from scratch gives, whatever comes when."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from policies.loader import load_text
from policies.scheme import Scheme
from processors.delivery.run import ALL_YEARS
from tests import facts
from tests.memory import Memory

EXAMPLE = (Path(__file__).parents[2] / "docs" / "examples" / "limits.yaml").read_text(encoding="utf-8")
# so low that a few claims meet them
TEXT = EXAMPLE.replace("value: 400, grade", "value: 50, grade").replace("value: 80000, grade", "value: 50000, grade")
TEXT = TEXT.replace("value: 130000, grade", "value: 100000, grade")
REGION = "990102"
DAYS = ("2023-06-01", "2023-12-30", "2024-01-02", "2024-01-02", "2024-05-31", "2024-06-01", "2024-12-31", "2025-01-02")
AMOUNTS = ("0.01", "55", "70", "480", "3000.05", "26000", "90000", "180000")


def _without(text: str, name: str) -> str:
    head, _, rest = text.partition(f"  - name: {name}\n")
    _, dash, tail = rest.partition("  - name: ")
    return head + dash + tail


POOR_VISITS = """\
      - rule: ratio_within_limit
        when: {setting: general, poor: true}
        track: aided
        ratio: [{value: 90%, grade: seed, cite: "办法 三(三)"}]
        limit: [{value: 100, grade: seed, cite: "办法 三(三)"}]
"""
LAWS = {
    # who comes on the roster, or leaves it, late: his visits count to another track
    "a track by category": TEXT.replace(
        "      - rule: ratio_within_limit\n        when: {setting: general}\n",
        POOR_VISITS + "      - rule: ratio_within_limit\n        when: {setting: general}\n",
    ),
    "all limits": TEXT,
    "limits within a year and a layer": _without(_without(TEXT, "insurance_year"), "outpatient_twelve_months"),
    "limits over years": _without(TEXT, "insurance_year"),
    "limits over layers": _without(TEXT, "outpatient_twelve_months"),
}


def ledger(seed: int, text: str) -> Memory:
    law = load_text(text.encode(), "limits.yaml")
    opened = Memory(seed)
    opened.pinned.by_hash[law.content_hash] = law
    opened.pinned.current = [law]
    for number in (1, 2):
        opened.take(facts.hospital(f"H{number}", number, REGION))
    for year in (2023, 2024, 2025):
        opened.take(facts.enrol("P1", year, REGION))
    for disease in ("diabetes", "hypertension"):
        opened.take(facts.card("P1", disease, on="2023-01-01"))
    return opened


def history(draw: random.Random, count: int) -> list[dict[str, Any]]:
    """A person's claims in any order of days, with what may come late of them in between."""
    found: list[dict[str, Any]] = []
    taken: list[str] = []
    for number in range(1, count + 1):
        what, day = draw.choice("SVVCCRKEA"), draw.choice(DAYS)
        claim, in_scope = f"C{number}", draw.choice(AMOUNTS)
        match what:
            case "S":
                found += facts.stay(number, on=day, in_scope=in_scope, referred_from=None)
                taken.append(claim)
            case "V":
                found.append(facts.visit(claim, on=day, setting="general", in_scope=in_scope))
                taken.append(claim)
            case "C":
                disease = draw.choice(["diabetes", "hypertension"])
                found.append(facts.visit(claim, on=day, setting="chronic", in_scope=in_scope, disease=disease))
                taken.append(claim)
            case "E":
                change, category = draw.choice(["added", "removed"]), draw.choice(["dibao", "destitute"])
                event = facts.roster("P1", category, change, day)
                found.append({**event, "id": f"{event['id']}-{number}"})
            case _ if not taken:
                continue
            case "R":
                found.append(facts.reverse(draw.choice(taken), id_=f"R{number}"))
            case "K":
                found.append(facts.correct(draw.choice(taken), in_scope, id_=f"K{number}"))
            case "A":
                found.append(facts.audit(draw.choice(taken), in_scope, finding=f"F{number}"))
    return found


@pytest.mark.parametrize("text", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize("seed", range(25))
def test_the_books_converge(seed: int, text: str) -> None:
    books = ledger(seed, text)
    books.settle(history(random.Random(seed), 18), losses=0.1)
    assert books.differences() == []
    assert books.party_differences() == []


def test_the_histories_meet_the_limits() -> None:
    met: set[str] = set()
    for seed in range(25):
        books = ledger(seed, LAWS["all limits"])
        books.settle(history(random.Random(seed), 18))
        law = books.pinned.current[0]
        for journal in books.journals:
            for row in books.entries(journal):
                met |= _binding(law, row["data"])
    assert met == {limit.name for limit in law.limits}


def _binding(law: Scheme, data: bytes) -> set[str]:
    """The limits that cut a payout, by its trace."""
    found, last = set(), ""
    for entry in (orjson.loads(data) or {}).get("trace", ()):
        if entry[0] == "v" and entry[1].startswith("limits["):
            last = law.limits[int(entry[1][7 : entry[1].index("]")])].name
        elif entry[0] == "a" and entry[1] == "within_joint_limit" and entry[2] < entry[4]:
            found.add(last)
    return found


def test_a_run_is_of_one_claim_but_for_limits_over_layers() -> None:
    carried: dict[str, list[tuple[int, int]]] = {}
    for name, text in LAWS.items():
        books = ledger(1, text)
        visits = [facts.visit(f"V{n}", on=f"202{n}-03-01", setting="general") for n in (3, 4)]
        books.settle([*visits, *facts.stay(9, on="2024-04-01")])
        runs = [run for run in books.opened if run.cause.type != "recovery"]
        carried[name] = [(run.year, len(run.claims)) for run in runs]
    assert carried == {
        "a track by category": [(ALL_YEARS, 1), (ALL_YEARS, 2), (ALL_YEARS, 3)],
        "all limits": [(ALL_YEARS, 1), (ALL_YEARS, 2), (ALL_YEARS, 3)],
        "limits within a year and a layer": [(2023, 1), (2024, 1), (2024, 1)],
        "limits over years": [(ALL_YEARS, 1), (ALL_YEARS, 1), (ALL_YEARS, 1)],
        "limits over layers": [(2023, 1), (2024, 1), (2024, 2)],
    }
