"""A pinned text that can't be loaded stops what is pinned to it, and nothing else."""

import pytest

from policies.loader import SchemeError
from policies.scheme import Scheme
from processors.law import pinned_schemes
from processors.law.pinned_schemes import load_pinned


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
