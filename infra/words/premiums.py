"""How premiums are printed for clerks: names of payers and kinds, and one booking as a line."""

from collections.abc import Mapping

from events.money import yuan
from policies.explain import GRADES
from processors.law.terms import CATEGORY_NAMES, FUND_NAMES, LAYER_NAMES
from processors.person.history import PremiumEntry

KIND_NAMES: Mapping[str, str] = {"subsidised": "代缴", "purchased": "购买", "refunded": "其中退还本人"}


def premium_line(entry: PremiumEntry) -> str:
    """One booking of a replay: before and after, for whom, the payer, and the clause."""
    premium = entry.premium
    return (
        f"{KIND_NAMES[premium.kind]} {premium.kind}: {premium.year} {premium.region} "
        f"{LAYER_NAMES[premium.layer]} {premium.layer}, "
        f"{FUND_NAMES[premium.payer]} {premium.payer}: {yuan(entry.before)} → {yuan(entry.after)} 元 yuan, "
        f"{CATEGORY_NAMES[premium.category]} {premium.category} "
        f"（{GRADES[premium.grade]} {premium.grade}）{premium.cite}"
    )
