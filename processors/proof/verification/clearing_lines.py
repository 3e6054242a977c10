"""Checks payees: a clearing's lines follow from the entries in its ranges and from the parts that it has recorded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from processors.clearing.bookings import load_later_amounts, load_told
from processors.clearing.ranges import Ranges
from processors.proof.verification.report import VerifyReport
from processors.proof.verification.whole_bookings import are_whole
from projections.clearings import Row as Kept

COLUMNS = ("settled", "adjusted", "audit")

Line = tuple[str, str, str]
"""payee kind, payee, fund"""
Stage = tuple[str, int, str]
"""claim, stage of its path, the layer there"""

_CLAIMS = text("""
SELECT claim.claim_id, claim.person_id, claim.hospital_id, claim.region, claim.prepaid, claim.standing,
       EXISTS (SELECT FROM projections.audits AS audit
               WHERE audit.claim_id = claim.claim_id AND audit.borne_by = 'hospital') AS audited
FROM projections.claims AS claim WHERE claim.claim_id = ANY(:claims)
""")


async def check_lines(
    connection: AsyncConnection,
    clearing: Kept,
    lines: Iterable[Kept],
    parts: Iterable[Kept],
    report: VerifyReport,
) -> None:
    """Hold one clearing's lines against the ledger, and its parts against what was booked claim by claim."""
    clearing_id, region = clearing["clearing_id"], clearing["region"]
    ranges: Ranges = {journal: (begun, to) for journal, (begun, to) in clearing["ranges"].items()}
    recorded = list(parts)
    named = {"claims": sorted({part["claim_id"] for part in recorded})}
    about = {row.claim_id: row for row in await connection.execute(_CLAIMS, named) if row.region == region}
    expected: defaultdict[tuple[Line, str], int] = defaultdict(int)
    for booked_sum in await load_told(connection, region, ranges):
        expected[(booked_sum.party, booked_sum.payee, booked_sum.fund), booked_sum.kind] += booked_sum.amount
    apart: defaultdict[Stage, dict[tuple[str, str], int]] = defaultdict(dict)
    for part in recorded:
        claim_id, payee_kind, fund, kind = (part[name] for name in ("claim_id", "payee_kind", "fund", "kind"))
        apart[claim_id, part["stage"], fund][payee_kind, kind] = part["amount"]
        claim = about.get(claim_id)
        if claim is None or (payee_kind, kind) not in _possible(claim):
            where = f"{clearing_id}, claim {claim_id}, {payee_kind}, fund {fund}"
            report.problem("clearing", where, "a part that the claim may have", f"{kind} {yuan(part['amount'])}")
            continue
        payee = claim.person_id if payee_kind == "person" else claim.hospital_id
        expected[(payee_kind, payee, fund), kind] += part["amount"]
    _compare_lines(clearing_id, expected, lines, report)
    booked = await load_later_amounts(connection, region, ranges)
    for stage in sorted(booked.keys() | apart.keys()):
        of_claim = about.get(stage[0])
        _compare_parts(clearing_id, stage, booked.get(stage, []), apart.get(stage, {}), of_claim, report)


def _possible(claim: Row[Any]) -> set[tuple[str, str]]:
    """What parts, by payee kind and kind, the rules can give a claim (docs/domain.md#3.8); of a reversed one both give
    back."""
    found = {("person" if claim.prepaid else "hospital", "settled"), ("person", "adjusted")}
    if claim.audited:
        found.add(("hospital", "audit"))
    if not claim.standing:
        found.add(("hospital", "adjusted"))
    return found


def _compare_lines(
    clearing_id: str, expected: Mapping[tuple[Line, str], int], lines: Iterable[Kept], report: VerifyReport
) -> None:
    found = {
        ((line["payee_kind"], line["payee"], line["fund"]), column): line[column]
        for line in lines
        for column in COLUMNS
    }
    for line, column in sorted(expected.keys() | found.keys()):
        due, entered = expected.get((line, column), 0), found.get((line, column), 0)
        if due != entered:
            where = f"{clearing_id}, {line[0]} {line[1]}, fund {line[2]}, {column}"
            report.problem("clearing", where, yuan(due), yuan(entered))


def _compare_parts(
    clearing_id: str,
    stage: Stage,
    booked: list[int],
    parts: Mapping[tuple[str, str], int],
    claim: Row[Any] | None,
    report: VerifyReport,
) -> None:
    """Parts sum to the bookings; while the claim stands, each is a sum of whole bookings."""
    where = f"{clearing_id}, claim {stage[0]}, fund {stage[2]}, stage {stage[1]}"
    if sum(booked) != sum(parts.values()):
        report.problem("clearing", where, yuan(sum(booked)), yuan(sum(parts.values())))
    elif claim is not None and claim.standing and not are_whole(booked, [*parts.values(), 0]):
        shown = ", ".join(f"{payee_kind} {kind} {yuan(amount)}" for (payee_kind, kind), amount in sorted(parts.items()))
        report.problem("clearing", where, "each of " + ", ".join(map(yuan, sorted(booked))) + " settled whole", shown)
