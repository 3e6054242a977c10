"""The steps on a fund's money: entered by one person, approved by another, withdrawn before that or reversed after."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct, structs
from sqlalchemy import func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import covers
from events.decisions import (
    FUND_MOVEMENT_APPROVED,
    FUND_MOVEMENT_REVERSED,
    FUND_MOVEMENT_WITHDRAWN,
    FUND_RECEIVED,
    FUND_TRANSFERRED,
)
from events.money import yuan
from policies.scheme import Scheme
from processors.accounts.journal import FundJournal, open_journal
from processors.accounts.refusal import STATUS_NAMES, FundMovementRefused
from processors.law.pinned_schemes import PinnedSchemes
from processors.offices.operators import Operator
from projections.cases import INSTITUTIONS, cases
from projections.fines import STANDS, fines
from projections.fund_movements import FundMovement
from projections.measures import case_measures

BETWEEN_FUNDS = ("premium", "allocation", "surplus", "deficit")
"""Kinds of transfer that need a fund that receives."""


class FundMovementOrder(Struct, frozen=True):
    """What one person enters: money that a fund received (no ``from_fund``), or that went from one; amount in fen.

    ``year`` is that of the account, else the day's. ``proof`` names the papers by their digest.
    """

    kind: str
    scheme: str
    region: str
    amount: int
    moved_on: date
    reference: str
    from_fund: str | None = None
    from_insurer: str | None = None
    to_fund: str | None = None
    to_insurer: str | None = None
    year: int | None = None
    order_no: str | None = None
    proof: str | None = None
    party: str | None = None
    fine_id: str | None = None
    office: str = "bureau"


async def enter(engine: AsyncEngine, order: FundMovementOrder, actor: str) -> str:
    """Enter a movement; it counts once another person has approved it. Returns its id.

    Raises ``FundMovementRefused`` where the scheme, region or a fund is unknown, the day is to come, the reference
    names another movement that stands, or the kind asks for what is missing.
    """
    async with open_journal(engine) as journal:
        funds = (order.from_fund, order.to_fund)
        scheme, insurers = await scheme_in_force(journal.connection, order.scheme, order.region, funds)
        stated = structs.replace(
            order,
            year=order.moved_on.year if order.year is None else order.year,
            from_insurer=insurer_of(scheme, insurers, order.from_fund, order.from_insurer),
            to_insurer=insurer_of(scheme, insurers, order.to_fund, order.to_insurer),
        )
        _require_form(stated, journal.today)
        _require_new(journal, stated)
        await _require_fine(journal, stated)
        movement_id = f"{order.region}-F{journal.next_number}"
        type_ = FUND_RECEIVED if stated.from_fund is None else FUND_TRANSFERRED
        said = structs.asdict(stated) | {"moved_on": stated.moved_on.isoformat()}
        journal.record(type_, {"movement_id": movement_id, **said, "actor": actor})
    return movement_id


async def approve(engine: AsyncEngine, movement_id: str, actor: str) -> FundMovement:
    """Approve a movement: it counts from now on. Raises ``FundMovementRefused``, also for who entered it."""
    async with open_journal(engine) as journal:
        found = _movement(journal, movement_id, "entered")
        journal.operator(actor).must_differ(_enterer(found), f"entered {movement_id}", "approve it")
        journal.record(FUND_MOVEMENT_APPROVED, {"movement_id": movement_id, "actor": actor})
    return found


async def withdraw(engine: AsyncEngine, movement_id: str, actor: str, reason: str) -> FundMovement:
    """Take back a movement that nobody has approved. Raises ``FundMovementRefused``."""
    async with open_journal(engine) as journal:
        found = _movement(journal, movement_id, "entered")
        journal.record(FUND_MOVEMENT_WITHDRAWN, {"movement_id": movement_id, "actor": actor, "reason": reason})
    return found


async def reverse(engine: AsyncEngine, movement_id: str, actor: str, reason: str) -> FundMovement:
    """Take back an approved movement that was a mistake; its reference is free again, to be entered rightly.

    Raises ``FundMovementRefused``, also for who entered it.
    """
    async with open_journal(engine) as journal:
        found = _movement(journal, movement_id, "approved")
        journal.operator(actor).must_differ(_enterer(found), f"entered {movement_id}", "take it back")
        journal.record(FUND_MOVEMENT_REVERSED, {"movement_id": movement_id, "actor": actor, "reason": reason})
    return found


def same_reference(one: str, other: str) -> bool:
    """Whether two references are the same in upper and lower case, full and half width, whatever blanks they have."""
    return _plain(one) == _plain(other)


def _plain(reference: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", reference).lower())


def _enterer(movement: FundMovement) -> Operator:
    return Operator(movement.entered_by, movement.entered_login)


def _movement(journal: FundJournal, movement_id: str, status: str) -> FundMovement:
    found = journal.register.movements.get(movement_id)
    if found is None:
        raise FundMovementRefused(
            f"没有收支记录 {movement_id}，全部见 claims funds list。there is no movement {movement_id}"
        )
    if found.status != status:
        raise FundMovementRefused(
            f"{movement_id} {STATUS_NAMES[found.status]}，这一步只能用于{STATUS_NAMES[status]}的记录。"
            f"{movement_id} is {found.status}, not {status}"
        )
    return found


async def scheme_in_force(
    connection: AsyncConnection, name: str, region: str, funds: Iterable[str | None]
) -> tuple[Scheme, dict[str, list[str]]]:
    """The text in force, and by fund the insurers that any text names: a former one settles what is left.

    Raises ``FundMovementRefused`` where there is none of the name, it does not serve the region, or has no such fund.
    """
    pinned = PinnedSchemes()
    await pinned.refresh(connection)
    scheme = next((each for each in pinned.current if each.name == name), None)
    if scheme is None:
        known = "、".join(sorted(each.name for each in pinned.current))
        raise FundMovementRefused(f"没有在用的政策 {name}，在用的有：{known}。no such scheme is in force")
    if not scheme.is_within(region):
        regions = "、".join(scheme.regions)
        raise FundMovementRefused(f"政策 {name} 不用于统筹区 {region}，只用于 {regions}。it serves {regions} only")
    for fund in funds:
        if fund is not None and fund not in scheme.terms.funds:
            known = "、".join(scheme.terms.funds)
            raise FundMovementRefused(f"没有资金 {fund}，可用的有：{known}。no such fund; there are {known}")
    insurers: dict[str, list[str]] = {}
    for text in (each for each in pinned.by_hash.values() if each.name == scheme.name):
        for fund, named in _insurers(text).items():
            insurers[fund] = sorted({*insurers.get(fund, ()), *named})
    return scheme, insurers


def _insurers(scheme: Scheme) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for paying in scheme.funds.values():
        if paying.insurer is not None and paying.insurer not in named.setdefault(paying.fund, []):
            named[paying.fund].append(paying.insurer)
    return named


def insurer_of(scheme: Scheme, known: Mapping[str, Sequence[str]], fund: str | None, insurer: str | None) -> str | None:
    """Who keeps a fund, as entries name it: of the text in force where nobody is stated."""
    if insurer is None:
        named = _insurers(scheme).get(fund or "", [])
        return named[0] if len(named) == 1 else None
    if insurer not in known.get(fund or "", ()):
        allowed = "、".join(known.get(fund or "", ())) or "（无 none）"
        raise FundMovementRefused(f"资金 {fund} 不由 {insurer} 承办，承保公司：{allowed}。the insurers are {allowed}")
    return insurer


def _require_form(order: FundMovementOrder, today: date) -> None:
    if order.amount <= 0:
        raise FundMovementRefused("金额须大于 0。the amount must be above 0")
    if order.moved_on > today:
        raise FundMovementRefused(f"{order.moved_on} 尚未到，今天是 {today}。{order.moved_on} is to come")
    if order.year is None or abs(order.year - order.moved_on.year) > 1:
        raise FundMovementRefused(
            f"年度 {order.year} 与到账日 {order.moved_on} 相差一年以上。the year is more than one from that of the day"
        )
    if order.kind in BETWEEN_FUNDS and (order.to_fund is None or order.to_fund == order.from_fund):
        raise FundMovementRefused(f"{order.kind} 须写明另一项资金为收款方。name another fund that receives it")
    if order.kind == "operations" and order.to_fund is not None:
        raise FundMovementRefused("运营费付给经办或承保机构，不付给资金。operating costs go to no fund")
    if order.kind == "premium" and (order.order_no is None or order.proof is None):
        raise FundMovementRefused("划转保费须有拨付文号和凭证。a premium's transfer needs its order and a proof")
    if (order.kind == "fine") != (order.fine_id is not None):
        raise FundMovementRefused("罚款入账须写明处罚编号，其他收入不写。a fine names its number, nothing else does")


def _require_new(journal: FundJournal, order: FundMovementOrder) -> None:
    account = (order.scheme, order.region, order.to_fund, order.to_insurer)
    for each in journal.register.movements:
        if not each.stands:
            continue
        if same_reference(each.reference, order.reference):
            raise FundMovementRefused(
                f"凭证号 {order.reference} 已登记：{each.movement_id}，{yuan(each.amount)} 元，{each.moved_on}，"
                f"经办 {each.entered_by}。reference {order.reference} was noted already as {each.movement_id}: "
                f"a reference names one movement of money"
            )
        opened = (each.scheme, each.region, each.to_fund, each.to_insurer)
        if order.kind == each.kind == "opening" and account == opened:
            raise FundMovementRefused(
                f"该账户已有期初余额 {each.movement_id}。the account has an opening balance: {each.movement_id}"
            )


async def _imposed(connection: AsyncConnection, fine_id: str) -> tuple[int, str, str | None] | None:
    """A fine's fen, the region of the bureau, and the fine that it took the place of.

    It is one that stands on a hospital, or the measure that a case decided on a person.
    """
    bureau = func.split_part(fines.c.source, "/", 2)
    on_house = select(fines.c.amount, bureau, fines.c.replaces).where(fines.c.fine_id == fine_id, STANDS)
    measure = case_measures.c
    on_person = (
        select(measure.amount, cases.c.region, measure.of_measure)
        .join(cases, cases.c.case_id == measure.case_id)
        .where(
            measure.measure_id == fine_id,
            measure.kind == "fine",
            measure.status == "decided",
            cases.c.subject_kind.not_in(INSTITUTIONS),
        )
    )
    for query in (on_house, on_person):
        if found := (await connection.execute(query)).one_or_none():
            amount, region, replaces = found
            return amount, region, replaces
    return None


async def _replaced(connection: AsyncConnection, first: str | None) -> set[str]:
    """A fine that another took the place of, and those before it."""
    found: set[str] = set()
    while first is not None and first not in found:
        found.add(first)
        on_house = select(fines.c.replaces).where(fines.c.fine_id == first)
        on_person = select(case_measures.c.of_measure).where(case_measures.c.measure_id == first)
        first = (await connection.execute(union_all(on_house, on_person))).scalars().first()
    return found


async def _require_fine(journal: FundJournal, order: FundMovementOrder) -> None:
    """A fine is one that a bureau of the account's region imposed; no more comes in than was imposed."""
    if order.fine_id is None:
        return
    found = await _imposed(journal.connection, order.fine_id)
    if found is None:
        raise FundMovementRefused(
            f"没有处罚 {order.fine_id}：对机构的见 claims fines，对个人的见 claims cases measures --kind fine。"
            f"no fine {order.fine_id} was imposed, or another took its place"
        )
    imposed, bureau, replaces = found
    if not (covers(bureau, order.region) or covers(order.region, bureau)):
        raise FundMovementRefused(
            f"处罚 {order.fine_id} 由 {bureau} 作出，不能记入统筹区 {order.region} 的账户。"
            f"the bureau of {bureau} imposed it: it is no money of {order.region}"
        )
    of_fine = {order.fine_id, *await _replaced(journal.connection, replaces)}
    paid = sum(each.amount for each in journal.register.movements if each.stands and each.fine_id in of_fine)
    if paid + order.amount > imposed:
        raise FundMovementRefused(
            f"处罚 {order.fine_id} 罚款 {yuan(imposed)} 元，已入账 {yuan(paid)} 元，再入 {yuan(order.amount)} 元即超。"
            f"{yuan(imposed)} was imposed and {yuan(paid)} is in"
        )
