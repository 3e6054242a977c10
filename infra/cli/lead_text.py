"""How leads of supervision are told to people: a list, and one lead in the order of an audit's report."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from events.county_time import county_second
from events.money import yuan
from infra.cli.names import Names
from infra.cli.output import stdout, table
from infra.files.sheet import Sheet, coded, columns_of
from infra.words.evidence import NO_VERDICT, rule_named, word, worded
from policies.claim import BillParts
from policies.explain import GRADES
from policies.supervision.values import SEVERITY_NAMES
from processors.law.terms import DISEASE_NAMES, LAYER_NAMES, SETTING_NAMES
from processors.supervision.listings import LeadFilter, SearchedRange
from processors.supervision.steps import STATE_NAMES
from projections.leads import Lead

COLUMNS = (
    "医疗机构 hospital,参保人 person,规则 rule,程度 severity,起 from:day,止 until:day,单据 claims:count,"
    "基金风险 at risk:money,突出 outlier,状态 state,疑点 lead"
)
QUEUE_COLUMNS = (
    "医疗机构 hospital,参保人 person,规则 rule,程度、状态 severity,起止 days,单据 claims:count,"
    "基金风险 at risk:money,疑点 lead"
)
CLAIM_COLUMNS = (
    *("单据 claim", "医疗机构 hospital", "类型 setting", "日期 days", "诊断 diagnoses", "总额 total"),
    *("范围内 in scope", "先付 copay", "超限 over limit", "自费 self-funded", "基金付 paid", "状态 status"),
)


def lead_sheet(found: Sequence[Lead], names: Names) -> Sheet:
    """Leads as a list, in the order given."""
    return Sheet("监管疑点 Leads", columns_of(COLUMNS), [_cells(lead, names) for lead in found], personal=True)


def lead_queue(found: Sequence[Lead], names: Names) -> Sheet:
    """The same on a screen of 120 columns: what a clerk chooses by. The rest stands in the file and in the lead."""
    return Sheet(
        "监管疑点 Leads", columns_of(QUEUE_COLUMNS), [_queue_cells(lead, names) for lead in found], personal=True
    )


def _queue_cells(lead: Lead, names: Names) -> tuple[Any, ...]:
    severity: Any = lead.severity
    return (
        None if lead.hospital_id is None else names.hospital(lead.hospital_id),
        lead.person_id,
        rule_named(lead.rule).name,
        [SEVERITY_NAMES[severity], STATE_NAMES.get(lead.state, lead.state)],
        [lead.dates[0], lead.dates[-1]] if lead.dates else None,
        lead.evidence["claims_total"],
        yuan(lead.at_risk_total),
        lead.lead_id,
    )


def _cells(lead: Lead, names: Names) -> tuple[Any, ...]:
    hospital = None if lead.hospital_id is None else names.hospital(lead.hospital_id)
    severity: Any = lead.severity
    return (
        hospital,
        lead.person_id,
        rule_named(lead.rule),
        coded(SEVERITY_NAMES, severity),
        lead.dates[0] if lead.dates else None,
        lead.dates[-1] if lead.dates else None,
        lead.evidence["claims_total"],
        yuan(lead.at_risk_total),
        f"{Decimal(lead.outlier) / 1000:.2f}",
        coded(STATE_NAMES, lead.state),
        lead.lead_id,
    )


def searched_text(searched: SearchedRange) -> str:
    """What was looked through."""
    return (
        f"已查 looked through: {searched.claims} 张结算单 claims，{searched.first or '—'} 至 to {searched.last or '—'}"
        f"，规则 rules: {'、'.join(str(rule_named(code)) for code in searched.rules)}"
    )


def none_found(asked: LeadFilter, searched: SearchedRange) -> str:
    """That nothing was found, with the range that this is said of."""
    of = {
        "规则 rule": asked.rule,
        "医疗机构 hospital": asked.hospital_id,
        "参保人 person": asked.person_id,
        "自 since": asked.since,
        "状态 state": asked.state,
    }
    narrowed = "，".join(f"{name} {value}" for name, value in of.items() if value is not None) or "全部 all"
    return (
        f"未发现疑点 none found（{narrowed}）：{searched.first or '—'} 至 to {searched.last or '—'} 的 "
        f"{searched.claims} 张已结算单据 settled claims，规则 {len(searched.rules)} 项 rules"
    )


def print_lead(lead: Lead, history: Iterable[Mapping[str, Any]], names: Names) -> None:
    """One lead in the order of an audit's report: basis and thresholds, facts, money, peers, what is left open."""
    evidence = lead.evidence
    severity: Any = lead.severity
    stdout.print(
        f"[bold]{rule_named(lead.rule)}[/] · {coded(SEVERITY_NAMES, severity)} · {coded(STATE_NAMES, lead.state)}"
        f" · {lead.lead_id}",
        highlight=False,
    )
    if not lead.shown:
        stdout.print("现有事实已不再显示此疑点 the facts no longer show it", highlight=False)
    who = "—" if lead.person_id is None else lead.person_id
    where = "—" if lead.hospital_id is None else str(names.hospital(lead.hospital_id))
    stdout.print(f"参保人 person: {who}；医疗机构 hospital: {where}", highlight=False, soft_wrap=True)
    _print_basis(lead)
    _print_claims(evidence["claims"], evidence["claims_total"], names)
    _print_figures(evidence["figures"])
    _print_facts(evidence["facts"])
    _print_money(lead)
    if evidence["peers"] is not None:
        _print_figures(evidence["peers"], "同类 Peers")
    for title, said in (("已考虑的例外 excluded", "excluded"), ("未能核实 could not be checked", "unchecked")):
        if evidence[said]:
            stdout.print(f"{title}:", highlight=False)
            for each in evidence[said]:
                stdout.print(f"  · {each}", highlight=False, soft_wrap=True)
    _print_history(history)
    stdout.print(NO_VERDICT, highlight=False)


