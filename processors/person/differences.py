"""Where a person's books, as known at a moment, are not what settling from scratch gives under the same facts."""

from collections.abc import Mapping, Sequence

from events.money import yuan
from policies.claim import Claim, Used
from policies.engine import Schemes
from processors.person.history import HistoryEntry, ReplayDifference
from processors.person.history_reader import held_grants, last_statements, net_bookings, net_premiums
from processors.person.recalculation import differing, payout_differences, recalculate
from processors.person.replay_json import grant_json
from processors.person.statement import statement_of
from projections.premiums import PayerPremium, PremiumKey, premium_json
from projections.statements import StatementRow

FIELD_NAMES = {
    "base": "基数",
    "deductible": "起付线",
    "paid": "支付",
    "extra": "其中超封顶",
    "status": "状态",
    "total": "总额",
    "layers": "各保障线",
    "categories": "类别",
    "patient_share": "个人负担",
    "hospital_share": "医院承担",
    "payee": "收款方",
    "amount": "金额",
    "year": "年度",
    "scheme": "政策",
    "claim_id": "结算单",
    "grant": "补助",
    "layer": "保障线",
    "payer": "出资方",
    "category": "类别",
    "region": "统筹区",
    "kind": "方式",
    "date": "日期",
    "setting": "就医类型",
    "cite": "依据",
    "grade": "等级",
}


def replay_differences(
    entries: Sequence[HistoryEntry],
    claims: Sequence[Claim],
    premiums: Mapping[PremiumKey, PayerPremium],
    schemes: Schemes,
) -> list[ReplayDifference]:
    """Compare what ``entries`` have booked with the ``claims`` settled from scratch and the ``premiums`` due."""
    due = recalculate(claims, schemes)
    found = [
        _difference(payout.where, _used(payout.expected), _used(payout.booked))
        for payout in payout_differences(claims, due.payouts, net_bookings(entries))
    ]
    found += _statement_differences(entries, due.statements)
    held = {grant.key: grant for grant in held_grants(entries)}
    found += [
        _difference(
            f"grant {' '.join(map(str, key))}",
            None if expected is None else grant_json(expected),
            None if booked is None else grant_json(booked),
        )
        for key, expected, booked in differing(due.grants, held)
    ]
    found += [
        _difference(
            f"premium {' '.join(map(str, key))}",
            None if expected is None else premium_json(expected),
            None if booked is None else premium_json(booked),
        )
        for key, expected, booked in differing(premiums, net_premiums(entries))
    ]
    return found


def _statement_differences(entries: Sequence[HistoryEntry], expected: Sequence[StatementRow]) -> list[ReplayDifference]:
    booked = {statement.claim_id: statement for statement in last_statements(entries)}
    found = []
    for row in expected:
        there = booked.get(row.claim_id)
        stated = statement_of(row, there.revision if there else 1)
        if there != stated:
            due, booked_ = stated.json(), there.json() if there is not None else {}
            fields = [name for name in due if due[name] != booked_.get(name)]
            told = {name: booked_[name] for name in fields} if booked_ else None
            found.append(_difference(f"statement {row.claim_id}", {name: due[name] for name in fields}, told))
    return found


def _used(used: Used) -> dict[str, str]:
    """What a stage has booked of a claim, as far as it is anything."""
    return {name: yuan(getattr(used, name)) for name in ("base", "deductible", "paid", "extra") if getattr(used, name)}


def _difference(
    where: str, expected: Mapping[str, object] | None, booked: Mapping[str, object] | None
) -> ReplayDifference:
    return ReplayDifference(where, _told(expected), _told(booked))


def _told(values: Mapping[str, object] | None) -> str:
    """Values as one line for people, money in yuan; 无 none where there are none."""
    if not values:
        return "无 none"
    return "，".join(f"{FIELD_NAMES.get(name, name)} {name} {_value(value)}" for name, value in values.items())


def _value(value: object) -> str:
    if isinstance(value, list):
        return "、".join(map(_value, value)) or "无 none"
    if isinstance(value, dict):
        return " ".join(map(_value, value.values()))
    return "—" if value is None else str(value)
