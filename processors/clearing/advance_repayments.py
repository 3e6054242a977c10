"""Advances are repaid out of what the funds pay the person himself for his claims (上高 二5, decision 0010)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from policies.vocabulary import layer_place
from processors.clearing.payee_amounts import ClaimSummary, PayeeAmount
from projections.advances import Advance


class RepaymentShare(NamedTuple):
    """Fen taken from what one fund pays to the person, to repay one of the person's advances."""

    advance: Advance
    fund: str
    amount: int


def repay(
    owed: Iterable[tuple[Advance, int]], amounts: Iterable[PayeeAmount], balances: Mapping[str, int]
) -> list[RepaymentShare]:
    """What is taken to repay advances, each given with what is outstanding of it in fen, in the order given.

    An advance is repaid from claims dated on its day or later. Claims treated outside the person's region come first:
    the loan was made for such a treatment. For one person the sum is never more than these claims bring, than a fund
    pays over all claims, nor than the person's balance (``balances``, fen by person).
    """
    by_claim: dict[str, dict[tuple[ClaimSummary, str], int]] = defaultdict(lambda: defaultdict(int))
    by_fund: dict[tuple[str, str], int] = defaultdict(int)
    for each in amounts:
        if each.party == "person" and each.claim is not None:
            by_claim[each.payee][each.claim, each.fund] += each.amount
            by_fund[each.payee, each.fund] += each.amount
    balance_left = dict(balances)
    taken_by_fund: dict[tuple[Advance, str], int] = {}
    for advance, outstanding in owed:
        person = advance.person_id
        sources = {source: fen for source, fen in by_claim[person].items() if source[0].day >= advance.issued_on}
        most = min(outstanding, sum(sources.values()), balance_left.get(person, 0))
        for claim, fund in sorted(sources, key=_repayment_order):
            taken = min(most, sources[claim, fund], by_fund[person, fund])
            if taken > 0:
                by_claim[person][claim, fund] -= taken
                by_fund[person, fund] -= taken
                balance_left[person] -= taken
                most -= taken
                taken_by_fund[advance, fund] = taken_by_fund.get((advance, fund), 0) + taken
    return [RepaymentShare(advance, fund, amount) for (advance, fund), amount in taken_by_fund.items()]


def _repayment_order(source: tuple[ClaimSummary, str]) -> tuple[bool, int, tuple[int, str]]:
    """Claims outside the region first, then claims in ledger order, then funds in the order of the path."""
    claim, fund = source
    return not claim.outside, claim.number, layer_place(fund)
