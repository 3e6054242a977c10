"""The file by which a bank pays the payees of an approved clearing: what is in it, and what the journal keeps of it.

The journal says who is paid how much under which reference, and to which account of the register by its number there;
it never holds an account. The digest is that of the file's lines, accounts among them.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import CLEARING_PAID, PAYMENT_FILE_CANCELLED, PAYMENT_FILE_MADE
from events.money import yuan
from events.store.journal import entries
from processors.bank.account_rows import PayeeAccount, PayeeAccounts, load_steps
from processors.bank.accounts import file_words, unsealed
from processors.bank.keys import KeyRing
from processors.clearing.journal import ClearingJournal, open_journal
from processors.clearing.listings import KINDS
from processors.clearing.movements import Movement, load_movements
from processors.clearing.operators import Operator
from processors.clearing.payment_holds import held_hospitals, refuse_held
from processors.clearing.refusal import ClearingRefused
from processors.clearing.steps import load_clearing
from processors.delivery.names import CLEARING_JOURNAL
from projections.clearing_rows import Clearing, ClearingPayment
from projections.deaths import load_deaths

MOST_NAMED = 20
"""How many payees a refusal names."""
PURPOSES: Mapping[str, str] = {
    "hospital": "医保基金清算款",
    "person": "医保报销款",
    "emergency_fund": "归还临时救急借款",
}


class PaymentLine(Struct, frozen=True):
    """A line of the file; ``amount`` in fen."""

    holder: str
    account: str
    bank: str
    bank_code: str
    amount: int
    purpose: str
    reference: str

    def text(self) -> str:
        """The line as the digest has it."""
        fields = self.holder, self.account, self.bank, self.bank_code, yuan(self.amount), self.purpose, self.reference
        return "|".join(fields) + "\n"


class PaymentItem(Struct, frozen=True):
    """What the journal says of a line: whom it pays, in fen, and the number of the account in the register."""

    payee_kind: str
    payee: str
    amount: int
    reference: str
    account: int


class PaymentFile(Struct, frozen=True):
    """A file as entry ``entry`` of clearing's journal says; ``cancelled`` says that it was never sent."""

    entry: int
    clearing_id: str
    file_id: str
    operator: Operator
    at: str
    sha256: str
    purpose: str | None
    items: tuple[PaymentItem, ...]
    cancelled: bool = False

    @property
    def total(self) -> int:
        """What it pays, in fen."""
        return sum(item.amount for item in self.items)


class WrittenPaymentFile(Struct, frozen=True):
    """A file with its lines; ``left_out`` are payees without an account, ``warnings`` what should be looked at."""

    file: PaymentFile
    clearing: Clearing
    lines: tuple[PaymentLine, ...]
    left_out: tuple[tuple[str, str, int], ...] = ()
    warnings: tuple[str, ...] = ()


def digest(lines: Iterable[PaymentLine]) -> str:
    """The check sum of a file: sha256 of its lines, in hex."""
    return hashlib.sha256("".join(line.text() for line in lines).encode()).hexdigest()


async def make(
    engine: AsyncEngine,
    keys: KeyRing,
    clearing_id: str,
    actor: str,
    *,
    only_ready: bool = False,
    purpose: str | None = None,
) -> WrittenPaymentFile:
    """Make the file of all that is due in an approved clearing and in no other file that is open.

    What cases of supervision hold is left out, and told. Raises ``ClearingRefused`` where a payee has no approved
    account and ``only_ready`` does not say to pay the others, where nothing is left to pay, or where the clearing is
    not approved.
    """
    words = _purpose(purpose)
    async with open_journal(engine) as journal:
        clearing = await load_clearing(journal, clearing_id, "approved", "paid")
        files = await load_files(journal.connection, clearing_id)
        held = await open_items(journal.connection, files)
        due = [each for each in journal.register.payments if each.is_due]
        wanted = [each for each in due if (each.payee_kind, each.payee) not in held]
        if not wanted:
            raise _nothing_left(clearing_id, due, held)
        wanted, suspended = await _without_holds(journal, clearing, wanted)
        accounts = PayeeAccounts(await load_steps(journal.connection))
        ready, lacking = _parted(accounts, wanted)
        if lacking and not (only_ready and ready):
            raise _without_account(clearing_id, lacking, some=bool(ready))
        file_id = f"{clearing_id}-B{len(files) + 1}"
        items = tuple(
            PaymentItem(each.payee_kind, each.payee, each.amount, f"{file_id}-{place:04d}", account.number)
            for place, (each, account) in enumerate(ready, start=1)
        )
        lines = _lines(keys, accounts, items, clearing, words)
        said: dict[str, Any] = {
            "clearing_id": clearing_id,
            "file_id": file_id,
            "actor": actor,
            "sha256": digest(lines),
            "count": len(items),
            "total": sum(item.amount for item in items),
            "purpose": words,
            "payments": [_said(item) for item in items],
        }
        journal.record(PAYMENT_FILE_MADE, said)
        made = PaymentFile(
            entry=journal.journal.number,
            clearing_id=clearing_id,
            file_id=file_id,
            operator=journal.operator(actor),
            at=journal.journal.recorded_at.isoformat(),
            sha256=said["sha256"],
            purpose=words,
            items=items,
        )
        warnings = suspended + await _warnings(journal, [account for _, account in ready])
    left_out = tuple((each.payee_kind, each.payee, each.amount) for each in lacking)
    return WrittenPaymentFile(made, clearing, lines, left_out, warnings)


