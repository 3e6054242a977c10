"""A hospital's lines held against what it was told, and against what the ledger has made of that since (3201, 3202)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from events.money import yuan
from infra.gateway.national.statement_text import HospitalLine
from processors.reconciliation.hospital_settlements import SettlementSums, ToldSettlement
from processors.visits.hospital_settings import HospitalSettings

EQUAL, CENTRE_MORE, HOSPITAL_MORE, DIFFERENT = "0", "1", "2", "3"
"""stmt_rslt; a province's own codes are the hospital's setting ``stmt_rslt``."""
RESULTS = "stmt_rslt"
"""The table of a hospital's settings that says how its province writes them."""
_NAMES: Mapping[str, str] = {
    EQUAL: "平",
    CENTRE_MORE: "中心多",
    HOSPITAL_MORE: "医疗机构多",
    DIFFERENT: "不一致",
}


def written(hospital: HospitalSettings, result: str) -> str:
    """A result as the hospital's province writes it."""
    return hospital.code(RESULTS, result) or result


def totals_result(stated: SettlementSums, told: SettlementSums) -> str:
    """Whose sums are more, where all of them are; else equal or different."""
    apart = [ours - theirs for ours, theirs in zip(_figures(told), _figures(stated), strict=True)]
    if not any(apart):
        return EQUAL
    if min(apart) >= 0:
        return CENTRE_MORE
    return HOSPITAL_MORE if max(apart) <= 0 else DIFFERENT


def totals_description(result: str, told: SettlementSums, rows: Sequence[ToldSettlement]) -> str:
    """stmt_rslt_dscr: the ledger's sums, and how many of them it has settled otherwise since."""
    moved = [row for row in rows if row.now is not None]
    said = f"{_NAMES[result]}；中心：{told.count} 笔，医疗费总额 {yuan(told.total)}，基金支付总额 {yuan(told.funds)}"
    if moved:
        apart = sum(row.funds_moved for row in moved)
        said += f"；其中 {len(moved)} 笔其后再结算或被冲销，基金支付差额 {yuan(apart)}，明细见3202"
    return said


def compared(
    lines: Sequence[HospitalLine], rows: Sequence[ToldSettlement], hospital: HospitalSettings
) -> Iterator[tuple[Any, ...]]:
    """The lines of the answer: a line of the hospital's each, then what it lacks.

    Of each psn_no, mdtrt_id, setl_id, msgid, stmt_rslt, refd_setl_flag, memo, and the ledger's total, funds, account.
    """
    ours = {(row.setl_id, row.refund): row for row in rows}
    seen = set()
    for line in lines:
        key = line.setl_id, line.refund
        row = ours.get(key)
        if row is None or key in seen:
            memo = "中心无此结算" if row is None else "同一结算重复列出"
            yield _hospital_only(line, hospital, memo)
            continue
        seen.add(key)
        if row.now == (0, 0) and row.total:
            yield _hospital_only(line, hospital, f"经办机构已冲销，原基金支付 {yuan(row.funds)}，请撤销后重新结算")
        else:
            yield _both(line, row, hospital)
    for key, row in ours.items():
        if key not in seen and row.now != (0, 0):
            yield _answer(row, written(hospital, CENTRE_MORE), _settled_since(row) or "医疗机构无此结算")


def _both(line: HospitalLine, row: ToldSettlement, hospital: HospitalSettings) -> tuple[Any, ...]:
    total, funds = row.now or (row.total, row.funds)
    named = {"mdtrt_id": (line.mdtrt_id, row.mdtrt_id), "psn_no": (line.psn_no, row.psn_no)}
    wrong = [f"{name} 应为 {ours}" for name, (theirs, ours) in named.items() if theirs not in (None, ours)]
    stated = {
        "medfee_sumamt": (line.total, total),
        "fund_pay_sumamt": (line.funds, funds),
        "acct_pay": (line.account, 0),
    }
    for name, (theirs, ours) in stated.items():
        if (theirs or 0) != ours:
            wrong.append(f"{name} 机构 {yuan(theirs or 0)}，中心 {yuan(ours)}")
    memo = "；".join(filter(None, (*wrong, _settled_since(row))))
    return _answer(row, written(hospital, DIFFERENT if wrong else EQUAL), memo or None)


def _settled_since(row: ToldSettlement) -> str:
    """What the ledger has made of a settlement since it was told."""
    if row.now is None:
        return ""
    return f"其后再结算：基金支付原 {yuan(row.funds)}，现 {yuan(row.now[1])}，差额 {yuan(row.funds_moved)}"


def _answer(row: ToldSettlement, result: str, memo: str | None) -> tuple[Any, ...]:
    total, funds = row.now or (row.total, row.funds)
    flag = "1" if row.refund else "0"
    return (*(row.psn_no, row.mdtrt_id, row.setl_id, row.msgid, result, flag, memo), *map(yuan, (total, funds, 0)))


def _hospital_only(line: HospitalLine, hospital: HospitalSettings, memo: str) -> tuple[Any, ...]:
    result, flag = written(hospital, HOSPITAL_MORE), "1" if line.refund else "0"
    return (line.psn_no, line.mdtrt_id, line.setl_id, None, result, flag, memo, None, None, None)


def _figures(sums: SettlementSums) -> tuple[int, int, int]:
    return sums.count, sums.total, sums.funds
