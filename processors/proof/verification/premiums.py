"""Checks one person's premiums: what is booked agrees with the projection, and with settling them from the facts."""

from collections.abc import Sequence

from events.money import yuan
from events.refusals import Refusal
from policies.engine import Schemes
from processors.person.premium_history import (
    Insurances,
    booked_insurances,
    booked_premiums,
    insurances_due,
    premiums_due,
    read_enrolments,
)
from processors.proof.verification.person_books import PersonBooks
from processors.proof.verification.report import VerifyReport, funds_text
from projections.premiums import PayerPremium
from projections.rosters import RosterChange


def check_premiums(books: PersonBooks, roster: Sequence[RosterChange], schemes: Schemes, report: VerifyReport) -> None:
    """Premiums follow their fact in one transaction, so this holds at every moment."""
    shown = {premium.key: premium for premium in books.premiums if premium.amount}
    report.premiums += len(shown)
    try:
        booked = booked_premiums(books.entries)
        enrolments = read_enrolments(books.entries) if roster else []
        due = premiums_due(enrolments, roster, schemes)
    except LookupError as error:
        report.problem("premium", f"person {books.person_id}", "a scheme's text that may be trusted", error)
        return
    except (ValueError, TypeError, Refusal) as error:
        report.problem("premium", f"person {books.person_id}", "entries that can be read", repr(error))
        return
    _check_insurances(books, insurances_due(due, enrolments, schemes), report)
    if due == booked == shown:
        return
    for key in sorted(due.keys() | booked.keys() | shown.keys()):
        year, region, scheme, layer, kind, payer = key
        where = f"person {books.person_id}, {year}, {region}, {scheme}, {layer} {kind} by {payer}"
        for side, found in ((", booked", booked.get(key)), ("", shown.get(key))):
            if found != due.get(key):
                report.problem("premium", f"{where}{side}", _premium(due.get(key)), _premium(found))


def _check_insurances(books: PersonBooks, due: Insurances, report: VerifyReport) -> None:
    """What a fund has got of a premium is what the enrollment's text says that goes to it (docs/decisions/0018)."""
    booked = booked_insurances(books.entries)
    if due == booked:
        return
    for key in sorted(due.keys() | booked.keys()):
        expected, found = due.get(key, {}), booked.get(key, {})
        if expected != found and sum(expected.values()) == sum(found.values()):
            year, region, scheme, layer, kind, payer = key
            where = f"person {books.person_id}, {year}, {region}, {scheme}, {layer} {kind} by {payer}, goes to"
            report.problem("fund", where, funds_text(expected), funds_text(found))


def _premium(premium: PayerPremium | None) -> str:
    if premium is None:
        return "none"
    return f"{yuan(premium.amount)} for {premium.category} [{premium.grade}] {premium.cite}"
