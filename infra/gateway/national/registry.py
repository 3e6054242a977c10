"""The transactions by their number in the interface (infno), and what takes each of them back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from infra.gateway.national.call import Call, Original
from infra.gateway.national.file_reply import FileContent
from infra.gateway.services import Services

Output = Mapping[str, Any] | list[Any] | FileContent | None
"""What stands in ``output``; amounts are Decimals. A question may answer a file instead."""
Handler = Callable[[Services, Call], Awaitable[Output]]
Undo = Callable[[Services, Call, Original], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Registered:
    """A transaction's handler; ``kept`` is False for a question, which is answered anew each time."""

    handler: Handler
    kept: bool


TRANSACTIONS: dict[str, Registered] = {}
UNDOS: dict[str, Undo] = {}


def transaction(*infnos: str, kept: bool = True) -> Callable[[Handler], Handler]:
    """Register the handler of transactions.

    A kept one happens once: its answer, also a refusal by ``NationalRefused``, is given again to the same msgid. It may
    run again where its answer was not kept, under the same ``call.number``, and must then come to the same.
    """

    def register(handler: Handler) -> Handler:
        for infno in infnos:
            if infno in TRANSACTIONS:
                raise AssertionError(f"transaction {infno} has two handlers")
            TRANSACTIONS[infno] = Registered(handler, kept)
        return handler

    return register


def undo(*infnos: str) -> Callable[[Undo], Undo]:
    """Register what takes transactions back for 2601: ``call`` is that of the reversal.

    It may run again where the reversal's answer was not kept, and must then find nothing left to do. It is not called
    for a transaction that was refused or never came.
    """

    def register(handler: Undo) -> Undo:
        for infno in infnos:
            if infno in UNDOS:
                raise AssertionError(f"transaction {infno} is taken back by two")
            UNDOS[infno] = handler
        return handler

    return register


@cache
def known_transactions() -> Mapping[str, Registered]:
    """All transactions, each registered."""
    import_module("infra.gateway.national.transactions")  # here: its modules register with this one
    return TRANSACTIONS
