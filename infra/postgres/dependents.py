"""Views of others that read ours. An upgrade does not drop them; in a database that is being restored it may."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import DBAPIError

from infra.postgres.view_files import dependents_refused, own_views


@dataclass(frozen=True, slots=True)
class DependentView:
    """A view, or a materialized one with its indexes, as the statements that make it."""

    name: str
    materialized: bool
    statements: Sequence[str]


_READERS = """
WITH RECURSIVE reads AS (
    SELECT DISTINCT ev_class AS reader, refobjid AS relation
    FROM pg_depend JOIN pg_rewrite ON pg_rewrite.oid = objid
    WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass AND ev_class <> refobjid
), readers AS (
    SELECT oid FROM pg_class
    WHERE relnamespace::regnamespace::text IN
          ('ledger', 'projections', 'processors', 'finance', 'payees', 'gateway', 'identities')
    UNION
    SELECT reader FROM reads JOIN readers ON readers.oid = reads.relation
)
SELECT format('%I.%I', nspname, relname) AS name, relkind = 'm' AS materialized, relispopulated AS populated,
       array_to_string(reloptions, ', ') AS options, rtrim(pg_get_viewdef(pg_class.oid), E'; \\n') AS definition,
       ARRAY(SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = pg_class.oid) AS indexes
FROM readers JOIN pg_class USING (oid) JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('v', 'm') AND NOT nspname || '.' || relname = ANY(:ours)
ORDER BY pg_class.oid
"""
"""In the order in which they were made: each after those that it reads."""


def drop_dependents(connection: Connection) -> Sequence[DependentView]:
    """Drop every view of others over our tables and views; returns what makes them again.

    Raises ``ViewInUse`` where something that is no view reads one of them.
    """
    rows = connection.execute(text(_READERS), {"ours": own_views(connection)})
    found = [_dependent(row) for row in rows]
    with dependents_refused():
        for view in reversed(found):
            connection.exec_driver_sql(f"DROP {_kind(materialized=view.materialized)} {view.name}")
    return found


def make_dependents(connection: Connection, dropped: Sequence[DependentView]) -> Sequence[str]:
    """Make views again, as far as they fit the present ones; returns a line for each that does not."""
    unfit = []
    for view in dropped:
        try:
            with connection.begin_nested():
                for statement in view.statements:
                    connection.exec_driver_sql(statement)
        except DBAPIError as error:
            said = error.orig.__cause__ or error.orig if error.orig is not None else error
            unfit.append(f"{view.name}: {said}")
    return unfit


def _dependent(row: Row[Any]) -> DependentView:
    options = f" WITH ({row.options})" if row.options else ""
    made = f"CREATE {_kind(materialized=row.materialized)} {row.name}{options} AS {row.definition}"
    if row.materialized and not row.populated:
        made += " WITH NO DATA"
    return DependentView(row.name, row.materialized, [made, *row.indexes])


def _kind(*, materialized: bool) -> str:
    return "MATERIALIZED VIEW" if materialized else "VIEW"
