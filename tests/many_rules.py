"""A made-up text that uses most kinds of rule and limit together, and random histories of a person under it."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests import facts

REGION = "990301"
OFFICE = f"civil-affairs/{REGION}"
TEXT = (Path(__file__).parent / "data" / "schemes" / "many_rules.yaml").read_text(encoding="utf-8")
DAYS = ("2023-06-01", "2023-12-30", "2023-12-31", "2024-01-02", "2024-02-29", "2024-05-31", "2024-12-31", "2025-01-02")
AMOUNTS = ("0", "0.01", "55", "480", "3000.05", "26000", "90000")
PEOPLE = [
    facts.hospital("H1", 1, REGION),
    *(facts.enrol("P1", year, REGION) for year in (2022, 2023, 2024, 2025)),
    *(facts.card("P1", disease, on="2022-01-01") for disease in ("diabetes", "hypertension")),
]


def without_limits(text: str, *names: str) -> str:
    """The text without some of its limits."""
    for name in names:
        head, _, rest = text.partition(f"  - name: {name}\n")
        _, dash, tail = rest.partition("  - name: ")
        text = head + dash + tail
    return text


class OnePerson:
    """Stays with bills on 31 December, visits and aid of one person, and what may come late of them, by seed."""

    def __init__(self, seed: int, count: int) -> None:
        self.random = random.Random(seed)
        self.claims: list[str] = []
        self.admissions: list[tuple[str, str]] = []
        self.decisions: list[tuple[str, str]] = []
        self.findings: list[dict[str, Any]] = []
        happens: Mapping[str, Callable[[str], dict[str, Any] | None]] = {
            "S": self._admission,
            "I": self._interim,
            "D": self._discharge,
            "V": self._visit,
            "C": self._chronic,
            "E": self._roster,
            "R": self._reversal,
            "K": self._correction,
            "A": self._audit,
            "B": self._review,
            "G": self._aid,
            "W": self._withdrawal,
        }
        found = (happens[self.random.choice("SSIIDDVVCCRRKKEEAABGGWW")](str(number)) for number in range(1, count + 1))
        self.events = [event for event in found if event is not None]

    def _bill(self) -> dict[str, str]:
        draw = self.random.choice
        return facts.bill(draw(AMOUNTS), self_funded=draw(AMOUNTS), upfront_copay=draw(AMOUNTS[:4]))

    def _new(self, number: str) -> str:
        self.claims.append(f"C{number}")
        return self.claims[-1]

    def _admission(self, number: str) -> dict[str, Any]:
        begun = self.random.choice([self.random.choice(DAYS), "2022-11-01"])
        before = self.random.choice([None, *(admission for admission, _ in self.admissions)])
        self.admissions.append((f"A{number}", begun))
        return facts.admit(f"A{number}", on=begun, referred_from=before)

    def _interim(self, number: str) -> dict[str, Any] | None:
        if not self.admissions:
            return None
        admission, _ = self.random.choice(self.admissions)
        billed_on = f"{self.random.choice(('2022', '2023', '2023', '2024'))}-12-31"
        said = {"admission_id": admission, "person_id": "P1", "billed_on": billed_on, "bill": self._bill()}
        return facts.event(
            "hospital/H1", f"interim-{number}", "interim.recorded.v1", claim_id=self._new(number), **said
        )

    def _discharge(self, number: str) -> dict[str, Any] | None:
        if not self.admissions:
            return None
        admission, begun = self.random.choice(self.admissions)
        day = max(begun, self.random.choice(DAYS))
        return facts.discharge(self._new(number), admission, on=day, bill=self._bill())

    def _visit(self, number: str) -> dict[str, Any]:
        return facts.visit(
            self._new(number), on=self.random.choice(DAYS), setting="general", in_scope="0", bill=self._bill()
        )

    def _chronic(self, number: str) -> dict[str, Any]:
        disease = self.random.choice(["diabetes", "hypertension"])
        return facts.visit(self._new(number), on=self.random.choice(DAYS), disease=disease, bill=self._bill())

    def _roster(self, number: str) -> dict[str, Any]:
        change = self.random.choice(["added", "removed"])
        return {**facts.roster("P1", "dibao", change, self.random.choice(DAYS)), "id": f"roster-{number}"}

    def _known(self) -> str | None:
        return self.random.choice(self.claims) if self.claims else None

    def _reversal(self, number: str) -> dict[str, Any] | None:
        claim = self._known()
        return None if claim is None else facts.reverse(claim, id_=f"R{number}")

    def _correction(self, number: str) -> dict[str, Any] | None:
        claim = self._known()
        return None if claim is None else facts.correct(claim, id_=f"K{number}", bill=self._bill())

    def _audit(self, number: str) -> dict[str, Any] | None:
        claim, borne_by = self._known(), self.random.choice(["hospital", "person"])
        if claim is None:
            return None
        self.findings.append(facts.audit(claim, self.random.choice(AMOUNTS[1:]), borne_by, f"F{number}"))
        return self.findings[-1]

    def _review(self, number: str) -> dict[str, Any] | None:
        if not self.findings:
            return None
        said = self.random.choice(self.findings)["data"]
        amount = self.random.choice([said["amount"], "10"])
        return facts.withdraw_audit(said["claim_id"], amount, said["finding_id"], f"B{number}")

    def _aid(self, number: str) -> dict[str, Any] | None:
        claim = self._known()
        if claim is None:
            return None
        self.decisions.append((claim, f"D{number}"))
        amount = self.random.choice(AMOUNTS[1:])
        return facts.aid(claim, amount, on="2025-12-31", decision=f"D{number}", source=OFFICE)

    def _withdrawal(self, number: str) -> dict[str, Any] | None:
        if not self.decisions:
            return None
        claim, decision = self.random.choice(self.decisions)
        return facts.withdraw_aid(claim, on="2026-01-05", decision=decision, source=OFFICE, id_=f"W{number}")
