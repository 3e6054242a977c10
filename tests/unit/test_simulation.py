"""A short run of the simulator (`make simulate`), and that it can fail."""

import pytest

from processors.openings import Openings
from tests.simulate import simulate


@pytest.mark.parametrize("seed", range(30))
def test_histories_converge_at_any_pace(seed: int) -> None:
    assert simulate(seed) == []


def test_the_simulator_notices_a_run_that_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget_the_second(self: Openings, touched: object, cause: object) -> None:
        calls.append(cause)
        if len(calls) != 2:
            reopen(self, touched, cause)  # type: ignore[arg-type]

    calls: list[object] = []
    reopen = Openings.reopen
    monkeypatch.setattr(Openings, "reopen", forget_the_second)
    assert simulate(3) != []
