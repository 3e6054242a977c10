"""Checks one person's books: the figures agree with each other, and with settling everything from scratch."""

from collections.abc import Iterable, Mapping, Sequence

from events.money import yuan
from policies.arithmetic import add_to
from policies.claim import Claim, Payout, Used
from policies.engine import Schemes
from policies.funds import BookedFund
from policies.scheme import Scheme
from processors.person.recalculation import NOTHING, HeldGrant, nulls_last, payout_differences, recalculate
from processors.pipeline.claim_history import HistoryError, read_claims
from processors.proof.column_values import column_text
from processors.proof.verification.person_books import AccumulationKey, PersonBooks, ProjectionRow
from processors.proof.verification.premiums import check_premiums
from processors.proof.verification.report import VerifyReport, funds_text
from projections.claims import claim_row
from projections.grants import GrantKey
from projections.statements import StatementRow


def check_sums(books: PersonBooks, report: VerifyReport) -> None:
    """What holds at every moment: statements balance, accumulations are the sums of what is booked."""
    for statement in books.statements:
        report.statements += 1
        _check_balance(statement, report)
    expected: dict[AccumulationKey, Used] = {}
    for booking in books.booked:
        key = (booking.year, booking.scheme, booking.layer, booking.track)
        sums = expected.get(key)
        if sums is None:
            sums = expected[key] = Used()
        sums.merge(booking.net)
    report.accumulations += len(books.accumulated)
    if expected == books.accumulated:
        return
    for key in sorted(expected.keys() | books.accumulated.keys(), key=nulls_last):
        sums, found = expected.get(key, NOTHING), books.accumulated.get(key, NOTHING)
        if sums != found:
            year, scheme, layer, track = key
            where = f"person {books.person_id}, {year}, {scheme}, {layer}{f' ({track})' if track else ''}"
            report.problem("accumulation", where, _used(sums), _used(found))


def check_settled(books: PersonBooks, schemes: Schemes, report: VerifyReport) -> None:
    """What holds once nothing of the person is in flight."""
    _check_statements_booked(books, report)
    try:
        claims, roster = read_claims(books.entries)
    except HistoryError as error:
        report.problem("convergence", f"person {books.person_id}", "a history that can be told", error)
        return
    check_premiums(books, roster, schemes, report)
    report.claims += len(claims)
    unknown = {claim.scheme for claim in claims} - schemes.keys()
    if unknown:
        for claim in claims:
            if claim.scheme in unknown:
                where = f"claim {claim.claim_id}"
                report.problem("scheme", where, f"the text with hash {claim.scheme}", "no such text")
        return
    try:
        due = recalculate(claims, schemes)
    except (AssertionError, LookupError) as error:
        report.problem("convergence", f"person {books.person_id}", "claims that can be settled", repr(error))
        return
    for each in payout_differences(claims, due.payouts, books.booked):
        report.problem("convergence", each.where, _used(each.expected), _used(each.booked))
    _compare_statements(books.statements, due.statements, report)
    _compare_claims(books.claims, [claim_row(claim) for claim in claims], report)
    _compare_grants(books, due.grants, report)
    _check_payers(books, claims, due.payouts, schemes, report)
    _check_granting(books, due.grants, {claim.claim_id: schemes[claim.scheme] for claim in claims}, report)


def _check_balance(statement: StatementRow, report: VerifyReport) -> None:
    where = f"claim {statement.claim_id}"
    layers = sum(paid for _, paid in statement.layers)
    patient, hospital = statement.patient_share, statement.hospital_share
    if statement.status == "reversed":
        if layers or patient or hospital:
            report.problem("balance", where, "0.00 of a reversed claim", _balance(layers, patient, hospital))
    elif layers + patient + hospital != statement.total or patient < 0:
        report.problem("balance", where, yuan(statement.total), _balance(layers, patient, hospital))


def _check_statements_booked(books: PersonBooks, report: VerifyReport) -> None:
    booked: dict[str, dict[str, int]] = {}
    for booking in books.booked:
        if booking.net.claims or booking.net.paid:
            layers = booked.setdefault(booking.claim_id, {})
            layers[booking.layer] = layers.get(booking.layer, 0) + booking.net.paid
    stated = {statement.claim_id: dict(statement.layers) for statement in books.statements}
    for claim_id in sorted(booked.keys() | stated.keys()):
        expected, found = booked.get(claim_id, {}), stated.get(claim_id, {})
        if expected != found:
            report.problem("statement", f"claim {claim_id}, booked by layer", _paid(expected), _paid(found))