async def again(engine: AsyncEngine, keys: KeyRing, file_id: str) -> WrittenPaymentFile:
    """The lines of a file that was made, to be written once more. Raises ``ClearingRefused`` where they are others."""
    async with open_journal(engine) as journal:
        file = await load_file(journal, file_id)
        clearing = journal.register.clearings[file.clearing_id,]
        accounts = PayeeAccounts(await load_steps(journal.connection))
        lines = _lines(keys, accounts, file.items, clearing, file.purpose)
    if digest(lines) != file.sha256:
        raise ClearingRefused(
            f"{file_id} 的内容与制作时登记的校验值不符，不再输出：请撤销后重新制作。"
            f"the lines of {file_id} are not those that were noted: cancel it and make another"
        )
    return WrittenPaymentFile(file, clearing, lines)


async def cancel(engine: AsyncEngine, file_id: str, actor: str, reason: str) -> PaymentFile:
    """Cancel a file that was not sent: its payees may be in another. Another person than made it takes this step.

    Raises ``ClearingRefused``, also where the bank has answered to one of its lines.
    """
    async with open_journal(engine) as journal:
        file = await load_file(journal, file_id)
        journal.operator(actor).must_differ(file.operator, f"made {file_id}", "cancel it")
        references = {item.reference for item in file.items}
        noted = [each for each in await payments_of(journal.connection, file.clearing_id) if each.reversed_by is None]
        if any(each.reference in references for each in noted):
            raise ClearingRefused(
                f"{file_id} 已有银行回单登记，不能撤销。the bank's reply to {file_id} is noted: it was sent"
            )
        said = {"clearing_id": file.clearing_id, "file_id": file_id, "actor": actor, "reason": reason}
        journal.record(PAYMENT_FILE_CANCELLED, said)
    return file


async def load_file(journal: ClearingJournal, file_id: str) -> PaymentFile:
    """A file that stands, with its clearing. Raises ``ClearingRefused``."""
    found = [each for each in await load_files(journal.connection) if each.file_id == file_id]
    if not found:
        raise ClearingRefused(
            f"没有银行文件 {file_id}，见 claims clearing payment-files。there is no payment file {file_id}"
        )
    if found[0].cancelled:
        raise ClearingRefused(f"银行文件 {file_id} 已撤销。payment file {file_id} is cancelled")
    await load_clearing(journal, found[0].clearing_id, "approved", "paid")
    return found[0]


async def load_files(connection: AsyncConnection, clearing_id: str | None = None) -> list[PaymentFile]:
    """The files of a clearing, or of all, in the order in which they were made."""
    rows = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == CLEARING_JOURNAL)
        .where(entries.c.type.in_((PAYMENT_FILE_MADE, PAYMENT_FILE_CANCELLED)))
        .order_by(entries.c.number)
    )
    said = [(row, orjson.loads(row.data)) for row in rows]
    cancelled = {data["file_id"] for row, data in said if row.type == PAYMENT_FILE_CANCELLED}
    return [
        PaymentFile(
            entry=row.number,
            clearing_id=data["clearing_id"],
            file_id=data["file_id"],
            operator=Operator(data["actor"], None if data.get("owner") else data.get("login")),
            at=row.recorded_at.isoformat(),
            sha256=data["sha256"],
            purpose=data.get("purpose"),
            items=tuple(PaymentItem(**item) for item in data["payments"]),
            cancelled=data["file_id"] in cancelled,
        )
        for row, data in said
        if row.type == PAYMENT_FILE_MADE and clearing_id in (None, data["clearing_id"])
    ]


async def payments_of(
    connection: AsyncConnection, clearing_id: str, types: Collection[str] = (CLEARING_PAID,)
) -> list[Movement]:
    """What was noted as paid, or came back, in a clearing."""
    condition = "said ->> 'clearing_id' = CAST(:clearing_id AS text)"
    return await load_movements(connection, types, condition, clearing_id=clearing_id)


async def open_items(connection: AsyncConnection, files: Sequence[PaymentFile]) -> dict[tuple[str, str], str]:
    """Payees (kind, id) of one clearing whom a file pays that the bank has not answered to; gives the file's id.

    A payment that was noted after the file, by the bank's reply or by hand, closes the line.
    """
    held: dict[tuple[str, str], str] = {}
    for file in (each for each in files if not each.cancelled):
        paid = await payments_of(connection, file.clearing_id)
        closed = {
            (each.payee_kind, each.payee) for each in paid if each.reversed_by is None and each.entry > file.entry
        }
        for item in file.items:
            if (item.payee_kind, item.payee) not in closed:
                held[item.payee_kind, item.payee] = file.file_id
    return held


