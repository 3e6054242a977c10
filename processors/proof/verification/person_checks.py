"""One person's books: do the figures agree with each other, and with settling everything again from scratch?"""

from collections.abc import Iterable, Mapping
from typing import Any

from events.money import yuan
from policies.claim import Claim, Payout, Used
from policies.engine import Schemes, settle
from policies.grants import grants_due
from processors.person.claim_history import HistoryError, rebuild
from processors.pipeline.settlement import grant_claims, statement_row
from processors.proof.verification.person_books import AccumulationKey, PersonBooks, Row
from processors.proof.verification.premiums import check_premiums
from processors.proof.verification.report import VerifyReport
from projections.claims import claim_row

ZERO = Used()


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
    for key in sorted(expected.keys() | books.accumulated.keys()):
        sums, found = expected.get(key, ZERO), books.accumulated.get(key, ZERO)
        if sums != found:
            year, scheme, layer, track = key
            where = f"person {books.person_id}, {year}, {scheme}, {layer}{f' ({track})' if track else ''}"
            report.problem("accumulation", where, _used(sums), _used(found))


def check_settled(books: PersonBooks, schemes: Schemes, report: VerifyReport) -> None:
    """What holds once nothing of the person is in flight."""
    _check_statements_booked(books, report)
    try:
        claims, roster = rebuild(books.told)
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
        bills, _ = settle(schemes, claims)
    except (AssertionError, LookupError) as error:
        report.problem("convergence", f"person {books.person_id}", "claims that can be settled", repr(error))
        return
    payouts = {number: bill.payouts for number, bill in bills.items()}
    if _payouts(payouts) != [
        (each.number, each.stage, each.track, each.net) for each in books.booked if each.net != ZERO
    ]:
        _compare_payouts(books, claims, payouts, report)
    expected = [statement_row(claim, payouts.get(claim.number, []), schemes[claim.scheme]) for claim in claims]
    _compare_rows("statement", books.statements, expected, report)
    _compare_rows("claim", books.claims, [claim_row(claim) for claim in claims], report)
    _compare_grants(books, expected, schemes, report)


def _check_balance(statement: Row, report: VerifyReport) -> None:
    where = f"claim {statement['claim_id']}"
    layers = sum(paid for _, paid in statement["layers"])
    patient, hospital = statement["patient_share"], statement["hospital_share"]
    if statement["status"] == "reversed":
        if layers or patient or hospital:
            report.problem("balance", where, "0.00 of a reversed claim", _balance(layers, patient, hospital))
    elif layers + patient + hospital != statement["total"] or patient < 0:
        report.problem("balance", where, yuan(statement["total"]), _balance(layers, patient, hospital))


def _check_statements_booked(books: PersonBooks, report: VerifyReport) -> None:
    booked: dict[str, dict[str, int]] = {}
    for booking in books.booked:
        if booking.net.claims or booking.net.paid:
            layers = booked.setdefault(booking.claim_id, {})
            layers[booking.layer] = layers.get(booking.layer, 0) + booking.net.paid
    stated = {row["claim_id"]: dict(row["layers"]) for row in books.statements}
    for claim_id in sorted(booked.keys() | stated.keys()):
        expected, found = booked.get(claim_id, {}), stated.get(claim_id, {})
        if expected != found:
            report.problem("statement", f"claim {claim_id}, booked by layer", _paid(expected), _paid(found))


def _payouts(payouts: Mapping[int, list[Payout]]) -> list[tuple[int, int, str, Used]]:
    """What was decided, as the bookings say it: in ledger order, then that of the layers."""
    return [
        (number, each.stage, each.track, Used(each.base, each.deductible, each.paid, each.extra, 1))
        for number, decided in payouts.items()
        for each in decided
    ]


def _compare_payouts(
    books: PersonBooks, claims: Iterable[Claim], payouts: Mapping[int, list[Payout]], report: VerifyReport
) -> None:
    names = {claim.number: claim.claim_id for claim in claims}
    expected: dict[tuple[int, int, str], Used] = {}
    layers: dict[tuple[int, int, str], str] = {}
    for number, decided in payouts.items():
        for payout in decided:
            key = (number, payout.stage, payout.track)
            layers[key] = payout.layer
            expected.setdefault(key, Used()).add(payout)
    found: dict[tuple[int, int, str], Used] = {}
    for booking in books.booked:
        key = (booking.number, booking.stage, booking.track)
        layers.setdefault(key, booking.layer)
        names.setdefault(booking.number, booking.claim_id)
        found.setdefault(key, Used()).merge(booking.net)
    for key in sorted(expected.keys() | found.keys()):
        target, net = expected.get(key, ZERO), found.get(key, ZERO)
        if target != net:
            where = f"claim {names[key[0]]}, {layers[key]} (stage {key[1]})"
            report.problem("convergence", where, _used(target), _used(net))


def _compare_rows(what: str, found: Iterable[Row], expected: Iterable[Row], report: VerifyReport) -> None:
    by_claim = {row["claim_id"]: row for row in found}
    for row in expected:
        there = by_claim.pop(row["claim_id"], None)
        if there == row:
            continue
        where = f"claim {row['claim_id']}"
        if there is None:
            report.problem(what, where, f"a {what}", "none")
            continue
        different = [name for name, value in row.items() if there[name] != value]
        if different:
            report.problem(what, where, _part(row, different), _part(there, different))
    for claim_id in by_claim:
        report.problem(what, f"claim {claim_id}", f"no {what}: the ledger accepted no such claim", f"a {what}")


def _compare_grants(books: PersonBooks, settled: list[dict[str, Any]], schemes: Schemes, report: VerifyReport) -> None:
    due: dict[tuple[str, str, int], tuple[int, str]] = {}
    for scheme in {row["scheme"] for row in settled}:
        history = [row for row in settled if row["scheme"] == scheme]
        offered = {row["scheme_hash"]: schemes[row["scheme_hash"]].grants for row in history}
        if not any(offered.values()):
            continue
        for grant in grants_due(grant_claims(history), offered):
            due[scheme, grant.kind, grant.year or 0] = (grant.amount, grant.claim_id)
    shown = {(row["scheme"], row["grant"], row["year"]): (row["amount"], row["claim_id"]) for row in books.grants}
    report.grants += len(shown)
    for key in sorted(due.keys() | shown.keys() | books.granted.keys()):
        where = f"person {books.person_id}, {key[0]} grant {key[1]} {key[2] or 'once in a life'}"
        amount = due[key][0] if key in due else 0
        if books.granted.get(key, 0) != amount:
            report.problem("grant", f"{where}, booked", yuan(amount), yuan(books.granted.get(key, 0)))
        if due.get(key) != shown.get(key):
            report.problem("grant", where, _grant(due.get(key)), _grant(shown.get(key)))


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


def _part(row: Row, names: Iterable[str]) -> str:
    return ", ".join(f"{name} {row[name]}" for name in names)


def _grant(grant: tuple[int, str] | None) -> str:
    return "none" if grant is None else f"{yuan(grant[0])} for claim {grant[1]}"
