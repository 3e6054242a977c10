"""Values of tables as a finding shows them: money in yuan, lists and ranges in words."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from events.money import yuan

MONEY = {"adjusted", "amount", "audit", "audited_person", "balance", "base", "deductible", "extra", "hospital_share"}
MONEY |= {"in_scope", "over_limit", "paid", "patient_share", "repaid", "self_funded", "self_paid", "settled", "total"}
MONEY |= {"upfront_copay"}
"""Columns in fen, whichever table they are in; ``set_off`` is one where it is a number."""


def column_text(column: str, value: Any) -> str:
    """A column's value for people; parts of a list are joined by + or ;, so that a comma parts columns."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int():
            return yuan(value) if column in MONEY or column == "set_off" else str(value)
        case Struct():
            return " ".join(column_text(name, part) for name, part in structs.asdict(value).items())
        case Mapping():
            return "; ".join(f"{key} {_range(part)}" for key, part in value.items()) or "none"
        case list() | tuple() if column == "layers":
            return " + ".join(f"{layer} {yuan(paid)}" for layer, paid in value) or "none"
        case list() | tuple():
            return "; ".join(column_text(column, part) for part in value) or "none"
        case _:
            return str(value)


def _range(value: Any) -> str:
    return f"{value[0]} to {value[1]}" if isinstance(value, list | tuple) and len(value) == 2 else str(value)
