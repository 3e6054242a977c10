"""The emergency fund's steps (上高 二5): a person asks, another at the township approves, the bureau is told."""

from collections.abc import Collection
from datetime import date

from msgspec import Struct, structs
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import ADVANCE_APPLIED, ADVANCE_APPROVED, ADVANCE_DECLINED, ADVANCE_FILED
from events.money import yuan
from processors.offices.operators import Operator
from processors.registers.entries import deaths_of, must_live
from processors.registers.journal import RegisterJournal, open_journal
from processors.registers.refusal import RegisterNoteRefused
from projections.advance_requests import AdvanceRequest, advance_requests
from projections.advances import Advance, advances
from projections.enrolments import enrolments

REQUEST_STATE_NAMES = {"none": "无申请", "applied": "待审核", "approved": "已审核", "declined": "未批准"}


class AdvanceRequestOrder(Struct, frozen=True):
    """What a person asks for; amount in fen. ``advance_id`` will be that of the loan, given here unless it is named."""

    region: str
    person_id: str
    amount: int
    applied_on: date
    need: str
    township: str | None = None
    destination: str | None = None
    advance_id: str | None = None


async def apply(engine: AsyncEngine, order: AdvanceRequestOrder, actor: str) -> str:
    """Enter a request for a loan; returns its id. Raises ``RegisterNoteRefused``."""
    async with open_journal(engine) as journal:
        advance_id = order.advance_id or f"{order.region}-J{journal.next_number}"
        await _load(journal, order.region, advance_id)
        before = journal.register.request(order.region, advance_id)
        if (before is not None and before.status != "none") or await _lent(journal, order.region, advance_id):
            raise RegisterNoteRefused(f"编号 {advance_id} 已用过，请换一个。the number {advance_id} was used before")
        if order.amount <= 0:
            raise RegisterNoteRefused("金额须大于 0。the amount must be above 0")
        if order.applied_on > journal.today:
            raise RegisterNoteRefused(f"{order.applied_on} 尚未到。{order.applied_on} is to come")
        enrolled = select(enrolments.c.person_id).where(enrolments.c.person_id == order.person_id).limit(1)
        if (await journal.connection.execute(enrolled)).first() is None:
            raise RegisterNoteRefused(
                f"账本中没有参保人 {order.person_id}，请核对编号。{order.person_id} was never enrolled"
            )
        must_live(order.person_id, order.applied_on, await deaths_of(journal.connection, {order.person_id}))
        await _asked_once(journal, order)
        said = structs.asdict(order) | {"advance_id": advance_id, "applied_on": order.applied_on.isoformat()}
        journal.record(ADVANCE_APPLIED, {**said, "actor": actor})
    return advance_id


async def approve(engine: AsyncEngine, region: str, advance_id: str, actor: str, amount: int | None) -> int:
    """Approve a request, for less where ``amount`` (fen) is given; returns what may be lent.

    Raises ``RegisterNoteRefused``, also for who entered it.
    """
    async with open_journal(engine) as journal:
        found = await _in_state(journal, region, advance_id, ("applied",))
        journal.operator(actor).must_differ(_applicant(found), f"entered {advance_id}", "approve it")
        asked = found.amount or 0
        granted = asked if amount is None else amount
        if not 0 < granted <= asked:
            raise RegisterNoteRefused(
                f"申请 {yuan(asked)} 元，不能批准 {yuan(granted)} 元。{yuan(asked)} was asked for, not {yuan(granted)}"
            )
        said = {"region": region, "advance_id": advance_id, "amount": granted, "actor": actor}
        journal.record(ADVANCE_APPROVED, said)
    return granted


async def decline(engine: AsyncEngine, region: str, advance_id: str, actor: str, reason: str) -> None:
    """Decline a request. Raises ``RegisterNoteRefused``, also for who entered it."""
    async with open_journal(engine) as journal:
        found = await _in_state(journal, region, advance_id, ("applied",))
        journal.operator(actor).must_differ(_applicant(found), f"entered {advance_id}", "decline it")
        said = {"region": region, "advance_id": advance_id, "reason": reason, "actor": actor}
        journal.record(ADVANCE_DECLINED, said)


async def file(engine: AsyncEngine, region: str, advance_id: str, on: date, actor: str) -> None:
    """Note the day on which a loan was filed with the bureau. Raises ``RegisterNoteRefused``."""
    async with open_journal(engine) as journal:
        await _load(journal, region, advance_id)
        found = journal.register.request(region, advance_id)
        lent = await _lent(journal, region, advance_id)
        if found is None and lent is None:
            raise RegisterNoteRefused(
                f"统筹区 {region} 没有临时救急借款 {advance_id}，见 claims advances。there is no advance {advance_id}"
            )
        filed = (lent and lent.filed_on) or (found and (found.filed_on or found.status == "declined"))
        if filed:
            raise RegisterNoteRefused(
                f"临时救急借款 {advance_id} 已备案或未获批准。{advance_id} was filed already, or was declined"
            )
        if on > journal.today:
            raise RegisterNoteRefused(f"{on} 尚未到。{on} is to come")
        if lent is not None and on < lent.issued_on:
            raise RegisterNoteRefused(
                f"{on} 早于借出日 {lent.issued_on}。it is filed on or after {lent.issued_on}, when it was lent"
            )
        said = {"region": region, "advance_id": advance_id, "filed_on": on.isoformat(), "actor": actor}
        journal.record(ADVANCE_FILED, said)


async def _asked_once(journal: RegisterJournal, order: AdvanceRequestOrder) -> None:
    """Raise ``RegisterNoteRefused`` where the same request waits already: it was typed twice."""
    table = advance_requests.c
    same = select(table.advance_id).where(
        table.region == order.region,
        table.person_id == order.person_id,
        table.applied_on == order.applied_on,
        table.amount == order.amount,
        table.status == "applied",
    )
    found = (await journal.connection.execute(same)).first()
    if found is not None:
        raise RegisterNoteRefused(
            f"{order.person_id} 同日同额的申请 {found.advance_id} 正待审核，不用再登记。"
            f"{found.advance_id} asks the same and waits for a decision: it need not be entered again"
        )


async def _load(journal: RegisterJournal, region: str, advance_id: str) -> None:
    table = advance_requests.c
    key = (table.region == region, table.advance_id == advance_id)
    await journal.register.load(journal.connection, "advance_requests", *key)


async def _lent(journal: RegisterJournal, region: str, advance_id: str) -> Advance | None:
    key = (advances.c.region == region, advances.c.advance_id == advance_id)
    found = (await journal.connection.execute(select(advances).where(*key))).first()
    return None if found is None else Advance(*found)


async def _in_state(journal: RegisterJournal, region: str, advance_id: str, states: Collection[str]) -> AdvanceRequest:
    await _load(journal, region, advance_id)
    found = journal.register.request(region, advance_id)
    if found is None or found.status not in states:
        now = "无此申请" if found is None else REQUEST_STATE_NAMES[found.status]
        raise RegisterNoteRefused(
            f"申请 {advance_id}：{now}，这一步只能用于待审核的申请。"
            f"request {advance_id} is {found.status if found else 'unknown'}, not one that waits for a decision"
        )
    return found


def _applicant(request: AdvanceRequest) -> Operator:
    return Operator(request.applied_by or "", request.applied_login)
