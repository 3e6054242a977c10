"""Why a list that clerks keep is empty, and what fills it. Chinese first."""

from collections.abc import Sequence

from infra.cli.row_output import Row
from infra.words.registers import empty_register
from processors.registers.register import Register

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
    return empty_register(register.name)
