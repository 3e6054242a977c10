"""Lists that go out, noted by recipient (抚松 四(五), 上高 一4), and the receipts of those who got them."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import county_day
from events.decisions import ROSTER_PUBLISHED, ROSTER_RECEIVED
from processors.registers.journal import open_journal
from processors.registers.refusal import RegisterNoteRefused
from projections.roster_deliveries import RosterDelivery, roster_deliveries


class RosterDeliveryOrder(Struct, frozen=True):
    """A list that went to a recipient: how many persons are on it, and how many more and fewer than a month before."""

    recipient_kind: str
    recipient: str
    persons: int
    additions: int
    removals: int
    sha256: str
    known_until: int


async def publish(
    engine: AsyncEngine, region: str, period: str, orders: Sequence[RosterDeliveryOrder], actor: str
) -> list[str]:
    """Note the lists of a month; returns the ids of deliveries. One that went out just so is not noted again."""
    async with open_journal(engine) as journal:
        table = roster_deliveries.c
        of_month = (table.region == region, table.period == period)
        await journal.register.load(journal.connection, "roster_deliveries", *of_month)
        gone = {(each.recipient_kind, each.recipient): each.sha256 for each in journal.register.deliveries()}
        made: list[str] = []
        for order in orders:
            if gone.get((order.recipient_kind, order.recipient)) == order.sha256:
                continue
            delivery_id = f"{region}-D{journal.next_number}"
            said = {"delivery_id": delivery_id, "region": region, "period": period, **structs.asdict(order)}
            journal.record(ROSTER_PUBLISHED, {**said, "actor": actor})
            made.append(delivery_id)
    return made


async def receive(
    engine: AsyncEngine, region: str, period: str, recipient: str, on: date, receipt: str, actor: str
) -> RosterDelivery:
    """Note that a recipient has the last list of a month that was sent to it. Raises ``RegisterNoteRefused``."""
    async with open_journal(engine) as journal:
        table = roster_deliveries.c
        of_month = (table.region == region, table.period == period, table.recipient == recipient)
        await journal.register.load(journal.connection, "roster_deliveries", *of_month)
        sent = journal.register.deliveries()
        if not sent:
            raise RegisterNoteRefused(
                f"{period} 没有登记向 {recipient} 下发名单，请先 claims roster publish --actor。"
                f"no list of {period} was noted as gone to {recipient}"
            )
        last = sent[-1]
        if last.received_on is not None:
            raise RegisterNoteRefused(
                f"{recipient} 已于 {last.received_on} 签收 {period} 名单。{recipient} has received it already"
            )
        if on > journal.today:
            raise RegisterNoteRefused(f"{on} 尚未到。{on} is to come")
        sent_on = county_day(last.published_at)
        if on < sent_on:
            raise RegisterNoteRefused(
                f"{period} 名单于 {sent_on} 下发，签收日期不能早于下发日期。"
                f"the list went out on {sent_on}: nobody had it before"
            )
        said = {"delivery_id": last.delivery_id, "received_on": on.isoformat(), "receipt": receipt}
        journal.record(ROSTER_RECEIVED, {**said, "actor": actor})
    return last
