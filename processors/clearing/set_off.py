"""Set-off: what payees owe the funds is taken off what the funds are to pay them."""

from collections.abc import Iterable, Mapping

from projections.clearing_rows import Receivable, SetOff


def set_off(owed: Iterable[Receivable], payable: Mapping[tuple[str, str], int]) -> list[SetOff]:
    """What a draft sets off against receivables of its region that stand, the oldest first.

    ``payable`` is what the draft comes to for each payee (kind, id), in fen.
    """
    left = {payee: balance for payee, balance in payable.items() if balance > 0}
    found = []
    for each in sorted(owed, key=lambda receivable: (receivable.number, receivable.receivable_id)):
        payee = each.payee_kind, each.payee
        amount = min(left.get(payee, 0), each.outstanding)
        if amount > 0:
            left[payee] -= amount
            found.append(SetOff(each.receivable_id, *payee, amount))
    return found
