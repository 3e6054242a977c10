"""Where a person would bear less of a larger bill: a sign of a slip in a scheme's text.

Each set of values that can hold together for a claim is tried with bills from one yuan up, all in scope, as the year's
first claim. A rule that pays a part of what is left pays no more for more than the bill grew. A step in what a
condition on the size of the bill chooses can, and so can rules together of which one does not count what another has
paid.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from policies.arithmetic import Band
from policies.claim import Claim
from policies.engine import decide, open_claim
from policies.limits import Books
from policies.sample_claims import Sample
from policies.scheme import Scheme
from policies.varied_claims import edges_of_size, of_size, varied

MOST_TRIED = 600
"""Claims of one scheme that are tried with bills of every size; the shipped ones have at most 56, examples 262."""
_LARGEST = 100_000_000
"""Fen: a million yuan."""


class FallingShare(NamedTuple):
    """Of a bill of ``size`` fen the person bears ``share``, of larger ones less: the ``least`` of the one ``at``.

    From ``until`` on it is ``share`` again; None: not up to a million yuan. ``case``: the stage and case with which the
    layers together pay more of the difference than there is. ``sample`` is who was tried.
    """

    sample: Sample
    case: tuple[int, int]
    size: int
    share: int
    at: int
    least: int
    until: int | None


class Falls(NamedTuple):
    """What was found, and of how many claims how many were tried."""

    found: list[FallingShare]
    tried: int
    of: int


def falls(scheme: Scheme) -> Falls:
    """Where the person's share falls as the bill grows, each place in the text once. Raises ``TooMany``."""
    asked = varied(scheme)
    sizes = sorted(_sizes(scheme))
    found: dict[object, FallingShare] = {}
    for sample in asked[:MOST_TRIED]:
        for fall in _falls(scheme, sample, sizes):
            found.setdefault((fall.case, fall.size, fall.at), fall)
    return Falls(list(found.values()), min(len(asked), MOST_TRIED), len(asked))


def _sizes(scheme: Scheme) -> Iterable[int]:
    """Bills at which anything may turn, and others between them."""
    found = {100 * 2**step for step in range(20)} | {150 * 2**step for step in range(20)}
    bands: set[int] = set()
    amounts: set[int] = set()
    for parameter in scheme.parameters.values():
        for row in parameter.root:
            match row.value:
                case bool():
                    pass
                case int():
                    amounts.add(row.value)
                case tuple():
                    bands |= {band.to for band in row.value if isinstance(band, Band) and band.to is not None}
    found |= amounts | bands | {amount + band for amount in amounts for band in bands}
    found |= edges_of_size(scheme)
    return (size for size in found if 0 < size <= _LARGEST)


def _falls(scheme: Scheme, sample: Sample, sizes: Sequence[int]) -> Iterator[FallingShare]:
    fen = len(scheme.path)  # each layer rounds once
    tried = [(size, *_shares(scheme, sample.claim, size)) for size in sizes]
    highest = 0
    for (size, share, paid), (after, then, paid_then) in pairwise(tried):
        if share < highest or then >= share - fen:
            highest = max(highest, share)
            continue
        highest = share
        until = next((later for later, again, _ in tried if later > after and again >= share), None)
        least, at = min(
            (less, there) for there, less, _ in tried if after <= there and (until is None or there < until)
        )
        stage = _overpaying({stage: now - paid.get(stage, 0) for stage, now in paid_then.items()}, after - size)
        there = of_size(sample.claim, after)
        case = scheme.case(stage, there, quota=open_claim(scheme, there).quota is not None)
        index = next((index for index, each in enumerate(scheme.stages[stage].cases) if each is case), 0)
        if until is not None:
            until = _first(scheme, sample.claim, share, after, until)
        yield FallingShare(sample, (stage, index), size, share, at, least, until)


def _overpaying(more: dict[int, int], grown: int) -> int:
    """The stage with which those up to it pay more of a larger bill than it grew by; else the one that pays most more.

    Under a case quota the hospital bears a part too, so that no stage may do so.
    """
    together = 0
    for stage, paid in more.items():
        together += paid
        if together > grown:
            return stage
    return max(more, key=lambda stage: more[stage], default=0)


def _first(scheme: Scheme, claim: Claim, share: int, below: int, enough: int) -> int:
    """The smallest bill above one, up to another, of which the person bears so much again."""
    while enough - below > 1:
        middle = (below + enough) // 2
        if _shares(scheme, claim, middle)[0] >= share:
            enough = middle
        else:
            below = middle
    return enough


def _shares(scheme: Scheme, claim: Claim, size: int) -> tuple[int, dict[int, int]]:
    """What the person bears of the year's first claim, and what each stage pays, in fen."""
    bill = open_claim(scheme, of_size(claim, size))
    books: Books = {}
    for stage in range(len(scheme.path)):
        decide({scheme.content_hash: scheme}, stage, bill, books, {})
    return bill.shares()[0], {payout.stage: payout.paid for payout in bill.payouts}
