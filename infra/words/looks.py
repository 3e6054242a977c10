"""What the pages are called that looks at persons are recorded for."""

from collections.abc import Mapping

from processors.registers.registers import REGISTERS

LOOKED_PAGE_NAMES: Mapping[str, str] = {
    "person": "参保人",
    "persons find": "查参保人",
    "persons": "参保人列表",
    "file": "台账网页",
    "claim": "结算单",
    "claims": "结算单列表",
    "event": "账目",
    "bookings": "账目列表",
    "changes": "改动",
    "fee lines": "费用明细",
    "settlement sheet": "结算单打印件",
    "explanation": "给本人的说明",
    "window trial": "手工报销试算",
    "lead": "疑点",
    "leads": "疑点列表",
    "case": "案件",
    "cases": "案件列表",
    "blacklist": "黑名单",
    "clearing": "清算单",
    "payments": "清算单收款方",
    "lines": "清算行",
    "transfers": "拨付",
    "payee account": "收款账户",
    "accounts": "收款账户列表",
    "lacking": "没有账户的收款方",
    "receivables": "应收款",
    "advance": "临时救急借款",
    "advances": "临时救急借款列表",
    "premiums": "保费",
    "targets": "未达标人员",
    "differences": "比对差异",
    "members": "月名册",
    "refusals": "拒收",
    "waiting": "等待入院登记",
    **{f"register {each.name}": each.title.partition(" ")[0] for each in REGISTERS},
}
"""By the short name in the journal; what is not listed is shown by that name."""
