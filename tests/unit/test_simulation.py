"""A short run of the simulator (`make simulate`), and that it can fail."""

import pytest

from processors.pipeline.run_opening import RunOpenings
from tests.simulate import simulate


@pytest.mark.parametrize("seed", range(30))
def test_histories_converge_at_any_pace(seed: int) -> None:
    assert simulate(seed) == []


def test_the_simulator_notices_runs_that_are_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(_self: RunOpenings, touched: object, cause: object) -> None:
        """Late facts change the claims and settle nothing again."""

    monkeypatch.setattr(RunOpenings, "reopen", forget)
    assert all(simulate(seed) for seed in range(3))
