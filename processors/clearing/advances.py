"""Advances are repaid out of what the funds pay for the person's claims (上高 二5)."""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass

from events.codes import LAYERS
from processors.clearing.booked import Booked
from projections.advances import Advance

Payee = tuple[str, str]
"""kind and id"""


@dataclass(frozen=True, slots=True)
class Repayment:
    """Fen taken from what a fund pays to a payee, to repay one advance."""

    advance: Advance
    party: str
    payee: str
    fund: str
    amount: int


def repay(
    owed: Iterable[tuple[Advance, int]], booked: Iterable[Booked], balances: Mapping[Payee, int]
) -> list[Repayment]:
    """What is taken to repay advances, oldest first, each with what of it is outstanding in fen.

    An advance is repaid from claims dated on its day or later: first from what is payable to the person, then from what
    is payable to the hospitals for these claims; never more than the claims bring there, nor than the payee's balance.
    """
    left: dict[str, list[_Source]] = {}
    for entry in booked:
        if entry.person_id is not None and entry.fund in LAYERS:
            left.setdefault(entry.person_id, []).append(_Source(entry, entry.amount))
    payable = dict(balances)
    found: list[Repayment] = []
    for advance, outstanding in owed:
        sources = [
            source
            for source in left.get(advance.person_id, ())
            if source.entry.day is not None and source.entry.day >= advance.issued_on
        ]
        wanted = outstanding
        for payee in sorted({source.payee for source in sources}, key=lambda payee: (payee[0] != "person", payee[1])):
            theirs = [source for source in sources if source.payee == payee]
            taken = _take(advance, payee, theirs, wanted, payable)
            wanted -= sum(repayment.amount for repayment in taken)
            found += taken
    return found


@dataclass(slots=True)
class _Source:
    """A booking for a claim, and what of it is left."""

    entry: Booked
    left: int

    @property
    def payee(self) -> Payee:
        return self.entry.party, self.entry.payee


def _take(
    advance: Advance, payee: Payee, sources: list[_Source], wanted: int, payable: MutableMapping[Payee, int]
) -> list[Repayment]:
    most = min(wanted, sum(source.left for source in sources), payable.get(payee, 0))
    by_fund: dict[str, int] = {}
    for source in sorted(sources, key=lambda source: (LAYERS.index(source.entry.fund), source.entry.day)):
        taken = min(source.left, most)
        if taken > 0:
            source.left -= taken
            most -= taken
            payable[payee] -= taken
            by_fund[source.entry.fund] = by_fund.get(source.entry.fund, 0) + taken
    return [Repayment(advance, *payee, fund, amount) for fund, amount in by_fund.items()]
