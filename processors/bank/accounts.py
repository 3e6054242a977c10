"""The steps on payees' accounts: set by one person, approved by another, withdrawn before that or ended after it."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from msgspec import Struct, convert, structs
from sqlalchemy import bindparam, insert, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import is_id, is_region
from events.store.advisory_locks import AdvisoryLock, hold_lock
from events.store.journal import database_time
from events.store.rows import among
from processors.bank.account_numbers import LONG_DIGITS, account_number, bank_code, is_doubtful_card
from processors.bank.account_rows import (
    AccountStep,
    PayeeAccount,
    PayeeAccounts,
    Relation,
    account_steps,
    load_steps,
)
from processors.offices.keys import KeyRing
from processors.offices.operators import Operator, login_of
from processors.offices.refusal import StepRefused
from projections.clearing_rows import PayeeKind
from projections.deaths import load_deaths
from projections.enrolments import enrolments
from projections.hospitals import load_hospitals
from projections.persons import persons

LONGEST_NAME = 100
DEAD_OWN_ACCOUNT = "已登记死亡，账户仍为本人 the person is reported dead, and the account is still the person's"
STATUS_NAMES = {
    "proposed": "待复核",
    "approved": "已复核",
    "replaced": "已被替换",
    "withdrawn": "已撤回",
    "ended": "已停用",
}
RELATION_NAMES: dict[Relation, str] = {"own": "本人（本单位）", "guardian": "监护人", "heir": "继承人", "other": "其他"}


class BankAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sealed of an account: its holder (户名), its number, the bank and the bank's line number."""

    holder: str
    account: str
    bank: str
    bank_code: str | None = None


class AccountOrder(Struct, frozen=True):
    """An account as a clerk states it for a payee; ``reason`` says why where it is not the payee's own."""

    payee_kind: PayeeKind
    payee: str
    holder: str
    account: str
    bank: str
    bank_code: str | None = None
    relation: Relation = "own"
    reason: str | None = None


class EnteredAccount(Struct, frozen=True):
    """What became of an order: the account's number, whether it was there already, and what should be looked at."""

    number: int
    unchanged: bool
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class AccountRegister:
    """The register in one transaction."""

    connection: AsyncConnection
    keys: KeyRing
    accounts: PayeeAccounts
    login: str
    is_owner: bool
    at: datetime
    last: int
    added: list[AccountStep] = field(default_factory=list)
    _numbers: dict[str, PayeeAccount] | None = None

    def operator(self, actor: str) -> Operator:
        """Who takes this step."""
        return Operator(actor, None if self.is_owner else self.login)

    def record(self, step: str, account: PayeeAccount | None = None, **values: Any) -> AccountStep:
        """Add a step on an account; none sets a new one."""
        self.last += 1
        about = {} if account is None else {"payee_kind": account.set_.payee_kind, "payee": account.set_.payee}
        nothing: dict[str, Any] = dict.fromkeys(("relation", "reason", "sealed", "key_id"))
        added = AccountStep(
            number=self.last,
            step=step,
            account=self.last if account is None else account.number,
            login=self.login,
            owner=self.is_owner,
            at=self.at,
            **(nothing | about | values),
        )
        self.accounts.apply(added)
        self.added.append(added)
        return added

    def opened(self, account: PayeeAccount) -> BankAccount:
        """What is sealed of an account. Raises ``StepRefused``."""
        return unsealed(self.keys, account)

    def others_of(self, digits: str, payee: tuple[str, str]) -> PayeeAccount | None:
        """Another payee's account of the same number."""
        if self._numbers is None:
            self._numbers = {self.opened(each).account: each for each in self.accounts.standing()}
        found = self._numbers.get(digits)
        same = found is not None and (found.set_.payee_kind, found.set_.payee) == payee
        return None if same else found

    def noted(self, digits: str, account: PayeeAccount) -> None:
        """An account that was set just now is another's for those that follow."""
        if self._numbers is not None:
            self._numbers.setdefault(digits, account)


@asynccontextmanager
async def open_register(engine: AsyncEngine, keys: KeyRing) -> AsyncIterator[AccountRegister]:
    """The register for one step: written when the block ends, and rolled back when it raises."""
    async with engine.begin() as connection:
        await hold_lock(connection, AdvisoryLock.PAYEES)
        login, is_owner = await login_of(connection)
        steps = await load_steps(connection)
        last = steps[-1].number if steps else 0
        accounts, at = PayeeAccounts(steps), await database_time(connection)
        register = AccountRegister(connection, keys, accounts, login, is_owner, at, last)
        yield register
        if register.added:
            await connection.execute(insert(account_steps), [structs.asdict(step) for step in register.added])


def unsealed(keys: KeyRing, account: PayeeAccount) -> BankAccount:
    """What is sealed of an account. Raises ``StepRefused`` where its key lacks or it was changed."""
    return convert(orjson.loads(_content(keys, account)), BankAccount)


