"""Drafting a clearing: what the funds owe for a region until the end of a month, fixed in one event."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct, structs
from sqlalchemy import exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import covers
from events.county_time import county_day, day_end, month_end, month_start
from events.decisions import CLEARING_DRAFTED
from events.store.journal import database_time
from processors.clearing.advance_repayments import RepaymentShare, repay
from processors.clearing.funds import EMERGENCY_FUND, fund_place
from processors.clearing.journal import ClearingJournal, open_journal
from processors.clearing.loans import load_loans
from processors.clearing.payee_amounts import PayeeAmount, load_amounts, load_prepaid_amounts
from processors.clearing.paying_funds import due_to, fund_transfers, load_fund_shares, prepaid_set_off
from processors.clearing.ranges import next_ranges
from processors.clearing.set_off import set_off
from processors.clearing.withheld_money import kept_back, last_day, releases_that_wait, text_in_force
from processors.law.terms import ledger_layers
from processors.offices.refusal import StepRefused
from projections.advances import Advance
from projections.bookings import IS_PAYOUT
from projections.claims import claims
from projections.clearing_rows import (
    AdvanceRepayment,
    ClearedPart,
    ClearingDraft,
    ClearingLine,
    Ranges,
    SetOff,
    balances,
    dues,
)
from projections.clearings import clearings, receivables
from projections.prepayments import PrepaidSetOff, prepayments
from projections.withholdings import DraftWithholding, ReleasedShare

_WITHOUT_LAYER = text(f"""
SELECT entry.journal, entry.number, entry.claim_id
FROM unnest(CAST(:journals AS text[]), CAST(:begun AS bigint[]), CAST(:ended AS bigint[]))
  AS taken (journal, begun, ended)
JOIN ledger.entries AS entry
  ON entry.journal = taken.journal AND entry.number > taken.begun AND entry.number <= taken.ended
JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
WHERE claim.region = :region AND {IS_PAYOUT} AND entry.paid <> 0
  AND (entry.layer IS NULL OR entry.layer <> ALL(CAST(:layers AS text[])))
