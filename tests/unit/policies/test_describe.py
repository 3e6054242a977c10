"""What a clerk is shown of a text before he adopts it."""

import pytest

from policies.describe import changes
from policies.loader import SCHEMES, load_text

TEXT = (SCHEMES / "fusong.yaml").read_text(encoding="utf-8")


def changed(old: str, new: str) -> list[tuple[str, str, str]]:
    assert TEXT.count(old) == 1, old
    before, after = (load_text(text.encode(), "county.yaml") for text in (TEXT, TEXT.replace(old, new)))
    return list(changes(before, after))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "\nvalid:",
            "\ninsurance_types: [employee_active]\nvalid:",
            ("insurance_types", "resident", "employee_active"),
        ),
        ('regions: ["220621"]', 'regions: ["220622"]', ("regions", "220621", "220622")),
        (
            "poor: {categories: [registered_poor, destitute, orphan],",
            "poor: {categories: [registered_poor, destitute],",
            ("poor", "destitute、orphan、registered_poor", "destitute、registered_poor"),
        ),
    ],
)
def test_whom_a_text_serves_is_among_its_changes(old: str, new: str, told: tuple[str, str, str]) -> None:
    """A text that serves employees alone refuses every resident from the next claim on."""
    assert told in changed(old, new)
