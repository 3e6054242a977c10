"""The transactions of the national interface, a module a group; importing this package registers all of them."""

from infra.gateway.national.transactions import (
    admission,
    fees,
    outpatient,
    persons,
    pharmacy,
    queries,
    reversal,
    settlement_reversal,
    sign_in,
    stays,
)

__all__ = [
    "admission",
    "fees",
    "outpatient",
    "persons",
    "pharmacy",
    "queries",
    "reversal",
    "settlement_reversal",
    "sign_in",
    "stays",
]
