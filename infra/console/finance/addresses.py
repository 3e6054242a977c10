"""Addresses of the rows behind figures."""

from collections.abc import Mapping
from typing import Any

from infra.console.pages import query_text

CLAIMS, BOOKINGS = "/finance/claims", "/finance/bookings"
NO_CODE = "none"
"""Stands in an address for rows that have no code: claims without a disease."""


def address(path: str, **values: Any) -> str:
    """A path with what narrows its rows; ``None`` narrows nothing."""
    query = query_text({name: _text(value) for name, value in values.items()})
    return f"{path}?{query}" if query else path


def behind(path: str, row: Mapping[str, Any], *names: str, **values: Any) -> str:
    """A path narrowed by the columns of a row."""
    return address(path, **{name: row[name] for name in names}, **values)


def _text(value: Any) -> Any:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value
