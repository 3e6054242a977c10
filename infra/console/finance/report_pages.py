"""Which reports stand on which page, what narrows them, and what rows are behind their figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.console.finance.addresses import BOOKINGS, CLAIMS, NO_CODE, address, behind
from processors.finance.group_reports import ASSISTANCE_SHARES, DISEASE_HOSPITALS, DISEASES, TOWNSHIPS
from processors.finance.payment_reports import LATE_ADJUSTMENTS, PAYMENT_DAYS, PAYMENT_TIMES
from processors.finance.reports import ANNUAL, ATTAINMENT, GROWTH, HOSPITAL, MONTHLY, TARGETS, Report
from processors.registers.care_registers import HOUSEHOLDS as HOUSEHOLD_REGISTER

Row = Mapping[str, Any]
Link = Callable[[Row], str | None]

HOUSEHOLDS = Report(
    *(HOUSEHOLD_REGISTER.name, HOUSEHOLD_REGISTER.title, HOUSEHOLD_REGISTER.view, HOUSEHOLD_REGISTER.fields),
    *(HOUSEHOLD_REGISTER.by, HOUSEHOLD_REGISTER.summed),
)


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page: its report, others ``above`` it, and the names of what narrows them all.

    ``yearly``: its view is made when it is read, so that a year is chosen where none is asked for.
    """

    path: str
    report: Report
    filters: tuple[str, ...]
    above: tuple[Report, ...] = ()
    yearly: bool = False

    @property
    def chinese(self) -> str:
        """Its title."""
        return self.report.title.partition(" ")[0]

    @property
    def english(self) -> str:
        """The same in English."""
        return self.report.title.partition(" ")[2]


REPORT_PAGES: Mapping[str, ReportPage] = {
    page.path: page
    for page in (
        ReportPage("annual", ANNUAL, ("year", "region", "scheme", "setting", "poor")),
        ReportPage("monthly", MONTHLY, ("year", "month", "region", "setting", "layer")),
        ReportPage("hospital", HOSPITAL, ("year", "region", "hospital_id", "over_line")),
        ReportPage("targets", TARGETS, ("year", "region", "target"), (ATTAINMENT, GROWTH)),
        ReportPage(
            "diseases",
            DISEASES,
            ("year", "region", "scheme", "setting", "disease", "over_line"),
            (ASSISTANCE_SHARES, DISEASE_HOSPITALS),
        ),
        ReportPage("townships", TOWNSHIPS, ("year", "region", "township")),
        ReportPage("households", HOUSEHOLDS, ("year", "region", "township", "household_id"), yearly=True),
        ReportPage("payment-days", PAYMENT_TIMES, ("year", "region", "hospital_id", "payee"), yearly=True),
        ReportPage(
            "payment-claims", PAYMENT_DAYS, ("year", "region", "hospital_id", "payee", "state", "unpaid"), yearly=True
        ),
        ReportPage("late-adjustments", LATE_ADJUSTMENTS, ("month", "region", "hospital_id", "layer")),
    )
}
"""By the last part of their address."""


def _claims(*names: str, **values: Any) -> Link:
    return lambda row: behind(CLAIMS, row, *names, **values)


def _diseases(*names: str, **values: Any) -> Link:
    return lambda row: behind(CLAIMS, row, *names, disease=row["disease"] or NO_CODE, **values)


def _hospital(row: Row) -> str:
    return f"/hospitals/{row['hospital_id']}"


def _claim(row: Row) -> str:
    return f"/claims/{row['claim_id']}"


def _person(row: Row) -> str:
    return f"/persons/{row['person_id']}"


def _clearing(name: str) -> Link:
    return lambda row: None if row[name] is None else f"/clearing/{row[name]}"


def _asked(row: Row) -> str | None:
    """Claims of the persons whom a target is asked of."""
    if row["target"] == "enrolment":
        return None
    setting = "chronic" if row["target"] == "chronic_reimbursement" else "inpatient"
    return behind(CLAIMS, row, "year", "region", "scheme", setting=setting, poor=True)


def _targets(row: Row) -> str | None:
    if row["target"] == "enrolment":
        return None
    setting = "chronic" if row["target"] == "chronic_reimbursement" else "inpatient"
    return behind(CLAIMS, row, "year", "region", "scheme", "person_id", setting=setting, poor=True)


def _missed(row: Row) -> str:
    return behind("/finance/targets", row, "target", "year", "region")


def _payments(**values: Any) -> Link:
    return lambda row: behind("/finance/payment-claims", row, "year", "region", "hospital_id", "payee", **values)


def _each(link: Link, *names: str) -> dict[str, Link]:
    return dict.fromkeys(names, link)


_ANNUAL = _claims("year", "region", "scheme", "setting", "poor")
_BOOKED = ("month", "region", "setting", "layer")
_IN_TOWNSHIP = ("year", "region")


def _township(**values: Any) -> Link:
    return lambda row: behind(CLAIMS, row, "year", "region", township=row["township"] or NO_CODE, **values)


def _household(**values: Any) -> Link:
    return lambda row: behind(CLAIMS, row, "year", "region", household=row["household_id"], **values)


