"""How premiums are printed for clerks: names of payers and kinds, and one booking as a line."""

from collections.abc import Mapping

from events.codes import CATEGORY_NAMES, LAYER_NAMES
from events.money import yuan
from policies.explain import GRADES
from processors.person.history import PremiumEntry

PAYER_NAMES: Mapping[str, str] = {
    "assistance_fund": "医疗救助资金",
    "county_finance": "县财政",
    "civil_affairs": "民政",
    "basic_fund": "基本医保基金",
    "poverty_alleviation_fund": "财政专项扶贫资金",
    "charity": "慈善",
}
KIND_NAMES: Mapping[str, str] = {"subsidised": "代缴", "purchased": "购买", "refunded": "其中退还本人"}
_LAYERS: Mapping[str, str] = {str(code): name for code, name in LAYER_NAMES.items()}
_CATEGORIES: Mapping[str, str] = {str(code): name for code, name in CATEGORY_NAMES.items()}


def premium_line(entry: PremiumEntry) -> str:
    """One booking of a replay: before and after, for whom, the payer, and the clause."""
    premium = entry.premium
    return (
        f"{KIND_NAMES[premium.kind]} {premium.kind}: {premium.year} {premium.region} "
        f"{_LAYERS[premium.layer]} {premium.layer}, "
        f"{PAYER_NAMES[premium.payer]} {premium.payer}: {yuan(entry.before)} → {yuan(entry.after)} 元 yuan, "
        f"{_CATEGORIES[premium.category]} {premium.category} "
        f"（{GRADES[premium.grade]} {premium.grade}）{premium.cite}"
    )
