"""Claims as rules of supervision read them, made up for one rule at a time, and a year of them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from policies.claim import BillParts
from policies.supervision.text import SupervisionHistory
from processors.supervision.claim import LedgerFact, SupervisedClaim
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule, YearClaims

REGION = "990101"
_numbers = count(1)
USUAL: dict[str, Any] = {
    "tier": 2,
    "hospital_region": REGION,
    "region": REGION,
    "scheme": "0" * 64,
    "scheme_name": "made_up",
    "disease": None,
    "hospital_share": 0,
    "status": "settled",
    "revision": 1,
    "standing": True,
    "filed": True,
    "emergency": False,
    "stay_kind": "ordinary",
    "referral": (),
    "interim": False,
    "sex": None,
    "age": None,
    "birth_month": None,
    "died_on": None,
    "household_id": None,
    "invoice": None,
}
"""What no rule on peers asks for, unless a test says so."""


def bill_of(total: int, self_funded: int = 0) -> BillParts:
    """A bill in fen, in scope but for what is out of catalog."""
    return BillParts(total, total - self_funded, 0, 0, self_funded)


def claim(
    person: str = "P1",
    on: str = "2019-05-10",
    yuan: float = 3_000,
    *,
    hospital: str = "H1",
    setting: str = "inpatient",
    days: int = 7,
    self_funded: float = 0,
    paid_part: float = 0.7,
    **more: Any,
) -> SupervisedClaim:
    """A claim that ends ``on`` a day; a stay unless ``setting`` says otherwise. Basic pays 70% of it."""
    number = next(_numbers)
    ends = date.fromisoformat(on)
    total = round(yuan * 100)
    paid = round(total * paid_part)
    is_stay = setting == "inpatient"
    said: dict[str, Any] = {
        "claim_id": f"C{number}",
        "number": number,
        "person_id": person,
        "hospital_id": hospital,
        "setting": setting,
        "diagnoses": ("I63.9",) if is_stay else (),
        "starts_on": ends - timedelta(days=days) if is_stay else ends,
        "ends_on": ends,
        "days": max(days, 1) if is_stay else 1,
        "bill": bill_of(total, round(self_funded * 100)),
        "layers": (("basic", paid),),
        "patient_share": total - paid,
        "admission_id": f"A{number}" if is_stay else None,
        "entry": number,
    }
    return SupervisedClaim(**USUAL | said | more)


def visit(person: str = "P1", on: str = "2019-05-10", yuan: float = 100, **more: Any) -> SupervisedClaim:
    """A general visit, unless ``setting`` says otherwise."""
    return claim(person, on, yuan, **{"setting": "general", **more})


def fact(on: str, id_: str = "R1") -> LedgerFact:
    """A fact that was recorded on a day at noon, as the county counts it."""
    return LedgerFact(1, "claim.reversed.v1", "hospital/H1", id_, datetime.fromisoformat(f"{on}T12:00:00+08:00"))


def context(schemes: Any = None) -> SupervisionContext:
    """The built-in text, no hospital registered."""
    return SupervisionContext(SupervisionHistory(), {}, schemes or {})


def found(
    rule: SupervisionRule,
    claims: Iterable[SupervisedClaim],
    before: Sequence[SupervisedClaim] = (),
    *,
    year: int = 2019,
    schemes: Any = None,
) -> list[RuleFinding]:
    """What a rule on peers finds in a year."""
    assert rule.of_year is not None
    return list(rule.of_year(YearClaims(year, list(claims), before), context(schemes)))