def checked(order: AccountOrder) -> AccountOrder:
    """An order in its plain form. Raises ``ValueError`` for what no account can be."""
    if not (is_region(order.payee) if order.payee_kind == "emergency_fund" else is_id(order.payee)):
        raise ValueError(f"“{order.payee}”不是收款方编号 {order.payee} is no id of a payee")
    holder, bank = file_words(order.holder, "户名 holder"), file_words(order.bank, "开户行 bank")
    code = bank_code(order.bank_code) if order.bank_code else None
    reason = None if order.reason is None or not order.reason.strip() else file_words(order.reason, "原因 reason")
    if order.relation != "own" and order.payee_kind != "person":
        raise ValueError("医院和基金只能用本单位账户 a hospital or fund is paid to its own account")
    if order.relation != "own" and reason is None:
        raise ValueError("不是本人账户的须写原因 an account that is not the person's own needs a reason")
    if any(LONG_DIGITS.search(each) for each in (holder, bank, reason or "")):
        raise ValueError("账号只能写在账号栏 digits of an account stand in its own field only")
    digits = account_number(order.account)
    return structs.replace(order, holder=holder, account=digits, bank=bank, bank_code=code, reason=reason)


def file_words(given: str, name: str) -> str:
    """Words that a bank's file can carry. Raises ``ValueError``.

    Nothing that a spreadsheet takes for a formula, and not the sign that parts fields under the check sum.
    """
    words = " ".join(given.split())
    if not words or len(words) > LONGEST_NAME or not words.isprintable():
        raise ValueError(f"{name}：应为 1 至 {LONGEST_NAME} 个可见字符 1 to {LONGEST_NAME} printable characters")
    if words[0] in "=+-@" or "|" in words:
        raise ValueError(f"{name}：不能以 = + - @ 开头，不能有 | it begins with none of = + - @, and has no |")
    return words


async def enter(engine: AsyncEngine, keys: KeyRing, order: AccountOrder, actor: str) -> EnteredAccount:
    """Set a payee's account; it is paid to once another person has approved it.

    Raises ``StepRefused`` where the order can't be used, the payee is unknown, or another account of the payee
    waits for approval.
    """
    async with open_register(engine, keys) as register:
        (done,) = await enter_all(register, [order], actor)
        if isinstance(done, str):
            raise StepRefused(done)
    return done


async def enter_all(
    register: AccountRegister, orders: Sequence[AccountOrder], actor: str
) -> list[EnteredAccount | str]:
    """Set several payees' accounts; gives for each what became of it, or why it is refused."""
    known = await _known_payees(register.connection, orders)
    dead = await load_deaths(register.connection, {each.payee for each in orders if each.payee_kind == "person"})
    done: list[EnteredAccount | str] = []
    for order in orders:
        try:
            plain = checked(order)
            if (plain.payee_kind, plain.payee) not in known:
                raise ValueError(f"账本里没有收款方 {plain.payee} there is no payee {plain.payee} in the ledger")
            done.append(_entered(register, plain, actor, is_dead=plain.payee in dead))
        except StepRefused:
            raise  # a key lacks, or the register was tampered with: no order can be told from another
        except ValueError as refused:
            done.append(str(refused))
    return done


def _entered(register: AccountRegister, order: AccountOrder, actor: str, *, is_dead: bool) -> EnteredAccount:
    payee = order.payee_kind, order.payee
    wanted = BankAccount(order.holder, order.account, order.bank, order.bank_code)
    waiting = register.accounts.proposed(*payee)
    for standing in (waiting, register.accounts.approved(*payee)):
        if standing is not None and register.opened(standing) == wanted and standing.set_.relation == order.relation:
            return EnteredAccount(standing.number, unchanged=True)
    if waiting is not None:
        raise ValueError(
            f"{order.payee} 已有待复核的账户 {waiting.number}（{waiting.set_.actor} 登记），请先复核或撤回 "
            f"account {waiting.number} of {order.payee} waits for approval: have it approved, or withdraw it"
        )
    warnings = tuple(_warnings(register, order, is_dead=is_dead))
    about = f"{order.payee_kind}/{order.payee}/{register.last + 1}"
    sealed = register.keys.seal(orjson.dumps(structs.asdict(wanted)), about)
    step = register.record(
        "set",
        payee_kind=order.payee_kind,
        payee=order.payee,
        relation=order.relation,
        reason=order.reason,
        sealed=sealed,
        key_id=register.keys.current,
        actor=actor,
    )
    register.noted(order.account, register.accounts.by_number[step.number])
    return EnteredAccount(step.number, unchanged=False, warnings=warnings)


def _warnings(register: AccountRegister, order: AccountOrder, *, is_dead: bool) -> Iterable[str]:
    if is_doubtful_card(order.account):
        yield "卡号校验位不符，请核对 the card's check digit is wrong: compare it with the papers"
    other = register.others_of(order.account, (order.payee_kind, order.payee))
    if other is not None:
        yield f"与 {other.set_.payee} 的账号相同 {other.set_.payee} has the same account number"
    if order.payee_kind == "person" and is_dead and order.relation == "own":
        yield DEAD_OWN_ACCOUNT
    if order.payee_kind == "person" and not is_dead and order.relation == "heir":
        yield "尚未登记死亡，账户为继承人 no death is reported, and the account is an heir's"


