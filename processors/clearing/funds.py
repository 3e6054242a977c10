"""Out of which money a line of a clearing is paid."""

from events.codes import LAYERS, PAYERS

GRANT = "grant"
"""Grants, which are paid to the person and not by a layer."""
EMERGENCY_FUND = "emergency_fund"
"""No fund that pays, but a payee: the fund that lends, which is paid what repays its loans (上高 二5)."""


def refund_fund(payer: str) -> str:
    """The fund of refunded premiums: who pays the premium pays that part of it to the person, beside all layers."""
    return f"premium_refund.{payer}"


FUNDS = (*LAYERS, GRANT, *map(refund_fund, PAYERS))
"""In the order in which they are shown."""
