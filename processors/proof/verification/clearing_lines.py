"""Checks payees: a clearing's lines follow from the entries in its ranges and from the parts that it has recorded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from policies.loader import SchemeError
from processors.clearing.counterparties import PartKind, Party
from processors.clearing.payee_amounts import load_derived_parts, load_fixed_payee_amounts, load_later_bookings
from processors.person.recalculation import nulls_last
from processors.pipeline.claim_history import HistoryError
from processors.proof.verification.report import VerifyReport
from processors.proof.verification.whole_bookings import are_whole
from projections.clearing_rows import ClearedPart, Clearing, ClearingLine

COLUMNS = ("settled", "adjusted", "audit")

Line = tuple[str, str, str]
"""payee kind, payee, fund"""
Stage = tuple[str, int, str]
"""claim, stage of its path, the layer there"""

_CLAIMS = text("""
SELECT claim.claim_id, claim.person_id, claim.hospital_id, claim.region, claim.prepaid, claim.standing,
       EXISTS (SELECT FROM projections.audits AS audit
               WHERE audit.claim_id = claim.claim_id AND audit.borne_by = 'hospital') AS audited,
       EXISTS (SELECT FROM ledger.entries AS entry
               WHERE entry.person_id = claim.person_id AND entry.claim_id = claim.claim_id
                 AND entry.journal = 'intake' AND entry.type = 'claim.corrected.v1') AS corrected,
       EXISTS (SELECT FROM processors.replaced_runs AS replaced
               WHERE replaced.person_id = claim.person_id) AS merged,
       EXISTS (SELECT FROM ledger.entries AS entry
               WHERE entry.person_id = claim.person_id AND entry.claim_id = claim.claim_id
                 AND entry.type = 'claim.settled.v1' AND entry.run = claim.opened) AS answered_first
FROM projections.claims AS claim WHERE claim.claim_id = ANY(:claims)
""")


async def check_lines(
    connection: AsyncConnection,
    clearing: Clearing,
    lines: Iterable[ClearingLine],
    parts: Sequence[ClearedPart],
    report: VerifyReport,
) -> None:
    """Hold one clearing's lines against the ledger, and its parts against what was booked claim by claim."""
    clearing_id, region = clearing.clearing_id, clearing.region
    named = {"claims": sorted({part.claim_id for part in parts})}
    about = {row.claim_id: row for row in await connection.execute(_CLAIMS, named) if row.region == region}
    expected: defaultdict[tuple[Line, str], int] = defaultdict(int)
    for each in await load_fixed_payee_amounts(connection, region, clearing.ranges):
        expected[(each.party, each.payee, each.fund), each.kind] += each.amount
    apart: defaultdict[Stage, dict[tuple[str, str], int]] = defaultdict(dict)
    for part in parts:
        apart[part.claim_id, part.stage, part.fund][part.payee_kind, part.kind] = part.amount
        claim = about.get(part.claim_id)
        if claim is None or (part.payee_kind, part.kind) not in _possible(claim):
            where = f"{clearing_id}, claim {part.claim_id}, {part.payee_kind}, fund {part.fund}"
            report.problem("clearing", where, "a part that the claim may have", f"{part.kind} {yuan(part.amount)}")
            continue
        payee = claim.person_id if part.payee_kind == "person" else claim.hospital_id
        expected[(part.payee_kind, payee, part.fund), part.kind] += part.amount
    _compare_lines(clearing_id, expected, lines, report)
    booked = await load_later_bookings(connection, region, clearing.ranges)
    for stage in sorted(booked.keys() | apart.keys(), key=nulls_last):
        of_claim = about.get(stage[0])
        _compare_parts(clearing_id, stage, booked.get(stage, []), apart.get(stage, {}), of_claim, report)
    told = [claim.claim_id for claim in about.values() if _follows_from_facts(claim)]
    try:
        derived = await load_derived_parts(connection, region, clearing.ranges, told) if told else {}
    except (LookupError, SchemeError, HistoryError) as error:  # a text or a fact that is no longer what it was
        report.problem("clearing", f"{clearing_id}, parts", "what the facts bring each party", error)
        return
    for stage, due in sorted(derived.items()):
        _compare_parties(clearing_id, stage, due, apart.get(stage, {}), report)


