"""Prices fee lines by the catalogue or by the hospital's own split: four parts that sum to each line. Pure.

Each part is rounded half up to fen, and what rounding leaves goes to the part in scope. The identities are those of the
national interface: det_item_fee_sumamt = fulamt_ownpay_amt + overlmt_amt + preselfpay_amt + inscp_scp_amt.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal

from msgspec import Struct, structs

from events.money import yuan
from policies.arithmetic import share
from processors.catalogue.entries import SELF_FUNDED_LEVEL, Catalogue, CatalogueEntry

SelfFundedReason = Literal["level", "unknown"]
SELF_FUNDED_REASONS: dict[SelfFundedReason, str] = {
    "level": "丙类，全自费",
    "unknown": "当日目录中没有该编码，全自费",
}
_FEN = Decimal(1)


class FeeLine(Struct, frozen=True):
    """A line of fees as a hospital states it; ``amount`` (det_item_fee_sumamt) is fen, ``price`` yuan a unit.

    Amount and ``count`` of a refund are negative; ``refunded`` is then the sn of the line that it takes back of.
    """

    sn: str
    code: str
    amount: int
    count: Decimal
    price: Decimal
    refunded: str | None = None

    @property
    def takes_back(self) -> bool:
        """Whether it is a refund."""
        return self.amount < 0 or self.count < 0


class LineTerms(Struct, frozen=True):
    """By what a line is priced: the entry of the catalogue, or that there is none. What a refund is priced by again."""

    entry: CatalogueEntry | None
    reason: SelfFundedReason | None

    @classmethod
    def of(cls, entry: CatalogueEntry | None) -> "LineTerms":
        """The terms of an entry, or of a code that has none."""
        if entry is None:
            return cls(None, "unknown")
        return cls(entry, "level" if entry.level == SELF_FUNDED_LEVEL else None)

    @property
    def why(self) -> str | None:
        """Why the whole line is self-funded, where it is."""
        return None if self.reason is None else SELF_FUNDED_REASONS[self.reason]

    def parts(self, amount: int, count: Decimal, price: Decimal) -> tuple[int, int, int, int]:
        """Self-funded, over the limit, upfront, in scope, fen; a negative amount has the parts of its counterpart."""
        if amount < 0:
            self_funded, over_limit, upfront, in_scope = self.parts(-amount, abs(count), price)
            return -self_funded, -over_limit, -upfront, -in_scope
        if self.entry is None or self.reason is not None:
            return amount, 0, 0, 0
        over = max(Decimal(0), price - self.entry.price_cap) if self.entry.price_cap is not None else Decimal(0)
        over_limit = min(amount, _fen(over * abs(count) * 100))  # count × price need not give the amount
        upfront = _fen(self.entry.upfront_ratio * (amount - over_limit))
        return 0, over_limit, upfront, amount - over_limit - upfront


class StatedTerms(Struct, frozen=True):
    """How a hospital has parted a line itself, fen; ``amount`` less the three parts is in scope.

    What is left of the line is parted in the same proportions.
    """

    amount: int
    self_funded: int = 0
    over_limit: int = 0
    upfront_copay: int = 0

    def parts(self, amount: int, _count: Decimal, _price: Decimal) -> tuple[int, int, int, int]:
        """As those of ``LineTerms``."""
        sign = -1 if amount < 0 else 1
        ratio = Fraction(abs(amount), abs(self.amount)) if self.amount else Fraction(0)
        rest = abs(amount)
        parted = []
        for stated in (self.self_funded, self.over_limit, self.upfront_copay):
            part = min(rest, share(abs(stated), ratio))  # three parts that are rounded up may be more than the amount
            parted.append(sign * part)
            rest -= part
        return parted[0], parted[1], parted[2], sign * rest


class PricedLine(Struct, frozen=True):
    """A line with its parts, fen, and the terms by which they came out."""

    line: FeeLine
    terms: LineTerms | StatedTerms
    self_funded: int
    over_limit: int
    upfront_copay: int
    in_scope: int

    @classmethod
    def of(cls, line: FeeLine, terms: LineTerms | StatedTerms) -> "PricedLine":
        """A line that takes nothing back of another."""
        return cls(line, terms, *terms.parts(line.amount, line.count, line.price))

    def without(self, line: FeeLine) -> "PricedLine":
        """What is left of this line once another takes back of it."""
        left = structs.replace(self.line, amount=self.line.amount + line.amount, count=self.line.count + line.count)
        return PricedLine.of(left, self.terms)


class RefundTooLarge(ValueError):
    """A refund takes back more than is left of its line; the message says what is left, in both languages."""

    def __init__(self, refund: FeeLine, left: FeeLine) -> None:
        count, amount = f"{left.count.normalize():f}", yuan(left.amount)
        super().__init__(
            f"退费明细 {refund.sn}：超过原明细 {left.sn} 的余额，原明细尚余数量 {count}、金额 {amount} 元。"
            f"Line {refund.sn} takes back more than is left of line {left.sn}: {count}, {amount} yuan"
        )


def terms_of(code: str, on: date, entries: Catalogue) -> LineTerms:
    """The terms for a code on a day."""
    return LineTerms.of(entries.on(code, on))


def price(
    lines: Iterable[FeeLine],
    terms: Callable[[FeeLine], LineTerms | StatedTerms],
    standing: Mapping[str, PricedLine] | None = None,
) -> list[PricedLine]:
    """Price lines in their order, each by its own terms.

    ``standing`` are lines priced before, by sn, less what was taken back of them (``PricedLine.without``). A refund
    that names one of them, or one before it among ``lines``, has the parts by which that line's parts get smaller: all
    of it taken back, in however many steps, leaves nothing in any part. A refund that names none is priced as a line
    of its own with the opposite sign. Raises ``RefundTooLarge``.
    """
    left = dict(standing or {})
    priced = []
    for line in lines:
        taken_from = None if line.refunded is None else left.get(line.refunded)
        if line.takes_back and line.refunded is not None and taken_from is not None:
            rest = taken_from.without(line)
            if rest.line.amount < 0 or rest.line.count < 0:
                raise RefundTooLarge(line, taken_from.line)
            done = PricedLine(line, taken_from.terms, *_differences(rest, taken_from))
            left[line.refunded] = rest
        else:
            done = PricedLine.of(line, terms(line))
            left[line.sn] = done
        priced.append(done)
    return priced


def _differences(after: PricedLine, before: PricedLine) -> tuple[int, int, int, int]:
    return (
        after.self_funded - before.self_funded,
        after.over_limit - before.over_limit,
        after.upfront_copay - before.upfront_copay,
        after.in_scope - before.in_scope,
    )


def _fen(exact: Decimal) -> int:
    return int(exact.quantize(_FEN, ROUND_HALF_UP))
