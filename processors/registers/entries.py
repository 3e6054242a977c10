"""Entries of registers of persons' care: entered, ended when they hold no longer, withdrawn as a mistake."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import REGISTER_ENDED, REGISTER_ENTERED, REGISTER_WITHDRAWN
from events.store.rows import among
from processors.law.terms import DISEASE_NAMES
from processors.registers.journal import RegisterJournal, open_journal
from processors.registers.refusal import RegisterNoteRefused
from projections.enrolments import enrolments
from projections.register_entries import RegisterEntry, register_entries

REGISTER_TITLES = {
    "contracts": "家庭医生签约",
    "checkups": "慢性病年度体检",
    "tuberculosis": "结核病免费治疗",
    "ten_diseases": "十种大病免费救治",
    "poverty_causes": "因病致贫病因",
}
NEEDS_DISEASE = ("ten_diseases", "poverty_causes")


class RegisterEntryOrder(Struct, frozen=True):
    """What a clerk enters of one person; ``region`` is where the person was enrolled last unless it is given."""

    register: str
    person_id: str
    held_on: date
    region: str | None = None
    until: date | None = None
    due_on: date | None = None
    disease: str | None = None
    hospital_id: str | None = None
    doctor: str | None = None
    finding: str | None = None
    document: str | None = None


async def enter(engine: AsyncEngine, orders: Sequence[RegisterEntryOrder], actor: str) -> list[str]:
    """Enter persons, all or none; returns the ids of what is new. What stands already just so is passed over.

    Raises ``RegisterNoteRefused`` where a person was never enrolled, a disease is unknown, or days do not fit.
    """
    async with open_journal(engine) as journal:
        persons = {order.person_id for order in orders}
        await journal.register.load(
            journal.connection, "register_entries", among(register_entries.c.person_id, persons)
        )
        regions = await _last_regions(journal.connection, persons)
        died = await deaths_of(journal.connection, persons)
        known = {_said(entry) for entry in journal.register.entries() if entry.status != "withdrawn"}
        made: list[str] = []
        for order in orders:
            whole = _completed(order, regions, journal.today)
            if whole.register != "poverty_causes":  # what made whom poor may be established later
                must_live(whole.person_id, whole.held_on, died)
            if _said(whole) in known:
                continue
            known.add(_said(whole))
            made.append(_record(journal, whole, actor))
    return made


async def deaths_of(connection: AsyncConnection, persons: set[str]) -> dict[str, date]:
    """The day of death of each of the persons who is reported dead."""
    table = enrolments.c
    dead = among(table.person_id, persons) & table.died_on.is_not(None)
    rows = await connection.execute(select(table.person_id, table.died_on).where(dead))
    return {row.person_id: row.died_on for row in rows}


def must_live(person_id: str, on: date, died: Mapping[str, date]) -> None:
    """Raise ``RegisterNoteRefused`` where a person was reported dead before a day."""
    died_on = died.get(person_id)
    if died_on is not None and died_on < on:
        raise RegisterNoteRefused(
            f"{person_id} 已于 {died_on} 去世，早于 {on}：请核对编号和日期；死亡登记有误的，先请民政部门更正。"
            f"{person_id} died on {died_on}, before {on}: check number and day, or have the death corrected first"
        )


def _record(journal: RegisterJournal, order: RegisterEntryOrder, actor: str) -> str:
    entry_id = f"{order.region}-R{journal.next_number}"
    days = {name: value and value.isoformat() for name, value in _days(order).items()}
    journal.record(REGISTER_ENTERED, {"entry_id": entry_id, **structs.asdict(order), **days, "actor": actor})
    return entry_id


def _days(order: RegisterEntryOrder) -> dict[str, date | None]:
    return {"held_on": order.held_on, "until": order.until, "due_on": order.due_on}


def _said(of: RegisterEntryOrder | RegisterEntry) -> tuple[Any, ...]:
    """What makes two entries the same: the register, whom, since when, and of which disease, doctor and hospital."""
    return of.register, of.person_id, of.held_on, of.disease, of.hospital_id, of.doctor, of.finding


async def _last_regions(connection: AsyncConnection, persons: set[str]) -> dict[str, str]:
    rows = await connection.execute(
        select(enrolments.c.person_id, enrolments.c.region)
        .where(among(enrolments.c.person_id, persons))
        .order_by(enrolments.c.year)
    )
    return {row.person_id: row.region for row in rows}


def _completed(order: RegisterEntryOrder, regions: dict[str, str], today: date) -> RegisterEntryOrder:
    """An order with its region and the day on which the next step is due. Raises ``RegisterNoteRefused``."""
    region = order.region or regions.get(order.person_id)
    if order.person_id not in regions or region is None:
        raise RegisterNoteRefused(
            f"账本中没有参保人 {order.person_id}，请核对编号。{order.person_id} was never enrolled: check the number"
        )
    if order.held_on > today:
        raise RegisterNoteRefused(
            f"{order.person_id}：{order.held_on} 尚未到，今天是 {today}。{order.held_on} is to come"
        )
    for name, day in (("截止日 until", order.until), ("应办日 due", order.due_on)):
        if day is not None and day <= order.held_on:
            raise RegisterNoteRefused(f"{order.person_id}：{name} {day} 应晚于 {order.held_on}。it must be later")
    if order.register in NEEDS_DISEASE and order.disease is None:
        raise RegisterNoteRefused(
            f"{order.person_id}：{REGISTER_TITLES[order.register]}须写明病种。say which disease (--disease)"
        )
    if order.disease is not None and order.disease not in DISEASE_NAMES:
        raise RegisterNoteRefused(
            f"没有病种 {order.disease}，全部见 claims schemes offers。no disease {order.disease} is known"
        )
    due = order.due_on
    if due is None and order.register == "checkups":
        due = _a_year_after(order.held_on)  # 安义 四(十四): once a year
    return structs.replace(order, region=region, due_on=due)


def _a_year_after(day: date) -> date:
    return day.replace(year=day.year + 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


async def end(engine: AsyncEngine, entry_id: str, on: date, reason: str, actor: str) -> RegisterEntry:
    """Say from which day an entry holds no longer: a contract that ends, a treatment that is finished.

    Raises ``RegisterNoteRefused`` where there is none that stands, or the day is to come or lies before it began.
    """
    async with open_journal(engine) as journal:
        found = await _standing(journal, entry_id)
        if not found.held_on <= on <= journal.today:
            raise RegisterNoteRefused(
                f"{entry_id} 自 {found.held_on} 起，终止日应在其后且不晚于今天。its end lies between that day and today"
            )
        said = {"entry_id": entry_id, "until": on.isoformat(), "reason": reason, "actor": actor}
        journal.record(REGISTER_ENDED, said)
    return found


async def withdraw(engine: AsyncEngine, entry_id: str, reason: str, actor: str) -> RegisterEntry:
    """Take back an entry that was a mistake. Raises ``RegisterNoteRefused`` where there is none that stands."""
    async with open_journal(engine) as journal:
        found = await _standing(journal, entry_id)
        journal.record(REGISTER_WITHDRAWN, {"entry_id": entry_id, "reason": reason, "actor": actor})
    return found


async def _standing(journal: RegisterJournal, entry_id: str) -> RegisterEntry:
    await journal.register.load(journal.connection, "register_entries", register_entries.c.entry_id == entry_id)
    found = journal.register.entry(entry_id)
    if found is None:
        raise RegisterNoteRefused(f"没有登记 {entry_id}，全部见 claims registers。there is no entry {entry_id}")
    if found.status != "standing":
        raise RegisterNoteRefused(f"{entry_id} 已终止或撤回。{entry_id} is {found.status} already")
    return found
