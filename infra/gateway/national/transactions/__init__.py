"""The transactions of the national interface, a module a group; importing this package registers all of them."""

from infra.gateway.national.transactions import (
    admission,
    applications,
    fees,
    files,
    outpatient,
    persons,
    pharmacy,
    queries,
    reconciliation,
    reversal,
    settlement_reversal,
    sign_in,
    stays,
)

__all__ = [
    "admission",
    "applications",
    "fees",
    "files",
    "outpatient",
    "persons",
    "pharmacy",
    "queries",
    "reconciliation",
    "reversal",
    "settlement_reversal",
    "sign_in",
    "stays",
]