async def _known_payees(connection: AsyncConnection, orders: Iterable[AccountOrder]) -> set[tuple[str, str]]:
    ids: dict[str, set[str]] = {"hospital": set(), "person": set(), "emergency_fund": set()}
    for order in orders:
        ids[order.payee_kind].add(order.payee)
    hospitals = await load_hospitals(connection, ids["hospital"])
    of_persons = union(
        select(persons.c.person_id).where(among(persons.c.person_id, ids["person"])),
        select(enrolments.c.person_id).where(among(enrolments.c.person_id, ids["person"])),
    )
    found = (await connection.execute(of_persons)).scalars()
    return {
        *(("hospital", each) for each in hospitals),
        *(("person", each) for each in found),
        *(("emergency_fund", each) for each in ids["emergency_fund"]),
    }


async def approve(engine: AsyncEngine, keys: KeyRing, numbers: Collection[int], actor: str) -> list[PayeeAccount]:
    """Approve accounts: their payees are paid to them from now on, and no longer to those of before.

    Raises ``StepRefused`` where one does not wait for approval, can't be read, or was set by the same person.
    """
    async with open_register(engine, keys) as register:
        return [_approved(register, _account(register, number, "proposed"), actor) for number in sorted(set(numbers))]


async def approve_all(engine: AsyncEngine, keys: KeyRing, actor: str) -> tuple[list[PayeeAccount], int]:
    """Approve all accounts that others have set; returns them, and how many wait that this person has set."""
    async with open_register(engine, keys) as register:
        waiting = [each for each in register.accounts.standing() if each.status == "proposed"]
        who = register.operator(actor)
        others = [each for each in waiting if not each.set_.operator.is_same(who)]
        return [_approved(register, each, actor) for each in others], len(waiting) - len(others)


def _approved(register: AccountRegister, account: PayeeAccount, actor: str) -> PayeeAccount:
    register.operator(actor).must_differ(account.set_.operator, f"set account {account.number}", "approve it")
    register.opened(account)  # nobody approves what can't be read
    register.record("approved", account, actor=actor)
    return register.accounts.by_number[account.number]


async def withdraw(engine: AsyncEngine, keys: KeyRing, number: int, actor: str, reason: str) -> PayeeAccount:
    """Take back an account that nobody has approved. Raises ``StepRefused``."""
    return await _close(engine, keys, number, actor, reason, ("proposed", "withdrawn"))


async def end(engine: AsyncEngine, keys: KeyRing, number: int, actor: str, reason: str) -> PayeeAccount:
    """End an approved account: nothing is paid to it any more. One person may; a new one takes two.

    Raises ``StepRefused``.
    """
    return await _close(engine, keys, number, actor, reason, ("approved", "ended"))


async def _close(
    engine: AsyncEngine, keys: KeyRing, number: int, actor: str, reason: str, states: tuple[str, str]
) -> PayeeAccount:
    if LONG_DIGITS.search(reason):
        raise StepRefused("原因里不要写账号。leave the account's number out of the reason")
    async with open_register(engine, keys) as register:
        found = _account(register, number, states[0])
        register.record(states[1], found, actor=actor, reason=reason)
        return register.accounts.by_number[number]


def _account(register: AccountRegister, number: int, status: str) -> PayeeAccount:
    found = register.accounts.by_number.get(number)
    if found is None:
        raise StepRefused(f"没有账户 {number}，全部见 claims payees list。there is no account {number}")
    if found.status != status:
        raise StepRefused(
            f"账户 {number} {STATUS_NAMES[found.status]}，这一步只能用于{STATUS_NAMES[status]}的账户。"
            f"account {number} is {found.status}, not {status}"
        )
    return found


async def seal_anew(engine: AsyncEngine, keys: KeyRing) -> int:
    """Seal under the current key whatever is sealed under another; returns how many accounts. Raises
    ``StepRefused``."""
    async with open_register(engine, keys) as register:
        older = [each for each in register.accounts.by_number.values() if each.set_.key_id != keys.current]
        changed = [
            {"of": each.number, "sealed": keys.seal(_content(keys, each), each.about), "key_id": keys.current}
            for each in older
        ]
        if changed:
            statement = update(account_steps).where(account_steps.c.number == bindparam("of"))
            sealed = statement.values(sealed=bindparam("sealed"), key_id=bindparam("key_id"))
            await register.connection.execute(sealed, changed)
    return len(older)


def _content(keys: KeyRing, account: PayeeAccount) -> bytes:
    step = account.set_
    if step.sealed is None or step.key_id is None:
        raise StepRefused(f"账户 {account.about} 没有密文，不能使用。nothing is sealed of {account.about}")
    return keys.open(step.key_id, step.sealed, account.about)


async def keys_in_use(engine: AsyncEngine) -> set[str]:
    """The ids of the keys under which accounts are sealed."""
    async with engine.connect() as connection:
        found = select(account_steps.c.key_id).where(account_steps.c.key_id.is_not(None)).distinct()
        return set((await connection.execute(found)).scalars())
