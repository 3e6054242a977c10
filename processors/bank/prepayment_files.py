"""The file by which a bank pays a region's prepayments, each fund from its own account.

Who makes it sends the money: another person than ordered a prepayment. The bank's reply notes the transfer.
"""

from sqlalchemy.ext.asyncio import AsyncEngine

from processors.bank.account_rows import PayeeAccounts, load_steps
from processors.bank.payment_lines import WrittenPaymentFile, payment_lines, purpose_words, record_file
from processors.clearing.bank_files import PaymentFile, PaymentItem, load_files
from processors.clearing.journal import ClearingJournal, open_journal
from processors.clearing.payment_holds import load_holds
from processors.offices.keys import KeyRing
from processors.offices.operators import Operator
from processors.offices.refusal import StepRefused
from projections.prepayments import Prepayment, prepayments


async def make(
    engine: AsyncEngine, keys: KeyRing, region: str, actor: str, *, only_ready: bool = False, purpose: str | None = None
) -> WrittenPaymentFile:
    """Make the file of all prepayments of a region that are ordered and in no other file that is open.

    What cases hold, and what the actor has ordered, is left out and told. Raises ``StepRefused`` where a hospital
    has no approved account and ``only_ready`` does not say to pay the others, or where nothing is left to pay.
    """
    words = purpose_words(purpose)
    async with open_journal(engine) as journal:
        files = [
            each for each in await load_files(journal.connection) if (each.region, each.clearing_id) == (region, None)
        ]
        await journal.register.prepayments.load(journal.connection, prepayments.c.region == region)
        wanted, warnings = await _payable(journal, region, actor, files)
        accounts = PayeeAccounts(await load_steps(journal.connection))
        ready = [each for each in wanted if accounts.approved("hospital", each.hospital_id) is not None]
        lacking = [each for each in wanted if each not in ready]
        if lacking and not (only_ready and ready):
            named = "、".join(dict.fromkeys(each.hospital_id for each in lacking))
            raise StepRefused(
                f"统筹区 {region} 的预拨有医院没有已复核的账户：{named}。"
                f"{'先付其余的：勾选“先付有账户的”（命令行 --only-ready）；' if ready else ''}"
                "登记账户：控制台“清算·收款账户”，或 claims payees set。"
                f"hospitals without an approved account: {named}"
            )
        file_id = f"{region}-P-B{len(files) + 1}"
        items = tuple(_item(accounts, each, f"{file_id}-{place:04d}") for place, each in enumerate(ready, start=1))
        lines = payment_lines(keys, accounts, items, "", words)
        made = record_file(journal, {"region": region, "file_id": file_id}, actor, words, items, lines)
    left_out = tuple(("hospital", each.hospital_id, each.amount) for each in lacking)
    return WrittenPaymentFile(made, lines, "", left_out, warnings)


async def _payable(
    journal: ClearingJournal, region: str, actor: str, files: list[PaymentFile]
) -> tuple[list[Prepayment], tuple[str, ...]]:
    """What may be sent, and a line about what is left out. Raises ``StepRefused`` where nothing is left."""
    sent = {item.prepayment_id for file in files if file.cancelled is None for item in file.items}
    ordered = [each for each in journal.register.prepayments if each.status == "ordered"]
    holds = await load_holds(journal.connection, region, journal.today)
    by = journal.operator(actor)
    wanted, told = [], []
    for each in sorted(ordered, key=lambda row: (str(row.payer), row.number)):
        held = [hold for hold in holds if hold.hospital_id == each.hospital_id]
        if each.prepayment_id in sent:
            told.append(f"{each.prepayment_id} 已在银行文件中，不再列入 is in a file already")
        elif held:
            told += [f"{each.prepayment_id} {each.hospital_id} 暂停拨付 held，{hold.named}" for hold in held]
        elif by.is_same(Operator(each.ordered_by, each.ordered_login)):
            told.append(f"{each.prepayment_id} 由 {actor} 申请，须由另一人做文件 another person must send it")
        else:
            wanted.append(each)
    if not wanted:
        why = "；".join(told)
        raise StepRefused(
            f"统筹区 {region} 没有可以付款的预拨{'：' + why if why else ''}。no prepayment of {region} can be sent"
        )
    return wanted, tuple(told)


def _item(accounts: PayeeAccounts, row: Prepayment, reference: str) -> PaymentItem:
    account = accounts.approved("hospital", row.hospital_id)
    if account is None:
        raise StepRefused(f"{row.hospital_id} 没有已复核的账户。{row.hospital_id} has no approved account")
    payer = row.payer
    return PaymentItem(
        *("hospital", row.hospital_id, row.amount, reference, account.number),
        *(payer.fund, payer.insurer, row.prepayment_id),
    )
