"""The lines of a file for the bank, with accounts, their check sums, and the event that tells of them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, to_builtins

from events.decisions import PAYMENT_FILE_MADE
from events.money import yuan
from policies.funds import BookedFund
from processors.bank.account_rows import PayeeAccount, PayeeAccounts
from processors.bank.accounts import DEAD_OWN_ACCOUNT, file_words, unsealed
from processors.clearing.bank_files import FundTotal, PaymentFile, PaymentItem, items_digest
from processors.clearing.journal import ClearingJournal
from processors.offices.keys import KeyRing
from processors.offices.refusal import StepRefused
from projections.deaths import load_deaths

PURPOSES: Mapping[str, str] = {
    "hospital": "医保基金清算款",
    "person": "医保报销款",
    "emergency_fund": "归还临时救急借款",
}
PREPAID_PURPOSE = "医保基金预拨款"


class PaymentLine(Struct, frozen=True):
    """A line of the file; ``amount`` in fen. ``payer`` is None in files of before."""

    holder: str
    account: str
    bank: str
    bank_code: str
    amount: int
    purpose: str
    reference: str
    payer: BookedFund | None = None

    def text(self) -> str:
        """The line as the digest has it."""
        paid_by = () if self.payer is None else (self.payer.fund, self.payer.insurer or "")
        fields = self.holder, self.account, self.bank, self.bank_code, yuan(self.amount), self.purpose, self.reference
        return "|".join((*paid_by, *fields)) + "\n"


class WrittenPaymentFile(Struct, frozen=True):
    """A file with its lines; ``left_out`` are payees without an account, ``warnings`` what should be looked at.

    ``month`` is the clearing's, empty of prepayments.
    """

    file: PaymentFile
    lines: tuple[PaymentLine, ...]
    month: str
    left_out: tuple[tuple[str, str, int], ...] = ()
    warnings: tuple[str, ...] = ()


def digest(lines: Iterable[PaymentLine]) -> str:
    """The check sum of lines: sha256 of them, in hex."""
    return hashlib.sha256("".join(line.text() for line in lines).encode()).hexdigest()


def fund_totals(lines: Iterable[PaymentLine]) -> tuple[FundTotal, ...]:
    """What each fund's account pays, with the check sum of its lines."""
    by_fund: dict[BookedFund, list[PaymentLine]] = {}
    for line in lines:
        if line.payer is not None:
            by_fund.setdefault(line.payer, []).append(line)
    return tuple(
        FundTotal(*payer, len(own), sum(line.amount for line in own), digest(own)) for payer, own in by_fund.items()
    )


def payment_lines(
    keys: KeyRing, accounts: PayeeAccounts, items: Iterable[PaymentItem], month: str, purpose: str | None
) -> tuple[PaymentLine, ...]:
    """The lines with their accounts. Raises ``StepRefused`` where a key lacks."""
    made = []
    for item in items:
        held = unsealed(keys, accounts.by_number[item.account])
        usual = PREPAID_PURPOSE if item.prepayment_id else f"{month}{PURPOSES[item.payee_kind]}"
        made.append(
            PaymentLine(
                *(held.holder, held.account, held.bank, held.bank_code or "", item.amount),
                *(purpose or usual, item.reference, item.payer),
            )
        )
    return tuple(made)


def record_file(
    journal: ClearingJournal,
    about: Mapping[str, str],
    actor: str,
    purpose: str | None,
    items: tuple[PaymentItem, ...],
    lines: Sequence[PaymentLine],
) -> PaymentFile:
    """Tell the journal of a file; ``about`` is its id and its clearing or region."""
    totals = fund_totals(lines)
    said: dict[str, Any] = {
        **about,
        "actor": actor,
        "sha256": digest(lines),
        "items_sha256": items_digest(items),
        "count": len(items),
        "total": sum(item.amount for item in items),
        "purpose": purpose,
        "funds": [to_builtins(each) for each in totals],
        "payments": [to_builtins(item) for item in items],
    }
    journal.record(PAYMENT_FILE_MADE, said)
    return PaymentFile(
        entry=journal.journal.number,
        region=about.get("region") or about["file_id"].split("-")[0],
        clearing_id=about.get("clearing_id"),
        file_id=about["file_id"],
        operator=journal.operator(actor),
        at=journal.journal.recorded_at.isoformat(),
        sha256=said["sha256"],
        purpose=purpose,
        items=items,
        count=said["count"],
        stated_total=said["total"],
        funds=totals,
        items_sha256=said["items_sha256"],
    )


def purpose_words(given: str | None) -> str | None:
    """The words of a file's purpose. Raises ``StepRefused``."""
    try:
        return None if given is None else file_words(given, "用途 purpose")
    except ValueError as error:
        raise StepRefused(str(error)) from None


async def account_warnings(journal: ClearingJournal, accounts: Iterable[PayeeAccount]) -> tuple[str, ...]:
    """What should be looked at before money goes to these accounts."""
    own = {each.set_.payee for each in accounts if (each.set_.payee_kind, each.set_.relation) == ("person", "own")}
    dead = await load_deaths(journal.connection, own)
    return tuple(f"{person}（{day}）{DEAD_OWN_ACCOUNT}" for person, day in sorted(dead.items()))
