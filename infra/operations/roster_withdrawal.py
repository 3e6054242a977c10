"""Withdraws an imported list: publishes what puts memberships back, and records who withdrew it and why."""

from infra.operations.ledger_access import LedgerAccess
from infra.operations.quiescence import until_quiet
from infra.operations.roster_import import all_taken, import_lock, publish_changes, require_seen
from processors.rosters.imports import ConcurrentImport
from processors.rosters.period import Period
from processors.rosters.withdrawals import ListWithdrawal, draw_up_withdrawal, record_withdrawal, withdrawal_event


async def withdraw_list(
    access: LedgerAccess, source: str, period: Period, *, actor: str, reason: str, seen: str | None = None
) -> ListWithdrawal:
    """Withdraw a department's last list of a month. Raises ``NothingToWithdraw``, and ``RefusedList`` beside an import.

    ``seen`` and the time at which it returns are as an import has them (``import_list``). A withdrawal that was
    interrupted is carried on by the same step.
    """
    async with import_lock(access.engine):
        while True:
            await all_taken(access)
            async with access.engine.connect() as connection:
                withdrawal = await draw_up_withdrawal(connection, source, period)
            require_seen(withdrawal.changes, seen)
            events = (withdrawal_event(change, withdrawal.of, actor) for change in withdrawal.changes)
            published = await publish_changes(access, events)
            if access.settles:
                await until_quiet(access.engine, published.sequences)
            try:
                await record_withdrawal(access.engine, withdrawal, actor, reason)
            except ConcurrentImport:
                continue
            return withdrawal
