"""How a row of a projection differs from what the ledger says, on a line."""

from typing import Any

from infra.cli.finding_text import finding_line
from processors.proof.column_values import column_text
from processors.proof.rebuild import ProjectionDifference

_KINDS = {"missing": "缺少", "surplus": "多余", "different": "不同"}
_LONGEST_VALUE = 120


def difference_line(projection: str, found: ProjectionDifference) -> str:
    """A difference with its place, what the ledger says and what the table has."""
    where = f"{projection} " + " ".join(f"{name}={value}" for name, value in found.key.items())
    if found.kind != "different":
        row = {"missing": ("a row", "no row"), "surplus": ("no row", "a row")}[found.kind]
        return f"{_KINDS[found.kind]} {found.kind} {finding_line('projection', where, *row)}"
    ledger, table_ = (
        ", ".join(f"{name} {_text(name, sides[side])}" for name, sides in found.columns.items()) for side in (0, 1)
    )
    return f"{_KINDS[found.kind]} {found.kind} {finding_line('projection', where, ledger, table_)}"


def _text(column: str, value: Any) -> str:
    text = column_text(column, value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
