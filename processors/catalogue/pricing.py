"""Prices fee lines by the catalogue: each line's amount in four parts that sum to it exactly. No input, no output.

Each part is rounded half up to fen, and what rounding leaves goes to the part in scope. The identities are those of the
national interface: det_item_fee_sumamt = fulamt_ownpay_amt + overlmt_amt + preselfpay_amt + inscp_scp_amt.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from msgspec import Struct, structs

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


class LineTerms(Struct, frozen=True):
    """By what a line is priced: the entry of the catalogue, or that there is none. What a refund is priced by again."""

    entry: CatalogueEntry | None
    reason: SelfFundedReason | None

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


class PricedLine(Struct, frozen=True):
    """A line with its parts, fen, and the terms by which they came out."""

    line: FeeLine
    terms: LineTerms
    self_funded: int
    over_limit: int
    upfront_copay: int
    in_scope: int

    @property
    def why(self) -> str | None:
        """Why the whole line is self-funded, where it is."""
        return None if self.terms.reason is None else SELF_FUNDED_REASONS[self.terms.reason]

    def without(self, line: FeeLine) -> "PricedLine":
        """What is left of this line once another takes back of it."""
        left = structs.replace(self.line, amount=self.line.amount + line.amount, count=self.line.count + line.count)
        return _priced(left, self.terms)


class RefundTooLarge(ValueError):
    """A refund takes back more than is left of its line; the message names the line, in both languages."""


def terms_of(code: str, on: date, entries: Catalogue) -> LineTerms:
    """The terms for a code on a day."""
    entry = entries.on(code, on)
    if entry is None:
        return LineTerms(None, "unknown")
    return LineTerms(entry, "level" if entry.level == SELF_FUNDED_LEVEL else None)


def price(
    lines: Iterable[FeeLine], on: date, entries: Catalogue, standing: Mapping[str, PricedLine] | None = None
) -> list[PricedLine]:
    """Price lines of one day, in their order.

    ``standing`` are lines priced before, by sn, less what was taken back of them (``PricedLine.without``). A refund
    that names one of them, or one before it among ``lines``, has the parts by which that line's parts get smaller: all
    of it taken back, in however many steps, leaves nothing in any part. A refund that names none is priced as a line
    of its own with the opposite sign. Raises ``RefundTooLarge``.
    """
    left = dict(standing or {})
    priced = []
    for line in lines:
        taken_from = None if line.refunded is None else left.get(line.refunded)
        if line.amount < 0 and line.refunded is not None and taken_from is not None:
            rest = taken_from.without(line)
            if rest.line.amount < 0 or rest.line.count < 0:
                raise RefundTooLarge(
                    f"退费明细 {line.sn} 超过原明细 {line.refunded} 的余额，请核对金额和数量。"
                    f"Line {line.sn} takes back more than is left of line {line.refunded}"
                )
            done = PricedLine(line, taken_from.terms, *_differences(rest, taken_from))
            left[line.refunded] = rest
        else:
            done = _priced(line, terms_of(line.code, on, entries))
            left[line.sn] = done
        priced.append(done)
    return priced


def _priced(line: FeeLine, terms: LineTerms) -> PricedLine:
    return PricedLine(line, terms, *terms.parts(line.amount, line.count, line.price))


def _differences(after: PricedLine, before: PricedLine) -> tuple[int, int, int, int]:
    return (
        after.self_funded - before.self_funded,
        after.over_limit - before.over_limit,
        after.upfront_copay - before.upfront_copay,
        after.in_scope - before.in_scope,
    )


def _fen(exact: Decimal) -> int:
    return int(exact.quantize(_FEN, ROUND_HALF_UP))