async def file_rows(engine: AsyncEngine, clearing_id: str | None = None) -> list[dict[str, Any]]:
    """The files that were made, as they are shown, money in yuan; no accounts."""
    async with engine.connect() as connection:
        files = await load_files(connection, clearing_id)
        return [
            {
                "file_id": each.file_id,
                "clearing_id": each.clearing_id,
                "made_by": each.operator.actor,
                "made_at": each.at,
                "count": len(each.items),
                "total": yuan(each.total),
                "open": len(await open_items(connection, [each])),
                "sha256": each.sha256,
                "cancelled": each.cancelled,
            }
            for each in files
        ]


async def _without_holds(
    journal: ClearingJournal, clearing: Clearing, wanted: Sequence[ClearingPayment]
) -> tuple[list[ClearingPayment], tuple[str, ...]]:
    """What may be paid, and a line about each payee whose payments a case holds. Raises ``ClearingRefused``."""
    held = await held_hospitals(journal.connection, clearing.region, clearing.number, journal.today)
    holds = {each: held.of(each.payee_kind, each.payee) for each in wanted}
    free = [each for each in wanted if not holds[each]]
    if not free:
        for each, found in holds.items():
            refuse_held(f"{clearing.clearing_id} {each.payee}", found)
    told = (
        f"{each.payee} 暂停拨付，未列入 held, left out: {yuan(each.amount)} 元，{hold.named}"
        for each, found in holds.items()
        for hold in found
    )
    return free, tuple(told)


def _purpose(given: str | None) -> str | None:
    try:
        return None if given is None else file_words(given, "用途 purpose")
    except ValueError as error:
        raise ClearingRefused(str(error)) from None


def _parted(
    accounts: PayeeAccounts, wanted: Iterable[ClearingPayment]
) -> tuple[list[tuple[ClearingPayment, PayeeAccount]], list[ClearingPayment]]:
    """Payments with the account of their payee, hospitals first, and those whose payee has none."""
    ready, lacking = [], []
    for each in sorted(wanted, key=lambda payment: (KINDS.index(payment.payee_kind), payment.payee)):
        account = accounts.approved(each.payee_kind, each.payee)
        if account is None:
            lacking.append(each)
        else:
            ready.append((each, account))
    return ready, lacking


def _lines(
    keys: KeyRing,
    accounts: PayeeAccounts,
    items: Iterable[PaymentItem],
    clearing: Clearing,
    purpose: str | None,
) -> tuple[PaymentLine, ...]:
    made = []
    for item in items:
        held = unsealed(keys, accounts.by_number[item.account])
        words = purpose or f"{clearing.month:%Y年%m月}{PURPOSES[item.payee_kind]}"
        made.append(
            PaymentLine(held.holder, held.account, held.bank, held.bank_code or "", item.amount, words, item.reference)
        )
    return tuple(made)


def _said(item: PaymentItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in ("payee_kind", "payee", "amount", "reference", "account")}


async def _warnings(journal: ClearingJournal, accounts: Iterable[PayeeAccount]) -> tuple[str, ...]:
    own = {each.set_.payee for each in accounts if (each.set_.payee_kind, each.set_.relation) == ("person", "own")}
    dead = await load_deaths(journal.connection, own)
    return tuple(
        f"{person} 已登记死亡（{day}），账户仍为本人 is reported dead, and the account is still the person's"
        for person, day in sorted(dead.items())
    )


def _nothing_left(
    clearing_id: str, due: Sequence[ClearingPayment], held: Mapping[tuple[str, str], str]
) -> ClearingRefused:
    if not due:
        return ClearingRefused(f"{clearing_id} 没有待拨付的款项。nothing is due in {clearing_id}")
    files = "、".join(sorted({held[each.payee_kind, each.payee] for each in due}))
    return ClearingRefused(
        f"{clearing_id} 待拨付的 {len(due)} 笔都已在银行文件 {files} 中，等待回单。"
        f"all that is due is in {files}: read the bank's reply, or cancel what was not sent"
    )


def _without_account(clearing_id: str, lacking: Sequence[ClearingPayment], *, some: bool) -> ClearingRefused:
    named = "、".join(each.payee for each in lacking[:MOST_NAMED]) + ("……" if len(lacking) > MOST_NAMED else "")
    total = yuan(sum(each.amount for each in lacking))
    others = "先付其余的用 --only-ready；" if some else ""
    return ClearingRefused(
        f"{clearing_id} 有 {len(lacking)} 个收款方（共 {total} 元）没有已复核的账户：{named}。"
        f"{others}登记账户用 claims payees set。"
        f"{len(lacking)} payees have no approved account" + (": --only-ready pays the others" if some else "")
    )
