"""Advances are repaid out of what the funds pay the person himself for his claims (上高 二5, decision 0010)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from events.codes import LAYERS
from processors.clearing.bookings import Booked, Treated
from projections.advances import Advance


class Repayment(NamedTuple):
    """Fen taken from what a fund pays to the person, to repay one advance of his."""

    advance: Advance
    fund: str
    amount: int


def repay(
    owed: Iterable[tuple[Advance, int]], booked: Iterable[Booked], balances: Mapping[str, int]
) -> list[Repayment]:
    """What is taken to repay advances, each given with what of it is outstanding in fen, in their order.

    An advance is repaid from claims dated on its day or later: those treated outside the person's region first, for
    which it was lent. Never more than these claims bring him, than a fund pays him over all his claims, nor than his
    balance, here by person.
    """
    brought: dict[str, dict[tuple[Treated, str], int]] = defaultdict(lambda: defaultdict(int))
    payable: dict[tuple[str, str], int] = defaultdict(int)
    for entry in booked:
        if entry.party == "person" and entry.claim is not None:
            brought[entry.payee][entry.claim, entry.fund] += entry.amount
            payable[entry.payee, entry.fund] += entry.amount
    left = dict(balances)
    found: dict[tuple[Advance, str], int] = {}
    for advance, outstanding in owed:
        person = advance.person_id
        his = {source: amount for source, amount in brought[person].items() if source[0].day >= advance.issued_on}
        most = min(outstanding, sum(his.values()), left.get(person, 0))
        for claim, fund in sorted(his, key=_turn):
            taken = min(most, his[claim, fund], payable[person, fund])
            if taken > 0:
                brought[person][claim, fund] -= taken
                payable[person, fund] -= taken
                left[person] -= taken
                most -= taken
                found[advance, fund] = found.get((advance, fund), 0) + taken
    return [Repayment(advance, fund, amount) for (advance, fund), amount in found.items()]


def _turn(source: tuple[Treated, str]) -> tuple[bool, int, int]:
    """Claims in ledger order, funds in the order of the path."""
    claim, fund = source
    return not claim.outside, claim.number, LAYERS.index(fund)
