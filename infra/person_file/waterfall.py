"""A claim as a waterfall from the bill to the person's own share: each bar begins where the one before ended."""

from dataclasses import dataclass

from processors.person.file_model import FileClaim, FileLayer


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: ``kind`` is total, a layer's code, hospital, gap or patient; places are in percent of the bill.

    ``left`` is what of the bill is still unpaid after it, in fen.
    """

    kind: str
    amount: int
    left: int
    start: float
    width: float
    decided: FileLayer | None = None


@dataclass(frozen=True, slots=True)
class BillPart:
    """One part of the bill within the first bar."""

    name: str
    amount: int
    start: float
    width: float


def waterfall(claim: FileClaim) -> list[Bar]:
    """The bill, what each layer pays, the hospital's share where there is one, and what is left to the person.

    The bars after the first add up to it: where a statement that somebody has changed does not balance, a bar of kind
    gap says by how much.
    """
    total = claim.bill.total
    bars = [Bar("total", total, total, 0.0, 100.0)]
    left = total
    for decided in claim.layers:
        left -= decided.paid
        bars.append(_bar(decided.layer, decided.paid, left, total, decided))
    if claim.hospital:
        left -= claim.hospital
        bars.append(_bar("hospital", claim.hospital, left, total))
    if left != claim.patient:
        bars.append(_bar("gap", left - claim.patient, claim.patient, total))
    bars.append(_bar("patient", claim.patient, 0, total))
    return bars


def parts(claim: FileClaim) -> list[BillPart]:
    """The parts of the bill side by side, those of 0 left out."""
    bill, start = claim.bill, 0
    found = []
    for name in ("in_scope", "upfront_copay", "over_limit", "self_funded"):
        amount = getattr(bill, name)
        if amount:
            found.append(BillPart(name, amount, _percent(start, bill.total), _percent(amount, bill.total)))
        start += amount
    return found


def _bar(kind: str, amount: int, left: int, total: int, decided: FileLayer | None = None) -> Bar:
    return Bar(kind, amount, left, _percent(left, total), _percent(abs(amount), total), decided)


def _percent(amount: int, total: int) -> float:
    return amount * 100 / total if total else 0.0
