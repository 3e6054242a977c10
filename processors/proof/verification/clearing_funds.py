"""Checks who pays: what a clearing lays on each fund and insurer is what the entries in its ranges book on them."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from policies.arithmetic import add_to
from policies.funds import BookedFund, booked_fund
from policies.supervision.text import SupervisionHistory
from processors.clearing.payee_amounts import IN_RANGES, range_parameters
from processors.clearing.paying_funds import FundTransfer, fund_transfers, load_fund_shares, prepaid_set_off
from processors.clearing.premium_refunds import load_refunds
from processors.clearing.withheld_money import last_day, withheld_shares
from processors.delivery.names import INTAKE_JOURNAL
from processors.offices.operators import Operator
from processors.proof.verification.report import VerifyReport, funds_text
from processors.supervision.adoption import AdoptedSupervision
from projections.bookings import FUND, GRANT_KIND, INSURER, IS_BOOKING
from projections.clearing_rows import ClearedPart, Clearing, ClearingLine, ClearingPayment
from projections.prepayments import PrepaidSetOff, Prepayment
from projections.withholdings import ReleasedShare, WithheldShare, WithholdingRows

_BOOKED = text(f"""
SELECT coalesce(entry.layer, {GRANT_KIND}) AS paid_for, {FUND} AS fund, {INSURER} AS insurer,
       sum(entry.paid)::bigint AS amount
{IN_RANGES} AND {IS_BOOKING}
GROUP BY 1, 2, 3
""")


async def check_clearing_funds(
    connection: AsyncConnection,
    clearing: Clearing,
    lines: Sequence[ClearingLine],
    parts: Sequence[ClearedPart],
    payments: Sequence[ClearingPayment],
    outstanding: Iterable[Prepayment],
    report: VerifyReport,
) -> list[FundTransfer]:
    """Hold the shares of one clearing against the ledger, fund by fund, and its orders against its payments.

    ``outstanding`` are the prepayments that stood before it. Returns what each fund is to transfer to each payee.
    """
    booked: dict[BookedFund, int] = {}
    for row in await connection.execute(_BOOKED, range_parameters(clearing.region, clearing.ranges)):
        add_to(booked, booked_fund(row.fund, row.insurer, row.paid_for), row.amount)
    begun, ended = clearing.ranges.get(INTAKE_JOURNAL, (0, 0))
    async for refund in load_refunds(connection, begun, ended):
        if refund.region == clearing.region:
            add_to(booked, BookedFund(refund.payer), refund.amount)
    shares = await load_fund_shares(connection, clearing.region, clearing.ranges, lines, parts)
    laid: dict[BookedFund, int] = {}
    for share in shares:
        add_to(laid, share.payer, share.booked)
    due, found = ({fund: amount for fund, amount in sums.items() if amount} for sums in (booked, laid))
    if due != found:
        report.problem("clearing", f"{clearing.clearing_id}, by fund", funds_text(due), funds_text(found))
    due_to_payees = {(each.payee_kind, each.payee): each.transferable for each in payments}
    freed = clearing.released
    withheld = _check_withheld(clearing, fund_transfers(shares, due_to_payees, released=freed), report)
    expected = prepaid_set_off(outstanding, fund_transfers(shares, due_to_payees, (), withheld, freed))
    if _ahead(expected) != _ahead(clearing.prepaid):
        where = f"{clearing.clearing_id}, set off against prepayments"
        report.problem("clearing", where, _told(expected), _told(clearing.prepaid))
    transferred: dict[tuple[str, str], int] = {}
    transfers = fund_transfers(shares, due_to_payees, clearing.prepaid, withheld, freed)
    for each in transfers:
        add_to(transferred, (each.payee_kind, each.payee), each.amount)
    for payment in payments:
        # who has no share at all has a line that nothing was booked for: that is told already
        amount = transferred.get((payment.payee_kind, payment.payee), payment.amount)
        if amount != payment.amount:
            where = f"{clearing.clearing_id}, {payment.payee_kind} {payment.payee}, orders of all funds"
            report.problem("clearing", where, yuan(payment.amount), yuan(amount))
    return transfers


def check_stated_shares(
    adopted: Sequence[AdoptedSupervision], clearings: Iterable[Clearing], report: VerifyReport
) -> None:
    """Each clearing keeps back the share that the supervision text in force, adopted before it, states."""
    for clearing in clearings:
        known = SupervisionHistory(each.text for each in adopted if each.recorded_at <= clearing.drafted_at)
        stated = known.in_force(last_day(clearing.month), clearing.region).withholding.share.value
        said = Fraction(clearing.withholding.share) if clearing.withholding is not None else 0
        if said != stated:
            report.problem("clearing", f"{clearing.clearing_id}, share kept back of hospitals", stated, said)


def _check_withheld(
    clearing: Clearing, transfers: Iterable[FundTransfer], report: VerifyReport
) -> tuple[WithheldShare, ...]:
    """What is kept back is the stated share of what each fund is to transfer, once; returns what the clearing says."""
    if clearing.withholding is None:
        return ()
    said = clearing.withholding
    expected = withheld_shares(transfers, Fraction(said.share), said.hospitals)
    if sorted(expected, key=str) != sorted(said.withheld, key=str):
        where = f"{clearing.clearing_id}, kept back of hospitals"
        report.problem("clearing", where, _kept(expected), _kept(said.withheld))
    return said.withheld


def _kept(shares: Iterable[WithheldShare | ReleasedShare]) -> str:
    return ", ".join(f"{each.hospital_id} {each.fund} {yuan(each.amount)}" for each in shares) or "none"


def check_withholdings(rows: WithholdingRows, clearings: Iterable[Clearing], report: VerifyReport) -> None:
    """No more is released than was kept back; two persons ordered and approved each release, and one clearing pays it.

    ``clearings`` are those that stand.
    """
    for row in rows.kept:
        if not 0 <= row.released <= row.ordered <= row.amount:
            where = f"kept back in {row.clearing_id} of {row.hospital_id}, fund {row.fund}"
            report.problem("clearing", where, f"at most {yuan(row.amount)}", yuan(max(row.ordered, row.released)))
    paid: dict[str, list[ReleasedShare]] = {}
    for release in sorted(rows.releases, key=lambda each: each.number):
        approver = Operator(release.approved_by or "", release.approved_login)
        by = release.approved_by or ("nobody" if release.status in ("approved", "cleared") else None)
        if by == "nobody" or (by and approver.is_same(Operator(release.ordered_by, release.ordered_login))):
            report.problem("clearing", f"release {release.release_id}", "approval by another person", by)
        if release.clearing_id is not None:
            paid.setdefault(release.clearing_id, []).extend(release.shares())
    for clearing in clearings:
        expected = paid.get(clearing.clearing_id, [])
        if sorted(expected, key=str) != sorted(clearing.released, key=str):
            where = f"{clearing.clearing_id}, released to hospitals"
            report.problem("clearing", where, _kept(expected), _kept(clearing.released))


def check_prepayments(rows: Iterable[Prepayment], report: VerifyReport) -> None:
    """No more is set off and paid back of a prepayment than was paid; two persons ordered and approved it."""
    for row in rows:
        where = f"prepayment {row.prepayment_id}"
        if row.set_off < 0 or row.returned < 0 or row.set_off + row.returned > (row.status == "paid") * row.amount:
            paid = row.amount if row.status == "paid" else 0
            report.problem("clearing", where, f"at most {yuan(paid)}", yuan(row.set_off + row.returned))
        approver = Operator(row.approved_by or "", row.approved_login)
        if row.approved_by is not None and approver.is_same(Operator(row.ordered_by, row.ordered_login)):
            report.problem("clearing", where, "approval by another person", row.approved_by)


def _ahead(each_set_off: Iterable[PrepaidSetOff]) -> dict[str, PrepaidSetOff]:
    return {each.prepayment_id: each for each in each_set_off}


def _told(each_set_off: Iterable[PrepaidSetOff]) -> str:
    return ", ".join(f"{each.prepayment_id} {yuan(each.amount)}" for each in each_set_off) or "none"
