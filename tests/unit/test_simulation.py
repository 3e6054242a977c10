"""A short run of the simulator (`make simulate`), and that it can fail."""

from collections import Counter

import pytest

from processors.pipeline.run_opening import RunOpener
from tests import parties
from tests.histories import History
from tests.memory import Memory
from tests.moves import with_moves
from tests.simulate import simulate


@pytest.mark.parametrize("seed", range(30))
def test_histories_converge_at_any_pace(seed: int) -> None:
    assert simulate(seed) == []


def test_histories_have_bills_on_31_december_and_on_paper_taken_and_refused() -> None:
    taken: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for seed in range(4):
        history, books = History(seed, stays=30), Memory(seed)
        books.settle(with_moves(seed, history.events, history.persons))
        claims = [claim for own in books.state.by_person.values() for claim in own.values()]
        taken.update(
            {
                "interim": sum(claim.interim for claim in claims),
                "paper": sum(claim.invoice is not None for claim in claims),
            }
        )
        refused.update(books.refused)
    assert min(taken["interim"], taken["paper"]) >= 5
    assert {"no_interim_bill", "duplicate_invoice", "already_claimed"} <= refused.keys()


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
