"""What payees still owe is taken off what they are to be paid."""

from collections.abc import Iterable, Mapping
from typing import Any

from projections.clearings import Row, outstanding


def set_off(owed: Iterable[Row], payable: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    """What a draft sets off against receivables of its region that stand, the oldest first.

    ``payable`` is what it comes to for each payee (kind, id), in fen.
    """
    left = {payee: balance for payee, balance in payable.items() if balance > 0}
    found = []
    for row in sorted(owed, key=lambda row: (row["number"], row["receivable_id"])):
        payee = row["payee_kind"], row["payee"]
        amount = min(left.get(payee, 0), outstanding(row))
        if amount > 0:
            left[payee] -= amount
            found.append(
                {
                    "receivable_id": row["receivable_id"],
                    "payee_kind": row["payee_kind"],
                    "payee": row["payee"],
                    "amount": amount,
                }
            )
    return found
