"""Money kept back of hospitals (考核预留): a year's is released by score, and the next clearing pays it.

One person orders a release, another approves it. No more is released of anything than was kept back of it.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from msgspec import Struct, to_builtins
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import county_day
from events.decisions import (
    WITHHOLDING_RELEASE_APPROVED,
    WITHHOLDING_RELEASE_ORDERED,
    WITHHOLDING_RELEASE_WITHDRAWN,
)
from events.money import yuan
from events.store.journal import database_time
from policies.arithmetic import share
from processors.clearing.journal import ClearingJournal, open_journal, refusing_unreadable_rows
from processors.clearing.movements import history_rows
from processors.clearing.withheld_money import text_in_force
from processors.offices.operators import Operator
from processors.offices.refusal import NoSuchRecord, StepRefused
from processors.supervision.scorecards.listings import scorecards
from projections.clearing_table import ClearingTable
from projections.withholdings import (
    HospitalScore,
    ReleaseItem,
    Withholding,
    WithholdingRelease,
    withholding_releases,
    withholdings,
)

STATUS_NAMES: Mapping[str, str] = {
    "ordered": "待复核",
    "approved": "待清算",
    "cleared": "已列入清算",
    "withdrawn": "已撤回",
}
STEPS = (WITHHOLDING_RELEASE_ORDERED, WITHHOLDING_RELEASE_APPROVED, WITHHOLDING_RELEASE_WITHDRAWN)


class ReleaseOrder(Struct, frozen=True):
    """A release of what a year's clearings of a region kept back of all hospitals, or of one."""

    region: str
    year: int
    reason: str
    hospital_id: str | None = None


class OrderedRelease(Struct, frozen=True):
    """A release that was ordered; ``unscored`` is what is left of hospitals without a class."""

    release_id: str
    amount: int
    scores: tuple[HospitalScore, ...]
    unscored: dict[str, int]


async def order(
    engine: AsyncEngine, wanted: ReleaseOrder, scores: Mapping[str, HospitalScore], actor: str
) -> OrderedRelease:
    """Order a release of what the clearings of a year kept back; another person approves it.

    A hospital is released the share of its score of each amount, less what was released of it before. Raises
    ``StepRefused`` where nothing is left to release.
    """
    async with open_journal(engine) as journal:
        rows = await _standing(journal, wanted)
        items = [item for row in rows for item in _released(row, scores)]
        unscored: dict[str, int] = {}
        for row in rows:
            if row.hospital_id not in scores and row.left:
                unscored[row.hospital_id] = unscored.get(row.hospital_id, 0) + row.left
        if not items:
            raise _nothing_left(wanted, rows, unscored)
        count = select(func.count()).where(withholding_releases.c.region == wanted.region)
        release_id = f"{wanted.region}-W{int((await journal.connection.execute(count)).scalar_one()) + 1}"
        taken = {item.hospital_id for item in items}
        used = tuple(scores[each] for each in sorted(taken))
        said = {
            "release_id": release_id,
            "region": wanted.region,
            "year": wanted.year,
            "amount": sum(item.amount for item in items),
            "items": to_builtins(items),
            "scores": to_builtins(used),
            "actor": actor,
            "reason": wanted.reason,
        }
        journal.record(WITHHOLDING_RELEASE_ORDERED, said)
    return OrderedRelease(release_id, sum(item.amount for item in items), used, unscored)


async def approve(engine: AsyncEngine, release_id: str, actor: str) -> WithholdingRelease:
    """Approve a release: the next draft of its region pays it. Raises ``StepRefused``, also for who ordered it."""
    async with open_journal(engine) as journal:
        row = await _load(journal, release_id, "ordered")
        orderer = Operator(row.ordered_by, row.ordered_login)
        journal.operator(actor).must_differ(orderer, f"ordered {release_id}", "approve it")
        journal.record(WITHHOLDING_RELEASE_APPROVED, {"release_id": release_id, "actor": actor})
    return row


async def withdraw(engine: AsyncEngine, release_id: str, actor: str, reason: str) -> WithholdingRelease:
    """Withdraw a release that no clearing pays; of an approved one another person than approved it.

    Raises ``StepRefused``.
    """
    async with open_journal(engine) as journal:
        row = await _load(journal, release_id, "ordered", "approved")
        if row.approved_by is not None:
            approver = Operator(row.approved_by, row.approved_login)
            journal.operator(actor).must_differ(approver, f"approved {release_id}", "withdraw it")
        said = {"release_id": release_id, "actor": actor, "reason": reason}
        journal.record(WITHHOLDING_RELEASE_WITHDRAWN, said)
    return row


async def shares_by_class(engine: AsyncEngine, region: str, year: int) -> dict[str, HospitalScore]:
    """By hospital the share that the class of its year's scorecard is released, by the text in force at its end.

    Raises ``StepRefused`` where the year is not over.
    """
    async with engine.connect() as connection:
        today = county_day(await database_time(connection))
        terms = (await text_in_force(connection, date(year, 12, 31), region)).withholding
    if today.year <= year:
        raise StepRefused(
            f"{year} 年尚未结束，没有考核结果；要提前返还请用 --share 写明比例。"
            f"{year} is not over: there is no score of it; --share names a share"
        )
    given = {}
    for card in (each.card for each in (await scorecards(engine, year, region)).cards):
        if card.credit_class is not None:
            by = terms.released(card.credit_class)
            said = card.credit_class, str(card.total), str(by.value), by.grade, by.citation
            given[card.hospital_id] = HospitalScore(card.hospital_id, *said)
    return given