def _compare_statements(found: Iterable[StatementRow], expected: Iterable[StatementRow], report: VerifyReport) -> None:
    by_claim = {row.claim_id: row for row in found}
    for row in expected:
        there = by_claim.pop(row.claim_id, None)
        if there is None:
            report.problem("statement", f"claim {row.claim_id}", "a statement", "none")
        elif there != row:
            different = [name for name in row.__struct_fields__ if getattr(there, name) != getattr(row, name)]
            sides = (
                ", ".join(f"{name} {column_text(name, getattr(side, name))}" for name in different)
                for side in (row, there)
            )
            report.problem("statement", f"claim {row.claim_id}", *sides)
    _report_surplus("statement", by_claim, report)


def _compare_claims(found: Iterable[ProjectionRow], expected: Iterable[ProjectionRow], report: VerifyReport) -> None:
    by_claim = {row["claim_id"]: row for row in found}
    for row in expected:
        there = by_claim.pop(row["claim_id"], None)
        if there is None:
            report.problem("claim", f"claim {row['claim_id']}", "a claim", "none")
        elif there != row:
            different = [name for name, value in row.items() if there[name] != value]
            sides = (
                ", ".join(f"{name} {column_text(name, side[name])}" for name in different) for side in (row, there)
            )
            report.problem("claim", f"claim {row['claim_id']}", *sides)
    _report_surplus("claim", by_claim, report)


def _report_surplus(what: str, claim_ids: Iterable[str], report: VerifyReport) -> None:
    for claim_id in claim_ids:
        report.problem(what, f"claim {claim_id}", f"no {what}: the ledger accepted no such claim", f"a {what}")


def _compare_grants(books: PersonBooks, due: Mapping[GrantKey, HeldGrant], report: VerifyReport) -> None:
    shown = {grant.key: grant for grant in books.grants}
    report.grants += len(shown)
    for key in sorted(due.keys() | shown.keys() | books.granted.keys()):
        where = f"person {books.person_id}, {key[0]} grant {key[1]} {key[2] or 'once in a life'}"
        amount = due[key].amount if key in due else 0
        if books.granted.get(key, 0) != amount:
            report.problem("grant", f"{where}, booked", yuan(amount), yuan(books.granted.get(key, 0)))
        if due.get(key) != shown.get(key):
            report.problem("grant", where, _grant(due.get(key)), _grant(shown.get(key)))


def _check_payers(
    books: PersonBooks,
    claims: Sequence[Claim],
    payouts: Mapping[int, Sequence[Payout]],
    schemes: Schemes,
    report: VerifyReport,
) -> None:
    """What a fund has paid of a claim at a stage is what the claim's text lays on it (docs/decisions/0018)."""
    due: dict[tuple[int, int], dict[BookedFund, int]] = {}
    for claim in claims:
        scheme = schemes[claim.scheme]
        for payout in payouts.get(claim.number, ()):
            if payout.paid:
                add_to(due.setdefault((claim.number, payout.stage), {}), scheme.fund_of(payout.layer), payout.paid)
    if due == books.paying:
        return
    names = {claim.number: claim.claim_id for claim in claims}
    for number, stage in sorted(due.keys() | books.paying.keys(), key=nulls_last):
        where = f"claim {names.get(number, number)}, stage {stage}, by fund"
        _compare_funds(where, due.get((number, stage), {}), books.paying.get((number, stage), {}), report)


def _check_granting(
    books: PersonBooks, due: Mapping[GrantKey, HeldGrant], texts: Mapping[str, Scheme], report: VerifyReport
) -> None:
    for key in sorted(due.keys() | books.granting.keys()):
        grant = due.get(key)
        expected = {} if grant is None else {texts[grant.claim_id].fund_of(grant.kind): grant.amount}
        where = f"person {books.person_id}, {key[0]} grant {key[1]} {key[2] or 'once in a life'}, by fund"
        _compare_funds(where, expected, books.granting.get(key, {}), report)


def _compare_funds(
    where: str, expected: Mapping[BookedFund, int], found: Mapping[BookedFund, int], report: VerifyReport
) -> None:
    due, booked = ({fund: amount for fund, amount in sums.items() if amount} for sums in (expected, found))
    # what is wrong in sum is told already
    if due != booked and sum(due.values()) == sum(booked.values()):
        report.problem("fund", where, funds_text(due), funds_text(booked))


def _used(used: Used) -> str:
    return (
        f"base {yuan(used.base)}, deductible {yuan(used.deductible)}, paid {yuan(used.paid)}, "
        f"extra {yuan(used.extra)}, claims {used.claims}"
    )


def _balance(layers: int, patient: int, hospital: int) -> str:
    total = layers + patient + hospital
    return f"{yuan(total)} = layers {yuan(layers)} + patient {yuan(patient)} + hospital {yuan(hospital)}"


def _paid(layers: Mapping[str, int]) -> str:
    return ", ".join(f"{layer} {yuan(paid)}" for layer, paid in layers.items()) or "nothing"


def _grant(grant: HeldGrant | None) -> str:
    return "none" if grant is None else f"{yuan(grant.amount)} for claim {grant.claim_id}"
