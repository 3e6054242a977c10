"""A short run of the simulator (`make simulate`), and that it can fail."""

import pytest

from processors.pipeline.run_opening import RunOpener
from tests.simulate import simulate


@pytest.mark.parametrize("seed", range(30))
def test_histories_converge_at_any_pace(seed: int) -> None:
    assert simulate(seed) == []


def test_the_simulator_notices_runs_that_are_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(_self: RunOpener, touched: object, cause: object, predicted: object = None) -> None:
        """Late facts change the claims and settle nothing again."""

    monkeypatch.setattr(RunOpener, "reopen", forget)
    assert all(simulate(seed) for seed in range(3))
