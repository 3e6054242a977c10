"""A short run of the simulator (`make simulate`), and that it can fail."""

import pytest

from processors.pipeline.run_opening import RunOpener
from tests import parties
from tests.simulate import simulate


@pytest.mark.parametrize("seed", range(30))
def test_histories_converge_at_any_pace(seed: int) -> None:
    assert simulate(seed) == []


def test_the_simulator_notices_runs_that_are_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(_self: RunOpener, touched: object, cause: object, predicted: object = None) -> None:
        """Late facts change the claims and settle nothing again."""

    monkeypatch.setattr(RunOpener, "reopen", forget)
    assert all(simulate(seed) for seed in range(3))


def test_the_simulator_notices_runs_over_several_facts_that_are_laid_on_one_party(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where the amount of a fresh run is not parted by what each fact has changed."""
    monkeypatch.setattr(parties, "belongs_to_several", lambda *_: False)
    assert any("settled with" in found for seed in range(6) for found in simulate(seed))
