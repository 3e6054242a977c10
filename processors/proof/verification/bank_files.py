"""Checks files for the bank: they hold what was due then, once, fund by fund, and two persons made and cancelled them.

No account is read: verify has no key. What the journal itself says of a file has a check sum of its own.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import CLEARING_PAID, PAYMENT_RETURNED
from events.money import yuan
from policies.funds import BookedFund
from processors.clearing.bank_files import PaymentFile, PaymentItem, due_by_fund, items_digest, load_files, open_items
from processors.clearing.movements import Movement, load_movements
from processors.clearing.paying_funds import FundTransfer
from processors.offices.operators import Operator
from processors.proof.verification.report import VerifyReport
from projections.clearing_register import ClearingRegister
from projections.clearing_rows import ClearingPayment


async def check_bank_files(
    connection: AsyncConnection,
    register: ClearingRegister,
    transfers: Mapping[str, Sequence[FundTransfer]],
    report: VerifyReport,
) -> None:
    """Hold each file against the clearing or the prepayments that it pays; ``transfers`` are by clearing."""
    files = await load_files(connection)
    movements = await load_movements(connection, (CLEARING_PAID, PAYMENT_RETURNED))
    for place, file in enumerate(files):
        where = f"payment file {file.file_id}"
        _check_sums(file, where, report)
        if file.cancelled_by is not None and file.cancelled_by.is_same(file.operator):
            report.problem("clearing", where, "cancelled by another person", file.cancelled_by.actor)
        if file.clearing_id is None:
            _check_prepaid(register, file, where, report)
            continue
        of_clearing = [each for each in movements if each.of == file.clearing_id]
        own = [each for each in register.payments if each.clearing_id == file.clearing_id]
        _check_due(file, own, transfers.get(file.clearing_id, ()), of_clearing, report)
        _check_once(file, files[:place], of_clearing, report)
    _check_noted(files, movements, report)
    for payment in register.payments:
        whole = payment.amount if payment.status == "paid" else payment.amount - 1
        if payment.status != "none" and not 0 <= payment.paid <= whole:
            where = f"{payment.clearing_id}, {payment.payee_kind} {payment.payee}, paid"
            report.problem("clearing", where, f"at most {yuan(payment.amount)}", yuan(payment.paid))


def _check_sums(file: PaymentFile, where: str, report: VerifyReport) -> None:
    found = file.count, file.stated_total
    if found != (len(file.items), file.total):
        expected = f"{len(file.items)} lines, {yuan(file.total)}"
        report.problem("clearing", where, expected, f"{found[0]} lines, {yuan(found[1])}")
    if file.items_sha256 is None:
        return
    if (digest := items_digest(file.items)) != file.items_sha256:
        report.problem("clearing", f"{where}, check sum", digest, file.items_sha256)
    by_fund: dict[BookedFund, list[int]] = {}
    for item in file.items:
        if item.payer is not None:
            by_fund.setdefault(item.payer, []).append(item.amount)
    stated = {BookedFund(each.fund, each.insurer): (each.count, each.total) for each in file.funds}
    expected_funds = {payer: (len(amounts), sum(amounts)) for payer, amounts in by_fund.items()}
    if stated != expected_funds:
        report.problem("clearing", f"{where}, by fund", _funds(expected_funds), _funds(stated))


def _check_due(
    file: PaymentFile,
    payments: Iterable[ClearingPayment],
    transfers: Sequence[FundTransfer],
    movements: Iterable[Movement],
    report: VerifyReport,
) -> None:
    """Each line is what was due to its payee, out of its fund, when the file was made."""
    by_payee = {(each.payee_kind, each.payee): each for each in payments}
    before = [each for each in movements if each.entry < file.entry and not 0 < (each.reversed_by or 0) < file.entry]
    for item in file.items:
        payee = item.payee_kind, item.payee
        payment = by_payee.get(payee)
        amount = 0 if payment is None else payment.amount
        own = [each for each in before if (each.payee_kind, each.payee) == payee]
        if item.payer is None:
            due = amount - sum(each.amount if each.type == CLEARING_PAID else -each.amount for each in own)
        else:
            of_payee = {each.payer: each.amount for each in transfers if (each.payee_kind, each.payee) == payee}
            due = due_by_fund(amount, of_payee, own).get(item.payer, 0)
        if due != item.amount:
            report.problem("clearing", f"payment {item.reference} to {item.payee}", yuan(due), yuan(item.amount))


def _check_once(
    file: PaymentFile, earlier: Iterable[PaymentFile], movements: Sequence[Movement], report: VerifyReport
) -> None:
    """Nobody is in two files that are open at once."""
    then = [each for each in movements if each.entry < file.entry and not 0 < (each.reversed_by or 0) < file.entry]
    for other in earlier:
        if other.clearing_id != file.clearing_id or (other.cancelled is not None and other.cancelled < file.entry):
            continue
        waiting = {(each.payee_kind, each.payee, each.payer) for each in open_items(_not_cancelled(other), then)}
        for item in file.items:
            if waiting & {(item.payee_kind, item.payee, payer) for payer in (item.payer, None)}:
                where = f"payment {item.reference} to {item.payee}"
                report.problem("clearing", where, "in no other open file", other.file_id)


def _check_noted(files: Iterable[PaymentFile], movements: Iterable[Movement], report: VerifyReport) -> None:
    """What a reply notes under a line's reference is that line, of a file that was made before and not cancelled.

    By hand a payment may be noted under any reference: of a cancelled file too, where the bank did pay.
    """
    lines = {item.reference: (file, item) for file in files for item in file.items}
    for each in movements:
        if each.payer is None and not each.by_reply:
            continue
        file, item = lines.get(each.reference or "", (None, None))
        where = f"entry {each.entry} of journal clearing.0, {each.payee_kind} {each.payee}"
        if file is None or item is None:
            if each.payer is not None and each.type == CLEARING_PAID:
                report.problem("clearing", where, "a line of a payment file", each.reference)
            continue
        if each.entry < file.entry or (file.cancelled is not None and each.entry > file.cancelled):
            report.problem("clearing", where, "a payment file that stands", file.file_id)
        elif each.payer == item.payer and _line(each) != _line(item):
            report.problem("clearing", where, " ".join(map(str, _line(item))), " ".join(map(str, _line(each))))


def _check_prepaid(register: ClearingRegister, file: PaymentFile, where: str, report: VerifyReport) -> None:
    """Another person than ordered a prepayment made the file that pays it, and as it was ordered."""
    for item in file.items:
        row = register.prepayments.get((item.prepayment_id,))
        expected = None if row is None else (row.hospital_id, row.payer, row.amount)
        if expected != (item.payee, item.payer, item.amount) or row is None:
            found = f"{item.payee} {yuan(item.amount)}"
            ordered = "none" if row is None else f"{row.hospital_id} {yuan(row.amount)}"
            report.problem("clearing", f"payment {item.reference} of prepayment {item.prepayment_id}", ordered, found)
        elif file.operator.is_same(Operator(row.ordered_by, row.ordered_login)):
            report.problem("clearing", f"{where}, {row.prepayment_id}", "sent by another person", file.operator.actor)


def _not_cancelled(file: PaymentFile) -> PaymentFile:
    """As it stood before it was cancelled."""
    return structs.replace(file, cancelled=None)


def _line(each: Movement | PaymentItem) -> tuple[str, str, str]:
    return each.payee_kind, each.payee, yuan(each.amount)


def _funds(sums: Mapping[BookedFund, tuple[int, int]]) -> str:
    known = sorted(sums.items(), key=str)
    told = (f"{' '.join(filter(None, payer))} {count} {yuan(total)}" for payer, (count, total) in known)
    return ", ".join(told) or "none"
