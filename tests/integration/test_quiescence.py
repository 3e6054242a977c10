"""The one loop that waits for the ledger: it ends where what is seen is reached, or where nothing changes any more."""

from collections.abc import Awaitable, Callable, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog.testing import capture_logs

from infra.operations import quiescence
from infra.operations.quiescence import poll_until


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiescence, "POLL_S", 0)


def _observations(values: Iterator[int]) -> Callable[[AsyncConnection], Awaitable[int]]:
    async def observe(_: AsyncConnection) -> int:
        return next(values)

    return observe


async def test_returns_what_is_reached_and_shows_each_observation(engine: AsyncEngine) -> None:
    shown: list[int] = []
    seen = await poll_until(
        engine, _observations(iter([1, 2, 3, 4])), lambda seen: seen >= 3, on_observation=shown.append
    )
    assert (seen, shown) == (3, [1, 2, 3])


async def test_gives_up_only_where_nothing_changes(engine: AsyncEngine) -> None:
    def moves_then_stands() -> Iterator[int]:
        yield from range(50)
        while True:
            yield 50

    seen = await poll_until(engine, _observations(moves_then_stands()), lambda _: False, give_up_after_s=0.05)
    assert seen == 50


async def test_says_where_nothing_moves_and_waits_on(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiescence, "STALLED_AFTER_S", 0)

    with capture_logs() as logs:
        await poll_until(engine, _observations(iter([0, 0, 0, 1])), lambda seen: seen == 1)
    assert [line["event"] for line in logs] == ["nothing moves: is a worker running?"] * 2
    assert {line["log_level"] for line in logs} == {"warning"}
