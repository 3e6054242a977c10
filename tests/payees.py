"""Accounts of payees as tests set and approve them. All numbers are made up."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from processors.bank import accounts
from processors.bank.accounts import AccountOrder
from processors.offices.keys import KeyRing, new_key

KEYS = KeyRing([new_key()])
CARD, OTHER_CARD = "6217000000000000004", "6217000000000000012"
"""Fictitious; their check digits are right."""


def order(payee: str = "P1", **stated: Any) -> AccountOrder:
    """An account of a person, or of whom ``stated`` says."""
    usual: dict[str, Any] = {"payee_kind": "person", "holder": "张三", "account": CARD, "bank": "抚松县信用社"}
    return AccountOrder(payee=payee, **(usual | stated))


async def approved(engine: AsyncEngine, *orders: AccountOrder, keys: KeyRing = KEYS) -> list[int]:
    """Set accounts by one person, and approve them by another; gives their numbers."""
    numbers = [(await accounts.enter(engine, keys, each, "chen")).number for each in orders]
    await accounts.approve(engine, keys, numbers, "zhou")
    return numbers