def _follows_from_facts(claim: Row[Any]) -> bool:
    """Whether with whom a claim's later bookings are settled may differ by fact, and is the same whenever it is told.

    While its first run stood still, or another took its place, a draft may have told otherwise what is recorded since.
    A reversed claim is checked as a whole (``check_reversals``).
    """
    differs = claim.audited or (claim.corrected and not claim.prepaid)
    return bool(differs and claim.standing and claim.answered_first and not claim.merged)


def _possible(claim: Row[Any]) -> set[tuple[str, str]]:
    """What parts, by payee kind and kind, the rules can give a claim (docs/domain.md#3.8); of a reversed one both give
    back."""
    found = {("person" if claim.prepaid else "hospital", "settled"), ("person", "adjusted")}
    if claim.audited:
        found.add(("hospital", "audit"))
    if not claim.standing or (claim.corrected and not claim.prepaid):
        found.add(("hospital", "adjusted"))
    return found


def _compare_lines(
    clearing_id: str, expected: Mapping[tuple[Line, str], int], lines: Iterable[ClearingLine], report: VerifyReport
) -> None:
    found = {
        ((line.payee_kind, line.payee, line.fund), column): int(getattr(line, column))
        for line in lines
        for column in COLUMNS
    }
    for line, column in sorted(expected.keys() | found.keys(), key=lambda each: nulls_last((*each[0], each[1]))):
        due, entered = expected.get((line, column), 0), found.get((line, column), 0)
        if due != entered:
            where = f"{clearing_id}, {line[0]} {line[1]}, fund {line[2]}, {column}"
            report.problem("clearing", where, yuan(due), yuan(entered))


def _compare_parties(
    clearing_id: str,
    stage: Stage,
    due: Mapping[tuple[Party, PartKind], int],
    parts: Mapping[tuple[str, str], int],
    report: VerifyReport,
) -> None:
    """Each party has what the facts bring it, and no other has it."""
    told: dict[tuple[str, str], int] = {side: amount for side, amount in due.items() if amount}
    found = {side: amount for side, amount in parts.items() if amount}
    if told != found and sum(told.values()) == sum(found.values()) and not any(kind == "settled" for _, kind in found):
        where = f"{clearing_id}, claim {stage[0]}, fund {stage[2]}, stage {stage[1]}"
        report.problem("clearing", where, _shown(told), _shown(found))


def _shown(parts: Mapping[tuple[str, str], int]) -> str:
    each = (f"{payee_kind} {kind} {yuan(amount)}" for (payee_kind, kind), amount in sorted(parts.items()))
    return ", ".join(each) or "none"


def _compare_parts(
    clearing_id: str,
    stage: Stage,
    booked: list[int],
    parts: Mapping[tuple[str, str], int],
    claim: Row[Any] | None,
    report: VerifyReport,
) -> None:
    """Parts sum to the bookings; while the claim stands, each is a sum of whole bookings.

    Only a run that took the place of others books the changes of several facts at once, and has its booking divided.
    """
    where = f"{clearing_id}, claim {stage[0]}, fund {stage[2]}, stage {stage[1]}"
    if sum(booked) != sum(parts.values()):
        report.problem("clearing", where, yuan(sum(booked)), yuan(sum(parts.values())))
    elif claim is not None and claim.standing and not claim.merged and not are_whole(booked, [*parts.values(), 0]):
        whole = "each of " + ", ".join(map(yuan, sorted(booked))) + " settled whole"
        report.problem("clearing", where, whole, _shown(parts))
