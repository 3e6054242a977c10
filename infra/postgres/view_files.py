"""Views, their comments and the groups' rights: files of today's state (docs/decisions/0014).

A migration changes tables. The views over them are dropped before it and made anew after it, from the file of each.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from infra.postgres.clone import quoted
from infra.postgres.script import run_script
from policies.vocabulary import SHARED

FOLDER = Path(__file__).parent
VIEWS = (
    "projections.asked_targets",
    "finance.accumulations",
    "finance.statements",
    "finance.freshness",
    "finance.fund_flows",
    "finance.annual_report",
    "finance.hospital_costs",
    "finance.target_values",
    "finance.targets",
    "finance.attainment",
    "finance.cost_growth",
    "finance.oversight",
    "finance.fund_lines",
    "finance.fund_balances",
    "finance.premium_transfers",
    "finance.fund_months",
    "finance.fund_budgets",
    "finance.disease_costs",
    "finance.disease_hospitals",
    "finance.assistance_shares",
    "finance.townships",
    "finance.leads",
    "finance.measures",
    "finance.withholdings",
    "finance.cases",
    "finance.blacklist",
    "finance.chronic_cards",
    "finance.chronic_card_counts",
    "finance.chronic_card_years",
    "finance.hospital_register",
    "finance.hospital_measures",
    "finance.referral_register",
    "finance.roster_imports",
    "finance.roster_deliveries",
    "finance.household_checks",
    "finance.township_checks",
    "finance.register_entries",
    "finance.care_duties",
    "finance.missing_cards",
    "finance.emergency_loans",
    "finance.premium_list",
    "projections.first_clearings",
    "finance.payment_days",
    "finance.payment_times",
    "finance.late_adjustments",
)
"""In the order in which they are made: a view after those that it reads."""
_BEFORE_FILES = ("projections.payouts",)
"""Views that migrations before 0003 made, beside those of the same names as today's."""
_DEPENDENT_OBJECTS = "2BP01"


class ViewInUse(RuntimeError):
    """Something that is not ours reads a view: it is not dropped together with the view."""


@dataclass(frozen=True, slots=True)
class ViewGrant:
    """A right on a view that an operator gave to somebody; ``grantee`` None is everybody."""

    view: str
    grantee: str | None
    privilege: str
    grantable: bool


_GRANTS = """
SELECT relnamespace::regnamespace || '.' || relname, CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee) END,
       privilege_type, is_grantable
FROM pg_class, aclexplode(relacl)
WHERE relkind = 'v' AND relnamespace::regnamespace || '.' || relname = ANY(:views)
  AND grantee <> relowner AND NOT pg_get_userbyid(grantee) = ANY(:groups)
ORDER BY 1, 2, 3
"""
_GROUPS = ("ledger_writer", "finance_reader", "leader", "investigator", "payee_keeper", "identity_keeper", "gateway")
"""Who has what rights.sql gives, no less and no more."""


@contextmanager
def dependents_refused() -> Iterator[None]:
    """Raise ``ViewInUse``, which names them, where objects that are not ours keep one of ours from being dropped."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _DEPENDENT_OBJECTS:
            raise
        detail = getattr(error.orig.__cause__ if error.orig else None, "detail", None)
        detail = detail or getattr(error.orig, "detail", None)
        raise ViewInUse(
            "另有对象引用本程序的视图或表，请先删除、升级后再建。Objects that are not this program's read its views or "
            f"tables: drop them, run this again, and make them anew:\n{detail}"
        ) from None


def drop_views(connection: Connection) -> Sequence[ViewGrant]:
    """Drop every view that stands in a file, or did when views were last made; returns rights that operators gave.

    Raises ``ViewInUse`` where an object without a file reads one of them.
    """
    names = sorted({*VIEWS, *_made(connection)})
    rows = connection.execute(text(_GRANTS), {"views": names, "groups": list(_GROUPS)})
    grants = [ViewGrant(*row) for row in rows]
    with dependents_refused():
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {', '.join(names)}")
    return grants


def own_views(connection: Connection) -> list[str]:
    """The views in a database that this program, or a version before it, made."""
    return sorted({*VIEWS, *_made(connection), *_BEFORE_FILES})


def _made(connection: Connection) -> Sequence[str]:
    """The views that were made when files were last applied; none before 0003."""
    if connection.execute(text("SELECT to_regclass('public.view_files')")).scalar() is None:
        return ()
    return connection.execute(text("SELECT unnest(names) FROM public.view_files")).scalars().all()


def create_views(connection: Connection, grants: Sequence[ViewGrant] = ()) -> None:
    """Make every view as its file says, give the groups their rights, and then others the rights that they had."""
    for name in VIEWS:
        run_script(connection, view_script(name))
    apply_rights(connection)
    for grant in grants:
        if grant.view not in VIEWS:
            continue
        whom = "PUBLIC" if grant.grantee is None else quoted(grant.grantee)
        further = " WITH GRANT OPTION" if grant.grantable else ""
        connection.exec_driver_sql(f"GRANT {grant.privilege} ON {grant.view} TO {whom}{further}")
    connection.exec_driver_sql("DELETE FROM public.view_files")
    connection.execute(
        text("INSERT INTO public.view_files (digest, names) VALUES (:digest, :names)"),
        {"digest": digest(), "names": list(VIEWS)},
    )


def apply_rights(connection: Connection) -> None:
    """Give each group the rights of its file, no less and no more."""
    run_script(connection, rights_script())


def are_applied(connection: Connection) -> bool:
    """Whether the views and rights of a database are those of the files."""
    return bool(connection.execute(text("SELECT digest FROM public.view_files")).scalar() == digest())


def view_script(name: str) -> str:
    """The statements of a view's file; a line that names ``{layer}`` is written once for each shared layer."""
    written: list[str] = []
    for line in (FOLDER / "views" / f"{name}.sql").read_text(encoding="utf-8").splitlines():
        if "{layer}" not in line:
            written.append(line)
            continue
        for layer, term in SHARED.layers.items():
            names = {"{layer}": layer, "{name}": term.name, "{words}": layer.replace("_", " ")}
            filled = line
            for mark, value in names.items():
                filled = filled.replace(mark, value)
            written.append(filled)
    return "\n".join(written)


def rights_script() -> str:
    """The statements that give each group its rights."""
    return (FOLDER / "rights.sql").read_text(encoding="utf-8")


@cache
def digest() -> str:
    """sha256 of all that the files say, hex: a database tells by it whether they were applied."""
    return hashlib.sha256("\n".join([*map(view_script, VIEWS), rights_script()]).encode()).hexdigest()
