"""Why a list that clerks keep is empty, and what fills it. Chinese first."""

from collections.abc import Mapping, Sequence

from infra.cli.row_output import Row
from processors.registers.register import Register

_ENTERED = "用 claims registers enter {0} 逐个登记，或 claims registers import {0} 名册.xlsx 导入 enter or import them"
_CARDS = "账本没有收到过慢性病卡的发放（chronic_card.issued）no card was ever issued"
REGISTERS: Mapping[str, str] = {
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
CASES = "没有立过案；由疑点立案：claims cases open lead --lead 疑点编号，疑点见 claims leads no case was opened"
MEASURES = "没有提过措施；在案件里提：claims cases measure 案件编号 种类 no measure was taken"
INSPECTIONS = "没有登记过检查；登记：claims cases inspect 医疗机构编号 no inspection was entered"
OVERDUE = "没有逾期的：没有超过期限的疑点、案件、罚款、退款和回执 nothing is late"
HIT_RATES = "没有疑点，所以没有命中率；先运行 claims leads 查找 no leads: run claims leads first"
BLACKLIST = "没有人或机构被列入；列入须有已认定违规的案件：claims blacklist enter 案件编号 nobody was entered"
FINES = "没有收到过罚款（fine.imposed）no fine was imposed"
LISTS_IN = (
    "还没有统筹区导入或下发过名单；加 --region 360923 看一个统筹区该报未报的；名单用 claims roster import 导入 "
    "no region has had lists: name one with --region"
)
LISTS_OUT = (
    "这个月没有该收名单的单位：统筹区没有导入或下发过名单（加 --region 指定），或没有定点医疗机构；"
    "下发用 claims roster publish nobody is due a list"
)
NOT_LATE = "没有迟办和未办的 nothing is late or missing"


def without_conditions(count: int) -> str:
    """A list that is empty for what narrows it."""
    return f"按所给条件没有；不加条件共 {count} 行，请放宽条件 none meets the conditions, {count} without them"


def narrowed(why: str, **conditions: object) -> str:
    """``why``, unless the list was narrowed: then that it may hold others."""
    if all(value in (None, False) for value in conditions.values()):
        return why
    return "按所给条件没有；不加条件再看一遍 none meets the conditions: look without them"


def why_empty(register: Register, without: Sequence[Row]) -> str:
    """Of a register without rows; ``without`` are its rows where nothing narrows it."""
    if without:
        return without_conditions(len(without))
    return REGISTERS.get(register.name) or _ENTERED.format(register.name)
