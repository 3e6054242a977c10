"""The file by which a bank pays the payees of an approved clearing: what is in it, and what the journal keeps of it.

The journal says who is paid how much, by which fund, under which reference, and to which account of the register by its
number there; it never holds an account.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import PAYMENT_FILE_CANCELLED
from events.money import yuan
from policies.funds import BookedFund
from processors.bank.account_rows import PayeeAccount, PayeeAccounts, load_steps
from processors.bank.payment_lines import (
    WrittenPaymentFile,
    account_warnings,
    digest,
    payment_lines,
    purpose_words,
    record_file,
)
from processors.clearing.bank_files import PaymentFile, PaymentItem, due_by_fund, load_files, open_items
from processors.clearing.fund_orders import load_orders
from processors.clearing.journal import ClearingJournal, open_journal
from processors.clearing.listings import KINDS
from processors.clearing.movements import standing_movements
from processors.clearing.payment_holds import held_hospitals, refuse_held
from processors.clearing.prepayments import prepayment_statuses
from processors.clearing.steps import load_clearing
from processors.offices.keys import KeyRing
from processors.offices.refusal import StepRefused
from projections.clearing_rows import Clearing, ClearingPayment
from projections.clearings import clearing_lines

MOST_NAMED = 20
"""How many payees a refusal names."""
Due = tuple[ClearingPayment, BookedFund, int]
"""A payment, a fund that pays of it, and how much it has still to transfer, in fen."""


async def make(
    engine: AsyncEngine,
    keys: KeyRing,
    clearing_id: str,
    actor: str,
    *,
    only_ready: bool = False,
    purpose: str | None = None,
) -> WrittenPaymentFile:
    """Make the file of all that is due in an approved clearing and in no other file that is open: a line a payee and
    fund.

    What cases of supervision hold is left out, and told. Raises ``StepRefused`` where a payee has no approved
    account and ``only_ready`` does not say to pay the others, where nothing is left to pay, or where the clearing is
    not approved.
    """
    words = purpose_words(purpose)
    async with open_journal(engine) as journal:
        clearing = await load_clearing(journal, clearing_id, "approved", "paid")
        files = await load_files(journal.connection, clearing_id)
        wanted, suspended = await _without_holds(journal, clearing, await _due(journal, clearing, files))
        accounts = PayeeAccounts(await load_steps(journal.connection))
        ready, lacking = _parted(accounts, wanted)
        if lacking and not (only_ready and ready):
            raise _without_account(clearing_id, lacking, some=bool(ready))
        file_id = f"{clearing_id}-B{len(files) + 1}"
        items = tuple(
            PaymentItem(each.payee_kind, each.payee, due, f"{file_id}-{place:04d}", account.number, *payer)
            for place, ((each, payer, due), account) in enumerate(ready, start=1)
        )
        lines = payment_lines(keys, accounts, items, f"{clearing.month:%Y年%m月}", words)
        about = {"clearing_id": clearing_id, "file_id": file_id}
        made = record_file(journal, about, actor, words, items, lines)
        warnings = suspended + await account_warnings(journal, [account for _, account in ready])
    left_out = tuple((each.payee_kind, each.payee, due) for each, _, due in lacking)
    return WrittenPaymentFile(made, lines, f"{clearing.month:%Y-%m}", left_out, warnings)


async def again(engine: AsyncEngine, keys: KeyRing, file_id: str) -> WrittenPaymentFile:
    """The lines of a file that was made, to be written once more. Raises ``StepRefused`` where they are others."""
    async with open_journal(engine) as journal:
        file = await load_file(journal, file_id)
        accounts = PayeeAccounts(await load_steps(journal.connection))
        month = None
        if file.clearing_id is not None:
            month = journal.register.clearings[file.clearing_id,].month
        lines = payment_lines(keys, accounts, file.items, f"{month:%Y年%m月}" if month else "", file.purpose)
    if digest(lines) != file.sha256:
        raise StepRefused(
            f"{file_id} 的内容与制作时登记的校验值不符，不再输出：请撤销后重新制作。"
            f"the lines of {file_id} are not those that were noted: cancel it and make another"
        )
    return WrittenPaymentFile(file, lines, f"{month:%Y-%m}" if month else "")


async def cancel(engine: AsyncEngine, file_id: str, actor: str, reason: str) -> PaymentFile:
    """Cancel a file that was not sent: its payees may be in another. Another person than made it takes this step.

    Raises ``StepRefused``, also where the bank has answered to one of its lines.
    """
    async with open_journal(engine) as journal:
        file = await load_file(journal, file_id)
        journal.operator(actor).must_differ(file.operator, f"made {file_id}", "cancel it")
        if await _answered(journal, file):
            raise StepRefused(
                f"{file_id} 已有银行回单登记，不能撤销。the bank's reply to {file_id} is noted: it was sent"
            )
        about = {"region": file.region} if file.clearing_id is None else {"clearing_id": file.clearing_id}
        journal.record(PAYMENT_FILE_CANCELLED, {**about, "file_id": file_id, "actor": actor, "reason": reason})
    return file


async def load_file(journal: ClearingJournal, file_id: str) -> PaymentFile:
    """A file that stands, with its clearing. Raises ``StepRefused``."""
    found = [each for each in await load_files(journal.connection) if each.file_id == file_id]
    if not found:
        raise StepRefused(
            f"没有银行文件 {file_id}，见 claims clearing payment-files。there is no payment file {file_id}"
        )
    if found[0].cancelled is not None:
        raise StepRefused(f"银行文件 {file_id} 已撤销。payment file {file_id} is cancelled")
    if found[0].clearing_id is not None:
        await load_clearing(journal, found[0].clearing_id, "approved", "paid")
    return found[0]


async def file_rows(engine: AsyncEngine, clearing_id: str | None = None) -> list[dict[str, Any]]:
    """The files that were made, as they are shown, money in yuan; no accounts."""
    async with engine.connect() as connection:
        files = await load_files(connection, clearing_id)
        of_clearings = {each.clearing_id for each in files if each.clearing_id is not None}
        movements = {each: await standing_movements(connection, each) for each in sorted(of_clearings)}
        ordered = await prepayment_statuses(connection)
    rows = []
    for each in files:
        if each.clearing_id is None:
            open_ = _open_prepayments(each, ordered)
        else:
            open_ = open_items(each, movements[each.clearing_id])
        rows.append(
            {
                "file_id": each.file_id,
                "clearing_id": each.clearing_id,
                "region": each.region,
                "made_by": each.operator.actor,
                "made_at": each.at,
                "count": len(each.items),
                "total": yuan(each.total),
                "open": len(open_),
                "sha256": each.sha256,
                "cancelled": each.cancelled is not None,
                "cancelled_by": each.cancelled_by and each.cancelled_by.actor,
            }
        )
    return rows


def _open_prepayments(file: PaymentFile, ordered: Mapping[str, str]) -> list[PaymentItem]:
    if file.cancelled is not None:
        return []
    return [each for each in file.items if ordered.get(each.prepayment_id or "") == "ordered"]


async def _answered(journal: ClearingJournal, file: PaymentFile) -> bool:
    if file.clearing_id is None:
        ordered = await prepayment_statuses(journal.connection)
        return any(ordered.get(each.prepayment_id or "") == "paid" for each in file.items)
    references = {item.reference for item in file.items}
    noted = await standing_movements(journal.connection, file.clearing_id)
    return any(each.reference in references for each in noted)


async def _due(journal: ClearingJournal, clearing: Clearing, files: Sequence[PaymentFile]) -> list[Due]:
    """What each fund has still to transfer to each payee and is in no open file. Raises ``StepRefused``."""
    register, connection = journal.register, journal.connection
    await register.lines.load(connection, clearing_lines.c.clearing_id == clearing.clearing_id)
    _, transfers = await load_orders(connection, clearing, register.lines, list(register.parts), register.payments)
    standing = await standing_movements(connection, clearing.clearing_id)
    sent: dict[tuple[str, str, BookedFund | None], str] = {}
    for file in files:
        sent |= {(each.payee_kind, each.payee, each.payer): file.file_id for each in open_items(file, standing)}
    wanted: list[Due] = []
    waiting: dict[str, int] = {}
    for payment in (each for each in register.payments if each.is_due):
        payee = payment.payee_kind, payment.payee
        of_payee = {each.payer: each.amount for each in transfers if (each.payee_kind, each.payee) == payee}
        own = [each for each in standing if (each.payee_kind, each.payee) == payee]
        left = due_by_fund(payment.amount, of_payee, own)
        if sum(left.values()) != payment.left or any(due < 0 for due in left.values()):
            raise StepRefused(
                f"{clearing.clearing_id} 应付 {payment.payee} 的 {yuan(payment.left)} 元与各基金拨付单不符，请先运行 "
                f"claims verify。what is due to {payment.payee} is not what the funds' orders say: run claims verify"
            )
        for payer, due in left.items():
            in_file = sent.get((*payee, payer)) or sent.get((*payee, None))
            if in_file is None:
                wanted.append((payment, payer, due))
            else:
                waiting[in_file] = waiting.get(in_file, 0) + 1
    if not wanted:
        raise _nothing_left(clearing.clearing_id, waiting)
    return wanted


async def _without_holds(
    journal: ClearingJournal, clearing: Clearing, wanted: Sequence[Due]
) -> tuple[list[Due], tuple[str, ...]]:
    """What may be paid, and a line about each payee whose payments a case holds. Raises ``StepRefused``."""
    held = await held_hospitals(journal.connection, clearing.region, clearing.number, journal.today)
    holds = {each: held.of(each.payee_kind, each.payee) for each, _, _ in wanted}
    free = [each for each in wanted if not holds[each[0]]]
    if not free:
        for each, found in holds.items():
            refuse_held(f"{clearing.clearing_id} {each.payee}", found)
    told = (
        f"{each.payee} 暂停拨付，未列入 held, left out: {yuan(each.left)} 元，{hold.named}"
        for each, found in holds.items()
        for hold in found
    )
    return free, tuple(told)


def _parted(accounts: PayeeAccounts, wanted: Iterable[Due]) -> tuple[list[tuple[Due, PayeeAccount]], list[Due]]:
    """What is due with the account of its payee, fund by fund, hospitals first, and what is due to who has none."""
    ready, lacking = [], []
    for each in sorted(wanted, key=lambda due: (str(due[1]), KINDS.index(due[0].payee_kind), due[0].payee)):
        account = accounts.approved(each[0].payee_kind, each[0].payee)
        if account is None:
            lacking.append(each)
        else:
            ready.append((each, account))
    return ready, lacking


def _nothing_left(clearing_id: str, waiting: Mapping[str, int]) -> StepRefused:
    if not waiting:
        return StepRefused(f"{clearing_id} 没有待拨付的款项。nothing is due in {clearing_id}")
    files = "、".join(sorted(waiting))
    return StepRefused(
        f"{clearing_id} 待拨付的 {sum(waiting.values())} 笔都已在银行文件 {files} 中，等待回单。"
        f"all that is due is in {files}: read the bank's reply, or cancel what was not sent"
    )


def _without_account(clearing_id: str, lacking: Sequence[Due], *, some: bool) -> StepRefused:
    payees = list(dict.fromkeys(each.payee for each, _, _ in lacking))
    named = "、".join(payees[:MOST_NAMED]) + ("……" if len(payees) > MOST_NAMED else "")
    total = yuan(sum(due for _, _, due in lacking))
    others = "先付其余的：勾选“先付有账户的”（命令行 --only-ready）；" if some else ""
    return StepRefused(
        f"{clearing_id} 有 {len(payees)} 个收款方（共 {total} 元）没有已复核的账户：{named}。"
        f"{others}登记账户：控制台“清算·收款账户”，或 claims payees set。"
        f"{len(payees)} payees have no approved account" + (": --only-ready pays the others" if some else "")
    )
