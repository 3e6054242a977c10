"""What the registers of the office call things, and why one is empty."""

from collections.abc import Mapping
from typing import Any

from events.codes import FILING_KIND_NAMES, INSTITUTION_KIND_NAMES
from infra.words.clearing import LENDER_NAMES
from infra.words.premiums import KIND_NAMES
from processors.law.terms import CATEGORY_NAMES, DISEASE_NAMES, FUND_NAMES, LAYER_NAMES

FAULT_NAMES = {
    "unknown_person": "无此人",
    "not_enrolled": "未参保",
    "died": "已故",
    "two_cards": "一病两卡",
    "no_sex": "缺性别",
    "no_birth_month": "缺出生年月",
    "no_household": "缺户编号",
    "no_township": "缺乡镇",
    "not_rostered": "不在册",
    "no_request": "无申请",
    "not_approved": "未批准",
    "over_approved": "超批准金额",
    "another_person": "与申请人不符",
    "not_filed": "未备案",
}
CORRECTION_NAMES = {"wrong": "错办", "missed": "漏办", "incomplete": "信息不全"}
STATE_NAMES = {
    "designated": "定点",
    "suspended": "暂停（中止）",
    "ended": "已终止",
    "to_come": "未生效",
    "open": "有效",
    "expired": "已过期",
    "cancelled": "已取消",
    "standing": "有效",
    "overdue": "逾期",
    "withdrawn": "已撤回",
    "applied": "待审核",
    "approved": "已批准待借",
    "declined": "未批准",
    "lent": "已借未还清",
    "repaid": "已还清",
}
MEASURE_NAMES = {"suspended": "暂停（中止）", "reinstated": "恢复", "fined": "罚款"}
WANT_NAMES = {"refused": "因无卡被拒收", "poverty_cause": "因病致贫台账"}
REGISTER_CODES: Mapping[str, Mapping[Any, str]] = {
    "issue_corrects": CORRECTION_NAMES,
    "withdrawal_corrects": CORRECTION_NAMES,
    "disease": DISEASE_NAMES,
    "kind": {**INSTITUTION_KIND_NAMES, **FILING_KIND_NAMES},
    "state": STATE_NAMES,
    "measure": MEASURE_NAMES,
    "lent_by": LENDER_NAMES,
    "layer": LAYER_NAMES,
    "payer": FUND_NAMES,
    "premium_kind": KIND_NAMES,
    "category": CATEGORY_NAMES,
}
"""By the column whose codes they are."""
REGISTER_LISTS: Mapping[str, Mapping[Any, str]] = {
    "faults": FAULT_NAMES,
    "categories": CATEGORY_NAMES,
    "diseases": DISEASE_NAMES,
}
"""By the column whose lists of codes they are."""
_ENTERED = "用 claims registers enter {0} 逐个登记，或 claims registers import {0} 名册.xlsx 导入 enter or import them"
_CARDS = "账本没有收到过慢性病卡的发放（chronic_card.issued）no card was ever issued"
_EMPTY: Mapping[str, str] = {
    "cards": _CARDS,
    "card-counts": _CARDS,
    "card-years": _CARDS,
    "missing-cards": "没有人因无卡被拒收，也没有因病致贫而无卡的人 nobody was refused for want of a card",
    "hospitals": "账本没有登记过定点医药机构（hospital.registered）no hospital was ever registered",
    "measures": "没有机构被暂停、恢复或罚款过 no hospital was suspended, reinstated or fined",
    "households": "参保登记没有写户编号（household_id），所以没有一户；"
    "请报送参保登记的系统在 enrollment.recorded 里写上 enrollments name no household",
    "townships": "按户汇总，参保登记没有写户编号（household_id），所以没有一户；各乡镇费用见 claims report townships "
    "enrollments name no household",
    "care": "该年没有在册的贫困人口，也没有持慢性病卡的人，没有人须签约或体检 nobody is rostered or holds a card",
    "referrals": "账本没有收到过异地备案、转诊（referral.filed）no treatment elsewhere was ever filed",
    "advances": "没有人申请或借过临时救急借款；申请用 claims advances apply nobody applied or was lent anything",
}


def empty_register(name: str) -> str:
    """Why a register has no rows, and what fills it."""
    return _EMPTY.get(name) or _ENTERED.format(name)