def _print_basis(lead: Lead) -> None:
    text = lead.evidence["text"]
    stdout.print(f"依据 law: {lead.evidence['clause']}", highlight=False, soft_wrap=True)
    stdout.print(
        f"参数 parameters: {text['title']} {text['name']} 第 {text['version']} 版；规则第 {lead.version} 版 version",
        highlight=False,
        soft_wrap=True,
    )
    rows = [
        (word(name), worded(each["value"]), GRADES.get(each["grade"], each["grade"]), each["cite"])
        for name, each in lead.evidence["parameters"].items()
    ]
    if rows:
        table("参数 Parameters in force on the day", ("参数 name", "数值 value", "等级 grade", "出处 source"), rows)


def _print_claims(claims: Sequence[Mapping[str, Any]], total: int, names: Names) -> None:
    rows = [
        (
            each["claim_id"],
            str(names.hospital(each["hospital_id"])),
            SETTING_NAMES.get(each["setting"], each["setting"]),
            f"{each['starts_on']} – {each['ends_on']}",
            " ".join(each["diagnoses"]) or DISEASE_NAMES.get(each["disease"] or "", each["disease"] or "—"),
            *(each["bill"][part] for part in BillParts.__struct_fields__),
            yuan_sum(each["layers"].values()),
            "已冲销" if each["status"] == "reversed" else "已结算",
        )
        for each in claims
    ]
    more = "" if total == len(claims) else f"（共 {total} 张，列基金支付最多的 of {total}）"
    table(f"单据 Claims{more}（元 yuan）", CLAIM_COLUMNS, rows, right=tuple(range(5, 11)))


def yuan_sum(amounts: Iterable[str]) -> str:
    """A sum of amounts in yuan."""
    return str(sum(map(Decimal, amounts), Decimal("0.00")))


def _print_figures(figures: Mapping[str, Any], title: str = "查得 Figures") -> None:
    rows = [(word(name), worded(value)) for name, value in figures.items() if value is not None]
    if rows:
        table(title, ("项目 figure", "数值 value"), rows)


def _print_facts(facts: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (str(each["number"]), each["type"], each["source"], each["event_id"], county_second(each["recorded_at"]))
        for each in facts
    ]
    columns = ("账册号 number", "事件 type", "来源 source", "事件号 event id", "入账时间 recorded at")
    table("事实 Facts in ledger order", columns, rows, right=(0,))


def _print_money(lead: Lead) -> None:
    parts = "，".join(f"{LAYER_NAMES.get(layer, layer)} {yuan(amount)}" for layer, amount in lead.at_risk.items())
    stdout.print(
        f"基金风险 fund money at risk: {yuan(lead.at_risk_total)} 元 yuan（{parts or '—'}）；突出程度 outlier "
        f"{Decimal(lead.outlier) / 1000:.2f}",
        highlight=False,
        soft_wrap=True,
    )


def _print_history(history: Iterable[Mapping[str, Any]]) -> None:
    rows = [
        (
            str(each["number"]),
            each["type"],
            county_second(each["recorded_at"]),
            STATE_NAMES.get(each["state"], each["state"]),
            each.get("actor", "—"),
            each.get("reason", "—"),
            each["hash"][:16],
        )
        for each in history
    ]
    columns = ("号 number", "事件 type", "时间 at", "状态 state", "经办 actor", "理由 reason", "哈希 hash")
    table("经过 History (leads.0)", columns, rows, right=(0,))
