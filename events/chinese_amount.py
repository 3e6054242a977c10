"""Amounts in capitals (大写金额), as papers of money carry them."""

from decimal import Decimal


def in_capitals(yuan: Decimal) -> str:
    """An amount of yuan, to the fen: 5520.00 as 伍仟伍佰贰拾元整."""
    import cn2an  # here: no other command needs it

    return str(cn2an.an2cn(f"{yuan:.2f}", "rmb"))
