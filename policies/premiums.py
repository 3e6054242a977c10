"""Premiums: who pays what for a person's insurance of a year, as the scheme says for those on the rosters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from policies.scheme import PremiumRule, Scheme
from policies.values import Grade

PremiumKind = Literal["subsidised", "purchased", "refunded"]


@dataclass(frozen=True, slots=True)
class PremiumDue:
    """One payer's part of a premium, in fen a year.

    ``subsidised``: the person's own contribution to basic insurance, paid for him. ``purchased``: another layer's
    insurance, bought for him. ``refunded``: the part of what is subsidised that goes to the person, because he had
    paid it already; it is no further expense of the payer.
    """

    kind: PremiumKind
    layer: str
    payer: str
    amount: int
    category: str
    cite: str
    grade: Grade


def cover(
    year: int, effective_on: date, died_on: date | None = None, ended_on: date | None = None
) -> tuple[date, date] | None:
    """The first and last day of the year on which an enrollment insures, or None where it does on none.

    ``died_on``, the day of death, is the last day insured; ``ended_on`` is the first day no longer insured.
    """
    first, last = max(effective_on, date(year, 1, 1)), date(year, 12, 31)
    if died_on is not None:
        last = min(last, died_on)
    if ended_on is not None:
        last = min(last, ended_on - timedelta(days=1))
    return (first, last) if first <= last else None


def premiums_due(scheme: Scheme, first_day: date, held: Sequence[str], self_paid: int) -> list[PremiumDue]:
    """The premiums of one person and year, layer by layer in the scheme's order.

    ``held`` are the categories held on any day of the cover; of each layer the first in the order of choice that has
    rows counts, with all its rows (docs/domain.md#category_choice). Rows are those of ``first_day``, the first day of
    the cover.
    ``self_paid`` is what the person paid himself, in fen.
    """
    rows = [row for row in scheme.premiums if row.holds_on(first_day)]
    due: list[PremiumDue] = []
    for layer in dict.fromkeys(row.layer for row in rows):
        of_layer = [row for row in rows if row.layer == layer]
        named = {category for row in of_layer for category in row.for_}
        category = next((each for each in scheme.in_choice(held) if each in named), None)
        if category is None:
            continue
        chosen = [row for row in of_layer if category in row.for_]
        kind: PremiumKind = "subsidised" if layer == "basic" else "purchased"
        due += [_due(kind, row, row.value, category) for row in chosen]
        due += _refunds(chosen, category, self_paid)
    return due


def _refunds(rows: Sequence[PremiumRule], category: str, self_paid: int) -> list[PremiumDue]:
    left, refunds = self_paid, []
    for row in rows:
        amount = min(left, row.value) if row.refund_self_paid else 0
        if amount:
            refunds.append(_due("refunded", row, amount, category))
            left -= amount
    return refunds


def _due(kind: PremiumKind, row: PremiumRule, amount: int, category: str) -> PremiumDue:
    return PremiumDue(kind, row.layer, row.payer, amount, category, row.citation, row.grade)
