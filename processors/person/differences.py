"""Where a person's books, as known at a moment, are not what settling from scratch gives under the same facts."""

from collections.abc import Mapping, Sequence

from policies.claim import Claim
from policies.engine import Schemes
from processors.person.history import HistoryEntry, ReplayDifference
from processors.person.history_reader import held_grants, last_statements, net_bookings, net_premiums
from processors.person.recalculation import differing, payout_differences, recalculate
from processors.person.replay_json import grant_json
from processors.person.statement import statement_of
from projections.premiums import Premium, PremiumKey
from projections.statements import StatementRow


def replay_differences(
    entries: Sequence[HistoryEntry],
    claims: Sequence[Claim],
    premiums: Mapping[PremiumKey, Premium],
    schemes: Schemes,
) -> list[ReplayDifference]:
    """Compare what ``entries`` have booked with the ``claims`` settled from scratch and the ``premiums`` due."""
    due = recalculate(claims, schemes)
    found = [
        _difference(payout.where, payout.expected, payout.booked)
        for payout in payout_differences(claims, due.payouts, net_bookings(entries))
    ]
    found += _statement_differences(entries, due.statements)
    held = {grant.key: grant for grant in held_grants(entries)}
    found += [
        _difference(
            f"grant {' '.join(map(str, key))}", expected and grant_json(expected), booked and grant_json(booked)
        )
        for key, expected, booked in differing(due.grants, held)
    ]
    found += [
        _difference(f"premium {' '.join(map(str, key))}", expected, booked)
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
            found.append(_difference(f"statement {row.claim_id}", stated.json(), there and there.json()))
    return found


def _difference(where: str, expected: object, booked: object) -> ReplayDifference:
    return ReplayDifference(where, str(expected), str(booked))
