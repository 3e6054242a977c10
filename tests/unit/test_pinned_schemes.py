"""A pinned text that can't be loaded stops what is pinned to it, and nothing else."""

from datetime import date

import pytest

from policies.loader import SCHEMES, SchemeError, load_text
from policies.scheme import Scheme
from processors.law import pinned_schemes
from processors.law.pinned_schemes import PinnedSchemes, load_pinned


@pytest.mark.parametrize("fault", [RuntimeError("bug"), KeyError("layer"), ZeroDivisionError(), RecursionError()])
def test_whatever_goes_wrong_with_one_text_is_told_as_a_scheme_that_can_t_be_used(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def load_text(text: bytes, name: str) -> Scheme:
        raise fault

    monkeypatch.setattr(pinned_schemes, "load_text", load_text)
    with pytest.raises(SchemeError, match="broken: can't be loaded") as refused:
        load_pinned(b"a text that no other test loads", "broken")
    assert refused.value.__cause__ is fault


def test_a_region_has_a_text_for_each_insurance_type_that_is_served() -> None:
    """Residents' first; one that serves two types once; the one that names the region most closely, by type."""
    county = (SCHEMES / "fusong.yaml").read_text(encoding="utf-8")

    def serving(name: str, types: str, region: str = "220621") -> Scheme:
        text = county.replace("name: fusong", f"name: {name}", 1).replace('"220621"', f'"{region}"', 1)
        return load_text(text.replace("\nvalid:", f"\ninsurance_types: [{types}]\nvalid:", 1).encode(), name)

    pinned = PinnedSchemes()
    employees, province = serving("employees", "employee_active, employee_retired"), serving("wide", "resident", "22")
    pinned.current = [employees, province, load_text(county.encode(), "fusong")]
    day = date(2019, 5, 6)
    assert [each.name for each in pinned.all_for_region("220621", day)] == ["fusong", "employees"]
    assert [each.name for each in pinned.all_for_region("220700", day)] == ["wide"]
    assert pinned.all_for_region("110101", day) == []
    assert pinned.all_for_region("220621", date(2031, 1, 1)) == []
