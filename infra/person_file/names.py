"""What a person's file calls things: Chinese first, English beside it."""

from collections.abc import Iterator, Mapping

from events.codes import FILING_KIND_NAMES, INSURANCE_TYPE_NAMES, SEX_NAMES, STAY_KIND_NAMES
from policies.explain import GRADES, STEP_NOTES
from processors.law.terms import TermNames, terms_in_force

Names = Mapping[str, tuple[str, str]]

_ENGLISH_GRADES = {
    "seed": "stated in the document",
    "public": "public, of that place and year",
    "later": "public, of a later year",
    "assumed": "assumed until the county sets it",
}


class TermPairs(Mapping[str, tuple[str, str]]):
    """The terms of a kind, Chinese first; ``beside`` are words of ours that stand among them."""

    def __init__(self, kind: str, beside: Names | None = None) -> None:
        self._chinese, self._english = TermNames(kind), TermNames(kind, english=True)
        self._beside = beside or {}

    def __getitem__(self, code: str) -> tuple[str, str]:
        beside = self._beside.get(code)
        return beside or (self._chinese[code], self._english[code])

    def __iter__(self) -> Iterator[str]:
        return iter((*self._chinese, *self._beside))

    def __len__(self) -> int:
        return len(self._chinese) + len(self._beside)

    def __contains__(self, code: object) -> bool:
        return code in self._chinese or code in self._beside


LAYERS = TermPairs("layers")
CATEGORIES = TermPairs("categories")
SETTINGS = TermPairs("settings")
DISEASES = TermPairs("diseases")
PAYERS = TermPairs("funds")
GRANTS = TermPairs("grants")
GRADE_NAMES: Names = {grade: (name, _ENGLISH_GRADES[grade]) for grade, name in GRADES.items()}
TIERS: Mapping[int, tuple[str, str]] = {
    0: ("乡镇卫生院", "township"),
    1: ("一级", "tier 1"),
    2: ("二级", "tier 2"),
    3: ("三级", "tier 3"),
}
OTHER_BARS: Names = {
    "total": ("医疗费总额", "bill"),
    "hospital": ("医院承担", "borne by the hospital"),
    "gap": ("不平", "does not balance"),
    "patient": ("个人负担", "own share"),
}
BARS = TermPairs("layers", OTHER_BARS)
STATUSES: Names = {"settled": ("已结算", "settled"), "reversed": ("已冲正", "reversed")}
PAYEES: Names = {"hospital": ("拨付医院", "paid to the hospital"), "person": ("拨付个人", "paid to the person")}
SIDES: Names = {"hospital": ("医院", "hospital"), "person": ("个人", "person")}
KINDS: Names = {
    "subsidised": ("代缴", "his contribution, paid for him"),
    "purchased": ("购买", "bought for him"),
    "refunded": ("其中退还本人", "of it refunded to him"),
}
PARTS: Names = {
    "in_scope": ("政策范围内", "in scope"),
    "upfront_copay": ("先行自付", "upfront copay"),
    "over_limit": ("超限价", "over limit"),
    "self_funded": ("全自费", "self-funded"),
}
BOUNDS: Names = {"cap": ("封顶线", "cap"), "limit": ("年度限额", "annual limit"), "line": ("起付标准", "line")}
NOTES: Names = STEP_NOTES
MEASURES: Names = {"paid": ("累计支付", "paid so far"), "base": ("累计自付基数", "accumulated base")}
TRACKS: Names = {
    "": ("全部", "all"),
    "inpatient": ("住院", "inpatient"),
    "chronic": ("门诊慢特病", "chronic"),
    "general": ("门诊统筹", "general"),
}
FACTS: Names = {
    "roster.changed.v1": ("花名册变动", "roster changed"),
    "claim.corrected.v1": ("费用更正", "bill corrected"),
    "claim.reversed.v1": ("结算冲正", "claim reversed"),
    "audit.found.v1": ("稽核发现", "audit finding"),
    "audit.withdrawn.v1": ("撤回稽核认定", "audit finding withdrawn"),
    "aid.decided.v1": ("作出救助决定", "aid decided"),
    "aid.withdrawn.v1": ("撤回救助决定", "aid withdrawn"),
    "discharge.recorded.v1": ("出院结算", "discharge"),
    "interim.recorded.v1": ("年末中途结算", "interim bill"),
    "outpatient.recorded.v1": ("门诊结算", "outpatient visit"),
    "bill.submitted.v1": ("窗口手工报销", "bill on paper"),
    "admission.recorded.v1": ("入院登记", "admission"),
    "admission.changed.v1": ("入院登记变更", "admission changed"),
    "admission.cancelled.v1": ("取消入院", "admission cancelled"),
    "enrollment.recorded.v1": ("参保登记", "enrollment"),
    "enrollment.recorded.v2": ("参保登记", "enrollment"),
    "enrollment.ended.v1": ("终止参保", "enrollment ended"),
    "person.died.v1": ("死亡", "death"),
    "chronic_card.issued.v1": ("发放慢特病证", "chronic card issued"),
    "chronic_card.revoked.v1": ("收回慢特病证", "chronic card revoked"),
    "referral.filed.v1": ("异地就医备案", "treatment away filed"),
    "advance.issued.v1": ("诊前垫付", "advance before treatment"),
    "hospital.registered.v1": ("医疗机构登记", "hospital registered"),
    "hospital.suspended.v1": ("暂停服务协议", "hospital suspended"),
    "hospital.reinstated.v1": ("恢复服务协议", "hospital reinstated"),
    "fine.imposed.v1": ("罚款", "fine"),
    "resettlement.ordered.v1": ("按现行政策重新结算", "settled again under the text in force"),
    "recovery": ("恢复运行", "sent again by the ledger"),
}
CHANGE_KINDS: Names = {**FACTS, "roster.withdrawn.v1": ("撤回名单", "list withdrawn")}
SEXES: Names = {sex: (name, sex) for sex, name in SEX_NAMES.items()}
FILINGS: Names = {
    "away": (FILING_KIND_NAMES["away"], "away from home"),
    "referral": (FILING_KIND_NAMES["referral"], "referral"),
}


def insurance_name(code: str) -> tuple[str, str]:
    """An insurance type for people; a code that has no name stands for itself."""
    return INSURANCE_TYPE_NAMES.get(code, code), code.replace("_", " ")


def stay_name(code: str) -> tuple[str, str]:
    """A kind of stay for people; a code that has no name stands for itself."""
    return STAY_KIND_NAMES.get(code, code), code.replace("_", " ")


def disease_name(code: str) -> tuple[str, str]:
    """A disease for people; a code that has no name stands for itself."""
    return DISEASES[code]


_COLOURS = (
    "#1f5fa8",
    "#0b7a75",
    "#b45309",
    "#6b3fa0",
    "#2f86d6",
    "#a3195b",
    "#4d7c0f",
    "#8a5a00",
    "#00708c",
    "#7a4b6d",
)
"""Of layers in the order in which they are shown, over and over: each is dark enough beside white."""


def layer_colours() -> Mapping[str, str]:
    """A colour for each layer that the ledger knows."""
    layers = terms_in_force().layers
    return {layer: _COLOURS[place % len(_COLOURS)] for place, layer in enumerate(layers)}


def track_name(track: str) -> tuple[str, str]:
    """A track for people; ``chronic:II`` is that of chronic cards of class II."""
    kind, _, class_ = track.partition(":")
    name, english = TRACKS.get(kind, (kind, kind))
    return (f"{name}{class_}类", f"{english}, class {class_}") if class_ else (name, english)