async def one_share(engine: AsyncEngine, region: str, ratio: Fraction) -> dict[str, HospitalScore]:
    """By hospital of which anything was kept back the same share, whatever its score."""
    kept = select(withholdings.c.hospital_id).where(withholdings.c.region == region).distinct()
    async with engine.connect() as connection:
        named = (await connection.execute(kept)).scalars().all()
    return {each: HospitalScore(each, None, None, str(ratio)) for each in named}


async def _standing(journal: ClearingJournal, wanted: ReleaseOrder) -> list[Withholding]:
    first, last = date(wanted.year, 1, 1), date(wanted.year, 12, 1)
    of = (withholdings.c.region == wanted.region) & withholdings.c.stands & withholdings.c.month.between(first, last)
    if wanted.hospital_id is not None:
        of &= withholdings.c.hospital_id == wanted.hospital_id
    await journal.register.load_withheld(journal.connection, of)
    return list(journal.register.withheld.kept)


def _released(row: Withholding, scores: Mapping[str, HospitalScore]) -> Iterable[ReleaseItem]:
    if row.hospital_id in scores:
        amount = share(row.amount, Fraction(scores[row.hospital_id].share)) - row.ordered
        if amount > 0:
            yield ReleaseItem(row.clearing_id, row.hospital_id, row.fund, row.insurer, amount)


def _nothing_left(wanted: ReleaseOrder, rows: Iterable[Withholding], unscored: Mapping[str, int]) -> StepRefused:
    left = sum(row.left for row in rows)
    if unscored:
        named = "、".join(sorted(unscored))
        return StepRefused(
            f"{named} 没有考核等次，请用 --share 写明返还比例。no score gives a class: --share names what is released"
        )
    return StepRefused(
        f"{wanted.region} {wanted.year} 年没有可返还的预留款（未返还 {yuan(left)} 元）。"
        f"nothing is left to release of what was kept back in {wanted.year}; {yuan(left)} stays with the funds"
    )


async def _load(journal: ClearingJournal, release_id: str, *allowed: str) -> WithholdingRelease:
    await journal.register.load_releases(journal.connection, withholding_releases.c.release_id == release_id)
    row = journal.register.withheld.releases.get((release_id,))
    if row is None:
        raise no_release(release_id)
    if row.status not in allowed:
        at = f"（{row.clearing_id}）" if row.clearing_id else ""
        raise StepRefused(
            f"返还单 {release_id} {STATUS_NAMES[row.status]}{at}，不能再办这一步。"
            f"{release_id} is {row.status}, not {' or '.join(allowed)}"
        )
    return row


def no_release(release_id: str) -> NoSuchRecord:
    """There is no release of an id."""
    return NoSuchRecord(f"没有返还单 {release_id}，见 claims withholdings releases。there is no release {release_id}")


async def withholding_rows(
    engine: AsyncEngine, region: str | None = None, hospital_id: str | None = None, year: int | None = None
) -> list[dict[str, Any]]:
    """What clearings that stand have kept back, by clearing, hospital and fund, oldest first, money in yuan."""
    table = ClearingTable(withholdings, Withholding)
    async with engine.connect() as connection:
        with refusing_unreadable_rows():
            await table.load(connection, withholdings.c.stands)
    rows = [
        row
        for row in table
        if region in (None, row.region) and hospital_id in (None, row.hospital_id) and year in (None, row.month.year)
    ]
    return [
        {
            "clearing_id": row.clearing_id,
            "region": row.region,
            "month": f"{row.month:%Y-%m}",
            "hospital_id": row.hospital_id,
            "fund": row.fund,
            "insurer": row.insurer or None,
            "base": yuan(row.base),
            "withheld": yuan(row.amount),
            "ordered": yuan(row.ordered),
            "released": yuan(row.released),
            "outstanding": yuan(row.amount - row.released),
        }
        for row in sorted(rows, key=lambda row: (row.region, row.month, row.clearing_id, row.hospital_id, row.fund))
    ]


async def release_rows(engine: AsyncEngine, region: str | None = None) -> list[dict[str, Any]]:
    """All releases, oldest first, money in yuan."""
    async with engine.connect() as connection:
        return [_told(row) for row in await _releases(connection) if region in (None, row.region)]


async def release(engine: AsyncEngine, release_id: str) -> dict[str, Any]:
    """One release with its items, the scores behind it, and every step. Raises ``StepRefused``."""
    async with engine.connect() as connection:
        for row in await _releases(connection):
            if row.release_id == release_id:
                items = [to_builtins(item) | {"amount": yuan(item.amount)} for item in row.items]
                history = await history_rows(connection, STEPS, "release_id", release_id)
                return _told(row) | {"items": items, "scores": to_builtins(row.scores), "history": history}
    raise no_release(release_id)


async def _releases(connection: AsyncConnection) -> list[WithholdingRelease]:
    table = ClearingTable(withholding_releases, WithholdingRelease)
    with refusing_unreadable_rows():
        await table.load(connection)
    return sorted(table, key=lambda row: row.number)


def _told(row: WithholdingRelease) -> dict[str, Any]:
    return {
        "release_id": row.release_id,
        "region": row.region,
        "year": row.year,
        "status": row.status,
        "amount": yuan(row.amount),
        "hospitals": len({item.hospital_id for item in row.items}),
        "reason": row.reason,
        "ordered_by": row.ordered_by,
        "approved_by": row.approved_by,
        "withdrawn_by": row.withdrawn_by,
        "clearing_id": row.clearing_id,
    }
