"""Out of which money a line of a clearing is paid."""

from policies.vocabulary import layer_place

GRANT = "grant"
"""Grants, which are paid to the person and not by a layer."""
EMERGENCY_FUND = "emergency_fund"
"""No fund that pays, but a payee: the fund that lends, which is paid what repays its loans (上高 二5)."""
REFUND = "premium_refund."


def refund_fund(payer: str) -> str:
    """The fund of refunded premiums: who pays the premium pays that part of it to the person, beside all layers."""
    return f"{REFUND}{payer}"


def fund_place(fund: str) -> tuple[int, tuple[int, str]]:
    """Where a fund stands among others: the layers, grants, then refunds by who pays them."""
    if fund == GRANT:
        return 1, (0, "")
    return (2, (0, fund)) if fund.startswith(REFUND) else (0, layer_place(fund))
