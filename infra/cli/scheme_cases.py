"""What ``claims schemes check --cases`` prints: where a county's worked cases come out otherwise, and why."""

from itertools import groupby
from pathlib import Path

import typer

from events.money import yuan
from infra.cli.output import fail, note, stdout, table
from infra.files.case_file import expected_headings, read_cases
from infra.files.sheet import Named
from infra.files.text_file import UnusableFile
from policies.buckets import OpenBill
from policies.explain import line, render
from policies.scheme import Scheme
from policies.worked_cases import CaseDifference, differences


def check_cases(scheme: Scheme, file: Path) -> int:
    """Settle a file's cases under a scheme and print what differs; returns the exit code."""
    try:
        cases = read_cases(file, scheme.terms)
    except UnusableFile as error:
        raise typer.BadParameter(f"{file}: {error}", param_hint="--cases") from None
    found = differences(scheme, cases)
    held = sum(len(case.expected) for case in cases)
    if not found:
        note(f"案例相符 the cases come out as expected: 案例 cases {len(cases)}，金额 amounts {held}")
        return 0
    headings = {name: heading for heading, name in expected_headings(scheme.terms).items()}
    rows = [_row(difference, headings[difference.name]) for difference in found]
    columns = ("行 line", "案例 case", "项目 amount", "应为 expected", "算得 computed", "相差 difference")
    table("案例不符 Cases that come out otherwise（元 yuan）", columns, rows, right=(0, 3, 4, 5))
    for _, group in groupby(found, key=lambda difference: difference.case.line):
        _explain(scheme, next(group))
    fail(f"案例不符 {len(found)} 处，共核对 {held} 处 amounts that differ, of all that were compared")
    return 1


def _row(found: CaseDifference, heading: str) -> tuple[str, ...]:
    computed = "不受理 not taken" if found.computed is None else yuan(found.computed)
    apart = "" if found.computed is None else yuan(found.computed - found.expected)
    return str(found.case.line), found.case.name, heading, yuan(found.expected), computed, apart


def _explain(scheme: Scheme, found: CaseDifference) -> None:
    case = found.case
    _print(f"第{case.line}行 line {case.line}，{case.name}：")
    if found.settled is None:
        _print("  该日、该级医院不受理这一就医类型 no_policy: the scheme takes no such claim on that day at that tier")
        return
    _trace(scheme, found.settled)


def _trace(scheme: Scheme, bill: OpenBill) -> None:
    for payout in bill.payouts:
        for entry in render(scheme, payout.trace):
            _print(f"    {line(entry)}")
        _print(f"  {Named(scheme.terms.layers[payout.layer].name, payout.layer)} 支付 pays {yuan(payout.paid)}")
    patient, hospital = bill.shares()
    _print(f"  个人负担 patient {yuan(patient)}，医院承担 hospital {yuan(hospital)}")


def _print(text: str) -> None:
    stdout.print(text, markup=False, highlight=False, soft_wrap=True)