ORDER BY entry.journal, entry.number LIMIT 1
""")  # noqa: S608 - our own condition


class Supplement(Struct, frozen=True):
    """Asks for a further clearing of a month that is cleared already.

    It takes what was booked since: until the end of the month, or until the end of the day ``until``.
    """

    until: date | None = None


async def draft(
    engine: AsyncEngine,
    region: str,
    month: date,
    actor: str,
    now: datetime | None = None,
    supplement: Supplement | None = None,
) -> str:
    """Draft the clearing of a region for a month (its first day), or one more of its last month; returns its id.

    ``now`` is the clock by which a month has begun: the database's where it is not given. Raises ``StepRefused``
    where it has not, where nothing was ever booked for the region, another draft of it is open, or the month is not
    after that of its last clearing (of a supplement: not the same); where a supplement has nothing to take; and where a
    booking names no layer, so that nobody can tell which fund pays it.
    """
    async with open_journal(engine) as journal:
        connection = journal.connection
        # Months go in order: a clearing approved years ahead would leave the region without clearings until then.
        clock = now or await database_time(connection)
        if clock < month_start(month):
            raise StepRefused(
                f"{month:%Y-%m} 尚未开始，只能起草本月或以前的月份。"
                f"{month:%Y-%m} has not begun: draft the current month, or one before it"
            )
        number, supplements = await _next_number(connection, region, month, supplement)
        clearing_id = f"{region}-{month:%Y-%m}-{number}"
        ranges = await next_ranges(connection, region, _end(month, supplement, clock))
        await _require_layers(connection, region, ranges)
        amounts = await load_amounts(connection, region, ranges)
        if supplements is not None and not amounts:
            raise _nothing_since(supplements, month, supplement)
        if not amounts:
            await _require_known_region(connection, region)
        lines = ClearingLines(clearing_id, amounts)
        repayments = await _repayments(connection, region, ranges, lines.in_order(), amounts)
        lines.repay(repayments)
        released = await releases_that_wait(journal, region)
        against = await _against_receivables(journal, region, dues(lines.in_order(), released))
        parts = tuple(_parts(clearing_id, amounts))
        money = _Money(month, lines.in_order(), against, released)
        withholding, prepaid = await _deducted(journal, region, ranges, parts, money)
        drafted = ClearingDraft(
            clearing_id=clearing_id,
            region=region,
            month=f"{month:%Y-%m}",
            actor=actor,
            ranges=ranges,
            lines=tuple(lines.in_order()),
            repayments=tuple(_repayment(clearing_id, each) for each in repayments),
            set_off=against,
            parts=parts,
            prepaid=tuple(prepaid),
            supplements=supplements,
            withholding=withholding,
            released=tuple(released),
        )
        journal.record(CLEARING_DRAFTED, drafted.event_data())
    return clearing_id


async def _repayments(
    connection: AsyncConnection,
    region: str,
    ranges: Ranges,
    lines: Iterable[ClearingLine],
    amounts: Sequence[PayeeAmount],
) -> list[RepaymentShare]:
    owed = await _outstanding_advances(connection, region)
    persons = {advance.person_id for advance, _ in owed}
    of_persons = await load_prepaid_amounts(connection, region, ranges, persons) if persons else []
    payable = {payee: fen for (kind, payee), fen in balances(lines).items() if kind == "person"}
    return repay(owed, [*amounts, *of_persons], payable)


async def _against_receivables(
    journal: ClearingJournal, region: str, due: Mapping[tuple[str, str], int]
) -> tuple[SetOff, ...]:
    standing = journal.register.receivables
    await standing.load(journal.connection, receivables.c.region == region, receivables.c.stands.is_(True))
    return tuple(set_off(standing, due))


class _Money(Struct, frozen=True):
    """What a draft comes to before anything is kept back of it, or set off against what was prepaid."""

    month: date
    lines: list[ClearingLine]
    against: tuple[SetOff, ...]
    released: list[ReleasedShare]


async def _deducted(
    journal: ClearingJournal, region: str, ranges: Ranges, parts: Sequence[ClearedPart], money: _Money
) -> tuple[DraftWithholding | None, list[PrepaidSetOff]]:
    """What is kept back of hospitals' payments, and what goes off the rest because funds have paid them ahead."""
    standing = journal.register.prepayments
    await standing.load(journal.connection, prepayments.c.region == region, prepayments.c.status == "paid")
    law = await text_in_force(journal.connection, last_day(money.month), region)
    if not law.withholding.share.value and not any(each.outstanding for each in standing):
        return None, []
    shares = await load_fund_shares(journal.connection, region, ranges, money.lines, parts)
    due = due_to(money.lines, money.against, money.released)
    kept = await kept_back(journal.connection, law, region, shares, due, money.released)
    withheld = kept.withheld if kept is not None else ()
    transfers = fund_transfers(shares, due, withheld=withheld, released=money.released)
    return kept, prepaid_set_off(standing, transfers)


def _end(month: date, supplement: Supplement | None, now: datetime) -> datetime:
    """The first moment whose bookings a draft leaves to the next. Raises ``StepRefused``."""
    if supplement is None or supplement.until is None:
        return month_end(month)
    if not month <= supplement.until <= county_day(now):
        raise StepRefused(
            f"补充清算的截止日应在 {month} 至今天（{county_day(now)}）之间。"
            f"a supplement takes what was booked until a day from {month} to {county_day(now)}"
        )
    return day_end(supplement.until)


def _nothing_since(supplements: str, month: date, supplement: Supplement | None) -> StepRefused:
    until = supplement.until if supplement is not None and supplement.until is not None else f"{month:%Y-%m} 月末"
    return StepRefused(
        f"{supplements} 之后到 {until} 没有新入账的，没有可补充清算的；其后入账的用 --until 指明截止日。"
        f"nothing was booked since {supplements} until {until}: --until takes what was booked later"
    )


async def _next_number(
    connection: AsyncConnection, region: str, month: date, supplement: Supplement | None
) -> tuple[int, str | None]:
    """How often the month was drafted, this time included, and which clearing is supplemented, if one is.

    Raises ``StepRefused`` where the month may not be drafted.
    """
    rows = await connection.execute(
        select(clearings.c.clearing_id, clearings.c.status, clearings.c.month)
        .where(clearings.c.region == region, clearings.c.status != "withdrawn")
        .order_by(clearings.c.number.desc())
        .limit(1)
    )
    last = rows.one_or_none()
    if last is not None and last.status == "drafted":
        raise StepRefused(
            f"{last.clearing_id} 还是待复核的草稿，请先复核或撤回。"
            f"{last.clearing_id} is still a draft: have it approved, or withdraw it"
        )
    if supplement is not None and (last is None or month != last.month):
        named = "没有清算过" if last is None else f"最近一次清算是 {last.clearing_id}"
        raise StepRefused(
            f"{region} {named}，不能补充清算 {month:%Y-%m}。only the month of the last clearing can be supplemented"
        )
    if supplement is None and last is not None and month <= last.month:
        also = "，或用 --supplement 补充清算" if month == last.month else ""
        raise StepRefused(
            f"{last.clearing_id} 已清算，只能起草 {last.month:%Y-%m} 以后的月份{also}。"
            f"{last.clearing_id} was cleared already: draft a month after {last.month:%Y-%m}"
            + (", or supplement it" if also else "")
        )
    drafted = select(func.count()).where(clearings.c.region == region, clearings.c.month == month)
    number = int((await connection.execute(drafted)).scalar_one()) + 1
    return number, None if supplement is None or last is None else str(last.clearing_id)


