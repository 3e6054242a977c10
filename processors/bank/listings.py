"""Payees' accounts as commands show them: numbers masked unless they are asked for whole."""

from collections import Counter
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from processors.bank.account_numbers import masked
from processors.bank.account_rows import AccountStep, PayeeAccount, PayeeAccounts, load_steps
from processors.bank.accounts import unsealed
from processors.offices.keys import KeyRing
from projections.clearing_rows import PayeeKind
from projections.clearings import clearing_payments, clearings
from projections.prepayments import prepayments


async def account_rows(
    engine: AsyncEngine,
    keys: KeyRing,
    payee_kind: PayeeKind | None = None,
    payee: str | None = None,
    *,
    whole: bool = False,
    all_: bool = False,
) -> list[dict[str, Any]]:
    """Accounts that stand, or ``all_`` that ever were, in the order in which they were set.

    Raises ``StepRefused`` where a key lacks.
    """
    async with engine.connect() as connection:
        accounts = PayeeAccounts(await load_steps(connection, payee_kind, payee))
    shown = list(accounts.by_number.values()) if all_ else accounts.standing()
    return [_account(keys, each, whole=whole) for each in shown]


async def lacking_rows(engine: AsyncEngine) -> list[dict[str, Any]]:
    """Payees that are to be paid and have no account, approved or proposed; the sum in yuan.

    They are those of approved clearings that are due or came back, and hospitals with an ordered prepayment.
    """
    due = select(clearing_payments.c.payee_kind, clearing_payments.c.payee, clearing_payments.c.amount).join(
        clearings, clearings.c.clearing_id == clearing_payments.c.clearing_id
    )
    due = due.where(clearings.c.status == "approved", clearing_payments.c.status.in_(("due", "returned")))
    ahead = select(prepayments.c.hospital_id, prepayments.c.amount).where(prepayments.c.status == "ordered")
    sums: Counter[tuple[str, str]] = Counter()
    async with engine.connect() as connection:
        accounts = PayeeAccounts(await load_steps(connection))
        for kind, payee, amount in await connection.execute(due):
            sums[kind, payee] += amount
        for hospital_id, amount in await connection.execute(ahead):
            sums["hospital", hospital_id] += amount
    return [
        {"payee_kind": kind, "payee": payee, "amount": yuan(amount)}
        for (kind, payee), amount in sorted(sums.items())
        if accounts.approved(kind, payee) is None and accounts.proposed(kind, payee) is None
    ]


async def step_rows(engine: AsyncEngine, payee_kind: PayeeKind, payee: str) -> list[dict[str, Any]]:
    """Every step on a payee's accounts, with who took it; needs no key, for it tells no account."""
    async with engine.connect() as connection:
        return [_step(each) for each in await load_steps(connection, payee_kind, payee)]


def _account(keys: KeyRing, account: PayeeAccount, *, whole: bool) -> dict[str, Any]:
    held = unsealed(keys, account)
    return {
        "number": account.number,
        "payee_kind": account.set_.payee_kind,
        "payee": account.set_.payee,
        "status": account.status,
        "holder": held.holder,
        "account": held.account if whole else masked(held.account),
        "bank": held.bank,
        "bank_code": held.bank_code,
        "relation": account.set_.relation,
        "reason": account.set_.reason,
        "set_by": account.set_.actor,
        "set_at": account.set_.at.isoformat(),
        "approved_by": account.approved and account.approved.actor,
        "approved_at": account.approved and account.approved.at.isoformat(),
        "closed_by": account.closed and account.closed.actor,
        "closed_at": account.closed and account.closed.at.isoformat(),
        "key_id": account.set_.key_id,
    }


def _step(step: AccountStep) -> dict[str, Any]:
    return {
        "number": step.number,
        "step": step.step,
        "account": step.account,
        "payee_kind": step.payee_kind,
        "payee": step.payee,
        "relation": step.relation,
        "reason": step.reason,
        "actor": step.actor,
        "login": step.login,
        "at": step.at.isoformat(),
    }
