"""What ``claims roster import``, ``claims roster withdraw`` and ``claims roster publish`` print."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from events.money import yuan
from infra.cli.output import fail, note, print_json, table
from infra.files.region_names import region_named
from infra.files.roster_file import SHEET_USE_NAMES, RosterFile
from infra.operations.roster_import import Preview
from policies.vocabulary import in_layer_order
from processors.law.terms import CATEGORY_NAMES, LAYER_NAMES
from processors.rosters.cells import FAULT_NAMES
from processors.rosters.effect import ListEffect
from processors.rosters.imports import counts_of
from processors.rosters.list_comparison import ListChange, ListReceipt
from processors.rosters.lists import RosterList
from processors.rosters.month_changes import MonthRoster
from processors.rosters.region_roster import KIND_NAMES
from processors.rosters.withdrawals import ListWithdrawal

_SHOWN = 20
_CHANGES = {"added": "新增 added", "removed": "移除 removed"}
_COUNTS = {
    "listed": "在册 listed",
    "ended": "名单注明停止 ended by the list",
    "refused": "拒收的行 refused rows",
    "passed_over": "合计、签名等行 totals, signatures",
    "unchanged": "不变 unchanged",
    "added": "新增 added",
    "removed": "移除 removed",
    "kept": "暂不移除 kept in doubt",
    "left_out": "未列而其他部门在册 left out, kept by others",
    "unknown": "账本中没有 unknown persons",
}


def print_import(
    found: Preview,
    file: RosterFile,
    read: RosterList,
    receipt: ListReceipt,
    effect: ListEffect | None,
    refused_file: str | None,
    *,
    json: bool,
) -> None:
    """Print what a list changed, or would change where ``effect`` is given."""
    comparison = found.comparison
    counts: dict[str, Any] = {
        "source": receipt.source,
        "period": str(receipt.period),
        "dry_run": effect is not None,
        "late": receipt.late,
        **counts_of(read, comparison),
        "unknown": len(found.unknown),
        "ended": len(read.ended),
        "passed_over": len(file.passed_over),
    }
    if json:
        print_json(_change_lines(found))
        print_refused(read, json=True)
        print_json(_file_lines(file))
        if refused_file is not None:
            print_json([{"row": "refused_file", "file": refused_file}])
        if effect is not None:
            print_json(_effect_lines(effect))
        print_json([{"row": "summary", **counts, **_effect_sums(effect)}])
        return
    print_refused(read, json=False)
    if effect is not None:
        _print_changes("变动预览 Changes, not booked", comparison.changes)
    title = "名单导入 List imported" if effect is None else "名单预览（未入账） List, nothing booked"
    table(title, ("项目 item", "数量 count"), [(name, str(counts[key])) for key, name in _COUNTS.items()], right=(1,))
    if effect is not None:
        print_effect(effect)
    if receipt.late:
        note(f"迟报：{receipt.received_on} 收到，应于 {receipt.period.due_in} 前 late: it was due by the 10th")
    _print_file(file)
    if comparison.kept:
        note(
            f"因有未读出的行，{len(comparison.kept)} 条未移除，请更正后重新导入 "
            "not removed, since a refused row may be theirs: mend the rows and import again"
        )
    for (person_id, category), others in islice(comparison.left_out.items(), _SHOWN):
        who, keeping = f"{person_id} {CATEGORY_NAMES[category]}", "、".join(others)
        note(f"{who}: 名单未列，其他部门仍在册，未移除 left out and not removed, still listed by {keeping}")
    if found.unknown:
        note(f"账本中没有的人员 persons the ledger does not know yet: {_some(found.unknown)}")
    if refused_file is not None:
        note(f"未接收的行（退部门更正） refused rows, for the department to mend: {refused_file}")


def print_refused(read: RosterList, *, json: bool) -> None:
    """Print each refused row and why."""
    if json:
        print_json(
            {"row": "refused", "place": row.place, "reason": row.reason, "detail": row.detail}
            | ({"person_id": row.person_id, "near": row.near} if row.near is not None else {})
            for row in read.refused
        )
        return
    for row in read.refused:
        fail(f"{row.place}: {FAULT_NAMES[row.reason]} {row.reason}: {row.detail}")


def print_withdrawal(withdrawal: ListWithdrawal, effect: ListEffect | None, *, json: bool) -> None:
    """Print what a withdrawal put back, or would put back where ``effect`` is given."""
    of = withdrawal.of
    counts = {
        "source": of.source,
        "period": str(of.period),
        "sha256": of.sha256,
        "dry_run": effect is not None,
        "added": withdrawal.count("added"),
        "removed": withdrawal.count("removed"),
        "unbooked": len(withdrawal.unbooked),
        "later": [str(each.period) for each in withdrawal.later],
    }
    if json:
        print_json(map(_change_line, withdrawal.changes))
        if effect is not None:
            print_json(_effect_lines(effect))
        print_json([{"row": "summary", **counts, **_effect_sums(effect)}])
        return
    if effect is not None:
        _print_changes("撤销预览 Put back, not booked", withdrawal.changes)
    title = "撤销名单 List withdrawn" if effect is None else "撤销预览（未入账） Withdrawal, nothing booked"
    names = {"added": "恢复在册 put back on", "removed": "取消在册 taken off", "unbooked": "仅部门记录 records only"}
    rows = [(name, str(counts[key])) for key, name in names.items()]
    table(f"{title} {of.source} {of.period}", ("项目 item", "数量 count"), rows, right=(1,))
    if effect is not None:
        print_effect(effect)
    if withdrawal.later:
        months = "、".join(str(each.period) for each in withdrawal.later)
        note(
            f"此后已导入 {months} 的名单，自 {withdrawal.until} 起以其为准；其中注明更早生效日期的，请再导入一次 "
            f"from {withdrawal.until} on the later lists hold: import them again where they state earlier days"
        )


def print_effect(effect: ListEffect) -> None:
    """Print which claims would move, and by how much."""
    note(
        f"将变动结算单 {len(effect.claims)} 张、{effect.persons} 人 claims and persons that would move "
        "（不含参保补贴 premiums not counted）"
    )
    if not effect.claims:
        return
    rows = [
        (claim.claim_id, claim.person_id, yuan(claim.share_before), yuan(claim.share_after))
        for claim in effect.claims[:_SHOWN]
    ]
    more = f"（共 {len(effect.claims)} of，前 first {_SHOWN}）" if len(effect.claims) > _SHOWN else ""
    columns = ("结算单 claim", "参保人 person", "个人负担现为 share now", "将为 would be")
    table(f"将变动的结算单 Claims that would move{more}", columns, rows, right=(2, 3))
    layers = effect.layers()
    sums = [(f"{LAYER_NAMES[layer]} {layer}", yuan(layers[layer])) for layer in in_layer_order(layers)]
    sums += [("个人负担 patients' shares", yuan(effect.patient))]
    table("金额变动（元） Yuan that would move", ("项目 item", "差额 difference"), sums, right=(1,))


def _print_changes(title: str, changes: Sequence[ListChange]) -> None:
    rows = [
        (*_membership(change.person_id, change.category), _CHANGES[change.change], change.effective_on.isoformat())
        for change in changes
    ]
    table(title, ("参保人 person", "类别 category", "变动 change", "生效 from"), rows)


def _print_file(file: RosterFile) -> None:
    if len(file.sheets) > 1 or any(sheet.use != "read" for sheet in file.sheets):
        told = (f"{sheet.title}：{SHEET_USE_NAMES[sheet.use]}（{sheet.rows} 行 rows）" for sheet in file.sheets)
        note(f"工作表 sheets: {'；'.join(told)}")
    if any(sheet.use == "hidden" and sheet.rows for sheet in file.sheets):
        note("隐藏的工作表要读时加 --hidden-sheets hidden sheets are read with --hidden-sheets only")
    if file.unused_columns:
        note(f"未用的列 columns not used: {_some(file.unused_columns)}")
    if file.passed_over:
        note(f"按合计、签名或说明略过的行 rows passed over as totals or signatures: {_some(file.passed_over)}")
    if file.unseen_rows:
        note(f"有 {file.unseen_rows} 行被隐藏或筛选，也已读入 rows that are hidden in the sheet were read too")


def _some(texts: Sequence[str]) -> str:
    return "、".join(texts[:_SHOWN]) + ("…" if len(texts) > _SHOWN else "")


def _change_line(change: ListChange) -> dict[str, Any]:
    return {
        "row": change.change,
        "person_id": change.person_id,
        "category": change.category,
        "effective_on": change.effective_on.isoformat(),
        "event_id": change.event_id,
    }


def _change_lines(found: Preview) -> Iterator[dict[str, Any]]:
    comparison = found.comparison
    yield from map(_change_line, comparison.changes)
    for person_id, category in comparison.kept:
        yield {"row": "kept", "person_id": person_id, "category": category}
    for (person_id, category), others in comparison.left_out.items():
        yield {"row": "left_out", "person_id": person_id, "category": category, "listed_by": others}
    for person_id in found.unknown:
        yield {"row": "unknown", "person_id": person_id}


def _file_lines(file: RosterFile) -> Iterator[Mapping[str, Any]]:
    for sheet in file.sheets:
        yield {"row": "sheet", "sheet": sheet.title, "rows": sheet.rows, "use": sheet.use}
    for column in file.unused_columns:
        yield {"row": "unused_column", "column": column}
    for place in file.passed_over:
        yield {"row": "passed_over", "place": place}


def _effect_lines(effect: ListEffect) -> Iterator[dict[str, Any]]:
    for claim in effect.claims:
        yield {
            "row": "claim",
            "claim_id": claim.claim_id,
            "person_id": claim.person_id,
            "patient_share": yuan(claim.share_before),
            "patient_share_after": yuan(claim.share_after),
        }


def _effect_sums(effect: ListEffect | None) -> dict[str, Any]:
    if effect is None:
        return {}
    moved = {layer: yuan(amount) for layer, amount in effect.layers().items()}
    if effect.patient:
        moved["patient_share"] = yuan(effect.patient)
    return {"claims": len(effect.claims), "persons": effect.persons, "moved": moved}


def _membership(person_id: str, category: str) -> tuple[str, str]:
    return person_id, f"{CATEGORY_NAMES[category]} {category}"


def print_roster(
    month: MonthRoster, hospitals: Sequence[str], out: Path, noted: Sequence[str] | None, *, json: bool
) -> None:
    """Print what a month's lists came to; ``noted`` are the deliveries that were noted, None where none were to be."""
    drawn_up = month.roster
    unplaced = sum(month.township_of(change.person_id) is None for change in month.changes)
    counts: dict[str, int] = {
        "rostered": len(drawn_up.members),
        "enrolled": drawn_up.enrolled,
        **{str(kind): drawn_up.count(kind) for kind in KIND_NAMES},
        "in_both": drawn_up.in_both,
        "hospitals": len(hospitals),
        **{kind: sum(change.kind == kind for change in month.changes) for kind in ("added", "removed", "changed")},
        "unplaced": unplaced,
    }
    if json:
        told = {"region": drawn_up.region, "period": str(drawn_up.period), **counts, "hospital_ids": hospitals}
        print_json([told | {"deliveries": noted}])
        return
    names = {
        "rostered": "在册人数 rostered",
        "enrolled": "在册已参保 rostered and enrolled",
        **{str(kind): f"{name} {kind}" for kind, name in KIND_NAMES.items()},
        "in_both": "两部门均在册 listed by both departments",
        "hospitals": "下发医院 hospitals' lists written",
        "added": "比上月新增 added since the month before",
        "removed": "比上月减少 removed since the month before",
        "changed": "类别变动 other categories than the month before",
        "unplaced": "变动中乡镇不明 changes of persons without a township",
    }
    title = f"花名册 Roster {region_named(drawn_up.region)} {drawn_up.period}"
    table(title, ("项目 item", "数量 count"), [(names[key], str(count)) for key, count in counts.items()], right=(1,))
    note(f"文件 files: {out}")
    if noted is not None:
        note(f"已登记下发 noted as sent: {len(noted)}")