async def _require_layers(connection: AsyncConnection, region: str, ranges: Ranges) -> None:
    within = {
        "region": region,
        "layers": list(await ledger_layers(connection)),
        "journals": list(ranges),
        "begun": [begun for begun, _ in ranges.values()],
        "ended": [ended for _, ended in ranges.values()],
    }
    for row in await connection.execute(_WITHOUT_LAYER, within):
        where = f"entry {row.number} of journal {row.journal}, claim {row.claim_id}"
        raise StepRefused(
            f"账册 {row.journal} 第 {row.number} 号（结算单 {row.claim_id}）没有可识别的保障线，无法清算，"
            f"请运行 claims verify。"
            f"{where}, names no layer that can pay: see claims verify"
        )


async def _require_known_region(connection: AsyncConnection, region: str) -> None:
    known = exists().where(claims.c.region == region) | exists().where(clearings.c.region == region)
    if not (await connection.execute(select(known))).scalar_one():
        raise StepRefused(
            f"统筹区 {region} 从未受理过结算单，也没有退还过保费，没有可清算的；见 claims clearing open。"
            f"no claim of region {region} was ever accepted, and no premium refunded"
        )


async def _outstanding_advances(connection: AsyncConnection, region: str) -> list[tuple[Advance, int]]:
    return [
        (loan.advance, loan.outstanding)
        for loan in await load_loans(connection)
        if covers(loan.advance.region, region) and loan.outstanding > 0
    ]


class ClearingLines:
    """The lines of one draft, as amounts and repayments are added to them."""

    def __init__(self, clearing_id: str, amounts: Iterable[PayeeAmount]) -> None:
        self._clearing_id = clearing_id
        self._lines: dict[tuple[str, str, str], ClearingLine] = {}
        for each in amounts:
            self._add(each.party, each.payee, each.fund, each.kind, each.amount)

    def repay(self, repayments: Iterable[RepaymentShare]) -> None:
        """Move what is taken from a line to the fund that lent: the lines still sum to what was booked."""
        for each in repayments:
            self._add("person", each.advance.person_id, each.fund, "repaid", each.amount)
            self._add(EMERGENCY_FUND, each.advance.region, each.fund, "repaid", -each.amount)

    def in_order(self) -> list[ClearingLine]:
        """Hospitals, then persons, then the emergency fund; each payee's funds in the order in which they are shown."""
        kinds = ("hospital", "person", EMERGENCY_FUND)
        lines = self._lines.values()
        return sorted(lines, key=lambda line: (kinds.index(line.payee_kind), line.payee, fund_place(line.fund)))

    def _add(self, payee_kind: str, payee: str, fund: str, column: str, amount: int) -> None:
        key = payee_kind, payee, fund
        line = self._lines.get(key) or ClearingLine(self._clearing_id, *key, settled=0, adjusted=0, audit=0, repaid=0)
        self._lines[key] = structs.replace(line, **{column: getattr(line, column) + amount})


def _repayment(clearing_id: str, share: RepaymentShare) -> AdvanceRepayment:
    advance = share.advance
    return AdvanceRepayment(
        clearing_id, advance.region, advance.advance_id, share.fund, advance.person_id, share.amount
    )


def _parts(clearing_id: str, amounts: Iterable[PayeeAmount]) -> list[ClearedPart]:
    """With whom each claim's later bookings are cleared; once recorded, no later clearing decides it again.

    Each part has its stage, since a reversal undoes a claim stage by stage.
    """
    sums: dict[tuple[str, str, str, int, str], int] = {}
    for each in amounts:
        if each.claim is not None and each.stage is not None:
            key = each.claim.claim_id, each.party, each.fund, each.stage, each.kind
            sums[key] = sums.get(key, 0) + each.amount
    return [ClearedPart(clearing_id, *key, amount) for key, amount in sums.items() if amount]
