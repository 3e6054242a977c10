"""Withdraws an imported list: publishes what puts memberships back, and records who withdrew it and why."""

from contextlib import nullcontext

from infra.operations.quiescence import until_quiet
from infra.operations.roster_import import all_taken, import_lock, publish_changes
from infra.operations.settle import at_work
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import worker
from processors.rosters.imports import ConcurrentImport
from processors.rosters.period import Period
from processors.rosters.withdrawals import ListWithdrawal, draw_up_withdrawal, record_withdrawal, withdrawal_event


async def withdraw_list(
    endpoints: Endpoints, settings: Settings, source: str, period: Period, *, actor: str, reason: str
) -> ListWithdrawal:
    """Withdraw a department's last list of a month. Raises ``NothingToWithdraw``, and ``RefusedList`` beside an import.

    It returns when an import would (``import_list``). One that was interrupted is carried on by the same command.
    """
    async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours, import_lock(ours.engine):
        shared = not endpoints.owned and settings.external is None
        async with nullcontext() if shared else at_work(ours):
            while True:
                await all_taken(ours)
                async with ours.engine.connect() as connection:
                    withdrawal = await draw_up_withdrawal(connection, source, period)
                events = (withdrawal_event(change, withdrawal.of, actor) for change in withdrawal.changes)
                published = await publish_changes(ours, events)
                if not shared:
                    await until_quiet(ours.engine, published.sequences)
                try:
                    await record_withdrawal(ours.engine, withdrawal, actor, reason)
                except ConcurrentImport:
                    continue
                return withdrawal