LINKS: Mapping[str, Mapping[str, Link]] = {
    ANNUAL.name: _each(_ANNUAL, "claims", "persons", "total", "paid", "patient_share", "hospital_share", "paid_share"),
    MONTHLY.name: {
        "decided": lambda row: behind(BOOKINGS, row, *_BOOKED, first="true"),
        "adjusted": lambda row: behind(BOOKINGS, row, *_BOOKED, first="false"),
        "net": lambda row: behind(BOOKINGS, row, *_BOOKED),
        "bookings": lambda row: behind(BOOKINGS, row, *_BOOKED),
    },
    HOSPITAL.name: {
        "hospital_id": _hospital,
        **_each(
            _claims("year", "hospital_id"),
            "claims",
            "total",
            "growth",
            "over_line",
            "self_funded",
            "out_of_catalog_share",
        ),
        **_each(_claims("year", "hospital_id", setting="inpatient"), "stays", "average_stay", "average_stay_growth"),
    },
    TARGETS.name: {"person_id": _person, **_each(_targets, "claims", "base", "reached", "share")},
    ATTAINMENT.name: {**_each(_asked, "met", "persons"), "share": _missed},
    GROWTH.name: {
        **_each(_claims("year", "region"), "total", "growth", "over_line"),
        "total_before": lambda row: address(CLAIMS, year=row["year"] - 1, region=row["region"]),
    },
    DISEASES.name: {
        **_each(
            _diseases("year", "region", "scheme", "setting"),
            *("claims", "total", "average", "growth", "out_of_catalog_share", "paid", "paid_share"),
        ),
        "assistance": _diseases("year", "region", "scheme", "setting", layer="assistance"),
        "average_before": lambda row: address(
            CLAIMS,
            year=row["year"] - 1,
            region=row["region"],
            setting=row["setting"],
            disease=row["disease"] or NO_CODE,
        ),
    },
    DISEASE_HOSPITALS.name: {
        "hospital_id": _hospital,
        **_each(
            _diseases("year", "region", "hospital_id", setting="inpatient"),
            *("claims", "total", "average", "growth", "out_of_catalog_share"),
        ),
    },
    ASSISTANCE_SHARES.name: {"assistance": _claims("year", "region", "scheme", layer="assistance")},
    TOWNSHIPS.name: {
        "enrolled": lambda row: behind("/finance/households", row, "year", "region", "township"),
        **_each(_township(), "persons", "claims", "total", "paid", "patient_share", "paid_share"),
        "stays": _township(setting="inpatient"),
        "asked": _township(setting="inpatient", poor=True),
        "under": _township(setting="inpatient", poor=True),
    },
    HOUSEHOLDS.name: {
        **_each(_household(setting="inpatient"), "stays", "stays_under", "stays_at_once", "total", "paid", "share"),
        "general_visits": _household(setting="general"),
    },
    PAYMENT_TIMES.name: {
        "hospital_id": _hospital,
        **_each(_payments(), "claims", "amount"),
        **_each(_payments(unpaid=False), "paid_claims", "median_days", "ninth_decile_days", "longest_days"),
        **_each(_payments(unpaid=True), "unpaid_claims", "unpaid_amount", "unpaid_since"),
    },
    PAYMENT_DAYS.name: {
        "claim_id": _claim,
        "person_id": _person,
        "hospital_id": _hospital,
        "clearing_id": _clearing("clearing_id"),
    },
    LATE_ADJUSTMENTS.name: {
        "claim_id": _claim,
        "person_id": _person,
        "hospital_id": _hospital,
        "clearing_id": _clearing("clearing_id"),
        "cleared_by": _clearing("cleared_by"),
    },
}
"""By report and column, what is behind a figure."""


_TOTALLED = ("year", "region", "scheme", "setting", "poor", "hospital_id", "disease", "township")
"""Filters of reports that claims can be narrowed by too."""
TOTALS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys((ANNUAL.name, HOSPITAL.name, GROWTH.name, DISEASES.name, TOWNSHIPS.name), (CLAIMS, _TOTALLED)),
    MONTHLY.name: (BOOKINGS, ("year", *_BOOKED)),
    PAYMENT_TIMES.name: ("/finance/payment-claims", ("year", "region", "hospital_id", "payee")),
}
"""By report, what is behind its sums, and by which of its filters that can be narrowed."""
PART_OF_TOTAL: Mapping[str, Mapping[str, str]] = {
    "decided": {"first": "true"},
    "adjusted": {"first": "false"},
    "stays": {"setting": "inpatient"},
    "assistance": {"layer": "assistance"},
    "asked": {"setting": "inpatient", "poor": "true"},
    "under": {"setting": "inpatient", "poor": "true"},
    "paid_claims": {"unpaid": "false"},
    "unpaid_claims": {"unpaid": "true"},
    "unpaid_amount": {"unpaid": "true"},
}
"""By column, what narrows the rows behind its sum further."""
NO_ROWS = frozenset({"enrolled"})
"""Sums with no rows behind them there."""
