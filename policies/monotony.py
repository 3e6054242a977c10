"""Where a person would bear less of a larger bill: a sign of a slip in a scheme's text.

Every way in which the scheme's conditions can meet a claim is tried with bills from one yuan up, all in scope, as the
year's first claim. Each rule pays by itself no more for more than the bill grew; a step in what a condition on the size
of the bill chooses can.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from policies.arithmetic import Band
from policies.claim import BillParts, Claim
from policies.claim_facts import NumberRange
from policies.engine import decide, open_claim
from policies.limits import Books
from policies.sample_claims import Sample, hospital_at, samples
from policies.scheme import Scheme
from policies.values import GROUPS

MOST_TRIED = 600
"""Claims of one scheme that are tried with bills of every size; the shipped ones have at most 168."""
_LARGEST = 100_000_000
"""Fen: a million yuan."""


class FallingShare(NamedTuple):
    """Of a bill of ``size`` fen the person bears ``share``, of larger ones less: the ``least`` of the one ``at``.

    From ``until`` on it is ``share`` again; None: not up to a million yuan. ``case``: the stage and case that pay most
    of the difference. ``sample`` is who was tried.
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
    asked = list(_persons(scheme))
    sizes = sorted(_sizes(scheme))
    found: dict[object, FallingShare] = {}
    for sample in asked[:MOST_TRIED]:
        for fall in _falls(scheme, sample, sizes):
            found.setdefault((fall.case, fall.size, fall.at), fall)
    return Falls(list(found.values()), min(len(asked), MOST_TRIED), len(asked))


def _persons(scheme: Scheme) -> Iterator[Sample]:
    """One sample for all sizes of the bill; where rows ask for the size, also by place and category that rows name."""
    rows = [row for parameter in scheme.parameters.values() for row in parameter.root]
    by_size = any(name in ("total", "in_scope") for row in rows for name, _ in row.asked)
    places = sorted({row.place for row in rows if row.place}) if by_size else []
    groups = sorted({group for row in rows for group in row.for_ if group not in GROUPS}) if by_size else []
    seen = set()
    for sample in samples(scheme):
        bare = replace(sample.claim, bill=_bill(100))
        moved = [replace(bare, hospital_region=hospital_at(bare.region, at), filed=at != "unfiled") for at in places]
        for claim in (bare, *moved, *(replace(bare, categories=(group,)) for group in groups)):
            if claim not in seen:
                seen.add(claim)
                yield sample._replace(claim=claim)


def _sizes(scheme: Scheme) -> Iterable[int]:
    """Bills at which anything may turn, and others between them."""
    found = {100 * 2**step for step in range(20)} | {150 * 2**step for step in range(20)}
    bands: set[int] = set()
    amounts: set[int] = set()
    asked = {key for stage in scheme.stages for case in stage.cases for key in (each.asked for each in case.conditions)}
    for parameter in scheme.parameters.values():
        asked |= parameter.asked
        for row in parameter.root:
            match row.value:
                case bool():
                    pass
                case int():
                    amounts.add(row.value)
                case tuple():
                    bands |= {band.to for band in row.value if isinstance(band, Band) and band.to is not None}
    found |= amounts | bands | {amount + band for amount in amounts for band in bands}
    for key in asked:
        for name, value in key:
            if name in ("total", "in_scope") and isinstance(value, NumberRange):
                found |= {size for edge in value.edges for size in (edge - 1, edge)}
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
        more = {stage: paid_then.get(stage, 0) - paid.get(stage, 0) for stage in paid_then}
        stage = max(more, key=lambda stage: more[stage], default=0)
        there = replace(sample.claim, bill=_bill(after))
        case = scheme.case(stage, there, quota=open_claim(scheme, there).quota is not None)
        index = next((index for index, each in enumerate(scheme.stages[stage].cases) if each is case), 0)
        if until is not None:
            until = _first(scheme, sample.claim, share, after, until)
        yield FallingShare(sample, (stage, index), size, share, at, least, until)


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
    bill = open_claim(scheme, replace(claim, bill=_bill(size)))
    books: Books = {}
    for stage in range(len(scheme.path)):
        decide({scheme.content_hash: scheme}, stage, bill, books, {})
    return bill.shares()[0], {payout.stage: payout.paid for payout in bill.payouts}


def _bill(size: int) -> BillParts:
    return BillParts(size, size, 0, 0, 0)
