"""One form for what a proof finds: where, what should stand there, what stands there; Chinese with English beside."""

import re
from collections.abc import Mapping

from processors.law.terms import LAYER_NAMES, NameChain
from processors.proof.verification.report import VerifyReport

CHECKS: Mapping[str, str] = {
    "chain": "哈希链",
    "identity": "事件编号",
    "scheme": "政策文本",
    "seal": "封账",
    "clearing": "清算",
    "account": "资金账",
    "case": "监管案件",
    "register": "台账",
    "access": "查阅记录",
    "proposal": "政策文本的提议",
    "reversal": "冲正",
    "lead": "疑点",
    "balance": "收支平衡",
    "statement": "结算单",
    "claim": "结算事项",
    "accumulation": "年度累计",
    "grant": "补助",
    "fund": "付款基金",
    "premium": "保费",
    "convergence": "从头重算",
    "projection": "投影",
}

_WORDS: Mapping[str, str] = {
    "journal": "账册",
    "entry": "条目",
    "head": "末条",
    "hash": "哈希",
    "root": "根哈希",
    "person": "参保人",
    "claim": "结算单",
    "claims": "人次",
    "scheme": "政策",
    "fund": "保障线",
    "stage": "阶段",
    "region": "统筹区",
    "receivable": "应收款",
    "advance": "临时救急借款",
    "hospital": "医院",
    "booked": "已入账",
    "adopted": "采用于",
    "layers": "各保障线",
    "patient": "个人",
    "base": "计算基数",
    "deductible": "起付线",
    "paid": "支付",
    "extra": "其中补充规则支付",
    "total": "总额",
    "in_scope": "政策范围内",
    "upfront_copay": "先行自付",
    "over_limit": "超限价",
    "self_funded": "全自费",
    "patient_share": "个人负担",
    "hospital_share": "医院承担",
    "status": "状态",
    "tier": "医院等级",
    "date": "日期",
    "amount": "金额",
    "settled": "结算",
    "adjusted": "调整",
    "audit": "稽核",
    "repaid": "归还临时救急借款",
    "set_off": "抵扣",
    "budget": "预算",
    "movement": "收支",
    "standing": "有效",
    "lead": "疑点",
    "revision": "修订号",
    "categories": "救助对象",
    "login": "数据库登录",
    "from": "自",
    "unreadable": "无法读取",
    "none": "无",
    "nothing": "无",
    "root of": "根哈希",
}
WORDS = NameChain(_WORDS, LAYER_NAMES)
"""What the first word of a part says."""

PHRASES: Mapping[str, str] = {
    "a": "有一条",
    "no": "没有",
    "at most": "至多",
    "as": "同",
    "set off": "抵扣",
    "each of": "下列各笔均整笔结清",
    "advances repaid": "归还的临时救急借款",
    "all clearings": "全部清算",
    "a history that can be told": "可以读通的历史",
    "claims that can be settled": "可以结算的结算单",
    "the text with hash": "此哈希的政策文本",
    "the text of that entry": "该条目中的政策文本",
    "another text": "另一文本",
    "no such text": "没有此文本",
    "a scheme that loads": "可以读取的政策",
    "a CloudEvent": "一个 CloudEvents 事件",
    "raw bytes that are none": "不是事件的字节",
    "events that follow from each other": "前后相承的事件",
    "refunds of premiums that can be read": "可以读取的保费退款",
    "a scheme's text that may be trusted": "可信的政策文本",
    "entries that can be read": "可以读取的条目",
    "events and rows that can be read": "可以读取的事件和登记",
    "approval by another person": "由另一人审核",
    "decision by another person": "由另一人审核",
    "reversal by another person": "由另一人撤销",
    "a decision by another person than proposed it": "由提请人以外的人决定",
    "a return by another person than proposed it": "由提请人以外的人退回",
    "a decision by another person than noted the finding": "由登记认定者以外的人决定",
    "a decision by another person than added the measure": "由拟定措施者以外的人决定",
    "a reversal by another person than noted the payment": "由登记缴款者以外的人撤销",
    "approval by another person than entered it": "由登记者以外的人审核",
    "no payment while a case holds it": "暂停拨付期间不付款",
    "held by": "暂停拨付的措施",
    "no day before": "不早于",
    "payment file": "银行付款文件",
    "check sum": "校验值",
    "cancelled by another person": "由另一人撤销",
    "in no other open file": "不在其他未回单的文件中",
    "a line of a payment file": "银行付款文件中的一行",
    "a payment file that stands": "未撤销的银行付款文件",
    "sent by another person": "由申请人以外的人付款",
    "kept back of hospitals": "考核预留",
    "share kept back of hospitals": "考核预留的比例",
    "kept back in": "考核预留，清算单",
    "released to hospitals": "返还预留款",
    "release": "返还单",
    "payment by another person than noted its return": "由登记退回者以外的人付款",
    "a part that the claim may have": "该结算单可以有的部分",
    "0.00 of a reversed claim": "已冲正，应为 0.00",
    "once in a life": "终身一次",
    "a statement": "一张结算单",
    "a claim": "一项结算",
    "a row": "一行",
    "a row as its journal says": "与账册一致的一行",
    "another row": "另一行",
    "no row": "没有此行",
    "no entry": "条目已不存在",
    "an entry that stands": "有效的条目",
    "what the facts bring each party": "各方按事实应得的",
    "another person than noted it": "登记者以外的人",
    "no statement": "不应有结算单",
    "no claim": "不应有结算事项",
}
"""What a part that begins so says; the longest counts."""

_PARTS = re.compile(r"(, | \+ | = |; )")
_COUNTED = re.compile(r"\d+ (entries|lines)$")
_COUNTED_NAMES = {"entries": "条目数", "lines": "笔数"}
_LONGEST = sorted(PHRASES, key=len, reverse=True)


def finding_line(
    check: str, where: str, expected: str, found: str, *, person_id: str | None = None, claim_id: str | None = None
) -> str:
    """A finding on one line. ``where`` and the sides are as a report gives them, in English, money in yuan."""
    named = [("参保人 person", person_id), ("结算单 claim", claim_id)]
    about = "，".join(
        f"{word} {value}" for word, value in named if value and f"{word[-6:].strip()} {value}" not in where
    )
    place = bilingual(where) + (f"（{about}）" if about else "")
    return f"[{CHECKS[check]} {check}] {place}：应为 should be {bilingual(expected)}；现为 is {bilingual(found)}"


def verdict_counts(report: VerifyReport) -> dict[str, int]:
    """How much a verification has checked, by what that is called."""
    return {
        "账目 entries": report.entries,
        "账册 journals": report.journals,
        "政策 schemes": report.schemes,
        "封账 seals": report.seals,
        "参保人 persons": report.persons,
        "在途跳过 skipped, in flight": report.skipped,
        "结算单 claims": report.claims,
        "累计 accumulations": report.accumulations,
        "补助 grants": report.grants,
        "清算 clearings": report.clearings,
        "保费 premiums": report.premiums,
    }


def bilingual(text: str) -> str:
    """Each part of a text with its Chinese before it; a part that is a name, a number or a message stays as it is."""
    return "".join(_part(part) for part in _PARTS.split(text))


def _part(part: str) -> str:
    if counted := _COUNTED.search(part):
        return f"{_COUNTED_NAMES[counted[1]]} {part}"
    for phrase in _LONGEST:
        if part == phrase or part.startswith((f"{phrase} ", f"{phrase}:")):
            return f"{PHRASES[phrase]} {part}"
    chinese = WORDS.get(part.split(" ", 1)[0].rstrip(":"))
    return f"{chinese} {part}" if chinese else part
